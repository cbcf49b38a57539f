//! No order is lost, none is doubled, none is stuck.

use super::{Stop, must};
use crate::sim::facts::Facts;
use crate::sim::run::Failure;
use crate::sim::scheduler::Sim;
use crate::world::SHOP;
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{PersonalData, Status};
use waybill_store::Queue;
use waybill_store::work::stages;

/// Nothing is under way and nothing died.
pub(super) fn quiet(sim: &Sim) -> Result<(), Failure> {
    must(sim.is_idle() && sim.mail.is_empty(), "all work ends", || {
        let left = sim
            .mail
            .queues
            .iter()
            .flat_map(|(queue, all)| all.iter().map(move |m| format!("{queue:?} {m:?}")));
        format!("{} letters, {:?}", sim.mail.letters.len(), left.collect::<Vec<_>>())
    })?;
    must(sim.mail.dead.is_empty(), "no message dies in peace", || format!("{:?}", sim.mail.dead))
}

/// Our ids of the shop's orders.
fn ids(sim: &Sim) -> Result<BTreeMap<OrderId, i64>, Stop> {
    let placed = sim.placed.iter().filter(|id| **id != 0);
    placed.map(|id| Ok((sim.world.order_id(*id)?, *id))).collect()
}

/// Every order here is one of the shop's, or a body that could not be read.
pub(super) fn no_strangers(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    let ids = ids(sim)?;
    let strangers: Vec<&OrderId> = facts
        .orders
        .iter()
        .filter(|(id, one)| !ids.contains_key(*id) && !one.order.total.currency.is_empty())
        .map(|(id, _)| id)
        .collect();
    must(strangers.is_empty(), "there is no order the shop does not know", || format!("{strangers:?}"))?;
    Ok(())
}

/// Every order of the shop is here, once.
pub(super) fn every_order_is_here(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    let accepted: BTreeSet<i64> = match sim.uninstalled {
        // Once the app is removed, nothing is owed but what was taken before.
        Some(_) => sim.accepted.clone(),
        None => sim.placed.iter().copied().filter(|id| *id != 0).collect(),
    };
    for id in accepted {
        let ours = sim.world.order_id(id)?;
        must(facts.orders.contains_key(&ours), "no order is lost", || {
            format!("{} ({ours}) is not stored", sim.order_name(Some(id)))
        })?;
    }
    let strange = facts.orders.len().saturating_sub(sim.placed.iter().filter(|id| **id != 0).count());
    must(strange <= sim.unreadable, "no order is doubled", || format!("{strange} too many"))?;
    Ok(())
}

/// Nothing waits for a stage, but backorders and what is held for goods, and parcels for their arrival, unless a person
/// knows.
pub(super) fn nobody_is_stuck(sim: &Sim, facts: &Facts) -> Result<(), Failure> {
    for (id, one) in &facts.orders {
        let order = &one.order;
        let known = order.exceptions.iter().any(|e| {
            !matches!(
                e.reason,
                Reason::ChangedAfterBooking | Reason::WriteBackRefused | Reason::CancelledAfterDispatch
            )
        });
        let waits = stages(order);
        let allowed = match order.status {
            Status::Backordered => waits == [Queue::Allocate],
            // What it lacks is looked for meanwhile (decision 029).
            Status::Held if order.keeps_goods() && order.owed() > 0 => waits == [Queue::Allocate],
            Status::Dispatched => waits == [Queue::Track],
            _ => waits.is_empty(),
        };
        must(allowed || known, "no order is stuck", || {
            format!(
                "{id} {:?} waits for {waits:?}, due {:?}, {:?}",
                order.status, order.due_at, order.exceptions
            )
        })?;
        let timed =
            !matches!(order.status, Status::Backordered | Status::Dispatched) || order.due_at.is_some();
        let settled = order.status == Status::Dispatched && known;
        must(timed || settled || order.personal == PersonalData::Erased, "what waits has a time", || {
            format!("{id} {:?} {:?}", order.status, order.exceptions)
        })?;
        must(order.status != Status::Held || order.hold.is_some(), "a hold has its reason", || {
            id.to_string()
        })?;
    }
    let _ = sim;
    Ok(())
}

/// What is not at the carrier yet is as the shop says: quantities, and whether it is cancelled.
pub(super) fn as_the_shop_says(sim: &Sim, facts: &Facts) -> Result<(), Stop> {
    if sim.uninstalled.is_some() {
        return Ok(());
    }
    for (ours, id) in ids(sim)? {
        let Some(one) = facts.orders.get(&ours).filter(|one| one.order.personal == PersonalData::Live) else {
            continue;
        };
        let order = &one.order;
        let shop = sim.world.sandbox.with_state(|state| {
            let stored = state.shops.get(SHOP)?.orders.get(&id)?;
            let line = |l: &serde_json::Value| {
                Some((l["id"].as_i64()?.to_string(), l["current_quantity"].as_i64()?))
            };
            let lines: BTreeMap<String, i64> = stored.lines().iter().filter_map(line).collect();
            Some((!stored.body["cancelled_at"].is_null(), lines))
        });
        let Some((cancelled, lines)) = shop else { continue };
        let knows = |reason| order.exceptions.iter().any(|e| e.reason == reason);
        must(
            // By the shop or by its own people.
            (cancelled || order.instructions.cancelled) == (order.status == Status::Cancelled)
                || knows(Reason::CancelledAfterDispatch),
            "a cancellation is heard",
            || {
                format!(
                    "{} is {:?}, at the shop cancelled: {cancelled}",
                    sim.order_name(Some(id)),
                    order.status
                )
            },
        )?;
        let ours: BTreeMap<String, i64> = order
            .lines
            .iter()
            .filter_map(|l| Some((l.channel_line.clone()?, i64::from(l.quantity + l.sent))))
            .filter(|(_, quantity)| *quantity > 0)
            .collect();
        let wanted: BTreeMap<String, i64> = lines.into_iter().filter(|(_, quantity)| *quantity > 0).collect();
        // What its people gave up after the shop had been told of it is not compared any more.
        let over = cancelled || order.instructions.cancelled;
        must(ours == wanted || knows(Reason::ChangedAfterBooking) || over, "a change is heard", || {
            format!("{} {:?} has {ours:?}, the shop {wanted:?}", sim.order_name(Some(id)), order.status)
        })?;
    }
    Ok(())
}

/// The clock has nothing left to look at.
pub(super) fn nothing_is_due(facts: &Facts) -> Result<(), Failure> {
    let due = facts.orders.values().find(|one| one.order.due_at.is_some());
    must(due.is_none(), "nothing is due for ever", || {
        format!("{:?}", due.map(|one| (&one.order.id, one.order.status, one.order.due_at)))
    })
}
