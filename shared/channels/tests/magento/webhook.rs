//! Adobe I/O Events.

use crate::contracts;
use crate::fixture::raw;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{KeyPair as _, RSA_PKCS1_SHA256};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_channels::error::{CannotBuild, CannotRead, NotTrusted};
use waybill_channels::hint::Hint;
use waybill_channels::magento::webhook::{
    KEY_HOST, PublicKey, VALIDATION_DOMAIN, build_key, build_validation, challenge, key_paths, read,
    read_key, verify,
};

const PATHS: [&str; 2] = ["/prod/keys/pub-key-1.pem", "/prod/keys/pub-key-2.pem"];

fn headers(of: &[(&str, &str)]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, value) in of {
        let name: http::HeaderName = name.parse().unwrap();
        headers.insert(name, value.parse().unwrap());
    }
    headers
}

#[test]
fn every_vector_of_the_contract_holds() {
    let Some(vectors) = contracts::file("test-vectors/adobe-io-events-signature.json") else { return };
    let pem = |path: &str| {
        let text = vectors["keys"][path].as_str().unwrap();
        read_key(path, &raw(200, text.as_bytes())).unwrap()
    };
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let text = |name: &str| case[name].as_str().unwrap();
        let names = [
            "x-adobe-digital-signature-1",
            "x-adobe-public-key1-path",
            "x-adobe-digital-signature-2",
            "x-adobe-public-key2-path",
        ];
        let headers = headers(&names.map(|name| (name, text(name))));
        let body = STANDARD.decode(text("body_base64")).unwrap();
        // As the caller does: fetch what the delivery names.
        let keys: Vec<PublicKey> = key_paths(&headers).iter().map(|path| pem(path)).collect();
        let trusted = verify(&body, &headers, &keys, text("our_client_id"));
        assert_eq!(Value::Bool(trusted.is_ok()), case["valid"], "{}: {trusted:?}", case["name"]);
        if trusted.is_ok() {
            assert_eq!(orders(&read(&body).unwrap()), ["7"], "{}", case["name"]);
        }
        // Even with the keys at hand, a path that leads elsewhere is none.
        let keys: Vec<PublicKey> = PATHS.iter().map(|path| pem(path)).collect();
        let trusted = verify(&body, &headers, &keys, text("our_client_id"));
        assert_eq!(Value::Bool(trusted.is_ok()), case["valid"], "{}", case["name"]);
    }
}

fn orders(hints: &[Hint]) -> Vec<String> {
    let key = |hint: &Hint| match hint {
        Hint::Reread { channel_id } => Some(channel_id.clone()),
        _ => None,
    };
    hints.iter().filter_map(key).collect()
}

/// A key pair of our own, its public key as the key host serves it, and headers for a body.
struct Adobe(KeyPair);

impl Adobe {
    fn new() -> Self {
        Self(KeyPair::generate(KeySize::Rsa2048).unwrap())
    }

    fn key(&self) -> PublicKey {
        use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
        let der: PublicKeyX509Der<'_> = self.0.public_key().as_der().unwrap();
        let pem = format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(der.as_ref())
        );
        read_key(PATHS[0], &raw(200, pem.as_bytes())).unwrap()
    }

    fn headers(&self, body: &[u8]) -> HeaderMap {
        let mut signature = vec![0; self.0.public_modulus_len()];
        self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), body, &mut signature).unwrap();
        let signature = STANDARD.encode(signature);
        headers(&[("x-adobe-digital-signature-1", &signature), ("x-adobe-public-key1-path", PATHS[0])])
    }
}

#[test]
fn either_spelling_of_the_client_is_taken_and_no_other_client() {
    let adobe = Adobe::new();
    let keys = [adobe.key()];
    let check = |event: Value, client: &str| {
        let body = event.to_string();
        verify(body.as_bytes(), &adobe.headers(body.as_bytes()), &keys, client)
    };
    assert_eq!(check(json!({"recipientclientid": "ours"}), "ours"), Ok(()));
    assert_eq!(check(json!({"recipient_client_id": "ours"}), "ours"), Ok(()));
    assert_eq!(
        check(json!([{"recipient_client_id": "ours"}, {"recipientclientid": "ours"}]), "ours"),
        Ok(())
    );
    for odd in [json!({}), json!({"recipientclientid": "theirs"}), json!([]), json!("ours")] {
        assert_eq!(check(odd, "ours"), Err(NotTrusted::WrongSignature));
    }
    let mixed = json!([{"recipient_client_id": "ours"}, {"recipient_client_id": "theirs"}]);
    assert_eq!(check(mixed, "ours"), Err(NotTrusted::WrongSignature));
}

#[test]
fn what_is_missing_is_said() {
    let adobe = Adobe::new();
    let body = json!({"recipientclientid": "ours"}).to_string();
    let signed = adobe.headers(body.as_bytes());
    let check = |headers: &HeaderMap, keys: &[PublicKey]| verify(body.as_bytes(), headers, keys, "ours");
    assert_eq!(check(&HeaderMap::new(), &[adobe.key()]), Err(NotTrusted::NoSignature));
    assert_eq!(check(&signed, &[]), Err(NotTrusted::NoSecret));
    assert_eq!(check(&signed, &[Adobe::new().key()]), Err(NotTrusted::WrongSignature));
    assert_eq!(check(&signed, &[Adobe::new().key(), adobe.key()]), Ok(()));
    let mut elsewhere = adobe.key();
    elsewhere.path = PATHS[1].to_owned();
    assert_eq!(check(&signed, &[elsewhere]), Err(NotTrusted::WrongSignature));
}

#[test]
fn keys_come_from_one_place_only() {
    let of = |path: &str| key_paths(&headers(&[("x-adobe-public-key1-path", path)]));
    assert_eq!(of(PATHS[0]), [PATHS[0]]);
    for bad in [
        "",
        "/prod/keys/.pem",
        "/prod/keys/../../x.pem",
        "/prod/keys/..%2fx.pem",
        "/prod/keys/a/b.pem",
        "/stage/keys/pub-key-1.pem",
        "/prod/keys/pub-key-1.pem?x=.pem",
        "//evil.example/prod/keys/k.pem",
        "@evil.example/k.pem",
        "https://evil.example/prod/keys/k.pem",
    ] {
        assert!(of(bad).is_empty(), "{bad}");
        assert_eq!(build_key(KEY_HOST, bad).err(), Some(CannotBuild::Address), "{bad}");
    }
    let request = build_key(KEY_HOST, PATHS[0]).unwrap();
    assert_eq!(request.uri(), "https://static.adobeioevents.com/prod/keys/pub-key-1.pem");
    assert!(request.headers().is_empty());
    let both = headers(&[("x-adobe-public-key1-path", PATHS[0]), ("x-adobe-public-key2-path", PATHS[0])]);
    assert_eq!(key_paths(&both), [PATHS[0]]);
}

#[test]
fn what_is_no_key_is_not_one() {
    for odd in
        ["<html>", "-----BEGIN PUBLIC KEY-----\n!!\n-----END PUBLIC KEY-----", "-----BEGIN PUBLIC KEY-----"]
    {
        assert_eq!(read_key(PATHS[0], &raw(200, odd.as_bytes())).err(), Some(CannotRead::Reply), "{odd}");
    }
    assert!(matches!(read_key(PATHS[0], &raw(404, b"x")), Err(CannotRead::Refused { .. })));
    assert_eq!(read_key(PATHS[0], &raw(200, &[b'x'; 10_000])).err(), Some(CannotRead::Reply));
}

fn event(kind: &str, value: Value) -> Value {
    json!({"specversion": "1.0", "id": "e", "type": format!("com.adobe.commerce.{kind}"), "data": {"key": "k", "value": value}})
}

fn of(event: &Value) -> Result<Vec<String>, CannotRead> {
    read(event.to_string().as_bytes()).map(|hints| orders(&hints))
}

#[test]
fn an_event_names_the_order_to_read() {
    let order = [
        "observer.sales_order_save_commit_after",
        "observer.sales_order_place_after",
        "plugin.magento.sales.api.order_management.place",
        "mine.observer.sales_order_save_after",
    ];
    for kind in order {
        let event =
            event(kind, json!({"entity_id": "7", "increment_id": "000000007", "customer_email": "z"}));
        assert_eq!(of(&event).unwrap(), ["7"], "{kind}");
    }
    assert_eq!(
        of(&event("plugin.magento.sales.api.order_management.cancel", json!({"id": 7}))).unwrap(),
        ["7"]
    );
    // The own key of what belongs to an order is some other order's.
    let parts = [
        "observer.sales_order_shipment_save_after",
        "observer.sales_order_creditmemo_save_after",
        "observer.sales_order_item_save_after",
        "plugin.magento.sales.api.shipment_repository.save",
    ];
    for kind in parts {
        assert_eq!(of(&event(kind, json!({"entity_id": 99, "order_id": 7}))).unwrap(), ["7"], "{kind}");
    }
    let comment =
        event("observer.sales_order_status_history_save_after", json!({"entity_id": 99, "parent_id": 7}));
    assert_eq!(of(&comment).unwrap(), ["7"]);
    let only = event("observer.sales_order_shipment_save_after", json!({"entity_id": 99}));
    assert_eq!(of(&only).err(), Some(CannotRead::Field { field: "data.value.order_id" }));
    let nothing = event("observer.sales_order_save_after", json!([]));
    assert_eq!(of(&nothing).err(), Some(CannotRead::Field { field: "data.value.entity_id" }));
}

#[test]
fn other_events_are_not_for_orders() {
    for kind in [
        "observer.cataloginventory_stock_item_save_commit_after",
        "observer.customer_save_commit_after",
        "observer.sales_quote_save_after",
        "plugin.magento.catalog.api.product_repository.save",
    ] {
        let hints = read(event(kind, json!({"entity_id": 1, "order_id": 2})).to_string().as_bytes()).unwrap();
        assert!(matches!(hints.as_slice(), [Hint::Ignore]), "{kind}");
    }
    assert!(matches!(read(b"{\"type\": 7}").unwrap().as_slice(), [Hint::Ignore]));
    assert!(read(b"<html>").is_err());
}

#[test]
fn a_batch_names_each_order_once() {
    let order = |id: u64| event("observer.sales_order_save_commit_after", json!({"entity_id": id}));
    let batch = json!([order(7), order(8), order(7)]);
    assert_eq!(of(&batch).unwrap(), ["7", "8"]);
    let many: Vec<Value> = (1..=501).map(order).collect();
    assert_eq!(of(&json!(many)).err(), Some(CannotRead::TooMany { field: "events" }));
}

#[test]
fn the_contracts_catalogue_of_events_names_the_fields_we_need() {
    let Some(catalogue) = contracts::file("specs/commerce-events-schema.json") else { return };
    for (kind, value) in
        catalogue.as_object().unwrap().iter().filter(|(kind, _)| kind.starts_with("sales_order_"))
    {
        let mut sample = json!({});
        for (field, name) in value.as_object().unwrap().keys().enumerate() {
            sample[name] = json!(field + 1);
        }
        // An order's own key is not in the catalogue; its rows name it.
        if sample.get("items").is_some() {
            sample["items"] = json!([{"item_id": 9, "order_id": 7}]);
        }
        assert!(!of(&event(&format!("observer.{kind}"), sample)).unwrap().is_empty(), "{kind}");
    }
}

#[test]
fn a_challenge_is_answered_as_it_came() {
    assert_eq!(challenge("challenge=8ec8d794-e0ab-42df"), Some("8ec8d794-e0ab-42df".to_owned()));
    assert_eq!(challenge("a=b&challenge=x"), Some("x".to_owned()));
    for odd in ["", "challenge=", "challenge=<script>", "challenge=%3Cscript%3E", "xchallenge=a"] {
        assert_eq!(challenge(odd), None, "{odd}");
    }
}

#[test]
fn only_adobes_own_confirmation_is_opened() {
    let asked =
        |url: &str| build_validation(json!({"validationUrl": url}).to_string().as_bytes(), VALIDATION_DOMAIN);
    let good = "https://csm.adobe.io/csv/webhook/validate?id=1&challenge=2";
    assert_eq!(asked(good).unwrap().unwrap().uri(), good);
    for bad in [
        "http://csm.adobe.io/x",
        "https://evil.example/.adobe.io",
        "https://evil-adobe.io/",
        "/x",
        "https://csm.adobe.io:8443/",
        "https://csm.adobe.io@evil.example/",
        "https://me@csm.adobe.io/",
    ] {
        assert_eq!(asked(bad).err(), Some(CannotBuild::Address), "{bad}");
    }
    assert!(build_validation(b"{\"type\":\"x\"}", VALIDATION_DOMAIN).unwrap().is_none());
}

proptest! {
    #[test]
    fn one_changed_byte_breaks_it(at in 0..30_usize, by in 1..255_u8) {
        let adobe = ADOBE.get_or_init(Adobe::new);
        let mut body = json!({"recipientclientid": "ours"}).to_string().into_bytes();
        let headers = adobe.headers(&body);
        let at = at % body.len();
        body[at] = body[at].wrapping_add(by);
        prop_assert!(verify(&body, &headers, &[adobe.key()], "ours").is_err());
    }
}

static ADOBE: std::sync::OnceLock<Adobe> = std::sync::OnceLock::new();
