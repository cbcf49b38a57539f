//! Which warehouse sends which line: a whole batch of orders is decided at once, in order of arrival,
//! from one reading of the stock.

mod choose;
mod explain;
mod steps;

use crate::catalogue::{Catalogue, Part};
use crate::id::WarehouseId;
use crate::order::{Allocation, Line, Order, Status};
use crate::sourcing::{Policy, Terms};
use crate::stock::{MovementKind, Spot};
use jiff::civil::Date;
use std::collections::BTreeMap;

pub use explain::{Explained, Tried, explain};
pub use steps::{difference, next_to_leave, set_off, steps};

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

/// Pieces free to promise, as last read. A slot that is absent is a SKU the warehouse does not keep.
pub type Available = BTreeMap<Slot, i64>;

/// The first day on which goods of a slot expire, where they do.
pub type Expiries = BTreeMap<Slot, Date>;

/// What a decision stands on, besides the stock itself.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// Where goods can come from.
    pub candidates: &'a [Candidate],
    /// What the lines are made of.
    pub catalogue: &'a Catalogue,
    /// How the merchant chooses.
    pub policy: &'a Policy,
    /// The merchant's own setting: orders may go out in parts.
    pub part_ship: bool,
    /// What expires when.
    pub expiries: &'a Expiries,
}

/// Why an order waits for a person instead of stock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stopped {
    /// A line's SKU is missing or unknown: the order must wait for a mapping.
    Unmapped,
    /// A rule of this name holds it.
    Rule(String),
}

/// What was decided for one order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decided {
    /// Its lines with their new allocations.
    pub lines: Vec<Line>,
    /// Where it stands now.
    pub status: Status,
    /// What its stock must change by; empty when nothing does.
    pub changes: Changes,
    /// Why it waits for a person, if it does.
    pub stopped: Option<Stopped>,
}

/// Decides one order and takes what it gets out of `available`, so that the next order of the batch sees it.
///
/// Every way of serving it from one, two or three warehouses, or from all, is a candidate; the one that serves most
/// of it wins, and among those the policy's criteria decide. Without leave to ship in parts an order is reserved
/// whole or not at all; of one that stands still, what is there is kept. What is already reserved and still wanted stays,
/// unless a rule does not let the order leave from there; what is reserved too much is given back.
pub fn allocate(order: &Order, ground: &Ground<'_>, available: &mut Available) -> Decided {
    let (decided, _) = decide(order, ground, available);
    decided
}

/// As [`allocate`], with every candidate that was weighed.
fn decide(order: &Order, ground: &Ground<'_>, available: &mut Available) -> (Decided, Weighed) {
    let mut lines = order.lines.clone();
    let mut changes = Changes::new();
    let mut unmapped = false;
    let terms = ground.policy.terms(order, ground.catalogue, ground.part_ship);
    let settled = !order.picked.is_empty() || order.shipments > 0 || order.claim.is_some();
    for line in &mut lines {
        match wanted_parts(order, line, ground.catalogue) {
            Some(parts) if parts != line.takes() => {
                give_back(line, line.allocated(), &mut changes);
                let simple = matches!(parts.as_slice(), [one] if line.sku.as_ref() == Some(&one.sku) && one.units == 1);
                line.parts = if simple { Vec::new() } else { parts };
            }
            Some(_) => {}
            None => unmapped = true,
        }
        let wanted = if line.ships { line.quantity } else { 0 };
        if !settled {
            give_back_from(line, |place| !terms.allows(place), &mut changes);
        }
        give_back(line, line.allocated().saturating_sub(wanted), &mut changes);
    }
    let stopped = match &terms.hold {
        _ if unmapped => Some(Stopped::Unmapped),
        Some(rule) if !order.let_go => Some(Stopped::Rule(rule.clone())),
        _ => None,
    };
    let mut weighed = Weighed { terms, tried: Vec::new(), won: None };
    let keep = stopped.is_some() || order.stands_still();
    let served = serve(order, ground, &mut lines, &mut changes, available, &mut weighed, keep);
    let status = if stopped.is_some() { Status::Held } else { served };
    lines.retain(|l| l.quantity > 0 || l.sent > 0 || !l.allocations.is_empty());
    changes.retain(|_, n| *n != 0);
    apply(&changes, available);
    (Decided { lines, status, changes, stopped }, weighed)
}

/// What was weighed for one order.
struct Weighed {
    terms: Terms,
    tried: Vec<choose::Plan>,
    won: Option<usize>,
}

/// Reserves what lines lack, if the order may have it. An order that is kept its goods has what is there.
fn serve(
    order: &Order,
    ground: &Ground<'_>,
    lines: &mut [Line],
    changes: &mut Changes,
    available: &Available,
    weighed: &mut Weighed,
    keep: bool,
) -> Status {
    let short: u32 = lines.iter().map(Line::owed).sum();
    let held: u32 = lines.iter().filter(|l| l.ships).map(Line::allocated).sum();
    if short == 0 {
        return Status::Allocated;
    }
    let table = choose::Table::new(order, lines, ground, &weighed.terms, available, changes);
    weighed.tried = table.plans(&weighed.terms.criteria);
    weighed.won = choose::best(&weighed.tried);
    let plan = weighed.won.and_then(|n| weighed.tried.get(n));
    let missing = plan.map_or(short, |plan| plan.missing);
    let status = match (missing, held + (short - missing)) {
        (0, _) => Status::Allocated,
        (_, 1..) if weighed.terms.part_ship => Status::PartAllocated,
        _ if !keep => return Status::Backordered,
        _ => Status::Backordered,
    };
    let Some(plan) = plan else { return status };
    for take in &plan.takes {
        let Some(line) = lines.get_mut(take.line) else { continue };
        for part in line.takes() {
            *changes.entry((part.sku, take.warehouse.clone())).or_default() +=
                i64::from(take.pieces) * i64::from(part.units);
        }
        match line.allocations.iter_mut().find(|a| a.warehouse == take.warehouse) {
            Some(more) => more.quantity += take.pieces,
            None => {
                line.allocations
                    .push(Allocation { warehouse: take.warehouse.clone(), quantity: take.pieces });
            }
        }
    }
    status
}

/// Leaves an order that waits for goods those that are there of what it lacks: who came after it and is decided with
/// it does not get them. Goods it would have enough of are not kept for it.
pub fn set_aside(order: &Order, ground: &Ground<'_>, available: &mut Available) {
    let terms = ground.policy.terms(order, ground.catalogue, ground.part_ship);
    let mut lacks: BTreeMap<String, i64> = BTreeMap::new();
    for line in &order.lines {
        for part in line.takes() {
            *lacks.entry(part.sku).or_default() += i64::from(line.owed()) * i64::from(part.units);
        }
    }
    for (sku, wanted) in lacks {
        let kept = ground.policy.kept_back(order.channel, &sku);
        let places = ground.candidates.iter().filter(|c| terms.allows(&c.warehouse));
        let slots: Vec<Slot> = places.map(|c| (sku.clone(), c.warehouse.clone())).collect();
        let free = |slot: &Slot| (available.get(slot).copied().unwrap_or_default() - kept).max(0);
        if slots.iter().map(free).sum::<i64>() >= wanted {
            continue;
        }
        for slot in slots {
            if let Some(there) = available.get_mut(&slot) {
                *there = (*there).min(kept);
            }
        }
    }
}

/// Gives back everything an order holds.
pub fn release(order: &Order) -> (Vec<Line>, Changes) {
    let mut changes = Changes::new();
    let mut lines = order.lines.clone();
    for line in &mut lines {
        give_back(line, line.allocated(), &mut changes);
    }
    (lines, changes)
}

/// What an order holds, per slot: what leaves on-hand stock when it is sent.
pub fn held(order: &Order) -> Changes {
    let mut all = Changes::new();
    for line in &order.lines {
        for (slot, quantity) in slots(line) {
            *all.entry(slot).or_default() += quantity;
        }
    }
    all.retain(|slot, _| !order.gone.contains(slot));
    all
}

/// The movement a change of reservation is recorded as.
pub fn movement_of(change: i64) -> MovementKind {
    if change >= 0 { MovementKind::Reserve } else { MovementKind::Release }
}

/// Names of all SKUs an order may take from stock, for reading their levels.
pub fn skus_of(order: &Order, catalogue: &Catalogue) -> Vec<String> {
    let mut names: Vec<String> = order
        .lines
        .iter()
        .flat_map(|line| {
            let wants = line.ships && line.quantity > 0;
            let fresh = wants.then(|| wanted_parts(order, line, catalogue)).flatten().unwrap_or_default();
            let held = if line.allocations.is_empty() { Vec::new() } else { line.takes() };
            fresh.into_iter().chain(held).map(|part| part.sku)
        })
        .collect();
    names.sort();
    names.dedup();
    names
}

/// Goods on the packing bench that the order no longer holds: they go back to the dock, each lot as it is. Gives the
/// change of what lies in each spot, per slot. The order's own record is cut to what it still holds.
pub fn unpack(order: &mut Order) -> BTreeMap<Slot, BTreeMap<Spot, i64>> {
    let mut held = held(order);
    let mut back: BTreeMap<Slot, BTreeMap<Spot, i64>> = BTreeMap::new();
    for picked in &mut order.picked {
        let slot = (picked.sku.clone(), picked.warehouse.clone());
        let left = held.entry(slot.clone()).or_default();
        let still = picked.quantity.min(*left);
        *left -= still;
        if picked.quantity > still {
            let (bench, pieces) = (picked.spot(), picked.quantity - still);
            let spots = back.entry(slot).or_default();
            *spots.entry(bench.in_bin(Spot::dock().bin)).or_default() += pieces;
            *spots.entry(bench).or_default() -= pieces;
        }
        picked.quantity = still;
    }
    order.picked.retain(|picked| picked.quantity > 0);
    back
}

/// What one piece of a line takes, as the catalogue says now; `None` when the line must be mapped first.
fn wanted_parts(order: &Order, line: &Line, catalogue: &Catalogue) -> Option<Vec<Part>> {
    if !line.ships || line.quantity == 0 {
        return Some(line.takes());
    }
    catalogue.resolve(&order.connection, line.sku.as_deref()?)
}

fn slots(line: &Line) -> impl Iterator<Item = (Slot, i64)> + '_ {
    line.takes().into_iter().flat_map(move |part| {
        let pieces = |a: &Allocation| i64::from(a.quantity) * i64::from(part.units);
        let all: Vec<_> =
            line.allocations.iter().map(|a| ((part.sku.clone(), a.warehouse.clone()), pieces(a))).collect();
        all
    })
}

/// Gives back what is reserved at such places.
fn give_back_from(line: &mut Line, leaves: impl Fn(&WarehouseId) -> bool, changes: &mut Changes) {
    let (gone, stay) = std::mem::take(&mut line.allocations).into_iter().partition(|a| leaves(&a.warehouse));
    line.allocations = gone;
    give_back(line, line.allocated(), changes);
    line.allocations = stay;
}

fn give_back(line: &mut Line, mut surplus: u32, changes: &mut Changes) {
    let parts = line.takes();
    // Last promised, first given back: the preferred warehouse keeps its share.
    for allocation in line.allocations.iter_mut().rev() {
        let back = surplus.min(allocation.quantity);
        allocation.quantity -= back;
        surplus -= back;
        for part in parts.iter().filter(|_| back > 0) {
            let slot = (part.sku.clone(), allocation.warehouse.clone());
            *changes.entry(slot).or_default() -= i64::from(back) * i64::from(part.units);
        }
    }
    line.allocations.retain(|a| a.quantity > 0);
}

/// Takes changes out of what is free.
pub fn apply(changes: &Changes, available: &mut Available) {
    for (slot, n) in changes {
        if let Some(there) = available.get_mut(slot) {
            *there -= n;
        }
    }
}

#[cfg(test)]
pub(crate) mod tests;
