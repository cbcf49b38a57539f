//! WooCommerce, as far as the sandbox plays it: shops with their orders, refunds, notes, products and webhooks.
//!
//! A shop's address is `http://127.0.0.1:PORT/woocommerce/<account>`; below it lies `/wp-json`. It is set up with
//! `PUT /control/woocommerce/<account>` and the fields of [`Config`], all of which may be left out.
//! Besides the verbs that every channel has, an order can be told to `trash`, `restore`, `complete` or `hold`.
//!
//! The core documents no rate limit, so none is kept unless [`crate::state::Limits::woocommerce_per_second`] plays
//! a host's firewall; `over_limit` counts the calls beyond that one.

mod control;
pub mod hooks;
mod invent;
mod orders;
mod products;
mod replies;
mod shipments;

use std::collections::{BTreeMap, VecDeque};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

pub use control::control;
use hooks::Hook;
use orders::Stored;
use products::Product;
use replies::*;

use crate::state::State;
use crate::wire::{Call, Reply};

/// Everything this sandbox knows about WooCommerce.
#[derive(Debug, Default)]
pub struct World {
    /// Shops by the name in their address.
    pub accounts: BTreeMap<String, Account>,
}

/// What a shop is set up with.
#[derive(Debug, Clone, Deserialize)]
#[serde(default)]
pub struct Config {
    /// Consumer key.
    pub key: String,
    /// Consumer secret.
    pub secret: String,
    /// Where webhooks go. With it the shop has a webhook for each order topic from the start; without it they are
    /// made through the API.
    pub webhook_url: Option<String>,
    /// What these webhooks are signed with.
    pub webhook_secret: String,
    /// The secret before a rotation, for deliveries that ask for it.
    pub previous_secret: Option<String>,
    /// Sends webhooks by itself whenever an order changes; otherwise only when a control request says `deliver`.
    pub auto_webhooks: bool,
    /// How long a webhook waits for somebody to visit the shop, in seconds: it is sent by the shop's own timer.
    pub webhook_delay_seconds: u32,
    /// What the shop has for tracking numbers.
    pub tracking: Tracking,
    /// False plays an old shop, which cannot sort orders by their change.
    pub sorts_by_change: bool,
    /// How far the shop's clock is east of UTC, in minutes.
    pub minutes_east: i64,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            key: "ck_sandbox".to_owned(),
            secret: "cs_sandbox".to_owned(),
            webhook_url: None,
            webhook_secret: "whsec0sandbox0woocommerce".to_owned(),
            previous_secret: None,
            auto_webhooks: false,
            webhook_delay_seconds: 0,
            tracking: Tracking::None,
            sorts_by_change: true,
            minutes_east: 0,
        }
    }
}

/// What a shop has for tracking numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tracking {
    /// Nothing: notes to the buyer.
    None,
    /// The core's own fulfillments.
    Fulfillments,
    /// The Shipment Tracking extension.
    ShipmentTracking,
    /// The AST plugin.
    Ast,
}

impl Tracking {
    /// The namespace its routes are in, where it has one of its own.
    fn namespace(self) -> Option<&'static str> {
        match self {
            Self::None | Self::Fulfillments => None,
            Self::ShipmentTracking => Some("wc-shipment-tracking/v3"),
            Self::Ast => Some("wc-ast/v3"),
        }
    }
}

/// A shop and everything in it.
#[derive(Debug)]
pub struct Account {
    /// How it is set up.
    pub config: Config,
    /// True when the merchant took the keys away.
    pub revoked: bool,
    /// Orders by id.
    pub orders: BTreeMap<u64, Stored>,
    /// What it sells.
    pub products: Vec<Product>,
    /// Its webhooks.
    pub hooks: Vec<Hook>,
    /// Times a stock number was written.
    pub stock_sets: u64,
    calls: BTreeMap<String, u64>,
    over_limit: u64,
    recent: VecDeque<Timestamp>,
    next_id: u64,
}

impl Account {
    fn new(config: Config) -> Self {
        Self {
            config,
            revoked: false,
            orders: BTreeMap::new(),
            products: products::of_catalogue(),
            hooks: Vec::new(),
            stock_sets: 0,
            calls: BTreeMap::new(),
            over_limit: 0,
            recent: VecDeque::new(),
            next_id: 1_000,
        }
    }

    fn fresh(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    /// Counts a call; false when it is beyond the limit.
    fn count(&mut self, operation: &str, now: Timestamp, limit: Option<u32>) -> bool {
        *self.calls.entry(operation.to_owned()).or_default() += 1;
        let since = now.checked_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
        while self.recent.front().is_some_and(|at| *at <= since) {
            self.recent.pop_front();
        }
        let fits = limit.is_none_or(|most| self.recent.len() < most as usize);
        if fits {
            self.recent.push_back(now);
        } else {
            self.over_limit += 1;
        }
        fits
    }
}

/// The name of what a request asks for, for meters and faults: `woocommerce.` and an operation.
pub fn endpoint(call: &Call, rest: &[&str]) -> String {
    format!("woocommerce.{}", operation(call, rest))
}

fn operation(call: &Call, rest: &[&str]) -> &'static str {
    let reads = call.method == http::Method::GET;
    match rest {
        [_, "wp-json"] => "index",
        [_, "wp-json", "wc", "v3", "orders"] if reads => "orders.list",
        [_, "wp-json", "wc", "v3", "orders", _] => {
            if reads {
                "orders.read"
            } else {
                "orders.update"
            }
        }
        [_, "wp-json", "wc", "v3", "orders", _, "refunds"] if reads => "refunds.list",
        [_, "wp-json", "wc", "v3", "orders", _, "notes"] => {
            if reads {
                "notes.list"
            } else {
                "notes.create"
            }
        }
        [_, "wp-json", "wc", "v3", "orders", _, "fulfillments"] => {
            if reads {
                "fulfillments.list"
            } else {
                "fulfillments.create"
            }
        }
        [_, "wp-json", _, "v3", "orders", _, "shipment-trackings"] => {
            if reads {
                "trackings.list"
            } else {
                "trackings.create"
            }
        }
        [_, "wp-json", "wc", "v3", "products"] if reads => "products.list",
        [_, "wp-json", "wc", "v3", "products", _] if !reads => "products.update",
        [_, "wp-json", "wc", "v3", "products", _, "variations", _] if !reads => "variations.update",
        [_, "wp-json", "wc", "v3", "webhooks"] => {
            if reads {
                "webhooks.list"
            } else {
                "webhooks.create"
            }
        }
        [_, "wp-json", "wc", "v3", "webhooks", _] if !reads => "webhooks.update",
        _ => "unknown",
    }
}

/// Answers one request; `rest` is the path after `/woocommerce`.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    let operation = operation(call, rest);
    let (now, limit) = (state.now(), state.limits.woocommerce_per_second);
    let Some(name) = rest.first().copied() else { return page_not_found() };
    let Some(account) = state.woocommerce.accounts.get_mut(name) else { return page_not_found() };
    if !account.count(operation, now, limit) {
        return html(429, "Too Many Requests").with("retry-after", 1);
    }
    let reply = match may_enter(account, call, operation) {
        Ok(()) => route(state, call, name, operation, &rest[1..]),
        Err(reply) => reply,
    };
    if (400..500).contains(&reply.status) && !is_expected(operation, reply.status) {
        let code = reply.value()["code"].as_str().unwrap_or("html").to_owned();
        state.refuse(&format!("woocommerce.{operation}"), code);
    }
    reply
}

/// Asking whether a feature or an order is there is no mistake.
fn is_expected(operation: &str, status: u16) -> bool {
    status == 404 && matches!(operation, "fulfillments.list" | "orders.read")
}

fn may_enter(account: &Account, call: &Call, operation: &str) -> Result<(), Reply> {
    if call.query.contains("consumer_key") || call.query.contains("consumer_secret") {
        return Err(error(401, "keys_in_address", "Keys belong in a header, not in an address."));
    }
    if operation == "index" {
        return Ok(());
    }
    let basic = call.header_text("authorization").and_then(|text| text.strip_prefix("Basic "));
    let pair = basic.and_then(|text| STANDARD.decode(text).ok()).and_then(|raw| String::from_utf8(raw).ok());
    let Some((key, secret)) = pair.as_deref().and_then(|pair| pair.split_once(':')) else {
        return Err(error(401, "woocommerce_rest_cannot_view", "Sorry, you cannot list resources."));
    };
    if account.revoked || key != account.config.key {
        return Err(error(401, "woocommerce_rest_authentication_error", "Consumer key is invalid."));
    }
    if secret != account.config.secret {
        return Err(error(401, "woocommerce_rest_authentication_error", "Consumer secret is invalid."));
    }
    Ok(())
}

fn route(state: &mut State, call: &Call, name: &str, operation: &str, path: &[&str]) -> Reply {
    let number = |at: usize| path.get(at).and_then(|text| text.parse::<u64>().ok());
    let plugin = path.get(1).map(|first| format!("{first}/v3")).unwrap_or_default();
    let done = match operation {
        "index" => shipments::index(state, call, name),
        "orders.list" => orders::list(state, call, name),
        "orders.read" => orders::read(state, call, name, number(4)),
        "orders.update" => orders::update(state, call, name, number(4)),
        "refunds.list" => orders::refunds(state, call, name, number(4)),
        "notes.list" => orders::notes(state, call, name, number(4)),
        "notes.create" => orders::add_note(state, call, name, number(4)),
        "fulfillments.list" => shipments::fulfillments(state, name, number(4)),
        "fulfillments.create" => shipments::fulfill(state, call, name, number(4)),
        "trackings.list" => shipments::trackings(state, name, &plugin, number(4)),
        "trackings.create" => shipments::track(state, call, name, &plugin, number(4)),
        "products.list" => products::list(state, call, name),
        "products.update" => products::update(state, call, name, None, number(4)),
        "variations.update" => products::update(state, call, name, number(4), number(6)),
        "webhooks.list" => hooks::list(state, call, name),
        "webhooks.create" => hooks::create(state, call, name),
        "webhooks.update" => hooks::update(state, call, name, number(4)),
        _ => Err(no_route()),
    };
    done.unwrap_or_else(|reply| reply)
}

/// The shop of that name; its absence is answered before any route is taken.
fn shop<'a>(state: &'a mut State, name: &str) -> Result<&'a mut Account, Reply> {
    state.woocommerce.accounts.get_mut(name).ok_or_else(page_not_found)
}

/// A number of a JSON document, written as one or as text.
fn number(value: &Value) -> Option<u64> {
    value.as_u64().or_else(|| value.as_str()?.parse().ok())
}

/// Counts per account, without names or addresses.
pub fn report(state: &State) -> Value {
    let one = |account: &Account| {
        let orders = || account.orders.values();
        let numbers: Vec<Vec<String>> =
            orders().map(|o| shipments::shown(o).into_iter().map(|t| t.0).collect()).collect();
        let twice = |list: &Vec<String>| {
            let mut once = list.clone();
            once.sort_unstable();
            once.dedup();
            list.len() - once.len()
        };
        json!({
            "orders": account.orders.len(),
            "cancelled": orders().filter(|o| o.is_cancelled()).count(),
            "written_back": numbers.iter().filter(|n| !n.is_empty()).count(),
            "written_twice": numbers.iter().map(twice).sum::<usize>(),
            "stock_sets": account.stock_sets,
            "erased": orders().filter(|o| o.is_erased()).count(),
            "calls": account.calls,
            "over_limit": account.over_limit,
            "webhooks_disabled": account.hooks.iter().filter(|h| h.status == "disabled").count(),
        })
    };
    state.woocommerce.accounts.iter().map(|(name, account)| (name.clone(), one(account))).collect()
}
