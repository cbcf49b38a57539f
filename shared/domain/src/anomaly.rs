//! What is unusual about who opened what: bulk reads, odd hours, refusals (CONTROLS D5). The figures are ours.

use crate::time::after;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use std::collections::BTreeMap;

/// One opening, or one refusal to open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Opening<'a> {
    /// Who, by the id of their sign-in.
    pub actor: &'a str,
    /// When.
    pub at: Timestamp,
    /// Nothing was shown.
    pub refused: bool,
    /// A label, which packers print by the hundred.
    pub label: bool,
}

/// What is unusual.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Rule {
    /// More openings within an hour than work needs.
    Bulk,
    /// An opening at night.
    OddHours,
    /// Again and again refused within an hour.
    Denied,
}

/// Something unusual.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Alarm {
    /// What.
    pub rule: Rule,
    /// Who.
    pub actor: String,
    /// How often: the most within an hour, or all of them at night.
    pub count: usize,
    /// From when on.
    pub from: Timestamp,
}

/// Openings of one person within an hour from which on it is a bulk read. Below the limit of the reveal function,
/// so that the alarm comes before the door closes.
pub const BULK: usize = 40;
/// As [`BULK`] for labels: below what the reveal function prints for one person in an hour.
pub const BULK_LABELS: usize = 800;
/// Refusals of one person within an hour.
pub const DENIED: usize = 5;
/// The hours of the night, UTC (London is the same in winter and an hour ahead in summer): from the first to before
/// the second. UTC, because the rule must not depend on a time zone file being there.
const NIGHT: (i8, i8) = (22, 6);
const HOUR: SignedDuration = SignedDuration::from_hours(1);

/// Looks through openings, in any order.
pub fn find<'a>(openings: impl IntoIterator<Item = Opening<'a>>) -> Vec<Alarm> {
    let mut by_actor: BTreeMap<&str, [Vec<Timestamp>; 3]> = BTreeMap::new();
    for Opening { actor, at, refused, label } in openings {
        let [read, printed, denied] = by_actor.entry(actor).or_default();
        match (refused, label) {
            (true, _) => denied,
            (false, true) => printed,
            (false, false) => read,
        }
        .push(at);
    }
    let mut alarms = Vec::new();
    for (actor, mut all) in by_actor {
        all.iter_mut().for_each(|times| times.sort_unstable());
        let [read, printed, denied] = &all;
        let mut alarm = |rule, found: Option<(usize, Timestamp)>| {
            alarms.extend(found.map(|(count, from)| Alarm { rule, actor: actor.to_owned(), count, from }));
        };
        alarm(Rule::Bulk, most_within_an_hour(read).filter(|(count, _)| *count >= BULK));
        alarm(Rule::Bulk, most_within_an_hour(printed).filter(|(count, _)| *count >= BULK_LABELS));
        alarm(Rule::Denied, most_within_an_hour(denied).filter(|(count, _)| *count >= DENIED));
        let night = |at: &&Timestamp| {
            let hour = at.to_zoned_datetime(TimeZone::UTC).hour();
            hour >= NIGHT.0 || hour < NIGHT.1
        };
        let at_night: Vec<_> = read.iter().chain(printed).filter(night).collect();
        alarm(Rule::OddHours, at_night.iter().min().map(|first| (at_night.len(), **first)));
    }
    alarms.sort();
    alarms
}

fn most_within_an_hour(times: &[Timestamp]) -> Option<(usize, Timestamp)> {
    let mut first = 0;
    let mut most = None;
    for (n, at) in times.iter().enumerate() {
        while times.get(first).is_some_and(|from| after(*from, HOUR) <= *at) {
            first += 1;
        }
        let count = n + 1 - first;
        if most.is_none_or(|(known, _)| count > known) {
            most = times.get(first).map(|from| (count, *from));
        }
    }
    most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> Timestamp {
        "2026-11-23T09:00:00Z".parse().unwrap()
    }

    fn every(seconds: i64, count: i64, from: Timestamp, refused: bool) -> Vec<Opening<'static>> {
        (0..count)
            .map(|n| Opening {
                actor: "a",
                at: after(from, SignedDuration::from_secs(n * seconds)),
                refused,
                label: false,
            })
            .collect()
    }

    fn rules(openings: Vec<Opening<'_>>) -> Vec<Rule> {
        find(openings).into_iter().map(|alarm| alarm.rule).collect()
    }

    #[test]
    fn a_quiet_day_is_quiet() {
        assert_eq!(find(every(600, 48, day(), false)), []);
        assert_eq!(find(every(900, DENIED as i64 - 1, day(), true)), []);
        assert_eq!(find([]), []);
    }

    #[test]
    fn a_pull_of_two_hundred_is_a_bulk_read_within_its_first_minutes() {
        let pull = every(3, 200, day(), false);
        assert_eq!(rules(pull.clone()), [Rule::Bulk]);
        assert_eq!(rules(pull[..BULK].to_vec()), [Rule::Bulk], "two minutes into it");
        assert_eq!(rules(pull[..BULK - 1].to_vec()), []);
        let shuffled: Vec<_> = pull.iter().rev().copied().collect();
        assert_eq!(find(shuffled)[0].count, 200);
        // Two people, each with half, are two people.
        let two = pull[..60].iter().enumerate().map(|(n, one)| Opening { actor: ["a", "b"][n % 2], ..*one });
        assert_eq!(rules(two.collect()), []);
    }

    #[test]
    fn a_morning_of_printing_is_work_and_more_than_a_bench_can_pack_is_not() {
        let printed = |count| -> Vec<Opening<'static>> {
            every(4, count, day(), false).into_iter().map(|one| Opening { label: true, ..one }).collect()
        };
        assert_eq!(rules(printed(BULK_LABELS as i64 - 1)), []);
        assert_eq!(rules(printed(BULK_LABELS as i64)), [Rule::Bulk]);
    }

    #[test]
    fn nights_begin_at_ten_and_end_at_six() {
        let at = |text: &str| every(1, 1, text.parse().unwrap(), false);
        assert_eq!(rules(at("2026-11-23T22:00:00Z")), [Rule::OddHours]);
        assert_eq!(rules(at("2026-11-23T05:59:59Z")), [Rule::OddHours]);
        assert_eq!(rules(at("2026-11-23T06:00:00Z")), []);
        assert_eq!(rules(at("2026-07-23T21:59:59Z")), []);
    }

    #[test]
    fn whoever_is_refused_again_and_again_is_noticed() {
        assert_eq!(rules(every(60, DENIED as i64, day(), true)), [Rule::Denied]);
    }
}
