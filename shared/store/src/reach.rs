//! How far the stock of a SKU reached when the outside was last told.

use crate::db::{Db, from_item, key, s, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::MerchantId;
use waybill_domain::event::Reach;

const SK: &str = "reach";

/// What was told last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// How far it reached.
    pub reach: Reach,
    /// When that was seen.
    pub at: Timestamp,
}

fn pk(merchant: &MerchantId, sku: &str) -> String {
    format!("{merchant}#{sku}")
}

impl Db {
    /// What was told last of a SKU; `None` for one of which nothing had to be told.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn told_reach(&self, merchant: &MerchantId, sku: &str) -> Result<Option<Told>, StoreError> {
        let item = self.get(&self.tables.stock, &pk(merchant, sku), SK).await?;
        item.map(|item| from_item(item, "reach")).transpose()
    }

    /// Stores what was told, in place of what was known.
    ///
    /// # Errors
    /// As AWS answers; `Condition` when somebody else told something meanwhile.
    pub async fn save_told_reach(
        &self,
        merchant: &MerchantId,
        sku: &str,
        before: Option<Told>,
        told: Told,
    ) -> Result<(), StoreError> {
        let mut item = to_item(&told)?;
        item.extend(key(&pk(merchant, sku), SK));
        let put = self.client.put_item().table_name(&self.tables.stock).set_item(Some(item));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(before) => put
                .condition_expression("#at = :before")
                .expression_attribute_names("#at", "at")
                .expression_attribute_values(":before", s(before.at.to_string())),
        };
        put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }
}
