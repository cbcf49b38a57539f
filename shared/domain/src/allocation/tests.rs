use super::*;
use crate::catalogue::Sku;
use crate::intake::{Decision, Delivery, Identity, Incoming, IncomingLine, decide};
use crate::money::Money;
use crate::order::{Channel, ChannelRef, Destination, Picked};
use crate::sourcing::{Criterion, Pool, Rule, Then, When};
use jiff::Timestamp;
use proptest::prelude::*;
use rust_decimal::Decimal;

pub(crate) fn wh(n: u32) -> WarehouseId {
    format!("wh_{n}").parse().unwrap()
}

pub(crate) fn slot(sku: &str, n: u32) -> Slot {
    (sku.to_owned(), wh(n))
}

fn candidates() -> Vec<Candidate> {
    vec![
        Candidate { warehouse: wh(1), priority: 1, near: vec!["BS".into()] },
        Candidate { warehouse: wh(2), priority: 2, near: vec!["G".into()] },
    ]
}

pub(crate) fn order(area: &str, lines: &[(&str, u32)]) -> Order {
    let incoming = Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: "1".into(), name: None },
        version: Timestamp::UNIX_EPOCH,
        placed_at: Timestamp::UNIX_EPOCH,
        cancelled_at: None,
        arrived_at: None,
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

/// Allocates with the default policy, from a catalogue of whatever is stocked.
fn allocate(order: &Order, candidates: &[Candidate], part_ship: bool, available: &mut Available) -> Decided {
    let stocked = available.keys().map(|(sku, _)| sku.clone()).collect();
    let catalogue = Catalogue { stocked, ..Catalogue::default() };
    let (policy, expiries) = (Policy::default(), Expiries::new());
    let ground =
        Ground { candidates, catalogue: &catalogue, policy: &policy, part_ship, expiries: &expiries };
    super::allocate(order, &ground, available)
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
    assert_eq!(decided.stopped, Some(Stopped::Unmapped));
    assert_eq!(decided.status, Status::Held);
    assert_eq!(decided.changes, Changes::from([(slot("A", 1), 1)]), "what is known is kept meanwhile");
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

/// A merchant with three warehouses, a gift box of two mugs and a tea, and a listing of three mugs.
struct Shop {
    candidates: Vec<Candidate>,
    catalogue: Catalogue,
    policy: Policy,
    expiries: Expiries,
}

impl Shop {
    fn new() -> Self {
        let part = |sku: &str, units| Part { sku: sku.into(), units };
        let mut catalogue = Catalogue::default();
        let gift = Sku { parts: vec![part("MUG", 2), part("TEA", 1)], ..Sku::named("GIFT") };
        let tea = Sku { tags: vec!["food".into()], ..Sku::named("TEA") };
        for sku in [gift, Sku::named("MUG"), tea] {
            catalogue.skus.insert(sku.sku.clone(), sku);
        }
        catalogue.mappings.insert(("con_1".parse().unwrap(), "THREE-MUGS".into()), ("MUG".into(), 3));
        let mut candidates = candidates();
        candidates.push(Candidate { warehouse: wh(3), priority: 3, near: vec![] });
        Self { candidates, catalogue, policy: Policy::default(), expiries: Expiries::new() }
    }

    fn ground(&self) -> Ground<'_> {
        Ground {
            candidates: &self.candidates,
            catalogue: &self.catalogue,
            policy: &self.policy,
            part_ship: false,
            expiries: &self.expiries,
        }
    }

    fn allocate(&self, order: &Order, free: &mut Available) -> Decided {
        super::allocate(order, &self.ground(), free)
    }
}

#[test]
fn a_bundle_reserves_its_components_in_one_place() {
    let shop = Shop::new();
    let mut free = stock(&[("MUG", 1, 3), ("TEA", 1, 9), ("MUG", 2, 4), ("TEA", 2, 1), ("TEA", 3, 0)]);
    let mut gift = order("BS", &[("GIFT", 2)]);
    let decided = shop.allocate(&gift, &mut free);
    // One from each: neither has mugs and tea for two.
    assert_eq!(decided.status, Status::Allocated);
    assert_eq!(
        decided.changes,
        Changes::from([(slot("MUG", 1), 2), (slot("TEA", 1), 1), (slot("MUG", 2), 2), (slot("TEA", 2), 1)])
    );
    gift.lines = decided.lines;
    assert_eq!(held(&gift), decided.changes);
    let (_, back) = release(&gift);
    assert_eq!(back.values().sum::<i64>(), -6);
}

#[test]
fn a_listing_takes_as_many_as_it_stands_for() {
    let shop = Shop::new();
    let mut free = stock(&[("MUG", 1, 8)]);
    let decided = shop.allocate(&order("BS", &[("THREE-MUGS", 2)]), &mut free);
    assert_eq!(decided.changes, Changes::from([(slot("MUG", 1), 6)]));
    assert_eq!(decided.lines[0].allocated(), 2);
}

#[test]
fn a_new_mapping_gives_back_what_the_old_one_took() {
    let mut shop = Shop::new();
    let mut free = stock(&[("MUG", 1, 8), ("TEA", 1, 8)]);
    let mut listing = order("BS", &[("THREE-MUGS", 1)]);
    listing.lines = shop.allocate(&listing, &mut free).lines;
    shop.catalogue.mappings.insert(("con_1".parse().unwrap(), "THREE-MUGS".into()), ("TEA".into(), 2));
    let decided = shop.allocate(&listing, &mut free);
    assert_eq!(decided.changes, Changes::from([(slot("MUG", 1), -3), (slot("TEA", 1), 2)]));
    assert_eq!(free, stock(&[("MUG", 1, 8), ("TEA", 1, 6)]));
}

#[test]
fn pools_and_rules_keep_goods_and_orders_back() {
    let mut shop = Shop::new();
    shop.policy.pools = vec![Pool { channel: Channel::Amazon, sku: "MUG".into(), pieces: 6 }];
    let mut free = stock(&[("MUG", 1, 8), ("TEA", 1, 8)]);
    let three = shop.allocate(&order("BS", &[("MUG", 3)]), &mut free);
    assert_eq!(three.status, Status::Backordered);
    shop.policy.rules = vec![
        Rule {
            name: "food".into(),
            when: When { tags: vec!["food".into()], ..When::default() },
            then: Then { never: vec![wh(1)], ..Then::default() },
        },
        Rule {
            name: "large".into(),
            when: When { value_from: Some(Decimal::TEN), ..When::default() },
            then: Then { hold: true, ..Then::default() },
        },
    ];
    let tea = shop.allocate(&order("BS", &[("TEA", 1)]), &mut free);
    assert_eq!(tea.status, Status::Backordered);
    let mut large = order("BS", &[("MUG", 1)]);
    large.total.amount = Decimal::TEN;
    assert_eq!(shop.allocate(&large, &mut free).stopped, Some(Stopped::Rule("large".into())));
    large.let_go = true;
    assert_eq!(shop.allocate(&large, &mut free).status, Status::Allocated);
}

#[test]
fn a_rule_about_weight_asks_the_catalogue_where_the_channel_says_nothing() {
    let mut shop = Shop::new();
    shop.catalogue.skus.get_mut("MUG").unwrap().grams = 400;
    let when = When { grams_from: Some(2_400), ..When::default() };
    shop.policy.rules =
        vec![Rule { name: "heavy".into(), when, then: Then { hold: true, ..Then::default() } }];
    let held = |listing: &str, said: u32, pieces: u32| {
        let mut order = order("BS", &[(listing, pieces)]);
        order.lines[0].grams = said;
        let stopped = shop.allocate(&order, &mut stock(&[("MUG", 1, 50)])).stopped;
        stopped == Some(Stopped::Rule("heavy".into()))
    };
    assert_eq!([5, 6].map(|pieces| held("MUG", 0, pieces)), [false, true]);
    assert_eq!([1, 2].map(|pieces| held("THREE-MUGS", 0, pieces)), [false, true], "three mugs a piece");
    assert_eq!(
        [23, 24].map(|pieces| held("MUG", 100, pieces)),
        [false, true],
        "what the channel says goes first"
    );
}

#[test]
fn criteria_count_in_the_order_they_are_named() {
    let mut shop = Shop::new();
    let free = stock(&[("MUG", 1, 5), ("MUG", 2, 50), ("MUG", 3, 500)]);
    shop.expiries.insert(slot("MUG", 2), "2026-12-01".parse().unwrap());
    let from = |shop: &Shop, area: &str| {
        let decided = shop.allocate(&order(area, &[("MUG", 1)]), &mut free.clone());
        decided.lines[0].allocations[0].warehouse.clone()
    };
    assert_eq!(from(&shop, "XX"), wh(1));
    assert_eq!(from(&shop, "G"), wh(2));
    shop.policy.criteria = vec![Criterion::MostStock];
    assert_eq!(from(&shop, "G"), wh(3));
    shop.policy.criteria = vec![Criterion::OldestExpiry, Criterion::MostStock];
    assert_eq!(from(&shop, "BS"), wh(2));
}

#[test]
fn the_explanation_names_the_winner_and_what_others_lost_on() {
    let shop = Shop::new();
    let free = stock(&[("MUG", 1, 1), ("MUG", 2, 5), ("TEA", 1, 1), ("TEA", 2, 1)]);
    let told = explain(&order("BS", &[("MUG", 2), ("TEA", 1)]), &shop.ground(), &free);
    assert_eq!(told.status, Status::Allocated);
    let won: Vec<_> = told.candidates.iter().filter(|c| c.won).collect();
    assert_eq!((won.len(), &won[0].warehouses), (1, &vec![wh(2)]));
    let why = |n: usize| told.candidates[n].why.as_str();
    assert_eq!(why(0), "it leaves out 1 more pieces");
    assert_eq!(why(2), "it takes more shipments");
    let none = explain(&order("BS", &[("SOAP", 1)]), &shop.ground(), &free);
    assert!(none.why.contains("map it"));
}

#[test]
fn packed_goods_nobody_wants_any_more_go_back_to_the_dock() {
    let mut edited = order("BS", &[("A", 3)]);
    edited.lines[0].allocations = vec![Allocation { warehouse: wh(1), quantity: 1 }];
    let spot = |text: &str| text.parse::<Spot>().unwrap();
    let lot = spot("PACK~L1~2027-01-31").lot;
    let picked = |lot, quantity| Picked { sku: "A".into(), warehouse: wh(1), lot, quantity };
    edited.picked = vec![picked(None, 2), picked(lot, 1)];
    let spots = [("PACK", -1), ("DOCK", 1), ("PACK~L1~2027-01-31", -1), ("DOCK~L1~2027-01-31", 1)];
    let back = spots.map(|(text, pieces)| (spot(text), pieces)).into();
    assert_eq!(unpack(&mut edited), [(slot("A", 1), back)].into());
    assert_eq!((edited.picked.len(), edited.picked[0].quantity), (1, 1));
    assert!(unpack(&mut edited).is_empty());
}

proptest! {
    /// Bundles, listings and single pieces over three warehouses: what is taken is what orders hold, and all of it
    /// can be given back; a second look changes nothing, or finds more of an order of which a part is there.
    #[test]
    fn what_orders_hold_is_what_was_taken(
        levels in proptest::collection::vec((0usize..2, 1u32..4, 0i64..15), 1..8),
        wants in proptest::collection::vec((proptest::collection::vec((0usize..4, 1u32..4), 1..4), any::<bool>()), 1..12),
        criteria in proptest::sample::subsequence(vec![Criterion::FewestShipments, Criterion::Nearest, Criterion::MostStock, Criterion::Priority], 0..=4),
    ) {
        let mut shop = Shop::new();
        shop.policy.criteria = criteria;
        let mut start = stock(&[]);
        for (sku, w, pieces) in &levels {
            start.insert(slot(["MUG", "TEA"][*sku], *w), *pieces);
        }
        let mut free = start.clone();
        let mut orders = Vec::new();
        for (lines, part) in &wants {
            let lines: Vec<_> = lines.iter().map(|(n, q)| (["MUG", "TEA", "GIFT", "THREE-MUGS"][*n], *q)).collect();
            let mut one = order("G", &lines);
            shop.policy.part_ship = Some(*part);
            let decided = shop.allocate(&one, &mut free);
            one.lines = decided.lines;
            prop_assert_eq!(held(&one), decided.changes);
            let again = shop.allocate(&one, &mut free);
            if decided.status == Status::PartAllocated {
                prop_assert!(again.changes.values().all(|n| *n > 0), "{:?}", again);
                one.lines = again.lines;
            } else {
                prop_assert!(again.changes.is_empty() && again.status == decided.status, "{:?}", again);
            }
            orders.push(one);
        }
        prop_assert!(free.values().all(|left| *left >= 0));
        for one in &orders {
            apply(&release(one).1, &mut free);
        }
        prop_assert_eq!(free, start);
    }
}

proptest! {
    /// Who came first is served first: goods that an earlier order waits for go to nobody who came after it, and an
    /// order that came later changes nothing for one that came before.
    #[test]
    fn nobody_overtakes_who_waits(
        levels in proptest::collection::vec((0usize..2, 1u32..4, 0i64..8), 1..6),
        wants in proptest::collection::vec(proptest::collection::vec((0usize..4, 1u32..5), 1..4), 1..12),
    ) {
        let shop = Shop::new();
        let mut free = stock(&[]);
        for (sku, w, pieces) in &levels {
            free.insert(slot(["MUG", "TEA"][*sku], *w), *pieces);
        }
        let mut waited_for = std::collections::BTreeSet::new();
        for lines in &wants {
            let lines: Vec<_> = lines.iter().map(|(n, q)| (["MUG", "TEA", "GIFT", "THREE-MUGS"][*n], *q)).collect();
            let mut one = order("G", &lines);
            let there = |sku: &str| free.iter().filter(|((name, _), _)| name == sku).map(|(_, n)| *n).sum::<i64>();
            let mugs_and_tea = ["MUG", "TEA"].map(|sku| (sku, there(sku)));
            let decided = shop.allocate(&one, &mut free);
            for (sku, _) in decided.changes.keys() {
                prop_assert!(!waited_for.contains(sku), "{sku} was waited for: {decided:?}");
            }
            if decided.status == Status::Backordered {
                one.lines = decided.lines;
                set_aside(&one, &shop.ground(), &mut free);
                for (sku, there) in mugs_and_tea {
                    let lacks = one.lines.iter().flat_map(|line| {
                        line.takes().into_iter().map(|part| (part.sku, i64::from(line.owed() * part.units)))
                    });
                    if lacks.filter(|(name, _)| name == sku).map(|(_, n)| n).sum::<i64>() > there {
                        waited_for.insert(sku.to_owned());
                    }
                }
            }
        }
    }

    /// What is kept for one channel no other ever gets, at any warehouse, and that channel can have all of it.
    #[test]
    fn a_pool_is_for_its_own_channel_alone(
        levels in proptest::collection::vec((1u32..4, 0i64..15), 1..4),
        kept in 0u32..9,
        wants in proptest::collection::vec((any::<bool>(), any::<bool>(), 1u32..7), 1..12),
    ) {
        let mut shop = Shop::new();
        shop.policy.pools = vec![Pool { channel: Channel::Amazon, sku: "MUG".into(), pieces: kept }];
        let mut free: Available = levels.iter().map(|(w, pieces)| (slot("MUG", *w), *pieces)).collect();
        for (theirs, bundle, pieces) in wants {
            let mut one = order("BS", &[(if bundle { "THREE-MUGS" } else { "MUG" }, pieces)]);
            one.channel = if theirs { Channel::Amazon } else { Channel::Ebay };
            let before = free.clone();
            let decided = shop.allocate(&one, &mut free);
            for (slot, there) in &before {
                let (left, kept) = (free[slot], if theirs { 0 } else { i64::from(kept) });
                prop_assert!(left >= kept.min(*there), "{there} were there, {left} are left of {kept}");
            }
            let wanted = i64::from(pieces) * if bundle { 3 } else { 1 };
            if theirs && !bundle && before.values().sum::<i64>() >= wanted {
                prop_assert_eq!(decided.status, Status::Allocated);
            }
        }
    }

    /// Where the first to expire counts first, one piece comes from whoever has the earliest day, and never from an
    /// empty shelf.
    #[test]
    fn what_expires_first_goes_first(
        levels in proptest::collection::btree_map(1u32..4, (0i64..3, proptest::option::of(1i8..28)), 1..4),
    ) {
        let mut shop = Shop::new();
        shop.policy.criteria = vec![Criterion::OldestExpiry];
        let mut free = stock(&[]);
        for (w, (pieces, day)) in &levels {
            free.insert(slot("MUG", *w), *pieces);
            if let Some(day) = day {
                shop.expiries.insert(slot("MUG", *w), jiff::civil::date(2027, 1, *day));
            }
        }
        let day = |w: u32| levels[&w].1.unwrap_or(i8::MAX);
        let first = levels.iter().filter(|(_, (pieces, _))| *pieces > 0).map(|(w, _)| day(*w)).min();
        let decided = shop.allocate(&order("XX", &[("MUG", 1)]), &mut free);
        match (first, decided.changes.keys().next()) {
            (None, None) => prop_assert_eq!(decided.status, Status::Backordered),
            (Some(first), Some((_, from))) => {
                let from = levels.keys().find(|w| wh(**w) == *from).copied().unwrap_or_default();
                prop_assert_eq!(day(from), first);
            }
            (first, from) => prop_assert!(false, "{first:?} {from:?}"),
        }
    }
}
