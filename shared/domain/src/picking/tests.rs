use super::*;
use crate::allocation::tests::{order, wh};
use crate::catalogue::Part;
use crate::order::Allocation;
use crate::stock::{Movement, MovementKind};
use proptest::prelude::*;

fn spot(text: &str) -> Spot {
    text.parse().unwrap()
}

fn level(spots: &[(&str, i64)]) -> Level {
    let mut level = Level::empty(wh(1));
    for (at, pieces) in spots {
        let mut movement = Movement::new(MovementKind::Receive, wh(1), *pieces, Timestamp::UNIX_EPOCH);
        movement.spots = vec![(spot(at), *pieces)];
        level.apply(&movement).unwrap();
    }
    level
}

fn bin(id: &str, zone: &str, walk: u32) -> (BinId, Bin) {
    let id: BinId = id.parse().unwrap();
    (id.clone(), Bin { id, zone: zone.into(), walk, kind: BinKind::Pick })
}

/// An order that holds so many of each SKU at the first warehouse.
fn holding(n: u32, lines: &[(&str, u32)]) -> Order {
    let mut made = order("BS", lines);
    made.id = format!("ord_{n}").parse().unwrap();
    for line in &mut made.lines {
        line.allocations = vec![Allocation { warehouse: wh(1), quantity: line.quantity }];
    }
    made
}

fn stops(tasks: &[Task]) -> Vec<(String, String, i64, usize)> {
    tasks.iter().map(|t| (t.spot.to_string(), t.sku.clone(), t.quantity, t.orders.len())).collect()
}

#[test]
fn stops_are_in_walking_order_and_bins_empty_first() {
    let levels = BTreeMap::from([
        ("A".to_owned(), level(&[("A-09", 2), ("A-01", 9)])),
        ("B".to_owned(), level(&[("B-05", 4)])),
    ]);
    let bins = BTreeMap::from([bin("A-01", "a", 1), bin("B-05", "b", 5), bin("A-09", "a", 9)]);
    let orders = [holding(1, &[("A", 2), ("B", 1)]), holding(2, &[("A", 2)])];
    let (tasks, missing) = plan(&orders, &wh(1), &levels, &bins, &Asked::new(), Style::Batch, None);
    let want = [("A-01", "A", 2, 1), ("B-05", "B", 1, 1), ("A-09", "A", 2, 1)];
    assert_eq!(stops(&tasks), want.map(|(a, b, c, d)| (a.to_owned(), b.to_owned(), c, d)));
    assert!(missing.is_empty());
    let (zone, missing) = plan(&orders, &wh(1), &levels, &bins, &Asked::new(), Style::Zone, Some("b"));
    assert_eq!(zone.len(), 1);
    assert_eq!(missing, Changes::from([(("A".to_owned(), wh(1)), 4)]));
}

#[test]
fn what_other_lists_ask_for_is_not_asked_for_again() {
    let levels = BTreeMap::from([("A".to_owned(), level(&[("A-01", 9)]))]);
    let orders = [holding(1, &[("A", 3)])];
    let (tasks, _) = plan(&orders, &wh(1), &levels, &BTreeMap::new(), &Asked::new(), Style::Single, None);
    let list = PickList {
        id: "pick_1".into(),
        warehouse: wh(1),
        style: Style::Single,
        at: Timestamp::UNIX_EPOCH,
        tasks,
        rev: 1,
    };
    let (again, _) = plan(&orders, &wh(1), &levels, &BTreeMap::new(), &asked(&[list]), Style::Single, None);
    assert!(again.is_empty());
}

#[test]
fn a_scan_must_name_the_article_the_bin_and_no_more_than_asked() {
    let orders = vec![("ord_1".parse().unwrap(), 2), ("ord_2".parse().unwrap(), 3)];
    let task = Task {
        n: 1,
        spot: spot("A-01"),
        zone: String::new(),
        sku: "A".into(),
        quantity: 5,
        orders,
        state: TaskState::Open,
        picked: 0,
    };
    let codes = ["5012345678900".to_owned()];
    let at = |text: &str| text.parse::<BinId>().unwrap();
    assert_eq!(confirm(&task, Some(&at("B-01")), "A", &codes, 5), Err(Wrong::Bin));
    assert_eq!(confirm(&task, None, "5000000000000", &codes, 5), Err(Wrong::Article));
    assert_eq!(confirm(&task, None, "A", &codes, 6), Err(Wrong::Quantity));
    let done = confirm(&task, Some(&at("A-01")), "5012345678900", &codes, 3).unwrap();
    assert_eq!(done.taken, [("ord_1".parse().unwrap(), 2), ("ord_2".parse().unwrap(), 1)]);
    assert_eq!(done.missing, [("ord_2".parse().unwrap(), 2)]);
}

#[test]
fn a_bundle_that_cannot_be_complete_gives_the_rest_back() {
    let mut gift = holding(1, &[("GIFT", 2)]);
    gift.lines[0].parts = vec![Part { sku: "MUG".into(), units: 2 }, Part { sku: "TEA".into(), units: 1 }];
    let slot = |sku: &str| (sku.to_owned(), wh(1));
    let (lost, back) = fall_short(&mut gift, &slot("MUG"), 1);
    assert_eq!(lost, 1);
    assert_eq!(back, Changes::from([(slot("MUG"), -1), (slot("TEA"), -1)]));
    assert_eq!(gift.lines[0].allocated(), 1);
}

#[test]
fn the_packing_bench_finds_what_is_wrong() {
    let wanted = BTreeMap::from([("A".to_owned(), 2), ("B".to_owned(), 1)]);
    let parcel = |sku: &str, n| BTreeMap::from([(sku.to_owned(), n)]);
    assert!(check(&wanted, &[parcel("A", 2), parcel("B", 1)]).is_empty());
    let wrong = check(&wanted, &[parcel("A", 1), parcel("C", 1)]);
    assert_eq!(
        wrong.iter().map(|m| (m.sku.as_str(), m.wanted, m.scanned)).collect::<Vec<_>>(),
        [("A", 2, 1), ("B", 1, 0), ("C", 0, 1)]
    );
}

proptest! {
    /// Every piece an order holds is on one stop or named as missing; no spot gives more than it has.
    #[test]
    fn nothing_is_picked_twice_and_nothing_forgotten(
        heaps in proptest::collection::vec((0u8..3, 0u8..5, 1i64..8), 0..8),
        wants in proptest::collection::vec((0u8..3, 1u32..6), 1..8),
    ) {
        let name = |n: u8| ["A", "B", "C"][n as usize];
        let mut levels: BTreeMap<String, Level> = BTreeMap::new();
        for (sku, at, pieces) in &heaps {
            let level = levels.entry(name(*sku).to_owned()).or_insert_with(|| Level::empty(wh(1)));
            let mut movement = Movement::new(MovementKind::Receive, wh(1), *pieces, Timestamp::UNIX_EPOCH);
            movement.spots = vec![(spot(&format!("A-{at:02}")), *pieces)];
            level.apply(&movement).unwrap();
        }
        let orders: Vec<Order> = wants.iter().enumerate().map(|(n, (sku, q))| holding(u32::try_from(n).unwrap(), &[(name(*sku), *q)])).collect();
        let (tasks, missing) = plan(&orders, &wh(1), &levels, &BTreeMap::new(), &Asked::new(), Style::Batch, None);
        for sku in ["A", "B", "C"] {
            let wanted: i64 = orders.iter().flat_map(held).filter(|((s, _), _)| s == sku).map(|(_, q)| q).sum();
            let on_stops: i64 = tasks.iter().filter(|t| t.sku == sku).map(|t| t.quantity).sum();
            let not: i64 = missing.iter().filter(|((s, _), _)| s == sku).map(|(_, q)| q).sum();
            prop_assert_eq!(on_stops + not, wanted);
        }
        for task in &tasks {
            prop_assert!(task.quantity <= levels[&task.sku].spots[&task.spot].on_hand);
            prop_assert_eq!(task.orders.iter().map(|(_, q)| q).sum::<i64>(), task.quantity);
        }
    }
}
