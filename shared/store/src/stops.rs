//! Kinds of calls that a channel refuses a connection while it serves the others: a right is missing, and only what
//! needs it stops.

use crate::db::{Db, Item, from_item, s};
use crate::error::StoreError;
use jiff::Timestamp;
use serde::Deserialize;
use waybill_domain::ConnectionId;
use waybill_domain::time::sortable;

const BEGINS: &str = "stopped#";

#[derive(Deserialize)]
struct Row {
    sk: String,
    until: Timestamp,
}

impl Db {
    /// Stops one kind of call of a connection until then.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn stop_operation(
        &self,
        connection: &ConnectionId,
        operation: &str,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let item = Item::from([("until".to_owned(), s(sortable(until)))]);
        self.save_entry(item, connection.as_str(), &format!("{BEGINS}{operation}")).await
    }

    /// The kinds of calls of a connection that are stopped, with the time of the next attempt, by name.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn stopped_operations(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<Vec<(String, Timestamp)>, StoreError> {
        let mut found = Vec::new();
        for row in self.registry_rows(connection.as_str(), BEGINS).await? {
            let row: Row = from_item(row, "stopped calls")?;
            let name = row.sk.strip_prefix(BEGINS).ok_or(StoreError::Corrupt("stopped calls"))?;
            if now < row.until {
                found.push((name.to_owned(), row.until));
            }
        }
        Ok(found)
    }

    /// Tries everything again: the connection has other rights now.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn resume_operations(
        &self,
        connection: &ConnectionId,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        for (operation, _) in self.stopped_operations(connection, now).await? {
            self.stop_operation(connection, &operation, Timestamp::UNIX_EPOCH).await?;
        }
        Ok(())
    }
}
