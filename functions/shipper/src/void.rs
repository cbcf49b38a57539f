//! Cancelling at the carrier what may be there, before the goods of a cancelled order are given back.

use crate::{Env, carrier, claim};
use jiff::Timestamp;
use waybill_carriers::royal_mail::{self, cancel, label};
use waybill_domain::booking::{SETTLE, Turn, plan};
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::Order;
use waybill_domain::service::choose;
use waybill_domain::shipment::Booking;
use waybill_domain::time::after;
use waybill_runtime::remote::{Told, exchange};
use waybill_runtime::{Failure, Step};
use waybill_store::{Queue, Work};

/// Voids every shipment of a cancelled order, then sends it on to have its goods given back.
pub(crate) async fn void(env: &Env, mut order: Order, turn: Turn, now: Timestamp) -> Result<Step, Failure> {
    claim(env, &mut order, now).await?;
    let merchant = env.merchants.get(&order.merchant, now).await?;
    let mut shipments = env.db.shipments(&order.id).await?;
    let mut refused = None;
    for planned in plan(&order) {
        let place = shipments.iter().position(|s| s.id == planned.id);
        let stored = place.map(|n| &shipments[n]);
        let connection = match stored {
            Some(shipment) => shipment.carrier.clone(),
            None => match order.destination.as_ref().and_then(|to| choose(&merchant.services, to, planned.grams)) {
                Some((_, rule)) => rule.connection.clone(),
                None => continue,
            },
        };
        let account = match carrier(env, &connection, now).await? {
            Ok(account) => account,
            Err(step) => return Ok(step),
        };
        let account = account.royal_mail().ok_or(Failure::Fault("the carrier connection is not Royal Mail's"))?;
        let known = match stored.map(|s| &s.booking) {
            Some(Booking::Labelled { carrier_order, .. } | Booking::Created { carrier_order }) => {
                Some(carrier_order.clone())
            }
            Some(Booking::Voided) => None,
            Some(Booking::Planned | Booking::Forgotten) | None => match find(env, &account, &planned.reference(), turn).await {
                Ok(Sought::Found(carrier_order)) => Some(carrier_order),
                Ok(Sought::Nothing) => None,
                Ok(Sought::TooEarly) => {
                    return Ok(Step::Again { seconds: u32::try_from(SETTLE.as_secs()).unwrap_or(u32::MAX) });
                }
                Ok(Sought::Unclear) => {
                    refused = Some((Reason::UncertainBooking, "reference_exists_twice".to_owned()));
                    continue;
                }
                Err(told) => return told.step(),
            },
        };
        if let Some(carrier_order) = known {
            let read = |r: &http::Response<Vec<u8>>| cancel::read_delete(r.status(), r.headers(), r.body());
            match exchange(env.outbound.as_ref(), cancel::build_delete(&account, &carrier_order), read).await {
                Ok(cancel::Voided::Done) => {}
                Ok(cancel::Voided::Refused { code }) => {
                    refused = Some((Reason::VoidRefused, code));
                    continue;
                }
                Err(told) => return told.step(),
            }
        }
        if let Some(n) = place {
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
