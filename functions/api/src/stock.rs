//! `GET /v1/stock/{sku}`: the levels of one SKU, what moved them, and which orders hold it.

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::stock::{Level, Movement, MovementKind};
use waybill_domain::{OrderId, WarehouseId};

/// The longest SKU looked up, in bytes; longer ones are not known.
const LONGEST_SKU: usize = 255;

/// One SKU over all warehouses.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct View {
    /// Which.
    pub sku: String,
    /// Every warehouse's levels agree with each other and with the movements.
    pub sound: bool,
    /// Where it is kept.
    pub warehouses: Vec<Shelf>,
    /// Who holds it, from the movements.
    pub held_by: Vec<Holder>,
}

/// One SKU at one warehouse.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Shelf {
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces on the shelves.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
    /// Pieces free to promise.
    pub available: i64,
    /// Pieces moved so far.
    pub moved: Moved,
    /// The level agrees with itself and is the sum of the movements.
    pub sound: bool,
}

/// Pieces moved at one warehouse, by kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Moved {
    /// Came in.
    pub received: i64,
    /// Promised.
    pub reserved: i64,
    /// Promises taken back.
    pub released: i64,
    /// Left.
    pub dispatched: i64,
}

/// What one order holds at one warehouse.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct Holder {
    /// Which order.
    pub order: OrderId,
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces.
    pub quantity: i64,
}

/// The movements of one warehouse, added up.
#[derive(Default)]
struct Sums {
    moved: Moved,
    on_hand: i64,
    reserved: i64,
}

impl Sums {
    fn add(&mut self, movement: &Movement) {
        let kind = match movement.kind {
            MovementKind::Receive => &mut self.moved.received,
            MovementKind::Reserve => &mut self.moved.reserved,
            MovementKind::Release => &mut self.moved.released,
            MovementKind::Dispatch => &mut self.moved.dispatched,
        };
        *kind += movement.quantity;
        let (on_hand, reserved) = movement.kind.effect(movement.quantity);
        self.on_hand += on_hand;
        self.reserved += reserved;
    }
}

/// What a movement changes in what each of its orders holds. A batch of promises names pieces given back as
/// negative ones; a dispatch names what left.
fn held(movement: &Movement) -> impl Iterator<Item = (OrderId, i64)> + '_ {
    let sign = match movement.kind {
        MovementKind::Receive | MovementKind::Reserve | MovementKind::Release => 1,
        MovementKind::Dispatch => -1,
    };
    movement.orders.iter().map(move |(order, quantity)| (order.clone(), sign * quantity))
}

impl View {
    fn new(sku: String, levels: &[Level], movements: &[Movement]) -> Self {
        let mut sums: BTreeMap<&WarehouseId, Sums> = BTreeMap::new();
        let mut holders: BTreeMap<(OrderId, &WarehouseId), i64> = BTreeMap::new();
        for movement in movements {
            sums.entry(&movement.warehouse).or_default().add(movement);
            for (order, quantity) in held(movement) {
                *holders.entry((order, &movement.warehouse)).or_default() += quantity;
            }
        }
        let shelf = |level: &Level| {
            let sum = sums.remove(&level.warehouse).unwrap_or_default();
            let sound = level.is_sound() && (sum.on_hand, sum.reserved) == (level.on_hand, level.reserved);
            let Level { warehouse, on_hand, reserved, available } = level.clone();
            Shelf { warehouse, on_hand, reserved, available, moved: sum.moved, sound }
        };
        let warehouses: Vec<Shelf> = levels.iter().map(shelf).collect();
        // Movements at a warehouse without a level have nothing they could add up to.
        let sound = sums.is_empty() && warehouses.iter().all(|shelf| shelf.sound);
        let held_by = holders
            .into_iter()
            .filter(|(_, quantity)| *quantity != 0)
            .map(|((order, warehouse), quantity)| Holder { order, warehouse: warehouse.clone(), quantity })
            .collect();
        Self { sku, sound, warehouses, held_by }
    }
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let sku = path.ok().map(|Path(sku)| sku).filter(|sku| (1..=LONGEST_SKU).contains(&sku.len()));
    let sku = sku.ok_or(NOT_FOUND)?;
    let (levels, movements) = env.db.sku(merchant, &sku).await?;
    if levels.is_empty() && movements.is_empty() {
        return Err(NOT_FOUND.into());
    }
    Ok(Json(View::new(sku, &levels, &movements)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(kind: MovementKind, quantity: i64, orders: &[(&str, i64)]) -> Movement {
        Movement {
            kind,
            warehouse: "wh_north".parse().unwrap(),
            quantity,
            at: "2026-11-23T09:15:00Z".parse().unwrap(),
            orders: orders.iter().map(|(id, q)| (id.parse().unwrap(), *q)).collect(),
        }
    }

    fn level(on_hand: i64, reserved: i64) -> Level {
        Level { warehouse: "wh_north".parse().unwrap(), on_hand, reserved, available: on_hand - reserved }
    }

    fn story() -> Vec<Movement> {
        vec![
            movement(MovementKind::Receive, 10, &[]),
            movement(MovementKind::Reserve, 5, &[("ord_1", 2), ("ord_2", 3)]),
            // One batch in which ord_1 takes one more and ord_2 gives two back.
            movement(MovementKind::Release, 1, &[("ord_1", 1), ("ord_2", -2)]),
            movement(MovementKind::Dispatch, 1, &[("ord_2", 1)]),
        ]
    }

    #[test]
    fn movements_add_up_to_levels_and_say_who_holds_what() {
        let view = View::new("TEE-RED".into(), &[level(9, 3)], &story());
        assert!(view.sound);
        let moved = Moved { received: 10, reserved: 5, released: 1, dispatched: 1 };
        assert_eq!(view.warehouses[0].moved, moved);
        let holder =
            Holder { order: "ord_1".parse().unwrap(), warehouse: "wh_north".parse().unwrap(), quantity: 3 };
        assert_eq!(view.held_by, [holder]);
    }

    #[test]
    fn a_level_that_is_not_the_sum_of_its_movements_is_shown_as_unsound() {
        assert!(!View::new("TEE-RED".into(), &[level(8, 3)], &story()).sound);
        assert!(!View::new("TEE-RED".into(), &[level(9, 2)], &story()).sound);
        assert!(!View::new("TEE-RED".into(), &[], &story()).sound);
    }
}
