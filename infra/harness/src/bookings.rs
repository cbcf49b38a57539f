//! Many bookings with all carriers while replies are lost and processes die: one label each, whatever happens.
//!
//! The shipper as it is deployed, on in-memory AWS, with the sandbox for the carriers. Where a carrier shows no
//! bookings (DPD), one whose reply was lost is before a person at the end: the run then does what the person does,
//! looks in the carrier's account, and says "book again" of those that are not there.

use crate::world::{Setup, World, WorldError};
use async_trait::async_trait;
use jiff::SignedDuration;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use rust_decimal::Decimal;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Allocation, Channel, ChannelRef, Destination, Order, Status};
use waybill_domain::retention::Policy;
use waybill_domain::time::after;
use waybill_privacy::{Recipient, Sensitive};
use waybill_sandbox::royal_mail::Status as AtRoyalMail;
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::memory::{Outside, Verdict};
use waybill_store::{Queue, Work};

/// Of a hundred bookings, so many are accepted by the carrier without our seeing its answer.
const LOST: f64 = 0.10;
/// Of a hundred bookings, in so many the process dies at some step.
const CRASHES: f64 = 0.05;
/// The steps of one booking, more or less: where a process may die.
const STEPS: usize = 60;
/// Messages an order gets before it counts as stuck.
const ROUNDS: usize = 40;

/// What a run is told.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How many orders.
    pub bookings: usize,
    /// Replies are lost and processes die.
    pub faults: bool,
    /// Decides when.
    pub seed: u64,
}

/// What came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// Orders.
    pub bookings: usize,
    /// Live bookings at all carriers at the end: one label each.
    pub labels: usize,
    /// Of these, labels kept here, by carrier; the others are printed on the carrier's own site.
    pub kept: BTreeMap<&'static str, usize>,
    /// References that a carrier has twice.
    pub booked_twice: usize,
    /// Orders without a label that nobody is told of.
    pub lost: usize,
    /// Orders that were before a person because a booking might exist, by carrier.
    pub unresolved: BTreeMap<&'static str, usize>,
    /// Of these, bookings the person found in the carrier's account.
    pub found_by_hand: usize,
    /// Processes that died.
    pub crashes: usize,
    /// Replies that were lost.
    pub replies_lost: u64,
}

impl Outcome {
    /// Promises that were not kept.
    pub fn broken(&self) -> Vec<&'static str> {
        let by_click_and_drop = ["royal_mail", "parcelforce"].iter().any(|c| self.unresolved.contains_key(c));
        let kept: usize = self.kept.values().sum();
        [
            (self.labels == self.bookings, "every booking is one label"),
            (self.booked_twice == 0, "nothing is bought twice"),
            (self.lost == 0, "nothing is lost"),
            (kept + self.found_by_hand == self.bookings, "every label is kept here or known to a person"),
            (!by_click_and_drop, "what a carrier shows needs no person"),
        ]
        .into_iter()
        .filter_map(|(held, promise)| (!held).then_some(promise))
        .collect()
    }
}

/// Counts the steps of a process, and ends it at one of them.
#[derive(Default)]
struct Fate {
    steps: AtomicUsize,
    /// 0 for never.
    dies_at: AtomicUsize,
    died: tokio::sync::Notify,
}

impl Fate {
    async fn step(&self) {
        let step = self.steps.fetch_add(1, Ordering::Relaxed) + 1;
        if step == self.dies_at.load(Ordering::Relaxed) {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }
}

#[async_trait]
impl Outside for Fate {
    async fn before(&self, _call: &str) -> Verdict {
        self.step().await;
        Verdict::Go
    }

    async fn after(&self, _call: &str) {
        self.step().await;
    }
}

struct Run {
    world: World,
    fate: Arc<Fate>,
    rng: StdRng,
    crashes: usize,
}

/// Whose orders go by DPD here. Not eBay's: an order of theirs is read there before its label is bought, and these are
/// in no channel.
const BY_DPD: Channel = Channel::WooCommerce;

/// Has them go by DPD, as eBay's do in the world.
async fn by_dpd(world: &World) -> Result<(), WorldError> {
    let mut merchant = world.merchant.clone();
    for rule in merchant.services.rules.iter_mut().filter(|rule| rule.channels.contains(&Channel::Ebay)) {
        rule.channels.push(BY_DPD);
    }
    Ok(world.db.save_merchant(&merchant).await?)
}

/// Runs it.
///
/// # Errors
/// When the harness itself fails.
pub async fn run(settings: Settings) -> Result<Outcome, WorldError> {
    let fate = Arc::new(Fate::default());
    let setup = Setup { seed: settings.seed, ..Setup::default() };
    let world = World::new(&setup, fate.clone()).await?;
    by_dpd(&world).await?;
    let mut run = Run { world, fate, rng: StdRng::seed_from_u64(settings.seed), crashes: 0 };
    let mut ids = Vec::with_capacity(settings.bookings);
    for n in 0..settings.bookings {
        ids.push(run.place(n).await?);
    }
    if settings.faults {
        for endpoint in ["royal-mail.create", "dpd.create"] {
            let lost = Fault::new(endpoint, FaultKind::LoseReply { hold_seconds: 30 });
            run.world.sandbox.add_fault(lost.with_probability(LOST));
        }
    }
    run.ship(&ids, if settings.faults { CRASHES } else { 0.0 }).await?;
    let mut outcome = Outcome { bookings: settings.bookings, crashes: run.crashes, ..Outcome::default() };
    outcome.replies_lost = run.world.sandbox.with_state(|state| {
        let of = |endpoint| state.meters.endpoints.get(endpoint).and_then(|m| m.by_status.get(&504)).copied();
        ["royal-mail.create", "dpd.create"].into_iter().filter_map(of).sum()
    });
    run.world.sandbox.clear_faults();
    run.person(&ids, &mut outcome).await?;
    run.count(&ids, &mut outcome).await?;
    Ok(outcome)
}

impl Run {
    /// An allocated order: a third each for DPD, Royal Mail and Parcelforce.
    async fn place(&self, n: usize) -> Result<OrderId, WorldError> {
        let bad = |_| WorldError::Setup("id");
        let (channel, grams) = match n % 3 {
            0 => (BY_DPD, 600),
            1 => (Channel::Shopify, 600),
            _ => (Channel::Shopify, 4_000),
        };
        let now = self.world.time.now();
        let id: OrderId = format!("ord_{n:016x}{n:016x}").parse().map_err(bad)?;
        let price = Decimal::new(1_225, 2);
        let incoming = Incoming {
            channel,
            channel_ref: ChannelRef { id: n.to_string(), name: None },
            version: now,
            placed_at: now,
            cancelled_at: None,
            arrived_at: None,
            test: false,
            readiness: Readiness::Ready,
            delivery: Delivery::Ship,
            destination: Some(Destination { country: "GB".into(), postcode_area: Some("BS".into()) }),
            lines: vec![IncomingLine {
                channel_line: "1".into(),
                sku: Some("TEE-RED-M".into()),
                quantity: 1,
                sent: 0,
                ships: true,
                grams,
                price,
            }],
            total: Money { amount: price, currency: "GBP".into() },
        };
        let identity = Identity {
            order: id.clone(),
            merchant: self.world.merchant_id().clone(),
            connection: self.world.shop.clone(),
            lines: vec!["lin_000000000001".parse().map_err(bad)?],
            digest: "a".into(),
        };
        let arrival = Arrival {
            incoming: &incoming,
            who: &identity,
            recipient: Some(&somebody()),
            buyer: None,
            lot: None,
            policy: Policy::LONGEST,
            fresh: false,
            now,
        };
        ingest(&self.world.db, &self.world.kms, &arrival).await?;
        let mut order = self.see(&id).await?;
        let warehouse = self.world.merchant.warehouses.first().ok_or(WorldError::Setup("warehouse"))?;
        for line in &mut order.lines {
            line.allocations = vec![Allocation { warehouse: warehouse.id.clone(), quantity: 1 }];
        }
        order.status = Status::Allocated;
        self.world.db.save_order(&mut order).await?;
        Ok(id)
    }

    async fn see(&self, id: &OrderId) -> Result<Order, WorldError> {
        self.world.db.order(id).await?.ok_or(WorldError::Setup("order"))
    }

    /// Gives every order messages until none has anything left to do; each message is a second later.
    async fn ship(&mut self, ids: &[OrderId], crashes: f64) -> Result<(), WorldError> {
        let mut left: Vec<OrderId> = ids.to_vec();
        for round in 0..ROUNDS {
            let mut next = Vec::new();
            for id in left {
                let dies = round == 0 && self.rng.random_bool(crashes);
                self.once(&id, dies).await;
                self.world.set_now(after(self.world.time.now(), SignedDuration::from_secs(1)));
                if self.see(&id).await?.status == Status::Allocated {
                    next.push(id);
                }
            }
            left = next;
            if left.is_empty() {
                break;
            }
            // Longer than a claim holds others off, and than a broken circuit stays open.
            self.world.set_now(after(self.world.time.now(), SignedDuration::from_secs(120)));
        }
        Ok(())
    }

    /// One message; its process may die at a step. How it ends is read from the order.
    async fn once(&mut self, id: &OrderId, dies: bool) {
        let at = if dies { self.rng.random_range(1..=STEPS) } else { 0 };
        self.fate.steps.store(0, Ordering::Relaxed);
        self.fate.dies_at.store(at, Ordering::Relaxed);
        let work = [("1".to_owned(), Work::Order { order: id.clone(), at: self.world.time.now() })];
        let died = tokio::select! {
            biased;
            _ = self.world.functions.work(Queue::Book, &work) => false,
            () = self.fate.died.notified() => true,
        };
        self.fate.dies_at.store(0, Ordering::Relaxed);
        self.crashes += usize::from(died);
        self.world.queues.take();
    }

    /// References of what is live at the carriers, each as often as it is there.
    fn live(&self) -> Vec<String> {
        self.world.sandbox.with_state(|state| {
            let royal_mail = state.royal_mail.orders.values();
            let royal_mail = royal_mail.filter(|one| one.status != AtRoyalMail::Deleted);
            let dpd = state.dpd.accounts.values().flat_map(|account| &account.shipments);
            let named =
                royal_mail.map(|one| one.reference.clone()).chain(dpd.map(|one| one.reference.clone()));
            named.map(Option::unwrap_or_default).collect()
        })
    }

    /// What a person does with each order that may or may not be booked.
    async fn person(&mut self, ids: &[OrderId], outcome: &mut Outcome) -> Result<(), WorldError> {
        let live = self.live();
        let there: BTreeSet<&str> = live.iter().map(String::as_str).collect();
        let mut again = Vec::new();
        for id in ids {
            let mut order = self.see(id).await?;
            if !order.exceptions.iter().any(|open| open.reason == Reason::UncertainBooking) {
                continue;
            }
            *outcome.unresolved.entry(carrier_of(&order)).or_default() += 1;
            // The carrier has the beginning of our reference, as much as it takes.
            let ours = |reference: &&str| {
                let known = reference.trim_start_matches("WB-").split('-').next().unwrap_or_default();
                !known.is_empty() && order.id.suffix().starts_with(known)
            };
            if there.iter().any(ours) {
                outcome.found_by_hand += 1;
                continue;
            }
            (order.status, order.hold, order.claim) = (Status::Allocated, None, None);
            order.exceptions.clear();
            self.world.db.save_order(&mut order).await?;
            again.push(id.clone());
        }
        self.ship(&again, 0.0).await
    }

    async fn count(&self, ids: &[OrderId], outcome: &mut Outcome) -> Result<(), WorldError> {
        for id in ids {
            let order = self.see(id).await?;
            let shipments = self.world.db.shipments(id).await?;
            let kept = shipments.len() == 1 && shipments.iter().all(|one| one.has_label());
            if order.status == Status::Booked && kept {
                *outcome.kept.entry(carrier_of(&order)).or_default() += 1;
            } else if order.exceptions.is_empty() {
                outcome.lost += 1;
            }
        }
        let live = self.live();
        outcome.labels = live.len();
        outcome.booked_twice = live.len() - live.iter().collect::<BTreeSet<_>>().len();
        Ok(())
    }
}

/// By which carrier the world's rules send it.
fn carrier_of(order: &Order) -> &'static str {
    match (order.channel, order.lines.iter().any(|line| line.grams > 2_000)) {
        (BY_DPD, _) => "dpd",
        (_, true) => "parcelforce",
        (_, false) => "royal_mail",
    }
}

/// Somebody who does not exist.
fn somebody() -> Recipient {
    let text = |text: &str| Some(Sensitive::new(text.to_owned()));
    Recipient {
        name: text("Ada Invented"),
        lines: vec![Sensitive::new("14 Invented Street".to_owned())],
        city: text("Bristol"),
        postcode: text("BS1 4DJ"),
        country: Some("GB".into()),
        phone: text("07700 900001"),
        ..Recipient::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn played(bookings: usize, faults: bool) -> Outcome {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(run(Settings { bookings, faults, seed: 1 })).unwrap()
    }

    #[test]
    fn every_booking_is_one_label_in_calm_weather() {
        let outcome = played(30, false);
        let kept = BTreeMap::from([("dpd", 10), ("parcelforce", 10), ("royal_mail", 10)]);
        let calm = Outcome { bookings: 30, labels: 30, kept, ..Outcome::default() };
        assert_eq!(outcome, calm);
    }

    #[test]
    fn every_booking_is_one_label_when_replies_are_lost_and_processes_die() {
        let outcome = played(300, true);
        assert_eq!(outcome.broken(), Vec::<&str>::new(), "{outcome:?}");
        assert!(outcome.crashes > 5 && outcome.replies_lost > 15, "{outcome:?}");
        assert!(outcome.unresolved.contains_key("dpd") && outcome.found_by_hand > 0, "{outcome:?}");
    }

    #[test]
    fn a_label_too_many_or_too_few_is_seen() {
        let kept = BTreeMap::from([("dpd", 2)]);
        let good = Outcome { bookings: 2, labels: 2, kept, ..Outcome::default() };
        assert!(good.broken().is_empty());
        for bad in [
            Outcome { labels: 3, booked_twice: 1, ..good.clone() },
            Outcome { labels: 1, ..good.clone() },
            Outcome { lost: 1, ..good.clone() },
            Outcome { found_by_hand: 1, ..good.clone() },
            Outcome { unresolved: BTreeMap::from([("royal_mail", 1)]), ..good.clone() },
        ] {
            assert!(!bad.broken().is_empty(), "{bad:?}");
        }
    }
}
