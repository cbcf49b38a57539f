//! What the sandbox invents, against the specification and the connector.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use waybill_channels::feed::Found;
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Text;

use super::{control, fits, read, report, seller, spec, world};

#[test]
fn invented_orders_are_varied_of_the_specification_and_readable() {
    let sandbox = world(&json!({}));
    let invent = |seed: u64| {
        control(&sandbox, "POST", "/invent", &json!({"seed": seed, "count": 300}))["orders"].clone()
    };
    let made = invent(5);
    assert_eq!(made, invent(5));
    let kinds: BTreeSet<&str> =
        made.as_array().unwrap().iter().map(|o| o["kind"].as_str().unwrap()).collect();
    for kind in [
        "plain",
        "several_lines",
        "pickup",
        "pending",
        "fulfilled_by_amazon",
        "pickup_point",
        "fbm_ship_plus",
        "gift",
        "no_address",
    ] {
        assert!(kinds.contains(kind), "{kind}");
    }
    let schema = spec("orders_2026-01-01.json");
    let seller = seller(&sandbox);
    for one in made.as_array().unwrap() {
        let id = one["id"].as_str().unwrap();
        let stored = control(&sandbox, "GET", &format!("/orders/{id}"), &json!({}));
        if let Some(schema) = &schema {
            fits(schema, "Order", &stored["order"]);
        }
        match read(&sandbox, &seller, id) {
            Some(Found::Whole(got)) => {
                assert_eq!(got.incoming.lines.len(), stored["lines"].as_array().unwrap().len());
                assert!(got.incoming.total.amount > rust_decimal::Decimal::ZERO || one["kind"] == "pending");
                let named = matches!(
                    one["kind"].as_str(),
                    Some("plain" | "several_lines" | "gift" | "non_ascii" | "pickup_point")
                );
                assert!(!named || got.recipient.is_some(), "{one}");
            }
            None => assert_eq!(one["kind"], "fulfilled_by_amazon"),
            _ => panic!("{one}"),
        }
    }
    assert_eq!(report(&sandbox)["orders"], 300);
}

#[test]
fn a_canary_sings_in_every_text_and_only_the_recipient_keeps_it() {
    let sandbox = world(&json!({}));
    let made = control(&sandbox, "POST", "/canary", &json!({"number": 3}));
    let id = made["order"].as_str().unwrap();
    let stored = control(&sandbox, "GET", &format!("/orders/{id}"), &json!({}))["order"].clone();
    if let Some(schema) = spec("orders_2026-01-01.json") {
        fits(&schema, "Order", &stored);
    }
    let tokens = made["tokens"].as_array().unwrap();
    for one in tokens {
        let at = stored.pointer(one["pointer"].as_str().unwrap()).and_then(Value::as_str).unwrap();
        assert!(at.contains(one["token"].as_str().unwrap()));
    }
    let different: BTreeSet<&str> = tokens.iter().map(|t| t["token"].as_str().unwrap()).collect();
    assert_eq!(different.len(), tokens.len());
    let Some(Found::Whole(got)) = read(&sandbox, &seller(&sandbox), id) else { panic!() };
    let kept = format!("{:?}", got.incoming);
    assert!(tokens.iter().all(|t| !kept.contains(t["token"].as_str().unwrap())), "{kept}");
    let who = got.recipient.unwrap();
    let mut texts: Vec<&Text> = who.lines.iter().collect();
    texts.extend(
        [&who.name, &who.company, &who.city, &who.region, &who.postcode, &who.phone, &who.gift_note]
            .map(|t| t.as_ref().unwrap()),
    );
    let texts: Vec<&str> = texts.into_iter().map(|t| t.open(Purpose::Label).as_str()).collect();
    let found: BTreeSet<&str> = tokens
        .iter()
        .filter(|t| texts.iter().any(|text| text.contains(t["token"].as_str().unwrap())))
        .map(|t| t["pointer"].as_str().unwrap().rsplit('/').next().unwrap())
        .collect();
    let expected = [
        "addressLine1",
        "addressLine2",
        "addressLine3",
        "city",
        "companyName",
        "giftMessage",
        "name",
        "phone",
        "postalCode",
        "stateOrRegion",
    ];
    assert_eq!(found, BTreeSet::from(expected));
}

#[test]
fn an_erased_order_has_no_names_left() {
    let sandbox = world(&json!({}));
    super::put(&sandbox, &super::order("202-1-1"));
    control(&sandbox, "POST", "/orders/202-1-1/erase", &json!({}));
    let Some(Found::Whole(got)) = read(&sandbox, &seller(&sandbox), "202-1-1") else { panic!() };
    assert!(got.recipient.is_none());
    assert_eq!(report(&sandbox)["erased"], 1);
    let shown = sandbox.report()["amazon"].to_string();
    assert!(!shown.contains("Fern") && !shown.contains("BS1"));
}
