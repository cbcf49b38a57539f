//! Ingest against the in-memory engine: created once, updated by newer, fenced after erasure.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use rust_decimal::Decimal;
use std::sync::Arc;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination};
use waybill_domain::retention::{FENCE_DAYS, Policy};
use waybill_privacy::{Recipient, Sensitive};
use waybill_store::Queue;
use waybill_store::ingest::{Arrival, Outcome, ingest};
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;
use waybill_store::memory::{Calm, Engine, MemoryKms};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn incoming(second: i64) -> Incoming {
    Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: "5921178026231".into(), name: Some("#1001".into()) },
        version: at(second),
        placed_at: at(0),
        cancelled_at: None,
        arrived_at: None,
        test: false,
        readiness: waybill_domain::intake::Readiness::Ready,
        delivery: Delivery::Ship,
        destination: Some(Destination { country: "GB".into(), postcode_area: Some("BS".into()) }),
        lines: (0..3)
            .map(|n| IncomingLine {
                channel_line: format!("1390000000{n}"),
                sku: Some(format!("TEE-RED-{n}")),
                quantity: 2,
                sent: 0,
                ships: true,
                grams: 200,
                price: Decimal::new(1250, 2),
            })
            .collect(),
        total: Money { amount: Decimal::new(7500, 2), currency: "GBP".into() },
    }
}

fn who(digest: &str) -> Identity {
    Identity {
        order: "ord_0123456789abcdef0123456789abcdef".parse().unwrap(),
        merchant: "mer_00000000000000aa".parse().unwrap(),
        connection: "con_00000000000000aa".parse().unwrap(),
        lines: (0..3).map(|n| format!("lin_00000000000{n}").parse().unwrap()).collect(),
        digest: digest.into(),
    }
}

fn someone() -> Recipient {
    let text = |s: &str| Some(Sensitive::new(s.to_owned()));
    Recipient {
        name: text("Zoë Ångström"),
        lines: vec![Sensitive::new("14 Invented Street".to_owned())],
        city: text("Bristol"),
        postcode: text("BS1 4DJ"),
        country: Some("GB".into()),
        ..Recipient::default()
    }
}

async fn arrive(engine: &Engine, kms: &MemoryKms, second: i64, digest: &str) -> Outcome {
    let (incoming, who, someone) = (incoming(second), who(digest), someone());
    let arrival = Arrival {
        incoming: &incoming,
        who: &who,
        recipient: Some(&someone),
        buyer: Some("0123456789abcdef0123456789abcdef"),
        lot: None,
        policy: Policy::LONGEST,
        fresh: false,
        now: at(second),
    };
    ingest(&engine.db(), kms, &arrival).await.unwrap()
}

fn stack() -> (Engine, MemoryKms) {
    (Engine::new(Arc::new(Calm)).unwrap(), MemoryKms::new(Arc::new(Calm)).unwrap())
}

#[tokio::test]
async fn created_once_updated_by_newer_and_opened_by_its_key_alone() {
    let (engine, kms) = stack();
    assert_eq!(arrive(&engine, &kms, 0, "a").await, Outcome::Stored(Some(Queue::Allocate)));
    let units: f64 = engine.capacity().writes.values().sum();
    assert!(units <= 10.0, "ingest of three lines took {units} write units");
    assert_eq!(arrive(&engine, &kms, 0, "a").await, Outcome::Ignored);
    assert_eq!(arrive(&engine, &kms, 0, "b").await, Outcome::Reread);
    assert_eq!(arrive(&engine, &kms, 9, "c").await, Outcome::Stored(Some(Queue::Allocate)));
    assert_eq!(arrive(&engine, &kms, 3, "b").await, Outcome::Ignored);
    let db = engine.db();
    let (order, sealed) = db.order_with_sealed(&who("").order).await.unwrap().unwrap();
    assert_eq!((order.version, order.rev), (at(9), 2));
    let KeyState::Live { wrapped, .. } = db.recipient_key(&order.id).await.unwrap() else { panic!() };
    let key = kms.open(&order.merchant, &order.id, &wrapped).await.unwrap();
    let opened = waybill_privacy::seal::open(&key, &order.merchant, &order.id, &sealed.unwrap()).unwrap();
    assert!(opened == someone());
    assert!(!format!("{:?}{:?}", engine.dump("orders"), engine.dump("keys")).contains("Invented"));
}

#[tokio::test]
async fn a_shredded_order_cannot_come_back_even_before_its_order_item_is_cleaned() {
    let (engine, kms) = stack();
    arrive(&engine, &kms, 0, "a").await;
    engine.db().shred(&who("").order, at(1)).await.unwrap();
    assert_eq!(arrive(&engine, &kms, 9, "c").await, Outcome::Erased);
    assert_eq!(engine.db().recipient_key(&who("").order).await.unwrap(), KeyState::Erased);
    assert_eq!(engine.db().purgeable(at(10_000_000_000), 10).await.unwrap(), [who("").order]);
    engine.db().close_erasure(&who("").order).await.unwrap();
    assert!(engine.db().purgeable(at(10_000_000_000), 10).await.unwrap().is_empty());
}

#[tokio::test]
async fn when_the_fence_has_fallen_its_order_comes_back_without_its_person_however_often() {
    let (engine, kms) = stack();
    let (db, id) = (engine.db(), who("").order);
    let second = |days: i64| days * 86_400;
    // Asked for before it came, so that nothing but the fence knows of it.
    assert!(db.fence(&id, at(second(1))).await.unwrap());
    assert_eq!(arrive(&engine, &kms, second(2), "a").await, Outcome::Erased);
    let ends: i64 = engine.dump("keys").unwrap()[0]["ttl"]["N"].as_str().unwrap().parse().unwrap();
    assert!(ends >= at(second(FENCE_DAYS)).as_second(), "while a person could still be kept it stands");
    let delete = db.client.delete_item().table_name("keys");
    delete.set_key(Some(waybill_store::db::key(id.as_str(), "recipient"))).send().await.unwrap();
    for (day, digest) in [(FENCE_DAYS + 1, "b"), (FENCE_DAYS + 2, "c")] {
        assert!(matches!(arrive(&engine, &kms, second(day), digest).await, Outcome::Stored(_)));
        let (order, sealed) = db.order_with_sealed(&id).await.unwrap().unwrap();
        assert_eq!((order.destination, sealed), (None, None), "day {day}");
        let KeyState::Live { wrapped, .. } = db.recipient_key(&id).await.unwrap() else { panic!() };
        assert!(wrapped.is_empty(), "no key arises");
        assert!(db.orders_of_buyer("0123456789abcdef0123456789abcdef").await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_day_before_a_fence_could_have_fallen_a_person_is_kept() {
    let (engine, kms) = stack();
    arrive(&engine, &kms, (FENCE_DAYS - 1) * 86_400, "a").await;
    let (order, sealed) = engine.db().order_with_sealed(&who("").order).await.unwrap().unwrap();
    assert!(order.destination.is_some() && sealed.is_some());
}

#[tokio::test]
async fn a_change_of_a_booked_order_that_names_nobody_is_stored_while_a_hold_keeps_its_purge_time() {
    let (engine, kms) = stack();
    arrive(&engine, &kms, 0, "a").await;
    let (db, id) = (engine.db(), who("").order);
    let mut order = db.order(&id).await.unwrap().unwrap();
    order.shipments = 1;
    db.save_order(&mut order).await.unwrap();
    db.hold_key(&id, at(9_000_000), None).await.unwrap();
    let KeyState::Live { purge_at, .. } = db.recipient_key(&id).await.unwrap() else { panic!() };
    let incoming = Incoming { cancelled_at: Some(at(9)), ..incoming(9) };
    let who = who("c");
    let arrival = Arrival {
        incoming: &incoming,
        who: &who,
        recipient: None,
        buyer: None,
        lot: None,
        policy: Policy::LONGEST,
        fresh: false,
        now: at(9),
    };
    assert!(matches!(ingest(&db, &kms, &arrival).await.unwrap(), Outcome::Stored(_)));
    assert_eq!(db.order(&id).await.unwrap().unwrap().version, at(9));
    let KeyState::Live { purge_at: now, .. } = db.recipient_key(&id).await.unwrap() else { panic!() };
    assert_eq!(now, purge_at);
    assert_eq!(db.held_until(&id).await.unwrap(), Some(at(9_000_000)));
    db.shred(&id, at(10)).await.unwrap();
    let late = Incoming { version: at(11), ..incoming.clone() };
    assert_eq!(
        ingest(&db, &kms, &Arrival { incoming: &late, now: at(11), ..arrival }).await.unwrap(),
        Outcome::Erased
    );
}

#[tokio::test]
async fn an_order_whose_erasure_was_asked_for_before_it_came_is_never_stored() {
    let (engine, kms) = stack();
    assert!(engine.db().fence(&who("").order, at(0)).await.unwrap());
    assert!(engine.db().fence(&who("").order, at(0)).await.unwrap());
    assert_eq!(arrive(&engine, &kms, 1, "a").await, Outcome::Erased);
    assert!(engine.db().order(&who("").order).await.unwrap().is_none());
}

#[tokio::test]
async fn a_fence_leaves_a_live_order_alone() {
    let (engine, kms) = stack();
    arrive(&engine, &kms, 0, "a").await;
    assert!(!engine.db().fence(&who("").order, at(1)).await.unwrap());
    assert!(matches!(engine.db().recipient_key(&who("").order).await.unwrap(), KeyState::Live { .. }));
}
