//! Events from Adobe Commerce (contracts/magento section 3): hints, signed by Adobe.

use crate::act::{Delivery, act, failed};
use crate::door::{self, Refusal};
use crate::{Env, keys};
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use http::{HeaderMap, Response, StatusCode};
use std::sync::Arc;
use waybill_channels::magento::webhook::{challenge as asked, key_paths, read, verify};
use waybill_runtime::problem::Problem;
use waybill_store::registry::Credentials;

const NO_CHALLENGE: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "missing_challenge", "The query holds no usable challenge.");

/// Answers the challenge of a registration.
pub async fn challenge(
    State(env): State<Arc<Env>>,
    Path(connection): Path<String>,
    RawQuery(query): RawQuery,
) -> Response<Body> {
    if let Err(refusal) = door::account(&env, &connection, env.clock.read()).await {
        return refusal.response();
    }
    match asked(&query.unwrap_or_default()) {
        Some(text) => {
            let mut response = Response::new(Body::from(text));
            response.headers_mut().insert("content-type", http::HeaderValue::from_static("text/plain"));
            response
        }
        None => NO_CHALLENGE.response(),
    }
}

/// Takes one delivery of events.
pub async fn deliver(
    State(env): State<Arc<Env>>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let now = env.clock.read();
    if let Err(refusal) = door::short(&body) {
        return refusal.response();
    }
    let account = match door::account(&env, &connection, now).await {
        Ok(account) => account,
        Err(refusal) => return refusal.response(),
    };
    let client = match &account.credentials {
        Credentials::Magento { events_client: Some(client), .. } => client.clone(),
        Credentials::AdobeCommerce { client_id, .. } => client_id.clone(),
        _ => return Refusal::Problem(door::UNKNOWN).response(),
    };
    let mut known = Vec::new();
    for path in key_paths(&headers) {
        match keys::adobe(&env, &account, &path, now).await {
            Ok(key) => known.extend(key),
            // The other of the two signatures may do.
            Err(error) => tracing::warn!(%error, "one of Adobe's keys cannot be had"),
        }
    }
    if known.is_empty() && !key_paths(&headers).is_empty() {
        return Problem::UNAVAILABLE.response();
    }
    if verify(&body, &headers, &known, &client).is_err() {
        return Refusal::Problem(door::UNTRUSTED).response();
    }
    let delivery = Delivery { id: None, body: &body };
    let done = match read(&body) {
        Ok(hints) => {
            let mut done = Ok(());
            for hint in hints {
                if done.is_ok() {
                    done = act(&env, &account, Ok(hint), &delivery, now).await;
                }
            }
            done
        }
        Err(error) => act(&env, &account, Err(error), &delivery, now).await,
    };
    match done {
        Ok(()) => Response::new(Body::empty()),
        Err(error) => failed(&error),
    }
}
