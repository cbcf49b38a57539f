//! Requests of buyers: what was asked, by when it must be done, how far it is, and the certificate at its end.

use crate::db::{Db, Item, from_item, key, s, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waybill_domain::request::Clock;
use waybill_domain::{ConnectionId, MerchantId, OrderId, RequestId};

/// What a request is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "of", rename_all = "snake_case")]
pub enum Scope {
    /// Orders by name.
    Orders {
        /// Ours.
        orders: Vec<OrderId>,
    },
    /// A buyer, by the blind index of what names them at each connection. Emptied when the request is done.
    Buyer {
        /// The indexes.
        indexes: Vec<String>,
        /// Orders that were named beside them.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        orders: Vec<OrderId>,
    },
    /// Everything that came through a connection.
    Connection {
        /// Which.
        connection: ConnectionId,
    },
    /// Everything of the merchant.
    Merchant,
}

/// One who was given something and is to be told that it is erased (article 19).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RequestRecipient")]
pub struct Recipient {
    /// The account at the channel or carrier.
    pub connection: ConnectionId,
    /// When it was told; until then it is to be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub told_at: Option<Timestamp>,
}

/// What an erasure came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Certificate {
    /// When the last order was erased.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub finished_at: Timestamp,
    /// Orders erased for it, or found erased before.
    pub orders: u64,
    /// Orders a legal hold keeps; they are erased when it ends.
    pub held: u64,
    /// The last record of the erasure ledger at that moment: place and hash.
    pub ledger: (u64, String),
}

/// How far an erasure has got, so that what broke off, and what takes many messages, goes on and counts once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// The last record of the erasure ledger that was looked at: place and hash.
    pub ledger: (u64, String),
    /// Orders erased for it up to that record.
    pub erased: u64,
    /// Of a connection or merchant: the orders that are looked at next.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// Where in a merchant's orders an erasure stands. They are gone through status by status, and again until nobody is
/// found any more: an order that moved on meanwhile is met the next time.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Place {
    /// Which of [`waybill_domain::order::Status::ALL`].
    pub status: usize,
    /// The last row of it that was looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub after: BTreeMap<String, String>,
    /// Somebody was found on this way through.
    pub found: bool,
    /// Somebody could not be forgotten on this way through.
    pub failed: bool,
}

impl Place {
    /// The row after which the next page begins.
    pub fn row(&self) -> Option<Item> {
        let row: Item = self.after.iter().map(|(name, text)| (name.clone(), s(text.as_str()))).collect();
        (!row.is_empty()).then_some(row)
    }

    /// Goes on after this row; without one, with the next status.
    pub fn move_on(&mut self, row: Option<Item>) {
        if row.is_none() {
            self.status += 1;
        }
        let text = |value: AttributeValue| value.as_s().ok().cloned();
        self.after =
            row.into_iter().flatten().filter_map(|(name, value)| Some((name, text(value)?))).collect();
    }
}

/// A request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Which.
    pub id: RequestId,
    /// Whose buyer.
    pub merchant: MerchantId,
    /// How long it may take.
    pub clock: Clock,
    /// What it is about.
    pub scope: Scope,
    /// Who entered it: a person; of a platform's request the connection it came through.
    pub asked_by: String,
    /// When it was answered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub done_at: Option<Timestamp>,
    /// What the erasure came to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Certificate>,
    /// Who is to be told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recipients: Vec<Recipient>,
    /// Orders that a legal hold kept; forgotten for this request when it ends.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<OrderId>,
    /// How far its erasure has got; nothing when it has not begun, or is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
}

impl Request {
    /// A request that nobody has worked on.
    pub fn new(id: RequestId, merchant: MerchantId, clock: Clock, scope: Scope, asked_by: String) -> Self {
        Self {
            id,
            merchant,
            clock,
            scope,
            asked_by,
            done_at: None,
            certificate: None,
            recipients: Vec::new(),
            held: Vec::new(),
            progress: None,
        }
    }
}

/// The random part of a new id.
///
/// # Errors
/// When the system has no randomness.
pub fn fresh_suffix() -> Result<String, StoreError> {
    let mut bytes = [0u8; 12];
    aws_lc_rs::rand::fill(&mut bytes).map_err(|_| StoreError::Corrupt("randomness"))?;
    Ok(hex::encode(bytes))
}

fn sk(id: &RequestId) -> String {
    format!("case#{id}")
}

fn value<T: Serialize>(value: &T) -> Result<AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|_| StoreError::Corrupt("value cannot be stored"))
}

impl Db {
    /// Stores a new request. One of that id that is there already stays as it is: a platform tells us more than once.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_request(&self, request: &Request) -> Result<(), StoreError> {
        let mut item = to_item(request)?;
        item.extend(key(request.merchant.as_str(), &sk(&request.id)));
        let sent = self
            .client
            .put_item()
            .table_name(&self.tables.registry)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .send()
            .await;
        match sent.map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e)) {
            Ok(_) | Err(StoreError::Condition { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Takes a request off the record that concerned nobody.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn drop_request(&self, request: &Request) -> Result<(), StoreError> {
        self.client
            .delete_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(request.merchant.as_str(), &sk(&request.id))))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:DeleteItem", &e))?;
        Ok(())
    }

    /// A request of a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn request(
        &self,
        merchant: &MerchantId,
        id: &RequestId,
    ) -> Result<Option<Request>, StoreError> {
        let item = self.get(&self.tables.registry, merchant.as_str(), &sk(id)).await?;
        item.map(|item| from_item(item, "request")).transpose()
    }

    /// Every request of a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn requests(&self, merchant: &MerchantId) -> Result<Vec<Request>, StoreError> {
        self.entries(merchant, "case#", "request").await
    }

    /// Changes the clock of a request and nothing else of it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn set_clock(&self, request: &Request) -> Result<(), StoreError> {
        let set = [("clock", value(&request.clock)?)].map(|(k, v)| (k.to_owned(), v)).into();
        self.change_request(request, set).await
    }

    /// Changes who is to be told.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn set_recipients(&self, request: &Request) -> Result<(), StoreError> {
        let set = [("recipients", value(&request.recipients)?)].map(|(k, v)| (k.to_owned(), v)).into();
        self.change_request(request, set).await
    }

    /// Records how far an erasure has got.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn set_progress(&self, request: &Request) -> Result<(), StoreError> {
        let set = [
            ("progress", value(&request.progress)?),
            ("recipients", value(&request.recipients)?),
            ("held", value(&request.held)?),
        ];
        self.change_request(request, set.map(|(k, v)| (k.to_owned(), v)).into()).await
    }

    /// Records how a request ended; what could still find the buyer is taken out.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn finish_request(&self, request: &Request) -> Result<(), StoreError> {
        let scope = match &request.scope {
            Scope::Buyer { orders, .. } => Scope::Buyer { indexes: Vec::new(), orders: orders.clone() },
            other => other.clone(),
        };
        let set = [
            ("scope", value(&scope)?),
            ("done_at", value(&request.done_at)?),
            ("certificate", value(&request.certificate)?),
            ("recipients", value(&request.recipients)?),
            ("held", value(&request.held)?),
        ];
        self.change_request(request, set.map(|(k, v)| (k.to_owned(), v)).into()).await
    }

    async fn change_request(&self, request: &Request, set: Item) -> Result<(), StoreError> {
        let done: &[&str] = if set.contains_key("done_at") { &["progress"] } else { &[] };
        let all = crate::db::SetAll::new(set, done);
        self.client
            .update_item()
            .table_name(&self.tables.registry)
            .set_key(Some(key(request.merchant.as_str(), &sk(&request.id))))
            .update_expression(all.expression)
            .condition_expression("attribute_exists(pk)")
            .set_expression_attribute_names(Some(all.names))
            .set_expression_attribute_values(Some(all.values))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }

    /// All items of a merchant in the registry whose sort key begins with `prefix`.
    pub(crate) async fn entries<T: serde::de::DeserializeOwned>(
        &self,
        merchant: &MerchantId,
        prefix: &str,
        what: &'static str,
    ) -> Result<Vec<T>, StoreError> {
        let items = self.registry_rows(merchant.as_str(), prefix).await?;
        items.into_iter().map(|item| from_item(item, what)).collect()
    }
}
