//! When an order's personal data must be gone (DESIGN section 5, CONTROLS section 2 point 7).

use crate::time::{after, days};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long personal data is kept, in days, counted from what happened to the order. A merchant may
/// lower these, never raise them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RetentionPolicy")]
pub struct Policy {
    /// After delivery.
    pub delivered_days: i64,
    /// After the parcel left, delivered or not.
    pub shipped_days: i64,
    /// After cancellation.
    pub cancelled_days: i64,
    /// After arrival, for an order with nothing to send.
    pub nothing_to_ship_days: i64,
    /// After arrival, for an order that never leaves: a backorder nobody filled, a hold nobody lifted.
    pub unfulfilled_days: i64,
}

impl Policy {
    /// The longest Waybill ever keeps: Amazon's registration form asks for less than 31 days after
    /// shipment (CONTROLS section 1.1), with five days of margin for every lag.
    pub const LONGEST: Self = Self {
        delivered_days: 14,
        shipped_days: 25,
        cancelled_days: 7,
        nothing_to_ship_days: 7,
        unfulfilled_days: 90,
    };

    /// This policy with every figure held between one day and the longest allowed.
    pub fn clamped(self) -> Self {
        let l = Self::LONGEST;
        let at_most = |asked: i64, longest: i64| asked.clamp(1, longest);
        Self {
            delivered_days: at_most(self.delivered_days, l.delivered_days),
            shipped_days: at_most(self.shipped_days, l.shipped_days),
            cancelled_days: at_most(self.cancelled_days, l.cancelled_days),
            nothing_to_ship_days: at_most(self.nothing_to_ship_days, l.nothing_to_ship_days),
            unfulfilled_days: at_most(self.unfulfilled_days, l.unfulfilled_days),
        }
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::LONGEST
    }
}

/// How long the fence of an erased order stands, in days: longer than any channel is asked for an order again (CONTROLS
/// section 2 point 6).
pub const FENCE_DAYS: i64 = 730;

/// Whether an order that was `placed` so long ago may have been erased and its fence have fallen since. What was received
/// then is kept without its person, so that nobody comes back however late (decision 043). A fence falls that long after
/// the erasure, and no order is erased before it is placed.
pub fn outlived_fence(placed: Timestamp, received: Timestamp) -> bool {
    received >= after(placed, days(FENCE_DAYS))
}

/// What has happened to an order so far, as far as forgetting cares.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Milestones {
    /// When we first stored it.
    pub received: Timestamp,
    /// When its last shipment left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shipped: Option<Timestamp>,
    /// When its last shipment was delivered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered: Option<Timestamp>,
    /// When it was cancelled.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancelled: Option<Timestamp>,
    /// It has nothing to send.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub nothing_to_ship: bool,
}

impl Milestones {
    /// An order that has only just arrived.
    pub fn received(at: Timestamp) -> Self {
        Self { received: at, shipped: None, delivered: None, cancelled: None, nothing_to_ship: false }
    }

    /// The moment from which the personal data may neither be read nor kept: the earliest of all that apply.
    pub fn purge_at(&self, policy: Policy) -> Timestamp {
        let p = policy.clamped();
        let rules = [
            Some(after(self.received, days(p.unfulfilled_days))).filter(|_| self.shipped.is_none()),
            self.nothing_to_ship.then(|| after(self.received, days(p.nothing_to_ship_days))),
            self.shipped.map(|at| after(at, days(p.shipped_days))),
            self.delivered.map(|at| after(at, days(p.delivered_days))),
            self.cancelled.map(|at| after(at, days(p.cancelled_days))),
        ];
        rules.into_iter().flatten().min().unwrap_or(self.received)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(n: i64) -> Timestamp {
        after("2026-11-01T00:00:00Z".parse().unwrap(), days(n))
    }

    #[test]
    fn the_earliest_rule_wins() {
        let m = Milestones { shipped: Some(day(2)), ..Milestones::received(day(0)) };
        assert_eq!(m.purge_at(Policy::LONGEST), day(27));
        let m = Milestones { delivered: Some(day(3)), ..m };
        assert_eq!(m.purge_at(Policy::LONGEST), day(17));
        let m = Milestones { cancelled: Some(day(3)), ..m };
        assert_eq!(m.purge_at(Policy::LONGEST), day(10));
    }

    #[test]
    fn a_parcel_delivered_late_is_still_purged_by_its_shipment() {
        let m =
            Milestones { shipped: Some(day(0)), delivered: Some(day(24)), ..Milestones::received(day(0)) };
        assert_eq!(m.purge_at(Policy::LONGEST), day(25));
    }

    #[test]
    fn an_order_that_never_leaves_is_forgotten_too() {
        assert_eq!(Milestones::received(day(0)).purge_at(Policy::LONGEST), day(90));
    }

    #[test]
    fn a_merchant_cannot_keep_longer() {
        let long = Policy { shipped_days: 400, ..Policy::LONGEST };
        let m = Milestones { shipped: Some(day(0)), ..Milestones::received(day(0)) };
        assert_eq!(m.purge_at(long), day(25));
    }
}
