//! Every minute: orders whose time has come, and orders that fell between two steps, go to their queue. Every quarter of an hour it also looks
//! at how the accounts fare.

mod accounts;

pub use accounts::{Accounts, accounts};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_channels::poll_every;
use waybill_domain::order::{Order, Status};
use waybill_domain::time::after;
use waybill_domain::tracking::next_look;
use waybill_runtime::Failure;
use waybill_runtime::metrics::Metric;
use waybill_store::db::SHARDS;
use waybill_store::work::stages;
use waybill_store::{Db, Queue, StoreError, Work, queues};

/// What the function needs.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// Every stage.
    pub queues: Arc<dyn queues::Send>,
}

/// The most orders taken from one shard in one tick; the rest follow a minute later.
const MAX_PER_SHARD: i32 = 200;
/// An order that was put on its queue is looked at again after this, should that come to nothing. A parcel on its
/// way is simply asked about again at its next turn.
const AGAIN: SignedDuration = SignedDuration::from_mins(15);
/// An order that came so long ago and is still on its way to the parcel stands still, unless a person is asked to act or
/// goods are missing.
const STUCK_AFTER: SignedDuration = SignedDuration::from_hours(24);

/// Stands in the middle of the road although nothing is known that it waits for.
fn is_stuck(order: &Order, now: Timestamp) -> bool {
    let on_its_way = match order.status {
        Status::Received | Status::Allocated | Status::PartAllocated | Status::Picking | Status::Booked => {
            true
        }
        Status::Backordered
        | Status::Held
        | Status::Dispatched
        | Status::Delivered
        | Status::Cancelled
        | Status::Returned => false,
    };
    on_its_way && order.exceptions.is_empty() && after(order.milestones.received, STUCK_AFTER) <= now
}

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Orders put on a queue.
    pub moved: usize,
    /// Orders that were due but need nothing; they are not looked at again.
    pub idle: usize,
    /// Channels that are read for changes.
    pub polls: usize,
    /// Of the orders put on a queue, those that stand still for over a day although nobody is asked to act.
    pub stuck: usize,
    /// Merchants whose goods are looked at for those that passed their day.
    pub expiries: usize,
    /// How the accounts fare, when this tick looked.
    pub accounts: Option<Accounts>,
}

impl Report {
    /// What CloudWatch is told of it.
    pub fn counts(&self) -> Vec<(Metric, usize)> {
        let mut counts = vec![
            (Metric::OrdersMoved, self.moved),
            (Metric::OrdersStuck, self.stuck),
            (Metric::ChannelsRead, self.polls),
        ];
        counts.extend(self.accounts.iter().flat_map(Accounts::counts));
        counts
    }
}

/// Moves everything that is due at `now`.
///
/// # Errors
/// As AWS answers; what was not moved is due again in a minute.
pub async fn tick(env: &Env, now: Timestamp) -> Result<Report, Failure> {
    let mut report = Report::default();
    for shard in 0..SHARDS {
        let due = env.db.due(shard, now, MAX_PER_SHARD).await?;
        let mut work: BTreeMap<Queue, Vec<Work>> = BTreeMap::new();
        let orders = env.db.orders(&due).await?;
        for order in &orders {
            let stages = stages(order);
            report.stuck += usize::from(is_stuck(order, now));
            if stages.is_empty() {
                report.idle += 1
            } else {
                report.moved += 1
            }
            for queue in stages {
                work.entry(queue).or_default().push(Work::Order { order: order.id.clone(), at: now });
            }
        }
        for (queue, work) in work {
            env.queues.send(queue, &work, 0).await?;
        }
        for order in &orders {
            let again = match stages(order).as_slice() {
                // Whoever brings it forward sets its next look.
                [] => None,
                [Queue::Track] => Some(next_look(order, now)),
                _ => Some(after(now, AGAIN)),
            };
            match env.db.postpone(order, again).await {
                // Somebody moved it on meanwhile: it has its own next look.
                Ok(()) | Err(StoreError::Condition { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    report.polls = polls(env, now).await?;
    report.expiries = expiries(env, now).await?;
    if accounts::is_turn(now) {
        report.accounts = Some(accounts(&env.db, now).await?);
    }
    if report != Report::default() {
        tracing::info!(polls = report.polls, moved = report.moved, idle = report.idle, "tick");
    }
    Ok(report)
}

/// At every full hour, so that it is done within the first minute of a day and a tick that is lost is made up for: has
/// every merchant's channels told of goods that passed their day.
async fn expiries(env: &Env, now: Timestamp) -> Result<usize, Failure> {
    if now.as_second().div_euclid(60).rem_euclid(60) != 0 {
        return Ok(0);
    }
    let merchants = env.db.merchants().await?;
    let work: Vec<Work> = merchants.into_iter().map(|merchant| Work::Expired { merchant, at: now }).collect();
    if !work.is_empty() {
        env.queues.send(Queue::Push, &work, 0).await?;
    }
    Ok(work.len())
}

/// Has every channel whose time has come read for changes, and backfills of it that stand still go on. Its next time is set first: a message that is lost is
/// made up for at that time, and no channel is read more often than pays.
///
/// # Errors
/// As AWS answers; what was not moved is due again in a minute.
pub async fn polls(env: &Env, now: Timestamp) -> Result<usize, Failure> {
    let due = env.db.polls_due(now).await?;
    for (id, channel) in &due {
        env.db.poll_at(id, after(now, poll_every(*channel))).await?;
        let mut work = vec![Work::Poll { connection: id.clone(), at: now }];
        for job in env.db.backfills(id).await?.into_iter().filter(|job| job.stands_still(now)) {
            env.db.nudge_backfill(id, &job.id, now).await?;
            work.push(Work::Backfill { connection: id.clone(), backfill: job.id, at: now });
        }
        env.queues.send(Queue::Poll, &work, 0).await?;
    }
    Ok(due.len())
}
