//! The function whole, on in-memory tables.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::{Channel, Order, PersonalData, Status};
use waybill_domain::retention::Policy;
use waybill_domain::time::{after, days};
use waybill_retention::{Env, erase, work_on};
use waybill_runtime::Clock;
use waybill_store::ingest::keep_unreadable;
use waybill_store::memory::{Calm, Engine, MemoryDocuments, MemoryKms};
use waybill_store::work::{Queue, Work, stages};

fn now() -> Timestamp {
    Timestamp::from_second(1_795_425_300).unwrap()
}

/// The function, and an order that stands so.
async fn stage(stand: impl FnOnce(&mut Order)) -> (Env, Order) {
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
    (env, order)
}

/// An order that stands so, after it was forgotten.
async fn forgotten(stand: impl FnOnce(&mut Order)) -> Order {
    let (env, order) = stage(stand).await;
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
async fn a_note_is_forgotten_with_its_order() {
    let order = forgotten(|order| order.instructions.note = Some("Double box".into())).await;
    assert_eq!(order.instructions.note, None);
}

#[tokio::test]
async fn an_order_that_was_cancelled_here_is_forgotten_when_a_cancelled_one_is() {
    let (env, mut order) = stage(|order| order.milestones.nothing_to_ship = false).await;
    let (merchant, id) = (order.merchant.clone(), order.id.clone());
    let week = after(now(), days(Policy::LONGEST.cancelled_days));
    waybill_domain::instructions::cancel(&mut order, now()).unwrap();
    env.db.save_order(&mut order).await.unwrap();
    assert_eq!(env.db.purgeable(week, 10).await.unwrap(), []);
    let other =
        Work::Purge { merchant: "mer_00000000000000bb".parse().unwrap(), order: id.clone(), at: now() };
    work_on(&env, other).await.unwrap();
    assert_eq!(env.db.purgeable(week, 10).await.unwrap(), [], "another merchant's word moves nothing");
    work_on(&env, Work::Purge { merchant, order: id.clone(), at: now() }).await.unwrap();
    assert_eq!(env.db.purgeable(week, 10).await.unwrap(), [id]);
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
