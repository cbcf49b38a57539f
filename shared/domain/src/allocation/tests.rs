use super::*;
use crate::intake::{Decision, Delivery, Identity, Incoming, IncomingLine, decide};
use crate::money::Money;
use crate::order::{Channel, ChannelRef, Destination};
use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

fn wh(n: u32) -> WarehouseId {
    format!("wh_{n}").parse().unwrap()
}

fn slot(sku: &str, n: u32) -> Slot {
    (sku.to_owned(), wh(n))
}

fn candidates() -> Vec<Candidate> {
    vec![
        Candidate { warehouse: wh(1), priority: 1, near: vec!["BS".into()] },
        Candidate { warehouse: wh(2), priority: 2, near: vec!["G".into()] },
    ]
}

fn order(area: &str, lines: &[(&str, u32)]) -> Order {
    let incoming = Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: "1".into(), name: None },
        version: Timestamp::UNIX_EPOCH,
        placed_at: Timestamp::UNIX_EPOCH,
        cancelled_at: None,
        test: false,
        readiness: crate::intake::Readiness::Ready,
        delivery: Delivery::Ship,
        destination: Some(Destination { country: "GB".into(), postcode_area: Some(area.into()) }),
        lines: lines
            .iter()
            .enumerate()
            .map(|(n, (sku, quantity))| IncomingLine {
                channel_line: n.to_string(),
                sku: Some((*sku).to_owned()),
                quantity: *quantity,
                sent: 0,
                ships: true,
                grams: 1,
                price: Decimal::ONE,
            })
            .collect(),
        total: Money { amount: Decimal::ONE, currency: "GBP".into() },
    };
    let who = Identity {
        order: "ord_1".parse().unwrap(),
        merchant: "mer_1".parse().unwrap(),
        connection: "con_1".parse().unwrap(),
        lines: (0..lines.len()).map(|n| format!("lin_{n}").parse().unwrap()).collect(),
        digest: String::new(),
    };
    match decide(None, &incoming, &who, false, Timestamp::UNIX_EPOCH) {
        Decision::Create(order) => *order,
        other => panic!("{other:?}"),
    }
}

fn stock(levels: &[(&str, u32, i64)]) -> Available {
    levels.iter().map(|(sku, n, quantity)| (slot(sku, *n), *quantity)).collect()
}

#[test]
fn one_warehouse_that_holds_all_is_better_than_two() {
    let mut free = stock(&[("A", 1, 1), ("A", 2, 5), ("B", 1, 0), ("B", 2, 5)]);
    let decided = allocate(&order("BS", &[("A", 1), ("B", 1)]), &candidates(), false, &mut free);
    assert_eq!(decided.status, Status::Allocated);
    assert_eq!(decided.changes, Changes::from([(slot("A", 2), 1), (slot("B", 2), 1)]));
}

#[test]
fn near_is_better_than_preferred() {
    let mut free = stock(&[("A", 1, 5), ("A", 2, 5)]);
    let decided = allocate(&order("G", &[("A", 1)]), &candidates(), false, &mut free);
    assert_eq!(decided.changes, Changes::from([(slot("A", 2), 1)]));
}

#[test]
fn an_order_is_split_over_warehouses_when_it_must_be() {
    let mut free = stock(&[("A", 1, 2), ("A", 2, 2)]);
    let decided = allocate(&order("BS", &[("A", 3)]), &candidates(), false, &mut free);
    assert_eq!(decided.status, Status::Allocated);
    assert_eq!(decided.changes, Changes::from([(slot("A", 1), 2), (slot("A", 2), 1)]));
    assert_eq!(free, stock(&[("A", 1, 0), ("A", 2, 1)]));
}

#[test]
fn too_little_reserves_nothing_unless_parts_may_ship() {
    let mut free = stock(&[("A", 1, 2)]);
    let whole = allocate(&order("BS", &[("A", 3)]), &candidates(), false, &mut free);
    assert_eq!((whole.status, whole.changes.len()), (Status::Backordered, 0));
    let part = allocate(&order("BS", &[("A", 3)]), &candidates(), true, &mut free);
    assert_eq!(part.status, Status::PartAllocated);
    assert_eq!(free, stock(&[("A", 1, 0)]));
}

#[test]
fn an_unknown_sku_waits_for_a_mapping() {
    let mut free = stock(&[("A", 1, 2)]);
    let decided = allocate(&order("BS", &[("A", 1), ("Z", 1)]), &candidates(), true, &mut free);
    assert!(decided.unmapped && decided.changes.is_empty());
}

#[test]
fn an_edit_moves_only_the_difference() {
    let mut free = stock(&[("A", 1, 5)]);
    let mut edited = order("BS", &[("A", 3)]);
    edited.lines = allocate(&edited, &candidates(), false, &mut free).lines;
    edited.lines[0].quantity = 1;
    let less = allocate(&edited, &candidates(), false, &mut free);
    assert_eq!(less.changes, Changes::from([(slot("A", 1), -2)]));
    edited.lines = less.lines;
    edited.lines[0].quantity = 4;
    let more = allocate(&edited, &candidates(), false, &mut free);
    assert_eq!(more.changes, Changes::from([(slot("A", 1), 3)]));
    assert_eq!(free, stock(&[("A", 1, 1)]));
}

#[test]
fn release_gives_back_what_is_held_once() {
    let mut free = stock(&[("A", 1, 5)]);
    let mut cancelled = order("BS", &[("A", 3)]);
    cancelled.lines = allocate(&cancelled, &candidates(), false, &mut free).lines;
    let (lines, changes) = release(&cancelled);
    assert_eq!(changes, Changes::from([(slot("A", 1), -3)]));
    assert_eq!(lines[0].quantity, 3);
    cancelled.lines = lines;
    assert!(release(&cancelled).1.is_empty());
}

proptest! {
    /// Never negative, never more than asked, never more than there was, and the same again.
    #[test]
    fn a_batch_never_promises_what_is_not_there(
        levels in proptest::collection::vec((0u32..3, 1u32..3, 0i64..20), 1..6),
        orders in proptest::collection::vec((proptest::collection::vec((0u32..3, 1u32..6), 1..4), any::<bool>()), 1..20),
    ) {
        let name = |n: u32| ["A", "B", "C"][n as usize];
        let start: Available = levels.iter().map(|(s, w, q)| (slot(name(*s), *w), *q)).collect();
        let run = || {
            let mut free = start.clone();
            let decided: Vec<_> = orders
                .iter()
                .map(|(lines, part)| {
                    let lines: Vec<_> = lines.iter().map(|(s, q)| (name(*s), *q)).collect();
                    allocate(&order("BS", &lines), &candidates(), *part, &mut free)
                })
                .collect();
            (free, decided)
        };
        let (free, decided) = run();
        prop_assert!(free.values().all(|q| *q >= 0));
        for (slot, was) in &start {
            let taken: i64 = decided.iter().filter_map(|d| d.changes.get(slot)).sum();
            prop_assert_eq!(was - taken, free[slot]);
        }
        for d in &decided {
            prop_assert!(d.lines.iter().all(|l| l.allocated() <= l.quantity));
            if d.status == Status::Allocated {
                prop_assert!(d.lines.iter().all(|l| l.allocated() == l.quantity));
            }
        }
        prop_assert_eq!(run(), (free, decided));
    }
}
