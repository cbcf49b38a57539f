//! The function whole, on in-memory tables.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::{Channel, Order, PersonalData, Status};
use waybill_domain::paper::{Paper, Printed, Progress};
use waybill_domain::request::{Asker, Clock as Running, Kind};
use waybill_domain::retention::Policy;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_domain::time::{after, days};
use waybill_domain::{ConnectionId, MerchantId, OrderId, ShipmentId};
use waybill_retention::{Env, erase, run_for, work_on};
use waybill_runtime::Clock;
use waybill_store::db::{key, s};
use waybill_store::ingest::keep_unreadable;
use waybill_store::keys::KeyState;
use waybill_store::labels::names_of;
use waybill_store::memory::{Calm, Engine, MemoryDocuments, MemoryKms, MemoryQueues};
use waybill_store::registry::Merchant;
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

/// A shipment of an order with its label and every paper there is, each sealed under a key of its own.
async fn print_everything(env: &Env, order: &Order) -> Shipment {
    let id = ShipmentId::of(&order.id, 1);
    let carrier: ConnectionId = "con_00000000000000c1".parse().unwrap();
    let printed = |paper: Paper| Printed {
        paper,
        progress: Progress::Made,
        at: now(),
        carrier: carrier.clone(),
        tracking: paper.is_booked().then(|| "AA000000002GB".into()),
        disclosed: vec!["name".into()],
    };
    let mut shipment = Shipment {
        id: id.clone(),
        order: order.id.clone(),
        merchant: order.merchant.clone(),
        warehouse: "wh_north".parse().unwrap(),
        carrier: carrier.clone(),
        service: ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: "TPS48".into(),
            format: "parcel".into(),
            notify: None,
        },
        lines: Vec::new(),
        grams: 450,
        parcels: 1,
        weights: Vec::new(),
        reference: "WB-1".into(),
        booking: Booking::Labelled {
            carrier_order: "1001".into(),
            tracking: "AA000000001GB".into(),
            others: vec![],
        },
        write_back: WriteBack::Pending,
        transit: Transit::Moving,
        disclosed: vec!["name".into()],
        label_format: Default::default(),
        labelled_at: Some(now()),
        papers: Paper::ALL.map(printed).into(),
        delivered_at: None,
        seen_at: None,
        rev: 0,
    };
    env.db.save_label_key(&order.id, &id, b"wrapped").await.unwrap();
    for paper in Paper::ALL {
        env.db.save_paper_key(&order.id, &id, paper, b"wrapped").await.unwrap();
    }
    for name in names_of(&shipment) {
        env.documents.put(&name, b"sealed".to_vec()).await.unwrap();
    }
    env.db.save_shipment(&mut shipment).await.unwrap();
    shipment
}

#[tokio::test]
async fn return_labels_and_customs_papers_go_with_their_order_keys_and_all() {
    let (env, order) = stage(|order| order.shipments = 1).await;
    let shipment = print_everything(&env, &order).await;
    let names = names_of(&shipment);
    assert_eq!(names.len(), 1 + Paper::ALL.len());
    for paper in Paper::ALL {
        let key = env.db.paper_key(&order.id, &shipment.id, paper).await.unwrap();
        assert!(matches!(key, KeyState::Live { wrapped, .. } if !wrapped.is_empty()), "{paper:?}");
    }
    let due = after(now(), days(Policy::LONGEST.nothing_to_ship_days));
    assert_eq!(run_for(&env, 10, after(due, -days(1))).await.unwrap().forgotten, 0);
    assert!(env.documents.get(&names[1]).await.unwrap().is_some(), "a day before its time");
    assert_eq!(run_for(&env, 10, due).await.unwrap().forgotten, 1);
    for name in names {
        assert_eq!(env.documents.get(&name).await.unwrap(), None, "{name}");
    }
    for paper in Paper::ALL {
        let key = env.db.paper_key(&order.id, &shipment.id, paper).await.unwrap();
        assert_eq!(key, KeyState::Erased, "{paper:?}");
        let late = env.db.save_paper_key(&order.id, &shipment.id, paper, b"new").await;
        assert!(late.is_err(), "behind the fence no {paper:?} gets a key");
    }
    let left = env.db.shipments(&order.id).await.unwrap().remove(0);
    assert!(left.papers.is_empty(), "nor the carrier's number of the way back");
}

/// What DynamoDB's own deletion does to an order's keys.
async fn delete_key(env: &Env, order: &OrderId) {
    let delete = env.db.client.delete_item().table_name("keys");
    delete.set_key(Some(key(order.as_str(), "recipient"))).send().await.unwrap();
}

async fn save_merchant(env: &Env, id: &MerchantId) {
    let merchant = Merchant {
        id: id.clone(),
        name: "Invented".into(),
        index_key: Vec::new(),
        needs: Default::default(),
        retention: Policy::LONGEST,
        part_ship: false,
        warehouses: Vec::new(),
        services: Vec::new().into(),
    };
    env.db.save_merchant(&merchant).await.unwrap();
}

#[tokio::test]
async fn whoever_lost_their_key_is_found_however_many_there_are_though_another_cannot_be_forgotten() {
    let (env, first, queues) = stage_with_queues(|_| {}).await;
    save_merchant(&env, &first.merchant).await;
    let mut ids = vec![first.id.clone()];
    for n in 1..=120 {
        ids.push(another(&env, n, "con_00000000000000aa").await);
    }
    for id in &ids {
        delete_key(&env, id).await;
    }
    let late = after(now(), days(40));
    let mut runs = 0;
    // A page at a time; what is left goes by a message of its own.
    while runs == 0 || !queues.take().is_empty() {
        run_for(&env, 1, late).await.unwrap();
        runs += 1;
        assert!(runs < 40, "it comes to an end");
    }
    assert!(runs > 2);
    for id in &ids {
        assert!(is_erased(&env, id).await, "{id}");
    }
    let run = env.db.retention_run(&first.merchant).await.unwrap();
    assert_eq!((run.at, run.walk), (Some(late), None));
}

#[tokio::test]
async fn a_purge_time_that_is_past_leaves_a_run_its_day_before_dynamodb_deletes() {
    let (env, order) = stage(|_| {}).await;
    let late = after(now(), days(20));
    env.db.reschedule(&order.id, after(now(), days(1)), late).await.unwrap();
    let item = env.db.get("keys", order.id.as_str(), "recipient").await.unwrap().unwrap();
    let ttl: i64 = item["ttl"].as_n().unwrap().parse().unwrap();
    assert_eq!(ttl, after(late, days(2)).as_second());
    assert_eq!(env.db.purgeable(late, 10).await.unwrap(), [order.id], "and it is due at once");
}

#[tokio::test]
async fn what_dynamodb_deleted_before_a_run_came_to_it_is_forgotten_whole_and_fenced() {
    let (env, order) = stage(|order| order.shipments = 1).await;
    save_merchant(&env, &order.merchant).await;
    let names = names_of(&print_everything(&env, &order).await);
    run_for(&env, 10, now()).await.unwrap();
    let due = order.milestones.purge_at(Policy::LONGEST);
    // Nobody ran it for two days and more.
    let late = after(due, days(3));
    delete_key(&env, &order.id).await;
    assert!(env.db.purgeable(late, 10).await.unwrap().is_empty(), "nothing points to it");
    let report = run_for(&env, 10, late).await.unwrap();
    assert_eq!((report.forgotten, report.failed), (1, 0));
    assert!(is_erased(&env, &order.id).await);
    for name in names {
        assert_eq!(env.documents.get(&name).await.unwrap(), None, "{name}");
    }
    assert_eq!(env.db.recipient_key(&order.id).await.unwrap(), KeyState::Erased);
    let touched = env.db.fence(&order.id, late).await.unwrap();
    assert!(touched, "a fence stands");
    assert!(env.db.purgeable(after(late, days(800)), 10).await.unwrap().is_empty(), "and is not due again");
    assert_eq!(run_for(&env, 10, after(late, days(1))).await.unwrap().forgotten, 0);
}

#[tokio::test]
async fn an_order_whose_key_is_lost_before_its_time_is_told_of_and_forgotten_when_it_is_due() {
    let (env, order) = stage(|order| order.shipments = 1).await;
    save_merchant(&env, &order.merchant).await;
    let due = order.milestones.purge_at(Policy::LONGEST);
    delete_key(&env, &order.id).await;
    for early in [now(), after(now(), days(1))] {
        let report = run_for(&env, 10, early).await.unwrap();
        assert_eq!((report.forgotten, report.failed), (0, 1), "it is told of at each run");
        let held = env.db.order(&order.id).await.unwrap().unwrap();
        assert_eq!((held.status, held.personal), (order.status, PersonalData::Live));
    }
    let report = run_for(&env, 10, due).await.unwrap();
    assert_eq!((report.forgotten, report.failed), (1, 0));
    assert!(is_erased(&env, &order.id).await);
}

#[tokio::test]
async fn a_request_for_what_dynamodb_deleted_is_carried_out() {
    let (env, order) = stage(|_| {}).await;
    delete_key(&env, &order.id).await;
    erase(&env, &order.id, "request", now()).await.unwrap();
    assert!(is_erased(&env, &order.id).await);
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
        env.db.reschedule(&order, now(), now()).await.unwrap();
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
