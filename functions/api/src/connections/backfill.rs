//! `/v1/connections/{connection}/backfills`: reading a span of the past, with visible progress.

use super::own;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use aws_lc_rs::digest::{SHA256, digest};
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::polling::Backfill;
use waybill_runtime::problem::Problem;
use waybill_store::{Queue, StoreError, Work};

const BAD_SPAN: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_span",
    "`from` must lie before `to`, and `to` not in the future.",
);

/// A span to be read.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "BackfillBody")]
#[serde(deny_unknown_fields)]
pub struct Span {
    /// From, inclusive, by the channel's time of the last change.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub from: Timestamp,
    /// To.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub to: Timestamp,
}

/// How far a backfill is.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Backfill")]
pub struct Progress {
    /// Its key.
    pub id: String,
    /// From.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub from: Timestamp,
    /// To.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub to: Timestamp,
    /// How much is read, in hundredths.
    pub percent: u8,
    /// Orders met; one that changes while it is read may be met twice.
    pub seen: u64,
    /// Of these, new or newer than what we held, or read by themselves.
    pub stored: u64,
    /// Of these, not readable; each is an exception.
    pub unreadable: u64,
    /// When it was asked for.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub asked_at: Timestamp,
    /// When it was done.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub done_at: Option<Timestamp>,
}

impl From<&Backfill> for Progress {
    fn from(job: &Backfill) -> Self {
        Self {
            id: job.id.clone(),
            from: job.from,
            to: job.to,
            percent: job.percent(),
            seen: job.seen,
            stored: job.stored,
            unreadable: job.unreadable,
            asked_at: job.asked_at,
            done_at: job.done_at,
        }
    }
}

/// `POST …/backfills`. The same span asked for twice is one backfill; asked for again when it stands still, it goes
/// on.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `bad_span`, `unavailable`.
pub async fn start(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
    span: Result<Told<Span>, Stop>,
) -> Result<(StatusCode, Json<Progress>), Stop> {
    let connection = own(&env, &caller, &id, Action::ManageConnections).await?;
    let Told(span) = span?;
    let now = env.clock.read();
    if span.from >= span.to || span.to > now || connection.kind.channel().is_none() {
        return Err(BAD_SPAN.into());
    }
    let name = digest(&SHA256, format!("{}|{}", span.from, span.to).as_bytes());
    let key = hex::encode(name.as_ref().get(..8).unwrap_or_default());
    let mut job = Backfill::new(key, span.from, span.to, now);
    match env.db.save_backfill(&connection.id, &mut job).await {
        Ok(()) => {}
        Err(StoreError::Condition { .. }) => {
            let held = env.db.backfill(&connection.id, &job.id).await?.ok_or(NOT_FOUND)?;
            if held.stands_still(now) {
                env.db.nudge_backfill(&connection.id, &held.id, now).await?;
                let work = Work::Backfill { connection: connection.id, backfill: held.id.clone(), at: now };
                env.queues.send(Queue::Poll, &[work], 0).await?;
            }
            return Ok((StatusCode::OK, Json(Progress::from(&held))));
        }
        Err(error) => return Err(error.into()),
    }
    let work = Work::Backfill { connection: connection.id, backfill: job.id.clone(), at: now };
    env.queues.send(Queue::Poll, &[work], 0).await?;
    Ok((StatusCode::ACCEPTED, Json(Progress::from(&job))))
}

/// All of a connection.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Backfills")]
pub struct All {
    /// By key.
    pub backfills: Vec<Progress>,
}

/// `GET …/backfills`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn list(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<All>, Stop> {
    let connection = own(&env, &caller, &id, Action::ReadConnections).await?;
    let jobs = env.db.backfills(&connection.id).await?;
    Ok(Json(All { backfills: jobs.iter().map(Progress::from).collect() }))
}
