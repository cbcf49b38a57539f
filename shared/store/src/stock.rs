//! Levels and movements: reserve with conditions, never read-then-write (DESIGN section 6).

pub mod by_hand;
pub mod counts;
pub mod cover;
pub(crate) mod ledger;
pub mod picks;
pub mod transfers;
pub mod verify;

use crate::db::{Db, MAX_ACTIONS, from_item, key};
use crate::error::StoreError;
use jiff::Timestamp;
use jiff::civil::Date;
use ledger::{Ledger, derived};
use std::collections::BTreeMap;
use waybill_domain::allocation::{Available, Expiries, Slot};
use waybill_domain::order::Order;
use waybill_domain::stock::{Level, Movement, MovementKind, Spot};
use waybill_domain::{MerchantId, OrderId, WarehouseId};

/// The partition key of a SKU.
pub(crate) fn sku_pk(merchant: &MerchantId, sku: &str) -> String {
    format!("{merchant}#{sku}")
}

pub(crate) fn level_sk(warehouse: &WarehouseId) -> String {
    format!("lvl#{warehouse}")
}

/// What one slot's stock changes by, and for which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotChange {
    /// Pieces for each order; negative gives back.
    pub orders: Vec<(OrderId, i64)>,
    /// From and to which spots, where goods move with it.
    pub spots: BTreeMap<Spot, i64>,
    /// Pieces there that are past their day and must be left over.
    pub past: i64,
    /// Up to which time that pieces became free there those who wait were asked first.
    pub offered: Option<i64>,
}

/// What a batch of orders does to stock.
pub type BatchChanges = BTreeMap<Slot, SlotChange>;

/// How the pieces of a batch move: reservations up or down, or out of the building.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settling {
    /// Reserve what is positive, release what is negative.
    Promises,
    /// What is held leaves: on hand and reserved both fall.
    Dispatch,
}

/// How many actions a batch would take in one transaction.
pub fn actions(changes: &BatchChanges, orders: usize) -> usize {
    changes.len() * 2 + orders
}

/// Levels as they were read, ready to decide from.
#[derive(Debug, Clone, Default)]
pub struct Shelves {
    /// The levels that are there.
    pub levels: BTreeMap<Slot, Level>,
    /// Pieces that were left out because they are past their day.
    pub past: BTreeMap<Slot, i64>,
}

impl Shelves {
    /// The shelves without what may not be sold any more on that day.
    #[must_use]
    pub fn good_on(&self, today: Date) -> Self {
        let good = |(slot, level): (&Slot, &Level)| (slot.clone(), level.good_on(today));
        let past = |(slot, level): (&Slot, &Level)| (slot.clone(), level.past(today));
        Self {
            levels: self.levels.iter().map(good).collect(),
            past: self.levels.iter().map(past).filter(|(_, pieces)| *pieces > 0).collect(),
        }
    }

    /// Pieces free to promise.
    pub fn available(&self) -> Available {
        self.levels.iter().map(|(slot, level)| (slot.clone(), level.available)).collect()
    }

    /// Slots with goods that those who wait were not asked about yet, each with the times that pieces became free there.
    pub fn news(&self) -> BTreeMap<Slot, i64> {
        let news = self.levels.iter().filter(|(_, level)| level.is_news());
        news.map(|(slot, level)| (slot.clone(), level.freed)).collect()
    }

    /// What expires first at each slot.
    pub fn expiries(&self) -> Expiries {
        let first = |level: &Level| level.spots.keys().filter_map(Spot::expires).min();
        self.levels.iter().filter_map(|(slot, level)| Some((slot.clone(), first(level)?))).collect()
    }
}

impl Db {
    /// The levels of each SKU at each warehouse that keeps it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn shelves(
        &self,
        merchant: &MerchantId,
        skus: &[String],
        warehouses: &[WarehouseId],
    ) -> Result<Shelves, StoreError> {
        let slots: Vec<Slot> =
            skus.iter().flat_map(|sku| warehouses.iter().map(|w| (sku.clone(), w.clone()))).collect();
        let mut found = Shelves::default();
        for chunk in slots.chunks(MAX_ACTIONS) {
            let keys = chunk.iter().map(|(sku, w)| key(&sku_pk(merchant, sku), &level_sk(w))).collect();
            for item in self.batch_get(&self.tables.stock, keys).await? {
                let sku = sku_of(&item)?;
                let level: Level = from_item(item, "level")?;
                found.levels.insert((sku, level.warehouse.clone()), level);
            }
        }
        Ok(found)
    }

    /// Writes a batch: one update and one movement per slot, and every order, all or nothing. Each order is
    /// stored as given with its `rev` bumped, if nobody wrote since it was read.
    ///
    /// # Errors
    /// `Condition` when stock ran short or an order changed meanwhile: read again and decide anew.
    pub async fn settle(
        &self,
        merchant: &MerchantId,
        how: Settling,
        changes: &BatchChanges,
        orders: &mut [Order],
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let revs: Vec<u64> = orders.iter().map(|o| o.rev).collect();
        let mut ledger = Ledger::default();
        for (slot, change) in changes {
            let net: i64 = change.orders.iter().map(|(_, q)| q).sum();
            let kind = match how {
                Settling::Dispatch => MovementKind::Dispatch,
                Settling::Promises => waybill_domain::allocation::movement_of(net),
            };
            let mut movement = Movement::new(kind, slot.1.clone(), net.abs(), at);
            movement.orders.clone_from(&change.orders);
            movement.spots = change.spots.iter().map(|(spot, q)| (spot.clone(), *q)).collect();
            // What leaves was promised: an open pick list that asks for the same goods finds that out.
            ledger.force(slot);
            if how == Settling::Promises && net > 0 {
                ledger.leave_over(slot, change.past);
            }
            if let Some(times) = change.offered {
                ledger.offer(slot, times);
            }
            let sk = derived(&movement, &revs)?;
            ledger.add(&slot.0, sk, movement);
        }
        self.commit(merchant, &ledger, orders, Vec::new()).await
    }

    /// Everything about one SKU: its levels and its movements, oldest first.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn sku(
        &self,
        merchant: &MerchantId,
        sku: &str,
    ) -> Result<(Vec<Level>, Vec<Movement>), StoreError> {
        let (mut levels, mut movements) = (Vec::new(), Vec::new());
        for item in self.partition(&sku_pk(merchant, sku)).await? {
            let sk = item.get("sk").and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
            if sk.starts_with("lvl#") {
                levels.push(from_item(item, "level")?);
            } else if sk.starts_with("mov#") {
                movements.push(from_item(item, "movement")?);
            }
        }
        movements.sort_by_key(|m: &Movement| m.at);
        Ok((levels, movements))
    }

    /// Every item of one partition of the stock table.
    pub(crate) async fn partition(&self, pk: &str) -> Result<Vec<crate::db::Item>, StoreError> {
        self.partition_of(&self.tables.stock, pk, None).await
    }
}

/// The SKU an item of its partition belongs to.
fn sku_of(item: &crate::db::Item) -> Result<String, StoreError> {
    let pk = item.get("pk").and_then(|v| v.as_s().ok()).and_then(|pk| pk.split_once('#'));
    pk.map(|(_, sku)| sku.to_owned()).ok_or(StoreError::Corrupt("level"))
}
