//! AWS calls and capacity units of one order, counted on its whole road: a batch of [`BATCH`] orders of three lines
//! goes from the webhook to oblivion through the deployed handlers, on in-memory AWS with the sandbox for shop and
//! carrier.
//!
//! Write units are what the engine reports for `ReturnConsumedCapacity: INDEXES`. A write whose condition fails is
//! paid for at AWS too, and not in here: the engine reports nothing for it. Read units are counted: one for every
//! item or query, because no item of ours comes near the 4 KB that a unit covers.

use super::row::{Budget, Row};
use super::sample::{LINES, three_lines};
use crate::stack::Trouble;
use crate::world::{SHOP, Setup, World};
use async_trait::async_trait;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::OrderId;
use waybill_domain::time::after;
use waybill_sandbox::{Call, DeliveryResult};
use waybill_store::memory::{Outside, Verdict};
use waybill_store::{Queue, Work};

/// Orders that travel together: one batch of the allocator (template.yaml, BatchSize).
pub const BATCH: usize = 25;
/// How far the clock goes at a time while parcels travel; whoever is due then is looked at.
const STEP: SignedDuration = SignedDuration::from_hours(6);
/// How many steps: four days, and the sandbox delivers after 30 hours.
const STEPS: usize = 16;
/// Past every purge time.
const PURGED: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Lets every call through and writes down its name.
#[derive(Debug, Default)]
pub struct Counting {
    made: Mutex<Vec<String>>,
}

impl Counting {
    /// The calls made since the last time, in sequence.
    pub fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.made.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Outside for Counting {
    async fn before(&self, call: &str) -> Verdict {
        self.made.lock().unwrap_or_else(PoisonError::into_inner).push(call.to_owned());
        Verdict::Go
    }
    async fn after(&self, _call: &str) {}
}

/// What one stage used for all orders of the batch together.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Usage {
    /// Calls by name, such as `dynamodb:GetItem` or `carrier:create`.
    pub calls: BTreeMap<String, u64>,
    /// DynamoDB write units, indexes included.
    pub writes: f64,
    /// DynamoDB read units.
    pub reads: f64,
    /// Times a function was started.
    pub invocations: u64,
    /// Of these, by an HTTP request.
    pub requests: u64,
    /// Messages put on queues.
    pub messages: u64,
    /// Events put on the bus, of which one call may hold several.
    pub events: u64,
}

impl Usage {
    /// Both together.
    pub fn add(&mut self, other: &Self) {
        for (call, count) in &other.calls {
            *self.calls.entry(call.clone()).or_default() += count;
        }
        self.writes += other.writes;
        self.reads += other.reads;
        self.invocations += other.invocations;
        self.requests += other.requests;
        self.messages += other.messages;
        self.events += other.events;
    }

    /// How many calls there were whose names begin so.
    pub fn count(&self, begin: &str) -> u64 {
        self.calls.iter().filter(|(call, _)| call.starts_with(begin)).map(|(_, count)| count).sum()
    }

    /// Calls of AWS, shops' and carriers' left out.
    pub fn aws(&self) -> u64 {
        ["dynamodb:", "events:", "kms:", "sqs:", "s3:"].into_iter().map(|service| self.count(service)).sum()
    }
}

/// What the road used.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Road {
    /// The calls of one warm delivery, in sequence.
    pub webhook: Vec<String>,
    /// By stage, in the order of the road.
    pub stages: Vec<(&'static str, Usage)>,
    /// How many orders travelled.
    pub orders: usize,
}

impl Road {
    /// Write units of one order at a stage.
    pub fn writes(&self, stage: &str) -> f64 {
        let used = self.stages.iter().filter(|(name, _)| *name == stage).map(|(_, usage)| usage.writes);
        used.sum::<f64>() / self.orders as f64
    }

    /// What all stages used for all orders.
    pub fn total(&self) -> Usage {
        let mut total = Usage::default();
        self.stages.iter().for_each(|(_, usage)| total.add(usage));
        total
    }
}

/// What each stage uses for one order, for people: where calls and units go.
pub fn lines(road: &Road) -> Vec<String> {
    let mut stages: Vec<(&str, Usage)> = Vec::new();
    for (name, usage) in &road.stages {
        match stages.iter_mut().find(|(stage, _)| stage == name) {
            Some((_, sum)) => sum.add(usage),
            None => stages.push((name, usage.clone())),
        }
    }
    let each = |count: f64| count / road.orders as f64;
    let mut lines = vec!["One order uses, by stage:".to_owned()];
    for (name, usage) in stages {
        let calls: Vec<String> =
            usage.calls.iter().map(|(call, count)| format!("{:.2} {call}", each(*count as f64))).collect();
        let (writes, reads) = (each(usage.writes), each(usage.reads));
        lines.push(format!("  {name}: {writes:.2} write and {reads:.2} read units; {}", calls.join(", ")));
    }
    lines
}

/// The world with the meters read once more after every stage.
struct Meter {
    world: World,
    outside: Arc<Counting>,
    writes: f64,
    waiting: Vec<(Queue, Work)>,
    road: Road,
}

impl Meter {
    async fn new() -> Result<Self, Trouble> {
        let outside = Arc::new(Counting::default());
        let world = World::new(&Setup::default(), outside.clone()).await?;
        Ok(Self { world, outside, writes: 0.0, waiting: Vec::new(), road: Road::default() })
    }

    /// Reads the meters. `batched` is how many items BatchGetItem gave; starts of functions are counted by the caller.
    fn read(&mut self, batched: usize, invocations: usize, requests: usize) -> Usage {
        let writes: f64 = self.world.engine.capacity().writes.values().sum();
        let sent = self.world.queues.take();
        let mut usage = Usage {
            writes: writes - self.writes,
            invocations: invocations as u64,
            requests: requests as u64,
            messages: sent.len() as u64,
            events: self.world.bus.take().len() as u64,
            ..Usage::default()
        };
        self.writes = writes;
        self.waiting.extend(sent.into_iter().map(|sent| (sent.queue, sent.work)));
        for call in self.outside.take() {
            *usage.calls.entry(call).or_default() += 1;
        }
        usage.reads =
            (usage.count("dynamodb:GetItem") + usage.count("dynamodb:Query")) as f64 + batched as f64;
        usage
    }

    fn stage(&mut self, name: &'static str, batched: usize, invocations: usize, requests: usize) {
        let usage = self.read(batched, invocations, requests);
        self.road.stages.push((name, usage));
    }

    fn put(&self, orders: &[Value]) -> Result<(), Trouble> {
        let body = json!({"shop": SHOP, "orders": orders});
        let reply = self.world.sandbox.answer(&Call::new(Method::PUT, "/control/orders").json(&body));
        if reply.status == 200 {
            Ok(())
        } else {
            Err(format!("the sandbox refused: {}", reply.value()).into())
        }
    }

    /// Delivers what the shop sends; gives how many.
    async fn deliver(&mut self) -> Result<usize, Trouble> {
        let due = self.world.sandbox.take_webhooks(usize::MAX);
        let count = due.len();
        for delivery in due {
            let status = self.world.functions.deliver(&delivery.webhook).await;
            if status != 200 {
                return Err(format!("a webhook was answered with {status}").into());
            }
            self.world.sandbox.webhook_result(delivery, DeliveryResult::Answered(status));
        }
        Ok(count)
    }

    /// Gives a stage what waits for it, `most` messages at a time; gives how many times.
    async fn work(&mut self, queue: Queue, most: usize) -> Result<usize, Trouble> {
        let (now, later) = std::mem::take(&mut self.waiting).into_iter().partition(|(q, _)| *q == queue);
        self.waiting = later;
        let messages: Vec<(String, Work)> =
            now.into_iter().enumerate().map(|(n, (_, work))| (n.to_string(), work)).collect();
        let mut times = 0;
        for batch in messages.chunks(most) {
            if queue == Queue::Book {
                // A seller's hour, not a rush: what a carrier's limit holds back comes back and costs more.
                self.later(AT_EASE);
            }
            let failed = self.world.functions.work(queue, batch).await?;
            if !failed.is_empty() {
                return Err(format!("{} messages failed on {queue:?}", failed.len()).into());
            }
            times += 1;
        }
        Ok(times)
    }

    /// Has the bus told of orders that changed, as their stream does some seconds later.
    async fn tell_bus(&mut self) -> Result<(), Trouble> {
        let items = self.world.engine.dump("orders")?;
        let orders = items.iter().filter(|item| item["sk"]["S"] == "order");
        let ids: Result<Vec<OrderId>, _> =
            orders.filter_map(|item| item["pk"]["S"].as_str()).map(str::parse).collect();
        let ids = ids.map_err(|_| "an order has no id")?;
        self.world.functions.changed(&ids).await?;
        // Each has two items: itself, and how far it was told.
        self.stage("tell the bus", 2 * ids.len(), 1, 0);
        Ok(())
    }

    fn later(&self, by: SignedDuration) {
        self.world.set_now(after(self.world.time.now(), by));
    }
}

/// Messages about stock that the notifier takes at once, as in the template.
const PUSHES: usize = 10;
/// Times that channels are told again, and how long lies between.
const ROUNDS: usize = 8;
const ROUND: SignedDuration = SignedDuration::from_secs(20);
/// How long lies between two batches of bookings: as long as a booking takes out of a carrier's limit, and more.
const AT_EASE: SignedDuration = SignedDuration::from_secs(2);

/// Sends the orders down the road.
///
/// # Errors
/// When a handler fails, which is a fault of the product or of the harness.
pub async fn measure() -> Result<Road, Trouble> {
    let mut meter = Meter::new().await?;
    let mut orders = three_lines(BATCH + 2);
    let (warm, one) = (orders.split_off(BATCH + 1), orders.split_off(BATCH));
    // One order ahead of the others leaves every function warm.
    meter.put(&warm)?;
    meter.deliver().await?;
    meter.read(0, 0, 0);
    for queue in [Queue::Allocate, Queue::Book, Queue::Notify, Queue::Allocate] {
        meter.work(queue, BATCH).await?;
        meter.read(0, 0, 0);
    }
    meter.deliver().await?;
    meter.read(0, 0, 0);
    meter.waiting.clear();
    // One by itself shows the sequence.
    meter.put(&one)?;
    meter.outside.take();
    meter.deliver().await?;
    meter.road.webhook = meter.outside.take();
    meter.read(0, 0, 0);
    meter.waiting.clear();
    batch(&mut meter, &orders).await?;
    Ok(meter.road)
}

async fn batch(meter: &mut Meter, orders: &[Value]) -> Result<(), Trouble> {
    meter.road.orders = orders.len();
    meter.put(orders)?;
    let delivered = meter.deliver().await?;
    meter.stage("ingest", 0, delivered, delivered);
    meter.tell_bus().await?;
    let times = meter.work(Queue::Allocate, BATCH).await?;
    let slots = skus(orders) * meter.world.merchant.warehouses.len();
    meter.stage("allocate", orders.len() + slots, times, 0);
    let times = meter.work(Queue::Book, 1).await?;
    meter.stage("label", 0, times, 0);
    meter.tell_bus().await?;
    // What does not fit into the connections' budgets at once comes back when they have filled again.
    for _ in 0..ROUNDS {
        let times = meter.work(Queue::Notify, 1).await?;
        meter.stage("tell the shop", 0, times, 0);
        let times = meter.work(Queue::Push, PUSHES).await?;
        meter.stage("tell stock", 0, times, 0);
        meter.later(ROUND);
    }
    let delivered = meter.deliver().await?;
    meter.stage("hear the shop's echo", 0, delivered, delivered);
    let times = meter.work(Queue::Allocate, BATCH).await?;
    meter.stage("dispatch", orders.len(), times, 0);
    meter.tell_bus().await?;
    for _ in 0..STEPS {
        meter.later(STEP);
        let tick = meter.world.functions.tick(meter.world.time.now()).await?;
        let moved = meter.read(tick.moved + tick.idle, 1, 0);
        meter.road.stages.push(("track", moved));
        let times = meter.work(Queue::Track, 1).await?;
        meter.stage("track", 0, times, 0);
    }
    meter.tell_bus().await?;
    meter.later(PURGED);
    let report = meter.world.functions.retain(meter.world.time.now()).await?;
    meter.stage("forget", 0, 1, 0);
    meter.tell_bus().await?;
    // The two that went ahead are forgotten too.
    match report["forgotten"].as_u64() {
        Some(forgotten) if forgotten >= orders.len() as u64 => Ok(()),
        _ => Err(format!("not every order came to its end: {report}").into()),
    }
}

fn skus(orders: &[Value]) -> usize {
    let lines = orders.iter().flat_map(|order| order["line_items"].as_array().into_iter().flatten());
    lines.filter_map(|line| line["sku"].as_str()).collect::<BTreeSet<_>>().len()
}

/// The figures with their budgets.
pub fn rows(road: &Road) -> Vec<Row> {
    let writes = |name: &str, stage: &str, most: f64| {
        Row::new(format!("{name}, {LINES} lines"), road.writes(stage), "write units")
            .budget(Budget::AtMost(most))
    };
    let total = road.total();
    let orders = road.orders as f64;
    vec![
        Row::new("AWS calls of a warm webhook", road.webhook.len() as f64, "calls")
            .budget(Budget::AtMost(3.0)),
        writes("ingest an order", "ingest", 10.0),
        writes("allocate an order in a batch of 25", "allocate", 12.0),
        writes("label a shipment", "label", 8.0),
        Row::new("the whole road of an order", total.writes / orders, "write units"),
        Row::new("the whole road of an order", total.aws() as f64 / orders, "AWS calls"),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_adds_up() {
        let calls = BTreeMap::from([("kms:Decrypt".to_owned(), 2), ("carrier:create".to_owned(), 1)]);
        let mut usage = Usage { calls, writes: 4.0, ..Usage::default() };
        usage.add(&usage.clone());
        assert_eq!((usage.count("kms:"), usage.aws(), usage.writes), (4, 4, 8.0));
    }

    #[tokio::test]
    async fn an_order_travels_the_whole_road_and_a_warm_webhook_makes_three_calls() {
        let road = measure().await.unwrap();
        lines(&road).iter().for_each(|line| println!("{line}"));
        assert_eq!(road.webhook, ["kms:GenerateDataKey", "dynamodb:TransactWriteItems", "sqs:SendMessage"]);
        assert_eq!(road.total().count("carrier:create"), road.orders as u64);
        assert_eq!(road.total().count("shop:fulfil"), road.orders as u64);
    }
}
