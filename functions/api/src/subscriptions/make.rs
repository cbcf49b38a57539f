//! Makes an address, and gives it another secret.

use super::{Shown, WithSecret, own, save};
use crate::Env;
use crate::answer::{Misplaced, NO_MERCHANT, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::{Path, State as In};
use axum::response::IntoResponse;
use http::{StatusCode, Uri, header};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::SubscriptionId;
use waybill_domain::access::Action;
use waybill_domain::event::Topic;
use waybill_domain::subscription::{MOST, ROTATION, State};
use waybill_domain::time::after;
use waybill_http::{Fresh, SECRET};
use waybill_privacy::signing::SigningSecret;
use waybill_runtime::outbound::may_go;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;
use waybill_store::subscriptions::{Secrets, Subscription};
use zeroize::Zeroizing;

const FULL: Problem = Problem::new(
    StatusCode::CONFLICT,
    "subscriptions_full",
    "A merchant has 10 addresses at most: delete one first. Nothing was stored.",
);
/// The longest address, in bytes.
const LONGEST: usize = 1024;

/// An address that is to hear of events.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SubscriptionBody")]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Where events are sent: public HTTPS, with a name and not a number. Redirects are not followed.
    #[schemars(length(max = 1024))]
    url: String,
    /// What it hears of; the events are described in `infra/events/`.
    #[schemars(length(min = 1))]
    types: BTreeSet<Topic>,
}

/// An answer that nobody may keep, because it holds a secret.
pub struct Once(StatusCode, WithSecret);

impl IntoResponse for Once {
    fn into_response(self) -> axum::response::Response {
        (self.0, [(header::CACHE_CONTROL, SECRET)], Json(self.1)).into_response()
    }
}

/// `POST /v1/subscriptions`: makes an address with a secret of its own. The same `Idempotency-Key` gets the same one.
///
/// # Errors
/// `no_access`, `not_allowed`, `no_merchant`, `bad_body`, `invalid_field`, `subscriptions_full`, `unavailable`.
pub async fn make(
    In(env): In<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    wanted: Result<Told<Wanted>, Stop>,
) -> Result<Once, Stop> {
    let merchant = caller.may(&env, Action::ManageConnections)?.clone();
    let Told(wanted) = wanted?;
    check(&env, &wanted)?;
    env.db.merchant(&merchant).await?.ok_or(NO_MERCHANT)?;
    let now = env.clock.read();
    let suffix = fresh.suffix()?;
    let id = SubscriptionId::from_suffix(&suffix).map_err(|_| StoreError::Corrupt("subscription id"))?;
    let all = env.db.subscriptions(&merchant).await?;
    if let Some(before) = all.iter().find(|one| one.id == id) {
        return again(&env, before.clone(), StatusCode::CREATED, now).await;
    }
    if all.len() >= MOST {
        return Err(FULL.into());
    }
    let secrets = Secrets { current: new_secret()?.to_string(), previous: None };
    let subscription = Subscription {
        secrets: seal(&env, &id, &secrets).await?,
        id,
        merchant,
        url: wanted.url,
        topics: wanted.types,
        state: State::Active,
        off: None,
        failing_since: None,
        made_at: now,
        previous_until: None,
        secret_by: suffix,
        rev: 0,
    };
    env.db.add_subscription(&subscription).await.map_err(|error| match error {
        StoreError::Condition { .. } => StoreError::Conflict,
        error => error,
    })?;
    tracing::info!(subscription = %subscription.id, "subscribed");
    Ok(once(StatusCode::CREATED, subscription, &secrets, now))
}

/// `POST /v1/subscriptions/{subscription}/rotate`: gives it another secret. What is sent is signed with both for a day.
/// Asked again under the same `Idempotency-Key`, it gives the same one.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn rotate(
    In(env): In<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    Path(id): Path<String>,
) -> Result<Once, Stop> {
    let mut subscription = own(&env, &caller, &id, Action::ManageConnections).await?;
    let (now, suffix) = (env.clock.read(), fresh.suffix()?);
    if subscription.secret_by == suffix {
        return again(&env, subscription, StatusCode::OK, now).await;
    }
    let before = open(&env, &subscription).await?;
    let secrets = Secrets { current: new_secret()?.to_string(), previous: Some(before.current.clone()) };
    subscription.secrets = seal(&env, &subscription.id, &secrets).await?;
    subscription.previous_until = Some(after(now, ROTATION));
    subscription.secret_by = suffix;
    save(&env, &mut subscription).await?;
    Ok(once(StatusCode::OK, subscription, &secrets, now))
}

fn check(env: &Env, wanted: &Wanted) -> Result<(), Stop> {
    let uri: Result<Uri, _> = wanted.url.parse();
    let good = wanted.url.len() <= LONGEST
        && uri.is_ok_and(|uri| {
            // A name and a password in an address would be sent as they stand, and shown.
            may_go(&uri, env.egress) && uri.authority().is_some_and(|part| !part.as_str().contains('@'))
        });
    if !good {
        let must = "public HTTPS with a name, without a password, 1024 bytes at most";
        return Err(Misplaced { pointer: "/url".to_owned(), must }.into());
    }
    if wanted.types.is_empty() {
        return Err(Misplaced { pointer: "/types".to_owned(), must: "one event type at least" }.into());
    }
    Ok(())
}

fn new_secret() -> Result<Zeroizing<String>, StoreError> {
    SigningSecret::fresh()
        .map(|secret| secret.text())
        .map_err(|_| StoreError::Unavailable("randomness".into()))
}

async fn seal(env: &Env, id: &SubscriptionId, secrets: &Secrets) -> Result<Vec<u8>, StoreError> {
    let plain =
        serde_json::to_vec(secrets).map(Zeroizing::new).map_err(|_| StoreError::Corrupt("secrets"))?;
    env.vault.seal(id.as_str(), &plain).await
}

async fn open(env: &Env, subscription: &Subscription) -> Result<Secrets, StoreError> {
    let plain = env.vault.open(subscription.id.as_str(), &subscription.secrets).await?;
    serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("secrets"))
}

/// What this very request made, when its answer was lost.
async fn again(env: &Env, made: Subscription, status: StatusCode, now: Timestamp) -> Result<Once, Stop> {
    let secrets = open(env, &made).await?;
    Ok(once(status, made, &secrets, now))
}

fn once(status: StatusCode, subscription: Subscription, secrets: &Secrets, now: Timestamp) -> Once {
    let secret = secrets.current.clone();
    Once(status, WithSecret { subscription: Shown::of(subscription, now), secret })
}
