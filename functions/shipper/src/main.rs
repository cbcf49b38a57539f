//! Lambda `shipper`: books labels and voids them.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use std::sync::Arc;
use waybill_runtime::directory::Merchants;
use waybill_runtime::outbound::Network;
use waybill_runtime::{Channels, Clock, Directory, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry", "stock", "audit"]);
    let queues = read.queues(&[Queue::Allocate, Queue::Book, Queue::Notify]);
    let recipients = read.need("KEY_RECIPIENTS", "the ARN of the recipients key");
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let bucket = read.need("BUCKET_LABELS", "the name of the label bucket");
    let egress = read.egress();
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let kms = Arc::new(aws::kms(&sdk, recipients, credentials));
    let outbound = Arc::new(Network::new(egress)?);
    let env = waybill_shipper::Env {
        channels: Channels::new(db.clone(), kms.clone(), outbound.clone(), Clock::system()),
        directory: Directory::new(db.clone(), kms.clone()),
        merchants: Merchants::new(db.clone()),
        db,
        make_keys: kms.clone(),
        open_keys: kms.clone(),
        vault: kms,
        documents: Arc::new(aws::bucket(&sdk, bucket)),
        queues: Arc::new(aws::queues(&sdk, queues)),
        outbound,
        clock: Clock::system(),
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Box::pin(waybill_shipper::handle(&env, event.payload)).await
    }))
    .await
}
