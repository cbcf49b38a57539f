use super::*;
use proptest::prelude::*;

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + second).unwrap()
}

fn incoming(second: i64, quantity: u32) -> Incoming {
    Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: "1".into(), name: Some("#1".into()) },
        version: at(second),
        placed_at: at(0),
        cancelled_at: None,
        arrived_at: None,
        test: false,
        readiness: crate::intake::Readiness::Ready,
        delivery: Delivery::Ship,
        destination: Some(Destination { country: "GB".into(), postcode_area: Some("BS".into()) }),
        lines: vec![IncomingLine {
            channel_line: "11".into(),
            sku: Some("TEE".into()),
            quantity,
            sent: 0,
            ships: true,
            grams: 200,
            price: Decimal::new(1250, 2),
        }],
        total: Money { amount: Decimal::new(1250, 2), currency: "GBP".into() },
    }
}

fn who(digest: &str) -> Identity {
    Identity {
        order: "ord_aa".parse().unwrap(),
        merchant: "mer_1".parse().unwrap(),
        connection: "con_1".parse().unwrap(),
        lines: vec!["lin_1".parse().unwrap()],
        digest: digest.into(),
    }
}

fn created(quantity: u32) -> Order {
    match decide(None, &incoming(0, quantity), &who("a"), false, at(1)) {
        Decision::Create(order) => *order,
        other => panic!("{other:?}"),
    }
}

fn updated(held: &Order, incoming: &Incoming, digest: &str) -> Order {
    match decide(Some(held), incoming, &who(digest), false, at(100)) {
        Decision::Update(order) => *order,
        other => panic!("{other:?}"),
    }
}

fn reserved(quantity: u32) -> Order {
    let mut order = created(quantity);
    order.status = Status::Allocated;
    order.lines[0].allocations =
        vec![crate::order::Allocation { warehouse: "wh_1".parse().unwrap(), quantity }];
    order
}

#[test]
fn first_sight_is_received_and_watched() {
    let order = created(2);
    assert_eq!(order.status, Status::Received);
    assert!(order.due_at.is_some());
}

#[test]
fn an_order_made_to_test_the_shop_is_held_and_reserves_nothing() {
    let test = Incoming { test: true, ..incoming(0, 2) };
    let Decision::Create(order) = decide(None, &test, &who("a"), false, at(1)) else { panic!() };
    assert_eq!((order.status, order.hold, order.due_at), (Status::Held, Some(Hold::TestOrder), None));
}

#[test]
fn older_and_same_are_ignored_and_a_clash_is_read_again() {
    let held = created(2);
    assert_eq!(decide(Some(&held), &incoming(-1, 9), &who("b"), false, at(2)), Decision::Ignore);
    assert_eq!(decide(Some(&held), &incoming(0, 2), &who("a"), false, at(2)), Decision::Ignore);
    assert_eq!(decide(Some(&held), &incoming(0, 9), &who("b"), false, at(2)), Decision::Reread);
    assert!(matches!(decide(Some(&held), &incoming(0, 9), &who("b"), true, at(2)), Decision::Update(_)));
}

#[test]
fn an_erased_order_stays_erased() {
    let held = Order { personal: PersonalData::Erased, ..created(2) };
    assert_eq!(decide(Some(&held), &incoming(50, 9), &who("b"), true, at(60)), Decision::Erased);
}

#[test]
fn an_edit_before_booking_goes_back_for_allocation_and_keeps_what_is_reserved() {
    let order = updated(&reserved(2), &incoming(5, 3), "b");
    assert_eq!(order.status, Status::Received);
    assert_eq!(order.lines[0].quantity, 3);
    assert_eq!(order.lines[0].allocated(), 2);
}

#[test]
fn a_removed_line_keeps_its_reservation_for_the_allocator_to_give_back() {
    let mut without = incoming(5, 3);
    without.lines[0].channel_line = "12".into();
    let identity = Identity { lines: vec!["lin_2".parse().unwrap()], ..who("b") };
    let Decision::Update(order) = decide(Some(&reserved(2)), &without, &identity, false, at(9)) else {
        panic!()
    };
    assert_eq!(order.lines.len(), 2);
    assert_eq!((order.lines[1].quantity, order.lines[1].allocated()), (0, 2));
}

#[test]
fn a_change_after_booking_asks_a_person_and_keeps_the_label_true() {
    let mut held = reserved(2);
    held.status = Status::Booked;
    held.shipments = 1;
    let order = updated(&held, &incoming(5, 3), "b");
    assert_eq!(order.status, Status::Booked);
    assert_eq!(order.lines[0].quantity, 2);
    assert_eq!(order.exceptions[0].reason, Reason::ChangedAfterBooking);
}

/// Sent, its goods out of the books, then its label was undone.
fn undone_after_it_left() -> Order {
    let mut held = reserved(2);
    (held.status, held.shipments, held.stock_settled) = (Status::Dispatched, 1, true);
    crate::instructions::voided(&mut held, at(4));
    held
}

#[test]
fn goods_that_left_the_books_are_not_promised_again_when_the_shop_changes_the_order() {
    let order = updated(&undone_after_it_left(), &incoming(5, 3), "b");
    assert!(!order.holds_stock(), "no shelf holds them for it");
    assert_eq!((order.status, order.hold, order.due_at), (Status::Held, Some(Hold::Exception), None));
    let open: Vec<Reason> = order.exceptions.iter().map(|one| one.reason).collect();
    assert_eq!(open, [Reason::LabelVoided, Reason::ChangedAfterBooking]);
    // Cancelled by its people and wanted again by the shop: it needs goods like a new one.
    let mut given_up = undone_after_it_left();
    crate::instructions::cancel(&mut given_up, at(5)).unwrap();
    given_up.instructions.cancelled = false;
    let again = updated(&given_up, &incoming(6, 2), "c");
    assert_eq!((again.lines[0].allocated(), again.lines[0].quantity), (0, 2));
    assert!(!again.stock_settled);
}

#[test]
fn an_order_whose_label_was_undone_waits_for_its_people_whatever_the_shop_changes() {
    let mut held = reserved(2);
    (held.status, held.shipments) = (Status::Booked, 1);
    crate::instructions::voided(&mut held, at(4));
    let mut order = updated(&held, &incoming(5, 3), "b");
    assert_eq!((order.status, order.lines[0].quantity, order.lines[0].allocated()), (Status::Held, 3, 2));
    assert_eq!(order.due_at, None);
    use crate::remedy::{Remedy, settle};
    settle(&mut order, &mut [], Reason::LabelVoided, Remedy::Retry, at(6)).unwrap();
    assert_eq!(order.status, Status::Received, "what it wants now is looked for first");
}

#[test]
fn an_address_that_is_not_told_any_more_has_not_changed() {
    let mut held = reserved(2);
    held.status = Status::Dispatched;
    held.shipments = 1;
    let left = Incoming { destination: None, ..incoming(5, 2) };
    let order = updated(&held, &left, "b");
    assert!(order.exceptions.is_empty() && order.destination.is_some());
    let mut elsewhere = incoming(5, 2);
    elsewhere.destination.as_mut().unwrap().country = "IE".into();
    assert_eq!(updated(&held, &elsewhere, "b").exceptions[0].reason, Reason::ChangedAfterBooking);
}

#[test]
fn what_the_channel_shows_as_arrived_starts_the_days_once_it_has_left() {
    let mut held = reserved(2);
    held.shipments = 1;
    let arrived = |second| Incoming { arrived_at: Some(at(second)), ..incoming(second, 2) };
    held.status = Status::Booked;
    assert_eq!(updated(&held, &arrived(5), "b").milestones.delivered, None, "here it has not left");
    held.status = Status::Dispatched;
    held.milestones.shipped = Some(at(3));
    let told = updated(&held, &arrived(5), "b");
    assert_eq!((told.milestones.delivered, told.status), (Some(at(5)), Status::Dispatched));
    let again = updated(&told, &arrived(9), "c");
    assert_eq!(again.milestones.delivered, Some(at(5)), "a later change of the order is not a later arrival");
}

#[test]
fn cancelled_before_allocation_is_done_and_after_it_is_watched() {
    let cancelled = Incoming { cancelled_at: Some(at(5)), ..incoming(5, 2) };
    let before = updated(&created(2), &cancelled, "b");
    assert_eq!((before.status, before.due_at), (Status::Cancelled, None));
    let after = updated(&reserved(2), &cancelled, "b");
    assert_eq!(after.status, Status::Cancelled);
    assert!(after.due_at.is_some() && after.holds_stock());
}

#[test]
fn cancelled_after_dispatch_asks_a_person() {
    let held = Order { status: Status::Dispatched, shipments: 1, ..reserved(2) };
    let cancelled = Incoming { cancelled_at: Some(at(5)), ..incoming(5, 2) };
    let order = updated(&held, &cancelled, "b");
    assert_eq!(order.status, Status::Dispatched);
    assert_eq!(order.exceptions[0].reason, Reason::CancelledAfterDispatch);
}

#[test]
fn orders_with_nothing_to_send_are_held_with_their_reason() {
    let mut digital = incoming(0, 1);
    digital.lines[0].ships = false;
    digital.destination = None;
    let pickup = Incoming {
        readiness: crate::intake::Readiness::Ready,
        delivery: Delivery::Pickup,
        destination: None,
        ..incoming(0, 1)
    };
    let redacted = Incoming { destination: None, ..incoming(0, 1) };
    let hold = |i: &Incoming| match decide(None, i, &who("a"), false, at(1)) {
        Decision::Create(o) => (o.status, o.hold, o.exceptions.len()),
        other => panic!("{other:?}"),
    };
    assert_eq!(hold(&digital), (Status::Held, Some(Hold::NothingToShip), 0));
    assert_eq!(hold(&pickup), (Status::Held, Some(Hold::Pickup), 0));
    assert_eq!(hold(&redacted), (Status::Held, Some(Hold::Exception), 1));
}

#[test]
fn what_its_buyer_collected_is_delivered_and_its_days_are_counted() {
    let pickup = |version, sent| {
        let mut told = Incoming { delivery: Delivery::Pickup, destination: None, ..incoming(version, 2) };
        told.lines[0].sent = sent;
        told
    };
    let mut held = reserved(2);
    (held.status, held.hold) = (Status::Held, Some(Hold::Pickup));
    let part = updated(&held, &pickup(4, 1), "a");
    assert_eq!((part.status, part.hold), (Status::Held, Some(Hold::Pickup)));
    let gone = updated(&held, &pickup(5, 2), "b");
    assert_eq!((gone.status, gone.hold), (Status::Delivered, None));
    assert_eq!(gone.milestones.delivered, Some(at(100)));
    assert!(gone.holds_stock() && gone.due_at.is_some(), "its goods are still to leave the books");
    assert_eq!(gone.lines[0].quantity, 2, "what left is known");
    let cancelled = Incoming { cancelled_at: Some(at(6)), ..pickup(6, 2) };
    assert_eq!(updated(&held, &cancelled, "c").status, Status::Cancelled);
    // What never was to be collected is as ever.
    held.hold = Some(Hold::Channel);
    assert_ne!(updated(&held, &pickup(7, 2), "d").status, Status::Delivered);
}

proptest! {
    /// Whatever the order of arrival and however often, the newest version wins.
    #[test]
    fn shuffled_and_repeated_versions_end_the_same(order in proptest::collection::vec(0usize..6, 1..40)) {
        let versions: Vec<_> = (0..6).map(|n| (incoming(n, n as u32 + 1), who(&format!("d{n}")))).collect();
        let mut held: Option<Order> = None;
        let mut newest = 0;
        for n in order {
            newest = newest.max(n);
            let (incoming, identity) = &versions[n];
            if let Decision::Create(o) | Decision::Update(o) = decide(held.as_ref(), incoming, identity, false, at(500)) {
                held = Some(*o);
            }
        }
        prop_assert_eq!(held.unwrap().lines[0].quantity, newest as u32 + 1);
    }
}

#[test]
fn an_unpaid_order_keeps_its_goods_until_a_moment_that_does_not_move() {
    let mut unpaid = incoming(1, 2);
    unpaid.readiness = Readiness::AwaitingPayment;
    let first = updated(&reserved(2), &unpaid, "b");
    assert_eq!((first.status, first.hold), (Status::Held, Some(Hold::AwaitingPayment)));
    let until = first.unpaid.unwrap().until;
    assert_eq!(until, after(at(100), UNPAID));
    assert!(first.holds_stock() && first.due_at.is_some());
    unpaid.version = at(2);
    let again = match decide(Some(&first), &unpaid, &who("c"), false, after(at(100), SWEEP_AFTER)) {
        Decision::Update(order) => *order,
        other => panic!("{other:?}"),
    };
    assert_eq!(again.unpaid.unwrap().until, until);
    let paid = updated(&again, &incoming(3, 2), "d");
    assert_eq!((paid.status, paid.unpaid), (Status::Received, None));
    assert!(paid.holds_stock());
}

#[test]
fn what_left_in_an_earlier_round_is_not_sent_again() {
    let mut held = created(5);
    held.lines[0].sent = 2;
    held.lines[0].quantity = 3;
    // The channel was not told yet, then it was.
    for (version, sent) in [(1, 0), (2, 2)] {
        let mut told = incoming(version, 5);
        told.lines[0].sent = sent;
        let line = updated(&held, &told, "b").lines[0].clone();
        assert_eq!((line.quantity, line.sent), (3, 2));
    }
}

#[test]
fn pieces_that_are_taken_out_after_they_left_are_for_a_person() {
    let mut held = reserved(5);
    held.lines[0].sent = 2;
    held.lines[0].quantity = 3;
    let asks = |order: &Order| order.exceptions.iter().any(|e| e.reason == Reason::ChangedAfterBooking);
    let fewer = updated(&held, &incoming(50, 2), "b");
    assert_eq!((fewer.lines[0].quantity, fewer.lines[0].sent, asks(&fewer)), (0, 2, false));
    let too_few = updated(&held, &incoming(50, 1), "b");
    assert_eq!((too_few.lines[0].quantity, too_few.lines[0].sent, asks(&too_few)), (0, 2, true));
    let mut without = incoming(50, 1);
    without.lines.clear();
    held.lines[0].allocations.clear();
    let mut nobody = who("b");
    nobody.lines.clear();
    let Decision::Update(gone) = decide(Some(&held), &without, &nobody, false, at(60)) else { panic!() };
    assert_eq!((gone.lines[0].quantity, gone.lines[0].sent, asks(&gone)), (0, 2, true));
}

#[test]
fn a_line_that_becomes_another_article_still_holds_the_old_one() {
    let mut other = incoming(1, 2);
    other.lines[0].sku = Some("HAT".into());
    let line = updated(&reserved(2), &other, "b").lines[0].clone();
    assert_eq!(line.takes(), [crate::catalogue::Part { sku: "TEE".into(), units: 1 }]);
    assert_eq!(line.allocated(), 2);
}

#[test]
fn what_its_own_people_said_stands_whatever_the_channel_tells_later() {
    let mut held = reserved(2);
    crate::instructions::hold(&mut held).unwrap();
    let told = updated(&held, &incoming(5, 3), "b");
    assert_eq!((told.status, told.hold), (Status::Held, Some(Hold::Merchant)));
    assert_eq!(told.lines[0].allocated(), 2, "its goods stay promised");
    let mut waits = incoming(6, 3);
    waits.readiness = Readiness::AwaitingPayment;
    let unpaid = updated(&told, &waits, "c");
    assert_eq!(unpaid.hold, Some(Hold::AwaitingPayment));
    assert_eq!(updated(&unpaid, &incoming(7, 3), "d").hold, Some(Hold::Merchant), "paid, and still held");

    let mut cancelled = reserved(2);
    crate::instructions::cancel(&mut cancelled, at(3)).unwrap();
    let told = updated(&cancelled, &incoming(5, 3), "b");
    assert_eq!((told.status, told.milestones.cancelled), (Status::Cancelled, Some(at(3))));
    assert!(told.due_at.is_some(), "its goods are still to be given back");
}

#[test]
fn a_hold_ends_only_by_the_order_itself_read_from_the_channel() {
    let mut on_hold = incoming(1, 2);
    on_hold.readiness = Readiness::OnHold;
    let held = updated(&reserved(2), &on_hold, "b");
    assert_eq!((held.status, held.hold), (Status::Held, Some(Hold::Channel)));
    assert_eq!(held.exceptions[0].reason, Reason::HeldByChannel);
    // A webhook tells of an edit and says nothing of holds.
    let edited = incoming(2, 2);
    assert_eq!(decide(Some(&held), &edited, &who("c"), false, at(100)), Decision::Reread);
    let Decision::Update(free) = decide(Some(&held), &edited, &who("c"), true, at(100)) else { panic!() };
    assert_eq!((free.status, free.exceptions.len()), (Status::Received, 0));
}

#[test]
fn a_hold_after_the_label_is_told_and_ends() {
    let mut booked = reserved(2);
    (booked.status, booked.shipments) = (Status::Booked, 1);
    let mut on_hold = incoming(1, 2);
    on_hold.readiness = Readiness::OnHold;
    let held = updated(&booked, &on_hold, "b");
    assert_eq!((held.status, held.exceptions[0].reason), (Status::Booked, Reason::HeldByChannel));
    let Decision::Update(free) = decide(Some(&held), &incoming(1, 2), &who("a"), true, at(100)) else {
        panic!()
    };
    assert!(free.exceptions.is_empty());
}

#[test]
fn what_the_channel_has_no_more_is_not_sent() {
    let mut order = reserved(2);
    assert!(gone(&mut order, at(50)));
    assert_eq!((order.status, order.milestones.cancelled), (Status::Cancelled, Some(at(50))));
    assert!(order.due_at.is_some(), "its goods are given back");
    assert!(!gone(&mut order, at(51)), "once");
    let mut booked = reserved(2);
    (booked.status, booked.shipments) = (Status::Booked, 1);
    assert!(gone(&mut booked, at(50)));
    assert_eq!((booked.status, booked.exceptions[0].reason), (Status::Booked, Reason::ChangedAfterBooking));
    assert!(!gone(&mut booked, at(51)), "a person is told once");
    let mut sent = reserved(2);
    sent.status = Status::Dispatched;
    assert!(!gone(&mut sent, at(50)));
}
