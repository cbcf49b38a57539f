//! eBay, as far as the sandbox plays it: the token service, Fulfillment and Inventory calls, public keys, and
//! notifications that it signs with a P-256 key of its own.
//!
//! An account lives at `/ebay/{account}`, below which paths are eBay's: `/identity/v1/oauth2/token`,
//! `/oauth2/authorize`, `/sell/fulfillment/v1/...`, `/sell/inventory/v1/...`,
//! `/commerce/notification/v1/public_key/{kid}`. Endpoint names are `ebay.` and eBay's own name of the call, such as
//! `ebay.getOrders` and `ebay.createShippingFulfillment`, besides `ebay.token` and `ebay.consent`.
//!
//! How an account is set up is [`account::Config`]. Of the common control words two differ: `edit` is refused, because
//! an order at eBay cannot be edited, and `deliver` knows `what`: `order_confirmation` (one per line, as eBay sends
//! them), `account_deletion` with `user`, `user_id` and `count` (the first is that user, the others nobody we know),
//! and `authorization_revocation`. Every further copy, and every repeat after a refusal, has the same notification id
//! and other bytes. `POST /control/ebay/{account}/challenge` `{code}` gives the address to call and the answer due.

pub mod account;
mod control;
mod invent;
mod oauth;
mod orders;
pub mod push;
mod shipping;
mod stock;

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};
use account::Account;
pub use control::control;

/// Calls of the Fulfillment API a day (contract section 1, unverified).
pub const FULFILMENT_A_DAY: u64 = 100_000;
/// Calls of the Inventory API a day (contract section 1, unverified).
pub const INVENTORY_A_DAY: u64 = 2_000_000;
/// Revisions of a listing in a calendar day (contract section 7).
pub const REVISIONS_A_DAY: u32 = 250;

/// Everything this sandbox knows about eBay.
#[derive(Debug, Default)]
pub struct World {
    /// Accounts by name.
    pub accounts: BTreeMap<String, Account>,
    signer: Option<push::Signer>,
}

/// The name of what a request asks for, for meters and faults: `ebay.` and an operation.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    format!("ebay.{}", operation(call, rest.get(1..).unwrap_or_default()))
}

fn operation(call: &Call, path: &[&str]) -> &'static str {
    match (call.method.as_str(), path) {
        ("POST", ["identity", "v1", "oauth2", "token"]) => "token",
        ("GET", ["oauth2", "authorize"]) => "consent",
        ("GET", ["sell", "fulfillment", "v1", "order"]) => "getOrders",
        ("GET", ["sell", "fulfillment", "v1", "order", _]) => "getOrder",
        ("GET", ["sell", "fulfillment", "v1", "order", _, "shipping_fulfillment"]) => {
            "getShippingFulfillments"
        }
        ("GET", ["sell", "fulfillment", "v1", "order", _, "shipping_fulfillment", _]) => {
            "getShippingFulfillment"
        }
        ("POST", ["sell", "fulfillment", "v1", "order", _, "shipping_fulfillment"]) => {
            "createShippingFulfillment"
        }
        ("GET", ["sell", "inventory", "v1", "offer"]) => "getOffers",
        ("POST", ["sell", "inventory", "v1", "bulk_update_price_quantity"]) => "bulkUpdatePriceQuantity",
        ("GET", ["commerce", "notification", "v1", "public_key", _]) => "getPublicKey",
        _ => "unknown",
    }
}

/// A refusal in eBay's form.
fn error(status: u16, id: u32, domain: &str, message: &str) -> Reply {
    let category = if status < 500 { "REQUEST" } else { "APPLICATION" };
    let one = json!({"errorId": id, "domain": domain, "category": category, "message": message});
    Reply::json(status, &json!({"errors": [one]}))
}

/// Answers one request; `rest` is the path after `/ebay`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    let nowhere = || Reply::json(404, &json!({"error": "the sandbox plays nothing at this address"}));
    let [name, path @ ..] = rest else { return nowhere() };
    let operation = operation(call, path);
    if operation == "unknown" || !state.ebay.accounts.contains_key(*name) {
        return nowhere();
    }
    match count(state, name, operation).and_then(|()| work(state, name, operation, call, path)) {
        Ok(reply) => reply,
        Err(reply) => {
            if matches!(reply.status, 400 | 401 | 403) {
                let id = reply.value()["errors"][0]["errorId"].as_u64().unwrap_or(0);
                state.refuse(&format!("ebay.{operation}"), format!("{} {id}", reply.status));
            }
            reply
        }
    }
}

type Done = Result<Reply, Reply>;

fn work(state: &mut State, name: &str, operation: &str, call: &Call, path: &[&str]) -> Done {
    let now = state.now();
    let nowhere = || error(404, 2002, "ACCESS", "Resource not found");
    if operation == "getPublicKey" {
        let account = state.ebay.accounts.get(name).ok_or_else(nowhere)?;
        oauth::check(account, call, now, true)?;
        return push::public_key(state, path.last().copied().unwrap_or_default());
    }
    if operation == "token" || operation == "consent" {
        let fresh = state.fresh_uuid();
        let account = state.ebay.accounts.get_mut(name).ok_or_else(nowhere)?;
        return if operation == "token" {
            oauth::token(account, call, now, &fresh)
        } else {
            oauth::consent(account, call, now, &fresh)
        };
    }
    let enforced = state.limits.ebay;
    let account = state.ebay.accounts.get_mut(name).ok_or_else(nowhere)?;
    oauth::check(account, call, now, false)?;
    match (operation, path) {
        ("getOrders", _) => orders::list(account, call, now),
        ("getOrder", [.., id]) => orders::get(account, id, now),
        ("getShippingFulfillments", [.., id, _]) => shipping::list(account, id),
        ("getShippingFulfillment", [.., id, _, parcel]) => shipping::get(account, id, parcel),
        ("createShippingFulfillment", [.., id, _]) => shipping::create(account, id, call, now),
        ("getOffers", _) => stock::offers(account, call),
        ("bulkUpdatePriceQuantity", _) => stock::update(account, call, now, enforced),
        _ => Err(nowhere()),
    }
}

/// Counts a call, and refuses it when the day's are used up and limits are kept.
fn count(state: &mut State, name: &str, operation: &str) -> Result<(), Reply> {
    let (today, enforced) = (account::day(state.now()), state.limits.ebay);
    let Some(account) = state.ebay.accounts.get_mut(name) else { return Ok(()) };
    *account.calls.entry(operation.to_owned()).or_default() += 1;
    let (api, most) = match operation {
        "token" | "consent" | "getPublicKey" => return Ok(()),
        "getOffers" | "bulkUpdatePriceQuantity" => ("inventory", INVENTORY_A_DAY),
        _ => ("fulfillment", FULFILMENT_A_DAY),
    };
    let used = account.today.entry((today, api)).or_default();
    *used += 1;
    if *used > most {
        account.over_limit += 1;
        if enforced {
            return Err(error(429, 2001, "ACCESS", "The request limit has been reached for the resource."));
        }
    }
    Ok(())
}

/// Counts per account, without names or addresses.
pub fn report(state: &State) -> Value {
    let all = state.ebay.accounts.iter();
    all.map(|(name, account)| (name.clone(), account.report())).collect::<serde_json::Map<_, _>>().into()
}
