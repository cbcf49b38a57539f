//! Everything a stranger may send, through every function that reads: no panic, nothing without bounds.

use crate::contracts;
use crate::fixture::{ORDER, international, order, seller, stamp};
use crate::writeback::sent;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Response};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use waybill_channels::ebay::feed::{One, read_changed};
use waybill_channels::ebay::token::{read_callback, read_grant, read_token};
use waybill_channels::ebay::{stock, webhook, writeback};
use waybill_channels::feed::{Found, Reading};
use waybill_channels::hint::Hint;
use waybill_channels::writeback::Next;

/// Gives the bytes to every function that reads, with every kind of status.
fn everything(bytes: &[u8]) {
    for status in [200, 201, 207, 302, 400, 401, 404, 409, 429, 500] {
        let reply = Response::builder().status(status).body(bytes.to_vec()).unwrap();
        for next in [None, Some("200/400"), Some("4294967295/4294967295"), Some("x")] {
            if let Ok(page) = read_changed(&reply, next) {
                assert!(page.found.len() <= 1000 && page.next.is_none_or(|next| next.len() < 32));
                page.found.iter().for_each(bounded);
            }
        }
        let mut one = One::new(&seller(), ORDER);
        let _ = one.next(None, &stamp());
        if let Ok(Reading::Send(_)) = one.next(Some(&reply), &stamp())
            && let Ok(Reading::Over(Some(found))) = one.next(Some(&reply), &stamp())
        {
            bounded(&found);
        }
        let mut talk = writeback::Talk::new(&seller(), sent());
        let _ = talk.next(None, &stamp());
        if let Ok(Next::Send(_)) = talk.next(Some(&reply), &stamp()) {
            let _ = talk.next(Some(&reply), &stamp());
        }
        let mut talk = stock::Talk::new(&seller(), crate::stock::level());
        let _ = talk.next(None, &stamp());
        if let Ok(Next::Send(request)) = talk.next(Some(&reply), &stamp()) {
            assert!(request.body().len() < 64 * 1024);
            let _ = talk.next(Some(&reply), &stamp());
        }
        let _ = read_token(&reply, &stamp());
        let _ = read_grant(&reply, &stamp());
        let _ = webhook::read_key(&reply);
    }
    if let Ok(told) = webhook::read(bytes) {
        assert!(told.seller.len() <= 2 && told.id.chars().count() <= 1000);
        if let Hint::EraseOrders { buyers, .. } = told.hint {
            assert!((1..=2).contains(&buyers.len()));
        }
    }
    let mut headers = HeaderMap::new();
    for value in
        [HeaderValue::from_bytes(bytes).ok(), STANDARD.encode(bytes).parse().ok()].into_iter().flatten()
    {
        headers.insert("x-ebay-signature", value);
        if let Ok(signature) = webhook::signature(&headers) {
            assert!(signature.key_id.len() <= 64);
        }
    }
    if let Ok(text) = std::str::from_utf8(bytes) {
        let _ = read_callback(text, "s");
        let _ = read_callback(&format!("state=s&code={text}"), "s");
    }
}

fn bounded(found: &Found) {
    match found {
        Found::Whole(order) => {
            let incoming = &order.incoming;
            assert!(incoming.lines.len() <= 500 && incoming.channel_ref.id.len() <= 64);
            assert!(incoming.lines.iter().all(|line| line.sent <= line.quantity || line.quantity == 0));
            assert!(order.recipient.as_ref().is_none_or(|who| who.lines.len() <= 3));
        }
        Found::Key(key) | Found::Erased(key) | Found::Unreadable { channel_id: key, .. } => {
            assert!(key.len() <= 64);
        }
    }
}

/// What eBay sends, to begin with.
fn seeds() -> Vec<Value> {
    let mut all = vec![
        order(),
        international(),
        json!({"total": 2, "orders": [order(), international()]}),
        json!({"total": 1, "fulfillments": [{"fulfillmentId": "9", "shipmentTrackingNumber": "AB1",
            "lineItems": [{"lineItemId": "10012345678902", "quantity": 1}]}]}),
        crate::stock::offers(),
        json!({"responses": [{"offerId": "36445435465", "statusCode": 200}]}),
        json!({"access_token": "a", "expires_in": 7200, "refresh_token": "r", "refresh_token_expires_in": 1}),
        json!({"key": "-----BEGIN PUBLIC KEY-----AAAA-----END PUBLIC KEY-----", "algorithm": "ECDSA",
            "digest": "SHA1"}),
        json!({"kid": "a-1", "signature": "AAAA", "alg": "ecdsa", "digest": "SHA1"}),
        json!({"metadata": {"topic": "MARKETPLACE_ACCOUNT_DELETION"}, "notification": {"notificationId": "n",
            "data": {"username": "a", "userId": "b"}}}),
        json!({"metadata": {"topic": "ORDER_CONFIRMATION"}, "notification": {"notificationId": "n",
            "data": {"user": {"userId": "u"}, "order": {"orderId": "1-1"}}}}),
        json!({"errors": [{"errorId": 30850}]}),
    ];
    let mut begun = order();
    begun["lineItems"][0]["lineItemFulfillmentStatus"] = json!("IN_PROGRESS");
    all.push(begun);
    all.extend(contracts::file("samples/getOrders.masked.response.json"));
    all.extend(contracts::file("samples/account-deletion.notification.json"));
    all
}

/// Every place in a value.
fn places(value: &Value, at: String, into: &mut Vec<String>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(k, v)| places(v, format!("{at}/{k}"), into)),
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(n, v)| places(v, format!("{at}/{n}"), into))
        }
        _ => {}
    }
    into.push(at);
}

fn odd(rng: &mut StdRng) -> Value {
    match rng.random_range(0..14) {
        0 => Value::Null,
        1 => json!({}),
        2 => json!([]),
        3 => json!(""),
        4 => json!("x".repeat(rng.random_range(1..6000))),
        5 => json!(u64::MAX),
        6 => json!(i64::MIN),
        7 => json!(1e300),
        8 => json!(true),
        9 => json!("99999999999999999999999999999999999999"),
        10 => json!("\u{0}\u{202e}é"),
        11 => json!("79228162514264337593543950335"),
        12 => json!("9999-12-31T23:59:60.999999999999Z"),
        _ => (0..rng.random_range(1..300)).fold(json!(1), |inner, _| json!([inner])),
    }
}

fn mutate(rng: &mut StdRng, seed: &Value) -> Vec<u8> {
    let mut value = seed.clone();
    for _ in 0..rng.random_range(1..5) {
        let mut all = Vec::new();
        places(&value, String::new(), &mut all);
        let place = all.choose(rng).unwrap().clone();
        let other = all.choose(rng).and_then(|at| value.pointer(at)).cloned().unwrap_or_default();
        let Some((parent, name)) = place.rsplit_once('/') else { continue };
        match (rng.random_range(0..5), value.pointer_mut(parent)) {
            (0, Some(Value::Object(fields))) => {
                fields.remove(name);
            }
            (1, Some(Value::Array(items))) => {
                let again: Vec<Value> = items.clone();
                items.extend(again.into_iter().take(60));
            }
            (2, _) => *value.pointer_mut(&place).unwrap() = other,
            _ => *value.pointer_mut(&place).unwrap() = odd(rng),
        }
    }
    let mut bytes = value.to_string().into_bytes();
    bytes.truncate(300_000);
    match rng.random_range(0..6) {
        0 => {
            for _ in 0..rng.random_range(1..8) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
        }
        1 => bytes.truncate(rng.random_range(0..bytes.len())),
        2 => {
            // A field twice.
            let text = String::from_utf8_lossy(&bytes).replacen("\":", "\":null,\"orderId\":", 2);
            bytes = text.into_bytes();
        }
        _ => {}
    }
    bytes
}

#[test]
fn no_mutation_of_a_sample_breaks_anything() {
    let seconds: u64 = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let seed = std::env::var("FUZZ_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(20_261_123);
    let mut rng = StdRng::seed_from_u64(seed);
    let seeds = seeds();
    seeds.iter().for_each(|seed| everything(seed.to_string().as_bytes()));
    let (until, mut tried) = (Instant::now() + Duration::from_secs(seconds), 0_u64);
    while Instant::now() < until {
        let sample = seeds.choose(&mut rng).unwrap();
        everything(&mutate(&mut rng, sample));
        tried += 1;
    }
    println!("{tried} mutations of seed {seed}");
    assert!(tried > 0);
}

fn json_value() -> impl Strategy<Value = Value> {
    let names = proptest::sample::select(vec![
        "orders",
        "total",
        "next",
        "orderId",
        "lineItems",
        "quantity",
        "buyer",
        "errors",
        "errorId",
        "offers",
        "responses",
        "statusCode",
        "fulfillments",
        "notification",
        "metadata",
        "topic",
        "data",
        "key",
        "x",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,30}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((names.clone(), inner), 0..6)
                .prop_map(|fields| fields.into_iter().map(|(k, v)| (k.to_owned(), v)).collect()),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_json_is_read_or_refused(value in json_value()) {
        everything(value.to_string().as_bytes());
    }

    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
        everything(&bytes);
    }
}
