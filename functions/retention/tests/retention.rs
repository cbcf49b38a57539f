//! The function whole, on in-memory tables.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::{Channel, Order, PersonalData, Status};
use waybill_domain::request::{Asker, Clock as Running, Kind};
use waybill_domain::retention::Policy;
use waybill_domain::time::{after, days};
use waybill_domain::{ConnectionId, OrderId};
use waybill_retention::{Env, erase, run_for, work_on};
use waybill_runtime::Clock;
use waybill_store::db::{key, s};
use waybill_store::ingest::keep_unreadable;
use waybill_store::memory::{Calm, Engine, MemoryDocuments, MemoryKms, MemoryQueues};
use waybill_store::requests::{Request, Scope};
use waybill_store::work::{Queue, Work, stages};

fn now() -> Timestamp {
    Timestamp::from_second(1_795_425_300).unwrap()
}

/// The function, and an order that stands so.
async fn stage(stand: impl FnOnce(&mut Order)) -> (Env, Order) {
    let (env, order, _) = stage_with_queues(stand).await;
    (env, order)
}

async fn stage_with_queues(stand: impl FnOnce(&mut Order)) -> (Env, Order, MemoryQueues) {
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
    let documents = Arc::new(MemoryDocuments::new(calm.clone()));
    let queues = MemoryQueues::new(calm);
    let env = Env { db, documents, queues: Arc::new(queues.clone()), clock: Clock::of(now) };
    (env, order, queues)
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

/// One more order of that merchant, which came through `connection`.
async fn another(env: &Env, n: usize, connection: &str) -> OrderId {
    let kms = MemoryKms::new(Arc::new(Calm)).unwrap();
    let who = Identity {
        order: format!("ord_{n:031x}0").parse().unwrap(),
        merchant: "mer_00000000000000aa".parse().unwrap(),
        connection: connection.parse().unwrap(),
        lines: vec![],
        digest: "a".into(),
    };
    let order = unreadable(Channel::Shopify, &who, "text".into(), now());
    keep_unreadable(&env.db, &kms, &order, b"{", Policy::LONGEST, now()).await.unwrap();
    who.order
}

async fn is_erased(env: &Env, order: &OrderId) -> bool {
    env.db.order(order).await.unwrap().unwrap().personal == PersonalData::Erased
}

/// A request on record, and its message.
async fn asked(env: &Env, asker: Asker, scope: Scope) -> (Request, Work) {
    let merchant = "mer_00000000000000aa".parse().unwrap();
    let clock = Running::start(Kind::Erasure, asker, now());
    let request =
        Request::new("req_1".parse().unwrap(), merchant, clock, scope, "con_00000000000000aa".into());
    env.db.save_request(&request).await.unwrap();
    let work = Work::Request { merchant: request.merchant.clone(), request: request.id.clone(), at: now() };
    (request, work)
}

#[tokio::test]
async fn everything_of_a_connection_is_forgotten_a_page_to_a_message_and_counted_once() {
    let (env, first, queues) = stage_with_queues(|_| {}).await;
    let mut all = vec![first.id];
    for n in 1..=230 {
        all.push(another(&env, n, "con_00000000000000aa").await);
    }
    let other = another(&env, 900, "con_00000000000000bb").await;
    let connection: ConnectionId = "con_00000000000000aa".parse().unwrap();
    let (request, work) = asked(&env, Asker::Platform, Scope::Connection { connection }).await;
    let (mut messages, mut most, mut left) = (vec![work], 0, all.len());
    while let Some(work) = messages.pop() {
        work_on(&env, work).await.unwrap();
        messages.extend(queues.take().into_iter().map(|sent| sent.work));
        let mut still = 0;
        for order in &all {
            still += usize::from(!is_erased(&env, order).await);
        }
        most = most.max(left - still);
        left = still;
    }
    assert_eq!((left, is_erased(&env, &other).await), (0, false));
    assert!(most <= 100, "{most} by one message");
    let done = env.db.request(&request.merchant, &request.id).await.unwrap().unwrap();
    assert_eq!((done.certificate.unwrap().orders, done.progress), (231, None));
}

#[tokio::test]
async fn a_platforms_request_that_concerns_nobody_does_not_stay_and_one_that_does_is_certified() {
    let (env, order) = stage(|_| {}).await;
    let nobody = Scope::Buyer { indexes: vec!["00ff".into()], orders: vec![] };
    let (request, work) = asked(&env, Asker::Platform, nobody.clone()).await;
    work_on(&env, work).await.unwrap();
    assert_eq!(env.db.request(&request.merchant, &request.id).await.unwrap(), None);
    let (_, work) = asked(&env, Asker::Person, nobody).await;
    work_on(&env, work).await.unwrap();
    let kept = env.db.request(&request.merchant, &request.id).await.unwrap().unwrap();
    assert_eq!(kept.certificate.unwrap().orders, 0, "a person is answered whatever was found");
    env.db.drop_request(&request).await.unwrap();
    let somebody = Scope::Orders { orders: vec![order.id.clone()] };
    let (_, work) = asked(&env, Asker::Platform, somebody).await;
    work_on(&env, work).await.unwrap();
    let done = env.db.request(&request.merchant, &request.id).await.unwrap().unwrap();
    assert_eq!((done.certificate.unwrap().orders, is_erased(&env, &order.id).await), (1, true));
}

/// From then on the order cannot be read, and so not be forgotten.
async fn spoil(env: &Env, order: &OrderId) {
    env.db
        .client
        .update_item()
        .table_name("orders")
        .set_key(Some(key(order.as_str(), "order")))
        .update_expression("SET #status = :bad")
        .expression_attribute_names("#status", "status")
        .expression_attribute_values(":bad", s("spoiled"))
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn orders_that_always_fail_let_those_behind_them_pass() {
    let (env, first) = stage(|_| {}).await;
    for n in 1..=60 {
        let order = another(&env, n, "con_00000000000000aa").await;
        env.db.reschedule(&order, now()).await.unwrap();
        spoil(&env, &order).await;
    }
    let behind = another(&env, 61, "con_00000000000000aa").await;
    let late = after(now(), days(100));
    let report = run_for(&env, 1000, late).await.unwrap();
    assert_eq!((report.forgotten, report.failed), (2, 60));
    assert!(is_erased(&env, &behind).await && is_erased(&env, &first.id).await);
}

#[tokio::test]
async fn a_run_that_has_no_time_for_all_goes_on_by_a_message() {
    let (env, _, queues) = stage_with_queues(|_| {}).await;
    for n in 1..=120 {
        another(&env, n, "con_00000000000000aa").await;
    }
    let late = after(now(), days(100));
    let report = run_for(&env, 40, late).await.unwrap();
    assert!((40..121).contains(&report.forgotten), "{}", report.forgotten);
    let sent = queues.take();
    assert_eq!((sent.len(), &sent[0].work), (1, &Work::Retain { at: late }));
    work_on(&env, sent[0].work.clone()).await.unwrap();
    assert_eq!((queues.take().len(), env.db.purgeable(late, 10).await.unwrap().len()), (0, 0));
}
