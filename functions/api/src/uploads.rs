//! Whole files: `POST /v1/uploads/{upload}?kind=skus&mode=skip_bad&dry_run=true` takes CSV, `GET` tells how far it is,
//! `GET /v1/exports/{kind}` gives CSV. One call works as long as its time allows; the same upload again goes on.

use crate::Env;
use crate::answer::{BAD_BODY, BAD_QUERY, BAD_REFERENCE, NOT_FOUND, OTHER_CONTENT, Stop};
use crate::caller::Caller;
use crate::wake;
use axum::Json;
use axum::body::{Bytes, to_bytes};
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, Request, State};
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Response, StatusCode};
use schemars::JsonSchema;
use serde::Deserialize;
use std::io::Cursor;
use std::sync::Arc;
use std::time::{Duration, Instant};
use waybill_bulk::export::{Scope, export};
use waybill_bulk::{Ask, BulkError, Kind, Mode, changed, import};
use waybill_domain::access::Action;
use waybill_domain::stock::is_reference;
use waybill_domain::{ConnectionId, MerchantId, WarehouseId};
use waybill_runtime::problem::Problem;
use waybill_store::uploads::Upload;

/// The largest file: what one event of the function carries.
const LARGEST: usize = 5 * 1024 * 1024;
/// How long one call writes: well within the function's time-out.
const LONGEST: Duration = Duration::from_secs(6);

const BAD_FILE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_file",
    "The file cannot be read: send comma-separated text in UTF-8 with the columns of its kind in the first line.",
);
const TOO_LARGE: Problem = Problem::new(
    StatusCode::PAYLOAD_TOO_LARGE,
    "too_large",
    "A file may have 5 MB here: cut it in several, each with its own name.",
);

/// The query of an upload.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "UploadQuery")]
pub struct Asked {
    /// What its rows are.
    #[schemars(with = "Kind")]
    kind: String,
    /// What becomes of the good rows when some are bad.
    mode: Mode,
    /// Only look; nothing is written.
    #[serde(default)]
    dry_run: bool,
}

/// Warehouses that exist.
async fn warehouses(env: &Env, merchant: &MerchantId) -> Result<Vec<WarehouseId>, Stop> {
    let registry = env.db.merchant(merchant).await?.map(|m| m.candidates()).unwrap_or_default();
    Ok(env.db.places(merchant).await?.warehouses(&registry))
}

/// Who may send files of a kind: a stock take books differences of any size, so it takes who may approve them.
fn needs(kind: Kind) -> Action {
    match kind {
        Kind::StockTakes => Action::ApproveCount,
        Kind::Bins => Action::KeepPlaces,
        Kind::Skus | Kind::Bundles | Kind::Mappings => Action::KeepCatalogue,
    }
}

/// Takes a file.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_query`, `bad_reference`, `bad_file`, `too_large`, `other_content`,
/// `unavailable`.
pub async fn send(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
    request: Request,
) -> Result<Json<Upload>, Stop> {
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let kind: Kind = asked.kind.parse().map_err(|()| BAD_QUERY)?;
    let merchant = caller.may(&env, needs(kind))?;
    let id = path.ok().map(|Path(id)| id).filter(|id| is_reference(id)).ok_or(BAD_REFERENCE)?;
    let body: Bytes = to_bytes(request.into_body(), LARGEST).await.map_err(|_| TOO_LARGE)?;
    if body.is_empty() {
        return Err(BAD_BODY.into());
    }
    let warehouses = warehouses(&env, merchant).await?;
    let ask = Ask {
        id: &id,
        kind,
        mode: asked.mode,
        dry_run: asked.dry_run,
        merchant,
        warehouses: &warehouses,
        actor: caller.actor(),
        at: env.clock.read(),
    };
    let began = Instant::now();
    let before = env.db.upload(merchant, &id).await?.map_or(0, |upload| upload.line);
    let done = import(&env.db, &ask, || Ok(Cursor::new(body.clone())), |_| began.elapsed() < LONGEST).await;
    let done = done.map_err(told)?;
    if done.line > before {
        let changed = changed(kind, Cursor::new(body), before, done.line).map_err(told)?;
        if kind == Kind::StockTakes {
            wake::backorders_of(&env, merchant, &changed.told).await?;
        }
        env.pushes.announce(merchant, changed.told, env.clock.read()).await?;
        wake::unmapped(&env, merchant, &changed.known).await?;
    }
    Ok(Json(done))
}

fn told(error: BulkError) -> Stop {
    match error {
        BulkError::Read | BulkError::Column(_) => BAD_FILE.into(),
        BulkError::OtherContent => OTHER_CONTENT.into(),
        BulkError::Store(error) => error.into(),
    }
}

/// Tells how far an upload is.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Upload>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let id = path.ok().map(|Path(id)| id).filter(|id| is_reference(id)).ok_or(NOT_FOUND)?;
    env.db.upload(merchant, &id).await?.map(Json).ok_or_else(|| NOT_FOUND.into())
}

/// The query of an export: mappings are those of one connection.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ExportQuery")]
pub struct Wanted {
    /// Whose mappings.
    connection: Option<ConnectionId>,
}

/// Gives everything of a kind.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_query`, `too_large`, `unavailable`.
pub async fn give(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    wanted: Result<Query<Wanted>, QueryRejection>,
) -> Result<Response<axum::body::Body>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let kind: Kind = path.ok().and_then(|Path(kind)| kind.parse().ok()).ok_or(NOT_FOUND)?;
    let Query(wanted) = wanted.map_err(|_| BAD_QUERY)?;
    let connections: Vec<ConnectionId> = wanted.connection.into_iter().collect();
    let warehouses = warehouses(&env, merchant).await?;
    let scope = Scope { merchant, warehouses: &warehouses, connections: &connections };
    let mut file = Bounded(Vec::new());
    match export(&env.db, kind, &scope, &mut file).await {
        Ok(_) => {}
        Err(BulkError::Store(error)) => return Err(error.into()),
        Err(_) => return Err(TOO_LARGE.into()),
    }
    let mut response = Response::new(axum::body::Body::from(file.0));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/csv; charset=utf-8"));
    Ok(response)
}

/// Takes as much as one answer carries.
struct Bounded(Vec<u8>);

impl std::io::Write for Bounded {
    fn write(&mut self, piece: &[u8]) -> std::io::Result<usize> {
        if self.0.len() + piece.len() > LARGEST {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        }
        self.0.extend_from_slice(piece);
        Ok(piece.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}
