//! When a carrier account is left alone because it does not answer: after a few failures in a row it is not
//! called for a while, then one call tries; each failure of that doubles the wait.

use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Failures in a row after which calls stop. Fewer than the receives a message has before its dead-letter queue.
pub const TRIPS_AT: u32 = 3;
/// The first wait.
const FIRST_WAIT: SignedDuration = SignedDuration::from_secs(30);
/// The longest wait: the longest delay a message can have.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_secs(900);

/// How one connection has been answering.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// Failures since the last answer: time-outs, lost replies, faults of the other side. A refusal is an answer.
    #[serde(default)]
    pub failures: u32,
    /// When the last of them was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failed_at: Option<Timestamp>,
    /// Nothing is sent before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open_until: Option<Timestamp>,
}

/// What may be done now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Call.
    Closed,
    /// Call: it is the one that tries. Others wait.
    Trying,
    /// Come back after this many seconds.
    Open {
        /// At least one.
        seconds: u32,
    },
}

impl Health {
    /// What may be done at `now`.
    pub fn gate(&self, now: Timestamp) -> Gate {
        match self.open_until {
            None => Gate::Closed,
            Some(until) if now < until => {
                let seconds = until.duration_since(now).as_secs().saturating_add(1);
                Gate::Open { seconds: u32::try_from(seconds).unwrap_or(1) }
            }
            Some(_) => Gate::Trying,
        }
    }

    /// After a call that got no usable answer.
    pub fn failed(&self, now: Timestamp) -> Self {
        let failures = self.failures.saturating_add(1);
        let open_until = failures.checked_sub(TRIPS_AT).map(|over| after(now, wait(over)));
        Self { failures, failed_at: Some(now), open_until }
    }

    /// While one call tries, the others keep waiting for as long as a call may take.
    pub fn tries(&self, now: Timestamp) -> Self {
        Self { open_until: Some(after(now, FIRST_WAIT)), ..self.clone() }
    }

    /// True when there is nothing to take back once the other side answers.
    pub fn is_well(&self) -> bool {
        self.failures == 0
    }
}

fn wait(over: u32) -> SignedDuration {
    FIRST_WAIT.saturating_mul(1_i32.checked_shl(over.min(10)).unwrap_or(i32::MAX)).min(LONGEST_WAIT)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    #[test]
    fn it_opens_tries_once_and_waits_longer_each_time() {
        let mut health = Health::default();
        for n in 0..i64::from(TRIPS_AT) - 1 {
            health = health.failed(at(n));
            assert_eq!(health.gate(at(n)), Gate::Closed);
        }
        health = health.failed(at(10));
        assert_eq!(health.gate(at(10)), Gate::Open { seconds: 31 });
        assert_eq!(health.gate(at(40)), Gate::Trying);
        let trying = health.tries(at(40));
        assert_eq!(trying.gate(at(41)), Gate::Open { seconds: 30 });
        health = trying.failed(at(45));
        assert_eq!(health.gate(at(45)), Gate::Open { seconds: 61 });
        for n in 0..40 {
            health = health.failed(at(100 + n));
        }
        assert_eq!(health.gate(at(139)), Gate::Open { seconds: 901 });
        assert_eq!(Health::default().gate(at(139)), Gate::Closed);
    }
}
