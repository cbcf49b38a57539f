//! When goods pass their day: noted as they come in, so that channels can be told without anything else happening.

use crate::catalogue::shard_of;
use crate::db::{Db, Item, s};
use crate::error::StoreError;
use jiff::civil::Date;
use waybill_domain::MerchantId;

/// The last day on which goods of a SKU may be sold, as noted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastDay {
    /// Which SKU.
    pub sku: String,
    /// The day.
    pub last: String,
}

/// Spread as SKUs are, so that an import is not bound to one partition.
fn pk(merchant: &MerchantId, shard: u8) -> String {
    format!("expires#{merchant}#{shard}")
}

impl Db {
    /// Takes note that goods of a SKU may be sold until the end of that day. Written before they come in: a note that
    /// nothing comes of costs one look, goods without a note would be shown to channels when nobody may have them.
    ///
    /// # Errors
    /// As AWS answers.
    pub(crate) async fn note_last_day(
        &self,
        merchant: &MerchantId,
        sku: &str,
        last: Date,
    ) -> Result<(), StoreError> {
        self.put_stock(Item::new(), &pk(merchant, shard_of(sku)), &format!("{last}#{sku}")).await
    }

    /// SKUs of one shard of which some goods may not be sold any more on that day, the longest past first, at most
    /// `most`.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn past_their_day(
        &self,
        merchant: &MerchantId,
        shard: u8,
        today: Date,
        most: i32,
    ) -> Result<Vec<LastDay>, StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.stock)
            .key_condition_expression("pk = :pk AND sk < :today")
            .expression_attribute_values(":pk", s(pk(merchant, shard)))
            .expression_attribute_values(":today", s(today.to_string()))
            .consistent_read(true)
            .limit(most)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let noted = |item: Item| {
            let sk = item.get("sk").and_then(|v| v.as_s().ok());
            let (last, sku) = sk.and_then(|sk| sk.split_once('#')).ok_or(StoreError::Corrupt("last day"))?;
            Ok(LastDay { sku: sku.to_owned(), last: last.to_owned() })
        };
        reply.items.unwrap_or_default().into_iter().map(noted).collect()
    }

    /// Forgets a day that is past and was told.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn forget_last_day(&self, merchant: &MerchantId, noted: &LastDay) -> Result<(), StoreError> {
        let LastDay { sku, last } = noted;
        self.drop_stock(&pk(merchant, shard_of(sku)), &format!("{last}#{sku}")).await
    }
}
