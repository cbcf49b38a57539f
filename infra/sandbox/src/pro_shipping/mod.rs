//! Royal Mail Pro Shipping v4, one account under `/pro-shipping`: log in, create, list, print, cancel.
//!
//! Paths, fields, limits and error codes are those of the specification (contracts/royal-mail). That a list is by
//! the day of the booking, and which services give a tracking number, is plausible and unverified.

pub mod fields;
mod label;
mod shipments;

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};
pub use shipments::{Shipment, Status};

/// Client id of the account.
pub const CLIENT_ID: &str = "pro-shipping-client";
/// Client secret of the account, until a test changes it.
pub const CLIENT_SECRET: &str = "pro-shipping-secret";
/// The account's `ShippingAccountId`.
pub const SHIPPING_ACCOUNT: &str = "8d87bc48-e23f-4eeb-9486-a4f6cb8ea02e";
/// Its only posting location.
pub const SHIPPING_LOCATION: &str = "708a1cad-67a7-4e2a-a0bc-a302eba819e7";

/// Everything this sandbox knows about the account.
#[derive(Debug)]
pub struct World {
    /// Its secret.
    pub client_secret: String,
    /// How long a token lasts, in seconds.
    pub token_seconds: i64,
    /// Shipments in the order they were booked.
    pub shipments: Vec<Shipment>,
    /// Labels made, each once.
    pub labels: u64,
    tokens: BTreeMap<String, Timestamp>,
    personal: BTreeSet<String>,
    serial: u32,
}

impl Default for World {
    fn default() -> Self {
        Self {
            client_secret: CLIENT_SECRET.to_owned(),
            token_seconds: 3600,
            shipments: Vec::new(),
            labels: 0,
            tokens: BTreeMap::new(),
            personal: BTreeSet::new(),
            // Apart from Click & Drop's numbers: tracking knows both.
            serial: 50_000_000,
        }
    }
}

impl World {
    /// No token is good any more.
    pub fn revoke(&mut self) {
        self.tokens.clear();
    }

    /// As people do on the carrier's site: every printed label is handed over.
    pub fn hand_over(&mut self) -> usize {
        let printed = self.shipments.iter_mut().filter(|one| one.status == Status::LabelPrinted);
        printed.map(|one| one.status = Status::Confirmed).count()
    }

    /// Shipments that are not cancelled.
    pub fn live(&self) -> impl Iterator<Item = &Shipment> {
        self.shipments.iter().filter(|one| one.status != Status::Cancelled)
    }

    /// Shipments beyond the first with the same reference.
    pub fn booked_twice(&self) -> usize {
        let named: Vec<&str> = self.live().filter_map(|one| one.reference.as_deref()).collect();
        named.len() - named.iter().collect::<BTreeSet<_>>().len()
    }
}

/// The name of what a request asks for, for meters and faults: `pro-shipping.` and an operation.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    let name = match (call.method.as_str(), rest) {
        ("POST", ["connect", "token"]) => "login",
        ("GET", ["v4", "shippingAccounts"]) => "accounts",
        ("POST", ["v4", "shipments", "rm"]) => "create",
        ("GET", ["v4", "shipments", "printLabel", "rm", _]) => "label",
        ("PUT", ["v4", "shipments", "status"]) => "cancel",
        ("GET", ["v4", "shipments", _]) => "list",
        _ => "unknown",
    };
    format!("pro-shipping.{name}")
}

/// Answers one request; `rest` is the path after `/pro-shipping`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    let name = endpoint(call, rest);
    if name == "pro-shipping.login" {
        return login(state, call);
    }
    if !is_logged_in(state, call) {
        return Reply::empty(401);
    }
    match (name.as_str(), rest) {
        ("pro-shipping.accounts", _) => Reply::json(200, &accounts()),
        ("pro-shipping.create", _) => shipments::create(state, call),
        ("pro-shipping.label", [.., id]) => shipments::print(state, id, call),
        ("pro-shipping.cancel", _) => shipments::cancel(state, call),
        ("pro-shipping.list", [.., location]) => shipments::list(state, location, call),
        _ => Reply::empty(404),
    }
}

fn login(state: &mut State, call: &Call) -> Reply {
    let basic = call.header_text("authorization").and_then(|value| value.strip_prefix("Basic "));
    let given = basic.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let form = call.header_text("content-type") == Some("application/x-www-form-urlencoded")
        && call.body.as_ref() == b"grant_type=client_credentials";
    let want = format!("{CLIENT_ID}:{}", state.pro_shipping.client_secret);
    if !form || given != want.into_bytes() {
        let error = if form { "invalid_client" } else { "unsupported_grant_type" };
        return Reply::json(400, &json!({"error": error}));
    }
    let (token, seconds) = (state.fresh_uuid(), state.pro_shipping.token_seconds);
    let ends = state.now().checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX);
    state.pro_shipping.tokens.insert(token.clone(), ends);
    Reply::json(200, &json!({"access_token": token, "expires_in": seconds, "token_type": "Bearer"}))
}

/// The first page of accounts: the one there is.
fn accounts() -> Value {
    json!({
        "ShippingAccounts": [{
            "ShippingAccountId": SHIPPING_ACCOUNT,
            "CarrierCode": "RM",
            "AccountNumber": "0123456789",
            "AccountType": "Production",
            "AccountName": "Harbour & Finch",
            "AccountAlias": "HARBOUR",
            "AccountStatus": "Enabled",
            "ContactName": "Dispatch",
            "ContactNumber": "01632960050",
            "LastUpdatedBy": "sandbox",
            "LastUpdatedDateUtc": "2026-11-23T09:00:00Z",
        }],
        "TotalCount": 1,
    })
}

fn is_logged_in(state: &State, call: &Call) -> bool {
    let bearer = call.header_text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let ends = bearer.and_then(|token| state.pro_shipping.tokens.get(token));
    ends.is_some_and(|ends| state.now() < *ends)
}

/// One error of a refusal: what is wrong, where, and the code.
#[derive(Debug)]
pub struct Wrong {
    message: String,
    cause: String,
    code: &'static str,
}

/// The error shape, noted as refused.
fn refuse(state: &mut State, endpoint: &str, errors: &[Wrong]) -> Reply {
    for error in errors {
        state.refuse(endpoint, format!("{} ({})", error.message, error.cause));
    }
    let shown = |e: &Wrong| json!({"Message": e.message, "Cause": e.cause, "ErrorCode": e.code});
    let errors: Vec<Value> = errors.iter().map(shown).collect();
    Reply::json(400, &json!({"Message": "Invalid Request", "Errors": errors}))
}

/// Answers one control request; `rest` is the path after `/control/pro-shipping`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(state: &mut State, call: &Call, rest: &[&str]) -> Result<Value, String> {
    match (call.method.as_str(), rest) {
        ("POST", ["manifest"]) => Ok(json!({"ok": true, "shipments": state.pro_shipping.hand_over()})),
        ("POST", ["tokens"]) => {
            state.pro_shipping.revoke();
            Ok(json!({"ok": true}))
        }
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

/// Counts, without names or addresses.
pub fn report(state: &State) -> Value {
    let world = &state.pro_shipping;
    json!({
        "shipments": world.live().count(),
        "cancelled": world.shipments.len() - world.live().count(),
        "labels": world.labels,
        "booked_twice": world.booked_twice(),
        "personal_fields_sent": world.personal,
    })
}
