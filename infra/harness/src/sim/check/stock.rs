//! Never oversell; what moved adds up to what is there.

use super::must;
use crate::sim::facts::Facts;
use crate::sim::run::Failure;
use std::collections::BTreeMap;

/// Every level is sound, equals the sum of its movements, and promises exactly what orders hold.
pub(crate) fn sound(facts: &Facts) -> Result<(), Failure> {
    let mut moved: BTreeMap<(&str, &str), (i64, i64)> = BTreeMap::new();
    for (sku, movement) in &facts.movements {
        let (on_hand, reserved) = movement.kind.effect(movement.quantity);
        let sum = moved.entry((sku, movement.warehouse.as_str())).or_default();
        *sum = (sum.0 + on_hand, sum.1 + reserved);
    }
    let mut held: BTreeMap<(&str, &str), i64> = BTreeMap::new();
    for one in facts.orders.values().filter(|one| one.order.holds_stock()) {
        for line in &one.order.lines {
            for allocation in &line.allocations {
                let slot = (line.sku.as_deref().unwrap_or_default(), allocation.warehouse.as_str());
                *held.entry(slot).or_default() += i64::from(allocation.quantity);
            }
        }
    }
    for (sku, level) in &facts.levels {
        let slot = (sku.as_str(), level.warehouse.as_str());
        must(level.is_sound(), "nothing is oversold", || format!("{sku} {level:?}"))?;
        let sum = moved.remove(&slot).unwrap_or_default();
        must(sum == (level.on_hand, level.reserved), "movements add up to the level", || {
            format!("{sku} {level:?}, moved {sum:?}")
        })?;
        let promised = held.remove(&slot).unwrap_or_default();
        must(promised == level.reserved, "reserved is what orders hold", || {
            format!("{sku} {level:?}, orders hold {promised}")
        })?;
    }
    must(moved.is_empty() && held.is_empty(), "reserved is what orders hold", || {
        format!("{moved:?} {held:?}")
    })
}

/// No order is promised more of a line than it wants, and none that has ended holds anything.
pub(crate) fn promised(facts: &Facts) -> Result<(), Failure> {
    use waybill_domain::order::Status::{Cancelled, Delivered, Dispatched, Returned};
    for one in facts.orders.values() {
        let order = &one.order;
        let ended = matches!(order.status, Cancelled | Dispatched | Delivered | Returned);
        must(
            !ended || !order.holds_stock() || !order.exceptions.is_empty(),
            "an order that ended holds no stock",
            || format!("{} {:?}", order.id, order.status),
        )?;
        for line in &order.lines {
            must(
                line.allocated() <= line.quantity || order.shipments > 0 || order.stock_settled,
                "no line gets more than it wants",
                || format!("{} {line:?} {:?}", order.id, order.status),
            )?;
        }
    }
    Ok(())
}
