//! Lambda `allocator`: reserves, releases and settles stock.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use std::sync::Arc;
use waybill_runtime::directory::Merchants;
use waybill_runtime::{Clock, Pushes, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "stock", "registry"]);
    let queues = read.queues(&[Queue::Allocate, Queue::Book, Queue::Push]);
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let queues = Arc::new(aws::queues(&sdk, queues));
    let env = waybill_allocator::Env {
        merchants: Merchants::new(db.clone()),
        grounds: waybill_allocator::Grounds::new(db.clone()),
        db,
        pushes: Pushes::new(queues.clone(), Clock::system()),
        queues,
        clock: Clock::system(),
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Box::pin(waybill_allocator::handle(&env, event.payload)).await
    }))
    .await
}
