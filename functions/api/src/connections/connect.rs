//! `POST /v1/connections`: connects an account whose credentials the merchant has at hand.

use super::Shown;
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
use waybill_store::registry::{Connection, ConnectionState, Credentials};

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
    /// Its secrets; their `kind` says what the account leads to.
    pub credentials: Credentials,
}

/// Answers with the new connection.
///
/// # Errors
/// `no_access`, `not_allowed`, `no_merchant`, `bad_body`, `bad_address`, `unavailable`.
pub async fn connect(
    State(env): State<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    wanted: Result<Told<Wanted>, Stop>,
) -> Result<(StatusCode, Json<Shown>), Stop> {
    let merchant = caller.may(&env, Action::ManageConnections)?.clone();
    let Told(wanted) = wanted?;
    let connection = store(&env, &merchant, &fresh, wanted).await?;
    Ok((StatusCode::CREATED, Json(Shown::of(&env, &connection).await?)))
}

/// Stores a new connection with its secrets sealed.
pub(super) async fn store(
    env: &Env,
    merchant: &MerchantId,
    fresh: &Fresh,
    wanted: Wanted,
) -> Result<Connection, Stop> {
    // Without it nothing of the account could be opened again.
    env.db.merchant(merchant).await?.ok_or(NO_MERCHANT)?;
    let addresses = [Some(&wanted.address), wanted.tracking_address.as_ref(), wanted.token_address.as_ref()];
    let bad = |address: &&String| {
        let uri: Result<http::Uri, _> = address.parse();
        address.ends_with('/') || !uri.is_ok_and(|uri| may_go(&uri, env.egress))
    };
    if addresses.into_iter().flatten().any(|a| bad(&a)) {
        return Err(BAD_ADDRESS.into());
    }
    let id = ConnectionId::from_suffix(fresh.suffix()?.get(..16).unwrap_or_default());
    let id = id.map_err(|_| StoreError::Corrupt("connection id"))?;
    let connection = Connection {
        kind: wanted.credentials.kind(),
        credentials: seal(env, &id, &wanted.credentials).await?,
        id,
        merchant: merchant.clone(),
        state: ConnectionState::Active,
        address: wanted.address,
        tracking_address: wanted.tracking_address,
        token_address: wanted.token_address,
        keys_address: None,
        places: wanted.places,
    };
    env.db.save_connection(&connection).await?;
    tracing::info!(connection = %connection.id, kind = ?connection.kind, "connected");
    Ok(connection)
}

/// Seals secrets for one connection.
pub(super) async fn seal(env: &Env, id: &ConnectionId, secrets: &Credentials) -> Result<Vec<u8>, Stop> {
    let plain = serde_json::to_vec(secrets).map(zeroize::Zeroizing::new);
    let plain = plain.map_err(|_| StoreError::Corrupt("credentials"))?;
    Ok(env.vault.seal(id.as_str(), &plain).await?)
}
