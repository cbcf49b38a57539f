//! When a merchant's orders of one status were placed: for counting, without reading an order.

use crate::db::{Db, s};
use crate::error::StoreError;
use crate::orders::status_key;
use jiff::Timestamp;
use waybill_domain::MerchantId;
use waybill_domain::order::Status;
use waybill_domain::time::sortable;

/// The most index rows that are counted, well within the one megabyte that a query reads.
const MOST: i32 = 2000;

/// What was counted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placed {
    /// When each was placed, newest first.
    pub at: Vec<Timestamp>,
    /// There are more.
    pub more: bool,
}

impl Db {
    /// When a merchant's orders of one status were placed, those since `since`.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an index row has no time.
    pub async fn placed_since(
        &self,
        merchant: &MerchantId,
        status: Status,
        since: Timestamp,
    ) -> Result<Placed, StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.orders)
            .index_name("by-status")
            .key_condition_expression("status_key = :k AND placed_at >= :since")
            .expression_attribute_values(":k", s(status_key(merchant, status)))
            .expression_attribute_values(":since", s(sortable(since)))
            .scan_index_forward(false)
            .limit(MOST)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let rows = reply.items.unwrap_or_default();
        let at = rows.iter().map(|row| {
            let text = row.get("placed_at").and_then(|value| value.as_s().ok());
            text.and_then(|text| text.parse().ok()).ok_or(StoreError::Corrupt("index row"))
        });
        Ok(Placed { at: at.collect::<Result<_, _>>()?, more: reply.last_evaluated_key.is_some() })
    }
}
