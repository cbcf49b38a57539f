//! What runs low or out, and where orders stand, is told to the outside: once for each change, and under one id when it
//! must be told again.
#![allow(clippy::unwrap_used, clippy::panic)]

use async_trait::async_trait;
use http::Method;
use serde_json::json;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_domain::catalogue::Sku;
use waybill_domain::event::{Event, Reach, What};
use waybill_domain::order::Status;
use waybill_domain::time::{after, days};
use waybill_domain::{OrderId, WarehouseId};
use waybill_harness::world::{SHOP, Setup, Stocked, World};
use waybill_sandbox::invent::{self, Kind, Mix, catalogue};
use waybill_sandbox::{Call, DeliveryResult};
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
        other => panic!("{other:?}"),
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

/// An order of the shop that was delivered to us.
async fn ordered(world: &World) -> OrderId {
    let order = invent::orders(7, 1, &Mix::of(&[(Kind::Plain, 1)]), catalogue()).remove(0).order;
    let body = json!({"shop": SHOP, "orders": [order]});
    let reply = world.sandbox.answer(&Call::new(Method::PUT, "/control/orders").json(&body));
    let id = reply.value()["orders"][0].as_i64().unwrap();
    for delivery in world.sandbox.take_webhooks(usize::MAX) {
        assert_eq!(world.functions.deliver(&delivery.webhook).await, 200);
        world.sandbox.webhook_result(delivery, DeliveryResult::Answered(200));
    }
    world.order_id(id).unwrap()
}

/// Works on the order at a stage.
async fn at(world: &World, queue: Queue, order: &OrderId) {
    let work = Work::Order { order: order.clone(), at: world.time.now() };
    assert!(world.functions.work(queue, &[("one".to_owned(), work)]).await.unwrap().is_empty());
}

/// Where the bus said that the order stands; `None` for forgotten.
fn stood(events: &[Event], id: &OrderId) -> Vec<Option<Status>> {
    let each = events.iter().map(|event| match &event.what {
        What::Order { order, status, .. } if order.order == *id => Some(*status),
        What::Forgotten { order } if order.order == *id => None,
        other => panic!("{other:?}"),
    });
    each.collect()
}

#[tokio::test]
async fn an_order_is_told_of_at_every_step_whatever_came_together() {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await.unwrap();
    let order = ordered(&world).await;
    world.functions.changed(std::slice::from_ref(&order)).await.unwrap();
    let mut all = world.bus.take();
    assert_eq!(stood(&all, &order), [Some(Status::Received)]);
    for queue in [Queue::Allocate, Queue::Book, Queue::Notify, Queue::Allocate] {
        at(&world, queue, &order).await;
    }
    // The stream says twice that it changed.
    world.functions.changed(&[order.clone(), order.clone()]).await.unwrap();
    all.extend(world.bus.take().into_iter().filter(|event| !matches!(event.what, What::Stock { .. })));
    world.set_now(after(world.time.now(), days(40)));
    world.functions.retain(world.time.now()).await.unwrap();
    world.functions.changed(std::slice::from_ref(&order)).await.unwrap();
    all.extend(world.bus.take());
    let road = [Status::Received, Status::Allocated, Status::Booked, Status::Dispatched];
    let expected: Vec<_> = road.into_iter().map(Some).chain([None]).collect();
    assert_eq!(stood(&all, &order), expected);
    let ids: BTreeSet<_> = all.iter().map(|event| &event.id).collect();
    assert_eq!(ids.len(), all.len());
    world.functions.changed(std::slice::from_ref(&order)).await.unwrap();
    assert_eq!(world.bus.take(), []);
}

#[tokio::test]
async fn an_order_that_is_told_of_again_is_told_under_the_same_id() {
    let shut = Arc::new(Shut::default());
    let world = World::new(&Setup::default(), shut.clone()).await.unwrap();
    let order = ordered(&world).await;
    shut.0.store(true, Ordering::Relaxed);
    assert!(world.functions.changed(std::slice::from_ref(&order)).await.is_err(), "told, and not noted");
    let first = world.bus.take();
    shut.0.store(false, Ordering::Relaxed);
    world.functions.changed(std::slice::from_ref(&order)).await.unwrap();
    let again = world.bus.take();
    assert_eq!((first.len(), again.len()), (1, 1));
    assert_eq!(first[0].id, again[0].id);
}
