//! Blind counts: `POST /v1/stock/counts` takes one, `POST …/{reference}/approve` books a large difference,
//! `GET /v1/stock/counts` lists what waits. What is expected is told only after counting.

use crate::Env;
use crate::answer::{
    BAD_PLACE, BAD_QUANTITY, BAD_REFERENCE, NOT_ENOUGH, NOT_FOUND, NOT_WAITING, SAME_PERSON, Stop,
};
use crate::body::Told;
use crate::caller::Caller;
use crate::movements::{MOST, exists};
use crate::wake;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::WarehouseId;
use waybill_domain::access::Action;
use waybill_domain::catalogue::is_sku;
use waybill_domain::stock::{Spot, is_reference};
use waybill_store::stock::counts::{Approval, Count, CountState};

/// What was counted.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "CountBody")]
#[serde(deny_unknown_fields)]
pub struct Body {
    sku: String,
    warehouse: WarehouseId,
    spot: Spot,
    counted: i64,
    reference: String,
}

/// Counts that wait for a second person.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WaitingCounts")]
pub struct Waiting {
    /// By reference.
    pub waiting: Vec<Count>,
}

/// A count that was approved.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CountApproved")]
pub struct Approved {
    /// Which.
    pub reference: String,
    /// What it is now.
    pub state: CountState,
}

/// Takes a count.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_reference`, `bad_quantity`, `bad_place`, `not_enough`, `busy`,
/// `unavailable`.
pub async fn take(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(body): Told<Body>,
) -> Result<Json<Count>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    if !is_reference(&body.reference) {
        return Err(BAD_REFERENCE.into());
    }
    if !(0..=MOST).contains(&body.counted) {
        return Err(BAD_QUANTITY.into());
    }
    if !is_sku(&body.sku) || body.spot.is_packed() {
        return Err(BAD_PLACE.into());
    }
    exists(&env, merchant, &body.warehouse).await?;
    let limit = i64::from(env.db.places(merchant).await?.policy.count_limit);
    let slot = (body.sku.clone(), body.warehouse);
    let now = env.clock.read();
    let taken = env
        .db
        .take_count(merchant, &slot, &body.spot, body.counted, limit, &body.reference, caller.actor(), now)
        .await?
        .ok_or(NOT_ENOUGH)?;
    if taken.state == CountState::Booked && taken.counted != taken.expected {
        wake::channels(&env, merchant, &body.sku).await?;
    }
    if taken.counted > taken.expected {
        wake::backorders(&env, merchant, &body.sku).await?;
    }
    Ok(Json(taken))
}

/// Approves a count.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_waiting`, `same_person`, `not_enough`, `busy`, `unavailable`.
pub async fn approve(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Approved>, Stop> {
    let merchant = caller.may(&env, Action::ApproveCount)?;
    let reference = path.ok().map(|Path(r)| r).filter(|r| is_reference(r)).ok_or(NOT_FOUND)?;
    let count = env.db.counts(merchant).await?.into_iter().find(|c| c.reference == reference);
    let count = count.ok_or(NOT_WAITING)?;
    // Before: a second approval of the same count is refused, and could not make up for this.
    wake::channels(&env, merchant, &count.sku).await?;
    match env.db.approve_count(merchant, &reference, caller.actor()).await? {
        Approval::Booked => {
            if count.counted > count.expected {
                wake::backorders(&env, merchant, &count.sku).await?;
            }
            Ok(Json(Approved { reference, state: CountState::Booked }))
        }
        Approval::NotWaiting => Err(NOT_WAITING.into()),
        Approval::SamePerson => Err(SAME_PERSON.into()),
        Approval::Held => Err(NOT_ENOUGH.into()),
    }
}

/// Lists what waits.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Waiting>, Stop> {
    let merchant = caller.may(&env, Action::ApproveCount)?;
    Ok(Json(Waiting { waiting: env.db.waiting_counts(merchant).await? }))
}
