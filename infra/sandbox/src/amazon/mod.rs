//! Amazon: sellers, Login with Amazon, Orders 2026-01-01 and v0, Listings, notifications.
//!
//! Everything lies below `/amazon/{account}`: the Selling Partner API, Login with Amazon (`/auth/o2/token`) and
//! the page where a seller agrees (`/apps/authorize/consent`). An account is set up with
//! `PUT /control/amazon/{account}` and [`Config`]'s fields. Beside the control verbs of every channel there are
//! - `GET  /control/amazon/{account}/notifications`: the ORDER_CHANGE bodies since the last time, taken once,
//!   because the real ones travel by SQS; the faults `duplicate`, `drop` and `shuffle` at `amazon.notification`
//!   misplace them;
//! - `POST /control/amazon/{account}/orders/{order}/arrive`: its parcels are delivered;
//! - `cancel` with `{"requested": true}`: the buyer asks, nothing is cancelled yet;
//! - `deliver` with `{"what": "other_seller"}`: a notification about somebody else's order.

mod canary;
mod confirm;
mod control;
mod invent;
mod limits;
mod listings;
mod notifications;
mod orders;
mod search;
mod token;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};
pub use control::control;
use limits::Buckets;
use listings::Listings;
use orders::Order;

/// What an account is set up with. Every field may be left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// Amazon's id of the seller.
    pub seller_id: String,
    /// The one marketplace the seller sells in.
    pub marketplace_id: String,
    /// The application's id at Login with Amazon.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// The seller's lasting token.
    pub refresh_token: String,
    /// Where the seller comes back to after agreeing.
    pub redirect_uri: String,
    /// False plays an app without the restricted role: recipients and gift messages are absent.
    pub restricted_role: bool,
    /// Notifications are made of every change; `createSubscription` turns this on too.
    pub subscribed: bool,
    /// How long an access token lives.
    pub token_seconds: u32,
    /// How long what was confirmed or patched takes to show.
    pub show_after_seconds: u32,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            seller_id: "A3SANDBOXSELLER".to_owned(),
            marketplace_id: "A1F83G8C2ARO7P".to_owned(),
            client_id: "amzn1.application-oa2-client.sandbox".to_owned(),
            client_secret: "amzn1.oa2-cs.v1.sandbox".to_owned(),
            refresh_token: "Atzr|sandbox".to_owned(),
            redirect_uri: "http://127.0.0.1/connect/amazon".to_owned(),
            restricted_role: true,
            subscribed: false,
            token_seconds: 3_600,
            show_after_seconds: 0,
        }
    }
}

/// A seller's account and everything in it.
#[derive(Debug, Default)]
pub struct Account {
    /// How it was set up.
    pub config: Config,
    /// Orders by Amazon's key.
    pub orders: BTreeMap<String, Order>,
    /// What the seller offers.
    pub listings: Listings,
    /// Access tokens that were given.
    tokens: BTreeMap<String, token::Access>,
    /// Codes of sellers who agreed, until they are exchanged.
    codes: BTreeMap<String, Timestamp>,
    /// The seller took the permission back.
    revoked: bool,
    pages: BTreeMap<String, search::Cursor>,
    destinations: BTreeMap<String, Value>,
    subscription: Option<Value>,
    notifications: Vec<Value>,
    buckets: Buckets,
    calls: BTreeMap<&'static str, u64>,
    erased: BTreeSet<String>,
}

impl Account {
    /// What was told of changes since the last time.
    pub fn take_notifications(&mut self) -> Vec<Value> {
        std::mem::take(&mut self.notifications)
    }
}

/// Everything this sandbox knows about Amazon.
#[derive(Debug, Default)]
pub struct World {
    /// Accounts by name.
    pub accounts: BTreeMap<String, Account>,
}

/// What a request asks for.
fn operation(call: &Call, rest: &[&str]) -> &'static str {
    match (call.method.as_str(), rest) {
        ("POST", ["auth", "o2", "token"]) => "token",
        ("GET", ["apps", "authorize", "consent"]) => "consent",
        ("GET", ["orders", "2026-01-01", "orders"]) => "searchOrders",
        ("GET", ["orders", "2026-01-01", "orders", _]) => "getOrder",
        ("POST", ["orders", "v0", "orders", _, "shipmentConfirmation"]) => "confirmShipment",
        ("PATCH", ["listings", "2021-08-01", "items", _, _]) => "patchListingsItem",
        ("POST", ["notifications", "v1", "destinations"]) => "createDestination",
        ("GET", ["notifications", "v1", "destinations"]) => "getDestinations",
        ("POST", ["notifications", "v1", "subscriptions", _]) => "createSubscription",
        ("GET", ["notifications", "v1", "subscriptions", _]) => "getSubscription",
        _ => "unknown",
    }
}

/// The name of what a request asks for, for meters and faults: `amazon.` and an operation.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    format!("amazon.{}", operation(call, rest.get(1..).unwrap_or_default()))
}

/// Answers one request; `rest` is the path after `/amazon`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    let [name, rest @ ..] = rest else { return error(404, "NotFound", "There is no account here.") };
    let operation = operation(call, rest);
    let (now, limited) = (state.now(), state.limits.amazon);
    let Some(account) = state.amazon.accounts.get_mut(*name) else {
        return error(
            404,
            "NotFound",
            "There is no such account; add it with PUT /control/amazon/{account}.",
        );
    };
    *account.calls.entry(operation).or_default() += 1;
    let open = matches!(operation, "token" | "consent");
    if !open && let Err(reply) = account.authorised(operation, call, now) {
        return refused(state, operation, reply);
    }
    let within = account.buckets.take(operation, now);
    if limited && !within {
        let reply = error(429, "QuotaExceeded", "You exceeded your quota for the requested resource.");
        return limits::told(reply, operation);
    }
    let result = match (operation, rest) {
        ("token", _) => token::answer(state, name, call),
        ("consent", _) => token::consent(state, name, call),
        ("searchOrders", _) => search::answer(state, name, call),
        ("getOrder", [.., order]) => orders::answer(state, name, order, call),
        ("confirmShipment", [.., order, _]) => confirm::answer(state, name, order, call),
        ("patchListingsItem", [.., seller, sku]) => listings::answer(state, name, (seller, sku), call),
        ("unknown", _) => Err(error(404, "NotFound", "There is no such operation.")),
        (_, _) => notifications::answer(state, name, operation, rest, call),
    };
    let reply = result.unwrap_or_else(|reply| refused(state, operation, reply));
    limits::told(reply, operation)
}

/// Notes what Amazon would refuse. A token that ended and an order that is not there are everyday.
fn refused(state: &mut State, operation: &str, reply: Reply) -> Reply {
    if !matches!(reply.status, 401 | 403 | 404) && operation != "token" {
        let message = reply.value()["errors"][0]["message"].as_str().unwrap_or_default().to_owned();
        state.refuse(&format!("amazon.{operation}"), message);
    }
    reply
}

/// Amazon's error list with one error.
fn error(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"errors": [{"code": code, "message": message, "details": ""}]}))
}

/// What Amazon says of input it does not understand.
fn invalid(message: impl AsRef<str>) -> Reply {
    error(400, "InvalidInput", message.as_ref())
}

/// The account, which [`answer`] has found already.
fn account<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Account, Reply> {
    let gone = || error(404, "NotFound", "There is no such account.");
    state.amazon.accounts.get_mut(name).ok_or_else(gone)
}

/// Counts per account, without names or addresses.
pub fn report(state: &State) -> Value {
    let each = state.amazon.accounts.iter().map(|(name, account)| {
        let orders = || account.orders.values();
        let counts = json!({
            "orders": orders().count(),
            "cancelled": orders().filter(|order| order.is_cancelled()).count(),
            "written_back": orders().filter(|order| !order.numbers().is_empty()).count(),
            "written_twice": orders().map(Order::repeated).sum::<usize>(),
            "stock_sets": account.listings.sets,
            "erased": account.erased.len(),
            "calls": account.calls,
            "over_limit": account.buckets.over,
        });
        (name.clone(), counts)
    });
    Value::Object(each.collect::<Map<String, Value>>())
}
