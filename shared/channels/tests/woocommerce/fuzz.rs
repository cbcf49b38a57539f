//! Broken samples through every reader: nothing panics, nothing grows without bound.
//!
//! `FUZZ_SECONDS` says for how long (default 1).

use crate::contracts::file;
use crate::fixture::{answer, order, refund, shop, stamp};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use waybill_channels::feed::Found;
use waybill_channels::hint::Hint;
use waybill_channels::stock::Level;
use waybill_channels::woocommerce::webhook::{Topic, read};
use waybill_channels::woocommerce::{connect, feed, hooks, stock, writeback};
use waybill_channels::writeback::Sent;
use waybill_domain::service::Carrier;

const SAMPLES: &[&str] = &[
    "samples/order.create.response.json",
    "samples/order.update.response.json",
    "samples/orders.list.response.json",
    "samples/order-refunds.list.response.json",
    "samples/order-note.response.json",
    "samples/product.simple.response.json",
    "samples/product.variable.response.json",
    "samples/product-variation.response.json",
    "samples/webhook.create.response.json",
    "samples/error.no-route.json",
    "samples/error.not-found.json",
    "recorded-samples/order.json",
    "recorded-samples/shipment_tracking_single.json",
];

/// Through every reader, as a delivery and as a reply of several statuses.
pub fn read_everything(bytes: &[u8]) {
    for topic in [Topic::Order, Topic::Deleted, Topic::Other] {
        if let Ok(Hint::Order(order)) = read(topic, bytes) {
            assert!(order.incoming.lines.len() <= 500);
        }
    }
    let _ = connect::read_callback(bytes);
    for status in [200, 201, 400, 404, 500] {
        let reply = answer(status, &[("x-wp-totalpages", "2")], bytes);
        for next in [None, Some("id any 0"), Some("id trash 2"), Some("2026-11-22T10:00:00Z any 3")] {
            if let Ok(page) = feed::read_changed(&reply, next) {
                assert!(page.found.len() <= 1000 && page.next.is_none_or(|n| n.len() < 64));
                for found in page.found {
                    if let Found::Key(id) | Found::Erased(id) = found {
                        assert!(id.len() <= 20);
                    }
                }
            }
        }
        let _ = hooks::read_list(&reply, 1);
        let mut one = feed::One::new(&shop(), "727");
        one.next(None, &stamp()).unwrap();
        let _ = one.next(Some(&reply), &stamp()).and_then(|_| one.next(Some(&reply), &stamp()));
        let level = Level { sku: "TEE-M".into(), sellable: 3, physical: 5, place: None, key: "k".into() };
        let mut talk = stock::Talk::new(&shop(), level);
        talk.next(None, &stamp()).unwrap();
        let _ = talk.next(Some(&reply), &stamp()).and_then(|_| talk.next(Some(&reply), &stamp()));
        tell(&reply);
    }
}

/// The reply at every stage of telling a tracking number.
fn tell(reply: &http::Response<Vec<u8>>) {
    let sent = Sent {
        channel_id: "727".into(),
        lines: vec![("9".into(), 1)],
        order_lines: 2,
        completes: true,
        parcel: 1,
        carrier: Carrier::DpdLocal,
        tracking: "15501234567890".into(),
        at: stamp().now,
        source: None,
    };
    let good = [
        crate::fixture::ok(&json!({"status": "processing"})),
        crate::fixture::refusal(404, "rest_no_route"),
        crate::fixture::ok(&json!({"namespaces": ["wc-ast/v3"]})),
        crate::fixture::ok(&json!([])),
        answer(201, &[], "{}"),
    ];
    for broken in 0..=good.len() {
        let mut talk = writeback::Talk::new(&shop(), sent.clone());
        talk.next(None, &stamp()).unwrap();
        for before in &good[..broken] {
            talk.next(Some(before), &stamp()).unwrap();
        }
        let _ = talk.next(Some(reply), &stamp());
    }
}

fn seeds() -> Vec<Value> {
    let mut all: Vec<Value> = SAMPLES.iter().filter_map(|name| file(name)).collect();
    all.push(order());
    all.push(json!([order(), order()]));
    all.push(json!([refund(json!("9"), json!(-1))]));
    all.push(
        json!([{"id": 5, "type": "variation", "parent_id": 4, "sku": "TEE-M", "manage_stock": "parent"}]),
    );
    all.push(json!([{"meta_data": [{"key": "_tracking_number", "value": "1"}], "date_deleted": null}]));
    all.push(
        json!({"user_id": "u", "consumer_key": "k", "consumer_secret": "s", "key_permissions": "read_write"}),
    );
    all
}

/// Breaks one place of the document.
fn break_one(value: &mut Value, rng: &mut StdRng) {
    let deeper = rng.random_ratio(4, 5);
    match value {
        Value::Object(map) if deeper && !map.is_empty() => {
            let names: Vec<String> = map.keys().cloned().collect();
            let name = names.choose(rng).unwrap().clone();
            if rng.random_ratio(1, 8) {
                map.remove(&name);
            } else {
                break_one(&mut map[&name], rng);
            }
        }
        Value::Array(list) if deeper && !list.is_empty() => {
            let at = rng.random_range(0..list.len());
            match rng.random_range(0..10) {
                0 => {
                    list.remove(at);
                }
                1 => {
                    let copy = list[at].clone();
                    list.extend(std::iter::repeat_n(copy, rng.random_range(1..40)));
                }
                _ => break_one(&mut list[at], rng),
            }
        }
        _ => *value = strange(value, rng),
    }
}

fn strange(value: &Value, rng: &mut StdRng) -> Value {
    match rng.random_range(0..10) {
        0 => Value::Null,
        1 => json!(rng.random::<f64>() * 1e300),
        2 => json!(i64::MIN),
        3 => json!(u64::MAX),
        4 => json!("9".repeat(rng.random_range(1..400))),
        5 => json!("é\u{0}\u{202e}<b>&amp;".repeat(rng.random_range(1..600))),
        6 => json!([value]),
        7 => json!({"id": value, "key": "_anonymized", "value": value}),
        8 => (0..rng.random_range(1..200)).fold(value.clone(), |inner, _| json!([inner])),
        _ => json!(rng.random::<bool>()),
    }
}

#[test]
fn nothing_breaks_a_reader() {
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let (seeds, mut rng) = (seeds(), StdRng::seed_from_u64(0x00c0_ffee));
    loop {
        let mut value = seeds.choose(&mut rng).unwrap().clone();
        for _ in 0..rng.random_range(1..5) {
            break_one(&mut value, &mut rng);
        }
        let mut bytes = value.to_string().into_bytes();
        if rng.random_ratio(1, 3) {
            for _ in 0..rng.random_range(1..6) {
                let at = rng.random_range(0..bytes.len());
                bytes[at] ^= 1 << rng.random_range(0..8);
            }
        }
        if rng.random_ratio(1, 10) {
            bytes.truncate(rng.random_range(0..bytes.len()));
        }
        read_everything(&bytes);
        if Instant::now() >= end {
            break;
        }
    }
    // Deeper than any parser's stack.
    read_everything("[".repeat(200_000).as_bytes());
    read_everything("{\"id\":".repeat(200_000).as_bytes());
}
