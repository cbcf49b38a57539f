//! The function whole, on in-memory tables.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_clock::{Accounts, Env, Report, accounts, tick};
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::{Channel, Hold, Order, Status};
use waybill_domain::polling::Cursor;
use waybill_domain::rate::Rate;
use waybill_domain::retention::Policy;
use waybill_domain::time::after;
use waybill_store::Queue;
use waybill_store::ingest::keep_unreadable;
use waybill_store::memory::{Calm, Engine, MemoryKms, MemoryQueues};
use waybill_store::registry::{Connection, ConnectionState, Kind};

fn now() -> Timestamp {
    // No quarter of an hour, so accounts are not looked at.
    Timestamp::from_second(1_795_425_360).unwrap()
}

struct Stage {
    env: Env,
    queues: MemoryQueues,
}

impl Stage {
    /// One order that is due and stands so.
    async fn set(stand: impl FnOnce(&mut Order)) -> (Self, Order) {
        let calm = Arc::new(Calm);
        let db = Engine::new(calm.clone()).unwrap().db();
        let kms = MemoryKms::new(calm.clone()).unwrap();
        let queues = MemoryQueues::new(calm);
        let who = Identity {
            order: "ord_00000000000000000000000000000001".parse().unwrap(),
            merchant: "mer_00000000000000aa".parse().unwrap(),
            connection: "con_00000000000000aa".parse().unwrap(),
            lines: vec![],
            digest: "a".into(),
        };
        let mut order = unreadable(Channel::Shopify, &who, "text".into(), now());
        order.due_at = Some(now());
        stand(&mut order);
        keep_unreadable(&db, &kms, &order, b"{", Policy::LONGEST, now()).await.unwrap();
        (Self { env: Env { db, queues: Arc::new(queues.clone()) }, queues }, order)
    }

    async fn tick(&self, at: Timestamp) -> Report {
        tick(&self.env, at).await.unwrap()
    }
}

#[tokio::test]
async fn what_is_due_goes_to_its_queue_and_is_looked_at_again() {
    let (stage, order) = Stage::set(|order| order.status = Status::Received).await;
    assert_eq!(stage.tick(now()).await.moved, 1);
    assert_eq!(stage.queues.take().pop().map(|sent| sent.queue), Some(Queue::Allocate));
    let due = stage.env.db.order(&order.id).await.unwrap().unwrap().due_at;
    assert_eq!(due, Some(after(now(), SignedDuration::from_mins(15))));
}

#[tokio::test]
async fn what_calls_for_nothing_is_looked_at_once() {
    let stand = |order: &mut Order| order.hold = Some(Hold::Channel);
    let (stage, order) = Stage::set(stand).await;
    assert_eq!(stage.tick(now()).await, Report { idle: 1, ..Report::default() });
    assert_eq!(stage.env.db.order(&order.id).await.unwrap().unwrap().due_at, None);
    let later = after(now(), SignedDuration::from_hours(24));
    assert_eq!(stage.tick(later).await, Report::default());
}

#[tokio::test]
async fn an_order_that_stands_in_the_middle_of_the_road_for_a_day_is_counted() {
    let day = SignedDuration::from_hours(24);
    for (status, stuck) in [
        (Status::Received, 1),
        (Status::Allocated, 1),
        (Status::Booked, 1),
        (Status::Backordered, 0),
        (Status::Dispatched, 0),
        (Status::Held, 0),
    ] {
        let (stage, _) = Stage::set(|order| {
            order.status = status;
            order.exceptions.clear();
        })
        .await;
        let soon = after(now(), SignedDuration::from_mins(20));
        assert_eq!(stage.tick(soon).await.stuck, 0, "{status:?}");
        assert_eq!(stage.tick(after(now(), day)).await.stuck, stuck, "{status:?}");
    }
    // A person is asked to act: it is in the inbox, and no alarm.
    let (stage, _) = Stage::set(|order| order.status = Status::Allocated).await;
    assert_eq!(stage.tick(after(now(), day)).await.stuck, 0);
}

#[tokio::test]
async fn every_quarter_of_an_hour_accounts_are_looked_at_and_only_those_in_use_count() {
    let (stage, _) = Stage::set(|order| order.status = Status::Held).await;
    let quarter = after(now(), SignedDuration::from_mins(14));
    assert_eq!(stage.tick(after(quarter, SignedDuration::from_mins(1))).await.accounts, None);
    assert_eq!(stage.tick(quarter).await.accounts, Some(Accounts::default()));
    let id = "con_00000000000000aa".parse().unwrap();
    let connection = Connection {
        id,
        merchant: "mer_00000000000000aa".parse().unwrap(),
        kind: Kind::Amazon,
        state: ConnectionState::Active,
        address: "https://shop.example.invalid".into(),
        tracking_address: None,
        token_address: None,
        keys_address: None,
        places: Default::default(),
        credentials: Vec::new(),
    };
    let db = &stage.env.db;
    db.save_connection(&connection).await.unwrap();
    let rate = Rate { every: SignedDuration::from_secs(180), burst: 20 };
    db.told_to_wait(&connection.id, "search", rate, SignedDuration::from_mins(5), quarter).await.unwrap();
    let look = async || accounts(db, quarter).await.unwrap();
    assert_eq!(
        look().await,
        Accounts { silent: 1, spent: 1, refused: 0, off: 0 },
        "never read, told to wait"
    );
    db.save_cursor(&connection.id, &mut Cursor::starting(after(quarter, SignedDuration::from_mins(-60))))
        .await
        .unwrap();
    assert_eq!(look().await, Accounts { silent: 0, spent: 1, refused: 0, off: 0 }, "read an hour ago");
    db.stop_operation(&connection.id, "stock", after(quarter, SignedDuration::from_mins(1))).await.unwrap();
    assert_eq!(look().await, Accounts { silent: 0, spent: 1, refused: 1, off: 0 }, "no right to tell stock");
    db.resume_operations(&connection.id, quarter).await.unwrap();
    assert_eq!(look().await, Accounts { silent: 0, spent: 1, refused: 0, off: 0 }, "resumed");
    for (state, refused) in
        [(ConnectionState::Paused, 0), (ConnectionState::Refused, 1), (ConnectionState::Disconnected, 0)]
    {
        db.set_connection_state(&connection.id, state).await.unwrap();
        assert_eq!(look().await, Accounts { silent: 0, spent: 0, refused, off: 0 }, "{state:?}");
    }
}
