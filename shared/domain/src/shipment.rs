//! A shipment: what leaves one warehouse for one order by one service, and how its label came to be.

use crate::id::{ConnectionId, LineId, MerchantId, OrderId, ShipmentId, WarehouseId};
use crate::paper::Printed;
use crate::service::{Carrier, ServiceChoice};
use jiff::Timestamp;
use schemars::JsonSchema;
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
        /// The numbers of its parcels, where the carrier gives them before the label.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        numbers: Vec<String>,
    },
    /// The label is sealed in the bucket.
    Labelled {
        /// The carrier's own key for it.
        carrier_order: String,
        /// Printed on the label and told to the channel: the number of the first parcel.
        tracking: String,
        /// The numbers of the other parcels.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        others: Vec<String>,
    },
    /// Cancelled at the carrier.
    Voided,
    /// Forgotten: the carrier's keys are gone, that it was booked stays.
    Forgotten,
}

/// How far telling the channel is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum WriteBack {
    /// Not told yet.
    Pending,
    /// One notifier is telling it; after the lease the channel must be read before anything is sent.
    Claimed {
        /// When; the claim is held for a lease from here.
        #[schemars(with = "crate::time::Moment")]
        at: Timestamp,
    },
    /// The channel took it and has not shown it yet: it is asked later.
    Taken {
        /// When it took it.
        #[schemars(with = "crate::time::Moment")]
        at: Timestamp,
    },
    /// This shop has no way to be told.
    Unsupported,
    /// The channel shows our tracking number.
    Applied {
        /// When we learned so.
        #[schemars(with = "crate::time::Moment")]
        at: Timestamp,
    },
    /// The channel refused; the order's exception says how to go on.
    Refused,
}

impl WriteBack {
    /// The channel may have heard of the parcel.
    #[must_use]
    pub fn may_be_known(&self) -> bool {
        matches!(self, Self::Claimed { .. } | Self::Taken { .. } | Self::Applied { .. })
    }
}

/// Where a parcel is, by its carrier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// Nobody has seen it for so long that it counts as lost.
    Lost,
}

impl Transit {
    /// Nothing more is to be learned about it.
    pub fn is_final(self) -> bool {
        matches!(self, Self::Delivered | Self::Failed | Self::Returned | Self::Lost)
    }
}

/// What a label is made of. It is kept as the carrier made it, byte for byte.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LabelFormat {
    /// A PDF, one page per parcel, customs pages after it.
    #[default]
    Pdf,
    /// Zebra's printer language; one label per parcel, one after another.
    Zpl,
    /// Eltron's printer language.
    Epl,
    /// Citizen's printer language.
    Clp,
    /// A page for a browser.
    Html,
}

/// What a merchant prints labels on, where the carrier lets it be chosen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum LabelPrinter {
    /// Any printer: a PDF.
    #[default]
    Pdf,
    /// A Zebra with 203 dots per inch.
    Zpl203,
    /// A Zebra with 300 dots per inch.
    Zpl300,
}

impl LabelPrinter {
    /// What its labels are made of.
    pub fn format(self) -> LabelFormat {
        match self {
            Self::Pdf => LabelFormat::Pdf,
            Self::Zpl203 | Self::Zpl300 => LabelFormat::Zpl,
        }
    }
}

impl LabelFormat {
    /// Its media type. The printer languages have no registered ones; carriers use these.
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Pdf => "application/pdf",
            Self::Zpl => "application/zpl",
            Self::Epl => "text/vnd.eltron-epl",
            Self::Clp => "text/vnd.citizen-clp",
            Self::Html => "text/html; charset=utf-8",
        }
    }

    fn is_pdf(&self) -> bool {
        *self == Self::Pdf
    }
}

/// Whether a label can still be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Voiding {
    /// There is nothing at the carrier, or nothing any more.
    Nothing,
    /// It can, until the account's next manifest or the carrier's first scan.
    Open,
    /// It went out with a manifest.
    ClosedByManifest,
    /// The carrier has the parcel.
    ClosedByScan,
    /// This carrier undoes no label: the parcel is simply not handed over (contracts/dpd, Cancel and manifest).
    NotOffered,
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
    /// Weight in grams, packaging included, all parcels together.
    pub grams: u32,
    /// In how many parcels it goes.
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub parcels: u32,
    /// What each parcel weighs, in grams, where it was packed before it was booked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub weights: Vec<u32>,
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
    /// What its label is made of.
    #[serde(default, skip_serializing_if = "LabelFormat::is_pdf")]
    pub label_format: LabelFormat,
    /// When the label was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labelled_at: Option<Timestamp>,
    /// When the carrier delivered it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delivered_at: Option<Timestamp>,
    /// When the carrier last saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_at: Option<Timestamp>,
    /// Papers that were asked for beside the label.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<Printed>,
    /// Counts our own writes; every write is conditional on it.
    pub rev: u64,
}

fn one() -> u32 {
    1
}

fn is_one(n: &u32) -> bool {
    *n == 1
}

impl Shipment {
    /// The numbers of all its parcels, while it has a live label.
    pub fn numbers(&self) -> Vec<&str> {
        match &self.booking {
            Booking::Labelled { tracking, others, .. } => {
                std::iter::once(tracking).chain(others).map(String::as_str).collect()
            }
            _ => Vec::new(),
        }
    }

    /// The weight of each parcel: what it was packed with, or as even as grams allow, the whole shipment together.
    pub fn parcel_grams(&self) -> Vec<u32> {
        if !self.weights.is_empty() {
            return self.weights.clone();
        }
        let parcels = self.parcels.max(1);
        let (each, rest) = (self.grams / parcels, self.grams % parcels);
        (0..parcels).map(|n| each + u32::from(n < rest)).collect()
    }

    /// Whether its label can still be undone; `manifested` is when the account's last manifest was asked for.
    /// A manifest that people made on the carrier's own site is not known here: the carrier then says so itself.
    pub fn voiding(&self, manifested: Option<Timestamp>) -> Voiding {
        if !matches!(self.booking, Booking::Created { .. } | Booking::Labelled { .. }) {
            return Voiding::Nothing;
        }
        match self.service.carrier {
            Carrier::Dpd | Carrier::DpdLocal => return Voiding::NotOffered,
            Carrier::RoyalMail | Carrier::Parcelforce => {}
        }
        if self.transit != Transit::Pending {
            return Voiding::ClosedByScan;
        }
        match (self.labelled_at, manifested) {
            (Some(labelled), Some(manifested)) if labelled <= manifested => Voiding::ClosedByManifest,
            _ => Voiding::Open,
        }
    }

    /// The tracking number, while the shipment has a live label.
    pub fn tracking(&self) -> Option<&str> {
        match &self.booking {
            Booking::Labelled { tracking, .. } => Some(tracking),
            _ => None,
        }
    }

    /// Its label is made and kept.
    pub fn has_label(&self) -> bool {
        matches!(self.booking, Booking::Labelled { .. })
    }

    /// Nothing is or will be at the carrier for it.
    pub fn is_void(&self) -> bool {
        matches!(self.booking, Booking::Voided)
    }
}
