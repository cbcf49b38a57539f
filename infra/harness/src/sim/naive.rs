//! Allocators as one might wrongly write them, put in the place of ours to show that the simulation finds their like.

use super::invocation::Ended;
use super::plant::Plant;
use crate::world::World;
use std::rc::Rc;
use waybill_allocator::decide;
use waybill_domain::allocation::{Changes, Ground, movement_of, skus_of};
use waybill_domain::order::{Order, Status};
use waybill_domain::stock::Movement;
use waybill_store::db::{key, n};
use waybill_store::stock::{BatchChanges, Settling, SlotChange};
use waybill_store::work::stages;
use waybill_store::{Queue, StoreError, Work};

/// Works through a batch, order by order. Goods that leave are left to the real one.
pub(super) async fn allocate(world: Rc<World>, batch: Vec<(String, Work)>, plant: Plant) -> Ended {
    let mut failed = Vec::new();
    for (message, work) in &batch {
        if one(&world, message, work, plant).await.is_err() {
            failed.push(message.clone());
        }
    }
    Ended::Batch(Ok(failed))
}

async fn one(world: &World, message: &str, work: &Work, plant: Plant) -> Result<(), StoreError> {
    let Work::Order { order, .. } = work else { return Ok(()) };
    let Some(order) = world.db.order(order).await? else { return Ok(()) };
    if !stages(&order).contains(&Queue::Allocate) {
        return Ok(());
    }
    if matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned) {
        let batch = [(message.to_owned(), work.clone())];
        let failed = world.functions.work(Queue::Allocate, &batch).await;
        return if failed.is_ok_and(|failed| failed.is_empty()) { Ok(()) } else { Err(StoreError::Conflict) };
    }
    let db = &world.db;
    let merchant = world.merchant_id();
    let catalogue = db.catalogue(merchant, std::slice::from_ref(&order)).await?;
    let candidates = world.merchant.candidates();
    let warehouses: Vec<_> = candidates.iter().map(|c| c.warehouse.clone()).collect();
    let shelves = db.shelves(merchant, &skus_of(&order, &catalogue), &warehouses).await?;
    let policy = waybill_domain::sourcing::Policy::default();
    let ground = Ground {
        candidates: &candidates,
        catalogue: &catalogue,
        policy: &policy,
        part_ship: world.merchant.part_ship,
        expiries: &shelves.expiries(),
    };
    let now = world.time.now();
    let (mut order, changes) = decide::promise(&ground, order, &mut shelves.available(), now);
    order.picked.clear();
    match plant {
        // What was read is believed when it is written.
        Plant::CheckThenAct => {
            for ((sku, warehouse), pieces) in changes {
                let Some(level) = shelves.levels.get(&(sku.clone(), warehouse.clone())) else { continue };
                let mut movement = Movement::new(movement_of(pieces), warehouse.clone(), pieces.abs(), now);
                movement.orders = vec![(order.id.clone(), pieces)];
                record(world, &sku, &movement, level.reserved + pieces, level.available - pieces).await?;
            }
            db.save_order(&mut order).await
        }
        // The order says it is settled before the stock does.
        Plant::LostReservation => {
            db.save_order(&mut order).await?;
            db.settle(merchant, Settling::Promises, &batch(&order, changes), &mut [], now).await
        }
        // The stock is given back before the order says so: the same message again gives it back again.
        _ => {
            db.settle(merchant, Settling::Promises, &batch(&order, changes), &mut [], now).await?;
            db.save_order(&mut order).await
        }
    }
}

fn batch(order: &Order, changes: Changes) -> BatchChanges {
    let one = |pieces| SlotChange { orders: vec![(order.id.clone(), pieces)], ..SlotChange::default() };
    changes.into_iter().map(|(slot, pieces)| (slot, one(pieces))).collect()
}

/// Writes a movement and the level as it was computed, together and without any condition.
async fn record(
    world: &World,
    sku: &str,
    movement: &Movement,
    reserved: i64,
    available: i64,
) -> Result<(), StoreError> {
    use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
    let (db, bad) = (&world.db, |_| StoreError::Corrupt("the planted write"));
    let pk = format!("{}#{sku}", world.merchant_id());
    let mut item = waybill_store::db::to_item(movement)?;
    let name = movement.orders.first().map(|(order, _)| order.to_string()).unwrap_or_default();
    item.extend(key(&pk, &format!("mov#naive#{}#{name}", movement.at)));
    let put = Put::builder().table_name(&db.tables.stock).set_item(Some(item)).build().map_err(bad)?;
    let update = Update::builder()
        .table_name(&db.tables.stock)
        .set_key(Some(key(&pk, &format!("lvl#{}", movement.warehouse))))
        .update_expression("SET reserved = :r, available = :a")
        .expression_attribute_values(":r", n(reserved))
        .expression_attribute_values(":a", n(available))
        .build()
        .map_err(bad)?;
    let actions = vec![
        TransactWriteItem::builder().put(put).build(),
        TransactWriteItem::builder().update(update).build(),
    ];
    db.transact(actions).await
}
