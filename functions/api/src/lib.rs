//! What staff and integrators do without any personal data: orders, exceptions and stock of their merchant; requests of
//! buyers, legal holds, registers and incidents.
//!
//! The function has no grant on keys, labels or the recipients key, so it could not show a person if it tried.

mod answer;
mod caller;
pub mod exceptions;
pub mod incidents;
pub mod order;
pub mod orders;
mod page;
pub mod privacy;
pub mod registers;
pub mod stock;

use axum::Router;
use axum::routing::{get, post};
use std::sync::Arc;
use waybill_runtime::Clock;
use waybill_store::{Db, queues};

/// What the function needs: tables, and no key of any kind.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// Where an erasure or a hold is asked for.
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
        .merge(forgetting())
        .merge(registering())
        .with_state(env)
}

/// Requests, holds and the broken glass.
fn forgetting() -> Router<Arc<Env>> {
    use privacy::{glass, hold, requests};
    Router::new()
        .route("/v1/requests", get(requests::list).post(requests::ask))
        .route("/v1/requests/{request}", get(requests::read))
        .route("/v1/requests/{request}/clock", post(requests::clock))
        .route("/v1/requests/{request}/told", post(requests::told))
        .route("/v1/holds", get(hold::list))
        .route("/v1/orders/{order}/hold", post(hold::ask))
        .route("/v1/orders/{order}/hold/agree", post(hold::agree))
        .route("/v1/orders/{order}/break-glass", post(glass::ask))
        .route("/v1/orders/{order}/break-glass/agree", post(glass::agree))
}

/// Registers, staff, incidents and how it all stands.
fn registering() -> Router<Arc<Env>> {
    use registers::{compliance, staff};
    Router::new()
        .route("/v1/registers", get(registers::list))
        .route("/v1/registers/{register}", post(registers::enter))
        .route("/v1/policies", get(registers::policies))
        .route("/v1/compliance", get(compliance::read))
        .route("/v1/staff/{sub}/review", post(staff::review))
        .route("/v1/staff/{sub}/end", post(staff::end))
        .route("/v1/incidents", get(incidents::list).post(incidents::open))
        .route("/v1/incidents/{incident}", get(incidents::read))
        .route("/v1/incidents/{incident}/decisions", post(incidents::decide))
}
