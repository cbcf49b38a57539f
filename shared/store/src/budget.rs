//! What is spent of a connection's rate limits, shared by every function that calls it.

use crate::db::{Db, from_item, key, s, to_item};
use crate::error::StoreError;
use jiff::{SignedDuration, Timestamp};
use waybill_domain::ConnectionId;
use waybill_domain::rate::{Rate, Spent};

/// Under which name a carrier's budget is kept: every call of an account counts alike.
pub const EVERY_CALL: &str = "calls";
/// How often a budget that others take from at the same moment is read again.
const TRIES: usize = 6;

impl Db {
    /// Takes calls of one kind out of a connection's budget: nothing, or how long to wait for them. When others
    /// take so busily that we never get a turn, that is a second.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn take_calls(
        &self,
        connection: &ConnectionId,
        operation: &str,
        rate: Rate,
        calls: u32,
        now: Timestamp,
    ) -> Result<Option<SignedDuration>, StoreError> {
        for _ in 0..TRIES {
            let spent = self.spent(connection, operation).await?;
            let next = match rate.take_many(spent, calls, now) {
                Ok(next) => next,
                Err(wait) => return Ok(Some(wait)),
            };
            match self.save_spent(connection, operation, spent, next).await {
                Ok(()) => return Ok(None),
                Err(StoreError::Condition { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(Some(SignedDuration::from_secs(1)))
    }

    /// Records that the channel said to wait: nobody calls until then.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn told_to_wait(
        &self,
        connection: &ConnectionId,
        operation: &str,
        rate: Rate,
        wait: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for _ in 0..TRIES {
            let spent = self.spent(connection, operation).await?;
            let next = rate.exhausted(wait, now);
            if spent.is_some_and(|s| s.full_at >= next.full_at) {
                return Ok(());
            }
            match self.save_spent(connection, operation, spent, next).await {
                Err(StoreError::Condition { .. }) => {}
                other => return other,
            }
        }
        Ok(())
    }

    /// What is spent of a connection's budget for calls of one kind; `None` when none was ever made.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn spent(
        &self,
        connection: &ConnectionId,
        operation: &str,
    ) -> Result<Option<Spent>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), &format!("rate#{operation}")).await?;
        item.map(|i| from_item(i, "budget")).transpose()
    }

    async fn save_spent(
        &self,
        connection: &ConnectionId,
        operation: &str,
        before: Option<Spent>,
        next: Spent,
    ) -> Result<(), StoreError> {
        let mut item = to_item(&next)?;
        item.extend(key(connection.as_str(), &format!("rate#{operation}")));
        let put = self.client.put_item().table_name(&self.tables.registry).set_item(Some(item));
        let put = match before {
            None => put.condition_expression("attribute_not_exists(pk)"),
            Some(spent) => put
                .condition_expression("full_at = :before")
                .expression_attribute_values(":before", s(spent.full_at.to_string())),
        };
        put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }
}
