//! The control door of eBay accounts.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::account::{Account, Config, StoredOrder, instant};
use super::push::{self, Wanted};
use super::{invent, stock};
use crate::control::read;
use crate::deliver;
use crate::state::State;
use crate::wire::Call;

type Answer = Result<Value, String>;

const NO_ACCOUNT: &str = "there is no such account; add it with PUT /control/ebay/{account}";
const NO_ORDER: &str = "the account has no such order; put it first";

/// Answers one control request; `rest` is the path after `/control/ebay`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(state: &mut State, call: &Call, rest: &[&str]) -> Answer {
    match (call.method.as_str(), rest) {
        ("PUT", [name]) => {
            let (config, now): (Config, _) = (read(call)?, state.now());
            match state.ebay.accounts.get_mut(*name) {
                Some(account) => account.configure(config, now),
                None => {
                    state.ebay.accounts.insert((*name).to_owned(), Account::new(config, now));
                }
            }
            done()
        }
        ("PUT", [name, "orders"]) => {
            let Put { orders, deliver } = read(call)?;
            let kept = orders.into_iter().map(|order| put(state, name, order, deliver));
            Ok(json!({"ok": true, "orders": kept.collect::<Result<Vec<_>, _>>()?}))
        }
        ("POST", [name, "invent"]) => {
            let Invent { seed, count, deliver } = read(call)?;
            let mut made = Vec::new();
            for one in invent::orders(seed, count, state.now()) {
                let id = put(state, name, one.order, deliver)?;
                made.push(json!({"id": id, "kind": one.kind}));
            }
            Ok(json!({"ok": true, "orders": made}))
        }
        ("POST", [name, "canary"]) => {
            let Canary { number, deliver } = read(call)?;
            let (order, tokens) = invent::canary(number, state.now())?;
            let id = put(state, name, order, deliver)?;
            let token = |(pointer, token)| json!({"pointer": pointer, "token": token});
            Ok(
                json!({"ok": true, "order": id, "tokens": tokens.into_iter().map(token).collect::<Vec<Value>>()}),
            )
        }
        ("GET", [name, "orders"]) => Ok(account(state, name)?.orders.values().map(shown).collect()),
        ("GET", [name, "orders", id]) => Ok(shown(account(state, name)?.orders.get(*id).ok_or(NO_ORDER)?)),
        ("POST", [name, "orders", id, change]) => change_one(state, name, id, change, call),
        ("PUT", [name, "stock"]) => {
            let Levels { levels } = read(call)?;
            let account = account(state, name)?;
            for (sku, units) in levels {
                let item = account.items.get_mut(&sku);
                let item = item.ok_or("the account has no Inventory API listing of that SKU")?;
                (item.quantity, item.available) = (units, units);
            }
            done()
        }
        ("GET", [name, "stock"]) => Ok(json!({"levels": stock::levels(account(state, name)?)})),
        ("POST", [name, "deliver"]) => send(state, name, read(call)?),
        ("POST", [name, "tokens"]) => end_tokens(state, name, read(call)?),
        ("POST", [name, "challenge"]) => challenge(account(state, name)?, read(call)?),
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

fn done() -> Answer {
    Ok(json!({"ok": true}))
}

fn account<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Account, String> {
    state.ebay.accounts.get_mut(name).ok_or_else(|| NO_ACCOUNT.to_owned())
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
struct Levels {
    levels: BTreeMap<String, u64>,
}

/// Keeps an order, and says so when asked to.
fn put(state: &mut State, name: &str, order: Value, deliver: bool) -> Result<String, String> {
    let id = order["orderId"].as_str().filter(|id| !id.is_empty()).ok_or("an order needs an orderId")?;
    let id = id.to_owned();
    if !order["lineItems"].is_array() {
        return Err("an order needs lineItems".to_owned());
    }
    let account = account(state, name)?;
    match account.orders.get_mut(&id) {
        Some(known) => known.body = order,
        None => {
            stock::sell(account, &order);
            account.orders.insert(id.clone(), StoredOrder { body: order, parcels: Vec::new() });
        }
    }
    if deliver {
        confirm(state, name, &id, &Deliver::default())?;
    }
    Ok(id)
}

/// What the shop shows of an order: the same for every channel.
fn shown(order: &StoredOrder) -> Value {
    let body = &order.body;
    let line =
        |line: &Value| json!({"id": line["lineItemId"], "sku": line["sku"], "quantity": line["quantity"]});
    let sent = |line: &Value| json!({"id": line["lineItemId"], "quantity": line["quantity"]});
    let list = |value: &Value, of: &dyn Fn(&Value) -> Value| -> Vec<Value> {
        value.as_array().into_iter().flatten().map(of).collect()
    };
    let parcel = |parcel: &Value| {
        json!({
            "number": parcel["shipmentTrackingNumber"],
            "carrier": parcel["shippingCarrierCode"],
            "lines": list(&parcel["lineItems"], &sent),
        })
    };
    json!({
        "id": body["orderId"],
        "cancelled": body["cancelStatus"]["cancelState"] == "CANCELED",
        "status": body["orderFulfillmentStatus"],
        "payment": body["orderPaymentStatus"],
        "lines": list(&body["lineItems"], &line),
        "tracking": order.parcels.iter().map(parcel).collect::<Vec<Value>>(),
    })
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Change {
    lines: BTreeMap<String, u64>,
    /// `requested` only asks to cancel, `declined` takes that back; without it the order is cancelled.
    state: Option<String>,
}

fn change_one(state: &mut State, name: &str, id: &str, change: &str, call: &Call) -> Answer {
    let now = state.now();
    let account = account(state, name)?;
    let order = account.orders.get_mut(id).ok_or(NO_ORDER)?;
    let body = &mut order.body;
    match change {
        "pay" => body["orderPaymentStatus"] = json!("PAID"),
        "cancel" => cancel(body, read::<Change>(call)?.state.as_deref(), &instant(now))?,
        "refund" => refund(body, &read::<Change>(call)?.lines, &instant(now))?,
        "address" => {
            let fields: Map<String, Value> = read(call)?;
            let to = body.pointer_mut("/fulfillmentStartInstructions/0/shippingStep/shipTo");
            let to = to.ok_or("the order has no shipping address")?;
            for (field, value) in fields {
                let contact = ["fullName", "companyName", "email", "primaryPhone"].contains(&field.as_str());
                let place = if contact { &mut *to } else { &mut to["contactAddress"] };
                place[field] = value;
            }
        }
        "erase" => return erase(state, name, id),
        "edit" => return Err("an order at eBay cannot be edited; cancel or refund it".to_owned()),
        _ => return Err("there is no such change; GET /control lists them".to_owned()),
    }
    body["lastModifiedDate"] = json!(instant(now));
    done()
}

fn cancel(body: &mut Value, state: Option<&str>, now: &str) -> Result<(), String> {
    let request = |state: &str| {
        json!({"cancelRequestId": "5100000001", "cancelInitiator": "Buyer", "cancelReason": "BUYER_ASKED_CANCEL",
            "cancelRequestedDate": now, "cancelRequestState": state})
    };
    body["cancelStatus"] = match state {
        Some("requested") => json!({"cancelState": "IN_PROGRESS", "cancelRequests": [request("REQUESTED")]}),
        Some("declined") => json!({"cancelState": "NONE_REQUESTED", "cancelRequests": [request("REJECTED")]}),
        None => {
            // As eBay shows it: the money is back, whatever became of the goods.
            body["orderPaymentStatus"] = json!("FULLY_REFUNDED");
            json!({"cancelState": "CANCELED", "cancelledDate": now, "cancelRequests": [request("COMPLETED")]})
        }
        Some(_) => return Err("state can be requested or declined, or left out".to_owned()),
    };
    Ok(())
}

/// Gives units of lines back, by line id or SKU; without lines, all of the order.
fn refund(body: &mut Value, wanted: &BTreeMap<String, u64>, now: &str) -> Result<(), String> {
    let all = wanted.is_empty();
    let mut left = 0;
    let mut found = 0;
    for line in body["lineItems"].as_array_mut().into_iter().flatten() {
        let quantity = line["quantity"].as_u64().unwrap_or(1).max(1);
        let named = |field: &str| line[field].as_str().and_then(|text| wanted.get(text)).copied();
        let units = if all { Some(quantity) } else { named("lineItemId").or_else(|| named("sku")) };
        let Some(units) = units else {
            left += 1;
            continue;
        };
        found += 1;
        left += usize::from(units < quantity);
        let cost = line["lineItemCost"]["value"].as_str().and_then(invent::pence).unwrap_or(0);
        let back = cost * units.min(quantity) / quantity;
        let mut amount = line["lineItemCost"].clone();
        amount["value"] = json!(format!("{}.{:02}", back / 100, back % 100));
        if let Some(original) = amount["convertedFromValue"].as_str().and_then(invent::pence) {
            let back = original * units.min(quantity) / quantity;
            amount["convertedFromValue"] = json!(format!("{}.{:02}", back / 100, back % 100));
        }
        let one = json!({"amount": amount, "refundDate": now, "refundId": "7700000001"});
        match line["refunds"].as_array_mut() {
            Some(refunds) => refunds.push(one),
            None => line["refunds"] = json!([one]),
        }
    }
    if found < wanted.len() {
        return Err("the order has no line of that id or SKU".to_owned());
    }
    let status = if left == 0 { "FULLY_REFUNDED" } else { "PARTIALLY_REFUNDED" };
    body["orderPaymentStatus"] = json!(status);
    Ok(())
}

/// The buyer closed their account: eBay hides who it was and tells everybody.
fn erase(state: &mut State, name: &str, id: &str) -> Answer {
    let account = account(state, name)?;
    let order = account.orders.get_mut(id).ok_or(NO_ORDER)?;
    let username = order.body["buyer"]["username"].as_str().unwrap_or_default().to_owned();
    order.body["buyer"] = json!({"username": "deleted_user"});
    if let Some(body) = order.body.as_object_mut() {
        body.remove("buyerCheckoutNotes");
    }
    if let Some(to) = order.body.pointer_mut("/fulfillmentStartInstructions/0/shippingStep/shipTo") {
        *to = json!({"primaryPhone": {}, "contactAddress": {"countryCode": "GB"}});
    }
    account.erased += 1;
    let told = Deliver { user: Some(username), what: "account_deletion".to_owned(), ..Deliver::default() };
    send(state, name, told)
}

/// What to send.
#[derive(Deserialize)]
#[serde(default)]
struct Deliver {
    what: String,
    order: Option<String>,
    user: Option<String>,
    user_id: Option<String>,
    count: usize,
    copies: usize,
    wrong_signature: bool,
    previous_secret: bool,
    payload: Option<Value>,
}

impl Default for Deliver {
    fn default() -> Self {
        Self {
            what: "order_confirmation".to_owned(),
            order: None,
            user: None,
            user_id: None,
            count: 1,
            copies: 1,
            wrong_signature: false,
            previous_secret: false,
            payload: None,
        }
    }
}

fn send(state: &mut State, name: &str, wanted: Deliver) -> Answer {
    if wanted.previous_secret {
        return Err("eBay has no secrets of ours to rotate; its key is its own".to_owned());
    }
    let before = state.outbox.waiting.len();
    match wanted.what.as_str() {
        "order_confirmation" => {
            let order = wanted.order.clone().ok_or("name the order")?;
            confirm(state, name, &order, &wanted)?;
        }
        "account_deletion" => {
            for n in 0..wanted.count {
                let number = state.fresh_id();
                let known = wanted.user.as_ref().filter(|_| n == 0);
                let user = known.cloned().unwrap_or_else(|| format!("stranger_{number}"));
                let id = wanted.user_id.as_ref().filter(|_| n == 0);
                let id = id.cloned().unwrap_or_else(|| format!("U{number}"));
                let data = json!({"username": user, "userId": id, "eiasToken": format!("eias{number}")});
                queue(state, name, "MARKETPLACE_ACCOUNT_DELETION", data, &wanted)?;
            }
        }
        "authorization_revocation" => revoked(state, name, &wanted)?,
        _ => return Err("what: order_confirmation, account_deletion or authorization_revocation".to_owned()),
    }
    let ids = state.outbox.waiting.iter().skip(before).map(|one| one.webhook.webhook_id.clone());
    let ids: Vec<String> = ids.collect();
    Ok(json!({"ok": true, "webhook_ids": ids, "waiting": state.outbox.waiting.len()}))
}

/// One notification for each line, as eBay sends them.
fn confirm(state: &mut State, name: &str, order: &str, wanted: &Deliver) -> Result<(), String> {
    let account = account(state, name)?;
    let user = json!({"userId": account.config.user_id, "username": account.config.username});
    let lines = account.orders.get(order).ok_or(NO_ORDER)?.body["lineItems"].clone();
    for line in lines.as_array().into_iter().flatten() {
        let id = json!([{"lineItemId": line["lineItemId"]}]);
        let data = json!({"user": user, "order": {"orderId": order, "orderLineItems": id}});
        queue(state, name, "ORDER_CONFIRMATION", data, wanted)?;
    }
    Ok(())
}

fn revoked(state: &mut State, name: &str, wanted: &Deliver) -> Result<(), String> {
    let now = instant(state.now());
    let config = &account(state, name)?.config;
    let data = json!({
        "username": config.username, "userId": config.user_id, "eiasToken": "eias-seller",
        "revokeReason": "REVOKED_BY_USER", "revocationDate": now,
    });
    queue(state, name, "AUTHORIZATION_REVOCATION", data, wanted)
}

/// Queues a notification and its copies, each as a try of its own.
fn queue(state: &mut State, name: &str, topic: &str, data: Value, wanted: &Deliver) -> Result<(), String> {
    let payload = wanted.payload.clone();
    let made = Wanted { account: name, topic, data, payload, wrong_signature: wanted.wrong_signature };
    let mut webhook = push::make(state, made)?;
    for copy in 0..wanted.copies {
        if copy > 0 && !wanted.wrong_signature {
            push::again(state, &mut webhook);
        }
        deliver::queue(state, webhook.clone(), None);
        state.outbox.copies += u64::from(copy > 0);
    }
    Ok(())
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ending {
    expire: bool,
    revoke: bool,
    deliver: bool,
}

/// Ends access tokens, or with `revoke` the seller's consent too, of which eBay then tells.
fn end_tokens(state: &mut State, name: &str, wanted: Ending) -> Answer {
    if !wanted.expire && !wanted.revoke {
        return Err("say expire or revoke".to_owned());
    }
    let account = account(state, name)?;
    if wanted.expire {
        account.tokens.clear();
    }
    if wanted.revoke {
        account.tokens.retain(|_, issued| issued.own);
        account.refresh.clear();
        if wanted.deliver {
            revoked(state, name, &Deliver::default())?;
        }
    }
    done()
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// What eBay does when an address is registered: calls it with a code. Gives the call and the answer due.
fn challenge(account: &Account, Code { code }: Code) -> Answer {
    let url = account.config.webhook_url.clone().ok_or("the account has no webhook_url")?;
    let hash = digest(
        &SHA256,
        [&code, &account.config.verification_token, &url].map(String::as_str).concat().as_bytes(),
    );
    let due: String = hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    Ok(json!({"get": format!("{url}?challenge_code={code}"), "answer": {"challengeResponse": due}}))
}
