//! The real DynamoDB client, answered by an engine in this process instead of over the network.

use super::{Outside, Verdict};
use crate::db::{Db, Tables};
use crate::error::StoreError;
use aws_sdk_dynamodb::config::{BehaviorVersion, Region, StalledStreamProtectionConfig, retry::RetryConfig};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::body::SdkBody;
use dynoxide::Database;
use dynoxide::actions::batch_get_item::BatchGetItemRequest;
use dynoxide::actions::delete_item::DeleteItemRequest;
use dynoxide::actions::get_item::GetItemRequest;
use dynoxide::actions::put_item::PutItemRequest;
use dynoxide::actions::query::QueryRequest;
use dynoxide::actions::scan::ScanRequest;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use dynoxide::actions::update_item::UpdateItemRequest;
use dynoxide::errors::DynoxideError;
use dynoxide::types::{AttributeValue, ConsumedCapacity};
use serde_json::{Value, json};
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

/// Capacity units used, per operation and table, indexes included.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Capacity {
    /// Calls made, by operation.
    pub calls: BTreeMap<String, u64>,
    /// Write units, by table.
    pub writes: BTreeMap<String, f64>,
    /// Read units, by table.
    pub reads: BTreeMap<String, f64>,
}

/// An engine with our tables in it.
#[derive(Clone)]
pub struct Engine {
    database: Arc<Database>,
    outside: Arc<dyn Outside>,
    capacity: Arc<Mutex<Capacity>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

const BROKEN: StoreError = StoreError::Corrupt("in-memory tables");

const TABLES: [&str; 5] = ["orders", "keys", "stock", "registry", "audit"];

/// An index: of which table, its name, its hash key and its range key.
type Index = (&'static str, &'static str, &'static str, Option<&'static str>);

/// The indexes of the template.
const INDEXES: [Index; 4] = [
    ("orders", "by-status", "status_key", Some("placed_at")),
    ("orders", "due", "due_shard", Some("due_at")),
    ("keys", "by-buyer", "buyer", None),
    ("keys", "purge", "purge_shard", Some("purge_at")),
];

impl Engine {
    /// An empty engine with the five tables and their indexes, behind `outside`.
    ///
    /// # Errors
    /// When the engine refuses a table.
    pub fn new(outside: Arc<dyn Outside>) -> Result<Self, StoreError> {
        let database = Database::memory().map_err(|_| BROKEN)?;
        for table in TABLES {
            let mut names = vec!["pk", "sk"];
            let mut defined = Vec::new();
            for (_, index, hash, range) in INDEXES.iter().filter(|(owner, ..)| *owner == table) {
                let mut schema = vec![json!({"AttributeName": hash, "KeyType": "HASH"})];
                names.push(hash);
                if let Some(range) = range {
                    names.push(range);
                    schema.push(json!({"AttributeName": range, "KeyType": "RANGE"}));
                }
                defined.push(json!({"IndexName": index, "KeySchema": schema, "Projection": {"ProjectionType": "KEYS_ONLY"}}));
            }
            let attributes: Vec<Value> =
                names.iter().map(|n| json!({"AttributeName": n, "AttributeType": "S"})).collect();
            let mut request = json!({
                "TableName": table,
                "BillingMode": "PAY_PER_REQUEST",
                "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}, {"AttributeName": "sk", "KeyType": "RANGE"}],
                "AttributeDefinitions": attributes,
            });
            if !defined.is_empty() {
                request["GlobalSecondaryIndexes"] = Value::Array(defined);
            }
            let request = serde_json::from_value(request).map_err(|_| BROKEN)?;
            database.create_table(request).map_err(|_| BROKEN)?;
        }
        Ok(Self { database: Arc::new(database), outside, capacity: Arc::default() })
    }

    /// A client whose calls end here, unsigned. It never retries by itself, so that every failure is seen.
    pub fn db(&self) -> Db {
        self.client(RetryConfig::disabled())
    }

    /// A client that makes a call again when nothing came back, as the deployed one does.
    pub fn db_that_retries(&self) -> Db {
        let soon = std::time::Duration::from_millis(1);
        self.client(RetryConfig::standard().with_initial_backoff(soon).with_max_backoff(soon))
    }

    fn client(&self, retries: RetryConfig) -> Db {
        let config = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(Region::from_static("eu-west-2"))
            .allow_no_auth()
            .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
            .endpoint_url("http://dynamodb.invalid")
            .retry_config(retries)
            .http_client(self.clone())
            .build();
        let name = |n: &str| n.to_owned();
        Db {
            client: aws_sdk_dynamodb::Client::from_conf(config),
            tables: Tables {
                orders: name("orders"),
                keys: name("keys"),
                stock: name("stock"),
                registry: name("registry"),
                audit: name("audit"),
            },
        }
    }

    /// What was used so far.
    pub fn capacity(&self) -> Capacity {
        self.capacity.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Every item of a table as DynamoDB JSON, read past the doors: for checks, not for code under test.
    ///
    /// # Errors
    /// When the engine cannot scan.
    pub fn dump(&self, table: &str) -> Result<Vec<Value>, StoreError> {
        self.items(table)?.into_iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(|_| BROKEN)
    }

    /// As [`Engine::dump`], the rows of one index.
    ///
    /// # Errors
    /// When the engine cannot scan.
    pub fn dump_index(&self, table: &str, index: &str) -> Result<Vec<Value>, StoreError> {
        let items = self.pages(&json!({"TableName": table, "IndexName": index}))?;
        items.into_iter().map(serde_json::to_value).collect::<Result<_, _>>().map_err(|_| BROKEN)
    }

    /// As [`Engine::dump`], in the engine's own type, which costs least.
    ///
    /// # Errors
    /// When the engine cannot scan.
    pub fn items(&self, table: &str) -> Result<Vec<HashMap<String, AttributeValue>>, StoreError> {
        self.pages(&json!({"TableName": table, "ConsistentRead": true}))
    }

    fn pages(&self, request: &Value) -> Result<Vec<HashMap<String, AttributeValue>>, StoreError> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let mut request: ScanRequest = serde_json::from_value(request.clone()).map_err(|_| BROKEN)?;
            request.exclusive_start_key = from;
            let page = self.database.scan(request).map_err(|_| BROKEN)?;
            found.extend(page.items.unwrap_or_default());
            from = page.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// Loads items past the doors, as a restored backup would: for measuring at sizes that would take too long to
    /// write one by one. Items are DynamoDB JSON.
    ///
    /// # Errors
    /// When the engine refuses one.
    pub fn load(&self, table: &str, items: Vec<Value>) -> Result<(), StoreError> {
        let items: Result<Vec<_>, _> = items.into_iter().map(serde_json::from_value).collect();
        let items = items.map_err(|_| BROKEN)?;
        self.database.import_items(table, items, dynoxide::ImportOptions::default()).map_err(|_| BROKEN)?;
        Ok(())
    }

    /// Answers a request. It is read straight into the engine's own type; reads and writes are metered, and the token the
    /// SDK puts on every transaction is dropped, because a request is never sent twice here and comparing tokens
    /// would mean comparing all items.
    fn run(&self, operation: &str, body: &[u8]) -> (u16, String) {
        let meter = || Some("INDEXES".to_owned());
        let done = match operation {
            "GetItem" => answer(body, |mut r: GetItemRequest| {
                r.return_consumed_capacity = meter();
                let mut done = self.database.get_item(r)?;
                let used = done.consumed_capacity.take().into_iter().collect();
                Ok((done, used))
            }),
            "Query" => answer(body, |mut r: QueryRequest| {
                r.return_consumed_capacity = meter();
                let mut done = self.database.query(r)?;
                let used = done.consumed_capacity.take().into_iter().collect();
                Ok((done, used))
            }),
            "BatchGetItem" => answer(body, |mut r: BatchGetItemRequest| {
                r.return_consumed_capacity = meter();
                let mut done = self.database.batch_get_item(r)?;
                let used = done.consumed_capacity.take().unwrap_or_default();
                Ok((done, used))
            }),
            "PutItem" => answer(body, |mut r: PutItemRequest| {
                r.return_consumed_capacity = meter();
                let mut done = self.database.put_item(r)?;
                let used = done.consumed_capacity.take().into_iter().collect();
                Ok((done, used))
            }),
            "UpdateItem" => answer(body, |mut r: UpdateItemRequest| {
                r.return_consumed_capacity = meter();
                let mut done = self.database.update_item(r)?;
                let used = done.consumed_capacity.take().into_iter().collect();
                Ok((done, used))
            }),
            "DeleteItem" => answer(body, |mut r: DeleteItemRequest| {
                r.return_consumed_capacity = meter();
                let mut done = self.database.delete_item(r)?;
                let used = done.consumed_capacity.take().into_iter().collect();
                Ok((done, used))
            }),
            "TransactWriteItems" => answer(body, |mut r: TransactWriteItemsRequest| {
                r.return_consumed_capacity = meter();
                r.client_request_token = None;
                let mut done = self.database.transact_write_items(r)?;
                let used = done.consumed_capacity.take().unwrap_or_default();
                Ok((done, used))
            }),
            _ => {
                let refused = json!({"__type": "UnknownOperationException", "message": "refused"});
                return (400, refused.to_string());
            }
        };
        match done {
            Ok((reply, used)) => {
                self.count(operation, &used);
                (200, reply)
            }
            Err(error) => (error.status_code(), error.to_json()),
        }
    }

    fn count(&self, operation: &str, used: &[ConsumedCapacity]) {
        let mut capacity = self.capacity.lock().unwrap_or_else(PoisonError::into_inner);
        *capacity.calls.entry(operation.to_owned()).or_default() += 1;
        let read = matches!(operation, "GetItem" | "Query" | "BatchGetItem");
        let tables = if read { &mut capacity.reads } else { &mut capacity.writes };
        for one in used {
            *tables.entry(one.table_name.clone()).or_default() += one.capacity_units;
        }
    }
}

type Answered<A> = Result<(A, Vec<ConsumedCapacity>), DynoxideError>;

fn answer<Q: serde::de::DeserializeOwned, A: serde::Serialize>(
    body: &[u8],
    run: impl FnOnce(Q) -> Answered<A>,
) -> Answered<String> {
    let request =
        serde_json::from_slice(body).map_err(|e| DynoxideError::ValidationException(e.to_string()))?;
    let (reply, used) = run(request)?;
    let reply =
        serde_json::to_string(&reply).map_err(|e| DynoxideError::InternalServerError(e.to_string()))?;
    Ok((reply, used))
}

impl HttpConnector for Engine {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.clone();
        HttpConnectorFuture::new(async move {
            let target = request.headers().get("x-amz-target").unwrap_or_default().to_owned();
            let operation = target.rsplit('.').next().unwrap_or_default().to_owned();
            let name = format!("dynamodb:{operation}");
            let verdict = engine.outside.before(&name).await;
            let (status, body) = match verdict {
                Verdict::Refuse("TransactionConflict") if operation == "TransactWriteItems" => {
                    (400, cancelled())
                }
                Verdict::Refuse(code) => (400, json!({"__type": code, "message": "injected"}).to_string()),
                Verdict::Go | Verdict::LoseReply => {
                    let done = engine.run(&operation, request.body().bytes().unwrap_or_default());
                    engine.outside.after(&name).await;
                    if verdict == Verdict::LoseReply {
                        return Err(ConnectorError::timeout("the reply was lost".into()));
                    }
                    done
                }
            };
            let status = status.try_into().map_err(|_| ConnectorError::other("status".into(), None))?;
            Ok(HttpResponse::new(status, SdkBody::from(body)))
        })
    }
}

/// What AWS says when another transaction holds an item; the engine never does (DESIGN section 9).
fn cancelled() -> String {
    json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": "Transaction cancelled",
        "CancellationReasons": [{"Code": "TransactionConflict", "Message": "Transaction is ongoing for the item"}],
    })
    .to_string()
}

impl HttpClient for Engine {
    fn http_connector(&self, _: &HttpConnectorSettings, _: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
