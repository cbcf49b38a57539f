//! Logging in: key and secret for a pair of tokens, JWTs whose `expiry` claim says when they end.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

use super::{later, problem};
use crate::state::State;
use crate::wire::{Call, Reply};

/// How long a refresh token lasts: a week.
const REFRESH_SECONDS: i64 = 7 * 24 * 3600;

/// A token that was given.
#[derive(Debug)]
pub struct Issued {
    is_refresh: bool,
    ends: Timestamp,
}

impl Issued {
    /// Ends an access token now; refresh tokens live on.
    pub fn expire(&mut self, now: Timestamp) {
        if !self.is_refresh {
            self.ends = now;
        }
    }
}

fn unauthorized(message: &str) -> Reply {
    problem(401, "Unauthorized", message)
}

/// `GET auth/access`.
pub fn login(state: &mut State, account: &str, call: &Call) -> Reply {
    let basic = call.header_text("authorization").and_then(|value| value.strip_prefix("Basic "));
    let given = basic.and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
    let setup = state.dpd.accounts.get(account).map(|one| &one.setup);
    let right = setup.is_some_and(|one| given == format!("{}:{}", one.key, one.secret).into_bytes());
    if right { pair(state, account) } else { unauthorized("Invalid client secret") }
}

/// `GET auth/refresh`: a new pair, once per refresh token.
pub fn refresh(state: &mut State, account: &str, call: &Call) -> Reply {
    if let Some(refused) = check(state, account, call, true) {
        return refused;
    }
    forget(state, account, call);
    pair(state, account)
}

/// `GET auth/logout`.
pub fn logout(state: &mut State, account: &str, call: &Call) -> Reply {
    forget(state, account, call);
    Reply::json(200, &json!({"data": null}))
}

/// Says no to a call whose access token or `Client-Id` is not good.
pub fn refused(state: &State, account: &str, call: &Call) -> Option<Reply> {
    check(state, account, call, false)
}

fn bearer(call: &Call) -> &str {
    call.header_text("authorization").and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default()
}

fn check(state: &State, account: &str, call: &Call, is_refresh: bool) -> Option<Reply> {
    let account = state.dpd.accounts.get(account)?;
    if call.header_text("client-id") != Some(&account.setup.key) {
        return Some(unauthorized("Invalid Client-Id"));
    }
    let good = account
        .tokens
        .get(bearer(call))
        .is_some_and(|token| token.is_refresh == is_refresh && state.now() < token.ends);
    (!good).then(|| unauthorized("Invalid or expired token"))
}

fn forget(state: &mut State, account: &str, call: &Call) {
    if let Some(account) = state.dpd.accounts.get_mut(account) {
        account.tokens.remove(bearer(call));
    }
}

fn pair(state: &mut State, account: &str) -> Reply {
    let seconds = state.dpd.accounts.get(account).map_or(0, |one| one.setup.token_seconds);
    let (access, ends) = issue(state, account, false, seconds);
    let (refresh, _) = issue(state, account, true, REFRESH_SECONDS);
    let data = json!({"accessToken": access, "refreshToken": refresh, "expiry": ends.as_second()});
    Reply::json(200, &json!({"data": data}))
}

fn issue(state: &mut State, account: &str, is_refresh: bool, seconds: i64) -> (String, Timestamp) {
    let ends = later(state.now(), seconds);
    let claims = json!({"expiry": ends.as_second(), "jti": state.fresh_uuid()}).to_string();
    let parts = ["{\"alg\":\"none\"}", &claims, "sandbox"].map(|part| URL_SAFE_NO_PAD.encode(part));
    let token = parts.join(".");
    if let Some(account) = state.dpd.accounts.get_mut(account) {
        account.tokens.insert(token.clone(), Issued { is_refresh, ends });
    }
    (token, ends)
}
