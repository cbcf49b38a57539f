//! What channels are told of a SKU: what the merchant lets each of them sell, and bundles by what they are made of.
#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use http::Method;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use waybill_domain::catalogue::{Mapping, Part, Sku};
use waybill_domain::order::Channel;
use waybill_domain::service::local_date;
use waybill_domain::sourcing::{Buffer, Policy};
use waybill_domain::stock::{Movement, MovementKind};
use waybill_domain::time::after;
use waybill_domain::{MerchantId, WarehouseId};
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::world::{Setup, Stocked, World};
use waybill_sandbox::{Call, Sandbox};
use waybill_store::catalogue::SKU_SHARDS;
use waybill_store::memory::{Calm, Outside, Verdict};
use waybill_store::pushes::{Listing, Pushed};
use waybill_store::{Db, Queue, Work};

/// Goods come in once, at the moment in which the first channel is told of what was there before.
#[derive(Default)]
struct Meanwhile {
    comes: AtomicBool,
    world: OnceLock<(Db, MerchantId, WarehouseId)>,
}

#[async_trait]
impl Outside for Meanwhile {
    async fn before(&self, call: &str) -> Verdict {
        let inside = ["dynamodb:", "sqs:", "kms:"].iter().any(|start| call.starts_with(start));
        if !inside && self.comes.swap(false, Ordering::Relaxed) {
            let (db, merchant, warehouse) = self.world.get().unwrap();
            let slot = (MUG.to_owned(), warehouse.clone());
            db.receive(merchant, &slot, 5, "meanwhile", Timestamp::UNIX_EPOCH).await.unwrap();
        }
        Verdict::Go
    }

    async fn after(&self, _call: &str) {}
}

/// Another message, which read an older number, tells the first channel just after it took ours, and notes it first.
#[derive(Default)]
struct Overtaken(OnceLock<(Sandbox, Db, MerchantId)>, AtomicBool);

#[async_trait]
impl Outside for Overtaken {
    async fn before(&self, call: &str) -> Verdict {
        let Some((sandbox, db, merchant)) = self.0.get().filter(|_| call == "dynamodb:PutItem") else {
            return Verdict::Go;
        };
        if shown_at(sandbox, "woocommerce", MUG) == 11 && !self.1.swap(true, Ordering::Relaxed) {
            let path = format!("/control/woocommerce/{ACCOUNT}/stock");
            sandbox.answer(&Call::new(Method::PUT, &path).json(&json!({"levels": {MUG: 9}})));
            let connection = connection_id(Channel::WooCommerce).unwrap();
            let listing = Listing { sku: MUG, connection: &connection, channel_sku: MUG, place: None };
            let older = Pushed { quantity: 9, at: Timestamp::UNIX_EPOCH, refused: None, unsure: false };
            db.save_pushed(merchant, &listing, &older).await.unwrap();
        }
        Verdict::Go
    }

    async fn after(&self, _call: &str) {}
}

const MUG: &str = "MUG-ENAMEL";
const GIFT: &str = "TEE-RED-M";

fn shown(world: &World, channel: &str, sku: &str) -> Value {
    shown_at(&world.sandbox, channel, sku)
}

fn shown_at(sandbox: &Sandbox, channel: &str, sku: &str) -> Value {
    let path = format!("/control/{channel}/{ACCOUNT}/stock");
    sandbox.answer(&Call::new(Method::GET, &path)).value()["levels"][sku].clone()
}

/// Works through a push and everything it sends, each when its time has come.
async fn push(world: &World, sku: &str) {
    let merchant = world.merchant.id.clone();
    carry_out(world, Work::Push { merchant, sku: sku.to_owned(), at: world.time.now() }).await;
}

async fn carry_out(world: &World, work: Work) {
    let mut all = vec![work];
    while let Some(work) = all.pop() {
        assert!(world.functions.work(Queue::Push, &[("one".to_owned(), work)]).await.unwrap().is_empty());
        for sent in world.queues.take() {
            assert_eq!(sent.queue, Queue::Push, "stock waits in its own queue: {sent:?}");
            let later = after(world.time.now(), SignedDuration::from_secs(i64::from(sent.delay)));
            world.set_now(later);
            all.push(sent.work);
        }
    }
}

#[tokio::test]
async fn a_bundle_is_told_when_its_parts_move() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    let path = format!("/control/woocommerce/{ACCOUNT}/stock");
    world.sandbox.answer(&Call::new(Method::PUT, &path).json(&json!({"levels": {MUG: 1, GIFT: 1}})));
    let parts = vec![Part { sku: MUG.to_owned(), units: 3 }];
    let gift = Sku { parts, ..Sku::named(GIFT) };
    world.db.save_sku(&world.merchant.id, &gift).await.unwrap();
    push(&world, MUG).await;
    assert_eq!(shown(&world, "woocommerce", MUG), 11);
    // Two at one place and one at the other; no bundle is packed from two places.
    assert_eq!(shown(&world, "woocommerce", GIFT), 3);
}

#[tokio::test]
async fn a_mapped_listing_is_told_how_many_of_it_there_are() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    let path = format!("/control/woocommerce/{ACCOUNT}/stock");
    let levels = json!({"levels": {MUG: 1, "MUG-4": 1, GIFT: 1}});
    world.sandbox.answer(&Call::new(Method::PUT, &path).json(&levels));
    let merchant = &world.merchant.id;
    let all = world.db.connections(merchant).await.unwrap();
    let shop = all.iter().find(|(_, kind)| kind.channel() == Some(Channel::WooCommerce)).unwrap().0.clone();
    let map = async |channel_sku: &str, sku: &str, units| {
        let mapping =
            Mapping { connection: shop.clone(), channel_sku: channel_sku.into(), sku: sku.into(), units };
        world.db.save_mapping(merchant, &mapping).await.unwrap();
    };
    map("MUG-4", MUG, 4).await;
    push(&world, MUG).await;
    let told = |sku: &str| shown(&world, "woocommerce", sku);
    assert_eq!((told(MUG), told("MUG-4"), told(GIFT)), (json!(11), json!(2), json!(1)));
    // Given to other goods, it is those that it is told of; and our own name may be such a listing too.
    world.db.save_sku(merchant, &Sku::named(GIFT)).await.unwrap();
    let slot = (GIFT.to_owned(), world.merchant.warehouses[0].id.clone());
    world.db.receive(merchant, &slot, 9, "first", world.time.now()).await.unwrap();
    map("MUG-4", GIFT, 3).await;
    map(MUG, GIFT, 1).await;
    let slot = (MUG.to_owned(), world.merchant.warehouses[0].id.clone());
    world.db.receive(merchant, &slot, 1, "second", world.time.now()).await.unwrap();
    push(&world, MUG).await;
    assert_eq!((told(MUG), told("MUG-4")), (json!(11), json!(2)));
    push(&world, GIFT).await;
    assert_eq!((told(MUG), told("MUG-4"), told(GIFT)), (json!(9), json!(3), json!(9)));
}

#[tokio::test]
async fn a_channel_is_told_what_is_not_kept_back_from_it() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    let policy =
        Policy { buffers: vec![Buffer { channel: Channel::WooCommerce, pieces: 5 }], ..Policy::default() };
    world.db.save_policy(&world.merchant.id, &policy).await.unwrap();
    let mug = Sku { safety: 2, ..Sku::named(MUG) };
    world.db.save_sku(&world.merchant.id, &mug).await.unwrap();
    push(&world, MUG).await;
    assert_eq!((shown(&world, "woocommerce", MUG), shown(&world, "amazon", MUG)), (json!(4), json!(9)));
}

#[tokio::test]
async fn a_place_that_is_ours_no_more_is_told_that_it_has_none() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    let id = connection_id(Channel::Magento).unwrap();
    world.sandbox.with_state(|state| {
        let account = state.magento.accounts.get_mut(ACCOUNT).unwrap();
        account.config.sources.extend(["man", "bri"].map(str::to_owned));
    });
    let at = |source: &str| {
        world.sandbox.with_state(|state| state.magento.accounts[ACCOUNT].stock.at(MUG, source))
    };
    let map = async |places: &[(usize, &str)]| {
        let mut connection = world.db.connection(&id).await.unwrap().unwrap();
        let place =
            |(n, name): &(usize, &str)| (world.merchant.warehouses[*n].id.clone(), (*name).to_owned());
        connection.places = places.iter().map(place).collect();
        world.db.save_connection(&connection).await.unwrap();
        // Accounts are kept warm for a minute.
        world.set_now(after(world.time.now(), SignedDuration::from_secs(61)));
        push(&world, MUG).await;
        ["default", "man", "bri"].map(at)
    };
    assert_eq!(map(&[]).await, [11, 0, 0]);
    assert_eq!(map(&[(0, "man"), (1, "bri")]).await, [0, 7, 4], "not shown twice");
    assert_eq!(map(&[(0, "man")]).await, [0, 7, 0]);
    assert_eq!(map(&[(0, "bri")]).await, [0, 0, 7]);
    // Two told it at once, one of them that there are some: it is told once more, though it is ours no more.
    let left = Listing { sku: MUG, connection: &id, channel_sku: MUG, place: Some("man") };
    let pushed = Pushed { quantity: 0, at: Timestamp::UNIX_EPOCH, refused: None, unsure: true };
    world.db.save_pushed(&world.merchant.id, &left, &pushed).await.unwrap();
    assert_eq!(map(&[(0, "bri")]).await, [0, 0, 7]);
    let told = world.db.told_of(&world.merchant.id, MUG).await.unwrap();
    assert!(told.at(&left).unwrap().shows_none());
    assert_eq!(map(&[]).await, [11, 0, 0]);
}

#[tokio::test]
async fn a_new_policy_reaches_every_sku_however_many_there_are() {
    let skus: Vec<String> = (0..250).map(|n| format!("SKU-{n:03}")).collect();
    let stock = skus.iter().map(|sku| Stocked { sku: sku.clone(), pieces: [7, 4] }).collect();
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    let levels: serde_json::Map<String, Value> = skus.iter().map(|sku| (sku.clone(), json!(11))).collect();
    let path = format!("/control/woocommerce/{ACCOUNT}/stock");
    world.sandbox.answer(&Call::new(Method::PUT, &path).json(&json!({"levels": levels})));
    let policy =
        Policy { buffers: vec![Buffer { channel: Channel::WooCommerce, pieces: 5 }], ..Policy::default() };
    world.db.save_policy(&world.merchant.id, &policy).await.unwrap();
    let merchant = world.merchant.id.clone();
    carry_out(&world, Work::PushAll { merchant, shard: 0, after: None, at: world.time.now() }).await;
    for sku in &skus {
        assert_eq!(shown(&world, "woocommerce", sku), 6, "{sku}");
    }
}

#[tokio::test]
async fn a_number_that_grew_old_while_it_was_told_is_told_anew() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let meanwhile = Arc::new(Meanwhile::default());
    let world = World::new(&Setup { stock, ..Setup::default() }, meanwhile.clone()).await.unwrap();
    let place = world.merchant.warehouses[0].id.clone();
    assert!(meanwhile.world.set((world.db.clone(), world.merchant.id.clone(), place)).is_ok());
    meanwhile.comes.store(true, Ordering::Relaxed);
    push(&world, MUG).await;
    assert!(!meanwhile.comes.load(Ordering::Relaxed));
    for channel in ["woocommerce", "amazon", "ebay", "magento"] {
        assert_eq!(shown(&world, channel, MUG), 16, "{channel}");
    }
}

#[tokio::test]
async fn a_channel_that_two_told_at_once_is_told_once_more() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let overtaken = Arc::new(Overtaken::default());
    let setup = Setup { stock, channels: vec![Channel::WooCommerce], ..Setup::default() };
    let world = World::new(&setup, overtaken.clone()).await.unwrap();
    let path = format!("/control/woocommerce/{ACCOUNT}/stock");
    world.sandbox.answer(&Call::new(Method::PUT, &path).json(&json!({"levels": {MUG: 1}})));
    let us = (world.sandbox.clone(), world.db.clone(), world.merchant.id.clone());
    assert!(overtaken.0.set(us).is_ok());
    push(&world, MUG).await;
    assert!(overtaken.1.load(Ordering::Relaxed));
    assert_eq!(shown(&world, "woocommerce", MUG), 11);
}

#[tokio::test]
async fn goods_that_pass_their_day_are_told_of_though_nothing_moves() {
    let stock = vec![Stocked { sku: MUG.to_owned(), pieces: [7, 4] }];
    let world = World::new(&Setup { stock, ..Setup::default() }, Arc::new(Calm)).await.unwrap();
    let (merchant, warehouse) = (world.merchant_id(), world.merchant.warehouses[0].id.clone());
    let last = local_date(world.time.now());
    let dated = Movement::new(MovementKind::Receive, warehouse, 5, world.time.now())
        .between(None, Some(format!("A-01~L1~{last}").parse().unwrap()))
        .noted(None, None, "dated");
    world.db.record(merchant, MUG, dated).await.unwrap();
    push(&world, MUG).await;
    assert_eq!(shown(&world, "woocommerce", MUG), 16);
    // The clock's minute: what it sends to tell channels of stock, and what comes of it.
    let minute = async |at: &str| {
        let at: Timestamp = at.parse().unwrap();
        world.set_now(at);
        let report = world.functions.tick(at).await.unwrap();
        let sent = world.queues.take().into_iter().filter(|sent| sent.queue == Queue::Push);
        for sent in sent.collect::<Vec<_>>() {
            carry_out(&world, sent.work).await;
        }
        report.expiries
    };
    assert_eq!(minute("2026-11-23T23:00:00Z").await, 1);
    assert_eq!(shown(&world, "woocommerce", MUG), 16, "on its last day it may be sold");
    assert_eq!(minute("2026-11-24T00:01:00Z").await, 0);
    assert_eq!(
        minute("2026-11-24T01:00:00Z").await,
        1,
        "the first minute was lost, the next hour makes up for it"
    );
    for channel in ["woocommerce", "amazon", "ebay"] {
        assert_eq!(shown(&world, channel, MUG), 11, "{channel}");
    }
    let left =
        async |shard| world.db.past_their_day(merchant, shard, last.tomorrow().unwrap(), 9).await.unwrap();
    for shard in 0..SKU_SHARDS {
        assert_eq!(left(shard).await, [], "it is told once");
    }
}
