//! Confirming what a member of staff may do, each quarter, and ending it at once.
//!
//! Every request reads the caller anew, so an ended grant is over with the next one, whatever the token says.

use crate::Env;
use crate::answer::{NOT_FOUND, SAME_PERSON, Stop};
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use waybill_domain::MerchantId;
use waybill_domain::access::Action;
use waybill_store::staff::Staff;

/// A colleague who is confirmed.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StaffConfirmed")]
pub struct Confirmed {
    /// Who.
    sub: String,
    /// As of when.
    #[schemars(with = "waybill_domain::time::Moment")]
    reviewed_at: Timestamp,
}

/// A colleague who may do nothing any more.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StaffEnded")]
pub struct Ended {
    /// Who.
    sub: String,
    /// Whether they may act: no.
    active: bool,
}

async fn colleague(
    env: &Env,
    merchant: &MerchantId,
    path: Result<Path<String>, PathRejection>,
) -> Result<(String, Staff), Stop> {
    let Path(sub) = path.map_err(|_| NOT_FOUND)?;
    let staff = env.db.staff(&sub).await?.filter(|staff| staff.merchant == *merchant).ok_or(NOT_FOUND)?;
    Ok((sub, staff))
}

/// Confirms a colleague for another quarter.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `not_found`, `same_person`, `unavailable`.
pub async fn review(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Confirmed>, Stop> {
    let merchant = caller.may(&env, Action::ManageStaff)?;
    let (sub, staff) = colleague(&env, merchant, path).await?;
    if sub == caller.actor() {
        return Err(SAME_PERSON.into());
    }
    let reviewed_at = env.clock.read();
    env.db.save_staff(&sub, &Staff { reviewed_at, ..staff }).await?;
    Ok(Json(Confirmed { sub, reviewed_at }))
}

/// Ends what a colleague may do, now.
///
/// # Errors
/// As [`review`].
pub async fn end(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Ended>, Stop> {
    let merchant = caller.may(&env, Action::ManageStaff)?;
    let (sub, staff) = colleague(&env, merchant, path).await?;
    env.db.save_staff(&sub, &Staff { active: false, ..staff }).await?;
    Ok(Json(Ended { sub, active: false }))
}
