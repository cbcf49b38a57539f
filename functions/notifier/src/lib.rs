//! Tells channels what they must know: the tracking numbers of parcels, and how much may be sold. Tells the bus what
//! happened, and merchants' own addresses what the bus was told.

mod deliver;
mod everything;
mod push;
mod reach;
mod road;
mod tell;

pub use road::Changes;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use serde::Deserialize;
use std::sync::Arc;
use waybill_runtime::{Channels, Clock, Directory, Failure, Pushes, Step, batch};
use waybill_store::bus::Publish;
use waybill_store::work::Message;
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs: nothing that opens a recipient.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Tables.
    pub db: Db,
    /// Next stages.
    pub queues: Arc<dyn queues::Send>,
    /// Has channels told of bundles whose parts moved.
    pub pushes: Pushes,
    /// Channels.
    pub channels: Channels,
    /// Tells the outside what happened.
    pub bus: Arc<dyn Publish>,
    /// Now.
    pub clock: Clock,
}

/// How often an order that changes under us is read again.
const TRIES: usize = 5;

/// What makes the function run.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub enum Event {
    /// Orders changed.
    Changes(Changes),
    /// There is work.
    Work(SqsEvent),
}

/// Takes either; gives what Lambda expects of both, the failures one by one.
///
/// # Errors
/// As [`handle`] and [`changed`].
pub async fn either(env: &Env, event: Event) -> Result<SqsBatchResponse, Failure> {
    match event {
        Event::Changes(changes) => changed(env, &changes).await.map(|()| SqsBatchResponse::default()),
        Event::Work(event) => handle(env, event).await,
    }
}

/// Tells the bus where orders stand that changed.
///
/// # Errors
/// When some were not told; all of them come back, and who was told is told no more.
pub async fn changed(env: &Env, changes: &Changes) -> Result<(), Failure> {
    road::told(env, changes).await
}

/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    // A batch comes from one queue. Addresses may take long, and none waits for another's.
    if event.records.first().is_some_and(is_for_addresses) {
        return batch::together(event, Queue::Deliver, env.queues.as_ref(), |work| work_on(env, work)).await;
    }
    batch::each(event, Queue::Notify, env.queues.as_ref(), |work| work_on(env, work)).await
}

fn is_for_addresses(message: &SqsMessage) -> bool {
    let body = message.body.as_deref().unwrap_or_default();
    let read = serde_json::from_str::<Message>(body);
    matches!(read, Ok(Message::V1(Work::Event { .. } | Work::Deliver { .. })))
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    let id = match work {
        Work::Order { order, .. } => order,
        Work::Push { merchant, sku, .. } => {
            let step = Box::pin(push::push(env, &merchant, &sku, now)).await?;
            if let Step::Again { seconds } = step {
                // Into its own queue, from whichever it came.
                env.queues.send(Queue::Push, &[Work::Push { merchant, sku, at: now }], seconds).await?;
            }
            return Ok(Step::Done);
        }
        Work::PushAll { merchant, shard, after, .. } => {
            everything::announce(env, &merchant, shard, after, now).await?;
            return Ok(Step::Done);
        }
        Work::Event { event } => {
            deliver::begin(env, &event, now).await?;
            return Ok(Step::Done);
        }
        Work::Deliver { merchant, subscription, delivery, .. } => {
            return Box::pin(deliver::deliver(env, &merchant, (&subscription, &delivery), now)).await;
        }
        _ => return Err(Failure::Fault("this work is not the notifier's")),
    };
    for _ in 0..TRIES {
        match Box::pin(tell::order(env, &id, now)).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Err(Failure::Fault("the order keeps changing"))
}
