//! The console: what a warehouse looks at and works with, in a browser, on a phone or at a bench (decision 009).
//!
//! Every page is what an endpoint of `/v1` answers, written as HTML: the pages call the same handlers, so they have the
//! same matrix of roles, the same merchant and the same grants, and can show no person. A label is opened by `reveal`.

mod assets;
mod charts;
mod connections;
mod desk;
mod evidence;
mod exceptions;
mod fields;
mod forgetting;
mod frame;
mod guard;
mod headers;
mod orders;
mod pack;
mod picks;
mod sign_in;
mod stock;
mod today;
mod words;

pub(crate) use guard::Signed;

use crate::Env;
use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use axum::routing::{get, post};
use std::sync::Arc;
use waybill_runtime::sign_in::{Jar, Pages, Tokens};

/// What stands before every page.
pub struct Door {
    /// What the pages work with.
    pub env: Arc<Env>,
    /// Says who a token names.
    pub tokens: Tokens,
    /// The user pool's own pages.
    pub pages: Pages,
    /// The browser's cookies.
    pub jar: Jar,
}

/// The console's routes.
pub fn router(door: Arc<Door>) -> Router {
    let work = Router::new()
        .route("/console", get(today::show))
        .route("/console/orders", get(orders::list))
        .route("/console/orders/{order}", get(orders::one))
        .route("/console/orders/{order}/let-go", post(orders::let_go))
        .route("/console/orders/{order}/settle", post(orders::settle))
        .route("/console/exceptions", get(exceptions::list))
        .route("/console/exceptions/map", post(exceptions::map))
        .route("/console/picks", get(picks::list).post(picks::make))
        .route("/console/picks/{list}", get(picks::walk).post(picks::confirm))
        .route("/console/picks/{list}/drop", post(picks::drop_list))
        .route("/console/pack", get(pack::bench))
        .route("/console/pack/{order}", get(pack::order).post(pack::check))
        .route("/console/stock", get(stock::list))
        .route("/console/stock/{sku}", get(stock::one))
        .route("/console/connections", get(connections::list))
        .route("/console/connections/{connection}/{act}", post(connections::act))
        .route("/console/forgetting", get(forgetting::show))
        .route("/console/evidence", get(evidence::show))
        .route("/console/again", get(sign_in::again))
        .with_state(door.env.clone())
        .merge(Router::new().route("/console/sign-out", post(sign_in::out)).with_state(door.clone()))
        .layer(from_fn_with_state(door.clone(), guard::stand));
    let open = Router::new()
        .route("/console/sign-in", get(sign_in::begin))
        .route("/console/signed-in", get(sign_in::back))
        .route("/console/style.css", get(assets::style))
        .route("/console/console.js", get(assets::script))
        .with_state(door);
    work.merge(open).layer(from_fn(headers::strict))
}
