//! Whatever comes: nothing panics, nothing personal is repeated, nothing grows beyond what came.

use crate::fixture::{ID, PERSONAL, order, refusal, reply, seller, stamp};
use http::Response;
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_channels::Operation;
use waybill_channels::amazon::feed::{One, read_changed};
use waybill_channels::amazon::packages::read_shown;
use waybill_channels::amazon::subscribe::{
    read_destination, read_destinations, read_standing, read_subscription,
};
use waybill_channels::amazon::{connect, notification, rate_told, stock, token, writeback};
use waybill_channels::feed::{Found, Reading};

/// Gives one reply to everything that reads, and what it said as text.
pub fn through(reply: &Response<Vec<u8>>) -> Vec<String> {
    let length = reply.body().len();
    let mut said = Vec::new();
    let mut of = |error: Option<String>| said.extend(error);
    for next in [None, Some("abc")] {
        match read_changed(reply, next) {
            Ok(page) => {
                assert!(page.found.len() <= length && page.next.iter().all(|n| n.len() <= length));
                page.found.iter().for_each(|f| of(bounded(f, length)));
            }
            Err(error) => of(Some(format!("{error} {error:?}"))),
        }
    }
    match One::new(&seller(), ID).next(Some(reply), &stamp()) {
        Ok(Reading::Over(Some(found))) => of(bounded(&found, length)),
        Ok(_) => {}
        Err(error) => of(Some(format!("{error} {error:?}"))),
    }
    let mut talk = writeback::Talk::new(&seller(), crate::writeback::sent());
    for _ in 0..4 {
        of(talk.next(Some(reply), &stamp()).err().map(|e| format!("{e} {e:?}")));
    }
    let mut talk = stock::Talk::new(&seller(), crate::stock::level("A"));
    of(talk.next(Some(reply), &stamp()).err().map(|e| format!("{e} {e:?}")));
    of(read_shown(reply).err().map(|e| format!("{e:?}")));
    if let Ok(shown) = read_shown(reply) {
        let _ = shown.holds("x");
    }
    of(token::read_token(reply, &stamp()).err().map(|e| format!("{e:?}")));
    of(read_destination(reply).err().map(|e| format!("{e:?}")));
    of(read_destinations(reply, "x").err().map(|e| format!("{e:?}")));
    of(read_subscription(reply).err().map(|e| format!("{e:?}")));
    of(read_standing(reply).err().map(|e| format!("{e:?}")));
    of(notification::read(reply.body()).err().map(|e| format!("{e:?}")));
    let text = String::from_utf8_lossy(reply.body());
    of(connect::read_callback(&text, "state").err().map(|e| format!("{e:?}")));
    for operation in Operation::ALL {
        let _ = rate_told(operation, reply);
    }
    assert!(said.iter().all(|text| text.len() < 400));
    said
}

/// What is read is never more than what came. Says what an unreadable order says.
fn bounded(found: &Found, length: usize) -> Option<String> {
    match found {
        Found::Whole(order) => {
            let order = &order.incoming;
            assert!(order.lines.len() <= 500 && order.channel_ref.id.len() <= length);
            assert!(order.lines.iter().all(|l| l.sent <= l.quantity));
            let skus = order.lines.iter().filter_map(|l| l.sku.as_ref());
            assert!(skus.map(String::len).sum::<usize>() <= length);
            None
        }
        Found::Key(id) | Found::Erased(id) => {
            assert!(id.len() <= 50);
            None
        }
        Found::Unreadable { channel_id, error } => {
            assert!(channel_id.len() <= 50);
            Some(format!("{error} {error:?}"))
        }
    }
}

/// Every place in a JSON value, as pointers.
pub fn places(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| places(v, format!("{at}/{k}"), all)),
        Value::Array(list) => list.iter().enumerate().for_each(|(n, v)| places(v, format!("{at}/{n}"), all)),
        _ => {}
    }
    all.push(at);
}

fn scalar() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
        Just(json!("x".repeat(6000))),
        Just(json!("79228162514264337593543950335")),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    scalar().prop_recursive(4, 32, 5, |inner| {
        let name = prop_oneof![
            "[a-z]{1,5}",
            prop::sample::select(vec![
                "orders",
                "order",
                "errors",
                "code",
                "payload",
                "pagination",
                "status"
            ])
            .prop_map(str::to_owned),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(name, inner, 0..5)
                .prop_map(|m| Value::Object(m.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]

    /// However an order is damaged: no panic, and no error that repeats a personal value.
    #[test]
    fn a_damaged_order_is_read_or_refused(
        changes in prop::collection::vec((any::<prop::sample::Index>(), scalar()), 1..4),
    ) {
        let mut order = order();
        for (index, new) in changes {
            let mut all = Vec::new();
            places(&order, String::new(), &mut all);
            let at = index.get(&all).clone();
            if let Some(place) = order.pointer_mut(&at) {
                *place = new;
            }
        }
        let said = [through(&reply(200, json!({"order": order}))), through(&reply(200, json!({"orders": [order]})))];
        for text in said.concat() {
            prop_assert!(!PERSONAL.iter().any(|p| text.contains(p)), "{}", text);
        }
    }

    /// Any JSON under any status.
    #[test]
    fn any_json_is_read_or_refused(value in any_json(), status in 200u16..600) {
        through(&reply(status, &value));
        through(&reply(status, json!({"orders": [value], "order": value, "errors": [value], "payload": value})));
    }

    /// Bytes that are no JSON at all.
    #[test]
    fn noise_is_refused(noise in prop::collection::vec(any::<u8>(), 0..200), status in 200u16..600) {
        through(&Response::builder().status(status).body(noise).unwrap());
    }
}

#[test]
fn a_refusal_never_repeats_amazon_s_words() {
    for status in [400, 401, 403, 404, 413, 429, 500] {
        let said = through(&refusal(status, "Zoë Fern of 12 Invented Crescent")).concat();
        assert!(!PERSONAL.iter().any(|p| said.contains(p)), "{said}");
    }
}
