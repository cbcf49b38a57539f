//! Books labels, once each, voids them when an order is cancelled, and hands a day's parcels over.

mod asked;
mod book;
mod choose;
mod desk;
mod label;
mod manifest;
mod paper;
mod patience;
mod void;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::booking::{LEASE, Turn, turn};
use waybill_domain::order::{Claim, Order, Status};
use waybill_domain::{ConnectionId, OrderId};
use waybill_runtime::directory::Merchants;
use waybill_runtime::{Channels, Clock, Directory, Failure, Outbound, Step, batch};
use waybill_store::keyring::{MakeKeys, OpenKeys, Vault};
use waybill_store::labels::Documents;
use waybill_store::{Db, Queue, StoreError, Work, queues};

/// What the function needs. With `reveal` it is the only one that opens recipients' keys.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Merchants' settings.
    pub merchants: Merchants,
    /// Tables.
    pub db: Db,
    /// Makes the data keys of labels.
    pub make_keys: Arc<dyn MakeKeys>,
    /// Opens the data keys of recipients.
    pub open_keys: Arc<dyn OpenKeys>,
    /// Seals the tokens of carriers that give some.
    pub vault: Arc<dyn Vault>,
    /// The label bucket.
    pub documents: Arc<dyn Documents>,
    /// Next stages.
    pub queues: Arc<dyn queues::Send>,
    /// Channels that are asked before a label is bought.
    pub channels: Channels,
    /// Carriers.
    pub outbound: Arc<dyn Outbound>,
    /// Now.
    pub clock: Clock,
}

/// How often an order that changes under us is read again.
const TRIES: usize = 5;
/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    batch::each(event, Queue::Book, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let sent = work.at();
    let now = env.clock.now(sent);
    let id = match work {
        Work::Order { order, .. } => order,
        Work::Paper { shipment, paper, looked, at } => {
            let asked = paper::Wanted { shipment, paper, looked, at };
            return Box::pin(paper::work_on(env, &asked, now)).await;
        }
        Work::Manifest { .. } => return Box::pin(manifest::work_on(env, work, now)).await,
        _ => return Err(Failure::Fault("this work is not the shipper's")),
    };
    for _ in 0..TRIES {
        match Box::pin(once(env, &id, sent, now)).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Err(Failure::Fault("the order keeps changing"))
}

/// One look at an order; `sent` is when the message began to ask for it.
async fn once(env: &Env, id: &OrderId, sent: Timestamp, now: Timestamp) -> Result<Step, Failure> {
    let Some((order, sealed)) = env.db.order_with_sealed(id).await? else { return Ok(Step::Done) };
    if !waybill_store::work::stages(&order).contains(&Queue::Book) {
        return Ok(Step::Done);
    }
    let turn = turn(order.claim.as_ref(), now);
    if turn == Turn::Wait {
        return Ok(Step::Again { seconds: u32::try_from(LEASE.as_secs()).unwrap_or(u32::MAX) });
    }
    if let (Status::Booked | Status::Dispatched, Some(shipment)) = (order.status, &order.instructions.void) {
        let shipment = shipment.clone();
        return void::asked(env, order, &shipment, turn, now).await;
    }
    match order.status {
        Status::Cancelled | Status::Held => void::void(env, order, turn, now).await,
        _ => book::book(env, order, sealed, turn, sent, now).await,
    }
}

/// Takes the claim: from here on nobody else talks to carriers about this order. `asked` are the accounts that may
/// be asked to book under it.
async fn claim(
    env: &Env,
    order: &mut Order,
    asked: impl IntoIterator<Item = ConnectionId>,
    now: Timestamp,
) -> Result<(), Failure> {
    let before = order.claim.take();
    let since = before.as_ref().map_or(now, |claim| claim.since);
    let carriers = before.into_iter().flat_map(|claim| claim.carriers).chain(asked).collect();
    let by = waybill_runtime::nonce();
    order.claim = Some(Claim { at: now, since, carriers, by });
    match env.db.save_order(order).await {
        // When the reply to a write is lost it is made again, and then meets itself.
        Err(StoreError::Condition { .. }) if is_ours(env, order).await? => Ok(()),
        other => Ok(other?),
    }
}

/// The order as it is stored is the one that we tried to store.
async fn is_ours(env: &Env, order: &Order) -> Result<bool, StoreError> {
    let by = |order: &Order| order.claim.as_ref().and_then(|claim| claim.by.clone());
    let Some(ours) = by(order) else { return Ok(false) };
    let stored = env.db.order(&order.id).await?;
    Ok(stored.is_some_and(|stored| stored.rev == order.rev && by(&stored) == Some(ours)))
}
