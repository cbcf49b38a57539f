//! How far the outside was told of an order's road.
//!
//! An item of its own beside the order, so that noting it neither changes the order nor asks to be told again.

use crate::db::{Db, Item, key, n};
use crate::error::StoreError;
use crate::orders::{ORDER, order_of};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::BTreeMap;
use waybill_domain::OrderId;
use waybill_domain::order::Order;

/// The sort key of the item.
const TOLD: &str = "told";
/// Orders read at a time: two items each, and BatchGetItem reads 100.
const PAGE: usize = 50;

impl Db {
    /// Reads orders, each with the revision up to which it was told; 0 for not at all. Those that are not there are
    /// left out, and so are those that cannot be read.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn orders_told(&self, ids: &[OrderId]) -> Result<Vec<(Order, u64)>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for page in ids.chunks(PAGE) {
            let both = |id: &OrderId| [key(id.as_str(), ORDER), key(id.as_str(), TOLD)];
            let items = self.batch_get(&self.tables.orders, page.iter().flat_map(both).collect()).await?;
            let (told, orders): (Vec<_>, Vec<_>) =
                items.into_iter().partition(|item| text(item, "sk") == TOLD);
            let told: BTreeMap<_, _> =
                told.iter().map(|item| (text(item, "pk").to_owned(), revision(item))).collect();
            for item in orders {
                let id = text(&item, "pk").to_owned();
                // One must not keep all others waiting in the stream for a day.
                let Ok(order) = order_of(item) else {
                    tracing::error!(order = %id, "an order cannot be read; the bus is not told of it");
                    continue;
                };
                let rev = told.get(order.id.as_str()).copied().unwrap_or_default();
                found.push((order, rev));
            }
        }
        Ok(found)
    }

    /// Notes that an order was told up to a revision.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_told(&self, id: &OrderId, rev: u64) -> Result<(), StoreError> {
        let mut item = key(id.as_str(), TOLD);
        item.insert("rev".into(), n(rev));
        let put = self.client.put_item().table_name(&self.tables.orders).set_item(Some(item));
        put.send().await.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|value| value.as_s().ok()).map_or("", String::as_str)
}

fn revision(item: &Item) -> u64 {
    let rev = item.get("rev").and_then(|value: &AttributeValue| value.as_n().ok());
    rev.and_then(|text| text.parse().ok()).unwrap_or_default()
}
