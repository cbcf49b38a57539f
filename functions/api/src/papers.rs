//! `POST /v1/shipments/{shipment}/papers`: has the carrier print a paper beside the label, or book a return label.
//!
//! The shipper asks the carrier and `reveal` opens what it gave; here somebody says that it shall, and why it cannot.

use crate::Env;
use crate::answer::Stop;
use crate::body::Told;
use crate::caller::Caller;
use crate::shipments::{Detail, detail, found};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::paper::{NotPrinted, Paper, may_ask};
use waybill_runtime::problem::Problem;
use waybill_store::registry::Kind;
use waybill_store::{Queue, Work};

const NO_LABEL: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_label",
    "There is no label that it could go with: none was made yet, or it is gone. Nobody was asked.",
);
const NO_PAPERS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_papers",
    "This account's way of booking prints no such paper, or none for this destination: take it from the carrier's own \
     site. Nobody was asked.",
);
const NO_CUSTOMS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_customs",
    "This parcel passes no customs, so nothing is declared of it. Nobody was asked.",
);
const NO_RETURNS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_returns",
    "Say first by which account and service goods come back, and where to: `services.returns` of PUT /v1/merchant. \
     Nobody was asked.",
);
const UNCERTAIN_RETURN: Problem = Problem::new(
    StatusCode::CONFLICT,
    "uncertain_return",
    "A return may be booked already: the carrier's answer was lost. Look in the carrier's account for the shipment's \
     reference with -R; if there is none, ask again with `\"looked\": true`.",
);

/// What is to be printed.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "PaperBody")]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Which paper. A return label is booked once and then given again; it costs when it is used.
    paper: Paper,
    /// After an answer that was lost: somebody looked in the carrier's account, and there is no return label.
    #[serde(default)]
    looked: bool,
}

impl From<NotPrinted> for Stop {
    fn from(why: NotPrinted) -> Self {
        let problem: Problem = match why {
            NotPrinted::NoLabel => NO_LABEL,
            NotPrinted::NotOffered => NO_PAPERS,
            NotPrinted::NoCustoms => NO_CUSTOMS,
            NotPrinted::NoReturns => NO_RETURNS,
            NotPrinted::Uncertain => UNCERTAIN_RETURN,
        };
        problem.into()
    }
}

/// Has it printed. How far it is, the shipment says.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `no_label`, `no_papers`, `no_customs`, `no_returns`,
/// `uncertain_return`, `unavailable`.
pub async fn ask(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    wanted: Result<Told<Wanted>, Stop>,
) -> Result<(StatusCode, Json<Detail>), Stop> {
    let merchant = caller.may(&env, Action::PrintPapers)?;
    let (shipment, order, void) = found(&env, merchant, path).await?;
    let Told(Wanted { paper, looked }) = wanted?;
    let booked_by = env.db.connection(&shipment.carrier).await?;
    let there = booked_by.is_some_and(|connection| connection.kind == Kind::RoyalMail);
    let returns = env.db.merchant(merchant).await?.is_some_and(|one| one.services.returns.is_some());
    may_ask(&order, &shipment, paper, there, returns, looked)?;
    let work = Work::Paper { shipment: shipment.id.clone(), paper, looked, at: env.clock.read() };
    env.queues.send(Queue::Book, &[work], 0).await?;
    tracing::info!(shipment = %shipment.id, paper = paper.as_str(), by = caller.actor(), "a paper is asked for");
    Ok((StatusCode::ACCEPTED, detail(&env, &shipment, &order, void).await?))
}
