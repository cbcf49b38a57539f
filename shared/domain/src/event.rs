//! What happens, for whoever outside wants to act on it: events on the bus. They hold ids, counts and states, and never a
//! person; what they look like is published in `infra/events/` (decision 013).

use crate::id::{ConnectionId, MerchantId, OrderId, SubscriptionId};
use crate::order::{Channel, Hold, Order, Status};
use crate::passed::Passed;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Event {
    /// The same for a repeat: an event may come twice, and is to be acted on once. The time and the pieces of a repeat may
    /// be newer; the state is the same.
    pub id: String,
    /// Whose.
    pub merchant: MerchantId,
    /// When it was seen.
    #[schemars(with = "crate::time::Moment")]
    pub at: Timestamp,
    /// What.
    #[serde(flatten)]
    pub what: What,
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "type")]
pub enum What {
    /// A SKU ran out or low, or is there again.
    #[serde(rename = "stock.state_changed")]
    Stock {
        /// Which.
        sku: String,
        /// How it stands now.
        state: Reach,
        /// Pieces free to promise, over all warehouses.
        available: i64,
        /// Fewer than this are low; 0 for no such limit.
        low: u32,
    },
    /// An order stands somewhere else than before.
    #[serde(rename = "order.status_changed")]
    Order {
        /// Which.
        #[serde(flatten)]
        order: OrderRef,
        /// Where it stood from then on.
        status: Status,
        /// Why, when it is held.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hold: Option<Hold>,
    },
    /// The personal data of an order is gone, for good.
    #[serde(rename = "order.forgotten")]
    Forgotten {
        /// Which.
        #[serde(flatten)]
        order: OrderRef,
    },
    /// A merchant tries an address of theirs; nothing happened. It is sent there and never on the bus.
    #[serde(rename = "subscription.test")]
    Test {
        /// Which address.
        subscription: SubscriptionId,
    },
}

/// Which order an event is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OrderRef {
    /// Our id of it.
    pub order: OrderId,
    /// Through which account it came.
    pub connection: ConnectionId,
    /// Through which channel.
    pub channel: Channel,
    /// Grows with every change of the order: of two events about one order, the greater is the newer.
    pub revision: u64,
}

/// What one can ask to hear of, by the names that `type` has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub enum Topic {
    /// A SKU ran out or low, or is there again.
    #[serde(rename = "stock.state_changed")]
    Stock,
    /// An order stands somewhere else than before.
    #[serde(rename = "order.status_changed")]
    Order,
    /// The personal data of an order is gone.
    #[serde(rename = "order.forgotten")]
    Forgotten,
}

impl What {
    /// What an entry of an order's road says.
    pub fn passed(order: &Order, entry: &Passed) -> Self {
        let of = OrderRef {
            order: order.id.clone(),
            connection: order.connection.clone(),
            channel: order.channel,
            revision: entry.rev,
        };
        match entry.status {
            Some(status) => Self::Order { order: of, status, hold: entry.hold },
            None => Self::Forgotten { order: of },
        }
    }

    /// The `detail-type` on the bus.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Stock { .. } => "stock.state_changed",
            Self::Order { .. } => "order.status_changed",
            Self::Forgotten { .. } => "order.forgotten",
            Self::Test { .. } => "subscription.test",
        }
    }

    /// What one asks for to hear of it; `None` for what is sent unasked.
    pub fn topic(&self) -> Option<Topic> {
        match self {
            Self::Stock { .. } => Some(Topic::Stock),
            Self::Order { .. } => Some(Topic::Order),
            Self::Forgotten { .. } => Some(Topic::Forgotten),
            Self::Test { .. } => None,
        }
    }
}

/// How far what is free to promise reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reach {
    /// Nothing is free.
    Out,
    /// Less than the SKU's own limit.
    Low,
    /// Enough.
    Good,
}

impl Reach {
    /// Judges what is free. How fast it sells is not asked here: that takes a history, and is told by
    /// `GET /v1/stock/insight`.
    pub fn of(available: i64, low: u32) -> Self {
        if available <= 0 {
            Self::Out
        } else if available < i64::from(low) {
            Self::Low
        } else {
            Self::Good
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_limit_itself_is_enough_and_nothing_is_out_whatever_the_limit() {
        let all = [(-1, 0), (0, 5), (1, 0), (4, 5), (5, 5)].map(|(available, low)| Reach::of(available, low));
        assert_eq!(all, [Reach::Out, Reach::Out, Reach::Good, Reach::Low, Reach::Good]);
    }

    /// `WRITE_EVENTS=1` writes it anew.
    #[test]
    fn what_events_look_like_is_published() {
        let file = concat!(env!("CARGO_MANIFEST_DIR"), "/../../infra/events/event.schema.json");
        let schema = serde_json::to_string_pretty(&schemars::schema_for!(Event)).unwrap() + "\n";
        if std::env::var_os("WRITE_EVENTS").is_some() {
            std::fs::write(file, &schema).unwrap();
        }
        assert_eq!(std::fs::read_to_string(file).unwrap(), schema, "WRITE_EVENTS=1 writes it anew");
    }

    #[test]
    fn an_event_is_this_on_the_wire() {
        let event = Event {
            id: "evt_1".into(),
            merchant: "mer_1".parse().unwrap(),
            at: "2026-11-23T09:15:00Z".parse().unwrap(),
            what: What::Stock { sku: "MUG".into(), state: Reach::Low, available: 4, low: 5 },
        };
        let text = r#"{"id":"evt_1","merchant":"mer_1","at":"2026-11-23T09:15:00Z","type":"stock.state_changed","sku":"MUG","state":"low","available":4,"low":5}"#;
        assert_eq!(serde_json::to_string(&event).unwrap(), text);
        assert!(text.contains(event.what.name()));
        assert_eq!(serde_json::from_str::<Event>(text).unwrap(), event);
    }

    #[test]
    fn an_event_about_an_order_is_this_on_the_wire() {
        let order = OrderRef {
            order: "ord_1".parse().unwrap(),
            connection: "con_1".parse().unwrap(),
            channel: Channel::Ebay,
            revision: 7,
        };
        let event = |what| Event {
            id: "evt_1".into(),
            merchant: "mer_1".parse().unwrap(),
            at: "2026-11-23T09:15:00Z".parse().unwrap(),
            what,
        };
        let held =
            event(What::Order { order: order.clone(), status: Status::Held, hold: Some(Hold::Pickup) });
        let forgotten = event(What::Forgotten { order });
        let about = r#""order":"ord_1","connection":"con_1","channel":"ebay","revision":7"#;
        let begin = r#"{"id":"evt_1","merchant":"mer_1","at":"2026-11-23T09:15:00Z","type":"#;
        for (event, text) in [
            (held, format!(r#"{begin}"order.status_changed",{about},"status":"held","hold":"pickup"}}"#)),
            (forgotten, format!(r#"{begin}"order.forgotten",{about}}}"#)),
        ] {
            assert_eq!(serde_json::to_string(&event).unwrap(), text);
            assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
            let topic = event.what.topic().map(|topic| serde_json::to_value(topic).unwrap());
            assert_eq!(topic, Some(event.what.name().into()));
        }
    }
}
