//! Lambda `retention`: forgets what is due, daily, on demand and on request.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use waybill_runtime::{Clock, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry", "audit"]);
    let queues = read.queues(&[Queue::Erase]);
    let bucket = read.need("BUCKET_LABELS", "the name of the label bucket");
    read.done()?;
    let sdk = aws::load().await;
    let env = waybill_retention::Env {
        db: aws::db(&sdk, tables),
        documents: Arc::new(aws::bucket(&sdk, bucket)),
        queues: Arc::new(aws::queues(&sdk, queues)),
        clock: Clock::system(),
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        Box::pin(waybill_retention::handle(&env, event.payload)).await
    }))
    .await
}
