//! Lambda `notifier`: tells channels tracking numbers and stock, the bus what happened, and merchants' addresses of it.

use lambda_runtime::{LambdaEvent, service_fn};
use std::sync::Arc;
use waybill_runtime::outbound::Network;
use waybill_runtime::{Channels, Clock, Directory, Pushes, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_runtime::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "stock", "registry"]);
    let queues = read.queues(&[Queue::Allocate, Queue::Notify, Queue::Push, Queue::Deliver]);
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let bus = read.need("BUS", "the name of the event bus");
    let egress = read.egress();
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let kms = Arc::new(aws::kms(&sdk, String::new(), credentials));
    let outbound = Arc::new(Network::new(egress)?);
    let channels = Channels::new(db.clone(), kms.clone(), outbound, Clock::system());
    let queues = Arc::new(aws::queues(&sdk, queues));
    let env = waybill_notifier::Env {
        directory: Directory::new(db.clone(), kms),
        db,
        pushes: Pushes::new(queues.clone(), Clock::system()),
        queues,
        channels,
        bus: Arc::new(aws::bus(&sdk, bus)),
        clock: Clock::system(),
    };
    lambda_runtime::run(service_fn(async |event: LambdaEvent<waybill_notifier::Event>| {
        Box::pin(waybill_notifier::either(&env, event.payload)).await
    }))
    .await
}
