//! The DynamoDB client with the names of the tables, and what every access shares.

use crate::error::StoreError;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, TransactWriteItem};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::collections::HashMap;

/// An item as DynamoDB holds it.
pub type Item = HashMap<String, AttributeValue>;

/// The most actions one transaction may have (AWS limit).
pub const MAX_ACTIONS: usize = 100;

/// The physical names of the tables. A function that has no business with one leaves it empty, and its role
/// has no grant for it either.
#[derive(Debug, Clone, Default)]
pub struct Tables {
    /// Orders and shipments.
    pub orders: String,
    /// Wrapped data keys; no backups.
    pub keys: String,
    /// Levels and movements.
    pub stock: String,
    /// Merchants, connections, registers.
    pub registry: String,
    /// Append-only records.
    pub audit: String,
}

/// DynamoDB with our tables.
#[derive(Debug, Clone)]
pub struct Db {
    /// The client.
    pub client: Client,
    /// The names.
    pub tables: Tables,
}

/// How many shards a timer index has: enough to spread writes, few enough to read them all.
pub const SHARDS: u8 = 8;

/// The shard of an id: its last hexadecimal digit decides.
pub fn shard(prefix: &str, id: &str) -> String {
    let digit = id.chars().last().and_then(|c| c.to_digit(16)).unwrap_or_default();
    format!("{prefix}#{}", digit % u32::from(SHARDS))
}

/// A text attribute.
pub fn s(text: impl Into<String>) -> AttributeValue {
    AttributeValue::S(text.into())
}

/// A number attribute.
pub fn n(number: impl ToString) -> AttributeValue {
    AttributeValue::N(number.to_string())
}

/// Bytes.
pub fn b(bytes: Vec<u8>) -> AttributeValue {
    AttributeValue::B(bytes.into())
}

/// The key of an item: every table has the same two names.
pub fn key(pk: &str, sk: &str) -> Item {
    HashMap::from([("pk".to_owned(), s(pk)), ("sk".to_owned(), s(sk))])
}

/// A value as an item.
///
/// # Errors
/// `StoreError::Corrupt` when the value is not a map; never for our types.
pub fn to_item<T: Serialize>(value: &T) -> Result<Item, StoreError> {
    serde_dynamo::to_item(value).map_err(|_| StoreError::Corrupt("value cannot be stored"))
}

/// An item as a value; attributes the type does not know are ignored.
///
/// # Errors
/// `StoreError::Corrupt` naming what was expected.
pub fn from_item<T: DeserializeOwned>(item: Item, what: &'static str) -> Result<T, StoreError> {
    serde_dynamo::from_item(item).map_err(|_| StoreError::Corrupt(what))
}

impl Db {
    /// Reads one item, consistently.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn get(&self, table: &str, pk: &str, sk: &str) -> Result<Option<Item>, StoreError> {
        let reply = self
            .client
            .get_item()
            .table_name(table)
            .set_key(Some(key(pk, sk)))
            .consistent_read(true)
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:GetItem", &e))?;
        Ok(reply.item)
    }

    /// Every item of one partition, as stored now, in the order of its sort keys: all of them, or those whose sort key
    /// begins so. However many there are: DynamoDB answers 1 MB at a time.
    ///
    /// # Errors
    /// As AWS answers.
    pub(crate) async fn partition_of(
        &self,
        table: &str,
        pk: &str,
        begins: Option<&str>,
    ) -> Result<Vec<Item>, StoreError> {
        let query = self.client.query().table_name(table).consistent_read(true);
        let query = query.expression_attribute_values(":pk", s(pk));
        let query = match begins {
            None => query.key_condition_expression("pk = :pk"),
            Some(begins) => query
                .key_condition_expression("pk = :pk AND begins_with(sk, :begins)")
                .expression_attribute_values(":begins", s(begins)),
        };
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let page = query.clone().set_exclusive_start_key(from).send().await;
            let page = page.map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            found.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Runs a transaction. `token` makes a repeat within ten minutes harmless.
    ///
    /// # Errors
    /// `Condition` with the positions of the failed actions; `Conflict`, `Throttled` and the rest as AWS answers.
    pub async fn transact(&self, actions: Vec<TransactWriteItem>) -> Result<(), StoreError> {
        self.transact_or_held(actions).await.map_err(|(error, _)| error)
    }

    /// As [`Db::transact`]; on a failed condition also gives the old items of the actions that asked for them.
    pub(crate) async fn transact_or_held(
        &self,
        actions: Vec<TransactWriteItem>,
    ) -> Result<(), (StoreError, Vec<Option<Item>>)> {
        match self.client.transact_write_items().set_transact_items(Some(actions)).send().await {
            Ok(_) => Ok(()),
            Err(SdkError::ServiceError(inner)) if inner.err().is_transaction_canceled_exception() => {
                let TransactWriteItemsError::TransactionCanceledException(cancelled) = inner.into_err()
                else {
                    return Err((StoreError::Conflict, Vec::new()));
                };
                let reasons = cancelled.cancellation_reasons.unwrap_or_default();
                let code = |c: &str| reasons.iter().any(|r| r.code.as_deref() == Some(c));
                let error = if code("TransactionConflict") {
                    StoreError::Conflict
                } else if code("ThrottlingError") || code("ProvisionedThroughputExceeded") {
                    StoreError::Throttled("TransactionCanceledException".into())
                } else if code("ConditionalCheckFailed") {
                    let failed = |(n, r): (usize, &aws_sdk_dynamodb::types::CancellationReason)| {
                        (r.code.as_deref() == Some("ConditionalCheckFailed")).then_some(n)
                    };
                    StoreError::Condition { failed: reasons.iter().enumerate().filter_map(failed).collect() }
                } else {
                    StoreError::Refused("dynamodb:TransactWriteItems: cancelled".into())
                };
                Err((error, reasons.into_iter().map(|r| r.item).collect()))
            }
            Err(error) => Err((StoreError::from_sdk("dynamodb:TransactWriteItems", &error), Vec::new())),
        }
    }
}

/// An update that sets every attribute of `item` and removes those of `optional` that it lacks: the rest of the
/// stored item, such as sealed bytes, is left as it is.
pub(crate) struct SetAll {
    pub expression: String,
    pub names: HashMap<String, String>,
    pub values: Item,
}

impl SetAll {
    pub(crate) fn new(item: Item, optional: &[&str]) -> Self {
        let mut names = HashMap::new();
        let mut values = HashMap::new();
        let mut gone: Vec<&str> = optional.iter().copied().filter(|o| !item.contains_key(*o)).collect();
        gone.sort_unstable();
        let mut fields: Vec<(String, AttributeValue)> =
            item.into_iter().filter(|(k, _)| k != "pk" && k != "sk").collect();
        fields.sort_by(|a, b| a.0.cmp(&b.0));
        let mut set = Vec::new();
        for (n, (name, value)) in fields.into_iter().enumerate() {
            set.push(format!("#s{n} = :s{n}"));
            names.insert(format!("#s{n}"), name);
            values.insert(format!(":s{n}"), value);
        }
        let mut remove = Vec::new();
        for (n, name) in gone.into_iter().enumerate() {
            remove.push(format!("#r{n}"));
            names.insert(format!("#r{n}"), name.to_owned());
        }
        let mut expression = format!("SET {}", set.join(", "));
        if !remove.is_empty() {
            expression.push_str(&format!(" REMOVE {}", remove.join(", ")));
        }
        Self { expression, names, values }
    }
}
