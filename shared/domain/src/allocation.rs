//! Which warehouse sends which line: a whole batch of orders is decided at once, in order of arrival,
//! from one reading of the stock.

use crate::id::WarehouseId;
use crate::order::{Allocation, Line, Order, Status};
use crate::stock::MovementKind;
use std::collections::BTreeMap;

/// A place stock can come from, in the merchant's order of preference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Which.
    pub warehouse: WarehouseId,
    /// Lower is preferred.
    pub priority: u32,
    /// UK postcode areas it is near to; an order going there prefers it over all others.
    pub near: Vec<String>,
}

/// A SKU at a warehouse.
pub type Slot = (String, WarehouseId);

/// What one order's decision does to stock: positive reserves, negative gives back.
pub type Changes = BTreeMap<Slot, i64>;

/// What was decided for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its lines with their new allocations.
    pub lines: Vec<Line>,
    /// Where it stands now.
    pub status: Status,
    /// What its stock must change by; empty when nothing does.
    pub changes: Changes,
    /// A line's SKU is missing or unknown: the order must wait for a mapping.
    pub unmapped: bool,
}

/// Pieces free to promise, as last read. A slot that is absent is a SKU the warehouse does not keep.
pub type Available = BTreeMap<Slot, i64>;

/// Decides one order and takes what it gets out of `available`, so that the next order of the batch sees it.
///
/// The order is served from as few warehouses as possible: first one that holds all of it, near before
/// preferred; otherwise line by line over several. Without `part_ship` an order is reserved whole or not at all.
/// What is already reserved and still wanted stays; what is reserved too much is given back.
pub fn allocate(
    order: &Order,
    candidates: &[Candidate],
    part_ship: bool,
    available: &mut Available,
) -> Decided {
    let mut lines = order.lines.clone();
    let mut changes = Changes::new();
    for line in &mut lines {
        give_back_surplus(line, &mut changes);
    }
    let unmapped = lines.iter().any(|l| l.ships && l.quantity > 0 && !is_kept(l, available));
    if unmapped {
        apply(&changes, available);
        lines.retain(|l| l.quantity > 0 || !l.allocations.is_empty());
        return Decided { lines, status: Status::Held, changes, unmapped };
    }
    // What is given back can be promised to this very order again.
    let mut free = available.clone();
    apply(&changes, &mut free);
    let ranked = rank(order, candidates);
    let before = (lines.clone(), changes.clone());
    match ranked
        .iter()
        .find(|w| lines.iter().all(|l| short(l) == 0 || at(&free, l, w) >= i64::from(short(l))))
    {
        Some(one) => {
            for line in &mut lines {
                take(line, one, &mut free, &mut changes);
            }
        }
        None => {
            for line in &mut lines {
                for warehouse in &ranked {
                    take(line, warehouse, &mut free, &mut changes);
                }
            }
        }
    }
    let missing: u32 = lines.iter().map(short).sum();
    let got: u32 = lines.iter().filter(|l| l.ships).map(Line::allocated).sum();
    let status = match (missing, got) {
        (0, _) => Status::Allocated,
        (_, 1..) if part_ship => Status::PartAllocated,
        _ => {
            (lines, changes) = before;
            Status::Backordered
        }
    };
    lines.retain(|l| l.quantity > 0 || !l.allocations.is_empty());
    changes.retain(|_, n| *n != 0);
    apply(&changes, available);
    Decided { lines, status, changes, unmapped: false }
}

/// Gives back everything an order holds.
pub fn release(order: &Order) -> (Vec<Line>, Changes) {
    let mut changes = Changes::new();
    let lines = order
        .lines
        .iter()
        .map(|line| {
            let mut line = line.clone();
            line.quantity = 0;
            give_back_surplus(&mut line, &mut changes);
            line.quantity = order.lines.iter().find(|l| l.id == line.id).map_or(0, |l| l.quantity);
            line
        })
        .collect();
    (lines, changes)
}

/// What an order holds, per slot: what leaves on-hand stock when it is sent.
pub fn held(order: &Order) -> Changes {
    let mut all = Changes::new();
    for line in &order.lines {
        for (slot, quantity) in slots(line) {
            *all.entry(slot).or_default() += i64::from(quantity);
        }
    }
    all
}

/// The movement a change of reservation is recorded as.
pub fn movement_of(change: i64) -> MovementKind {
    if change >= 0 { MovementKind::Reserve } else { MovementKind::Release }
}

fn slots(line: &Line) -> impl Iterator<Item = (Slot, u32)> + '_ {
    let sku = line.sku.clone().unwrap_or_default();
    line.allocations.iter().map(move |a| ((sku.clone(), a.warehouse.clone()), a.quantity))
}

fn give_back_surplus(line: &mut Line, changes: &mut Changes) {
    let wanted = if line.ships { line.quantity } else { 0 };
    let mut surplus = line.allocated().saturating_sub(wanted);
    let sku = line.sku.clone().unwrap_or_default();
    // Last promised, first given back: the preferred warehouse keeps its share.
    for allocation in line.allocations.iter_mut().rev() {
        let back = surplus.min(allocation.quantity);
        allocation.quantity -= back;
        surplus -= back;
        if back > 0 {
            *changes.entry((sku.clone(), allocation.warehouse.clone())).or_default() -= i64::from(back);
        }
    }
    line.allocations.retain(|a| a.quantity > 0);
}

fn is_kept(line: &Line, available: &Available) -> bool {
    line.sku.as_ref().is_some_and(|sku| available.keys().any(|(s, _)| s == sku))
}

fn short(line: &Line) -> u32 {
    if line.ships { line.quantity.saturating_sub(line.allocated()) } else { 0 }
}

fn at(free: &Available, line: &Line, warehouse: &WarehouseId) -> i64 {
    let slot = (line.sku.clone().unwrap_or_default(), warehouse.clone());
    free.get(&slot).copied().unwrap_or_default()
}

fn take(line: &mut Line, warehouse: &WarehouseId, free: &mut Available, changes: &mut Changes) {
    let wanted = i64::from(short(line));
    let slot = (line.sku.clone().unwrap_or_default(), warehouse.clone());
    let Some(there) = free.get_mut(&slot) else { return };
    let got = wanted.min((*there).max(0));
    let Ok(quantity) = u32::try_from(got) else { return };
    if quantity == 0 {
        return;
    }
    *there -= got;
    *changes.entry(slot).or_default() += got;
    match line.allocations.iter_mut().find(|a| a.warehouse == *warehouse) {
        Some(more) => more.quantity += quantity,
        None => line.allocations.push(Allocation { warehouse: warehouse.clone(), quantity }),
    }
}

fn apply(changes: &Changes, available: &mut Available) {
    for (slot, n) in changes {
        if let Some(there) = available.get_mut(slot) {
            *there -= n;
        }
    }
}

fn rank(order: &Order, candidates: &[Candidate]) -> Vec<WarehouseId> {
    let area = order.destination.as_ref().and_then(|d| d.postcode_area.as_deref());
    let mut ranked: Vec<&Candidate> = candidates.iter().collect();
    ranked.sort_by_key(|c| {
        let far = !area.is_some_and(|a| c.near.iter().any(|n| n == a));
        (far, c.priority, c.warehouse.clone())
    });
    ranked.into_iter().map(|c| c.warehouse.clone()).collect()
}

#[cfg(test)]
mod tests;
