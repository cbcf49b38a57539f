//! What can be done with a connection: try it, pause it, use it again, replace its secrets, take it away.

use super::{Shown, connect, opened, own};
use crate::Env;
use crate::answer::Stop;
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use waybill_channels::feed::Window;
use waybill_domain::RequestId;
use waybill_domain::access::Action;
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::time::after;
use waybill_runtime::channel::NotDone;
use waybill_runtime::problem::Problem;
use waybill_store::registry::{ConnectionState, Credentials};
use waybill_store::requests::{Request, Scope, fresh_suffix};
use waybill_store::{Queue, StoreError, Work};

const OTHER_KIND: Problem = Problem::new(
    StatusCode::CONFLICT,
    "other_kind",
    "These secrets are for another kind of account; connect that one by itself.",
);
const NOT_A_CHANNEL: Problem = Problem::new(
    StatusCode::CONFLICT,
    "not_a_channel",
    "This connection leads to a carrier; it is tried with its first label.",
);

/// How a trial went.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ConnectionTrial")]
pub struct Tried {
    /// The account answered as it should.
    pub works: bool,
    /// What it said, when it did not: a code, never its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// `POST /v1/connections/{connection}/test`: asks the account for what changed in the last minute.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_a_channel`, `unavailable`.
pub async fn test(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Tried>, Stop> {
    let account = opened(&env, &caller, &id, Action::ManageConnections).await?;
    if account.connection.kind.channel().is_none() {
        return Err(NOT_A_CHANNEL.into());
    }
    let now = env.clock.read();
    let tried = async {
        let open = env.channels.open(&account, now).await?;
        let to = after(now, -open.channel.settle());
        let window = Window { from: after(to, -SignedDuration::from_mins(1)), to };
        env.channels.page(&open, &window, None, now).await
    };
    match tried.await {
        Ok(_) => Ok(Json(Tried { works: true, reason: None })),
        Err(NotDone::Told(told)) => Ok(Json(Tried { works: false, reason: Some(told.text) })),
        Err(NotDone::Store(error)) => Err(error.into()),
    }
}

/// `POST /v1/connections/{connection}/pause`: nothing is sent or taken until it is resumed.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn pause(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    change(&env, &caller, &id, ConnectionState::Paused).await
}

/// `POST /v1/connections/{connection}/resume`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn resume(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    change(&env, &caller, &id, ConnectionState::Active).await
}

async fn change(env: &Env, caller: &Caller, id: &str, state: ConnectionState) -> Result<Json<Shown>, Stop> {
    let mut connection = own(env, caller, id, Action::ManageConnections).await?;
    env.db.set_connection_state(&connection.id, state).await?;
    if state == ConnectionState::Active && connection.kind.channel().is_some() {
        env.db.poll_at(&connection.id, Timestamp::UNIX_EPOCH).await?;
    }
    connection.state = state;
    Ok(Json(Shown::of(env, &connection).await?))
}

/// `PUT /v1/connections/{connection}/credentials`: replaces the secrets. A new signing secret goes in front of the
/// one before it, which stays good until the next replacement.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `other_kind`, `unavailable`.
pub async fn rotate(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
    secrets: Result<Told<Credentials>, Stop>,
) -> Result<Json<Shown>, Stop> {
    let account = opened(&env, &caller, &id, Action::ManageConnections).await?;
    let Told(mut secrets) = secrets?;
    let mut connection = account.connection.clone();
    if secrets.kind() != connection.kind {
        return Err(OTHER_KIND.into());
    }
    secrets.keep_previous(&account.credentials);
    connection.credentials = connect::seal(&env, &connection.id, &secrets).await?;
    connection.state = ConnectionState::Active;
    env.db.save_connection(&connection).await?;
    env.db.forget_token(&connection.id).await?;
    Ok(Json(Shown::of(&env, &connection).await?))
}

/// `DELETE /v1/connections/{connection}`: stops its work and erases everything of its buyers, as a request on record.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn disconnect(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<(StatusCode, Json<Shown>), Stop> {
    let mut connection = own(&env, &caller, &id, Action::ManageConnections).await?;
    env.db.set_connection_state(&connection.id, ConnectionState::Disconnected).await?;
    connection.state = ConnectionState::Disconnected;
    if connection.kind.channel().is_some() {
        let now = env.clock.read();
        let request = Request::new(
            RequestId::from_suffix(&fresh_suffix()?).map_err(|_| StoreError::Corrupt("id"))?,
            connection.merchant.clone(),
            Clock::start(Kind::Erasure, Asker::Person, now),
            Scope::Connection { connection: connection.id.clone() },
            caller.actor().to_owned(),
        );
        env.db.save_request(&request).await?;
        let work = Work::Request { merchant: request.merchant, request: request.id, at: now };
        env.queues.send(Queue::Erase, &[work], 0).await?;
    }
    env.db.forget_token(&connection.id).await?;
    Ok((StatusCode::ACCEPTED, Json(Shown::of(&env, &connection).await?)))
}
