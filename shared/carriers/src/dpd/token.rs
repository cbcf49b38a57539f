//! Logging in. An access token lasts about 24 hours and a refresh token about 7 days; DPD's own sandbox limits
//! logins, so one is made per token, not per call (contract, "Auth").

use super::errors::Refusal;
use super::{Account, send};
use crate::error::{CannotBuild, CannotRead};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;

/// How long before its end a token is no longer used.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How long a token that does not say when it ends is used.
const UNSAID: SignedDuration = SignedDuration::from_hours(1);

/// A pair of tokens and the account and environment they were made for. Kept elsewhere, it must be kept under
/// both: a sandbox token is not refused by the live system but answered with "no services" (contract, "Auth").
#[derive(Debug, Clone)]
pub struct Token {
    /// Goes with every call.
    pub access: Secret,
    /// Gets the next pair.
    pub refresh: Option<Secret>,
    /// When the access token ends.
    pub expires_at: Timestamp,
    /// The [`Account::base`] it was made at.
    pub base: String,
    /// The [`Account::key`] it was made for.
    pub key: Secret,
}

impl Token {
    /// True when it was made at this environment for this key. No other token is ever sent.
    pub fn is_of(&self, account: &Account) -> bool {
        self.base == account.base && self.key.expose() == account.key.expose()
    }
}

/// What to do before a call.
#[derive(Debug, Clone)]
pub enum Before<'a> {
    /// Nothing: use this token.
    Use(&'a Token),
    /// Send [`build_refresh`] with this one first; when that is refused, log in.
    Refresh(&'a Token),
    /// Send [`build_login`] first.
    Login,
}

/// Decides from the token at hand. A call that is answered `CannotRead::Connection` although its token should
/// be good throws the token away: ask again with `None`, log in, repeat the call once. A refusal comes before
/// any work, so repeating is safe even for a create. Refused again, the connection is.
pub fn before<'a>(account: &Account, kept: Option<&'a Token>, now: Timestamp) -> Before<'a> {
    match kept.filter(|token| token.is_of(account)) {
        Some(token) if now < after(token.expires_at, -MARGIN) => Before::Use(token),
        Some(token) if token.refresh.is_some() => Before::Refresh(token),
        _ => Before::Login,
    }
}

/// Asks for a pair with key and secret.
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_login(account: &Account) -> Result<Request<Vec<u8>>, CannotBuild> {
    let both = format!("{}:{}", account.key.expose(), account.secret.expose());
    send(account, Method::GET, "/auth/access", &format!("Basic {}", STANDARD.encode(both)), None)
}

/// Asks for a pair with the refresh token of the last one.
///
/// # Errors
/// `CannotBuild` when there is no refresh token of this account, or it cannot be sent.
pub fn build_refresh(account: &Account, token: &Token) -> Result<Request<Vec<u8>>, CannotBuild> {
    let refresh = token.refresh.as_ref().filter(|_| token.is_of(account)).ok_or(CannotBuild::Credential)?;
    send(account, Method::GET, "/auth/refresh", &format!("Bearer {}", refresh.expose()), None)
}

/// Reads the reply to [`build_login`] or [`build_refresh`].
///
/// # Errors
/// `CannotRead::Connection` when the credentials are refused.
pub fn read_token(
    account: &Account,
    now: Timestamp,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Token, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let reply: Value = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    if let Some(refusal) = Refusal::of(&reply) {
        return Err(refusal.into_error(status));
    }
    if !status.is_success() {
        return Err(CannotRead::Connection { code: crate::error::http_code(status) });
    }
    let text = |name: &str| reply.pointer(&format!("/data/{name}")).and_then(Value::as_str);
    let access = text("accessToken").filter(|t| !t.is_empty()).ok_or(CannotRead::Reply)?;
    let said = expiry(access).or_else(|| seconds(reply.pointer("/data/expiry")?));
    Ok(Token {
        access: Secret::new(access.to_owned()),
        refresh: text("refreshToken").filter(|t| !t.is_empty()).map(|t| Secret::new(t.to_owned())),
        expires_at: said.unwrap_or_else(|| after(now, UNSAID)),
        base: account.base.clone(),
        key: account.key.clone(),
    })
}

/// The `expiry` claim inside a JWT, epoch seconds; the registered name `exp` does as well.
fn expiry(jwt: &str) -> Option<Timestamp> {
    let claims = URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1)?.trim_end_matches('=')).ok()?;
    let claims: Claims = serde_json::from_slice(&claims).ok()?;
    claims.expiry.as_ref().and_then(seconds).or_else(|| claims.exp.as_ref().and_then(seconds))
}

#[derive(Deserialize)]
struct Claims {
    expiry: Option<Value>,
    exp: Option<Value>,
}

fn seconds(value: &Value) -> Option<Timestamp> {
    let number = match value {
        Value::String(text) => text.parse().ok()?,
        other => other.as_i64()?,
    };
    Timestamp::from_second(number).ok()
}
