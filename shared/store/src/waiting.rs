//! Orders that wait: for goods, or for somebody to say what an article is.

use crate::db::{Db, Item, s};
use crate::error::StoreError;
use crate::orders::{pk_of, status_key};
use std::collections::BTreeSet;
use waybill_domain::MerchantId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Order, Status};

/// Orders read at a time: what one BatchGetItem reads.
const PAGE: i32 = 100;

impl Db {
    /// A page of a merchant's orders of one status, the one placed first first, with the cursor of the next.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn oldest_of(
        &self,
        merchant: &MerchantId,
        status: Status,
        after: Option<Item>,
    ) -> Result<(Vec<Order>, Option<Item>), StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.orders)
            .index_name("by-status")
            .key_condition_expression("status_key = :k")
            .expression_attribute_values(":k", s(status_key(merchant, status)))
            .limit(PAGE)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let ids = reply.items.unwrap_or_default().iter().map(pk_of).collect::<Result<Vec<_>, _>>()?;
        let mut orders = self.orders(&ids).await?;
        orders.retain(|order| order.merchant == *merchant && order.status == status);
        Ok((orders, reply.last_evaluated_key))
    }

    /// Orders that lack goods, the oldest first, at most `most`; with `skus` only those that have such a part or
    /// such an article.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn backordered(
        &self,
        merchant: &MerchantId,
        skus: &BTreeSet<String>,
        most: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let wants = |order: &Order| {
            let lacking = order.lines.iter().filter(|l| l.ships && l.quantity > l.allocated());
            let mut names = lacking.flat_map(|l| l.takes().into_iter().map(|p| p.sku).chain(l.sku.clone()));
            skus.is_empty() || names.any(|name| skus.contains(&name))
        };
        self.waiting(merchant, Status::Backordered, most, wants).await
    }

    /// Orders that wait for one of these articles of the channel to be mapped, the oldest first.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn unmapped(
        &self,
        merchant: &MerchantId,
        channel_skus: &BTreeSet<String>,
        most: usize,
    ) -> Result<Vec<Order>, StoreError> {
        let waits = |order: &Order| {
            order.exceptions.iter().any(|e| e.reason == Reason::UnmappedSku)
                && order.lines.iter().any(|l| l.sku.as_ref().is_some_and(|sku| channel_skus.contains(sku)))
        };
        self.waiting(merchant, Status::Held, most, waits).await
    }

    async fn waiting(
        &self,
        merchant: &MerchantId,
        status: Status,
        most: usize,
        wants: impl Fn(&Order) -> bool,
    ) -> Result<Vec<Order>, StoreError> {
        let mut found: Vec<Order> = Vec::new();
        let mut from = None;
        loop {
            let (orders, next) = self.oldest_of(merchant, status, from).await?;
            found.extend(orders.into_iter().filter(&wants));
            from = next;
            if from.is_none() || found.len() >= most {
                found.truncate(most);
                found.sort_by_key(|order| (order.milestones.received, order.id.clone()));
                return Ok(found);
            }
        }
    }
}
