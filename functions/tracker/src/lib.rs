//! Asks carriers where parcels are, less and less often, until each has arrived, failed or come back.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::Timestamp;
use std::sync::Arc;
use waybill_carriers::royal_mail::track;
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::order::Status;
use waybill_domain::shipment::{Booking, Shipment, Transit};
use waybill_domain::tracking::next_look;
use waybill_runtime::remote::exchange;
use waybill_runtime::{Clock, Directory, Failure, Outbound, Step, batch};
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs: nothing that opens a recipient.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Tables.
    pub db: Db,
    /// For work that must come back.
    pub queues: Arc<dyn queues::Send>,
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
    batch::each(event, Queue::Track, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    let Work::Order { order: id, .. } = work else {
        return Err(Failure::Fault("this work is not the tracker's"));
    };
    for _ in 0..TRIES {
        match Box::pin(once(env, &id, now)).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Err(Failure::Fault("the order keeps changing"))
}

/// Nothing more is to be learned about it: it has ended, or its number was forgotten.
fn settled(shipment: &Shipment) -> bool {
    matches!(shipment.transit, Transit::Delivered | Transit::Failed | Transit::Returned)
        || shipment.booking == Booking::Forgotten
}

async fn once(env: &Env, id: &OrderId, now: Timestamp) -> Result<Step, Failure> {
    let Some(mut order) = env.db.order(id).await? else { return Ok(Step::Done) };
    if order.status != Status::Dispatched {
        return Ok(Step::Done);
    }
    let before = order.clone();
    let mut shipments = env.db.shipments(id).await?;
    shipments.retain(|s| !s.is_void());
    for shipment in shipments.iter_mut().filter(|s| !settled(s)) {
        if let Some(step) = look(env, shipment, now).await? {
            return Ok(step);
        }
    }
    let all = |t: Transit| !shipments.is_empty() && shipments.iter().all(|s| s.transit == t);
    let any = |t: Transit| shipments.iter().any(|s| s.transit == t);
    if any(Transit::Failed) || any(Transit::Returned) {
        order.raise(Reason::DeliveryFailed, None, now);
    }
    let waits_for_stock = order.holds_stock().then_some(now);
    if all(Transit::Delivered) {
        order.status = Status::Delivered;
        order.milestones.delivered = shipments.iter().filter_map(|s| s.delivered_at).max().or(Some(now));
        order.due_at = waits_for_stock;
    } else if all(Transit::Returned) {
        order.status = Status::Returned;
        order.due_at = waits_for_stock;
    } else if shipments.iter().all(settled) {
        order.due_at = waits_for_stock;
    } else if order.due_at.is_none_or(|due| due <= now) {
        // The clock sets the next look when it sends the order here; this one came before it did.
        order.due_at = Some(next_look(&order, now));
    }
    if order.milestones != before.milestones {
        let merchant = env.db.merchant(&order.merchant).await?.ok_or(Failure::Fault("no such merchant"))?;
        env.db.reschedule(id, order.milestones.purge_at(merchant.retention)).await?;
    }
    if order != before {
        env.db.save_order(&mut order).await?;
    }
    tracing::info!(order = %id, status = order.status.as_str(), "parcels looked up");
    Ok(Step::Done)
}

/// Asks about one parcel; gives a step when the work must wait.
async fn look(env: &Env, shipment: &mut Shipment, now: Timestamp) -> Result<Option<Step>, Failure> {
    let Some(tracking) = shipment.tracking().map(str::to_owned) else { return Ok(None) };
    let account = env
        .directory
        .account(&shipment.carrier, now)
        .await?
        .ok_or(Failure::Fault("no such carrier connection"))?;
    // A carrier account without tracking credentials: the shipment's own timers go on without it.
    let Some(account) = account.royal_mail_tracking() else { return Ok(None) };
    let request = track::build_events(&account, &tracking);
    let read = |r: &http::Response<Vec<u8>>| track::read_events(r.status(), r.headers(), r.body());
    match exchange(env.outbound.as_ref(), request, read).await {
        Ok(seen) if seen.transit != shipment.transit => {
            shipment.transit = seen.transit;
            shipment.delivered_at = seen.delivered_at.or((seen.transit == Transit::Delivered).then_some(now));
            env.db.save_shipment(shipment).await?;
            Ok(None)
        }
        Ok(_) => Ok(None),
        Err(told) => match told.clone().step()? {
            Step::Done => Ok(None),
            again @ Step::Again { .. } => Ok(Some(again)),
        },
    }
}
