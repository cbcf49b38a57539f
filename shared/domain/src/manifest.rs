//! Manifests: the hand-over of a day's parcels to a carrier, after which no label can be undone.

use crate::id::{ConnectionId, ManifestId, MerchantId, WarehouseId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

/// Between looks at a manifest the carrier is still making.
pub const LOOK_EVERY: SignedDuration = SignedDuration::from_secs(30);

/// How far a manifest is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Progress {
    /// The carrier has not been asked, or said to come back.
    Planned,
    /// The carrier may have been asked; its answer is not stored.
    Asked,
    /// The carrier is making it.
    Working {
        /// The carrier's number of it.
        number: u64,
    },
    /// The document is in the bucket.
    Done {
        /// The carrier's number of it.
        number: u64,
    },
    /// The carrier made none.
    Refused {
        /// Its code.
        code: String,
    },
    /// The carrier was asked and its answer was lost. Asking again may hand over parcels packed since, and cannot
    /// bring the lost document back: a person looks in the carrier's account.
    Uncertain,
}

/// One manifest that a seller asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Ours; the seller's wish has it, so that the same wish sent twice is one manifest.
    pub id: ManifestId,
    /// Whose.
    pub merchant: MerchantId,
    /// Of which carrier account. The carrier takes all its labels, whoever made them.
    pub connection: ConnectionId,
    /// For which warehouse: its parcels are the ones handed over. A merchant with several warehouses has an
    /// account, or a posting location, for each.
    pub warehouse: WarehouseId,
    /// The name of the carrier as the account lists it, where it has several.
    pub carrier_name: String,
    /// When the carrier was asked.
    pub asked_at: Timestamp,
    /// How far it is.
    #[serde(flatten)]
    pub progress: Progress,
}

impl Manifest {
    /// The name of its document in the bucket; it lists parcels and no addresses.
    pub fn document(&self) -> String {
        format!("manifests/{}/{}", self.merchant, self.id)
    }
}
