//! How long a request may take (CONTROLS F2): one month for a person, which can be extended and paused; 30 days
//! for a platform; a complaint is acknowledged within 30 days.

use crate::time::{after, days};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RequestKind")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Forget me.
    Erasure,
    /// Tell me what you hold.
    Export,
    /// You did something wrong.
    Complaint,
}

/// Who asked, as far as the clock tells them apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RequestAsker")]
#[serde(rename_all = "snake_case")]
pub enum Asker {
    /// The person, or the merchant for them.
    Person,
    /// A channel.
    Platform,
}

/// Days a platform gives, and days in which a complaint is acknowledged.
const PLATFORM_DAYS: i64 = 30;
/// Months a person waits at most; two more when the request is complex (article 12(3)).
const MONTHS: i64 = 1;
const MORE_MONTHS: i64 = 2;

/// A time in which the clock stands: we asked who they are, or which order they mean (article 12A).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pause {
    /// When we asked.
    pub from: Timestamp,
    /// When they answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// The clock of one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    /// What is asked.
    pub kind: Kind,
    /// By whom.
    pub asker: Asker,
    /// When it came.
    pub received: Timestamp,
    /// They were told within the first month that it takes longer.
    #[serde(default)]
    pub extended: bool,
    /// When it stood.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub pauses: Vec<Pause>,
}

/// Why the clock cannot be changed so.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClockError {
    /// Only a person's request for erasure or export can be extended or paused.
    #[error("this clock can neither be extended nor paused")]
    Fixed,
    /// The first month is over.
    #[error("an extension is told within the first month; it is over")]
    TooLate,
    /// It stands already, or does not stand.
    #[error("the clock is not in the state for this")]
    State,
}

impl Clock {
    /// A clock that begins to run.
    pub fn start(kind: Kind, asker: Asker, received: Timestamp) -> Self {
        Self { kind, asker, received, extended: false, pauses: Vec::new() }
    }

    fn flexible(&self) -> Result<(), ClockError> {
        let flexible = self.asker == Asker::Person && self.kind != Kind::Complaint;
        if flexible { Ok(()) } else { Err(ClockError::Fixed) }
    }

    /// Whether it stands.
    pub fn is_paused(&self) -> bool {
        self.pauses.last().is_some_and(|pause| pause.until.is_none())
    }

    /// Takes two months more.
    ///
    /// # Errors
    /// `Fixed`; `TooLate` after the first month; `State` when it was done before.
    pub fn extend(mut self, now: Timestamp) -> Result<Self, ClockError> {
        self.flexible()?;
        if self.extended {
            return Err(ClockError::State);
        }
        if now >= self.due(now) {
            return Err(ClockError::TooLate);
        }
        self.extended = true;
        Ok(self)
    }

    /// Stops the clock.
    ///
    /// # Errors
    /// `Fixed`; `State` when it stands already.
    pub fn pause(mut self, now: Timestamp) -> Result<Self, ClockError> {
        self.flexible()?;
        if self.is_paused() {
            return Err(ClockError::State);
        }
        self.pauses.push(Pause { from: now, until: None });
        Ok(self)
    }

    /// Lets it run again.
    ///
    /// # Errors
    /// `State` when it does not stand.
    pub fn go_on(mut self, now: Timestamp) -> Result<Self, ClockError> {
        match self.pauses.last_mut().filter(|pause| pause.until.is_none()) {
            Some(pause) => pause.until = Some(now),
            None => return Err(ClockError::State),
        }
        Ok(self)
    }

    /// When it is to be done, seen from `now`: while the clock stands the day moves on.
    ///
    /// A month ends on the day of the same number, or on the last day of a month that has none.
    pub fn due(&self, now: Timestamp) -> Timestamp {
        if self.flexible().is_err() {
            return after(self.received, days(PLATFORM_DAYS));
        }
        let months = MONTHS + if self.extended { MORE_MONTHS } else { 0 };
        let from = self.received.to_zoned_datetime(TimeZone::UTC);
        let end = from.checked_add(months.months()).map_or(Timestamp::MAX, |zoned| zoned.timestamp());
        let stood = self.pauses.iter().fold(SignedDuration::ZERO, |sum, pause| {
            sum.saturating_add(pause.until.unwrap_or(now.max(pause.from)).duration_since(pause.from))
        });
        after(end, stood)
    }

    /// Whether the day has passed.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        !self.is_paused() && now >= self.due(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn clock(received: &str) -> Clock {
        Clock::start(Kind::Erasure, Asker::Person, at(received))
    }

    #[test]
    fn a_month_ends_on_the_same_day_or_on_the_last_one() {
        for (from, to) in [
            ("2026-01-31T10:00:00Z", "2026-02-28T10:00:00Z"),
            ("2028-01-31T10:00:00Z", "2028-02-29T10:00:00Z"),
            ("2026-11-23T09:15:00Z", "2026-12-23T09:15:00Z"),
            ("2026-12-31T00:00:00Z", "2027-01-31T00:00:00Z"),
        ] {
            assert_eq!(clock(from).due(at(from)), at(to));
        }
        let longer = clock("2026-11-30T10:00:00Z").extend(at("2026-12-01T00:00:00Z")).unwrap();
        assert_eq!(longer.due(at("2026-12-01T00:00:00Z")), at("2027-02-28T10:00:00Z"));
    }

    #[test]
    fn while_it_stands_it_does_not_run_out() {
        let stood = clock("2026-11-01T00:00:00Z").pause(at("2026-11-10T00:00:00Z")).unwrap();
        assert!(stood.is_paused() && !stood.is_overdue(at("2027-06-01T00:00:00Z")));
        assert_eq!(stood.clone().pause(at("2026-11-11T00:00:00Z")), Err(ClockError::State));
        let runs = stood.go_on(at("2026-11-15T00:00:00Z")).unwrap();
        assert_eq!(runs.due(at("2026-11-16T00:00:00Z")), at("2026-12-06T00:00:00Z"));
        assert!(!runs.is_overdue(at("2026-12-05T23:59:59Z")) && runs.is_overdue(at("2026-12-06T00:00:00Z")));
        assert_eq!(runs.go_on(at("2026-11-17T00:00:00Z")), Err(ClockError::State));
    }

    #[test]
    fn an_extension_comes_once_and_in_time() {
        let one = clock("2026-11-01T00:00:00Z");
        assert_eq!(one.clone().extend(at("2026-12-01T00:00:00Z")), Err(ClockError::TooLate));
        let longer = one.extend(at("2026-11-30T00:00:00Z")).unwrap();
        assert_eq!(longer.extend(at("2026-11-30T00:00:00Z")), Err(ClockError::State));
    }

    #[test]
    fn a_platform_and_a_complaint_have_thirty_days_and_no_more() {
        let received = at("2026-11-01T00:00:00Z");
        for (kind, asker) in [(Kind::Erasure, Asker::Platform), (Kind::Complaint, Asker::Person)] {
            let clock = Clock::start(kind, asker, received);
            assert_eq!(clock.due(received), at("2026-12-01T00:00:00Z"));
            assert_eq!(clock.clone().extend(received), Err(ClockError::Fixed));
            assert_eq!(clock.pause(received), Err(ClockError::Fixed));
        }
    }
}
