//! Taking goods off the shelves: pick lists, scans, short picks and the check at the packing bench. A pick list names
//! orders by id and nothing of a person.

use crate::allocation::{Changes, Slot, held};
use crate::id::{OrderId, WarehouseId};
use crate::order::{Order, Picked};
use crate::places::{Bin, BinKind};
use crate::stock::{BinId, Level, Lot, Spot};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a pick list is walked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Style {
    /// One order.
    Single,
    /// Many orders; the same goods in the same spot are taken once.
    Batch,
    /// Many orders, one zone.
    Zone,
}

/// How far a task is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// To be done.
    Open,
    /// Done; some pieces may have been missing.
    Done,
    /// Given up: its orders no longer want it, or the list was closed.
    Dropped,
}

/// One stop of the walk.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Task {
    /// Its place in the list, from 1.
    pub n: u32,
    /// Where to go.
    pub spot: Spot,
    /// In which zone that is.
    #[serde(default)]
    pub zone: String,
    /// What to take.
    pub sku: String,
    /// How many.
    pub quantity: i64,
    /// For which orders, in the order they came.
    pub orders: Vec<(OrderId, i64)>,
    /// How far it is.
    pub state: TaskState,
    /// How many were taken.
    #[serde(default)]
    pub picked: i64,
}

/// A pick list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PickList {
    /// Which.
    pub id: String,
    /// In which warehouse.
    pub warehouse: WarehouseId,
    /// How it is walked.
    pub style: Style,
    /// When it was made.
    #[schemars(with = "crate::time::Moment")]
    pub at: Timestamp,
    /// Its stops, in walking order.
    pub tasks: Vec<Task>,
    /// Counts writes; every write is conditional on it.
    pub rev: u64,
}

impl PickList {
    /// Something is still to be done.
    pub fn is_open(&self) -> bool {
        self.tasks.iter().any(|t| t.state == TaskState::Open)
    }
}

/// What open pick lists ask for already: pieces by order and SKU, in one warehouse.
pub type Asked = BTreeMap<(OrderId, String), i64>;

/// What open lists ask for.
pub fn asked(lists: &[PickList]) -> Asked {
    let mut asked = Asked::new();
    for task in lists.iter().flat_map(|l| &l.tasks).filter(|t| t.state == TaskState::Open) {
        for (order, quantity) in &task.orders {
            *asked.entry((order.clone(), task.sku.clone())).or_default() += quantity;
        }
    }
    asked
}

/// A stop before it has its number: place on the walk, spot and SKU, and for single lists the order.
type Stop = (u32, Spot, String, Option<OrderId>);

/// Plans the stops for orders, oldest first: bins are chosen by expiry and then to be emptied, stops are in walking
/// order. Spots outside `zone` are left out. Gives the stops, and what was not found in any spot.
pub fn plan(
    orders: &[Order],
    warehouse: &WarehouseId,
    levels: &BTreeMap<String, Level>,
    bins: &BTreeMap<BinId, Bin>,
    asked: &Asked,
    style: Style,
    zone: Option<&str>,
) -> (Vec<Task>, Changes) {
    let mut levels = levels.clone();
    for level in levels.values_mut() {
        let wanted = |spot: &Spot| {
            let bin = bins.get(&spot.bin);
            zone.is_none_or(|zone| bin.is_some_and(|b| b.zone == zone))
                && bin.is_none_or(|b| b.kind != BinKind::Bulk)
        };
        level.spots.retain(|spot, _| wanted(spot));
    }
    let mut stops: BTreeMap<Stop, Vec<(OrderId, i64)>> = BTreeMap::new();
    let mut missing = Changes::new();
    for order in orders {
        for ((sku, place), pieces) in held(order) {
            if place != *warehouse {
                continue;
            }
            let picked = order.picked.iter().filter(|p| p.sku == sku && p.warehouse == place);
            let picked: i64 = picked.map(|p| p.quantity).sum();
            let on_lists = asked.get(&(order.id.clone(), sku.clone())).copied().unwrap_or_default();
            let mut left = pieces - picked - on_lists;
            let drawn = levels.get(&sku).map(|level| level.draw(left, false)).unwrap_or_default();
            for (spot, take) in drawn {
                if let Some(there) = levels.get_mut(&sku).and_then(|level| level.spots.get_mut(&spot)) {
                    there.free -= take;
                }
                left -= take;
                let walk = bins.get(&spot.bin).map_or(u32::MAX, |bin| bin.walk);
                let alone = (style == Style::Single).then(|| order.id.clone());
                stops.entry((walk, spot, sku.clone(), alone)).or_default().push((order.id.clone(), take));
            }
            if left > 0 {
                *missing.entry((sku, place)).or_default() += left;
            }
        }
    }
    let task = |n: usize, (_, spot, sku, _): Stop, orders: Vec<(OrderId, i64)>| Task {
        n: u32::try_from(n + 1).unwrap_or(u32::MAX),
        zone: bins.get(&spot.bin).map(|bin| bin.zone.clone()).unwrap_or_default(),
        spot,
        sku,
        quantity: orders.iter().map(|(_, q)| q).sum(),
        orders,
        state: TaskState::Open,
        picked: 0,
    };
    let tasks = stops.into_iter().enumerate().map(|(n, (stop, orders))| task(n, stop, orders));
    (tasks.collect(), missing)
}

/// What a scan at a stop says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Wrong {
    /// Another article.
    #[error("this is another article: scan the one the list names")]
    Article,
    /// Another bin.
    #[error("this is another bin: go to the one the list names")]
    Bin,
    /// More than the stop asks for, or less than none.
    #[error("the stop asks for fewer pieces")]
    Quantity,
    /// It was done before.
    #[error("this stop was done before")]
    Done,
}

/// What was taken for each order, and what was missing for each: who came first is served first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Taken {
    /// Pieces taken.
    pub taken: Vec<(OrderId, i64)>,
    /// Pieces that were not there.
    pub missing: Vec<(OrderId, i64)>,
}

/// Confirms a stop: the article was scanned by one of its `barcodes` or its SKU, in the bin the list names, and
/// `quantity` pieces were there.
///
/// # Errors
/// `Wrong` says what to do instead.
pub fn confirm(
    task: &Task,
    bin: Option<&BinId>,
    scanned: &str,
    barcodes: &[String],
    quantity: i64,
) -> Result<Taken, Wrong> {
    if task.state != TaskState::Open {
        return Err(Wrong::Done);
    }
    if bin.is_some_and(|bin| *bin != task.spot.bin) {
        return Err(Wrong::Bin);
    }
    if scanned != task.sku && !barcodes.iter().any(|code| code == scanned) {
        return Err(Wrong::Article);
    }
    if !(0..=task.quantity).contains(&quantity) {
        return Err(Wrong::Quantity);
    }
    let mut left = quantity;
    let mut done = Taken::default();
    for (order, wanted) in &task.orders {
        let got = left.min(*wanted);
        left -= got;
        if got > 0 {
            done.taken.push((order.clone(), got));
        }
        if got < *wanted {
            done.missing.push((order.clone(), wanted - got));
        }
    }
    Ok(done)
}

/// Records what was taken for an order, of which lot; more than it still holds is not recorded. Gives what was.
pub fn record(order: &mut Order, slot: &Slot, lot: Option<&Lot>, quantity: i64) -> i64 {
    let holds = held(order).get(slot).copied().unwrap_or_default();
    let here = |p: &Picked| p.sku == slot.0 && p.warehouse == slot.1;
    let before: i64 = order.picked.iter().filter(|p| here(p)).map(|p| p.quantity).sum();
    let taken = quantity.min(holds - before).max(0);
    if taken == 0 {
        return 0;
    }
    match order.picked.iter_mut().find(|p| here(p) && p.lot.as_ref() == lot) {
        Some(more) => more.quantity += taken,
        None => order.picked.push(Picked {
            sku: slot.0.clone(),
            warehouse: slot.1.clone(),
            lot: lot.cloned(),
            quantity: taken,
        }),
    }
    taken
}

/// Takes pieces that were not found off an order's promises. Gives how many of them the order really held and had
/// not got yet, and what else must be given back because a bundle cannot go without them.
pub fn fall_short(order: &mut Order, slot: &Slot, missing: i64) -> (i64, Changes) {
    let picked: i64 =
        order.picked.iter().filter(|p| p.sku == slot.0 && p.warehouse == slot.1).map(|p| p.quantity).sum();
    let before = held(order);
    let lost = missing.min(before.get(slot).copied().unwrap_or_default() - picked).max(0);
    let mut left = lost;
    for line in order.lines.iter_mut().rev() {
        let units: i64 = line.takes().iter().filter(|p| p.sku == slot.0).map(|p| i64::from(p.units)).sum();
        let Some(allocation) = line.allocations.iter_mut().find(|a| a.warehouse == slot.1) else { continue };
        if units == 0 || left <= 0 {
            continue;
        }
        let pieces = ((left + units - 1) / units).min(i64::from(allocation.quantity));
        allocation.quantity -= u32::try_from(pieces).unwrap_or_default();
        left -= pieces * units;
        line.allocations.retain(|a| a.quantity > 0);
    }
    let after = held(order);
    let mut back = Changes::new();
    for (other, was) in before {
        let now = after.get(&other).copied().unwrap_or_default();
        let released = was - now - if other == *slot { lost } else { 0 };
        if released != 0 {
            back.insert(other, -released);
        }
    }
    (lost, back)
}

/// A difference at the packing bench.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Mismatch {
    /// Which article.
    pub sku: String,
    /// Pieces that belong in the parcels.
    pub wanted: i64,
    /// Pieces that were scanned into them.
    pub scanned: i64,
}

/// Compares what was scanned into the parcels of one shipment with what belongs in it. Nothing found: close them.
pub fn check(wanted: &BTreeMap<String, i64>, parcels: &[BTreeMap<String, i64>]) -> Vec<Mismatch> {
    let mut scanned: BTreeMap<&str, i64> = BTreeMap::new();
    for (sku, pieces) in parcels.iter().flatten() {
        *scanned.entry(sku).or_default() += pieces;
    }
    let names: std::collections::BTreeSet<&str> =
        wanted.keys().map(String::as_str).chain(scanned.keys().copied()).collect();
    let one = |sku: &str| Mismatch {
        sku: sku.to_owned(),
        wanted: wanted.get(sku).copied().unwrap_or_default(),
        scanned: scanned.get(sku).copied().unwrap_or_default(),
    };
    names.into_iter().map(one).filter(|m| m.wanted != m.scanned).collect()
}

#[cfg(test)]
mod tests;
