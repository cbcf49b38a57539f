//! Every request we make, against the official specification.

use crate::contracts;
use crate::fixture::{body, query, reply, shop, stamp};
use http::{Method, Request};
use serde_json::{Value, json};
use waybill_channels::feed::{Reading, Window};
use waybill_channels::magento::connect::build_weight_unit;
use waybill_channels::magento::feed::{One, build_changed};
use waybill_channels::magento::{stock, writeback};
use waybill_channels::stock::Level;
use waybill_channels::writeback::{Next, Sent};
use waybill_domain::service::Carrier;

/// Every kind of request, by name.
fn requests() -> Vec<(&'static str, Request<Vec<u8>>)> {
    let window = Window { from: stamp().now, to: stamp().now };
    let changed = |next: Option<&str>| build_changed(&shop(), &window, next, &stamp()).unwrap();
    let Ok(Reading::Send(one)) = One::new(&shop(), "7").next(None, &stamp()) else { panic!() };
    let level = Level { sku: "X".into(), sellable: 1, physical: 2, place: None, key: "k".into() };
    let Ok(Next::Send(stock)) = stock::Talk::new(&shop(), level).next(None, &stamp()) else { panic!() };
    let mut all = vec![
        ("changed", changed(None)),
        ("changed, within", changed(Some("within|2026-11-22 10:00:00|5"))),
        ("changed, after", changed(Some("after|2026-11-22 10:00:00"))),
        ("one", *one),
        ("stock", *stock),
        ("weight unit", build_weight_unit(&shop(), &stamp()).unwrap()),
    ];
    for shipped in [0, 1] {
        let sent = Sent {
            channel_id: "3".into(),
            lines: vec![("31".into(), 1)],
            order_lines: 1,
            completes: true,
            parcel: 1,
            carrier: Carrier::Dpd,
            tracking: "T".into(),
            at: stamp().now,
            source: Some("east".into()),
        };
        let order = json!({"entity_id": 3, "items": [
            {"item_id": 30, "product_id": 77, "product_type": "bundle", "qty_ordered": 1, "qty_shipped": shipped},
            {"item_id": 31, "parent_item_id": 30, "qty_ordered": 1},
        ]});
        let shipment = json!({"entity_id": 5, "items": [{"order_item_id": 30}]});
        let replies = [json!({"items": [shipment], "total_count": 1}), order, json!({"items": []})];
        let mut talk = writeback::Talk::new(&shop(), sent);
        let mut last = None;
        for (name, told) in
            ["shipments", "rows", "bundles", "write"].iter().zip(replies.into_iter().map(Some).chain([None]))
        {
            let Next::Send(request) = talk.next(last.as_ref(), &stamp()).unwrap() else { panic!("{name}") };
            all.push((name, *request));
            last = told.map(|told| reply(200, &told));
        }
    }
    all
}

/// A name with indices and spelling as the specification has them: Magento takes `filter_groups` for
/// `filterGroups` and any index.
fn documented(name: &str) -> String {
    let mut out = String::new();
    let mut upper = false;
    for c in name.chars() {
        match c {
            '_' => upper = true,
            c if c.is_ascii_digit() => out.push('0'),
            c => {
                out.push(if upper { c.to_ascii_uppercase() } else { c });
                upper = false;
            }
        }
    }
    out
}

/// Forbids fields the specification does not name.
fn close(schema: &mut Value) {
    if let Some(object) = schema.as_object_mut() {
        if object.contains_key("properties") && object.get("type") == Some(&json!("object")) {
            object.insert("additionalProperties".into(), json!(false));
        }
        object.remove("xml");
        object.values_mut().for_each(close);
    } else if let Some(list) = schema.as_array_mut() {
        list.iter_mut().for_each(close);
    }
}

fn check(spec: &Value, name: &str, request: &Request<Vec<u8>>) {
    let path = request.uri().path().strip_prefix("/rest/default").unwrap();
    let is = |template: &str| {
        let (ours, theirs): (Vec<&str>, Vec<&str>) =
            (path.split('/').collect(), template.split('/').collect());
        ours.len() == theirs.len()
            && ours.iter().zip(&theirs).all(|(ours, theirs)| {
                ours == theirs || (theirs.starts_with('{') && ours.bytes().all(|b| b.is_ascii_digit()))
            })
    };
    let method = request.method().as_str().to_lowercase();
    let paths = spec["paths"].as_object().unwrap();
    let known = paths.iter().find(|(template, _)| is(template)).map(|(_, known)| &known[&method]);
    let known = known.filter(|known| known.is_object()).unwrap_or_else(|| panic!("{name}: {method} {path}"));
    let empty = Vec::new();
    let parameters = known["parameters"].as_array().unwrap_or(&empty);
    for (parameter, _) in query(request).iter().filter(|(parameter, _)| parameter != "fields") {
        let documented = documented(parameter);
        assert!(
            parameters.iter().any(|p| p["in"] == "query" && p["name"] == *documented),
            "{name}: {documented}"
        );
    }
    let schema = parameters.iter().find(|p| p["in"] == "body").map(|p| p["schema"].clone());
    assert_eq!(schema.is_some(), request.method() == Method::POST, "{name}");
    let Some(mut schema) = schema else { return };
    schema["definitions"] = spec["definitions"].clone();
    close(&mut schema);
    let validator = jsonschema::validator_for(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(&body(request)).map(|error| error.to_string()).collect();
    assert!(errors.is_empty(), "{name}: {errors:?}");
    let mut odd = body(request);
    odd["invented"] = json!(1);
    assert!(!validator.is_valid(&odd), "{name}: the schema refuses nothing");
}

#[test]
fn every_request_fits_the_specification_of_a_shop() {
    let Some(spec) = contracts::yaml("specs/admin-rest-2.4.9.openapi.yaml") else { return };
    let requests = requests();
    assert_eq!(requests.len(), 14);
    for (name, request) in &requests {
        check(&spec, name, request);
    }
}

#[test]
fn every_request_fits_the_specification_of_the_cloud() {
    let Some(spec) = contracts::yaml("specs/accs-saas-rest.openapi.yaml") else { return };
    for (name, request) in &requests() {
        check(&spec, name, request);
    }
}
