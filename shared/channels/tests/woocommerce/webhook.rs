//! Deliveries: signatures by the contract's vectors, pings, bodies that are no orders.

use crate::contracts::file;
use crate::fixture::{hint, order};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_channels::error::{CannotRead, NotTrusted};
use waybill_channels::hint::Hint;
use waybill_channels::woocommerce::webhook::{Topic, is_ping, read, signature_header, topic_header, verify};
use waybill_privacy::secret::Secret;

fn vectors() -> Vec<Value> {
    let Some(file) = file("test-vectors/webhook-hmac.json") else { return Vec::new() };
    file["cases"].as_array().unwrap().clone()
}

#[test]
fn every_vector() {
    for case in vectors() {
        let name = case["name"].as_str().unwrap();
        let text = |field: &str| case[field].as_str().unwrap().to_owned();
        let body = STANDARD.decode(text("body_base64")).unwrap();
        let signature = text("signature");
        let stored = Secret::new(text("secret_as_stored"));
        let fits = verify(&body, Some(&signature), &[&stored]).is_ok();
        assert_eq!(fits, case["valid"].as_bool().unwrap(), "{name}");
        if fits {
            // The secret as the merchant typed it, too, and as the previous of two.
            let typed = Secret::new(text("secret_effective"));
            let other = Secret::new("another0another0".to_owned());
            assert_eq!(verify(&body, Some(&signature), &[&other, &typed]), Ok(()), "{name}");
            assert_eq!(verify(&body, Some(&signature), &[&other]), Err(NotTrusted::WrongSignature), "{name}");
        }
    }
}

#[test]
fn a_delivery_without_proof_is_not_trusted() {
    let secret = Secret::new("whsecplain".to_owned());
    assert_eq!(verify(b"{}", None, &[&secret]), Err(NotTrusted::NoSignature));
    assert_eq!(verify(b"{}", Some(""), &[&secret]), Err(NotTrusted::NoSignature));
    assert_eq!(verify(b"{}", Some("no base64!"), &[&secret]), Err(NotTrusted::WrongSignature));
    assert_eq!(verify(b"{}", Some("AAAA"), &[]), Err(NotTrusted::NoSecret));
}

#[test]
fn a_ping_is_known_by_its_form_and_its_missing_signature() {
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "application/x-www-form-urlencoded".parse().unwrap());
    assert!(is_ping(&headers, b"webhook_id=17"));
    for no in ["webhook_id=", "webhook_id=17&x=1", "{\"id\":727}", "webhook_id=seven", ""] {
        assert!(!is_ping(&headers, no.as_bytes()), "{no}");
    }
    headers.insert("X-WC-Webhook-Signature", "c2ln".parse().unwrap());
    assert!(!is_ping(&headers, b"webhook_id=17"), "signed deliveries are never pings");
    assert_eq!(signature_header(&headers), Some("c2ln"));
    headers.insert("X-WC-Webhook-Topic", "order.updated".parse().unwrap());
    assert_eq!(topic_header(&headers).map(Topic::parse), Some(Topic::Order));
}

#[test]
fn topics() {
    for topic in ["order.created", "order.updated", "order.restored"] {
        assert_eq!(Topic::parse(topic), Topic::Order);
        assert!(matches!(hint(&order()), Ok(Hint::Order(_))));
    }
    assert_eq!(Topic::parse("order.deleted"), Topic::Deleted);
    for topic in ["customer.deleted", "product.updated", "action.wc_x", ""] {
        assert!(matches!(read(Topic::parse(topic), b"not even JSON"), Ok(Hint::Ignore)), "{topic}");
    }
}

#[test]
fn a_deleted_order_is_looked_for() {
    for body in [json!({"id": 727}), json!({"id": "727"})] {
        match read(Topic::Deleted, body.to_string().as_bytes()) {
            Ok(Hint::Reread { channel_id }) => assert_eq!(channel_id, "727"),
            _ => panic!("not a reread"),
        }
    }
    let error = read(Topic::Deleted, b"{}").err();
    assert_eq!(error, Some(CannotRead::Field { field: "id" }));
}

#[test]
fn an_error_in_place_of_an_order_means_that_the_webhooks_owner_is_gone() {
    let body = json!({"code": "woocommerce_rest_cannot_view", "message": "Sorry", "data": {"status": 401}});
    let code = "woocommerce_rest_cannot_view".to_owned();
    assert_eq!(hint(&body).err(), Some(CannotRead::Connection { code }));
    for empty in ["", "[]", "null", "{}"] {
        assert!(read(Topic::Order, empty.as_bytes()).is_err(), "{empty:?}");
    }
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        "\\PC{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        "[a-z_]{1,8}",
        prop::sample::select(vec![
            "id",
            "status",
            "billing",
            "shipping",
            "line_items",
            "meta_data",
            "key",
            "value",
            "refunds",
            "quantity",
            "subtotal",
            "total",
            "currency",
            "date_modified_gmt",
            "email",
            "address_1",
            "code",
            "namespaces",
        ])
        .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(4, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::hash_map(name.clone(), inner, 0..6)
                .prop_map(|map| Value::from_iter(map.into_iter().collect::<Vec<_>>())),
        ]
    })
}

proptest! {
    #[test]
    fn a_flipped_bit_is_noticed(body in prop::collection::vec(any::<u8>(), 1..200), at in any::<prop::sample::Index>(), bit in 0..8u8) {
        let secret = Secret::new("whsecplain".to_owned());
        let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"whsecplain");
        let signature = STANDARD.encode(aws_lc_rs::hmac::sign(&key, &body));
        prop_assert_eq!(verify(&body, Some(&signature), &[&secret]), Ok(()));
        let mut changed = body;
        let at = at.index(changed.len());
        changed[at] ^= 1 << bit;
        prop_assert_eq!(verify(&changed, Some(&signature), &[&secret]), Err(NotTrusted::WrongSignature));
    }

    #[test]
    fn no_json_makes_a_reader_panic(value in any_json(), field in "[a-z_]{2,18}") {
        crate::fuzz::read_everything(value.to_string().as_bytes());
        let mut order = order();
        order[field] = value;
        crate::fuzz::read_everything(order.to_string().as_bytes());
    }

    #[test]
    fn no_bytes_make_a_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        crate::fuzz::read_everything(&bytes);
    }
}
