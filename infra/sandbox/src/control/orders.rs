//! Control of orders and webhooks.

use std::collections::BTreeMap;

use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, done, read};
use crate::deliver;
use crate::invent;
use crate::shopify::orders::{self, id_of};
use crate::shopify::{changes, webhooks};
use crate::state::State;
use crate::wire::Call;

/// Routes what concerns orders.
pub fn route(state: &mut State, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("PUT", ["orders"]) => put(state, read(call)?),
        ("GET", ["orders", shop]) => list(state, shop),
        ("GET", ["orders", shop, order]) => {
            let stored = state.shops.get(*shop).and_then(|shop| shop.orders.get(&number(order).ok()?));
            let stored = stored.ok_or("the shop has no such order; put it first")?;
            Ok(json!({
                "order": stored.body,
                "earlier_versions": stored.earlier.len(),
                "fulfillment_orders": stored.fulfillment_orders,
                "fulfillments": stored.fulfillments,
            }))
        }
        ("POST", ["orders", shop, order, change]) => change_one(state, shop, number(order)?, change, call),
        ("POST", ["invent"]) => invent_orders(state, read(call)?),
        ("POST", ["canary"]) => canary(state, read(call)?),
        ("POST", ["deliver"]) => send(state, read(call)?),
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

fn number(text: &str) -> Result<i64, String> {
    text.parse().map_err(|_| "the order id must be a whole number".to_owned())
}

#[derive(Deserialize)]
struct Put {
    shop: String,
    orders: Vec<Value>,
    #[serde(default)]
    split: usize,
    #[serde(default)]
    deliver: bool,
}

fn put(state: &mut State, put: Put) -> Answer {
    let mut ids = Vec::new();
    for body in put.orders {
        let known = body["id"]
            .as_i64()
            .is_some_and(|id| state.shops.get(&put.shop).is_some_and(|shop| shop.orders.contains_key(&id)));
        let id = orders::put(state, &put.shop, body, put.split)?;
        let topic = if known { "orders/updated" } else { "orders/create" };
        announce(state, &put.shop, id, topic, put.deliver)?;
        ids.push(id);
    }
    Ok(json!({"ok": true, "orders": ids}))
}

/// Queues the webhook when asked to, or when the shop does so by itself; never twice.
fn announce(state: &mut State, shop: &str, id: i64, topic: &str, asked: bool) -> Result<(), String> {
    let automatic = state.shops.get(shop).is_some_and(|shop| shop.config.auto_webhooks);
    if asked || automatic {
        let webhook = webhooks::make(state, shop, topic, Some(id), &webhooks::WebhookOptions::default())?;
        deliver::queue(state, webhook, Some(id));
    }
    Ok(())
}

fn list(state: &State, shop: &str) -> Answer {
    let shop = state.shops.get(shop).ok_or("there is no such shop; add it with PUT /control/shops")?;
    let rows = shop.orders.values().map(|stored| {
        json!({
            "id": stored.id(),
            "name": stored.body["name"],
            "updated_at": stored.body["updated_at"],
            "cancelled_at": stored.body["cancelled_at"],
            "fulfillment_status": stored.body["fulfillment_status"],
        })
    });
    Ok(json!({"orders": rows.collect::<Vec<Value>>()}))
}

#[derive(Deserialize)]
struct Units {
    lines: BTreeMap<String, i64>,
    #[serde(default)]
    restock: bool,
}

#[derive(Deserialize)]
struct Reason {
    reason: Option<String>,
}

fn change_one(state: &mut State, shop: &str, order: i64, change: &str, call: &Call) -> Answer {
    match change {
        "edit" => {
            let units: Units = read(call)?;
            let lines = resolve(state, shop, order, &units.lines)?;
            changes::edit(state, shop, order, &lines)?;
        }
        "refund" => {
            let units: Units = read(call)?;
            let lines = resolve(state, shop, order, &units.lines)?;
            changes::refund(state, shop, order, &lines, units.restock)?;
        }
        "address" => changes::address(state, shop, order, &read(call)?)?,
        "patch" => changes::patch(state, shop, order, &read(call)?)?,
        "cancel" => {
            let reason = read::<Reason>(call)?.reason;
            changes::cancel(state, shop, order, reason.as_deref().unwrap_or("customer"))?;
        }
        "hold" => {
            let reason = read::<Reason>(call)?.reason;
            changes::hold(state, shop, order, reason.as_deref().unwrap_or("OTHER"))?;
        }
        "release" => changes::release(state, shop, order)?,
        "delete" => changes::delete(state, shop, order)?,
        _ => return Err("there is no such change; GET /control lists them".to_owned()),
    }
    done()
}

/// Line ids, or SKUs of the order's lines, to line ids.
fn resolve(
    state: &State,
    shop: &str,
    order: i64,
    lines: &BTreeMap<String, i64>,
) -> Result<Vec<(i64, i64)>, String> {
    let stored = state.shops.get(shop).and_then(|shop| shop.orders.get(&order));
    let stored = stored.ok_or("the shop has no such order; put it first")?;
    let each = lines.iter().map(|(name, units)| {
        let by_sku = stored.lines().iter().find(|line| line["sku"].as_str() == Some(name)).map(id_of);
        let id = by_sku.or(name.parse().ok());
        id.map(|id| (id, *units)).ok_or_else(|| format!("the order has no line {name}"))
    });
    each.collect()
}

#[derive(Deserialize)]
struct Invent {
    shop: String,
    #[serde(default)]
    seed: u64,
    count: usize,
    #[serde(default)]
    deliver: bool,
}

fn invent_orders(state: &mut State, wanted: Invent) -> Answer {
    let mut made = Vec::new();
    let mix = invent::Mix::default();
    for order in invent::orders(wanted.seed, wanted.count, &mix, invent::catalogue()) {
        let body = stamp(state, order.order);
        let id = orders::put(state, &wanted.shop, body, 1)?;
        announce(state, &wanted.shop, id, "orders/create", wanted.deliver)?;
        made.push(json!({"id": id, "kind": order.kind}));
    }
    Ok(json!({"ok": true, "orders": made}))
}

/// An order placed now.
fn stamp(state: &State, mut body: Value) -> Value {
    let now = crate::clock::rest(state.now());
    for name in ["created_at", "updated_at", "processed_at"] {
        body[name] = json!(now);
    }
    body
}

#[derive(Deserialize)]
struct Canary {
    shop: String,
    #[serde(default)]
    number: u64,
    #[serde(default)]
    deliver: bool,
}

fn canary(state: &mut State, wanted: Canary) -> Answer {
    let (body, tokens) = invent::canary_order(wanted.number);
    let body = stamp(state, body);
    let id = orders::put(state, &wanted.shop, body, 1)?;
    announce(state, &wanted.shop, id, "orders/create", wanted.deliver)?;
    let tokens: Vec<Value> =
        tokens.into_iter().map(|(pointer, token)| json!({"pointer": pointer, "token": token})).collect();
    Ok(json!({"ok": true, "order": id, "tokens": tokens}))
}

#[derive(Deserialize)]
struct Deliver {
    shop: String,
    topic: String,
    order: Option<i64>,
    #[serde(default)]
    orders: Vec<i64>,
    #[serde(default)]
    all: bool,
    #[serde(default = "once")]
    copies: usize,
    #[serde(default)]
    shuffle: bool,
    #[serde(default)]
    delay_seconds: i64,
    #[serde(flatten)]
    options: webhooks::WebhookOptions,
}

fn once() -> usize {
    1
}

/// Queues webhooks: `copies` of each, the same webhook id on every copy.
fn send(state: &mut State, wanted: Deliver) -> Answer {
    let mut about: Vec<Option<i64>> = wanted.orders.iter().copied().map(Some).collect();
    about.extend(wanted.order.map(Some));
    if wanted.all {
        let shop = state.shops.get(&wanted.shop);
        let shop = shop.ok_or("there is no such shop; add it with PUT /control/shops")?;
        about.extend(shop.orders.keys().copied().map(Some));
    }
    if about.is_empty() {
        about.push(None);
    }
    let due = state.now().checked_add(SignedDuration::from_secs(wanted.delay_seconds));
    let due = due.map_err(|_| "delay_seconds is too long")?;
    let mut ids = Vec::new();
    for order in about {
        let webhook = webhooks::make(state, &wanted.shop, &wanted.topic, order, &wanted.options)?;
        ids.push(webhook.webhook_id.clone());
        for copy in 0..wanted.copies {
            let before = state.outbox.waiting.len();
            deliver::queue(state, webhook.clone(), order);
            state.outbox.copies += u64::from(copy > 0);
            if wanted.delay_seconds != 0 {
                state.outbox.waiting.iter_mut().skip(before).for_each(|one| one.due = due);
            }
        }
    }
    if wanted.shuffle {
        deliver::shuffle(state);
    }
    Ok(json!({"ok": true, "webhook_ids": ids, "waiting": state.outbox.waiting.len()}))
}
