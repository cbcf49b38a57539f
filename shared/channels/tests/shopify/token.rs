//! The way back from a shop (contract section 2): signed, soon, and from the shop the merchant was sent to.

use crate::contracts::file;
use aws_lc_rs::hmac;
use serde_json::Value;
use waybill_channels::shopify::token::{Application, verify_redirect};
use waybill_channels::{Stamp, error::NotTrusted};
use waybill_privacy::secret::Secret;

const AT: i64 = 1_795_430_400;

fn app(base: &str, secret: &str) -> Application {
    let client_secret = Secret::new(secret.to_owned());
    Application { base: base.to_owned(), client_id: "id".to_owned(), client_secret }
}

fn stamp(seconds_later: i64) -> Stamp {
    let now = jiff::Timestamp::from_second(AT + seconds_later).unwrap();
    Stamp { now, nonce: String::new() }
}

fn signed(secret: &str, pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut sorted = pairs.to_vec();
    sorted.sort_unstable();
    let text: Vec<String> = sorted.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let sum = hmac::sign(&key, text.join("&").as_bytes());
    let hex: String = sum.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    let all = pairs.iter().copied().chain([("hmac", hex.as_str())]);
    all.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn the_vector_of_the_contract_verifies_and_its_forgeries_do_not() {
    let Some(vector) = file("test-vectors/oauth-query-hmac.json") else { return };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let app = app(&format!("https://{}", text(&vector["params"]["shop"])), &text(&vector["secret"]));
    let mut query: Vec<(String, String)> = vector["params"]
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.clone(), text(value)))
        .collect();
    query.push(("hmac".to_owned(), text(&vector["hmac_hex"])));
    assert_eq!(verify_redirect(&query, &app, &stamp(5)), Ok(()));
    assert_eq!(verify_redirect(&query, &app, &stamp(91)), Err(NotTrusted::WrongSignature));
    for forged in vector["negative"].as_array().unwrap() {
        let mut changed = query.clone();
        let name = text(&forged["change"]);
        changed.iter_mut().find(|(known, _)| *known == name).unwrap().1 = text(&forged["value"]);
        assert_eq!(verify_redirect(&changed, &app, &stamp(5)), Err(NotTrusted::WrongSignature), "{forged}");
    }
}

#[test]
fn another_shop_of_the_same_app_cannot_come_back_in_its_place() {
    let at = AT.to_string();
    let app = app("https://some-shop.myshopify.com", "one");
    let from = |shop| signed("one", &[("code", "c"), ("shop", shop), ("state", "s"), ("timestamp", &at)]);
    assert_eq!(verify_redirect(&from("some-shop.myshopify.com"), &app, &stamp(1)), Ok(()));
    for shop in ["other-shop.myshopify.com", "some-shop.myshopify.com.evil.example", ""] {
        assert_eq!(verify_redirect(&from(shop), &app, &stamp(1)), Err(NotTrusted::WrongSignature), "{shop}");
    }
    let nameless = signed("one", &[("code", "c"), ("state", "s"), ("timestamp", &at)]);
    assert_eq!(verify_redirect(&nameless, &app, &stamp(1)), Err(NotTrusted::WrongSignature));
}
