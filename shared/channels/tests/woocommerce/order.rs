//! What an order becomes, trap by trap (contract section 4).

use crate::fixture::{hint, order, take, text, with};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use waybill_channels::error::CannotRead;
use waybill_channels::hint::Hint;
use waybill_domain::intake::{Delivery, Readiness};
use waybill_domain::order::Channel;

fn dec(text: &str) -> Decimal {
    text.parse().unwrap()
}

#[test]
fn an_order_is_read_whole() {
    let one = take(&order()).unwrap();
    let it = &one.incoming;
    assert_eq!(it.channel, Channel::WooCommerce);
    assert_eq!((it.channel_ref.id.as_str(), it.channel_ref.name.as_deref()), ("727", Some("WEB-0727")));
    assert_eq!(it.version.to_string(), "2026-11-20T09:16:30Z");
    assert_eq!(it.placed_at.to_string(), "2026-11-20T09:15:00Z");
    assert_eq!((it.cancelled_at, it.test, it.readiness), (None, false, Readiness::Ready));
    assert_eq!((it.total.amount, it.total.currency.as_str()), (dec("32.50"), "GBP"));
    let to = it.destination.as_ref().unwrap();
    assert_eq!((to.country.as_str(), to.postcode_area.as_deref()), ("GB", Some("BS")));
    // By number, not by place; the price from the amount of the line before discounts, not from the float.
    let lines: Vec<_> = it
        .lines
        .iter()
        .map(|l| (l.channel_line.as_str(), l.sku.as_deref(), l.quantity, l.sent, l.ships, l.price))
        .collect();
    assert_eq!(
        lines,
        [("9", Some("TEE-M"), 3, 0, true, dec("12.50")), ("11", None, 1, 0, true, dec("7.50"))]
    );
    let who = one.recipient.unwrap();
    assert_eq!(text(&who.name), Some("Zoë Fern"));
    assert_eq!(text(&who.company), Some("Fern & Daughters"));
    assert_eq!(text(&who.city), Some("Bristol"));
    assert_eq!(text(&who.region), Some("Avon"));
    assert_eq!(text(&who.postcode), Some("BS1 4ZZ"));
    assert_eq!(text(&who.phone), Some("01632 960123"));
    assert_eq!(text(&who.email), Some("zoe@example.invalid"));
    assert_eq!(text(&who.gift_note), Some("Happy birthday, Ida"));
    assert_eq!(who.lines.len(), 2);
    assert_eq!(text(&one.buyer), Some("zoe@example.invalid"));
}

#[test]
fn a_status_says_what_may_be_done() {
    let of = |status: &str| take(&with(json!({"status": status}))).unwrap().incoming;
    assert_eq!(of("pending").readiness, Readiness::AwaitingPayment);
    assert_eq!(of("on-hold").readiness, Readiness::OnHold);
    assert_eq!(of("processing").readiness, Readiness::Ready);
    assert_eq!(of("wc-processing").readiness, Readiness::Ready);
    assert_eq!(of("awaiting-engraving").readiness, Readiness::OnHold, "a status of a plugin sends nothing");
    for status in ["cancelled", "refunded", "failed", "trash"] {
        let it = of(status);
        assert_eq!(it.cancelled_at, Some(it.version), "{status}");
    }
    let done = of("completed");
    assert_eq!(done.cancelled_at, None);
    assert!(done.lines.iter().all(|l| l.sent == l.quantity && l.quantity > 0));
}

#[test]
fn an_unfinished_checkout_is_no_order() {
    for status in ["checkout-draft", "auto-draft", "draft", "new"] {
        assert!(matches!(hint(&with(json!({"status": status}))), Ok(Hint::Ignore)), "{status}");
    }
}

#[test]
fn an_empty_shipping_address_is_the_billing_one_only_if_something_is_shipped() {
    let empty = json!({
        "first_name": "", "last_name": "", "company": "", "address_1": "", "address_2": "", "city": "",
        "state": "", "postcode": "", "country": "GB", "phone": ""
    });
    let one = take(&with(json!({"shipping": empty}))).unwrap();
    assert_eq!(text(&one.recipient.as_ref().unwrap().name), Some("Wren Bill"));
    assert_eq!(text(&one.recipient.unwrap().postcode), Some("LS1 1ZZ"));
    let download = take(&with(json!({"shipping": empty, "shipping_lines": []}))).unwrap();
    assert!(download.recipient.is_none() && download.incoming.destination.is_none());
    assert!(download.incoming.lines.iter().all(|l| !l.ships));
    // An address without a way of shipping: entered by hand in the shop. Someone expects a parcel.
    let by_hand = take(&with(json!({"shipping_lines": []}))).unwrap();
    assert!(by_hand.recipient.is_some() && by_hand.incoming.lines.iter().all(|l| l.ships));
    for nothing in [json!([]), Value::Null] {
        let one = take(&with(json!({"shipping": nothing}))).unwrap();
        assert_eq!(text(&one.recipient.unwrap().name), Some("Wren Bill"));
    }
}

#[test]
fn an_address_nobody_can_deliver_to_is_none() {
    for broken in
        [json!({"country": "GB", "city": "Bristol"}), json!({"address_1": "1 Street", "country": ""})]
    {
        let one = take(&with(json!({"shipping": broken}))).unwrap();
        assert!(one.recipient.is_none() && one.incoming.destination.is_none());
        assert_eq!(one.incoming.delivery, Delivery::Ship);
    }
}

#[test]
fn a_collection_needs_a_name_only() {
    for method in ["local_pickup", "local_pickup:4", "pickup_location"] {
        let one = take(&with(json!({"shipping_lines": [{"method_id": method}]}))).unwrap();
        assert_eq!(one.incoming.delivery, Delivery::Pickup);
        assert_eq!(one.incoming.destination, None);
        let who = one.recipient.unwrap();
        assert_eq!(who.field_names(), ["name"]);
        assert_eq!(text(&who.name), Some("Zoë Fern"));
    }
    let both = json!({"shipping_lines": [{"method_id": "local_pickup"}, {"method_id": "flat_rate:2"}]});
    assert_eq!(take(&with(both)).unwrap().incoming.delivery, Delivery::Ship);
    let titled = json!({"shipping_lines": [{"method_id": "flat_rate", "method_title": "Pickup van"}]});
    assert_eq!(take(&with(titled)).unwrap().incoming.delivery, Delivery::Ship);
}

#[test]
fn an_erased_order_is_told_apart_and_nothing_of_it_taken() {
    let flagged = with(json!({"meta_data": [{"id": 1, "value": "yes", "key": "_anonymized"}]}));
    let by_mail = with(json!({"billing": {"email": "deleted@site.invalid", "address_1": "1 Street"}}));
    let by_street = with(json!({"shipping": {"address_1": "[deleted]", "city": "[deleted]"}}));
    for body in [flagged, by_mail, by_street] {
        match hint(&body) {
            Ok(Hint::EraseOrders { orders, buyers }) => {
                assert_eq!(orders, ["727"]);
                assert!(buyers.is_empty());
            }
            _ => panic!("not an erasure"),
        }
    }
    let not =
        with(json!({"meta_data": [{"key": "_anonymized", "value": "no"}, {"key": "note", "value": "yes"}]}));
    assert!(matches!(hint(&not), Ok(Hint::Order(_))));
}

#[test]
fn an_order_with_refunds_is_read_again() {
    match hint(&with(json!({"refunds": [{"id": 1, "refund": "", "total": "-9.00"}]}))) {
        Ok(Hint::Reread { channel_id }) => assert_eq!(channel_id, "727"),
        _ => panic!("the lines' refunds are not in it"),
    }
}

fn part(id: u32, by: Value, ships: &str) -> Value {
    json!({"id": id, "quantity": 2, "sku": format!("PART-{id}"), "subtotal": "0.00", "total": "0.00", "meta_data": [
        {"id": 1, "key": "_bundled_item_needs_shipping", "value": ships},
        {"id": 2, "key": "_bundled_by", "value": by}
    ]})
}

#[test]
fn a_bundle_is_counted_once() {
    let parent = json!({"id": 20, "quantity": 1, "sku": "KIT", "subtotal": "40.00", "total": "40.00",
        "meta_data": [{"key": "_bundle_cart_key", "value": "a1b2c3"}]});
    let plain = json!({"id": 19, "quantity": 1, "sku": "MUG", "subtotal": "4.00", "total": "4.00"});
    let ships = |lines: Value| -> Vec<(String, bool)> {
        let it = take(&with(json!({"line_items": lines}))).unwrap().incoming;
        it.lines.into_iter().map(|l| (l.sku.unwrap(), l.ships)).collect()
    };
    let named = |list: &[(&str, bool)]| list.iter().map(|(s, b)| ((*s).to_owned(), *b)).collect::<Vec<_>>();
    let loose = named(&[("MUG", true), ("KIT", false), ("PART-21", true), ("PART-22", true)]);
    let (one, two) = (part(21, json!("a1b2c3"), "yes"), part(22, json!("a1b2c3"), "yes"));
    assert_eq!(ships(json!([two, plain, parent, one])), loose);
    // Without the plugin's own key on the bundle, it is the line before its parts.
    let mut bare = parent.clone();
    bare["meta_data"] = json!([]);
    assert_eq!(ships(json!([plain, bare, one, two])), loose);
    // Packed already: the bundle is what is sent.
    let (one, two) = (part(21, json!("a1b2c3"), "no"), part(22, json!("a1b2c3"), "no"));
    let packed = named(&[("MUG", true), ("KIT", true), ("PART-21", false), ("PART-22", false)]);
    assert_eq!(ships(json!([plain, parent, one, two])), packed);
}

#[test]
fn numbers_come_in_any_dress() {
    let mut body = order();
    body["id"] = json!("9007199254740993");
    body["total"] = json!(32.5);
    body["refunds"] = json!({});
    body["line_items"] = json!({"4": body["line_items"][0], "7": body["line_items"][1]});
    body["line_items"]["4"]["id"] = json!("11");
    body["line_items"]["7"]["quantity"] = json!("3.0");
    body["customer_note"] = Value::Null;
    body["date_modified_gmt"] = json!("2026-11-20T09:16:30+00:00");
    let it = take(&body).unwrap().incoming;
    assert_eq!(it.channel_ref.id, "9007199254740993");
    assert_eq!((it.total.amount, it.lines.len(), it.lines[0].quantity), (dec("32.50"), 2, 3));
    assert_eq!(it.version.to_string(), "2026-11-20T09:16:30Z");
}

#[test]
fn a_fraction_of_a_piece_is_a_piece() {
    let cut = json!({"line_items": [{"id": 1, "quantity": 1.5, "sku": "CLOTH", "subtotal": "10.00", "total": "0.00"}]});
    let it = take(&with(cut)).unwrap().incoming;
    assert_eq!(it.lines[0].quantity, 2);
}

#[test]
fn prices_with_tax_keep_it_and_a_line_of_none_has_a_price_of_none() {
    let it = take(&with(json!({"prices_include_tax": true}))).unwrap().incoming;
    assert_eq!(it.lines[0].price, dec("15.00"));
    let thirds = json!({"line_items": [
        {"id": 1, "quantity": 3, "subtotal": "10.00", "total": "10.00"},
        {"id": 2, "quantity": 0, "subtotal": "0.00", "total": "0.00"},
        {"id": 3, "quantity": 1, "total": "4.25"}
    ]});
    let it = take(&with(thirds)).unwrap().incoming;
    assert_eq!(it.lines.iter().map(|l| l.price).collect::<Vec<_>>(), [dec("3.33"), dec("0.00"), dec("4.25")]);
}

#[test]
fn what_must_be_there_is_named() {
    for (field, value) in [
        ("id", json!(0.5)),
        ("status", Value::Null),
        ("date_modified_gmt", json!("soon")),
        ("total", json!("much")),
    ] {
        match hint(&with(json!({field: value}))).err() {
            Some(CannotRead::Field { field: named }) => assert_eq!(named, field),
            other => panic!("{field}: {other:?}"),
        }
    }
    let many: Vec<Value> = (1..=501).map(|n| json!({"id": n, "quantity": 1, "total": "1.00"})).collect();
    let error = take(&with(json!({"line_items": many}))).err();
    assert_eq!(error, Some(CannotRead::TooMany { field: "line_items" }));
}
