use super::*;
use crate::id::WarehouseId;
use jiff::Timestamp;
use proptest::prelude::*;

fn here() -> WarehouseId {
    "wh_1".parse().unwrap()
}

fn spot(n: u8) -> Spot {
    match n % 4 {
        0 => Spot::dock(),
        1 => "A-01".parse().unwrap(),
        2 => "A-02~L1~2027-01-31".parse().unwrap(),
        _ => "B-01~L2".parse().unwrap(),
    }
}

/// A movement as its caller would make it, with the spots it names.
fn movement(kind: MovementKind, quantity: i64, from: u8, to: u8) -> Movement {
    let mut made = Movement::new(kind, here(), quantity, Timestamp::UNIX_EPOCH);
    let on_hand = made.effect().on_hand;
    made.spots = match kind {
        MovementKind::Putaway | MovementKind::Move | MovementKind::Pick => {
            vec![(spot(from), -quantity), (spot(to), quantity)]
        }
        _ if on_hand != 0 => vec![(spot(from), on_hand)],
        _ => Vec::new(),
    };
    made
}

fn steps() -> impl Strategy<Value = Vec<Movement>> {
    let one = (0..MovementKind::ALL.len(), -6i64..12, 0u8..4, 0u8..4);
    let made = one.prop_map(|(kind, quantity, from, to)| {
        let kind = MovementKind::ALL[kind];
        movement(kind, if kind.is_signed() { quantity } else { quantity.abs() }, from, to)
    });
    proptest::collection::vec(made, 1..60)
}

proptest! {
    /// Whatever is asked for, the level stays sound and is the sum of what was carried out, per spot too; what is
    /// refused changes nothing.
    #[test]
    fn a_level_is_the_sum_of_its_movements(asked in steps()) {
        let mut level = Level::empty(here());
        let mut sum = Effect::default();
        let mut spots = std::collections::BTreeMap::new();
        for movement in &asked {
            let before = level.clone();
            match level.apply(movement) {
                Ok(()) => {
                    sum += movement.effect();
                    for (spot, pieces) in &movement.spots {
                        *spots.entry(spot.clone()).or_insert(0) += pieces;
                    }
                }
                Err(_) => prop_assert_eq!(&level, &before),
            }
            prop_assert!(level.is_sound(), "{:?} after {:?}", level, movement);
        }
        prop_assert_eq!((level.on_hand, level.reserved, level.quarantined), (sum.on_hand, sum.reserved, sum.quarantined));
        spots.retain(|_, pieces| *pieces != 0);
        let held: std::collections::BTreeMap<Spot, i64> = level.spots.iter().map(|(s, h)| (s.clone(), h.on_hand)).collect();
        prop_assert_eq!(held, spots);
    }

    /// A draw never takes more than asked or than a spot holds, leaves nothing it could have had, and takes what
    /// expires first.
    #[test]
    fn a_draw_takes_what_is_there_and_no_more(asked in steps(), quantity in 0i64..30) {
        let mut level = Level::empty(here());
        for movement in &asked {
            let _ = level.apply(movement);
        }
        let drawn = level.draw(quantity, false);
        let all: i64 = drawn.iter().map(|(_, q)| q).sum();
        let there: i64 = level.spots.values().map(|held| held.on_hand).sum();
        prop_assert_eq!(all, quantity.min(there));
        for (spot, pieces) in &drawn {
            prop_assert!(*pieces > 0 && *pieces <= level.spots[spot].on_hand);
            let dated = level.spots.iter().filter(|(s, _)| s.expires().is_some());
            if spot.expires().is_none() {
                for (earlier, held) in dated {
                    prop_assert_eq!(drawn.iter().find(|(s, _)| s == earlier).map(|(_, q)| *q), Some(held.on_hand));
                }
            }
        }
    }

    /// What is past its day is counted once, is not available, and is never drawn; on its last day it still is.
    #[test]
    fn what_is_past_its_day_is_for_nobody(asked in steps(), quantity in 0i64..30, days in -2i64..3) {
        let mut level = Level::empty(here());
        for movement in &asked {
            let _ = level.apply(movement);
        }
        let last = spot(2).expires().unwrap();
        let today = last + jiff::Span::new().days(days);
        let good = level.good_on(today);
        let past = level.past(today);
        prop_assert_eq!(past, if days > 0 { level.spots.get(&spot(2)).map_or(0, |held| held.on_hand) } else { 0 });
        prop_assert_eq!((good.on_hand, good.available), (level.on_hand - past, level.available - past));
        for (drawn, pieces) in good.draw(quantity, true) {
            prop_assert!(drawn.expires().is_none_or(|last| last >= today), "{pieces} from {drawn}");
        }
    }

    #[test]
    fn a_level_reads_back_as_it_was_written(asked in steps()) {
        let mut level = Level::empty(here());
        for movement in &asked {
            let _ = level.apply(movement);
        }
        let fields: Vec<(String, String)> = level.spots.keys().map(|s| (s.to_string(), Level::at(s))).collect();
        for (text, _) in &fields {
            prop_assert_eq!(&text.parse::<Spot>().unwrap().to_string(), text);
        }
    }
}

#[test]
fn goods_that_pick_lists_ask_for_are_drawn_on_last() {
    let mut level = Level::empty(here());
    level.apply(&movement(MovementKind::Receive, 5, 1, 0)).unwrap();
    level.apply(&movement(MovementKind::Receive, 2, 2, 0)).unwrap();
    level.spots.get_mut(&spot(1)).unwrap().free = 1;
    assert_eq!(level.draw(4, false), [(spot(1), 1), (spot(2), 2)]);
    assert_eq!(level.draw(4, true), [(spot(1), 2), (spot(2), 2)]);
}

#[test]
fn a_count_is_booked_up_to_the_limit() {
    assert_eq!(count(10, 10, 0), Counted::Exact);
    assert_eq!(count(10, 8, 2), Counted::Book(-2));
    assert_eq!(count(10, 13, 2), Counted::Approve(3));
}

#[test]
fn bins_and_lots_are_read_strictly() {
    for bad in ["", "A B", "A~", "A~L~tomorrow", "A~L~2027-01-01~x", "a/b"] {
        assert_eq!(bad.parse::<Spot>(), Err(InvalidSpot), "{bad}");
    }
    let dated: Spot = "A~L~2027-01-31".parse().unwrap();
    assert_eq!(dated.expires().unwrap().to_string(), "2027-01-31");
    assert!(is_reference("PO-77/1") && !is_reference("") && !is_reference("two words"));
}

#[test]
fn a_movement_between_spots_is_whole() {
    let a: Spot = "A-01".parse().unwrap();
    let b: Spot = "B-01".parse().unwrap();
    let made = |kind, quantity, from: Option<&Spot>, to: Option<&Spot>| {
        Movement::new(kind, here(), quantity, Timestamp::UNIX_EPOCH).between(from.cloned(), to.cloned())
    };
    for (movement, spots) in [
        (made(MovementKind::Receive, 3, None, Some(&a)), vec![(a.clone(), 3)]),
        (made(MovementKind::Move, 3, Some(&a), Some(&b)), vec![(a.clone(), -3), (b.clone(), 3)]),
        (made(MovementKind::WriteOff, 3, Some(&a), None), vec![(a.clone(), -3)]),
        (made(MovementKind::Adjust, -2, Some(&a), None), vec![(a.clone(), -2)]),
        (made(MovementKind::Count, 2, None, Some(&a)), vec![(a.clone(), 2)]),
        (made(MovementKind::ReturnToQuarantine, 2, None, None), vec![]),
        (made(MovementKind::Quarantine, 2, Some(&b), None), vec![(b.clone(), -2)]),
    ] {
        assert_eq!(movement.spots, spots, "{:?}", movement.kind);
        assert!(movement.is_whole(), "{:?}", movement.kind);
    }
}

#[test]
fn holders_are_named_with_their_age() {
    let at = |n| Timestamp::from_second(n).unwrap();
    let of = |kind, second, orders: &[(&str, i64)]| {
        let mut made = Movement::new(kind, here(), 1, at(second));
        made.orders = orders.iter().map(|(id, q)| (id.parse().unwrap(), *q)).collect();
        made
    };
    let story = [
        of(MovementKind::Reserve, 1, &[("ord_1", 2), ("ord_2", 3)]),
        of(MovementKind::Release, 2, &[("ord_1", -2)]),
        of(MovementKind::Reserve, 3, &[("ord_1", 1), ("ord_3", 4)]),
        of(MovementKind::Dispatch, 4, &[("ord_3", 4)]),
        of(MovementKind::ShortPick, 5, &[("ord_2", 1)]),
    ];
    let found: Vec<_> = holders(&story).iter().map(|h| (h.order.to_string(), h.quantity, h.since)).collect();
    assert_eq!(found, [("ord_2".to_owned(), 2, at(1)), ("ord_1".to_owned(), 1, at(3))]);
}
