//! Against the specifications, where they are at hand.

use std::path::PathBuf;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waybill_sandbox::invent::{self, Kind, Mix};
use waybill_sandbox::shopify::inputs::{EVENT_STATUSES, TYPES};
use waybill_sandbox::shopify::webhooks::sign;

use super::{SHOP, book, booking, carrier, control, graphql, label_path, put, sandbox};

/// A file below the contracts folder; prints that the test is skipped when there is none.
pub fn contract(path: &str) -> Option<Value> {
    Some(serde_json::from_str(&text(path)?).unwrap())
}

/// The same as text.
pub fn text(path: &str) -> Option<String> {
    let default = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or(default, PathBuf::from);
    let text = std::fs::read_to_string(root.join(path)).ok();
    if text.is_none() {
        println!("skipped: no {path}; set CONTRACTS_DIR to the folder of the specifications");
    }
    text
}

/// Checks a value against one definition of the Click & Drop schema.
fn fits(schema: &Value, name: &str, value: &Value) {
    let mut schema = schema.clone();
    schema["$ref"] = json!(format!("#/$defs/{name}"));
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(value).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
}

#[test]
fn webhook_signatures_are_those_of_the_vectors() {
    let Some(vectors) = contract("shopify/test-vectors/webhook-hmac.json") else { return };
    for case in vectors["cases"].as_array().unwrap() {
        let body = STANDARD.decode(case["body_base64"].as_str().unwrap()).unwrap();
        let secrets = case["secrets_configured"].as_array().unwrap();
        let ours =
            secrets.iter().filter_map(Value::as_str).any(|secret| case["signature"] == sign(secret, &body));
        assert_eq!(ours, case["valid"].as_bool().unwrap(), "{}", case["name"]);
    }
}

#[test]
fn every_sample_booking_is_accepted_and_every_answer_fits_the_schema() {
    let Some(schema) = contract("royal-mail/click-and-drop-2026-08.schema.json") else { return };
    let sandbox = sandbox();
    for name in ["minimal", "with-label", "customs"] {
        let path = format!("royal-mail/samples/create-order-{name}.request.json");
        let Some(request) = contract(&path) else { return };
        let reply = carrier(&sandbox, "POST", "orders", Some(&request));
        fits(&schema, "CreateOrdersResponse", &reply.value());
        assert_eq!(reply.value()["errorsCount"], 0, "{name}: {}", reply.value());
    }
    let mut bad = booking("bad");
    bad["items"][0]["recipient"]["address"]["postcode"] = Value::Null;
    let failed = carrier(&sandbox, "POST", "orders", Some(&bad)).value();
    fits(&schema, "CreateOrdersResponse", &failed);
    let id = book(&sandbox, "X");
    assert_eq!(carrier(&sandbox, "GET", &label_path(id), None).status, 200);
    let info = carrier(&sandbox, "GET", &format!("orders/{id}"), None).value();
    fits(&schema, "GetOrderInfoResource", &info[0]);
    fits(&schema, "GetOrdersResponse", &carrier(&sandbox, "GET", "orders", None).value());
    let undo = json!({"items": [{"orderIdentifier": 5, "status": "new"}]});
    let undone = carrier(&sandbox, "PUT", "orders/status", Some(&undo)).value();
    fits(&schema, "UpdateOrderStatusResponse", &undone);
    let manifest = carrier(&sandbox, "POST", "manifests", None).value();
    fits(&schema, "ManifestOrdersResponse", &manifest);
    let path = format!("manifests/{}", manifest["manifestNumber"]);
    fits(&schema, "ManifestDetailsResponse", &carrier(&sandbox, "GET", &path, None).value());
    let deleted = carrier(&sandbox, "DELETE", &format!("orders/{id};99"), None).value();
    fits(&schema, "DeleteOrdersResource", &deleted);
    fits(&schema, "GetVersionResource", &carrier(&sandbox, "GET", "version", None).value());
}

#[test]
fn the_request_tables_name_the_fields_of_the_schema() {
    use waybill_sandbox::royal_mail::schema::{CREATE, Field, Kind as Content};
    let Some(schema) = contract("royal-mail/click-and-drop-2026-08.schema.json") else { return };
    fn compare(schema: &Value, name: &str, fields: &[Field]) {
        let definition = &schema["$defs"][name];
        let theirs: Vec<&String> = definition["properties"].as_object().unwrap().keys().collect();
        let mut ours: Vec<&str> = fields.iter().map(|(name, ..)| *name).collect();
        ours.sort_unstable();
        let mut known: Vec<&str> = theirs.iter().map(|name| name.as_str()).collect();
        known.sort_unstable();
        assert_eq!(ours, known, "{name}");
        let required = definition["required"].as_array().cloned().unwrap_or_default();
        for (field, content, must) in fields {
            assert_eq!(required.contains(&json!(field)), *must, "{name}.{field}");
            let property = &definition["properties"][field];
            let reference = property.to_string();
            if let Content::Text(most) = content
                && *most < 10_000
            {
                assert!(reference.contains(&format!("\"maxLength\":{most}")), "{name}.{field}");
            }
            if let Content::Of(inner) | Content::Many(inner) = content {
                let at = reference.find("#/$defs/").unwrap() + 8;
                let inner_name: String =
                    reference[at..].chars().take_while(char::is_ascii_alphanumeric).collect();
                compare(schema, &inner_name, inner);
            }
        }
    }
    compare(&schema, "CreateOrdersRequest", CREATE);
}

#[test]
fn the_input_types_are_those_of_the_admin_api() {
    let Some(subset) = contract("shopify/admin-graphql-2026-07.subset.json") else { return };
    for (name, fields) in subset["types"].as_object().unwrap() {
        let (_, ours) = TYPES.iter().find(|(known, _)| known == name).unwrap();
        for (field, kind) in fields.as_object().unwrap() {
            let (_, our_kind) = ours.iter().find(|(known, _)| known == field).expect(field);
            let kind = kind.as_str().unwrap().split(" ").next().unwrap();
            assert_eq!(*our_kind, kind, "{name}.{field}");
        }
        assert_eq!(ours.len(), fields.as_object().unwrap().len(), "{name}");
    }
    assert_eq!(subset["enums"]["FulfillmentEventStatus"], json!(EVENT_STATUSES));
}

#[test]
fn every_sample_graphql_request_is_understood() {
    let Some(samples) = contract("shopify/samples/graphql-requests.json") else { return };
    let sandbox = sandbox();
    put(&sandbox, Kind::Plain);
    for request in samples["requests"].as_array().unwrap().iter().filter(|one| one["query"].is_string()) {
        let answer = graphql(&sandbox, request["query"].as_str().unwrap(), request["variables"].clone());
        assert!(answer["errors"].is_null(), "{}: {answer}", request["name"]);
    }
}

#[test]
fn invented_orders_have_every_field_of_the_sample() {
    let Some(sample) = contract("shopify/webhook-samples-2026-04/orders.create.json") else { return };
    fn missing(theirs: &Value, ours: &Value, path: &str, found: &mut Vec<String>) {
        match (theirs, ours) {
            (Value::Object(theirs), Value::Object(ours)) => {
                for (name, inner) in theirs {
                    match ours.get(name) {
                        Some(our) => missing(inner, our, &format!("{path}/{name}"), found),
                        None => found.push(format!("{path}/{name}")),
                    }
                }
            }
            (Value::Array(theirs), Value::Array(ours)) => {
                if let (Some(theirs), Some(ours)) = (theirs.first(), ours.first()) {
                    missing(theirs, ours, &format!("{path}/0"), found);
                }
            }
            _ => {}
        }
    }
    let order = &invent::orders(1, 1, &Mix::plain(), invent::catalogue())[0].order;
    let mut found = Vec::new();
    missing(&sample["response"], order, "", &mut found);
    assert!(found.is_empty(), "{found:?}");
}

#[test]
fn webhook_bodies_have_the_fields_of_the_samples() {
    let sandbox = sandbox();
    let (id, order) = put(&sandbox, Kind::SeveralLines);
    let sku = order["line_items"][0]["sku"].as_str().unwrap();
    control(&sandbox, "POST", &format!("orders/{SHOP}/{id}/edit"), &json!({"lines": {sku: 9}}));
    for topic in
        ["customers/redact", "customers/data_request", "shop/redact", "orders/edited", "orders/delete"]
    {
        let path = format!("shopify/webhook-samples-2026-04/{}.json", topic.replace('/', "."));
        let Some(sample) = contract(&path) else { return };
        let webhook = sandbox.webhook(SHOP, topic, Some(id), &Default::default()).unwrap();
        let body: Value = serde_json::from_slice(&webhook.body).unwrap();
        let names = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&body), names(&sample["response"]), "{topic}");
    }
}

#[test]
fn what_it_is_sent_is_held_against_the_specifications() {
    if waybill_contract::Contracts::or_skip().is_none() {
        return;
    }
    let sandbox = sandbox();
    book(&sandbox, "X");
    graphql(&sandbox, "query($id:ID!){order(id:$id){id}}", json!({"id": "gid://shopify/Order/1"}));
    let told = sandbox.report()["contracts"].clone();
    assert_eq!(told["validated"]["shopify"], json!({"order": 1}));
    assert_eq!(told["validated"]["royal-mail"].as_object().unwrap().len(), 1);
    assert_eq!(told["invalid"], json!([]));
    // One of each style that is not what the system's own description says.
    let mut odd = booking("Y");
    odd["items"][0]["recipient"]["nickname"] = json!("Zara");
    carrier(&sandbox, "POST", "orders", Some(&odd));
    graphql(&sandbox, "query($id:ID!){order(id:$id){id}}", json!({"id": true}));
    for (method, path) in [
        ("GET", "/amazon/a/orders/2026-01-01/orders/1?included=ALL"),
        ("PUT", "/ebay/a/sell/fulfillment/v1/order/1"),
        ("GET", "/magento/a/rest/default/V1/orders?search=x"),
    ] {
        sandbox.answer(&waybill_sandbox::Call::new(method.parse().unwrap(), path));
    }
    let told = sandbox.report()["contracts"]["invalid"].clone();
    let systems: Vec<&str> =
        told.as_array().unwrap().iter().filter_map(|one| one["system"].as_str()).collect();
    assert_eq!(systems, ["royal-mail", "shopify", "amazon", "ebay", "magento"], "{told}");
    assert!(!told.to_string().contains("Zara"), "{told}");
}
