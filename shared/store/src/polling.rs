//! How far each channel was read, and what a person asked to be read again.

use crate::db::{Db, Item, from_item, key, n, s, to_item};
use crate::error::StoreError;
use crate::registry::ConnectionRow;
use jiff::Timestamp;
use waybill_domain::ConnectionId;
use waybill_domain::order::Channel;
use waybill_domain::polling::{Backfill, Cursor};
use waybill_domain::time::sortable;

/// The partition that lists every connection, with when a channel is to be read next.
pub(crate) const CONNECTIONS: &str = "connections";

impl Db {
    /// How far a channel was read; `None` before the first time.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn cursor(&self, connection: &ConnectionId) -> Result<Option<Cursor>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), "cursor").await?;
        item.map(|i| from_item(i, "cursor")).transpose()
    }

    /// Stores how far a channel was read, if nobody did since it was read here.
    ///
    /// # Errors
    /// `Condition` when somebody did.
    pub async fn save_cursor(
        &self,
        connection: &ConnectionId,
        cursor: &mut Cursor,
    ) -> Result<(), StoreError> {
        let before = cursor.rev;
        cursor.rev += 1;
        self.put_if_rev(to_item(cursor)?, connection.as_str(), "cursor", before).await
    }

    /// A backfill.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn backfill(
        &self,
        connection: &ConnectionId,
        id: &str,
    ) -> Result<Option<Backfill>, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), &backfill_sk(id)).await?;
        item.map(|i| from_item(i, "backfill")).transpose()
    }

    /// The backfills of a connection, by id.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn backfills(&self, connection: &ConnectionId) -> Result<Vec<Backfill>, StoreError> {
        let rows = self.registry_rows(connection.as_str(), "backfill#").await?;
        rows.into_iter().map(|row| from_item(row, "backfill")).collect()
    }

    /// Stores a backfill, if nobody did since it was read here.
    ///
    /// # Errors
    /// `Condition` when somebody did.
    pub async fn save_backfill(
        &self,
        connection: &ConnectionId,
        backfill: &mut Backfill,
    ) -> Result<(), StoreError> {
        let before = backfill.cursor.rev;
        backfill.cursor.rev += 1;
        let mut item = to_item(backfill)?;
        item.insert("rev".into(), n(backfill.cursor.rev));
        self.put_if_rev(item, connection.as_str(), &backfill_sk(&backfill.id), before).await
    }

    /// Notes that a backfill that stood still was put on its queue again.
    ///
    /// # Errors
    /// As AWS answers; `Condition` when there is no such backfill.
    pub async fn nudge_backfill(
        &self,
        connection: &ConnectionId,
        id: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(connection.as_str(), &backfill_sk(id))))
            .update_expression("SET moved_at = :now")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":now", s(now.to_string()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    async fn put_if_rev(&self, mut item: Item, pk: &str, sk: &str, before: u64) -> Result<(), StoreError> {
        item.extend(key(pk, sk));
        let put = self.client.put_item().table_name(&self.tables.registry).set_item(Some(item));
        let put = if before == 0 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("rev = :before").expression_attribute_values(":before", n(before))
        };
        put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Channels that are to be read by now.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn polls_due(&self, now: Timestamp) -> Result<Vec<(ConnectionId, Channel)>, StoreError> {
        let due = sortable(now);
        let is_due = |row: &Item| row.get("poll_at").and_then(|v| v.as_s().ok()).is_some_and(|at| *at <= due);
        let rows = self.registry_rows(CONNECTIONS, "con_").await?;
        let channel = |row: &Item| -> Result<Option<(ConnectionId, Channel)>, StoreError> {
            let kind: ConnectionRow = from_item(row.clone(), "list of connections")?;
            let id = connection_of(row)?;
            Ok(kind.kind.channel().map(|channel| (id, channel)))
        };
        rows.iter().filter(|row| is_due(row)).filter_map(|row| channel(row).transpose()).collect()
    }

    /// Says when a channel is to be read next.
    ///
    /// # Errors
    /// As AWS answers; `Condition` when there is no such connection.
    pub async fn poll_at(&self, connection: &ConnectionId, at: Timestamp) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(CONNECTIONS, connection.as_str())))
            .update_expression("SET poll_at = :at")
            .condition_expression("attribute_exists(pk)")
            .expression_attribute_values(":at", s(sortable(at)))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }
}

fn backfill_sk(id: &str) -> String {
    format!("backfill#{id}")
}

/// The connection a row of the list stands for.
pub(crate) fn connection_of(row: &Item) -> Result<ConnectionId, StoreError> {
    let id = row.get("sk").and_then(|v| v.as_s().ok()).and_then(|id| id.parse().ok());
    id.ok_or(StoreError::Corrupt("list of connections"))
}
