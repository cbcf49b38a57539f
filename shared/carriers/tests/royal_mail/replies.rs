//! What the carrier answers, and what it means.

use crate::contracts;
use http::header::RETRY_AFTER;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_carriers::royal_mail::TrackingAccount;
use waybill_carriers::royal_mail::cancel::{Voided, read_delete};
use waybill_carriers::royal_mail::label::{Created, Found, read_create, read_find, read_label};
use waybill_carriers::royal_mail::manifest::{Manifest, read_manifest, read_status};
use waybill_carriers::royal_mail::track::{Tracked, build_events, read_events};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::shipment::Transit;
use waybill_privacy::secret::Secret;

type Read<T> = fn(StatusCode, &HeaderMap, &[u8]) -> Result<T, CannotRead>;

fn get<T>(read: Read<T>, status: u16, body: &[u8]) -> Result<T, CannotRead> {
    read(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body)
}

fn json_of<T>(read: Read<T>, status: u16, body: &Value) -> Result<T, CannotRead> {
    get(read, status, body.to_string().as_bytes())
}

#[test]
fn a_created_order_has_a_key_and_a_failed_one_a_code() {
    let created = Ok(Created { carrier_order: "1012".into() });
    let item = json!({"createdOrders": [{"orderIdentifier": "1012"}], "failedOrders": null});
    assert_eq!(json_of(read_create, 200, &item), created);
    assert_eq!(json_of(read_create, 200, &json!({"createdOrders": []})), Err(CannotRead::Reply));
    assert_eq!(get(read_create, 200, b"<html>"), Err(CannotRead::Reply));
    let failed = json!({"failedOrders": [{"order": {"recipient": {"address": {"fullName": "B Buyer"}}},
        "errors": [{"errorCode": 7, "errorMessage": "B Buyer is not known", "fields": [{"fieldName": "B Buyer", "value": "B Buyer"}]}]}]});
    assert_eq!(json_of(read_create, 200, &failed), Err(CannotRead::Refused { code: "error_7".into() }));
    let Some(body) = contracts::sample("create-order.response") else { return };
    assert_eq!(get(read_create, 200, &body), created);
    let body = contracts::sample("create-order-label-failed.response").unwrap();
    assert_eq!(get(read_create, 200, &body), Ok(Created { carrier_order: "1014".into() }));
    let body = contracts::sample("create-order-partial-failure.response").unwrap();
    let error = get(read_create, 200, &body).unwrap_err();
    assert_eq!(error, CannotRead::Refused { code: "contents[0].unitValue".into() });
    assert_eq!(error.advice(), Advice::AskPerson(Reason::CarrierRefused));
    assert!(!format!("{error} {error:?}").contains("Buyer"));
    let body = contracts::sample("create-order-bad-request.response").unwrap();
    assert_eq!(get(read_create, 400, &body), Err(CannotRead::Refused { code: "BadRequest".into() }));
}

#[test]
fn after_a_lost_reply_the_reference_tells() {
    let one = |tracking: Option<&str>| {
        Ok(Found::One {
            carrier_order: "1012".into(),
            tracking: tracking.map(str::to_owned),
            others: Vec::new(),
        })
    };
    let order = json!({"orderIdentifier": 1012, "packages": [{"packageNumber": 1}]});
    assert_eq!(get(read_find, 404, b""), Ok(Found::None));
    assert_eq!(get(read_find, 200, b"[]"), Ok(Found::None));
    assert_eq!(get(read_find, 400, b"{}"), Ok(Found::Many));
    assert_eq!(json_of(read_find, 200, &json!([order])), one(None));
    assert_eq!(json_of(read_find, 200, &json!([order, order])), Ok(Found::Many));
    let parcel = json!([{"orderIdentifier": 1012, "trackingNumber": null, "packages": [{"trackingNumber": "TT000000009GB"}]}]);
    assert_eq!(json_of(read_find, 200, &parcel), one(Some("TT000000009GB")));
    // None of these says that nothing is there.
    for (status, body) in
        [(200, "{}"), (200, ""), (200, "<html>"), (204, ""), (302, ""), (500, "[]"), (503, "")]
    {
        assert_eq!(
            get(read_find, status, body.as_bytes()).unwrap_err().advice(),
            Advice::Retry,
            "{status} {body}"
        );
    }
    let Some(body) = contracts::sample("get-orders.response") else { return };
    assert_eq!(get(read_find, 200, &body), one(Some("TT000000009GB")));
}

#[test]
fn a_label_is_a_pdf_or_a_failure_with_a_code() {
    assert_eq!(get(read_label, 200, b"%PDF-1.4 x"), Ok(b"%PDF-1.4 x".to_vec()));
    let failed = |status: u16, body: &[u8]| match get(read_label, status, body).unwrap_err() {
        CannotRead::LabelFailed { code } => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(failed(403, b""), "no_credit_account");
    assert_eq!(failed(404, b""), "http_404");
    let list = br#"[{"accountOrderNumber": 1012, "code": "OrderNotReady", "message": "A Buyer"}]"#;
    assert_eq!(failed(400, list), "OrderNotReady");
    assert_eq!(failed(200, list), "OrderNotReady");
    let advice = CannotRead::LabelFailed { code: String::new() }.advice();
    assert_eq!(advice, Advice::AskPerson(Reason::LabelFailed));
    assert_eq!(get(read_label, 200, b""), Err(CannotRead::Reply));
    assert_eq!(get(read_label, 200, b"<html>"), Err(CannotRead::Reply));
    assert_eq!(get(read_label, 401, b"").unwrap_err().advice(), Advice::AskPerson(Reason::ConnectionRefused));
    let Some(body) = contracts::sample("label-error.response") else { return };
    assert_eq!(failed(400, &body), "OrderNotReady");
}

#[test]
fn too_many_calls_wait_as_long_as_told() {
    let mut headers = HeaderMap::new();
    headers.insert(RETRY_AFTER, "5".parse().unwrap());
    let error = read_create(StatusCode::TOO_MANY_REQUESTS, &headers, b"").unwrap_err();
    assert_eq!(error.advice(), Advice::Wait { seconds: 5 });
    assert!(matches!(get(read_find, 429, b"").unwrap_err().advice(), Advice::Wait { .. }));
}

#[test]
fn a_cancelled_order_is_gone_and_a_manifested_one_stays() {
    assert_eq!(get(read_delete, 404, b""), Ok(Voided::Done));
    let gone = json!({"deletedOrders": [{"orderIdentifier": 1012}], "errors": null});
    assert_eq!(json_of(read_delete, 200, &gone), Ok(Voided::Done));
    let never = json!({"deletedOrders": [], "errors": [{"orderIdentifier": 1, "code": "OrderNotFound"}]});
    assert_eq!(json_of(read_delete, 200, &never), Ok(Voided::Done));
    assert_eq!(json_of(read_delete, 200, &json!({})), Err(CannotRead::Reply));
    assert_eq!(get(read_delete, 500, b"").unwrap_err().advice(), Advice::Retry);
    let Some(body) = contracts::sample("delete-orders.response") else { return };
    assert_eq!(get(read_delete, 200, &body), Ok(Voided::Refused { code: "OrderAlreadyManifested".into() }));
}

#[test]
fn a_manifest_is_done_or_being_made() {
    assert_eq!(
        json_of(read_status, 200, &json!({"manifestNumber": 3.0, "status": "Thinking"})),
        Ok(Manifest::Working { number: 3 })
    );
    let failed = json!({"manifestNumber": 3, "status": "Failed"});
    assert_eq!(json_of(read_status, 200, &failed), Err(CannotRead::Refused { code: "Failed".into() }));
    assert_eq!(
        json_of(read_status, 200, &json!({"manifestNumber": 3, "documentPdf": "aGk="})),
        Err(CannotRead::Reply)
    );
    let Some(body) = contracts::sample("manifest-201.response") else { return };
    let Ok(Manifest::Done { number, pdf }) = get(read_manifest, 201, &body) else { panic!() };
    assert!(number == 1001 && pdf.starts_with(b"%PDF-"));
    let body = contracts::sample("manifest-202.response").unwrap();
    assert_eq!(get(read_manifest, 202, &body), Ok(Manifest::Working { number: 1002 }));
    let body = contracts::sample("manifest-status.response").unwrap();
    assert_eq!(get(read_status, 200, &body), Ok(Manifest::Working { number: 1002 }));
    let body = contracts::sample("manifest-error.response").unwrap();
    assert_eq!(get(read_manifest, 400, &body), Err(CannotRead::Refused { code: "0".into() }));
}

fn piece(category: &str, code: &str) -> Tracked {
    let body = json!({"mailPieces": {
    "signature": {"recipientName": "A Buyer"},
    "summary": {"statusCategory": category, "lastEventCode": code, "lastEventDateTime": "2026-11-23T11:00:00+01:00"},
    "events": [
        {"eventCode": code, "eventDateTime": "2026-11-23T10:00:00+00:00", "locationName": "Stafford DO"},
        {"eventCode": "EVIMC", "eventDateTime": "2026-11-22T10:00:00+00:00"},
    ]}});
    json_of(read_events, 200, &body).unwrap()
}

#[test]
fn where_a_parcel_is() {
    let noon = "2026-11-23T10:00:00Z".parse().ok();
    let delivered = Tracked { transit: Transit::Delivered, delivered_at: noon, last_event: noon };
    assert_eq!(piece("DELIVERED", "EVKSP"), delivered);
    assert_eq!(piece("", "EVKSF"), delivered);
    assert_eq!(piece("Delivered", "EVXXX"), delivered);
    for (category, transit) in [
        ("PRE-ADVICE", Transit::Pending),
        ("SOMETHING NEW", Transit::Pending),
        ("NOT DELIVERED", Transit::Pending),
        ("IN TRANSIT", Transit::Moving),
        ("ATTEMPTED DELIVERY", Transit::Moving),
        ("RETURN TO SENDER", Transit::Returned),
        ("RETURNED TO SENDER", Transit::Returned),
        ("UNDELIVERABLE", Transit::Failed),
    ] {
        assert_eq!(
            piece(category, "EVXXX"),
            Tracked { transit, delivered_at: None, last_event: noon },
            "{category}"
        );
    }
}

#[test]
fn a_parcel_nobody_scanned_is_pending() {
    let unseen = Ok(Tracked { transit: Transit::Pending, delivered_at: None, last_event: None });
    assert_eq!(get(read_events, 404, b""), unseen);
    assert_eq!(json_of(read_events, 400, &json!({"errors": [{"errorCode": "E1142"}]})), unseen);
    assert_eq!(json_of(read_events, 200, &json!({"mailPieces": {}})), unseen);
    assert_eq!(json_of(read_events, 200, &json!({})), Err(CannotRead::Reply));
    assert_eq!(
        get(read_events, 401, b"").unwrap_err().advice(),
        Advice::AskPerson(Reason::ConnectionRefused)
    );
}

#[test]
fn the_contract_s_tracking_samples_are_read() {
    let Some(body) = contracts::file("tracking-v2-tracking.sample.json") else { return };
    let at = "2016-10-20T09:04:00Z".parse().ok();
    let moving = Tracked { transit: Transit::Moving, delivered_at: None, last_event: at };
    assert_eq!(json_of(read_events, 200, &body), Ok(moving));
    let body = contracts::file("tracking-v2-errors.sample.json").unwrap();
    let error = json_of(read_events, 400, &body).unwrap_err();
    assert_eq!(error, CannotRead::Unanswered { code: "E0004".into() });
    assert_eq!(error.advice(), Advice::GiveUp);
}

#[test]
fn only_the_number_is_sent_to_the_tracking_service() {
    let account = TrackingAccount {
        base: "https://api.royalmail.net".into(),
        client_id: Secret::new("id-EXAMPLE".into()),
        client_secret: Secret::new("secret-EXAMPLE".into()),
    };
    let request = build_events(&account, "TT000000009GB").unwrap();
    assert_eq!(request.uri(), "https://api.royalmail.net/mailpieces/v2/TT000000009GB/events");
    assert_eq!(request.headers()["x-accept-rmg-terms"], "yes");
    assert_eq!(request.headers()["x-ibm-client-id"], "id-EXAMPLE");
    assert!(request.body().is_empty() && !format!("{request:?}").contains("EXAMPLE"));
    assert_eq!(build_events(&account, "a/b").err(), Some(CannotBuild::Beyond { field: "mailPieceId" }));
}

proptest! {
    /// No reply makes a reader panic, and no error shows what it read.
    #[test]
    fn noise_is_read_or_refused(noise in prop::collection::vec(any::<u8>(), 0..80), status in 100u16..600, wrap in 0usize..5) {
        let text = json!(String::from_utf8_lossy(&noise));
        let body = match wrap {
            0 => noise,
            1 => json!([{"code": text, "orderIdentifier": text}]).to_string().into_bytes(),
            2 => json!({"failedOrders": [{"errors": [{"errorCode": text, "fields": [{"fieldName": text}]}]}]}).to_string().into_bytes(),
            3 => json!({"manifestNumber": 1, "documentPdf": text, "errors": text}).to_string().into_bytes(),
            _ => json!({"mailPieces": {"summary": {"statusCategory": text}, "events": [{"eventDateTime": text}]}}).to_string().into_bytes(),
        };
        let _ = (get(read_create, status, &body), get(read_find, status, &body), get(read_label, status, &body));
        let _ = (get(read_delete, status, &body), get(read_manifest, status, &body), get(read_events, status, &body));
    }
}
