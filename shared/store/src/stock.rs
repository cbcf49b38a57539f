//! Levels and movements: reserve with conditions, never read-then-write (DESIGN section 6).

use crate::db::{Db, MAX_ACTIONS, from_item, key, n, s, to_item};
use crate::error::StoreError;
use crate::orders::replace;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::Timestamp;
use std::collections::BTreeMap;
use waybill_domain::allocation::{Available, Slot};
use waybill_domain::order::Order;
use waybill_domain::stock::{Level, Movement, MovementKind};
use waybill_domain::{MerchantId, OrderId, WarehouseId};

/// The partition key of a SKU.
fn sku_pk(merchant: &MerchantId, sku: &str) -> String {
    format!("{merchant}#{sku}")
}

fn level_sk(warehouse: &WarehouseId) -> String {
    format!("lvl#{warehouse}")
}

/// What one slot's stock changes by, and for which orders.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SlotChange {
    /// Pieces for each order; negative gives back.
    pub orders: Vec<(OrderId, i64)>,
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

impl Db {
    /// Pieces free to promise for each SKU at each warehouse that keeps it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn available(
        &self,
        merchant: &MerchantId,
        skus: &[String],
        warehouses: &[WarehouseId],
    ) -> Result<Available, StoreError> {
        let slots: Vec<Slot> =
            skus.iter().flat_map(|sku| warehouses.iter().map(|w| (sku.clone(), w.clone()))).collect();
        let mut found = Available::new();
        for chunk in slots.chunks(MAX_ACTIONS) {
            let keys = chunk.iter().map(|(sku, w)| key(&sku_pk(merchant, sku), &level_sk(w))).collect();
            for item in self.batch_get(&self.tables.stock, keys).await? {
                let sku = item
                    .get("pk")
                    .and_then(|v| v.as_s().ok())
                    .and_then(|pk| pk.split_once('#'))
                    .map(|(_, sku)| sku.to_owned())
                    .ok_or(StoreError::Corrupt("level"))?;
                let level: Level = from_item(item, "level")?;
                found.insert((sku, level.warehouse), level.available);
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
        let mut batch = Vec::with_capacity(actions(changes, orders.len()));
        for (slot, change) in changes {
            let net: i64 = change.orders.iter().map(|(_, q)| q).sum();
            let kind = match how {
                Settling::Dispatch => MovementKind::Dispatch,
                Settling::Promises => waybill_domain::allocation::movement_of(net),
            };
            // Orders of one batch may take what another gives back: the level stays, the record is made.
            if net != 0 {
                let update = self.level_update(merchant, slot, kind, net.abs())?;
                batch.push(TransactWriteItem::builder().update(update).build());
            }
            let movement = Movement {
                kind,
                warehouse: slot.1.clone(),
                quantity: net.abs(),
                at,
                orders: change.orders.clone(),
            };
            batch.push(
                TransactWriteItem::builder()
                    .put(self.movement_put(merchant, slot, &movement, orders)?)
                    .build(),
            );
        }
        for order in orders.iter_mut() {
            order.rev += 1;
            batch.push(TransactWriteItem::builder().update(replace(self, order, None)?).build());
        }
        self.transact(batch).await
    }

    fn level_update(
        &self,
        merchant: &MerchantId,
        (sku, warehouse): &Slot,
        kind: MovementKind,
        quantity: i64,
    ) -> Result<Update, StoreError> {
        let (expression, condition) = match kind {
            MovementKind::Receive => {
                ("SET on_hand = on_hand + :q, available = available + :q", "attribute_exists(pk)")
            }
            MovementKind::Reserve => {
                ("SET reserved = reserved + :q, available = available - :q", "available >= :q")
            }
            MovementKind::Release => {
                ("SET reserved = reserved - :q, available = available + :q", "reserved >= :q")
            }
            MovementKind::Dispatch => {
                ("SET reserved = reserved - :q, on_hand = on_hand - :q", "reserved >= :q AND on_hand >= :q")
            }
        };
        Update::builder()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&sku_pk(merchant, sku), &level_sk(warehouse))))
            .update_expression(expression)
            .condition_expression(condition)
            .expression_attribute_values(":q", n(quantity))
            .build()
            .map_err(|_| StoreError::Corrupt("update"))
    }

    /// The movement's key comes from what it does, so the same batch sent twice cannot be recorded twice.
    fn movement_put(
        &self,
        merchant: &MerchantId,
        (sku, _): &Slot,
        movement: &Movement,
        orders: &[Order],
    ) -> Result<Put, StoreError> {
        let mut item = to_item(movement)?;
        let revs: Vec<u64> = orders.iter().map(|o| o.rev).collect();
        let body = serde_json::to_vec(&(movement, revs)).map_err(|_| StoreError::Corrupt("movement"))?;
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &body);
        let id = hex::encode(digest.as_ref().get(..8).unwrap_or_default());
        let sk = format!("mov#{}#{id}", waybill_domain::time::sortable(movement.at));
        item.extend(key(&sku_pk(merchant, sku), &sk));
        Put::builder()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Corrupt("put"))
    }

    /// Takes goods in at a warehouse, making the level if the SKU is new there. `reference` makes a repeat
    /// harmless: the same reference is received once.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn receive(
        &self,
        merchant: &MerchantId,
        (sku, warehouse): &Slot,
        quantity: i64,
        reference: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let pk = sku_pk(merchant, sku);
        let movement = Movement {
            kind: MovementKind::Receive,
            warehouse: warehouse.clone(),
            quantity,
            at,
            orders: Vec::new(),
        };
        let mut record = to_item(&movement)?;
        record.extend(key(&pk, &format!("mov#receive#{warehouse}#{reference}")));
        let put = Put::builder()
            .table_name(&self.tables.stock)
            .set_item(Some(record))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Corrupt("put"))?;
        let update = Update::builder()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&pk, &level_sk(warehouse))))
            .update_expression(
                "SET warehouse = :w, reserved = if_not_exists(reserved, :zero) ADD on_hand :q, available :q",
            )
            .expression_attribute_values(":w", s(warehouse.as_str()))
            .expression_attribute_values(":zero", n(0))
            .expression_attribute_values(":q", n(quantity))
            .build()
            .map_err(|_| StoreError::Corrupt("update"))?;
        let actions = vec![
            TransactWriteItem::builder().put(put).build(),
            TransactWriteItem::builder().update(update).build(),
        ];
        match self.transact(actions).await {
            Err(StoreError::Condition { failed }) if failed == [0] => Ok(()),
            other => other,
        }
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
        let mut from = None;
        loop {
            let reply = self
                .client
                .query()
                .table_name(&self.tables.stock)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(sku_pk(merchant, sku)))
                .consistent_read(true)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            for item in reply.items.unwrap_or_default() {
                let sk = item.get("sk").and_then(|v| v.as_s().ok()).cloned().unwrap_or_default();
                if sk.starts_with("lvl#") {
                    levels.push(from_item(item, "level")?);
                } else if sk.starts_with("mov#") {
                    movements.push(from_item(item, "movement")?);
                }
            }
            from = reply.last_evaluated_key;
            if from.is_none() {
                movements.sort_by_key(|m: &Movement| m.at);
                return Ok((levels, movements));
            }
        }
    }
}
