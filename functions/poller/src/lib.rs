//! Reads orders from channels: what changed, what a delivery only hinted at, and what a person wants read again.

mod changes;
mod fetch;
mod pages;
mod take;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::ConnectionId;
use waybill_runtime::channel::PAUSED;
use waybill_runtime::directory::Account;
use waybill_runtime::{Channels, Clock, Directory, Failure, Step, batch};
use waybill_store::keyring::MakeKeys;
use waybill_store::registry::ConnectionState;
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs. It can seal and cannot open.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Tables.
    pub db: Db,
    /// Makes data keys.
    pub keyring: Arc<dyn MakeKeys>,
    /// Next stages.
    pub queues: Arc<dyn queues::Send>,
    /// Channels.
    pub channels: Channels,
    /// The ARN of the queue that Amazon tells changes to.
    pub amazon_changes: String,
    /// Now.
    pub clock: Clock,
}

/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    if changes::are(&event, &env.amazon_changes) {
        return changes::take(env, event).await;
    }
    batch::each(event, Queue::Poll, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    match work {
        Work::Fetch { connection, channel_id, at } => {
            Box::pin(fetch::fetch(env, &connection, &channel_id, (at, now))).await
        }
        Work::Poll { connection, .. } => Box::pin(pages::poll(env, &connection, now)).await,
        Work::Backfill { connection, backfill, .. } => {
            Box::pin(pages::backfill(env, &connection, &backfill, now)).await
        }
        _ => Err(Failure::Fault("this work is not the poller's")),
    }
}

/// The account, if it may be called; else what becomes of the message.
async fn account(
    env: &Env,
    id: &ConnectionId,
    now: Timestamp,
) -> Result<Result<Arc<Account>, Step>, Failure> {
    let account = env.directory.account(id, now).await?.ok_or(Failure::Fault("no such connection"))?;
    Ok(match account.connection.state {
        ConnectionState::Active => Ok(account),
        ConnectionState::Refused | ConnectionState::Paused => Err(Step::Again { seconds: PAUSED }),
        ConnectionState::Disconnected => Err(Step::Done),
    })
}
