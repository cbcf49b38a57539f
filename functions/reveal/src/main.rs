//! Lambda `reveal`: one order's recipient or label, for a stated purpose, with a trace.

use std::sync::Arc;
use waybill_runtime::outbound::Network;
use waybill_runtime::sign_in::Place;
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
    let egress = read.egress();
    let place = Place::read(&mut read, egress);
    read.done()?;
    let sdk = aws::load().await;
    let env = Arc::new(waybill_reveal::Env {
        db: aws::db(&sdk, tables),
        documents: Arc::new(aws::bucket(&sdk, bucket)),
        open_keys: Arc::new(aws::kms(&sdk, recipients, String::new())),
        vault: Arc::new(aws::kms(&sdk, String::new(), credentials)),
        queues: Arc::new(aws::queues(&sdk, urls)),
        clock: Clock::system(),
    });
    // Its one way out: the user pool's public keys.
    let tokens = place.tokens(Arc::new(Network::new(egress)?));
    let door = waybill_reveal::Door { tokens, jar: place.jar(), clock: Clock::system() };
    let console = waybill_reveal::console(env.clone(), Arc::new(door));
    lambda_http::run(waybill_reveal::router(env).merge(console)).await
}
