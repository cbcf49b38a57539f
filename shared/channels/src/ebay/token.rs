//! Connecting an account and keeping its token fresh (contract section 1).
//!
//! A seller agrees once, on eBay's page; that gives a user token of two hours and a refresh token of about eighteen
//! months. Refreshing gives a new user token and never extends the refresh token, so its end is told with
//! [`Grant::refresh_until`]: warn the seller in time. A token of the application itself reads notification keys.

use super::percent;
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead, DEFAULT_WAIT, code};
use crate::lax::{Lax, Scalar};
use crate::token::Token;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;
use zeroize::Zeroizing;

/// What a seller is asked to allow: orders and shipment, stock, and to be told of orders.
pub const SCOPES: [&str; 4] = [
    "https://api.ebay.com/oauth/api_scope",
    "https://api.ebay.com/oauth/api_scope/sell.fulfillment",
    "https://api.ebay.com/oauth/api_scope/sell.inventory",
    "https://api.ebay.com/oauth/api_scope/commerce.notification.subscription",
];

/// What the application itself needs: public keys.
const OWN_SCOPE: &str = SCOPES[0];

/// The longest token we take, in bytes; eBay's have about 2,500.
const LONGEST_TOKEN: usize = 20_000;

/// Our application at eBay.
#[derive(Debug, Clone)]
pub struct Application {
    /// Where tokens are made: `https://api.ebay.com`, or the sandbox's address; no slash at the end.
    pub base: String,
    /// Where sellers agree: `https://auth.ebay.com`, or the sandbox's address; no slash at the end.
    pub consent: String,
    /// The client id ("App ID").
    pub client_id: String,
    /// The client secret ("Cert ID").
    pub client_secret: Secret,
    /// The redirect's name at eBay ("RuName"), not an address.
    pub redirect: String,
}

/// What a seller's agreement gave.
#[derive(Debug, Clone)]
pub struct Grant {
    /// The user token; `refresh` is what to keep, sealed.
    pub token: Token,
    /// When the refresh token ends and the seller must agree again.
    pub refresh_until: Option<Timestamp>,
}

/// The address to send a seller to. `state` must not be guessable, and is to be given to [`read_callback`].
pub fn consent_address(application: &Application, state: &str) -> String {
    format!(
        "{}/oauth2/authorize?client_id={}&response_type=code&redirect_uri={}&scope={}&state={}",
        application.consent,
        percent(&application.client_id),
        percent(&application.redirect),
        percent(&SCOPES.join(" ")),
        percent(state)
    )
}

/// Reads what eBay's page sent the seller back with: the code to exchange, good for five minutes.
///
/// # Errors
/// `Connection` when the seller declined; `Field` when `state` is not ours or there is no code: begin again.
pub fn read_callback(query: &str, state: &str) -> Result<Secret, CannotRead> {
    let parameter = |name: &str| {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        pairs.into_iter().find(|(key, _)| *key == name).and_then(|(_, value)| unpercent(value))
    };
    let told = parameter("state").ok_or(CannotRead::Field { field: "state" })?;
    if state.is_empty() || verify_slices_are_equal(told.as_bytes(), state.as_bytes()).is_err() {
        return Err(CannotRead::Field { field: "state" });
    }
    if let Some(error) = parameter("error") {
        return Err(CannotRead::Connection { code: code(&error) });
    }
    let given = parameter("code").filter(|text| (1..=LONGEST_TOKEN).contains(&text.len()));
    given.map(|text| Secret::new(text.to_string())).ok_or(CannotRead::Field { field: "code" })
}

fn unpercent(text: &str) -> Option<Zeroizing<String>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len()));
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let mut digit = || char::from(rest.next()?).to_digit(16);
                u8::try_from(digit()? * 16 + digit()?).ok()?
            }
            b'+' => b' ',
            other => other,
        });
    }
    Some(Zeroizing::new(std::str::from_utf8(&bytes).ok()?.to_owned()))
}

/// Asks for the tokens of a seller who agreed; read with [`read_grant`].
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_exchange(application: &Application, code: &Secret) -> Result<Request<Vec<u8>>, CannotBuild> {
    ask(
        application,
        &[
            ("grant_type", "authorization_code"),
            ("code", code.expose()),
            ("redirect_uri", &application.redirect),
        ],
    )
}

/// Asks for a new user token.
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_refresh(application: &Application, refresh: &Secret) -> Result<Request<Vec<u8>>, CannotBuild> {
    ask(application, &[("grant_type", "refresh_token"), ("refresh_token", refresh.expose())])
}

/// Asks for a token of the application itself, for [`super::webhook::build_key`].
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_own(application: &Application) -> Result<Request<Vec<u8>>, CannotBuild> {
    ask(application, &[("grant_type", "client_credentials"), ("scope", OWN_SCOPE)])
}

fn ask(application: &Application, form: &[(&str, &str)]) -> Result<Request<Vec<u8>>, CannotBuild> {
    let pair = Zeroizing::new(format!("{}:{}", application.client_id, application.client_secret.expose()));
    let basic = Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())));
    let mut basic = HeaderValue::from_str(&basic).map_err(|_| CannotBuild::Credential)?;
    basic.set_sensitive(true);
    let body: Vec<String> = form.iter().map(|(name, value)| format!("{name}={}", percent(value))).collect();
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}/identity/v1/oauth2/token", application.base))
        .header(AUTHORIZATION, basic)
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json")
        .body(body.join("&").into_bytes())
        .map_err(|_| CannotBuild::Address)
}

/// A token as eBay sends it.
struct Credential(Secret);

impl Scalar for Credential {
    fn read(text: &str) -> Option<Self> {
        (text.len() <= LONGEST_TOKEN).then(|| Self(Secret::new(text.to_owned())))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Given {
    access_token: Lax<Credential>,
    expires_in: Lax<u32>,
    refresh_token: Lax<Credential>,
    refresh_token_expires_in: Lax<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Declined {
    error: Lax<String>,
}

/// Reads a token, of a user or of the application.
///
/// # Errors
/// `Connection` when eBay refuses the refresh token (`invalid_grant`) or the application; `Busy` or `Throttled` when
/// it is worth another try.
pub fn read_token(reply: &Response<Vec<u8>>, stamp: &Stamp) -> Result<Token, CannotRead> {
    Ok(read_grant(reply, stamp)?.token)
}

/// Reads what an exchange gave.
///
/// # Errors
/// As [`read_token`].
pub fn read_grant(reply: &Response<Vec<u8>>, stamp: &Stamp) -> Result<Grant, CannotRead> {
    if !reply.status().is_success() {
        return Err(declined(reply));
    }
    let given: Given = serde_json::from_slice(reply.body()).map_err(|_| CannotRead::Reply)?;
    let ends = |seconds: u32| after(stamp.now, SignedDuration::from_secs(i64::from(seconds)));
    let access = given.access_token.need("access_token")?.0;
    let expires_at = ends(given.expires_in.need("expires_in")?);
    let refresh = given.refresh_token.may("refresh_token")?.map(|one| one.0);
    let refresh_until = given.refresh_token_expires_in.may("refresh_token_expires_in")?.map(ends);
    Ok(Grant { token: Token { access, expires_at, refresh }, refresh_until })
}

fn declined(reply: &Response<Vec<u8>>) -> CannotRead {
    let status = reply.status().as_u16();
    let told = serde_json::from_slice::<Declined>(reply.body()).ok().and_then(|one| one.error.hint());
    let known = told.is_some();
    let code = told.map_or_else(|| format!("http_{status}"), |text| code(&text));
    match status {
        429 => CannotRead::Throttled { seconds: DEFAULT_WAIT },
        408 | 500.. => CannotRead::Busy { code },
        _ if code == "server_error" || code == "temporarily_unavailable" => CannotRead::Busy { code },
        // Without an OAuth error it is not eBay's token service that answers.
        400 | 401 | 403 if known => CannotRead::Connection { code },
        401 | 403 => CannotRead::Connection { code },
        _ => CannotRead::Reply,
    }
}
