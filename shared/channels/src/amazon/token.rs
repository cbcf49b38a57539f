//! Tokens of Login with Amazon: one hour each, against a refresh token that lasts (contract section 2).

use super::encode::segment;
use super::wire;
use crate::error::{CannotBuild, CannotRead, DEFAULT_WAIT, code};
use crate::lax::Lax;
use crate::stamp::Stamp;
pub use crate::token::Token;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::value::RawValue;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;

/// What a grantless token is for: destinations of notifications.
pub const NOTIFICATIONS: &str = "sellingpartnerapi::notifications";

/// How long a token lives when the reply does not say.
const LIFE: u32 = 3_600;

/// Our application at Login with Amazon.
#[derive(Debug, Clone)]
pub struct Application {
    /// `https://api.amazon.com`, or the sandbox's address of the account; no slash at the end.
    pub auth: String,
    /// The client id.
    pub client_id: String,
    /// The client secret.
    pub client_secret: Secret,
}

/// Asks for a seller's token of the hour.
///
/// # Errors
/// `CannotBuild` when the address is none.
pub fn build_refresh(application: &Application, refresh: &Secret) -> Result<Request<Vec<u8>>, CannotBuild> {
    form(application, &[("grant_type", "refresh_token"), ("refresh_token", refresh.expose())])
}

/// Asks for a token that belongs to no seller, for [`NOTIFICATIONS`].
///
/// # Errors
/// `CannotBuild` when the address is none.
pub fn build_grantless(application: &Application, scope: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    form(application, &[("grant_type", "client_credentials"), ("scope", scope)])
}

/// A form with our own credentials added.
pub(super) fn form(
    application: &Application,
    pairs: &[(&str, &str)],
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let own = [
        ("client_id", application.client_id.as_str()),
        ("client_secret", application.client_secret.expose()),
    ];
    let each = pairs.iter().chain(&own).map(|(name, value)| format!("{name}={}", segment(value)));
    let body = each.collect::<Vec<_>>().join("&");
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}/auth/o2/token", application.auth))
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(body.into_bytes())
        .map_err(|_| CannotBuild::Address)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Given {
    access_token: Lax<wire::Token>,
    refresh_token: Lax<wire::Token>,
    expires_in: Lax<u32>,
}

#[derive(Deserialize)]
struct Denied<'a> {
    #[serde(borrow)]
    error: Option<&'a RawValue>,
}

/// Reads what was given.
///
/// # Errors
/// `CannotRead::Connection` when the grant is refused. Its code `invalid_grant` says that the seller took the
/// permission back, or a year passed: stop calling, and erase what is held for the seller unless they connect
/// again. Any other code is about our own application.
pub fn read_token(reply: &Response<Vec<u8>>, stamp: &Stamp) -> Result<Token, CannotRead> {
    let status = reply.status().as_u16();
    match status {
        200..=299 => {}
        429 => return Err(CannotRead::Throttled { seconds: DEFAULT_WAIT }),
        408 | 500.. => return Err(CannotRead::Busy { code: format!("http_{status}") }),
        _ => return Err(refusal(reply.body())),
    }
    let given: Given = serde_json::from_slice(reply.body()).map_err(|_| CannotRead::Reply)?;
    let life = given.expires_in.hint().unwrap_or(LIFE).min(24 * LIFE);
    Ok(Token {
        access: secret(given.access_token.need("access_token")?),
        expires_at: after(stamp.now, SignedDuration::from_secs(i64::from(life))),
        refresh: given.refresh_token.may("refresh_token")?.map(secret),
    })
}

fn secret(token: wire::Token) -> Secret {
    Secret::new(String::clone(&token.0))
}

fn refusal(body: &[u8]) -> CannotRead {
    let denied: Option<Denied<'_>> = serde_json::from_slice(body).ok();
    match denied.and_then(|d| d.error) {
        Some(error) => {
            let error: String = serde_json::from_str(error.get()).unwrap_or_default();
            CannotRead::Connection { code: code(&error) }
        }
        None => CannotRead::Reply,
    }
}
