//! DPD UK and DPD Local: the customer API v1, one account per name under `/dpd/<account>/v1/customer/...`.
//!
//! DPD publishes no specification that can be read offline. What stands here follows public client code
//! (contracts/dpd): the texts "... is mandatory" and "Failed to query network" were met live; the HTTP status of
//! a refusal, the offers of a postcode and everything tracking answers are plausible and unverified.

mod auth;
mod check;
mod label;
mod services;
mod shipments;
mod tracking;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::control::read;
use crate::royal_mail::Fate;
use crate::state::State;
use crate::wire::{Call, Reply};
pub use shipments::{Parcel, Shipment};

/// How an account is set up.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setup {
    /// API key, also the `Client-Id`.
    pub key: String,
    /// API secret.
    pub secret: String,
    /// DPD Local: service codes begin `2^`.
    #[serde(default)]
    pub local: bool,
    /// The rule "shippingRef1 not unique" is on.
    #[serde(default)]
    pub unique_references: bool,
    /// Refusals come under HTTP 200, as the older API does, instead of 400.
    #[serde(default)]
    pub refuses_under_200: bool,
    /// Tracking knows a parcel before its first scan.
    #[serde(default = "yes")]
    pub tracks_unscanned: bool,
    /// How long an access token lasts.
    #[serde(default = "a_day")]
    pub token_seconds: i64,
}

fn yes() -> bool {
    true
}

fn a_day() -> i64 {
    24 * 3600
}

/// One account and all it did.
#[derive(Debug)]
pub struct Account {
    /// How it is set up.
    pub setup: Setup,
    /// Shipments in the order they were booked.
    pub shipments: Vec<Shipment>,
    tokens: BTreeMap<String, auth::Issued>,
    /// Counts how often the service keys were changed.
    generation: u32,
    fates: BTreeMap<String, Fate>,
    personal: BTreeSet<String>,
    labels: usize,
    label_documents: usize,
}

impl Account {
    fn new(setup: Setup) -> Self {
        Self {
            setup,
            shipments: Vec::new(),
            tokens: BTreeMap::new(),
            generation: 0,
            fates: BTreeMap::new(),
            personal: BTreeSet::new(),
            labels: 0,
            label_documents: 0,
        }
    }

    /// Every parcel, to be told its fate.
    pub fn parcels_mut(&mut self) -> impl Iterator<Item = &mut Parcel> {
        self.shipments.iter_mut().flat_map(|shipment| &mut shipment.parcels)
    }

    /// Shipments beyond the first with the same reference: parcels paid for twice.
    pub fn booked_twice(&self) -> usize {
        let named: Vec<&str> = self.shipments.iter().filter_map(|s| s.reference.as_deref()).collect();
        named.len() - named.iter().collect::<BTreeSet<_>>().len()
    }
}

/// Everything this sandbox knows about DPD.
#[derive(Debug, Default)]
pub struct World {
    /// Accounts by name.
    pub accounts: BTreeMap<String, Account>,
    /// Numbers given so far; shared, as DPD's are.
    serial: u64,
}

/// The name of what a request asks for, for meters and faults: `dpd.` and an operation.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    let name = match (call.method.as_str(), rest.get(3..).unwrap_or_default()) {
        ("GET", ["auth", "access"]) => "login",
        ("GET", ["auth", "refresh"]) => "refresh",
        ("GET", ["auth", "logout"]) => "logout",
        ("POST", ["shipping", "reference", "outboundservices"]) => "services",
        ("POST", ["shipping", "shipments", "domestic"]) => "create",
        ("GET", ["shipping", "shipments", _, "labels"]) => "labels",
        ("POST", ["parcel", "tracking"]) => "tracking",
        _ => "unknown",
    };
    match rest {
        [_, "v1", "customer", ..] => format!("dpd.{name}"),
        _ => "dpd.unknown".to_owned(),
    }
}

/// Answers one request; `rest` is the path after `/dpd`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    let name = endpoint(call, rest);
    let Some(account) = rest.first().filter(|one| state.dpd.accounts.contains_key(**one)) else {
        return problem(404, "Not Found", "There is no such account; add it with PUT /control/dpd/{account}");
    };
    match name.as_str() {
        "dpd.login" => return auth::login(state, account, call),
        "dpd.refresh" => return auth::refresh(state, account, call),
        _ => {}
    }
    if let Some(refused) = auth::refused(state, account, call) {
        return refused;
    }
    match (name.as_str(), rest) {
        ("dpd.logout", _) => auth::logout(state, account, call),
        ("dpd.services", _) => services::answer(state, account, call),
        ("dpd.create", _) => shipments::create(state, account, call),
        ("dpd.labels", [.., id, _]) => label::answer(state, account, id, call),
        ("dpd.tracking", _) => tracking::answer(state, account, call),
        _ => problem(404, "Not Found", "Not found"),
    }
}

/// The error shape of logging in and of the gateway.
fn problem(status: u16, error: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": {"statusCode": status, "error": error, "message": message}}))
}

/// The error shape of shipping, noted as refused.
fn refuse(state: &mut State, account: &str, endpoint: &str, errors: &[check::Wrong]) -> Reply {
    let under_200 = state.dpd.accounts.get(account).is_some_and(|a| a.setup.refuses_under_200);
    for error in errors {
        state.refuse(endpoint, format!("{} ({})", error.message, error.path));
    }
    let listed: Vec<Value> = errors.iter().map(check::Wrong::shown).collect();
    Reply::json(if under_200 { 200 } else { 400 }, &json!({"error": listed, "data": null}))
}

/// A JSON body, or the reply that says it is none.
fn body(state: &mut State, account: &str, endpoint: &str, call: &Call) -> Result<Value, Reply> {
    serde_json::from_slice(&call.body).map_err(|_| {
        let wrong = check::Wrong::new(1000, "", "The request body could not be parsed");
        refuse(state, account, endpoint, &[wrong])
    })
}

#[derive(Deserialize)]
struct ParcelFate {
    parcel_number: Option<String>,
    reference: Option<String>,
    fate: Fate,
}

#[derive(Deserialize)]
struct Tokens {
    #[serde(default)]
    expire: bool,
    #[serde(default)]
    revoke: bool,
}

/// Answers one control request; `rest` is the path after `/control/dpd`.
///
/// # Errors
/// Says what is wrong with it.
pub fn control(state: &mut State, call: &Call, rest: &[&str]) -> Result<Value, String> {
    let now = state.now();
    let accounts = &mut state.dpd.accounts;
    if let ("PUT", [name]) = (call.method.as_str(), rest) {
        let setup: Setup = read(call)?;
        match accounts.get_mut(*name) {
            Some(account) => account.setup = setup,
            None => drop(accounts.insert((*name).to_owned(), Account::new(setup))),
        }
        return Ok(json!({"ok": true}));
    }
    let account = rest.first().and_then(|name| accounts.get_mut(*name));
    let account = account.ok_or("there is no such account; add it with PUT /control/dpd/{account}")?;
    match (call.method.as_str(), rest) {
        ("GET", [_]) => Ok(json!({
            "setup": account.setup,
            "shipments": account.shipments.iter().map(|s| s.shown(now)).collect::<Vec<_>>(),
        })),
        ("PUT", [_, "parcels"]) => set_fate(account, read(call)?),
        ("POST", [_, "rotate"]) => {
            account.generation += 1;
            Ok(json!({"ok": true, "generation": account.generation}))
        }
        ("POST", [_, "tokens"]) => {
            let told: Tokens = read(call)?;
            if told.revoke {
                account.tokens.clear();
            }
            if told.expire {
                account.tokens.values_mut().for_each(|token| token.expire(now));
            }
            Ok(json!({"ok": true}))
        }
        _ => Err("there is no such control; GET /control lists them".to_owned()),
    }
}

fn set_fate(account: &mut Account, told: ParcelFate) -> Result<Value, String> {
    if told.parcel_number.is_none() && told.reference.is_none() {
        return Err("name the parcel by parcel_number or by shipment reference".to_owned());
    }
    if let Some(reference) = &told.reference {
        account.fates.insert(reference.clone(), told.fate);
    }
    let mut changed = 0;
    for shipment in &mut account.shipments {
        let whole = shipment.reference.is_some() && shipment.reference == told.reference;
        for parcel in &mut shipment.parcels {
            if whole || Some(&parcel.number) == told.parcel_number.as_ref() {
                parcel.fate = told.fate;
                changed += 1;
            }
        }
    }
    Ok(json!({"ok": true, "parcels": changed}))
}

/// Counts per account, without names or addresses.
pub fn report(state: &State) -> Value {
    let now = state.now();
    let one = |account: &Account| {
        let parcels = account.shipments.iter().flat_map(|s| s.parcels.iter().map(move |p| (s, p)));
        let delivered = parcels.filter(|(s, p)| tracking::status(s, p, now) == tracking::DELIVERED).count();
        json!({
            "shipments": account.shipments.len(),
            "labels": account.labels,
            "label_documents": account.label_documents,
            "booked_twice": account.booked_twice(),
            "delivered": delivered,
            "personal_fields_sent": account.personal,
        })
    };
    let all: Map<String, Value> =
        state.dpd.accounts.iter().map(|(name, account)| (name.clone(), one(account))).collect();
    Value::Object(all)
}

/// `now` moved by seconds.
fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}
