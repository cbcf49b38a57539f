//! What DPD answers to a booking, and what it means.

use crate::contracts;
use crate::fixtures::*;
use http::{HeaderMap, StatusCode};
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_carriers::dpd::label::{Booked, Found, Made, Printer, read_create, read_find, read_labels};
use waybill_carriers::dpd::services::read_offers;
use waybill_carriers::dpd::{track, void};
use waybill_carriers::error::CannotRead;
use waybill_carriers::royal_mail::cancel::Voided;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

fn refused(code: &str) -> Result<Made, CannotRead> {
    Err(CannotRead::Refused { code: code.into() })
}

#[test]
fn a_shipment_keeps_all_its_numbers_in_one_key() {
    let made = |data: Value| get(read_create, 200, &json!({"error": null, "data": data}));
    let numbers = json!({"shipmentId": 812345678, "consignments": [{"consignmentNumber": 1234567890, "parcelNumber": ["15500000000001", 15500000000002u64]}]});
    assert_eq!(made(numbers.clone()), Ok(Made::Booked(booked())));
    assert_eq!(booked().key(), "812345678/1234567890/15500000000001+15500000000002");
    assert_eq!(Booked::from_key(&booked().key()), Some(booked()));
    assert_eq!(booked().tracking(), "15500000000001");
    for key in ["", "812345678", "1/2/", "1/2/3/4", "1/2/3+", "a b/2/3", "1//3"] {
        assert_eq!(Booked::from_key(key), None, "{key}");
    }
    // Made, and complained of: it is there and will be paid for.
    let both = json!({"error": [{"code": 1001, "message": "cut"}], "data": numbers});
    assert_eq!(get(read_create, 200, &both), Ok(Made::Booked(booked())));
    for lacking in [
        json!({"consignments": [{"consignmentNumber": "1", "parcelNumber": ["2"]}]}),
        json!({"shipmentId": "1", "consignments": []}),
        json!({"shipmentId": "1", "consignments": [{"consignmentNumber": "1", "parcelNumber": []}]}),
        json!({"shipmentId": "1/2", "consignments": [{"consignmentNumber": "1", "parcelNumber": ["3"]}]}),
        Value::Null,
    ] {
        assert_eq!(made(lacking.clone()), Err(CannotRead::Reply), "{lacking}");
    }
    let Some(sample) = contracts::sample("v1-shipment.response") else { return };
    assert_eq!(get(read_create, 200, &sample), Ok(Made::Booked(booked())));
}

#[test]
fn a_refusal_has_a_field_or_a_code_under_any_status() {
    let telephone = "outboundConsignment.deliveryDetails.contactDetails.telephone";
    for error in [
        json!([{"code": 1007, "message": "A Buyer is wrong", "fieldPath": telephone}]),
        json!([{"code": 1007, "message": "A Buyer is wrong", "fieldName": telephone}]),
        json!({"code": 1007, "fieldPath": telephone}),
        json!([{"code": 1007, "fieldPath": ""}, {"code": 1, "fieldPath": telephone}]),
    ] {
        for status in [200, 400, 404, 422] {
            assert_eq!(get(read_create, status, &json!({"error": error})), refused(telephone), "{error}");
        }
    }
    let coded = |error: Value| get(read_create, 200, &json!({"error": error, "data": null}));
    assert_eq!(coded(json!([{"code": 1014}])), refused("error_1014"));
    assert_eq!(coded(json!([{"errorCode": "1014", "obj": null}])), refused("error_1014"));
    assert_eq!(coded(json!([{"message": "A Buyer"}])), refused("http_200"));
    assert_eq!(coded(json!([{"code": "A Buyer", "fieldPath": "A Buyer"}])), refused("http_200"));
    assert_eq!(coded(json!("A Buyer")), refused("http_200"));
    assert_eq!(coded(json!([])), Err(CannotRead::Reply));
    let deep = format!("a.{}.telephone", "b".repeat(60));
    assert_eq!(coded(json!([{"fieldPath": deep}])), refused("telephone"));
    assert_eq!(get(read_create, 400, &Value::Null), refused("http_400"));
    assert_eq!(refused("x").unwrap_err().advice(), Advice::AskPerson(Reason::CarrierRefused));
    let Some(sample) = contracts::sample("v1-shipment-error.response") else { return };
    assert_eq!(get(read_create, 400, &sample), refused(telephone));
    let legacy = contracts::sample("legacy-shipment-error.response").unwrap();
    let field = "consignment[0].deliveryDetails.contactDetails.telephone";
    assert_eq!(get(read_create, 200, &legacy), refused(field));
}

#[test]
fn two_refusals_change_what_must_be_done() {
    let stale =
        json!({"error": [{"code": 1, "message": "Failed to query network", "fieldPath": "networkCode"}]});
    assert_eq!(get(read_create, 400, &stale), Ok(Made::StaleService));
    for message in ["shippingRef1 not unique", "ShippingRef1 was already used"] {
        let repeated = json!({"error": [{"code": 1030, "message": message}]});
        assert_eq!(get(read_create, 200, &repeated), Ok(Made::Exists), "{message}");
    }
    let named = json!({"error": [{"code": 1030, "message": "Not unique", "fieldPath": "outboundConsignment.shippingRef1"}]});
    assert_eq!(get(read_create, 400, &named), Ok(Made::Exists));
    let long = json!({"error": [{"code": 1001, "message": "too long", "fieldPath": "outboundConsignment.shippingRef1"}]});
    assert_eq!(get(read_create, 400, &long), refused("outboundConsignment.shippingRef1"));
}

#[test]
fn a_refused_token_is_told_from_a_refused_booking() {
    let body = json!({"error": {"statusCode": 401, "error": "Unauthorized", "message": "expired"}});
    for status in [401, 403, 200] {
        let error = get(read_create, status, &body).unwrap_err();
        assert_eq!(error.advice(), Advice::AskPerson(Reason::ConnectionRefused), "{status}");
    }
    for status in [500, 502, 504, 408] {
        assert_eq!(get(read_create, status, &Value::Null).unwrap_err().advice(), Advice::Retry);
    }
    assert!(matches!(get(read_create, 429, &Value::Null).unwrap_err().advice(), Advice::Wait { .. }));
}

fn labels(printer: Printer, status: u16, body: &Value) -> Result<Vec<Vec<u8>>, CannotRead> {
    get(|s, h, b| read_labels(&booked(), printer, s, h, b), status, body)
}

#[test]
fn labels_are_kept_to_the_byte_one_per_parcel() {
    let (one, two) = ("\u{2}~CT\r\n^XA^CI28^FDZoë  \t^FS^XZ\r\n", "^XA^XZ");
    let body = json!({"data": {"printString": [one, two]}});
    assert_eq!(labels(Printer::Zpl, 200, &body), Ok(vec![one.into(), two.into()]));
    let failed = |code: &str| Err(CannotRead::LabelFailed { code: code.into() });
    assert_eq!(labels(Printer::Zpl, 200, &json!({"data": {"printString": [one]}})), failed("labels_missing"));
    assert_eq!(labels(Printer::Zpl, 200, &json!({"data": {"printString": one}})), failed("labels_missing"));
    assert_eq!(
        labels(Printer::Zpl, 200, &json!({"data": {"printString": [one, ""]}})),
        failed("not_a_label")
    );
    let html = json!({"data": {"printString": ["<html>1</html>", "<html>2</html>"]}});
    assert!(labels(Printer::Html, 200, &html).is_ok());
    assert_eq!(labels(Printer::Zpl, 200, &html), failed("not_a_label"));
    assert_eq!(
        labels(Printer::Epl, 200, &json!({"data": {"printString": ["N\n", " "]}})),
        failed("not_a_label")
    );
    assert_eq!(labels(Printer::Zpl, 404, &json!({"error": [{"code": 7}]})), failed("error_7"));
    assert_eq!(labels(Printer::Zpl, 404, &Value::Null), failed("http_404"));
    assert_eq!(labels(Printer::Zpl, 200, &json!({"data": {}})), Err(CannotRead::Reply));
    let Some(sample) = contracts::sample("v1-labels-zpl.response") else { return };
    let read = labels(Printer::Zpl, 200, &sample).unwrap();
    assert_eq!(sample["data"]["printString"][1].as_str().unwrap().as_bytes(), read[1]);
}

#[test]
fn a_lost_booking_is_proven_or_stays_unknown() {
    let found = json!({"data": {"parcels": [{"parcelNumber": "15500000000001"}]}});
    assert_eq!(get(read_find, 200, &found), Ok(Found::Parcels(vec!["15500000000001".into()])));
    assert_eq!(get(read_find, 200, &json!({"data": []})), Ok(Found::Unproven));
    assert_eq!(get(read_find, 404, &Value::Null), Ok(Found::Unproven));
    assert_eq!(get(read_find, 200, &json!({"data": {"what": 1}})), Err(CannotRead::Reply));
}

#[test]
fn cancelling_is_said_to_be_impossible() {
    assert_eq!(void(), Voided::Refused { code: "carrier_has_no_void".into() });
}

proptest! {
    /// No reply makes a reader panic, and no error shows what it read.
    #[test]
    fn noise_is_read_or_refused(noise in prop::collection::vec(any::<u8>(), 0..80), status in 100u16..600, wrap in 0usize..6) {
        let text = json!(String::from_utf8_lossy(&noise));
        let body = match wrap {
            0 => noise.clone(),
            1 => json!({"error": [{"code": text, "fieldPath": text, "message": text}]}).to_string().into_bytes(),
            2 => json!({"error": text, "data": text}).to_string().into_bytes(),
            3 => json!({"data": {"shipmentId": text, "consignments": [{"consignmentNumber": text, "parcelNumber": text}]}}).to_string().into_bytes(),
            4 => json!({"data": {"parcels": [{"parcelNumber": text, "parcelStatus": text, "events": [{"dateTime": text}]}]}}).to_string().into_bytes(),
            _ => json!({"data": {"printString": [text, text]}}).to_string().into_bytes(),
        };
        let (status, headers) = (StatusCode::from_u16(status).unwrap(), HeaderMap::new());
        let errors = [
            read_create(status, &headers, &body).err(),
            read_find(status, &headers, &body).err(),
            read_offers(status, &headers, &body).err(),
            read_labels(&booked(), Printer::Zpl, status, &headers, &body).err(),
            track::read_tracking(&booked(), status, &headers, &body).err(),
        ];
        let spaced = String::from_utf8_lossy(&noise).into_owned();
        for error in errors.into_iter().flatten() {
            prop_assert!(!spaced.contains(' ') || spaced.len() < 12 || !error.to_string().contains(&spaced));
        }
    }
}
