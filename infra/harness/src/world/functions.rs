//! The handlers, each with what its `main` would give it.

use super::{Time, ToSandbox};
use axum::Router;
use axum::body::Body;
use http::Request;
use jiff::Timestamp;
use serde_json::{Value, json};
use std::sync::Arc;
use tower::ServiceExt;
use waybill_domain::OrderId;
use waybill_runtime::directory::Merchants;
use waybill_runtime::{Channels, Directory, Failure, Pushes};
use waybill_sandbox::SignedWebhook;
use waybill_store::memory::{Engine, MemoryBus, MemoryDocuments, MemoryKms, MemoryQueues};
use waybill_store::work::Message;
use waybill_store::{Queue, Work};

/// The queue that Amazon tells changes to.
const AMAZON_CHANGES: &str = "arn:aws:sqs:eu-west-2:000000000000:waybill-amazon-changes";

/// The handlers. Cloning is cheap; a clone shares what a warm function keeps.
#[derive(Clone)]
pub struct Functions {
    webhook: Router,
    poller: Arc<waybill_poller::Env>,
    allocator: Arc<waybill_allocator::Env>,
    shipper: Arc<waybill_shipper::Env>,
    notifier: Arc<waybill_notifier::Env>,
    tracker: Arc<waybill_tracker::Env>,
    clock: Arc<waybill_clock::Env>,
    retention: Arc<waybill_retention::Env>,
}

impl Functions {
    pub(super) fn new(
        engine: &Engine,
        kms: &MemoryKms,
        (queues, bus): (&MemoryQueues, &MemoryBus),
        documents: &MemoryDocuments,
        outbound: Arc<ToSandbox>,
        time: &Time,
    ) -> Self {
        let db = engine.db();
        let kms = Arc::new(kms.clone());
        let queues = Arc::new(queues.clone());
        let documents = Arc::new(documents.clone());
        let directory = || Directory::new(db.clone(), kms.clone());
        let channels = || Channels::new(db.clone(), kms.clone(), outbound.clone(), time.clock());
        Self {
            webhook: waybill_webhook::router(Arc::new(waybill_webhook::Env {
                directory: directory(),
                db: db.clone(),
                keyring: kms.clone(),
                queues: queues.clone(),
                outbound: outbound.clone(),
                keys: waybill_webhook::Keys::default(),
                clock: time.clock(),
            })),
            poller: Arc::new(waybill_poller::Env {
                directory: directory(),
                db: db.clone(),
                keyring: kms.clone(),
                queues: queues.clone(),
                channels: channels(),
                amazon_changes: AMAZON_CHANGES.to_owned(),
                clock: time.clock(),
            }),
            allocator: Arc::new(waybill_allocator::Env {
                merchants: Merchants::new(db.clone()),
                grounds: waybill_allocator::Grounds::new(db.clone()),
                db: db.clone(),
                queues: queues.clone(),
                pushes: Pushes::new(queues.clone(), time.clock()),
                clock: time.clock(),
            }),
            shipper: Arc::new(waybill_shipper::Env {
                directory: directory(),
                merchants: Merchants::new(db.clone()),
                db: db.clone(),
                make_keys: kms.clone(),
                open_keys: kms.clone(),
                vault: kms.clone(),
                documents: documents.clone(),
                queues: queues.clone(),
                channels: channels(),
                outbound: outbound.clone(),
                clock: time.clock(),
            }),
            notifier: Arc::new(waybill_notifier::Env {
                directory: directory(),
                db: db.clone(),
                queues: queues.clone(),
                pushes: Pushes::new(queues.clone(), time.clock()),
                channels: channels(),
                bus: Arc::new(bus.clone()),
                clock: time.clock(),
            }),
            tracker: Arc::new(waybill_tracker::Env {
                directory: directory(),
                db: db.clone(),
                vault: kms.clone(),
                queues: queues.clone(),
                outbound: outbound.clone(),
                clock: time.clock(),
            }),
            clock: Arc::new(waybill_clock::Env { db: db.clone(), queues: queues.clone() }),
            retention: Arc::new(waybill_retention::Env { db, documents, queues, clock: time.clock() }),
        }
    }

    /// Delivers a webhook; gives the status it was answered with.
    pub fn deliver(&self, webhook: &SignedWebhook) -> impl Future<Output = u16> + use<> {
        let router = self.webhook.clone();
        let mut request = Request::post(&webhook.path);
        for (name, value) in &webhook.headers {
            request = request.header(name, value);
        }
        let request = request.body(Body::from(webhook.body.clone()));
        async move {
            let Ok(request) = request else { return 400 };
            router.oneshot(request).await.map_or(500, |response| response.status().as_u16())
        }
    }

    /// Gives what Amazon told of changes to the function of its queue; gives the ids of those that failed, which are their
    /// places.
    ///
    /// # Errors
    /// When the batch as a whole failed.
    pub async fn told_by_amazon(&self, changes: &[Value]) -> Result<Vec<String>, Failure> {
        let bad = |_| Failure::Fault("the harness made a batch that cannot be read");
        let record = |(n, change): (usize, &Value)| json!({"messageId": n.to_string(), "body": change.to_string(), "eventSourceARN": AMAZON_CHANGES});
        let records: Vec<Value> = changes.iter().enumerate().map(record).collect();
        let event = serde_json::from_value(json!({ "Records": records })).map_err(bad)?;
        let response = waybill_poller::handle(&self.poller, event).await?;
        Ok(response.batch_item_failures.into_iter().map(|one| one.item_identifier).collect())
    }

    /// Gives a batch of messages to the function of a queue; gives the ids of those that failed.
    ///
    /// # Errors
    /// When the batch as a whole failed.
    pub async fn work(&self, queue: Queue, messages: &[(String, Work)]) -> Result<Vec<String>, Failure> {
        let bad = |_| Failure::Fault("the harness made a batch that cannot be read");
        let mut records = Vec::with_capacity(messages.len());
        for (id, work) in messages {
            let body = serde_json::to_string(&Message::V1(work.clone())).map_err(bad)?;
            records.push(json!({"messageId": id, "body": body}));
        }
        let event = json!({ "Records": records });
        if queue == Queue::Erase {
            let reply = waybill_retention::handle(&self.retention, event).await?;
            let failed = reply["batchItemFailures"].as_array().into_iter().flatten();
            return Ok(failed.filter_map(|one| one["itemIdentifier"].as_str()).map(str::to_owned).collect());
        }
        let event = serde_json::from_value(event).map_err(bad)?;
        let response = match queue {
            Queue::Poll => waybill_poller::handle(&self.poller, event).await?,
            Queue::Allocate => waybill_allocator::handle(&self.allocator, event).await?,
            Queue::Book => waybill_shipper::handle(&self.shipper, event).await?,
            Queue::Notify | Queue::Push | Queue::Deliver => {
                waybill_notifier::handle(&self.notifier, event).await?
            }
            Queue::Track | Queue::Erase => waybill_tracker::handle(&self.tracker, event).await?,
        };
        Ok(response.batch_item_failures.into_iter().map(|one| one.item_identifier).collect())
    }

    /// Tells the bus of orders that changed, as their stream does.
    ///
    /// # Errors
    /// As the function; the stream gives the same batch again.
    pub async fn changed(&self, orders: &[OrderId]) -> Result<(), Failure> {
        let record = |id: &OrderId| json!({"dynamodb": {"Keys": {"pk": {"S": id}, "sk": {"S": "order"}}}});
        let event = json!({"Records": orders.iter().map(record).collect::<Vec<_>>()});
        let bad = |_| Failure::Fault("the harness made changes that cannot be read");
        waybill_notifier::changed(&self.notifier, &serde_json::from_value(event).map_err(bad)?).await
    }

    /// The clock's minute.
    ///
    /// # Errors
    /// As the function.
    pub async fn tick(&self, now: Timestamp) -> Result<waybill_clock::Report, Failure> {
        waybill_clock::tick(&self.clock, now).await
    }

    /// Of the clock's minute, the reading of channels alone; gives how many are read.
    ///
    /// # Errors
    /// As the function.
    pub async fn polls(&self, now: Timestamp) -> Result<usize, Failure> {
        waybill_clock::polls(&self.clock, now).await
    }

    /// The daily retention run.
    ///
    /// # Errors
    /// As the function.
    pub async fn retain(&self, now: Timestamp) -> Result<Value, Failure> {
        self.retention(json!({"source": "aws.scheduler", "time": now.to_string()})).await
    }

    /// Retention with any event.
    ///
    /// # Errors
    /// As the function.
    pub async fn retention(&self, event: Value) -> Result<Value, Failure> {
        waybill_retention::handle(&self.retention, event).await
    }
}
