//! One label each: nothing is bought twice and nothing is left bought for a cancelled order.

use super::must;
use crate::sim::facts::Facts;
use crate::sim::run::Failure;
use crate::sim::scheduler::Sim;
use std::collections::BTreeMap;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Order, Status};
use waybill_domain::shipment::Booking;
use waybill_sandbox::royal_mail::Status as AtCarrier;

/// The carrier never holds two live orders under one reference.
pub(super) fn never_twice(sim: &Sim) -> Result<(), Failure> {
    let twice = sim.world.sandbox.with_state(|state| state.royal_mail.booked_twice());
    must(twice == 0, "nothing is booked twice", || format!("{twice} too many"))
}

/// Live orders at the carrier by reference.
fn live(sim: &Sim) -> BTreeMap<String, i64> {
    sim.world.sandbox.with_state(|state| {
        let live = state.royal_mail.orders.values().filter(|one| one.status != AtCarrier::Deleted);
        live.filter_map(|one| Some((one.reference.clone()?, one.id))).collect()
    })
}

/// Whether a reference is one of an order's: it is made from the order's id.
fn is_of(reference: &str, order: &Order) -> bool {
    reference.strip_prefix("WB-").is_some_and(|rest| rest.starts_with(order.id.suffix()))
}

/// Whether what is booked so left in an earlier round: it is with its carrier, whatever became of the rest.
fn is_earlier(reference: &str, order: &Order) -> bool {
    let n = reference.rsplit_once('-').and_then(|(_, n)| n.parse::<u32>().ok());
    n.is_some_and(|n| n <= order.rounds)
}

/// What counts as undone here is gone at the carrier: an order that is booked again has one live label for its goods.
pub(super) fn undone_is_gone(sim: &Sim, facts: &Facts) -> Result<(), Failure> {
    let live = live(sim);
    let left = facts.shipments.iter().find(|one| one.is_void() && live.contains_key(&one.reference));
    must(left.is_none(), "a label that was undone is gone at the carrier", || {
        format!("{:?} is live there", left.map(|one| &one.reference))
    })
}

/// Every labelled shipment is one live order at the carrier, and every live order there is known here.
pub(super) fn one_each(sim: &Sim, facts: &Facts) -> Result<(), Failure> {
    let mut live = live(sim);
    for shipment in &facts.shipments {
        if let Booking::Labelled { carrier_order, .. } | Booking::Created { carrier_order, .. } =
            &shipment.booking
        {
            let there = live.remove(&shipment.reference).map(|id| id.to_string());
            must(there.as_ref() == Some(carrier_order), "each shipment is booked once", || {
                format!("{} says {carrier_order}, the carrier {there:?}", shipment.id)
            })?;
        }
    }
    for (reference, id) in live {
        let owner = facts.orders.values().find(|one| is_of(&reference, &one.order));
        let open = |order: &Order| {
            let names =
                [Reason::UncertainBooking, Reason::LabelFailed, Reason::VoidRefused, Reason::CarrierRefused];
            order.exceptions.iter().any(|e| names.contains(&e.reason))
        };
        let forgotten = |order: &Order| {
            let gone = matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned);
            // Of an order sent in parts, a parcel may have left before the rest was given up; the shop may have gone
            // by then and not been told.
            let left = gone || is_earlier(&reference, order);
            left && facts.shipments_of(&order.id).any(|s| s.booking == Booking::Forgotten)
        };
        let known = owner.is_some_and(|one| open(&one.order) || forgotten(&one.order));
        must(known, "what the carrier holds is known here", || {
            format!(
                "{reference} is {id}; {:?}; {:?}",
                owner.map(|one| (&one.order.status, &one.order.exceptions)),
                owner.map(|one| facts
                    .shipments_of(&one.order.id)
                    .map(|s| (&s.id, &s.booking, &s.write_back, s.lines.len()))
                    .collect::<Vec<_>>())
            )
        })?;
    }
    Ok(())
}

/// Orders cancelled before dispatch hold nothing at the carrier, or a person can see that they do.
pub(super) fn none_for_cancelled(sim: &Sim, facts: &Facts) -> Result<(), Failure> {
    let live = live(sim);
    for one in facts.orders.values().filter(|one| one.order.status == Status::Cancelled) {
        let order = &one.order;
        let left = live.keys().find(|reference| is_of(reference, order) && !is_earlier(reference, order));
        must(
            left.is_none() || !order.exceptions.is_empty(),
            "a cancelled order leaves nothing at the carrier",
            || format!("{} left {left:?}", order.id),
        )?;
    }
    Ok(())
}
