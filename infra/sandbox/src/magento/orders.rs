//! Orders and their shipments.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Account, Done, Refusal, stock, whole, written};
use crate::wire::Call;

/// The order of a path.
pub(super) fn get<'a>(account: &'a Account, id: &str) -> Result<&'a Value, Refusal> {
    let id: Option<i64> = id.parse().ok();
    id.and_then(|id| account.orders.get(&id)).ok_or_else(Refusal::missing)
}

/// Its rows.
pub(super) fn rows(order: &Value) -> &[Value] {
    order["items"].as_array().map(Vec::as_slice).unwrap_or_default()
}

pub(super) fn is_cancelled(order: &Value) -> bool {
    matches!(order["state"].as_str(), Some("canceled" | "closed"))
}

/// Tracking numbers on an order, each as often as it stands there.
pub(super) fn numbers(account: &Account, order: i64) -> Vec<String> {
    let of = |shipment: &&Value| whole(&shipment["order_id"]) == order;
    let tracks = |shipment: &Value| shipment["tracks"].as_array().cloned().unwrap_or_default();
    let all = account.shipments.values().filter(of).flat_map(tracks);
    all.filter_map(|track| track["track_number"].as_str().map(str::to_owned)).collect()
}

/// The row above a row.
pub(super) fn parent<'a>(order: &'a Value, row: &Value) -> Option<&'a Value> {
    let id = whole(&row["parent_item_id"]);
    rows(order).iter().find(|one| id > 0 && whole(&one["item_id"]) == id)
}

/// True where the row itself is not shipped but goes with another: children of what ships together, and the
/// parent of what ships apart.
fn is_dummy(account: &Account, order: &Value, row: &Value) -> bool {
    match parent(order, row) {
        Some(parent) => !ships_apart(account, parent),
        None => ships_apart(account, row) && has_children(order, row),
    }
}

fn has_children(order: &Value, row: &Value) -> bool {
    rows(order).iter().any(|one| whole(&one["parent_item_id"]) == whole(&row["item_id"]))
}

/// What the product says of a bundle.
pub(super) fn ships_apart(account: &Account, row: &Value) -> bool {
    let product = account.products.get(&whole(&row["product_id"]));
    let attributes = product.and_then(|product| product["custom_attributes"].as_array());
    attributes
        .is_some_and(|all| all.iter().any(|a| a["attribute_code"] == "shipment_type" && a["value"] == "1"))
}

/// Pieces of a row that may still ship.
pub(super) fn left(row: &Value) -> i64 {
    let gone =
        ["qty_canceled", "qty_refunded", "qty_shipped"].iter().map(|name| whole(&row[*name])).sum::<i64>();
    (whole(&row["qty_ordered"]) - gone).max(0)
}

/// Rows with pieces on a shelf, for pieces of a row: itself, or its children in their share.
pub(super) fn goods(order: &Value, row: &Value, pieces: i64) -> Vec<(i64, String, i64)> {
    let id = whole(&row["item_id"]);
    let own = |row: &Value, pieces: i64| {
        (whole(&row["item_id"]), row["sku"].as_str().unwrap_or_default().to_owned(), pieces)
    };
    let children: Vec<&Value> =
        rows(order).iter().filter(|one| whole(&one["parent_item_id"]) == id).collect();
    if children.is_empty() {
        return vec![own(row, pieces)];
    }
    let ordered = whole(&row["qty_ordered"]).max(1);
    children.into_iter().map(|child| own(child, pieces * whole(&child["qty_ordered"]) / ordered)).collect()
}

fn validation(message: &str) -> Refusal {
    Refusal::new(400, &format!("Shipment Document Validation Error(s):\n{message}"))
}

/// `POST /V1/order/{id}/ship`: the answer is the shipment's id, a bare JSON string.
pub(super) fn ship(account: &mut Account, id: &str, call: &Call, now: Timestamp) -> Result<Done, Refusal> {
    let order = get(account, id)?.clone();
    let entity = whole(&order["entity_id"]);
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::new(400, "Decoding error."))?;
    let tracks = tracks(&body)?;
    let state = order["state"].as_str().unwrap_or_default();
    if matches!(state, "holded" | "payment_review" | "canceled") || whole(&order["is_virtual"]) == 1 {
        return Err(validation("A shipment cannot be created when an order has a status of %1"));
    }
    if rows(&order).iter().all(|row| left(row) == 0 || whole(&row["is_virtual"]) == 1) {
        return Err(validation("The order does not allow a shipment to be created."));
    }
    let wanted = wanted(account, &order, &body)?;
    let source = body["arguments"]["extension_attributes"]["source_code"]
        .as_str()
        .unwrap_or(stock::DEFAULT)
        .to_owned();
    if !account.config.sources.contains(&source) {
        return Err(Refusal::new(400, "The source code is not valid for this order"));
    }
    let mut leaving = Vec::new();
    for (row, pieces) in &wanted {
        if let Some(row) = rows(&order).iter().find(|one| whole(&one["item_id"]) == *row) {
            leaving.extend(goods(&order, row, *pieces));
        }
    }
    if account.config.check_source
        && leaving.iter().any(|(_, sku, pieces)| account.stock.at(sku, &source) < *pieces)
    {
        return Err(Refusal::new(400, "Not all of your products are available in the requested quantity."));
    }
    for (_, sku, pieces) in &leaving {
        account.stock.ship(sku, &source, *pieces);
    }
    let shipment = account.fresh();
    let items: Vec<Value> = wanted
        .iter()
        .map(|(row, pieces)| json!({"entity_id": shipment * 100 + row % 100, "order_item_id": row, "qty": pieces}))
        .collect();
    let tracks: Vec<Value> = tracks
        .into_iter()
        .map(|mut track| {
            track["entity_id"] = json!(account.fresh());
            track["parent_id"] = json!(shipment);
            track["order_id"] = json!(entity);
            track
        })
        .collect();
    let document = json!({
        "entity_id": shipment, "increment_id": format!("{shipment:09}"), "order_id": entity, "created_at": written(now),
        "updated_at": written(now), "items": items, "tracks": tracks, "comments": [],
        "extension_attributes": {"source_code": source},
    });
    account.shipments.insert(shipment, document);
    if let Some(order) = account.orders.get_mut(&entity) {
        count(order, &wanted, &leaving);
        order["updated_at"] = json!(written(now));
    }
    Ok(Done { value: json!(shipment.to_string()), changed: vec![entity] })
}

/// Which rows the body ships, checked against what is left.
fn wanted(account: &Account, order: &Value, body: &Value) -> Result<Vec<(i64, i64)>, Refusal> {
    let mut wanted: BTreeMap<i64, i64> = BTreeMap::new();
    match body["items"].as_array() {
        // Left empty, everything is sent.
        None => {
            let all = rows(order)
                .iter()
                .filter(|row| !is_dummy(account, order, row) && whole(&row["is_virtual"]) == 0);
            wanted.extend(all.map(|row| (whole(&row["item_id"]), left(row))));
        }
        Some(items) => {
            for item in items {
                if !item["order_item_id"].is_i64() || !item["qty"].is_number() {
                    return Err(Refusal::new(400, "Invalid type for value. A number is expected."));
                }
                *wanted.entry(whole(&item["order_item_id"])).or_default() += whole(&item["qty"]);
            }
        }
    }
    for (id, pieces) in &wanted {
        let row = rows(order).iter().find(|row| whole(&row["item_id"]) == *id);
        let row = row.ok_or_else(|| validation("The order does not contain the item %1."))?;
        if is_dummy(account, order, row) || whole(&row["is_virtual"]) == 1 {
            return Err(validation("You can't create a shipment without products."));
        }
        if *pieces > left(row) {
            return Err(validation("We found an invalid quantity to ship for item \"%1\"."));
        }
    }
    wanted.retain(|_, pieces| *pieces > 0);
    if wanted.is_empty() {
        return Err(validation("You can't create a shipment without products."));
    }
    Ok(wanted.into_iter().collect())
}

fn tracks(body: &Value) -> Result<Vec<Value>, Refusal> {
    let tracks = body["tracks"].as_array().cloned().unwrap_or_default();
    for track in &tracks {
        for name in ["track_number", "title", "carrier_code"] {
            if track[name].as_str().is_none_or(str::is_empty) {
                let refusal = Refusal::new(400, "\"%fieldName\" is required. Enter and try again.");
                return Err(refusal.with(json!({"fieldName": name})));
            }
        }
        let known = |name: &String| {
            matches!(name.as_str(), "track_number" | "title" | "carrier_code" | "extension_attributes")
        };
        if !track.as_object().is_some_and(|track| track.keys().all(known)) {
            return Err(Refusal::new(
                400,
                "Property does not have accessor method in class ShipmentTrackCreation.",
            ));
        }
        if !matches!(track["carrier_code"].as_str(), Some("custom" | "ups" | "usps" | "fedex" | "dhl")) {
            return Err(Refusal::new(400, "The carrier code is not known to this shop"));
        }
    }
    Ok(tracks)
}

/// Counts shipped pieces on the rows named and on the goods they stand for, and moves the state.
fn count(order: &mut Value, wanted: &[(i64, i64)], leaving: &[(i64, String, i64)]) {
    let mut by_row: BTreeMap<i64, i64> = wanted.iter().copied().collect();
    for (row, _, pieces) in leaving {
        by_row.entry(*row).or_insert(*pieces);
    }
    if let Some(rows) = order["items"].as_array_mut() {
        for row in rows {
            if let Some(pieces) = by_row.get(&whole(&row["item_id"])) {
                row["qty_shipped"] = json!(whole(&row["qty_shipped"]) + pieces);
            }
        }
    }
    settle(order);
}

/// Complete when everything is shipped and paid for; in work as soon as something is.
pub(super) fn settle(order: &mut Value) {
    let of = |row: &&Value| whole(&row["is_virtual"]) == 0 && whole(&row["parent_item_id"]) == 0;
    let children_left = |row: &Value| {
        rows(order)
            .iter()
            .filter(|one| whole(&one["parent_item_id"]) == whole(&row["item_id"]))
            .any(|one| left(one) > 0)
    };
    let open = rows(order).iter().filter(of).any(|row| {
        if has_children(order, row) { left(row) > 0 && children_left(row) } else { left(row) > 0 }
    });
    let shipped = rows(order).iter().any(|row| whole(&row["qty_shipped"]) > 0);
    let paid = rows(order).iter().all(|row| whole(&row["qty_invoiced"]) >= whole(&row["qty_ordered"]));
    if shipped && matches!(order["state"].as_str(), Some("new" | "processing")) {
        let (state, status) =
            if !open && paid { ("complete", "complete") } else { ("processing", "processing") };
        order["state"] = json!(state);
        order["status"] = json!(status);
    }
}

/// `POST /V1/shipment/track`: a number for a shipment that is there.
pub(super) fn track(account: &mut Account, call: &Call, now: Timestamp) -> Result<Done, Refusal> {
    let body: Value = serde_json::from_slice(&call.body).map_err(|_| Refusal::new(400, "Decoding error."))?;
    let mut track = body["entity"].clone();
    for name in
        ["order_id", "parent_id", "weight", "qty", "description", "track_number", "title", "carrier_code"]
    {
        if track.get(name).is_none_or(Value::is_null) {
            let refusal = Refusal::new(400, "\"%fieldName\" is required. Enter and try again.");
            return Err(refusal.with(json!({"fieldName": name})));
        }
    }
    track["entity_id"] = json!(account.fresh());
    let shipment = account.shipments.get_mut(&whole(&track["parent_id"])).ok_or_else(Refusal::missing)?;
    if shipment["order_id"] != track["order_id"] {
        return Err(Refusal::missing());
    }
    shipment["updated_at"] = json!(written(now));
    if let Some(tracks) = shipment["tracks"].as_array_mut() {
        tracks.push(track.clone());
    }
    // Magento does not move the order's own time for this.
    Ok(Done::value(track))
}
