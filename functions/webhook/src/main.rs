//! Lambda `webhook`: takes signed deliveries from channels.

use std::sync::Arc;
use waybill_runtime::outbound::Network;
use waybill_runtime::{Clock, Directory, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "keys", "registry"]);
    let queues = read.queues(&[Queue::Allocate, Queue::Book, Queue::Poll, Queue::Erase]);
    let recipients = read.need("KEY_RECIPIENTS", "the ARN of the recipients key");
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let egress = read.egress();
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let kms = Arc::new(aws::kms(&sdk, recipients, credentials));
    let env = waybill_webhook::Env {
        directory: Directory::new(db.clone(), kms.clone()),
        db,
        keyring: kms,
        queues: Arc::new(aws::queues(&sdk, queues)),
        outbound: Arc::new(Network::new(egress)?),
        keys: waybill_webhook::Keys::default(),
        clock: Clock::system(),
    };
    lambda_http::run(waybill_webhook::router(Arc::new(env))).await
}
