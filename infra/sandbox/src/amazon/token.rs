//! Login with Amazon: tokens of an hour, and the page where a seller agrees.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::{Account, account, error};
use crate::state::State;
use crate::wire::{Call, Reply, percent_decode};

/// What is called with a token that belongs to no seller.
const GRANTLESS: [&str; 2] = ["createDestination", "getDestinations"];

/// An access token that was given.
#[derive(Debug)]
pub struct Access {
    until: Timestamp,
    grantless: bool,
}

impl Account {
    /// Lets a call with a live token of the right kind pass.
    pub(super) fn authorised(&self, operation: &str, call: &Call, now: Timestamp) -> Result<(), Reply> {
        let denied = |details: &str| {
            let message = "Access to requested resource is denied.";
            let body = json!({"errors": [{"code": "Unauthorized", "message": message, "details": details}]});
            Reply::json(403, &body)
        };
        let given = call.header_text("x-amz-access-token");
        let given = given.ok_or_else(|| denied("Access token is missing in the request header."))?;
        let access = self.tokens.get(given).ok_or_else(|| denied("The access token is malformed."))?;
        if access.until <= now {
            return Err(denied("The access token you provided has expired."));
        }
        if access.grantless != GRANTLESS.contains(&operation) {
            return Err(denied("The access token is not of the kind this operation wants."));
        }
        Ok(())
    }

    /// Ends every access token.
    pub(super) fn expire(&mut self) {
        self.tokens.clear();
    }

    /// The seller takes the permission back.
    pub(super) fn revoke(&mut self) {
        self.expire();
        self.revoked = true;
    }

    /// The seller agreed: the lasting token is good, also again.
    pub(super) fn agree(&mut self) {
        self.revoked = false;
    }
}

fn denied(status: u16, code: &str, message: &str) -> Reply {
    Reply::json(status, &json!({"error": code, "error_description": message}))
}

/// Gives a token.
pub fn answer(state: &mut State, name: &str, call: &Call) -> Result<Reply, Reply> {
    let (now, token) = (state.now(), state.fresh_uuid());
    let account = account(state, name)?;
    let kind = call.header_text("content-type").unwrap_or_default();
    if !kind.starts_with("application/x-www-form-urlencoded") {
        return Err(denied(400, "invalid_request", "Content type must be application/x-www-form-urlencoded"));
    }
    let text = String::from_utf8_lossy(&call.body).into_owned();
    let pairs = text.split('&').filter_map(|pair| pair.split_once('='));
    let form: BTreeMap<&str, String> =
        pairs.map(|(name, value)| (name, percent_decode(&value.replace('+', " ")))).collect();
    let is = |name: &str, value: &str| form.get(name).is_some_and(|given| given == value);
    let config = &account.config;
    if !is("client_id", &config.client_id) || !is("client_secret", &config.client_secret) {
        return Err(denied(401, "invalid_client", "Client authentication failed"));
    }
    let no_grant = || denied(400, "invalid_grant", "The request has an invalid grant parameter");
    let mut body = json!({"token_type": "bearer", "expires_in": config.token_seconds});
    let mut grantless = false;
    match form.get("grant_type").map(String::as_str) {
        Some("refresh_token") => {
            if account.revoked || !is("refresh_token", &config.refresh_token) {
                return Err(no_grant());
            }
            body["refresh_token"] = json!(config.refresh_token);
        }
        Some("authorization_code") => {
            let code = form.get("code").map(String::as_str).unwrap_or_default();
            let until = account.codes.remove(code).ok_or_else(no_grant)?;
            if until <= now || !is("redirect_uri", &account.config.redirect_uri) {
                return Err(no_grant());
            }
            account.agree();
            body["refresh_token"] = json!(account.config.refresh_token);
        }
        Some("client_credentials") => {
            if !is("scope", "sellingpartnerapi::notifications") {
                return Err(denied(400, "invalid_scope", "The requested scope is not known"));
            }
            grantless = true;
        }
        _ => return Err(denied(400, "unsupported_grant_type", "The grant type is not supported")),
    }
    let token = format!("{}|{token}", if grantless { "Atc" } else { "Atza" });
    body["access_token"] = json!(token);
    let life = SignedDuration::from_secs(i64::from(account.config.token_seconds));
    account.tokens.insert(token, Access { until: now.checked_add(life).unwrap_or(now), grantless });
    Ok(Reply::json(200, &body))
}

/// The seller agrees at once and is sent back with a code that lives five minutes.
pub fn consent(state: &mut State, name: &str, call: &Call) -> Result<Reply, Reply> {
    let missing = || error(400, "InvalidInput", "application_id and state are required.");
    call.param("application_id").filter(|id| !id.is_empty()).ok_or_else(missing)?;
    // Sent back as it came, still escaped.
    let raw = call.query.split('&').find_map(|pair| pair.strip_prefix("state="));
    let asked = raw.filter(|text| !text.is_empty()).ok_or_else(missing)?.to_owned();
    let code = state.fresh_uuid().replace('-', "");
    let until = state.now().checked_add(SignedDuration::from_mins(5)).unwrap_or(Timestamp::MAX);
    let account = account(state, name)?;
    account.codes.insert(code.clone(), until);
    let (back, seller) = (&account.config.redirect_uri, &account.config.seller_id);
    let to = format!("{back}?state={asked}&selling_partner_id={seller}&spapi_oauth_code={code}");
    Ok(Reply::empty(302).with("location", to))
}
