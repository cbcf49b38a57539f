//! Magento: REST under `/magento/{account}/V1/...` (also `/rest/V1/...` and `/rest/{store}/V1/...`), Adobe's
//! token endpoint under `/magento/{account}/ims/token/v3`, its key host under `/magento/{account}/prod/keys/...`,
//! and its events, signed.
//!
//! Stateful and strict: calls are signed (OAuth 1.0a, checked with method and address as called, nonces once) or
//! carry a token; searches filter, sort and show the last page again when asked beyond it; `fields=` trims;
//! shipping checks what is left, lowers the source's stock and frees the reservation. Magento documents no rate
//! limit, so none is kept.
//!
//! `PUT /control/magento/{account}` takes [`Config`]. Beside the verbs all channels have, orders can be told to
//! `hold` and `release`, and tokens to `{"restore": true}`. `erase` plays a deleted customer: Magento keeps the
//! order with name and address.

mod access;
mod canary;
mod changes;
mod control;
mod events;
mod invent;
mod orders;
mod search;
mod stock;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};
pub use control::control;

/// Everything this sandbox knows about Magento.
#[derive(Debug, Default)]
pub struct World {
    /// Shops by name.
    pub accounts: BTreeMap<String, Account>,
}

/// How a shop is set up.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The integration's four credentials.
    pub consumer_key: String,
    /// Signs.
    pub consumer_secret: String,
    /// The access token.
    pub access_token: String,
    /// Signs.
    pub token_secret: String,
    /// The access token alone is taken as a bearer token (off since 2.4.4).
    pub integration_as_bearer: bool,
    /// Adobe's server-to-server credential; also the client that events are for.
    pub client_id: String,
    /// Its secret.
    pub client_secret: String,
    /// How long a token of Adobe's lives, in seconds.
    pub token_seconds: u32,
    /// Scheme and authority that calls are signed with; without it `http://` and the `Host` header.
    pub origin: Option<String>,
    /// Where events go; none are sent without it.
    pub webhook_url: String,
    /// Send an event on every change.
    pub auto_events: bool,
    /// Source codes.
    pub sources: Vec<String>,
    /// False plays a shop without multi-source inventory.
    pub multi_source: bool,
    /// Refuse a shipment for which the source has too little, as Magento does where it manages stock.
    pub check_source: bool,
    /// False plays an integration without rights on the catalogue.
    pub catalogue: bool,
    /// `kgs` or `lbs`.
    pub weight_unit: String,
    /// Answer every call with a page of HTML and this status, as a proxy does.
    pub html_errors: Option<u16>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            consumer_key: "ck_sandbox".to_owned(),
            consumer_secret: "cs_sandbox".to_owned(),
            access_token: "tk_sandbox".to_owned(),
            token_secret: "ts_sandbox".to_owned(),
            integration_as_bearer: false,
            client_id: "client_sandbox".to_owned(),
            client_secret: "secret_sandbox".to_owned(),
            token_seconds: 86_399,
            origin: None,
            webhook_url: String::new(),
            auto_events: false,
            sources: vec![stock::DEFAULT.to_owned()],
            multi_source: true,
            check_source: false,
            catalogue: true,
            weight_unit: "kgs".to_owned(),
            html_errors: None,
        }
    }
}

/// A shop.
#[derive(Debug, Default)]
pub struct Account {
    /// Its set-up.
    pub config: Config,
    /// Orders by `entity_id`, as REST shows them.
    pub orders: BTreeMap<i64, Value>,
    /// Shipments by `entity_id`, as REST shows them.
    pub shipments: BTreeMap<i64, Value>,
    /// Products that REST shows, by id: only bundles, to tell how they ship.
    pub products: BTreeMap<i64, Value>,
    /// Sources and reservations.
    pub stock: stock::Stock,
    /// The integration was removed, or Adobe's credential was.
    revoked: bool,
    nonces: BTreeSet<String>,
    tokens: BTreeMap<String, Timestamp>,
    next: i64,
    calls: BTreeMap<String, u64>,
    stock_sets: u64,
    erased: u64,
}

impl Account {
    fn fresh(&mut self) -> i64 {
        self.next += 1;
        self.next
    }
}

/// What is behind `/V1/`, wherever that stands.
fn behind_v1<'a>(rest: &'a [&'a str]) -> Option<&'a [&'a str]> {
    match rest {
        [_, "V1", rest @ ..] | [_, "rest", "V1", rest @ ..] | [_, "rest", _, "V1", rest @ ..] => Some(rest),
        _ => None,
    }
}

fn operation(call: &Call, rest: &[&str]) -> &'static str {
    if let [_, "ims", "token", "v3"] = rest {
        return "token";
    }
    if let [_, "prod", "keys", _] = rest {
        return "key";
    }
    match (call.method.as_str(), behind_v1(rest)) {
        ("GET", Some(["orders"])) => "orders",
        ("GET", Some(["orders", _])) => "order",
        ("GET", Some(["shipments"])) => "shipments",
        ("POST", Some(["order", _, "ship"])) => "ship",
        ("POST", Some(["shipment", "track"])) => "track",
        ("POST", Some(["inventory", "source-items"])) => "set_stock",
        ("GET", Some(["inventory", "source-items"])) => "stock",
        ("GET", Some(["inventory", "get-product-salable-quantity", _, _])) => "salable",
        ("GET", Some(["products"])) => "products",
        ("GET", Some(["store", "storeConfigs"])) => "store_configs",
        _ => "unknown",
    }
}

/// The name of what a request asks for, for meters and faults: `magento.` and an operation.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    format!("magento.{}", operation(call, rest))
}

/// Answers one request; `rest` is the path after `/magento`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    let now = state.now();
    let operation = operation(call, rest);
    let Some(account) = rest.first().and_then(|name| state.magento.accounts.get_mut(*name)) else {
        return Reply::json(
            404,
            &json!({"error": "there is no such shop; add it with PUT /control/magento/{account}"}),
        );
    };
    *account.calls.entry(operation.to_owned()).or_default() += 1;
    if let Some(status) = account.config.html_errors {
        return html(status);
    }
    let answered = match operation {
        "token" => access::token(account, call, now),
        "key" => return events::key(rest.last().copied().unwrap_or_default()),
        _ => access::check(account, call, now)
            .and_then(|()| work(account, call, operation, behind_v1(rest).unwrap_or_default(), now)),
    };
    match answered {
        Ok(Done { value, changed }) => {
            for order in changed {
                events::announce(state, rest.first().copied().unwrap_or_default(), order);
            }
            Reply::json(200, &search::trimmed(call, value))
        }
        Err(refusal) => {
            state.refuse(&format!("magento.{operation}"), refusal.why);
            Reply::json(refusal.status, &refusal.body)
        }
    }
}

fn work(
    account: &mut Account,
    call: &Call,
    operation: &str,
    rest: &[&str],
    now: Timestamp,
) -> Result<Done, Refusal> {
    match (operation, rest) {
        ("orders", _) => search::find(call, account.orders.values()).map(Done::value),
        ("order", [_, id]) => orders::get(account, id).map(|order| Done::value(order.clone())),
        ("shipments", _) => search::find(call, account.shipments.values()).map(Done::value),
        ("ship", [_, id, _]) => orders::ship(account, id, call, now),
        ("track", _) => orders::track(account, call, now),
        ("set_stock", _) => stock::set(account, call).map(Done::value),
        ("stock", _) => search::find(call, account.stock.rows().iter()).map(Done::value),
        ("salable", [_, _, sku, _]) => {
            stock::salable(account, &crate::wire::percent_decode(sku)).map(Done::value)
        }
        ("products", _) if !account.config.catalogue => {
            Err(access::unauthorised("Magento_Catalog::products"))
        }
        ("products", _) => search::find(call, account.products.values()).map(Done::value),
        ("store_configs", _) => {
            let unit = &account.config.weight_unit;
            Ok(Done::value(json!([{"id": 1, "code": "default", "website_id": 1, "weight_unit": unit}])))
        }
        _ => Err(Refusal::new(404, "Request does not match any route.")),
    }
}

/// What was done, and which orders changed by it.
struct Done {
    value: Value,
    changed: Vec<i64>,
}

impl Done {
    fn value(value: Value) -> Self {
        Self { value, changed: Vec::new() }
    }
}

/// A refusal as Magento words it.
struct Refusal {
    status: u16,
    body: Value,
    why: String,
}

impl Refusal {
    fn new(status: u16, message: &str) -> Self {
        Self { status, body: json!({"message": message}), why: message.to_owned() }
    }

    fn with(mut self, parameters: Value) -> Self {
        self.body["parameters"] = parameters;
        self
    }

    fn missing() -> Self {
        Self::new(404, "The entity that was requested doesn't exist. Verify the entity and try again.")
    }
}

fn html(status: u16) -> Reply {
    Reply {
        status,
        headers: vec![("content-type", "text/html; charset=utf-8".to_owned())],
        body: b"<!doctype html><html><head><title>Service unavailable</title></head><body></body></html>"
            .to_vec(),
    }
}

/// As Magento writes times: UTC, whole seconds, no zone.
fn written(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// A whole number, however it is written; 0 for none.
fn whole(value: &Value) -> i64 {
    let number = value.as_f64().or_else(|| value.as_str().and_then(|text| text.parse().ok()));
    number.map_or(0, |number| number.round() as i64)
}

/// Counts per account, without names or addresses.
pub fn report(state: &State) -> Value {
    let of = |account: &Account| {
        let tracking = |order: &i64| orders::numbers(account, *order);
        let twice = |order: &i64| {
            let all = tracking(order);
            all.len() - all.iter().collect::<BTreeSet<_>>().len()
        };
        json!({
            "orders": account.orders.len(),
            "cancelled": account.orders.values().filter(|order| orders::is_cancelled(order)).count(),
            "written_back": account.orders.keys().filter(|id| !tracking(id).is_empty()).count(),
            "written_twice": account.orders.keys().map(twice).sum::<usize>(),
            "stock_sets": account.stock_sets,
            "erased": account.erased,
            "calls": account.calls,
            // Magento documents no limit, so there is none to go beyond.
            "over_limit": 0,
            "shipments": account.shipments.len(),
            "short": account.stock.short,
        })
    };
    state.magento.accounts.iter().map(|(name, account)| (name.clone(), of(account))).collect()
}
