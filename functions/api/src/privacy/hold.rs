//! `POST /v1/orders/{order}/hold`, `POST /v1/orders/{order}/hold/agree`, `GET /v1/holds`: legal holds, which take two.

use super::{own_order, record};
use crate::Env;
use crate::answer::{BAD_HOLD, ERASED, NOT_FOUND, SAME_PERSON, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::hold::{HoldError, HoldReason, LegalHold};
use waybill_domain::order::PersonalData;
use waybill_runtime::problem::Problem;
use waybill_store::holds::Held;
use waybill_store::{Queue, Work, audit};

/// What is asked.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "HoldBody")]
#[serde(deny_unknown_fields)]
pub struct Body {
    reason: HoldReason,
    #[schemars(with = "waybill_domain::time::Moment")]
    until: Timestamp,
}

/// A hold and whether it holds anything.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "HoldView")]
pub struct View {
    #[serde(flatten)]
    held: Held,
    in_force: bool,
}

fn wrong(error: HoldError) -> Problem {
    match error {
        HoldError::End => BAD_HOLD,
        HoldError::SamePerson => SAME_PERSON,
    }
}

/// Asks for a hold; it holds nothing until somebody else agrees.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `not_found`, `erased`, `bad_body`, `bad_hold`, `unavailable`.
pub async fn ask(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Body>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::HoldOrder)?;
    let order = own_order(&env, merchant, path).await?;
    let Told(Body { reason, until }) = body?;
    if order.personal == PersonalData::Erased {
        return Err(ERASED.into());
    }
    let now = env.clock.read();
    let hold = LegalHold::ask(reason, caller.actor(), until, now).map_err(wrong)?;
    let held = Held { order: order.id, hold };
    env.db.save_hold(merchant, &held).await?;
    record(&env, merchant, audit::Action::Hold, caller.actor(), &held.order, "asked".into(), now).await?;
    Ok(Json(View { in_force: false, held }))
}

/// Agrees to a hold; from now on it is in force.
///
/// # Errors
/// As [`ask`]; `same_person` when it is whoever asked.
pub async fn agree(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::HoldOrder)?;
    let order = own_order(&env, merchant, path).await?;
    let asked = env.db.hold(merchant, &order.id).await?.ok_or(NOT_FOUND)?;
    let now = env.clock.read();
    let hold = asked.agree(caller.actor(), now).map_err(wrong)?;
    let held = Held { order: order.id, hold };
    record(&env, merchant, audit::Action::Hold, caller.actor(), &held.order, "agreed".into(), now).await?;
    env.db.save_hold(merchant, &held).await?;
    let work = Work::Hold { merchant: merchant.clone(), order: held.order.clone(), at: now };
    env.queues.send(Queue::Erase, &[work], 0).await?;
    Ok(Json(View { in_force: true, held }))
}

/// Every hold, those that are over included.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Vec<View>>, Stop> {
    let merchant = caller.may(&env, Action::ReadRequests)?;
    let now = env.clock.read();
    let view = |held: Held| View { in_force: held.hold.in_force(now), held };
    Ok(Json(env.db.holds(merchant).await?.into_iter().map(view).collect()))
}
