//! Schemathesis asks every route of the document, as an owner, what nobody thought of: no answer is a fault of ours, and
//! every answer is of a status, a media type and a form that the document says.
//!
//! The function is whole and its tables are in memory, so a request takes a millisecond and the time is spent on asking.
//! The address of the program is in `WAYBILL_SCHEMATHESIS`; `cargo xtask test` installs and gives it.

use crate::ready::ready;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::response::Response;
use serde_json::Value;
use std::process::Command;
use std::sync::Arc;
use waybill_http::document;

/// Who asks: whoever may do everything.
const OWNER: Option<&str> = Some("mine-Owner");
/// Seconds that are spent on it.
const SECONDS: &str = "60";
/// What is held against every answer.
const CHECKS: &str = "not_a_server_error,status_code_conformance,content_type_conformance,\
                      response_schema_conformance,response_headers_conformance";

#[tokio::test]
#[ignore = "needs Schemathesis"]
async fn nothing_that_the_document_allows_to_be_asked_is_answered_by_a_fault_or_in_another_form() {
    let program = std::env::var("WAYBILL_SCHEMATHESIS").unwrap();
    let stage = Arc::new(ready().await);
    let answer = {
        let stage = stage.clone();
        move |request: Request| {
            let stage = stage.clone();
            async move { answered(&stage, request).await }
        }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving =
        tokio::spawn(async move { axum::serve(listener, axum::Router::new().fallback(answer)).await });

    let about: Vec<_> = waybill_api::routes().into_iter().map(|route| route.about).collect();
    let folder = std::env::temp_dir().join(format!("waybill-document-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join("openapi.json");
    std::fs::write(&file, document(&about).to_string()).unwrap();
    let place = folder.clone();
    let asked = tokio::task::spawn_blocking(move || {
        // What it keeps for its next run goes where the document is, and away with it.
        Command::new(program)
            .current_dir(place)
            .arg("run")
            .arg(&file)
            .args(["--url", &url, "--max-time", SECONDS, "--checks", CHECKS])
            .args(["--continue-on-failure", "--suppress-health-check", "all", "--warnings", "off"])
            .status()
    });
    let status = asked.await.unwrap().unwrap();
    std::fs::remove_dir_all(folder).unwrap();
    serving.abort();
    assert!(status.success(), "what Schemathesis found is above, with the command that repeats it");
}

/// A request as API Gateway would hand it on.
async fn answered(stage: &crate::stage::Stage, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.unwrap();
    let body = (!body.is_empty()).then(|| Value::String(String::from_utf8_lossy(&body).into_owned()));
    let headers: Vec<(&str, &str)> = parts
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)))
        .filter(|(name, _)| *name != "content-length")
        .collect();
    let address = parts.uri.path_and_query().map_or("/", |address| address.as_str());
    let (status, headers, body) = stage.send(OWNER, parts.method.as_str(), address, body, &headers).await;
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap();
    *response.headers_mut() = headers;
    response
}
