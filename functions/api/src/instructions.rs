//! What the merchant's own people say of an order: `POST /v1/orders/{order}/cancel`, `…/fulfilment/hold`,
//! `…/fulfilment/release`, and `GET` and `PUT /v1/orders/{order}/instructions`.

use crate::Env;
use crate::answer::{ALREADY_LEFT, AT_CARRIER, BUSY, CANCELLED, ERASED, NOT_WAITING, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::dry_run::order_of;
use crate::wake;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::catalogue::Invalid;
use waybill_domain::instructions::{
    TooLate, cancel as to_cancel, hold as to_hold, instruct, is_note, release as to_release,
};
use waybill_domain::order::{Hold, Order, PersonalData, Status};
use waybill_domain::retention::Policy;
use waybill_domain::{MerchantId, OrderId};
use waybill_http::{CHANGED_MEANWHILE, IfMatch};
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;

/// Where an order stands after it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderStanding")]
pub struct Standing {
    /// Which.
    pub order: OrderId,
    /// Where it stands.
    pub status: Status,
    /// Why it waits, when it is held: `merchant` when its own people hold it, and otherwise what holds it first.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
}

/// How an order is to leave, and what colleagues should know.
#[derive(Debug, Default, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "OrderInstructions")]
#[serde(deny_unknown_fields)]
pub struct Instructions {
    /// It leaves whole or not at all, whatever the policy says.
    #[serde(default)]
    pub ship_complete: bool,
    /// For colleagues, 280 characters at most. It names no one and says nothing of where they live or how to reach
    /// them: addresses of e-mail, telephone numbers and postcodes are refused. It is forgotten with the order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = 280))]
    pub note: Option<String>,
}

impl Instructions {
    /// `purged`: the purge time has come, whether or not the erasure has.
    pub(crate) fn of(order: &Order, purged: bool) -> Self {
        Self {
            ship_complete: order.instructions.ship_complete,
            note: order.instructions.note.clone().filter(|_| !purged),
        }
    }
}

impl From<TooLate> for Stop {
    fn from(why: TooLate) -> Self {
        let problem: Problem = match why {
            TooLate::Left => ALREADY_LEFT,
            TooLate::AtCarrier => AT_CARRIER,
            TooLate::Cancelled => CANCELLED,
            TooLate::NotHeld => NOT_WAITING,
        };
        problem.into()
    }
}

/// Cancels. The channel is not told: money and messages to the buyer are its own.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `already_left`, `busy`, `unavailable`.
pub async fn cancel(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Standing>, Stop> {
    direct(&env, &caller, path, "cancelled", to_cancel).await
}

/// Holds its fulfilment; its goods stay promised.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `already_left`, `at_carrier`, `cancelled`, `busy`, `unavailable`.
pub async fn hold(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Standing>, Stop> {
    direct(&env, &caller, path, "held", |order, _| to_hold(order)).await
}

/// Lets it go on.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_waiting`, `busy`, `unavailable`.
pub async fn release(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Standing>, Stop> {
    direct(&env, &caller, path, "released", to_release).await
}

async fn direct(
    env: &Env,
    caller: &Caller,
    path: Result<Path<String>, PathRejection>,
    what: &str,
    apply: impl Fn(&mut Order, Timestamp) -> Result<(), TooLate>,
) -> Result<Json<Standing>, Stop> {
    let merchant = caller.may(env, Action::DirectOrder)?;
    let mut order = order_of(env, merchant, path).await?;
    apply(&mut order, env.clock.read())?;
    save(env, &mut order).await?;
    tracing::info!(order = %order.id, by = caller.actor(), what, "directed");
    Ok(Json(Standing { order: order.id, status: order.status, hold: order.hold }))
}

/// Stores it and sends it on. A call that ends between the two is made up for by the clock, or by its repetition.
pub(crate) async fn save(env: &Env, order: &mut Order) -> Result<(), Stop> {
    match env.db.save_order(order).await {
        Ok(()) => wake::changed(env, order).await,
        Err(StoreError::Condition { .. }) => Err(BUSY.into()),
        Err(error) => Err(error.into()),
    }
}

/// What was said.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Instructions>, Stop> {
    let merchant = caller.may(&env, Action::ReadOrder)?;
    let order = order_of(&env, merchant, path).await?;
    let purged = is_purged(&env, &order).await?;
    Ok(Json(Instructions::of(&order, purged)))
}

/// Says it, in place of what was said before.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `invalid_field`, `changed_meanwhile`, `erased`, `at_carrier`,
/// `busy`, `unavailable`.
pub async fn write(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    seen: IfMatch,
    Told(told): Told<Instructions>,
) -> Result<Json<Instructions>, Stop> {
    let merchant = caller.may(&env, Action::DirectOrder)?;
    let mut order = order_of(&env, merchant, path).await?;
    if !told.note.as_deref().is_none_or(is_note) {
        let must = "1 to 280 characters without an address of e-mail, a telephone number or a postcode";
        return Err(Invalid { field: "note", must }.into());
    }
    if is_purged(&env, &order).await? {
        return Err(ERASED.into());
    }
    if !seen.is(&Instructions::of(&order, false)) {
        return Err(CHANGED_MEANWHILE.into());
    }
    instruct(&mut order, told.ship_complete, told.note, env.clock.read())?;
    save(&env, &mut order).await?;
    tracing::info!(order = %order.id, by = caller.actor(), "instructed");
    Ok(Json(Instructions::of(&order, false)))
}

/// The purge time has come, whether or not the erasure has.
pub(crate) async fn is_purged(env: &Env, order: &Order) -> Result<bool, Stop> {
    Ok(has_come(order, policy(env, &order.merchant).await?, env.clock.read()))
}

/// How long the merchant keeps people.
pub(crate) async fn policy(env: &Env, merchant: &MerchantId) -> Result<Policy, Stop> {
    Ok(env.db.merchant(merchant).await?.map_or(Policy::LONGEST, |merchant| merchant.retention))
}

/// As [`is_purged`], by a policy that was read.
pub(crate) fn has_come(order: &Order, policy: Policy, now: Timestamp) -> bool {
    order.personal == PersonalData::Erased || now >= order.milestones.purge_at(policy)
}
