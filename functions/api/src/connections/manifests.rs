//! `/v1/connections/{connection}/manifests`: the day's hand-over to a carrier, and its document for the driver.
//!
//! The shipper asks the carrier; here the seller says that it shall, and sees how far it is. The document lists parcels
//! and no addresses, so it needs no purpose.

use super::own;
use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::movements::exists;
use axum::Json;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::{StatusCode, header};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::manifest::{Manifest, Progress};
use waybill_domain::{ManifestId, WarehouseId};
use waybill_http::Fresh;
use waybill_runtime::problem::Problem;
use waybill_store::registry::{ConnectionState, Kind};
use waybill_store::{Queue, StoreError, Work};

const NO_MANIFESTS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_manifests",
    "This account makes no manifests here: only Click & Drop accounts that are in use do. Nothing was done.",
);
const SWEEPS_ACCOUNT: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "sweeps_account",
    "A manifest hands over every parcel of the account that has a label, also those made by hand on the carrier's \
     site, and none of them can be voided after it. Send `\"sweeps_account\": true` to say that this is meant.",
);
const BAD_CARRIER_NAME: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_carrier_name",
    "The carrier's name is 1 to 50 characters, as the account lists it, such as `Royal Mail OBA`.",
);
const NO_DOCUMENT: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "no_document",
    "There is no document: the manifest is not done, or older than 35 days. The carrier's site keeps it, too.",
);

/// What is to be handed over.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ManifestBody")]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    /// Whose parcels are handed over. The account's other parcels go with them.
    warehouse: WarehouseId,
    /// The carrier as the account lists it (contracts/royal-mail, "Click & Drop: basics").
    carrier_name: String,
    /// The seller knows that every labelled parcel of the account is handed over.
    #[serde(default)]
    sweeps_account: bool,
}

/// How far a manifest is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "ManifestState")]
pub enum Stage {
    /// The carrier has not been asked yet.
    Planned,
    /// The carrier is asked.
    Asked,
    /// The carrier is making it.
    Working,
    /// The document is there.
    Done,
    /// The carrier made none; `code` says why.
    Refused,
    /// The carrier's answer was lost: look in the carrier's account. It is not asked again, because that could hand over
    /// parcels packed since.
    Uncertain,
}

/// A manifest.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Manifest")]
pub struct View {
    /// Which.
    id: ManifestId,
    /// For which warehouse.
    warehouse: WarehouseId,
    /// The carrier as the account lists it.
    carrier_name: String,
    /// When the seller, and then the carrier, was asked.
    #[schemars(with = "waybill_domain::time::Moment")]
    asked_at: Timestamp,
    /// How far it is.
    state: Stage,
    /// The carrier's number of it.
    #[serde(skip_serializing_if = "Option::is_none")]
    number: Option<u64>,
    /// Why the carrier made none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<String>,
}

/// The manifests of an account.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Manifests")]
pub struct All {
    /// The latest first.
    manifests: Vec<View>,
}

impl From<Manifest> for View {
    fn from(manifest: Manifest) -> Self {
        let (state, number, code) = match manifest.progress {
            Progress::Planned => (Stage::Planned, None, None),
            Progress::Asked => (Stage::Asked, None, None),
            Progress::Working { number } => (Stage::Working, Some(number), None),
            Progress::Done { number } => (Stage::Done, Some(number), None),
            Progress::Refused { code } => (Stage::Refused, None, Some(code)),
            Progress::Uncertain => (Stage::Uncertain, None, None),
        };
        let Manifest { id, warehouse, carrier_name, asked_at, .. } = manifest;
        Self { id, warehouse, carrier_name, asked_at, state, number, code }
    }
}

/// `POST …/manifests`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_body`, `sweeps_account`, `bad_carrier_name`, `bad_place`,
/// `no_manifests`, `unavailable`.
pub async fn make(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
    fresh: Fresh,
    wanted: Result<Told<Wanted>, Stop>,
) -> Result<(StatusCode, Json<View>), Stop> {
    let connection = own(&env, &caller, &id, Action::HandOver).await?;
    let Told(Wanted { warehouse, carrier_name, sweeps_account }) = wanted?;
    if !sweeps_account {
        return Err(SWEEPS_ACCOUNT.into());
    }
    if !(1..=50).contains(&carrier_name.chars().count()) {
        return Err(BAD_CARRIER_NAME.into());
    }
    if connection.kind != Kind::RoyalMail || connection.state != ConnectionState::Active {
        return Err(NO_MANIFESTS.into());
    }
    exists(&env, &connection.merchant, &warehouse).await?;
    let (connection, merchant, at) = (connection.id, connection.merchant, env.clock.read());
    let manifest = Manifest {
        id: ManifestId::from_suffix(&fresh.suffix()?).map_err(|_| StoreError::Corrupt("id"))?,
        merchant: merchant.clone(),
        connection: connection.clone(),
        warehouse: warehouse.clone(),
        carrier_name: carrier_name.clone(),
        asked_at: at,
        progress: Progress::Planned,
    };
    match env.db.claim_manifest(&manifest).await {
        // Asked for before under the same key, and the carrier has been asked since: how far it is counts.
        Err(StoreError::Condition { .. }) => {
            let held = env.db.manifest(&connection, &manifest.id).await?.ok_or(NOT_FOUND)?;
            return Ok((StatusCode::ACCEPTED, Json(View::from(held))));
        }
        stored => stored?,
    }
    let id = manifest.id.clone();
    let work = Work::Manifest { manifest: id, merchant, connection, warehouse, carrier_name, at };
    env.queues.send(Queue::Book, &[work], 0).await?;
    tracing::info!(manifest = %manifest.id, by = caller.actor(), "a hand-over is asked for");
    Ok((StatusCode::ACCEPTED, Json(View::from(manifest))))
}

/// `GET …/manifests`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn list(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(id): Path<String>,
) -> Result<Json<All>, Stop> {
    let connection = own(&env, &caller, &id, Action::ReadStock).await?;
    let mut manifests = env.db.manifests(&connection.id).await?;
    manifests.sort_by_key(|manifest| std::cmp::Reverse((manifest.asked_at, manifest.id.clone())));
    Ok(Json(All { manifests: manifests.into_iter().map(View::from).collect() }))
}

async fn find(
    env: &Env,
    caller: &Caller,
    (connection, manifest): (String, String),
) -> Result<Manifest, Stop> {
    let connection = own(env, caller, &connection, Action::ReadStock).await?;
    let id: ManifestId = manifest.parse().map_err(|_| NOT_FOUND)?;
    Ok(env.db.manifest(&connection.id, &id).await?.ok_or(NOT_FOUND)?)
}

/// `GET …/manifests/{manifest}`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(named): Path<(String, String)>,
) -> Result<Json<View>, Stop> {
    Ok(Json(View::from(find(&env, &caller, named).await?)))
}

/// `GET …/manifests/{manifest}/document`.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `no_document`, `unavailable`.
pub async fn document(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Path(named): Path<(String, String)>,
) -> Result<impl IntoResponse, Stop> {
    let manifest = find(&env, &caller, named).await?;
    if !matches!(manifest.progress, Progress::Done { .. }) {
        return Err(NO_DOCUMENT.into());
    }
    let document = env.documents.get(&manifest.document()).await?.ok_or(NO_DOCUMENT)?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], document))
}
