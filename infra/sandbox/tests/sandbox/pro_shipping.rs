//! Pro Shipping, driven the way the shipper drives it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waybill_sandbox::pro_shipping::{CLIENT_ID, CLIENT_SECRET, SHIPPING_ACCOUNT, SHIPPING_LOCATION, fields};
use waybill_sandbox::royal_mail::schema::{Field, Kind};
use waybill_sandbox::{Call, Reply, Sandbox};
use yaml_rust2::{Yaml, YamlLoader};

use super::{contracts, sandbox};

fn login(sandbox: &Sandbox, secret: &str) -> Reply {
    let basic = STANDARD.encode(format!("{CLIENT_ID}:{secret}"));
    let mut call = Call::new(http::Method::POST, "/pro-shipping/connect/token")
        .header("authorization", &format!("Basic {basic}"))
        .header("content-type", "application/x-www-form-urlencoded");
    call.body = "grant_type=client_credentials".into();
    sandbox.answer(&call)
}

fn ask(sandbox: &Sandbox, method: http::Method, path: &str, body: Option<&Value>) -> Reply {
    let token = login(sandbox, CLIENT_SECRET).value()["access_token"].as_str().unwrap().to_owned();
    let call = Call::new(method, &format!("/pro-shipping/v4/{path}"))
        .header("authorization", &format!("Bearer {token}"));
    sandbox.answer(&match body {
        Some(body) => call.json(body),
        None => call,
    })
}

fn shipment(reference: &str) -> Value {
    json!({
        "ShipmentInformation": {
            "Action": "Create", "ContentType": "NDX", "ServiceCode": "TPS48",
            "DescriptionOfGoods": "Clothing", "WeightUnitOfMeasure": "KG",
        },
        "Shipper": {
            "ShippingAccountId": SHIPPING_ACCOUNT, "ShippingLocationId": SHIPPING_LOCATION,
            "Reference1": reference,
        },
        "Destination": {"Address": {
            "ContactName": "Zoë ^Ångström", "Line1": "14 Invented Street", "Town": "Bristol",
            "Postcode": "BS1 4DJ", "CountryCode": "GB",
        }},
        "Packages": [{"PackageType": "Parcel", "PackageOccurrence": 1, "DeclaredWeight": 0.6}],
    })
}

fn book(sandbox: &Sandbox, reference: &str) -> String {
    let made = ask(sandbox, http::Method::POST, "shipments/rm", Some(&shipment(reference)));
    assert_eq!(made.status, 200, "{}", made.value());
    made.value()["Packages"][0]["ShipmentId"].as_str().unwrap().to_owned()
}

fn print(sandbox: &Sandbox, id: &str, format: &str) -> Reply {
    ask(sandbox, http::Method::GET, &format!("shipments/printLabel/rm/{id}?labelFormat={format}"), None)
}

fn codes(reply: &Reply) -> Vec<String> {
    let value = reply.value();
    let all = value["Errors"].as_array().unwrap();
    all.iter().map(|one| format!("{} {}", one["ErrorCode"], one["Cause"]).replace('"', "")).collect()
}

#[test]
fn only_the_right_secret_gets_a_token_and_only_a_token_gets_in() {
    let sandbox = sandbox();
    assert_eq!(login(&sandbox, "wrong").status, 400);
    let call = Call::new(http::Method::GET, "/pro-shipping/v4/shippingAccounts");
    assert_eq!(sandbox.answer(&call).status, 401);
    assert_eq!(sandbox.answer(&call.header("authorization", "Bearer made-up")).status, 401);
    let accounts = ask(&sandbox, http::Method::GET, "shippingAccounts", None).value();
    assert_eq!(accounts["ShippingAccounts"][0]["ShippingAccountId"], SHIPPING_ACCOUNT);
}

#[test]
fn a_label_is_what_was_asked_for_and_names_its_shipment() {
    let sandbox = sandbox();
    let id = book(&sandbox, "SO-1");
    for (format, begin) in [("PDF", "%PDF-"), ("ZPL203DPI", "^XA"), ("ZPL300DPI", "^XA")] {
        let answer = print(&sandbox, &id, format).value();
        let label = STANDARD.decode(answer["Label"].as_str().unwrap()).unwrap();
        assert!(label.starts_with(begin.as_bytes()), "{format}");
        if begin == "^XA" {
            let text = String::from_utf8(label).unwrap();
            for word in ["14 Invented Street", "BS1 4DJ", "Ref SO-1", "Zoë _5EÅngström", "TPS48"] {
                assert!(text.contains(word), "{format} {word}");
            }
            assert!(text.contains(answer["TrackingNumber"].as_str().unwrap()));
            assert_eq!((text.matches("^XA").count(), text.matches("^XZ").count()), (1, 1));
            // The longest line is printed in narrower letters, so that nothing of it runs over the edge.
            let letter = |of: &str| {
                let line = text.lines().find(|line| line.contains(of)).unwrap();
                line.split(['^', ',']).nth(5).unwrap().parse::<usize>().unwrap()
            };
            let (long, short) = (letter("Shipment "), letter("BS1 4DJ"));
            assert!(45 * long * 56 / 100 <= if format == "ZPL203DPI" { 772 } else { 1141 } && long < short);
        }
    }
    assert_eq!(codes(&print(&sandbox, &id, "TIFF")), ["E1002 labelFormat"]);
}

#[test]
fn what_the_specification_forbids_is_refused_by_name() {
    let sandbox = sandbox();
    type Spoil = fn(&mut Value);
    let cases: [(&str, Spoil); 6] = [
        ("E1001 Destination.Address.Line1", |b| b["Destination"]["Address"]["Line1"] = Value::Null),
        ("E1002 Destination.Address.Town", |b| b["Destination"]["Address"]["Town"] = json!("x".repeat(41))),
        ("E1002 Destination.Address.Phone", |b| b["Destination"]["Address"]["Phone"] = json!("07700 900001")),
        ("E1002 ShipmentInformation.Action", |b| b["ShipmentInformation"]["Action"] = json!("Buy")),
        ("E1004 Shipper.ShippingAccountId", |b| b["Shipper"]["ShippingAccountId"] = json!("another")),
        ("E1001 Packages", |b| b["Packages"] = json!([])),
    ];
    for (wanted, spoil) in cases {
        let mut body = shipment("SO-1");
        spoil(&mut body);
        let refused = ask(&sandbox, http::Method::POST, "shipments/rm", Some(&body));
        assert_eq!(refused.status, 400, "{wanted}");
        assert_eq!(codes(&refused), [wanted]);
    }
    let report = sandbox.report();
    assert_eq!((&report["pro_shipping"]["shipments"], &report["refusals"]), (&json!(0), &json!(cases.len())));
    assert!(!report["refusal_list"].to_string().contains("Ångström"));
}

#[test]
fn what_was_handed_over_is_neither_cancelled_nor_printed_again() {
    let sandbox = sandbox();
    let (id, other) = (book(&sandbox, "SO-1"), book(&sandbox, "SO-2"));
    let cancel = |ids: &[&str], reason: &str| {
        let body = json!({"Status": "Cancel", "Reason": reason, "ShipmentIds": ids});
        ask(&sandbox, http::Method::PUT, "shipments/status", Some(&body))
    };
    assert_eq!(codes(&cancel(&[&id], "I feel like it")), ["E1001 Reason"]);
    assert_eq!(codes(&cancel(&[&id, "none"], "Repacked")), ["E1004 ShipmentIds[1]"]);
    assert_eq!(cancel(&[&other], "Order Cancelled").status, 200);
    assert_eq!(print(&sandbox, &id, "PDF").status, 200);
    let made = super::control(&sandbox, "POST", "pro-shipping/manifest", &json!({})).value();
    assert_eq!(made["shipments"], 1);
    assert_eq!(codes(&cancel(&[&id], "Order Cancelled")), ["E1003 ShipmentIds[0]"]);
    assert_eq!(codes(&print(&sandbox, &id, "PDF")), ["E1003 ShipmentStatus"]);
    let page = format!("shipments/{SHIPPING_LOCATION}?pageSize=1&pageNumber=2");
    let page = ask(&sandbox, http::Method::GET, &page, None).value();
    assert_eq!((&page["TotalCount"], &page["Shipments"][0]["Reference1"]), (&json!(2), &json!("SO-2")));
    assert!(!page.to_string().contains("Invented Street"));
}

fn json_of(yaml: &Yaml) -> Value {
    match yaml {
        Yaml::Hash(map) => {
            map.iter().map(|(k, v)| (k.as_str().unwrap_or("?").to_owned(), json_of(v))).collect()
        }
        Yaml::Array(list) => list.iter().map(json_of).collect(),
        Yaml::String(text) => json!(text),
        Yaml::Integer(number) => json!(number),
        Yaml::Boolean(yes) => json!(yes),
        other => other.as_f64().map_or(Value::Null, |number| json!(number)),
    }
}

#[test]
fn the_request_table_is_that_of_the_specification() {
    let Some(text) = contracts::text("royal-mail/shipping-v4.openapi.yaml") else { return };
    let spec = json_of(&YamlLoader::load_from_str(&text).unwrap()[0]);
    fn resolve<'a>(spec: &'a Value, schema: &'a Value) -> &'a Value {
        let one = schema["allOf"].get(0).unwrap_or(schema);
        match one["$ref"].as_str() {
            Some(reference) => resolve(spec, spec.pointer(&reference[1..]).unwrap()),
            None => one,
        }
    }
    fn compare(spec: &Value, schema: &Value, at: &str, fields: &[Field]) {
        let schema = resolve(spec, schema);
        let theirs = schema["properties"].as_object().unwrap();
        let mut ours: Vec<&str> = fields.iter().map(|(name, ..)| *name).collect();
        ours.sort_unstable();
        let mut known: Vec<&str> = theirs.keys().map(String::as_str).collect();
        known.sort_unstable();
        assert_eq!(ours, known, "{at}");
        let required = schema["required"].as_array().cloned().unwrap_or_default();
        for (name, kind, must) in fields {
            let at = format!("{at}.{name}");
            assert_eq!(required.contains(&json!(name)), *must, "{at}");
            let inner = resolve(spec, &theirs[*name]);
            match kind {
                Kind::Of(fields) => compare(spec, inner, &at, fields),
                Kind::Many(fields) => compare(spec, &inner["items"], &at, fields),
                // Royal Mail takes less than the API does (the description of each field).
                Kind::Text(most) if *most != usize::MAX => {
                    let least = inner["maxLength"].as_u64().is_none_or(|max| *most as u64 <= max);
                    assert!(least, "{at}");
                }
                Kind::OneOf(words) => {
                    let mut theirs: Vec<&str> =
                        inner["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
                    let mut ours = words.to_vec();
                    theirs.sort_unstable();
                    ours.sort_unstable();
                    assert_eq!(ours, theirs, "{at}");
                }
                _ => {}
            }
        }
    }
    let at = |path: &str| {
        let escaped = path.replace('/', "~1");
        let method = if path.ends_with("status") { "put" } else { "post" };
        let place = format!("/paths/{escaped}/{method}/requestBody/content/application~1json/schema");
        spec.pointer(&place).unwrap().clone()
    };
    compare(&spec, &at("/v4/shipments/rm"), "", fields::CREATE);
}
