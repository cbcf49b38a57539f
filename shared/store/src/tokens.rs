//! Tokens that end, sealed, and who is just getting a new one: one function at a time.

use crate::db::{Db, b, from_item, key, s};
use crate::error::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use waybill_domain::ConnectionId;
use waybill_domain::time::{after, sortable};

/// How long one function may take to get a token before another tries: longer than a call may last.
const LEASE: SignedDuration = SignedDuration::from_secs(30);

/// A token as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HeldToken {
    /// Access and refresh token, sealed under the credentials key for this connection.
    #[serde(with = "serde_bytes_of")]
    pub sealed: Vec<u8>,
    /// When we got it.
    pub obtained_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

mod serde_bytes_of {
    pub(super) use crate::registry::bytes::deserialize;
}

impl Db {
    /// The token of a connection, if it has one yet.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn token(&self, connection: &ConnectionId) -> Result<Option<HeldToken>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), "token").await?;
        item.filter(|i| i.contains_key("sealed")).map(|i| from_item(i, "token")).transpose()
    }

    /// Takes the right to get a new token in place of the one that was `seen`; false when another function has it,
    /// or has put a newer one there since: what a spent token is refreshed with may be spent too.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn lease_token(
        &self,
        connection: &ConnectionId,
        seen: Option<&HeldToken>,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let (same, seen) = match seen {
            Some(held) => ("obtained_at = :seen", Some(s(held.obtained_at.to_string()))),
            None => ("attribute_not_exists(obtained_at)", None),
        };
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(connection.as_str(), "token")))
            .update_expression("SET lease_until = :until")
            .condition_expression(format!(
                "(attribute_not_exists(lease_until) OR lease_until < :now) AND {same}"
            ))
            .expression_attribute_values(":until", s(sortable(after(now, LEASE))))
            .expression_attribute_values(":now", s(sortable(now)));
        let update = match seen {
            Some(seen) => update.expression_attribute_values(":seen", seen),
            None => update,
        };
        match update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Ok(_) => Ok(true),
            Err(StoreError::Condition { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores a new token and gives the lease back.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_token(&self, connection: &ConnectionId, token: &HeldToken) -> Result<(), StoreError> {
        let item = [
            ("sealed".into(), b(token.sealed.clone())),
            ("obtained_at".into(), s(token.obtained_at.to_string())),
            ("expires_at".into(), s(token.expires_at.to_string())),
        ];
        self.save_entry(item.into(), connection.as_str(), "token").await
    }

    /// The channel refused a token before its time: it counts as ended. Nothing happens when it was replaced
    /// meanwhile.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn end_token(
        &self,
        connection: &ConnectionId,
        obtained_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(connection.as_str(), "token")))
            .update_expression("SET expires_at = :now")
            .condition_expression("obtained_at = :obtained")
            .expression_attribute_values(":now", s(now.to_string()))
            .expression_attribute_values(":obtained", s(obtained_at.to_string()));
        match update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Ok(_) | Err(StoreError::Condition { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a connection's token away: its credentials were replaced, or it is no more.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn forget_token(&self, connection: &ConnectionId) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(connection.as_str(), "token")))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e))?;
        Ok(())
    }
}
