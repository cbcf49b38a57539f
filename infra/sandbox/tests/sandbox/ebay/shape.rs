//! Shapes: the canary covers every text of the specification, and what the sandbox says fits it.

use super::{all, control, one, order_of, seller, send, stamp, whole, window, world};
use crate::contracts::contract;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_channels::ebay::feed::build_changed;
use waybill_channels::ebay::stock::Talk;
use waybill_channels::stock::{Level, Next};
use waybill_privacy::Purpose;

/// Fields that hold a code, an amount, a time or a key, by their last name.
const STRUCTURED: &[&str] = &[
    "currency",
    "convertedFromCurrency",
    "value",
    "convertedFromValue",
    "countryCode",
    "issuingCountry",
    "cancelState",
    "cancelRequestState",
    "fulfillmentInstructionsType",
    "lineItemFulfillmentStatus",
    "orderFulfillmentStatus",
    "orderPaymentStatus",
    "orderId",
    "lineItemId",
    "sku",
    "soldFormat",
    "listingMarketplaceId",
    "purchaseMarketplaceId",
    "paymentStatus",
    "refundStatus",
    "taxIdentifierType",
    "appointmentStartTime",
    "appointmentEndTime",
];

/// Every text of a schema that may say anything.
fn texts(schemas: &Value, name: &str, at: &str, above: &[&str], into: &mut BTreeSet<String>) {
    for (field, property) in schemas[name]["properties"].as_object().unwrap() {
        let many = property["type"] == "array";
        let inner = if many { &property["items"] } else { property };
        let place = if many { format!("{at}/{field}/0") } else { format!("{at}/{field}") };
        match inner["$ref"].as_str().map(|link| link.rsplit('/').next().unwrap()) {
            Some(next) if !above.contains(&next) => {
                texts(schemas, next, &place, &[above, &[next]].concat(), into);
            }
            None if inner["type"] == "string"
                && !STRUCTURED.contains(&field.as_str())
                && !field.to_lowercase().ends_with("date") =>
            {
                into.insert(place);
            }
            _ => {}
        }
    }
}

#[test]
fn a_canary_has_a_token_in_every_text_of_the_specification() {
    let sandbox = world();
    let canary = control(&sandbox, "POST", "canary", json!({"number": 4}));
    let planted = canary["tokens"].as_array().unwrap();
    let tokens: BTreeSet<&str> = planted.iter().map(|one| one["token"].as_str().unwrap()).collect();
    assert_eq!(tokens.len(), planted.len());
    let pointers: BTreeSet<String> =
        planted.iter().map(|one| one["pointer"].as_str().unwrap().to_owned()).collect();
    // What is kept of it: the recipient, the buyer's name, and nothing else.
    let got = whole(one(&sandbox, canary["order"].as_str().unwrap()));
    let who = got.recipient.unwrap();
    let fields = [&who.name, &who.company, &who.city, &who.region, &who.postcode, &who.phone, &who.email];
    let kept: Vec<&str> = fields
        .into_iter()
        .chain([&who.gift_note, &got.buyer])
        .flatten()
        .chain(&who.lines)
        .map(|text| text.open(Purpose::Label).as_str())
        .collect();
    assert_eq!(kept.len(), 12);
    let found = |value: &str| planted.iter().find(|one| value.contains(one["token"].as_str().unwrap()));
    for value in &kept {
        let pointer = found(value).unwrap()["pointer"].as_str().unwrap();
        let allowed = pointer.starts_with("/fulfillmentStartInstructions/0/shippingStep/shipTo")
            || ["/buyer/username", "/buyerCheckoutNotes"].contains(&pointer);
        assert!(allowed, "{pointer}");
    }
    assert!(found(&format!("{:?}", got.incoming)).is_none(), "{:?}", got.incoming);
    let Some(spec) = contract("ebay/specs/sell_fulfillment_v1_oas3.json") else { return };
    let mut wanted = BTreeSet::new();
    texts(&spec["components"]["schemas"], "Order", "", &["Order"], &mut wanted);
    assert!(wanted.len() > 70);
    let missing: Vec<_> = wanted.difference(&pointers).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

fn fits(spec: &Value, schema: &str, value: &Value) {
    let mut strict = spec.clone();
    for one in strict["components"]["schemas"].as_object_mut().unwrap().values_mut() {
        one["additionalProperties"] = json!(false);
    }
    strict["$ref"] = json!(format!("#/components/schemas/{schema}"));
    let validator = jsonschema::validator_for(&strict).unwrap();
    let faults: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(faults.is_empty(), "{schema}: {faults:?}");
}

#[test]
fn every_answer_fits_the_specification() {
    let Some(spec) = contract("ebay/specs/sell_fulfillment_v1_oas3.json") else { return };
    let Some(inventory) = contract("ebay/specs/sell_inventory_v1_oas3.json") else { return };
    let sandbox = world();
    let order = order_of(&sandbox, "several_lines");
    control(&sandbox, "POST", "canary", json!({"number": 1}));
    control(&sandbox, "POST", &format!("orders/{order}/cancel"), json!({"state": "requested"}));
    super::advance(&sandbox, 60);
    assert!(all(&sandbox, &window(&sandbox), |_| {}).len() > 300);
    let seller = seller(&sandbox);
    let get = |path: &str| {
        let token = format!("Bearer {}", seller.access.expose());
        let request = http::Request::get(format!("{}{path}", super::BASE)).header("authorization", token);
        let reply = send(&sandbox, &request.body(Vec::new()).unwrap());
        assert_eq!(reply.status(), 200, "{path}");
        serde_json::from_slice::<Value>(reply.body()).unwrap()
    };
    let page = build_changed(&seller, &window(&sandbox), None, &stamp(&sandbox)).unwrap();
    let page = get(page.uri().to_string().strip_prefix(super::BASE).unwrap());
    fits(&spec, "OrderSearchPagedCollection", &page);
    let base = format!("/sell/fulfillment/v1/order/{order}");
    fits(&spec, "Order", &get(&base));
    fits(&spec, "ShippingFulfillmentPagedCollection", &get(&format!("{base}/shipping_fulfillment")));
    let level = Level { sku: "TEE-RED-M".into(), sellable: 1, physical: 1, place: None, key: "k".into() };
    let mut talk = Talk::new(&seller, level);
    let Ok(Next::Send(ask)) = talk.next(None, &stamp(&sandbox)) else { panic!("no call") };
    let offers = send(&sandbox, &ask);
    fits(&inventory, "Offers", &serde_json::from_slice(offers.body()).unwrap());
    let Ok(Next::Send(set)) = talk.next(Some(&offers), &stamp(&sandbox)) else { panic!("no call") };
    let answer = send(&sandbox, &set);
    fits(&inventory, "BulkPriceQuantityResponse", &serde_json::from_slice(answer.body()).unwrap());
}
