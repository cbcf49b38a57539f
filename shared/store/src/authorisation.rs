//! Accounts whose owner is away on the channel's page to agree.

use crate::db::{Db, b, key, s};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::ReturnValue;
use jiff::Timestamp;
use waybill_domain::time::sortable;

/// The partition that lists who is away.
const AWAY: &str = "authorise";

impl Db {
    /// Keeps what is needed when the owner comes back. `key` is a digest of the state they carry.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn begin_authorisation(
        &self,
        id: &str,
        sealed: Vec<u8>,
        until: Timestamp,
    ) -> Result<(), StoreError> {
        let item = [("sealed".into(), b(sealed)), ("until".into(), s(sortable(until)))];
        self.save_entry(item.into(), AWAY, id).await
    }

    /// Takes what was kept, once and in time.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn take_authorisation(&self, id: &str, now: Timestamp) -> Result<Option<Vec<u8>>, StoreError> {
        let reply = self
            .client
            .delete_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(AWAY, id)))
            .return_values(ReturnValue::AllOld)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e))?;
        let Some(old) = reply.attributes else { return Ok(None) };
        let in_time =
            old.get("until").and_then(|v| v.as_s().ok()).is_some_and(|until| *until > sortable(now));
        let sealed = old.get("sealed").and_then(|v| v.as_b().ok()).map(|blob| blob.as_ref().to_vec());
        Ok(sealed.filter(|_| in_time))
    }
}
