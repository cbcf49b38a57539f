//! One transaction's worth of movements: what they do to levels is added up, so that each level is written once.

use super::{level_sk, sku_pk};
use crate::db::{Db, key, n, s, to_item};
use crate::error::StoreError;
use crate::orders::replace;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem, Update};
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use waybill_domain::MerchantId;
use waybill_domain::allocation::Slot;
use waybill_domain::order::Order;
use waybill_domain::stock::{Effect, Level, Movement, Spot};
use waybill_domain::time::sortable;

/// How one level changes.
#[derive(Debug, Clone, Default)]
struct Change {
    effect: Effect,
    /// Change of what lies in a spot.
    at: BTreeMap<Spot, i64>,
    /// Change of what is free there beyond that: pick lists ask, or no longer ask.
    asked: BTreeMap<Spot, i64>,
    /// What must lie in a spot for the change to hold: what somebody counted against.
    expected: BTreeMap<Spot, i64>,
    /// Pieces that must stay available: they are past their day, and no promise may stand on them.
    left_over: i64,
    /// Goods that pick lists ask for may be taken all the same.
    forced: bool,
    /// Up to which time that pieces became free those who wait were asked.
    offered: Option<i64>,
}

/// Movements to be written together.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    levels: BTreeMap<Slot, Change>,
    movements: Vec<(String, String, Movement)>,
    /// Levels that may be new.
    fresh: bool,
}

impl Ledger {
    /// A ledger whose levels are made where there are none.
    pub(crate) fn fresh() -> Self {
        Self { fresh: true, ..Self::default() }
    }

    /// Adds a movement of a SKU under a sort key that makes it happen once.
    pub(crate) fn add(&mut self, sku: &str, sk: String, movement: Movement) {
        let change = self.levels.entry((sku.to_owned(), movement.warehouse.clone())).or_default();
        change.effect += movement.effect();
        for (spot, pieces) in &movement.spots {
            *change.at.entry(spot.clone()).or_default() += pieces;
        }
        self.movements.push((sku.to_owned(), sk, movement));
    }

    /// Adds to what pick lists ask for in a spot; negative when they no longer do.
    pub(crate) fn ask(&mut self, slot: &Slot, spot: &Spot, pieces: i64) {
        let change = self.levels.entry(slot.clone()).or_default();
        *change.asked.entry(spot.clone()).or_default() -= pieces;
    }

    /// Says how many pieces must lie in a spot when this is written.
    pub(crate) fn expect(&mut self, slot: &Slot, spot: &Spot, pieces: i64) {
        self.levels.entry(slot.clone()).or_default().expected.insert(spot.clone(), pieces);
    }

    /// Says how many available pieces no promise may stand on.
    pub(crate) fn leave_over(&mut self, slot: &Slot, pieces: i64) {
        self.levels.entry(slot.clone()).or_default().left_over = pieces;
    }

    /// Lets a level give goods that pick lists ask for.
    pub(crate) fn force(&mut self, slot: &Slot) {
        self.levels.entry(slot.clone()).or_default().forced = true;
    }

    /// Says up to which time that pieces became free those who wait were asked.
    pub(crate) fn offer(&mut self, slot: &Slot, times: i64) {
        self.levels.entry(slot.clone()).or_default().offered = Some(times);
    }

    /// SKUs of which goods come in that may be sold until a day, with that day.
    fn last_days(&self) -> BTreeSet<(&str, Date)> {
        let arrivals = self.movements.iter().filter(|(_, _, movement)| movement.effect().on_hand > 0);
        let days = arrivals.flat_map(|(sku, _, movement)| {
            let come = movement.spots.iter().filter(|(_, pieces)| *pieces > 0);
            come.filter_map(move |(spot, _)| Some((sku.as_str(), spot.expires()?)))
        });
        days.collect()
    }

    /// How many actions it takes.
    pub(crate) fn actions(&self) -> usize {
        self.movements.len() + self.levels.len()
    }

    fn build(&self, db: &Db, merchant: &MerchantId) -> Result<Vec<TransactWriteItem>, StoreError> {
        let mut actions = Vec::with_capacity(self.actions());
        for (sku, sk, movement) in &self.movements {
            let mut item = to_item(movement)?;
            item.extend(key(&sku_pk(merchant, sku), sk));
            let put = Put::builder()
                .table_name(&db.tables.stock)
                .set_item(Some(item))
                .condition_expression("attribute_not_exists(pk)")
                .build()
                .map_err(|_| StoreError::Corrupt("put"))?;
            actions.push(TransactWriteItem::builder().put(put).build());
        }
        for (slot, change) in &self.levels {
            if let Some(update) = self.update(db, merchant, slot, change)? {
                actions.push(TransactWriteItem::builder().update(update).build());
            }
        }
        Ok(actions)
    }

    /// One level's update with the conditions that keep it sound; `None` when nothing changes, as when one order of
    /// a batch takes what another gives back.
    fn update(
        &self,
        db: &Db,
        merchant: &MerchantId,
        (sku, warehouse): &Slot,
        change: &Change,
    ) -> Result<Option<Update>, StoreError> {
        let Effect { on_hand, reserved, quarantined } = change.effect;
        let mut write = Write::default();
        write.number("on_hand", on_hand, false);
        write.number("reserved", reserved, true);
        write.number("available", on_hand - reserved, true);
        write.number("quarantined", quarantined, true);
        write.number(Level::FREED, i64::from(on_hand > reserved), false);
        let mut free = change.asked.clone();
        for (spot, pieces) in &change.at {
            write.number(&Level::at(spot), *pieces, true);
            *free.entry(spot.clone()).or_default() += pieces;
        }
        for (spot, pieces) in &free {
            write.number(&Level::free(spot), *pieces, !change.forced && !spot.is_packed());
        }
        if write.adds.is_empty() {
            return Ok(None);
        }
        if change.left_over > 0 {
            write.at_least("available", change.left_over - (on_hand - reserved));
        }
        for (n, (spot, pieces)) in change.expected.iter().enumerate() {
            write.equals(n, &Level::at(spot), *pieces);
        }
        let mut sets = Vec::new();
        if let Some(times) = change.offered {
            sets.push(format!("{} = :offered", Level::OFFERED));
            write.values.insert(":offered".into(), n(times));
        }
        if self.fresh {
            sets.push("warehouse = :warehouse".to_owned());
            write.values.insert(":warehouse".into(), s(warehouse.as_str()));
        } else {
            write.conditions.push("attribute_exists(pk)".into());
        }
        let mut expression = format!("ADD {}", write.adds.join(", "));
        if !sets.is_empty() {
            expression.push_str(&format!(" SET {}", sets.join(", ")));
        }
        Update::builder()
            .table_name(&db.tables.stock)
            .set_key(Some(key(&sku_pk(merchant, sku), &level_sk(warehouse))))
            .update_expression(expression)
            .set_condition_expression((!write.conditions.is_empty()).then(|| write.conditions.join(" AND ")))
            .set_expression_attribute_names(Some(write.names))
            .set_expression_attribute_values(Some(write.values))
            .build()
            .map(Some)
            .map_err(|_| StoreError::Corrupt("update"))
    }
}

/// The parts of an update expression.
#[derive(Default)]
struct Write {
    adds: Vec<String>,
    conditions: Vec<String>,
    names: HashMap<String, String>,
    values: HashMap<String, AttributeValue>,
}

impl Write {
    /// The number is that large before the change.
    fn at_least(&mut self, name: &str, value: i64) {
        self.conditions.push("#least >= :least".to_owned());
        self.names.insert("#least".to_owned(), name.to_owned());
        self.values.insert(":least".to_owned(), n(value));
    }

    /// The number is this; one that is not there is 0.
    fn equals(&mut self, place: usize, name: &str, value: i64) {
        let none = if value == 0 { format!(" OR attribute_not_exists(#e{place})") } else { String::new() };
        self.conditions.push(format!("(#e{place} = :e{place}{none})"));
        self.names.insert(format!("#e{place}"), name.to_owned());
        self.values.insert(format!(":e{place}"), n(value));
    }

    /// Adds to a number; with `bounded` it must be at least as large as what is taken from it.
    fn number(&mut self, name: &str, by: i64, bounded: bool) {
        if by == 0 {
            return;
        }
        let place = self.adds.len();
        self.adds.push(format!("#a{place} :a{place}"));
        self.names.insert(format!("#a{place}"), name.to_owned());
        self.values.insert(format!(":a{place}"), n(by));
        if bounded && by < 0 {
            self.conditions.push(format!("#a{place} >= :c{place}"));
            self.values.insert(format!(":c{place}"), n(-by));
        }
    }
}

/// The sort key of a movement that happens once for a reference.
pub(crate) fn once(movement: &Movement) -> Result<String, StoreError> {
    let kind: String = serde_json::to_value(movement.kind)
        .ok()
        .and_then(|v| v.as_str().map(str::to_owned))
        .ok_or(StoreError::Corrupt("movement"))?;
    let reference =
        movement.reference.as_deref().ok_or(StoreError::Corrupt("movement without a reference"))?;
    Ok(format!("mov#ref#{kind}#{}#{reference}", movement.warehouse))
}

/// The sort key of a movement that follows from orders: made from what it does and from the orders' `rev`s, so the
/// same batch sent twice cannot be recorded twice.
pub(crate) fn derived(movement: &Movement, revs: &[u64]) -> Result<String, StoreError> {
    let body = serde_json::to_vec(&(movement, revs)).map_err(|_| StoreError::Corrupt("movement"))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
    let id = hex::encode(digest.as_ref().get(..8).unwrap_or_default());
    Ok(format!("mov#{}#{id}", sortable(movement.at)))
}

impl Db {
    /// Writes a ledger, orders and whatever else belongs to them, all or nothing. The movements come first in the
    /// transaction, then levels, orders and the rest. Each order is stored with its `rev` bumped, if nobody wrote
    /// since it was read.
    pub(crate) async fn commit(
        &self,
        merchant: &MerchantId,
        ledger: &Ledger,
        orders: &mut [Order],
        rest: Vec<TransactWriteItem>,
    ) -> Result<(), StoreError> {
        for (sku, last) in ledger.last_days() {
            self.note_last_day(merchant, sku, last).await?;
        }
        let mut actions = ledger.build(self, merchant)?;
        for order in orders.iter_mut() {
            order.rev += 1;
            order.note();
            actions.push(TransactWriteItem::builder().update(replace(self, order, None)?).build());
        }
        actions.extend(rest);
        self.transact(actions).await
    }
}
