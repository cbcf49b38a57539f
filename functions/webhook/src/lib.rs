//! Signed deliveries from channels: verify the raw bytes, seal, store, enqueue, answer.

mod act;
mod door;
pub mod shopify;

use axum::Router;
use axum::routing::post;
use std::sync::Arc;
use waybill_runtime::{Clock, Directory};
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
    /// Now.
    pub clock: Clock,
}

/// The largest delivery taken, in bytes (issue: 1 MB).
pub const MAX_BODY: usize = 1024 * 1024;

/// The routes of the function.
pub fn router(env: Arc<Env>) -> Router {
    Router::new()
        .route("/webhooks/shopify/{connection}", post(shopify::deliver))
        .layer(axum::extract::DefaultBodyLimit::disable())
        .with_state(env)
}
