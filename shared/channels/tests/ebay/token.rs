//! Connecting an account and keeping its token.

use crate::fixture::{reply, stamp};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use waybill_channels::ebay::token::{
    Application, build_exchange, build_own, build_refresh, consent_address, read_callback, read_grant,
    read_token,
};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

fn application() -> Application {
    Application {
        base: "https://api.example.invalid".to_owned(),
        consent: "https://auth.example.invalid".to_owned(),
        client_id: "Waybill-PRD-1".to_owned(),
        client_secret: Secret::new("PRD-secret".to_owned()),
        redirect: "Way_Bill-WaybillP-abc".to_owned(),
    }
}

#[test]
fn a_token_is_asked_for_with_the_client_s_credentials() {
    let refresh = Secret::new("v^1.1#r/+=".to_owned());
    let request = build_refresh(&application(), &refresh).unwrap();
    assert_eq!(request.uri(), "https://api.example.invalid/identity/v1/oauth2/token");
    assert_eq!(request.headers()["content-type"], "application/x-www-form-urlencoded");
    let basic = &request.headers()["authorization"];
    assert_eq!(basic.to_str().unwrap(), format!("Basic {}", STANDARD.encode("Waybill-PRD-1:PRD-secret")));
    assert!(basic.is_sensitive());
    assert_eq!(request.body(), b"grant_type=refresh_token&refresh_token=v%5E1.1%23r%2F%2B%3D");
    let own = build_own(&application()).unwrap();
    assert_eq!(
        own.body(),
        b"grant_type=client_credentials&scope=https%3A%2F%2Fapi.ebay.com%2Foauth%2Fapi_scope"
    );
    let exchange = build_exchange(&application(), &Secret::new("v^1#c".to_owned())).unwrap();
    assert_eq!(
        exchange.body(),
        b"grant_type=authorization_code&code=v%5E1%23c&redirect_uri=Way_Bill-WaybillP-abc"
    );
    let nowhere = Application { base: "no address ".to_owned(), ..application() };
    assert_eq!(build_own(&nowhere).err(), Some(CannotBuild::Address));
}

#[test]
fn a_token_says_when_it_ends() {
    // As long as eBay's really are.
    let long = "v^1.1#".to_owned() + &"a".repeat(2_500);
    let body = json!({"access_token": long, "expires_in": 7200, "token_type": "User Access Token"});
    let token = read_token(&reply(200, &body), &stamp()).unwrap();
    assert_eq!(token.access.expose(), long);
    assert_eq!(token.expires_at.to_string(), "2026-11-23T11:00:00Z");
    assert!(token.refresh.is_none());
    let body = json!({"access_token": "a", "expires_in": "7200", "refresh_token": "r",
        "refresh_token_expires_in": 47304000});
    let grant = read_grant(&reply(200, &body), &stamp()).unwrap();
    assert_eq!(grant.token.refresh.unwrap().expose(), "r");
    assert_eq!(grant.refresh_until.unwrap().to_string(), "2028-05-23T21:00:00Z");
    assert!(!format!("{:?}", read_token(&reply(200, &body), &stamp())).contains("\"a\""));
    assert_eq!(
        read_token(&reply(200, &json!({"expires_in": 1})), &stamp()).err(),
        Some(CannotRead::Field { field: "access_token" })
    );
    assert_eq!(
        read_token(&reply(200, &json!({"access_token": "a"})), &stamp()).err(),
        Some(CannotRead::Field { field: "expires_in" })
    );
}

#[test]
fn a_refused_grant_is_the_connection_s() {
    let says = |status: u16, error: &str| {
        let body = json!({"error": error, "error_description": "the token of Zoë Fern"});
        read_token(&reply(status, &body), &stamp()).err().unwrap()
    };
    assert_eq!(says(400, "invalid_grant"), CannotRead::Connection { code: "invalid_grant".to_owned() });
    assert_eq!(says(401, "invalid_client").advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(says(400, "invalid_scope").advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(says(500, "server_error").advice(), Advice::Retry);
    assert_eq!(says(400, "temporarily_unavailable").advice(), Advice::Retry);
    assert!(matches!(says(429, "x"), CannotRead::Throttled { .. }));
    assert!(!format!("{:?}", says(400, "Zoë Fern")).contains("Zoë"));
    // Something between us says 400 or 200.
    assert_eq!(read_token(&reply(400, &json!("<html>")), &stamp()).err(), Some(CannotRead::Reply));
    assert_eq!(read_token(&reply(200, &json!("<html>")), &stamp()).err(), Some(CannotRead::Reply));
}

#[test]
fn a_seller_agrees_and_comes_back_with_a_code() {
    let address = consent_address(&application(), "st&te");
    assert!(address.starts_with("https://auth.example.invalid/oauth2/authorize?client_id=Waybill-PRD-1&"));
    assert!(address.contains("&redirect_uri=Way_Bill-WaybillP-abc&"));
    assert!(address.contains("oauth%2Fapi_scope%2Fsell.fulfillment%20https"));
    assert!(address.contains("sell.inventory") && address.contains("commerce.notification.subscription"));
    assert!(address.ends_with("&state=st%26te"));

    let back = |query: &str| read_callback(query, "st&te").map(|code| code.expose().to_owned());
    assert_eq!(back("code=v%5E1.1%23x%2By&expires_in=299&state=st%26te").as_deref(), Ok("v^1.1#x+y"));
    let state = Err(CannotRead::Field { field: "state" });
    assert_eq!(back("code=x&state=other"), state);
    assert_eq!(back("code=x"), state);
    assert_eq!(read_callback("code=x&state=", "").err(), Some(CannotRead::Field { field: "state" }));
    let declined = Err(CannotRead::Connection { code: "access_denied".to_owned() });
    assert_eq!(back("error=access_denied&state=st%26te"), declined);
    let nothing = Err(CannotRead::Field { field: "code" });
    assert_eq!(back("state=st%26te"), nothing);
    assert_eq!(back("code=&state=st%26te"), nothing);
    assert_eq!(back("code=%zz&state=st%26te"), nothing);
    assert_eq!(back("code=%f&state=st%26te"), nothing);
    assert_eq!(back("code=%ff&state=st%26te"), nothing);
}
