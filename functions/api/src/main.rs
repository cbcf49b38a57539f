//! Lambda `api`: everything staff and integrators do that needs no personal data.

use std::sync::Arc;
use waybill_runtime::outbound::Network;
use waybill_runtime::{Channels, Clock, Directory, Pushes, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "stock", "registry", "audit"]);
    let queues = read.queues(&[Queue::Poll, Queue::Allocate, Queue::Push, Queue::Erase]);
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let egress = read.egress();
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let vault = Arc::new(aws::kms(&sdk, String::new(), credentials));
    let outbound = Arc::new(Network::new(egress)?);
    let queues = Arc::new(aws::queues(&sdk, queues));
    let env = waybill_api::Env {
        directory: Directory::new(db.clone(), vault.clone()),
        channels: Channels { db: db.clone(), vault: vault.clone(), outbound, clock: Clock::system() },
        db,
        vault,
        egress,
        pushes: Pushes::new(queues.clone(), Clock::system()),
        queues,
        clock: Clock::system(),
    };
    lambda_http::run(waybill_api::router(Arc::new(env))).await
}
