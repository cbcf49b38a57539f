//! The function whole, on in-memory tables.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::{Channel, Order, PersonalData, Status};
use waybill_domain::retention::Policy;
use waybill_retention::{Env, erase};
use waybill_runtime::Clock;
use waybill_store::ingest::keep_unreadable;
use waybill_store::memory::{Calm, Engine, MemoryDocuments, MemoryKms};
use waybill_store::work::{Queue, stages};

fn now() -> Timestamp {
    Timestamp::from_second(1_795_425_300).unwrap()
}

/// An order that stands so, after it was forgotten.
async fn forgotten(stand: impl FnOnce(&mut Order)) -> Order {
    let calm = Arc::new(Calm);
    let db = Engine::new(calm.clone()).unwrap().db();
    let kms = MemoryKms::new(calm.clone()).unwrap();
    let who = Identity {
        order: "ord_00000000000000000000000000000001".parse().unwrap(),
        merchant: "mer_00000000000000aa".parse().unwrap(),
        connection: "con_00000000000000aa".parse().unwrap(),
        lines: vec![],
        digest: "a".into(),
    };
    let mut order = unreadable(Channel::Shopify, &who, "text".into(), now());
    stand(&mut order);
    keep_unreadable(&db, &kms, &order, b"{", Policy::LONGEST, now()).await.unwrap();
    let documents = Arc::new(MemoryDocuments::new(calm));
    let env = Env { db, documents, clock: Clock::of(now) };
    erase(&env, &order.id, "request", now()).await.unwrap();
    env.db.order(&order.id).await.unwrap().unwrap()
}

#[tokio::test]
async fn what_waits_for_nothing_is_never_looked_at_again() {
    let order = forgotten(|_| {}).await;
    assert_eq!((order.personal, order.status), (PersonalData::Erased, Status::Cancelled));
    assert_eq!(order.due_at, None);
}

#[tokio::test]
async fn a_cancelled_order_that_lost_its_goods_is_still_voided() {
    let order = forgotten(|order| {
        order.status = Status::Cancelled;
        order.shipments = 1;
    })
    .await;
    assert_eq!(stages(&order), [Queue::Book]);
    assert!(order.due_at.is_some(), "the clock must bring it to the shipper");
}

#[tokio::test]
async fn a_parcel_that_left_is_not_voided() {
    let order = forgotten(|order| {
        order.status = Status::Delivered;
        order.shipments = 1;
    })
    .await;
    assert_eq!((order.status, order.due_at), (Status::Delivered, None));
}
