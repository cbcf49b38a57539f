//! Connecting a seller, and the tokens of the hour.

use crate::contracts;
use crate::fixture::{reply, stamp};
use http::{Request, Response};
use serde_json::json;
use waybill_channels::amazon::connect::{Consent, authorisation, build_exchange, read_callback};
use waybill_channels::amazon::token::{
    Application, NOTIFICATIONS, build_grantless, build_refresh, read_token,
};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::token::Token;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

fn application() -> Application {
    Application {
        auth: "https://api.amazon.com".to_owned(),
        client_id: "amzn1.application-oa2-client.example".to_owned(),
        client_secret: Secret::new("amzn1.oa2-cs.v1.example".to_owned()),
    }
}

fn form(request: &Request<Vec<u8>>) -> Vec<(String, String)> {
    let text = std::str::from_utf8(request.body()).unwrap();
    let pair = |p: &str| p.split_once('=').map(|(n, v)| (n.to_owned(), contracts::decoded(v))).unwrap();
    let mut pairs: Vec<_> = text.split('&').map(pair).collect();
    pairs.sort();
    pairs
}

fn given(reply: &Response<Vec<u8>>) -> Result<Token, CannotRead> {
    read_token(reply, &stamp())
}

#[test]
fn the_sample_of_a_refresh_is_sent_and_read() {
    let refresh = Secret::new("Atzr|EXAMPLE".to_owned());
    let request = build_refresh(&application(), &refresh).unwrap();
    let Some(sample) = contracts::file("samples/lwa-refresh.json") else { return };
    assert_eq!(request.uri(), sample["request"]["url"].as_str().unwrap());
    assert_eq!(request.headers()["content-type"], sample["request"]["content_type"].as_str().unwrap());
    let expected = sample["request"]["form"].as_object().unwrap();
    let expected: Vec<_> =
        expected.iter().map(|(n, v)| (n.clone(), v.as_str().unwrap().to_owned())).collect();
    let mut expected = expected;
    expected.sort();
    assert_eq!(form(&request), expected);
    let token = given(&reply(200, &sample["response"]["body"])).unwrap();
    assert_eq!(token.access.expose(), "Atza|EXAMPLE");
    assert_eq!(token.refresh.unwrap().expose(), "Atzr|EXAMPLE");
    assert_eq!(token.expires_at.to_string(), "2026-11-23T10:00:00Z");
    let error = given(&reply(400, &sample["error"]["body"])).unwrap_err();
    assert_eq!(error, CannotRead::Connection { code: "invalid_grant".into() });
    assert_eq!(error.advice(), Advice::AskPerson(Reason::ConnectionRefused));
}

#[test]
fn a_token_of_no_seller_is_asked_for_by_scope() {
    let request = build_grantless(&application(), NOTIFICATIONS).unwrap();
    let pairs = form(&request);
    assert!(pairs.contains(&("grant_type".into(), "client_credentials".into())));
    assert!(pairs.contains(&("scope".into(), "sellingpartnerapi::notifications".into())));
    assert!(!pairs.iter().any(|(name, _)| name == "refresh_token"));
    let token = given(&reply(200, json!({"access_token": "Atc|1", "expires_in": "60"}))).unwrap();
    assert!(token.refresh.is_none());
    assert_eq!(token.expires_at.to_string(), "2026-11-23T09:01:00Z");
    let bad = Application { auth: "not an address".to_owned(), ..application() };
    assert_eq!(build_grantless(&bad, NOTIFICATIONS).err(), Some(CannotBuild::Address));
}

#[test]
fn only_a_refused_grant_is_about_the_connection() {
    let denied = |error: &str| reply(401, json!({"error": error, "error_description": "Zoë"}));
    let connection = |code: &str| CannotRead::Connection { code: code.to_owned() };
    assert_eq!(given(&denied("invalid_client")).unwrap_err(), connection("invalid_client"));
    assert_eq!(given(&denied("Zoë says no")).unwrap_err(), connection("unspecified"));
    assert_eq!(given(&reply(400, json!({"error": {}}))).unwrap_err(), connection("unspecified"));
    assert_eq!(given(&reply(403, "<html>")).unwrap_err(), CannotRead::Reply);
    assert_eq!(given(&reply(400, "{}")).unwrap_err(), CannotRead::Reply);
    assert_eq!(given(&reply(500, "")).unwrap_err().advice(), Advice::Retry);
    assert!(matches!(given(&reply(429, "")).unwrap_err().advice(), Advice::Wait { .. }));
    assert_eq!(given(&reply(200, "<html>")).unwrap_err(), CannotRead::Reply);
    assert_eq!(given(&reply(200, "{}")).unwrap_err(), CannotRead::Field { field: "access_token" });
    // Login with Amazon names 2,048 bytes as the longest.
    let long = given(&reply(200, json!({"access_token": "t".repeat(2_048)}))).unwrap();
    assert_eq!(long.access.expose().len(), 2_048);
    assert_eq!(long.expires_at.to_string(), "2026-11-23T10:00:00Z");
}

#[test]
fn a_seller_is_sent_to_agree() {
    let consent = Consent {
        site: "https://sellercentral.amazon.co.uk".to_owned(),
        application_id: "amzn1.sp.solution.example".to_owned(),
        draft: false,
    };
    let address = authorisation(&consent, "a b&c").unwrap().to_string();
    let expected = "https://sellercentral.amazon.co.uk/apps/authorize/consent\
                    ?application_id=amzn1.sp.solution.example&state=a%20b%26c";
    assert_eq!(address, expected);
    let draft = Consent { draft: true, ..consent.clone() };
    assert_eq!(authorisation(&draft, "a b&c").unwrap().to_string(), format!("{expected}&version=beta"));
    let bad = Consent { site: "not an address".to_owned(), ..consent };
    assert_eq!(authorisation(&bad, "s"), Err(CannotBuild::Address));
}

#[test]
fn a_seller_comes_back_with_a_code() {
    let back =
        "state=a%20b%26c&selling_partner_id=A3TH9S8BH6GOGM&mws_auth_token=x&spapi_oauth_code=ANcode%2B1";
    let callback = read_callback(back, "a b&c").unwrap();
    assert_eq!(callback.seller_id, "A3TH9S8BH6GOGM");
    assert_eq!(callback.code.expose(), "ANcode+1");
    assert!(!format!("{callback:?}").contains("ANcode"));
    let lacks = |query: &str, state: &str| match read_callback(query, state) {
        Err(CannotRead::Field { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(lacks(back, "another"), "state");
    assert_eq!(lacks(&back.replace("state=a%20b%26c", "state="), ""), "state");
    assert_eq!(lacks("", "a"), "state");
    assert_eq!(lacks("state=s&spapi_oauth_code=1", "s"), "selling_partner_id");
    assert_eq!(lacks("state=s&spapi_oauth_code=1&selling_partner_id=../x", "s"), "selling_partner_id");
    assert_eq!(lacks("state=s&selling_partner_id=A1", "s"), "spapi_oauth_code");
    assert_eq!(lacks("state=s&selling_partner_id=A1&spapi_oauth_code=%ff", "s"), "spapi_oauth_code");
    let request = build_exchange(&application(), &callback.code, "https://waybill.invalid/amazon").unwrap();
    let pairs = form(&request);
    assert!(pairs.contains(&("grant_type".into(), "authorization_code".into())));
    assert!(pairs.contains(&("code".into(), "ANcode+1".into())));
    assert!(pairs.contains(&("redirect_uri".into(), "https://waybill.invalid/amazon".into())));
}
