//! Connecting a shop, and tokens that end (contract section 1): public apps hold offline tokens of an hour.

use crate::Stamp;
use crate::error::{CannotBuild, CannotRead, NotTrusted};
use crate::token::Token;
use aws_lc_rs::hmac;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{Method, Request, Response};
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;

/// What getting a token needs.
#[derive(Debug, Clone)]
pub struct Application {
    /// `https://{shop}`, or the sandbox's address of the shop; no slash at the end.
    pub base: String,
    /// The app's client id.
    pub client_id: String,
    /// The app's client secret.
    pub client_secret: Secret,
}

/// The longest a redirect may take (contract section 2).
const REDIRECT_AGE: SignedDuration = SignedDuration::from_secs(90);
/// Scopes for orders, their fulfilment and stock; nothing else.
pub const SCOPES: &str =
    "read_orders,write_merchant_managed_fulfillment_orders,read_products,write_inventory";

/// Where the merchant is sent to agree. `state` is our one-time secret.
pub fn consent_address(app: &Application, redirect: &str, state: &str) -> String {
    let query = [
        ("client_id", app.client_id.as_str()),
        ("scope", SCOPES),
        ("redirect_uri", redirect),
        ("state", state),
    ];
    let query: Vec<String> = query.iter().map(|(k, v)| format!("{k}={}", encode(v))).collect();
    format!("{}/admin/oauth/authorize?{}", app.base, query.join("&"))
}

/// Percent-encodes everything but unreserved characters (RFC 3986 section 2.3).
fn encode(text: &str) -> String {
    let one = |b: u8| match b {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Checks the query a merchant comes back with: hexadecimal signature over the sorted parameters, not older than
/// 90 seconds, and of the shop that the merchant was sent to, which no other shop with the same app can sign for.
/// `query` holds decoded names and values. Compare `state` before.
///
/// # Errors
/// `NotTrusted` when it is not the channel's, of another shop, or too old.
pub fn verify_redirect(
    query: &[(String, String)],
    app: &Application,
    stamp: &Stamp,
) -> Result<(), NotTrusted> {
    let value = |name: &str| query.iter().find(|(k, _)| k == name).map(|(_, v)| v.as_str());
    let given = value("hmac").ok_or(NotTrusted::NoSignature)?;
    let given = decode_hex(given).ok_or(NotTrusted::WrongSignature)?;
    let mut signed: Vec<&(String, String)> = query.iter().filter(|(k, _)| k != "hmac").collect();
    signed.sort();
    let text: Vec<String> = signed.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, app.client_secret.expose().as_bytes());
    hmac::verify(&key, text.join("&").as_bytes(), &given).map_err(|_| NotTrusted::WrongSignature)?;
    let sent_to = app.base.rsplit('/').next();
    if !value("shop").zip(sent_to).is_some_and(|(shop, ours)| shop.eq_ignore_ascii_case(ours)) {
        return Err(NotTrusted::WrongSignature);
    }
    let at: i64 = value("timestamp").and_then(|t| t.parse().ok()).ok_or(NotTrusted::WrongSignature)?;
    let age = stamp.now.as_second().saturating_sub(at);
    if age.abs() <= REDIRECT_AGE.as_secs() { Ok(()) } else { Err(NotTrusted::WrongSignature) }
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    let bytes = text.as_bytes();
    if !bytes.len().is_multiple_of(2) {
        return None;
    }
    let pair = |p: &[u8]| u8::from_str_radix(std::str::from_utf8(p).ok()?, 16).ok();
    bytes.chunks(2).map(pair).collect()
}

/// Trades the code of a redirect for tokens.
///
/// # Errors
/// `CannotBuild` when the address is not one.
pub fn build_exchange(app: &Application, code: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    let body = json!({
        "client_id": app.client_id,
        "client_secret": app.client_secret.expose(),
        "code": code,
        "expiring": "1",
    });
    post(app, &body)
}

/// Asks for a new token. The old refresh token stays good until its successor is used, so a lost reply is asked
/// for again (contract section 1).
///
/// # Errors
/// `CannotBuild` when the address is not one.
pub fn build_refresh(app: &Application, refresh: &Secret) -> Result<Request<Vec<u8>>, CannotBuild> {
    let body = json!({
        "client_id": app.client_id,
        "client_secret": app.client_secret.expose(),
        "grant_type": "refresh_token",
        "refresh_token": refresh.expose(),
    });
    post(app, &body)
}

fn post(app: &Application, body: &serde_json::Value) -> Result<Request<Vec<u8>>, CannotBuild> {
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}/admin/oauth/access_token", app.base))
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(body.to_string().into_bytes())
        .map_err(|_| CannotBuild::Address)
}

/// Reads a token. One without an end is good for a day as far as we are concerned, then it is asked for again.
///
/// # Errors
/// `CannotRead::Connection` when the shop no longer grants it.
pub fn read_token(reply: &Response<Vec<u8>>, stamp: &Stamp) -> Result<Token, CannotRead> {
    #[derive(Deserialize)]
    struct Granted {
        access_token: String,
        expires_in: Option<i64>,
        refresh_token: Option<String>,
    }
    if reply.status().as_u16() == 400 {
        return Err(CannotRead::Connection { code: "invalid_grant".to_owned() });
    }
    CannotRead::unless_good(reply.status(), Reason::ConnectionRefused)?;
    let granted: Granted = serde_json::from_slice(reply.body()).map_err(|_| CannotRead::Reply)?;
    let life = SignedDuration::from_secs(granted.expires_in.unwrap_or(86_400).clamp(60, 86_400));
    Ok(Token {
        access: Secret::new(granted.access_token),
        expires_at: after(stamp.now, life),
        refresh: granted.refresh_token.map(Secret::new),
    })
}
