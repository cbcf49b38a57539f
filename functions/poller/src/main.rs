//! Lambda `poller`: reads orders from channels when told to.

use aws_lambda_events::sqs::SqsEvent;
use lambda_runtime::{LambdaEvent, service_fn};
use std::sync::Arc;
use waybill_runtime::outbound::Network;
use waybill_runtime::{Channels, Clock, Directory, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry"]);
    let queues = read.queues(&[Queue::Allocate, Queue::Book, Queue::Poll, Queue::Erase]);
    let recipients = read.need("KEY_RECIPIENTS", "the ARN of the recipients key");
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let amazon_changes =
        read.need("QUEUE_AMAZON_CHANGES", "the ARN of the queue that Amazon tells changes to");
    let egress = read.egress();
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let kms = Arc::new(aws::kms(&sdk, recipients, credentials));
    let outbound = Arc::new(Network::new(egress)?);
    let channels = Channels::new(db.clone(), kms.clone(), outbound, Clock::system());
    let env = waybill_poller::Env {
        directory: Directory::new(db.clone(), kms.clone()),
        db,
        keyring: kms,
        queues: Arc::new(aws::queues(&sdk, queues)),
        channels,
        amazon_changes,
        clock: Clock::system(),
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<SqsEvent>| {
        Box::pin(waybill_poller::handle(&env, event.payload)).await
    }))
    .await
}
