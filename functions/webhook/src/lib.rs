//! Signed deliveries from channels: verify the raw bytes, seal, store, enqueue, answer.

mod act;
mod door;
pub mod ebay;
mod keys;
pub mod magento;
pub mod shopify;
pub mod woocommerce;

pub use keys::Keys;

use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;
use waybill_runtime::{Clock, Directory, Outbound};
use waybill_store::Db;
use waybill_store::keyring::MakeKeys;
use waybill_store::queues;

/// What the function needs. It can seal and cannot open.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Tables.
    pub db: Db,
    /// Makes data keys.
    pub keyring: Arc<dyn MakeKeys>,
    /// Next stages.
    pub queues: Arc<dyn queues::Send>,
    /// The way to the keys that some channels sign with.
    pub outbound: Arc<dyn Outbound>,
    /// Those keys.
    pub keys: Keys,
    /// Now.
    pub clock: Clock,
}

/// The largest delivery taken, in bytes (issue: 1 MB).
pub const MAX_BODY: usize = 1024 * 1024;

/// The routes of the function.
pub fn router(env: Arc<Env>) -> Router {
    Router::new()
        .route("/webhooks/shopify/{connection}", post(shopify::deliver))
        .route("/webhooks/woocommerce/{connection}", post(woocommerce::deliver))
        .route("/webhooks/magento/{connection}", get(magento::challenge).post(magento::deliver))
        .route("/webhooks/ebay/{connection}", get(ebay::challenge).post(ebay::deliver))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(env)
}
