//! Merchants made and changed through the API.

use crate::db::{Db, Item, from_item, key, to_item};
use crate::error::StoreError;
use crate::registry::{MERCHANTS, Merchant};
use crate::staff::{Staff, place};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

impl Db {
    /// Stores a merchant that is not there yet with its row in the list of merchants and, if one is given, its first
    /// member of staff by the `sub` of their token, all or nothing; false when there is such a merchant, or the `sub`
    /// acts for one.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn found_merchant(
        &self,
        merchant: &Merchant,
        first: Option<(&str, &Staff)>,
    ) -> Result<bool, StoreError> {
        let id = merchant.id.as_str();
        let mut actions = vec![
            self.put_new(to_item(merchant)?, id, "merchant")?,
            self.registry_put(Item::new(), MERCHANTS, id)?,
        ];
        if let Some((sub, staff)) = first {
            let (pk, sk) = place(sub);
            actions.push(self.put_new(to_item(staff)?, &pk, sk)?);
            actions.push(self.on_the_roll(sub, &merchant.id)?);
        }
        match self.transact(actions).await {
            Ok(()) => Ok(true),
            Err(StoreError::Condition { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Stores a merchant if what is there is what the caller says it should be; false when it is not.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn replace_merchant(
        &self,
        merchant: &Merchant,
        same: impl Fn(Merchant) -> bool,
    ) -> Result<bool, StoreError> {
        let id = merchant.id.as_str();
        let Some(held) = self.get(&self.tables.registry, id, "merchant").await? else { return Ok(false) };
        if !same(from_item(held.clone(), "merchant")?) {
            return Ok(false);
        }
        let mut item = to_item(merchant)?;
        item.extend(key(id, "merchant"));
        self.put_over(&self.tables.registry, item, Some(held)).await
    }

    fn put_new(&self, item: Item, pk: &str, sk: &str) -> Result<TransactWriteItem, StoreError> {
        let item = item.into_iter().chain(key(pk, sk)).collect();
        let put = Put::builder()
            .table_name(&self.tables.registry)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build();
        put.map(|put| TransactWriteItem::builder().put(put).build()).map_err(|_| StoreError::Corrupt("put"))
    }
}
