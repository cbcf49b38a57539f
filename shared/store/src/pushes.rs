//! What each channel was last told of a SKU's stock.

use crate::db::{Db, from_item, key, s, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::stock::Level;
use waybill_domain::{ConnectionId, MerchantId};

/// The last thing a channel was told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pushed {
    /// The number, in the way the channel counts.
    pub quantity: u32,
    /// When.
    pub at: Timestamp,
    /// The channel has no place for it; a code that says why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

impl Db {
    /// The levels of a SKU, by warehouse.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn levels(&self, merchant: &MerchantId, sku: &str) -> Result<Vec<Level>, StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.stock)
            .key_condition_expression("pk = :pk AND begins_with(sk, :levels)")
            .expression_attribute_values(":pk", s(format!("{merchant}#{sku}")))
            .expression_attribute_values(":levels", s("lvl#"))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        reply.items.unwrap_or_default().into_iter().map(|item| from_item(item, "level")).collect()
    }

    /// What a channel was last told of a SKU.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn pushed(
        &self,
        merchant: &MerchantId,
        sku: &str,
        connection: &ConnectionId,
    ) -> Result<Option<Pushed>, StoreError> {
        let (pk, sk) = (format!("{merchant}#{sku}"), format!("push#{connection}"));
        let item = self.get(&self.tables.stock, &pk, &sk).await?;
        item.map(|i| from_item(i, "push")).transpose()
    }

    /// Records what a channel was told.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_pushed(
        &self,
        merchant: &MerchantId,
        sku: &str,
        connection: &ConnectionId,
        pushed: &Pushed,
    ) -> Result<(), StoreError> {
        let mut item = to_item(pushed)?;
        item.extend(key(&format!("{merchant}#{sku}"), &format!("push#{connection}")));
        self.client
            .put_item()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }
}
