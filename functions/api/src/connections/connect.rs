//! `POST /v1/connections`: connects an account whose credentials the merchant has at hand.

use super::Shown;
use super::act::works_again;
use crate::Env;
use crate::answer::{NO_MERCHANT, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::State;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::{ConnectionId, MerchantId, WarehouseId};
use waybill_http::Fresh;
use waybill_runtime::outbound::may_go;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;
use waybill_store::consent::Consent;
use waybill_store::deliveries::Deliveries;
use waybill_store::registry::{Connection, ConnectionState, Credentials, Kind};

const BAD_ADDRESS: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_address",
    "The address must be public HTTPS, with a name and not a number, and without a slash at the end.",
);

/// An account to connect.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ConnectionBody")]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Address of its API, without a slash at the end.
    pub address: String,
    /// Address of its tracking API, where that is another.
    pub tracking_address: Option<String>,
    /// Address that gives its tokens, where that is another.
    pub token_address: Option<String>,
    /// How it calls our warehouses, where it knows places.
    #[serde(default)]
    pub places: BTreeMap<WarehouseId, String>,
    /// Where the channel reaches this service, without a slash at the end, `https://orders.example.com`. With it, Shopify
    /// and WooCommerce are told to send their deliveries there, and again whenever they dropped them; without it a
    /// person registers the connection's `webhook_path` at the channel.
    pub deliver_to: Option<String>,
    /// Its secrets; their `kind` says what the account leads to.
    pub credentials: Credentials,
}

/// Answers with the new connection, or with the one that the account had and that is used again: the same id, so that
/// what was taken or erased through it stays known.
///
/// # Errors
/// `no_access`, `not_allowed`, `no_merchant`, `bad_body`, `bad_address`, `connected`, `unavailable`.
pub async fn connect(
    State(env): State<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    wanted: Result<Told<Wanted>, Stop>,
) -> Result<(StatusCode, Json<Shown>), Stop> {
    let merchant = caller.may(&env, Action::ManageConnections)?.clone();
    let Told(wanted) = wanted?;
    let (status, connection) = store(&env, &merchant, &fresh, wanted).await?;
    Ok((status, Json(Shown::of(&env, &connection).await?)))
}

/// Stores a connection with its secrets sealed: a new one, or the one of an account that stopped working.
pub(super) async fn store(
    env: &Env,
    merchant: &MerchantId,
    fresh: &Fresh,
    mut wanted: Wanted,
) -> Result<(StatusCode, Connection), Stop> {
    // Without it nothing of the account could be opened again.
    env.db.merchant(merchant).await?.ok_or(NO_MERCHANT)?;
    let others = [&wanted.tracking_address, &wanted.token_address, &wanted.deliver_to];
    let addresses = others.into_iter().map(Option::as_ref).chain([Some(&wanted.address)]);
    let bad = |address: &&String| {
        let uri: Result<http::Uri, _> = address.parse();
        address.ends_with('/') || !uri.is_ok_and(|uri| may_go(&uri, env.egress))
    };
    if addresses.flatten().any(|a| bad(&a)) {
        return Err(BAD_ADDRESS.into());
    }
    let id = ConnectionId::from_suffix(fresh.suffix()?.get(..16).unwrap_or_default());
    let id = id.map_err(|_| StoreError::Corrupt("connection id"))?;
    let kind = wanted.credentials.kind();
    let account = wanted.credentials.account(&wanted.address);
    let before = match &account {
        Some(account) => connected(env, merchant, kind, account).await?,
        None => None,
    };
    let (status, id, places) = match before {
        // What this very request stored, when its answer was lost.
        Some((before, _)) if before.id == id => (StatusCode::CREATED, id, wanted.places),
        Some((before, secrets)) => {
            renewable(&before)?;
            wanted.credentials.keep_previous(&secrets);
            let places = if wanted.places.is_empty() { before.places } else { wanted.places };
            (StatusCode::OK, before.id, places)
        }
        None => (StatusCode::CREATED, id, wanted.places),
    };
    let connection = Connection {
        kind,
        credentials: seal(env, &id, &wanted.credentials).await?,
        id,
        merchant: merchant.clone(),
        state: ConnectionState::Active,
        address: wanted.address,
        tracking_address: wanted.tracking_address,
        token_address: wanted.token_address,
        keys_address: None,
        places,
    };
    match &account {
        // Two at the same moment: the second finds the first when it tries again.
        Some(account) => env.db.connect(&connection, account).await.map_err(|error| match error {
            StoreError::Condition { .. } => StoreError::Conflict,
            error => error,
        })?,
        None => env.db.save_connection(&connection).await?,
    }
    agreed(env, &connection, &wanted.credentials).await?;
    if let Some(service) = wanted.deliver_to {
        // The first reading, within a minute, sees to it.
        let deliveries =
            Deliveries { service: Some(service), ..env.db.channel_deliveries(&connection.id).await? };
        env.db.save_deliveries(&connection.id, &deliveries).await?;
    }
    if status == StatusCode::OK {
        env.db.forget_token(&connection.id).await?;
        works_again(env, &connection).await?;
    }
    tracing::info!(connection = %connection.id, kind = ?connection.kind, "connected");
    Ok((status, connection))
}

/// Keeps until when the account's owner has agreed, where that ends.
pub(super) async fn agreed(env: &Env, connection: &Connection, secrets: &Credentials) -> Result<(), Stop> {
    let Credentials::Ebay { refresh_until: Some(until), .. } = secrets else { return Ok(()) };
    let consent = Consent { connection: connection.id.clone(), until: *until };
    Ok(env.db.save_consent(&connection.merchant, &consent).await?)
}

/// The merchant's connection to an account of a channel, with its secrets.
pub(super) async fn connected(
    env: &Env,
    merchant: &MerchantId,
    kind: Kind,
    account: &str,
) -> Result<Option<(Connection, Credentials)>, Stop> {
    for (id, _) in env.db.connections(merchant).await?.into_iter().filter(|(_, one)| *one == kind) {
        let Some(connection) = env.db.connection(&id).await? else { continue };
        let plain = env.vault.open(id.as_str(), &connection.credentials).await?;
        let secrets: Credentials =
            serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("credentials"))?;
        if secrets.account(&connection.address).as_deref() == Some(account) {
            return Ok(Some((connection, secrets)));
        }
    }
    Ok(None)
}

/// One that works is not connected a second time, nor are its secrets replaced in passing.
pub(super) fn renewable(connection: &Connection) -> Result<(), Stop> {
    match connection.state {
        ConnectionState::Refused | ConnectionState::Disconnected => Ok(()),
        ConnectionState::Active | ConnectionState::Paused => Err(Stop::Connected(connection.id.clone())),
    }
}

/// Seals secrets for one connection.
pub(super) async fn seal(env: &Env, id: &ConnectionId, secrets: &Credentials) -> Result<Vec<u8>, Stop> {
    let plain = serde_json::to_vec(secrets).map(zeroize::Zeroizing::new);
    let plain = plain.map_err(|_| StoreError::Corrupt("credentials"))?;
    Ok(env.vault.seal(id.as_str(), &plain).await?)
}
