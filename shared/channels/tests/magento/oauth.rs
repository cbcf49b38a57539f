//! Signatures.

use crate::contracts;
use crate::fixture::{query, shop, stamp};
use serde_json::Value;
use waybill_channels::Stamp;
use waybill_channels::error::CannotBuild;
use waybill_channels::feed::Reading;
use waybill_channels::magento::feed::One;
use waybill_channels::magento::oauth::{base_string, encode, signature};
use waybill_channels::magento::{Access, Shop};
use waybill_privacy::secret::Secret;

fn pairs(case: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let asked = case["query"].as_array().unwrap().iter().map(|pair| (text(&pair[0]), text(&pair[1])));
    let protocol = case["oauth"].as_object().unwrap().iter().map(|(name, value)| (name.clone(), text(value)));
    asked.chain(protocol).collect()
}

#[test]
fn every_vector_of_the_contract_holds() {
    let Some(vectors) = contracts::file("test-vectors/oauth1-hmac-sha256.json") else { return };
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let name = &case["name"];
        let (method, url) = (case["method"].as_str().unwrap(), case["url"].as_str().unwrap());
        let pairs = pairs(case);
        let base = base_string(method, url, pairs.iter().map(|(n, v)| (n.as_str(), v.as_str())));
        assert_eq!(base, case["signature_base_string"].as_str().unwrap(), "{name}");
        let (consumer, token) =
            (case["consumer_secret"].as_str().unwrap(), case["token_secret"].as_str().unwrap());
        assert_eq!(format!("{}&{}", encode(consumer), encode(token)), case["signing_key"].as_str().unwrap());
        assert_eq!(signature(&base, consumer, token), case["oauth_signature"].as_str().unwrap(), "{name}");
    }
}

fn first(shop: &Shop, stamp: &Stamp) -> Result<http::Request<Vec<u8>>, waybill_channels::writeback::Broke> {
    match One::new(shop, "7").next(None, stamp)? {
        Reading::Send(request) => Ok(*request),
        Reading::Over(_) => panic!("nothing asked"),
    }
}

/// The header's parameters, decoded.
fn header(request: &http::Request<Vec<u8>>) -> Vec<(String, String)> {
    let text = request.headers()["authorization"].to_str().unwrap().strip_prefix("OAuth ").unwrap();
    let pair = |part: &str| {
        let (name, value) = part.split_once('=').unwrap();
        let value = value.strip_prefix('"').unwrap().strip_suffix('"').unwrap();
        (name.to_owned(), value.replace("%2B", "+").replace("%2F", "/").replace("%3D", "="))
    };
    text.split(", ").map(pair).collect()
}

#[test]
fn a_call_carries_the_signature_of_what_it_asks() {
    let request = first(&shop(), &stamp()).unwrap();
    assert!(
        request
            .uri()
            .to_string()
            .starts_with("https://shop.example/rest/default/V1/orders/7?fields=entity_id%2C")
    );
    let header = header(&request);
    let of = |name: &str| header.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap();
    assert_eq!((of("oauth_nonce"), of("oauth_timestamp")), (stamp().nonce.as_str(), "1795424400"));
    assert_eq!((of("oauth_consumer_key"), of("oauth_token")), ("ck_abc", "tk_def"));
    let asked = query(&request);
    let signed = header.iter().filter(|(name, _)| name != "oauth_signature").chain(&asked);
    let base = base_string(
        "GET",
        "https://shop.example/rest/default/V1/orders/7",
        signed.map(|(n, v)| (n.as_str(), v.as_str())),
    );
    assert_eq!(signature(&base, "cs_secret/+=", "ts secret"), of("oauth_signature"));
}

#[test]
fn a_call_hides_its_credentials() {
    let mut bearer = shop();
    bearer.access = Access::Bearer(Secret::new("ims_EXAMPLE".to_owned()));
    for shop in [shop(), bearer] {
        let request = first(&shop, &stamp()).unwrap();
        assert!(request.headers()["authorization"].is_sensitive());
        let shown = format!("{request:?}{shop:?}");
        assert!(!shown.contains("ims_EXAMPLE") && !shown.contains("cs_secret") && !shown.contains("tk_def"));
    }
}

#[test]
fn what_cannot_be_sent_is_said() {
    let mut bad = shop();
    bad.access = Access::Bearer(Secret::new("t\n".to_owned()));
    assert_eq!(first(&bad, &stamp()).unwrap_err(), CannotBuild::Credential.into());
    bad.base = "shop.example".to_owned();
    assert_eq!(first(&bad, &stamp()).unwrap_err(), CannotBuild::Address.into());
    let mut one = One::new(&shop(), "000000007; drop");
    assert_eq!(one.next(None, &stamp()).err(), Some(CannotBuild::ChannelId.into()));
}
