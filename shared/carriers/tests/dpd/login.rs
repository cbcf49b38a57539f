//! Logging in.

use crate::contracts::{self, assert_path};
use crate::fixtures::*;
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_carriers::dpd::Account;
use waybill_carriers::dpd::token::{Token, build_login, read_token};
use waybill_carriers::error::CannotRead;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn read(status: u16, body: &Value) -> Result<Token, CannotRead> {
    get(|s, h, b| read_token(&account(), at("2026-11-23T09:00:00Z"), s, h, b), status, body)
}

#[test]
fn key_and_secret_are_exchanged_for_a_token() {
    let login = build_login(&account()).unwrap();
    assert_path(&login);
    assert_eq!(login.uri(), "https://api.customers.dpd.co.uk/v1/customer/auth/access");
    // base64 of key-EXAMPLE:secret-EXAMPLE
    assert_eq!(login.headers()["authorization"], "Basic a2V5LUVYQU1QTEU6c2VjcmV0LUVYQU1QTEU=");
    assert_eq!(login.headers()["client-id"], "key-EXAMPLE");
    assert!(login.headers()["authorization"].is_sensitive() && login.body().is_empty());
    let Some(sample) = contracts::sample("v1-auth.response") else { return };
    let token = read(200, &sample).unwrap();
    assert_eq!(sample["data"]["accessToken"], token.access.expose());
    assert_eq!(token.expires_at.as_second(), 1_795_400_000);
    assert!(token.is_of(&account()));
}

#[test]
fn the_end_of_a_token_is_in_it() {
    // {"expiry":"1795500000"} and {"exp":1795600000}
    for (jwt, said, ends) in [
        ("x.eyJleHBpcnkiOiIxNzk1NTAwMDAwIn0.x", json!(1), 1_795_500_000),
        ("x.eyJleHAiOjE3OTU2MDAwMDB9.x", json!(1), 1_795_600_000),
        ("opaque", json!(1_795_700_000), 1_795_700_000),
        ("opaque", Value::Null, at("2026-11-23T10:00:00Z").as_second()),
    ] {
        let body = json!({"data": {"accessToken": jwt, "expiry": said}});
        assert_eq!(read(200, &body).unwrap().expires_at.as_second(), ends, "{jwt}");
    }
}

#[test]
fn a_login_that_is_refused_asks_for_a_person() {
    let refused = Err(Advice::AskPerson(Reason::ConnectionRefused));
    let advice = |status, body: &Value| read(status, body).map(|_| ()).map_err(|e| e.advice());
    let inside =
        json!({"error": {"statusCode": 401, "error": "Unauthorized", "message": "Invalid client secret"}});
    assert_eq!(advice(401, &inside), refused);
    // The same under a good status.
    assert_eq!(advice(200, &inside), refused);
    assert_eq!(advice(400, &Value::Null), refused);
    assert_eq!(advice(200, &json!({"data": {}})), Err(Advice::Retry));
    assert_eq!(advice(503, &Value::Null), Err(Advice::Retry));
    let Some(sample) = contracts::sample("v1-auth-error.response") else { return };
    assert_eq!(advice(401, &sample), refused);
}

#[test]
fn a_token_is_of_one_key_at_one_environment() {
    let live = Account { base: "https://elsewhere.invalid".into(), ..account() };
    let other = Account { key: Secret::new("other".into()), ..account() };
    let token = token();
    assert!(token.is_of(&account()) && !token.is_of(&live) && !token.is_of(&other));
    assert!(!format!("{token:?}").contains("EXAMPLE"));
}
