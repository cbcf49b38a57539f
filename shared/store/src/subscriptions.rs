//! Addresses of merchants that hear of events, and what became of each event that was sent to one.
//!
//! An address is an item of its merchant; its deliveries lie in a partition of their own, by the time of the event, and
//! go by themselves after a fortnight. They hold the event, so ids, counts and states.

use crate::db::{Db, from_item, key, n, s, to_item};
use crate::error::StoreError;
use crate::registry::bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use waybill_domain::event::{Event, Topic};
use waybill_domain::subscription::{Attempt, KEPT, Off, Progress, State, delivery, first_of};
use waybill_domain::time::after;
use waybill_domain::{DeliveryId, MerchantId, SubscriptionId};

const BEGINS: &str = "subscription#";
/// The partition that lists addresses we stopped sending to, whoever's.
const OFF: &str = "subscriptions-off";

fn sk(id: &SubscriptionId) -> String {
    format!("{BEGINS}{id}")
}

/// An address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subscription {
    /// Which.
    pub id: SubscriptionId,
    /// Whose.
    pub merchant: MerchantId,
    /// Where events are sent.
    pub url: String,
    /// What it hears of.
    pub topics: BTreeSet<Topic>,
    /// Whether it is sent anything.
    pub state: State,
    /// Why not, when we stopped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Off>,
    /// Nothing was taken since then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing_since: Option<Timestamp>,
    /// When it was made.
    pub made_at: Timestamp,
    /// [`Secrets`], sealed under the credentials key for this address.
    #[serde(with = "bytes")]
    pub secrets: Vec<u8>,
    /// Until when the secret before is good, too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous_until: Option<Timestamp>,
    /// The request that made the present secret, so that asking again under its key makes no other.
    pub secret_by: String,
    /// Grows with every change.
    #[serde(default)]
    pub rev: u64,
}

/// The secrets of an address, in the clear only inside the function that needs them.
#[derive(Serialize, Deserialize, zeroize::Zeroize, zeroize::ZeroizeOnDrop)]
pub struct Secrets {
    /// The present one.
    pub current: String,
    /// The one before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<String>,
}

/// An event on its way to one address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which.
    pub id: DeliveryId,
    /// To which address.
    pub subscription: SubscriptionId,
    /// What is told.
    pub event: Event,
    /// How far it is.
    pub progress: Progress,
    /// When it is tried next, while it waits.
    pub next_at: Timestamp,
    /// Attempts since it was last asked for.
    #[serde(default)]
    pub tries: usize,
    /// The latest attempts, the last one last.
    #[serde(default)]
    pub attempts: Vec<Attempt>,
    /// Grows with every change.
    #[serde(default)]
    pub rev: u64,
}

/// Attempts that are kept: two rounds of them.
const ATTEMPTS: usize = 18;

impl Delivery {
    /// An event that is to be sent, or was missed.
    ///
    /// # Errors
    /// `Corrupt` when the event has no id of ours.
    pub fn new(
        subscription: &SubscriptionId,
        event: &Event,
        progress: Progress,
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        Ok(Self {
            id: delivery(event).map_err(|_| StoreError::Corrupt("event id"))?,
            subscription: subscription.clone(),
            event: event.clone(),
            progress,
            next_at: now,
            tries: 0,
            attempts: Vec::new(),
            rev: 0,
        })
    }

    /// Notes an attempt.
    pub fn tried(&mut self, attempt: Attempt) {
        self.tries += 1;
        self.attempts.push(attempt);
        let over = self.attempts.len().saturating_sub(ATTEMPTS);
        self.attempts.drain(..over);
    }

    /// It is sent anew, as if it had never been.
    pub fn begin_again(&mut self, now: Timestamp) {
        (self.progress, self.next_at, self.tries) = (Progress::Waiting, now, 0);
    }
}

impl Db {
    /// Every address of a merchant.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an item is none.
    pub async fn subscriptions(&self, merchant: &MerchantId) -> Result<Vec<Subscription>, StoreError> {
        let rows = self.registry_rows(merchant.as_str(), BEGINS).await?;
        rows.into_iter().map(|row| from_item(row, "subscription")).collect()
    }

    /// One address of a merchant.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is none.
    pub async fn subscription(
        &self,
        merchant: &MerchantId,
        id: &SubscriptionId,
    ) -> Result<Option<Subscription>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), &sk(id)).await?;
        item.map(|item| from_item(item, "subscription")).transpose()
    }

    /// Stores a new address.
    ///
    /// # Errors
    /// `Condition` when there is one by that id.
    pub async fn add_subscription(&self, subscription: &Subscription) -> Result<(), StoreError> {
        self.put_subscription(subscription, "attribute_not_exists(pk)", None).await
    }

    /// Stores an address as it was changed.
    ///
    /// # Errors
    /// `Condition` when somebody else changed it or took it away.
    pub async fn save_subscription(&self, subscription: &mut Subscription) -> Result<(), StoreError> {
        let read = subscription.rev;
        subscription.rev += 1;
        self.put_subscription(subscription, "rev = :rev", Some(read)).await
    }

    async fn put_subscription(
        &self,
        subscription: &Subscription,
        condition: &str,
        rev: Option<u64>,
    ) -> Result<(), StoreError> {
        let mut item = to_item(subscription)?;
        item.extend(key(subscription.merchant.as_str(), &sk(&subscription.id)));
        self.client
            .put_item()
            .table_name(&self.tables.registry)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values(rev.map(|rev| [(":rev".to_owned(), n(rev))].into()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Takes an address away; its deliveries go by themselves.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn delete_subscription(
        &self,
        merchant: &MerchantId,
        id: &SubscriptionId,
    ) -> Result<(), StoreError> {
        self.not_off(id).await?;
        self.delete_entry(merchant.as_str(), &sk(id)).await
    }

    /// Lists an address among those we stopped sending to. Before it is noted there, so that none is off unseen.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn list_off(&self, subscription: &Subscription) -> Result<(), StoreError> {
        let item = [("merchant".to_owned(), s(subscription.merchant.as_str()))];
        self.save_entry(item.into(), OFF, subscription.id.as_str()).await
    }

    /// Takes an address out of that list.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn not_off(&self, id: &SubscriptionId) -> Result<(), StoreError> {
        self.delete_entry(OFF, id.as_str()).await
    }

    /// Addresses we stopped sending to, whoever's.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when a row names none.
    pub async fn subscriptions_off(&self) -> Result<Vec<SubscriptionId>, StoreError> {
        let rows = self.registry_rows(OFF, SubscriptionId::PREFIX).await?;
        let id = |row: &crate::db::Item| {
            let text = row.get("sk").and_then(|v| v.as_s().ok());
            text.and_then(|text| text.parse().ok()).ok_or(StoreError::Corrupt("subscriptions off"))
        };
        rows.iter().map(id).collect()
    }

    async fn delete_entry(&self, pk: &str, sk: &str) -> Result<(), StoreError> {
        let delete = self.client.delete_item().table_name(&self.tables.registry).set_key(Some(key(pk, sk)));
        delete.send().await.map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e))?;
        Ok(())
    }

    /// Reads a delivery.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is none.
    pub async fn delivery(
        &self,
        subscription: &SubscriptionId,
        id: &DeliveryId,
    ) -> Result<Option<Delivery>, StoreError> {
        let item = self.get(&self.tables.registry, subscription.as_str(), id.as_str()).await?;
        item.map(|item| from_item(item, "delivery")).transpose()
    }

    /// Stores a new delivery.
    ///
    /// # Errors
    /// `Condition` when there is one by that id.
    pub async fn add_delivery(&self, delivery: &Delivery) -> Result<(), StoreError> {
        self.put_delivery(delivery, "attribute_not_exists(pk)", None).await
    }

    /// Stores how far a delivery is.
    ///
    /// # Errors
    /// `Condition` when somebody else was quicker, or it is gone.
    pub async fn save_delivery(&self, delivery: &mut Delivery) -> Result<(), StoreError> {
        let read = delivery.rev;
        delivery.rev += 1;
        self.put_delivery(delivery, "rev = :rev", Some(read)).await
    }

    async fn put_delivery(
        &self,
        delivery: &Delivery,
        condition: &str,
        rev: Option<u64>,
    ) -> Result<(), StoreError> {
        let mut item = to_item(delivery)?;
        item.extend(key(delivery.subscription.as_str(), delivery.id.as_str()));
        item.insert("ttl".into(), n(after(delivery.event.at, KEPT).as_second()));
        self.client
            .put_item()
            .table_name(&self.tables.registry)
            .set_item(Some(item))
            .condition_expression(condition)
            .set_expression_attribute_values(rev.map(|rev| [(":rev".to_owned(), n(rev))].into()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e))?;
        Ok(())
    }

    /// Deliveries of an address, the newest first, after one of them; and whether there may be more.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when an item is none.
    pub async fn deliveries(
        &self,
        subscription: &SubscriptionId,
        behind: Option<&DeliveryId>,
        limit: i32,
    ) -> Result<(Vec<Delivery>, bool), StoreError> {
        let begin = DeliveryId::PREFIX.to_owned();
        self.some_deliveries(subscription, begin, behind, false, limit).await
    }

    /// Deliveries of an address whose event was told at or after `since`, the oldest first; and whether there may be
    /// more.
    ///
    /// # Errors
    /// As [`Db::deliveries`].
    pub async fn deliveries_since(
        &self,
        subscription: &SubscriptionId,
        since: Timestamp,
        limit: i32,
    ) -> Result<(Vec<Delivery>, bool), StoreError> {
        let begin = format!("{}{}", DeliveryId::PREFIX, first_of(since));
        self.some_deliveries(subscription, begin, None, true, limit).await
    }

    async fn some_deliveries(
        &self,
        subscription: &SubscriptionId,
        begin: String,
        behind: Option<&DeliveryId>,
        forward: bool,
        limit: i32,
    ) -> Result<(Vec<Delivery>, bool), StoreError> {
        let reply = self
            .client
            .query()
            .table_name(&self.tables.registry)
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":pk", s(subscription.as_str()))
            .expression_attribute_values(":first", s(begin))
            .expression_attribute_values(":last", s(format!("{}~", DeliveryId::PREFIX)))
            .scan_index_forward(forward)
            .limit(limit)
            .consistent_read(true)
            .set_exclusive_start_key(behind.map(|id| key(subscription.as_str(), id.as_str())))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
        let rows = reply.items.unwrap_or_default();
        let found = rows.into_iter().map(|row| from_item(row, "delivery")).collect::<Result<_, _>>()?;
        Ok((found, reply.last_evaluated_key.is_some()))
    }
}
