//! Lambda `reveal`: one order's recipient or label, for a stated purpose, with a trace.

use std::sync::Arc;
use waybill_runtime::{Clock, aws, config, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry", "audit"]);
    let recipients = read.need("KEY_RECIPIENTS", "the ARN of the recipients key");
    let bucket = read.need("BUCKET_LABELS", "the name of the label bucket");
    read.done()?;
    let sdk = aws::load().await;
    let env = waybill_reveal::Env {
        db: aws::db(&sdk, tables),
        documents: Arc::new(aws::bucket(&sdk, bucket)),
        open_keys: Arc::new(aws::kms(&sdk, recipients, String::new())),
        clock: Clock::system(),
    };
    lambda_http::run(waybill_reveal::router(Arc::new(env))).await
}
