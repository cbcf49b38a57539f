//! Lambda `clock`: every minute, moves what is due to its queue.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use waybill_runtime::metrics::{Service, emit};
use waybill_runtime::{Failure, aws, config, log, schedule};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "registry"]);
    let queues =
        read.queues(&[Queue::Allocate, Queue::Book, Queue::Notify, Queue::Track, Queue::Poll, Queue::Push]);
    read.done()?;
    let sdk = aws::load().await;
    let env = waybill_clock::Env { db: aws::db(&sdk, tables), queues: Arc::new(aws::queues(&sdk, queues)) };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        let now = schedule::time(&event.payload)?;
        let report = waybill_clock::tick(&env, now).await?;
        emit(Service::Clock, &report.counts(), now);
        Ok::<_, Failure>(report)
    }))
    .await
}
