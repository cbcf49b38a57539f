//! Tokens and the handshake.

use crate::contracts;
use crate::fixture::{raw, refusal, reply, shop, stamp};
use serde_json::json;
use waybill_channels::error::CannotRead;
use waybill_channels::magento::connect::{
    Pair, access, build_access_token, build_request_token, build_weight_unit, read_activation, read_pair,
    read_weight_unit,
};
use waybill_channels::magento::oauth::{base_string, signature};
use waybill_channels::magento::token::{Application, IMS, SCOPES, build_refresh, read_token};
use waybill_channels::magento::{Access, WeightUnit};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

#[test]
fn a_token_is_asked_for_as_the_contract_shows() {
    let application =
        Application { base: IMS.to_owned(), client_id: "x".to_owned(), client_secret: secret("y&z=") };
    let request = build_refresh(&application).unwrap();
    assert_eq!(request.uri(), "https://ims-na1.adobelogin.com/ims/token/v3");
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    let body = std::str::from_utf8(request.body()).unwrap();
    assert!(body.starts_with(
        "grant_type=client_credentials&client_id=x&client_secret=y%26z%3D&scope=openid%2CAdobeID"
    ));
    let Some(samples) = contracts::file("samples/requests.json") else { return };
    let sample = samples["requests"].as_array().unwrap().iter().find(|r| r["name"] == "saas token").unwrap();
    assert_eq!(
        (&sample["url"], &sample["form"]["scope"]),
        (&json!(request.uri().to_string()), &json!(SCOPES))
    );
}

#[test]
fn a_token_ends_when_adobe_says() {
    let told = json!({"access_token": "ims_EXAMPLE", "token_type": "bearer", "expires_in": 86399});
    let token = read_token(&reply(200, &told), &stamp()).unwrap();
    assert_eq!(token.access.expose(), "ims_EXAMPLE");
    assert_eq!(token.expires_at.to_string(), "2026-11-24T08:59:59Z");
    assert!(token.refresh.is_none() && !format!("{token:?}").contains("EXAMPLE"));
    let endless = json!({"access_token": "a", "expires_in": u32::MAX});
    assert_eq!(
        read_token(&reply(200, &endless), &stamp()).unwrap().expires_at.to_string(),
        "2026-11-30T09:00:00Z"
    );
}

#[test]
fn a_refused_credential_is_for_a_person() {
    let refused = |status, body| read_token(&reply(status, &body), &stamp()).err().unwrap();
    let error = refused(400, json!({"error": "invalid_client", "error_description": "Zoë"}));
    assert_eq!(error, CannotRead::Connection { code: "invalid_client".to_owned() });
    assert_eq!(error.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(refused(401, json!({})).advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(refused(500, json!({})).advice(), Advice::Retry);
    assert!(matches!(refused(429, json!({})).advice(), Advice::Wait { .. }));
    assert_eq!(refused(200, json!({"expires_in": 1})), CannotRead::Field { field: "access_token" });
    assert_eq!(read_token(&raw(200, b"<html>"), &stamp()).err(), Some(CannotRead::Reply));
}

const FORM: &str = "oauth_consumer_key=ck&oauth_consumer_secret=cs%2F%2B&store_base_url=https%3A%2F%2Fshop.example%2F\
&oauth_verifier=ver";

#[test]
fn a_handshake_ends_with_an_access() {
    let given = read_activation(FORM.as_bytes()).unwrap();
    assert_eq!((given.store.as_str(), given.consumer_key.as_str()), ("https://shop.example", "ck"));
    let first = build_request_token(&given, &stamp()).unwrap();
    assert_eq!(first.uri(), "https://shop.example/oauth/token/request");
    let header =
        |request: &http::Request<Vec<u8>>| request.headers()["authorization"].to_str().unwrap().to_owned();
    assert!(!header(&first).contains("oauth_token=") && !header(&first).contains("oauth_verifier"));
    let pair = read_pair(&raw(200, b"oauth_token=rt&oauth_token_secret=rs")).unwrap();
    let second = build_access_token(&given, &pair, &stamp()).unwrap();
    assert_eq!(second.uri(), "https://shop.example/oauth/token/access");
    let now = stamp().now.as_second().to_string();
    let nonce = stamp().nonce;
    let signed = [
        ("oauth_consumer_key", "ck"),
        ("oauth_nonce", nonce.as_str()),
        ("oauth_signature_method", "HMAC-SHA256"),
        ("oauth_timestamp", now.as_str()),
        ("oauth_token", "rt"),
        ("oauth_verifier", "ver"),
        ("oauth_version", "1.0"),
    ];
    let base = base_string("POST", "https://shop.example/oauth/token/access", signed);
    let expected = signature(&base, "cs/+", "rs").replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    assert!(header(&second).contains(&format!("oauth_signature=\"{expected}\"")));
    let last = Pair { token: secret("at"), secret: secret("as") };
    let Access::OAuth1 { consumer_key, consumer_secret, token, token_secret } = access(&given, &last) else {
        panic!()
    };
    assert_eq!((consumer_key.as_str(), consumer_secret.expose()), ("ck", "cs/+"));
    assert_eq!((token.expose(), token_secret.expose()), ("at", "as"));
}

#[test]
fn a_handshake_that_fails_says_so() {
    for (form, field) in [
        ("oauth_consumer_key=ck", "store_base_url"),
        (&FORM.replace("https%3A%2F%2F", ""), "store_base_url"),
        (&FORM.replace("oauth_verifier=ver", "oauth_verifier="), "oauth_verifier"),
        (&FORM.replace("cs%2F%2B", "cs%2"), "oauth_consumer_secret"),
    ] {
        assert_eq!(read_activation(form.as_bytes()).err(), Some(CannotRead::Field { field }), "{form}");
    }
    let refused = read_pair(&raw(400, b"oauth_problem=consumer_key_expired")).err().unwrap();
    assert_eq!(refused.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(read_pair(&raw(503, b"")).err().unwrap().advice(), Advice::Retry);
    assert_eq!(read_pair(&raw(200, b"<html>")).err(), Some(CannotRead::Field { field: "oauth_token" }));
}

#[test]
fn a_shop_says_in_what_it_weighs() {
    let request = build_weight_unit(&shop(), &stamp()).unwrap();
    assert_eq!(request.uri(), "https://shop.example/rest/default/V1/store/storeConfigs");
    let read = |units: &[&str]| {
        let stores: Vec<_> = units.iter().map(|unit| json!({"id": 1, "weight_unit": unit})).collect();
        read_weight_unit(&reply(200, &json!(stores)))
    };
    assert_eq!(read(&["kgs", "kgs"]), Ok(WeightUnit::Kilograms));
    assert_eq!(read(&["lbs"]), Ok(WeightUnit::Pounds));
    for odd in [&["kgs", "lbs"][..], &[], &["stones"]] {
        assert_eq!(read(odd), Err(CannotRead::Field { field: "weight_unit" }));
    }
    assert!(matches!(read_weight_unit(&refusal(401, "x")), Err(CannotRead::Connection { .. })));
}
