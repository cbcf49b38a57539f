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
pub mod insight;
pub mod instructions;
pub mod jobs;
pub mod merchant;
pub mod movements;
pub mod order;
pub mod orders;
pub mod packing;
mod page;
mod papers;
pub mod picks;
pub mod places;
pub mod privacy;
mod reference;
pub mod registers;
mod routes;
mod search;
pub mod settle;
pub mod shipments;
mod shown;
mod skus;
pub mod sparse;
pub mod stock;
pub mod subscriptions;
pub mod transfers;
pub mod uploads;
pub mod verify;
mod wake;

use axum::Router;
use std::sync::Arc;
use waybill_http::{Care, under_care};
use waybill_runtime::config::Egress;
use waybill_runtime::{Channels, Clock, Directory, Pushes};
use waybill_store::keyring::Vault;
use waybill_store::labels::Documents;
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
    /// Documents of manifests, and no label.
    pub documents: Arc<dyn Documents>,
    /// Now.
    pub clock: Clock,
}

/// The routes of the function, with what is known of each.
pub fn routes() -> Vec<waybill_http::Route<Arc<Env>>> {
    routes::all()
}

/// The dispatch of the function.
pub fn router(env: Arc<Env>) -> Router {
    let care = Care::new(env.db.clone(), env.clock.clone());
    under_care(waybill_http::dispatch(routes()).with_state(env), care)
}
