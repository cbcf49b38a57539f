//! What the queues carry: ids only, versioned, so that a message in flight still parses after a deploy.
//!
//! Work names an order and a stage, not a change: the handler reads the order and does what its state
//! calls for, so a message that comes late, twice or out of turn does no harm.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::event::Event;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Hold, Order, Status};
use waybill_domain::packing;
use waybill_domain::paper::Paper;
use waybill_domain::{
    ConnectionId, DeliveryId, ManifestId, MerchantId, OrderId, RequestId, ShipmentId, SubscriptionId,
    WarehouseId,
};

/// The stages, each with its queue and dead-letter queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Queue {
    /// Read from a channel: the poller's.
    Poll,
    /// Reserve, release or settle stock: the allocator's.
    Allocate,
    /// Book or void: the shipper's.
    Book,
    /// Tell the channel of parcels: the notifier's.
    Notify,
    /// Tell channels of stock: the notifier's too, by a queue of its own, so that no tracking number waits behind.
    Push,
    /// Ask the carrier: the tracker's.
    Track,
    /// Forget: retention's.
    Erase,
    /// Tell merchants' own addresses what happened: the notifier's. The bus puts events into it.
    Deliver,
}

impl Queue {
    /// Every queue.
    pub const ALL: [Self; 8] = [
        Self::Poll,
        Self::Allocate,
        Self::Book,
        Self::Notify,
        Self::Push,
        Self::Track,
        Self::Erase,
        Self::Deliver,
    ];

    /// The environment variable that holds its URL.
    pub fn variable(self) -> &'static str {
        match self {
            Self::Poll => "QUEUE_POLL",
            Self::Allocate => "QUEUE_ALLOCATE",
            Self::Book => "QUEUE_BOOK",
            Self::Notify => "QUEUE_NOTIFY",
            Self::Push => "QUEUE_PUSH",
            Self::Track => "QUEUE_TRACK",
            Self::Erase => "QUEUE_ERASE",
            Self::Deliver => "QUEUE_DELIVER",
        }
    }
}

/// The stages that should look at an order as it stands; none when only time or a person can move it on.
pub fn stages(order: &Order) -> Vec<Queue> {
    let at_carrier = order.shipments > 0 || order.claim.is_some();
    match order.status {
        // Its label is to be undone first.
        Status::Booked if order.instructions.void.is_some() => vec![Queue::Book],
        Status::Dispatched if order.instructions.void.is_some() && !order.holds_stock() => vec![Queue::Book],
        Status::Received | Status::Backordered => vec![Queue::Allocate],
        // Nobody but the packing bench moves it on.
        Status::Allocated | Status::PartAllocated | Status::Picking if packing::waits(order) => vec![],
        Status::Allocated | Status::PartAllocated | Status::Picking => vec![Queue::Book],
        // What may be at a carrier is voided before its goods are given back.
        Status::Cancelled if at_carrier => vec![Queue::Book],
        Status::Cancelled if order.holds_stock() => vec![Queue::Allocate],
        // It keeps its goods until it is paid, or until it has waited too long.
        Status::Held if order.hold == Some(Hold::AwaitingPayment) => match order.unpaid {
            Some(unpaid) if !unpaid.lapsed => vec![Queue::Allocate],
            _ if order.holds_stock() => vec![Queue::Allocate],
            _ => vec![],
        },
        // Whether its articles are known by now the allocator sees.
        Status::Held if waits_for_mapping(order) => vec![Queue::Allocate],
        // What it wants is not all kept for it yet.
        Status::Held if order.keeps_goods() && order.due_at.is_some() => vec![Queue::Allocate],
        Status::Held if order.keeps_goods() => vec![],
        // While a person decides, the goods stay promised.
        Status::Held if matches!(order.hold, Some(Hold::Exception | Hold::Merchant)) => vec![],
        Status::Held if order.holds_stock() => vec![Queue::Allocate],
        Status::Booked => vec![Queue::Notify],
        Status::Dispatched if order.holds_stock() => vec![Queue::Allocate, Queue::Track],
        Status::Dispatched => vec![Queue::Track],
        Status::Delivered | Status::Returned if order.holds_stock() => vec![Queue::Allocate],
        Status::Cancelled | Status::Held | Status::Delivered | Status::Returned => vec![],
    }
}

/// All it waits for is that somebody says what its articles are.
fn waits_for_mapping(order: &Order) -> bool {
    order.hold == Some(Hold::Exception)
        && !order.exceptions.is_empty()
        && order.exceptions.iter().all(|e| e.reason == Reason::UnmappedSku)
        && order.shipments == 0
        && order.claim.is_none()
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
    /// Read the next page of what changed at a channel.
    Poll {
        /// Through which account.
        connection: ConnectionId,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Read the next page of a span of the past.
    Backfill {
        /// Through which account.
        connection: ConnectionId,
        /// Which of its backfills.
        backfill: String,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Tell the merchant's channels how much there is of a SKU.
    Push {
        /// Whose.
        merchant: MerchantId,
        /// Which.
        sku: String,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Tell the merchant's channels of every SKU, a page at a time: what is kept back may have changed for all of them.
    PushAll {
        /// Whose.
        merchant: MerchantId,
        /// Which shard of the merchant's SKUs is read.
        shard: u8,
        /// The last SKU of it that was announced.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Have the merchant's channels told of every SKU of which goods passed their day.
    Expired {
        /// Whose.
        merchant: MerchantId,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Hand the parcels of a carrier account over: only ever sent because the seller said so.
    Manifest {
        /// The seller's wish; the same wish sent twice is one manifest.
        manifest: ManifestId,
        /// Whose.
        merchant: MerchantId,
        /// Which carrier account.
        connection: ConnectionId,
        /// For which warehouse.
        warehouse: WarehouseId,
        /// The carrier's name as the account lists it.
        carrier_name: String,
        /// As in `Order`; for a new manifest, when the seller asked.
        at: Timestamp,
    },
    /// Have the carrier print a paper for a parcel: only ever sent because somebody asked.
    Paper {
        /// Which parcel.
        shipment: ShipmentId,
        /// Which paper.
        paper: Paper,
        /// They looked in the carrier's account and found no return label there.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        looked: bool,
        /// As in `Order`: when they asked.
        at: Timestamp,
    },
    /// Carry out a request that is on record, or go on with it.
    Request {
        /// Whose buyer.
        merchant: MerchantId,
        /// Which request.
        request: RequestId,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Bring a legal hold that is on record into force, or let it end.
    Hold {
        /// Whose order.
        merchant: MerchantId,
        /// Which.
        order: OrderId,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Work out anew when an order is to be forgotten.
    Purge {
        /// Whose order.
        merchant: MerchantId,
        /// Which.
        order: OrderId,
        /// As in `Order`.
        at: Timestamp,
    },
    /// Go on with the daily run: more was due than one run has time for.
    Retain {
        /// As in `Order`.
        at: Timestamp,
    },
    /// Something happened, as the bus tells it: see which addresses of the merchant hear of it.
    Event {
        /// What.
        event: Event,
    },
    /// Tell one address of one event.
    Deliver {
        /// Whose address.
        merchant: MerchantId,
        /// Which.
        subscription: SubscriptionId,
        /// Which event, and how far it is.
        delivery: DeliveryId,
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
            | Self::Poll { at, .. }
            | Self::Backfill { at, .. }
            | Self::Push { at, .. }
            | Self::PushAll { at, .. }
            | Self::Expired { at, .. }
            | Self::Manifest { at, .. }
            | Self::Paper { at, .. }
            | Self::Request { at, .. }
            | Self::Hold { at, .. }
            | Self::Purge { at, .. }
            | Self::Deliver { at, .. }
            | Self::Retain { at } => *at,
            Self::Event { event } => event.at,
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

    /// The rule of the template writes such a message around the event; it is not made here.
    #[test]
    fn an_event_of_the_bus_is_a_message() {
        let text = r#"{"V1":{"kind":"event","event":{"id":"evt_1","merchant":"mer_1","at":"2026-11-23T09:15:00Z","type":"order.forgotten","order":"ord_1","connection":"con_1","channel":"ebay","revision":7}}}"#;
        let Message::V1(work) = serde_json::from_str(text).unwrap();
        assert!(matches!(&work, Work::Event { event } if event.id == "evt_1"));
        assert_eq!(serde_json::to_string(&Message::V1(work)).unwrap(), text);
    }
}
