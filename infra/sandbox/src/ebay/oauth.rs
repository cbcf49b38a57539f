//! The token service and the page on which a seller agrees.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::{Account, Issued, REFRESH_SECONDS, later};
use super::{Done, error};
use crate::wire::{Call, Reply, percent_decode};

/// How long an access token lasts: two hours.
const ACCESS_SECONDS: i64 = 7_200;
/// How long a code of the consent page lasts.
const CODE_SECONDS: i64 = 299;
const OWN_SCOPE: &str = "https://api.ebay.com/oauth/api_scope";

/// Lets a call with a token in force pass. `own` says that it must be the application's.
pub fn check(account: &Account, call: &Call, now: Timestamp, own: bool) -> Result<(), Reply> {
    let Some(token) = call.header_text("authorization").and_then(|text| text.strip_prefix("Bearer ")) else {
        return Err(error(401, 1002, "OAuth", "Missing access token"));
    };
    match account.tokens.get(token) {
        Some(issued) if issued.until > now && issued.own == own => Ok(()),
        Some(issued) if issued.until > now => {
            Err(error(403, 1100, "ACCESS", "Insufficient permissions to fulfill the request."))
        }
        _ => Err(error(401, 1001, "OAuth", "Invalid access token")),
    }
}

fn declined(status: u16, code: &str, text: &str) -> Reply {
    Reply::json(status, &json!({"error": code, "error_description": text}))
}

/// A field of an `application/x-www-form-urlencoded` body.
fn field(body: &str, name: &str) -> Option<String> {
    let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
    pairs.into_iter().find(|(key, _)| *key == name).map(|(_, value)| percent_decode(&value.replace('+', " ")))
}

/// Gives a token. `fresh` is text nobody had before.
pub fn token(account: &mut Account, call: &Call, now: Timestamp, fresh: &str) -> Done {
    let config = &account.config;
    let basic = STANDARD.encode(format!("{}:{}", config.client_id, config.client_secret));
    if call.header_text("authorization") != Some(&format!("Basic {basic}")) {
        return Err(declined(401, "invalid_client", "client authentication failed"));
    }
    if call.header_text("content-type") != Some("application/x-www-form-urlencoded") {
        return Err(declined(400, "invalid_request", "the content type is not form-urlencoded"));
    }
    let body = String::from_utf8_lossy(&call.body).into_owned();
    let wanted = |name: &str| field(&body, name).unwrap_or_default();
    let mut more = Value::Null;
    let own = match wanted("grant_type").as_str() {
        "client_credentials" if wanted("scope") == OWN_SCOPE => true,
        "client_credentials" => {
            return Err(declined(
                400,
                "invalid_scope",
                "The requested scope is invalid, unknown or malformed",
            ));
        }
        "refresh_token" => {
            let text = "the provided authorization refresh token is invalid or was issued to another client";
            let until = account.refresh.get(&wanted("refresh_token"));
            until.filter(|until| **until > now).ok_or_else(|| declined(400, "invalid_grant", text))?;
            false
        }
        "authorization_code" => {
            let until = account.codes.remove(&wanted("code"));
            if wanted("redirect_uri") != account.config.ru_name || until.is_none_or(|until| until <= now) {
                let text = "the provided authorization grant code is invalid or was issued to another client";
                return Err(declined(400, "invalid_grant", text));
            }
            let refresh = format!("v^1.1#i^1#r^{fresh}");
            account.refresh.insert(refresh.clone(), later(now, REFRESH_SECONDS));
            more = json!({"refresh_token": refresh, "refresh_token_expires_in": REFRESH_SECONDS});
            false
        }
        _ => return Err(declined(400, "unsupported_grant_type", "grant type in request is not supported")),
    };
    // As long as the real ones are.
    let access = format!("v^1.1#i^1#p^1#{fresh}#{}", "t".repeat(2_000));
    account.tokens.retain(|_, issued| issued.until > now);
    account.tokens.insert(access.clone(), Issued { until: later(now, ACCESS_SECONDS), own });
    let kind = if own { "Application Access Token" } else { "User Access Token" };
    let mut given = json!({"access_token": access, "expires_in": ACCESS_SECONDS, "token_type": kind});
    if let (Some(given), Value::Object(more)) = (given.as_object_mut(), more) {
        given.extend(more);
    }
    Ok(Reply::json(200, &given))
}

/// The page on which the seller agrees, who always does: sends back with a code.
pub fn consent(account: &mut Account, call: &Call, now: Timestamp, fresh: &str) -> Done {
    let said = |name: &str| call.param(name).unwrap_or_default();
    if said("client_id") != account.config.client_id
        || said("redirect_uri") != account.config.ru_name
        || said("response_type") != "code"
        || !said("scope").split(' ').any(|scope| scope == OWN_SCOPE)
    {
        return Err(declined(400, "invalid_request", "The input request parameters are invalid"));
    }
    let code = format!("v^1.1#i^1#c^{fresh}");
    account.codes.insert(code.clone(), later(now, CODE_SECONDS));
    let code = code.replace('^', "%5E").replace('#', "%23");
    // The state is echoed as it came, encoded.
    let state = call.query.split('&').find_map(|pair| pair.strip_prefix("state=")).unwrap_or_default();
    let back = format!("{}?state={state}&code={code}&expires_in={CODE_SECONDS}", account.config.callback_url);
    Ok(Reply::empty(302).with("location", back))
}
