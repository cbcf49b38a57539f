//! Every route of the function: who may call it, what goes in and out, an example, and who answers.
//!
//! The rights of the matrix depend on the purpose; a role is named here when some purpose lets it.

use crate::{Env, ask, batch, buyer, export, label, recipient};
use serde_json::json;
use std::sync::Arc;
use waybill_domain::access::{Action, Why};
use waybill_http::Route as Of;

type Route = Of<Arc<Env>>;

/// What a label can be.
const LABELS: &[&str] =
    &["application/pdf", "application/zpl", "text/vnd.eltron-epl", "text/vnd.citizen-clp", "text/html"];

/// The table, in the order of the document.
pub fn all() -> Vec<Route> {
    let recipient = Route::get("/v1/orders/{order}/recipient", recipient::show)
        .does("Who gets the parcel, as far as the purpose needs it; it leaves a record before anything is opened.")
        .query::<ask::Stated>()
        .gives::<recipient::Opened>()
        .such_as("/v1/orders/ord_0123456789abcdef0123456789abcdef/recipient?purpose=label");
    let label = Route::get("/v1/shipments/{shipment}/label", label::download)
        .does("A label as the carrier made it, byte for byte.")
        .query::<ask::Stated>()
        .gives_files(LABELS)
        .such_as("/v1/shipments/shp_0123456789abcdef0123456789abcdef-1/label?purpose=label");
    let paper = Route::get("/v1/shipments/{shipment}/papers/{paper}", label::paper)
        .does("A paper beside a label: despatch_note, cn22, cn23 or return_label, once it was asked for and made.")
        .query::<ask::Stated>()
        .gives_files(&["application/pdf"])
        .such_as("/v1/shipments/shp_0123456789abcdef0123456789abcdef-2/papers/despatch_note?purpose=label");
    let labels = Route::get("/v1/labels", batch::download)
        .does("Up to a hundred labels as one document, in the order they are named.")
        .query::<batch::Wanted>()
        .gives_files(LABELS)
        .such_as("/v1/labels?shipments=shp_0123456789abcdef0123456789abcdef-2&purpose=label");
    vec![
        Why::ALL.into_iter().fold(recipient, |route, why| route.may(Action::RevealRecipient(why))),
        Why::ALL.into_iter().fold(label, |route, why| route.may(Action::DownloadLabel(why))),
        Why::ALL.into_iter().fold(paper, |route, why| route.may(Action::DownloadLabel(why))),
        Why::ALL.into_iter().fold(labels, |route, why| route.may(Action::DownloadLabel(why))),
        Route::post("/v1/buyers/requests", buyer::ask)
            .does("A buyer asks by mail address, to be forgotten or to be told what is held; the address is not kept.")
            .may(Action::EraseBuyer)
            .query::<ask::Stated>()
            .takes::<buyer::Body>()
            .gives::<buyer::Asked>()
            .such_as_with(
                "/v1/buyers/requests?purpose=request",
                || json!({"email": "zoe@example.invalid", "kind": "erasure"}),
            ),
        Route::get("/v1/requests/{request}/export", export::export)
            .does("Everything held on one buyer, for them: as JSON, or as a page that people can read.")
            .may(Action::ExportBuyer)
            .query::<export::Asked>()
            .gives::<serde_json::Value>()
            .gives_files(&["text/html"])
            .such_as("/v1/requests/req_00000000000000a1/export?purpose=request"),
    ]
}
