//! Stock against the in-memory engine: by hand, counted, transferred, picked, and proved.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use rust_decimal::Decimal;
use std::sync::Arc;
use waybill_domain::allocation::Slot;
use waybill_domain::catalogue::{Mapping, Part, Sku};
use waybill_domain::exception::Reason;
use waybill_domain::intake::{Decision, Delivery, Identity, Incoming, IncomingLine, decide};
use waybill_domain::money::Money;
use waybill_domain::order::{Allocation, Channel, ChannelRef, Destination, Hold, Order, Status};
use waybill_domain::picking::{Style, Wrong};
use waybill_domain::places::{Bin, BinKind};
use waybill_domain::stock::{Movement, MovementKind, Spot, Why};
use waybill_domain::{MerchantId, OrderId};
use waybill_privacy::Recipient;
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::memory::{Calm, Engine, MemoryKms};
use waybill_store::stock::by_hand::Recorded;
use waybill_store::stock::counts::{Approval, CountState};
use waybill_store::stock::picks::{NotConfirmed, Request};
use waybill_store::stock::transfers::Transfer;
use waybill_store::stock::verify::Seen;
use waybill_store::stock::{BatchChanges, Settling, SlotChange};
use waybill_store::{Db, StoreError};

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_790_000_000 + second).unwrap()
}

fn merchant() -> MerchantId {
    "mer_00000000000000aa".parse().unwrap()
}

fn slot(sku: &str, warehouse: &str) -> Slot {
    (sku.to_owned(), warehouse.parse().unwrap())
}

fn spot(text: &str) -> Spot {
    text.parse().unwrap()
}

struct Stage {
    db: Db,
    kms: MemoryKms,
}

impl Stage {
    fn set() -> Self {
        let calm = Arc::new(Calm);
        Self { db: Engine::new(calm.clone()).unwrap().db(), kms: MemoryKms::new(calm).unwrap() }
    }

    async fn by_hand(
        &self,
        kind: MovementKind,
        quantity: i64,
        from: Option<&str>,
        to: Option<&str>,
        reference: &str,
    ) -> Recorded {
        let movement = Movement::new(kind, "wh_north".parse().unwrap(), quantity, at(1))
            .between(from.map(spot), to.map(spot))
            .noted(Some(Why::Correction), Some("someone"), reference);
        self.db.record(&merchant(), "TEE", movement).await.unwrap()
    }

    /// An order that holds `quantity` pieces of `sku` in the north.
    async fn holding(&self, n: u8, sku: &str, quantity: u32) -> OrderId {
        let order = order(n, sku, quantity);
        let incoming = incoming(n, sku, quantity);
        let who = who(n);
        let arrival = Arrival {
            incoming: &incoming,
            who: &who,
            recipient: None::<&Recipient>,
            buyer: None,
            lot: None,
            policy: waybill_domain::retention::Policy::LONGEST,
            fresh: false,
            now: at(0),
        };
        ingest(&self.db, &self.kms, &arrival).await.unwrap();
        let mut held = self.db.order(&order.id).await.unwrap().unwrap();
        held.status = Status::Allocated;
        let place = "wh_north".parse().unwrap();
        held.lines[0].allocations = vec![Allocation { warehouse: place, quantity }];
        let change =
            SlotChange { orders: vec![(held.id.clone(), i64::from(quantity))], ..SlotChange::default() };
        let changes = BatchChanges::from([(slot(sku, "wh_north"), change)]);
        let mut orders = [held];
        self.db
            .settle(&merchant(), Settling::Promises, &changes, &mut orders, at(i64::from(n)))
            .await
            .unwrap();
        order.id
    }

    async fn level(&self) -> (i64, i64, i64, i64) {
        let level = self.db.level(&merchant(), &slot("TEE", "wh_north")).await.unwrap().unwrap();
        assert!(level.is_sound(), "{level:?}");
        (level.on_hand, level.reserved, level.available, level.quarantined)
    }

    async fn verify(&self) -> Seen {
        self.db.verify(&merchant()).await.unwrap()
    }

    async fn clean(&self) {
        let seen = self.verify().await;
        assert_eq!(seen.difference, None);
        assert!(seen.skus > 0);
    }
}

fn incoming(n: u8, sku: &str, quantity: u32) -> Incoming {
    Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: n.to_string(), name: None },
        version: at(0),
        placed_at: at(0),
        cancelled_at: None,
        arrived_at: None,
        test: false,
        readiness: waybill_domain::intake::Readiness::Ready,
        delivery: Delivery::Ship,
        destination: Some(Destination { country: "GB".into(), postcode_area: Some("BS".into()) }),
        lines: vec![IncomingLine {
            channel_line: "1".into(),
            sku: Some(sku.into()),
            quantity,
            sent: 0,
            ships: true,
            grams: 200,
            price: Decimal::ONE,
        }],
        total: Money { amount: Decimal::ONE, currency: "GBP".into() },
    }
}

fn who(n: u8) -> Identity {
    Identity {
        order: format!("ord_{n:032x}").parse().unwrap(),
        merchant: merchant(),
        connection: "con_00000000000000aa".parse().unwrap(),
        lines: vec![format!("lin_{n:012x}").parse().unwrap()],
        digest: "a".into(),
    }
}

fn order(n: u8, sku: &str, quantity: u32) -> Order {
    match decide(None, &incoming(n, sku, quantity), &who(n), false, at(0)) {
        Decision::Create(order) => *order,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_movement_happens_once_and_never_takes_what_is_not_there() {
    use MovementKind::{FromQuarantine, Move, Quarantine, Receive, ReturnToQuarantine, Scrap, WriteOff};
    let stage = Stage::set();
    assert_eq!(stage.by_hand(Receive, 10, None, Some("DOCK"), "PO-1").await, Recorded::Done);
    assert_eq!(stage.by_hand(Receive, 10, None, Some("DOCK"), "PO-1").await, Recorded::Repeat);
    assert_eq!(stage.by_hand(Receive, 11, None, Some("DOCK"), "PO-1").await, Recorded::Different);
    assert_eq!(stage.by_hand(Move, 6, Some("DOCK"), Some("A-01~L1~2027-01-31"), "m1").await, Recorded::Done);
    assert_eq!(stage.by_hand(Move, 5, Some("DOCK"), Some("A-02"), "m2").await, Recorded::Short);
    stage.holding(1, "TEE", 7).await;
    // Seven are promised: only three can be written off.
    assert_eq!(stage.by_hand(WriteOff, 4, Some("DOCK"), None, "w1").await, Recorded::Short);
    assert_eq!(stage.by_hand(WriteOff, 2, Some("DOCK"), None, "w2").await, Recorded::Done);
    assert_eq!(stage.by_hand(Quarantine, 1, Some("DOCK"), None, "q1").await, Recorded::Done);
    assert_eq!(stage.by_hand(ReturnToQuarantine, 2, None, None, "r1").await, Recorded::Done);
    assert_eq!(stage.by_hand(FromQuarantine, 2, None, Some("A-02"), "f1").await, Recorded::Done);
    assert_eq!(stage.by_hand(Scrap, 2, None, None, "s1").await, Recorded::Short);
    assert_eq!(stage.by_hand(Scrap, 1, None, None, "s2").await, Recorded::Done);
    assert_eq!(stage.level().await, (9, 7, 2, 0));
    stage.clean().await;
}

#[tokio::test]
async fn a_count_is_blind_and_a_large_difference_needs_a_second_person() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 10, None, Some("A-01"), "PO-1").await;
    let place = slot("TEE", "wh_north");
    let count = async |counted, reference: &str| {
        let (who, bin) = (merchant(), spot("A-01"));
        let taken = stage.db.take_count(&who, &place, &bin, counted, 2, reference, "ann", at(5));
        taken.await.unwrap()
    };
    assert_eq!(count(10, "c1").await.unwrap().state, CountState::Booked);
    assert_eq!(count(9, "c2").await.unwrap().state, CountState::Booked);
    assert_eq!(stage.level().await.0, 9);
    let large = count(3, "c3").await.unwrap();
    assert_eq!((large.state, large.expected), (CountState::Waiting, 9));
    assert_eq!(stage.level().await.0, 9);
    // The same reference again says what it led to, whatever is counted now.
    assert_eq!(count(9, "c3").await.unwrap(), large);
    let approve = async |by: &str| stage.db.approve_count(&merchant(), "c3", by).await.unwrap();
    assert_eq!(approve("ann").await, Approval::SamePerson);
    assert_eq!(approve("ben").await, Approval::Booked);
    assert_eq!(approve("ben").await, Approval::NotWaiting);
    assert_eq!(stage.level().await.0, 3);
    stage.holding(1, "TEE", 3).await;
    assert_eq!(count(2, "c4").await, None);
    stage.clean().await;
}

#[tokio::test]
async fn of_two_counts_of_one_spot_that_wait_one_is_booked() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 100, None, Some("A-01"), "PO-1").await;
    let place = slot("TEE", "wh_north");
    let count = async |bin: &str, counted, reference: &str| {
        let (who, bin) = (merchant(), spot(bin));
        let taken = stage.db.take_count(&who, &place, &bin, counted, 2, reference, "ann", at(5));
        taken.await.unwrap().unwrap().state
    };
    let approve =
        async |reference: &str| stage.db.approve_count(&merchant(), reference, "ben").await.unwrap();
    let waiting = async || {
        let waiting = stage.db.waiting_counts(&merchant()).await.unwrap();
        waiting.into_iter().map(|count| count.reference).collect::<Vec<_>>()
    };
    assert_eq!(count("A-01", 50, "c1").await, CountState::Waiting);
    assert_eq!(count("A-02", 7, "c2").await, CountState::Waiting, "another spot");
    assert_eq!(count("A-01", 50, "c3").await, CountState::Waiting);
    assert_eq!(waiting().await, ["c2", "c3"]);
    assert_eq!(approve("c1").await, Approval::NotWaiting);
    assert_eq!(approve("c3").await, Approval::Booked);
    assert_eq!(stage.level().await.0, 50);
    // Counted right after all: the wrong count is off the list.
    assert_eq!(count("A-02", 0, "c4").await, CountState::Booked);
    assert_eq!(waiting().await, [""; 0]);
    stage.clean().await;
}

#[tokio::test]
async fn goods_between_warehouses_are_on_neither_shelf() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 10, None, Some("A-01"), "PO-1").await;
    let transfer = Transfer {
        reference: "T-1".into(),
        sku: "TEE".into(),
        from: "wh_north".parse().unwrap(),
        to: "wh_south".parse().unwrap(),
        sent: 6,
        left: 6,
        goods: Vec::new(),
        at: at(2),
    };
    let out =
        async || stage.db.transfer_out(&merchant(), &transfer, vec![(spot("A-01"), 6)], None).await.unwrap();
    assert_eq!(out().await, Recorded::Done);
    assert_eq!(out().await, Recorded::Repeat);
    assert_eq!(stage.level().await.0, 4);
    assert_eq!(stage.db.in_transit(&merchant()).await.unwrap()["TEE"], 6);
    let into = async |part: &str, quantity| {
        let done = stage.db.transfer_in(&merchant(), "T-1", part, quantity, Spot::dock(), None, at(3)).await;
        done.unwrap().unwrap().1
    };
    assert_eq!(into("1", 4).await, Recorded::Done);
    assert_eq!(into("1", 4).await, Recorded::Repeat);
    assert_eq!(into("2", 3).await, Recorded::Short);
    assert_eq!(into("2", 2).await, Recorded::Done);
    assert!(stage.db.in_transit(&merchant()).await.unwrap().is_empty());
    let south = stage.db.level(&merchant(), &slot("TEE", "wh_south")).await.unwrap().unwrap();
    assert_eq!(south.on_hand, 6);
    stage.clean().await;
}

#[tokio::test]
async fn a_pick_list_holds_its_spots_and_a_short_pick_is_taken_off_stock_and_promise() {
    let stage = Stage::set();
    let (merchant, tee) = (merchant(), Sku { barcodes: vec!["5012345678900".into()], ..Sku::named("TEE") });
    stage.db.save_sku(&merchant, &tee).await.unwrap();
    for (n, bin) in ["B-01", "A-01"].into_iter().enumerate() {
        let bin = Bin { id: bin.parse().unwrap(), zone: "a".into(), walk: 2 - n as u32, kind: BinKind::Pick };
        stage.db.save_bin(&merchant, &"wh_north".parse().unwrap(), &bin).await.unwrap();
    }
    stage.by_hand(MovementKind::Receive, 4, None, Some("A-01"), "PO-1").await;
    stage.by_hand(MovementKind::Receive, 3, None, Some("B-01"), "PO-2").await;
    let (first, second) = (stage.holding(1, "TEE", 2).await, stage.holding(2, "TEE", 3).await);
    let request = Request {
        id: "pick_1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: Style::Batch,
        zone: None,
        orders: vec![first.clone(), second.clone()],
    };
    let (list, missing) = stage.db.make_pick_list(&merchant, &request, at(9)).await.unwrap();
    assert!(missing.is_empty());
    let stops: Vec<_> = list.tasks.iter().map(|t| (t.spot.to_string(), t.quantity)).collect();
    assert_eq!(stops, [("A-01".to_owned(), 2), ("B-01".to_owned(), 3)]);
    assert_eq!(stage.db.make_pick_list(&merchant, &request, at(10)).await.unwrap().0, list);
    stage.clean().await;
    // What the list asks for nobody else may move.
    assert_eq!(stage.by_hand(MovementKind::Move, 1, Some("B-01"), Some("A-01"), "m1").await, Recorded::Short);
    let confirm = async |stop, scanned: &str, quantity| {
        let done = stage.db.confirm_pick(&merchant, "pick_1", stop, None, scanned, quantity, "ann", at(11));
        done.await.unwrap()
    };
    assert_eq!(confirm(1, "5000000000000", 2).await, Err(NotConfirmed::Wrong(Wrong::Article)));
    let done = confirm(1, "5012345678900", 0).await.unwrap();
    // Both stops serve the second order; the first stop was empty.
    assert_eq!(done.missing.iter().map(|(_, q)| q).sum::<i64>(), 2);
    assert_eq!(done.again.len(), 1);
    assert_eq!(confirm(1, "TEE", 2).await, Err(NotConfirmed::Wrong(Wrong::Done)));
    assert_eq!(stage.level().await, (5, 3, 2, 0));
    let done = confirm(2, "TEE", 3).await.unwrap();
    assert!(done.missing.is_empty() && !done.list.is_open());
    stage.clean().await;
    let level = stage.db.level(&merchant, &slot("TEE", "wh_north")).await.unwrap().unwrap();
    assert_eq!(level.spots[&Spot::pack()].on_hand, 3);
    let orders = stage.db.orders(&[first, second]).await.unwrap();
    assert_eq!(orders.iter().flat_map(|o| &o.picked).map(|p| p.quantity).sum::<i64>(), 3);
    assert!(orders.iter().any(|o| o.status == Status::Received));
}

#[tokio::test]
async fn a_dropped_list_gives_its_spots_free() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 4, None, Some("A-01"), "PO-1").await;
    let order = stage.holding(1, "TEE", 4).await;
    let request = Request {
        id: "pick_1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: Style::Single,
        zone: None,
        orders: vec![order],
    };
    stage.db.make_pick_list(&merchant(), &request, at(9)).await.unwrap();
    assert_eq!(stage.by_hand(MovementKind::Move, 1, Some("A-01"), Some("B-01"), "m1").await, Recorded::Short);
    assert!(!stage.db.drop_pick_list(&merchant(), "pick_1").await.unwrap().unwrap().is_open());
    assert_eq!(stage.by_hand(MovementKind::Move, 1, Some("A-01"), Some("B-01"), "m1").await, Recorded::Done);
    stage.clean().await;
}

#[tokio::test]
async fn every_kind_of_corruption_is_named() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 10, None, Some("A-01"), "PO-1").await;
    stage.holding(1, "TEE", 2).await;
    stage.clean().await;
    let place = slot("TEE", "wh_north");
    for (attribute, figure) in [
        ("on_hand", "on hand"),
        ("reserved", "reserved"),
        ("available", "available"),
        ("quarantined", "quarantined"),
        ("at#A-01", "on hand in A-01"),
        ("free#A-01", "free in A-01"),
    ] {
        stage.db.corrupt_level(&merchant(), &place, attribute, 1).await.unwrap();
        assert_eq!(stage.verify().await.difference.unwrap().figure, figure);
        stage.db.corrupt_level(&merchant(), &place, attribute, -1).await.unwrap();
    }
    // An order that forgot what it holds, and one that holds what was never reserved.
    let id: OrderId = format!("ord_{:032x}", 1).parse().unwrap();
    let mut order = stage.db.order(&id).await.unwrap().unwrap();
    order.lines[0].allocations[0].quantity = 1;
    stage.db.save_order(&mut order).await.unwrap();
    let found = stage.verify().await.difference.unwrap();
    assert_eq!((found.figure.as_str(), found.stored, found.should_be), ("held by the order", 1, 2));
    order.lines[0].allocations[0].quantity = 2;
    stage.db.save_order(&mut order).await.unwrap();
    stage.clean().await;
    let mut stray = stage.db.order(&stage.holding(2, "TEE", 1).await).await.unwrap().unwrap();
    stray.lines[0].allocations[0].warehouse = "wh_south".parse().unwrap();
    stage.db.save_order(&mut stray).await.unwrap();
    assert_eq!(stage.verify().await.difference.unwrap().order, Some(stray.id));
}

#[tokio::test]
async fn the_catalogue_knows_what_lines_are_made_of() {
    let stage = Stage::set();
    let (db, merchant) = (&stage.db, merchant());
    let gift = Sku { parts: vec![Part { sku: "TEE".into(), units: 2 }], ..Sku::named("GIFT") };
    db.save_sku(&merchant, &gift).await.unwrap();
    let mapping =
        Mapping { connection: who(1).connection, channel_sku: "B00X".into(), sku: "GIFT".into(), units: 3 };
    db.save_mapping(&merchant, &mapping).await.unwrap();
    let known = db.catalogue(&merchant, &[order(1, "B00X", 1), order(2, "TEE", 1)]).await.unwrap();
    assert_eq!(known.resolve(&mapping.connection, "B00X").unwrap(), [Part { sku: "TEE".into(), units: 6 }]);
    assert_eq!(known.resolve(&mapping.connection, "TEE"), None);
    stage.by_hand(MovementKind::Receive, 1, None, Some("DOCK"), "PO-1").await;
    let known = db.catalogue(&merchant, &[order(2, "TEE", 1)]).await.unwrap();
    assert!(known.resolve(&mapping.connection, "TEE").is_some());
    // Goods that come in do not undo what was entered.
    let tee = Sku { grams: 200, ..Sku::named("TEE") };
    db.save_sku(&merchant, &tee).await.unwrap();
    stage.by_hand(MovementKind::Receive, 1, None, Some("DOCK"), "PO-2").await;
    assert_eq!(db.skus(&merchant, &["TEE".into()]).await.unwrap(), [tee]);
    let unknown = db.unknown_skus(&merchant, &["TEE".to_owned(), "HAT".to_owned()].into()).await.unwrap();
    assert_eq!(unknown.into_iter().collect::<Vec<_>>(), ["HAT"]);
}

#[tokio::test]
async fn goods_on_order_grow_less_when_they_come() {
    use waybill_domain::backorder::Expected;
    let stage = Stage::set();
    let on = "2026-12-01".parse().unwrap();
    let expected = Expected { reference: "PO-1".into(), sku: "TEE".into(), quantity: 10, on };
    stage.db.save_expected(&merchant(), &expected).await.unwrap();
    assert_eq!(stage.by_hand(MovementKind::Receive, 4, None, Some("DOCK"), "PO-1/1").await, Recorded::Done);
    assert_eq!(stage.by_hand(MovementKind::Receive, 4, None, Some("DOCK"), "PO-1/1").await, Recorded::Repeat);
    assert_eq!(stage.db.expected(&merchant(), "TEE").await.unwrap()[0].quantity, 6);
}

#[tokio::test]
async fn a_promise_of_more_than_there_is_fails_as_a_whole() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 1, None, Some("DOCK"), "PO-1").await;
    let id = stage.holding(1, "TEE", 1).await;
    let order = stage.db.order(&id).await.unwrap().unwrap();
    let change = SlotChange { orders: vec![(id, 1)], ..SlotChange::default() };
    let changes = BatchChanges::from([(slot("TEE", "wh_north"), change)]);
    let failed = stage.db.settle(&merchant(), Settling::Promises, &changes, &mut [order], at(9)).await;
    assert!(matches!(failed, Err(StoreError::Condition { .. })));
    stage.clean().await;
}

/// An order in this state has two pieces of its only line labelled from the north, and the picker finds so many.
async fn found(quantity: i64, stand: impl FnOnce(&mut Order)) -> Order {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 2, None, Some("A-01"), "PO-1").await;
    let id = stage.holding(1, "TEE", 2).await;
    let request = Request {
        id: "pick_1".into(),
        warehouse: "wh_north".parse().unwrap(),
        style: Style::Batch,
        zone: None,
        orders: vec![id.clone()],
    };
    stage.db.make_pick_list(&merchant(), &request, at(9)).await.unwrap();
    let mut order = stage.db.order(&id).await.unwrap().unwrap();
    order.shipments = 1;
    stand(&mut order);
    stage.db.save_order(&mut order).await.unwrap();
    stage
        .db
        .confirm_pick(&merchant(), "pick_1", 1, None, "TEE", quantity, "ann", at(11))
        .await
        .unwrap()
        .unwrap();
    stage.clean().await;
    stage.db.order(&id).await.unwrap().unwrap()
}

#[tokio::test]
async fn an_empty_parcel_does_not_leave() {
    let booked = |order: &mut Order| order.status = Status::Booked;
    let empty = found(0, booked).await;
    assert_eq!((empty.status, empty.hold, empty.due_at), (Status::Held, Some(Hold::Exception), None));
    assert_eq!(empty.exceptions[0].reason, Reason::ShortPicked);
    // One piece is still a parcel; a person compares it with its label.
    let half = found(1, booked).await;
    assert_eq!((half.status, half.exceptions[0].reason), (Status::Booked, Reason::ShortPicked));
}

#[tokio::test]
async fn what_a_cancelled_order_would_give_back_is_missed_by_nobody() {
    let cancelled = found(0, |order| order.status = Status::Cancelled).await;
    assert!(cancelled.exceptions.is_empty(), "{:?}", cancelled.exceptions);
}

#[tokio::test]
async fn goods_on_their_way_keep_their_lots_whichever_part_arrives_first() {
    let stage = Stage::set();
    stage.by_hand(MovementKind::Receive, 3, None, Some("A-01~L1~2027-01-31"), "PO-1").await;
    stage.by_hand(MovementKind::Receive, 3, None, Some("A-01~L2~2027-02-28"), "PO-2").await;
    let transfer = Transfer {
        reference: "T-1".into(),
        sku: "TEE".into(),
        from: "wh_north".parse().unwrap(),
        to: "wh_south".parse().unwrap(),
        sent: 5,
        left: 5,
        goods: Vec::new(),
        at: at(2),
    };
    let spots = vec![(spot("A-01~L1~2027-01-31"), 3), (spot("A-01~L2~2027-02-28"), 2)];
    assert_eq!(stage.db.transfer_out(&merchant(), &transfer, spots, None).await.unwrap(), Recorded::Done);
    let into = async |part: &str, quantity, to| {
        let done = stage.db.transfer_in(&merchant(), "T-1", part, quantity, to, None, at(3)).await;
        done.unwrap().unwrap().1
    };
    assert_eq!(into("1", 4, Spot::dock()).await, Recorded::Done);
    assert_eq!(into("1", 4, Spot::dock()).await, Recorded::Repeat);
    assert_eq!(into("2", 1, spot("B-01")).await, Recorded::Done);
    let south = stage.db.level(&merchant(), &slot("TEE", "wh_south")).await.unwrap().unwrap();
    let lies: Vec<_> = south.spots.iter().map(|(spot, held)| (spot.to_string(), held.on_hand)).collect();
    let want = [("B-01~L2~2027-02-28", 1), ("DOCK~L1~2027-01-31", 3), ("DOCK~L2~2027-02-28", 1)];
    assert_eq!(lies, want.map(|(text, pieces)| (text.to_owned(), pieces)));
    stage.clean().await;
}
