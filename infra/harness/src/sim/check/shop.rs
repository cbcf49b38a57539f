//! One write-back each: the shop is told every tracking number once.

use super::must;
use crate::sim::facts::Facts;
use crate::sim::run::Failure;
use crate::sim::scheduler::Sim;
use crate::world::SHOP;
use std::collections::BTreeMap;
use waybill_domain::exception::Reason;
use waybill_domain::order::Status;
use waybill_domain::shipment::{Booking, WriteBack};

/// How often the shop shows each tracking number, and lines sent more often than bought.
fn shown(sim: &Sim) -> (BTreeMap<String, u32>, Vec<i64>) {
    sim.world.sandbox.with_state(|state| {
        let (mut numbers, mut over) = (BTreeMap::new(), Vec::new());
        for stored in state.shops.get(SHOP).into_iter().flat_map(|shop| shop.orders.values()) {
            for made in stored.fulfillments.iter().filter(|one| one.status == "SUCCESS") {
                for number in &made.numbers {
                    *numbers.entry(number.clone()).or_default() += 1;
                }
            }
            over.extend(stored.lines().iter().filter_map(|line| {
                let id = line["id"].as_i64()?;
                (stored.fulfilled(id) > line["quantity"].as_i64()?.max(line["current_quantity"].as_i64()?))
                    .then_some(id)
            }));
        }
        (numbers, over)
    })
}

/// No tracking number is shown twice and no line is sent twice.
pub(super) fn never_twice(sim: &Sim) -> Result<(), Failure> {
    let (numbers, over) = shown(sim);
    let twice = numbers.iter().find(|(_, count)| **count > 1);
    must(twice.is_none(), "the shop is told once", || format!("{twice:?}"))?;
    must(over.is_empty(), "no line is sent twice", || format!("{over:?}"))
}

/// Every shipment that left was told to the shop, unless the shop is gone or refused and a person knows.
pub(super) fn told_once(sim: &Sim, facts: &Facts) -> Result<(), Failure> {
    let (mut numbers, _) = shown(sim);
    for shipment in &facts.shipments {
        let Some(one) = facts.orders.get(&shipment.order) else { continue };
        let order = &one.order;
        let count = shipment.tracking().and_then(|tracking| numbers.remove(tracking)).unwrap_or_default();
        let left = matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned);
        // What was undone by hand did not leave; what the shop was told of it before stays as it was.
        if !left || shipment.booking == Booking::Forgotten || shipment.is_void() {
            continue;
        }
        let excused = sim.uninstalled.is_some()
            || order.exceptions.iter().any(|e| e.reason == Reason::WriteBackRefused);
        must(count == 1 || (count == 0 && excused), "the shop is told of every parcel", || {
            format!("{} is shown {count} times; {:?}", shipment.id, shipment.write_back)
        })?;
        let applied = matches!(shipment.write_back, WriteBack::Applied { .. });
        must(applied || excused, "we know what the shop was told", || {
            format!("{} {:?}", shipment.id, shipment.write_back)
        })?;
    }
    Ok(())
}
