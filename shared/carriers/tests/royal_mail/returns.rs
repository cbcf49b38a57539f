//! Return labels: what is sent, and nothing beside it; and what a reply says of one.

use crate::create::{account, text, whole};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_carriers::royal_mail::returns::{ALLOWED, Return, ReturnRequest, build_return, read_return};
use waybill_domain::service::ReturnAddress;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::{Recipient, Sensitive};

fn home() -> Recipient {
    Recipient {
        name: text("Zoë van Ångström"),
        company: None,
        lines: vec![Sensitive::new("14 Invented Street".to_owned())],
        city: text("Bristol"),
        postcode: text("bs14dj"),
        country: Some("GB".into()),
        ..whole()
    }
}

fn send(who: Recipient) -> Result<Value, CannotBuild> {
    let to = ReturnAddress {
        company: "Harbour & Finch".into(),
        lines: vec!["Unit 4".into(), "Example Wharf".into()],
        city: "Bristol".into(),
        postcode: "BS1 4ZZ".into(),
    };
    let from = Disclosed::new(who, ALLOWED);
    let request = ReturnRequest { reference: "WB-1-R", service: "TSS", from: &from, to: &to };
    let request = build_return(&account(), &request)?;
    assert_eq!(request.uri().path(), "/api/v1/returns");
    Ok(serde_json::from_slice(request.body()).unwrap())
}

#[test]
fn the_buyer_s_address_and_ours_are_sent_and_nothing_else_is() {
    assert_eq!(
        send(home()).unwrap(),
        json!({
            "service": {"serviceCode": "TSS"},
            "shipment": {
                "shippingAddress": {
                    "firstName": "Zoë van", "lastName": "Ångström", "addressLine1": "14 Invented Street",
                    "city": "Bristol", "postcode": "BS1 4DJ", "countryIsoCode": "GB"
                },
                "returnAddress": {
                    "companyName": "Harbour & Finch", "addressLine1": "Unit 4", "addressLine2": "Example Wharf",
                    "city": "Bristol", "postcode": "BS1 4ZZ", "countryIsoCode": "GB"
                },
                "customerReference": {"reference": "WB-1-R"}
            }
        })
    );
    let single = send(Recipient { name: text("Zoë"), ..home() }).unwrap();
    assert_eq!(single["shipment"]["shippingAddress"]["lastName"], "Zoë");
    assert_eq!(single["shipment"]["shippingAddress"].get("firstName"), None);
}

#[test]
fn what_cannot_be_booked_is_refused_before_the_call() {
    let abroad = Recipient { country: Some("DE".into()), ..home() };
    assert!(matches!(send(abroad), Err(CannotBuild::Unsupported { .. })));
    let nameless = Recipient { name: None, ..home() };
    assert_eq!(send(nameless), Err(CannotBuild::Missing { field: "lastName" }));
    let nowhere = Recipient { postcode: text("10115"), ..home() };
    assert_eq!(send(nowhere), Err(CannotBuild::Malformed { field: "postcode" }));
}

#[test]
fn a_reply_is_a_label_a_refusal_or_leaves_it_open() {
    let read = |status: u16, body: Value| {
        read_return(StatusCode::from_u16(status).unwrap(), &HeaderMap::new(), body.to_string().as_bytes())
    };
    let label = STANDARD.encode(b"%PDF-1.4 label");
    let booked =
        |label: &str| json!({"shipment": {"trackingNumber": "TT000000001GB"}, "qrCode": "", "label": label});
    let made = Return { tracking: "TT000000001GB".into(), pdf: b"%PDF-1.4 label".to_vec() };
    assert_eq!(read(200, booked(&label)), Ok(made));
    for open in [booked(""), booked("@@"), json!({"label": label}), json!([])] {
        assert_eq!(read(200, open), Err(CannotRead::Reply));
    }
    assert_eq!(read(400, json!({})), Err(CannotRead::Refused { code: "http_400".into() }));
    assert_eq!(read(403, json!({})), Err(CannotRead::LabelFailed { code: "no_credit_account".into() }));
    assert!(matches!(read(401, json!({})), Err(CannotRead::Connection { .. })));
}
