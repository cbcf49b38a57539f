//! Storing an incoming order: sealed, with its key, in one conditional transaction.
//!
//! One road for every channel and both ways in, webhook and poller. On first sight it takes three calls in
//! sequence: a data key from KMS, one transaction, and the caller's one message to the next stage.

use crate::db::{Db, Item};
use crate::error::StoreError;
use crate::keyring::MakeKeys;
use crate::keys::{self, Origin};
use crate::orders;
use crate::work::{Queue, stages};
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use waybill_domain::aggregate::Lot;
use waybill_domain::intake::{Decision, Identity, Incoming, decide};
use waybill_domain::order::{Order, Status};
use waybill_domain::retention::{Policy, outlived_fence};
use waybill_privacy::Recipient;
use waybill_privacy::seal::{Binding, FieldSet, seal, seal_bytes};

/// An order to be stored.
pub struct Arrival<'a> {
    /// What the channel said.
    pub incoming: &'a Incoming,
    /// Who it is for us.
    pub who: &'a Identity,
    /// Its recipient, already cut to what the merchant needs.
    pub recipient: Option<&'a Recipient>,
    /// Blind index of its buyer.
    pub buyer: Option<&'a str>,
    /// The lot its address falls in.
    pub lot: Option<Lot>,
    /// The merchant's retention.
    pub policy: Policy,
    /// It was just read from the channel, so it is true whatever we hold.
    pub fresh: bool,
    /// Now.
    pub now: Timestamp,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Stored; the stage that should look at it next, if any.
    Stored(Option<Queue>),
    /// We hold this or a newer version.
    Ignored,
    /// The channel must be asked what is true.
    Reread,
    /// It was erased and stays so.
    Erased,
}

/// How often a changing order is decided anew before the delivery is handed back for a retry.
const TRIES: usize = 5;

/// Stores an arrival.
///
/// # Errors
/// As AWS answers. Nothing is half stored.
pub async fn ingest(db: &Db, keyring: &dyn MakeKeys, arrival: &Arrival<'_>) -> Result<Outcome, StoreError> {
    let Arrival { incoming, who, now, .. } = arrival;
    let (sealed, wrapped) = match arrival.recipient {
        Some(recipient) => {
            let key = keyring.make(&who.merchant, &who.order).await?;
            let sealed = seal(&key.plain, &who.merchant, &who.order, recipient)
                .map_err(|_| StoreError::Refused("sealing".into()))?;
            (Some(sealed), key.wrapped)
        }
        None => (None, Vec::new()),
    };
    // What is kept of an order whose fence may have fallen: goods that go to nobody.
    let placeless = Incoming { destination: None, ..(*incoming).clone() };
    let mut held: Option<Order> = None;
    let due = |order: &Order| order.milestones.purge_at(arrival.policy);
    // A purge time that may not move (a legal hold, or an earlier end than this) is no reason to lose the change.
    let mut stays = false;
    for _ in 0..TRIES {
        let mut moves = false;
        let received = held.as_ref().map_or(*now, |order| order.milestones.received);
        let nobody = outlived_fence(incoming.placed_at, received);
        let incoming = if nobody { &placeless } else { *incoming };
        let sealed = sealed.clone().filter(|_| !nobody);
        let wrapped = if nobody { &[] } else { wrapped.as_slice() };
        let (order, actions) = match decide(held.as_ref(), incoming, who, arrival.fresh, *now) {
            Decision::Ignore => return Ok(Outcome::Ignored),
            Decision::Reread => return Ok(Outcome::Reread),
            Decision::Erased => return Ok(Outcome::Erased),
            Decision::Create(order) => {
                let origin = origin(arrival, &order, nobody);
                let put = orders::create(db, &order, sealed)?;
                let key = keys::create(db, &order.id, wrapped, &origin)?;
                (
                    order,
                    [
                        TransactWriteItem::builder().put(put).build(),
                        TransactWriteItem::builder().put(key).build(),
                    ],
                )
            }
            Decision::Update(order) => {
                let origin = origin(arrival, &order, nobody);
                // A channel stops showing people in time; what a booked parcel's claims and returns need stays
                // until its own timer ends it.
                let keeps = (nobody || arrival.recipient.is_none()) && is_booked(&order);
                let update = orders::replace(db, &order, (!keeps).then_some(sealed))?;
                let key = match keeps {
                    true if stays || held.as_ref().is_some_and(|held| due(held) == origin.purge_at) => {
                        keys::touch(db, &order.id)?
                    }
                    true => {
                        moves = true;
                        keys::reschedule(db, &order.id, origin.purge_at, *now)?
                    }
                    false => keys::replace(db, &order.id, wrapped, &origin)?,
                };
                (
                    order,
                    [
                        TransactWriteItem::builder().update(update).build(),
                        TransactWriteItem::builder().update(key).build(),
                    ],
                )
            }
        };
        match db.transact_or_held(actions.into()).await {
            Ok(()) => return Ok(Outcome::Stored(next(&order))),
            Err((StoreError::Condition { .. }, old)) => match old.into_iter().next().flatten() {
                Some(item) => held = Some(from_old(item)?),
                None if moves => stays = true,
                // The order is as we thought, so it was the key: a fence stands there.
                None => return Ok(Outcome::Erased),
            },
            Err((error, _)) => return Err(error),
        }
    }
    Err(StoreError::Conflict)
}

fn is_booked(order: &Order) -> bool {
    order.shipments > 0
        || order.claim.is_some()
        || matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned)
}

/// The stage a change calls for. What was already booked goes its own way: a change of it is for a person.
fn next(order: &Order) -> Option<Queue> {
    stages(order).into_iter().find(|stage| matches!(stage, Queue::Allocate | Queue::Book))
}

/// Keeps a signed delivery that could not be read, sealed, as a held order whose exception tells the merchant.
/// The same delivery again changes nothing.
///
/// # Errors
/// As AWS answers.
pub async fn keep_unreadable(
    db: &Db,
    keyring: &dyn MakeKeys,
    order: &Order,
    body: &[u8],
    policy: Policy,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = keyring.make(&order.merchant, &order.id).await?;
    let to = Binding { merchant: &order.merchant, order: &order.id, field_set: FieldSet::Unreadable };
    let sealed = seal_bytes(&key.plain, to, body).map_err(|_| StoreError::Refused("sealing".into()))?;
    let origin = Origin {
        merchant: &order.merchant,
        connection: &order.connection,
        buyer: None,
        lot: None,
        obtained_at: now,
        purge_at: order.milestones.purge_at(policy),
    };
    let put = orders::create(db, order, Some(sealed))?;
    let key = keys::create(db, &order.id, &key.wrapped, &origin)?;
    let actions =
        vec![TransactWriteItem::builder().put(put).build(), TransactWriteItem::builder().put(key).build()];
    match db.transact(actions).await {
        Err(StoreError::Condition { .. }) => Ok(()),
        other => other,
    }
}

fn from_old(mut item: Item) -> Result<Order, StoreError> {
    item.remove(orders::SEALED);
    orders::order_of(item)
}

fn origin<'a>(arrival: &Arrival<'a>, order: &Order, nobody: bool) -> Origin<'a> {
    Origin {
        merchant: &arrival.who.merchant,
        connection: &arrival.who.connection,
        buyer: arrival.buyer.filter(|_| !nobody),
        lot: arrival.lot.filter(|_| !nobody),
        obtained_at: arrival.now,
        purge_at: order.milestones.purge_at(arrival.policy),
    }
}
