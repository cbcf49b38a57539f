//! Lambda `api`: everything staff and integrators read that needs no personal data.

use std::sync::Arc;
use waybill_runtime::{Clock, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "stock", "registry", "audit"]);
    let urls = read.queues(&[Queue::Erase]);
    read.done()?;
    let sdk = aws::load().await;
    let queues = Arc::new(aws::queues(&sdk, urls));
    let env = waybill_api::Env { db: aws::db(&sdk, tables), queues, clock: Clock::system() };
    lambda_http::run(waybill_api::router(Arc::new(env))).await
}
