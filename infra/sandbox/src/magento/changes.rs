//! What a merchant does to an order.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::orders::{goods, left, rows, settle};
use super::{Account, whole, written};

/// Puts an order as REST shows it: gives it the ids and times it lacks, and promises its goods.
pub(super) fn put(account: &mut Account, mut order: Value, now: Timestamp) -> i64 {
    let id = match whole(&order["entity_id"]) {
        0 => account.fresh(),
        id => id,
    };
    order["entity_id"] = json!(id);
    for field in ["created_at", "updated_at"] {
        if order[field].is_null() {
            order[field] = json!(written(now));
        }
    }
    let old = account.orders.insert(id, order.clone());
    if let Some(old) = old {
        promise(account, &old, -1);
    }
    promise(account, &order, 1);
    id
}

/// Pieces of each SKU that an order still holds.
fn open(order: &Value) -> Vec<(String, i64)> {
    let shelf = |row: &&Value| {
        let id = whole(&row["item_id"]);
        whole(&row["is_virtual"]) == 0 && !rows(order).iter().any(|one| whole(&one["parent_item_id"]) == id)
    };
    rows(order)
        .iter()
        .filter(shelf)
        .map(|row| (row["sku"].as_str().unwrap_or_default().to_owned(), left(row)))
        .collect()
}

fn promise(account: &mut Account, order: &Value, sign: i64) {
    if super::orders::is_cancelled(order) {
        return;
    }
    for (sku, pieces) in open(order) {
        account.stock.know(&sku);
        account.stock.reserve(&sku, sign * pieces);
    }
}

/// Changes an order and moves its time.
fn change(
    account: &mut Account,
    id: i64,
    now: Timestamp,
    how: impl FnOnce(&mut Value) -> Result<(), String>,
) -> Result<(), String> {
    let mut order = account.orders.get(&id).cloned().ok_or("the shop has no such order; put it first")?;
    let before = order.clone();
    how(&mut order)?;
    order["updated_at"] = json!(written(now));
    promise(account, &before, -1);
    promise(account, &order, 1);
    account.orders.insert(id, order);
    Ok(())
}

fn set_state(order: &mut Value, state: &str, status: &str) {
    order["state"] = json!(state);
    order["status"] = json!(status);
}

/// The merchant takes payment.
pub(super) fn pay(account: &mut Account, id: i64, now: Timestamp) -> Result<(), String> {
    change(account, id, now, |order| {
        for row in order["items"].as_array_mut().into_iter().flatten() {
            row["qty_invoiced"] = row["qty_ordered"].clone();
        }
        if matches!(order["state"].as_str(), Some("new" | "pending_payment" | "payment_review")) {
            set_state(order, "processing", "processing");
        }
        settle(order);
        Ok(())
    })
}

/// Takes back what has not left.
pub(super) fn cancel(account: &mut Account, id: i64, now: Timestamp) -> Result<(), String> {
    change(account, id, now, |order| {
        let mut shipped = false;
        for row in order["items"].as_array_mut().into_iter().flatten() {
            row["qty_canceled"] = json!(whole(&row["qty_canceled"]) + left(row));
            shipped |= whole(&row["qty_shipped"]) > 0;
        }
        let to = if shipped { ("complete", "complete") } else { ("canceled", "canceled") };
        set_state(order, to.0, to.1);
        Ok(())
    })
}

/// Puts an order on hold, or lets it go on.
pub(super) fn hold(account: &mut Account, id: i64, held: bool, now: Timestamp) -> Result<(), String> {
    change(account, id, now, |order| {
        if held {
            order["hold_before_state"] = order["state"].clone();
            order["hold_before_status"] = order["status"].clone();
            set_state(order, "holded", "holded");
        } else {
            order["state"] = order["hold_before_state"].take();
            order["status"] = order["hold_before_status"].take();
        }
        Ok(())
    })
}

/// Row ids, or SKUs of rows, with pieces.
fn resolve(order: &Value, lines: &BTreeMap<String, i64>) -> Result<BTreeMap<i64, i64>, String> {
    let each = lines.iter().map(|(name, pieces)| {
        let number = name.parse::<i64>().ok();
        let is = |row: &&Value| number == Some(whole(&row["item_id"])) || row["sku"] == name.as_str();
        let row =
            rows(order).iter().find(is).ok_or("the order has no such line; name it by item_id or SKU")?;
        Ok((whole(&row["item_id"]), *pieces))
    });
    each.collect()
}

/// Refunds pieces; what has not left is free again.
pub(super) fn refund(
    account: &mut Account,
    id: i64,
    lines: &BTreeMap<String, i64>,
    restock: bool,
    now: Timestamp,
) -> Result<(), String> {
    let mut back = Vec::new();
    change(account, id, now, |order| {
        let wanted = resolve(order, lines)?;
        let before = order.clone();
        for row in order["items"].as_array_mut().into_iter().flatten() {
            let Some(pieces) = wanted.get(&whole(&row["item_id"])) else { continue };
            let shipped = whole(&row["qty_shipped"]);
            row["qty_refunded"] = json!(whole(&row["qty_refunded"]) + pieces);
            if restock && shipped > 0 {
                back.extend(goods(&before, row, (*pieces).min(shipped)));
            }
        }
        let all_gone = |row: &Value| {
            whole(&row["qty_refunded"]) + whole(&row["qty_canceled"]) >= whole(&row["qty_ordered"])
                || whole(&row["parent_item_id"]) > 0
        };
        if rows(order).iter().all(all_gone) {
            set_state(order, "closed", "closed");
        }
        Ok(())
    })?;
    for (_, sku, pieces) in back {
        let there = account.stock.sources.entry((sku, super::stock::DEFAULT.to_owned())).or_default();
        *there += pieces;
    }
    Ok(())
}

/// Edits an order as Magento does: the old one is cancelled and a new one takes its place. Returns the new one's id.
pub(super) fn edit(
    account: &mut Account,
    id: i64,
    lines: &BTreeMap<String, i64>,
    now: Timestamp,
) -> Result<i64, String> {
    let old = account.orders.get(&id).cloned().ok_or("the shop has no such order; put it first")?;
    let wanted = resolve(&old, lines)?;
    if rows(&old).iter().any(|row| whole(&row["qty_invoiced"]) > 0 && whole(&row["qty_shipped"]) > 0) {
        return Err("an order that is invoiced and partly shipped cannot be edited".to_owned());
    }
    let mut new = old.clone();
    let new_id = account.fresh();
    let number = whole(&old["edit_increment"]) + 1;
    let original = old["original_increment_id"].as_str().or(old["increment_id"].as_str()).unwrap_or_default();
    let original = original.to_owned();
    new["entity_id"] = json!(new_id);
    new["increment_id"] = json!(format!("{original}-{number}"));
    new["original_increment_id"] = json!(original);
    new["edit_increment"] = json!(number);
    new["relation_parent_id"] = json!(id.to_string());
    new["relation_parent_real_id"] = old["increment_id"].clone();
    new["created_at"] = json!(written(now));
    new["updated_at"] = json!(written(now));
    let mut ids = BTreeMap::new();
    for row in new["items"].as_array_mut().into_iter().flatten() {
        let (was, now) = (whole(&row["item_id"]), account.fresh());
        ids.insert(was, now);
        let ordered = |id: i64| {
            rows(&old).iter().find(|one| whole(&one["item_id"]) == id).map(|one| &one["qty_ordered"])
        };
        let above = whole(&row["parent_item_id"]);
        if let Some(pieces) = wanted.get(&was) {
            row["qty_ordered"] = json!(pieces);
        } else if let (Some(pieces), Some(before)) = (wanted.get(&above), ordered(above)) {
            // Parts follow the row they belong to.
            row["qty_ordered"] = json!(whole(&row["qty_ordered"]) * pieces / whole(before).max(1));
        }
        row["qty_invoiced"] = row["qty_ordered"].clone();
        for field in ["qty_canceled", "qty_refunded", "qty_shipped"] {
            row[field] = json!(0);
        }
        row["item_id"] = json!(now);
        row["order_id"] = json!(new_id);
    }
    for row in new["items"].as_array_mut().into_iter().flatten() {
        if let Some(parent) = ids.get(&whole(&row["parent_item_id"])) {
            row["parent_item_id"] = json!(parent);
        }
    }
    change(account, id, now, |order| {
        for row in order["items"].as_array_mut().into_iter().flatten() {
            row["qty_canceled"] = json!(whole(&row["qty_canceled"]) + left(row));
        }
        order["relation_child_id"] = json!(new_id.to_string());
        order["relation_child_real_id"] = new["increment_id"].clone();
        set_state(order, "canceled", "canceled");
        Ok(())
    })?;
    put(account, new, now);
    Ok(new_id)
}

/// Lays fields over the shipping address.
pub(super) fn address(account: &mut Account, id: i64, fields: &Value, now: Timestamp) -> Result<(), String> {
    change(account, id, now, |order| {
        let at = "/extension_attributes/shipping_assignments/0/shipping/address";
        let address = order.pointer_mut(at).ok_or("the order has no shipping address")?;
        for (name, value) in fields.as_object().into_iter().flatten() {
            address[name] = value.clone();
        }
        Ok(())
    })
}

/// The merchant deletes the customer: the order stays as it is, with name and address, and only loses the link.
pub(super) fn erase(account: &mut Account, id: i64) -> Result<(), String> {
    let order = account.orders.get_mut(&id).ok_or("the shop has no such order; put it first")?;
    order["customer_id"] = Value::Null;
    order["customer_is_guest"] = json!(1);
    account.erased += 1;
    Ok(())
}
