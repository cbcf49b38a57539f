//! Who of the staff may do what: given with a record of their training, confirmed each quarter, and ended at once.
//!
//! Every request reads the caller anew, so an ended grant is over with the next one, whatever the token says.

use crate::Env;
use crate::answer::{BAD_ENTRY, NOT_FOUND, SAME_PERSON, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::MerchantId;
use waybill_domain::access::{Action, Role, TRAINING_DAYS};
use waybill_domain::time::{after, days};
use waybill_http::{CHANGED_MEANWHILE, IfMatch};
use waybill_store::StoreError;
use waybill_store::staff::Staff;

/// What somebody is to be.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "StaffBody")]
#[serde(deny_unknown_fields)]
pub struct Given {
    /// What for.
    role: Role,
    /// When their privacy training was; it counts for 365 days. Left out: what is on record stays.
    #[serde(default)]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    trained_at: Option<Timestamp>,
}

/// What somebody of the staff may do.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StaffGiven")]
pub struct Member {
    /// Who.
    pub(crate) sub: String,
    /// What for.
    pub(crate) role: Role,
    /// Whether they may act.
    pub(crate) active: bool,
    /// Until when their training counts: before this they may open personal data, as far as their role does.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub(crate) trained_until: Timestamp,
    /// When they were confirmed.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub(crate) reviewed_at: Timestamp,
}

impl Member {
    fn new(sub: String, staff: Staff) -> Self {
        let Staff { role, trained_until, reviewed_at, active, .. } = staff;
        Self { sub, role, active, trained_until, reviewed_at }
    }
}

/// The whole staff.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "StaffList")]
pub struct Everybody {
    /// Those who may act first.
    pub(crate) staff: Vec<Member>,
}

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

/// Makes somebody of the user pool a member of this merchant's staff, or changes what they are; both confirm them for a
/// quarter. Of themselves an owner enters the training alone.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `not_found`, `bad_body`, `bad_entry`, `same_person`,
/// `changed_meanwhile`, `unavailable`.
pub async fn give(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    seen: IfMatch,
    given: Result<Told<Given>, Stop>,
) -> Result<Json<Member>, Stop> {
    let merchant = caller.may(&env, Action::ManageStaff)?;
    let is_sub = |sub: &String| {
        (1..=64).contains(&sub.len()) && sub.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let sub = path.ok().map(|Path(sub)| sub).filter(is_sub).ok_or(NOT_FOUND)?;
    let Told(Given { role, trained_at }) = given?;
    let now = env.clock.read();
    if trained_at.is_some_and(|at| at > now) {
        return Err(BAD_ENTRY.into());
    }
    let trained_until = trained_at.map(|at| after(at, days(TRAINING_DAYS)));
    let before = env.db.staff(&sub).await?;
    let read = before.clone().filter(|before| before.merchant == *merchant);
    let staff = match before {
        Some(before) if before.merchant != *merchant => return Err(NOT_FOUND.into()),
        Some(before) if sub == caller.actor() => {
            if role != before.role {
                return Err(SAME_PERSON.into());
            }
            Staff { trained_until: trained_until.unwrap_or(before.trained_until), ..before }
        }
        before => Staff {
            merchant: merchant.clone(),
            role,
            trained_until: trained_until.or(before.map(|before| before.trained_until)).unwrap_or(now),
            reviewed_at: now,
            active: true,
        },
    };
    if seen.is_given() {
        let same = |read: &Staff| seen.is(&Member::new(sub.clone(), read.clone()));
        let read = read.filter(same).ok_or(CHANGED_MEANWHILE)?;
        if !env.db.replace_staff(&sub, &staff, &read).await? {
            return Err(CHANGED_MEANWHILE.into());
        }
    } else {
        match env.db.save_staff(&sub, &staff).await {
            // Another merchant was quicker; nobody is told whose staff somebody is.
            Err(StoreError::Condition { .. }) => return Err(NOT_FOUND.into()),
            stored => stored?,
        }
    }
    tracing::info!(%sub, by = caller.actor(), ?role, trained = trained_at.is_some(), "staff stored");
    Ok(Json(Member::new(sub, staff)))
}

/// One of the staff.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Member>, Stop> {
    let merchant = caller.may(&env, Action::ManageStaff)?;
    let (sub, staff) = colleague(&env, merchant, path).await?;
    Ok(Json(Member::new(sub, staff)))
}

/// Everybody of the staff, those who left included.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Everybody>, Stop> {
    let merchant = caller.may(&env, Action::ManageStaff)?;
    let all = env.db.staff_of(merchant).await?;
    let mut staff: Vec<Member> = all.into_iter().map(|(sub, staff)| Member::new(sub, staff)).collect();
    staff.sort_by_key(|one| !one.active);
    Ok(Json(Everybody { staff }))
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
