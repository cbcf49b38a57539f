//! What merchants and customers do to orders: edit, correct the address, cancel, refund, hold.

use serde_json::{Value, json};

use super::orders::{StoredOrder, id_of};
use super::webhooks;
use crate::clock;
use crate::state::State;

fn change(
    state: &mut State,
    domain: &str,
    order: i64,
    topics: &[&str],
    change: impl FnOnce(&mut StoredOrder, jiff::Timestamp) -> Result<(), String>,
) -> Result<(), String> {
    let now = state.now();
    let shop = state.shops.get_mut(domain).ok_or("there is no such shop; add it with PUT /control/shops")?;
    let stored = shop.orders.get_mut(&order).ok_or("the shop has no such order; put it first")?;
    change(stored, now)?;
    topics.iter().for_each(|topic| webhooks::announce(state, domain, topic, order));
    Ok(())
}

fn set_units(stored: &mut StoredOrder, now: jiff::Timestamp, units: &[(i64, i64)]) -> Result<(), String> {
    for (line, wanted) in units {
        let fulfilled = stored.fulfilled(*line);
        if !stored.lines().iter().any(|known| id_of(known) == *line) {
            return Err(format!("the order has no line {line}"));
        }
        if *wanted < fulfilled {
            return Err(format!("line {line} has {fulfilled} fulfilled units; it cannot go below that"));
        }
    }
    stored.change(now, |body| {
        for line in body["line_items"].as_array_mut().into_iter().flatten() {
            if let Some((_, wanted)) = units.iter().find(|(id, _)| *id == id_of(line)) {
                line["current_quantity"] = json!(wanted);
            }
        }
        retotal(body);
    });
    for (line, wanted) in units {
        let left = wanted - stored.fulfilled(*line);
        let parts = stored.fulfillment_orders.iter_mut().flat_map(|one| &mut one.lines);
        for part in parts.filter(|part| part.line == *line) {
            part.remaining = left;
            part.total = *wanted;
        }
        if let Some(known) =
            stored.body["line_items"].as_array_mut().into_iter().flatten().find(|known| id_of(known) == *line)
        {
            known["fulfillable_quantity"] = json!(left);
        }
    }
    for one in &mut stored.fulfillment_orders {
        let left: i64 = one.lines.iter().map(|line| line.remaining).sum();
        if left == 0 && matches!(one.status.as_str(), "OPEN" | "IN_PROGRESS") {
            one.status = "CLOSED".to_owned();
        }
    }
    Ok(())
}

/// New current totals after quantities changed. Pence, so that nothing is rounded.
fn retotal(body: &mut Value) {
    let pence = |text: &Value| {
        let text = text.as_str().unwrap_or("0");
        let (whole, part) = text.split_once('.').unwrap_or((text, "00"));
        whole.parse::<i64>().unwrap_or(0) * 100 + format!("{part:0<2}")[..2].parse::<i64>().unwrap_or(0)
    };
    let lines = body["line_items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let goods: i64 =
        lines.iter().map(|line| pence(&line["price"]) * line["current_quantity"].as_i64().unwrap_or(0)).sum();
    let ways = body["shipping_lines"].as_array().map(Vec::as_slice).unwrap_or_default();
    let shipping: i64 = ways.iter().map(|way| pence(&way["price"])).sum();
    for (name, amount) in [("current_subtotal_price", goods), ("current_total_price", goods + shipping)] {
        let text = format!("{}.{:02}", amount / 100, amount % 100);
        let set = format!("{name}_set");
        body[name] = json!(text);
        for money in ["shop_money", "presentment_money"] {
            if body[&set][money].is_object() {
                body[&set][money]["amount"] = json!(text);
            }
        }
    }
}

/// Sets the current units of lines (line id, units), as an order edit does.
///
/// # Errors
/// Says which line is unknown or already shipped.
pub fn edit(state: &mut State, domain: &str, order: i64, units: &[(i64, i64)]) -> Result<(), String> {
    change(state, domain, order, &["orders/edited", "orders/updated"], |stored, now| {
        set_units(stored, now, units)
    })
}

/// Changes fields of the shipping address; those not named stay.
///
/// # Errors
/// Says that the order is unknown.
pub fn address(state: &mut State, domain: &str, order: i64, fields: &Value) -> Result<(), String> {
    change(state, domain, order, &["orders/updated"], |stored, now| {
        stored.change(now, |body| {
            if !body["shipping_address"].is_object() {
                body["shipping_address"] = json!({});
            }
            for (name, value) in fields.as_object().into_iter().flatten() {
                body["shipping_address"][name] = value.clone();
            }
        });
        Ok(())
    })
}

/// Merges top-level fields into the body: tags, note, financial_status and so on.
///
/// # Errors
/// Says that the order is unknown.
pub fn patch(state: &mut State, domain: &str, order: i64, fields: &Value) -> Result<(), String> {
    change(state, domain, order, &["orders/updated"], |stored, now| {
        stored.change(now, |body| {
            for (name, value) in fields.as_object().into_iter().flatten() {
                body[name] = value.clone();
            }
        });
        Ok(())
    })
}

/// Cancels the order: `cancelled_at`, nothing left to fulfill.
///
/// # Errors
/// Says that the order is unknown, or already has a fulfillment.
pub fn cancel(state: &mut State, domain: &str, order: i64, reason: &str) -> Result<(), String> {
    change(state, domain, order, &["orders/cancelled", "orders/updated"], |stored, now| {
        if stored.fulfillments.iter().any(|one| one.status == "SUCCESS") {
            return Err("the order has a fulfillment; Shopify does not cancel it".to_owned());
        }
        stored.change(now, |body| {
            body["cancelled_at"] = json!(clock::rest(now));
            body["cancel_reason"] = json!(reason);
            for line in body["line_items"].as_array_mut().into_iter().flatten() {
                line["fulfillable_quantity"] = json!(0);
            }
        });
        for one in stored.fulfillment_orders.iter_mut().filter(|one| one.status != "CLOSED") {
            one.status = "CANCELLED".to_owned();
            one.lines.iter_mut().for_each(|line| line.remaining = 0);
        }
        Ok(())
    })
}

/// Refunds units of lines (line id, units); `restock` says whether they come back to stock.
///
/// # Errors
/// Says which line is unknown or has too few units left.
pub fn refund(
    state: &mut State,
    domain: &str,
    order: i64,
    units: &[(i64, i64)],
    restock: bool,
) -> Result<(), String> {
    let id = state.fresh_id();
    change(state, domain, order, &["refunds/create", "orders/updated"], |stored, now| {
        let mut wanted = Vec::new();
        for (line, refunded) in units {
            let known = stored.lines().iter().find(|known| id_of(known) == *line);
            let current = known.and_then(|known| known["current_quantity"].as_i64());
            let current = current.ok_or_else(|| format!("the order has no line {line}"))?;
            wanted.push((*line, current - refunded));
        }
        let unshipped = wanted.iter().all(|(line, left)| *left >= stored.fulfilled(*line));
        if unshipped {
            set_units(stored, now, &wanted)?;
        }
        let kind = match (restock, unshipped) {
            (false, _) => "no_restock",
            (true, true) => "cancel",
            (true, false) => "return",
        };
        let lines: Vec<Value> = units
            .iter()
            .map(|(line, refunded)| {
                json!({"id": line, "line_item_id": line, "quantity": refunded, "restock_type": kind})
            })
            .collect();
        let at = clock::rest(now);
        let refund = json!({
            "id": id,
            "admin_graphql_api_id": super::gid("Refund", id),
            "order_id": order,
            "created_at": at,
            "processed_at": at,
            "restock": restock,
            "note": null,
            "refund_line_items": lines,
            "transactions": [],
            "order_adjustments": [],
        });
        stored.change(now, |body| {
            body["financial_status"] = json!("partially_refunded");
            match body["refunds"].as_array_mut() {
                Some(all) => all.push(refund),
                None => body["refunds"] = json!([refund]),
            }
        });
        Ok(())
    })
}

/// Puts every open fulfillment order on hold, with a `FulfillmentHoldReason`.
///
/// # Errors
/// Says that the order is unknown.
pub fn hold(state: &mut State, domain: &str, order: i64, reason: &str) -> Result<(), String> {
    change(state, domain, order, &["fulfillment_orders/placed_on_hold"], |stored, _| {
        for one in stored.fulfillment_orders.iter_mut().filter(|one| one.status == "OPEN") {
            one.status = "ON_HOLD".to_owned();
            one.hold_reason = Some(reason.to_owned());
        }
        Ok(())
    })
}

/// Ends the holds.
///
/// # Errors
/// Says that the order is unknown.
pub fn release(state: &mut State, domain: &str, order: i64) -> Result<(), String> {
    change(state, domain, order, &["fulfillment_orders/hold_released"], |stored, _| {
        for one in stored.fulfillment_orders.iter_mut().filter(|one| one.status == "ON_HOLD") {
            one.status = "OPEN".to_owned();
            one.hold_reason = None;
        }
        Ok(())
    })
}

/// Deletes the order from the shop.
///
/// # Errors
/// Says that the order is unknown.
pub fn delete(state: &mut State, domain: &str, order: i64) -> Result<(), String> {
    change(state, domain, order, &["orders/delete"], |_, _| Ok(()))?;
    if let Some(shop) = state.shops.get_mut(domain) {
        shop.orders.remove(&order);
    }
    Ok(())
}
