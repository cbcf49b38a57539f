//! `GET /v1/openapi.json` and `GET /v1/reference`: the API described, for programs and for people.
//!
//! Both are the same for everybody and hold no data, so they ask for no sign-in. The document is made from the table of
//! routes by a test, which fails when the file is not what the code says; the function serves the finished file.

use crate::answer::Stop;
use axum::response::{Html, IntoResponse, Response};
use http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE};
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::LazyLock;
use waybill_store::StoreError;

/// The document, as the code says.
const DOCUMENT: &str = include_str!("../openapi.json");
/// How long anybody may keep it.
const KEPT: &str = "public, max-age=300";
/// The page brings its own style and runs no script.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'";

/// The names of fields in the document.
static FIELDS: LazyLock<BTreeSet<String>> = LazyLock::new(|| {
    let mut names = BTreeSet::new();
    if let Ok(document) = serde_json::from_str::<Value>(DOCUMENT) {
        gather(&document["components"]["schemas"], &mut names);
    }
    names
});

fn gather(value: &Value, names: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            if let Some(Value::Object(fields)) = entries.get("properties") {
                names.extend(fields.keys().cloned());
            }
            entries.values().for_each(|inner| gather(inner, names));
        }
        Value::Array(items) => items.iter().for_each(|inner| gather(inner, names)),
        _ => {}
    }
}

/// Whether the document has a field of this name.
pub(crate) fn is_field(name: &str) -> bool {
    FIELDS.contains(name)
}

/// The document.
pub async fn document() -> Response {
    ([(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, KEPT)], DOCUMENT).into_response()
}

/// The page.
///
/// # Errors
/// `unavailable`, never for a document that was tested.
pub async fn page() -> Result<Response, Stop> {
    let document: Value = serde_json::from_str(DOCUMENT).map_err(|_| StoreError::Corrupt("the document"))?;
    let page = Html(waybill_http::reference(&document));
    Ok(([(CACHE_CONTROL, KEPT), (CONTENT_SECURITY_POLICY, POLICY)], page).into_response())
}
