//! What can be done with an address: pause it, use it again, take it away.

use super::{Shown, own, save};
use crate::Env;
use crate::answer::Stop;
use crate::caller::Caller;
use axum::Json;
use axum::extract::{Path, State as In};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::subscription::State;

/// `POST /v1/subscriptions/{subscription}/pause`: nothing is sent until it is resumed; what happens meanwhile is kept
/// as missed.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn pause(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    let mut subscription = own(&env, &caller, &id, Action::ManageConnections).await?;
    // That we stopped says more.
    if subscription.state == State::Active {
        subscription.state = State::Paused;
        save(&env, &mut subscription).await?;
    }
    Ok(Json(Shown::of(subscription, env.clock.read())))
}

/// `POST /v1/subscriptions/{subscription}/resume`: sends what happens from now on. What it missed waits to be replayed.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn resume(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    let mut subscription = own(&env, &caller, &id, Action::ManageConnections).await?;
    if subscription.state != State::Active {
        env.db.not_off(&subscription.id).await?;
        subscription.state = State::Active;
        subscription.off = None;
        subscription.failing_since = None;
        save(&env, &mut subscription).await?;
    }
    Ok(Json(Shown::of(subscription, env.clock.read())))
}

/// `DELETE /v1/subscriptions/{subscription}`: takes it away with its secret; nothing more is sent there.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn delete(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    let subscription = own(&env, &caller, &id, Action::ManageConnections).await?;
    env.db.delete_subscription(&subscription.merchant, &subscription.id).await?;
    tracing::info!(subscription = %subscription.id, "unsubscribed");
    Ok(Json(Shown::of(subscription, env.clock.read())))
}
