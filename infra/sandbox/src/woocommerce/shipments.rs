//! What a shop has for tracking numbers (contract section 5): the core's fulfillments, or a plugin's list.

use serde_json::{Value, json};

use super::orders::{Stored, change};
use super::{Done, Tracking, body, error, fields, lacks, no_order, no_route, number, shop};
use crate::state::State;
use crate::wire::{Call, Reply};

/// `GET /wp-json/`: open to everybody.
pub fn index(state: &mut State, call: &Call, name: &str) -> Done {
    let tracking = shop(state, name)?.config.tracking;
    let mut namespaces = vec!["oembed/1.0", "wp/v2", "wc/v1", "wc/v2", "wc/v3", "wc-admin"];
    namespaces.extend(tracking.namespace());
    let mut routes = json!({"/wc/v3/orders": {}, "/wc/v3/orders/(?P<id>[\\d]+)": {}});
    if tracking == Tracking::Fulfillments {
        routes["/wc/v3/orders/(?P<order_id>[\\d]+)/fulfillments"] = json!({});
    }
    let body = json!({"name": "A shop", "namespaces": namespaces, "routes": routes});
    Ok(Reply::json(200, &fields(call, body)))
}

fn known(state: &mut State, name: &str, id: Option<u64>) -> Result<u64, Reply> {
    let account = shop(state, name)?;
    id.filter(|id| account.orders.contains_key(id))
        .ok_or_else(|| error(404, "woocommerce_rest_order_invalid_id", "Invalid order ID."))
}

fn stored<'a>(state: &'a mut State, name: &str, id: u64) -> Result<&'a mut Stored, Reply> {
    shop(state, name)?.orders.get_mut(&id).ok_or_else(|| no_order(404))
}

fn has_fulfillments(state: &mut State, name: &str) -> Result<(), Reply> {
    if shop(state, name)?.config.tracking == Tracking::Fulfillments { Ok(()) } else { Err(no_route()) }
}

/// `GET /orders/{id}/fulfillments`.
pub fn fulfillments(state: &mut State, name: &str, id: Option<u64>) -> Done {
    has_fulfillments(state, name)?;
    let id = known(state, name, id)?;
    Ok(Reply::json(200, &json!(stored(state, name, id)?.fulfillments)))
}

/// `POST /orders/{id}/fulfillments`: checks what the core checks, and no more. It knows no parcel again.
pub fn fulfill(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    has_fulfillments(state, name)?;
    let id = known(state, name, id)?;
    let asked = body(call)?;
    let meta = asked["meta_data"].as_array().cloned().ok_or_else(|| lacks("meta_data"))?;
    let value = |key: &str| meta.iter().find(|m| m["key"] == key).map(|m| m["value"].clone());
    let items = value("_items").and_then(|items| items.as_array().cloned()).unwrap_or_default();
    let good = |item: &Value| {
        item["item_id"].is_u64() && item["item_id"] != 0 && item["qty"].as_f64().is_some_and(|n| n > 0.0)
    };
    if items.is_empty() {
        return Err(error(400, "0", "The fulfillment should contain at least one item."));
    }
    if !items.iter().all(good) {
        return Err(error(400, "0", "Invalid item."));
    }
    if !matches!(asked["status"].as_str(), None | Some("fulfilled" | "unfulfilled")) {
        return Err(error(400, "0", "Invalid fulfillment status."));
    }
    let fresh = shop(state, name)?.fresh();
    let fulfilled = asked["status"] == "fulfilled";
    let made = json!({
        "id": fresh, "entity_type": "WC_Order", "entity_id": id.to_string(),
        "status": if fulfilled { "fulfilled" } else { "unfulfilled" },
        "is_fulfilled": fulfilled, "date_deleted": null, "meta_data": meta,
    });
    let one = made.clone();
    let changed = change(state, name, id, "order.updated", false, |_, order| {
        order.fulfillments.push(one);
        Ok(())
    });
    changed.map_err(|_| no_order(404))?;
    Ok(Reply::json(201, &made))
}

fn has_plugin(state: &mut State, name: &str, plugin: &str) -> Result<(), Reply> {
    if shop(state, name)?.config.tracking.namespace() == Some(plugin) { Ok(()) } else { Err(no_route()) }
}

/// `GET .../orders/{id}/shipment-trackings`.
pub fn trackings(state: &mut State, name: &str, plugin: &str, id: Option<u64>) -> Done {
    has_plugin(state, name, plugin)?;
    let id = known(state, name, id)?;
    Ok(Reply::json(200, &json!(stored(state, name, id)?.trackings)))
}

/// `POST .../orders/{id}/shipment-trackings`.
pub fn track(state: &mut State, call: &Call, name: &str, plugin: &str, id: Option<u64>) -> Done {
    has_plugin(state, name, plugin)?;
    let id = known(state, name, id)?;
    let asked = body(call)?;
    let text = |field: &str| asked[field].as_str().filter(|text| !text.is_empty());
    let tracking = text("tracking_number").ok_or_else(|| lacks("tracking_number"))?;
    let carrier = text("tracking_provider").or(text("custom_tracking_provider"));
    let carrier = carrier.ok_or_else(|| lacks("tracking_provider"))?;
    let day = text("date_shipped").unwrap_or("2026-11-23");
    if day.len() != 10 || format!("{day}T00:00:00Z").parse::<jiff::Timestamp>().is_err() {
        return Err(super::invalid("date_shipped"));
    }
    let made = json!({
        "tracking_id": format!("{:032x}", shop(state, name)?.fresh()), "tracking_provider": carrier,
        "tracking_link": asked["custom_tracking_link"], "tracking_number": tracking, "date_shipped": day,
    });
    let one = made.clone();
    let changed = change(state, name, id, "order.updated", false, |_, order| {
        order.trackings.push(one);
        Ok(())
    });
    changed.map_err(|_| no_order(404))?;
    Ok(Reply::json(201, &made))
}

/// Tracking numbers as the shop shows them, wherever they stand: number, carrier, and lines where it knows them.
pub fn shown(order: &Stored) -> Vec<(String, String, Vec<Value>)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut all = Vec::new();
    for one in &order.fulfillments {
        let meta = one["meta_data"].as_array().map(Vec::as_slice).unwrap_or_default();
        let value =
            |key: &str| meta.iter().find(|m| m["key"] == key).map_or(Value::Null, |m| m["value"].clone());
        let items = value("_items").as_array().cloned().unwrap_or_default();
        let line = |item: &Value| json!({"id": number(&item["item_id"]).unwrap_or(0).to_string(), "quantity": item["qty"]});
        let carrier = match value("_provider_name") {
            Value::Null => value("_shipment_provider"),
            name => name,
        };
        all.push((text(&value("_tracking_number")), text(&carrier), items.iter().map(line).collect()));
    }
    for one in &order.trackings {
        all.push((text(&one["tracking_number"]), text(&one["tracking_provider"]), Vec::new()));
    }
    // A note says "... with <carrier>, <number>".
    for note in order.notes.iter().filter(|note| note["customer_note"] == true) {
        let said = note["note"].as_str().and_then(|note| note.rsplit_once(", "));
        if let Some((before, tracking)) = said {
            let carrier = before.rsplit_once(" with ").map_or("", |(_, carrier)| carrier);
            all.push((tracking.to_owned(), carrier.to_owned(), Vec::new()));
        }
    }
    all
}
