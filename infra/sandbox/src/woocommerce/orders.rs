//! Orders, their refunds and notes.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Account, Done, body, error, fields, hooks, invalid, lacks, no_order, number, paged, shop};
use crate::state::State;
use crate::wire::{Call, Reply};

/// Statuses a shop knows by itself.
const STATUSES: &[&str] =
    &["pending", "processing", "on-hold", "completed", "cancelled", "refunded", "failed", "checkout-draft"];

/// An order with what belongs to it.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The order as the API shows it.
    pub body: Value,
    /// Refunds, oldest first.
    pub refunds: Vec<Value>,
    /// Notes, oldest first.
    pub notes: Vec<Value>,
    /// Tracking numbers of a plugin.
    pub trackings: Vec<Value>,
    /// The core's fulfillments.
    pub fulfillments: Vec<Value>,
    created: Timestamp,
    modified: Timestamp,
    /// The status before it went into the trash.
    before_trash: Option<String>,
    /// The stock was lowered for it.
    reduced: bool,
}

impl Stored {
    pub(super) fn status(&self) -> &str {
        self.body["status"].as_str().unwrap_or_default()
    }

    /// True for an order nobody is to send.
    pub fn is_cancelled(&self) -> bool {
        matches!(self.status(), "cancelled" | "refunded" | "failed" | "trash")
    }

    /// True when the shop erased its people.
    pub fn is_erased(&self) -> bool {
        self.body["meta_data"].as_array().is_some_and(|all| all.iter().any(|m| m["key"] == "_anonymized"))
    }

    pub(super) fn lines(&self) -> &[Value] {
        self.body["line_items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Pieces of a line less those refunded.
    pub(super) fn left(&self, line: &Value) -> u64 {
        let of = |one: &&Value| number(&one["meta_data"][0]["value"]) == number(&line["id"]);
        let lines = self.refunds.iter().filter_map(|r| r["line_items"].as_array()).flatten();
        let refunded: i64 = lines.filter(of).filter_map(|one| one["quantity"].as_i64()).sum();
        number(&line["quantity"]).unwrap_or(0).saturating_sub(refunded.unsigned_abs())
    }

    /// The line of that id or SKU.
    fn line(&self, name: &str) -> Option<&Value> {
        let by_sku = self.lines().iter().find(|line| line["sku"].as_str() == Some(name));
        by_sku.or_else(|| {
            self.lines()
                .iter()
                .find(|line| number(&line["id"]).map(|n| n.to_string()).as_deref() == Some(name))
        })
    }

    /// Sets the times from what is kept.
    fn stamp(&mut self, minutes_east: i64) {
        for (name, at) in [("date_created", self.created), ("date_modified", self.modified)] {
            let local = at.checked_add(SignedDuration::from_mins(minutes_east)).unwrap_or(at);
            self.body[name] = json!(text(local));
            self.body[format!("{name}_gmt")] = json!(text(at));
        }
    }
}

/// A time as WordPress writes it: no zone.
fn text(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S").to_string()
}

fn whole_seconds(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap_or(at)
}

/// Puts an order into a shop; a known one gets a new body. What the body lacks is filled in. Returns its id.
///
/// # Errors
/// Says what the body lacks.
pub fn put(state: &mut State, name: &str, mut body: Value) -> Result<(u64, bool), String> {
    let now = state.now();
    let account = state.woocommerce.accounts.get_mut(name).ok_or(super::control::NO_SHOP)?;
    if !body["line_items"].is_array() {
        return Err("the order has no line_items list; add one".to_owned());
    }
    let id = number(&body["id"]).unwrap_or_else(|| account.fresh());
    body["id"] = json!(id);
    let known = account.orders.remove(&id);
    let (is_new, created) = (known.is_none(), known.as_ref().map_or(now, |o| o.created));
    fill(account, &mut body, id);
    let east = account.config.minutes_east;
    let mut stored = Stored {
        created,
        refunds: known.as_ref().map(|o| o.refunds.clone()).unwrap_or_default(),
        notes: known.as_ref().map(|o| o.notes.clone()).unwrap_or_default(),
        trackings: known.as_ref().map(|o| o.trackings.clone()).unwrap_or_default(),
        fulfillments: known.as_ref().map(|o| o.fulfillments.clone()).unwrap_or_default(),
        reduced: known.is_some_and(|o| o.reduced),
        modified: now,
        before_trash: None,
        body,
    };
    stored.stamp(east);
    account.orders.insert(id, stored);
    settle_stock(account, id);
    Ok((id, is_new))
}

fn fill(account: &mut Account, body: &mut Value, id: u64) {
    let defaults = json!({
        "parent_id": 0, "number": id.to_string(), "order_key": format!("wc_order_{id:013x}"), "created_via": "checkout",
        "version": "11.2.0", "status": "processing", "currency": "GBP", "prices_include_tax": true, "total": "0.00",
        "customer_id": 0, "customer_note": "", "billing": {}, "shipping": {}, "shipping_lines": [], "fee_lines": [],
        "coupon_lines": [], "tax_lines": [], "refunds": [], "meta_data": []
    });
    for (field, value) in defaults.as_object().into_iter().flatten() {
        if body[field].is_null() {
            body[field] = value.clone();
        }
    }
    for line in body["line_items"].as_array_mut().into_iter().flatten() {
        if line["id"].is_null() {
            line["id"] = json!(account.fresh());
        }
        let sku = line["sku"].as_str().unwrap_or_default().to_owned();
        let (product, variation) = super::products::sold_as(account, &sku);
        if line["product_id"].is_null() {
            line["product_id"] = json!(product);
            line["variation_id"] = json!(variation);
        }
    }
}

/// The shop lowers stock when an order is accepted and raises it when it is cancelled.
fn settle_stock(account: &mut Account, id: u64) {
    let Some(order) = account.orders.get_mut(&id) else { return };
    let accepted = matches!(order.status(), "processing" | "on-hold" | "completed");
    if accepted == order.reduced || !(accepted || order.is_cancelled()) {
        return;
    }
    order.reduced = accepted;
    let lines: Vec<(String, i64)> = order
        .lines()
        .iter()
        .map(|line| {
            (line["sku"].as_str().unwrap_or_default().to_owned(), line["quantity"].as_i64().unwrap_or(0))
        })
        .collect();
    for (sku, pieces) in lines {
        super::products::change(account, &sku, if accepted { -pieces } else { pieces });
    }
}

/// Changes an order, gives it a new time and has its webhook sent. `asked` sends it whatever the setup says.
///
/// # Errors
/// Says that the order is unknown, or what the change says.
pub fn change(
    state: &mut State,
    name: &str,
    id: u64,
    topic: &str,
    asked: bool,
    change: impl FnOnce(&mut Account, &mut Stored) -> Result<(), String>,
) -> Result<(), String> {
    let now = state.now();
    let account = state.woocommerce.accounts.get_mut(name).ok_or(super::control::NO_SHOP)?;
    let mut order = account.orders.remove(&id).ok_or("the shop has no such order; put it first")?;
    let done = change(account, &mut order);
    if done.is_ok() {
        order.modified = now;
        order.stamp(account.config.minutes_east);
    }
    account.orders.insert(id, order);
    done?;
    settle_stock(account, id);
    hooks::announce(state, name, topic, id, asked);
    Ok(())
}

/// Puts an order into the trash, or takes it out again.
pub fn trash(order: &mut Stored, into: bool) -> Result<(), String> {
    if into {
        order.before_trash = Some(order.status().to_owned());
        order.body["status"] = json!("trash");
        return Ok(());
    }
    let before = order.before_trash.take().ok_or("the order is not in the trash")?;
    order.body["status"] = json!(before);
    Ok(())
}

/// Sets the pieces of lines, by id or SKU; none takes the line away.
pub fn edit(order: &mut Stored, units: &BTreeMap<String, u64>) -> Result<(), String> {
    for (name, pieces) in units {
        let id = order
            .line(name)
            .map(|line| line["id"].clone())
            .ok_or_else(|| format!("the order has no line {name}"))?;
        let Some(lines) = order.body["line_items"].as_array_mut() else { continue };
        if *pieces == 0 {
            lines.retain(|line| line["id"] != id);
        }
        for line in lines.iter_mut().filter(|line| line["id"] == id) {
            line["quantity"] = json!(pieces);
        }
    }
    Ok(())
}

/// Refunds pieces of lines: the order itself shows the amount only.
pub fn refund(
    account: &mut Account,
    order: &mut Stored,
    units: &BTreeMap<String, u64>,
    restock: bool,
) -> Result<(), String> {
    let mut lines = Vec::new();
    for (name, pieces) in units {
        let line = order.line(name).ok_or_else(|| format!("the order has no line {name}"))?;
        if order.left(line) < *pieces {
            return Err(format!("the order has fewer than {pieces} of line {name} left"));
        }
        let sku = line["sku"].as_str().unwrap_or_default().to_owned();
        let quantity = i64::try_from(*pieces).unwrap_or(i64::MAX).saturating_neg();
        lines.push(json!({
            "id": account.fresh(), "quantity": quantity, "sku": sku, "subtotal": "-1.00", "total": "-1.00",
            "meta_data": [{"id": account.fresh(), "key": "_refunded_item_id", "value": line["id"].to_string()}],
        }));
        if restock {
            super::products::change(account, &sku, quantity.saturating_neg());
        }
    }
    let id = account.fresh();
    order.refunds.push(
        json!({"id": id, "amount": "1.00", "reason": "", "refunded_payment": false, "line_items": lines}),
    );
    if let Some(all) = order.body["refunds"].as_array_mut() {
        all.push(json!({"id": id, "refund": "", "total": "-1.00"}));
    }
    Ok(())
}

/// What the shop's own eraser does (contract section 7): every text masked, notes deleted, the order marked.
pub fn erase(account: &mut Account, order: &mut Stored) {
    for place in ["billing", "shipping"] {
        for (field, value) in order.body[place].as_object_mut().into_iter().flatten() {
            if value.as_str().is_none_or(str::is_empty) {
                continue;
            }
            *value = match field.as_str() {
                "email" => json!("deleted@site.invalid"),
                "phone" => json!("0000000000"),
                "state" | "country" => json!(""),
                _ => json!("[deleted]"),
            };
        }
    }
    order.body["customer_ip_address"] = json!("0.0.0.0");
    order.body["customer_user_agent"] = json!("[deleted]");
    order.body["customer_id"] = json!(0);
    order.notes.clear();
    let mark = json!({"id": account.fresh(), "key": "_anonymized", "value": "yes"});
    if let Some(all) = order.body["meta_data"].as_array_mut() {
        all.push(mark);
    }
}

fn time(call: &Call, name: &str, east: i64) -> Result<Option<Timestamp>, Reply> {
    let Some(text) = call.param(name) else { return Ok(None) };
    let at: Timestamp = format!("{}Z", text.trim_end_matches('Z')).parse().map_err(|_| invalid(name))?;
    // Without the flag a time is the shop's own.
    let utc = call.param("dates_are_gmt").as_deref() == Some("true");
    let shift = SignedDuration::from_mins(if utc { 0 } else { east });
    Ok(at.checked_sub(shift).ok())
}

/// `GET /orders`: both bounds are exclusive and in whole seconds.
pub fn list(state: &mut State, call: &Call, name: &str) -> Done {
    let account = shop(state, name)?;
    let (east, sorts) = (account.config.minutes_east, account.config.sorts_by_change);
    let (after, before) = (time(call, "modified_after", east)?, time(call, "modified_before", east)?);
    let by = call.param("orderby").unwrap_or_else(|| "date".to_owned());
    let known: &[&str] = &["date", "id", "include", "title", "slug"];
    if !(known.contains(&by.as_str()) || (sorts && by == "modified")) {
        return Err(invalid("orderby"));
    }
    let status = call.param("status").unwrap_or_else(|| "any".to_owned());
    if !(STATUSES.contains(&status.as_str()) || matches!(status.as_str(), "any" | "trash")) {
        return Err(invalid("status"));
    }
    let ascending = match call.param("order").as_deref() {
        Some("asc") => true,
        None | Some("desc") => false,
        Some(_) => return Err(invalid("order")),
    };
    let fits = |order: &&Stored| {
        let at = whole_seconds(order.modified);
        (if status == "any" { order.status() != "trash" } else { order.status() == status })
            && after.is_none_or(|bound| at > bound)
            && before.is_none_or(|bound| at < bound)
    };
    let mut found: Vec<&Stored> = account.orders.values().filter(fits).collect();
    found.sort_by_key(|order| {
        let at = match by.as_str() {
            "modified" => order.modified,
            "date" => order.created,
            _ => Timestamp::UNIX_EPOCH,
        };
        (whole_seconds(at), number(&order.body["id"]))
    });
    if !ascending {
        found.reverse();
    }
    let rows = found.into_iter().map(|order| order.body.clone()).collect();
    paged(call, rows)
}

fn find<'a>(state: &'a mut State, name: &str, id: Option<u64>) -> Result<&'a mut Stored, Reply> {
    let account = shop(state, name)?;
    id.and_then(|id| account.orders.get_mut(&id)).ok_or_else(|| no_order(404))
}

/// `GET /orders/{id}`: the trash is open to it.
pub fn read(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    let order = find(state, name, id)?;
    Ok(Reply::json(200, &fields(call, order.body.clone())))
}

/// `PUT /orders/{id}`: only the status is played.
pub fn update(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    let asked = body(call)?;
    let id = id
        .filter(|id| shop(state, name).is_ok_and(|a| a.orders.contains_key(id)))
        .ok_or_else(|| no_order(400))?;
    if asked.as_object().is_some_and(|all| all.keys().any(|field| field != "status")) {
        return Err(error(400, "sandbox_not_played", "The sandbox changes an order's status only."));
    }
    let status =
        asked["status"].as_str().filter(|s| STATUSES.contains(s)).ok_or_else(|| invalid("status"))?;
    let changed = change(state, name, id, "order.updated", false, |_, order| {
        order.body["status"] = json!(status);
        Ok(())
    });
    changed.map_err(|_| no_order(400))?;
    read(state, call, name, Some(id))
}

/// `GET /orders/{id}/refunds`.
pub fn refunds(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    let rows = find(state, name, id)?.refunds.clone();
    paged(call, rows)
}

/// `GET /orders/{id}/notes`.
pub fn notes(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    let kind = call.param("type").unwrap_or_else(|| "any".to_owned());
    if !matches!(kind.as_str(), "any" | "customer" | "internal") {
        return Err(invalid("type"));
    }
    let fits = |note: &&Value| kind == "any" || (note["customer_note"] == true) == (kind == "customer");
    let rows: Vec<Value> = find(state, name, id)?.notes.iter().filter(fits).cloned().collect();
    Ok(Reply::json(200, &fields(call, Value::Array(rows))))
}

/// `POST /orders/{id}/notes`: a note to the buyer is mailed and stays.
pub fn add_note(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    let asked = body(call)?;
    let text =
        asked["note"].as_str().filter(|text| !text.is_empty()).ok_or_else(|| lacks("note"))?.to_owned();
    let fresh = shop(state, name)?.fresh();
    let order = find(state, name, id)?;
    let note = json!({
        "id": fresh, "author": "WooCommerce", "note": text, "customer_note": asked["customer_note"] == true,
    });
    order.notes.push(note.clone());
    Ok(Reply::json(201, &note))
}
