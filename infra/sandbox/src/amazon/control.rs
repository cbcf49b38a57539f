//! The control door of Amazon accounts.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::orders::Order;
use super::{Account, Config, canary, invent, notifications};
use crate::control::read;
use crate::state::State;
use crate::wire::Call;

type Answer = Result<Value, String>;

const NO_ORDER: &str = "the account has no such order; put it first";

fn done() -> Answer {
    Ok(json!({"ok": true}))
}

fn find<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Account, String> {
    let account = state.amazon.accounts.get_mut(name);
    account.ok_or_else(|| "there is no such account; add it with PUT /control/amazon/{account}".to_owned())
}

/// Answers one control request; `rest` is the path after `/control/amazon`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(state: &mut State, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("PUT", [name]) => {
            let config: Config = read(call)?;
            let account = state.amazon.accounts.entry((*name).to_owned()).or_default();
            if account.config.refresh_token != config.refresh_token {
                account.agree();
            }
            account.config = config;
            done()
        }
        ("PUT", [name, "orders"]) => put(state, name, read(call)?),
        ("POST", [name, "invent"]) => {
            let wanted: Invent = read(call)?;
            let now = state.now();
            let mut made = Vec::new();
            for (kind, body) in invent::orders(wanted.seed, wanted.count, now) {
                made.push(json!({"id": add(state, name, body, wanted.deliver)?, "kind": kind}));
            }
            Ok(json!({"ok": true, "orders": made}))
        }
        ("POST", [name, "canary"]) => {
            let wanted: Canary = read(call)?;
            let (body, tokens) = canary::order(wanted.number, state.now());
            let id = add(state, name, body, wanted.deliver)?;
            let tokens =
                tokens.into_iter().map(|(pointer, token)| json!({"pointer": pointer, "token": token}));
            Ok(json!({"ok": true, "order": id, "tokens": tokens.collect::<Vec<Value>>()}))
        }
        ("GET", [name, "orders"]) => Ok(find(state, name)?.orders.values().map(shown).collect()),
        ("GET", [name, "orders", id]) => {
            let order = find(state, name)?.orders.get(*id).ok_or(NO_ORDER)?;
            let mut shown = shown(order);
            shown["order"] = order.body.clone();
            Ok(shown)
        }
        ("POST", [name, "orders", id, verb]) => change(state, name, id, verb, call),
        ("PUT", [name, "stock"]) => {
            let stock: Stock = read(call)?;
            let listings = &mut find(state, name)?.listings;
            stock.levels.iter().for_each(|(sku, units)| listings.set(sku, *units));
            done()
        }
        ("GET", [name, "stock"]) => {
            let now = state.now();
            let levels = find(state, name)?.listings.shown(now).clone();
            let units = levels.iter().map(|(sku, listing)| (sku.clone(), listing.quantity));
            let units: BTreeMap<String, i64> = units.collect();
            Ok(json!({"levels": units, "listings": levels}))
        }
        ("POST", [name, "deliver"]) => deliver(state, name, &read(call)?),
        ("POST", [name, "tokens"]) => {
            let wanted: Tokens = read(call)?;
            let account = find(state, name)?;
            if wanted.expire {
                account.expire();
            }
            if wanted.revoke {
                account.revoke();
            }
            done()
        }
        ("GET", [name, "notifications"]) => {
            Ok(json!({"notifications": find(state, name)?.take_notifications()}))
        }
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

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

#[derive(Deserialize)]
struct Stock {
    levels: BTreeMap<String, i64>,
}

#[derive(Deserialize)]
#[serde(default)]
struct Deliver {
    order: String,
    copies: usize,
    payload: Option<Value>,
    what: Option<String>,
}

impl Default for Deliver {
    fn default() -> Self {
        Self { order: String::new(), copies: 1, payload: None, what: None }
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Tokens {
    expire: bool,
    revoke: bool,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cancel {
    requested: bool,
}

#[derive(Deserialize)]
struct Units {
    lines: BTreeMap<String, u64>,
}

fn put(state: &mut State, name: &str, put: Put) -> Answer {
    let ids: Result<Vec<String>, String> =
        put.orders.into_iter().map(|body| add(state, name, body, put.deliver)).collect();
    Ok(json!({"ok": true, "orders": ids?}))
}

/// Takes an order in, new or in place of the old one; what a new one buys is no longer for sale.
fn add(state: &mut State, name: &str, body: Value, deliver: bool) -> Result<String, String> {
    let now = state.now();
    let account = find(state, name)?;
    let order = Order::new(body, &account.config.marketplace_id, now)?;
    let id = order.id().to_owned();
    if !account.orders.contains_key(&id) {
        account.listings.shown(now);
        for item in order.items() {
            let sku = item["product"]["sellerSku"].as_str().unwrap_or_default();
            account.listings.sold(sku, item["quantityOrdered"].as_i64().unwrap_or(0));
        }
    }
    account.orders.insert(id.clone(), order);
    notifications::changed(state, name, &id, deliver);
    Ok(id)
}

/// What the shop shows of an order, without names or addresses.
fn shown(order: &Order) -> Value {
    let line = |item: &Value| {
        let of = |name: &str| item["fulfillment"][name].as_u64().unwrap_or(0);
        json!({
            "id": item["orderItemId"],
            "sku": item["product"]["sellerSku"],
            "quantity": of("quantityFulfilled") + of("quantityUnfulfilled"),
        })
    };
    let parcel = |package: &Value| {
        let items = package["packageItems"].as_array().into_iter().flatten();
        let lines = items.map(|one| json!({"id": one["orderItemId"], "quantity": one["quantity"]}));
        json!({
            "number": package["trackingNumber"],
            "carrier": package["carrier"],
            "lines": lines.collect::<Vec<Value>>(),
        })
    };
    json!({
        "id": order.id(),
        "cancelled": order.is_cancelled(),
        "status": order.status(),
        "lines": order.items().iter().map(line).collect::<Vec<Value>>(),
        "tracking": order.packages().iter().map(parcel).collect::<Vec<Value>>(),
    })
}

fn change(state: &mut State, name: &str, id: &str, verb: &str, call: &Call) -> Answer {
    let now = state.now();
    let account = find(state, name)?;
    let order = account.orders.get_mut(id).ok_or(NO_ORDER)?;
    match verb {
        "pay" => order.body["fulfillment"]["fulfillmentStatus"] = json!("UNSHIPPED"),
        "cancel" if read::<Cancel>(call)?.requested => each(order, |item| {
            item["cancellation"]["cancellationRequest"] =
                json!({"requester": "BUYER", "cancelReason": "Ordered by mistake"});
        }),
        "cancel" => each(order, cancel),
        "edit" => {
            for (line, units) in read::<Units>(call)?.lines {
                let item = order.item(&line).ok_or_else(|| format!("the order has no line {line}"))?;
                want(item, units);
            }
        }
        "refund" => {
            for (line, units) in read::<Units>(call)?.lines {
                let item = order.item(&line).ok_or_else(|| format!("the order has no line {line}"))?;
                let of = |name: &str| item["fulfillment"][name].as_u64().unwrap_or(0);
                let wanted = of("quantityFulfilled") + of("quantityUnfulfilled").saturating_sub(units);
                want(item, wanted);
            }
        }
        "address" => {
            let fields: BTreeMap<String, Value> = read(call)?;
            for (field, value) in fields {
                order.body["recipient"]["deliveryAddress"][field] = value;
            }
        }
        "erase" => {
            if let Some(body) = order.body.as_object_mut() {
                body.remove("recipient");
                body.remove("buyer");
            }
            account.erased.insert(id.to_owned());
        }
        "arrive" => {
            let packages = order.body["packages"].as_array_mut().into_iter().flatten();
            packages.for_each(|package| package["packageStatus"] = json!({"status": "DELIVERED"}));
        }
        _ => return Err("there is no such change; GET /control lists them".to_owned()),
    }
    let account = find(state, name)?;
    account.orders.get_mut(id).ok_or(NO_ORDER)?.changed(now);
    notifications::changed(state, name, id, false);
    done()
}

fn each(order: &mut Order, change: impl Fn(&mut Value)) {
    order.body["orderItems"].as_array_mut().into_iter().flatten().for_each(change);
}

/// Amazon shows that a line was cancelled, and by whom; what had left stays as it is.
fn cancel(item: &mut Value) {
    item["cancellation"]["cancellationExecution"] =
        json!({"cancelledBy": "MERCHANT", "cancelReason": "No inventory"});
    item["fulfillment"]["quantityUnfulfilled"] = json!(0);
}

/// Wants so many pieces in all, never fewer than have left nor more than were ordered.
fn want(item: &mut Value, units: u64) {
    let done = item["fulfillment"]["quantityFulfilled"].as_u64().unwrap_or(0);
    let ordered = item["quantityOrdered"].as_u64().unwrap_or(0);
    if units == 0 {
        cancel(item);
    } else {
        item["fulfillment"]["quantityUnfulfilled"] = json!(units.min(ordered).saturating_sub(done));
    }
}

fn deliver(state: &mut State, name: &str, wanted: &Deliver) -> Answer {
    let seller = match wanted.what.as_deref() {
        None => None,
        Some("other_seller") => Some("A9SOMEBODYELSE"),
        Some(_) => return Err("what can be other_seller".to_owned()),
    };
    let body = match &wanted.payload {
        Some(payload) => payload.clone(),
        None => notifications::body(state, name, &wanted.order, seller).ok_or(NO_ORDER)?,
    };
    for _ in 0..wanted.copies {
        notifications::put(state, name, body.clone());
    }
    Ok(json!({"ok": true, "waiting": find(state, name)?.notifications.len()}))
}
