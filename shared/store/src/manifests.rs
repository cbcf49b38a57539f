//! Manifests, one item each beside their connection, and when the account's last one was asked for.

use crate::db::{Db, Item, SetAll, from_item, key, s, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use waybill_domain::manifest::Manifest;
use waybill_domain::time::sortable;
use waybill_domain::{ConnectionId, ManifestId};

/// When the last manifest was asked for.
const LAST: &str = "manifested";

fn sk(id: &ManifestId) -> String {
    format!("manifest#{id}")
}

impl Db {
    /// Reads a manifest.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is not one.
    pub async fn manifest(
        &self,
        connection: &ConnectionId,
        id: &ManifestId,
    ) -> Result<Option<Manifest>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), &sk(id)).await?;
        item.map(|item| from_item(item, "manifest")).transpose()
    }

    /// Every manifest of a connection, by id.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an item is not one.
    pub async fn manifests(&self, connection: &ConnectionId) -> Result<Vec<Manifest>, StoreError> {
        let items = self.registry_rows(connection.as_str(), "manifest#").await?;
        items.into_iter().map(|item| from_item(item, "manifest")).collect()
    }

    /// Stores a manifest that nobody has asked the carrier for: the claim before the carrier is called.
    ///
    /// # Errors
    /// `Condition` when somebody has, or may have.
    pub async fn claim_manifest(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let set = SetAll::new(to_item(manifest)?, &["number", "code"]);
        self.client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(manifest.connection.as_str(), &sk(&manifest.id))))
            .update_expression(set.expression)
            .set_expression_attribute_names(Some(set.names))
            .set_expression_attribute_values(Some(set.values))
            .condition_expression("attribute_not_exists(pk) OR #state = :planned")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":planned", s("planned"))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// Stores how far a manifest is.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_manifest(&self, manifest: &Manifest) -> Result<(), StoreError> {
        let set = SetAll::new(to_item(manifest)?, &["number", "code"]);
        self.client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(manifest.connection.as_str(), &sk(&manifest.id))))
            .update_expression(set.expression)
            .set_expression_attribute_names(Some(set.names))
            .set_expression_attribute_values(Some(set.values))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// When a connection's last manifest that was carried out was asked for: labels made before cannot be undone.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item holds no time.
    pub async fn manifested(&self, connection: &ConnectionId) -> Result<Option<Timestamp>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), LAST).await?;
        let time = |item: Item| {
            let text = item.get("asked_at").and_then(|v| v.as_s().ok()).and_then(|t| t.parse().ok());
            text.ok_or(StoreError::Corrupt("manifested"))
        };
        item.map(time).transpose()
    }

    /// Notes that a manifest asked for at `at` was carried out; never moves the time back.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn set_manifested(&self, connection: &ConnectionId, at: Timestamp) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(connection.as_str(), LAST)))
            .update_expression("SET asked_at = :at")
            .condition_expression("attribute_not_exists(pk) OR asked_at < :at")
            .expression_attribute_values(":at", s(sortable(at)));
        match update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Ok(_) | Err(StoreError::Condition { .. }) => Ok(()),
            Err(other) => Err(other),
        }
    }
}
