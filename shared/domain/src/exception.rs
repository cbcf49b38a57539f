//! What a person must look at: a typed reason on the order with what to do next, never only a log line.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why an order needs a person. Closed list; each reason knows its advice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// Goods must ship but the channel gave no address.
    MissingAddress,
    /// A line has a SKU we do not keep, or none.
    UnmappedSku,
    /// One of the merchant's own rules holds it.
    HeldByRule,
    /// Nobody has assessed the carrier within the year.
    NotAssessed,
    /// Goods were promised and not found after the label was made.
    ShortPicked,
    /// The channel put the order on hold.
    HeldByChannel,
    /// The order changed at the channel after its label was made.
    ChangedAfterBooking,
    /// It was cancelled when the parcel had already gone.
    CancelledAfterDispatch,
    /// No service of any carrier connection fits the order.
    NoService,
    /// The carrier refused the booking.
    CarrierRefused,
    /// The service is one of a pay-as-you-go account, whose labels no API gives out.
    CreditAccountNeeded,
    /// The goods go abroad and something that customs must be told is missing.
    CustomsIncomplete,
    /// The carrier made the order but not its label.
    LabelFailed,
    /// A booking may or may not exist at the carrier and its reference cannot settle it.
    UncertainBooking,
    /// The label could not be cancelled at the carrier.
    VoidRefused,
    /// The merchant's own people had the label cancelled.
    LabelVoided,
    /// The channel refused the tracking number.
    WriteBackRefused,
    /// The connection's credentials were refused.
    ConnectionRefused,
    /// The carrier says the parcel failed, came back or was lost.
    DeliveryFailed,
    /// The carrier has not moved the parcel for long.
    ParcelStuck,
    /// A signed delivery whose body we could not understand.
    Unreadable,
}

impl Reason {
    /// One sentence for the person who has to act.
    pub fn advice(self) -> &'static str {
        match self {
            Self::MissingAddress => {
                "Ask the channel for protected customer data access, or cancel the order there; then re-read it."
            }
            Self::UnmappedSku => {
                "Add the SKU or map the channel's SKU to one of yours; the order is then allocated by itself."
            }
            Self::HeldByRule => {
                "Look at the order; let it go in Waybill, or cancel it at the channel. The rule that holds it is named."
            }
            Self::NotAssessed => {
                "Assess the carrier and enter it in the register of processors under the connection that is named, \
                 then book again; nothing was sent to it."
            }
            Self::ShortPicked => {
                "The label says more than the parcel holds: void it and book again; otherwise the rest is sent when it is there."
            }
            Self::HeldByChannel => {
                "Release the hold in the channel; the order goes on when the channel says so. Hand over no parcel of it before."
            }
            Self::ChangedAfterBooking => {
                "Compare the parcel with the order at the channel; void and book again, or accept it as it is."
            }
            Self::CancelledAfterDispatch => {
                "Void its label while that is open, then cancel; once the parcel has left, ask the buyer to refuse it or book a return."
            }
            Self::NoService => "Add a service rule that covers this weight and destination, then book again.",
            Self::CarrierRefused => "Correct what the carrier names, then book again; no label was bought.",
            Self::CreditAccountNeeded => {
                "This service belongs to a pay-as-you-go account: labels need a Royal Mail credit account (OBA). \
                 Name one of its codes, such as TPS48 or FE0, in the service rule, then book again."
            }
            Self::CustomsIncomplete => {
                "Add what is named to the SKU in the catalogue, then book again; nothing was sent to the carrier."
            }
            Self::LabelFailed => {
                "The carrier holds the order without a label: check the service and account there, then fetch the label again."
            }
            Self::UncertainBooking => {
                "Look for our reference in the carrier's account; say whether it exists before anything is booked again."
            }
            Self::VoidRefused => {
                "Cancel the label in the carrier's account, or let the parcel be returned; it may be charged."
            }
            Self::LabelVoided => {
                "Throw the label away. Book again, or cancel the order; a shop that was told the old number must hear of either."
            }
            Self::WriteBackRefused => {
                "Enter the tracking number in the channel by hand, or correct what it names and send it again."
            }
            Self::ConnectionRefused => {
                "Reconnect the account: its credentials were refused. Only this connection is paused."
            }
            Self::DeliveryFailed => "Contact the carrier about the parcel, then send again or refund.",
            Self::ParcelStuck => {
                "Ask the carrier where the parcel is; tell the buyer. It settles by itself when the parcel moves."
            }
            Self::Unreadable => {
                "Re-read the order from the channel; if it fails again, report the exception's id to support."
            }
        }
    }
}

/// One open or settled matter on an order. Holds no personal data: `detail` is a code or a field name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exception {
    /// Why.
    pub reason: Reason,
    /// When it was first seen.
    pub since: Timestamp,
    /// A code or field name from the other side, never its free text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
}
