//! How fast one caller may ask, so that a program that has lost its way leaves room for everybody else. It is counted in the
//! memory of the instance that answers: no write, no call. Each instance counts for itself, so whoever is answered by
//! several may ask more often than is said, and never less (decision 046).

use crate::allowance::Allowance;
use http::StatusCode;
use jiff::Timestamp;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_runtime::problem::Problem;

/// Requests of one caller in a minute of the clock: fifty a second, a fifth of what the gateway lets through of all.
pub const MOST: u32 = 3_000;

/// Seconds of a window.
pub(crate) const WINDOW: i64 = 60;

/// More than that.
pub(crate) const TOO_FAST: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "too_fast",
    "You ask more often than one caller may: wait as long as `Retry-After` says. Nothing was done.",
);

/// Counts of the minute that has begun, by caller.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pace(Arc<Mutex<Counts>>);

#[derive(Debug, Default)]
struct Counts {
    minute: i64,
    by: HashMap<String, u32>,
}

impl Pace {
    /// Counts a request; what is left after it, or what to wait for when it is one too many.
    pub(crate) fn count(&self, sub: &str, now: Timestamp) -> Result<Allowance, Allowance> {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let minute = now.as_second().div_euclid(WINDOW);
        if counts.minute != minute {
            *counts = Counts { minute, by: HashMap::new() };
        }
        let used = counts.by.entry(sub.to_owned()).or_default();
        if *used >= MOST {
            return Err(Allowance::refused(MOST, now).within(WINDOW, now));
        }
        *used += 1;
        Ok(Allowance::after(*used, MOST, now).within(WINDOW, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderMap;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_795_424_400 + second).unwrap()
    }

    #[test]
    fn each_caller_has_so_many_in_a_minute_and_as_many_in_the_next() {
        let pace = Pace::default();
        for _ in 0..MOST {
            assert!(pace.count("one", at(10)).is_ok());
        }
        let refused = pace.count("one", at(45)).unwrap_err();
        let mut headers = HeaderMap::new();
        refused.refuse(&mut headers);
        assert_eq!(
            (&headers["retry-after"], &headers["ratelimit-reset"]),
            (&"15".parse().unwrap(), &"15".parse().unwrap())
        );
        assert!(pace.count("two", at(45)).is_ok(), "somebody else is not held up");
        let left = pace.count("one", at(60)).unwrap();
        assert_eq!(left, Allowance::after(1, MOST, at(60)).within(WINDOW, at(60)));
    }
}
