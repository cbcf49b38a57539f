//! Signatures over raw bytes, keys, challenges and what notifications ask for.

use crate::contracts;
use crate::fixture::{reply, texts};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde_json::{Value, json};
use waybill_channels::ebay::webhook::{
    ACCEPTED, FAILED, NOT_TRUSTED, build_key, challenge_response, is_verification_token, read, read_key,
    signature, verify,
};
use waybill_channels::error::{CannotBuild, CannotRead, NotTrusted};
use waybill_channels::hint::Hint;
use waybill_domain::advice::Advice;
use waybill_privacy::secret::Secret;

fn headers(value: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("X-EBAY-SIGNATURE", value.parse().unwrap());
    headers
}

fn header(value: &Value) -> HeaderMap {
    headers(&STANDARD.encode(value.to_string()))
}

#[test]
fn every_signature_vector_holds() {
    let Some(vectors) = contracts::file("test-vectors/x-ebay-signature.json") else { return };
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 10);
    for case in cases {
        let body = STANDARD.decode(case["body_base64"].as_str().unwrap()).unwrap();
        let headers = case["x_ebay_signature"].as_str().map(headers).unwrap_or_default();
        // As the caller does it: header, key, bytes.
        let trusted = signature(&headers).is_ok_and(|signature| {
            let known = &vectors["public_key_endpoint_response"][&signature.key_id];
            let answer = if known.is_null() { reply(404, &json!({})) } else { reply(200, known) };
            let key = read_key(&answer).unwrap();
            key.is_some_and(|key| verify(&body, &signature, &key).is_ok())
        });
        assert_eq!(Value::Bool(trusted), case["valid"], "{}", case["name"]);
        if trusted {
            let told = read(&body).unwrap();
            let Hint::EraseOrders { orders, buyers } = told.hint else { panic!("{}", case["name"]) };
            assert!(orders.is_empty());
            assert_eq!(texts(&buyers), ["buyer_zoe_71", "Qx7TnE2pRk9"]);
            // The same notification, whatever its bytes.
            assert!(told.id.starts_with("5b0d3f10-0000-4000-8000-0000000000aa"));
        }
    }
}

#[test]
fn a_key_may_name_sha_256_and_that_is_then_what_counts() {
    let pair = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).unwrap();
    let made = pair.sign(&SystemRandom::new(), b"{}").unwrap();
    let headers = header(&json!({"kid": "a-1", "signature": STANDARD.encode(made.as_ref())}));
    let signature = signature(&headers).unwrap();
    let point = STANDARD.encode(spki(pair.public_key().as_ref()));
    let key = |digest: &str| {
        let text = format!("-----BEGIN PUBLIC KEY-----{point}-----END PUBLIC KEY-----");
        read_key(&reply(200, &json!({"key": text, "algorithm": "ECDSA", "digest": digest})))
    };
    assert_eq!(verify(b"{}", &signature, &key("SHA256").unwrap().unwrap()), Ok(()));
    let wrong = Err(NotTrusted::WrongSignature);
    assert_eq!(verify(b"{ }", &signature, &key("SHA-256").unwrap().unwrap()), wrong);
    assert_eq!(verify(b"{}", &signature, &key("SHA1").unwrap().unwrap()), wrong);
    assert_eq!(key("MD5").err(), Some(CannotRead::Field { field: "digest" }));
}

/// A P-256 point as SubjectPublicKeyInfo.
fn spki(point: &[u8]) -> Vec<u8> {
    let head = [
        0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08, 0x2a, 0x86,
        0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
    ];
    [&head[..], point].concat()
}

#[test]
fn a_key_s_id_cannot_lead_the_call_elsewhere() {
    let kid = |kid: &str| signature(&header(&json!({"kid": kid, "signature": "AA=="})));
    assert_eq!(kid("11111111-2222-4333-8444-555555555555").unwrap().key_id.len(), 36);
    for bad in ["", "../order/1", "a/b", "a?b", "a b", "a%2F", "é", &"a".repeat(65)] {
        assert_eq!(kid(bad), Err(NotTrusted::WrongSignature), "{bad}");
        let built = build_key("https://api.example.invalid", &Secret::new("t".to_owned()), bad);
        assert_eq!(built.err(), Some(CannotBuild::ChannelId));
    }
    let request = build_key("https://api.example.invalid", &Secret::new("app".to_owned()), "a-1").unwrap();
    assert_eq!(request.uri(), "https://api.example.invalid/commerce/notification/v1/public_key/a-1");
    assert_eq!(request.headers()["authorization"], "Bearer app");
}

#[test]
fn what_is_missing_or_odd_in_the_header_is_no_signature() {
    assert_eq!(signature(&HeaderMap::new()), Err(NotTrusted::NoSignature));
    assert_eq!(signature(&headers("")), Err(NotTrusted::NoSignature));
    for odd in ["%%%", "aGVsbG8=", "e30=", "bnVsbA=="] {
        assert_eq!(signature(&headers(odd)), Err(NotTrusted::WrongSignature), "{odd}");
    }
    let bad = header(&json!({"kid": "a", "signature": "%"}));
    assert_eq!(signature(&bad), Err(NotTrusted::WrongSignature));
}

#[test]
fn a_failing_key_service_is_our_fault_and_an_unknown_key_is_not() {
    assert!(matches!(read_key(&reply(404, &json!({"errors": [{"errorId": 195001}]}))), Ok(None)));
    assert!(matches!(read_key(&reply(400, &json!({}))), Ok(None)));
    let error = |status: u16, body: Value| read_key(&reply(status, &body)).err().unwrap();
    assert_eq!(error(500, json!({})).advice(), Advice::Retry);
    assert!(matches!(error(401, json!({})), CannotRead::Connection { .. }));
    assert!(matches!(error(429, json!({})), CannotRead::Throttled { .. }));
    let key = |key: &str| error(200, json!({"key": key, "algorithm": "ECDSA", "digest": "SHA1"}));
    for bad in
        ["", "-----BEGIN PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----!-----END PUBLIC KEY-----", "AAAA"]
    {
        assert_eq!(key(bad), CannotRead::Field { field: "key" }, "{bad}");
    }
    let rsa = error(200, json!({"key": "AAAA", "algorithm": "RSA", "digest": "SHA1"}));
    assert_eq!(rsa, CannotRead::Field { field: "algorithm" });
    assert_eq!((ACCEPTED.as_u16(), NOT_TRUSTED.as_u16(), FAILED.as_u16()), (204, 412, 500));
}

#[test]
fn every_challenge_vector_holds() {
    let Some(vectors) = contracts::file("test-vectors/challenge.json") else { return };
    for case in vectors["cases"].as_array().unwrap() {
        let field = |name: &str| case[name].as_str().unwrap();
        let token = Secret::new(field("verification_token").to_owned());
        assert!(is_verification_token(token.expose()));
        let answer = challenge_response(field("challenge_code"), &token, field("endpoint"));
        assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), case["response"]);
    }
    for bad in ["short", &"a".repeat(31), &"a".repeat(81), &"a/".repeat(20)] {
        assert!(!is_verification_token(bad), "{bad}");
    }
}

fn notification(topic: &str, data: Value) -> Vec<u8> {
    json!({
        "metadata": {"topic": topic, "schemaVersion": "1.0"},
        "notification": {"notificationId": "n-1", "publishAttemptCount": 1, "data": data}
    })
    .to_string()
    .into_bytes()
}

#[test]
fn an_order_s_confirmation_is_only_a_hint() {
    let data = json!({
        "user": {"userId": "Us3rId", "username": "harbour_finch"},
        "order": {"orderId": "12-12345-12345", "orderLineItems": [{"lineItemId": "1"}]}
    });
    for topic in ["ORDER_CONFIRMATION", "ITEM_MARKED_SHIPPED"] {
        let told = read(&notification(topic, data.clone())).unwrap();
        assert!(matches!(told.hint, Hint::Reread { channel_id } if channel_id == "12-12345-12345"));
        assert_eq!((told.id.as_str(), texts(&told.seller)), ("n-1", vec!["Us3rId", "harbour_finch"]));
    }
    for bad in [json!({}), json!({"order": {"orderId": "../x"}}), json!({"order": {}}), Value::Null] {
        let error = read(&notification("ORDER_CONFIRMATION", bad)).err().unwrap();
        assert_eq!(error, CannotRead::Field { field: "data.order.orderId" });
    }
}

#[test]
fn a_closed_account_is_erased_under_both_its_names() {
    let buyers = |data: Value| match read(&notification("MARKETPLACE_ACCOUNT_DELETION", data)).unwrap().hint {
        Hint::EraseOrders { orders, buyers } => {
            assert!(orders.is_empty());
            texts(&buyers).iter().map(|name| (*name).to_owned()).collect::<Vec<_>>()
        }
        _ => panic!("no erasure"),
    };
    assert_eq!(buyers(json!({"username": "a", "userId": "B", "eiasToken": "e"})), ["a", "B"]);
    // For some the id stands where the name was.
    assert_eq!(buyers(json!({"username": "B", "userId": "B"})), ["B"]);
    assert_eq!(buyers(json!({"userId": "B"})), ["B"]);
    assert_eq!(buyers(json!({"username": "a"})), ["a"]);
    assert!(read(&notification("MARKETPLACE_ACCOUNT_DELETION", json!({"eiasToken": "e"}))).is_err());
    // An unusable name is no erasure that looks done.
    assert!(
        read(&notification("MARKETPLACE_ACCOUNT_DELETION", json!({"username": "a", "userId": []}))).is_err()
    );
    let mut nameless: Value =
        serde_json::from_slice(&notification("MARKETPLACE_ACCOUNT_DELETION", json!({"username": "a"})))
            .unwrap();
    nameless["notification"].as_object_mut().unwrap().remove("notificationId");
    let error = read(nameless.to_string().as_bytes()).err();
    assert_eq!(error, Some(CannotRead::Field { field: "notification.notificationId" }));
}

#[test]
fn a_seller_who_withdraws_is_disconnected_and_other_topics_are_ignored() {
    let data = json!({"username": "harbour_finch", "userId": "Us3rId", "revokeReason": "REVOKED_BY_USER"});
    let told = read(&notification("AUTHORIZATION_REVOCATION", data)).unwrap();
    assert!(matches!(told.hint, Hint::Uninstalled));
    assert_eq!(texts(&told.seller), ["Us3rId", "harbour_finch"]);
    let other = read(&notification("ITEM_AVAILABILITY", json!({"order": 7}))).err();
    assert!(other.is_some(), "not of any shape");
    let other = read(&notification("ITEM_AVAILABILITY", json!({"x": 7}))).unwrap();
    assert!(matches!(other.hint, Hint::Ignore) && other.seller.is_empty());
    assert_eq!(read(b"{}").err(), Some(CannotRead::Field { field: "metadata.topic" }));
    assert!(matches!(read(b"[1").err(), Some(CannotRead::Shape { .. })));
}
