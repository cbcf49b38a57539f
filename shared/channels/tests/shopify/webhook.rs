//! Signatures, topics and compliance calls.

use crate::contracts;
use crate::fixture::text;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_channels::error::{CannotRead, NotTrusted};
use waybill_channels::hint::Hint;
use waybill_channels::shopify::webhook::{Topic, read, signature_header, topic_header, verify};
use waybill_domain::advice::Advice;
use waybill_privacy::secret::Secret;

fn secret(text: &str) -> Secret {
    Secret::new(text.to_owned())
}

fn sign(secret: &str, body: &[u8]) -> String {
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(aws_lc_rs::hmac::sign(&key, body))
}

#[test]
fn every_vector_of_the_contract_holds() {
    let Some(vectors) = contracts::file("test-vectors/webhook-hmac.json") else { return };
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 11);
    for case in cases {
        let body = STANDARD.decode(case["body_base64"].as_str().unwrap()).unwrap();
        let secrets: Vec<Secret> = case["secrets_configured"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| secret(s.as_str().unwrap()))
            .collect();
        let mut headers = HeaderMap::new();
        let name: http::HeaderName = case["header"].as_str().unwrap().parse().unwrap();
        headers.insert(name, case["signature"].as_str().unwrap().parse().unwrap());
        let secrets: Vec<&Secret> = secrets.iter().collect();
        let trusted = verify(&body, signature_header(&headers), &secrets).is_ok();
        assert_eq!(Value::Bool(trusted), case["valid"], "{}", case["name"]);
    }
}

#[test]
fn what_is_missing_is_said() {
    let ours = secret("current");
    assert_eq!(verify(b"{}", None, &[&ours]), Err(NotTrusted::NoSignature));
    assert_eq!(verify(b"{}", Some(""), &[&ours]), Err(NotTrusted::NoSignature));
    assert_eq!(verify(b"{}", Some("!"), &[&ours]), Err(NotTrusted::WrongSignature));
    assert_eq!(verify(b"{}", Some(&sign("current", b"{}")), &[]), Err(NotTrusted::NoSecret));
    assert_eq!(verify(b"{}", Some(&sign("older", b"{}")), &[&ours]), Err(NotTrusted::WrongSignature));
    assert_eq!(verify(b"{}", Some(&sign("older", b"{}")), &[&ours, &secret("older")]), Ok(()));
    assert_eq!(NotTrusted::WrongSignature.advice(), Advice::GiveUp);
}

#[test]
fn headers_of_both_families_are_read() {
    let headers = |pairs: &[(&'static str, &'static str)]| {
        pairs.iter().map(|(k, v)| ((*k).parse().unwrap(), v.parse().unwrap())).collect::<HeaderMap>()
    };
    let old = headers(&[("x-shopify-topic", "orders/create"), ("x-shopify-hmac-sha256", "abc=")]);
    let new = headers(&[("shopify-topic", "orders/create"), ("shopify-hmac-sha256", "abc=")]);
    for h in [&old, &new] {
        assert_eq!((topic_header(h), signature_header(h)), (Some("orders/create"), Some("abc=")));
    }
    assert_eq!((topic_header(&HeaderMap::new()), signature_header(&HeaderMap::new())), (None, None));
}

fn hint(topic: &str, body: &Value) -> Result<Hint, CannotRead> {
    read(&Topic::from(topic), body.to_string().as_bytes())
}

fn reread(hint: Hint) -> String {
    match hint {
        Hint::Reread { channel_id } => channel_id,
        _ => panic!("not a reread"),
    }
}

#[test]
fn differences_only_are_read_again() {
    let edited = json!({"order_edit": {"id": 1, "order_id": 820982911946154508_u64}});
    assert_eq!(reread(hint("orders/edited", &edited).unwrap()), "820982911946154508");
    let refund = json!({"id": 1, "order_id": "820982911946154508", "note": "Things were damaged"});
    assert_eq!(reread(hint("refunds/create", &refund).unwrap()), "820982911946154508");
    assert_eq!(
        hint("orders/edited", &json!({})).err(),
        Some(CannotRead::Field { field: "order_edit.order_id" })
    );
}

#[test]
fn what_concerns_no_order_is_ignored() {
    for topic in ["inventory_levels/update", "products/update"] {
        assert!(matches!(read(&Topic::from(topic), b"not even json"), Ok(Hint::Ignore)), "{topic}");
    }
    assert_eq!(Topic::from(" Orders/Create "), Topic::OrdersCreate);
    assert_eq!(Topic::parse("products/update"), Topic::Other("products/update".to_owned()));
}

#[test]
fn a_deleted_order_is_looked_for_before_it_is_believed() {
    assert_eq!(reread(hint("orders/delete", &json!({"id": 7})).unwrap()), "7");
}

#[test]
fn a_hold_has_the_order_of_its_fulfillment_order_read() {
    let held = json!({"fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/7", "status": "on_hold"}});
    assert_eq!(reread(hint("fulfillment_orders/placed_on_hold", &held).unwrap()), "FulfillmentOrder/7");
    let moved = json!({"original_fulfillment_order": {"id": "gid://shopify/FulfillmentOrder/8"}});
    assert_eq!(reread(hint("fulfillment_orders/moved", &moved).unwrap()), "FulfillmentOrder/8");
    let odd = json!({"fulfillment_order": {"id": "gid://shopify/Order/7"}});
    assert!(matches!(hint("fulfillment_orders/moved", &odd), Ok(Hint::Ignore)));
}

#[test]
fn an_erasure_names_orders_and_the_buyer() {
    let asked = json!({"shop_id": 1, "customer": {"id": 2, "email": "zoe@example.invalid", "phone": "07700 900001"},
        "orders_to_redact": [299938, "280263", 820982911946154508_u64]});
    let Hint::EraseOrders { orders, buyers } = hint("customers/redact", &asked).unwrap() else { panic!() };
    assert_eq!(orders, ["299938", "280263", "820982911946154508"]);
    assert_eq!(text(&buyers.first().cloned()), Some("zoe@example.invalid"));
    let guest = json!({"customer": null, "orders_to_redact": []});
    let Hint::EraseOrders { orders, buyers } = hint("customers/redact", &guest).unwrap() else { panic!() };
    assert!(orders.is_empty() && buyers.is_empty());
}

#[test]
fn an_erasure_never_skips_an_order_it_cannot_read() {
    let asked = json!({"customer": {"email": "zoe@example.invalid"}, "orders_to_redact": [299938, 8.2e17]});
    assert_eq!(hint("customers/redact", &asked).err(), Some(CannotRead::Field { field: "orders_to_redact" }));
}

#[test]
fn the_contract_s_compliance_samples_are_read() {
    let read_sample = |topic: &str| {
        contracts::sample(topic)
            .map(|body| read(&Topic::from(topic.replacen('.', "/", 1).as_str()), &body).unwrap())
    };
    let Some(Hint::EraseOrders { orders, buyers }) = read_sample("customers.redact") else { return };
    assert_eq!(orders.len(), 3);
    assert_eq!(buyers.len(), 1);
    let Some(Hint::DataRequest { request, orders, buyer }) = read_sample("customers.data_request") else {
        panic!()
    };
    assert_eq!((request.as_str(), orders.len(), buyer.is_some()), ("9999", 3, true));
    assert!(matches!(read_sample("shop.redact"), Some(Hint::EraseShop)));
    assert!(matches!(read_sample("app.uninstalled"), Some(Hint::Uninstalled)));
    assert_eq!(reread(read_sample("orders.edited").unwrap()), "820982911946154500");
    assert_eq!(reread(read_sample("refunds.create").unwrap()), "820982911946154500");
    for topic in ["cancelled", "moved", "order_routing_complete", "placed_on_hold", "split"] {
        let named = reread(read_sample(&format!("fulfillment_orders.{topic}")).unwrap());
        assert!(named.starts_with("FulfillmentOrder/"), "{topic}: {named}");
    }
    assert!(!reread(read_sample("orders.delete").unwrap()).is_empty());
    for topic in ["fulfillments.create", "returns.request"] {
        assert!(matches!(read_sample(topic), Some(Hint::Ignore)));
    }
}

proptest! {
    /// One changed bit, in the body or the signature, is enough to be refused.
    #[test]
    fn any_changed_bit_is_refused(body in prop::collection::vec(any::<u8>(), 1..300), at in any::<prop::sample::Index>(), bit in 0u8..8, which in any::<bool>()) {
        let ours = secret("current");
        let signature = sign("current", &body);
        prop_assert_eq!(verify(&body, Some(&signature), &[&ours]), Ok(()));
        let (mut body, mut signature) = (body, signature.into_bytes());
        if which { let n = at.index(body.len()); body[n] ^= 1 << bit } else { let n = at.index(signature.len()); signature[n] ^= 1 << bit }
        let signature = String::from_utf8_lossy(&signature);
        prop_assert!(verify(&body, Some(&signature), &[&ours]).is_err());
    }
}
