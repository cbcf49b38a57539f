//! Opens one order's recipient or one label, for a stated purpose, to someone who may, and leaves a record.
//!
//! The record comes first: when it cannot be written nothing is opened. Nothing is cached, so every answer is
//! one record in the audit chain and one Decrypt in CloudTrail, and the auditor compares the two
//! (CONTROLS D4).

mod answer;
mod ask;
mod batch;
mod buyer;
mod console;
mod export;
mod gate;
mod label;
mod page;
mod pages;
mod recipient;
mod routes;

use axum::Router;
use axum::body::Body;
use axum::middleware::map_response;
use http::{HeaderValue, Response, header};
use std::sync::Arc;
use waybill_http::{Care, under_care};
use waybill_runtime::Clock;
use waybill_store::keyring::{OpenKeys, Vault};
use waybill_store::labels::Documents;
use waybill_store::{Db, queues};

pub use batch::MOST as MOST_LABELS;
pub use console::{Door, console};
pub use gate::{HOURLY, LABELS_HOURLY};
pub use pages::{Paper, joined};

/// What the function needs. It can open what is sealed, and cannot seal.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// The label bucket.
    pub documents: Arc<dyn Documents>,
    /// Opens data keys.
    pub open_keys: Arc<dyn OpenKeys>,
    /// Opens merchants' index keys, and nothing else that is sealed there.
    pub vault: Arc<dyn Vault>,
    /// Where an erasure is asked for.
    pub queues: Arc<dyn queues::Send>,
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
    let router = waybill_http::dispatch(routes()).layer(map_response(never_kept)).with_state(env);
    under_care(router, care).layer(map_response(never_kept))
}

/// No browser or proxy may keep an answer, whatever it says.
async fn never_kept(mut response: Response<Body>) -> Response<Body> {
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
