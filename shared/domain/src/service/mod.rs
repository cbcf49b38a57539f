//! Which service carries a shipment: a ladder of data per merchant, and why it came out as it did.

mod ask;
mod card;
mod ladder;
mod returns;
mod rule;
mod shipment;
#[cfg(test)]
mod tests;
mod uk;

pub use ask::{Ask, Goods, Size, Wish};
pub use card::Rate;
pub use ladder::{Explanation, Judged, Rung, Shipping, Verdict, stored};
pub use returns::{ReturnAddress, Returns};
pub use rule::{ChannelService, MOST_PARCELS, NamedService, ProductRule, ServiceRule, Way, Why};
pub use shipment::explain;
pub use uk::{local_date, local_time};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who carries a parcel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Carrier {
    /// Royal Mail, by Click & Drop.
    RoyalMail,
    /// Parcelforce, on Royal Mail's platform.
    Parcelforce,
    /// DPD UK.
    Dpd,
    /// DPD Local.
    DpdLocal,
}

impl Carrier {
    /// Every carrier.
    pub const ALL: [Self; 4] = [Self::RoyalMail, Self::Parcelforce, Self::Dpd, Self::DpdLocal];

    /// The name used in the API and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RoyalMail => "royal_mail",
            Self::Parcelforce => "parcelforce",
            Self::Dpd => "dpd",
            Self::DpdLocal => "dpd_local",
        }
    }

    /// The name people know it by.
    pub fn name(self) -> &'static str {
        match self {
            Self::RoyalMail => "Royal Mail",
            Self::Parcelforce => "Parcelforce",
            Self::Dpd => "DPD UK",
            Self::DpdLocal => "DPD Local",
        }
    }
}

/// What is booked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceChoice {
    /// Who carries it.
    pub carrier: Carrier,
    /// The carrier's own code for the service, such as `TPS48`.
    pub code: String,
    /// The carrier's own name of the package's shape, such as `parcel`.
    pub format: String,
    /// How the carrier tells the recipient that the parcel comes, where the merchant pays it to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notify: Option<Notify>,
}

/// How a carrier tells a recipient that a parcel comes. It needs a personal field that the service does not need
/// otherwise, and has it for no other reason.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notify {
    /// By e-mail.
    Email,
    /// By text message to a mobile.
    Sms,
}
