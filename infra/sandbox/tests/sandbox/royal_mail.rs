use serde_json::{Value, json};
use waybill_sandbox::royal_mail::services::check_digit;
use waybill_sandbox::royal_mail::{TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET};
use waybill_sandbox::state::Limits;
use waybill_sandbox::{Call, Reply, Sandbox};

use super::{book, booking, carrier, control, label_path, sandbox};

fn failed(sandbox: &Sandbox, body: &Value) -> String {
    let reply = carrier(sandbox, "POST", "orders", Some(body));
    assert_eq!(reply.status, 200);
    let answer = reply.value();
    assert_eq!(answer["successCount"], 0, "{answer}");
    assert_eq!(answer["failedOrders"][0]["order"], body["items"][0]);
    answer["failedOrders"][0]["errors"][0]["errorMessage"].as_str().unwrap().to_owned()
}

fn track(sandbox: &Sandbox, path: &str) -> Reply {
    let call = Call::new(http::Method::GET, &format!("/royal-mail-tracking/mailpieces/v2/{path}"))
        .header("X-IBM-Client-Id", TRACKING_CLIENT_ID)
        .header("X-IBM-Client-Secret", TRACKING_CLIENT_SECRET)
        .header("X-Accept-RMG-Terms", "yes");
    sandbox.answer(&call)
}

fn number(sandbox: &Sandbox, id: i64) -> String {
    let info = carrier(sandbox, "GET", &format!("orders/{id}"), None).value();
    info[0]["trackingNumber"].as_str().unwrap().to_owned()
}

#[test]
fn keys_are_checked_and_refusals_have_no_body() {
    let sandbox = sandbox();
    let call = Call::new(http::Method::GET, "/royal-mail/api/v1/orders/1");
    let reply = sandbox.answer(&call.clone().header("authorization", "Bearer nonsense"));
    assert_eq!((reply.status, reply.body.len()), (401, 0));
    assert_eq!(sandbox.answer(&call).status, 401);
    assert_eq!(carrier(&sandbox, "GET", "orders/1", None).status, 404);
    assert!(carrier(&sandbox, "GET", "orders/1", None).body.is_empty());
    let version = sandbox.answer(&Call::new(http::Method::GET, "/royal-mail/api/v1/version"));
    assert_eq!(version.status, 200);
}

#[test]
fn a_booking_is_found_by_number_and_by_quoted_reference() {
    let sandbox = sandbox();
    let id = book(&sandbox, "shp/1;x \"y\"");
    let path = format!("orders/{id};%22shp%2F1%3Bx%20%22y%22%22");
    let found = carrier(&sandbox, "GET", &path, None);
    assert_eq!((found.status, found.value().as_array().unwrap().len()), (200, 2));
    assert_eq!(carrier(&sandbox, "GET", "orders/%22none%22", None).status, 404);
    assert_eq!(carrier(&sandbox, "GET", "orders/none", None).status, 400);
    book(&sandbox, "twice");
    book(&sandbox, "twice");
    let twice = carrier(&sandbox, "GET", "orders/%22twice%22", None);
    assert_eq!((twice.status, &twice.value()[0]["code"]), (400, &json!("OrderReferenceNotUnique")));
    assert_eq!(sandbox.report()["royal_mail"]["booked_twice"], 1);
}

#[test]
fn what_the_schema_forbids_fails_under_200_and_is_recorded() {
    let sandbox = sandbox();
    type Spoil = fn(&mut Value);
    let cases: &[(&str, Spoil)] = &[
        ("is not a field", |item| item["recipient"]["address"]["name"] = json!("A")),
        ("at most 40", |item| item["orderReference"] = json!("x".repeat(41))),
        ("is required", |item| item["recipient"]["address"]["city"] = Value::Null),
        ("two decimals", |item| item["total"] = json!(1.234)),
        ("from 1 to 30000", |item| item["packages"][0]["weightInGrams"] = json!(30_001)),
        ("with offset", |item| item["orderDate"] = json!("2026-11-23")),
        ("must be one of", |item| item["packages"][0]["packageFormatIdentifier"] = json!("Parcel")),
        ("is required for the United Kingdom", |item| item["recipient"]["address"]["postcode"] = Value::Null),
        ("or companyName is required", |item| item["recipient"]["address"]["fullName"] = json!(" ")),
        ("is not a service", |item| item["postageDetails"]["serviceCode"] = json!("ZZZ")),
        ("for an e-mail", |item| item["postageDetails"]["receiveEmailNotification"] = json!(true)),
        ("above 0", |item| {
            item["packages"][0]["dimensions"] = json!({"heightInMms": 0, "widthInMms": 1, "depthInMms": 1});
        }),
        ("from a business to Northern Ireland", |item| {
            item["recipient"]["address"]["postcode"] = json!("BT1 5GS");
        }),
        ("values 'UnitValue'", |item| item["packages"][0]["contents"] = json!([{"quantity": 1}])),
    ];
    for (wanted, spoil) in cases {
        let mut body = booking("SO-1");
        spoil(&mut body["items"][0]);
        let message = failed(&sandbox, &body);
        assert!(message.contains(wanted), "{wanted}: {message}");
    }
    let report = sandbox.report();
    assert_eq!(report["refusals"], cases.len());
    assert!(!report["refusal_list"].to_string().contains("Ångström"));
    assert_eq!(report["royal_mail"]["orders"], 0);
    let call = carrier(&sandbox, "POST", "orders", Some(&json!({"orders": []})));
    assert_eq!(call.status, 400);
}

#[test]
fn one_label_in_the_answer_but_not_two() {
    let sandbox = sandbox();
    let mut body = booking("SO-1");
    body["items"][0]["label"] = json!({"includeLabelInResponse": true});
    let made = carrier(&sandbox, "POST", "orders", Some(&body)).value();
    let created = &made["createdOrders"][0];
    assert!(created["label"].as_str().unwrap().starts_with("JVBERi"));
    assert_eq!(created["generatedDocuments"], json!(["postageLabel"]));
    let item = body["items"][0].clone();
    body["items"].as_array_mut().unwrap().push(item);
    let refused = carrier(&sandbox, "POST", "orders", Some(&body));
    assert_eq!(refused.status, 400);
    assert_eq!(refused.value()["message"], "Amount of labels across all items must not exceed '1'");
}

#[test]
fn a_label_is_one_pdf_page_with_a_number_that_stays() {
    let sandbox = sandbox();
    let id = book(&sandbox, "SO-1");
    assert!(carrier(&sandbox, "GET", &format!("orders/{id}"), None).value()[0]["trackingNumber"].is_null());
    let label = carrier(&sandbox, "GET", &label_path(id), None);
    assert_eq!((label.status, label.headers[0].1.as_str()), (200, "application/pdf"));
    assert!(label.body.starts_with(b"%PDF"));
    let text = String::from_utf8(label.body.clone()).unwrap();
    assert_eq!(text.matches("/Type /Page ").count(), 1);
    assert!(text.contains("/Count 1") && text.contains("/MediaBox [0 0 288 432]"));
    assert!(text.contains("(Zo\\353 Lukasz-\\305ngstr\\366m)"), "{text}");
    let first = number(&sandbox, id);
    let digits: u32 = first[2..10].parse().unwrap();
    assert_eq!(first[10..11].parse::<u32>().unwrap(), check_digit(digits));
    assert_eq!((first.len(), first.ends_with("GB")), (13, true));
    assert_eq!(carrier(&sandbox, "GET", &label_path(id), None).body, label.body);
    assert_eq!(number(&sandbox, id), first);
    let report = &sandbox.report()["royal_mail"];
    assert_eq!((&report["labels"], &report["label_documents"]), (&json!(1), &json!(2)));
}

#[test]
fn the_s10_check_digit_is_the_published_one() {
    assert_eq!(check_digit(47_312_482), 9);
}

#[test]
fn label_requests_that_the_documentation_forbids() {
    let sandbox = sandbox();
    let id = book(&sandbox, "SO-1");
    let missing = carrier(&sandbox, "GET", &format!("orders/{id}/label?documentType=postageLabel"), None);
    assert_eq!(missing.status, 400);
    let mut bare = booking("SO-2");
    bare["items"][0].as_object_mut().unwrap().remove("postageDetails");
    let id = carrier(&sandbox, "POST", "orders", Some(&bare)).value()["createdOrders"][0]["orderIdentifier"]
        .as_i64()
        .unwrap();
    let refused = carrier(&sandbox, "GET", &label_path(id), None);
    assert_eq!((refused.status, &refused.value()[0]["code"]), (400, &json!("OrderNotReady")));
    let note = carrier(&sandbox, "GET", &format!("orders/{id}/label?documentType=despatchNote"), None);
    assert!(note.body.starts_with(b"%PDF"));
    let customs = carrier(&sandbox, "GET", &format!("orders/{id}/label?documentType=CN22"), None);
    assert_eq!(customs.status, 400);
    control(&sandbox, "PUT", "accounts/olp", &json!({"oba": false}));
    let call = Call::new(http::Method::GET, &format!("/royal-mail/api/v1/{}", label_path(id)));
    let reply = sandbox.answer(&call.header("authorization", "Bearer olp"));
    assert_eq!((reply.status, reply.body.len()), (403, 0));
}

#[test]
fn parcelforce_is_booked_by_its_codes_as_parcels_and_labelled_on_account_only() {
    let sandbox = sandbox();
    let with = |code: &str, format: &str| {
        let mut body = booking("P");
        body["items"][0]["postageDetails"]["serviceCode"] = json!(code);
        body["items"][0]["packages"][0]["packageFormatIdentifier"] = json!(format);
        body
    };
    for code in ["FE0", "NDA", "NDE"] {
        let reply = carrier(&sandbox, "POST", "orders", Some(&with(code, "parcel"))).value();
        let id = reply["createdOrders"][0]["orderIdentifier"].as_i64().unwrap();
        assert!(carrier(&sandbox, "GET", &label_path(id), None).body.starts_with(b"%PDF"), "{code}");
        assert!(number(&sandbox, id).starts_with("PB"), "{code}");
    }
    let format = "packages[0].packageFormatIdentifier is not a format of this service";
    assert_eq!(failed(&sandbox, &with("NDA", "largeLetter")), format);
    let account = "postageDetails.serviceCode is not a service of this account";
    assert_eq!(failed(&sandbox, &with("PFE48", "mediumParcel")), account);
    control(&sandbox, "PUT", "accounts/olp", &json!({"oba": false}));
    let as_olp = |method, path: &str, body: Option<&Value>| {
        let mut call = Call::new(method, &format!("/royal-mail/api/v1/{path}"));
        call.body = body.map(|body| body.to_string().into_bytes().into()).unwrap_or_default();
        sandbox.answer(&call.header("authorization", "Bearer olp"))
    };
    let made = as_olp(http::Method::POST, "orders", Some(&with("PFE48", "mediumParcel"))).value();
    let id = made["createdOrders"][0]["orderIdentifier"].as_i64().unwrap();
    assert_eq!(as_olp(http::Method::GET, &label_path(id), None).status, 403);
    let refused = as_olp(http::Method::POST, "orders", Some(&with("FE0", "parcel"))).value();
    assert_eq!(refused["errorsCount"], 1);
}

#[test]
fn the_channel_islands_pass_customs_and_take_inland_services() {
    let sandbox = sandbox();
    let mut body = booking("J");
    body["items"][0]["recipient"]["address"]["countryCode"] = json!("JE");
    body["items"][0]["recipient"]["address"]["postcode"] = json!("JE2 3AB");
    assert_eq!(failed(&sandbox, &body), "packages[0].contents is required outside the United Kingdom");
    body["items"][0]["packages"][0]["contents"] =
        json!([{"quantity": 1, "unitValue": 5, "unitWeightInGrams": 100, "customsDescription": "Book"}]);
    let made = carrier(&sandbox, "POST", "orders", Some(&body)).value();
    let id = made["createdOrders"][0]["orderIdentifier"].as_i64().unwrap();
    let pages = |path: &str| {
        let pdf = carrier(&sandbox, "GET", path, None).body;
        String::from_utf8_lossy(&pdf).matches("/Type /Page ").count()
    };
    let label = label_path(id);
    assert_eq!(pages(&format!("{label}&includeCN=true")), pages(&label) + 1);
}

#[test]
fn deleting_undoing_and_manifesting() {
    let sandbox = sandbox();
    let (a, b, c) = (book(&sandbox, "A"), book(&sandbox, "B"), book(&sandbox, "C"));
    for id in [a, b] {
        carrier(&sandbox, "GET", &label_path(id), None);
    }
    let voided = number(&sandbox, b);
    let undo = json!({"items": [{"orderIdentifier": b, "status": "new"}]});
    let undone = carrier(&sandbox, "PUT", "orders/status", Some(&undo)).value();
    assert_eq!(undone["updatedOrders"][0]["orderReference"], "B");
    assert_eq!(track(&sandbox, &format!("{voided}/events")).status, 404);
    let wrong = carrier(&sandbox, "POST", "manifests", Some(&json!({"carrierName": "Nobody"})));
    assert_eq!(wrong.status, 400);
    let manifest = carrier(&sandbox, "POST", "manifests", Some(&json!({"carrierName": "Royal Mail OBA"})));
    assert_eq!(manifest.status, 201);
    assert!(manifest.value()["documentPdf"].as_str().unwrap().starts_with("JVBERi"));
    let again = carrier(&sandbox, "POST", "manifests", None);
    assert_eq!(again.value()["errors"][0]["description"], "No eligible orders");
    let mixed = carrier(&sandbox, "DELETE", &format!("orders/{a};{c};%22none%22"), None).value();
    assert_eq!(mixed["deletedOrders"][0]["orderIdentifier"], c);
    let codes: Vec<&str> =
        mixed["errors"].as_array().unwrap().iter().filter_map(|error| error["code"].as_str()).collect();
    assert_eq!(codes, ["OrderAlreadyManifested", "OrderNotFound"]);
    assert_eq!(carrier(&sandbox, "GET", &format!("orders/{c}"), None).status, 404);
    let late = carrier(
        &sandbox,
        "PUT",
        "orders/status",
        Some(&json!({"items": [
            {"orderIdentifier": a, "status": "new"},
        ]})),
    );
    assert_eq!(late.value()["errors"][0]["code"], "OrderAlreadyManifested");
}

#[test]
fn a_manifest_that_comes_later() {
    let sandbox = sandbox();
    control(
        &sandbox,
        "PUT",
        &format!("accounts/{}", waybill_sandbox::royal_mail::DEFAULT_KEY),
        &json!({"manifest_later": true}),
    );
    let id = book(&sandbox, "A");
    carrier(&sandbox, "GET", &label_path(id), None);
    let made = carrier(&sandbox, "POST", "manifests", None);
    assert_eq!((made.status, made.value()["documentPdf"].is_null()), (202, true));
    let path = format!("manifests/{}", made.value()["manifestNumber"]);
    assert_eq!(carrier(&sandbox, "GET", &path, None).value()["status"], "In Progress");
    control(&sandbox, "PUT", "clock", &json!({"advance_seconds": 30}));
    assert_eq!(carrier(&sandbox, "GET", &path, None).value()["status"], "Completed");
}

#[test]
fn five_calls_a_second_and_no_more() {
    let sandbox = sandbox();
    sandbox.set_limits(Limits::DOCUMENTED);
    let ask = || carrier(&sandbox, "GET", "orders/1", None).status;
    let first: Vec<u16> = (0..6).map(|_| ask()).collect();
    assert_eq!(first, [404, 404, 404, 404, 404, 429]);
    control(&sandbox, "PUT", "clock", &json!({"advance_seconds": 1}));
    assert_eq!(ask(), 404);
    let meter = &sandbox.report()["endpoints"]["royal-mail.get"];
    assert_eq!((&meter["by_status"]["429"], &meter["max_per_second"]), (&json!(1), &json!(6)));
}

#[test]
fn a_parcel_travels_with_the_clock_and_meets_its_fate() {
    let sandbox = sandbox();
    let (a, b) = (book(&sandbox, "A"), book(&sandbox, "B"));
    control(&sandbox, "PUT", "parcels", &json!({"reference": "B", "fate": "return"}));
    for id in [a, b] {
        carrier(&sandbox, "GET", &label_path(id), None);
    }
    let (a, b) = (number(&sandbox, a), number(&sandbox, b));
    let category = |number: &str| {
        let answer = track(&sandbox, &format!("{number}/events")).value();
        answer["mailPieces"]["summary"]["statusCategory"].as_str().unwrap().to_owned()
    };
    let mut seen = Vec::new();
    for _ in 0..7 {
        seen.push((category(&a), category(&b)));
        control(&sandbox, "PUT", "clock", &json!({"advance_seconds": 12 * 3600}));
    }
    let both = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    assert_eq!(
        seen,
        [
            both("PRE-ADVICE", "PRE-ADVICE"),
            both("IN TRANSIT", "IN TRANSIT"),
            both("IN TRANSIT", "IN TRANSIT"),
            both("DELIVERED", "ATTEMPTED DELIVERY"),
            both("DELIVERED", "RETURN TO SENDER"),
            both("DELIVERED", "RETURN TO SENDER"),
            both("DELIVERED", "RETURNED TO SENDER"),
        ]
    );
    let summary = track(&sandbox, &format!("summary?mailPieceId={a},{b},XX000000000GB")).value();
    let pieces = summary["mailPieces"].as_array().unwrap();
    assert_eq!(pieces[2]["error"]["errorCode"], "E1142");
    assert_eq!(track(&sandbox, "XX000000000GB/events").status, 404);
}

#[test]
fn tracking_headers_are_checked() {
    let sandbox = sandbox();
    let call = Call::new(http::Method::GET, "/royal-mail-tracking/mailpieces/v2/XX/events");
    assert_eq!(sandbox.answer(&call).value()["httpCode"], "401");
    let call = call
        .header("x-ibm-client-id", TRACKING_CLIENT_ID)
        .header("x-ibm-client-secret", TRACKING_CLIENT_SECRET);
    assert_eq!(sandbox.answer(&call).value()["errors"][0]["errorCode"], "E0004");
}

#[test]
fn the_list_is_paged() {
    let sandbox = sandbox();
    (0..5).for_each(|index| {
        book(&sandbox, &format!("R{index}"));
    });
    let first = carrier(&sandbox, "GET", "orders?pageSize=3", None).value();
    assert_eq!(first["orders"].as_array().unwrap().len(), 3);
    let token = first["continuationToken"].as_str().unwrap();
    let path = format!("orders?pageSize=3&continuationToken={}", token.replace('=', "%3D"));
    let second = carrier(&sandbox, "GET", &path, None).value();
    assert_eq!(second["orders"].as_array().unwrap().len(), 2);
    assert!(second["continuationToken"].is_null());
}
