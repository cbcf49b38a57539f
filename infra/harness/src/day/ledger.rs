//! Who waits for what: every order from its placing to the moment its channel knows that it left.

use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use waybill_domain::OrderId;
use waybill_domain::order::Channel;

/// One order.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    /// Where it was placed.
    pub channel: Channel,
    /// When.
    pub placed: Timestamp,
    /// When we first had it.
    pub stored: Option<Timestamp>,
    /// When its channel knew that it left.
    pub done: Option<Timestamp>,
}

#[derive(Debug, Default)]
struct Pages {
    orders: BTreeMap<OrderId, Entry>,
    undone: BTreeSet<(Timestamp, OrderId)>,
    oldest: SignedDuration,
}

/// All of them.
#[derive(Debug, Default)]
pub struct Ledger(Mutex<Pages>);

impl Ledger {
    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An order was placed.
    pub fn placed(&self, order: OrderId, channel: Channel, at: Timestamp) {
        let mut pages = self.pages();
        pages.undone.insert((at, order.clone()));
        pages.orders.insert(order, Entry { channel, placed: at, stored: None, done: None });
    }

    /// An order is ours now; only the first time counts.
    pub fn stored(&self, order: &OrderId, at: Timestamp) {
        if let Some(entry) = self.pages().orders.get_mut(order) {
            entry.stored.get_or_insert(at);
        }
    }

    /// An order's channel knows that it left; only the first time counts.
    pub fn done(&self, order: &OrderId, at: Timestamp) {
        let mut pages = self.pages();
        let Some(entry) = pages.orders.get_mut(order) else { return };
        entry.done.get_or_insert(at);
        let key = (entry.placed, order.clone());
        pages.undone.remove(&key);
    }

    /// True when the channel is yet to learn of it.
    pub fn waits(&self, order: &OrderId) -> bool {
        self.pages().orders.get(order).is_some_and(|entry| entry.done.is_none())
    }

    /// Orders that are not done.
    pub fn undone(&self) -> usize {
        self.pages().undone.len()
    }

    /// Looks how old the oldest undone order is.
    pub fn look(&self, now: Timestamp) {
        let mut pages = self.pages();
        if let Some((placed, _)) = pages.undone.first() {
            let age = now.duration_since(*placed);
            pages.oldest = pages.oldest.max(age);
        }
    }

    /// The greatest age an undone order had at any look.
    pub fn oldest(&self) -> SignedDuration {
        self.pages().oldest
    }

    /// Every order.
    pub fn entries(&self) -> Vec<(OrderId, Entry)> {
        self.pages().orders.iter().map(|(id, entry)| (id.clone(), *entry)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_ages_until_its_channel_knows() {
        let at = |seconds: i64| Timestamp::from_second(1_795_392_000 + seconds).unwrap();
        let (first, second): (OrderId, OrderId) = ("ord_1".parse().unwrap(), "ord_2".parse().unwrap());
        let ledger = Ledger::default();
        ledger.placed(first.clone(), Channel::Ebay, at(0));
        ledger.placed(second.clone(), Channel::Ebay, at(50));
        ledger.stored(&first, at(10));
        ledger.stored(&first, at(20));
        ledger.look(at(60));
        ledger.done(&first, at(70));
        ledger.look(at(100));
        assert_eq!(ledger.oldest(), SignedDuration::from_secs(60));
        assert!(!ledger.waits(&first) && ledger.waits(&second));
        assert_eq!(ledger.undone(), 1);
        let (_, entry) = &ledger.entries()[0];
        assert_eq!((entry.stored, entry.done), (Some(at(10)), Some(at(70))));
    }
}
