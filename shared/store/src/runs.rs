//! How far retention has got with a merchant. In the registry.

use crate::db::{Db, from_item, to_item};
use crate::error::StoreError;
use crate::requests::Place;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::MerchantId;

const SK: &str = "retention";

/// How far it has got.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Run {
    /// When the last run that left nothing undone began; `None` before the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// A walk through all orders that is not at its end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub walk: Option<Walk>,
}

/// A walk through all orders of a merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Walk {
    /// When it began.
    pub began: Timestamp,
    /// Where it stands.
    pub place: Place,
}

impl Db {
    /// How far retention has got with a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn retention_run(&self, merchant: &MerchantId) -> Result<Run, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), SK).await?;
        item.map_or(Ok(Run::default()), |item| from_item(item, "run"))
    }

    /// Notes how far it has got.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_retention_run(&self, merchant: &MerchantId, run: &Run) -> Result<(), StoreError> {
        self.save_entry(to_item(run)?, merchant.as_str(), SK).await
    }
}
