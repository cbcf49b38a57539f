//! Reads orders from channels when told to: an edit that carries only deltas, or two versions with one time.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use std::sync::Arc;
use waybill_channels::shopify::feed;
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_runtime::directory::Account;
use waybill_runtime::remote::exchange;
use waybill_runtime::{Clock, Directory, Failure, Outbound, Step, arrival, batch};
use waybill_store::ingest::{Arrival, Outcome, ingest};
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
    pub outbound: Arc<dyn Outbound>,
    /// Now.
    pub clock: Clock,
}

/// How long work for a paused connection waits before it looks again, in seconds.
const PAUSED: u32 = 900;

/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    batch::each(event, Queue::Poll, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    match work {
        Work::Fetch { connection, channel_id, .. } => {
            Box::pin(fetch(env, &connection, &channel_id, now)).await
        }
        _ => Err(Failure::Fault("this work is not the poller's")),
    }
}

async fn fetch(env: &Env, id: &ConnectionId, channel_id: &str, now: Timestamp) -> Result<Step, Failure> {
    let account = env.directory.account(id, now).await?.ok_or(Failure::Fault("no such connection"))?;
    match account.connection.state {
        ConnectionState::Active => {}
        ConnectionState::Refused => return Ok(Step::Again { seconds: PAUSED }),
        ConnectionState::Disconnected => return Ok(Step::Done),
    }
    let shop = account.shop().ok_or(Failure::Fault("the connection is not a shop"))?;
    let request = feed::build_read_order(&shop, channel_id);
    let read = exchange(env.outbound.as_ref(), request, |r| feed::read_order(r.status(), r.body())).await;
    let normalised = match read {
        Ok(Some(normalised)) => normalised,
        // The channel has no such order any more: what we hold keeps its own timer.
        Ok(None) => return Ok(Step::Done),
        Err(told) => {
            if matches!(told.advice, Advice::AskPerson(waybill_domain::exception::Reason::ConnectionRefused))
            {
                tracing::error!(connection = %id, error = %told, "the shop refused its credentials; this connection is paused");
                env.db.set_connection_state(id, ConnectionState::Refused).await?;
            }
            return told.step();
        }
    };
    store(env, &account, &normalised, now).await
}

async fn store(
    env: &Env,
    account: &Account,
    normalised: &waybill_channels::Normalised,
    now: Timestamp,
) -> Result<Step, Failure> {
    let prepared = arrival::prepare(account, normalised)?;
    let arrival = Arrival {
        incoming: &normalised.incoming,
        who: &prepared.who,
        recipient: prepared.recipient.as_ref(),
        buyer: prepared.buyer.as_deref(),
        policy: account.merchant.retention,
        fresh: true,
        now,
    };
    let outcome = ingest(&env.db, env.keyring.as_ref(), &arrival).await?;
    tracing::info!(order = %prepared.who.order, ?outcome, "order read");
    if let Outcome::Stored(Some(queue)) = outcome {
        env.queues.send(queue, &[Work::Order { order: prepared.who.order, at: now }], 0).await?;
    }
    Ok(Step::Done)
}
