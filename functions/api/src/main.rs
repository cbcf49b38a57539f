//! Lambda `api`: everything staff and integrators do that needs no personal data.

use std::sync::Arc;
use waybill_api::console;
use waybill_runtime::outbound::Network;
use waybill_runtime::sign_in::{Pages, Place};
use waybill_runtime::{Channels, Clock, Directory, Pushes, aws, config, log};
use waybill_store::Queue;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let mut read = config::Reader::default();
    let tables = read.tables(&["orders", "stock", "registry", "audit"]);
    let queues =
        read.queues(&[Queue::Poll, Queue::Allocate, Queue::Book, Queue::Push, Queue::Erase, Queue::Deliver]);
    let credentials = read.need("KEY_CREDENTIALS", "the ARN of the credentials key");
    let bucket = read.need("BUCKET_LABELS", "the name of the label bucket");
    let egress = read.egress();
    let outbound = Arc::new(Network::new(egress)?);
    let place = Place::read(&mut read, egress);
    let pages = Pages::read(&mut read, egress, &place.client, outbound.clone());
    read.done()?;
    let sdk = aws::load().await;
    let db = aws::db(&sdk, tables);
    let vault = Arc::new(aws::kms(&sdk, String::new(), credentials));
    let queues = Arc::new(aws::queues(&sdk, queues));
    let env = Arc::new(waybill_api::Env {
        directory: Directory::new(db.clone(), vault.clone()),
        channels: Channels::new(db.clone(), vault.clone(), outbound.clone(), Clock::system()),
        db,
        vault,
        egress,
        pushes: Pushes::new(queues.clone(), Clock::system()),
        queues,
        documents: Arc::new(aws::bucket(&sdk, bucket)),
        clock: Clock::system(),
    });
    let (tokens, jar) = (place.tokens(outbound), place.jar());
    let console = console::router(Arc::new(console::Door { env: env.clone(), tokens, pages, jar }));
    lambda_http::run(waybill_api::router(env).merge(console)).await
}
