//! `GET /v1/jobs`: what was asked for and takes a while, with how far it is: spans of a channel's past that are read, and
//! files whose rows are written. Each has an address of its own that says more. What buyers asked is at `/v1/requests`.

use crate::Env;
use crate::answer::{BAD_QUERY, Stop};
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use futures::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::polling::Backfill;
use waybill_domain::{ConnectionId, MerchantId};
use waybill_store::StoreError;
use waybill_store::uploads::{Upload, UploadState};

/// How many connections are asked at a time.
const AT_A_TIME: usize = 16;

/// What kind of job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JobKind")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// A span of a channel's past is read.
    Backfill,
    /// The rows of a file are written.
    Upload,
}

/// Where a job stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "JobState")]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It goes on by itself; an upload goes on when it is sent again.
    Running,
    /// It has not gone on for so long that it must be asked for again.
    StandsStill,
    /// It ended, and something of it is to be looked at: its own address says what.
    Refused,
    /// It ended well.
    Done,
}

/// One job.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Job {
    /// What kind.
    pub kind: Kind,
    /// Its name among its kind.
    pub id: String,
    /// The account it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection: Option<ConnectionId>,
    /// Where it stands.
    pub state: Standing,
    /// How much is done, in hundredths.
    pub percent: u8,
    /// Orders met, or rows written.
    pub done: u64,
    /// When it was asked for.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub asked_at: Timestamp,
    /// Where more is said of it.
    pub address: String,
}

/// The query of the list.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "JobQuery")]
pub struct Asked {
    /// Only those that stand so.
    state: Option<Standing>,
}

/// Every job.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Jobs")]
pub struct All {
    /// Those that are not done first, of each the latest first.
    pub jobs: Vec<Job>,
}

impl Job {
    fn backfill(connection: &ConnectionId, job: &Backfill, now: Timestamp) -> Self {
        let state = match job.done_at {
            Some(_) => Standing::Done,
            None if job.stands_still(now) => Standing::StandsStill,
            None => Standing::Running,
        };
        Self {
            kind: Kind::Backfill,
            id: job.id.clone(),
            connection: Some(connection.clone()),
            state,
            percent: job.percent(),
            done: job.seen,
            asked_at: job.asked_at,
            address: format!("/v1/connections/{connection}/backfills"),
        }
    }

    fn upload(job: &Upload) -> Self {
        let good = job.rows.saturating_sub(job.bad).max(1);
        let (state, percent) = match job.state {
            UploadState::Running => (Standing::Running, (job.written * 100 / good).min(99)),
            UploadState::Refused | UploadState::Partial => (Standing::Refused, 100),
            UploadState::Done | UploadState::Checked => (Standing::Done, 100),
        };
        Self {
            kind: Kind::Upload,
            id: job.id.clone(),
            connection: None,
            state,
            percent: u8::try_from(percent).unwrap_or(100),
            done: job.written,
            asked_at: job.at,
            address: format!("/v1/uploads/{}", job.id),
        }
    }
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_query`, `unavailable`.
pub async fn list(
    State(env): State<Arc<Env>>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<All>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let mut jobs: Vec<Job> = env.db.uploads(merchant).await?.iter().map(Job::upload).collect();
    if caller.can(Action::ReadConnections) {
        jobs.extend(backfills(&env, merchant).await?);
    }
    jobs.retain(|job| asked.state.is_none_or(|state| job.state == state));
    jobs.sort_by_key(|job| (job.state, std::cmp::Reverse(job.asked_at)));
    Ok(Json(All { jobs }))
}

async fn backfills(env: &Env, merchant: &MerchantId) -> Result<Vec<Job>, StoreError> {
    let now = env.clock.read();
    let connections = env.db.connections(merchant).await?;
    let read = connections.into_iter().map(|(id, _)| async move {
        let jobs = env.db.backfills(&id).await?;
        Ok::<_, StoreError>(jobs.iter().map(|job| Job::backfill(&id, job, now)).collect::<Vec<_>>())
    });
    let all: Vec<Vec<Job>> = stream::iter(read).buffered(AT_A_TIME).try_collect().await?;
    Ok(all.into_iter().flatten().collect())
}
