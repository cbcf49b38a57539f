//! What staff and integrators read without any personal data: orders, exceptions and stock of their merchant.
//!
//! The function has no grant on keys, labels or the recipients key, so it could not show a person if it tried.

mod answer;
mod caller;
pub mod exceptions;
pub mod order;
pub mod orders;
mod page;
pub mod stock;

use axum::Router;
use axum::routing::get;
use std::sync::Arc;
use waybill_runtime::Clock;
use waybill_store::Db;

/// What the function needs: tables, and no key of any kind.
pub struct Env {
    /// Tables.
    pub db: Db,
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
        .with_state(env)
}
