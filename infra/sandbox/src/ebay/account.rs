//! A seller's account and everything in it.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use super::stock::Item;

/// What an account is set up with; every field may be left out.
#[derive(Debug, Clone, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The application's id.
    pub client_id: String,
    /// The application's secret.
    pub client_secret: String,
    /// A refresh token the seller has granted already, good for 18 months from set-up.
    pub refresh_token: String,
    /// The redirect's name, as `redirect_uri` must say it.
    pub ru_name: String,
    /// Where the consent page sends the seller back to.
    pub callback_url: String,
    /// The seller's user name.
    pub username: String,
    /// The seller's immutable id.
    pub user_id: String,
    /// Where notifications go; without it they wait in the outbox only.
    pub webhook_url: Option<String>,
    /// The verification token of the destination, for challenges.
    pub verification_token: String,
    /// SKUs of listings that were not made through the Inventory API.
    pub legacy_skus: Vec<String>,
    /// How many tracking numbers an order may have; more are error 34100. eBay names no number.
    pub most_tracking_numbers: Option<usize>,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            client_id: "Waybill-SBX-1".to_owned(),
            client_secret: "SBX-secret".to_owned(),
            refresh_token: "v^1.1#refresh".to_owned(),
            ru_name: "Waybill-Waybill-SBX".to_owned(),
            callback_url: "https://app.waybill.invalid/connect/ebay".to_owned(),
            username: "harbour_finch".to_owned(),
            user_id: "Hf7TnE2pRk9".to_owned(),
            webhook_url: None,
            verification_token: "waybill-sandbox-verification-token-0001".to_owned(),
            legacy_skus: Vec::new(),
            most_tracking_numbers: None,
        }
    }
}

/// A token that was given out.
#[derive(Debug, Clone)]
pub struct Issued {
    /// Good until then.
    pub until: Timestamp,
    /// The application's own, not a user's.
    pub own: bool,
}

/// An order as eBay keeps it.
#[derive(Debug, Clone)]
pub struct StoredOrder {
    /// All of it, in `getOrder`'s shape.
    pub body: Value,
    /// Its fulfilments, in `getShippingFulfillments`' shape.
    pub parcels: Vec<Value>,
}

/// An account.
#[derive(Debug)]
pub struct Account {
    /// How it was set up.
    pub config: Config,
    /// Orders by id.
    pub orders: BTreeMap<String, StoredOrder>,
    /// Inventory items by SKU.
    pub(super) items: BTreeMap<String, Item>,
    /// Access tokens in force.
    pub(super) tokens: BTreeMap<String, Issued>,
    /// Refresh tokens and their end.
    pub(super) refresh: BTreeMap<String, Timestamp>,
    /// Codes of the consent page and their end.
    pub(super) codes: BTreeMap<String, Timestamp>,
    pub(super) calls: BTreeMap<String, u64>,
    pub(super) today: BTreeMap<(String, &'static str), u64>,
    pub(super) over_limit: u64,
    pub(super) stock_sets: u64,
    pub(super) erased: u64,
}

/// How long a refresh token lasts: 18 months, as recorded (contract, source O1).
pub const REFRESH_SECONDS: i64 = 47_304_000;

impl Account {
    /// An account without orders that lists the catalogue, without stock.
    pub fn new(config: Config, now: Timestamp) -> Self {
        let items = super::stock::catalogue(&config);
        let mut account = Self {
            config,
            orders: BTreeMap::new(),
            items,
            tokens: BTreeMap::new(),
            refresh: BTreeMap::new(),
            codes: BTreeMap::new(),
            calls: BTreeMap::new(),
            today: BTreeMap::new(),
            over_limit: 0,
            stock_sets: 0,
            erased: 0,
        };
        account.grant(now);
        account
    }

    /// Gives a known account a new setup and keeps its orders and stock.
    pub fn configure(&mut self, config: Config, now: Timestamp) {
        self.config = config;
        self.grant(now);
    }

    fn grant(&mut self, now: Timestamp) {
        self.refresh.insert(self.config.refresh_token.clone(), later(now, REFRESH_SECONDS));
    }

    /// Counts, without names or addresses.
    pub fn report(&self) -> Value {
        let cancelled = |one: &&StoredOrder| one.body["cancelStatus"]["cancelState"] == "CANCELED";
        let told = |one: &&StoredOrder| {
            one.parcels.iter().any(|parcel| parcel["shipmentTrackingNumber"].is_string())
        };
        json!({
            "orders": self.orders.len(),
            "cancelled": self.orders.values().filter(cancelled).count(),
            "written_back": self.orders.values().filter(told).count(),
            "written_twice": self.orders.values().map(twice).sum::<usize>(),
            "stock_sets": self.stock_sets,
            "erased": self.erased,
            "calls": self.calls,
            "over_limit": self.over_limit,
        })
    }
}

/// Tracking numbers that stand on an order more than once.
fn twice(order: &StoredOrder) -> usize {
    let mut numbers: Vec<&str> =
        order.parcels.iter().filter_map(|parcel| parcel["shipmentTrackingNumber"].as_str()).collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    all - numbers.len()
}

/// Some seconds later.
pub(super) fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(Timestamp::MAX)
}

/// `2026-11-23T09:00:00.000Z`, as eBay writes times.
pub(super) fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// The calendar day, UTC.
pub(super) fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}
