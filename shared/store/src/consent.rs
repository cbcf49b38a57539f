//! Until when the owners of accounts have agreed that we use them, where that ends: at eBay after about 18 months, and no
//! refresh makes it longer (contracts/ebay section 1). No secret: beside the connections, for those who remind people.

use crate::db::{Db, Item, from_item, key, s};
use crate::error::StoreError;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use waybill_domain::time::{after, sortable};
use waybill_domain::{ConnectionId, MerchantId};

const BEGINS: &str = "consent#";

/// So long before an agreement ends its merchant is reminded.
pub const REMINDED: SignedDuration = SignedDuration::from_hours(30 * 24);

/// An agreement that ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consent {
    /// To use which account.
    pub connection: ConnectionId,
    /// When it ends.
    pub until: Timestamp,
}

impl Consent {
    /// Its merchant is to be reminded by now.
    pub fn ends_soon(&self, now: Timestamp) -> bool {
        after(self.until, -REMINDED) <= now
    }
}

#[derive(Deserialize)]
struct Row {
    sk: String,
    until: Timestamp,
}

impl Db {
    /// Keeps until when an account may be used.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_consent(&self, merchant: &MerchantId, consent: &Consent) -> Result<(), StoreError> {
        let item = Item::from([("until".to_owned(), s(sortable(consent.until)))]);
        self.save_entry(item, merchant.as_str(), &format!("{BEGINS}{}", consent.connection)).await
    }

    /// Every agreement of a merchant's that ends.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a row is not one of these.
    pub async fn consents(&self, merchant: &MerchantId) -> Result<Vec<Consent>, StoreError> {
        let rows = self.registry_rows(merchant.as_str(), BEGINS).await?;
        rows.into_iter()
            .map(|row| {
                let row: Row = from_item(row, "consent")?;
                let id = row.sk.strip_prefix(BEGINS).and_then(|id| id.parse().ok());
                Ok(Consent { connection: id.ok_or(StoreError::Corrupt("consent"))?, until: row.until })
            })
            .collect()
    }

    /// Nobody is reminded of an account that is given up.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn end_consent(
        &self,
        merchant: &MerchantId,
        connection: &ConnectionId,
    ) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(merchant.as_str(), &format!("{BEGINS}{connection}"))))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e))?;
        Ok(())
    }
}
