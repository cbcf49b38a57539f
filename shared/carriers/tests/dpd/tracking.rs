//! Where parcels are. The shapes are those public clients look for; none is verified.

use crate::fixtures::*;
use serde_json::{Value, json};
use waybill_carriers::dpd::track::{Tracked, link, read_tracking};
use waybill_carriers::dpd::{Account, label::Booked};
use waybill_carriers::error::CannotRead;
use waybill_domain::advice::Advice;
use waybill_domain::shipment::Transit;

const UNSEEN: Tracked = Tracked { transit: Transit::Pending, delivered_at: None, last_event: None };

fn all(booked: &Booked, status: u16, body: &Value) -> Result<Vec<Tracked>, CannotRead> {
    get(|s, h, b| read_tracking(booked, s, h, b), status, body)
}

/// Of a shipment of one parcel.
fn read(booked: &Booked, status: u16, body: &Value) -> Result<Tracked, CannotRead> {
    all(booked, status, body).map(|mut seen| seen.pop().filter(|_| seen.is_empty()).unwrap())
}

fn one() -> Booked {
    Booked { parcels: vec!["15500000000001".into()], ..booked() }
}

fn row(number: &str, status: &str) -> Value {
    json!({"parcelNumber": number, "parcelStatus": status, "signature": "A Buyer", "trackingEvents": [
        {"status": status, "dateTime": "2026-11-24T10:00:00"},
        {"status": "Collected", "dateTime": "2026-11-23T18:00:00Z"},
    ]})
}

#[test]
fn a_status_is_understood_or_pending() {
    let noon = "2026-11-24T10:00:00Z".parse().ok();
    for (status, transit) in [
        ("Delivered", Transit::Delivered),
        ("DELIVERED", Transit::Delivered),
        ("Out for delivery", Transit::Moving),
        ("In-Transit", Transit::Moving),
        ("Attempted delivery", Transit::Moving),
        ("Returned to sender", Transit::Returned),
        ("Undeliverable", Transit::Failed),
        ("Not delivered", Transit::Pending),
        ("Will be delivered today", Transit::Pending),
        ("Order created", Transit::Pending),
    ] {
        let body = json!({"data": {"parcels": [row("15500000000001", status)]}});
        let delivered_at = noon.filter(|_| transit == Transit::Delivered);
        assert_eq!(
            read(&one(), 200, &body),
            Ok(Tracked { transit, delivered_at, last_event: noon }),
            "{status}"
        );
    }
}

#[test]
fn every_parcel_is_told_of_in_the_order_of_its_number() {
    let seen = |body: &Value| -> Vec<Transit> {
        all(&booked(), 200, body).unwrap().into_iter().map(|one| one.transit).collect()
    };
    let rows =
        json!([row("15500000000002", "In transit"), row("15500000000001", "Delivered"), row("99", "x")]);
    assert_eq!(seen(&json!({ "data": rows })), [Transit::Delivered, Transit::Moving]);
    // One of two is not the shipment.
    let half = json!({"parcels": [row("15500000000001", "Delivered")]});
    assert_eq!(seen(&half), [Transit::Delivered, Transit::Pending]);
}

#[test]
fn an_event_speaks_where_the_summary_does_not() {
    let body = json!({"data": {"parcelNumber": 15500000000001u64, "events": [
        {"description": "Delivered", "eventDateTime": "2026-07-24T10:00:00"},
        {"description": "In transit", "eventDateTime": "2026-07-23T10:00:00"},
    ]}});
    let at = "2026-07-24T09:00:00Z".parse().ok();
    let delivered = Tracked { transit: Transit::Delivered, delivered_at: at, last_event: at };
    assert_eq!(read(&one(), 200, &body), Ok(delivered));
}

#[test]
fn a_parcel_nobody_scanned_is_pending() {
    for body in [
        json!({"data": []}),
        json!({"data": null}),
        json!({"data": {"parcels": []}}),
        json!({"parcels": [{}]}),
    ] {
        assert_eq!(read(&one(), 200, &body), Ok(UNSEEN), "{body}");
    }
    assert_eq!(read(&one(), 404, &Value::Null), Ok(UNSEEN));
    assert_eq!(read(&one(), 200, &json!({"data": "?"})), Err(CannotRead::Reply));
    let refused = read(&one(), 400, &json!({"error": [{"code": 9}]})).unwrap_err();
    assert_eq!(refused, CannotRead::Unanswered { code: "error_9".into() });
    assert_eq!(refused.advice(), Advice::GiveUp);
}

#[test]
fn the_buyer_s_page_is_by_consignment_and_holds_no_postcode() {
    let local = Account { local: true, ..account() };
    let page = "https://www.dpdlocal.co.uk/apps/tracking/?reference=1234567890";
    assert_eq!(link(&local, "1234567890").as_deref(), Some(page));
    assert!(link(&account(), "1234567890").unwrap().starts_with("https://www.dpd.co.uk/"));
    assert_eq!(link(&local, "12&postcode=BS1"), None);
}
