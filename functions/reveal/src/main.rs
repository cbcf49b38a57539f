//! Lambda `reveal`: one order's recipient or label, for a stated purpose, with a trace.

use std::sync::Arc;
use waybill_runtime::{Clock, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry", "audit"]);
    let recipients = read.need("KEY_RECIPIENTS", "the ARN of the recipients key");
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let urls = read.queues(&[Queue::Erase]);
    let bucket = read.need("BUCKET_LABELS", "the name of the label bucket");
    read.done()?;
    let sdk = aws::load().await;
    let env = waybill_reveal::Env {
        db: aws::db(&sdk, tables),
        documents: Arc::new(aws::bucket(&sdk, bucket)),
        open_keys: Arc::new(aws::kms(&sdk, recipients, String::new())),
        vault: Arc::new(aws::kms(&sdk, String::new(), credentials)),
        queues: Arc::new(aws::queues(&sdk, urls)),
        clock: Clock::system(),
    };
    lambda_http::run(waybill_reveal::router(Arc::new(env))).await
}
