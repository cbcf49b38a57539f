//! Logging in. An access token lasts about 24 hours; DPD's own sandbox limits logins, so one is made per token, not
//! per call (contract, "Auth"). The refresh token that comes with it is not kept: key and secret are at hand, give
//! the same, and do not end after a week.

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

/// How long a token that does not say when it ends is used.
const UNSAID: SignedDuration = SignedDuration::from_hours(1);

/// A token and the account and environment they were made for. Kept elsewhere, it must be kept under
/// both: a sandbox token is not refused by the live system but answered with "no services" (contract, "Auth").
#[derive(Debug, Clone)]
pub struct Token {
    /// Goes with every call.
    pub access: Secret,
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

/// Asks for a token with key and secret.
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_login(account: &Account) -> Result<Request<Vec<u8>>, CannotBuild> {
    let both = format!("{}:{}", account.key.expose(), account.secret.expose());
    send(account, Method::GET, "/auth/access", &format!("Basic {}", STANDARD.encode(both)), None)
}

/// Reads the reply to [`build_login`].
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
