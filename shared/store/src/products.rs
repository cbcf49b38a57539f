//! What the catalogue says of a SKU beyond its stock: customs data, size and tags, beside its levels.

use crate::db::{Db, MAX_ACTIONS, from_item, key, to_item};
use crate::error::StoreError;
use waybill_domain::MerchantId;
use waybill_domain::customs::Product;

const SK: &str = "product";

fn pk(merchant: &MerchantId, sku: &str) -> String {
    format!("{merchant}#{sku}")
}

impl Db {
    /// Stores what is known of a SKU, in place of what was known.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_product(&self, merchant: &MerchantId, product: &Product) -> Result<(), StoreError> {
        let mut item = to_item(product)?;
        item.extend(key(&pk(merchant, &product.sku), SK));
        self.client
            .put_item()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// What is known of SKUs; those nothing is known of are left out.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an item is not a product.
    pub async fn products(&self, merchant: &MerchantId, skus: &[String]) -> Result<Vec<Product>, StoreError> {
        let mut found = Vec::new();
        for chunk in skus.chunks(MAX_ACTIONS) {
            let keys = chunk.iter().map(|sku| key(&pk(merchant, sku), SK)).collect();
            for item in self.batch_get(&self.tables.stock, keys).await? {
                found.push(from_item(item, "product")?);
            }
        }
        Ok(found)
    }
}
