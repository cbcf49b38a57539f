//! Lambda `api`: everything staff and integrators do that needs no personal data.

use std::sync::Arc;
use waybill_runtime::{Clock, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "stock", "registry"]);
    let queues = read.queues(&[Queue::Allocate]);
    read.done()?;
    let sdk = aws::load().await;
    let env = waybill_api::Env {
        db: aws::db(&sdk, tables),
        queues: Arc::new(aws::queues(&sdk, queues)),
        clock: Clock::system(),
    };
    lambda_http::run(waybill_api::router(Arc::new(env))).await
}
