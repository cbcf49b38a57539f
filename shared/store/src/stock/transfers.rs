//! Goods on their way between warehouses: off the shelves of the one, not yet on those of the other.

use super::by_hand::Recorded;
use crate::db::{Db, from_item, key, n, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::stock::{Movement, MovementKind, Spot, Why};
use waybill_domain::{MerchantId, WarehouseId};

/// A transfer of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    /// What it is called; it leaves once.
    pub reference: String,
    /// Which SKU.
    pub sku: String,
    /// From where.
    pub from: WarehouseId,
    /// To where.
    pub to: WarehouseId,
    /// Pieces that left.
    pub sent: i64,
    /// Pieces that have not arrived.
    pub left: i64,
    /// When it left.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub at: Timestamp,
}

fn pk(merchant: &MerchantId) -> String {
    format!("transfers#{merchant}")
}

impl Db {
    /// Sends goods on their way, from these spots.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn transfer_out(
        &self,
        merchant: &MerchantId,
        transfer: &Transfer,
        spots: Vec<(Spot, i64)>,
        by: Option<&str>,
    ) -> Result<Recorded, StoreError> {
        let mut movement =
            Movement::new(MovementKind::TransferOut, transfer.from.clone(), transfer.sent, transfer.at)
                .noted(Some(Why::Transfer), by, &transfer.reference);
        movement.spots = spots.into_iter().map(|(spot, pieces)| (spot, -pieces)).collect();
        let mut item = to_item(transfer)?;
        item.extend(key(&pk(merchant), &transfer.reference));
        let put = Put::builder()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Corrupt("put"))?;
        let rest = vec![TransactWriteItem::builder().put(put).build()];
        self.record_with(merchant, &transfer.sku, movement, rest).await
    }

    /// Takes goods of a transfer in, all or a part of them; `part` tells parts of one transfer apart. `None` when
    /// there is no such transfer.
    ///
    /// # Errors
    /// As AWS answers.
    #[allow(clippy::too_many_arguments)]
    pub async fn transfer_in(
        &self,
        merchant: &MerchantId,
        reference: &str,
        part: &str,
        quantity: i64,
        to: Spot,
        by: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<(Transfer, Recorded)>, StoreError> {
        let Some(item) = self.get(&self.tables.stock, &pk(merchant), reference).await? else {
            return Ok(None);
        };
        let transfer: Transfer = from_item(item, "transfer")?;
        let movement = Movement::new(MovementKind::TransferIn, transfer.to.clone(), quantity, at)
            .between(None, Some(to))
            .noted(Some(Why::Transfer), by, &format!("{reference}:{part}"));
        let update = Update::builder()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&pk(merchant), reference)))
            .update_expression("ADD #left :less")
            .condition_expression("#left >= :pieces")
            .expression_attribute_names("#left", "left")
            .expression_attribute_values(":less", n(-quantity))
            .expression_attribute_values(":pieces", n(quantity))
            .build()
            .map_err(|_| StoreError::Corrupt("update"))?;
        let rest = vec![TransactWriteItem::builder().update(update).build()];
        let recorded = self.record_with(merchant, &transfer.sku.clone(), movement, rest).await?;
        Ok(Some((transfer, recorded)))
    }

    /// Every transfer, by reference.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn transfers(&self, merchant: &MerchantId) -> Result<Vec<Transfer>, StoreError> {
        let items = self.partition(&pk(merchant)).await?;
        items.into_iter().map(|item| from_item(item, "transfer")).collect()
    }
}
