//! The console: what a warehouse looks at and works with, in a browser, on a phone or at a bench (decision 009).
//!
//! Every page is what an endpoint of `/v1` answers, written as HTML: the pages call the same handlers, so they have the
//! same matrix of roles, the same merchant and the same grants, and can show no person. A label is opened by `reveal`.

mod accounts;
mod assets;
mod begin;
mod charts;
mod connect;
mod connections;
mod cover;
mod desk;
mod done;
mod evidence;
mod exceptions;
mod fields;
mod forgetting;
mod forms;
mod frame;
mod goods;
mod guard;
mod headers;
mod incidents;
mod orders;
mod pack;
mod picks;
mod requests;
mod services;
mod settings;
mod sign_in;
mod staff;
mod stock;
mod today;
mod warehouses;
mod words;

pub(crate) use connect::came_back;
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

/// Making the merchant, its settings and its staff.
fn founding() -> Router<Arc<Env>> {
    Router::new()
        .route("/console/begin", get(begin::show).post(begin::make))
        .route("/console/settings", get(settings::show).post(settings::change_it))
        .route("/console/settings/services", get(services::show).post(services::add_rule))
        .route("/console/settings/services/named", post(services::add_named))
        .route("/console/settings/services/row", post(services::row))
        .route("/console/settings/staff", get(staff::list).post(staff::store))
        .route("/console/settings/staff/{sub}/{act}", post(staff::act))
        .route("/console/settings/warehouses", get(warehouses::list).post(warehouses::save))
        .route("/console/settings/warehouses/buffers", post(warehouses::keep_back))
        .route("/console/settings/warehouses/{warehouse}", get(warehouses::one))
        .route("/console/settings/warehouses/{warehouse}/bins", post(warehouses::bin))
}

/// Accounts and goods.
fn keeping() -> Router<Arc<Env>> {
    Router::new()
        .route("/console/connect/{kind}", get(connect::show).post(connect::store))
        .route("/console/connect/{kind}/authorise", post(connect::away))
        .route("/console/connections/{connection}/secrets", get(connect::secrets).post(connect::replace))
        .route("/console/stock/cover", get(cover::show))
        .route("/console/stock/receive", get(goods::receive).post(goods::received))
        .route("/console/stock/articles", get(goods::article).post(goods::store))
        .route("/console/stock/mappings", post(goods::map))
        .route("/console/stock/files", get(goods::files).post(goods::file))
        .route("/console/stock/files/{kind}", get(goods::export))
}

/// Requests of buyers, legal holds, registers and incidents.
fn law() -> Router<Arc<Env>> {
    Router::new()
        .route("/console/orders/{order}/forget", post(requests::forget))
        .route("/console/orders/{order}/hold", post(requests::hold))
        .route("/console/orders/{order}/hold/agree", post(requests::agree))
        .route("/console/requests/{request}", get(requests::one))
        .route("/console/requests/{request}/clock", post(requests::clock))
        .route("/console/requests/{request}/told", post(requests::told))
        .route("/console/evidence/registers", post(evidence::enter))
        .route("/console/incidents", get(incidents::list).post(incidents::open))
        .route("/console/incidents/{incident}", get(incidents::one))
        .route("/console/incidents/{incident}/decisions", post(incidents::decided))
        .route("/console/incidents/{incident}/risk", post(incidents::risk_raised))
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
        .merge(founding())
        .merge(keeping())
        .merge(law())
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
