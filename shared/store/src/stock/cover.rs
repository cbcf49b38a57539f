//! What there is of a SKU and what was sold of it week by week: what [`waybill_domain::cover`] judges.
//!
//! Sold is what was dispatched, from the movements. The anonymous figures of forgotten orders were the other source
//! and are not used here: they are published months after the sale, leave out what fewer than ten people bought, and
//! know a bundle only by the channel's name of it. A dispatch is a fact of stock of the day it happens and is about
//! the part that left. Its kind, time and pieces are read, not the orders it names; and only those of the last weeks,
//! which the sort key finds without reading the SKU's whole history.

use super::sku_pk;
use crate::db::{Db, Item, from_item, s};
use crate::error::StoreError;
use jiff::Timestamp;
use serde::Deserialize;
use waybill_domain::MerchantId;
use waybill_domain::cover::{Shelf, WEEKS};
use waybill_domain::service::local_date;
use waybill_domain::stock::MovementKind;
use waybill_domain::time::{after, days, sortable};

/// What is read of a movement.
#[derive(Deserialize)]
struct Moved {
    kind: MovementKind,
    at: Timestamp,
    quantity: i64,
}

impl Db {
    /// A SKU as it stands at `now`, with the limit below which it is low whatever is sold; `None` for what was never in
    /// any warehouse, and so for bundles, which have no goods of their own. Weeks are spans of seven days that end at
    /// `now`.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn shelf(
        &self,
        merchant: &MerchantId,
        sku: &str,
        low: u32,
        now: Timestamp,
    ) -> Result<Option<Shelf>, StoreError> {
        let levels = self.levels(merchant, sku).await?;
        if levels.is_empty() {
            return Ok(None);
        }
        let kept = self.weeks_kept(merchant, sku, now).await?;
        let sold = self.sold(merchant, sku, kept, now).await?;
        let (on_hand, available) = levels
            .iter()
            .map(|level| level.good_on(local_date(now)))
            .fold((0, 0), |(a, b), l| (a + l.on_hand, b + l.available));
        Ok(Some(Shelf { on_hand, available, low, sold }))
    }

    /// Whole weeks since the first goods were received, at least one, and [`WEEKS`] at most; as many when none ever
    /// were, because they came in another way.
    async fn weeks_kept(
        &self,
        merchant: &MerchantId,
        sku: &str,
        now: Timestamp,
    ) -> Result<usize, StoreError> {
        let deliveries = self.moved(merchant, sku, "mov#ref#receive#", "mov#ref#receive#~").await?;
        let first = deliveries.iter().map(|moved| moved.at).min();
        Ok(first.map_or(WEEKS, |first| weeks_ago(first, now).clamp(1, WEEKS)))
    }

    /// Pieces dispatched in each of the last weeks, the latest first.
    async fn sold(
        &self,
        merchant: &MerchantId,
        sku: &str,
        weeks: usize,
        now: Timestamp,
    ) -> Result<Vec<u64>, StoreError> {
        let span = i64::try_from(7 * weeks).unwrap_or_default();
        let from = format!("mov#{}", sortable(after(now, -days(span))));
        let to = format!("mov#{}~", sortable(now));
        let mut sold = vec![0_u64; weeks];
        for moved in self.moved(merchant, sku, &from, &to).await? {
            let week = sold.get_mut(weeks_ago(moved.at, now));
            if let (Some(week), MovementKind::Dispatch) = (week, moved.kind) {
                *week = week.saturating_add(moved.quantity.unsigned_abs());
            }
        }
        Ok(sold)
    }

    /// The movements of a SKU between two sort keys.
    async fn moved(
        &self,
        merchant: &MerchantId,
        sku: &str,
        from: &str,
        to: &str,
    ) -> Result<Vec<Moved>, StoreError> {
        let (mut found, mut next): (Vec<Item>, _) = (Vec::new(), None);
        loop {
            let reply = self
                .client
                .query()
                .table_name(&self.tables.stock)
                .key_condition_expression("pk = :pk AND sk BETWEEN :from AND :to")
                .projection_expression("#kind, #at, #quantity")
                .expression_attribute_names("#kind", "kind")
                .expression_attribute_names("#at", "at")
                .expression_attribute_names("#quantity", "quantity")
                .expression_attribute_values(":pk", s(sku_pk(merchant, sku)))
                .expression_attribute_values(":from", s(from))
                .expression_attribute_values(":to", s(to))
                .set_exclusive_start_key(next)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            found.extend(reply.items.unwrap_or_default());
            next = reply.last_evaluated_key;
            if next.is_none() {
                return found.into_iter().map(|item| from_item(item, "movement")).collect();
            }
        }
    }
}

/// Whole weeks between a moment and `now`; 0 for what is still to come.
fn weeks_ago(at: Timestamp, now: Timestamp) -> usize {
    usize::try_from(now.duration_since(at).as_hours() / (7 * 24)).unwrap_or(0)
}
