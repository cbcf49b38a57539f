//! OAuth 2 client credentials: one token until it ends, there is nothing to refresh with.

use super::Account;
use crate::error::{CannotBuild, CannotRead, http_code};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method, Request, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use waybill_domain::time::after;
use waybill_privacy::secret::Secret;

/// How long before its end a token is no longer used.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// How long a token that does not say when it ends is used, in seconds.
const UNSAID: u32 = 600;

/// A token and what it was made for.
#[derive(Debug, Clone)]
pub struct Token {
    /// Goes with every call.
    pub access: Secret,
    /// When it ends.
    pub expires_at: Timestamp,
    /// The [`Account::base`] it is for.
    pub base: String,
    /// The [`Account::client_id`] it was made for.
    pub client_id: Secret,
}

impl Token {
    /// True when it was made for this account. No other token is ever sent.
    pub fn is_of(&self, account: &Account) -> bool {
        self.base == account.base && self.client_id.expose() == account.client_id.expose()
    }

    /// True when it can still be used for this account. One that is refused all the same is thrown away: log in,
    /// repeat the call once, then the connection is refused.
    pub fn is_good(&self, account: &Account, now: Timestamp) -> bool {
        self.is_of(account) && now < after(self.expires_at, -MARGIN)
    }
}

/// Asks for a token.
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_login(account: &Account) -> Result<Request<Vec<u8>>, CannotBuild> {
    let both = format!("{}:{}", account.client_id.expose(), account.client_secret.expose());
    let mut basic = HeaderValue::from_str(&format!("Basic {}", STANDARD.encode(both)))
        .map_err(|_| CannotBuild::Credential)?;
    basic.set_sensitive(true);
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}/connect/token", account.login))
        .header(AUTHORIZATION, basic)
        .header(ACCEPT, "application/json")
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(b"grant_type=client_credentials".to_vec())
        .map_err(|_| CannotBuild::Address)
}

/// Reads the reply to [`build_login`].
///
/// # Errors
/// `CannotRead::Connection` when the credentials are refused; OAuth says so with 400 as well.
pub fn read_token(
    account: &Account,
    now: Timestamp,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Token, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if !status.is_success() {
        return Err(CannotRead::Connection { code: http_code(status) });
    }
    let reply: Value = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let access = reply["access_token"].as_str().filter(|t| !t.is_empty()).ok_or(CannotRead::Reply)?;
    let seconds = match &reply["expires_in"] {
        Value::String(text) => text.parse().ok(),
        other => other.as_u64().and_then(|n| u32::try_from(n).ok()),
    };
    Ok(Token {
        access: Secret::new(access.to_owned()),
        expires_at: after(now, SignedDuration::from_secs(seconds.unwrap_or(UNSAID).into())),
        base: account.base.clone(),
        client_id: account.client_id.clone(),
    })
}
