//! What staff and integrators read and do without any personal data: orders, exceptions, stock and connections of
//! their merchant.
//!
//! The function has no grant on keys, labels or the recipients key, so it could not show a person if it tried.

mod answer;
mod caller;
pub mod connections;
pub mod exceptions;
pub mod order;
pub mod orders;
mod page;
pub mod stock;

use axum::Router;
use axum::routing::{get, post, put};
use std::sync::Arc;
use waybill_runtime::config::Egress;
use waybill_runtime::{Channels, Clock, Directory};
use waybill_store::keyring::Vault;
use waybill_store::{Db, queues};

/// What the function needs: tables and the credentials key, and no way to a recipient.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// Connections and their secrets.
    pub directory: Directory,
    /// Seals secrets.
    pub vault: Arc<dyn Vault>,
    /// Channels, for trying an account.
    pub channels: Channels,
    /// Where addresses may lead.
    pub egress: Egress,
    /// The stages that work on what is asked for.
    pub queues: Arc<dyn queues::Send>,
    /// Now.
    pub clock: Clock,
}

/// The routes of the function.
pub fn router(env: Arc<Env>) -> Router {
    Router::new()
        .route("/v1/orders", get(orders::list))
        .route("/v1/orders/{order}", get(order::read))
        .route("/v1/exceptions", get(exceptions::list))
        .route("/v1/stock/{sku}", get(stock::read))
        .route("/v1/connections", get(connections::list).post(connections::connect::connect))
        .route("/v1/connections/authorise", post(connections::authorise::begin))
        .route("/connect/{channel}", get(connections::authorise::back))
        .route("/v1/connections/{connection}", get(connections::read).delete(connections::act::disconnect))
        .route("/v1/connections/{connection}/test", post(connections::act::test))
        .route("/v1/connections/{connection}/pause", post(connections::act::pause))
        .route("/v1/connections/{connection}/resume", post(connections::act::resume))
        .route("/v1/connections/{connection}/credentials", put(connections::act::rotate))
        .route(
            "/v1/connections/{connection}/backfills",
            get(connections::backfill::list).post(connections::backfill::start),
        )
        .with_state(env)
}
