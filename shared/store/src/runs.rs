//! When retention last did everything that was due. In the registry.

use crate::db::{Db, s};
use crate::error::StoreError;
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::time::sortable;

const SK: &str = "retention";

impl Db {
    /// When the last run that left nothing undone for a merchant began; `None` before the first.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn purged_through(&self, merchant: &MerchantId) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), SK).await?.unwrap_or_default();
        let text = item.get("at").and_then(|value| value.as_s().ok());
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt("run"))).transpose()
    }

    /// Notes that a run left nothing undone.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn note_purged_through(&self, merchant: &MerchantId, at: Timestamp) -> Result<(), StoreError> {
        self.save_entry([("at".to_owned(), s(sortable(at)))].into(), merchant.as_str(), SK).await
    }
}
