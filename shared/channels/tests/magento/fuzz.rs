//! Whatever arrives, nothing panics and nothing grows without bound.

use crate::contracts;
use crate::fixture::{order, raw, shop, stamp};
use proptest::prelude::*;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Map, Value, json};
use std::time::{Duration, Instant};
use waybill_channels::feed::{Found, Page, Reading};
use waybill_channels::magento::feed::{One, read_changed};
use waybill_channels::magento::{connect, stock, token, webhook, writeback};
use waybill_channels::stock::Level;
use waybill_channels::writeback::Sent;
use waybill_domain::service::Carrier;

/// Every function that reads, on one reply.
fn read_all(status: u16, body: &[u8]) {
    let reply = raw(status, body);
    for next in [None, Some("within|2026-11-22 10:00:00|5"), Some("after|2026-11-22 10:00:00")] {
        if let Ok(Page { found, next }) = read_changed(&shop(), &reply, next) {
            assert!(found.len() <= 1000 && next.is_none_or(|next| next.len() < 64));
            found.iter().for_each(bounded);
        }
    }
    if let Ok(Reading::Over(Some(found))) = One::new(&shop(), "7").next(Some(&reply), &stamp()) {
        bounded(&found);
    }
    let sent = Sent {
        channel_id: "7".into(),
        lines: vec![("12".into(), 1), ("31".into(), 2)],
        order_lines: 2,
        completes: true,
        parcel: 1,
        carrier: Carrier::Dpd,
        tracking: "T".into(),
        at: stamp().now,
        source: None,
    };
    // The same reply at every step of a talk.
    let mut talk = writeback::Talk::new(&shop(), sent);
    let mut last = None;
    for _ in 0..6 {
        match talk.next(last, &stamp()) {
            Ok(waybill_channels::writeback::Next::Send(request)) => assert!(request.body().len() < 10_000),
            _ => break,
        }
        last = Some(&reply);
    }
    let level = Level { sku: "X".into(), sellable: 1, physical: 2, place: None, key: "k".into() };
    let _ = stock::Talk::new(&shop(), level).next(Some(&reply), &stamp());
    let _ = token::read_token(&reply, &stamp());
    let _ = connect::read_pair(&reply);
    let _ = connect::read_activation(body);
    let _ = connect::read_weight_unit(&reply);
    let _ = webhook::read_key("/prod/keys/k.pem", &reply);
    let _ = webhook::build_validation(body, webhook::VALIDATION_DOMAIN);
    let pem = b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----";
    let key = webhook::read_key("/prod/keys/k.pem", &raw(200, pem)).unwrap();
    let mut headers = http::HeaderMap::new();
    headers.insert("x-adobe-digital-signature-1", http::HeaderValue::from_static("AAAA"));
    headers.insert("x-adobe-public-key1-path", http::HeaderValue::from_static("/prod/keys/k.pem"));
    assert!(webhook::verify(body, &headers, &[key], "c").is_err());
    if let Ok(hints) = webhook::read(body) {
        assert!(hints.len() <= 500);
    }
}

fn bounded(found: &Found) {
    if let Found::Whole(order) = found {
        assert!(order.incoming.lines.len() <= 1000);
        assert!(order.incoming.lines.iter().all(|l| l.sent <= l.quantity));
        assert!(format!("{:?}", order.incoming).len() < 4_000_000);
    }
}

/// What is mutated: the fixture and every sample of the contract.
fn seeds() -> Vec<Value> {
    let event = json!({"type": "com.adobe.commerce.observer.sales_order_save_commit_after",
        "recipientclientid": "c", "data": {"value": {"entity_id": 7}}});
    let mut seeds = vec![
        order(),
        json!({"items": [order(), order()], "total_count": 300}),
        json!({"items": [{"entity_id": 5, "tracks": [{"track_number": "X"}], "items": [{"order_item_id": 12}]}],
            "total_count": 1}),
        json!({"items": [{"id": 77, "custom_attributes": [{"attribute_code": "shipment_type", "value": "1"}]}]}),
        json!({"access_token": "a", "expires_in": 86399}),
        json!([{"weight_unit": "kgs"}]),
        json!([event, event]),
        event,
    ];
    for name in [
        "order.response",
        "source-items.list.response",
        "sources.list.response",
        "is-salable.response",
        "notify-ready-for-pickup.response",
        "saas-order-management.comments.response",
    ] {
        seeds.extend(contracts::file(&format!("samples/{name}.json")));
    }
    seeds
}

fn odd(rng: &mut StdRng) -> Value {
    let deep = |rng: &mut StdRng| {
        let around =
            |inner: Value, n: u32| if n.is_multiple_of(2) { json!([inner]) } else { json!({"items": inner}) };
        (0..rng.random_range(1..200)).fold(json!(1), around)
    };
    match rng.random_range(0..20) {
        0 => Value::Null,
        1 => json!(true),
        2 => json!(-1),
        3 => json!(0),
        4 => json!(u64::MAX),
        5 => json!(i64::MIN),
        6 => json!(1e308),
        7 => json!(1e-308),
        8 => json!(""),
        9 => json!("9".repeat(400)),
        10 => json!("x".repeat(20_000)),
        11 => json!("\u{0}\u{202e}🚚"),
        12 => json!("1e999999999"),
        13 => json!("-0.0000000000000000000000000000001"),
        14 => json!([]),
        15 => json!({}),
        16 => json!("79228162514264337593543950335"),
        17 => json!(0.1),
        18 => json!("0"),
        _ => deep(rng),
    }
}

fn mutate(value: &mut Value, rng: &mut StdRng) {
    match value {
        Value::Object(object) if !object.is_empty() && rng.random_ratio(9, 10) => {
            let keys: Vec<String> = object.keys().cloned().collect();
            let key = keys.choose(rng).cloned().unwrap_or_default();
            match rng.random_range(0..8) {
                0 => {
                    object.remove(&key);
                }
                1 => {
                    let copy = object[&key].clone();
                    object.insert(keys.choose(rng).cloned().unwrap_or_default(), copy);
                }
                2 => {
                    let inner = std::mem::take(&mut object[&key]);
                    object[&key] = Value::Object(Map::from_iter([(key.clone(), inner)]));
                }
                _ => mutate(&mut object[&key], rng),
            }
        }
        Value::Array(list) if !list.is_empty() && rng.random_ratio(9, 10) => {
            let at = rng.random_range(0..list.len());
            match rng.random_range(0..6) {
                0 => {
                    list.remove(at);
                }
                1 => {
                    let copy = list[at].clone();
                    list.extend(std::iter::repeat_n(copy, rng.random_range(1..30)));
                }
                _ => mutate(&mut list[at], rng),
            }
        }
        other => *other = odd(rng),
    }
}

#[test]
fn mutated_samples_never_panic() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let (end, seeds) = (Instant::now() + Duration::from_secs(seconds), seeds());
    let mut rng = StdRng::seed_from_u64(20_261_123);
    let mut rounds = 0_u64;
    while Instant::now() < end || rounds < 200 {
        let mut value = seeds.choose(&mut rng).cloned().unwrap_or_default();
        for _ in 0..rng.random_range(1..6) {
            mutate(&mut value, &mut rng);
        }
        let mut bytes = value.to_string().into_bytes();
        match rng.random_range(0..4) {
            0 => {
                for _ in 0..rng.random_range(1..4) {
                    let at = rng.random_range(0..bytes.len());
                    bytes[at] ^= 1 << rng.random_range(0..8);
                }
            }
            1 => bytes.truncate(rng.random_range(0..bytes.len())),
            _ => {}
        }
        let status = *[200, 200, 200, 200, 400, 401, 404, 429, 503].choose(&mut rng).unwrap();
        read_all(status, &bytes);
        rounds += 1;
    }
    println!("{rounds} rounds");
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    let name = prop_oneof![
        Just("items".to_owned()),
        Just("entity_id".to_owned()),
        Just("extension_attributes".to_owned()),
        Just("shipping_assignments".to_owned()),
        Just("shipping".to_owned()),
        Just("address".to_owned()),
        Just("street".to_owned()),
        Just("updated_at".to_owned()),
        Just("qty_ordered".to_owned()),
        "[a-z_]{1,8}",
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|all| Value::Object(all.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_bytes_are_survived(status in 200..600_u16, body in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(status, &body);
    }

    #[test]
    fn any_json_is_survived(body in any_json()) {
        read_all(200, body.to_string().as_bytes());
    }
}
