//! Deliveries from WooCommerce (contracts/woocommerce section 2). They are sent once and never again.

use crate::act::{Delivery, act, failed};
use crate::{Env, door};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use http::{HeaderMap, Response};
use std::sync::Arc;
use waybill_channels::hint::Hint;
use waybill_channels::woocommerce::webhook::{Topic, is_ping, read, signature_header, topic_header, verify};
use waybill_privacy::secret::Secret;
use waybill_runtime::directory::Account;
use waybill_store::registry::Credentials;

/// Takes one delivery.
pub async fn deliver(
    State(env): State<Arc<Env>>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    let now = env.clock.read();
    // A saved webhook is announced unsigned; there is nothing in it to trust or to keep.
    if is_ping(&headers, &body) {
        return Response::new(Body::empty());
    }
    if let Err(refusal) = door::short(&body) {
        return refusal.response();
    }
    let signed = |account: &Account| match &account.credentials {
        Credentials::WooCommerce { secrets, .. } => {
            let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(s.clone())).collect();
            verify(&body, signature_header(&headers), &secrets.iter().collect::<Vec<_>>()).is_ok()
        }
        _ => false,
    };
    let account = match door::trusted(&env, &connection, now, signed).await {
        Ok(account) => account,
        Err(refusal) => return refusal.response(),
    };
    let hint = match topic_header(&headers) {
        Some(topic) => read(Topic::parse(topic), &body),
        None => Ok(Hint::Ignore),
    };
    match act(&env, &account, hint, &Delivery { id: None, body: &body }, now).await {
        Ok(()) => Response::new(Body::empty()),
        Err(error) => failed(&error),
    }
}
