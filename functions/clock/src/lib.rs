//! Every minute: orders whose time has come, and orders that fell between two steps, go to their queue.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_channels::poll_every;
use waybill_domain::time::after;
use waybill_domain::tracking::next_look;
use waybill_runtime::Failure;
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

/// What a tick did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Orders put on a queue.
    pub moved: usize,
    /// Orders that were due but need nothing.
    pub idle: usize,
    /// Channels that are read for changes.
    pub polls: usize,
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
            let only_tracked = stages(order) == [Queue::Track];
            let again = if only_tracked { next_look(order, now) } else { after(now, AGAIN) };
            match env.db.postpone(order, again).await {
                // Somebody moved it on meanwhile: it has its own next look.
                Ok(()) | Err(StoreError::Condition { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
    report.polls = polls(env, now).await?;
    if report != Report::default() {
        tracing::info!(polls = report.polls, moved = report.moved, idle = report.idle, "tick");
    }
    Ok(report)
}

/// Has every channel whose time has come read for changes. Its next time is set first: a message that is lost is
/// made up for at that time, and no channel is read more often than pays.
///
/// # Errors
/// As AWS answers; what was not moved is due again in a minute.
pub async fn polls(env: &Env, now: Timestamp) -> Result<usize, Failure> {
    let due = env.db.polls_due(now).await?;
    for (id, channel) in &due {
        env.db.poll_at(id, after(now, poll_every(*channel))).await?;
        env.queues.send(Queue::Poll, &[Work::Poll { connection: id.clone(), at: now }], 0).await?;
    }
    Ok(due.len())
}
