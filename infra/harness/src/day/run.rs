//! The day itself: orders are placed, deliveries made, the clock ticked and the queues worked, all at once.

use super::curve;
use super::ledger::Ledger;
use super::mail::{Letter, Mail};
use super::orders::Unplaced;
use super::report::{self, Report};
use super::road::{Clocks, Inside, Road};
use crate::accounts::{ACCOUNT, connection_id, others};
use crate::sim::mail::time_out;
use crate::world::{Functions, Setup, World, WorldError};
use http::Method;
use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng;
use rand::rngs::StdRng;
use serde_json::json;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::{LocalSet, spawn_local};
use waybill_domain::order::{Channel, Status};
use waybill_domain::time::after;
use waybill_sandbox::state::Limits;
use waybill_sandbox::{Call, DeliveryResult};
use waybill_store::memory::Outside;
use waybill_store::{Queue, Work};

/// The day: from midnight to midnight, UTC, as channels count their days.
const MIDNIGHT: i64 = 1_795_392_000;
/// What is not done so long after the day never will be.
const PATIENCE: SignedDuration = SignedDuration::from_hours(6);
/// As many functions of a queue run at once, as in the template.
const AT_ONCE: usize = 5;
/// The queues that are worked; parcels are not tracked.
const WORKED: [Queue; 5] = [Queue::Poll, Queue::Allocate, Queue::Book, Queue::Notify, Queue::Push];
const MINUTE: Duration = Duration::from_secs(60);
/// How long a WooCommerce shop waits for a visitor before it sends what it has to say, in seconds.
const WOO_DELAY: u32 = 15;

/// What a day is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Settings {
    /// Orders placed, over all five channels.
    pub orders: usize,
    /// Decides everything.
    pub seed: u64,
    /// How long the day is; 24, or less for a day of the same shape that passes faster.
    pub hours: u32,
}

impl Settings {
    /// A whole day.
    pub fn day(orders: usize, seed: u64) -> Self {
        Self { orders, seed, hours: 24 }
    }
}

/// Everything of the day that tasks share.
struct Day {
    world: World,
    clocks: Clocks,
    inside: Arc<Inside>,
    mail: Arc<Mail>,
    ledger: Arc<Ledger>,
    refused: AtomicU64,
}

/// Runs a day.
///
/// # Errors
/// When the harness itself fails; what the day came to is in the report.
pub fn run(settings: Settings) -> Result<Report, WorldError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .map_err(|_| WorldError::Setup("runtime"))?;
    LocalSet::new().block_on(&runtime, live(settings))
}

async fn live(settings: Settings) -> Result<Report, WorldError> {
    let mut rng = StdRng::seed_from_u64(settings.seed);
    let start = Timestamp::from_second(MIDNIGHT).map_err(|_| WorldError::Setup("midnight"))?;
    let script = curve::day(&mut rng, settings.orders, start, settings.hours);
    let mut wanted = BTreeMap::new();
    for (_, channel) in &script {
        *wanted.entry(channel.as_str()).or_insert(0) += 1;
    }
    let unplaced = Unplaced::invent(settings.seed, &wanted)?;
    let day = Rc::new(begin(settings.seed, start).await?);
    let mut tasks = vec![spawn_local(tick(Rc::clone(&day))), spawn_local(post(Rc::clone(&day)))];
    for queue in WORKED {
        tasks.extend((0..AT_ONCE).map(|_| spawn_local(work(Rc::clone(&day), queue))));
    }
    place(&day, script, unplaced).await?;
    let midnight = after(start, SignedDuration::from_hours(i64::from(settings.hours)));
    let end = after(midnight, PATIENCE);
    day.clocks.until(midnight).await;
    while day.ledger.undone() > 0 && day.clocks.now() < end {
        day.clocks.pass(MINUTE).await;
    }
    let ended = day.clocks.now();
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
    let facts = report::Facts {
        settings,
        ended: ended.duration_since(start),
        refused: day.refused.load(Ordering::Relaxed),
        mail: day.mail.counts(),
    };
    report::of(&day.world, &day.ledger, facts).await
}

async fn begin(seed: u64, start: Timestamp) -> Result<Day, WorldError> {
    let road = Arc::new(Road::new(seed));
    let outside: Arc<dyn Outside> = Arc::<Road>::clone(&road);
    let world = World::new(&Setup { seed, now: start, ..Setup::default() }, outside).await?;
    world.sandbox.set_limits(Limits::DOCUMENTED);
    talkative(&world)?;
    let (mail, ledger) = (Arc::new(Mail::default()), Arc::new(Ledger::default()));
    let clocks = Clocks::start(world.time.clone(), world.sandbox.clone());
    let inside = Inside {
        clocks: clocks.clone(),
        sent: world.queues.clone(),
        mail: Arc::clone(&mail),
        ledger: Arc::clone(&ledger),
    };
    let inside = Arc::new(inside);
    road.open(Arc::clone(&inside));
    Ok(Day { world, clocks, inside, mail, ledger, refused: AtomicU64::new(0) })
}

/// The shops that can send deliveries by themselves do.
fn talkative(world: &World) -> Result<(), WorldError> {
    let webhook = |channel: Channel, id: &waybill_domain::ConnectionId| {
        format!("http://waybill.invalid/webhooks/{}/{id}", channel.as_str())
    };
    let accounts = others("http://sandbox.invalid", webhook).map_err(|_| WorldError::Setup("id"))?;
    for mut account in accounts {
        match account.at() {
            "woocommerce" => {
                account.config["auto_webhooks"] = json!(true);
                account.config["webhook_delay_seconds"] = json!(WOO_DELAY);
            }
            "magento" => account.config["auto_events"] = json!(true),
            _ => continue,
        }
        let path = format!("/control/{}/{ACCOUNT}", account.at());
        let reply = world.sandbox.answer(&Call::new(Method::PUT, &path).json(&account.config));
        if reply.status != 200 {
            return Err(WorldError::Setup("account"));
        }
    }
    Ok(())
}

/// Places every order at its time.
async fn place(
    day: &Day,
    script: Vec<(Timestamp, Channel)>,
    mut unplaced: Unplaced,
) -> Result<(), WorldError> {
    let bad = |_| WorldError::Setup("id");
    for (at, channel) in script {
        day.clocks.until(at).await;
        let id = unplaced.place(&day.world.sandbox, channel)?;
        let connection = connection_id(channel).map_err(bad)?;
        let order = day.world.index.order_id(&connection, &id);
        let order = order.map_err(|_| WorldError::Setup("order id"))?;
        day.ledger.placed(order, channel, day.clocks.now());
    }
    Ok(())
}

/// The clock function, every minute.
async fn tick(day: Rc<Day>) {
    let mut next = day.clocks.now();
    loop {
        next = after(next, SignedDuration::from_mins(1));
        day.clocks.until(next).await;
        let now = day.clocks.now();
        day.ledger.look(now);
        // Requests as they came in are not looked at here, and a day of them is large.
        day.world.sandbox.with_state(|state| state.meters.captured.clear());
        if let Err(error) = day.world.functions.tick(now).await {
            tracing::error!(%error, "the clock failed");
        }
    }
}

/// Delivers what the channels send.
async fn post(day: Rc<Day>) {
    loop {
        day.clocks.pass(Duration::from_secs(1)).await;
        for delivery in day.world.sandbox.take_webhooks(usize::MAX) {
            let day = Rc::clone(&day);
            spawn_local(async move {
                let status = day.world.functions.deliver(&delivery.webhook).await;
                day.clocks.now();
                if !(200..300).contains(&status) {
                    day.refused.fetch_add(1, Ordering::Relaxed);
                }
                day.world.sandbox.webhook_result(delivery, DeliveryResult::Answered(status));
            });
        }
    }
}

/// One of the functions of a queue: takes a batch, works on it, takes the next.
async fn work(day: Rc<Day>, queue: Queue) {
    loop {
        let bell = day.mail.bell.notified();
        let now = day.clocks.now();
        let batch = day.mail.take(queue, now);
        if !batch.is_empty() {
            day.carry_out(queue, batch, now).await;
            continue;
        }
        match day.mail.next(queue) {
            Some(then) => {
                tokio::select! { biased; () = bell => {}, () = day.clocks.until(then) => {} }
            }
            None => bell.await,
        }
    }
}

impl Day {
    async fn carry_out(&self, queue: Queue, letters: Vec<Letter>, taken: Timestamp) {
        let batch: Vec<_> = letters.iter().map(|l| (l.id.to_string(), l.work.clone())).collect();
        let functions: &Functions = &self.world.functions;
        let most = Duration::try_from(time_out(queue)).unwrap_or(MINUTE);
        let failed = match tokio::time::timeout(most, functions.work(queue, &batch)).await {
            Ok(Ok(failed)) => failed,
            Ok(Err(_)) => batch.iter().map(|(id, _)| id.clone()).collect(),
            Err(_) => {
                self.mail.timed_out(queue);
                batch.iter().map(|(id, _)| id.clone()).collect()
            }
        };
        self.inside.collect();
        let failed = letters.into_iter().filter(|l| failed.contains(&l.id.to_string())).collect();
        self.mail.put_back(queue, failed, taken);
        // What the channel says of an order that it was just told of sends the order to the allocator once more.
        if matches!(queue, Queue::Notify | Queue::Allocate) {
            self.see_what_left(&batch).await;
        }
    }

    /// Notes which of these orders their channels now know to have left.
    async fn see_what_left(&self, batch: &[(String, Work)]) {
        let told = batch.iter().filter_map(|(_, work)| match work {
            Work::Order { order, .. } if self.ledger.waits(order) => Some(order.clone()),
            _ => None,
        });
        let told: Vec<_> = told.collect();
        let Ok(orders) = self.world.db.orders(&told).await else { return };
        let now = self.clocks.now();
        for order in orders.iter().filter(|order| order.status == Status::Dispatched) {
            self.ledger.done(&order.id, now);
        }
    }
}
