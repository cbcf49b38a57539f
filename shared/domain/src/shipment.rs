//! A shipment: what leaves one warehouse for one order by one service, and how its label came to be.

use crate::id::{ConnectionId, LineId, MerchantId, OrderId, ShipmentId, WarehouseId};
use crate::service::ServiceChoice;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// How far the booking of a shipment is. That a call to the carrier is under way is not here but in the
/// order's [`Claim`](crate::order::Claim): a shipment is written once the carrier has answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Booking {
    /// Nothing is stored of it yet; the order's claim says whether a carrier may have been asked.
    Planned,
    /// The carrier knows the order; its label is not stored yet.
    Created {
        /// The carrier's own key for it.
        carrier_order: String,
    },
    /// The label is sealed in the bucket.
    Labelled {
        /// The carrier's own key for it.
        carrier_order: String,
        /// Printed on the label and told to the channel.
        tracking: String,
    },
    /// Cancelled at the carrier.
    Voided,
    /// Forgotten: the carrier's keys are gone, that it was booked stays.
    Forgotten,
}

/// How far telling the channel is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WriteBack {
    /// Not told yet.
    Pending,
    /// One notifier is telling it; after the lease the channel must be read before anything is sent.
    Claimed {
        /// When; the claim is held for a lease from here.
        at: Timestamp,
    },
    /// The channel took it and has not shown it yet: it is asked later.
    Taken {
        /// When it took it.
        at: Timestamp,
    },
    /// This shop has no way to be told.
    Unsupported,
    /// The channel shows our tracking number.
    Applied {
        /// When we learned so.
        at: Timestamp,
    },
    /// The channel refused; the order's exception says how to go on.
    Refused,
}

/// Where a parcel is, by its carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transit {
    /// No scan yet, or a state we do not know.
    Pending,
    /// The carrier has it.
    Moving,
    /// It arrived.
    Delivered,
    /// It could not be delivered.
    Failed,
    /// It is on its way back, or is back.
    Returned,
}

/// What leaves one warehouse for one order by one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shipment {
    /// Ours.
    pub id: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Whose.
    pub merchant: MerchantId,
    /// From where.
    pub warehouse: WarehouseId,
    /// The carrier account it is booked and voided through; kept, so that a void cannot go elsewhere.
    pub carrier: ConnectionId,
    /// Which service.
    pub service: ServiceChoice,
    /// Which pieces.
    pub lines: Vec<(LineId, u32)>,
    /// Weight in grams, packaging included.
    pub grams: u32,
    /// What we call the booking at the carrier: the same for every attempt.
    pub reference: String,
    /// How far the booking is.
    pub booking: Booking,
    /// How far telling the channel is.
    pub write_back: WriteBack,
    /// Where the parcel is.
    pub transit: Transit,
    /// Names of the personal fields the carrier was given, never their values (CONTROLS A5).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub disclosed: Vec<String>,
    /// When the label was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled_at: Option<Timestamp>,
    /// When the carrier delivered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// Counts our own writes; every write is conditional on it.
    pub rev: u64,
}

impl Shipment {
    /// The tracking number, while the shipment has a live label.
    pub fn tracking(&self) -> Option<&str> {
        match &self.booking {
            Booking::Labelled { tracking, .. } => Some(tracking),
            _ => None,
        }
    }

    /// Nothing is or will be at the carrier for it.
    pub fn is_void(&self) -> bool {
        matches!(self.booking, Booking::Voided)
    }
}
