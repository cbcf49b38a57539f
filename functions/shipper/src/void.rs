//! Cancelling at the carrier: what may be there, before the goods of a cancelled order are given back; and a label that
//! the merchant's own people want undone.

use crate::desk::{Desk, Found, Undone};
use crate::{Env, book, claim};
use jiff::Timestamp;
use waybill_domain::booking::{SETTLE, Turn, plan, reference_of};
use waybill_domain::exception::Reason;
use waybill_domain::instructions::{is_leaving, voided};
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Order, PersonalData};
use waybill_domain::shipment::{Booking, Shipment, Voiding};
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, ShipmentId};
use waybill_runtime::{Failure, Step};
use waybill_store::labels::{label_name, names_of};
use waybill_store::registry::Merchant;
use waybill_store::{Queue, Work};

/// Voids every shipment of a cancelled order, then sends it on to have its goods given back.
pub(crate) async fn void(env: &Env, mut order: Order, turn: Turn, now: Timestamp) -> Result<Step, Failure> {
    let merchant = env.merchants.get(&order.merchant, now).await?;
    let mut shipments = env.db.shipments(&order.id).await?;
    let targets = targets(&order, &shipments);
    let asked = targets.iter().flat_map(|(id, _)| {
        let stored = shipments.iter().find(|s| s.id == *id);
        accounts(stored, &order, &merchant)
    });
    let desks = match book::desks(env, asked.collect(), now).await? {
        Ok(desks) => desks,
        Err(closed) => return book::wait(env, order, closed).await,
    };
    let before = order.claim.clone();
    claim(env, &mut order, [], now).await?;
    let mut refused = None;
    let ours = |one: &&mut Shipment| !one.is_void() && targets.iter().any(|(id, _)| *id == one.id);
    for stored in shipments.iter_mut().filter(ours) {
        if stored.write_back.may_be_known() {
            // The shop may show its number by now, and nobody else would look.
            order.raise(Reason::CancelledAfterDispatch, Some("told_meanwhile".to_owned()), now);
        } else {
            // From here on nobody who read it before can begin to tell of it.
            env.db.save_shipment(stored).await?;
        }
    }
    for (id, reference) in &targets {
        let place = shipments.iter().position(|s| s.id == *id);
        let stored = place.map(|n| &shipments[n]);
        let mut gone = true;
        for connection in accounts(stored, &order, &merchant) {
            let desk = desks.get(&connection).ok_or(Failure::Fault("no desk for a carrier connection"))?;
            let asked = before.as_ref().is_some_and(|claim| claim.carriers.contains(&connection));
            match remove(env, desk, stored, reference, asked, turn).await? {
                Removed::Gone => {}
                Removed::Refused(reason, detail) => {
                    refused = Some((reason, detail));
                    gone = false;
                }
                Removed::Later(step) => return book::later(env, order, before, step).await,
            }
        }
        // Nobody prints it any more; and one that was stored while its order was erased would stay.
        let names = stored.map_or_else(|| vec![label_name(&order.id, id)], names_of);
        for name in names {
            env.documents.delete(&name).await?;
        }
        if let Some(n) = place.filter(|_| gone) {
            shipments[n].booking = Booking::Voided;
            if order.personal == PersonalData::Erased {
                // It was booked while its order was being forgotten, and nobody looks at it again.
                shipments[n].reference.clear();
                shipments[n].papers.clear();
            }
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
    // Should it be wanted again, its parcels are others: what was voided is not booked again.
    order.rounds += std::mem::take(&mut order.shipments);
    // Its goods may have been missing: then there is nothing to give back and nothing left to do.
    let holds = order.holds_stock();
    order.due_at = holds.then(|| after(now, SWEEP_AFTER));
    env.db.save_order(&mut order).await?;
    tracing::info!(order = %order.id, "voided at the carrier");
    if holds {
        env.queues.send(Queue::Allocate, &[Work::Order { order: order.id, at: now }], 0).await?;
    }
    Ok(Step::Done)
}

/// Undoes one label because its people asked; its order then waits for them to say what becomes of it. A repeat finds
/// the carrier without it, which is as good.
pub(crate) async fn asked(
    env: &Env,
    mut order: Order,
    id: &ShipmentId,
    turn: Turn,
    now: Timestamp,
) -> Result<Step, Failure> {
    let Some(mut shipment) = env.db.shipments(&order.id).await?.into_iter().find(|s| s.id == *id) else {
        return Err(Failure::Fault("the shipment that is to be voided is not there"));
    };
    if is_leaving(&order, &shipment) {
        // Who tells the channel was first; they say what becomes of the void.
        env.queues.send(Queue::Notify, &[Work::Order { order: order.id, at: now }], 0).await?;
        return Ok(Step::Done);
    }
    if !shipment.is_void() {
        // From here on nobody who read it before can begin to tell of it.
        env.db.save_shipment(&mut shipment).await?;
    }
    let desks = match book::desks(env, [shipment.carrier.clone()].into(), now).await? {
        Ok(desks) => desks,
        Err(closed) => return book::wait(env, order, closed).await,
    };
    let desk = desks.get(&shipment.carrier).ok_or(Failure::Fault("no desk for a carrier connection"))?;
    match remove(env, desk, Some(&shipment), &reference_of(id), false, turn).await? {
        Removed::Later(step) => return Ok(step),
        Removed::Refused(reason, detail) => {
            order.instructions.void = None;
            order.raise(reason, Some(detail), now);
            // On with what it waited for: telling the shop, or its parcel.
            order.due_at = Some(now);
        }
        Removed::Gone => {
            for name in names_of(&shipment) {
                env.documents.delete(&name).await?;
            }
            if !shipment.is_void() {
                shipment.booking = Booking::Voided;
                env.db.save_shipment(&mut shipment).await?;
            }
            voided(&mut order, now);
        }
    }
    env.db.save_order(&mut order).await?;
    tracing::info!(shipment = %id, status = order.status.as_str(), "a void that was asked for");
    Ok(Step::Done)
}

/// What may be at a carrier: what the order would be cut into now, what it was cut into when a carrier was asked, for
/// goods may have been given back meanwhile, and what is stored besides. What left in earlier rounds is not ours any
/// more, whether or not the shop could be told.
fn targets(order: &Order, shipments: &[Shipment]) -> Vec<(ShipmentId, String)> {
    let rounds = order.rounds as usize;
    let parts = plan(order).len().max(order.shipments as usize);
    let part = |n: usize| ShipmentId::of(&order.id, n);
    let left: Vec<ShipmentId> = (1..=rounds).map(part).collect();
    let mut all: Vec<ShipmentId> = (rounds + 1..=rounds + parts).map(part).collect();
    for shipment in shipments.iter().filter(|s| !s.is_void() && !left.contains(&s.id)) {
        if !all.contains(&shipment.id) {
            all.push(shipment.id.clone());
        }
    }
    all.into_iter().map(|id| (id.clone(), reference_of(&id))).collect()
}

/// The accounts a shipment may be booked through: its own where it is stored; else all there are, because the
/// destination that chose one may be forgotten by now and the rules may have changed.
fn accounts(stored: Option<&Shipment>, order: &Order, merchant: &Merchant) -> Vec<ConnectionId> {
    let mut all: Vec<ConnectionId> = match stored {
        Some(shipment) => vec![shipment.carrier.clone()],
        None => {
            let pinned = order.wish.as_ref().and_then(|wish| wish.pinned.as_ref());
            merchant
                .services
                .connections()
                .into_iter()
                .chain(pinned.map(|way| way.connection.clone()))
                .collect()
        }
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

/// Deletes at one account what it holds of a shipment, if anything. `asked` says that it may have been asked to
/// book.
async fn remove(
    env: &Env,
    desk: &Desk,
    stored: Option<&Shipment>,
    reference: &str,
    asked: bool,
    turn: Turn,
) -> Result<Removed, Failure> {
    if let Some(closed) = closed(env, stored).await? {
        return Ok(Removed::Refused(Reason::VoidRefused, closed.to_owned()));
    }
    let known = match stored.map(|shipment| &shipment.booking) {
        Some(Booking::Labelled { carrier_order, .. } | Booking::Created { carrier_order, .. }) => {
            carrier_order.clone()
        }
        Some(Booking::Voided) => return Ok(Removed::Gone),
        Some(Booking::Planned | Booking::Forgotten) | None => match desk.find(env, reference, None).await {
            Ok(Found::One(held)) => held.carrier_order,
            Ok(Found::None) if turn == (Turn::Later { settled: false }) => {
                let seconds = u32::try_from(SETTLE.as_secs()).unwrap_or(u32::MAX);
                return Ok(Removed::Later(Step::Again { seconds }));
            }
            Ok(Found::None) => return Ok(Removed::Gone),
            Ok(Found::Unproven(_)) if !asked && stored.is_none_or(|s| s.booking == Booking::Planned) => {
                return Ok(Removed::Gone);
            }
            Ok(Found::Unclear(code) | Found::Unproven(code)) => {
                return Ok(Removed::Refused(Reason::UncertainBooking, code.to_owned()));
            }
            Err(told) => return told.step().map(Removed::Later),
        },
    };
    match desk.delete(env, &known).await {
        Ok(Undone::Done) => Ok(Removed::Gone),
        Ok(Undone::Refused(code)) => Ok(Removed::Refused(Reason::VoidRefused, code)),
        Err(told) => told.step().map(Removed::Later),
    }
}

/// Why a label cannot be undone, where that is known without asking. When it went out with a manifest made on the
/// carrier's own site, the carrier says so.
async fn closed(env: &Env, stored: Option<&Shipment>) -> Result<Option<&'static str>, Failure> {
    let Some(shipment) = stored else { return Ok(None) };
    let manifested = env.db.manifested(&shipment.carrier).await?;
    Ok(match shipment.voiding(manifested) {
        Voiding::Nothing | Voiding::Open => None,
        Voiding::ClosedByManifest => Some("manifested"),
        Voiding::ClosedByScan => Some("with_the_carrier"),
        Voiding::NotOffered => Some("carrier_offers_no_void"),
    })
}
