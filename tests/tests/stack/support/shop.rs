//! A merchant with a shop, a carrier account and full shelves, made for one story.

use super::until;
use aws_lc_rs::rand;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{LazyLock, Mutex, PoisonError};
use waybill_domain::order::{Order, Status};
use waybill_domain::stock::Movement;
use waybill_domain::{ConnectionId, OrderId};
use waybill_harness::seed::{ACCESS_TOKEN, CLIENT_SECRET, Ids, SHOP, store};
use waybill_harness::signed::{Call, Signed};
use waybill_harness::stack::Stack;
use waybill_privacy::index::IndexKey;
use waybill_runtime::directory::index_key;
use waybill_sandbox::invent::{self, Kind, Mix, catalogue};
use waybill_sandbox::shopify::webhooks::sign;
use waybill_store::Db;
use waybill_store::keyring::{Kms, Vault};
use waybill_store::registry::{ConnectionState, Credentials};

/// The secret that signed before the rotation.
pub const PREVIOUS_SECRET: &str = "sandbox-client-secret-of-last-week";

/// Functions that read queues.
const READERS: [&str; 6] = [
    "FunctionPoller",
    "FunctionAllocator",
    "FunctionShipper",
    "FunctionNotifier",
    "FunctionTracker",
    "FunctionRetention",
];

/// Functions that take no messages for now; at first whatever an earlier run may have left behind.
static STOPPED: LazyLock<Mutex<BTreeSet<&'static str>>> = LazyLock::new(|| Mutex::new(READERS.into()));

/// The running stack.
pub fn stack() -> Stack {
    let file = std::env::var_os("WAYBILL_STATE").map(PathBuf::from);
    Stack::read(&file.expect("set WAYBILL_STATE, or run `cargo xtask test stack`")).unwrap()
}

/// Hexadecimal digits nobody else has.
pub fn unique(digits: usize) -> String {
    let mut bytes = [0; 32];
    rand::fill(&mut bytes).unwrap();
    hex::encode(bytes)[..digits].to_owned()
}

/// Capital letters nobody else has. No digits: a part of them would be found in any record's times and counters by chance.
pub fn letters(count: usize) -> String {
    let letter = |digit: char| char::from(b'A' + u8::try_from(digit.to_digit(16).unwrap()).unwrap());
    unique(count).chars().map(letter).collect()
}

/// A status and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub status: u16,
    pub body: String,
}

/// An order of goods that lie on a shelf themselves, so that a story can look at the shelf; its buyer does not exist.
pub fn invented(kind: Kind) -> Value {
    let seed = u64::from_str_radix(&unique(8), 16).unwrap() % 800_000;
    let goods: Vec<_> = catalogue().iter().filter(|one| one.parts.is_empty()).copied().collect();
    invent::orders(seed, 1, &Mix::of(&[(kind, 1)]), &goods).remove(0).order
}

/// A merchant's shop and what is needed to look behind it.
pub struct Shop {
    pub stack: Stack,
    pub db: Db,
    pub kms: Kms,
    pub ids: Ids,
    pub domain: String,
    pub index: IndexKey,
    http: reqwest::Client,
}

impl Shop {
    /// A new merchant with a new shop.
    pub async fn open() -> Self {
        let (stack, unique) = (stack(), unique(14));
        let ids = Ids {
            merchant: format!("mer_{unique}00").parse().unwrap(),
            shop: format!("con_{unique}0a").parse().unwrap(),
            royal_mail: format!("con_{unique}0c").parse().unwrap(),
            dpd: format!("con_{unique}0d").parse().unwrap(),
            ..Ids::demo().unwrap()
        };
        let (db, kms) = (stack.db().unwrap(), stack.kms().unwrap());
        store(&db, &kms, &ids, &stack.sandbox_url, Timestamp::now()).await.unwrap();
        let domain = format!("story-{unique}.myshopify.com");
        let mut connection = db.connection(&ids.shop).await.unwrap().unwrap();
        connection.address = format!("{}/shopify/{domain}", stack.sandbox_url);
        let secrets = vec![CLIENT_SECRET.to_owned(), PREVIOUS_SECRET.to_owned()];
        let secret = Credentials::Shopify {
            secrets,
            token: ACCESS_TOKEN.into(),
            client_id: None,
            refresh_token: None,
        };
        connection.credentials =
            kms.seal(ids.shop.as_str(), &serde_json::to_vec(&secret).unwrap()).await.unwrap();
        db.save_connection(&connection).await.unwrap();
        let shop = json!({"domain": domain, "client_secret": CLIENT_SECRET, "access_token": ACCESS_TOKEN});
        stack.control("PUT", "shops", &shop).await.unwrap();
        Self::of(stack, db, kms, ids, domain).await
    }

    /// The merchant that `cargo xtask up` has seeded, with its staff.
    pub async fn demo() -> Self {
        let stack = stack();
        let (db, kms) = (stack.db().unwrap(), stack.kms().unwrap());
        Self::of(stack, db, kms, Ids::demo().unwrap(), SHOP.to_owned()).await
    }

    async fn of(stack: Stack, db: Db, kms: Kms, ids: Ids, domain: String) -> Self {
        let merchant = db.merchant(&ids.merchant).await.unwrap().unwrap();
        let index = index_key(&kms, &merchant).await.unwrap();
        let shop = Self { stack, db, kms, ids, domain, index, http: reqwest::Client::new() };
        // An earlier story may have left something stopped or out of order.
        let stopped = STOPPED.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for function in stopped {
            shop.listen(function, true).await;
        }
        shop.stack.control("DELETE", "faults", &Value::Null).await.unwrap();
        shop
    }

    /// A client for AWS.
    pub fn aws(&self) -> Signed<'_> {
        Signed::new(&self.stack)
    }

    /// Our id of an order of the shop.
    pub fn id(&self, order: i64) -> OrderId {
        self.index.order_id(&self.ids.shop, &order.to_string()).unwrap()
    }

    /// Somebody buys: an invented order of this kind, in the shop and not yet told to us.
    pub async fn bought(&self, kind: Kind) -> i64 {
        self.put(invented(kind)).await
    }

    /// Somebody buys so many of the scarce article.
    pub async fn bought_scarce(&self, units: u32) -> i64 {
        let mut order = invented(Kind::BeyondStock);
        for field in ["quantity", "current_quantity", "fulfillable_quantity"] {
            order["line_items"][0][field] = json!(units);
        }
        self.put(order).await
    }

    /// Puts an order into the shop that we are not told of.
    pub async fn put(&self, order: Value) -> i64 {
        let put = json!({"shop": self.domain, "orders": [order]});
        self.stack.control("PUT", "orders", &put).await.unwrap()["orders"][0].as_i64().unwrap()
    }

    /// The order as the shop has it now.
    pub async fn body(&self, order: i64) -> Value {
        let path = format!("orders/{}/{order}", self.domain);
        self.stack.control("GET", &path, &Value::Null).await.unwrap()["order"].clone()
    }

    /// Something happens to an order in the shop; we are not told.
    pub async fn change(&self, order: i64, what: &str, how: &Value) {
        self.stack.control("POST", &format!("orders/{}/{order}/{what}", self.domain), how).await.unwrap();
    }

    /// Delivers bytes as the channel does.
    pub async fn send(&self, to: &str, topic: Option<&str>, signature: Option<&str>, body: Vec<u8>) -> Reply {
        let url = format!("{}/webhooks/shopify/{to}", self.stack.api_url);
        let mut request = self.http.post(url).header("content-type", "application/json");
        if let Some(topic) = topic {
            request = request.header("x-shopify-topic", topic);
        }
        if let Some(signature) = signature {
            request = request.header("x-shopify-hmac-sha256", signature);
        }
        let reply = request.body(body).send().await.unwrap();
        Reply { status: reply.status().as_u16(), body: reply.text().await.unwrap() }
    }

    /// Delivers a value, rightly signed.
    pub async fn deliver(&self, topic: &str, body: &Value) -> Reply {
        let body = body.to_string().into_bytes();
        let signature = sign(CLIENT_SECRET, &body);
        self.send(self.ids.shop.as_str(), Some(topic), Some(&signature), body).await
    }

    /// Tells us about an order as it stands in the shop, and gives our id of it.
    pub async fn tell(&self, topic: &str, order: i64) -> OrderId {
        let reply = self.deliver(topic, &self.body(order).await).await;
        assert_eq!(reply.status, 200, "{topic}");
        self.id(order)
    }

    /// The order as we have it.
    pub async fn order(&self, id: &OrderId) -> Order {
        self.db.order(id).await.unwrap().expect("the order is stored")
    }

    /// Waits until an order stands there, with its stock settled as far as it will be.
    pub async fn stands(&self, id: &OrderId, status: Status) -> Order {
        let seen = Mutex::new(String::new());
        let settled = async || {
            let order = self.db.order(id).await.unwrap()?;
            let done = order.status == status && (status != Status::Dispatched || order.stock_settled);
            *seen.lock().unwrap() = format!("{:?} {:?} {:?}", order.status, order.claim, order.exceptions);
            done.then_some(order)
        };
        let what = || format!("{id} to be {}; it is {}", status.as_str(), seen.lock().unwrap());
        until(what, settled).await
    }

    /// On hand and reserved of a SKU over all warehouses, and whether its movements add up to them.
    pub async fn shelf(&self, sku: &str) -> (i64, i64) {
        let (levels, movements) = self.db.sku(&self.ids.merchant, sku).await.unwrap();
        let sum = |a: (i64, i64), b: (i64, i64)| (a.0 + b.0, a.1 + b.1);
        let effect = |m: &Movement| (m.effect().on_hand, m.effect().reserved);
        let moved = movements.iter().map(effect).fold((0, 0), sum);
        let there = levels.iter().map(|level| (level.on_hand, level.reserved)).fold((0, 0), sum);
        assert_eq!(moved, there, "the movements of {sku} add up to what is there");
        assert!(levels.iter().all(|level| level.is_sound()), "{sku} is oversold");
        there
    }

    /// What the carrier holds under the references of an order: live orders, and deleted ones.
    pub async fn at_carrier(&self, order: &OrderId) -> (usize, usize) {
        let state = self.stack.control("GET", "state", &Value::Null).await.unwrap();
        let all = state["royal_mail"]["order_list"].as_array().cloned().unwrap_or_default();
        let is_ours = |one: &&Value| one["reference"].as_str().is_some_and(|r| r.contains(order.suffix()));
        let ours = all.iter().filter(is_ours);
        let (deleted, live): (Vec<_>, Vec<_>) =
            ours.partition(|one| one["status"].as_str().is_some_and(|s| s.eq_ignore_ascii_case("deleted")));
        (live.len(), deleted.len())
    }

    /// Lets a function take messages from its queues, or stops it until the next story begins.
    pub async fn listen(&self, function: &'static str, on: bool) {
        let note = |mut stopped: std::sync::MutexGuard<'_, BTreeSet<_>>| {
            if on { stopped.remove(function) } else { stopped.insert(function) }
        };
        note(STOPPED.lock().unwrap_or_else(PoisonError::into_inner));
        let aws = self.aws();
        let name = self.stack.output(function).unwrap();
        let found = aws
            .get("lambda", &format!("/2015-03-31/event-source-mappings/?FunctionName={name}"))
            .await
            .unwrap();
        for mapping in found["EventSourceMappings"].as_array().unwrap() {
            let path = format!("/2015-03-31/event-source-mappings/{}", mapping["UUID"].as_str().unwrap());
            let (service, body) = ("lambda", json!({"Enabled": on}).to_string());
            let headers = [("content-type", "application/json")];
            aws.send(Call { method: "PUT", service, path: &path, headers: &headers, body: body.as_bytes() })
                .await
                .unwrap();
        }
    }

    /// Whether a connection may be used.
    pub async fn connection_state(&self, id: &ConnectionId) -> ConnectionState {
        self.db.connection(id).await.unwrap().unwrap().state
    }
}
