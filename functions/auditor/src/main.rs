//! Lambda `auditor`: checks the audit chains and what is overdue, daily and on demand; works out who a breach affects.

use lambda_runtime::{LambdaEvent, service_fn};
use serde_json::Value;
use std::sync::Arc;
use waybill_runtime::{aws, config, log};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["keys", "registry", "audit"]);
    let recipients = read.need("KEY_RECIPIENTS", "the ARN of the recipients key");
    read.done()?;
    let sdk = aws::load().await;
    let env =
        waybill_auditor::Env { db: aws::db(&sdk, tables), trail: Arc::new(aws::trail(&sdk, recipients)) };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<Value>| {
        waybill_auditor::handle(&env, &event.payload).await
    }))
    .await
}
