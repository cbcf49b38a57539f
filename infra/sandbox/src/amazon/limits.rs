//! The documented usage plans: a bucket for each operation of each seller.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::wire::Reply;

/// Calls a second and burst, as in the models and Amazon's pages.
fn plan(operation: &str) -> Option<(&'static str, i64, i32)> {
    match operation {
        "searchOrders" => Some(("0.0056", 178_571, 20)),
        "getOrder" => Some(("0.5", 2_000, 30)),
        "confirmShipment" => Some(("2.0", 500, 10)),
        "patchListingsItem" => Some(("5.0", 200, 5)),
        "createDestination" | "getDestinations" | "createSubscription" | "getSubscription" => {
            Some(("1.0", 1_000, 5))
        }
        _ => None,
    }
}

/// What is spent of every bucket.
#[derive(Debug, Default)]
pub struct Buckets {
    full_at: BTreeMap<String, Timestamp>,
    /// Calls beyond a limit, whether limits are kept or not.
    pub over: u64,
}

impl Buckets {
    /// Takes a call; false when the bucket is empty.
    pub fn take(&mut self, operation: &str, now: Timestamp) -> bool {
        let Some((_, every, burst)) = plan(operation) else { return true };
        let every = SignedDuration::from_millis(every);
        let from = self.full_at.get(operation).copied().unwrap_or(now).max(now);
        let full_at = from.checked_add(every).unwrap_or(Timestamp::MAX);
        if full_at.duration_since(now) > every.saturating_mul(burst) {
            self.over += 1;
            return false;
        }
        self.full_at.insert(operation.to_owned(), full_at);
        true
    }
}

/// The reply with the rate in it.
pub fn told(reply: Reply, operation: &str) -> Reply {
    match plan(operation) {
        Some((rate, ..)) => reply.with("x-amzn-RateLimit-Limit", rate),
        None => reply,
    }
}
