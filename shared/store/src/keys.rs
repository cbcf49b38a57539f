//! Data keys, one per sealed thing, and the fence: a key is live, then erased, never absent (CONTROLS C6).

use crate::db::{Db, Item, SHARDS, b, key, n, s, shard};
use crate::error::StoreError;
use crate::orders::pk_of;
use aws_sdk_dynamodb::types::{AttributeValue, Put, Update};
use jiff::Timestamp;
use waybill_domain::time::{after, days, sortable};
use waybill_domain::{ConnectionId, MerchantId, OrderId, ShipmentId};

/// The sort key of the recipient's data key, which is also the order's fence.
pub const RECIPIENT: &str = "recipient";
/// DynamoDB's own deletion, should every run of retention fail: this long after the purge time.
const BACKSTOP_DAYS: i64 = 2;
/// How long the fence of an erased order stands: longer than any channel returns the order
/// (CONTROLS section 2 point 6).
const FENCE_DAYS: i64 = 730;

/// What stands at a key's place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyState {
    /// It can be unwrapped until `purge_at`.
    Live {
        /// As KMS wrapped it; empty when the order came without a recipient.
        wrapped: Vec<u8>,
        /// From when it must not be used, though it may still be there.
        purge_at: Timestamp,
    },
    /// Gone for good.
    Erased,
}

/// Where a personal item came from, stored with its key (CONTROLS A6).
#[derive(Debug, Clone)]
pub struct Origin<'a> {
    /// Whose.
    pub merchant: &'a MerchantId,
    /// Through which account.
    pub connection: &'a ConnectionId,
    /// Blind index of the buyer, where an e-mail was given.
    pub buyer: Option<&'a str>,
    /// When we got it.
    pub obtained_at: Timestamp,
    /// When it must be gone.
    pub purge_at: Timestamp,
}

fn ttl(at: Timestamp, days_on: i64) -> AttributeValue {
    n(after(at, days(days_on)).as_second())
}

fn tags(order: &OrderId, wrapped: &[u8], from: &Origin<'_>) -> Item {
    let mut item = key(order.as_str(), RECIPIENT);
    item.insert("state".into(), s("live"));
    item.insert("wrapped".into(), b(wrapped.to_vec()));
    item.insert("merchant".into(), s(from.merchant.as_str()));
    item.insert("origin".into(), s(from.connection.as_str()));
    item.insert("obtained_at".into(), s(sortable(from.obtained_at)));
    item.insert("purge_at".into(), s(sortable(from.purge_at)));
    item.insert("purge_shard".into(), s(shard("purge", order.as_str())));
    item.insert("ttl".into(), ttl(from.purge_at, BACKSTOP_DAYS));
    if let Some(buyer) = from.buyer {
        item.insert("buyer".into(), s(buyer));
    }
    item
}

/// The put that stores the first key of an order; it fails where a key or a fence stands.
pub(crate) fn create(db: &Db, order: &OrderId, wrapped: &[u8], from: &Origin<'_>) -> Result<Put, StoreError> {
    Put::builder()
        .table_name(&db.tables.keys)
        .set_item(Some(tags(order, wrapped, from)))
        .condition_expression("attribute_not_exists(pk)")
        .build()
        .map_err(|_| StoreError::Corrupt("put"))
}

/// The put that replaces a live key: what the old one sealed is unreadable from then on.
pub(crate) fn replace(
    db: &Db,
    order: &OrderId,
    wrapped: &[u8],
    from: &Origin<'_>,
) -> Result<Put, StoreError> {
    Put::builder()
        .table_name(&db.tables.keys)
        .set_item(Some(tags(order, wrapped, from)))
        .condition_expression("#state = :live")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":live", s("live"))
        .build()
        .map_err(|_| StoreError::Corrupt("put"))
}

/// The update that moves the purge time of a live key.
pub(crate) fn reschedule(db: &Db, order: &OrderId, purge_at: Timestamp) -> Result<Update, StoreError> {
    Update::builder()
        .table_name(&db.tables.keys)
        .set_key(Some(key(order.as_str(), RECIPIENT)))
        .update_expression("SET purge_at = :at, #ttl = :ttl")
        .condition_expression("#state = :live")
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#ttl", "ttl")
        .expression_attribute_values(":live", s("live"))
        .expression_attribute_values(":at", s(sortable(purge_at)))
        .expression_attribute_values(":ttl", ttl(purge_at, BACKSTOP_DAYS))
        .build()
        .map_err(|_| StoreError::Corrupt("update"))
}

fn state_of(item: &Item) -> Result<KeyState, StoreError> {
    let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok());
    match text("state").map(String::as_str) {
        Some("erased") => Ok(KeyState::Erased),
        Some("live") => Ok(KeyState::Live {
            wrapped: item
                .get("wrapped")
                .and_then(|v| v.as_b().ok())
                .map(|w| w.as_ref().to_vec())
                .unwrap_or_default(),
            purge_at: text("purge_at").and_then(|t| t.parse().ok()).ok_or(StoreError::Corrupt("key"))?,
        }),
        _ => Err(StoreError::Corrupt("key")),
    }
}

fn label_sk(shipment: &ShipmentId) -> String {
    format!("label#{shipment}")
}

impl Db {
    /// The key of an order's recipient; an absent one counts as erased.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn recipient_key(&self, order: &OrderId) -> Result<KeyState, StoreError> {
        match self.get(&self.tables.keys, order.as_str(), RECIPIENT).await? {
            Some(item) => state_of(&item),
            None => Ok(KeyState::Erased),
        }
    }

    /// The key of a shipment's label.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn label_key(&self, order: &OrderId, shipment: &ShipmentId) -> Result<KeyState, StoreError> {
        match self.get(&self.tables.keys, order.as_str(), &label_sk(shipment)).await? {
            Some(item) => state_of(&item),
            None => Ok(KeyState::Erased),
        }
    }

    /// Stores the key of a label that is about to be sealed. It replaces the key of an earlier attempt, whose
    /// label nobody has seen; it never replaces an erased one.
    ///
    /// # Errors
    /// `Condition` when the label was erased.
    pub async fn save_label_key(
        &self,
        order: &OrderId,
        shipment: &ShipmentId,
        wrapped: &[u8],
        purge_at: Timestamp,
    ) -> Result<(), StoreError> {
        self.client
            .put_item()
            .table_name(&self.tables.keys)
            .set_item(Some(key(order.as_str(), &label_sk(shipment))))
            .item("state", s("live"))
            .item("wrapped", b(wrapped.to_vec()))
            .item("purge_at", s(sortable(purge_at)))
            .item("ttl", ttl(purge_at, BACKSTOP_DAYS))
            .condition_expression("attribute_not_exists(pk) OR #state = :live")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":live", s("live"))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Moves the purge time of an order's recipient key. Done already, or erased, is fine.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn reschedule(&self, order: &OrderId, purge_at: Timestamp) -> Result<(), StoreError> {
        let update = reschedule(self, order, purge_at)?;
        let sent = self
            .client
            .update_item()
            .table_name(&self.tables.keys)
            .set_key(Some(update.key))
            .update_expression(update.update_expression)
            .set_condition_expression(update.condition_expression)
            .set_expression_attribute_names(update.expression_attribute_names)
            .set_expression_attribute_values(update.expression_attribute_values)
            .send()
            .await;
        match sent.map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e)) {
            Ok(_) | Err(StoreError::Condition { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Destroys every key of an order: the recipient's becomes a fence, the labels' too. The purge index still
    /// points here until [`Db::close_erasure`], so a crash in between is taken up again.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn shred(&self, order: &OrderId, now: Timestamp) -> Result<(), StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.keys)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", s(order.as_str()))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        for item in reply.items.unwrap_or_default() {
            let Some(sk) = item.get("sk").and_then(|v| v.as_s().ok()) else { continue };
            self.client
                .update_item()
                .table_name(&self.tables.keys)
                .set_key(Some(key(order.as_str(), sk)))
                .update_expression("SET #state = :erased, erased_at = :now, #ttl = :ttl REMOVE #wrapped, buyer, origin, obtained_at")
                .expression_attribute_names("#wrapped", "wrapped")
                .expression_attribute_names("#state", "state")
                .expression_attribute_names("#ttl", "ttl")
                .expression_attribute_values(":erased", s("erased"))
                .expression_attribute_values(":now", s(sortable(now)))
                .expression_attribute_values(":ttl", ttl(now, FENCE_DAYS))
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        }
        Ok(())
    }

    /// Takes an order whose erasure is complete off the purge index.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn close_erasure(&self, order: &OrderId) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.tables.keys)
            .set_key(Some(key(order.as_str(), RECIPIENT)))
            .update_expression("REMOVE purge_shard")
            .condition_expression("#state = :erased")
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":erased", s("erased"))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// Orders whose purge time has come, oldest first, at most `limit` from each shard.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn purgeable(&self, now: Timestamp, limit: i32) -> Result<Vec<OrderId>, StoreError> {
        let mut due = Vec::new();
        for n in 0..SHARDS {
            let reply = self
                .client
                .query()
                .table_name(&self.tables.keys)
                .index_name("purge")
                .key_condition_expression("purge_shard = :shard AND purge_at <= :now")
                .expression_attribute_values(":shard", s(format!("purge#{n}")))
                .expression_attribute_values(":now", s(sortable(now)))
                .limit(limit)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            for item in reply.items.unwrap_or_default() {
                due.push(pk_of(&item)?);
            }
        }
        Ok(due)
    }

    /// Live orders of a buyer, by blind index.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn orders_of_buyer(&self, buyer: &str) -> Result<Vec<OrderId>, StoreError> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let reply = self
                .client
                .query()
                .table_name(&self.tables.keys)
                .index_name("by-buyer")
                .key_condition_expression("buyer = :buyer")
                .expression_attribute_values(":buyer", s(buyer))
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            for item in reply.items.unwrap_or_default() {
                found.push(pk_of(&item)?);
            }
            from = reply.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }
}
