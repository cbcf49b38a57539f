//! Who may call: OAuth 1.0a signatures and bearer tokens.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{Account, Done, Refusal};
use crate::wire::{Call, percent_decode};

/// How far ahead of the shop's clock a call may be stamped.
const DEVIATION: i64 = 600;

/// The refusal of a call without the right.
pub(super) fn unauthorised(resource: &str) -> Refusal {
    Refusal::new(401, "The consumer isn't authorized to access %resources.")
        .with(json!({"resources": resource}))
}

/// Checks a call's signature or token.
pub(super) fn check(account: &mut Account, call: &Call, now: Timestamp) -> Result<(), Refusal> {
    let header = call.header_text("authorization").unwrap_or_default().to_owned();
    if let Some(token) = header.strip_prefix("Bearer ") {
        return bearer(account, token, now);
    }
    match header.strip_prefix("OAuth ") {
        Some(parameters) => signed(account, call, parameters, now),
        None => Err(unauthorised("Magento_Sales::actions_view")),
    }
}

fn bearer(account: &Account, token: &str, now: Timestamp) -> Result<(), Refusal> {
    let config = &account.config;
    let integration = config.integration_as_bearer && token == config.access_token;
    let ims = account.tokens.get(token).is_some_and(|end| now < *end);
    if !account.revoked && (integration || ims) {
        return Ok(());
    }
    Err(unauthorised("Magento_Sales::actions_view"))
}

fn signed(account: &mut Account, call: &Call, parameters: &str, now: Timestamp) -> Result<(), Refusal> {
    let refuse = |message: &str| Err(Refusal::new(401, message));
    let protocol: Vec<(String, String)> = parameters
        .split(',')
        .filter_map(|part| part.trim().split_once('='))
        .map(|(name, value)| (percent_decode(name), percent_decode(value.trim_matches('"'))))
        .collect();
    let get =
        |name: &str| protocol.iter().find(|(known, _)| known == name).map_or("", |(_, value)| value.as_str());
    for name in [
        "oauth_consumer_key",
        "oauth_signature",
        "oauth_signature_method",
        "oauth_nonce",
        "oauth_timestamp",
        "oauth_token",
    ] {
        if get(name).is_empty() {
            let refusal = Refusal::new(400, "\"%fieldName\" is required. Enter and try again.");
            return Err(refusal.with(json!({"fieldName": name})));
        }
    }
    let config = &account.config;
    if get("oauth_signature_method") != "HMAC-SHA256" {
        return Err(Refusal::new(400, "Signature method %1 is not supported"));
    }
    if get("oauth_consumer_key") != config.consumer_key {
        return refuse("A consumer having the specified key does not exist");
    }
    let stamped: i64 = get("oauth_timestamp").parse().unwrap_or(0);
    if stamped <= 0 || stamped > now.as_second() + DEVIATION {
        return refuse("The timestamp value in the oauth_timestamp parameter is incorrect.");
    }
    let nonce = get("oauth_nonce").to_owned();
    if account.nonces.contains(&nonce) {
        return refuse("The nonce is already being used by the consumer with ID %1.");
    }
    if get("oauth_token") != config.access_token {
        return refuse("Specified token does not exist");
    }
    if account.revoked {
        return refuse("Access token has been revoked");
    }
    let origin = config.origin.clone().unwrap_or_else(|| {
        format!("http://{}", call.header_text("host").unwrap_or_default().to_ascii_lowercase())
    });
    let base = base_string(call, &origin, &protocol);
    let secret = format!("{}&{}", encode(&config.consumer_secret), encode(&config.token_secret));
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let given = STANDARD.decode(get("oauth_signature")).unwrap_or_default();
    if hmac::verify(&key, base.as_bytes(), &given).is_err() {
        return refuse("The signature is invalid. Verify and try again.");
    }
    account.nonces.insert(nonce);
    Ok(())
}

/// What a call must have signed: method, address as called, and all parameters but the signature.
fn base_string(call: &Call, origin: &str, protocol: &[(String, String)]) -> String {
    let query = call.query.split('&').filter(|pair| !pair.is_empty()).map(|pair| {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode(&name.replace('+', " ")), percent_decode(&value.replace('+', " ")))
    });
    let protocol = protocol.iter().filter(|(name, _)| name != "oauth_signature" && name != "realm").cloned();
    let mut pairs: Vec<(String, String)> =
        query.chain(protocol).map(|(name, value)| (encode(&name), encode(&value))).collect();
    pairs.sort();
    let joined: Vec<String> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    format!("{}&{}&{}", call.method, encode(&format!("{origin}{}", call.path)), encode(&joined.join("&")))
}

/// RFC 3986: everything but letters, digits and `-._~`.
fn encode(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    text.bytes().map(one).collect()
}

/// Adobe's token endpoint.
pub(super) fn token(account: &mut Account, call: &Call, now: Timestamp) -> Result<Done, Refusal> {
    let refuse = |status: u16, error: &str| Refusal {
        status,
        body: json!({"error": error, "error_description": "sandbox"}),
        why: error.to_owned(),
    };
    let body = String::from_utf8_lossy(&call.body).into_owned();
    let form: Vec<(&str, String)> = body
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name, percent_decode(&value.replace('+', " "))))
        .collect();
    let get =
        |name: &str| form.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| value.as_str());
    if get("grant_type") != "client_credentials" {
        return Err(refuse(400, "unsupported_grant_type"));
    }
    let known =
        get("client_id") == account.config.client_id && get("client_secret") == account.config.client_secret;
    if !known || account.revoked {
        return Err(refuse(400, "invalid_client"));
    }
    if !get("scope").split([',', ' ']).any(|scope| scope == "commerce.accs") {
        return Err(refuse(400, "invalid_scope"));
    }
    let token = format!("ims_{:032x}", account.fresh());
    let life = account.config.token_seconds;
    let end = now.checked_add(SignedDuration::from_secs(i64::from(life))).unwrap_or(now);
    account.tokens.insert(token.clone(), end);
    Ok(Done::value(json!({"access_token": token, "token_type": "bearer", "expires_in": life})))
}

/// Ends or removes tokens, or takes that back.
pub(super) fn tokens(account: &mut Account, told: &Value) {
    if told["expire"] == true {
        account.tokens.clear();
    }
    if told["revoke"] == true {
        account.tokens.clear();
        account.revoked = true;
    }
    if told["restore"] == true {
        account.revoked = false;
    }
}
