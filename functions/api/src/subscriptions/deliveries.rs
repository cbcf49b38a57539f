//! What became of the events that were sent to an address, and how to have them sent again.

use super::{active, own};
use crate::Env;
use crate::answer::{BAD_CURSOR, BAD_LIMIT, BAD_QUERY, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State as In};
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::event::{Event, What};
use waybill_domain::subscription::{Attempt, Progress};
use waybill_domain::{DeliveryId, SubscriptionId};
use waybill_http::Fresh;
use waybill_store::subscriptions::{Delivery, Subscription};
use waybill_store::{Queue, StoreError, Work};

/// Deliveries on a page unless the caller says otherwise, and at most.
const USUAL: i32 = 50;
const MOST: i32 = 100;

/// An event on its way to one address.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Delivery")]
pub struct View {
    /// Which.
    id: DeliveryId,
    /// How far it is.
    state: Progress,
    /// The event as it is sent; its id is the header `webhook-id`.
    event: Event,
    /// The latest attempts, the last one last.
    attempts: Vec<Attempt>,
    /// When it is tried next, while it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    next_at: Option<Timestamp>,
}

impl From<Delivery> for View {
    fn from(delivery: Delivery) -> Self {
        let waits = delivery.progress == Progress::Waiting;
        Self {
            id: delivery.id,
            state: delivery.progress,
            event: delivery.event,
            attempts: delivery.attempts,
            next_at: waits.then_some(delivery.next_at),
        }
    }
}

/// A page of deliveries.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Deliveries")]
pub struct Page {
    /// The newest first; each is kept for 14 days.
    deliveries: Vec<View>,
    /// Where the next page begins; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<DeliveryId>,
}

/// Which page.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DeliveryQuery")]
pub struct Asked {
    /// How many at most, 1 to 100; 50 without it.
    #[schemars(with = "Option<u8>", range(min = 1, max = 100))]
    limit: Option<String>,
    /// `next` of the page before.
    cursor: Option<String>,
}

/// `GET /v1/subscriptions/{subscription}/deliveries`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_query`, `bad_limit`, `bad_cursor`, `unavailable`.
pub async fn list(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, Stop> {
    let subscription = own(&env, &caller, &id, Action::ReadConnections).await?;
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let limit = asked.limit.map(|text| text.parse().map_err(|_| BAD_LIMIT)).transpose()?.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(BAD_LIMIT.into());
    }
    let cursor: Option<DeliveryId> =
        asked.cursor.map(|text| text.parse().map_err(|_| BAD_CURSOR)).transpose()?;
    let (found, more) = env.db.deliveries(&subscription.id, cursor.as_ref(), limit).await?;
    let next = found.last().filter(|_| more).map(|last| last.id.clone());
    Ok(Json(Page { deliveries: found.into_iter().map(View::from).collect(), next }))
}

/// `POST /v1/subscriptions/{subscription}/test`: sends an event of the type `subscription.test`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_active`, `unavailable`.
pub async fn test(
    In(env): In<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<View>), Stop> {
    let subscription = active(&env, &caller, &id, Action::ReplayEvents).await?;
    let now = env.clock.read();
    let what = What::Test { subscription: subscription.id.clone() };
    let event = Event {
        id: format!("evt_{}", fresh.suffix()?),
        merchant: subscription.merchant.clone(),
        at: now,
        what,
    };
    let delivery = Delivery::new(&subscription.id, &event, Progress::Waiting, now)?;
    env.db.add_delivery(&delivery).await?;
    send(&env, &subscription, &delivery.id, now).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}

/// `POST /v1/subscriptions/{subscription}/deliveries/{delivery}/replay`: sends one event again, whatever became of it.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_active`, `busy`, `unavailable`.
pub async fn replay(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path((id, delivery)): Path<(String, String)>,
) -> Result<(StatusCode, Json<View>), Stop> {
    let subscription = active(&env, &caller, &id, Action::ReplayEvents).await?;
    let delivery: DeliveryId = delivery.parse().map_err(|_| NOT_FOUND)?;
    let mut delivery = env.db.delivery(&subscription.id, &delivery).await?.ok_or(NOT_FOUND)?;
    anew(&env, &subscription, &mut delivery).await?;
    Ok((StatusCode::ACCEPTED, Json(delivery.into())))
}

/// From when on.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ReplayBody")]
#[serde(deny_unknown_fields)]
pub struct Since {
    /// Events told then or later.
    #[schemars(with = "waybill_domain::time::Moment")]
    since: Timestamp,
}

/// What is sent again.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Replay")]
pub struct Replayed {
    /// How many events.
    replayed: usize,
    /// Ask again with this, when there may be more.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    since: Option<Timestamp>,
}

/// `POST /v1/subscriptions/{subscription}/replay`: sends again what failed or was missed since then, the oldest first.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_active`, `bad_body`, `busy`, `unavailable`.
pub async fn replay_since(
    In(env): In<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
    since: Result<Told<Since>, Stop>,
) -> Result<(StatusCode, Json<Replayed>), Stop> {
    let subscription = active(&env, &caller, &id, Action::ReplayEvents).await?;
    let Told(Since { since }) = since?;
    let (found, more) = env.db.deliveries_since(&subscription.id, since, MOST).await?;
    let last = found.last().map(|last| last.event.at).filter(|_| more);
    let mut replayed = 0;
    for mut delivery in found.into_iter().filter(|one| one.progress.is_lost()) {
        anew(&env, &subscription, &mut delivery).await?;
        replayed += 1;
    }
    Ok((StatusCode::ACCEPTED, Json(Replayed { replayed, since: last })))
}

async fn anew(env: &Env, subscription: &Subscription, delivery: &mut Delivery) -> Result<(), Stop> {
    let now = env.clock.read();
    delivery.begin_again(now);
    env.db.save_delivery(delivery).await.map_err(|error| match error {
        StoreError::Condition { .. } => StoreError::Conflict,
        error => error,
    })?;
    send(env, subscription, &delivery.id, now).await
}

async fn send(
    env: &Env,
    subscription: &Subscription,
    delivery: &DeliveryId,
    at: Timestamp,
) -> Result<(), Stop> {
    let (merchant, subscription): (_, SubscriptionId) =
        (subscription.merchant.clone(), subscription.id.clone());
    let work = Work::Deliver { merchant, subscription, delivery: delivery.clone(), at };
    Ok(env.queues.send(Queue::Deliver, &[work], 0).await?)
}
