//! What is shown of an address: no secret, but for the moment it is made.

use super::own;
use crate::Env;
use crate::answer::Stop;
use crate::caller::Caller;
use axum::Json;
use axum::extract::{Path, State as In};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::SubscriptionId;
use waybill_domain::access::Action;
use waybill_domain::event::Topic;
use waybill_domain::subscription::{Off, Reason, State};
use waybill_store::subscriptions::Subscription;

/// An address that hears of events.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Subscription")]
pub struct Shown {
    /// Which.
    id: SubscriptionId,
    /// Where events are sent.
    url: String,
    /// What it hears of.
    types: BTreeSet<Topic>,
    /// Whether it is sent anything.
    state: State,
    /// Why not, when we stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    off: Option<Off>,
    /// What to do next, when we stopped.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<&'static str>,
    /// Nothing was taken since then.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    failing_since: Option<Timestamp>,
    /// Until when what is sent is signed with the secret before, too.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    previous_secret_until: Option<Timestamp>,
    /// When it was made.
    #[schemars(with = "waybill_domain::time::Moment")]
    made_at: Timestamp,
}

/// An address whose secret was just made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "SubscriptionWithSecret")]
pub struct WithSecret {
    /// The address.
    #[serde(flatten)]
    pub(super) subscription: Shown,
    /// Verifies what is sent (`whsec_` and base64). It is shown now and never again.
    pub(super) secret: String,
}

/// The addresses of a merchant.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Subscriptions")]
pub struct All {
    subscriptions: Vec<Shown>,
}

impl Shown {
    pub(super) fn of(subscription: Subscription, now: Timestamp) -> Self {
        let advice = subscription.off.as_ref().map(|off| match off.reason {
            Reason::Failing => {
                "It took nothing for a day: look at its deliveries, mend it, resume it, and have what it missed replayed."
            }
            Reason::Gone => "It answered 410, that it is gone: delete it, or resume it when it is back.",
        });
        Self {
            id: subscription.id,
            url: subscription.url,
            types: subscription.topics,
            state: subscription.state,
            off: subscription.off,
            advice,
            failing_since: subscription.failing_since,
            previous_secret_until: subscription.previous_until.filter(|until| now < *until),
            made_at: subscription.made_at,
        }
    }
}

/// `GET /v1/subscriptions`.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn list(In(env): In<Arc<Env>>, caller: Caller) -> Result<Json<All>, Stop> {
    let merchant = caller.may(&env, Action::ReadConnections)?;
    let now = env.clock.read();
    let all = env.db.subscriptions(merchant).await?;
    Ok(Json(All { subscriptions: all.into_iter().map(|one| Shown::of(one, now)).collect() }))
}

/// `GET /v1/subscriptions/{subscription}`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    let subscription = own(&env, &caller, &id, Action::ReadConnections).await?;
    Ok(Json(Shown::of(subscription, env.clock.read())))
}
