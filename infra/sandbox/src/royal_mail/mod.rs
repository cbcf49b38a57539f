//! Royal Mail: Click & Drop API v1 and the Tracking API v2.

pub mod code128;
pub mod documents;
pub mod label;
pub mod manifest;
pub mod orders;
pub mod parcelforce;
pub mod pdf;
pub mod reading;
pub mod returns;
pub mod schema;
pub mod services;
pub mod tracking;

use std::collections::{BTreeMap, VecDeque};

use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};
pub use orders::{CarrierOrder, Status};
pub use tracking::{Fate, Parcel};

/// Key of the account that is there from the start (credit account, may print labels).
pub const DEFAULT_KEY: &str = "sandbox-click-and-drop-key";
/// `X-IBM-Client-Id` of the tracking service.
pub const TRACKING_CLIENT_ID: &str = "sandbox-tracking-client";
/// `X-IBM-Client-Secret` of the tracking service.
pub const TRACKING_CLIENT_SECRET: &str = "sandbox-tracking-secret";

/// One Click & Drop account; whoever has its key is it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// Printed as sender.
    #[serde(default = "trading_name")]
    pub trading_name: String,
    /// Sender's address, printed under the name.
    #[serde(default = "return_address")]
    pub return_address: String,
    /// Credit account: only these may fetch labels.
    #[serde(default = "yes")]
    pub oba: bool,
    /// A business must say of each recipient in Northern Ireland whether it is one too.
    #[serde(default = "yes")]
    pub business: bool,
    /// `POST /manifests` answers 202 and the document comes 30 seconds later.
    #[serde(default)]
    pub manifest_later: bool,
    /// Carrier names of the account; with more than one a manifest must name one.
    #[serde(default = "carriers")]
    pub carriers: Vec<String>,
    #[serde(skip)]
    calls: VecDeque<Timestamp>,
}

fn trading_name() -> String {
    "Harbour & Finch Ltd".to_owned()
}

fn return_address() -> String {
    "Unit 4, Example Wharf, Bristol, BS1 4ZZ".to_owned()
}

fn yes() -> bool {
    true
}

fn carriers() -> Vec<String> {
    vec!["Royal Mail OBA".to_owned()]
}

impl Default for Account {
    fn default() -> Self {
        Self {
            trading_name: trading_name(),
            return_address: return_address(),
            oba: true,
            business: true,
            manifest_later: false,
            carriers: carriers(),
            calls: VecDeque::new(),
        }
    }
}

/// Everything Royal Mail knows.
#[derive(Debug)]
pub struct RoyalMail {
    /// Accounts by key.
    pub accounts: BTreeMap<String, Account>,
    /// Orders by identifier, deleted ones included.
    pub orders: BTreeMap<i64, CarrierOrder>,
    /// Orders by reference, deleted ones included.
    pub by_reference: BTreeMap<String, Vec<i64>>,
    /// Parcels by tracking number.
    pub parcels: BTreeMap<String, Parcel>,
    /// Manifests by number.
    pub manifests: BTreeMap<i64, manifest::Manifest>,
    /// Returns, in the order they were booked.
    pub returns: Vec<returns::Return>,
    /// Fates told before the parcel had a number, by order reference.
    pub fates: BTreeMap<String, Fate>,
    /// Labels made, reprints not counted.
    pub labels: u64,
    /// Label documents handed out, reprints included.
    pub label_documents: u64,
    tracking_calls: VecDeque<Timestamp>,
    next_order: i64,
    next_serial: u32,
}

impl RoyalMail {
    /// One account, no orders.
    pub fn new() -> Self {
        Self {
            accounts: BTreeMap::from([(DEFAULT_KEY.to_owned(), Account::default())]),
            orders: BTreeMap::new(),
            by_reference: BTreeMap::new(),
            parcels: BTreeMap::new(),
            manifests: BTreeMap::new(),
            returns: Vec::new(),
            fates: BTreeMap::new(),
            labels: 0,
            label_documents: 0,
            tracking_calls: VecDeque::new(),
            next_order: 1_000,
            next_serial: 10_000_000,
        }
    }

    fn next_order(&mut self) -> i64 {
        self.next_order += 1;
        self.next_order
    }

    fn next_serial(&mut self) -> u32 {
        self.next_serial += 1;
        self.next_serial
    }

    /// Live orders beyond the first that share a reference on one account: parcels paid for twice.
    pub fn booked_twice(&self) -> usize {
        let mut seen = BTreeMap::new();
        for order in self.orders.values().filter(|order| order.status != Status::Deleted) {
            if let Some(reference) = &order.reference {
                *seen.entry((&order.account, reference)).or_insert(0_usize) += 1;
            }
        }
        seen.values().map(|count| count - 1).sum()
    }
}

impl Default for RoyalMail {
    fn default() -> Self {
        Self::new()
    }
}

/// The name under which a Click & Drop request is counted.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    let name = match (call.method.as_str(), rest) {
        ("POST", ["orders"]) => "create",
        ("GET", ["orders"]) => "list",
        ("PUT", ["orders", "status"]) => "status",
        ("GET", ["orders", _]) => "get",
        ("DELETE", ["orders", _]) => "delete",
        ("GET", ["orders", _, "label"]) => "label",
        ("POST", ["manifests"]) => "manifest",
        ("POST", ["manifests", "retry", _]) => "manifest-retry",
        ("GET", ["manifests", _]) => "manifest-get",
        ("GET", ["returns", "services"]) => "return-services",
        ("POST", ["returns"]) => "return",
        ("GET", ["version"]) => "version",
        _ => "unknown",
    };
    format!("royal-mail.{name}")
}

/// Answers a Click & Drop request.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    if call.method == Method::GET && rest == ["version"] {
        return Reply::json(200, &version());
    }
    let key = call.header_text("authorization").and_then(|value| value.strip_prefix("Bearer "));
    let Some(key) = key.filter(|key| state.royal_mail.accounts.contains_key(*key)).map(str::to_owned) else {
        return Reply::empty(401);
    };
    let now = state.now();
    let limit = state.limits.click_and_drop_per_second;
    if let Some(account) = state.royal_mail.accounts.get_mut(&key)
        && over(&mut account.calls, limit, now)
    {
        return Reply::empty(429).with("retry-after", 1);
    }
    let name = endpoint(call, rest);
    match (name.trim_start_matches("royal-mail."), rest) {
        ("create", _) => orders::create(state, &key, call),
        ("list", _) => reading::list(state, &key, call),
        ("status", _) => orders::set_status(state, &key, call),
        ("get", [_, ids]) => reading::get(state, &key, ids),
        ("delete", [_, ids]) => orders::delete(state, &key, ids),
        ("label", [_, ids, _]) => documents::get(state, &key, ids, call),
        ("return-services", _) => returns::list(),
        ("return", _) => returns::create(state, key.as_str(), call),
        ("manifest", _) => manifest::make(state, &key, call),
        ("manifest-retry", [_, _, number]) => manifest::retry(state, &key, number),
        ("manifest-get", [_, number]) => manifest::get(state, &key, number),
        _ => Reply::empty(404),
    }
}

fn version() -> Value {
    json!({
        "commit": "0000000000000000000000000000000000000000",
        "build": "20260107.6",
        "release": "Sandbox-20260107.3",
        "releaseDate": "2026-01-22T10:20:54Z",
    })
}

/// Counts a call and says whether it is one too many within a second.
fn over(calls: &mut VecDeque<Timestamp>, limit: Option<u32>, now: Timestamp) -> bool {
    let Some(limit) = limit else { return false };
    let since = now.checked_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
    while calls.front().is_some_and(|at| *at <= since) {
        calls.pop_front();
    }
    if calls.len() >= usize::try_from(limit).unwrap_or(usize::MAX) {
        return true;
    }
    calls.push_back(now);
    false
}

/// An `ErrorResponse`.
pub(crate) fn problem(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"code": code, "message": message, "details": ""}))
}
