//! Damaged samples through everything that reads, for `FUZZ_SECONDS` (1 unless set).

use crate::anything::{places, through};
use crate::contracts::samples;
use crate::fixture::order;
use http::Response;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

/// One damage to the JSON itself.
fn damage(value: &mut Value, rng: &mut StdRng) {
    let mut all = Vec::new();
    places(value, String::new(), &mut all);
    let Some(at) = all.choose(rng).cloned() else { return };
    let other = all.choose(rng).and_then(|p| value.pointer(p)).cloned().unwrap_or(Value::Null);
    let Some(place) = value.pointer_mut(&at) else { return };
    match rng.random_range(0..9) {
        0 => *place = Value::Null,
        1 => *place = json!("9".repeat(rng.random_range(1..60))),
        2 => *place = json!(rng.random::<f64>() * 1e300),
        3 => *place = json!(rng.random::<i64>()),
        4 => *place = json!("é".repeat(rng.random_range(1..8_000))),
        5 => *place = other,
        6 => *place = (0..rng.random_range(1..100)).fold(place.take(), |inner, _| json!([inner])),
        7 => *place = (0..rng.random_range(1..100)).fold(place.take(), |inner, _| json!({"order": inner})),
        _ => match place {
            Value::Array(list) => {
                let copy = list.first().cloned().unwrap_or(Value::Null);
                list.extend(vec![copy; rng.random_range(1..700)]);
            }
            Value::Object(fields) => {
                if let Some(name) = fields.keys().cloned().collect::<Vec<_>>().choose(rng) {
                    fields.remove(name);
                }
            }
            _ => *place = json!({}),
        },
    }
}

/// One damage to the bytes.
fn scratch(bytes: &mut Vec<u8>, rng: &mut StdRng) {
    if bytes.is_empty() {
        return;
    }
    let at = rng.random_range(0..bytes.len());
    match rng.random_range(0..4) {
        0 => bytes[at] ^= 1 << rng.random_range(0..8),
        1 => bytes.truncate(at),
        2 => {
            let end = (at + rng.random_range(1..200)).min(bytes.len());
            let copy = bytes[at..end].to_vec();
            bytes.splice(at..at, copy);
        }
        _ => {
            bytes.insert(at, rng.random());
        }
    }
}

#[test]
fn damaged_samples_never_panic() {
    let mut start: Vec<Value> = vec![json!({"order": order()}), json!({"orders": [order(), order()]})];
    for (_, sample) in samples().unwrap_or_default() {
        let response = &sample["response"];
        start.push(if response["body"].is_object() { response["body"].clone() } else { response.clone() });
        start.push(sample);
    }
    let seconds = std::env::var("FUZZ_SECONDS").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut rounds = 0_u64;
    while Instant::now() < end {
        let mut rng = StdRng::seed_from_u64(rounds);
        let mut value = start.choose(&mut rng).cloned().unwrap();
        for _ in 0..rng.random_range(0..4) {
            damage(&mut value, &mut rng);
        }
        let mut bytes = value.to_string().into_bytes();
        for _ in 0..rng.random_range(0..3) {
            scratch(&mut bytes, &mut rng);
        }
        let status = *[200, 200, 200, 400, 403, 404, 429].choose(&mut rng).unwrap();
        through(&Response::builder().status(status).body(bytes).unwrap());
        rounds += 1;
    }
    println!("{rounds} rounds");
    assert!(rounds > 10);
}
