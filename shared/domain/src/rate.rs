//! How often a connection may be called: a bucket that fills evenly, as every channel documents its limits.

use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// A documented limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// One call is given back in this time.
    pub every: SignedDuration,
    /// Calls that may be made at once after a rest.
    pub burst: u32,
}

/// How much of a limit is used, as one moment: when the bucket will be full again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Spent {
    /// The bucket is full from then on.
    pub full_at: Timestamp,
    /// How long an empty one takes to be full, so that whoever reads this knows how much is left. Not in what was
    /// stored before it was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fills_in: Option<SignedDuration>,
}

impl Spent {
    /// At least nine tenths of it are spent.
    pub fn is_nearly_all(&self, now: Timestamp) -> bool {
        let missing = self.full_at.duration_since(now);
        self.fills_in.is_some_and(|whole| missing.as_millis() * 10 >= whole.as_millis() * 9)
    }
}

impl Rate {
    /// Takes one call: what is spent then, or how long until there is one.
    ///
    /// # Errors
    /// The time to wait.
    pub fn take(&self, spent: Option<Spent>, now: Timestamp) -> Result<Spent, SignedDuration> {
        let from = spent.map_or(now, |s| s.full_at.max(now));
        let full_at = after(from, self.every);
        let most = self.fills_in();
        let over = full_at.duration_since(now) - most;
        if over > SignedDuration::ZERO { Err(over) } else { Ok(Spent { full_at, fills_in: Some(most) }) }
    }

    /// Takes several calls at once, for an exchange of known length.
    ///
    /// # Errors
    /// The time to wait; nothing is taken then.
    pub fn take_many(
        &self,
        spent: Option<Spent>,
        calls: u32,
        now: Timestamp,
    ) -> Result<Spent, SignedDuration> {
        // More than fit at once are taken as many as fit: they come one after another anyway.
        let calls = calls.clamp(1, self.burst.max(1));
        let first = self.take(spent, now)?;
        (1..calls).try_fold(first, |spent, _| self.take(Some(spent), now))
    }

    /// What is spent when the channel says that nothing is left for this long.
    pub fn exhausted(&self, wait: SignedDuration, now: Timestamp) -> Spent {
        let most = self.every.saturating_mul(i32::try_from(self.burst.saturating_sub(1)).unwrap_or(i32::MAX));
        Spent { full_at: after(after(now, wait), most), fills_in: Some(self.fills_in()) }
    }

    /// How long an empty bucket takes to be full.
    fn fills_in(&self) -> SignedDuration {
        self.every.saturating_mul(i32::try_from(self.burst.max(1)).unwrap_or(i32::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_one_by_one() {
        // Amazon's searchOrders: 0.0056 a second, burst 20 (contracts/amazon section 3).
        let rate = Rate { every: SignedDuration::from_secs(180), burst: 20 };
        let now = Timestamp::UNIX_EPOCH;
        let mut spent = None;
        for _ in 0..20 {
            spent = Some(rate.take(spent, now).unwrap());
        }
        assert_eq!(rate.take(spent, now), Err(SignedDuration::from_secs(180)));
        let later = after(now, SignedDuration::from_secs(180));
        let spent = rate.take(spent, later).unwrap();
        assert!(rate.take(Some(spent), later).is_err());
    }

    #[test]
    fn a_budget_is_nearly_all_spent_from_nine_tenths_on_and_recovers_by_itself() {
        let rate = Rate { every: SignedDuration::from_secs(180), burst: 20 };
        let now = Timestamp::UNIX_EPOCH;
        let spent = |calls| rate.take_many(None, calls, now).unwrap();
        assert!(!spent(17).is_nearly_all(now));
        assert!(spent(18).is_nearly_all(now));
        assert!(!spent(20).is_nearly_all(after(now, SignedDuration::from_secs(3 * 180))));
        // Told to wait, nothing is left, however little we had counted.
        assert!(rate.exhausted(SignedDuration::from_secs(60), now).is_nearly_all(now));
        let one = Rate { every: SignedDuration::from_secs(1), burst: 1 };
        assert!(
            one.exhausted(SignedDuration::from_hours(2), now)
                .is_nearly_all(after(now, SignedDuration::from_hours(1)))
        );
        // Stored before it was kept: not known, so not told.
        assert!(
            !Spent { full_at: after(now, SignedDuration::from_hours(9)), fills_in: None }.is_nearly_all(now)
        );
    }

    #[test]
    fn told_to_wait_nothing_is_left_until_then() {
        let rate = Rate { every: SignedDuration::from_secs(1), burst: 5 };
        let now = Timestamp::UNIX_EPOCH;
        let spent = rate.exhausted(SignedDuration::from_secs(30), now);
        let wait = rate.take(Some(spent), now).unwrap_err();
        assert_eq!(wait, SignedDuration::from_secs(30));
        let then = after(now, SignedDuration::from_secs(30));
        assert!(rate.take(Some(spent), then).is_ok());
    }

    /// Whatever calls a bucket allows, arriving up to `late` milliseconds late, a larger one at the other end takes
    /// all of them when it is larger by what that time brings.
    #[test]
    fn a_smaller_bucket_makes_up_for_calls_that_are_held_up() {
        let rate = |burst| Rate { every: SignedDuration::from_millis(500), burst };
        let over = |ours: Rate| {
            let (mut spent, mut theirs) = (None, None);
            let mut arrivals = Vec::new();
            // A busy minute; calls of the first two seconds are held up and arrive together.
            for millisecond in (0..60_000).step_by(10) {
                let now = after(Timestamp::UNIX_EPOCH, SignedDuration::from_millis(millisecond));
                if let Ok(next) = ours.take(spent, now) {
                    spent = Some(next);
                    arrivals.push(now.max(after(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(2))));
                }
            }
            let mut over = 0;
            for at in arrivals {
                match rate(10).take(theirs, at) {
                    Ok(next) => theirs = Some(next),
                    Err(_) => over += 1,
                }
            }
            over
        };
        assert!(over(rate(10)) > 0);
        assert_eq!(over(rate(6)), 0);
    }
}
