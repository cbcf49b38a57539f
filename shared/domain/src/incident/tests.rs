use super::*;
use std::time::Instant;

fn at(minute: i64) -> Timestamp {
    after("2026-11-23T09:00:00Z".parse().unwrap(), SignedDuration::from_mins(minute))
}

fn suspicion() -> Suspicion {
    Suspicion {
        from: at(0),
        until: at(60),
        actor: None,
        order: None,
        places: Vec::new(),
        channels: Vec::new(),
        connections: Vec::new(),
    }
}

fn incident() -> Incident {
    Incident {
        id: "inc_1".parse().unwrap(),
        detected_at: at(0),
        opened_by: "a".into(),
        suspicion: suspicion(),
        high_risk: false,
        high_risk_at: None,
        decisions: Vec::new(),
    }
}

#[test]
fn clocks_start_at_detection_and_end_with_a_decision_whatever_it_is() {
    let mut one = incident();
    let open =
        |one: &Incident, now| one.running(now).into_iter().map(|r| (r.notice, r.overdue)).collect::<Vec<_>>();
    assert_eq!(
        open(&one, at(1)),
        [(Notice::Platform, false), (Notice::Controllers, false), (Notice::Regulator, false)]
    );
    assert_eq!(one.due(Notice::Platform), at(24 * 60));
    assert_eq!(one.due(Notice::Regulator), at(72 * 60));
    assert!(open(&one, at(24 * 60)).contains(&(Notice::Controllers, true)));
    one.high_risk = true;
    assert_eq!(open(&one, at(1)).len(), 4);
    let not = Decision {
        notice: Notice::Regulator,
        not_told: Some(NotTold::Unreadable),
        by: "a".into(),
        at: at(5),
    };
    one.decide(not.clone());
    assert_eq!(open(&one, at(1)).len(), 3);
    one.decide(Decision { not_told: None, ..not });
    assert_eq!(one.decided(Notice::Regulator).unwrap().not_told, None);
    assert_eq!(
        one.decisions[0].not_told,
        Some(NotTold::Unreadable),
        "what was decided before stays on record"
    );
    assert_eq!(one.decisions.len(), 2);
}

#[test]
fn who_is_affected_is_told_by_actor_key_time_and_place() {
    let merchants: [MerchantId; 2] = ["mer_a".parse().unwrap(), "mer_b".parse().unwrap()];
    let orders: Vec<OrderId> = (0..4).map(|n| format!("ord_{n}").parse().unwrap()).collect();
    let access = |m: usize, o: usize, actor: &'static str, minute, place| Access {
        merchant: &merchants[m],
        order: &orders[o],
        actor,
        at: at(minute),
        place,
    };
    let all = [
        access(0, 0, "eve", 1, Place::Recipients),
        access(0, 0, "eve", 9, Place::Labels),
        access(0, 1, "bob", 2, Place::Recipients),
        access(1, 2, "eve", 60, Place::Recipients),
        access(1, 3, "eve", 61, Place::Recipients),
    ];
    let erased = BTreeSet::from([&orders[2]]);
    let count = |s: Suspicion| affected(all, &s, &erased).orders();
    assert_eq!(count(suspicion()), 3, "until the end of the time, and not after");
    assert_eq!(count(Suspicion { actor: Some("eve".into()), ..suspicion() }), 2);
    assert_eq!(count(Suspicion { order: Some(orders[1].clone()), ..suspicion() }), 1);
    assert_eq!(count(Suspicion { places: vec![Place::Labels], ..suspicion() }), 1);
    let found = affected(all, &Suspicion { actor: Some("eve".into()), ..suspicion() }, &erased);
    assert_eq!((found.merchants.len(), found.live()), (2, 1));
    assert_eq!(
        found.merchants[&merchants[0]][&orders[0]],
        Touched { first: at(1), last: at(9), times: 2, live: true, source: None }
    );
}

#[test]
fn a_risk_that_is_found_later_starts_its_own_clock_and_undoes_that_nobody_is_told() {
    let mut one = incident();
    let not =
        Decision { notice: Notice::People, not_told: Some(NotTold::NoHighRisk), by: "a".into(), at: at(5) };
    one.decide(not.clone());
    assert!(one.running(at(10)).iter().all(|clock| clock.notice != Notice::People));
    one.raise_risk(at(100 * 60));
    let people =
        |one: &Incident, now| one.running(now).into_iter().find(|clock| clock.notice == Notice::People);
    let clock = people(&one, at(101 * 60)).unwrap();
    assert_eq!((clock.due_at, clock.overdue), (at(172 * 60), false));
    one.raise_risk(at(120 * 60));
    assert_eq!(one.due(Notice::People), at(172 * 60), "the clock runs on");
    assert_eq!(one.due(Notice::Regulator), at(72 * 60), "the others run from when it was noticed");
    assert!(people(&one, at(172 * 60)).unwrap().overdue);
    one.decide(Decision { not_told: None, at: at(130 * 60), ..not });
    assert_eq!(people(&one, at(172 * 60)), None);
    assert_eq!(one.decisions.len(), 2, "what was decided before stays on record");
    let mut known = Incident { high_risk: true, ..incident() };
    known.raise_risk(at(60));
    assert_eq!(known.due(Notice::People), at(72 * 60));
}

#[test]
fn a_high_risk_that_is_found_later_undoes_only_what_was_decided_for_want_of_it() {
    let decided = |notice, not_told| Decision { notice, not_told: Some(not_told), by: "a".into(), at: at(5) };
    let mut one = incident();
    for notice in [Notice::Regulator, Notice::People] {
        one.decide(decided(notice, NotTold::NoRisk));
    }
    one.decide(decided(Notice::Platform, NotTold::NotConcerned));
    one.decide(decided(Notice::Controllers, NotTold::NoRisk));
    assert_eq!(one.running(at(6)), []);
    one.raise_risk(at(60));
    let open: Vec<Notice> = one.running(at(61)).into_iter().map(|clock| clock.notice).collect();
    assert_eq!(open, [Notice::Controllers, Notice::Regulator, Notice::People]);
    let mut opens_with_nothing = incident();
    opens_with_nothing.decide(decided(Notice::People, NotTold::Unreadable));
    opens_with_nothing.raise_risk(at(60));
    assert!(opens_with_nothing.decided(Notice::People).is_some());
}

/// Five orders of two merchants, the even ones from Amazon, the last from nowhere that is known.
fn traced(suspicion: &Suspicion) -> Affected {
    let merchants: [MerchantId; 2] = ["mer_a".parse().unwrap(), "mer_b".parse().unwrap()];
    let orders: Vec<OrderId> = (0..5).map(|n| format!("ord_{n}").parse().unwrap()).collect();
    let accesses = orders.iter().enumerate().map(|(n, order)| Access {
        merchant: &merchants[n % 2],
        order,
        actor: "eve",
        at: at(1),
        place: Place::Recipients,
    });
    let mut found = affected(accesses, suspicion, &BTreeSet::new());
    let source = |n: usize| Source {
        channel: if n.is_multiple_of(2) { Channel::Amazon } else { Channel::Ebay },
        connection: format!("con_{n}").parse().unwrap(),
    };
    let sources = orders.iter().take(4).enumerate().map(|(n, order)| (order.clone(), source(n)));
    found.trace(suspicion, sources.collect());
    found
}

fn names(found: &Affected) -> Vec<String> {
    let mut all: Vec<String> = found.ids().iter().map(ToString::to_string).collect();
    all.sort();
    all
}

#[test]
fn a_channel_and_a_connection_narrow_who_is_affected_and_what_is_unknown_stays() {
    assert_eq!(traced(&suspicion()).orders(), 5);
    let amazon = Suspicion { channels: vec![Channel::Amazon], ..suspicion() };
    assert_eq!(names(&traced(&amazon)), ["ord_0", "ord_2", "ord_4"]);
    let one = Suspicion { connections: vec!["con_3".parse().unwrap()], ..suspicion() };
    assert_eq!(names(&traced(&one)), ["ord_3", "ord_4"]);
    let all = traced(&suspicion());
    assert_eq!(all.channels(), BTreeSet::from([Channel::Amazon, Channel::Ebay]));
    assert_eq!(names(&all.of_channel(Channel::Ebay)), ["ord_1", "ord_3"]);
    assert_eq!(all.of_channel(Channel::Ebay).merchants.len(), 1);
}

#[test]
fn thousands_are_told_in_parts_and_each_once() {
    let all = traced(&suspicion());
    let (mut told, mut after) = (Vec::new(), None);
    for expected in [2, 2, 1] {
        let (part, next) = all.part(after.as_ref(), 2);
        assert_eq!(part.orders(), expected);
        told.extend(names(&part));
        after = next;
    }
    assert_eq!((after, told), (None, names(&all)));
    assert_eq!(all.part(None, 5), (all.clone(), None));
}

#[test]
fn a_drill_over_a_hundred_thousand_accesses_ends_with_drafts_well_within_a_minute() {
    let merchants: Vec<MerchantId> = (0..20).map(|n| format!("mer_{n}").parse().unwrap()).collect();
    let orders: Vec<OrderId> = (0..40_000).map(|n| format!("ord_{n:032x}").parse().unwrap()).collect();
    let began = Instant::now();
    let accesses = (0..100_000usize).map(|n| Access {
        merchant: &merchants[(n * 7) % orders.len() % merchants.len()],
        order: &orders[(n * 7) % orders.len()],
        actor: if n % 3 == 0 { "sub-eve" } else { "sub-bob" },
        at: at((n % 120) as i64),
        place: Place::Recipients,
    });
    let one =
        Incident { suspicion: Suspicion { actor: Some("sub-eve".into()), ..suspicion() }, ..incident() };
    let found = affected(accesses, &one.suspicion, &BTreeSet::new());
    let drafts: Vec<String> = Notice::ALL.iter().map(|notice| one.draft(*notice, &found)).collect();
    let took = began.elapsed();
    println!("100000 access records: {} orders, 4 drafts in {:.3} s", found.orders(), took.as_secs_f64());
    assert!(found.orders() > 5_000);
    assert!(took.as_secs() < 60);
    let told = format!("{} orders of {} merchants", found.orders(), found.merchants.len());
    assert!(drafts[2].contains(&told), "{}", drafts[2]);
    assert!(drafts.iter().all(|draft| draft.contains("inc_1") && !draft.contains("sub-eve")));
    assert!(drafts[0].contains("To be sent by: 2026-11-24T09:00:00Z"));
}

#[test]
fn a_draft_says_what_is_known_and_leaves_the_rest_to_be_completed() {
    let suspicion = Suspicion { places: vec![Place::Labels], ..suspicion() };
    let one = Incident { suspicion, high_risk: true, ..incident() };
    let draft = |notice| one.draft(notice, &Affected::default());
    for notice in Notice::ALL {
        let text = draft(notice);
        assert!(text.contains("labels with names") && !text.contains("contact data was"), "{text}");
        for invented in ["withdrawn", "key service", "destroyed"] {
            assert!(!text.contains(invented), "nobody knows that yet: {text}");
        }
        assert!(text.contains("[to be completed]") && text.contains("Whom to ask"), "{text}");
    }
    let letter = draft(Notice::People);
    assert!(letter.contains("What you can do") && letter.contains("supervisory authority"));
    assert!(!letter.contains("2026-") && !letter.contains("To be sent by"), "no date of ours: {letter}");
}
