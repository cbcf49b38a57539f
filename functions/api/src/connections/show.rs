//! What is shown of a connection: its kind, its state, its health; no secret and no part of one.

use super::own;
use crate::Env;
use crate::answer::Stop;
use crate::caller::Caller;
use axum::Json;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::{ConnectionId, WarehouseId};
use waybill_store::deliveries::{Deliveries, Stand};
use waybill_store::registry::{Connection, ConnectionState, Kind};

/// A connection.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Connection")]
pub struct Shown {
    /// Which.
    pub id: ConnectionId,
    /// What it leads to.
    pub kind: Kind,
    /// May it be used.
    pub state: ConnectionState,
    /// What to do next, when it may not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
    /// Kinds of calls that the channel gives it no right to; all else goes on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub stopped: Vec<Stopped>,
    /// Address of its API.
    pub address: String,
    /// How it calls our warehouses, where it knows places.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub places: BTreeMap<WarehouseId, String>,
    /// Where the channel must send its deliveries.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub webhook_path: Option<String>,
    /// How those stand, once they were looked after: on connecting, and daily.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deliveries: Option<Sent>,
    /// Everything changed before this was read from the channel.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub read_until: Option<Timestamp>,
    /// When its present token ends, where it has one that does.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub token_until: Option<Timestamp>,
    /// When the account's owner must have agreed anew, where what they agreed to ends; `advice` says so 30 days before.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub agreed_until: Option<Timestamp>,
}

/// What a channel sends by itself.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ChannelDeliveries")]
pub struct Sent {
    /// How they stand.
    pub stand: Stand,
    /// When they were looked after.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub looked_at: Timestamp,
    /// When some were last registered or switched on again. What was not sent before that was read instead.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub mended_at: Option<Timestamp>,
    /// What to do next, when they do not come.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub advice: Option<&'static str>,
}

impl Sent {
    fn of(deliveries: &Deliveries, kind: Kind) -> Option<Self> {
        let (stand, looked_at) = (deliveries.stand?, deliveries.looked_at?);
        let advice = match stand {
            Stand::On => None,
            Stand::Paused => Some("Somebody paused deliveries at the channel: switch them on there."),
            // What Amazon tells goes to a queue, one for each seller and application.
            Stand::Missing if kind == Kind::Amazon => Some(
                "Another installation of this application is told of this seller's changes: end its subscription at Amazon; orders are read meanwhile.",
            ),
            Stand::Missing => Some(
                "Nothing is registered through the channel's API: register `webhook_path` there, unless the app's own configuration does.",
            ),
            Stand::Unknown => {
                Some("Give our application the right to manage deliveries there; orders are read meanwhile.")
            }
        };
        Some(Self { stand, looked_at, mended_at: deliveries.mended_at, advice })
    }
}

/// A kind of call that a connection has no right to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StoppedCalls")]
pub struct Stopped {
    /// `write_back` (tracking is not told) or `stock` (stock is not told).
    pub operation: String,
    /// When it is tried again by itself.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub until: Timestamp,
    /// What to do next.
    pub advice: &'static str,
}

impl Stopped {
    fn of((operation, until): (String, Timestamp)) -> Self {
        let advice =
            "Give our application this right at the channel, then resume the connection: nothing is lost.";
        Self { operation, until, advice }
    }
}

impl Shown {
    pub(super) async fn of(env: &Env, connection: &Connection) -> Result<Self, Stop> {
        let cursor = env.db.cursor(&connection.id).await?;
        let token = env.db.token(&connection.id).await?;
        let channel = connection.kind.channel();
        let deliveries = match channel {
            Some(_) => Sent::of(&env.db.channel_deliveries(&connection.id).await?, connection.kind),
            None => None,
        };
        let now = env.clock.read();
        let stopped = env.db.stopped_operations(&connection.id, now).await?;
        let consent = match connection.kind {
            Kind::Ebay => env.db.consents(&connection.merchant).await?,
            _ => Vec::new(),
        };
        let consent = consent.into_iter().find(|one| one.connection == connection.id);
        Ok(Self {
            id: connection.id.clone(),
            kind: connection.kind,
            state: connection.state,
            advice: match connection.state {
                ConnectionState::Active if consent.as_ref().is_some_and(|one| one.ends_soon(now)) => Some(
                    "What the account's owner agreed to ends soon: disconnect nothing, authorise it again.",
                ),
                ConnectionState::Active => None,
                ConnectionState::Refused => {
                    Some("The account refused its credentials: replace them, or authorise it again.")
                }
                ConnectionState::Paused => Some("Resume it when it is to be used again."),
                ConnectionState::Disconnected => Some("Connect the account again to use it."),
            },
            stopped: stopped.into_iter().map(Stopped::of).collect(),
            address: connection.address.clone(),
            places: connection.places.clone(),
            webhook_path: channel.map(|c| format!("/webhooks/{}/{}", c.as_str(), connection.id)),
            deliveries,
            read_until: cursor.map(|c| c.until),
            token_until: token.map(|t| t.expires_at),
            agreed_until: consent.map(|one| one.until),
        })
    }
}

/// All of a merchant's.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Connections")]
pub struct All {
    /// By id.
    pub connections: Vec<Shown>,
}

/// `GET /v1/connections`.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<All>, Stop> {
    let merchant = caller.may(&env, Action::ReadConnections)?;
    let mut connections = Vec::new();
    for (id, _) in env.db.connections(merchant).await? {
        if let Some(connection) = env.db.connection(&id).await? {
            connections.push(Shown::of(&env, &connection).await?);
        }
    }
    Ok(Json(All { connections }))
}

/// `GET /v1/connections/{connection}`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<Shown>, Stop> {
    let connection = own(&env, &caller, &id, Action::ReadConnections).await?;
    Ok(Json(Shown::of(&env, &connection).await?))
}
