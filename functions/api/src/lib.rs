//! What staff and integrators read and do without any personal data: orders, exceptions, stock and connections of
//! their merchant; requests of buyers, legal holds, registers and incidents.
//!
//! The function has no grant on keys, labels or the recipients key, so it could not show a person if it tried.

mod answer;
mod body;
mod caller;
pub mod catalogue;
pub mod connections;
pub mod console;
pub mod counts;
pub mod dry_run;
pub mod exceptions;
pub mod incidents;
pub mod movements;
pub mod order;
pub mod orders;
mod page;
pub mod picks;
pub mod places;
pub mod privacy;
pub mod registers;
pub mod settle;
pub mod stock;
pub mod transfers;
pub mod uploads;
pub mod verify;
mod wake;

use axum::Router;
use axum::routing::{get, post, put};
use std::sync::Arc;
use waybill_runtime::config::Egress;
use waybill_runtime::{Channels, Clock, Directory, Pushes};
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
    /// The stages that work on what is asked for: goods that arrive and articles that are mapped wake orders that wait
    /// for them, channels are read, and erasures and holds are carried out.
    pub queues: Arc<dyn queues::Send>,
    /// Has channels told of stock that moved.
    pub pushes: Pushes,
    /// Now.
    pub clock: Clock,
}

/// The routes of the function.
pub fn router(env: Arc<Env>) -> Router {
    Router::new()
        .route("/v1/orders", get(orders::list))
        .route("/v1/orders/{order}", get(order::read))
        .route("/v1/exceptions", get(exceptions::list))
        .route("/v1/orders/{order}/allocation", get(dry_run::explain))
        .route("/v1/orders/{order}/let-go", post(dry_run::let_go))
        .route("/v1/orders/{order}/settle", post(settle::one))
        .route("/v1/exceptions/settle", post(settle::many))
        .route("/v1/orders/{order}/packing", get(picks::boxes).post(picks::pack))
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
        .route("/v1/stock/verify", get(verify::step))
        .route("/v1/stock/movements", post(movements::record))
        .route("/v1/stock/expected", post(catalogue::expect))
        .route("/v1/stock/counts", get(counts::list).post(counts::take))
        .route("/v1/stock/counts/{reference}/approve", post(counts::approve))
        .route("/v1/stock/transfers", get(transfers::list).post(transfers::send))
        .route("/v1/stock/transfers/{reference}/receive", post(transfers::receive))
        .route("/v1/skus", get(catalogue::list))
        .route("/v1/skus/{sku}", get(catalogue::read).put(catalogue::save))
        .route("/v1/mappings", get(catalogue::mappings).post(catalogue::map))
        .route("/v1/policy", get(places::policy).put(places::save_policy))
        .route("/v1/warehouses", get(places::list))
        .route("/v1/warehouses/{warehouse}", put(places::save))
        .route("/v1/warehouses/{warehouse}/bins", get(places::bins))
        .route("/v1/warehouses/{warehouse}/bins/{bin}", put(places::save_bin))
        .route("/v1/uploads/{upload}", get(uploads::read).post(uploads::send))
        .route("/v1/exports/{kind}", get(uploads::give))
        .route("/v1/picks", get(picks::list).post(picks::make))
        .route("/v1/picks/{list}", get(picks::read))
        .route("/v1/picks/{list}/confirm", post(picks::confirm))
        .route("/v1/picks/{list}/drop", post(picks::drop_list))
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
