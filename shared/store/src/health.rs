//! How each carrier account has been answering: one small item beside the connection, written only while something
//! is wrong with it.

use crate::db::{Db, SetAll, from_item, key, n, s, to_item};
use crate::error::StoreError;
use waybill_domain::ConnectionId;
use waybill_domain::breaker::Health;

const SK: &str = "health";

impl Db {
    /// How a connection has been answering; well when nothing is stored.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is not one of these.
    pub async fn health(&self, connection: &ConnectionId) -> Result<Health, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), SK).await?;
        item.map_or_else(|| Ok(Health::default()), |item| from_item(item, "health"))
    }

    /// Stores how it answers now, if it still stands as it was read. False when somebody else learned something
    /// first: theirs is as good.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_health(
        &self,
        connection: &ConnectionId,
        read: &Health,
        now: &Health,
    ) -> Result<bool, StoreError> {
        let set = SetAll::new(to_item(now)?, &["failed_at", "open_until"]);
        let same = match read.open_until {
            None => "failures = :read AND attribute_not_exists(open_until)",
            Some(_) => "failures = :read AND open_until = :until",
        };
        let condition = match read.is_well() {
            true => format!("attribute_not_exists(pk) OR ({same})"),
            false => same.to_owned(),
        };
        let mut update = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(connection.as_str(), SK)))
            .update_expression(set.expression)
            .set_expression_attribute_names(Some(set.names))
            .set_expression_attribute_values(Some(set.values))
            .condition_expression(condition)
            .expression_attribute_values(":read", n(read.failures));
        if let Some(until) = read.open_until {
            update = update.expression_attribute_values(":until", s(until.to_string()));
        }
        match update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Ok(_) => Ok(true),
            Err(StoreError::Condition { .. }) => Ok(false),
            Err(other) => Err(other),
        }
    }
}
