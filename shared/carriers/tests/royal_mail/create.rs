//! What is sent to the carrier: exactly these fields, and no others.

use crate::contracts;
use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_carriers::account::Account::ClickAndDrop;
use waybill_carriers::error::CannotBuild;
use waybill_carriers::royal_mail::label::{BookingRequest, build_create, build_find, build_get, build_label};
use waybill_carriers::royal_mail::{Account, allowed_fields, cancel, documents, manifest};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::paper::Paper;
use waybill_domain::service::{Carrier, Notify, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_privacy::disclosure::{Disclosed, Field};
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;
use waybill_privacy::{Recipient, Sensitive};

pub fn account() -> Account {
    Account {
        base: "https://api.parcel.royalmail.com".to_owned(),
        key: Secret::new("key-EXAMPLE".to_owned()),
    }
}

pub fn shipment() -> Shipment {
    Shipment {
        id: "shp_1-1".parse().unwrap(),
        order: "ord_1".parse().unwrap(),
        merchant: "mer_1".parse().unwrap(),
        warehouse: "wh_1".parse().unwrap(),
        carrier: "con_1".parse().unwrap(),
        service: ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: "TPS48".into(),
            format: "parcel".into(),
            notify: None,
        },
        lines: vec![("lin_1".parse().unwrap(), 1)],
        grams: 600,
        parcels: 1,
        weights: Vec::new(),
        reference: "SO-1001".into(),
        booking: Booking::Voided,
        write_back: WriteBack::Pending,
        transit: Transit::Pending,
        disclosed: Vec::new(),
        label_format: Default::default(),
        labelled_at: None,
        papers: Vec::new(),
        delivered_at: None,
        seen_at: None,
        rev: 1,
    }
}

pub fn text(value: &str) -> Option<Text> {
    Some(Sensitive::new(value.to_owned()))
}

/// A recipient with every field there is.
pub fn whole() -> Recipient {
    Recipient {
        name: text("A Buyer"),
        company: text("Fern & Daughters"),
        lines: vec![text("10 Example Road").unwrap(), text("Flat 3").unwrap(), text("Rear").unwrap()],
        city: text("Bristol"),
        region: text("Avon"),
        postcode: text("BS1 4DJ"),
        country: Some("GB".into()),
        phone: text("07700 900123"),
        email: text("a.buyer@example.invalid"),
        gift_note: text("Happy birthday"),
    }
}

pub fn minimal() -> Recipient {
    Recipient { company: None, lines: vec![text("10 Example Road").unwrap()], region: None, ..whole() }
}

pub const ALL: [Field; 9] = [
    Field::Name,
    Field::Company,
    Field::Lines,
    Field::City,
    Field::Region,
    Field::Postcode,
    Field::Country,
    Field::Phone,
    Field::Email,
];

fn send(shipment: &Shipment, who: Recipient, allowed: &[Field]) -> Result<Value, CannotBuild> {
    let to = Disclosed::new(who, allowed);
    let placed_at = "2026-11-23T09:15:00.5Z".parse().unwrap();
    let request = build_create(&account(), &BookingRequest { shipment, to: &to, placed_at, customs: None })?;
    assert_eq!((request.method(), request.uri().path()), (&Method::POST, "/api/v1/orders"));
    Ok(serde_json::from_slice(request.body()).unwrap())
}

fn refused(change: impl FnOnce(&mut Shipment, &mut Recipient)) -> CannotBuild {
    let (mut shipment, mut who) = (shipment(), minimal());
    change(&mut shipment, &mut who);
    send(&shipment, who, allowed_fields("TPS48")).unwrap_err()
}

/// The JSON pointers of everything that holds a value.
pub fn pointers(value: &Value, at: String, all: &mut Vec<String>) {
    match value {
        Value::Object(map) => map.iter().for_each(|(k, v)| pointers(v, format!("{at}/{k}"), all)),
        Value::Array(list) => {
            list.iter().enumerate().for_each(|(n, v)| pointers(v, format!("{at}/{n}"), all))
        }
        _ => all.push(at),
    }
}

#[test]
fn exactly_these_fields_are_sent() {
    let mut sent = Vec::new();
    // Even when a caller lets everything through, phone, e-mail and gift text have nowhere to go.
    pointers(&send(&shipment(), whole(), &ALL).unwrap(), String::new(), &mut sent);
    sent.sort();
    let address = |name: &str| format!("/items/0/recipient/address/{name}");
    let mut expected: Vec<String> = [
        "/items/0/currencyCode",
        "/items/0/orderDate",
        "/items/0/orderReference",
        "/items/0/packages/0/packageFormatIdentifier",
        "/items/0/packages/0/weightInGrams",
        "/items/0/postageDetails/serviceCode",
        "/items/0/shippingCostCharged",
        "/items/0/subtotal",
        "/items/0/total",
    ]
    .map(str::to_owned)
    .into();
    expected.extend(
        [
            "addressLine1",
            "addressLine2",
            "addressLine3",
            "city",
            "companyName",
            "countryCode",
            "county",
            "fullName",
            "postcode",
        ]
        .map(address),
    );
    expected.sort();
    assert_eq!(sent, expected);
}

/// What Click & Drop is sent for a service with that notice, of a recipient with every field there is.
fn announced(
    notify: Option<Notify>,
    change: impl FnOnce(&mut Recipient),
) -> (Vec<String>, Vec<&'static str>) {
    let service = ServiceChoice { notify, ..shipment().service };
    let mut who = whole();
    change(&mut who);
    let to = ClickAndDrop(account()).disclose(who, &service);
    let placed_at = "2026-11-23T09:15:00.5Z".parse().unwrap();
    let shipment = Shipment { service, ..shipment() };
    let request = BookingRequest { shipment: &shipment, to: &to, placed_at, customs: None };
    let body = serde_json::from_slice(build_create(&account(), &request).unwrap().body()).unwrap();
    contracts::assert_valid("CreateOrdersRequest", &body);
    let mut sent = Vec::new();
    pointers(&body, String::new(), &mut sent);
    (sent, to.fields().to_vec())
}

#[test]
fn a_notice_that_is_paid_for_gets_its_one_field_and_no_other() {
    let whole = |_: &mut Recipient| {};
    let (plain, needed) = announced(None, whole);
    for (notify, at, flag, field) in [
        (Notify::Email, "emailAddress", "receiveEmailNotification", "email"),
        (Notify::Sms, "phoneNumber", "receiveSmsNotification", "phone"),
    ] {
        let (sent, disclosed) = announced(Some(notify), whole);
        let more: Vec<_> = sent.into_iter().filter(|one| !plain.contains(one)).collect();
        let expected = [format!("/items/0/postageDetails/{flag}"), format!("/items/0/recipient/{at}")];
        assert_eq!(more, expected);
        let more: Vec<_> = disclosed.into_iter().filter(|one| !needed.contains(one)).collect();
        assert_eq!(more, [field], "and it is on record");
        // Who cannot be told gets the parcel without a word.
        let (sent, disclosed) = announced(Some(notify), |who| {
            (who.email, who.phone) = (text("not a mail address"), text("01632 960001"));
        });
        assert_eq!((sent, disclosed), (plain.clone(), needed.clone()));
        assert_eq!(announced(Some(notify), |who| (who.email, who.phone) = (None, None)).0, plain);
    }
}

#[test]
fn an_inland_service_gets_no_county() {
    let body = send(&shipment(), whole(), allowed_fields("TPS48")).unwrap();
    assert!(body.pointer("/items/0/recipient/address/county").is_none());
}

#[test]
fn the_minimal_booking_is_the_contract_s_sample() {
    let body = send(&shipment(), minimal(), allowed_fields("TPS48")).unwrap();
    contracts::assert_valid("CreateOrdersRequest", &body);
    let Some(sample) = contracts::file("samples/create-order-minimal.request.json") else { return };
    assert_eq!(body, sample);
}

#[test]
fn every_booking_fits_the_schema() {
    contracts::assert_valid("CreateOrdersRequest", &send(&shipment(), whole(), &ALL).unwrap());
    let longest = |n: usize| text(&"ö".repeat(n));
    let who = Recipient {
        name: longest(210),
        company: longest(100),
        lines: vec![longest(100).unwrap(); 3],
        city: longest(100),
        region: longest(100),
        ..whole()
    };
    let shipment = Shipment { reference: "r".repeat(40), grams: 30_000, ..shipment() };
    contracts::assert_valid("CreateOrdersRequest", &send(&shipment, who, &ALL).unwrap());
}

#[test]
fn a_parcel_to_northern_ireland_says_who_gets_it() {
    let to = |postcode: &str, company: Option<Text>| {
        let who = Recipient { postcode: text(postcode), company, ..minimal() };
        let body = send(&shipment(), who, allowed_fields("TPS48")).unwrap();
        contracts::assert_valid("CreateOrdersRequest", &body);
        body.pointer("/items/0/isRecipientABusiness").cloned()
    };
    assert_eq!(to("bt1 5gs", None), Some(json!(false)));
    assert_eq!(to("BT1 5GS", text("Fern & Daughters")), Some(json!(true)));
    assert_eq!(to("B1 1BT", text("Fern & Daughters")), None);
}

#[test]
fn what_is_missing_or_does_not_fit_is_named_before_anything_is_booked() {
    let missing = |field| CannotBuild::Missing { field };
    let beyond = |field| CannotBuild::Beyond { field };
    assert_eq!(refused(|_, w| w.name = None), missing("fullName"));
    assert_eq!(refused(|_, w| w.name = text("  ")), missing("fullName"));
    assert_eq!(refused(|_, w| w.lines.clear()), missing("addressLine1"));
    assert_eq!(refused(|_, w| w.city = None), missing("city"));
    assert_eq!(refused(|_, w| w.country = None), missing("countryCode"));
    assert_eq!(refused(|_, w| w.postcode = None), missing("postcode"));
    assert_eq!(refused(|s, _| s.reference = String::new()), missing("orderReference"));
    assert_eq!(refused(|s, _| s.service.code = String::new()), missing("serviceCode"));
    assert_eq!(refused(|_, w| w.name = text(&"x".repeat(211))), beyond("fullName"));
    assert_eq!(refused(|_, w| w.lines = vec![text("x").unwrap(); 4]), beyond("addressLine3"));
    assert_eq!(refused(|_, w| w.lines = vec![text(&"x".repeat(101)).unwrap()]), beyond("addressLine1"));
    assert_eq!(refused(|_, w| w.postcode = text(&"x".repeat(21))), beyond("postcode"));
    assert_eq!(refused(|s, _| s.reference = "x".repeat(41)), beyond("orderReference"));
    assert_eq!(refused(|s, _| s.service.code = "x".repeat(11)), beyond("serviceCode"));
    assert_eq!(refused(|s, _| s.grams = 0), beyond("weightInGrams"));
    assert_eq!(refused(|s, _| s.grams = 30_001), beyond("weightInGrams"));
    assert_eq!(beyond("postcode").advice(), Advice::AskPerson(Reason::CarrierRefused));
    let company_only = Recipient { name: None, company: text("Fern & Daughters"), ..minimal() };
    assert!(send(&shipment(), company_only, allowed_fields("TPS48")).is_ok());
}

#[test]
fn every_other_request_is_as_the_contract_says() {
    let at = |request: Result<http::Request<Vec<u8>>, CannotBuild>| {
        let request = request.unwrap();
        let key = &request.headers()["authorization"];
        assert!(key.is_sensitive() && key == "Bearer key-EXAMPLE");
        assert!(!format!("{request:?}").contains("key-EXAMPLE"));
        format!("{} {}", request.method(), request.uri())
    };
    let a = account();
    let base = "https://api.parcel.royalmail.com/api/v1";
    assert_eq!(at(build_find(&a, "SO-1001")), format!("GET {base}/orders/%22SO-1001%22"));
    let odd = format!("GET {base}/orders/%22a%2Fb%3Bc%20%22d%C3%B6%22");
    assert_eq!(at(build_find(&a, "a/b;c \"d\u{f6}")), odd);
    assert_eq!(at(build_get(&a, "1012")), format!("GET {base}/orders/1012"));
    let label = format!("GET {base}/orders/1012/label?documentType=postageLabel&includeReturnsLabel=false");
    assert_eq!(at(build_label(&a, "1012", false)), label);
    assert_eq!(at(build_label(&a, "1012", true)), format!("{label}&includeCN=true"));
    for (paper, name) in [(Paper::DespatchNote, "despatchNote"), (Paper::Cn22, "CN22"), (Paper::Cn23, "CN23")]
    {
        let paper = at(documents::build_paper(&a, "1012", paper));
        assert_eq!(paper, format!("GET {base}/orders/1012/label?documentType={name}"));
    }
    assert_eq!(at(cancel::build_delete(&a, "1012")), format!("DELETE {base}/orders/1012"));
    assert_eq!(at(manifest::build_status(&a, 1002)), format!("GET {base}/manifests/1002"));
    assert_eq!(at(manifest::build_manifest(&a, "Royal Mail OBA")), format!("POST {base}/manifests"));
    let body = manifest::build_manifest(&a, "Royal Mail OBA").unwrap().into_body();
    let body: Value = serde_json::from_slice(&body).unwrap();
    contracts::assert_valid("ManifestEligibleOrdersRequest", &body);
    assert_eq!(body, json!({"carrierName": "Royal Mail OBA"}));
    for bad in ["", "x", "1;2", "\"ref\"", "1/label"] {
        assert!(
            build_get(&a, bad).is_err()
                && build_label(&a, bad, false).is_err()
                && cancel::build_delete(&a, bad).is_err()
        );
    }
    assert!(build_find(&a, "").is_err() && build_find(&a, &"x".repeat(41)).is_err());
    let key = Account { key: Secret::new("a\nb".into()), ..account() };
    assert_eq!(build_get(&key, "1").err(), Some(CannotBuild::Credential));
    let address = Account { base: "not an address".into(), ..account() };
    assert_eq!(build_get(&address, "1").err(), Some(CannotBuild::Address));
}

proptest! {
    /// Whatever the fields hold: a body that fits the schema, or an error that repeats none of it.
    #[test]
    fn any_recipient_is_sent_or_refused(name in ".{0,230}", line in ".{0,120}", city in ".{0,120}", postcode in ".{0,25}", reference in ".{0,50}", grams in 0u32..40_000) {
        let who = Recipient { name: text(&name), lines: vec![text(&line).unwrap()], city: text(&city), postcode: text(&postcode), ..minimal() };
        let shipment = Shipment { reference: reference.clone(), grams, ..shipment() };
        match send(&shipment, who, allowed_fields("TPS48")) {
            Ok(body) => contracts::assert_valid("CreateOrdersRequest", &body),
            Err(error) => {
                let shown = format!("{error} {error:?}");
                prop_assert!(name.trim().chars().count() < 12 || !shown.contains(name.trim()));
            }
        }
        let _ = build_find(&account(), &reference);
    }
}
