//! The road an order has gone: one entry for every change of where it stands, in the order itself.
//!
//! Written with the change, so nobody can forget to say it, and told to the outside afterwards (decision 014).

use crate::order::{Hold, Order, PersonalData, Status};
use serde::{Deserialize, Serialize};

/// Entries an order keeps, the newest: they are told within seconds, and an order has about seven in all.
pub const KEPT: usize = 16;

/// A change of where an order stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Passed {
    /// The write that made it; see `Order::rev`.
    pub rev: u64,
    /// Where it stood from then on; `None` when it was forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<Status>,
    /// Why, when it was held.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

impl Order {
    /// Notes where it stands, unless that was noted already. Every write of an order comes by here.
    pub fn note(&mut self) {
        let noted = self.passed.iter().rev().find_map(|one| one.status.map(|status| (status, one.hold)));
        if noted != Some((self.status, self.hold)) {
            self.passed.push(Passed { rev: self.rev, status: Some(self.status), hold: self.hold });
        }
        if self.personal == PersonalData::Erased && self.passed.iter().all(|one| one.status.is_some()) {
            self.passed.push(Passed { rev: self.rev, status: None, hold: None });
        }
        let old = self.passed.len().saturating_sub(KEPT);
        self.passed.drain(..old);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::intake::{Identity, unreadable};
    use crate::order::Channel;

    fn order() -> Order {
        let who = Identity {
            merchant: "mer_1".parse().unwrap(),
            connection: "con_1".parse().unwrap(),
            order: "ord_1".parse().unwrap(),
            lines: Vec::new(),
            digest: "d".into(),
        };
        unreadable(Channel::Shopify, &who, "invented".into(), "2026-11-23T09:15:00Z".parse().unwrap())
    }

    #[test]
    fn what_changes_where_an_order_stands_is_noted_once() {
        let mut order = order();
        order.note();
        order.note();
        (order.rev, order.hold) = (2, Some(Hold::Merchant));
        order.note();
        (order.rev, order.status, order.hold) = (3, Status::Cancelled, None);
        order.personal = PersonalData::Erased;
        order.note();
        order.rev = 4;
        order.note();
        let held = |rev, hold| Passed { rev, status: Some(Status::Held), hold: Some(hold) };
        let cancelled = Passed { rev: 3, status: Some(Status::Cancelled), hold: None };
        let forgotten = Passed { rev: 3, status: None, hold: None };
        assert_eq!(order.passed, [held(1, Hold::Exception), held(2, Hold::Merchant), cancelled, forgotten]);
    }

    #[test]
    fn an_order_that_goes_back_and_forth_does_not_grow() {
        let mut order = order();
        for rev in 1..100 {
            order.rev = rev;
            order.hold = Some(if rev % 2 == 0 { Hold::Merchant } else { Hold::Channel });
            order.note();
        }
        assert_eq!((order.passed.len(), order.passed[KEPT - 1].rev), (KEPT, 99));
    }
}
