//! Lambda `tracker`: asks carriers where parcels are.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use std::sync::Arc;
use waybill_runtime::outbound::Network;
use waybill_runtime::{Clock, Directory, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry"]);
    let queues = read.queues(&[Queue::Track]);
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let egress = read.egress();
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let kms = Arc::new(aws::kms(&sdk, String::new(), credentials));
    let env = waybill_tracker::Env {
        directory: Directory::new(db.clone(), kms.clone()),
        db,
        vault: kms,
        queues: Arc::new(aws::queues(&sdk, queues)),
        outbound: Arc::new(Network::new(egress)?),
        clock: Clock::system(),
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Box::pin(waybill_tracker::handle(&env, event.payload)).await
    }))
    .await
}
