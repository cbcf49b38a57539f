//! Breaking the glass: somebody opens one order for a purpose beyond their role, because a second person agreed.

use crate::db::{Db, from_item, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::{MerchantId, OrderId};

/// Leave to open one order for one purpose.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Glass {
    /// Who asked, by the id of their sign-in.
    pub sub: String,
    /// Which order.
    pub order: OrderId,
    /// What for, as the audit chain words it.
    pub purpose: String,
    /// When they asked.
    pub asked_at: Timestamp,
    /// Until when it can be used.
    pub until: Timestamp,
    /// Who agreed: somebody else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub agreed_by: Option<String>,
}

impl Glass {
    /// Whether it opens anything now: a second person agreed, and it is not over.
    pub fn is_broken(&self, now: Timestamp) -> bool {
        now < self.until && self.agreed_by.as_ref().is_some_and(|by| *by != self.sub)
    }
}

fn sk(order: &OrderId, sub: &str) -> String {
    format!("glass#{order}#{sub}")
}

impl Db {
    /// Stores what was asked or agreed, in place of what the same person asked of the same order before.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_glass(&self, merchant: &MerchantId, glass: &Glass) -> Result<(), StoreError> {
        self.save_entry(to_item(glass)?, merchant.as_str(), &sk(&glass.order, &glass.sub)).await
    }

    /// What somebody asked of an order.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn glass(
        &self,
        merchant: &MerchantId,
        order: &OrderId,
        sub: &str,
    ) -> Result<Option<Glass>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), &sk(order, sub)).await?;
        item.map(|item| from_item(item, "glass")).transpose()
    }
}
