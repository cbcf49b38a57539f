//! Whether each opening of a recipient is on record, and each record was an opening: our audit records against the
//! key service's own (CONTROLS D4).

use crate::OrderId;
use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How far apart a record and its opening may lie: a function records first, opens next and has ended by then.
pub const SLACK: SignedDuration = SignedDuration::from_mins(5);

/// One record, or one opening.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Opening {
    /// Of which order's key.
    pub order: OrderId,
    /// When.
    pub at: Timestamp,
}

/// How a span of time came out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OpeningsCompared")]
pub struct Compared {
    /// The first moment of the span.
    #[schemars(with = "crate::time::Moment")]
    pub from: Timestamp,
    /// The moment before which it ends.
    #[schemars(with = "crate::time::Moment")]
    pub until: Timestamp,
    /// Openings on record.
    pub recorded: usize,
    /// Openings that the key service made.
    pub opened: usize,
    /// Orders whose key was opened without a record, once for each time.
    pub unrecorded: Vec<OrderId>,
    /// Orders that are on record and whose key was not opened, once for each time.
    pub unopened: Vec<OrderId>,
}

impl Compared {
    /// Both sides say the same.
    pub fn holds(&self) -> bool {
        self.unrecorded.is_empty() && self.unopened.is_empty()
    }
}

/// Finds for each opening of the span a record of its own, and for each record an opening. Both sides reach
/// [`SLACK`] beyond the span, so that what lies on its edge is not torn apart; only what lies in it is counted.
pub fn compare(recorded: &[Opening], opened: &[Opening], from: Timestamp, until: Timestamp) -> Compared {
    let within = |one: &&Opening| from <= one.at && one.at < until;
    let mut sides: BTreeMap<&OrderId, [Vec<&Opening>; 2]> = BTreeMap::new();
    for (n, side) in [recorded, opened].into_iter().enumerate() {
        for one in side {
            if let Some(list) = sides.entry(&one.order).or_default().get_mut(n) {
                list.push(one);
            }
        }
    }
    let (mut unopened, mut unrecorded) = (Vec::new(), Vec::new());
    for [mut records, mut openings] in sides.into_values() {
        records.sort();
        openings.sort();
        let (mut records, mut openings) = (records.into_iter().peekable(), openings.into_iter().peekable());
        loop {
            match (records.peek(), openings.peek()) {
                (None, None) => break,
                (Some(record), Some(opening))
                    if record.at <= after(opening.at, SLACK) && opening.at <= after(record.at, SLACK) =>
                {
                    records.next();
                    openings.next();
                }
                (Some(record), opening) if opening.is_none_or(|opening| record.at < opening.at) => {
                    unopened.extend(records.next());
                }
                _ => unrecorded.extend(openings.next()),
            }
        }
    }
    let orders = |all: Vec<&Opening>| all.into_iter().filter(within).map(|one| one.order.clone()).collect();
    Compared {
        from,
        until,
        recorded: recorded.iter().filter(within).count(),
        opened: opened.iter().filter(within).count(),
        unrecorded: orders(unrecorded),
        unopened: orders(unopened),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from() -> Timestamp {
        "2026-11-23T00:00:00Z".parse().unwrap()
    }

    fn one(order: u8, seconds: i64) -> Opening {
        Opening {
            order: format!("ord_{order:032x}").parse().unwrap(),
            at: after(from(), SignedDuration::from_secs(seconds)),
        }
    }

    fn found(recorded: &[Opening], opened: &[Opening]) -> (usize, usize) {
        let until = after(from(), SignedDuration::from_hours(24));
        let found = compare(recorded, opened, from(), until);
        assert_eq!(found.holds(), found.unrecorded.is_empty() && found.unopened.is_empty());
        (found.unrecorded.len(), found.unopened.len())
    }

    #[test]
    fn a_record_and_its_opening_belong_together_whatever_their_order_and_the_clocks() {
        let recorded = [one(1, 60), one(1, 61), one(2, 3000)];
        assert_eq!(found(&recorded, &[one(2, 3001), one(1, 62), one(1, 59)]), (0, 0));
        assert_eq!(found(&[], &[]), (0, 0));
    }

    #[test]
    fn an_opening_more_than_there_are_records_is_found_though_another_is_near() {
        assert_eq!(found(&[one(1, 60)], &[one(1, 60), one(1, 61)]), (1, 0));
        assert_eq!(found(&[one(1, 60)], &[one(1, 60), one(2, 60)]), (1, 0), "another order");
        assert_eq!(found(&[one(1, 60)], &[one(1, 60 + SLACK.as_secs() + 1)]), (1, 1), "hours apart");
    }

    #[test]
    fn a_record_without_an_opening_is_found() {
        assert_eq!(found(&[one(1, 60), one(2, 60)], &[one(2, 61)]), (0, 1));
    }

    #[test]
    fn what_lies_on_the_edge_is_not_torn_apart_and_belongs_to_one_day() {
        assert_eq!(found(&[one(1, -1)], &[one(1, 1)]), (0, 0));
        assert_eq!(found(&[one(1, 86_399)], &[one(1, 86_401)]), (0, 0));
        // An opening of the day before is told by the day before.
        assert_eq!(found(&[], &[one(1, -1)]), (0, 0));
        assert_eq!(found(&[], &[one(1, 86_400)]), (0, 0));
        assert_eq!(found(&[], &[one(1, 0)]), (1, 0));
    }
}
