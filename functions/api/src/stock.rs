//! `GET /v1/stock/{sku}`: the levels of one SKU, what moved them, which orders hold it and which wait for it.

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::caller::Caller;
use crate::shown::{self, Shown};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::civil::Date;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waybill_domain::WarehouseId;
use waybill_domain::access::Action;
use waybill_domain::allocation::skus_of;
use waybill_domain::backorder::{Expected, Waiting, promise};
use waybill_domain::catalogue::{Catalogue, LONGEST_SKU};
use waybill_domain::order::Order;
use waybill_domain::service::local_date;
use waybill_domain::stock::{Effect, Held, Holder, Level, Movement, MovementKind, Spot, holders, moved};

/// The most orders named that wait for a SKU.
const MOST_WAITING: usize = 100;

/// One SKU over all warehouses.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "Stock")]
pub struct View {
    /// Which.
    pub sku: String,
    /// Every warehouse's levels agree with each other and with the movements.
    pub sound: bool,
    /// Where it is kept.
    pub warehouses: Vec<Shelf>,
    /// Who holds it, from the movements, who has held it longest first.
    pub held_by: Vec<Holder>,
    /// Who waits for it, in the order they came, with the day they can expect it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub waiting: Vec<Waiting>,
    /// What each channel was last told of it, beside what it should show.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<Shown>,
    /// What is on order.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub expected: Vec<Expected>,
}

/// One SKU at one warehouse.
#[derive(Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(rename = "StockShelf")]
pub struct Shelf {
    /// Where.
    pub warehouse: WarehouseId,
    /// Pieces on the shelves.
    pub on_hand: i64,
    /// Pieces promised to orders.
    pub reserved: i64,
    /// Pieces free to promise.
    pub available: i64,
    /// Pieces past the last day they may be sold: on hand and available, and neither promised nor shown to channels.
    pub past: i64,
    /// Pieces that must be looked at before they may be sold.
    pub quarantined: i64,
    /// Where they lie.
    pub spots: BTreeMap<Spot, Held>,
    /// Pieces moved so far, by kind.
    pub moved: BTreeMap<MovementKind, i64>,
    /// The level agrees with itself and is the sum of the movements.
    pub sound: bool,
}

impl View {
    fn new(sku: String, levels: &[Level], movements: &[Movement], today: Date) -> Self {
        let at = |warehouse: &WarehouseId| -> Vec<Movement> {
            movements.iter().filter(|m| m.warehouse == *warehouse).cloned().collect()
        };
        let shelf = |level: &Level| {
            let mine = at(&level.warehouse);
            let mut sum = Effect::default();
            for movement in &mine {
                sum += movement.effect();
            }
            let agrees = (sum.on_hand, sum.reserved, sum.quarantined)
                == (level.on_hand, level.reserved, level.quarantined);
            let Level { warehouse, on_hand, reserved, available, quarantined, spots, .. } = level.clone();
            let (moved, sound) = (moved(&mine), level.is_sound() && agrees);
            let past = level.past(today);
            Shelf { warehouse, on_hand, reserved, available, past, quarantined, spots, moved, sound }
        };
        let warehouses: Vec<Shelf> = levels.iter().map(shelf).collect();
        // Movements at a warehouse without a level have nothing they could add up to.
        let known: BTreeSet<&WarehouseId> = levels.iter().map(|level| &level.warehouse).collect();
        let stray = movements.iter().any(|movement| !known.contains(&movement.warehouse));
        let sound = !stray && warehouses.iter().all(|shelf| shelf.sound);
        Self {
            sku,
            sound,
            warehouses,
            held_by: holders(movements),
            waiting: Vec::new(),
            channels: Vec::new(),
            expected: Vec::new(),
        }
    }
}

/// Pieces of a SKU that an order lacks.
fn lacks(order: &Order, sku: &str, catalogue: &Catalogue) -> i64 {
    let lines = order.lines.iter().filter(|line| line.ships);
    lines
        .map(|line| {
            let short = i64::from(line.quantity.saturating_sub(line.allocated()));
            let channel_sku = line.sku.as_deref().unwrap_or_default();
            let parts = catalogue.resolve(&order.connection, channel_sku).unwrap_or_else(|| line.takes());
            let units: i64 = parts.iter().filter(|p| p.sku == sku).map(|p| i64::from(p.units)).sum();
            short * units
        })
        .sum()
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
    let expected = env.db.expected(merchant, &sku).await?;
    if levels.is_empty() && movements.is_empty() && expected.is_empty() {
        return Err(NOT_FOUND.into());
    }
    let orders = env.db.backordered(merchant, &BTreeSet::new(), MOST_WAITING).await?;
    let catalogue = env.db.catalogue(merchant, &orders).await?;
    let waits = |order: &Order| {
        let quantity = lacks(order, &sku, &catalogue);
        let wants = quantity > 0 && skus_of(order, &catalogue).contains(&sku);
        let since = order.milestones.received;
        wants.then(|| Waiting { order: order.id.clone(), since, quantity, promised: None })
    };
    let mut waiting: Vec<Waiting> = orders.iter().filter_map(waits).collect();
    let today = local_date(env.clock.read());
    let free = levels.iter().map(|level| level.good_on(today).available.max(0)).sum();
    promise(&mut waiting, &expected, free);
    let channels = shown::of(&env, merchant, &sku).await?;
    Ok(Json(View { waiting, expected, channels, ..View::new(sku, &levels, &movements, today) }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn movement(kind: MovementKind, quantity: i64, orders: &[(&str, i64)]) -> Movement {
        let at = "2026-11-23T09:15:00Z".parse().unwrap();
        let mut made = Movement::new(kind, "wh_north".parse().unwrap(), quantity, at);
        made = made.between(Some(Spot::dock()), Some(Spot::dock()));
        made.orders = orders.iter().map(|(id, q)| (id.parse().unwrap(), *q)).collect();
        made
    }

    fn level(on_hand: i64, reserved: i64) -> Level {
        let spots = BTreeMap::from([(Spot::dock(), Held { on_hand, free: on_hand })]);
        let available = on_hand - reserved;
        Level { on_hand, reserved, available, spots, ..Level::empty("wh_north".parse().unwrap()) }
    }

    fn day() -> Date {
        "2026-11-23".parse().unwrap()
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
        let view = View::new("TEE-RED".into(), &[level(9, 3)], &story(), day());
        assert!(view.sound);
        let moved: Vec<i64> = view.warehouses[0].moved.values().copied().collect();
        assert_eq!(moved, [10, 5, 1, 1]);
        let holders: Vec<_> = view.held_by.iter().map(|h| (h.order.as_str(), h.quantity)).collect();
        assert_eq!(holders, [("ord_1", 3)]);
    }

    #[test]
    fn a_level_that_is_not_the_sum_of_its_movements_is_shown_as_unsound() {
        assert!(!View::new("TEE-RED".into(), &[level(8, 3)], &story(), day()).sound);
        assert!(!View::new("TEE-RED".into(), &[level(9, 2)], &story(), day()).sound);
        assert!(!View::new("TEE-RED".into(), &[], &story(), day()).sound);
    }
}
