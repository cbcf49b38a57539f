//! The order item: one per order, with its lines and, sealed, its recipient.

use crate::db::{Db, Item, SetAll, from_item, key, n, s, shard, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::{
    AttributeValue, KeysAndAttributes, Put, ReturnValuesOnConditionCheckFailure, Update,
};
use jiff::Timestamp;
use std::collections::BTreeMap;
use waybill_domain::aggregate::{Cell, Count};
use waybill_domain::order::{Order, Status};
use waybill_domain::time::sortable;
use waybill_domain::{MerchantId, OrderId};

/// The sort key of the order item.
pub const ORDER: &str = "order";
/// The attribute that holds the sealed recipient.
pub const SEALED: &str = "sealed";
/// Attributes an order may be without; a write without them removes them.
const OPTIONAL: [&str; 15] = [
    "channel_ref",
    "hold",
    "destination",
    "claim",
    "exceptions",
    "due_at",
    "due_shard",
    "picked",
    "gone",
    "bench",
    "unpaid",
    "let_go",
    "rounds",
    "wish",
    "instructions",
];
/// The most keys one BatchGetItem may ask for (AWS limit).
const MAX_BATCH: usize = 100;

/// The partition key of `by-status`.
pub fn status_key(merchant: &MerchantId, status: Status) -> String {
    format!("{merchant}#{}", status.as_str())
}

/// An order as its item, index attributes included, recipient not.
pub(crate) fn item_of(order: &Order) -> Result<Item, StoreError> {
    let mut noted = order.clone();
    noted.note();
    let mut item = to_item(&noted)?;
    item.extend(key(order.id.as_str(), ORDER));
    item.insert("status_key".into(), s(status_key(&order.merchant, order.status)));
    item.insert("placed_at".into(), s(sortable(order.placed_at)));
    if let Some(due) = order.due_at {
        item.insert("due_at".into(), s(sortable(due)));
        item.insert("due_shard".into(), s(shard("due", order.id.as_str())));
    }
    Ok(item)
}

pub(crate) fn order_of(item: Item) -> Result<Order, StoreError> {
    from_item(item, "order")
}

/// The put that stores an order for the first time; its failure gives the order that is there.
pub(crate) fn create(db: &Db, order: &Order, sealed: Option<Vec<u8>>) -> Result<Put, StoreError> {
    let mut item = item_of(order)?;
    if let Some(sealed) = sealed {
        item.insert(SEALED.into(), crate::db::b(sealed));
    }
    Put::builder()
        .table_name(&db.tables.orders)
        .set_item(Some(item))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(|_| StoreError::Corrupt("put"))
}

/// The update that stores `order` if nobody wrote since it was read: its `rev` is one above what is there.
pub(crate) fn replace(db: &Db, order: &Order, sealed: Option<Option<Vec<u8>>>) -> Result<Update, StoreError> {
    let mut item = item_of(order)?;
    let mut optional = OPTIONAL.to_vec();
    match sealed {
        Some(Some(bytes)) => {
            item.insert(SEALED.into(), crate::db::b(bytes));
        }
        Some(None) => optional.push(SEALED),
        None => {}
    }
    let all = SetAll::new(item, &optional);
    Update::builder()
        .table_name(&db.tables.orders)
        .set_key(Some(key(order.id.as_str(), ORDER)))
        .update_expression(all.expression)
        .condition_expression("rev = :held")
        .set_expression_attribute_names(Some(all.names))
        .set_expression_attribute_values(Some(all.values))
        .expression_attribute_values(":held", n(order.rev - 1))
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .map_err(|_| StoreError::Corrupt("update"))
}

impl Db {
    /// Reads an order.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is not an order.
    pub async fn order(&self, id: &OrderId) -> Result<Option<Order>, StoreError> {
        self.get(&self.tables.orders, id.as_str(), ORDER).await?.map(order_of).transpose()
    }

    /// Reads an order with its sealed recipient.
    ///
    /// # Errors
    /// As [`Db::order`].
    pub async fn order_with_sealed(
        &self,
        id: &OrderId,
    ) -> Result<Option<(Order, Option<Vec<u8>>)>, StoreError> {
        let Some(mut item) = self.get(&self.tables.orders, id.as_str(), ORDER).await? else {
            return Ok(None);
        };
        let sealed = match item.remove(SEALED) {
            Some(AttributeValue::B(bytes)) => Some(bytes.into_inner()),
            _ => None,
        };
        Ok(Some((order_of(item)?, sealed)))
    }

    /// Reads many orders, in the order asked for; those that are not there are left out.
    ///
    /// # Errors
    /// As [`Db::order`].
    pub async fn orders(&self, ids: &[OrderId]) -> Result<Vec<Order>, StoreError> {
        let mut found = Vec::with_capacity(ids.len());
        for chunk in ids.chunks(MAX_BATCH) {
            let keys = chunk.iter().map(|id| key(id.as_str(), ORDER)).collect();
            for item in self.batch_get(&self.tables.orders, keys).await? {
                found.push(order_of(item)?);
            }
        }
        let place = |o: &Order| ids.iter().position(|id| *id == o.id);
        found.sort_by_key(place);
        Ok(found)
    }

    /// Reads many items of one table, asking again for what AWS left out.
    pub(crate) async fn batch_get(&self, table: &str, keys: Vec<Item>) -> Result<Vec<Item>, StoreError> {
        let mut found = Vec::with_capacity(keys.len());
        let mut wanted = keys;
        // Each round gets at least one item or AWS throttles; this many rounds is an outage.
        for _ in 0..MAX_BATCH {
            if wanted.is_empty() {
                return Ok(found);
            }
            let ask = KeysAndAttributes::builder()
                .set_keys(Some(wanted))
                .consistent_read(true)
                .build()
                .map_err(|_| StoreError::Corrupt("batch"))?;
            let reply = self
                .client
                .batch_get_item()
                .request_items(table, ask)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:BatchGetItem", &e))?;
            found.extend(reply.responses.into_iter().flatten().flat_map(|(_, items)| items));
            wanted = reply.unprocessed_keys.into_iter().flatten().flat_map(|(_, rest)| rest.keys).collect();
        }
        Err(StoreError::Throttled("BatchGetItem".into()))
    }

    /// Stores a changed order if nobody wrote since it was read; bumps its `rev`. The sealed recipient stays.
    ///
    /// # Errors
    /// `Condition` when somebody wrote in between: read again and decide anew.
    pub async fn save_order(&self, order: &mut Order) -> Result<(), StoreError> {
        order.rev += 1;
        order.note();
        let update = replace(self, order, None)?;
        self.client
            .update_item()
            .table_name(&self.tables.orders)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// Stores an order whose person is gone: as [`Db::save_order`], the sealed recipient is deleted, and what the order
    /// adds to the anonymous figures is counted, all in one.
    ///
    /// # Errors
    /// As [`Db::save_order`].
    pub async fn save_forgotten(
        &self,
        order: &mut Order,
        figures: &BTreeMap<Cell, Count>,
    ) -> Result<(), StoreError> {
        order.rev += 1;
        order.note();
        let update = replace(self, order, Some(None))?;
        let mut actions = vec![aws_sdk_dynamodb::types::TransactWriteItem::builder().update(update).build()];
        actions.extend(crate::figures::count(self, &order.merchant, figures)?);
        self.transact(actions).await
    }

    /// Moves the moment the clock looks at an order again, `None` for not by itself, unless someone else has moved it.
    ///
    /// # Errors
    /// `Condition` when it was moved: nothing is left to do.
    pub async fn postpone(&self, order: &Order, until: Option<Timestamp>) -> Result<(), StoreError> {
        let update = self
            .client
            .update_item()
            .table_name(&self.tables.orders)
            .set_key(Some(key(order.id.as_str(), ORDER)))
            .expression_attribute_values(":held", n(order.rev));
        let update = match until {
            Some(until) => update
                .update_expression("SET due_at = :until")
                .condition_expression("rev = :held AND due_at <= :until")
                .expression_attribute_values(":until", s(sortable(until))),
            None => update.update_expression("REMOVE due_at, due_shard").condition_expression("rev = :held"),
        };
        update.send().await.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// The ids of orders the clock should look at, soonest first, from one shard; at most `limit`.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn due(&self, shard: u8, now: Timestamp, limit: i32) -> Result<Vec<OrderId>, StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.orders)
            .index_name("due")
            .key_condition_expression("due_shard = :shard AND due_at <= :now")
            .expression_attribute_values(":shard", s(format!("due#{shard}")))
            .expression_attribute_values(":now", s(sortable(now)))
            .limit(limit)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        reply.items.unwrap_or_default().into_iter().map(|i| pk_of(&i)).collect()
    }

    /// Ids of a merchant's orders of one status, newest first, with the cursor for the next page.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn orders_by_status(
        &self,
        merchant: &MerchantId,
        status: Status,
        limit: i32,
        after: Option<Item>,
    ) -> Result<(Vec<OrderId>, Option<Item>), StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.orders)
            .index_name("by-status")
            .key_condition_expression("status_key = :k")
            .expression_attribute_values(":k", s(status_key(merchant, status)))
            .scan_index_forward(false)
            .limit(limit)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let ids = reply.items.unwrap_or_default().iter().map(pk_of).collect::<Result<_, _>>()?;
        Ok((ids, reply.last_evaluated_key))
    }
}

/// The order id an index row points to.
pub(crate) fn pk_of(item: &Item) -> Result<OrderId, StoreError> {
    item.get("pk")
        .and_then(|v| v.as_s().ok())
        .and_then(|text| text.parse().ok())
        .ok_or(StoreError::Corrupt("index row"))
}
