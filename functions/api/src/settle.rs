//! `POST /v1/orders/{order}/settle`: a person has dealt with an open matter of an order and says how.
//! `POST /v1/exceptions/settle`: the same matter of up to a hundred orders, each with its own outcome.

use crate::Env;
use crate::answer::{BUSY, NOT_FOUND, NOT_SO, NOT_WAITING, Stop, TOO_MANY};
use crate::body::Told;
use crate::caller::Caller;
use crate::dry_run::order_of;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::OrderId;
use waybill_domain::access::Action;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Order, Status};
use waybill_domain::remedy::{NotSettled, Remedy, settle as apply};
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;

/// The most orders of one call.
const MOST: usize = 100;

/// What was done.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[schemars(rename = "MatterDone")]
#[serde(deny_unknown_fields)]
pub struct Done {
    /// About which matter.
    pub reason: Reason,
    /// How.
    pub remedy: Remedy,
}

/// What was done about many orders.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "MattersDone")]
#[serde(deny_unknown_fields)]
pub struct Many {
    /// Which.
    pub orders: Vec<OrderId>,
    /// About which matter.
    pub reason: Reason,
    /// How.
    pub remedy: Remedy,
}

/// Where an order stands now. What is due next begins within a minute.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MatterSettled")]
pub struct Settled {
    /// Which.
    pub order: OrderId,
    /// Where it stands.
    pub status: Status,
    /// Matters that are still open.
    pub open: Vec<Reason>,
}

/// What came of one order among many.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MatterOutcome")]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum Outcome {
    /// It was settled.
    Settled(Settled),
    /// It was not.
    Refused {
        /// Which.
        order: OrderId,
        /// The code that the call for one order answers with.
        code: &'static str,
    },
}

/// Settles a matter of one order.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `not_waiting`, `not_so`, `busy`, `unavailable`.
pub async fn one(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    Told(done): Told<Done>,
) -> Result<Json<Settled>, Stop> {
    let merchant = caller.may(&env, Action::LetGo)?;
    let order = order_of(&env, merchant, path).await?;
    Ok(Json(settled(&env, &caller, order, done).await?.map_err(Stop::from)?))
}

/// Settles the same matter of many orders.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `too_many`, `unavailable`.
pub async fn many(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(all): Told<Many>,
) -> Result<Json<Vec<Outcome>>, Stop> {
    let merchant = caller.may(&env, Action::LetGo)?;
    if all.orders.len() > MOST {
        return Err(TOO_MANY.into());
    }
    let done = Done { reason: all.reason, remedy: all.remedy };
    let mut outcomes = Vec::with_capacity(all.orders.len());
    for id in all.orders {
        let outcome = match env.db.order(&id).await?.filter(|order| order.merchant == *merchant) {
            Some(order) => settled(&env, &caller, order, done).await?,
            None => Err(NOT_FOUND),
        };
        outcomes.push(match outcome {
            Ok(settled) => Outcome::Settled(settled),
            Err(problem) => Outcome::Refused { order: id, code: problem.code },
        });
    }
    Ok(Json(outcomes))
}

/// The order is written last: until then nobody works on it, and a call that ended before can be made again.
async fn settled(
    env: &Env,
    caller: &Caller,
    mut order: Order,
    Done { reason, remedy }: Done,
) -> Result<Result<Settled, Problem>, Stop> {
    let before = env.db.shipments(&order.id).await?;
    let mut shipments = before.clone();
    match apply(&mut order, &mut shipments, reason, remedy, env.clock.read()) {
        Ok(()) => {}
        Err(NotSettled::NotOpen) => return Ok(Err(NOT_WAITING)),
        Err(NotSettled::OtherWay) => return Ok(Err(NOT_SO)),
    }
    for (shipment, before) in shipments.iter_mut().zip(before) {
        if *shipment != before
            && let Err(error) = env.db.save_shipment(shipment).await
        {
            return busy(error);
        }
    }
    if let Err(error) = env.db.save_order(&mut order).await {
        return busy(error);
    }
    tracing::info!(order = %order.id, by = caller.actor(), ?reason, ?remedy, "settled");
    let open = order.exceptions.iter().map(|open| open.reason).collect();
    Ok(Ok(Settled { order: order.id, status: order.status, open }))
}

fn busy(error: StoreError) -> Result<Result<Settled, Problem>, Stop> {
    match error {
        StoreError::Condition { .. } => Ok(Err(BUSY)),
        error => Err(error.into()),
    }
}
