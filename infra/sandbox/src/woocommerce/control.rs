//! Control of shops: set up, orders and what happens to them, stock, deliveries, keys.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::orders::{self, Stored};
use super::{Account, Config, hooks, invent, number, products, shipments};
use crate::control::read;
use crate::state::State;
use crate::wire::Call;

pub(super) const NO_SHOP: &str = "there is no such shop; add it with PUT /control/woocommerce/{account}";

type Answer = Result<Value, String>;

/// Answers one control request; `rest` is the path after `/control/woocommerce`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(state: &mut State, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("PUT", [name]) => set_up(state, name, read(call)?),
        ("PUT", [name, "orders"]) => put(state, name, read(call)?),
        ("GET", [name, "orders"]) => Ok(shop(state, name)?.orders.values().map(listed).collect()),
        ("GET", [name, "orders", order]) => {
            let order = id(order)?;
            let stored =
                shop(state, name)?.orders.get(&order).ok_or("the shop has no such order; put it first")?;
            Ok(json!({
                "order": stored.body, "refunds": stored.refunds, "notes": stored.notes,
                "trackings": stored.trackings, "fulfillments": stored.fulfillments,
            }))
        }
        ("POST", [name, "orders", order, verb]) => change(state, name, id(order)?, verb, call),
        ("POST", [name, "invent"]) => invent_orders(state, name, read(call)?),
        ("POST", [name, "canary"]) => canary(state, name, read(call)?),
        ("GET", [name, "stock"]) => Ok(products::levels(shop(state, name)?)),
        ("PUT", [name, "stock"]) => {
            let Stock { levels } = read(call)?;
            let account = shop(state, name)?;
            levels.iter().for_each(|(sku, units)| products::set(account, sku, *units));
            done()
        }
        ("GET", [name, "webhooks"]) => {
            let rows = shop(state, name)?.hooks.iter().map(|hook| {
                json!({"id": hook.id, "topic": hook.topic, "status": hook.status, "failures": hook.failures})
            });
            Ok(rows.collect())
        }
        ("POST", [name, "deliver"]) => {
            hooks::deliver(state, name, &read(call)?)?;
            done()
        }
        ("POST", [name, "tokens"]) => {
            let Tokens { revoke, .. } = read(call)?;
            if let Some(revoked) = revoke {
                shop(state, name)?.revoked = revoked;
            }
            done()
        }
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

fn done() -> Answer {
    Ok(json!({"ok": true}))
}

fn shop<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Account, String> {
    state.woocommerce.accounts.get_mut(name).ok_or_else(|| NO_SHOP.to_owned())
}

fn id(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| "the order id must be a whole number".to_owned())
}

/// A known shop gets a new setup and keeps its orders; its webhooks to `webhook_url` are made anew.
fn set_up(state: &mut State, name: &str, config: Config) -> Answer {
    let accounts = &mut state.woocommerce.accounts;
    let account = accounts.entry(name.to_owned()).or_insert_with(|| Account::new(Config::default()));
    account.config = config;
    account.revoked = false;
    hooks::set_up(account);
    done()
}

#[derive(Deserialize)]
struct Put {
    orders: Vec<Value>,
    #[serde(default)]
    deliver: bool,
}

fn put(state: &mut State, name: &str, put: Put) -> Answer {
    let mut ids = Vec::new();
    for body in put.orders {
        let (id, is_new) = orders::put(state, name, body)?;
        hooks::announce(state, name, if is_new { "order.created" } else { "order.updated" }, id, put.deliver);
        ids.push(id.to_string());
    }
    Ok(json!({"ok": true, "orders": ids}))
}

fn listed(order: &Stored) -> Value {
    let text = |value: &Value| number(value).unwrap_or(0).to_string();
    let lines = order
        .lines()
        .iter()
        .map(|line| json!({"id": text(&line["id"]), "sku": line["sku"], "quantity": order.left(line)}));
    let tracking = shipments::shown(order)
        .into_iter()
        .map(|(number, carrier, lines)| json!({"number": number, "carrier": carrier, "lines": lines}));
    json!({
        "id": text(&order.body["id"]),
        "cancelled": order.is_cancelled(),
        "status": order.status(),
        "lines": lines.collect::<Vec<_>>(),
        "tracking": tracking.collect::<Vec<_>>(),
    })
}

#[derive(Deserialize)]
struct Units {
    lines: BTreeMap<String, u64>,
    #[serde(default)]
    restock: bool,
}

fn change(state: &mut State, name: &str, order: u64, verb: &str, call: &Call) -> Answer {
    let topic = match verb {
        "trash" | "delete" => "order.deleted",
        "restore" => "order.restored",
        _ => "order.updated",
    };
    let status = |order: &mut Stored, status: &str| {
        order.body["status"] = json!(status);
        Ok(())
    };
    orders::change(state, name, order, topic, false, |account, order| match verb {
        "pay" => status(order, "processing"),
        "hold" => status(order, "on-hold"),
        "complete" => status(order, "completed"),
        "cancel" => status(order, "cancelled"),
        "trash" | "delete" => orders::trash(order, true),
        "restore" => orders::trash(order, false),
        "edit" => orders::edit(order, &read::<Units>(call)?.lines),
        "refund" => {
            let Units { lines, restock } = read(call)?;
            orders::refund(account, order, &lines, restock)
        }
        "address" => {
            for (field, value) in read::<Value>(call)?.as_object().into_iter().flatten() {
                order.body["shipping"][field] = value.clone();
            }
            Ok(())
        }
        "erase" => {
            orders::erase(account, order);
            Ok(())
        }
        _ => Err("there is no such change; GET /control lists them".to_owned()),
    })?;
    if verb == "delete" {
        shop(state, name)?.orders.remove(&order);
    }
    done()
}

#[derive(Deserialize)]
struct Invent {
    #[serde(default)]
    seed: u64,
    count: usize,
    #[serde(default)]
    deliver: bool,
}

fn invent_orders(state: &mut State, name: &str, wanted: Invent) -> Answer {
    let mut made = Vec::new();
    for (kind, body) in invent::orders(wanted.seed, wanted.count) {
        let (id, _) = orders::put(state, name, body)?;
        hooks::announce(state, name, "order.created", id, wanted.deliver);
        made.push(json!({"id": id.to_string(), "kind": kind}));
    }
    Ok(json!({"ok": true, "orders": made}))
}

#[derive(Deserialize)]
struct Canary {
    #[serde(default)]
    number: u64,
    #[serde(default)]
    deliver: bool,
}

fn canary(state: &mut State, name: &str, wanted: Canary) -> Answer {
    let (body, tokens) = invent::canary(wanted.number);
    let (id, _) = orders::put(state, name, body)?;
    hooks::announce(state, name, "order.created", id, wanted.deliver);
    let tokens: Vec<Value> =
        tokens.into_iter().map(|(pointer, token)| json!({"pointer": pointer, "token": token})).collect();
    Ok(json!({"ok": true, "order": id.to_string(), "tokens": tokens}))
}

#[derive(Deserialize)]
struct Stock {
    levels: BTreeMap<String, i64>,
}

/// Keys do not end by themselves: `expire` does nothing.
#[derive(Deserialize)]
struct Tokens {
    revoke: Option<bool>,
    #[serde(rename = "expire")]
    _expire: Option<bool>,
}
