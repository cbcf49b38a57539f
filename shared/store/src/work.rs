//! What the queues carry: ids only, versioned, so that a message in flight still parses after a deploy.
//!
//! Work names an order and a stage, not a change: the handler reads the order and does what its state
//! calls for, so a message that comes late, twice or out of turn does no harm.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::{ConnectionId, MerchantId, OrderId};

/// The stages, each with its queue and dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Read from a channel: the poller's.
    Poll,
    /// Reserve, release or settle stock: the allocator's.
    Allocate,
    /// Book or void: the shipper's.
    Book,
    /// Tell the channel: the notifier's.
    Notify,
    /// Ask the carrier: the tracker's.
    Track,
    /// Forget: retention's.
    Erase,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 6] = [Self::Poll, Self::Allocate, Self::Book, Self::Notify, Self::Track, Self::Erase];

    /// The environment variable that holds its URL.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Poll => "QUEUE_POLL",
            Self::Allocate => "QUEUE_ALLOCATE",
            Self::Book => "QUEUE_BOOK",
            Self::Notify => "QUEUE_NOTIFY",
            Self::Track => "QUEUE_TRACK",
            Self::Erase => "QUEUE_ERASE",
        }
    }
}

/// A message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// The first version.
    V1(Work),
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Work {
    /// Bring an order's stage forward: which stage, the queue says.
    Order {
        /// Which order.
        order: OrderId,
        /// The latest time the sender knew: a handler's "now" is never before it.
        at: Timestamp,
    },
    /// Read one order from its channel.
    Fetch {
        /// Through which account.
        connection: ConnectionId,
        /// The channel's key for the order.
        channel_id: String,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Erase the orders of one buyer at one connection.
    EraseBuyer {
        /// Whose.
        merchant: MerchantId,
        /// The blind index of the buyer.
        buyer: String,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Erase every order that came through a connection.
    EraseConnection {
        /// Whose.
        merchant: MerchantId,
        /// Which.
        connection: ConnectionId,
        /// As in `Order`.
        at: Timestamp,
    },
}

impl Work {
    /// The latest time the sender knew.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Order { at, .. }
            | Self::Fetch { at, .. }
            | Self::EraseBuyer { at, .. }
            | Self::EraseConnection { at, .. } => *at,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_of_today_is_read_tomorrow() {
        let text = r#"{"V1":{"kind":"order","order":"ord_1","at":"2026-11-23T09:15:00Z"}}"#;
        let Message::V1(work) = serde_json::from_str(text).unwrap();
        assert!(matches!(&work, Work::Order { order, .. } if order.as_str() == "ord_1"));
        assert_eq!(serde_json::to_string(&Message::V1(work)).unwrap(), text);
    }
}
