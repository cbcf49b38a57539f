//! What the clock counts, brought about in memory.

use crate::points;
use crate::{Case, Course, midnight};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waybill_clock::{Env, tick};
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::{Channel, Status};
use waybill_domain::polling::Cursor;
use waybill_domain::rate::Rate;
use waybill_domain::retention::Policy;
use waybill_domain::subscription::{Off, Reason, State};
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_runtime::metrics::{Service, line};
use waybill_store::Db;
use waybill_store::budget::EVERY_CALL;
use waybill_store::ingest::keep_unreadable;
use waybill_store::memory::{Calm, Engine, MemoryKms, MemoryQueues};
use waybill_store::registry::{Connection, ConnectionState, Kind};
use waybill_store::subscriptions::Subscription;

struct Stage {
    env: Env,
    kms: MemoryKms,
}

fn id() -> ConnectionId {
    "con_00000000000000aa".parse().unwrap()
}

fn merchant() -> MerchantId {
    "mer_00000000000000aa".parse().unwrap()
}

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

impl Stage {
    fn set() -> Self {
        let calm = Arc::new(Calm);
        let db = Engine::new(calm.clone()).unwrap().db();
        let kms = MemoryKms::new(calm.clone()).unwrap();
        Self { env: Env { db, queues: Arc::new(MemoryQueues::new(calm)) }, kms }
    }

    fn db(&self) -> &Db {
        &self.env.db
    }

    /// An account in use, and a channel that was read just now.
    async fn connected(kind: Kind) -> Self {
        let stage = Self::set();
        let connection = Connection {
            id: id(),
            merchant: merchant(),
            kind,
            state: ConnectionState::Active,
            address: "https://shop.example.invalid".into(),
            tracking_address: None,
            token_address: None,
            keys_address: None,
            places: BTreeMap::new(),
            credentials: Vec::new(),
        };
        stage.db().save_connection(&connection).await.unwrap();
        if kind.channel().is_some() {
            stage.db().save_cursor(&id(), &mut Cursor::starting(midnight())).await.unwrap();
        }
        stage
    }

    /// An order that came at midnight and stands so.
    async fn order(status: Status) -> Self {
        let stage = Self::set();
        let who = Identity {
            order: "ord_00000000000000000000000000000001".parse().unwrap(),
            merchant: merchant(),
            connection: id(),
            lines: vec![],
            digest: "a".into(),
        };
        let mut order = unreadable(Channel::Shopify, &who, "text".into(), midnight());
        order.status = status;
        order.exceptions.clear();
        order.due_at = Some(midnight());
        keep_unreadable(stage.db(), &stage.kms, &order, b"{", Policy::LONGEST, midnight()).await.unwrap();
        stage
    }

    /// A tick every minute; what each told CloudWatch.
    async fn ticks(&self, from: Timestamp, count: i64) -> Course {
        let mut points = Vec::new();
        for n in 0..count {
            let now = after(from, minutes(n));
            let report = tick(&self.env, now).await.unwrap();
            points.extend(points::of(&line(Service::Clock, &report.counts(), now)));
        }
        Course { points, until: after(from, minutes(count)) }
    }
}

pub async fn cases() -> BTreeMap<&'static str, Case> {
    BTreeMap::from([
        ("OrdersStuckAlarm", stuck().await),
        ("ClockStoppedAlarm", stopped().await),
        ("ChannelSilentAlarm", silent().await),
        ("ConnectionRefusedAlarm", refused().await),
        ("BudgetSpentAlarm", spent().await),
        ("SubscriptionOffAlarm", off().await),
    ])
}

async fn stuck() -> Case {
    let a_day_later = after(midnight(), minutes(24 * 60));
    let bad = Stage::order(Status::Allocated).await.ticks(a_day_later, 30).await;
    Case { bad, good: Stage::order(Status::Backordered).await.ticks(a_day_later, 30).await }
}

async fn stopped() -> Case {
    let good = Stage::set().ticks(midnight(), 10).await;
    let bad = Course { until: after(good.until, minutes(10)), points: good.points.clone() };
    Case { bad, good }
}

async fn silent() -> Case {
    // Read at midnight and not since; first for an hour, then for longer.
    let stage = Stage::connected(Kind::Shopify).await;
    let good = stage.ticks(midnight(), 60).await;
    Case { bad: stage.ticks(after(midnight(), minutes(75)), 30).await, good }
}

async fn refused() -> Case {
    let stage = Stage::connected(Kind::RoyalMail).await;
    let good = stage.ticks(midnight(), 15).await;
    stage.db().set_connection_state(&id(), ConnectionState::Refused).await.unwrap();
    Case { bad: stage.ticks(after(midnight(), minutes(15)), 15).await, good }
}

async fn off() -> Case {
    let stage = Stage::set();
    let subscription = Subscription {
        id: "sub_00000000000000aa".parse().unwrap(),
        merchant: merchant(),
        url: "https://events.example.invalid".into(),
        topics: BTreeSet::new(),
        state: State::Off,
        off: Some(Off { reason: Reason::Failing, at: midnight() }),
        failing_since: Some(midnight()),
        made_at: midnight(),
        secrets: Vec::new(),
        previous_until: None,
        secret_by: "invented".into(),
        rev: 0,
    };
    stage.db().list_off(&subscription).await.unwrap();
    let bad = stage.ticks(midnight(), 30).await;
    stage.db().not_off(&subscription.id).await.unwrap();
    Case { bad, good: stage.ticks(after(midnight(), minutes(30)), 30).await }
}

async fn spent() -> Case {
    let rate = Rate { every: SignedDuration::from_secs(60), burst: 10 };
    let hour = async |stage: Stage| stage.ticks(midnight(), 60).await;
    // One moment of haste is made up for within the hour; being told to wait for it is not.
    let hasty = Stage::connected(Kind::RoyalMail).await;
    assert_eq!(hasty.db().take_calls(&id(), EVERY_CALL, rate, 10, midnight()).await.unwrap(), None);
    let told = Stage::connected(Kind::RoyalMail).await;
    told.db().told_to_wait(&id(), EVERY_CALL, rate, minutes(90), midnight()).await.unwrap();
    Case { bad: hour(told).await, good: hour(hasty).await }
}
