//! Erasing one order: ledger, keys, documents, order, in that order. What the order adds to the anonymous figures is
//! counted with the last of them, in one transaction.
//!
//! Each step may be repeated and each leaves a state from which the next run goes on: the purge index points at
//! the order until the last step. From the second step on nothing can be read, whatever is still there.

use crate::Env;
use jiff::Timestamp;
use std::collections::BTreeMap;
use waybill_domain::OrderId;
use waybill_domain::aggregate::contribution;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Order, PersonalData, Status};
use waybill_domain::shipment::{Booking, Shipment};
use waybill_domain::time::after;
use waybill_runtime::Failure;
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::labels::names_of;

/// How often an order that changes under us is read again.
const TRIES: usize = 5;

/// What became of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Its person is gone.
    Forgotten,
    /// A legal hold keeps it; it is forgotten when that ends.
    Held,
}

/// Forgets the person of one order, unless a legal hold keeps it. Doing it again is harmless.
///
/// # Errors
/// As AWS answers; the next run goes on where this one stopped.
pub async fn erase(env: &Env, id: &OrderId, why: &str, now: Timestamp) -> Result<Outcome, Failure> {
    if let Some(until) = env.db.held_until(id).await?.filter(|until| now < *until) {
        // Due from now on: the day the hold ends it is forgotten, whatever its purge time was.
        env.db.hold_key(id, until, Some(now)).await?;
        tracing::warn!(order = %id, why, %until, "a legal hold keeps it");
        return Ok(Outcome::Held);
    }
    let order = match env.db.order(id).await? {
        Some(order) => order,
        None if env.db.fence(id, now).await? => return Ok(Outcome::Forgotten),
        None => env.db.order(id).await?.ok_or(Failure::Fault("the order has a key and is not there"))?,
    };
    if order.personal == PersonalData::Live {
        let event = Event {
            at: now,
            action: Action::Erase,
            actor: "retention".into(),
            order: id.clone(),
            purpose: why.to_owned(),
            fields: Vec::new(),
        };
        env.db.append(&order.merchant, Stream::Erasure, &[event]).await?;
    }
    env.db.shred(id, now).await?;
    for mut shipment in env.db.shipments(id).await? {
        for name in names_of(&shipment) {
            env.documents.delete(&name).await?;
        }
        if shipment.booking != Booking::Forgotten {
            forget_shipment(&mut shipment);
            env.db.save_shipment(&mut shipment).await?;
        }
    }
    clean(env, order, now).await?;
    env.db.close_erasure(id).await?;
    tracing::info!(order = %id, why, "forgotten");
    Ok(Outcome::Forgotten)
}

/// Takes out of the order item what leads back to the person, the sealed bytes first of all.
async fn clean(env: &Env, mut order: Order, now: Timestamp) -> Result<(), Failure> {
    for _ in 0..TRIES {
        if order.personal == PersonalData::Erased {
            return Ok(());
        }
        // What left the warehouse counts; what was cancelled or never sent was not sold.
        let figures = match order.milestones.shipped {
            Some(_) => contribution(&order, env.db.lot(&order.id).await?),
            None => BTreeMap::new(),
        };
        forget_order(&mut order, now);
        match env.db.save_forgotten(&mut order, &figures).await.map_err(Failure::from) {
            Ok(()) => return Ok(()),
            Err(failure) if failure.is_race() => {
                let Some(again) = env.db.order(&order.id).await? else { return Ok(()) };
                order = again;
            }
            Err(failure) => return Err(failure),
        }
    }
    Err(Failure::Fault("the order keeps changing"))
}

/// The order without its person: what was sold, where it stands, and nothing that leads to anyone.
fn forget_order(order: &mut Order, now: Timestamp) {
    order.personal = PersonalData::Erased;
    order.channel_ref = None;
    order.destination = None;
    order.digest = String::new();
    order.exceptions.clear();
    order.instructions.note = None;
    for line in &mut order.lines {
        line.channel_line = None;
    }
    let open = !matches!(
        order.status,
        Status::Dispatched | Status::Delivered | Status::Returned | Status::Cancelled
    );
    if open {
        // Nobody is left to send it to: what may be at a carrier is voided and its goods are given back.
        order.status = Status::Cancelled;
        order.milestones.cancelled = Some(now);
        order.hold = None;
    }
    // One that was cancelled before may have lost its goods to a short pick, and still has its labels.
    let at_carrier = order.status == Status::Cancelled && order.shipments > 0;
    let unfinished = order.holds_stock() || order.claim.is_some() || at_carrier;
    order.due_at = unfinished.then(|| after(now, SWEEP_AFTER));
}

/// The shipment without the carrier's keys: that it was booked, when, and which field names were given, stays.
fn forget_shipment(shipment: &mut Shipment) {
    shipment.booking = Booking::Forgotten;
    shipment.reference = String::new();
    shipment.papers.clear();
}
