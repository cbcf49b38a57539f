//! Connecting an account whose owner agrees on the channel's own page: away with a one-time state, back with a code.
//! What shops post instead of a code is in [`super::posted`].
//!
//! What is kept meanwhile is sealed and found by a digest of the state, so the state itself is nowhere but in the
//! merchant's browser; it is good once, for ten minutes.

use super::Shown;
use super::connect::{Wanted, connected, renewable, store};
use crate::Env;
use crate::answer::{BAD_BODY, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::console;
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use axum::Json;
use axum::body::Body;
use axum::extract::{Path, RawQuery, State};
use axum::response::IntoResponse;
use http::header::ACCEPT;
use http::{HeaderMap, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_channels::{Stamp, amazon, ebay, shopify, woocommerce};
use waybill_domain::MerchantId;
use waybill_domain::access::Action;
use waybill_domain::time::after;
use waybill_http::{Fresh, SECRET};
use waybill_privacy::secret::Secret;
use waybill_runtime::problem::Problem;
use waybill_runtime::remote::exchange;
use waybill_store::StoreError;
use waybill_store::registry::{Credentials, Kind, account_of_keyset, account_of_shop};

/// How long the merchant may take.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(10);
/// Where they have to fill in a form of the channel's meanwhile.
const GOOD_FOR_FORMS: SignedDuration = SignedDuration::from_hours(1);
/// As the shop's owner sees us named.
const OUR_NAME: &str = "Waybill";

pub(super) const BAD_STATE: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "bad_state",
    "This way back was used before, took too long or was not begun here; begin again.",
);
pub(super) const DECLINED: Problem = Problem::new(
    StatusCode::FORBIDDEN,
    "declined",
    "The account's owner did not agree, or the code ended; begin again.",
);

/// An application of the merchant's at a channel, with where the account is.
#[derive(Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Application {
    /// A Shopify app in one shop.
    Shopify {
        /// `https://{shop}`.
        address: String,
        /// The app's client id.
        client_id: String,
        /// The app's client secret; signs webhooks too.
        client_secret: String,
        /// Where the shop sends the merchant back to: this service's `/connect/shopify`.
        redirect: String,
    },
    /// A WooCommerce shop, which makes keys for us.
    #[serde(rename = "woocommerce")]
    WooCommerce {
        /// `https://{shop}`.
        address: String,
        /// Where the shop posts its keys and sends its owner back to: this service's `/connect/woocommerce`, https.
        redirect: String,
    },
    /// A Magento integration, which its owner makes and activates in the shop's admin.
    Magento {
        /// Of its REST API: `https://{shop}/rest/all`.
        address: String,
        /// The shop's admin, where integrations are made.
        consent_address: String,
        /// Where the shop posts the integration's keys and sends its owner back to: this service's `/connect/magento`.
        redirect: String,
    },
    /// An Amazon application.
    Amazon {
        /// Of the Selling Partner API.
        address: String,
        /// Of Login with Amazon.
        token_address: String,
        /// Seller Central, where the seller agrees.
        consent_address: String,
        /// The application's id there.
        application_id: String,
        /// The client id.
        client_id: String,
        /// The client secret.
        client_secret: String,
        /// The marketplace sold on.
        marketplace_id: String,
        /// Where the seller comes back to: this service's `/connect/amazon`.
        redirect: String,
    },
    /// An eBay keyset.
    Ebay {
        /// Of eBay's APIs.
        address: String,
        /// Where the seller agrees.
        consent_address: String,
        /// The client id.
        client_id: String,
        /// The client secret.
        client_secret: String,
        /// The redirect's name at eBay ("RuName"), set to this service's `/connect/ebay`.
        redirect_name: String,
        /// Answers eBay's challenge; 32 to 80 letters, digits, `_` and `-`.
        verification_token: String,
    },
}

/// Where to go.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Consent")]
pub struct Away {
    /// Open this in the browser of the account's owner.
    pub address: String,
    /// Enter this there as the callback and as the identity link of a new integration, then activate it. It is good
    /// once.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub callback: Option<String>,
    /// Until when they may come back.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub until: Timestamp,
}

/// What is kept while the owner is away.
#[derive(Serialize, Deserialize)]
pub(super) struct Begun {
    pub(super) merchant: MerchantId,
    pub(super) application: Application,
    pub(super) state: String,
}

/// `POST /v1/connections/authorise`.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `connected`, `unavailable`.
pub async fn begin(
    State(env): State<Arc<Env>>,
    caller: Caller,
    application: Result<Told<Application>, Stop>,
) -> Result<([(http::HeaderName, &'static str); 1], Json<Away>), Stop> {
    let merchant = caller.may(&env, Action::ManageConnections)?.clone();
    let Told(application) = application?;
    // Before anybody agrees: a second grant can end the first. Which seller of Amazon's it is shows on the way back.
    if let Some((kind, account)) = account(&application)
        && let Some((connection, _)) = connected(&env, &merchant, kind, &account).await?
    {
        renewable(&connection)?;
    }
    let state = random()?;
    let address = address(&application, &state).ok_or(BAD_BODY)?;
    let (callback, good_for) = match &application {
        Application::Magento { redirect, .. } => (Some(way_back(redirect, &state)), GOOD_FOR_FORMS),
        _ => (None, GOOD_FOR),
    };
    let until = after(env.clock.read(), good_for);
    let key = key_of(&state);
    let begun = Begun { merchant, application, state };
    let plain = serde_json::to_vec(&begun).map(zeroize::Zeroizing::new);
    let plain = plain.map_err(|_| StoreError::Corrupt("authorisation"))?;
    let sealed = env.vault.seal(&key, &plain).await?;
    env.db.begin_authorisation(&key, sealed, until).await?;
    // The state in the address is good once: it is kept nowhere on its way.
    Ok(([(http::header::CACHE_CONTROL, SECRET)], Json(Away { address, callback, until })))
}

/// A secret that nobody can guess: 64 letters and digits.
pub(super) fn random() -> Result<String, Stop> {
    let mut bytes = [0u8; 32];
    rand::fill(&mut bytes).map_err(|_| StoreError::Unavailable("randomness".into()))?;
    Ok(hex::encode(bytes))
}

/// Where a shop posts to: in the path, because Magento writes a query of its own behind it. Access logs have routes and
/// no paths.
fn way_back(redirect: &str, state: &str) -> String {
    format!("{redirect}/{state}")
}

/// This service's address, which is where deliveries go, too: the way back is a route of it.
pub(super) fn service_of(redirect: &str) -> Option<String> {
    redirect.split_once("/connect/").map(|(service, _)| service.to_owned())
}

pub(super) fn key_of(state: &str) -> String {
    hex::encode(digest(&SHA256, state.as_bytes()).as_ref())
}

fn address(application: &Application, state: &str) -> Option<String> {
    match application {
        Application::Shopify { redirect, .. } => {
            Some(shopify::token::consent_address(&shopify_app(application)?, redirect, state))
        }
        Application::WooCommerce { address, redirect } => {
            let back = way_back(redirect, state);
            let ask = woocommerce::connect::Ask {
                base: address,
                app_name: OUR_NAME,
                once: &Secret::new(state.to_owned()),
                return_url: &back,
                callback_url: &back,
            };
            woocommerce::connect::authorisation(&ask).ok().map(|address| address.expose().to_owned())
        }
        Application::Magento { consent_address, .. } => Some(consent_address.clone()),
        Application::Amazon { consent_address, application_id, .. } => {
            let consent = amazon::connect::Consent {
                site: consent_address.clone(),
                application_id: application_id.clone(),
                draft: false,
            };
            amazon::connect::authorisation(&consent, state).ok().map(|uri| uri.to_string())
        }
        Application::Ebay { .. } => Some(ebay::token::consent_address(&ebay_app(application)?, state)),
    }
}

/// The account that is to be connected, where that is known before its owner agrees.
fn account(application: &Application) -> Option<(Kind, String)> {
    match application {
        Application::Shopify { address, .. } => Some((Kind::Shopify, account_of_shop(address))),
        Application::WooCommerce { address, .. } => Some((Kind::WooCommerce, account_of_shop(address))),
        Application::Magento { address, .. } => Some((Kind::Magento, account_of_shop(address))),
        Application::Amazon { .. } => None,
        Application::Ebay { address, client_id, .. } => {
            Some((Kind::Ebay, account_of_keyset(address, client_id)))
        }
    }
}

fn shopify_app(application: &Application) -> Option<shopify::token::Application> {
    let Application::Shopify { address, client_id, client_secret, .. } = application else { return None };
    Some(shopify::token::Application {
        base: address.clone(),
        client_id: client_id.clone(),
        client_secret: Secret::new(client_secret.clone()),
    })
}

fn ebay_app(application: &Application) -> Option<ebay::token::Application> {
    let Application::Ebay { address, consent_address, client_id, client_secret, redirect_name, .. } =
        application
    else {
        return None;
    };
    Some(ebay::token::Application {
        base: address.clone(),
        consent: consent_address.clone(),
        client_id: client_id.clone(),
        client_secret: Secret::new(client_secret.clone()),
        redirect: redirect_name.clone(),
    })
}

/// `GET /connect/{channel}`: the owner comes back. Whoever comes is known by the state alone. A browser gets a page.
///
/// # Errors
/// `bad_state`, `declined`, `unavailable`.
pub async fn back(
    State(env): State<Arc<Env>>,
    Path(_channel): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response<Body> {
    let accepts = headers.get(ACCEPT).and_then(|kinds| kinds.to_str().ok()).unwrap_or_default();
    let came = came(&env, &query.unwrap_or_default()).await;
    if accepts.contains("text/html") { console::came_back(came) } else { came.into_response() }
}

async fn came(env: &Env, query: &str) -> Result<(StatusCode, Json<Shown>), Stop> {
    let state = query.split('&').find_map(|pair| pair.strip_prefix("state=")).ok_or(BAD_STATE)?;
    let key = key_of(state);
    let now = env.clock.read();
    let sealed = env.db.take_authorisation(&key, now).await?.ok_or(BAD_STATE)?;
    let plain = env.vault.open(&key, &sealed).await?;
    let begun: Begun = serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("authorisation"))?;
    let wanted = granted(env, begun.application, query, &begun.state, now).await?;
    let (status, connection) = store(env, &begun.merchant, &Fresh::default(), wanted).await?;
    Ok((status, Json(Shown::of(env, &connection).await?)))
}

/// Trades the code for lasting credentials.
async fn granted(
    env: &Env,
    application: Application,
    query: &str,
    state: &str,
    now: Timestamp,
) -> Result<Wanted, Stop> {
    let stamp = Stamp { now, nonce: String::new() };
    let out = env.channels.outbound.as_ref();
    let lasting = |token: waybill_channels::token::Token| {
        token.refresh.map(|refresh| refresh.expose().to_owned()).ok_or(DECLINED)
    };
    let deliver_to = match &application {
        Application::Shopify { redirect, .. } => service_of(redirect),
        _ => None,
    };
    let (address, token_address, credentials) = match &application {
        Application::Shopify { address, client_secret, .. } => {
            let app = shopify_app(&application).ok_or(BAD_STATE)?;
            let pairs = form(query).ok_or(DECLINED)?;
            shopify::token::verify_redirect(&pairs, &app, &stamp).map_err(|_| DECLINED)?;
            let code = pairs.iter().find(|(name, _)| name == "code").map(|(_, value)| value);
            let request = shopify::token::build_exchange(&app, code.ok_or(DECLINED)?);
            let read = |r: &http::Response<Vec<u8>>| shopify::token::read_token(r, &stamp);
            let token = exchange(out, request, read).await.map_err(|_| DECLINED)?;
            let credentials = Credentials::Shopify {
                secrets: vec![client_secret.clone()],
                token: token.access.expose().to_owned(),
                client_id: Some(app.client_id),
                refresh_token: token.refresh.map(|refresh| refresh.expose().to_owned()),
            };
            (address.clone(), None, credentials)
        }
        // Those post, and their owners come back by another route.
        Application::WooCommerce { .. } | Application::Magento { .. } => return Err(BAD_STATE.into()),
        Application::Amazon {
            address,
            token_address,
            client_id,
            client_secret,
            marketplace_id,
            redirect,
            ..
        } => {
            let app = amazon::token::Application {
                auth: token_address.clone(),
                client_id: client_id.clone(),
                client_secret: Secret::new(client_secret.clone()),
            };
            let callback = amazon::connect::read_callback(query, state).map_err(|_| DECLINED)?;
            let request = amazon::connect::build_exchange(&app, &callback.code, redirect);
            let read = |r: &http::Response<Vec<u8>>| amazon::token::read_token(r, &stamp);
            let token = exchange(out, request, read).await.map_err(|_| DECLINED)?;
            let credentials = Credentials::Amazon {
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
                refresh_token: lasting(token)?,
                seller_id: callback.seller_id,
                marketplace_id: marketplace_id.clone(),
            };
            (address.clone(), Some(token_address.clone()), credentials)
        }
        Application::Ebay { address, client_id, client_secret, verification_token, .. } => {
            let app = ebay_app(&application).ok_or(BAD_STATE)?;
            let code = ebay::token::read_callback(query, state).map_err(|_| DECLINED)?;
            let request = ebay::token::build_exchange(&app, &code);
            let read = |r: &http::Response<Vec<u8>>| ebay::token::read_grant(r, &stamp);
            let grant = exchange(out, request, read).await.map_err(|_| DECLINED)?;
            let credentials = Credentials::Ebay {
                client_id: client_id.clone(),
                client_secret: client_secret.clone(),
                refresh_token: lasting(grant.token)?,
                verification_token: verification_token.clone(),
                refresh_until: grant.refresh_until,
            };
            (address.clone(), None, credentials)
        }
    };
    let (tracking_address, places) = (None, BTreeMap::new());
    Ok(Wanted { address, tracking_address, token_address, places, deliver_to, credentials })
}

/// The names and values of a query, decoded; `None` when it is none.
fn form(query: &str) -> Option<Vec<(String, String)>> {
    serde_urlencoded::from_str(query).ok()
}
