//! Erasing one order: ledger, keys, documents, order, in that order.
//!
//! Each step may be repeated and each leaves a state from which the next run goes on: the purge index points at
//! the order until the last step. From the second step on nothing can be read, whatever is still there.

use crate::Env;
use jiff::Timestamp;
use waybill_domain::OrderId;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Order, PersonalData, Status};
use waybill_domain::shipment::{Booking, Shipment};
use waybill_domain::time::after;
use waybill_runtime::Failure;
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::labels::label_name;

/// How often an order that changes under us is read again.
const TRIES: usize = 5;

/// Forgets the person of one order. Doing it again is harmless.
///
/// # Errors
/// As AWS answers; the next run goes on where this one stopped.
pub async fn erase(env: &Env, id: &OrderId, why: &str, now: Timestamp) -> Result<(), Failure> {
    let order = match env.db.order(id).await? {
        Some(order) => order,
        None if env.db.fence(id, now).await? => return Ok(()),
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
        env.documents.delete(&label_name(id, &shipment.id)).await?;
        if shipment.booking != Booking::Forgotten {
            forget_shipment(&mut shipment);
            env.db.save_shipment(&mut shipment).await?;
        }
    }
    clean(env, order, now).await?;
    env.db.close_erasure(id).await?;
    tracing::info!(order = %id, why, "forgotten");
    Ok(())
}

/// Takes out of the order item what leads back to the person, the sealed bytes first of all.
async fn clean(env: &Env, mut order: Order, now: Timestamp) -> Result<(), Failure> {
    for _ in 0..TRIES {
        if order.personal == PersonalData::Erased {
            return Ok(());
        }
        forget_order(&mut order, now);
        match env.db.save_forgotten(&mut order).await.map_err(Failure::from) {
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
}
