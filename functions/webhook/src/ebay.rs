//! Notifications from eBay (contracts/ebay sections 3, 4 and 8): hints at orders, closed accounts, revoked consent.

use crate::act::{Delivery, act, failed};
use crate::door::{self, Refusal};
use crate::{Env, keys};
use axum::body::{Body, Bytes};
use axum::extract::{Path, Query, State};
use http::{HeaderMap, Response, StatusCode, Uri};
use jiff::Timestamp;
use serde::Deserialize;
use std::sync::Arc;
use waybill_channels::ebay::webhook::{
    ACCEPTED, FAILED, NOT_TRUSTED, challenge_response, read, signature, verify,
};
use waybill_channels::hint::Hint;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;
use waybill_runtime::directory::Account;
use waybill_runtime::platform;
use waybill_store::registry::{Credentials, Kind};
use waybill_store::requests::Scope;
use waybill_store::{Queue, StoreError, Work};

/// What eBay asks with when an address is registered.
#[derive(Deserialize)]
pub struct Asked {
    challenge_code: String,
}

/// Answers eBay's challenge. The address is hashed exactly as it was registered: as the request came in.
pub async fn challenge(
    State(env): State<Arc<Env>>,
    Path(connection): Path<String>,
    uri: Uri,
    Query(asked): Query<Asked>,
    headers: HeaderMap,
) -> Response<Body> {
    let account = match door::account(&env, &connection, env.clock.read()).await {
        Ok(account) => account,
        Err(refusal) => return refusal.response(),
    };
    let Credentials::Ebay { verification_token, .. } = &account.credentials else {
        return Refusal::Problem(door::UNKNOWN).response();
    };
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let (scheme, host) = (text("x-forwarded-proto").unwrap_or("https"), text("host").unwrap_or_default());
    let endpoint = format!("{scheme}://{host}{}", uri.path());
    let answer =
        challenge_response(&asked.challenge_code, &Secret::new(verification_token.clone()), &endpoint);
    let mut response = Response::new(Body::from(answer));
    response.headers_mut().insert("content-type", http::HeaderValue::from_static("application/json"));
    response
}

/// Takes one notification.
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
    let Ok(signature) = signature(&headers) else { return status(NOT_TRUSTED) };
    match keys::ebay(&env, &account, &signature.key_id, now).await {
        Ok(Some(key)) if verify(&body, &signature, &key).is_ok() => {}
        Ok(_) => return status(NOT_TRUSTED),
        Err(error) => {
            tracing::error!(%error, "eBay's key cannot be had; eBay sends the notification again");
            return status(FAILED);
        }
    }
    let done = match read(&body) {
        Ok(notification) => match notification.hint {
            Hint::EraseOrders { buyers, .. } => closed(&env, &notification.id, &buyers, now).await,
            Hint::Uninstalled => revoked(&env, &account, now).await,
            hint => {
                let delivery = Delivery { id: Some(&notification.id), body: &body };
                act(&env, &account, Ok(hint), &delivery, now).await
            }
        },
        Err(error) => act(&env, &account, Err(error), &Delivery { id: None, body: &body }, now).await,
    };
    match done {
        Ok(()) => status(ACCEPTED),
        Err(error) => failed(&error),
    }
}

fn status(status: StatusCode) -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = status;
    response
}

/// A closed account is told once for all sellers: whoever of ours sold to that buyer erases. Nearly none did, and of
/// those the request does not stay on record (decision 021). It goes by eBay's id of the notification, so that a
/// repeat, whose bytes differ, is the same request; what finds the buyer is a blind index.
async fn closed(env: &Env, named: &str, buyers: &[Text], now: Timestamp) -> Result<(), StoreError> {
    for id in env.db.connections_of_kind(Kind::Ebay).await? {
        let Some(account) = env.directory.account(&id, now).await? else { continue };
        let indexes = buyers.iter().map(|buyer| account.index.buyer(&id, buyer)).collect();
        let scope = Scope::Buyer { indexes, orders: Vec::new() };
        let asked = platform::Asked { kind: waybill_domain::request::Kind::Erasure, scope, named };
        platform::ask(&env.db, env.queues.as_ref(), &account, asked, now).await?;
    }
    Ok(())
}

/// Some seller took back what they granted. eBay's key signs for all of them and the address is the application's, so
/// the notification does not prove which account is meant, and we hold no name of theirs to compare. eBay itself is
/// asked: every account of the application needs a new token at once, and the one whose grant is gone gets none and is
/// paused then (`runtime/token.rs`).
async fn revoked(env: &Env, named: &Account, now: Timestamp) -> Result<(), StoreError> {
    for id in env.db.connections_of_kind(Kind::Ebay).await? {
        let Some(account) = env.directory.account(&id, now).await? else { continue };
        if !account.is_active() || !is_same_application(named, &account) {
            continue;
        }
        if let Some(held) = env.db.token(&id).await? {
            env.db.end_token(&id, held.obtained_at, now).await?;
        }
        env.queues.send(Queue::Poll, &[Work::Poll { connection: id, at: now }], 0).await?;
    }
    Ok(())
}

fn is_same_application(one: &Account, other: &Account) -> bool {
    matches!(
        (&one.credentials, &other.credentials),
        (Credentials::Ebay { client_id: one, .. }, Credentials::Ebay { client_id: other, .. }) if one == other
    )
}
