//! Deliveries from Shopify (contracts/shopify section 2 and 7).

use crate::act::{Delivery, act, failed};
use crate::{Env, door};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use http::{HeaderMap, Response, StatusCode};
use std::sync::Arc;
use waybill_channels::shopify::webhook::{Topic, id_header, read, signature_header, topic_header, verify};
use waybill_privacy::secret::Secret;
use waybill_runtime::directory::Account;
use waybill_runtime::problem::Problem;
use waybill_store::registry::Credentials;

const NO_TOPIC: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "missing_topic", "The topic header is missing.");

/// Takes one delivery.
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
    let signed = |account: &Account| match &account.credentials {
        Credentials::Shopify { secrets, .. } => {
            let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(s.clone())).collect();
            verify(&body, signature_header(&headers), &secrets.iter().collect::<Vec<_>>()).is_ok()
        }
        _ => false,
    };
    let account = match door::trusted(&env, &connection, now, signed).await {
        Ok(account) => account,
        Err(refusal) => return refusal.response(),
    };
    let Some(topic) = topic_header(&headers).map(Topic::parse) else { return NO_TOPIC.response() };
    let delivery = Delivery { id: id_header(&headers), body: &body };
    match act(&env, &account, read(&topic, &body), &delivery, now).await {
        Ok(()) => Response::new(Body::empty()),
        Err(error) => failed(&error),
    }
}
