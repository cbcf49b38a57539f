//! `POST /v1/orders/{order}/break-glass`, `POST /v1/orders/{order}/break-glass/agree`: leave to open one order for one
//! purpose beyond one's role, for an hour, when a second person agrees. Both leave a record before anything is opened.

use super::{own_order, record};
use crate::Env;
use crate::answer::{BAD_BODY, NOT_FOUND, SAME_PERSON, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::OrderId;
use waybill_domain::access::Action;
use waybill_domain::time::after;
use waybill_store::audit;
use waybill_store::glass::Glass;

/// How long the glass stays broken.
const LASTS: SignedDuration = SignedDuration::from_hours(1);
/// The purposes that can be asked for: those of the privacy crate, which this function does not need otherwise.
const PURPOSES: [&str; 6] = ["pick", "label", "exception", "return", "request", "legal"];

/// What is asked.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "BreakGlassBody")]
#[serde(deny_unknown_fields)]
pub struct Ask {
    purpose: String,
}

/// To what is agreed.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "BreakGlassAgreement")]
#[serde(deny_unknown_fields)]
pub struct Agree {
    sub: String,
}

/// How it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BreakGlass")]
pub struct View {
    /// Which order.
    order: OrderId,
    /// Who asked.
    sub: String,
    /// Until when it can be used.
    #[schemars(with = "waybill_domain::time::Moment")]
    until: Timestamp,
    /// A second person agreed.
    agreed: bool,
}

impl From<Glass> for View {
    fn from(glass: Glass) -> Self {
        Self { order: glass.order, sub: glass.sub, until: glass.until, agreed: glass.agreed_by.is_some() }
    }
}

/// Asks. Everyone of the staff may ask; what they get depends on the second person.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `not_found`, `bad_body`, `unavailable`.
pub async fn ask(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Ask>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadOrder)?;
    let order = own_order(&env, merchant, path).await?;
    let Told(Ask { purpose }) = body?;
    if !PURPOSES.contains(&purpose.as_str()) {
        return Err(BAD_BODY.into());
    }
    let now = env.clock.read();
    record(&env, merchant, audit::Action::BreakGlass, caller.actor(), &order.id, purpose.clone(), now)
        .await?;
    let glass = Glass {
        sub: caller.actor().to_owned(),
        order: order.id,
        purpose,
        asked_at: now,
        until: after(now, LASTS),
        agreed_by: None,
    };
    env.db.save_glass(merchant, &glass).await?;
    Ok(Json(glass.into()))
}

/// Agrees to what somebody else asked.
///
/// # Errors
/// As [`ask`]; `same_person`.
pub async fn agree(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Agree>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::AgreeToBreakGlass)?;
    let order = own_order(&env, merchant, path).await?;
    let Told(Agree { sub }) = body?;
    if sub == caller.actor() {
        return Err(SAME_PERSON.into());
    }
    let now = env.clock.read();
    let asked = env.db.glass(merchant, &order.id, &sub).await?.filter(|asked| now < asked.until);
    let glass = Glass { agreed_by: Some(caller.actor().to_owned()), ..asked.ok_or(NOT_FOUND)? };
    record(&env, merchant, audit::Action::BreakGlass, caller.actor(), &order.id, glass.purpose.clone(), now)
        .await?;
    env.db.save_glass(merchant, &glass).await?;
    Ok(Json(glass.into()))
}
