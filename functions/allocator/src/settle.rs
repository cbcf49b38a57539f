//! From orders to one transaction: read, decide in order of arrival, write if nothing changed meanwhile.

use crate::Env;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::time::Duration;
use waybill_domain::allocation::{Available, Changes, allocate, held, release};
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Hold, Order, Status};
use waybill_domain::time::after;
use waybill_domain::tracking::FIRST_LOOK;
use waybill_domain::{MerchantId, OrderId};
use waybill_runtime::Failure;
use waybill_store::db::MAX_ACTIONS;
use waybill_store::registry::Merchant;
use waybill_store::stock::{BatchChanges, Settling, actions};
use waybill_store::work::stages;
use waybill_store::{Queue, StoreError, Work};

/// How often a contended batch is decided anew before its messages go back to the queue.
const TRIES: u32 = 8;
/// How long a backorder waits before it is tried again by itself; arriving stock tries it at once.
const BACKORDER_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// Settles all of these orders; what is returned failed and must come back.
pub(crate) async fn all(env: &Env, ids: Vec<OrderId>, now: Timestamp) -> BTreeMap<OrderId, Failure> {
    let mut failed = BTreeMap::new();
    // A batch that keeps failing as a whole is taken apart, so that one order never holds up the rest.
    let mut todo = vec![ids];
    while let Some(ids) = todo.pop() {
        if ids.is_empty() {
            continue;
        }
        match together(env, &ids, now).await {
            Ok(()) => {}
            Err(_) if ids.len() > 1 => {
                let (first, second) = ids.split_at(ids.len() / 2);
                todo.push(second.to_vec());
                todo.push(first.to_vec());
            }
            Err(failure) => failed.extend(ids.into_iter().map(|id| (id, failure.clone()))),
        }
    }
    failed
}

async fn together(env: &Env, ids: &[OrderId], now: Timestamp) -> Result<(), Failure> {
    let mut last = Failure::Store(StoreError::Conflict);
    for attempt in 0..TRIES {
        match once(env, ids, now).await {
            Err(failure) if failure.is_race() => last = failure,
            other => return other,
        }
        // Contenders for one level part ways: the wait grows, and differs by what each is working on.
        let spread = ids.first().and_then(|id| id.suffix().bytes().last()).map_or(0, u64::from) % 8;
        tokio::time::sleep(Duration::from_millis(u64::from(attempt) * 8 + spread)).await;
    }
    Err(last)
}

/// Reads, decides and writes one batch.
async fn once(env: &Env, ids: &[OrderId], now: Timestamp) -> Result<(), Failure> {
    let mut by_merchant: BTreeMap<MerchantId, Vec<Order>> = BTreeMap::new();
    for order in env.db.orders(ids).await? {
        by_merchant.entry(order.merchant.clone()).or_default().push(order);
    }
    for (id, orders) in by_merchant {
        let merchant = env.merchants.get(&id, now).await?;
        let (leaving, promising): (Vec<_>, Vec<_>) =
            orders.into_iter().filter(|order| stages(order).contains(&Queue::Allocate)).partition(|order| {
                matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned)
            });
        promise(env, &merchant, promising, now).await?;
        dispatch(env, &merchant, leaving, now).await?;
    }
    Ok(())
}

async fn promise(env: &Env, merchant: &Merchant, orders: Vec<Order>, now: Timestamp) -> Result<(), Failure> {
    if orders.is_empty() {
        return Ok(());
    }
    let mut skus: Vec<String> =
        orders.iter().flat_map(|o| o.lines.iter().filter_map(|l| l.sku.clone())).collect();
    skus.sort();
    skus.dedup();
    let warehouses: Vec<_> = merchant.warehouses.iter().map(|w| w.id.clone()).collect();
    let mut free = env.db.available(&merchant.id, &skus, &warehouses).await?;
    let mut batch = Batch::default();
    for order in orders {
        let (order, changes) = decide(merchant, order, &mut free, now);
        batch.add(env, merchant, Settling::Promises, order, changes, now).await?;
    }
    batch.write(env, merchant, Settling::Promises, now).await
}

/// What one order gets, and what it does to stock.
fn decide(merchant: &Merchant, mut order: Order, free: &mut Available, now: Timestamp) -> (Order, Changes) {
    if matches!(order.status, Status::Cancelled | Status::Held) {
        let (lines, changes) = release(&order);
        order.lines = lines;
        order.stock_settled = order.status == Status::Cancelled;
        order.due_at = None;
        for (slot, change) in &changes {
            if let Some(there) = free.get_mut(slot) {
                *there -= change;
            }
        }
        return (order, changes);
    }
    let decided = allocate(&order, &merchant.candidates(), merchant.part_ship, free);
    order.lines = decided.lines;
    order.status = decided.status;
    order.due_at = match decided.status {
        Status::Backordered => Some(after(now, BACKORDER_EVERY)),
        Status::Held => None,
        // The look that ingest asked for still stands; moving it would cost two index writes.
        _ => Some(order.due_at.unwrap_or_else(|| after(now, SWEEP_AFTER))),
    };
    if decided.unmapped {
        order.hold = Some(Hold::Exception);
        order.raise(Reason::UnmappedSku, None, now);
    }
    (order, decided.changes)
}

async fn dispatch(env: &Env, merchant: &Merchant, orders: Vec<Order>, now: Timestamp) -> Result<(), Failure> {
    let mut batch = Batch::default();
    for mut order in orders {
        let changes = held(&order);
        order.stock_settled = true;
        order.due_at = match (stages(&order).is_empty(), order.milestones.shipped) {
            (true, _) => None,
            (false, shipped) => order.due_at.max(Some(after(shipped.unwrap_or(now), FIRST_LOOK))),
        };
        batch.add(env, merchant, Settling::Dispatch, order, changes, now).await?;
    }
    batch.write(env, merchant, Settling::Dispatch, now).await
}

/// Orders that are written together, as many as one transaction takes.
#[derive(Default)]
struct Batch {
    orders: Vec<Order>,
    changes: BatchChanges,
}

impl Batch {
    async fn add(
        &mut self,
        env: &Env,
        merchant: &Merchant,
        how: Settling,
        order: Order,
        changes: Changes,
        now: Timestamp,
    ) -> Result<(), Failure> {
        let new = changes.keys().filter(|slot| !self.changes.contains_key(*slot)).count();
        if actions(&self.changes, self.orders.len() + 1) + 2 * new > MAX_ACTIONS {
            std::mem::take(self).write(env, merchant, how, now).await?;
        }
        for (slot, quantity) in changes {
            self.changes.entry(slot).or_default().orders.push((order.id.clone(), quantity));
        }
        self.orders.push(order);
        Ok(())
    }

    async fn write(
        mut self,
        env: &Env,
        merchant: &Merchant,
        how: Settling,
        now: Timestamp,
    ) -> Result<(), Failure> {
        if self.orders.is_empty() {
            return Ok(());
        }
        env.db.settle(&merchant.id, how, &self.changes, &mut self.orders, now).await?;
        let book: Vec<Work> = self
            .orders
            .iter()
            .filter(|o| stages(o).contains(&Queue::Book))
            .map(|o| Work::Order { order: o.id.clone(), at: now })
            .collect();
        for order in &self.orders {
            tracing::info!(order = %order.id, status = order.status.as_str(), "stock settled");
        }
        if !book.is_empty() {
            env.queues.send(Queue::Book, &book, 0).await?;
        }
        Ok(())
    }
}
