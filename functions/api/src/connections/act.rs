//! What can be done with a connection: try it, pause it, use it again, replace its secrets, take it away.

use super::{Shown, connect, opened, own};
use crate::Env;
use crate::answer::{Misplaced, NO_MERCHANT, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::wake;
use axum::Json;
use axum::extract::{Path, State};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_channels::feed::Window;
use waybill_domain::access::Action;
use waybill_domain::request::{self, Asker, Clock};
use waybill_domain::time::after;
use waybill_domain::{RequestId, WarehouseId};
use waybill_runtime::channel::NotDone;
use waybill_runtime::directory::Account;
use waybill_runtime::problem::Problem;
use waybill_runtime::trial::try_carrier;
use waybill_store::registry::{Connection, ConnectionState, Credentials, Kind};
use waybill_store::requests::{Request, Scope, fresh_suffix};
use waybill_store::{Queue, StoreError, Work};

const OTHER_KIND: Problem = Problem::new(
    StatusCode::CONFLICT,
    "other_kind",
    "These secrets are for another kind of account; connect that one by itself.",
);

const OTHER_ACCOUNT: Problem = Problem::new(
    StatusCode::CONFLICT,
    "other_account",
    "These secrets open another account; connect that one by itself.",
);

const NO_PLACES: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_places",
    "This channel knows no places: only Shopify's locations and Magento's sources are mapped.",
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

/// `POST /v1/connections/{connection}/test`: asks a channel for what changed in the last minute, and a carrier
/// something that books nothing and is of no buyer.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn test(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Tried>, Stop> {
    let account = opened(&env, &caller, &id, Action::ManageConnections).await?;
    let now = env.clock.read();
    let tried = match account.connection.kind.channel() {
        Some(_) => try_channel(&env, &account, now).await,
        None => try_carrier(env.channels.access(), &account, now).await,
    };
    match tried {
        Ok(()) => Ok(Json(Tried { works: true, reason: None })),
        Err(NotDone::Told(told)) => Ok(Json(Tried { works: false, reason: Some(told.text) })),
        Err(NotDone::Store(error)) => Err(error.into()),
    }
}

async fn try_channel(env: &Env, account: &Account, now: Timestamp) -> Result<(), NotDone> {
    let open = env.channels.open(account, now).await?;
    let to = after(now, -open.channel.settle());
    let window = Window { from: after(to, -SignedDuration::from_mins(1)), to };
    env.channels.page(&open, &window, None, now).await.map(|_| ())
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

/// What a channel refused may be allowed now, and stock may have moved while it was told nothing.
pub(super) async fn works_again(env: &Env, connection: &Connection) -> Result<(), Stop> {
    if connection.kind.channel().is_none() {
        return Ok(());
    }
    env.db.resume_operations(&connection.id, env.clock.read()).await?;
    wake::channels_of_everything(env, &connection.merchant).await
}

async fn change(env: &Env, caller: &Caller, id: &str, state: ConnectionState) -> Result<Json<Shown>, Stop> {
    let mut connection = own(env, caller, id, Action::ManageConnections).await?;
    env.db.set_connection_state(&connection.id, state).await?;
    if state == ConnectionState::Active && connection.kind.channel().is_some() {
        env.db.poll_at(&connection.id, Timestamp::UNIX_EPOCH).await?;
        works_again(env, &connection).await?;
    }
    connection.state = state;
    Ok(Json(Shown::of(env, &connection).await?))
}

/// `PUT /v1/connections/{connection}/credentials`: replaces the secrets. A new signing secret goes in front of the
/// one before it, which stays good until the next replacement.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `other_kind`, `other_account`, `unavailable`.
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
    if secrets.account(&connection.address) != account.credentials.account(&connection.address) {
        return Err(OTHER_ACCOUNT.into());
    }
    secrets.keep_previous(&account.credentials);
    connection.credentials = connect::seal(&env, &connection.id, &secrets).await?;
    connection.state = ConnectionState::Active;
    env.db.save_connection(&connection).await?;
    env.db.forget_token(&connection.id).await?;
    connect::agreed(&env, &connection, &secrets).await?;
    works_again(&env, &connection).await?;
    Ok(Json(Shown::of(&env, &connection).await?))
}

/// How a channel calls our warehouses.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ConnectionPlaces")]
#[serde(deny_unknown_fields)]
pub struct Places {
    /// The channel's place for each warehouse: a Shopify location (`gid://shopify/Location/…`) or a Magento source code.
    /// Several warehouses may be one place; one without a place is not sold from there. None at all: the stock of every
    /// warehouse is told as one.
    pub places: BTreeMap<WarehouseId, String>,
}

/// `PUT /v1/connections/{connection}/places`: maps warehouses to the channel's places and tells each its stock.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `no_places`, `invalid_field`, `unavailable`.
pub async fn places(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
    wanted: Result<Told<Places>, Stop>,
) -> Result<Json<Shown>, Stop> {
    let mut connection = own(&env, &caller, &id, Action::ManageConnections).await?;
    let Told(Places { places }) = wanted?;
    if !matches!(connection.kind, Kind::Shopify | Kind::Magento) {
        return Err(NO_PLACES.into());
    }
    let merchant = env.db.merchant(&connection.merchant).await?.ok_or(NO_MERCHANT)?;
    for (warehouse, name) in &places {
        let pointer = format!("/places/{warehouse}");
        if merchant.warehouses.iter().all(|known| known.id != *warehouse) {
            return Err(Misplaced { pointer, must: "a warehouse of this merchant" }.into());
        }
        if name.is_empty() || name.len() > 128 || name.chars().any(char::is_control) {
            return Err(Misplaced { pointer, must: "the channel's name of the place, 1 to 128 bytes" }.into());
        }
    }
    env.db.save_places_of(&connection.id, &places).await?;
    connection.places = places;
    wake::channels_of_everything(&env, &connection.merchant).await?;
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
            Clock::start(request::Kind::Erasure, Asker::Person, now),
            Scope::Connection { connection: connection.id.clone() },
            caller.actor().to_owned(),
        );
        env.db.save_request(&request).await?;
        let work = Work::Request { merchant: request.merchant, request: request.id, at: now };
        env.queues.send(Queue::Erase, &[work], 0).await?;
    }
    env.db.forget_token(&connection.id).await?;
    if connection.kind == Kind::Ebay {
        env.db.end_consent(&connection.merchant, &connection.id).await?;
    }
    Ok((StatusCode::ACCEPTED, Json(Shown::of(&env, &connection).await?)))
}
