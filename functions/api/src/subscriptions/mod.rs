//! `/v1/subscriptions`: addresses of the merchant's own systems that hear of events, signed by the Standard Webhooks
//! specification. A secret is shown when it is made and never again.

pub mod act;
pub mod deliveries;
pub mod make;
mod show;

pub use show::{All, Shown, WithSecret, list, read};

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::caller::Caller;
use http::StatusCode;
use waybill_domain::SubscriptionId;
use waybill_domain::access::Action;
use waybill_domain::subscription::State;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;
use waybill_store::subscriptions::Subscription;

const NOT_ACTIVE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_active",
    "Nothing is sent to this address: resume it first. Nothing was done.",
);

/// The address that a path names, if it is the caller's.
async fn own(env: &Env, caller: &Caller, id: &str, action: Action) -> Result<Subscription, Stop> {
    let merchant = caller.may(env, action)?;
    let id: SubscriptionId = id.parse().map_err(|_| NOT_FOUND)?;
    Ok(env.db.subscription(merchant, &id).await?.ok_or(NOT_FOUND)?)
}

/// The same, when it is sent events.
async fn active(env: &Env, caller: &Caller, id: &str, action: Action) -> Result<Subscription, Stop> {
    let subscription = own(env, caller, id, action).await?;
    if subscription.state == State::Active { Ok(subscription) } else { Err(NOT_ACTIVE.into()) }
}

/// Stores a change; whoever changed it meanwhile is asked again.
async fn save(env: &Env, subscription: &mut Subscription) -> Result<(), Stop> {
    Ok(env.db.save_subscription(subscription).await.map_err(|error| match error {
        StoreError::Condition { .. } => StoreError::Conflict,
        error => error,
    })?)
}
