//! Everybody wants the same article: many writers, more orders than pieces, and not one sold too many.

use super::row::{Budget, Row};
use crate::stack::Trouble;
use crate::world::{Setup, Stocked, World};
use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use waybill_domain::OrderId;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination, Line, Status};
use waybill_domain::stock::Level;
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::memory::{Capacity, Outside, Verdict};
use waybill_store::{Queue, Work};

/// The article.
pub(super) const SKU: &str = "HOT";
/// Pieces of it, in two warehouses.
pub(super) const PIECES: [i64; 2] = [600, 400];
/// Writers at the same time.
pub(super) const WRITERS: usize = 64;

/// Lets every call through, and lets the other writers run before and after each, so that they really interleave.
struct Crowded;

#[async_trait]
impl Outside for Crowded {
    async fn before(&self, _call: &str) -> Verdict {
        tokio::task::yield_now().await;
        Verdict::Go
    }
    async fn after(&self, _call: &str) {
        tokio::task::yield_now().await;
    }
}

/// How it went.
#[derive(Debug, Clone, PartialEq)]
pub struct Hot {
    /// Orders that wanted one piece each.
    pub orders: usize,
    /// Orders that are allocated or backordered in the end.
    pub decided: usize,
    /// Pieces promised, by the orders.
    pub sold: i64,
    /// How far the movements are from the levels, on hand and reserved together; and 1 for each unsound level.
    pub adrift: i64,
    /// Messages that came back to be worked on again.
    pub again: usize,
    /// How long deciding took.
    pub took: Duration,
    /// Write units of the stock table per order.
    pub stock_units: f64,
    /// Write units of the orders table per order, indexes included.
    pub order_units: f64,
}

impl Hot {
    /// Orders decided in a second.
    pub fn per_second(&self) -> f64 {
        self.decided as f64 / self.took.as_secs_f64()
    }
}

/// A world with the article in it, the orders that want it, and their messages.
pub(super) struct Rush {
    pub(super) world: World,
    pub(super) ids: Vec<OrderId>,
    pub(super) messages: Vec<(String, Work)>,
}

/// Takes `orders` orders in.
pub(super) async fn rush(orders: usize) -> Result<Rush, Trouble> {
    let stock = vec![Stocked { sku: SKU.to_owned(), pieces: PIECES }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Crowded)).await?;
    let mut ids = Vec::with_capacity(orders);
    for n in 0..orders {
        ids.push(arrive(&world, n, SKU).await?);
    }
    let now = world.time.now();
    let message = |(n, id): (usize, &OrderId)| (n.to_string(), Work::Order { order: id.clone(), at: now });
    let messages = ids.iter().enumerate().map(message).collect();
    Ok(Rush { world, ids, messages })
}

/// Takes `orders` orders in, then has all writers allocate them, so many to a batch.
///
/// # Errors
/// When the in-memory tables fail.
pub async fn measure(orders: usize, batch: usize) -> Result<Hot, Trouble> {
    let Rush { world, ids, messages } = rush(orders).await?;
    let waiting: VecDeque<_> = messages.chunks(batch).map(<[_]>::to_vec).collect();
    let waiting = Arc::new(Mutex::new(waiting));
    let before = world.engine.capacity();
    let start = Instant::now();
    let mut writers = Vec::with_capacity(WRITERS);
    for _ in 0..WRITERS {
        writers.push(tokio::spawn(writer(world.functions.clone(), Arc::clone(&waiting))));
    }
    let mut again = 0;
    for writer in writers {
        again += writer.await??;
    }
    judge(&world, &ids, &before, again, start.elapsed()).await
}

type Batches = Arc<Mutex<VecDeque<Vec<(String, Work)>>>>;

/// Works until nothing waits; what fails is put back, as a queue would.
async fn writer(functions: crate::world::Functions, waiting: Batches) -> Result<usize, Trouble> {
    let mut again = 0;
    loop {
        let Some(batch) = waiting.lock().unwrap_or_else(PoisonError::into_inner).pop_front() else {
            return Ok(again);
        };
        let failed = functions.work(Queue::Allocate, &batch).await?;
        if failed.is_empty() {
            continue;
        }
        again += failed.len();
        let back: Vec<_> = batch.into_iter().filter(|(id, _)| failed.contains(id)).collect();
        waiting.lock().unwrap_or_else(PoisonError::into_inner).push_back(back);
    }
}

pub(super) async fn judge(
    world: &World,
    ids: &[OrderId],
    before: &Capacity,
    again: usize,
    took: Duration,
) -> Result<Hot, Trouble> {
    let after = world.engine.capacity();
    let used = |table: &str| {
        let of = |capacity: &Capacity| capacity.writes.get(table).copied().unwrap_or_default();
        (of(&after) - of(before)) / ids.len() as f64
    };
    let (stock_units, order_units) = (used("stock"), used("orders"));
    let (mut decided, mut sold) = (0, 0);
    for order in world.db.orders(ids).await? {
        decided += usize::from(matches!(order.status, Status::Allocated | Status::Backordered));
        sold += order.lines.iter().map(Line::allocated).map(i64::from).sum::<i64>();
    }
    let (levels, movements) = world.db.sku(world.merchant_id(), SKU).await?;
    let mut moved = (0, 0);
    for movement in movements {
        let effect = movement.effect();
        moved = (moved.0 + effect.on_hand, moved.1 + effect.reserved);
    }
    let sum = |of: fn(&Level) -> i64| levels.iter().map(of).sum::<i64>();
    let unsound = levels.iter().filter(|level| !level.is_sound()).count();
    let adrift = (moved.0 - sum(|l| l.on_hand)).abs() + (moved.1 - sum(|l| l.reserved)).abs();
    let adrift = adrift + i64::try_from(unsound)?;
    Ok(Hot { orders: ids.len(), decided, sold, adrift, again, took, stock_units, order_units })
}

/// Stores an order of one piece.
pub(super) async fn arrive(world: &World, n: usize, sku: &str) -> Result<OrderId, Trouble> {
    let now = world.time.now();
    let number = 1_000_000 + n;
    let order = world.index.order_id(&world.shop, &number.to_string())?;
    let line = world.index.line_id(&order, "1")?;
    let incoming = incoming(number, sku, now);
    let who = Identity {
        order: order.clone(),
        merchant: world.merchant_id().clone(),
        connection: world.shop.clone(),
        lines: vec![line],
        digest: "0".repeat(32),
    };
    let arrival = Arrival {
        incoming: &incoming,
        who: &who,
        recipient: None,
        buyer: None,
        lot: None,
        policy: world.merchant.retention,
        fresh: false,
        now,
    };
    ingest(&world.db, &world.kms, &arrival).await?;
    Ok(order)
}

fn incoming(number: usize, sku: &str, now: Timestamp) -> Incoming {
    // Half of them live near the one warehouse, half near the other.
    let area = if number.is_multiple_of(2) { "BS" } else { "LS" };
    Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: number.to_string(), name: Some(format!("#{number}")) },
        version: now,
        placed_at: now,
        cancelled_at: None,
        arrived_at: None,
        test: false,
        readiness: waybill_domain::intake::Readiness::Ready,
        delivery: Delivery::Ship,
        destination: Some(Destination { country: "GB".into(), postcode_area: Some(area.into()) }),
        lines: vec![IncomingLine {
            channel_line: "1".into(),
            sku: Some(sku.to_owned()),
            quantity: 1,
            sent: 0,
            ships: true,
            grams: 200,
            price: Decimal::new(1_250, 2),
        }],
        total: Money { amount: Decimal::new(1_250, 2), currency: "GBP".into() },
    }
}

/// The figures with their budgets.
pub fn rows(hot: &Hot) -> Vec<Row> {
    let pieces: i64 = PIECES.iter().sum();
    vec![
        Row::new(format!("hot SKU, {} orders, pieces sold", hot.orders), hot.sold as f64, "pieces")
            .budget(Budget::Exactly(pieces as f64)),
        Row::new("hot SKU, movements against levels", hot.adrift as f64, "pieces")
            .budget(Budget::Exactly(0.0)),
        Row::new("hot SKU, orders left undecided", (hot.orders - hot.decided) as f64, "orders")
            .budget(Budget::Exactly(0.0)),
        Row::new("hot SKU, 64 writers, orders decided", hot.per_second(), "orders/s")
            .budget(Budget::AtLeast(2_000.0)),
        Row::new("hot SKU, messages that came back", hot.again as f64, "messages"),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::calls::BATCH;
    use super::*;

    #[tokio::test]
    async fn exactly_what_is_there_is_sold() {
        let hot = measure(1_200, BATCH).await.unwrap();
        assert_eq!((hot.decided, hot.sold, hot.adrift), (1_200, 1_000, 0));
    }
}
