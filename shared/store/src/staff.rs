//! Staff: who may act for which merchant, by the `sub` of their token, and how often they have opened personal
//! data this hour.
//!
//! Everything but the `sub` is read here and not from the token, so a leaver is cut off at once and not when
//! the token runs out (CONTROLS E5).

use crate::db::{Db, Item, from_item, key, n, s, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::builders::PutBuilder;
use aws_sdk_dynamodb::types::{Put, ReturnValue, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::MerchantId;
use waybill_domain::access::{Role, Standing};

/// The sort key of the staff item.
const STAFF: &str = "staff";

/// One member of a merchant's staff; a program counts as one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Staff {
    /// For whom they act.
    pub merchant: MerchantId,
    /// What for.
    pub role: Role,
    /// Until when their privacy training counts; see [`waybill_domain::access::is_trained`].
    pub trained_until: Timestamp,
    /// When somebody else last confirmed that they still need this; see [`waybill_domain::access::is_reviewed`].
    pub reviewed_at: Timestamp,
    /// False for those who left or are suspended.
    pub active: bool,
}

impl Staff {
    /// What is known of their right to act.
    pub fn standing(&self) -> Standing {
        Standing { role: self.role, trained_until: self.trained_until, reviewed_at: self.reviewed_at }
    }
}

/// Where the item of a member of staff lies.
pub(crate) fn place(sub: &str) -> (String, &'static str) {
    (pk(sub), STAFF)
}

fn pk(sub: &str) -> String {
    format!("staff#{sub}")
}

impl Db {
    /// Reads the member of staff whose token says `sub`.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn staff(&self, sub: &str) -> Result<Option<Staff>, StoreError> {
        let item = self.get(&self.tables.registry, &pk(sub), STAFF).await?;
        item.map(|i| from_item(i, "staff")).transpose()
    }

    /// Stores a member of staff in place of what was known. Nobody is taken from another merchant, not even by two
    /// who enter them at the same moment.
    ///
    /// # Errors
    /// As AWS answers; `Condition` when they act for another merchant.
    pub async fn save_staff(&self, sub: &str, staff: &Staff) -> Result<(), StoreError> {
        let put = Put::builder()
            .condition_expression("attribute_not_exists(pk) OR merchant = :merchant")
            .expression_attribute_values(":merchant", s(staff.merchant.as_str()));
        self.put_staff(sub, staff, put).await
    }

    /// Stores a member of staff in place of what the caller has read, and of nothing else; false when they were changed
    /// meanwhile. Who was read is on the roll.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn replace_staff(&self, sub: &str, staff: &Staff, read: &Staff) -> Result<bool, StoreError> {
        let held = self.get(&self.tables.registry, &pk(sub), STAFF).await?;
        let Some(held) = held else { return Ok(false) };
        if from_item::<Staff>(held.clone(), "staff")? != *read {
            return Ok(false);
        }
        let mut item = to_item(staff)?;
        item.extend(key(&pk(sub), STAFF));
        self.put_over(&self.tables.registry, item, Some(held)).await
    }

    async fn put_staff(&self, sub: &str, staff: &Staff, put: PutBuilder) -> Result<(), StoreError> {
        let mut item = to_item(staff)?;
        item.extend(key(&pk(sub), STAFF));
        let put = put.table_name(&self.tables.registry).set_item(Some(item)).build();
        let put = TransactWriteItem::builder().put(put.map_err(|_| StoreError::Corrupt("put"))?).build();
        self.transact(vec![put, self.on_the_roll(sub, &staff.merchant)?]).await
    }

    /// The line of a merchant's roll that names somebody; who they are stands with them.
    pub(crate) fn on_the_roll(
        &self,
        sub: &str,
        merchant: &MerchantId,
    ) -> Result<TransactWriteItem, StoreError> {
        self.registry_put(Item::new(), merchant.as_str(), &pk(sub))
    }

    /// Everybody of a merchant's staff, those who left included, by their `sub`.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn staff_of(&self, merchant: &MerchantId) -> Result<Vec<(String, Staff)>, StoreError> {
        let mut all = Vec::new();
        for line in self.registry_rows(merchant.as_str(), &pk("")).await? {
            let sub = line.get("sk").and_then(|sk| sk.as_s().ok()).and_then(|sk| sk.strip_prefix(&pk("")));
            let sub = sub.ok_or(StoreError::Corrupt("roll"))?.to_owned();
            let staff = self.staff(&sub).await?.filter(|staff| staff.merchant == *merchant);
            all.extend(staff.map(|staff| (sub, staff)));
        }
        Ok(all)
    }

    /// Counts one opening of personal data and gives how many were counted in this hour of the clock (UTC); `None`
    /// when that were `limit` already. One write that both asks and counts, so nobody gets more by asking in parallel.
    ///
    /// # Errors
    /// As AWS answers; it may have been counted all the same.
    pub async fn count_reveal(
        &self,
        sub: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Option<u32>, StoreError> {
        self.count_use(sub, "reveals", now, 1, limit).await
    }

    /// As [`Db::count_reveal`] for labels printed by batches, `pieces` at once, in a count of their own.
    ///
    /// # Errors
    /// As [`Db::count_reveal`].
    pub async fn count_labels(
        &self,
        sub: &str,
        now: Timestamp,
        pieces: u32,
        limit: u32,
    ) -> Result<Option<u32>, StoreError> {
        self.count_use(sub, "labels", now, pieces, limit).await
    }

    async fn count_use(
        &self,
        sub: &str,
        what: &str,
        now: Timestamp,
        pieces: u32,
        limit: u32,
    ) -> Result<Option<u32>, StoreError> {
        let Some(room) = limit.checked_sub(pieces) else { return Ok(None) };
        let hour = format!("{what}#{}", now.strftime("%Y-%m-%dT%H"));
        let counted = self
            .client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(&pk(sub), &hour)))
            .update_expression("ADD reveals :pieces")
            .condition_expression("attribute_not_exists(reveals) OR reveals <= :room")
            .expression_attribute_values(":pieces", n(pieces))
            .expression_attribute_values(":room", n(room))
            .return_values(ReturnValue::UpdatedNew)
            .send()
            .await;
        match counted.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Ok(reply) => {
                let counted = reply.attributes.as_ref().and_then(|held| held.get("reveals")?.as_n().ok());
                counted.and_then(|count| count.parse().ok()).map(Some).ok_or(StoreError::Corrupt("count"))
            }
            Err(StoreError::Condition { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
