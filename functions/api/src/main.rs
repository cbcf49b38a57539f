//! Lambda `api`: everything staff and integrators read that needs no personal data.

use std::sync::Arc;
use waybill_runtime::{Clock, aws, config, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "stock", "registry"]);
    read.done()?;
    let sdk = aws::load().await;
    let env = waybill_api::Env { db: aws::db(&sdk, tables), clock: Clock::system() };
    lambda_http::run(waybill_api::router(Arc::new(env))).await
}
