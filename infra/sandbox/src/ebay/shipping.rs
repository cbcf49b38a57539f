//! Fulfilments: parcels told to eBay, which it never forgets.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::{Account, StoredOrder, instant};
use super::{Done, error};
use crate::wire::{Call, Reply};

fn bad(id: u32, message: &str) -> Reply {
    error(400, id, "API_FULFILLMENT", message)
}

fn find<'a>(account: &'a Account, id: &str) -> Result<&'a StoredOrder, Reply> {
    account.orders.get(id).ok_or_else(|| bad(32100, "Invalid order ID"))
}

/// `getShippingFulfillments`.
pub fn list(account: &Account, id: &str) -> Done {
    let parcels = &find(account, id)?.parcels;
    Ok(Reply::json(200, &json!({"fulfillments": parcels, "total": parcels.len(), "warnings": []})))
}

/// `getShippingFulfillment`.
pub fn get(account: &Account, id: &str, parcel: &str) -> Done {
    let found = find(account, id)?.parcels.iter().find(|one| one["fulfillmentId"] == parcel);
    let found = found.ok_or_else(|| error(404, 32110, "API_FULFILLMENT", "Invalid fulfillment ID"))?;
    Ok(Reply::json(200, found))
}

/// Pieces of a line that have left.
fn left(order: &StoredOrder, line: &str) -> u64 {
    let lines = order.parcels.iter().filter_map(|parcel| parcel["lineItems"].as_array()).flatten();
    lines.filter(|one| one["lineItemId"] == line).filter_map(|one| one["quantity"].as_u64()).sum()
}

/// `createShippingFulfillment`: 201, no body, the id at the end of `Location`. The same number a second time is
/// taken, as nothing documents that it is not: the report counts it.
pub fn create(account: &mut Account, id: &str, call: &Call, now: Timestamp) -> Done {
    let most = account.config.most_tracking_numbers;
    let order = account.orders.get_mut(id).ok_or_else(|| bad(32100, "Invalid Order Id"))?;
    if call.header_text("content-type") != Some("application/json") {
        return Err(bad(32600, "Invalid input data"));
    }
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| bad(32600, "Invalid input data"))?;
    let known = ["lineItems", "shippedDate", "shippingCarrierCode", "trackingNumber"];
    let fields = body.as_object().ok_or_else(|| bad(32600, "Invalid input data"))?;
    if fields.keys().any(|name| !known.contains(&name.as_str()))
        || order.body["cancelStatus"]["cancelState"] == "CANCELED"
    {
        return Err(bad(32600, "Invalid input data"));
    }
    let text = |name: &str| body[name].as_str().filter(|text| !text.is_empty());
    let (tracking, carrier) = (text("trackingNumber"), text("shippingCarrierCode"));
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric());
    if tracking.is_some() != carrier.is_some() || !tracking.is_none_or(plain) || !carrier.is_none_or(plain) {
        return Err(bad(32300, "Invalid shipment tracking number or carrier"));
    }
    let shipped = match text("shippedDate") {
        None => now,
        Some(text) => text.parse().map_err(|_| bad(32500, "Invalid shipped date"))?,
    };
    if shipped > now {
        return Err(bad(32500, "Invalid shipped date"));
    }
    let again = tracking.is_some()
        && order.parcels.iter().any(|one| one["shipmentTrackingNumber"] == tracking.unwrap_or_default());
    let lines = lines(order, &body, again)?;
    if most.is_some_and(|most| order.parcels.len() >= most) {
        return Err(bad(34100, "Maximum tracking number for order is exceeded"));
    }
    let parcel = tracking.map_or_else(|| "999".to_owned(), str::to_owned);
    let mut made = json!({"fulfillmentId": parcel, "shippedDate": instant(shipped), "lineItems": lines});
    if let (Some(tracking), Some(carrier)) = (tracking, carrier) {
        made["shipmentTrackingNumber"] = json!(tracking);
        made["shippingCarrierCode"] = json!(carrier);
    }
    order.parcels.push(made);
    restate(order, now);
    let path = format!("/sell/fulfillment/v1/order/{id}/shipping_fulfillment/{parcel}");
    Ok(Reply::empty(201).with("location", path))
}

/// The lines of a new parcel: those named, or all that is left.
fn lines(order: &StoredOrder, body: &Value, again: bool) -> Result<Vec<Value>, Reply> {
    let of_order = order.body["lineItems"].as_array().cloned().unwrap_or_default();
    let id = |line: &Value| line["lineItemId"].as_str().unwrap_or_default().to_owned();
    let open = |line: &Value| line["quantity"].as_u64().unwrap_or(0).saturating_sub(left(order, &id(line)));
    let Some(named) = body["lineItems"].as_array().filter(|named| !named.is_empty()) else {
        let all = of_order.iter().filter(|line| open(line) > 0);
        return Ok(all.map(|line| json!({"lineItemId": id(line), "quantity": open(line)})).collect());
    };
    let mut seen = BTreeSet::new();
    for one in named {
        let found = of_order.iter().find(|line| line["lineItemId"] == one["lineItemId"]);
        let found = found.ok_or_else(|| bad(32200, "Invalid line item id"))?;
        if !seen.insert(id(one)) {
            return Err(bad(32210, "Duplicate line item in the request"));
        }
        let quantity = one["quantity"].as_u64().filter(|quantity| *quantity > 0);
        let quantity = quantity.ok_or_else(|| bad(32600, "Invalid input data"))?;
        if quantity > open(found) && !again {
            return Err(bad(32600, "Invalid input data"));
        }
    }
    Ok(named.clone())
}

/// Sets the states of lines and order by what has left.
fn restate(order: &mut StoredOrder, now: Timestamp) {
    let mut lines = order.body["lineItems"].as_array().cloned().unwrap_or_default();
    let (mut begun, mut done) = (false, true);
    for line in &mut lines {
        let bought = line["quantity"].as_u64().unwrap_or(0);
        let left = left(order, line["lineItemId"].as_str().unwrap_or_default());
        let state = if left >= bought {
            "FULFILLED"
        } else if left > 0 {
            "IN_PROGRESS"
        } else {
            "NOT_STARTED"
        };
        begun |= left > 0;
        done &= left >= bought;
        line["lineItemFulfillmentStatus"] = json!(state);
    }
    order.body["lineItems"] = Value::Array(lines);
    order.body["orderFulfillmentStatus"] = json!(if done {
        "FULFILLED"
    } else if begun {
        "IN_PROGRESS"
    } else {
        "NOT_STARTED"
    });
    order.body["lastModifiedDate"] = json!(instant(now));
}
