//! Legal holds: asked for and agreed to in the registry, in force on the key itself (CONTROLS C12).
//!
//! A held key leaves the purge index for one of its own, so that no run of retention passes over it again and again;
//! its TTL moves to the end of the hold, so that DynamoDB does not delete what must be kept.

use crate::db::{Db, SHARDS, from_item, key, s, shard, to_item};
use crate::error::StoreError;
use crate::keys::{BACKSTOP_DAYS, RECIPIENT, backstop, ttl};
use crate::orders::pk_of;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::hold::LegalHold;
use waybill_domain::time::sortable;
use waybill_domain::{MerchantId, OrderId};

/// A hold with its order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "HeldOrder")]
pub struct Held {
    /// Which order.
    pub order: OrderId,
    /// The hold.
    #[serde(flatten)]
    pub hold: LegalHold,
}

fn sk(order: &OrderId) -> String {
    format!("hold#{order}")
}

impl Db {
    /// Stores a hold, in place of an earlier one on the same order.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_hold(&self, merchant: &MerchantId, held: &Held) -> Result<(), StoreError> {
        self.save_entry(to_item(held)?, merchant.as_str(), &sk(&held.order)).await
    }

    /// The hold on an order.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn hold(
        &self,
        merchant: &MerchantId,
        order: &OrderId,
    ) -> Result<Option<LegalHold>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), &sk(order)).await?;
        item.map(|item| from_item::<Held>(item, "hold").map(|held| held.hold)).transpose()
    }

    /// Every hold of a merchant, past ones included.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn holds(&self, merchant: &MerchantId) -> Result<Vec<Held>, StoreError> {
        self.entries(merchant, "hold#", "hold").await
    }

    /// Until when the key of an order is held; `None` when it is not, or is gone.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn held_until(&self, order: &OrderId) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(&self.tables.keys, order.as_str(), RECIPIENT).await?.unwrap_or_default();
        let text = item.get("held_until").and_then(|value| value.as_s().ok());
        text.map(|text| text.parse().map_err(|_| StoreError::Corrupt("key"))).transpose()
    }

    /// Holds a live key until `until`. `purge_at` moves the purge time as well: who asked to be erased meanwhile is,
    /// as soon as the hold ends.
    ///
    /// # Errors
    /// `Condition` when the order was erased.
    pub async fn hold_key(
        &self,
        order: &OrderId,
        until: Timestamp,
        purge_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let set = "SET held_until = :until, purge_shard = :shard, #ttl = :ttl";
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.keys)
            .set_key(Some(key(order.as_str(), RECIPIENT)))
            .condition_expression("#state = :live")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":live", s("live"))
            .expression_attribute_values(":until", s(sortable(until)))
            .expression_attribute_values(":shard", s(shard("held", order.as_str())))
            .expression_attribute_values(":ttl", ttl(until, BACKSTOP_DAYS));
        let update = match purge_at {
            Some(at) => update
                .update_expression(format!("{set}, purge_at = :at"))
                .expression_attribute_values(":at", s(sortable(at))),
            None => update.update_expression(set),
        };
        update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// Ends the hold on a key: from now on it is purged at `purge_at`, or when it would have been, if that is earlier.
    ///
    /// # Errors
    /// `Condition` when the order was erased.
    pub async fn lift_key(
        &self,
        order: &OrderId,
        purge_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let item = self.get(&self.tables.keys, order.as_str(), RECIPIENT).await?.unwrap_or_default();
        let known = item.get("purge_at").and_then(|v| v.as_s().ok()).and_then(|at| at.parse().ok());
        let at = known.map_or(purge_at, |known: Timestamp| known.min(purge_at));
        self.client
            .update_item()
            .table_name(&self.tables.keys)
            .set_key(Some(key(order.as_str(), RECIPIENT)))
            .update_expression("SET purge_shard = :shard, purge_at = :at, #ttl = :ttl REMOVE held_until")
            .condition_expression("#state = :live")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_values(":live", s("live"))
            .expression_attribute_values(":shard", s(shard("purge", order.as_str())))
            .expression_attribute_values(":at", s(sortable(at)))
            .expression_attribute_values(":ttl", backstop(at, now))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// Every order whose key is held, or was until its hold ended.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn held_orders(&self) -> Result<Vec<OrderId>, StoreError> {
        let mut found = Vec::new();
        for n in 0..SHARDS {
            let mut from = None;
            loop {
                let reply = self
                    .client
                    .query()
                    .table_name(&self.tables.keys)
                    .index_name("purge")
                    .key_condition_expression("purge_shard = :shard")
                    .expression_attribute_values(":shard", s(format!("held#{n}")))
                    .set_exclusive_start_key(from)
                    .send()
                    .await
                    .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
                for item in reply.items.unwrap_or_default() {
                    found.push(pk_of(&item)?);
                }
                from = reply.last_evaluated_key;
                if from.is_none() {
                    break;
                }
            }
        }
        Ok(found)
    }
}
