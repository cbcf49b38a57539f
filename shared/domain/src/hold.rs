//! Legal hold: the one thing that keeps personal data longer than its purge time (CONTROLS C12).
//!
//! It has a reason from a closed list, an end, and a second person who agrees; while one of them is missing it
//! holds nothing. What is held is beyond use: it opens for the law and for nothing else.

use crate::time::{after, days};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The longest a hold lasts before somebody has to ask anew, in days.
pub const LONGEST_DAYS: i64 = 180;

/// Why something is held. No free text: it would name people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// A claim is made or defended.
    Claim,
    /// An authority investigates.
    Investigation,
    /// A court orders it.
    CourtOrder,
    /// A breach is being looked into.
    Incident,
}

/// A hold on one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LegalHold {
    /// Why.
    pub reason: HoldReason,
    /// Until when.
    #[schemars(with = "crate::time::Moment")]
    pub until: Timestamp,
    /// Who asked, by the id of their sign-in.
    pub asked_by: String,
    /// When they asked.
    #[schemars(with = "crate::time::Moment")]
    pub asked_at: Timestamp,
    /// Who agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<String>,
    /// When they agreed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<crate::time::Moment>")]
    pub agreed_at: Option<Timestamp>,
}

/// Why there is no hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum HoldError {
    /// Its end is past, or too far away.
    #[error("a hold ends in the future, {LONGEST_DAYS} days from now at most")]
    End,
    /// Whoever asked cannot agree.
    #[error("somebody else must agree to a hold than the one who asked for it")]
    SamePerson,
}

impl LegalHold {
    /// Asks for a hold; it holds nothing yet.
    ///
    /// # Errors
    /// `End` when it would not end, or has ended.
    pub fn ask(reason: HoldReason, by: &str, until: Timestamp, now: Timestamp) -> Result<Self, HoldError> {
        if until <= now || until > after(now, days(LONGEST_DAYS)) {
            return Err(HoldError::End);
        }
        Ok(Self { reason, until, asked_by: by.to_owned(), asked_at: now, agreed_by: None, agreed_at: None })
    }

    /// A second person agrees.
    ///
    /// # Errors
    /// `SamePerson`; `End` when it is over already.
    pub fn agree(mut self, by: &str, now: Timestamp) -> Result<Self, HoldError> {
        if by == self.asked_by {
            return Err(HoldError::SamePerson);
        }
        if self.until <= now {
            return Err(HoldError::End);
        }
        self.agreed_by = Some(by.to_owned());
        self.agreed_at = Some(now);
        Ok(self)
    }

    /// Whether it holds anything now.
    pub fn in_force(&self, now: Timestamp) -> bool {
        self.agreed_by.is_some() && now < self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hold_needs_an_end_and_a_second_person() {
        let now: Timestamp = "2026-11-23T09:15:00Z".parse().unwrap();
        let day = |n| after(now, days(n));
        let ask = |until| LegalHold::ask(HoldReason::Claim, "a", until, now);
        assert_eq!(ask(now), Err(HoldError::End));
        assert_eq!(ask(day(LONGEST_DAYS + 1)), Err(HoldError::End));
        let asked = ask(day(60)).unwrap();
        assert!(!asked.in_force(now), "nobody agreed yet");
        assert_eq!(asked.clone().agree("a", now), Err(HoldError::SamePerson));
        assert_eq!(asked.clone().agree("b", day(60)), Err(HoldError::End));
        let held = asked.agree("b", day(1)).unwrap();
        assert!(held.in_force(day(59)) && !held.in_force(day(60)));
    }
}
