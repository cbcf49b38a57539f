//! Data keys, one per sealed thing, and the fence: a key is live, then erased, never absent (CONTROLS C6).
//!
//! All keys of an order are attributes of one item: the recipient's and one for each label. So one conditional
//! write stores a label's key only while the order lives, and one write destroys them all.

use crate::db::{Db, Item, SHARDS, SetAll, b, key, n, s, shard};
use crate::error::StoreError;
use crate::labels::paper_id;
use crate::orders::pk_of;
use aws_sdk_dynamodb::types::{AttributeValue, Put, Update};
use jiff::Timestamp;
use waybill_domain::aggregate::Lot;
use waybill_domain::paper::Paper;
use waybill_domain::retention::FENCE_DAYS;
use waybill_domain::time::{after, days, sortable};
use waybill_domain::{ConnectionId, MerchantId, OrderId, ShipmentId};

/// The sort key of the recipient's data key, which is also the order's fence.
pub const RECIPIENT: &str = "recipient";
/// DynamoDB's own deletion, should every run of retention fail: so many days after the purge time, or after a purge time was
/// set that was past already.
pub const BACKSTOP_DAYS: i64 = 2;

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
    /// The lot its address falls in, where there is one.
    pub lot: Option<Lot>,
    /// When we got it.
    pub obtained_at: Timestamp,
    /// When it must be gone.
    pub purge_at: Timestamp,
}

pub(crate) fn ttl(at: Timestamp, days_on: i64) -> AttributeValue {
    n(after(at, days(days_on)).as_second())
}

/// When DynamoDB itself deletes a live key: two days after it is due, and never before a run had a day for it, however
/// long ago the time lies that is written now (decision 043).
pub(crate) fn backstop(purge_at: Timestamp, now: Timestamp) -> AttributeValue {
    ttl(purge_at.max(now), BACKSTOP_DAYS)
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
    item.insert("ttl".into(), backstop(from.purge_at, from.obtained_at));
    if let Some(buyer) = from.buyer {
        item.insert("buyer".into(), s(buyer));
    }
    if let Some(lot) = from.lot {
        item.insert("lot".into(), n(lot));
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

/// The update that replaces a live recipient's key: what the old one sealed is unreadable from then on. The keys
/// of labels stay.
pub(crate) fn replace(
    db: &Db,
    order: &OrderId,
    wrapped: &[u8],
    from: &Origin<'_>,
) -> Result<Update, StoreError> {
    let all = SetAll::new(tags(order, wrapped, from), &["buyer", "lot"]);
    Update::builder()
        .table_name(&db.tables.keys)
        .set_key(Some(key(order.as_str(), RECIPIENT)))
        .update_expression(all.expression)
        .condition_expression("#state = :is_live")
        .set_expression_attribute_names(Some(all.names))
        .expression_attribute_names("#state", "state")
        .set_expression_attribute_values(Some(all.values))
        .expression_attribute_values(":is_live", s("live"))
        .build()
        .map_err(|_| StoreError::Corrupt("update"))
}

/// The update that moves the purge time of a live key. A held one stays where it is: its time is worked out anew when
/// the hold ends.
pub(crate) fn reschedule(
    db: &Db,
    order: &OrderId,
    purge_at: Timestamp,
    now: Timestamp,
) -> Result<Update, StoreError> {
    Update::builder()
        .table_name(&db.tables.keys)
        .set_key(Some(key(order.as_str(), RECIPIENT)))
        .update_expression("SET purge_at = :at, #ttl = :ttl")
        // Never later: a notifier that was at work when the order was cancelled must not undo what that set.
        .condition_expression("#state = :live AND purge_at >= :at AND attribute_not_exists(held_until)")
        .expression_attribute_names("#state", "state")
        .expression_attribute_names("#ttl", "ttl")
        .expression_attribute_values(":live", s("live"))
        .expression_attribute_values(":at", s(sortable(purge_at)))
        .expression_attribute_values(":ttl", backstop(purge_at, now))
        .build()
        .map_err(|_| StoreError::Corrupt("update"))
}

/// The update that changes nothing and fails unless the key is live.
pub(crate) fn touch(db: &Db, order: &OrderId) -> Result<Update, StoreError> {
    Update::builder()
        .table_name(&db.tables.keys)
        .set_key(Some(key(order.as_str(), RECIPIENT)))
        .update_expression("SET #state = :live")
        .condition_expression("#state = :live")
        .expression_attribute_names("#state", "state")
        .expression_attribute_values(":live", s("live"))
        .build()
        .map_err(|_| StoreError::Corrupt("update"))
}

/// What an item says about the key in one of its attributes.
fn state_of(item: &Item, attribute: &str) -> Result<KeyState, StoreError> {
    let text = |name: &str| item.get(name).and_then(|v| v.as_s().ok());
    let wrapped = item.get(attribute).and_then(|v| v.as_b().ok()).map(|w| w.as_ref().to_vec());
    match text("state").map(String::as_str) {
        Some("erased") => Ok(KeyState::Erased),
        Some("live") => Ok(KeyState::Live {
            wrapped: wrapped.unwrap_or_default(),
            purge_at: text("purge_at").and_then(|t| t.parse().ok()).ok_or(StoreError::Corrupt("key"))?,
        }),
        _ => Err(StoreError::Corrupt("key")),
    }
}

/// The attribute that holds the recipient's wrapped key.
const WRAPPED: &str = "wrapped";

/// The attribute that holds a label's wrapped key.
fn label_attribute(shipment: &ShipmentId) -> String {
    format!("label#{shipment}")
}

/// The attribute that holds a paper's wrapped key.
fn paper_attribute(shipment: &ShipmentId, paper: Paper) -> String {
    format!("label#{}", paper_id(shipment, paper))
}

impl Db {
    /// The key of an order's recipient; an absent one counts as erased.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn recipient_key(&self, order: &OrderId) -> Result<KeyState, StoreError> {
        self.key_in(order, WRAPPED).await
    }

    /// The key of a shipment's label; the order's purge time is the label's too.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn label_key(&self, order: &OrderId, shipment: &ShipmentId) -> Result<KeyState, StoreError> {
        self.key_in(order, &label_attribute(shipment)).await
    }

    /// The key of a paper beside a label, as [`Db::label_key`].
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn paper_key(
        &self,
        order: &OrderId,
        shipment: &ShipmentId,
        paper: Paper,
    ) -> Result<KeyState, StoreError> {
        self.key_in(order, &paper_attribute(shipment, paper)).await
    }

    async fn key_in(&self, order: &OrderId, attribute: &str) -> Result<KeyState, StoreError> {
        match self.get(&self.tables.keys, order.as_str(), RECIPIENT).await? {
            Some(item) => state_of(&item, attribute),
            None => Ok(KeyState::Erased),
        }
    }

    /// Stores the key of a label that is about to be sealed, while the order lives: behind its fence no new key
    /// arises. It replaces the key of an earlier attempt, whose label nobody has seen.
    ///
    /// # Errors
    /// `Condition` when the order was erased.
    pub async fn save_label_key(
        &self,
        order: &OrderId,
        shipment: &ShipmentId,
        wrapped: &[u8],
    ) -> Result<(), StoreError> {
        self.save_key(order, label_attribute(shipment), wrapped).await
    }

    /// Stores the key of a paper that is about to be sealed, as [`Db::save_label_key`].
    ///
    /// # Errors
    /// `Condition` when the order was erased.
    pub async fn save_paper_key(
        &self,
        order: &OrderId,
        shipment: &ShipmentId,
        paper: Paper,
        wrapped: &[u8],
    ) -> Result<(), StoreError> {
        self.save_key(order, paper_attribute(shipment, paper), wrapped).await
    }

    async fn save_key(&self, order: &OrderId, attribute: String, wrapped: &[u8]) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.tables.keys)
            .set_key(Some(key(order.as_str(), RECIPIENT)))
            .update_expression("SET #label = :wrapped")
            .condition_expression("#state = :live")
            .expression_attribute_names("#label", attribute)
            .expression_attribute_names("#state", "state")
            .expression_attribute_values(":wrapped", b(wrapped.to_vec()))
            .expression_attribute_values(":live", s("live"))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// Moves the purge time of an order's recipient key. Done already, or erased, is fine.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn reschedule(
        &self,
        order: &OrderId,
        purge_at: Timestamp,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let update = reschedule(self, order, purge_at, now)?;
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

    /// Destroys every key of an order in one write: what is left is the fence. The purge index still points here
    /// until [`Db::close_erasure`], so a crash in between is taken up again.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn shred(&self, order: &OrderId, now: Timestamp) -> Result<(), StoreError> {
        let Some(held) = self.get(&self.tables.keys, order.as_str(), RECIPIENT).await? else {
            // DynamoDB's own deletion was faster, and put up no fence.
            return self.fence(order, now).await.map(|_| ());
        };
        let mut fence = key(order.as_str(), RECIPIENT);
        fence.insert("state".into(), s("erased"));
        fence.insert("erased_at".into(), s(sortable(now)));
        fence.insert("ttl".into(), ttl(now, FENCE_DAYS));
        // Whose it was stays until the erasure is closed, so that a request that broke off finds it again, and the lot, which
        // is counted by then; and it is due from now on, so that the next run takes it up if the request does not come back.
        for kept in ["merchant", "buyer", "lot", "purge_shard"] {
            fence.extend(held.get(kept).map(|value| (kept.to_owned(), value.clone())));
        }
        fence.insert("purge_at".into(), s(sortable(now)));
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.keys)
            .set_item(Some(fence))
            .condition_expression("attribute_exists(pk)")
            .send()
            .await;
        match sent.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e)) {
            Err(StoreError::Condition { .. }) => self.fence(order, now).await.map(|_| ()),
            other => other.map(|_| ()),
        }
    }

    /// Puts up the fence of an order that never came: whoever asks to be erased before their order arrives is not
    /// stored when it does. False when it came in this very moment: a live key stands there, and is left alone.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn fence(&self, order: &OrderId, now: Timestamp) -> Result<bool, StoreError> {
        let mut fence = key(order.as_str(), RECIPIENT);
        fence.insert("state".into(), s("erased"));
        fence.insert("erased_at".into(), s(sortable(now)));
        fence.insert("ttl".into(), ttl(now, FENCE_DAYS));
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.keys)
            .set_item(Some(fence))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match sent.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e)) {
            Err(StoreError::Condition { .. }) => Ok(self.recipient_key(order).await? == KeyState::Erased),
            other => other.map(|_| true),
        }
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
            .update_expression("REMOVE purge_shard, buyer, lot")
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
            due.extend(self.purgeable_of(n, now, limit, None).await?.0);
        }
        Ok(due)
    }

    /// As [`Db::purgeable`], of one shard, after a row; gives the row after which to go on, if there is more.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn purgeable_of(
        &self,
        shard: u8,
        now: Timestamp,
        limit: i32,
        after: Option<Item>,
    ) -> Result<(Vec<OrderId>, Option<Item>), StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.keys)
            .index_name("purge")
            .key_condition_expression("purge_shard = :shard AND purge_at <= :now")
            .expression_attribute_values(":shard", s(format!("purge#{shard}")))
            .expression_attribute_values(":now", s(sortable(now)))
            .limit(limit)
            .set_exclusive_start_key(after)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let due = reply.items.unwrap_or_default().iter().map(pk_of).collect::<Result<_, _>>()?;
        Ok((due, reply.last_evaluated_key))
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
