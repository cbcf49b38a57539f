//! A breach, or what may be one: clocks, who is affected, what is to be said to whom, and what was decided
//! (CONTROLS H5, articles 33 and 34).

mod draft;

use crate::id::{IncidentId, MerchantId, OrderId};
use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Where personal data is opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "IncidentPlace")]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// Sealed recipients, in the orders table.
    Recipients,
    /// Sealed labels, in the bucket.
    Labels,
    /// What carriers were given.
    Carriers,
}

/// One time that personal data was opened, as the audit chain tells it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access<'a> {
    /// Whose customer.
    pub merchant: &'a MerchantId,
    /// Which order; each has a key of its own, so this names the key as well.
    pub order: &'a OrderId,
    /// Who, or which function.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
    /// Where.
    pub place: Place,
}

/// What went wrong, as far as it can be said of accesses. What is left out means any.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Suspicion {
    /// From when on.
    #[schemars(with = "crate::time::Moment")]
    pub from: Timestamp,
    /// Until when.
    #[schemars(with = "crate::time::Moment")]
    pub until: Timestamp,
    /// By whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub actor: Option<String>,
    /// Whose key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
    /// Where.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

impl Suspicion {
    /// Whether an access is one of those.
    pub fn covers(&self, access: &Access<'_>) -> bool {
        (self.from..=self.until).contains(&access.at)
            && self.actor.as_ref().is_none_or(|actor| actor == access.actor)
            && self.order.as_ref().is_none_or(|order| order == access.order)
            && (self.places.is_empty() || self.places.contains(&access.place))
    }
}

/// What an incident did to one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Touched {
    /// The first time.
    #[schemars(with = "crate::time::Moment")]
    pub first: Timestamp,
    /// The last time.
    #[schemars(with = "crate::time::Moment")]
    pub last: Timestamp,
    /// How often.
    pub times: u64,
    /// The person can still be written to; otherwise only the merchant can.
    pub live: bool,
}

/// Who is affected.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Affected {
    /// Orders by merchant.
    pub merchants: BTreeMap<MerchantId, BTreeMap<OrderId, Touched>>,
}

impl Affected {
    /// How many orders.
    pub fn orders(&self) -> usize {
        self.merchants.values().map(BTreeMap::len).sum()
    }

    /// How many of them have somebody who can still be written to.
    pub fn live(&self) -> usize {
        self.merchants.values().flat_map(BTreeMap::values).filter(|touched| touched.live).count()
    }
}

/// Finds who is affected. `erased` are the orders in the ledger: their contact data is gone.
pub fn affected<'a>(
    accesses: impl IntoIterator<Item = Access<'a>>,
    suspicion: &Suspicion,
    erased: &BTreeSet<&OrderId>,
) -> Affected {
    let mut found = Affected::default();
    for access in accesses.into_iter().filter(|access| suspicion.covers(access)) {
        let orders = match found.merchants.get_mut(access.merchant) {
            Some(orders) => orders,
            None => found.merchants.entry(access.merchant.clone()).or_default(),
        };
        match orders.get_mut(access.order) {
            Some(touched) => {
                touched.first = touched.first.min(access.at);
                touched.last = touched.last.max(access.at);
                touched.times += 1;
            }
            None => {
                let live = !erased.contains(access.order);
                let touched = Touched { first: access.at, last: access.at, times: 1, live };
                orders.insert(access.order.clone(), touched);
            }
        }
    }
    found
}

/// Who may have to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The platform the orders came from; Amazon wants suspicions too.
    Platform,
    /// The merchants, who answer for their customers.
    Controllers,
    /// The supervisory authority.
    Regulator,
    /// The people themselves.
    People,
}

impl Notice {
    /// Everyone.
    pub const ALL: [Self; 4] = [Self::Platform, Self::Controllers, Self::Regulator, Self::People];

    /// Hours from detection (CONTROLS sections 1.1 and 1.3). People are told without undue delay, and only when the
    /// risk is high; the figure is ours.
    pub fn hours(self) -> i64 {
        match self {
            Self::Platform | Self::Controllers => 24,
            Self::Regulator | Self::People => 72,
        }
    }
}

/// Why somebody is not told. Recorded as well: article 33(5) wants every breach on record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum NotTold {
    /// No personal data was touched.
    NoPersonalData,
    /// What was taken opens with nothing.
    Unreadable,
    /// No risk for anyone.
    NoRisk,
    /// No risk that is high.
    NoHighRisk,
    /// None of it came from this platform.
    NotConcerned,
}

/// What was decided about one notice.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Decision {
    /// About whom.
    pub notice: Notice,
    /// Why they are not told; absent when they were.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_told: Option<NotTold>,
    /// Who decided.
    pub by: String,
    /// When.
    #[schemars(with = "crate::time::Moment")]
    pub at: Timestamp,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Incident {
    /// Which.
    pub id: IncidentId,
    /// When it was noticed: every clock starts here.
    #[schemars(with = "crate::time::Moment")]
    pub detected_at: Timestamp,
    /// Who entered it.
    pub opened_by: String,
    /// What it is about.
    pub suspicion: Suspicion,
    /// It puts people at a high risk.
    #[serde(default)]
    pub high_risk: bool,
    /// What was decided, in order; of two about the same notice the last one counts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub decisions: Vec<Decision>,
}

/// A clock that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Running {
    /// For whom.
    pub notice: Notice,
    /// Until when.
    #[schemars(with = "crate::time::Moment")]
    pub due_at: Timestamp,
    /// It has run out.
    pub overdue: bool,
}

impl Incident {
    /// Until when somebody is to be told.
    pub fn due(&self, notice: Notice) -> Timestamp {
        after(self.detected_at, SignedDuration::from_hours(notice.hours()))
    }

    /// The clocks that still run: everyone about whom nothing is decided. People only at high risk.
    pub fn running(&self, now: Timestamp) -> Vec<Running> {
        let concerned = |notice: &Notice| *notice != Notice::People || self.high_risk;
        let open = |notice: &Notice| self.decisions.iter().all(|decision| decision.notice != *notice);
        Notice::ALL
            .into_iter()
            .filter(|notice| concerned(notice) && open(notice))
            .map(|notice| Running { notice, due_at: self.due(notice), overdue: now >= self.due(notice) })
            .collect()
    }

    /// Records a decision. An earlier one about the same notice stays on record before it (article 33(5)).
    pub fn decide(&mut self, decision: Decision) {
        self.decisions.push(decision);
    }

    /// What was decided last about a notice.
    pub fn decided(&self, notice: Notice) -> Option<&Decision> {
        self.decisions.iter().rev().find(|decision| decision.notice == notice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Instant;

    fn at(minute: i64) -> Timestamp {
        after("2026-11-23T09:00:00Z".parse().unwrap(), SignedDuration::from_mins(minute))
    }

    fn suspicion() -> Suspicion {
        Suspicion { from: at(0), until: at(60), actor: None, order: None, places: Vec::new() }
    }

    fn incident() -> Incident {
        Incident {
            id: "inc_1".parse().unwrap(),
            detected_at: at(0),
            opened_by: "a".into(),
            suspicion: suspicion(),
            high_risk: false,
            decisions: Vec::new(),
        }
    }

    #[test]
    fn clocks_start_at_detection_and_end_with_a_decision_whatever_it_is() {
        let mut one = incident();
        let open = |one: &Incident, now| {
            one.running(now).into_iter().map(|r| (r.notice, r.overdue)).collect::<Vec<_>>()
        };
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
            Touched { first: at(1), last: at(9), times: 2, live: true }
        );
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
}
