//! What the carrier answers, and what it means.

use crate::contracts;
use crate::fixtures::*;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waybill_carriers::error::CannotRead;
use waybill_carriers::pro_shipping::cancel::read_cancel;
use waybill_carriers::pro_shipping::find::{PAGE, Page, read_page};
use waybill_carriers::pro_shipping::label::{read_create, read_label};
use waybill_carriers::pro_shipping::token::{Token, read_token};
use waybill_carriers::royal_mail::cancel::Voided;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::shipment::LabelPrinter;

#[test]
fn a_token_is_good_until_a_minute_before_its_end() {
    let now = "2026-11-23T09:00:00Z".parse().unwrap();
    let read = |status, body: &Value| get(|s, h, b| read_token(&account(), now, s, h, b), status, body);
    let token: Token = read(200, &json!({"access_token": "x", "expires_in": 3600})).unwrap();
    let at = |text: &str| text.parse().unwrap();
    assert!(token.is_good(&account(), at("2026-11-23T09:58:59Z")));
    assert!(!token.is_good(&account(), at("2026-11-23T09:59:00Z")));
    let mut other = account();
    other.base.push('x');
    assert!(!token.is_good(&other, at("2026-11-23T09:00:00Z")));
    assert!(read(200, &json!({"access_token": "x", "expires_in": "60"})).is_ok());
    for status in [400, 401] {
        let error = read(status, &json!({"error": "invalid_client"})).unwrap_err();
        assert_eq!(error.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    }
    assert_eq!(read(200, &json!({})).unwrap_err(), CannotRead::Reply);
}

#[test]
fn a_created_shipment_has_a_key_and_a_refused_one_a_field() {
    let made =
        json!({"Packages": [{"PackageOccurrence": 1, "ShipmentId": "6aa500ae-b1ca-4475-86d2-8404a04076f2"}]});
    assert_eq!(get(read_create, 200, &made).unwrap(), "6aa500ae-b1ca-4475-86d2-8404a04076f2");
    assert_eq!(get(read_create, 200, &json!({"Packages": []})), Err(CannotRead::Reply));
    assert_eq!(get(read_create, 500, &Value::Null).unwrap_err().advice(), Advice::Retry);
    let Some(sample) = contracts::file("v4-shipment_response.sample.json") else { return };
    assert_eq!(get(read_create, 200, &sample).unwrap(), "fa3bb603-2687-4b38-ba18-3264208446c6");
    let sample = contracts::file("v4-error_response.sample.json").unwrap();
    let refused = CannotRead::Refused { code: "Destination.Address.ContactName".into() };
    assert_eq!(get(read_create, 400, &sample), Err(refused));
}

#[test]
fn a_label_is_kept_to_the_byte() {
    let zpl = "^XA\r\n^CI28^FDZoë^FS^XZ\r\n";
    let body = |label: &str| json!({"ShipmentId": "1", "TrackingNumber": "TT123456785GB", "Label": STANDARD.encode(label)});
    let read = |printer: LabelPrinter, status, body: &Value| {
        get(|s, h, b| read_label(printer, s, h, b), status, body)
    };
    let label = read(LabelPrinter::Zpl203, 200, &body(zpl)).ok().unwrap();
    assert_eq!((label.bytes, label.number.as_deref()), (zpl.into(), Some("TT123456785GB")));
    assert!(read(LabelPrinter::Pdf, 200, &body("%PDF-1.4 x")).is_ok());
    let untracked =
        json!({"Label": STANDARD.encode(zpl), "CarrierDetails": {"UniqueId": "3A07033860010000B2268"}});
    let label = read(LabelPrinter::Zpl300, 200, &untracked).ok().unwrap();
    assert_eq!(label.number.as_deref(), Some("3A07033860010000B2268"));
    let failed = |code: &str| Some(CannotRead::LabelFailed { code: code.into() });
    assert_eq!(read(LabelPrinter::Pdf, 200, &body(zpl)).err(), failed("not_a_label"));
    assert_eq!(read(LabelPrinter::Zpl300, 200, &body("%PDF-1.4 x")).err(), failed("not_a_label"));
    assert_eq!(read(LabelPrinter::Pdf, 200, &json!({"Label": null})).err(), Some(CannotRead::Reply));
    let late = json!({"Errors": [{"Cause": "ShipmentStatus", "ErrorCode": "E1003"}]});
    assert_eq!(read(LabelPrinter::Pdf, 400, &late).err(), failed("ShipmentStatus"));
}

#[test]
fn a_cancellation_is_done_refused_or_not_needed() {
    let said = |code: &str| json!({"Message": "Invalid Request", "Errors": [{"Cause": "ShipmentIds[0]", "ErrorCode": code}]});
    assert_eq!(get(read_cancel, 200, &Value::Null), Ok(Voided::Done));
    assert_eq!(get(read_cancel, 400, &said("E1004")), Ok(Voided::Done));
    let refused = Voided::Refused { code: "already_manifested".into() };
    assert_eq!(get(read_cancel, 400, &said("E1003")), Ok(refused));
    assert!(get(read_cancel, 503, &Value::Null).is_err());
}

#[test]
fn our_reference_is_looked_for_on_every_page() {
    let row = |reference: &str, id: &str, status: &str| json!({"Reference1": reference, "ShipmentId": id, "Status": status});
    let ours = "WB-0123456789abcdef012345678-2";
    let read = |page, body: &Value| get(|s, h, b| read_page(&shipment().reference, page, s, h, b), 200, body);
    let rows = json!([row(ours, "a", "Created"), row(ours, "b", "Cancelled"), row("x", "c", "Created")]);
    let found = Page { found: vec!["a".into()], more: true };
    assert_eq!(read(1, &json!({"Shipments": rows, "TotalCount": PAGE + 1})), Ok(found.clone()));
    assert_eq!(
        read(2, &json!({"Shipments": rows, "TotalCount": PAGE + 1})),
        Ok(Page { more: false, ..found.clone() })
    );
    assert_eq!(read(1, &json!({"Shipments": rows})), Ok(Page { more: false, ..found }));
    let none = Page { found: vec![], more: false };
    assert_eq!(read(1, &json!({"Shipments": [], "TotalCount": 0})), Ok(none));
    assert_eq!(read(1, &json!({"TotalCount": 0})), Err(CannotRead::Reply));
    let gone = get(|s, h, b| read_page(&shipment().reference, 1, s, h, b), 404, &Value::Null);
    assert_eq!(gone, Err(CannotRead::Refused { code: "http_404".into() }));
}
