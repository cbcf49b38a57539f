//! A listing at eBay may be changed so often a day and no oftener, however often its stock moves.
#![allow(clippy::unwrap_used)]

use jiff::SignedDuration;
use std::sync::Arc;
use waybill_domain::time::after;
use waybill_harness::accounts::ACCOUNT;
use waybill_harness::world::{Setup, Stocked, World};
use waybill_sandbox::state::Limits;
use waybill_store::memory::Calm;
use waybill_store::{Queue, Work};

const SKU: &str = "MUG-ENAMEL";

#[tokio::test]
async fn what_a_listing_cannot_take_now_one_message_waits_to_tell() {
    let stock = vec![Stocked { sku: SKU.to_owned(), pieces: [10, 10] }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    world.sandbox.set_limits(Limits::DOCUMENTED);
    let slot = (SKU.to_owned(), world.merchant.warehouses[0].id.clone());
    let mut waiting = Vec::new();
    let mut push = async |n: u32| {
        let now = after(world.time.now(), SignedDuration::from_secs(6));
        world.set_now(now);
        world.db.receive(&world.merchant.id, &slot, 1, &format!("goods-{n}"), now).await.unwrap();
        let work = Work::Push { merchant: world.merchant.id.clone(), sku: SKU.to_owned(), at: now };
        assert!(world.functions.work(Queue::Push, &[(n.to_string(), work)]).await.unwrap().is_empty());
        waiting.extend(world.queues.take());
    };
    for n in 0..55 {
        push(n).await;
    }
    let told = |channel: &str| world.sandbox.report()[channel][ACCOUNT]["stock_sets"].as_u64().unwrap();
    assert_eq!((told("ebay"), told("amazon")), (50, 55));
    assert_eq!(waiting.len(), 1, "{waiting:?}");
    let back = after(world.time.now(), SignedDuration::from_secs(i64::from(waiting[0].delay)));
    world.set_now(back);
    let work = waiting[0].work.clone();
    assert!(world.functions.work(Queue::Push, &[("back".to_owned(), work)]).await.unwrap().is_empty());
    assert_eq!(told("ebay"), 51);
    let shown = world
        .sandbox
        .answer(&waybill_sandbox::Call::new(http::Method::GET, &format!("/control/ebay/{ACCOUNT}/stock")));
    assert_eq!(shown.value()["levels"][SKU], 75);
}
