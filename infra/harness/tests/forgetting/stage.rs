//! A world that is driven by hand, and a search through everything in it.

use async_trait::async_trait;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::Write;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use waybill_domain::OrderId;
use waybill_domain::event::Event;
use waybill_domain::order::{Channel, Order, PersonalData};
use waybill_domain::time::after;
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::canary::{Keeps, Needles, Token, canary_of, canary_tokens, each_layer};
use waybill_harness::world::{SHOP, Setup, World};
use waybill_sandbox::invent::canary_order;
use waybill_sandbox::shopify::orders;
use waybill_sandbox::{Call, WebhookOptions};
use waybill_store::Queue;
use waybill_store::memory::{Outside, Sent, Verdict};

/// A number from the environment: small by default, so that a debug build is quick; the figures worth publishing
/// are `WAYBILL_OLD_EVENTS=10000`, `WAYBILL_BURST=1500` and `WAYBILL_DUE_ORDERS=10000`.
pub fn number(name: &str, default: usize) -> usize {
    std::env::var(name).ok().and_then(|n| n.parse().ok()).unwrap_or(default)
}

/// The longest wait in seconds that is waited for: what comes back to a spent budget takes a minute at most, leases and
/// second looks take longer.
const PATIENCE: u32 = 70;

/// Stops at the call with this number, and at every one after it, until told to go on.
#[derive(Default)]
pub struct Stopping {
    left: AtomicI64,
    armed: std::sync::atomic::AtomicBool,
}

impl Stopping {
    /// Lets `calls` through and refuses the rest.
    pub fn after(&self, calls: i64) {
        self.left.store(calls, Ordering::Relaxed);
        self.armed.store(true, Ordering::Relaxed);
    }

    /// Lets everything through again; gives whether it had stopped anything.
    pub fn go_on(&self) -> bool {
        self.armed.store(false, Ordering::Relaxed);
        self.left.load(Ordering::Relaxed) < 0
    }
}

#[async_trait]
impl Outside for Stopping {
    async fn before(&self, _: &str) -> Verdict {
        if !self.armed.load(Ordering::Relaxed) || self.left.fetch_sub(1, Ordering::Relaxed) > 0 {
            return Verdict::Go;
        }
        self.left.fetch_min(-1, Ordering::Relaxed);
        Verdict::Refuse("InternalServerError")
    }
    async fn after(&self, _: &str) {}
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The world, every message that was ever in a queue, and everything that was logged, at the finest level.
pub struct Stage {
    pub world: World,
    pub stopping: Arc<Stopping>,
    pub tokens: Vec<Token>,
    /// What orders are called at their channels: kept while they live.
    pub names: Vec<Token>,
    pub messages: Vec<Sent>,
    pub events: Vec<Event>,
    /// Messages may fail and become dead letters.
    pub may_fail: bool,
    /// Messages that failed.
    pub failed: usize,
    log: Log,
    _logging: DefaultGuard,
}

impl Stage {
    pub async fn set() -> Self {
        Self::with(&Setup::default()).await
    }

    pub async fn with(setup: &Setup) -> Self {
        let log = Log::default();
        let lines = log.clone();
        let layer = tracing_subscriber::fmt::layer().json().with_writer(move || lines.clone());
        let ceiling = waybill_runtime::log::ceiling(LevelFilter::TRACE);
        let logging = tracing_subscriber::registry().with(layer).with(ceiling).set_default();
        let stopping = Arc::new(Stopping::default());
        let world = World::new(setup, stopping.clone()).await.unwrap();
        let (tokens, names, messages, events) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self {
            world,
            stopping,
            tokens,
            names,
            messages,
            events,
            may_fail: false,
            failed: 0,
            log,
            _logging: logging,
        }
    }

    pub fn now(&self) -> Timestamp {
        self.world.time.now()
    }

    pub fn advance(&self, by: SignedDuration) {
        self.world.set_now(after(self.now(), by));
    }

    /// The `n`th canary order, in the shop and told to Waybill; gives the shop's number.
    pub async fn bought(&mut self, n: u64) -> i64 {
        let id = self.placed(n);
        assert_eq!(self.tell("orders/create", Some(id), &WebhookOptions::default()).await, 200);
        id
    }

    /// The `n`th canary order, in the shop alone.
    pub fn placed(&mut self, n: u64) -> i64 {
        self.placed_as(n, |_| {})
    }

    /// As [`Stage::placed`], changed before it is put there.
    pub fn placed_as(&mut self, n: u64, change: impl FnOnce(&mut Value)) -> i64 {
        let (mut body, tokens) = canary_order(n);
        change(&mut body);
        let now = self.now().strftime("%Y-%m-%dT%H:%M:%S+00:00").to_string();
        for name in ["created_at", "updated_at", "processed_at"] {
            body[name] = json!(now);
        }
        let tokens: Vec<Value> =
            tokens.iter().map(|(pointer, token)| json!({"pointer": pointer, "token": token})).collect();
        self.tokens.extend(canary_tokens(&json!({"tokens": tokens}), &body));
        self.world.sandbox.with_state(|state| {
            let id = orders::put(state, SHOP, body, 1).unwrap();
            state.outbox.waiting.clear();
            id
        })
    }

    /// Asks the sandbox's control door about the account of a channel whose orders are fetched.
    pub fn control(&self, channel: Channel, method: Method, path: &str, body: &Value) -> Value {
        let call = Call::new(method, &format!("/control/{}/{ACCOUNT}/{path}", channel.as_str()));
        let reply = self.world.sandbox.answer(&call.json(body));
        assert_eq!(reply.status, 200, "{path}: {}", reply.value());
        reply.value()
    }

    /// The `n`th canary order of a channel whose orders are fetched, there alone; gives the channel's key of it.
    pub fn planted(&mut self, channel: Channel, n: u64) -> String {
        let made = self.control(channel, Method::POST, "canary", &json!({"number": n}));
        let native = self.control(channel, Method::GET, "native", &Value::Null);
        let (id, body) = canary_of(&made, &native).unwrap();
        let all = canary_tokens(&made, body);
        let names = Keeps::of(channel).names;
        let (names, tokens) = all.into_iter().partition(|one| names.contains(&one.pointer.as_str()));
        self.names.extend::<Vec<Token>>(names);
        self.tokens.extend::<Vec<Token>>(tokens);
        id
    }

    /// Our id of an order of a channel.
    pub fn id_at(&self, channel: Channel, id: &str) -> OrderId {
        self.world.index.order_id(&connection_id(channel).unwrap(), id).unwrap()
    }

    /// Signs and delivers; gives the status of the answer.
    pub async fn tell(&self, topic: &str, order: Option<i64>, options: &WebhookOptions) -> u16 {
        let webhook = self.world.sandbox.webhook(SHOP, topic, order, options).unwrap();
        self.world.functions.deliver(&webhook).await
    }

    /// Works through everything that is waiting, until nothing is left but what was told to wait for longer than a
    /// carrier's rate asks for.
    pub async fn drain(&mut self) {
        let mut later = Vec::new();
        for _ in 0..5_000 {
            let sent = self.world.queues.take();
            self.messages.extend(sent.iter().cloned());
            self.events.extend(self.world.bus.take());
            let (at_once, told): (Vec<_>, Vec<_>) = sent.into_iter().partition(|one| one.delay == 0);
            later.extend(told.into_iter().filter(|one| one.delay <= PATIENCE));
            let next = if at_once.is_empty() { std::mem::take(&mut later) } else { at_once };
            if let Some(wait) = next.iter().map(|one| one.delay).max().filter(|wait| *wait > 0) {
                self.advance(SignedDuration::from_secs(i64::from(wait)));
            }
            let mut by_queue: BTreeMap<Queue, Vec<_>> = BTreeMap::new();
            for (n, one) in next.into_iter().enumerate() {
                by_queue.entry(one.queue).or_default().push((n.to_string(), one.work));
            }
            if by_queue.is_empty() {
                return;
            }
            for (queue, work) in by_queue {
                for batch in work.chunks(10) {
                    let failed = self.world.functions.work(queue, batch).await.unwrap();
                    self.failed += failed.len();
                    assert!(failed.is_empty() || self.may_fail, "{queue:?} failed: {}", self.logged());
                }
            }
        }
        panic!("the queues never run dry");
    }

    /// The clock's minute, and what follows from it.
    pub async fn tick(&mut self) {
        self.world.functions.tick(self.now()).await.unwrap();
        self.drain().await;
    }

    pub async fn retain(&self) -> Value {
        self.world.functions.retain(self.now()).await.unwrap()
    }

    pub fn id(&self, number: i64) -> OrderId {
        self.world.order_id(number).unwrap()
    }

    pub async fn order(&self, number: i64) -> Order {
        self.world.db.order(&self.id(number)).await.unwrap().unwrap()
    }

    pub async fn is_erased(&self, number: i64) -> bool {
        self.is_gone(&self.id(number)).await
    }

    /// No key, no sealed bytes, no label and nothing that leads back to a person is left of an order.
    pub async fn is_gone(&self, id: &OrderId) -> bool {
        let key = self.world.db.recipient_key(id).await.unwrap();
        let order = self.world.db.order_with_sealed(id).await.unwrap();
        let gone = order.is_none_or(|(order, sealed)| {
            order.personal == PersonalData::Erased && order.channel_ref.is_none() && sealed.is_none()
        });
        let documents = self.world.documents.all();
        gone && key == waybill_store::keys::KeyState::Erased
            && !documents.keys().any(|name| name.contains(id.as_str()))
    }

    pub fn logged(&self) -> String {
        String::from_utf8_lossy(&self.log.0.lock().unwrap()).into_owned()
    }

    /// Everything that could hold a copy, by name.
    pub fn sinks(&self) -> Vec<(String, Vec<u8>)> {
        let mut sinks = Vec::new();
        for table in ["orders", "keys", "stock", "registry", "audit"] {
            let items = self.world.engine.dump(table).unwrap();
            sinks.push((table.to_owned(), serde_json::to_vec(&items).unwrap()));
        }
        for (table, index) in
            [("orders", "by-status"), ("orders", "due"), ("keys", "by-buyer"), ("keys", "purge")]
        {
            let rows = self.world.engine.dump_index(table, index).unwrap();
            sinks.push((format!("{table}/{index}"), serde_json::to_vec(&rows).unwrap()));
        }
        for (name, sealed) in self.world.documents.all() {
            sinks.push(("object names".to_owned(), name.into_bytes()));
            sinks.push(("objects".to_owned(), sealed));
        }
        for one in &self.messages {
            let message = waybill_store::work::Message::V1(one.work.clone());
            sinks.push((format!("{:?} queue", one.queue), serde_json::to_vec(&message).unwrap()));
        }
        sinks.push(("bus".to_owned(), serde_json::to_vec(&self.events).unwrap()));
        sinks.push(("log".to_owned(), self.log.0.lock().unwrap().clone()));
        sinks
    }

    /// Where any token is found, in any form: the place and the field it came from, never its value.
    pub fn hits(&self) -> Vec<String> {
        self.hits_of(&self.tokens)
    }

    /// As [`Stage::hits`], of these.
    pub fn hits_of(&self, tokens: &[Token]) -> Vec<String> {
        let needles = Needles::new(tokens).unwrap();
        let mut hits = Vec::new();
        for (name, bytes) in self.sinks() {
            each_layer(&bytes, &mut |layer, how| {
                for (token, form) in needles.search(layer) {
                    hits.push(format!("{name}{how}: {} as {form:?}", tokens[token].pointer));
                }
            });
        }
        hits.sort();
        hits.dedup();
        hits
    }
}
