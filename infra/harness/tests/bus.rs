//! What runs low or out is told to the outside: once for each change, and under one id when it must be told again.
#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_domain::WarehouseId;
use waybill_domain::catalogue::Sku;
use waybill_domain::event::{Event, Reach, What};
use waybill_harness::world::{Setup, Stocked, World};
use waybill_store::memory::{Calm, Outside, Verdict};
use waybill_store::{Queue, Work};

const MUG: &str = "MUG";

async fn world(pieces: i64, outside: Arc<dyn Outside>) -> World {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [pieces, 0] }];
    let world =
        World::new(&Setup { stock, channels: Vec::new(), ..Setup::default() }, outside).await.unwrap();
    world.db.save_sku(&world.merchant.id, &Sku { low: 5, ..Sku::named(MUG) }).await.unwrap();
    world
}

/// Has channels told of the mug; gives what was published meanwhile, and whether the message is done.
async fn push(world: &World) -> (Vec<Event>, bool) {
    let work = Work::Push { merchant: world.merchant.id.clone(), sku: MUG.to_owned(), at: world.time.now() };
    let failed = world.functions.work(Queue::Push, &[("one".to_owned(), work)]).await.unwrap();
    (world.bus.take(), failed.is_empty())
}

fn told(events: &[Event]) -> Vec<(Reach, i64)> {
    let each = events.iter().map(|event| match &event.what {
        What::Stock { sku, state, available, low } => {
            assert_eq!((sku.as_str(), *low), (MUG, 5));
            (*state, *available)
        }
    });
    each.collect()
}

#[tokio::test]
async fn every_change_is_told_once() {
    let world = world(4, Arc::new(Calm)).await;
    let slot: (String, WarehouseId) = (MUG.to_owned(), world.merchant.warehouses[0].id.clone());
    let (low, _) = push(&world).await;
    assert_eq!(told(&low), [(Reach::Low, 4)]);
    assert_eq!(told(&push(&world).await.0), []);
    world.db.receive(&world.merchant.id, &slot, 1, "PO-1", world.time.now()).await.unwrap();
    let (good, _) = push(&world).await;
    assert_eq!(told(&good), [(Reach::Good, 5)]);
    assert_ne!(low[0].id, good[0].id);
}

/// Refuses to store anything while it is shut.
#[derive(Default)]
struct Shut(AtomicBool);

#[async_trait]
impl Outside for Shut {
    async fn before(&self, call: &str) -> Verdict {
        match call == "dynamodb:PutItem" && self.0.load(Ordering::Relaxed) {
            true => Verdict::Refuse("InternalServerError"),
            false => Verdict::Go,
        }
    }
    async fn after(&self, _call: &str) {}
}

#[tokio::test]
async fn what_is_told_again_has_the_same_id() {
    let shut = Arc::new(Shut::default());
    let world = world(4, shut.clone()).await;
    shut.0.store(true, Ordering::Relaxed);
    let (first, done) = push(&world).await;
    assert!(!done && !first.is_empty(), "told, and not noted");
    shut.0.store(false, Ordering::Relaxed);
    let (again, done) = push(&world).await;
    assert!(done && again[0].id == first[0].id);
    assert_eq!(push(&world).await.0, []);
}
