//! `confirmShipment` of v0: one parcel a call; the same reference again edits that parcel.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::orders::Order;
use super::{account, error, invalid, notifications};
use crate::clock;
use crate::state::State;
use crate::wire::{Call, Reply};

/// The fields of `PackageDetail`.
const FIELDS: [&str; 8] = [
    "packageReferenceId",
    "carrierCode",
    "carrierName",
    "shippingMethod",
    "trackingNumber",
    "shipDate",
    "shipFromSupplySourceId",
    "orderItems",
];

/// What is confirmed.
struct Parcel {
    reference: String,
    package: Value,
    lines: Vec<(String, u64)>,
}

fn text<'a>(of: &'a Value, name: &str) -> Result<&'a str, Reply> {
    let text = of[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    text.ok_or_else(|| invalid(format!("{name} is required.")))
}

fn read(body: &Value, marketplace: &str) -> Result<Parcel, Reply> {
    let detail = &body["packageDetail"];
    let none = Map::new();
    let known = |object: &Value, names: &[&str]| {
        let fields = object.as_object().unwrap_or(&none);
        fields.keys().find(|name| !names.contains(&name.as_str())).cloned()
    };
    let strange = known(body, &["marketplaceId", "packageDetail", "codCollectionMethod"]);
    if let Some(name) = strange.or_else(|| known(detail, &FIELDS)) {
        return Err(invalid(format!("{name} is no field of the request.")));
    }
    if text(body, "marketplaceId")? != marketplace {
        return Err(invalid("marketplaceId is not the order's."));
    }
    let reference = text(detail, "packageReferenceId")?;
    if !reference.parse::<u64>().is_ok_and(|number| number > 0) {
        return Err(invalid("packageReferenceId must be a positive number."));
    }
    let code = text(detail, "carrierCode")?;
    let carrier = if code == "Other" { text(detail, "carrierName")? } else { code };
    let date = text(detail, "shipDate")?;
    if !date.contains('T') || clock::read(date).is_none() {
        return Err(error(400, "Invalid Input", "Invalid Input"));
    }
    let items = detail["orderItems"].as_array().filter(|items| !items.is_empty());
    let items = items.ok_or_else(|| invalid("orderItems is required."))?;
    let line = |item: &Value| {
        let pieces = item["quantity"].as_u64().filter(|pieces| *pieces > 0);
        let pieces = pieces.ok_or_else(|| invalid("quantity must be a positive number."))?;
        Ok((text(item, "orderItemId")?.to_owned(), pieces))
    };
    let lines = items.iter().map(line).collect::<Result<Vec<(String, u64)>, Reply>>()?;
    let package = json!({
        "packageReferenceId": reference,
        "packageStatus": {"status": "SHIPPED"},
        "carrier": carrier,
        "shipTime": date,
        "trackingNumber": text(detail, "trackingNumber")?,
        "packageItems": lines.iter()
            .map(|(id, pieces)| json!({"orderItemId": id, "quantity": pieces})).collect::<Vec<Value>>(),
    });
    Ok(Parcel { reference: reference.to_owned(), package, lines })
}

/// Books a parcel onto an order, in place of one with the same reference.
fn book(order: &mut Order, mut parcel: Parcel, now: Timestamp) -> Result<(), Reply> {
    let mut changed = order.clone();
    let packages = changed.body["packages"].as_array().cloned().unwrap_or_default();
    let (same, mut others): (Vec<Value>, Vec<Value>) =
        packages.into_iter().partition(|package| package["packageReferenceId"] == *parcel.reference);
    for line in same.iter().filter_map(|package| package["packageItems"].as_array()).flatten() {
        let pieces = line["quantity"].as_i64().unwrap_or(0);
        shift(&mut changed, line["orderItemId"].as_str().unwrap_or_default(), -pieces)?;
    }
    for (line, pieces) in &parcel.lines {
        shift(&mut changed, line, i64::try_from(*pieces).unwrap_or(i64::MAX))?;
    }
    parcel.package["createdTime"] = json!(clock::utc(now));
    others.push(parcel.package);
    changed.body["packages"] = Value::Array(others);
    changed.changed(now);
    *order = changed;
    Ok(())
}

/// Moves pieces of a line from wanted to sent.
fn shift(order: &mut Order, line: &str, pieces: i64) -> Result<(), Reply> {
    let unknown = || invalid("orderItemId is not of this order.");
    let item = order.item(line).filter(|item| item["orderItemId"] == *line).ok_or_else(unknown)?;
    let of = |name: &str| item["fulfillment"][name].as_i64().unwrap_or(0);
    let (done, left) = (of("quantityFulfilled"), of("quantityUnfulfilled"));
    if pieces > left {
        return Err(invalid("quantity is more than is left to be sent."));
    }
    item["fulfillment"]["quantityFulfilled"] = json!(done + pieces);
    item["fulfillment"]["quantityUnfulfilled"] = json!(left - pieces);
    Ok(())
}

/// Answers a confirmation: 204 without a body.
pub fn answer(state: &mut State, name: &str, id: &str, call: &Call) -> Result<Reply, Reply> {
    let now = state.now();
    let account = account(state, name)?;
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| invalid("The body is no JSON."))?;
    let parcel = read(&body, &account.config.marketplace_id)?;
    let missing = || error(404, "NotFound", "The order was not found.");
    let order = account.orders.get_mut(id).ok_or_else(missing)?;
    if order.body["fulfillment"]["fulfilledBy"] == "AMAZON" {
        return Err(invalid("The order is fulfilled by Amazon."));
    }
    let programs = order.body["programs"].as_array().into_iter().flatten();
    let is_in = |name: &str| programs.clone().any(|program| program == name);
    if is_in("FBM_SHIP_PLUS") || is_in("IN_STORE_PICK_UP") {
        return Err(invalid("Orders of this program cannot be confirmed."));
    }
    if order.is_cancelled() || order.status().starts_with("PENDING") {
        return Err(invalid("The order cannot be shipped in its state."));
    }
    let reference = parcel.reference.clone();
    book(order, parcel, now)?;
    let from = now.checked_add(SignedDuration::from_secs(i64::from(account.config.show_after_seconds)));
    order.shown_from.retain(|(known, _)| *known != reference);
    order.shown_from.push((reference, from.unwrap_or(now)));
    notifications::changed(state, name, id, false);
    Ok(Reply::empty(204))
}
