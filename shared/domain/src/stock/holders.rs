//! Who holds a SKU, read from its movements.

use super::{Movement, MovementKind};
use crate::id::{OrderId, WarehouseId};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;

/// What one order holds of a SKU at one warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Holder {
    /// Which order.
    pub order: OrderId,
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces.
    pub quantity: i64,
    /// Since when it has held any without a break.
    #[schemars(with = "crate::time::Moment")]
    pub since: Timestamp,
}

/// Every order that holds pieces, oldest first. `movements` are one SKU's, in the order they happened.
pub fn holders(movements: &[Movement]) -> Vec<Holder> {
    let mut held: BTreeMap<(&OrderId, &WarehouseId), (i64, Timestamp)> = BTreeMap::new();
    for movement in movements {
        for (order, quantity) in &movement.orders {
            let change = movement.kind.held(*quantity);
            let entry = held.entry((order, &movement.warehouse)).or_insert((0, movement.at));
            if entry.0 == 0 {
                entry.1 = movement.at;
            }
            entry.0 += change;
        }
    }
    let mut holders: Vec<Holder> = held
        .into_iter()
        .filter(|(_, (quantity, _))| *quantity != 0)
        .map(|((order, warehouse), (quantity, since))| Holder {
            order: order.clone(),
            warehouse: warehouse.clone(),
            quantity,
            since,
        })
        .collect();
    holders.sort_by(|a, b| (a.since, &a.order, &a.warehouse).cmp(&(b.since, &b.order, &b.warehouse)));
    holders
}

/// Pieces moved so far, by kind.
pub fn moved(movements: &[Movement]) -> BTreeMap<MovementKind, i64> {
    let mut moved = BTreeMap::new();
    for movement in movements {
        *moved.entry(movement.kind).or_default() += movement.quantity;
    }
    moved
}
