//! Requests of buyers: what was asked, by when it must be done, how far it is, and the certificate at its end.

use crate::db::{Db, Item, from_item, key, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
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
    /// A buyer, by the blind index of their mail address at each connection. Emptied when the request is done.
    Buyer {
        /// The indexes.
        indexes: Vec<String>,
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
    /// Who entered it.
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

fn value<T: Serialize>(value: &T) -> Result<aws_sdk_dynamodb::types::AttributeValue, StoreError> {
    serde_dynamo::to_attribute_value(value).map_err(|_| StoreError::Corrupt("value cannot be stored"))
}

impl Db {
    /// Stores a new request.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_request(&self, request: &Request) -> Result<(), StoreError> {
        self.save_entry(to_item(request)?, request.merchant.as_str(), &sk(&request.id)).await
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

    /// Records how a request ended; what could still find the buyer is taken out.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn finish_request(&self, request: &Request) -> Result<(), StoreError> {
        let scope = match &request.scope {
            Scope::Buyer { .. } => Scope::Buyer { indexes: Vec::new() },
            other => other.clone(),
        };
        let set = [
            ("scope", value(&scope)?),
            ("done_at", value(&request.done_at)?),
            ("certificate", value(&request.certificate)?),
            ("recipients", value(&request.recipients)?),
        ];
        self.change_request(request, set.map(|(k, v)| (k.to_owned(), v)).into()).await
    }

    async fn change_request(&self, request: &Request, set: Item) -> Result<(), StoreError> {
        let all = crate::db::SetAll::new(set, &[]);
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
