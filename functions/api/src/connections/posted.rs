//! Shops that post their keys instead of sending a code along: WooCommerce makes keys for us when its owner agrees,
//! Magento hands over an integration's when it is activated. Neither post is signed (contracts/woocommerce and
//! contracts/magento, section 1): the one-time state in the address says whose it is, and is good once.

use super::Shown;
use super::authorise::{Application, BAD_STATE, Begun, DECLINED, key_of, random, service_of};
use super::connect::{Wanted, store};
use crate::Env;
use crate::answer::Stop;
use crate::console;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use http::header::ACCEPT;
use http::{HeaderMap, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_channels::magento::{self, WeightUnit, connect::Activation};
use waybill_channels::{Stamp, woocommerce};
use waybill_domain::ConnectionId;
use waybill_domain::time::after;
use waybill_http::Fresh;
use waybill_privacy::secret::Secret;
use waybill_runtime::outbound::Outbound;
use waybill_runtime::remote::exchange;
use waybill_store::StoreError;
use waybill_store::registry::Credentials;

/// How long the owner may take to come back after the shop has posted.
const BACK_WITHIN: SignedDuration = SignedDuration::from_mins(10);

/// The keys are kept.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "KeysTaken")]
pub struct Taken {
    /// Always.
    pub taken: bool,
}

/// What became of it, kept for the owner who comes back.
#[derive(Serialize, Deserialize)]
struct Became {
    connection: ConnectionId,
    status: u16,
}

fn key_of_back(state: &str) -> String {
    key_of(&format!("back|{state}"))
}

/// `POST /connect/{channel}/{state}`: the shop hands keys over. Any answer but 200 has a WooCommerce shop delete them.
///
/// # Errors
/// `bad_state`, `declined`, `connected`, `unavailable`.
pub async fn posted(
    State(env): State<Arc<Env>>,
    Path((_channel, state)): Path<(String, String)>,
    body: Bytes,
) -> Result<Json<Taken>, Stop> {
    let now = env.clock.read();
    let key = key_of(&state);
    let sealed = env.db.take_authorisation(&key, now).await?.ok_or(BAD_STATE)?;
    let plain = env.vault.open(&key, &sealed).await?;
    let begun: Begun = serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("authorisation"))?;
    let (address, redirect, credentials) = match begun.application {
        Application::WooCommerce { address, redirect } => {
            let granted = woocommerce::connect::read_callback(&body).map_err(|_| DECLINED)?;
            if !granted.answers(&Secret::new(state.clone())) {
                return Err(BAD_STATE.into());
            }
            // Ours to choose; letters and digits only, because shops change other signs before they sign.
            let secrets = vec![random()?];
            let (key, secret) = (granted.key.expose().to_owned(), granted.secret.expose().to_owned());
            (address, redirect, Credentials::WooCommerce { secrets, key, secret })
        }
        Application::Magento { address, redirect, .. } => {
            let given = magento::connect::read_activation(&body).map_err(|_| DECLINED)?;
            let credentials = integration(env.channels.outbound.as_ref(), &address, &given, now).await?;
            (address, redirect, credentials)
        }
        Application::Shopify { .. } | Application::Amazon { .. } | Application::Ebay { .. } => {
            return Err(BAD_STATE.into());
        }
    };
    let wanted = Wanted {
        address,
        tracking_address: None,
        token_address: None,
        places: BTreeMap::new(),
        deliver_to: service_of(&redirect),
        credentials,
    };
    let (status, connection) = store(&env, &begun.merchant, &Fresh::default(), wanted).await?;
    let became = Became { connection: connection.id, status: status.as_u16() };
    let plain = serde_json::to_vec(&became).map_err(|_| StoreError::Corrupt("authorisation"))?;
    let back = key_of_back(&state);
    let sealed = env.vault.seal(&back, &plain).await?;
    env.db.begin_authorisation(&back, sealed, after(now, BACK_WITHIN)).await?;
    Ok(Json(Taken { taken: true }))
}

/// The handshake of an integration: its key and verifier for a token that lasts, then in what the shop weighs.
async fn integration(
    out: &dyn Outbound,
    address: &str,
    given: &Activation,
    now: Timestamp,
) -> Result<Credentials, Stop> {
    // Whoever posts, only the shop whose owner began is asked.
    let is_ours = address.strip_prefix(given.store.as_str()).is_some_and(|rest| rest.starts_with("/rest/"));
    if !is_ours {
        return Err(DECLINED.into());
    }
    let stamp = || Ok::<_, Stop>(Stamp { now, nonce: random()? });
    let request = magento::connect::build_request_token(given, &stamp()?);
    let first = exchange(out, request, magento::connect::read_pair).await.map_err(|_| DECLINED)?;
    let request = magento::connect::build_access_token(given, &first, &stamp()?);
    let lasting = exchange(out, request, magento::connect::read_pair).await.map_err(|_| DECLINED)?;
    let shop = magento::Shop {
        base: address.to_owned(),
        access: magento::connect::access(given, &lasting),
        weight: WeightUnit::Kilograms,
    };
    let request = magento::connect::build_weight_unit(&shop, &stamp()?);
    let unit = exchange(out, request, magento::connect::read_weight_unit).await.map_err(|_| DECLINED)?;
    Ok(Credentials::Magento {
        consumer_key: given.consumer_key.clone(),
        consumer_secret: given.consumer_secret.expose().to_owned(),
        token: lasting.token.expose().to_owned(),
        token_secret: lasting.secret.expose().to_owned(),
        pounds: unit == WeightUnit::Pounds,
        events_client: None,
    })
}

/// `GET /connect/{channel}/{state}`: the owner comes back after the shop has posted. A browser gets a page.
///
/// # Errors
/// `bad_state`, `declined`, `unavailable`.
pub async fn back(
    State(env): State<Arc<Env>>,
    Path((_channel, state)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let accepts = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let came = came(&env, &state, &query.unwrap_or_default()).await;
    if accepts.contains("text/html") { console::came_back(came) } else { came.into_response() }
}

async fn came(env: &Env, state: &str, query: &str) -> Result<(StatusCode, Json<Shown>), Stop> {
    let now = env.clock.read();
    let key = key_of_back(state);
    let Some(sealed) = env.db.take_authorisation(&key, now).await? else {
        // The owner said no: the state is of no more use to anybody.
        if query.split('&').any(|pair| pair == "success=0") {
            env.db.take_authorisation(&key_of(state), now).await?;
        }
        return Err(DECLINED.into());
    };
    let plain = env.vault.open(&key, &sealed).await?;
    let became: Became = serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("authorisation"))?;
    let connection = env.db.connection(&became.connection).await?.ok_or(BAD_STATE)?;
    let status = StatusCode::from_u16(became.status).unwrap_or(StatusCode::OK);
    Ok((status, Json(Shown::of(env, &connection).await?)))
}
