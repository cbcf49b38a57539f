//! Never oversell; what moved adds up to what is there, on every shelf and in every bin.

use super::must;
use crate::sim::facts::Facts;
use crate::sim::run::Failure;
use std::collections::BTreeMap;
use waybill_domain::allocation::held;
use waybill_domain::exception::Reason;
use waybill_domain::picking::TaskState;
use waybill_domain::stock::{Effect, MovementKind, Spot, holders};

/// A SKU at a warehouse.
type Place<'a> = (&'a str, &'a str);

/// Every level is sound, equals the sum of its movements in all and in each spot, and promises exactly what orders
/// hold; what pick lists ask for is not free.
pub(crate) fn sound(facts: &Facts) -> Result<(), Failure> {
    let mut moved: BTreeMap<Place<'_>, Effect> = BTreeMap::new();
    let mut spots: BTreeMap<(Place<'_>, &Spot), i64> = BTreeMap::new();
    for (sku, movement) in &facts.movements {
        let place = (sku.as_str(), movement.warehouse.as_str());
        *moved.entry(place).or_default() += movement.effect();
        for (spot, pieces) in &movement.spots {
            *spots.entry((place, spot)).or_default() += pieces;
        }
        must(movement.is_whole(), "a movement's spots add up", || format!("{sku} {movement:?}"))?;
    }
    let mut asked: BTreeMap<(Place<'_>, &Spot), i64> = BTreeMap::new();
    for list in &facts.picks {
        for task in list.tasks.iter().filter(|task| task.state == TaskState::Open) {
            *asked.entry(((&task.sku, list.warehouse.as_str()), &task.spot)).or_default() += task.quantity;
        }
    }
    let mut promised: BTreeMap<(String, String), i64> = BTreeMap::new();
    for one in facts.orders.values().filter(|one| one.order.holds_stock()) {
        for ((sku, warehouse), pieces) in held(&one.order) {
            *promised.entry((sku, warehouse.to_string())).or_default() += pieces;
        }
    }
    for (sku, level) in &facts.levels {
        let place = (sku.as_str(), level.warehouse.as_str());
        must(level.is_sound(), "nothing is oversold", || format!("{sku} {level:?}"))?;
        let sum = moved.remove(&place).unwrap_or_default();
        let stored =
            Effect { on_hand: level.on_hand, reserved: level.reserved, quarantined: level.quarantined };
        must(sum == stored, "movements add up to the level", || format!("{sku} {level:?}, moved {sum:?}"))?;
        for (spot, there) in &level.spots {
            let sum = spots.remove(&(place, spot)).unwrap_or_default();
            must(sum == there.on_hand, "movements add up in every bin", || {
                format!("{sku} {spot} has {there:?}, moved {sum}")
            })?;
            let asked = asked.remove(&(place, spot)).unwrap_or_default();
            must(there.free == there.on_hand - asked, "what pick lists ask for is not free", || {
                format!("{sku} {spot} has {there:?}, lists ask for {asked}")
            })?;
        }
        let holds = promised.remove(&(sku.clone(), level.warehouse.to_string())).unwrap_or_default();
        must(holds == level.reserved, "reserved is what orders hold", || {
            format!("{sku} {level:?}, orders hold {holds}")
        })?;
    }
    spots.retain(|_, pieces| *pieces != 0);
    moved.retain(|_, effect| *effect != Effect::default());
    must(
        moved.is_empty() && promised.is_empty() && spots.is_empty() && asked.is_empty(),
        "reserved is what orders hold",
        || format!("{moved:?} {promised:?} {spots:?} {asked:?}"),
    )
}

/// Each order holds what its movements say, and what left one warehouse arrived at the other or is under way.
pub(crate) fn traced(facts: &Facts) -> Result<(), Failure> {
    let mut by_sku: BTreeMap<&str, Vec<_>> = BTreeMap::new();
    for (sku, movement) in &facts.movements {
        by_sku.entry(sku).or_default().push(movement.clone());
    }
    for (sku, movements) in by_sku {
        for holder in holders(&movements) {
            let order = facts.orders.get(&holder.order).filter(|one| !one.order.stock_settled);
            let slot = (sku.to_owned(), holder.warehouse.clone());
            let holds = order.and_then(|one| held(&one.order).get(&slot).copied()).unwrap_or_default();
            must(holds == holder.quantity, "an order holds what its movements say", || {
                format!("{sku} {holder:?}, the order holds {holds}")
            })?;
        }
        let sum = |kind| movements.iter().filter(|m| m.kind == kind).map(|m| m.quantity).sum::<i64>();
        let under_way: i64 = facts.transfers.iter().filter(|t| t.sku == sku).map(|t| t.left).sum();
        let gone = sum(MovementKind::TransferOut) - sum(MovementKind::TransferIn);
        must(gone == under_way, "what left a warehouse is under way or has arrived", || {
            format!("{sku}: {gone} gone, {under_way} under way")
        })?;
    }
    Ok(())
}

/// No order is promised more of a line than it wants, none that has ended holds anything, and nothing is packed for
/// an order that does not hold it.
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
        // Until its people say what becomes of it, it keeps what it has.
        let undone = order.exceptions.iter().any(|open| open.reason == Reason::LabelVoided);
        for line in &order.lines {
            must(
                line.allocated() <= line.quantity || order.shipments > 0 || order.stock_settled || undone,
                "no line gets more than it wants",
                || format!("{} {line:?} {:?}", order.id, order.status),
            )?;
        }
        let holds = held(order);
        for picked in &order.picked {
            let slot = (picked.sku.clone(), picked.warehouse.clone());
            let there = holds.get(&slot).copied().unwrap_or_default();
            must(
                picked.quantity <= there || order.stock_settled,
                "nothing is packed that is not held",
                || format!("{} {picked:?}, it holds {there}", order.id),
            )?;
        }
    }
    Ok(())
}
