//! Cancelling at the carrier what may be there, before the goods of a cancelled order are given back.

use crate::{Env, carrier, claim};
use jiff::Timestamp;
use waybill_carriers::royal_mail::{self, cancel, label};
use waybill_domain::ConnectionId;
use waybill_domain::booking::{SETTLE, Turn, plan};
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Claim, Order};
use waybill_domain::shipment::{Booking, Shipment};
use waybill_domain::time::after;
use waybill_runtime::remote::{Told, exchange};
use waybill_runtime::{Failure, Step};
use waybill_store::labels::label_name;
use waybill_store::registry::Merchant;
use waybill_store::{Queue, Work};

/// Voids every shipment of a cancelled order, then sends it on to have its goods given back.
pub(crate) async fn void(env: &Env, mut order: Order, turn: Turn, now: Timestamp) -> Result<Step, Failure> {
    let before = order.claim.clone();
    claim(env, &mut order, now).await?;
    let merchant = env.merchants.get(&order.merchant, now).await?;
    let mut shipments = env.db.shipments(&order.id).await?;
    let mut refused = None;
    for planned in plan(&order) {
        let place = shipments.iter().position(|s| s.id == planned.id);
        let booking = place.map(|n| shipments[n].booking.clone());
        let mut gone = true;
        for connection in accounts(place.map(|n| &shipments[n]), &merchant) {
            let account = match carrier(env, &connection, now).await? {
                Ok(account) => account,
                Err(step) => return later(env, order, before, step).await,
            };
            let account =
                account.royal_mail().ok_or(Failure::Fault("the carrier connection is not Royal Mail's"))?;
            match remove(env, &account, booking.as_ref(), &planned.reference(), turn).await? {
                Removed::Gone => {}
                Removed::Refused(reason, detail) => {
                    refused = Some((reason, detail));
                    gone = false;
                }
                Removed::Later(step) => return later(env, order, before, step).await,
            }
        }
        // Nobody prints it any more; and one that was stored while its order was erased would stay.
        env.documents.delete(&label_name(&order.id, &planned.id)).await?;
        if let Some(n) = place.filter(|_| gone) {
            shipments[n].booking = Booking::Voided;
            env.db.save_shipment(&mut shipments[n]).await?;
        }
    }
    if let Some((reason, detail)) = refused {
        order.raise(reason, Some(detail), now);
        order.due_at = None;
        env.db.save_order(&mut order).await?;
        return Ok(Step::Done);
    }
    order.claim = None;
    order.shipments = 0;
    order.due_at = Some(after(now, SWEEP_AFTER));
    env.db.save_order(&mut order).await?;
    tracing::info!(order = %order.id, "voided at the carrier");
    env.queues.send(Queue::Allocate, &[Work::Order { order: order.id, at: now }], 0).await?;
    Ok(Step::Done)
}

/// Comes back later. What was asked was answered, so the next attempt need not wait for our claim to lapse.
async fn later(env: &Env, mut order: Order, before: Option<Claim>, step: Step) -> Result<Step, Failure> {
    order.claim = before;
    env.db.save_order(&mut order).await?;
    Ok(step)
}

/// The accounts a shipment may be booked through: its own where it is stored; else all there are, because the
/// destination that chose one may be forgotten by now and the rules may have changed.
fn accounts(stored: Option<&Shipment>, merchant: &Merchant) -> Vec<ConnectionId> {
    let mut all: Vec<ConnectionId> = match stored {
        Some(shipment) => vec![shipment.carrier.clone()],
        None => merchant.services.iter().map(|rule| rule.connection.clone()).collect(),
    };
    all.sort();
    all.dedup();
    all
}

enum Removed {
    Gone,
    Refused(Reason, String),
    Later(Step),
}

/// Deletes at one account what it holds of a shipment, if anything.
async fn remove(
    env: &Env,
    account: &royal_mail::Account,
    booking: Option<&Booking>,
    reference: &str,
    turn: Turn,
) -> Result<Removed, Failure> {
    let known = match booking {
        Some(Booking::Labelled { carrier_order, .. } | Booking::Created { carrier_order }) => {
            carrier_order.clone()
        }
        Some(Booking::Voided) => return Ok(Removed::Gone),
        Some(Booking::Planned | Booking::Forgotten) | None => match find(env, account, reference, turn).await
        {
            Ok(Sought::Found(carrier_order)) => carrier_order,
            Ok(Sought::Nothing) => return Ok(Removed::Gone),
            Ok(Sought::TooEarly) => {
                let seconds = u32::try_from(SETTLE.as_secs()).unwrap_or(u32::MAX);
                return Ok(Removed::Later(Step::Again { seconds }));
            }
            Ok(Sought::Unclear) => {
                return Ok(Removed::Refused(Reason::UncertainBooking, "reference_exists_twice".to_owned()));
            }
            Err(told) => return told.step().map(Removed::Later),
        },
    };
    let read = |r: &http::Response<Vec<u8>>| cancel::read_delete(r.status(), r.headers(), r.body());
    match exchange(env.outbound.as_ref(), cancel::build_delete(account, &known), read).await {
        Ok(cancel::Voided::Done) => Ok(Removed::Gone),
        Ok(cancel::Voided::Refused { code }) => Ok(Removed::Refused(Reason::VoidRefused, code)),
        Err(told) => told.step().map(Removed::Later),
    }
}

enum Sought {
    Found(String),
    Nothing,
    TooEarly,
    Unclear,
}

/// What the carrier holds under our reference, for a shipment we have no answer about.
async fn find(env: &Env, account: &royal_mail::Account, reference: &str, turn: Turn) -> Result<Sought, Told> {
    let read = |r: &http::Response<Vec<u8>>| label::read_find(r.status(), r.headers(), r.body());
    Ok(match exchange(env.outbound.as_ref(), label::build_find(account, reference), read).await? {
        label::Found::One { carrier_order, .. } => Sought::Found(carrier_order),
        label::Found::Many => Sought::Unclear,
        label::Found::None if turn == (Turn::Later { settled: false }) => Sought::TooEarly,
        label::Found::None => Sought::Nothing,
    })
}
