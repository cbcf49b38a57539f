//! Every route of the function: who may call it, what goes in and out, an example, and who answers. Dispatch, OpenAPI
//! document and the tests of roles and tenants all come from here.

mod accounts;
mod events;
mod law;
mod orders;
mod stock;

use crate::{Env, reference};
use std::sync::Arc;
use waybill_http::Route as Of;

type Route = Of<Arc<Env>>;

/// The table, in the order of the document.
pub fn all() -> Vec<Route> {
    let about = [
        Route::get("/v1/openapi.json", reference::document)
            .does("This document.")
            .gives::<serde_json::Value>()
            .such_as("/v1/openapi.json"),
        Route::get("/v1/reference", reference::page)
            .does("This document, to be read by people.")
            .gives_files(&["text/html"])
            .such_as("/v1/reference"),
    ];
    let all = [
        orders::routes(),
        stock::goods(),
        stock::places(),
        accounts::merchant(),
        accounts::routes(),
        accounts::manifests(),
        events::routes(),
        law::routes(),
    ];
    all.into_iter().flatten().chain(about).collect()
}
