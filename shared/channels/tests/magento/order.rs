//! From Magento's order to ours.

use crate::contracts;
use crate::fixture::{PERSONAL, address, fetch, fetch_from, item, order, shop, text, with};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};
use waybill_channels::error::CannotRead;
use waybill_channels::magento::WeightUnit;
use waybill_domain::intake::{Delivery, Readiness};
use waybill_privacy::index::IndexKey;

fn field(order: &Value) -> &'static str {
    match fetch(order).err() {
        Some(CannotRead::Field { field } | CannotRead::TooMany { field }) => field,
        other => panic!("{other:?}"),
    }
}

/// Key, SKU, quantity, sent, ships, grams, price.
type Shown = (String, Option<String>, u32, u32, bool, u32, String);

fn lines(order: &Value) -> Vec<Shown> {
    let lines = fetch(order).unwrap().incoming.lines;
    let row = |l: &waybill_domain::intake::IncomingLine| {
        let key = l.channel_line.clone();
        (key, l.sku.clone(), l.quantity, l.sent, l.ships, l.grams, l.price.to_string())
    };
    lines.iter().map(row).collect()
}

fn expect(key: &str, sku: &str, quantity: u32, sent: u32, ships: bool, grams: u32, price: &str) -> Shown {
    (key.to_owned(), Some(sku.to_owned()), quantity, sent, ships, grams, price.to_owned())
}

#[test]
fn everything_we_keep_is_there() {
    let got = fetch(&order()).unwrap();
    let order_ = &got.incoming;
    assert_eq!(order_.channel_ref.id, "7");
    assert_eq!(order_.channel_ref.name.as_deref(), Some("000000007"));
    assert_eq!(order_.placed_at.to_string(), "2026-11-20T09:15:00Z");
    assert_eq!(order_.version.to_string(), "2026-11-20T10:15:00Z");
    assert_eq!((order_.total.amount, order_.total.currency.as_str()), (Decimal::new(3250, 2), "GBP"));
    assert_eq!((order_.readiness, order_.delivery, order_.test), (Readiness::Ready, Delivery::Ship, false));
    assert_eq!(order_.cancelled_at, None);
    let to = order_.destination.as_ref().unwrap();
    assert_eq!((to.country.as_str(), to.postcode_area.as_deref()), ("GB", Some("BS")));
    assert_eq!(
        lines(&order()),
        [expect("9", "EBOOK", 1, 0, false, 0, "12.00"), expect("12", "TEE-M", 2, 0, true, 200, "12.00")]
    );
    let who = got.recipient.unwrap();
    assert_eq!(text(&who.name), Some("Zoë Grace Fern"));
    assert_eq!(text(&who.company), Some("Fern & Daughters"));
    assert_eq!(who.lines.len(), 2);
    assert_eq!(text(&who.city), Some("Bristol"));
    assert_eq!(text(&who.region), Some("Avon"));
    assert_eq!(text(&who.postcode), Some("BS1 4ZZ"));
    assert_eq!(who.country.as_deref(), Some("GB"));
    assert_eq!(text(&who.phone), Some("01632 960123"));
    assert_eq!(text(&who.email), Some("zoe@example.invalid"));
    assert_eq!(text(&who.gift_note), None);
    assert_eq!(text(&got.buyer), Some("zoe@example.invalid"));
}

#[test]
fn what_names_nobody_names_nobody() {
    let shown = format!("{:?}", fetch(&order()).unwrap().incoming);
    assert!(!PERSONAL.iter().any(|p| shown.contains(p)), "{shown}");
}

#[test]
fn a_merchants_label_decides_nothing_and_the_state_everything() {
    let of = |state: Value| {
        let got = fetch(&with(|o| o["state"] = state)).unwrap().incoming;
        (got.readiness, got.cancelled_at.is_some())
    };
    for state in ["new", "pending_payment", "payment_review"] {
        assert_eq!(of(json!(state)), (Readiness::AwaitingPayment, false), "{state}");
    }
    for state in ["processing", "complete"] {
        assert_eq!(of(json!(state)), (Readiness::Ready, false), "{state}");
    }
    assert_eq!(of(json!("holded")), (Readiness::OnHold, false));
    assert_eq!(of(json!("invented_by_a_plugin")), (Readiness::OnHold, false));
    assert_eq!(of(Value::Null), (Readiness::OnHold, false));
    for state in ["canceled", "closed"] {
        assert!(of(json!(state)).1, "{state}");
    }
}

#[test]
fn an_edited_order_reads_as_cancelled_and_the_new_one_stands_for_itself() {
    let old = fetch(&with(|o| {
        o["relation_child_id"] = json!("8");
        o["relation_child_real_id"] = json!("000000007-1");
        o["items"][0]["qty_shipped"] = json!(1);
    }));
    let old = old.unwrap().incoming;
    assert_eq!(old.cancelled_at, Some(old.version));
    assert!(old.lines.iter().all(|l| l.sent == 0));
    let new = fetch(&with(|o| {
        o["entity_id"] = json!(8);
        o["increment_id"] = json!("000000007-1");
        o["relation_parent_id"] = json!("7");
        o["original_increment_id"] = json!("000000007");
        o["edit_increment"] = json!(1);
        o["relation_child_id"] = json!(0);
    }));
    let new = new.unwrap().incoming;
    assert_eq!((new.channel_ref.id.as_str(), new.cancelled_at), ("8", None));
    assert_eq!(new.lines[1].quantity, 2);
}

#[test]
fn open_is_ordered_less_cancelled_less_refunded_and_sent_is_shipped() {
    let counts = |ordered: Value, cancelled: Value, refunded: Value, shipped: Value| {
        let line = item(
            12,
            "TEE-M",
            json!({"qty_ordered": ordered, "qty_canceled": cancelled, "qty_refunded": refunded, "qty_shipped": shipped}),
        );
        let got = lines(&with(|o| o["items"] = json!([line])));
        (got[0].2, got[0].3)
    };
    assert_eq!(counts(json!(5), json!(1), json!(1), json!(2)), (3, 2));
    assert_eq!(counts(json!("5.0000"), json!("0.0000"), Value::Null, json!(2.0)), (5, 2));
    assert_eq!(counts(json!(2), json!(0), json!(2), json!(2)), (0, 0));
    assert_eq!(counts(json!(1), json!(3), json!(0), json!(0)), (0, 0));
    assert_eq!(counts(json!(1), json!(-3), json!(0), json!(0)), (1, 0));
}

#[test]
fn goods_by_the_metre_are_for_a_person() {
    assert_eq!(field(&with(|o| o["items"][0]["qty_ordered"] = json!(1.5))), "items.qty_ordered");
    assert_eq!(field(&with(|o| o["items"][0]["qty_ordered"] = json!("many"))), "items.qty_ordered");
    assert_eq!(field(&with(|o| o["items"][0]["qty_ordered"] = json!(1e300))), "items.qty_ordered");
}

/// The parent has key and price and counts, the child the goods.
fn configurable() -> Value {
    let parent = item(
        20,
        "HOOD-GRY-M",
        json!({"product_type": "configurable", "qty_ordered": 2, "qty_shipped": 1, "price_incl_tax": 42, "weight": 0.5}),
    );
    let child = item(
        21,
        "HOOD-GRY-M",
        json!({"parent_item_id": 20, "parent_item": parent, "qty_ordered": 2, "price": 0, "price_incl_tax": null, "weight": 0.52}),
    );
    with(|o| o["items"] = json!([child, parent]))
}

#[test]
fn a_configurable_is_one_line_with_the_parents_key_and_price_and_the_childs_goods() {
    assert_eq!(lines(&configurable()), [expect("20", "HOOD-GRY-M", 2, 1, true, 520, "42.00")]);
    let named_whole = {
        let mut order = configurable();
        order["items"][0]["parent_item_id"] = Value::Null;
        order
    };
    assert_eq!(lines(&named_whole), lines(&configurable()));
    let alone = {
        let mut order = configurable();
        order["items"] = json!([order["items"][1]]);
        order
    };
    assert_eq!(lines(&alone), [expect("20", "HOOD-GRY-M", 2, 1, true, 500, "42.00")]);
}

/// Two bundles of one mug and two boxes of tea.
fn bundle(parent: Value, mug: Value, tea: Value) -> Value {
    let lay = |mut over: Value, more: Value| {
        for (name, value) in more.as_object().unwrap() {
            over[name] = value.clone();
        }
        over
    };
    let parent = item(
        30,
        "SET",
        lay(json!({"product_type": "bundle", "qty_ordered": 2, "price_incl_tax": 25}), parent),
    );
    let mug =
        item(31, "MUG", lay(json!({"parent_item_id": 30, "qty_ordered": 2, "price_incl_tax": 15}), mug));
    let tea = item(32, "TEA", lay(json!({"parent_item_id": 30, "qty_ordered": 4, "price_incl_tax": 5}), tea));
    with(|o| o["items"] = json!([parent, mug, tea]))
}

#[test]
fn a_bundle_is_its_children_and_never_itself() {
    let plain = bundle(json!({}), json!({}), json!({}));
    assert_eq!(
        lines(&plain),
        [expect("31", "MUG", 2, 0, true, 200, "15.00"), expect("32", "TEA", 4, 0, true, 200, "5.00")]
    );
}

#[test]
fn a_bundle_counts_the_same_whether_its_parent_or_its_children_count() {
    let together = bundle(json!({"qty_shipped": 1}), json!({}), json!({}));
    let apart = bundle(json!({}), json!({"qty_shipped": 1}), json!({"qty_shipped": 2}));
    let both = bundle(json!({"qty_shipped": 1}), json!({"qty_shipped": 1}), json!({"qty_shipped": 2}));
    assert_eq!(lines(&together), lines(&apart));
    assert_eq!(lines(&together), lines(&both));
    assert_eq!((lines(&both)[1].2, lines(&both)[1].3), (4, 2));
    let cancelled = bundle(json!({"qty_canceled": 2}), json!({}), json!({}));
    assert!(lines(&cancelled).iter().all(|l| l.2 == 0));
}

#[test]
fn the_price_of_a_fixed_bundle_counts_once() {
    let free = json!({"price": 0, "price_incl_tax": 0});
    let fixed = bundle(json!({}), free.clone(), free);
    let prices: Vec<String> = lines(&fixed).into_iter().map(|l| l.6).collect();
    assert_eq!(prices, ["25.00", "0.00"]);
}

#[test]
fn the_address_is_the_one_of_the_shipping_assignment() {
    let elsewhere = with(|o| {
        *address(o) = json!({"firstname": "Zoë", "street": "1 Sample Lane\nTop floor", "city": "Leeds",
            "region": {"region": "x"}, "postcode": "LS1 1AA", "country_id": "GB", "telephone": "-"});
    });
    // A region that is an object is not one.
    assert_eq!(field(&elsewhere), "region");
    let elsewhere = {
        let mut order = elsewhere;
        address(&mut order)["region"] = Value::Null;
        order
    };
    let who = fetch(&elsewhere).unwrap().recipient.unwrap();
    assert_eq!((text(&who.name), who.lines.len(), text(&who.city)), (Some("Zoë"), 2, Some("Leeds")));
    // Where the address has no mail, the order's is used.
    assert_eq!(text(&who.email), Some("zoe@example.invalid"));
}

#[test]
fn more_street_lines_than_a_label_has_are_folded() {
    let long = with(|o| address(o)["street"] = json!(["a", "b", "", "c", null, "d"]));
    let who = fetch(&long).unwrap().recipient.unwrap();
    let shown: Vec<_> = who.lines.iter().map(|l| text(&Some(l.clone())).map(str::to_owned)).collect();
    assert_eq!(shown, [Some("a".to_owned()), Some("b".to_owned()), Some("c, d".to_owned())]);
}

#[test]
fn without_an_address_nothing_is_sent() {
    for gone in [json!([]), Value::Null, json!([{}]), json!([{"shipping": {"address": []}}])] {
        let order = with(|o| o["extension_attributes"]["shipping_assignments"] = gone);
        let got = fetch(&order).unwrap();
        assert!(got.incoming.destination.is_none() && got.recipient.is_none());
        assert_eq!(got.incoming.delivery, Delivery::Ship);
    }
    let empty = with(|o| o["extension_attributes"] = json!([]));
    assert!(fetch(&empty).unwrap().incoming.destination.is_none());
}

#[test]
fn a_virtual_order_has_nothing_to_ship_and_no_recipient() {
    let order = with(|o| {
        o["is_virtual"] = json!(1);
        o["items"] = json!([item(9, "EBOOK", json!({"is_virtual": 1}))]);
    });
    let got = fetch(&order).unwrap();
    assert!(!got.incoming.lines[0].ships && got.recipient.is_none());
    // Whatever says so.
    for (kind, flag) in [("downloadable", Value::Null), ("giftcard", json!("1")), ("virtual", json!(true))] {
        let more = json!({"product_type": kind, "is_virtual": flag});
        let order = with(|o| o["items"] = json!([item(9, "X", more)]));
        assert!(!fetch(&order).unwrap().incoming.lines[0].ships, "{kind}");
    }
}

#[test]
fn who_collects_is_a_name_and_the_shops_own_address_is_no_destination() {
    let by_code = with(|o| o["extension_attributes"]["pickup_location_code"] = json!("bristol"));
    let by_method = with(|o| {
        o["extension_attributes"]["shipping_assignments"][0]["shipping"]["method"] = json!("instore_pickup");
    });
    for order in [by_code, by_method] {
        let got = fetch(&order).unwrap();
        assert_eq!((got.incoming.delivery, got.incoming.destination), (Delivery::Pickup, None));
        let who = got.recipient.unwrap();
        assert_eq!(text(&who.name), Some("Zoë Grace Fern"));
        assert_eq!(who.field_names(), ["name"]);
    }
}

#[test]
fn a_weight_is_what_the_shop_says_it_is() {
    let mut pounds = shop();
    pounds.weight = WeightUnit::Pounds;
    assert_eq!(fetch_from(&pounds, &order()).unwrap().incoming.lines[1].grams, 91);
    for odd in [json!("heavy"), json!(-1), json!(1e30), Value::Null] {
        let order = with(|o| o["items"][0]["weight"] = odd);
        assert_eq!(fetch(&order).unwrap().incoming.lines[1].grams, 0);
    }
}

#[test]
fn what_must_be_there_is_named() {
    for name in ["created_at", "updated_at", "order_currency_code", "grand_total", "items"] {
        assert_eq!(field(&with(|o| o[name] = Value::Null)), name);
    }
    assert_eq!(field(&with(|o| o["items"][0]["item_id"] = Value::Null)), "items.item_id");
    assert_eq!(field(&with(|o| o["items"][0] = json!("x"))), "items");
    assert_eq!(field(&with(|o| o["updated_at"] = json!("soon"))), "updated_at");
    let many: Vec<Value> = (1..=1001).map(|n| item(n, "X", json!({}))).collect();
    assert_eq!(field(&with(|o| o["items"] = json!(many))), "items");
}

#[test]
fn numbers_may_come_as_text_and_keys_beyond_a_double() {
    let order = with(|o| {
        o["entity_id"] = json!("9007199254740993");
        o["grand_total"] = json!("32.5000");
        o["items"][0]["item_id"] = json!(9_223_372_036_854_775_807_u64);
        o["items"][0]["price_incl_tax"] = json!("12.0000");
    });
    let got = fetch(&order).unwrap().incoming;
    assert_eq!(got.channel_ref.id, "9007199254740993");
    assert_eq!(got.total.amount.to_string(), "32.50");
    assert_eq!(got.lines[1].channel_line, "9223372036854775807");
    assert_eq!(got.lines[1].price.to_string(), "12.00");
}

#[test]
fn the_contracts_sample_reads() {
    let Some(sample) = contracts::file("samples/order.response.json") else { return };
    let got = fetch_from(&shop(), &sample).unwrap();
    assert_eq!(got.incoming.channel_ref.name.as_deref(), Some("000000003"));
    assert_eq!(got.incoming.version.to_string(), "2017-08-21T22:22:20Z");
    assert_eq!(got.incoming.readiness, Readiness::AwaitingPayment);
    assert_eq!(got.incoming.total.amount.to_string(), "165.00");
    let line = &got.incoming.lines[0];
    assert_eq!((line.channel_line.as_str(), line.sku.as_deref()), ("3", Some("WS12-M-Orange")));
    assert_eq!((line.quantity, line.price.to_string().as_str(), line.grams), (1, "22.00", 1000));
    let who = got.recipient.unwrap();
    assert_eq!((text(&who.name), text(&who.phone)), (Some("Jane Doe"), Some("512-555-1111")));
}

proptest! {
    #[test]
    fn the_order_of_rows_changes_nothing(seed in proptest::collection::vec(0..6_usize, 6)) {
        let mut whole = configurable();
        let mut rows = whole["items"].as_array().unwrap().clone();
        rows.extend(bundle(json!({}), json!({}), json!({}))["items"].as_array().unwrap().clone());
        rows.push(item(5, "TEE", json!({})));
        whole["items"] = json!(rows);
        for (a, b) in seed.iter().enumerate() {
            rows.swap(a, *b);
        }
        let mut mixed = whole.clone();
        mixed["items"] = json!(rows);
        let key = IndexKey::from_bytes(&[7; 32]).unwrap();
        let digest = |order: &Value| {
            let got = fetch(order).unwrap();
            key.content(&got.incoming, got.recipient.as_ref())
        };
        prop_assert_eq!(digest(&whole), digest(&mixed));
    }

    #[test]
    fn no_piece_is_counted_twice(ordered in 0..50_u32, cancelled in 0..60_u32, refunded in 0..60_u32, shipped in 0..60_u32) {
        let line = item(1, "X", json!({"qty_ordered": ordered, "qty_canceled": cancelled,
            "qty_refunded": refunded, "qty_shipped": shipped}));
        let got = lines(&with(|o| o["items"] = json!([line])));
        prop_assert_eq!(got[0].2, ordered.saturating_sub(cancelled).saturating_sub(refunded));
        prop_assert!(got[0].3 <= got[0].2);
    }
}
