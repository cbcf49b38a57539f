//! The function whole, on in-memory tables: bundles, unpaid orders, mappings, rules, parts, and who comes first.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::{SignedDuration, Timestamp};
use rust_decimal::Decimal;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use waybill_allocator::{Env, Grounds, work_on};
use waybill_domain::catalogue::{Mapping, Part, Sku};
use waybill_domain::exception::Reason;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine, Readiness, UNPAID};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef, Destination, Hold, Order, Status};
use waybill_domain::places::{Address, Place};
use waybill_domain::retention::Policy as Retention;
use waybill_domain::sourcing::{Policy, Rule, Then, When};
use waybill_domain::stock::{Movement, MovementKind, Spot};
use waybill_domain::time::after;
use waybill_domain::{MerchantId, OrderId};
use waybill_privacy::recipient::Needs;
use waybill_runtime::Clock;
use waybill_runtime::directory::Merchants;
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::memory::{Calm, Engine, MemoryKms, MemoryQueues};
use waybill_store::registry::{Merchant, Warehouse};
use waybill_store::stock::picks::Request;
use waybill_store::{Db, Queue, Work};

struct Stage {
    env: Env,
    db: Db,
    kms: MemoryKms,
    queues: MemoryQueues,
    seconds: Arc<AtomicI64>,
}

fn merchant() -> MerchantId {
    "mer_00000000000000aa".parse().unwrap()
}

impl Stage {
    async fn set(part_ship: bool) -> Self {
        let calm = Arc::new(Calm);
        let db = Engine::new(calm.clone()).unwrap().db();
        let warehouse = |id: &str, priority| Warehouse {
            id: id.parse().unwrap(),
            name: id.to_owned(),
            priority,
            near: vec![],
        };
        let seller = Merchant {
            id: merchant(),
            name: "Invented".into(),
            index_key: vec![1],
            needs: Needs::default(),
            retention: Retention::LONGEST,
            part_ship,
            warehouses: vec![warehouse("wh_north", 1), warehouse("wh_south", 2)],
            services: vec![].into(),
        };
        db.save_merchant(&seller).await.unwrap();
        let seconds = Arc::new(AtomicI64::new(1_795_425_300));
        let ticking = seconds.clone();
        let clock = Clock::of(move || Timestamp::from_second(ticking.load(Ordering::Relaxed)).unwrap());
        let queues = MemoryQueues::new(calm.clone());
        let env = Env {
            merchants: Merchants::new(db.clone()),
            grounds: Grounds::new(db.clone()),
            db: db.clone(),
            queues: Arc::new(queues.clone()),
            pushes: waybill_runtime::Pushes::new(Arc::new(queues.clone()), clock.clone()),
            clock,
        };
        Self { env, db, kms: MemoryKms::new(calm).unwrap(), queues, seconds }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.seconds.load(Ordering::Relaxed)).unwrap()
    }

    fn pass(&self, time: SignedDuration) {
        self.seconds.fetch_add(time.as_secs(), Ordering::Relaxed);
    }

    async fn receive(&self, sku: &str, warehouse: &str, pieces: i64, reference: &str) {
        let slot = (sku.to_owned(), warehouse.parse().unwrap());
        self.db.receive(&merchant(), &slot, pieces, reference, self.now()).await.unwrap();
    }

    async fn take(&self, n: u8, lines: &[(&str, u32)], readiness: Readiness) -> OrderId {
        let there = Some(Destination { country: "GB".into(), postcode_area: Some("BS".into()) });
        self.arrive(n, lines, readiness, (Delivery::Ship, there)).await
    }

    async fn arrive(
        &self,
        n: u8,
        lines: &[(&str, u32)],
        readiness: Readiness,
        (delivery, destination): (Delivery, Option<Destination>),
    ) -> OrderId {
        let now = self.now();
        let line = |(place, (sku, quantity)): (usize, &(&str, u32))| IncomingLine {
            channel_line: place.to_string(),
            sku: Some((*sku).to_owned()),
            quantity: *quantity,
            sent: 0,
            ships: true,
            grams: 200,
            price: Decimal::ONE,
        };
        let incoming = Incoming {
            channel: Channel::Amazon,
            channel_ref: ChannelRef { id: n.to_string(), name: None },
            version: now,
            placed_at: now,
            cancelled_at: None,
            arrived_at: None,
            test: false,
            readiness,
            delivery,
            destination,
            lines: lines.iter().enumerate().map(line).collect(),
            total: Money { amount: Decimal::TEN, currency: "GBP".into() },
        };
        let who = Identity {
            order: format!("ord_{n:032x}").parse().unwrap(),
            merchant: merchant(),
            connection: "con_00000000000000aa".parse().unwrap(),
            lines: (0..lines.len()).map(|l| format!("lin_{n:06x}{l:06x}").parse().unwrap()).collect(),
            digest: format!("{now}"),
        };
        let arrival = Arrival {
            incoming: &incoming,
            who: &who,
            recipient: None,
            buyer: None,
            lot: None,
            policy: Retention::LONGEST,
            fresh: true,
            now,
        };
        ingest(&self.db, &self.kms, &arrival).await.unwrap();
        who.order
    }

    /// Lets the allocator work on these orders, as one batch.
    async fn allocate(&self, orders: &[&OrderId]) -> Vec<Order> {
        let work = orders.iter().map(|o| Work::Order { order: (*o).clone(), at: self.now() }).collect();
        assert!(work_on(&self.env, work).await.iter().all(Result::is_ok));
        let ids: Vec<OrderId> = orders.iter().map(|o| (*o).clone()).collect();
        let seen = self.db.verify(&merchant()).await.unwrap();
        assert_eq!(seen.difference, None);
        self.db.orders(&ids).await.unwrap()
    }

    async fn one(&self, order: &OrderId) -> Order {
        self.allocate(&[order]).await.remove(0)
    }

    async fn numbers(&self, sku: &str, warehouse: &str) -> (i64, i64) {
        let slot = (sku.to_owned(), warehouse.parse().unwrap());
        let level = self.db.level(&merchant(), &slot).await.unwrap().unwrap();
        (level.on_hand, level.reserved)
    }

    /// The order's goods leave: as the notifier says it.
    async fn send_off(&self, order: &OrderId) -> Order {
        let mut sent = self.db.order(order).await.unwrap().unwrap();
        sent.status = Status::Dispatched;
        sent.shipments = 1;
        sent.milestones.shipped = Some(self.now());
        self.db.save_order(&mut sent).await.unwrap();
        self.one(order).await
    }
}

#[tokio::test]
async fn a_bundle_reserves_and_sends_its_components() {
    let stage = Stage::set(false).await;
    let gift = Sku {
        parts: vec![Part { sku: "MUG".into(), units: 2 }, Part { sku: "TEA".into(), units: 1 }],
        ..Sku::named("GIFT")
    };
    stage.receive("MUG", "wh_north", 5, "a").await;
    stage.receive("TEA", "wh_north", 5, "a").await;
    stage.db.save_sku(&merchant(), &gift).await.unwrap();
    let order = stage.take(1, &[("GIFT", 2)], Readiness::Ready).await;
    assert_eq!(stage.one(&order).await.status, Status::Allocated);
    assert_eq!(
        (stage.numbers("MUG", "wh_north").await, stage.numbers("TEA", "wh_north").await),
        ((5, 4), (5, 2))
    );
    assert!(stage.queues.take().iter().any(|sent| sent.queue == Queue::Book));
    assert!(stage.send_off(&order).await.stock_settled);
    assert_eq!(
        (stage.numbers("MUG", "wh_north").await, stage.numbers("TEA", "wh_north").await),
        ((1, 0), (3, 0))
    );
}

#[tokio::test]
async fn channels_are_told_of_what_is_promised_and_of_what_leaves_and_of_nothing_else() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 2, "a").await;
    let told = || {
        let sent = stage.queues.take().into_iter().filter(|sent| sent.queue == Queue::Push);
        let sku = |work| match work {
            Work::Push { sku, .. } => sku,
            other => panic!("{other:?} is no push"),
        };
        sent.map(|sent| sku(sent.work)).collect::<Vec<_>>()
    };
    let order = stage.take(1, &[("MUG", 2)], Readiness::Ready).await;
    stage.one(&order).await;
    assert_eq!(told(), ["MUG"]);
    stage.seconds.fetch_add(60, Ordering::Relaxed);
    let other = stage.take(2, &[("MUG", 1)], Readiness::Ready).await;
    stage.one(&other).await;
    assert_eq!(told(), [""; 0], "it waits, and nothing moved");
    stage.send_off(&order).await;
    assert_eq!(told(), ["MUG"]);
}

#[tokio::test]
async fn an_unpaid_order_keeps_its_goods_until_its_time_is_up_and_is_never_sent() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 2, "a").await;
    let order = stage.take(1, &[("MUG", 2)], Readiness::AwaitingPayment).await;
    let held = stage.one(&order).await;
    assert_eq!((held.status, held.hold), (Status::Held, Some(Hold::AwaitingPayment)));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (2, 2));
    assert_eq!(held.due_at, Some(after(stage.now(), UNPAID)));
    assert!(stage.queues.take().iter().all(|sent| sent.queue != Queue::Book));
    // Others go without meanwhile.
    let other = stage.take(2, &[("MUG", 1)], Readiness::Ready).await;
    assert_eq!(stage.one(&other).await.status, Status::Backordered);
    stage.pass(UNPAID + SignedDuration::from_secs(1));
    let lapsed = stage.one(&order).await;
    assert!(lapsed.unpaid.unwrap().lapsed && !lapsed.holds_stock() && lapsed.due_at.is_none());
    assert_eq!(stage.one(&other).await.status, Status::Allocated);
    // Paid after all: it takes what is left, like any other.
    stage.take(1, &[("MUG", 1)], Readiness::Ready).await;
    assert_eq!(stage.one(&order).await.status, Status::Allocated);
}

/// What waits without goods of its own would be sold once more by every other channel.
#[tokio::test]
async fn what_is_held_has_its_goods_kept_and_goes_on_with_them() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 9, "a").await;
    let on_hold = stage.take(1, &[("MUG", 2)], Readiness::OnHold).await;
    let collected = stage.arrive(2, &[("MUG", 3)], Readiness::Ready, (Delivery::Pickup, None)).await;
    let lost = stage.arrive(3, &[("MUG", 1)], Readiness::Ready, (Delivery::Ship, None)).await;
    stage.queues.take();
    let orders = stage.allocate(&[&on_hold, &collected, &lost]).await;
    let why: Vec<_> = orders.iter().map(|order| (order.status, order.hold, order.due_at)).collect();
    let held = |why| (Status::Held, Some(why), None);
    assert_eq!(why, [held(Hold::Channel), held(Hold::Pickup), held(Hold::Exception)]);
    assert_eq!(orders[2].exceptions[0].reason, Reason::MissingAddress);
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 6));
    let sent: Vec<Queue> = stage.queues.take().iter().map(|sent| sent.queue).collect();
    assert_eq!(sent, [Queue::Push], "channels hear of it, and no carrier");
    let again = stage.allocate(&[&on_hold, &collected, &lost]).await;
    assert_eq!(again, orders, "a repeat writes nothing");
    // The channel lets one go, another is cancelled.
    stage.pass(SignedDuration::from_secs(5));
    stage.take(1, &[("MUG", 2)], Readiness::Ready).await;
    let mut gone = orders[1].clone();
    waybill_domain::instructions::cancel(&mut gone, stage.now()).unwrap();
    stage.db.save_order(&mut gone).await.unwrap();
    let orders = stage.allocate(&[&on_hold, &collected]).await;
    assert_eq!((orders[0].status, orders[1].holds_stock()), (Status::Allocated, false));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 3));
}

#[tokio::test]
async fn what_its_buyer_collected_leaves_the_books() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 9, "a").await;
    let order = stage.arrive(1, &[("MUG", 3)], Readiness::Ready, (Delivery::Pickup, None)).await;
    let mut collected = stage.one(&order).await;
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 3));
    (collected.status, collected.hold) = (Status::Delivered, None);
    collected.milestones.shipped = Some(stage.now());
    stage.db.save_order(&mut collected).await.unwrap();
    let done = stage.one(&order).await;
    assert_eq!((done.status, done.stock_settled, done.due_at), (Status::Delivered, true, None));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (6, 0));
}

#[tokio::test]
async fn what_is_held_has_what_is_there_and_is_looked_at_until_it_has_all() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 2, "a").await;
    stage.receive("TEA", "wh_north", 2, "a").await;
    let rule = Rule {
        name: "dear".into(),
        when: When { value_from: Some(Decimal::TEN), ..When::default() },
        then: Then { hold: true, ..Then::default() },
    };
    let unmapped = stage.take(1, &[("TEA", 2), ("B00-3", 1)], Readiness::Ready).await;
    let waits = stage.one(&unmapped).await;
    assert_eq!((waits.status, waits.exceptions[0].reason), (Status::Held, Reason::UnmappedSku));
    assert_eq!(stage.numbers("TEA", "wh_north").await, (2, 2), "of what is known, all is kept");
    stage.db.save_policy(&merchant(), &Policy { rules: vec![rule], ..Policy::default() }).await.unwrap();
    stage.pass(SignedDuration::from_mins(10));
    let dear = stage.take(2, &[("MUG", 5)], Readiness::Ready).await;
    let held = stage.one(&dear).await;
    assert_eq!((held.status, held.exceptions[0].reason), (Status::Held, Reason::HeldByRule));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (2, 2));
    let next = held.due_at.unwrap();
    stage.receive("MUG", "wh_south", 9, "b").await;
    stage.seconds.store(next.as_second(), Ordering::Relaxed);
    assert_eq!(stage.one(&dear).await.due_at, None);
    assert_eq!(stage.numbers("MUG", "wh_south").await, (9, 3));
}

#[tokio::test]
async fn what_was_kept_where_it_may_not_leave_from_is_taken_elsewhere() {
    let stage = Stage::set(false).await;
    let abroad = Rule {
        name: "abroad".into(),
        when: When { countries: vec!["IE".into()], ..When::default() },
        then: Then { only: vec!["wh_south".parse().unwrap()], ..Then::default() },
    };
    stage.db.save_policy(&merchant(), &Policy { rules: vec![abroad], ..Policy::default() }).await.unwrap();
    stage.receive("MUG", "wh_north", 2, "a").await;
    stage.receive("MUG", "wh_south", 2, "a").await;
    let order = stage.arrive(1, &[("MUG", 2)], Readiness::Ready, (Delivery::Ship, None)).await;
    stage.one(&order).await;
    assert_eq!(stage.numbers("MUG", "wh_north").await, (2, 2));
    stage.pass(SignedDuration::from_secs(5));
    let there = Some(Destination { country: "IE".into(), postcode_area: None });
    stage.arrive(1, &[("MUG", 2)], Readiness::Ready, (Delivery::Ship, there)).await;
    assert_eq!(stage.one(&order).await.status, Status::Allocated);
    let numbers = (stage.numbers("MUG", "wh_north").await, stage.numbers("MUG", "wh_south").await);
    assert_eq!(numbers, ((2, 0), (2, 2)));
}

#[tokio::test]
async fn a_merchant_says_how_long_an_unpaid_order_keeps_its_goods() {
    let stage = Stage::set(false).await;
    stage.db.save_policy(&merchant(), &Policy { unpaid_hours: 1, ..Policy::default() }).await.unwrap();
    stage.receive("MUG", "wh_north", 2, "a").await;
    let order = stage.take(1, &[("MUG", 2)], Readiness::AwaitingPayment).await;
    assert_eq!(stage.one(&order).await.due_at, Some(after(stage.now(), SignedDuration::from_hours(1))));
    stage.pass(SignedDuration::from_mins(61));
    assert!(!stage.one(&order).await.holds_stock());
}

#[tokio::test]
async fn a_mapping_lets_an_order_go_on_and_a_repeat_writes_nothing() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 9, "a").await;
    let order = stage.take(1, &[("B00-3", 2)], Readiness::Ready).await;
    let held = stage.one(&order).await;
    assert_eq!((held.status, held.exceptions[0].reason), (Status::Held, Reason::UnmappedSku));
    assert_eq!(stage.one(&order).await.rev, held.rev);
    // One without a name, and one too long to be looked up, wait as well and harm nobody.
    let (empty, long) = (String::new(), "x".repeat(3_000));
    let odd = stage.take(2, &[(&empty, 1), (&long, 1)], Readiness::Ready).await;
    let fine = stage.take(3, &[("MUG", 1)], Readiness::Ready).await;
    let decided = stage.allocate(&[&odd, &fine]).await;
    assert_eq!((decided[0].status, decided[1].status), (Status::Held, Status::Allocated));
    let mapping =
        Mapping { connection: held.connection, channel_sku: "B00-3".into(), sku: "MUG".into(), units: 3 };
    stage.db.save_mapping(&merchant(), &mapping).await.unwrap();
    let going = stage.one(&order).await;
    assert_eq!((going.status, going.hold, going.exceptions.len()), (Status::Allocated, None, 0));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 7));
}

#[tokio::test]
async fn rules_hold_orders_and_closed_warehouses_get_none() {
    let stage = Stage::set(false).await;
    let rule = Rule {
        name: "dear".into(),
        when: When { value_from: Some(Decimal::TEN), ..When::default() },
        then: Then { hold: true, ..Then::default() },
    };
    stage.db.save_policy(&merchant(), &Policy { rules: vec![rule], ..Policy::default() }).await.unwrap();
    let closed = Place {
        id: "wh_north".parse().unwrap(),
        name: "North".into(),
        priority: 1,
        near: vec![],
        active: false,
        address: Address::default(),
        cut_off: None,
        carriers: vec![],
    };
    stage.db.save_place(&merchant(), &closed).await.unwrap();
    stage.receive("MUG", "wh_north", 9, "a").await;
    stage.receive("MUG", "wh_south", 9, "b").await;
    let order = stage.take(1, &[("MUG", 1)], Readiness::Ready).await;
    let mut held = stage.one(&order).await;
    assert_eq!(held.exceptions[0].detail.as_deref(), Some("dear"));
    held.let_go = true;
    held.status = Status::Received;
    stage.db.save_order(&mut held).await.unwrap();
    let going = stage.one(&order).await;
    assert_eq!((going.status, going.exceptions.len()), (Status::Allocated, 0));
    assert_eq!(going.lines[0].allocations[0].warehouse.as_str(), "wh_south");
}

#[tokio::test]
async fn what_is_left_of_an_order_in_parts_is_sent_when_it_is_there() {
    let stage = Stage::set(true).await;
    stage.receive("MUG", "wh_north", 2, "a").await;
    let order = stage.take(1, &[("MUG", 5)], Readiness::Ready).await;
    assert_eq!(stage.one(&order).await.status, Status::PartAllocated);
    let rest = stage.send_off(&order).await;
    assert_eq!(
        (rest.status, rest.lines[0].quantity, rest.lines[0].sent, rest.rounds),
        (Status::Backordered, 3, 2, 1)
    );
    assert_eq!(stage.numbers("MUG", "wh_north").await, (0, 0));
    stage.receive("MUG", "wh_south", 3, "b").await;
    let whole = stage.one(&order).await;
    assert_eq!(whole.status, Status::Allocated);
    assert!(waybill_domain::booking::plan(&whole)[0].id.as_str().ends_with("-2"));
    let done = stage.send_off(&order).await;
    assert!(done.stock_settled && done.status == Status::Dispatched);
    assert_eq!(stage.numbers("MUG", "wh_south").await, (0, 0));
}

#[tokio::test]
async fn who_came_first_is_served_first_whatever_the_queue_says() {
    let stage = Stage::set(false).await;
    let first = stage.take(1, &[("MUG", 1)], Readiness::Ready).await;
    stage.pass(SignedDuration::from_secs(5));
    let second = stage.take(2, &[("MUG", 1)], Readiness::Ready).await;
    stage.receive("MUG", "wh_north", 1, "a").await;
    let decided = stage.allocate(&[&second, &first]).await;
    assert_eq!((decided[0].status, decided[1].status), (Status::Backordered, Status::Allocated));
}

#[tokio::test]
async fn goods_leave_from_the_bench_and_the_first_to_expire_and_what_was_packed_for_nothing_goes_back() {
    let stage = Stage::set(false).await;
    for (n, (spot, pieces)) in [("A-01", 3), ("B-01~L1~2027-01-31", 3)].into_iter().enumerate() {
        let movement = Movement::new(MovementKind::Receive, "wh_north".parse().unwrap(), pieces, stage.now())
            .between(None, Some(spot.parse().unwrap()))
            .noted(None, None, &format!("r{n}"));
        stage.db.record(&merchant(), "MUG", movement).await.unwrap();
    }
    let order = stage.take(1, &[("MUG", 4)], Readiness::Ready).await;
    stage.one(&order).await;
    let request = Request {
        id: "p1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: waybill_domain::picking::Style::Single,
        zone: None,
        orders: vec![order.clone()],
    };
    let (list, _) = stage.db.make_pick_list(&merchant(), &request, stage.now()).await.unwrap();
    let dated = list.tasks.iter().find(|task| task.quantity == 3).unwrap().n;
    let confirmed = stage.db.confirm_pick(&merchant(), "p1", dated, None, "MUG", 3, "ann", stage.now()).await;
    assert!(confirmed.unwrap().is_ok());
    // An edit: one of the packed ones is not wanted any more.
    stage.pass(SignedDuration::from_secs(9));
    stage.take(1, &[("MUG", 2)], Readiness::Ready).await;
    stage.one(&order).await;
    let slot = ("MUG".to_owned(), "wh_north".parse().unwrap());
    let spots = async || stage.db.level(&merchant(), &slot).await.unwrap().unwrap().spots;
    let lot: Spot = "B-01~L1~2027-01-31".parse().unwrap();
    let at = |place: Spot| lot.in_bin(place.bin);
    let lies = (spots().await[&at(Spot::pack())].on_hand, spots().await[&at(Spot::dock())].on_hand);
    assert_eq!(lies, (2, 1), "each lot stays what it is");
    stage.db.drop_pick_list(&merchant(), "p1").await.unwrap();
    stage.send_off(&order).await;
    assert!(spots().await.keys().all(|spot| !spot.is_packed()));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (4, 0));
}

#[tokio::test]
async fn a_stop_whose_goods_left_meanwhile_is_closed_without_taking_them_twice() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 3, "a").await;
    let order = stage.take(1, &[("MUG", 3)], Readiness::Ready).await;
    stage.one(&order).await;
    let request = Request {
        id: "p1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: waybill_domain::picking::Style::Single,
        zone: None,
        orders: vec![order.clone()],
    };
    stage.db.make_pick_list(&merchant(), &request, stage.now()).await.unwrap();
    stage.send_off(&order).await;
    for found in [3, 0] {
        let seller = merchant();
        let confirmed = stage.db.confirm_pick(&seller, "p1", 1, None, "MUG", found, "ann", stage.now());
        let again = confirmed.await.unwrap().is_err();
        assert_eq!(again, found == 0, "a stop is confirmed once");
    }
    assert_eq!(stage.numbers("MUG", "wh_north").await, (0, 0));
    assert_eq!(stage.db.verify(&merchant()).await.unwrap().difference, None);
}

#[tokio::test]
async fn a_held_order_keeps_its_goods_and_one_that_is_mapped_meanwhile_stays_held() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 9, "a").await;
    let order = stage.take(1, &[("MUG", 2)], Readiness::Ready).await;
    let mut held = stage.one(&order).await;
    waybill_domain::instructions::hold(&mut held).unwrap();
    stage.db.save_order(&mut held).await.unwrap();
    stage.queues.take();
    assert_eq!(waybill_store::work::stages(&held), [], "it is nobody's to move");
    assert_eq!(stage.one(&order).await, held, "nothing moves it");
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 2));
    assert!(stage.queues.take().iter().all(|sent| sent.queue != Queue::Book));
    waybill_domain::instructions::release(&mut held, stage.now()).unwrap();
    stage.db.save_order(&mut held).await.unwrap();
    assert_eq!(stage.one(&order).await.status, Status::Allocated);
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 2), "and nothing is promised twice");

    let order = stage.take(2, &[("B00-3", 2)], Readiness::Ready).await;
    let mut held = stage.one(&order).await;
    waybill_domain::instructions::hold(&mut held).unwrap();
    stage.db.save_order(&mut held).await.unwrap();
    let mapping =
        Mapping { connection: held.connection, channel_sku: "B00-3".into(), sku: "MUG".into(), units: 3 };
    stage.db.save_mapping(&merchant(), &mapping).await.unwrap();
    let mapped = stage.one(&order).await;
    assert_eq!((mapped.status, mapped.hold, mapped.due_at), (Status::Held, Some(Hold::Merchant), None));
    assert_eq!(stage.numbers("MUG", "wh_north").await, (9, 8));
}

#[tokio::test]
async fn an_order_that_is_to_leave_whole_is_reserved_whole_or_not_at_all() {
    let stage = Stage::set(true).await;
    stage.receive("MUG", "wh_north", 2, "a").await;
    let order = stage.take(1, &[("MUG", 5)], Readiness::Ready).await;
    let mut told = stage.db.order(&order).await.unwrap().unwrap();
    waybill_domain::instructions::instruct(&mut told, true, None, stage.now()).unwrap();
    stage.db.save_order(&mut told).await.unwrap();
    assert_eq!(stage.one(&order).await.status, Status::Backordered);
    assert_eq!(stage.numbers("MUG", "wh_north").await, (2, 0));
}

/// One transaction has room for 49 levels and their movements; an order of more articles goes in several.
#[tokio::test]
async fn an_order_of_more_articles_than_a_transaction_takes_is_promised_given_back_and_sent() {
    let stage = Stage::set(false).await;
    let names: Vec<String> = (0..60).map(|n| format!("SKU-{n:03}")).collect();
    let lines: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 2)).collect();
    for name in &names {
        stage.receive(name, "wh_north", 3, "a").await;
    }
    let order = stage.take(1, &lines, Readiness::Ready).await;
    let small = stage.take(2, &[("SKU-059", 1)], Readiness::Ready).await;
    let decided = stage.allocate(&[&order, &small]).await;
    assert!(decided.iter().all(|one| one.status == Status::Allocated));
    assert_eq!(stage.numbers("SKU-059", "wh_north").await, (3, 3));
    // Not one piece less: what another order lacks is seen at once.
    let late = stage.take(3, &lines, Readiness::Ready).await;
    assert_eq!(stage.one(&late).await.status, Status::Backordered);
    let sent = stage.send_off(&order).await;
    assert!(sent.stock_settled && sent.gone.is_empty());
    assert_eq!(stage.numbers("SKU-000", "wh_north").await, (1, 0));
    assert_eq!(stage.numbers("SKU-059", "wh_north").await, (1, 1));
    for name in &names {
        stage.receive(name, "wh_south", 2, "b").await;
    }
    assert_eq!(stage.one(&late).await.status, Status::Allocated);
    stage.pass(SignedDuration::from_secs(9));
    stage.take(3, &lines[..1], Readiness::Ready).await;
    assert_eq!(stage.one(&late).await.status, Status::Allocated);
    assert_eq!(stage.numbers("SKU-050", "wh_south").await, (2, 0));
}

/// Between two transactions of a large dispatch the function may die: whoever comes next goes on from there.
#[tokio::test]
async fn a_large_order_of_which_a_part_has_left_goes_on_where_it_stopped() {
    let stage = Stage::set(false).await;
    let names: Vec<String> = (0..60).map(|n| format!("SKU-{n:03}")).collect();
    let lines: Vec<(&str, u32)> = names.iter().map(|name| (name.as_str(), 1)).collect();
    for name in &names {
        stage.receive(name, "wh_north", 1, "a").await;
    }
    let order = stage.take(1, &lines, Readiness::Ready).await;
    stage.one(&order).await;
    let mut sent = stage.db.order(&order).await.unwrap().unwrap();
    sent.status = Status::Dispatched;
    sent.shipments = 1;
    sent.milestones.shipped = Some(stage.now());
    stage.db.save_order(&mut sent).await.unwrap();
    // The goods of the last article are missing from the books: the second transaction cannot be.
    let slot = ("SKU-059".to_owned(), "wh_north".parse().unwrap());
    stage.db.corrupt_level(&merchant(), &slot, "reserved", -1).await.unwrap();
    let work = || vec![Work::Order { order: order.clone(), at: stage.now() }];
    assert!(work_on(&stage.env, work()).await[0].is_err());
    let half = stage.db.order(&order).await.unwrap().unwrap();
    assert!(half.gone.len() == 49 && half.holds_stock(), "{} gone", half.gone.len());
    assert_eq!(stage.numbers("SKU-000", "wh_north").await, (0, 0));
    stage.db.corrupt_level(&merchant(), &slot, "reserved", 1).await.unwrap();
    let whole = stage.one(&order).await;
    assert!(whole.stock_settled && whole.gone.is_empty());
    assert_eq!(stage.numbers("SKU-059", "wh_north").await, (0, 0));
}

#[tokio::test]
async fn what_an_order_gives_back_wakes_those_that_wait_for_it_the_first_first() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 2, "a").await;
    stage.receive("TEA", "wh_north", 1, "a").await;
    let holder = stage.take(1, &[("MUG", 2)], Readiness::Ready).await;
    stage.one(&holder).await;
    let mut waiting = Vec::new();
    for (n, sku) in [(5, "MUG"), (4, "MUG"), (3, "TEA")] {
        stage.pass(SignedDuration::from_secs(5));
        let order = stage.take(n, &[(sku, 2)], Readiness::Ready).await;
        assert_eq!(stage.one(&order).await.status, Status::Backordered);
        waiting.push(order);
    }
    stage.queues.take();
    let mut cancelled = stage.db.order(&holder).await.unwrap().unwrap();
    cancelled.status = Status::Cancelled;
    stage.db.save_order(&mut cancelled).await.unwrap();
    stage.one(&holder).await;
    let sent = stage.queues.take().into_iter().filter(|sent| sent.queue == Queue::Allocate);
    let woken: Vec<OrderId> = sent
        .map(|sent| match sent.work {
            Work::Order { order, .. } => order,
            other => panic!("{other:?} is no order"),
        })
        .collect();
    assert_eq!(woken, waiting[..2]);
    let decided = stage.allocate(&[&woken[1], &woken[0]]).await;
    assert_eq!((decided[0].status, decided[1].status), (Status::Backordered, Status::Allocated));
}

#[tokio::test]
async fn an_order_that_waits_is_not_overtaken_by_a_later_one_it_is_decided_with() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 3, "a").await;
    stage.receive("TEA", "wh_north", 9, "a").await;
    let first = stage.take(1, &[("MUG", 5), ("TEA", 1)], Readiness::Ready).await;
    stage.pass(SignedDuration::from_secs(5));
    let second = stage.take(2, &[("MUG", 1)], Readiness::Ready).await;
    let third = stage.take(3, &[("TEA", 9)], Readiness::Ready).await;
    let decided = stage.allocate(&[&third, &second, &first]).await;
    let status: Vec<Status> = decided.iter().map(|order| order.status).collect();
    assert_eq!(status, [Status::Allocated, Status::Backordered, Status::Backordered]);
    stage.receive("MUG", "wh_south", 3, "b").await;
    stage.receive("TEA", "wh_south", 1, "b").await;
    let decided = stage.allocate(&[&second, &first]).await;
    assert!(decided.iter().all(|order| order.status == Status::Allocated));
}

#[tokio::test]
async fn goods_that_come_in_go_to_who_waits_first_though_only_a_newer_order_is_decided() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 1, "z").await;
    let mut waiting = Vec::new();
    for n in 1..=2 {
        let order = stage.take(n, &[("MUG", 2)], Readiness::Ready).await;
        stage.pass(SignedDuration::from_secs(5));
        assert_eq!(stage.one(&order).await.status, Status::Backordered);
        waiting.push(order);
    }
    stage.receive("MUG", "wh_north", 2, "a").await;
    let second = stage.one(&waiting[1]).await;
    assert_eq!(second.status, Status::Backordered);
    assert_eq!(stage.db.order(&waiting[0]).await.unwrap().unwrap().status, Status::Allocated);
    stage.receive("MUG", "wh_south", 1, "b").await;
    let newer = stage.take(3, &[("MUG", 1)], Readiness::Ready).await;
    let newer = stage.one(&newer).await;
    // Two pieces in two places make the second whole; then there is none left for the newest.
    assert_eq!(stage.db.order(&waiting[1]).await.unwrap().unwrap().status, Status::Allocated);
    assert_eq!(newer.status, Status::Backordered);
    assert_eq!(stage.numbers("MUG", "wh_north").await, (3, 3));
}

#[tokio::test]
async fn who_waits_and_came_after_the_one_that_is_decided_is_not_passed_by_a_newer_one() {
    let stage = Stage::set(false).await;
    let mut waiting = Vec::new();
    stage.receive("MUG", "wh_north", 1, "z").await;
    for n in 1..=2 {
        let order = stage.take(n, &[("MUG", 2)], Readiness::Ready).await;
        stage.pass(SignedDuration::from_secs(5));
        assert_eq!(stage.one(&order).await.status, Status::Backordered);
        waiting.push(order);
    }
    stage.receive("MUG", "wh_north", 3, "a").await;
    assert_eq!(stage.one(&waiting[0]).await.status, Status::Allocated);
    let newer = stage.take(3, &[("MUG", 2)], Readiness::Ready).await;
    assert_eq!(stage.one(&newer).await.status, Status::Backordered);
    assert_eq!(stage.db.order(&waiting[1]).await.unwrap().unwrap().status, Status::Allocated);
}

#[tokio::test]
async fn what_those_who_wait_cannot_use_is_sold_and_nobody_is_asked_twice_about_it() {
    let stage = Stage::set(false).await;
    stage.receive("MUG", "wh_north", 1, "z").await;
    let large = stage.take(1, &[("MUG", 9)], Readiness::Ready).await;
    assert_eq!(stage.one(&large).await.status, Status::Backordered);
    let before = stage.db.order(&large).await.unwrap().unwrap();
    stage.pass(SignedDuration::from_secs(5));
    stage.receive("MUG", "wh_north", 3, "a").await;
    let slot = ("MUG".to_owned(), "wh_north".parse().unwrap());
    assert!(stage.db.level(&merchant(), &slot).await.unwrap().unwrap().is_news());
    let small = stage.take(2, &[("MUG", 1)], Readiness::Ready).await;
    assert_eq!(stage.one(&small).await.status, Status::Allocated);
    assert!(!stage.db.level(&merchant(), &slot).await.unwrap().unwrap().is_news());
    assert_eq!(stage.db.order(&large).await.unwrap().unwrap(), before, "asked, and not written");
    // What somebody gives back is news again.
    let mut cancelled = stage.db.order(&small).await.unwrap().unwrap();
    cancelled.status = Status::Cancelled;
    stage.db.save_order(&mut cancelled).await.unwrap();
    stage.one(&small).await;
    assert!(stage.db.level(&merchant(), &slot).await.unwrap().unwrap().is_news());
}

#[tokio::test]
async fn where_labels_wait_for_the_bench_an_order_stands_until_it_is_packed_and_a_short_pick_finds_other_goods()
 {
    let stage = Stage::set(false).await;
    let then = Then { book_when_packed: Some(true), ..Then::default() };
    let when = When { channels: vec![Channel::Amazon], ..When::default() };
    let policy = Policy { rules: vec![Rule { name: "bench".into(), when, then }], ..Policy::default() };
    stage.db.save_policy(&merchant(), &policy).await.unwrap();
    stage.receive("MUG", "wh_north", 3, "a").await;
    stage.receive("MUG", "wh_south", 2, "b").await;
    let order = stage.take(1, &[("MUG", 2)], Readiness::Ready).await;
    let waits = stage.one(&order).await;
    assert_eq!((waits.status, waits.due_at), (Status::Allocated, None));
    assert_eq!(waybill_store::work::stages(&waits), []);
    assert!(stage.queues.take().iter().all(|sent| sent.queue != Queue::Book));
    let request = Request {
        id: "p1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: waybill_domain::picking::Style::Single,
        zone: None,
        orders: vec![order.clone()],
    };
    stage.db.make_pick_list(&merchant(), &request, stage.now()).await.unwrap();
    let short = stage.db.confirm_pick(&merchant(), "p1", 1, None, "MUG", 1, "ann", stage.now()).await;
    assert_eq!(short.unwrap().unwrap().again, std::slice::from_ref(&order));
    let mut again = stage.one(&order).await;
    assert_eq!((again.status, again.due_at, again.lines[0].allocated()), (Status::Allocated, None, 2));
    for (place, goods) in waybill_domain::packing::by_warehouse(&again) {
        let parcel = waybill_domain::packing::Packed { goods, name: None, grams: 400 };
        again.bench.packed.insert(place, vec![parcel]);
    }
    stage.db.save_order(&mut again).await.unwrap();
    assert_eq!(waybill_store::work::stages(&again), [Queue::Book]);
    // Edited after it was packed: the parcel is opened again.
    stage.pass(SignedDuration::from_secs(9));
    stage.take(1, &[("MUG", 1)], Readiness::Ready).await;
    let edited = stage.one(&order).await;
    assert!(edited.bench.packed.is_empty() && waybill_store::work::stages(&edited).is_empty());
}

#[tokio::test]
async fn what_is_past_its_day_is_neither_promised_nor_picked_and_leaves_last() {
    let stage = Stage::set(false).await;
    let today = waybill_domain::service::local_date(stage.now());
    let spot = |bin: &str, day: jiff::civil::Date| format!("{bin}~L~{day}").parse::<Spot>().unwrap();
    let (past, last) = (spot("A-01", today.yesterday().unwrap()), spot("B-01", today));
    for (n, (spot, pieces)) in [(&past, 5), (&last, 3)].into_iter().enumerate() {
        let movement = Movement::new(MovementKind::Receive, "wh_north".parse().unwrap(), pieces, stage.now())
            .between(None, Some(spot.clone()))
            .noted(None, None, &format!("r{n}"));
        stage.db.record(&merchant(), "MUG", movement).await.unwrap();
    }
    let four = stage.take(1, &[("MUG", 4)], Readiness::Ready).await;
    assert_eq!(stage.one(&four).await.status, Status::Backordered);
    let three = stage.take(2, &[("MUG", 3)], Readiness::Ready).await;
    assert_eq!(stage.one(&three).await.status, Status::Allocated);
    // Two batches that read the shelf at the same moment: the books themselves refuse the second.
    let slot = ("MUG".to_owned(), "wh_north".parse().unwrap());
    let mut late = stage.db.order(&four).await.unwrap().unwrap();
    let change = waybill_store::stock::SlotChange {
        orders: vec![(four.clone(), 1)],
        past: 5,
        ..waybill_store::stock::SlotChange::default()
    };
    let changes = [(slot.clone(), change)].into();
    let how = waybill_store::stock::Settling::Promises;
    let seller = merchant();
    let settled = stage.db.settle(&seller, how, &changes, std::slice::from_mut(&mut late), stage.now());
    assert!(settled.await.is_err());
    let request = Request {
        id: "p1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: waybill_domain::picking::Style::Single,
        zone: None,
        orders: vec![three.clone()],
    };
    let (list, missing) = stage.db.make_pick_list(&merchant(), &request, stage.now()).await.unwrap();
    let stops: Vec<&Spot> = list.tasks.iter().map(|task| &task.spot).collect();
    assert!(stops == [&last] && missing.is_empty());
    stage.db.drop_pick_list(&merchant(), "p1").await.unwrap();
    stage.send_off(&three).await;
    let left = stage.db.level(&merchant(), &slot).await.unwrap().unwrap();
    assert_eq!((left.spots[&past].on_hand, left.past(today), left.good_on(today).available), (5, 5, 0));
}
