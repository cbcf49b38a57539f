//! Which connections lead to a seller, for what a channel tells by the seller's name alone.

use crate::db::{Db, Item, s};
use crate::error::StoreError;
use aws_lc_rs::digest::{SHA256, digest};
use waybill_domain::ConnectionId;

/// A digest: a seller's name is in no key.
fn pk(seller: &str) -> String {
    format!("seller#{}", hex::encode(digest(&SHA256, seller.as_bytes()).as_ref()))
}

impl Db {
    /// Notes that a connection leads to this seller.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_seller(&self, seller: &str, connection: &ConnectionId) -> Result<(), StoreError> {
        let mut item = Item::new();
        item.insert("connection".into(), s(connection.as_str()));
        self.save_entry(item, &pk(seller), connection.as_str()).await
    }

    /// The connections that led to this seller when they were last looked after. Each says itself whether it still does.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a row is not one of these.
    pub async fn connections_of_seller(&self, seller: &str) -> Result<Vec<ConnectionId>, StoreError> {
        let rows = self.registry_rows(&pk(seller), "con_").await?;
        let id = |row: &Item| row.get("sk").and_then(|v| v.as_s().ok()).and_then(|id| id.parse().ok());
        rows.iter().map(|row| id(row).ok_or(StoreError::Corrupt("seller"))).collect()
    }
}
