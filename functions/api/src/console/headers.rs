//! What every answer of the console says to the browser, and errors as pages.

use super::frame;
use super::guard::root;
use crate::answer::Said;
use axum::body::Body;
use axum::extract::Request;
use axum::middleware::Next;
use axum::response::{Html, IntoResponse};
use http::{HeaderName, HeaderValue, Response, header};
use maud::html;

/// Only our own script, style and forms; no frames around us, no outside address, nothing kept, no referrer elsewhere.
const SAID: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "same-origin"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    (HeaderName::from_static("permissions-policy"), "camera=(), geolocation=(), microphone=(), payment=()"),
];

/// Adds the headers, and writes out as a page what a handler refused.
pub async fn strict(request: Request, next: Next) -> Response<Body> {
    let root = root(request.uri().path());
    let mut response = next.run(request).await;
    if let Some(Said(text)) = response.extensions_mut().remove::<Said>() {
        let page = frame::alone(&root, "That did not work", &html! {}, &frame::refusal(&root, &text));
        response = (response.status(), Html(page.into_string())).into_response();
    }
    guarded(response)
}

/// Adds the headers.
pub fn guarded(mut response: Response<Body>) -> Response<Body> {
    let headers = response.headers_mut();
    for (name, value) in SAID {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    response
}
