//! The hot SKU as it is often written: read what is there, compute, write the result. And ours with one transaction
//! for each order, for what batching is worth.

use super::hot::{Hot, Rush, SKU, WRITERS, judge, rush};
use super::row::{Budget, Row};
use crate::stack::Trouble;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use waybill_domain::allocation::Slot;
use waybill_domain::order::{Allocation, Status};
use waybill_domain::{MerchantId, OrderId};
use waybill_store::db::{key, n};
use waybill_store::{Db, StoreError};

/// Has all writers sell by read-then-write.
///
/// # Errors
/// When the in-memory tables fail.
pub async fn measure(orders: usize) -> Result<Hot, Trouble> {
    let Rush { world, ids, .. } = rush(orders).await?;
    let waiting = Arc::new(Mutex::new(ids.iter().cloned().collect::<VecDeque<OrderId>>()));
    let slots: Vec<Slot> = world.merchant.warehouses.iter().map(|w| (SKU.to_owned(), w.id.clone())).collect();
    let before = world.engine.capacity();
    let start = Instant::now();
    let mut writers = Vec::with_capacity(WRITERS);
    for _ in 0..WRITERS {
        let (db, merchant) = (world.db.clone(), world.merchant_id().clone());
        let (waiting, slots) = (Arc::clone(&waiting), slots.clone());
        writers.push(tokio::spawn(async move {
            loop {
                let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
                let Some(order) = next else { return Ok::<_, StoreError>(()) };
                sell(&db, &merchant, &slots, &order).await?;
            }
        }));
    }
    for writer in writers {
        writer.await??;
    }
    judge(&world, &ids, &before, 0, start.elapsed()).await
}

/// Sells one piece of whatever the shelves showed when they were read.
async fn sell(db: &Db, merchant: &MerchantId, slots: &[Slot], id: &OrderId) -> Result<(), StoreError> {
    let Some(mut order) = db.order(id).await? else { return Ok(()) };
    order.status = Status::Backordered;
    for slot in slots {
        let Some(level) = db.level(merchant, slot).await?.filter(|level| level.available > 0) else {
            continue;
        };
        db.client
            .update_item()
            .table_name(&db.tables.stock)
            .set_key(Some(key(&format!("{merchant}#{}", slot.0), &format!("lvl#{}", slot.1))))
            .update_expression("SET reserved = :r, available = :a")
            .expression_attribute_values(":r", n(level.reserved + 1))
            .expression_attribute_values(":a", n(level.available - 1))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        order.status = Status::Allocated;
        for line in &mut order.lines {
            line.allocations = vec![Allocation { warehouse: slot.1.clone(), quantity: 1 }];
        }
        break;
    }
    db.save_order(&mut order).await
}

/// The three beside each other.
pub fn rows(ours: &Hot, single: &Hot, naive: &Hot) -> Vec<Row> {
    let all = |hot: &Hot| hot.stock_units + hot.order_units;
    vec![
        Row::new("hot SKU, stock write units per order, in batches", ours.stock_units, "units"),
        Row::new("hot SKU, stock write units per order, one transaction each", single.stock_units, "units"),
        Row::new(
            "hot SKU, stock write units: batches against single",
            single.stock_units / ours.stock_units,
            "times",
        )
        .budget(Budget::AtLeast(10.0)),
        Row::new("hot SKU, all write units per order, in batches", all(ours), "units"),
        Row::new("hot SKU, all write units per order, one transaction each", all(single), "units"),
        Row::new("hot SKU, one transaction each, pieces sold", single.sold as f64, "pieces"),
        Row::new("hot SKU, one transaction each, orders decided", single.per_second(), "orders/s"),
        Row::new("hot SKU, read-then-write, pieces sold (of 1,000)", naive.sold as f64, "pieces"),
        Row::new("hot SKU, read-then-write, orders decided", naive.per_second(), "orders/s"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::hot::PIECES;
    use super::*;

    #[tokio::test]
    async fn read_then_write_oversells() {
        let naive = measure(1_500).await.unwrap();
        assert!(naive.sold > PIECES.iter().sum::<i64>(), "{naive:?}");
    }
}
