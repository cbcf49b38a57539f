//! The control door of this channel.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Config, access, canary, changes, events, invent, orders, stock, whole};
use crate::control::read;
use crate::state::State;
use crate::wire::Call;

type Answer = Result<Value, String>;

#[derive(Deserialize)]
struct Put {
    orders: Vec<Value>,
    #[serde(default)]
    deliver: bool,
}

#[derive(Deserialize)]
struct Invent {
    #[serde(default)]
    seed: u64,
    #[serde(default = "one")]
    count: usize,
    #[serde(default)]
    deliver: bool,
}

#[derive(Deserialize)]
struct Canary {
    #[serde(default)]
    number: u64,
    #[serde(default)]
    deliver: bool,
}

fn one() -> usize {
    1
}

#[derive(Deserialize)]
struct Units {
    lines: BTreeMap<String, i64>,
    #[serde(default)]
    restock: bool,
}

#[derive(Deserialize)]
struct Levels {
    levels: BTreeMap<String, i64>,
    #[serde(default)]
    source: Option<String>,
}

/// How an event is sent.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub(super) struct Deliver {
    /// About which order.
    pub(super) order: Option<i64>,
    /// Further copies.
    pub(super) copies: u32,
    /// Neither signature fits.
    pub(super) wrong_signature: bool,
    /// Only the second signature fits, as while Adobe rotates the first key.
    pub(super) previous_secret: bool,
    /// The whole event, instead of one made here.
    pub(super) payload: Option<Value>,
    /// The event's type.
    pub(super) what: Option<String>,
    /// For which client.
    pub(super) client_id: Option<String>,
    /// Handed on in base64, as some gateways do.
    pub(super) base64: bool,
}

fn account<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Account, String> {
    let account = state.magento.accounts.get_mut(name);
    account.ok_or_else(|| "there is no such shop; add it with PUT /control/magento/{account}".to_owned())
}

/// Answers one control request; `rest` is the path after `/control/magento`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(state: &mut State, call: &Call, rest: &[&str]) -> Answer {
    let now = state.now();
    match (call.method.as_str(), rest) {
        ("PUT", [name]) => {
            let config: Config = read(call)?;
            let known = state
                .magento
                .accounts
                .entry((*name).to_owned())
                .or_insert_with(|| Account { next: 900_000_000, ..Account::default() });
            known.config = config;
            done()
        }
        ("PUT", [name, "orders"]) => {
            let put: Put = read(call)?;
            account(state, name)?;
            place(state, name, put.orders, put.deliver)
        }
        ("POST", [name, "invent"]) => {
            let told: Invent = read(call)?;
            let made = invent::orders(told.seed, told.count);
            account(state, name)?.products.extend(made.bundles);
            place(state, name, made.orders, told.deliver)
        }
        ("POST", [name, "canary"]) => {
            let told: Canary = read(call)?;
            let (order, tokens) = canary::order(told.number);
            let mut answer = place(state, name, vec![order], told.deliver)?;
            answer["tokens"] = tokens
                .into_iter()
                .map(|(pointer, token)| json!({"pointer": pointer, "token": token}))
                .collect();
            Ok(answer)
        }
        ("GET", [name, "orders"]) => {
            let account = account(state, name)?;
            let list: Vec<Value> = account.orders.values().map(|order| shown(account, order)).collect();
            Ok(json!(list))
        }
        ("GET", [name, "orders", id]) => {
            let account = account(state, name)?;
            let order = account.orders.get(&number(id)?).ok_or("the shop has no such order; put it first")?;
            Ok(json!({"order": order, "shown": shown(account, order)}))
        }
        ("POST", [name, "orders", id, change]) => {
            let id = number(id)?;
            let changed = change_one(account(state, name)?, id, change, call, now)?;
            for order in [Some(id), changed].into_iter().flatten() {
                events::announce(state, name, order);
            }
            Ok(json!({"ok": true, "order": changed.unwrap_or(id)}))
        }
        ("PUT", [name, "stock"]) => {
            let told: Levels = read(call)?;
            let account = account(state, name)?;
            let source = told.source.unwrap_or_else(|| stock::DEFAULT.to_owned());
            for (sku, pieces) in told.levels {
                account.stock.know(&sku);
                account.stock.sources.insert((sku, source.clone()), pieces);
            }
            done()
        }
        ("GET", [name, "stock"]) => {
            let stock = &account(state, name)?.stock;
            let salable: BTreeMap<&String, i64> =
                stock.sources.keys().map(|(sku, _)| (sku, stock.salable(sku))).collect();
            let levels: BTreeMap<&String, i64> = stock
                .sources
                .keys()
                .map(|(sku, _)| {
                    let there =
                        stock.sources.iter().filter(|((of, _), _)| of == sku).map(|(_, pieces)| pieces);
                    (sku, there.sum())
                })
                .collect();
            Ok(
                json!({"levels": levels, "salable": salable, "reservations": stock.reservations, "rows": stock.rows()}),
            )
        }
        ("POST", [name, "deliver"]) => events::send(state, name, &read(call)?),
        ("POST", [name, "tokens"]) => {
            access::tokens(account(state, name)?, &read(call)?);
            done()
        }
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

fn done() -> Answer {
    Ok(json!({"ok": true}))
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "the order id must be a whole number".to_owned())
}

fn place(state: &mut State, name: &str, made: Vec<Value>, deliver: bool) -> Answer {
    let now = state.now();
    let account = account(state, name)?;
    let automatic = account.config.auto_events;
    let ids: Vec<i64> = made.into_iter().map(|order| changes::put(account, order, now)).collect();
    for id in &ids {
        if automatic {
            events::announce(state, name, *id);
        } else if deliver {
            events::send(state, name, &Deliver { order: Some(*id), ..Deliver::default() })?;
        }
    }
    Ok(json!({"ok": true, "orders": ids}))
}

fn change_one(
    account: &mut Account,
    id: i64,
    change: &str,
    call: &Call,
    now: jiff::Timestamp,
) -> Result<Option<i64>, String> {
    match change {
        "pay" => changes::pay(account, id, now)?,
        "cancel" => changes::cancel(account, id, now)?,
        "hold" => changes::hold(account, id, true, now)?,
        "release" => changes::hold(account, id, false, now)?,
        "edit" => return changes::edit(account, id, &read::<Units>(call)?.lines, now).map(Some),
        "refund" => {
            let units: Units = read(call)?;
            changes::refund(account, id, &units.lines, units.restock, now)?;
        }
        "address" => changes::address(account, id, &read(call)?, now)?,
        "erase" => changes::erase(account, id)?,
        _ => return Err("there is no such change; GET /control lists them".to_owned()),
    }
    Ok(None)
}

/// What the shop shows of an order: its lines as goods, and its tracking in the same lines.
fn shown(account: &Account, order: &Value) -> Value {
    let rows = orders::rows(order);
    let children = |id: i64| rows.iter().filter(move |one| whole(&one["parent_item_id"]) == id);
    // A configurable and its child are one line, known by the parent's id; a bundle is its children.
    let key = |row: &Value| match orders::parent(order, row) {
        Some(parent) if parent["product_type"] != "bundle" => whole(&parent["item_id"]),
        _ => whole(&row["item_id"]),
    };
    let lines: Vec<Value> = rows
        .iter()
        .filter(|row| children(whole(&row["item_id"])).next().is_none())
        .map(|row| {
            let gone = |row: &Value| whole(&row["qty_canceled"]) + whole(&row["qty_refunded"]);
            let above = orders::parent(order, row).map_or(0, gone);
            let quantity = (whole(&row["qty_ordered"]) - gone(row).max(above)).max(0);
            json!({"id": key(row).to_string(), "sku": row["sku"], "quantity": quantity})
        })
        .collect();
    let mut tracking = Vec::new();
    for shipment in account.shipments.values().filter(|one| one["order_id"] == order["entity_id"]) {
        let mut pieces: BTreeMap<i64, i64> = BTreeMap::new();
        for item in shipment["items"].as_array().into_iter().flatten() {
            let Some(row) = rows.iter().find(|row| row["item_id"] == item["order_item_id"]) else { continue };
            for (id, _, count) in orders::goods(order, row, whole(&item["qty"])) {
                let line = rows.iter().find(|row| whole(&row["item_id"]) == id).map_or(id, &key);
                *pieces.entry(line).or_default() += count;
            }
        }
        let lines: Vec<Value> =
            pieces.iter().map(|(id, count)| json!({"id": id.to_string(), "quantity": count})).collect();
        for track in shipment["tracks"].as_array().into_iter().flatten() {
            tracking
                .push(json!({"number": track["track_number"], "carrier": track["title"], "lines": lines}));
        }
    }
    json!({
        "id": order["entity_id"].to_string(),
        "cancelled": orders::is_cancelled(order),
        "status": order["state"],
        "lines": lines,
        "tracking": tracking,
    })
}
