//! What is sent: exactly these fields, and no others.

use crate::contracts::assert_valid;
use crate::fixtures::*;
use jiff::civil::date;
use proptest::prelude::*;
use serde_json::{Value, json};
use waybill_carriers::error::CannotBuild;
use waybill_carriers::pro_shipping::accounts::build_accounts;
use waybill_carriers::pro_shipping::cancel::{Reason, build_cancel};
use waybill_carriers::pro_shipping::find::build_page;
use waybill_carriers::pro_shipping::label::{build_create, build_label};
use waybill_carriers::pro_shipping::token::build_login;
use waybill_carriers::pro_shipping::{Account, allowed_fields};
use waybill_domain::shipment::{LabelPrinter, Shipment};
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::{Disclosed, Field};

const ALL: [Field; 4] = [Field::Region, Field::Phone, Field::Email, Field::Name];

fn create(shipment: &Shipment, who: Recipient) -> Result<Value, CannotBuild> {
    let to = Disclosed::new(who, allowed_fields("CRL1"));
    let request = build_create(&account(), &token(), shipment, &to)?;
    assert_valid(&request);
    Ok(serde_json::from_slice(request.body()).unwrap())
}

fn refused(change: impl FnOnce(&mut Shipment, &mut Recipient)) -> CannotBuild {
    let (mut shipment, mut who) = (shipment(), whole());
    change(&mut shipment, &mut who);
    create(&shipment, who).unwrap_err()
}

#[test]
fn exactly_these_fields_are_sent() {
    assert_eq!(
        create(&shipment(), whole()).unwrap(),
        json!({
            "ShipmentInformation": {
                "Action": "Create", "ContentType": "NDX", "ServiceCode": "CRL1",
                "DescriptionOfGoods": "Clothing", "WeightUnitOfMeasure": "KG",
            },
            "Shipper": {
                "ShippingAccountId": "8d87bc48-e23f-4eeb-9486-a4f6cb8ea02e",
                "ShippingLocationId": "708a1cad-67a7-4e2a-a0bc-a302eba819e7",
                "Reference1": "WB-0123456789abcdef012345678-2",
            },
            "Destination": {"Address": {
                "ContactName": "B Buyer", "CompanyName": "Fern & Daughters", "Line1": "10 Example Road",
                "Line2": "Flat 3", "Line3": "Rear", "Town": "Bristol", "Postcode": "BS1 4DJ", "CountryCode": "GB",
            }},
            "Packages": [{"PackageType": "Parcel", "PackageOccurrence": 1, "DeclaredWeight": 1.5}],
        })
    );
    let northern = |company| Recipient { postcode: text("BT1 5GS"), company, ..whole() };
    for (company, kind) in [(None, "B2C"), (text("Fern & Daughters"), "B2B")] {
        let body = create(&shipment(), northern(company)).unwrap();
        assert_eq!(body["ShipmentInformation"]["BusinessTransactionType"], kind);
    }
    assert!(ALL[..3].iter().all(|field| !allowed_fields("CRL1").contains(field)));
}

#[test]
fn what_is_missing_or_does_not_fit_is_named() {
    let missing = |field| CannotBuild::Missing { field };
    let beyond = |field| CannotBuild::Beyond { field };
    assert_eq!(refused(|_, w| (w.name, w.company) = (None, None)), missing("ContactName"));
    assert_eq!(refused(|_, w| w.lines.clear()), missing("Line1"));
    assert_eq!(refused(|_, w| w.city = text(" ")), missing("Town"));
    assert_eq!(refused(|_, w| w.postcode = None), missing("Postcode"));
    assert_eq!(refused(|_, w| w.country = None), missing("CountryCode"));
    assert_eq!(refused(|s, _| s.service.code.clear()), missing("ServiceCode"));
    assert_eq!(refused(|_, w| w.name = text(&"x".repeat(41))), beyond("ContactName"));
    assert_eq!(refused(|_, w| w.lines = vec![text("x").unwrap(); 4]), beyond("Line3"));
    assert_eq!(refused(|s, _| s.grams = 0), beyond("DeclaredWeight"));
    assert_eq!(refused(|_, w| w.postcode = text("X")), CannotBuild::Malformed { field: "Postcode" });
    assert_eq!(
        refused(|s, _| s.service.format = "tube".into()),
        CannotBuild::Malformed { field: "PackageType" }
    );
    assert!(matches!(refused(|s, _| s.parcels = 2), CannotBuild::Unsupported { .. }));
    assert!(matches!(refused(|_, w| w.country = Some("FR".into())), CannotBuild::Unsupported { .. }));
    let longest = Recipient {
        name: text(&"ö".repeat(40)),
        lines: vec![text(&"x".repeat(40)).unwrap(); 3],
        city: text(&"x".repeat(40)),
        ..whole()
    };
    assert!(create(&shipment(), longest).is_ok());
}

#[test]
fn every_other_request_is_as_the_specification_says() {
    let (a, t) = (account(), token());
    let at = |request: Result<http::Request<Vec<u8>>, CannotBuild>| {
        let request = request.unwrap();
        assert_valid(&request);
        let key = &request.headers()["authorization"];
        assert!(key.is_sensitive() && key == "Bearer access-EXAMPLE");
        assert!(!format!("{request:?}").contains("EXAMPLE"));
        (
            format!("{} {}", request.method(), request.uri().path_and_query().unwrap()),
            serde_json::from_slice::<Value>(request.body()).unwrap_or_default(),
        )
    };
    assert_eq!(at(build_accounts(&a, &t)).0, "GET /v4/shippingAccounts?pageSize=500");
    for (printer, name) in
        [(LabelPrinter::Pdf, "PDF"), (LabelPrinter::Zpl203, "ZPL203DPI"), (LabelPrinter::Zpl300, "ZPL300DPI")]
    {
        let a = Account { printer, ..account() };
        let label = at(build_label(&a, &t, "6aa500ae-b1ca")).0;
        assert_eq!(label, format!("GET /v4/shipments/printLabel/rm/6aa500ae-b1ca?labelFormat={name}"));
    }
    for (reason, words) in [
        (Reason::OrderCancelled, "Order Cancelled"),
        (Reason::PackedInError, "Packed in Error"),
        (Reason::Repacked, "Repacked"),
    ] {
        let (path, body) = at(build_cancel(&a, &t, "6aa500ae-b1ca", reason));
        assert_eq!(path, "PUT /v4/shipments/status");
        assert_eq!(body, json!({"Status": "Cancel", "Reason": words, "ShipmentIds": ["6aa500ae-b1ca"]}));
    }
    let days = (date(2026, 11, 23), date(2026, 11, 24));
    let page = at(build_page(&a, &t, days, 2)).0;
    let location = "/v4/shipments/708a1cad-67a7-4e2a-a0bc-a302eba819e7";
    assert_eq!(
        page,
        format!("GET {location}?dateFrom=2026-11-23&dateTo=2026-11-24&pageSize=500&pageNumber=2")
    );
    for bad in ["", "a/b", &"x".repeat(37)] {
        assert!(build_label(&a, &t, bad).is_err() && build_cancel(&a, &t, bad, Reason::Repacked).is_err());
    }
    let elsewhere = Account { base: "https://elsewhere.invalid".into(), ..account() };
    assert_eq!(build_label(&elsewhere, &t, "1").err(), Some(CannotBuild::Credential));
    let login = build_login(&a).unwrap();
    assert_eq!(login.uri(), "https://authentication.proshipping.net/connect/token");
    // base64 of id-EXAMPLE:secret-EXAMPLE
    assert_eq!(login.headers()["authorization"], "Basic aWQtRVhBTVBMRTpzZWNyZXQtRVhBTVBMRQ==");
    assert_eq!(login.body(), b"grant_type=client_credentials");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// Whatever the fields hold: a body that fits the specification, or an error.
    #[test]
    fn any_recipient_is_sent_or_refused(name in ".{0,55}", line in ".{0,55}", city in ".{0,55}", reference in ".{0,50}", grams in 0u32..40_000) {
        let who = Recipient { name: text(&name), lines: vec![text(&line).unwrap()], city: text(&city), ..whole() };
        let _ = create(&Shipment { reference, grams, ..shipment() }, who);
    }
}
