//! Parcels that pass customs: what is declared, where, and what is refused before it bounces.

use crate::contracts;
use crate::create::{account, minimal, shipment, text};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use waybill_carriers::error::CannotBuild;
use waybill_carriers::royal_mail::allowed_fields;
use waybill_carriers::royal_mail::label::{BookingRequest, Declaration, build_create};
use waybill_domain::customs::{Content, DeliveryTerm, Terms};
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::Shipment;
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::Disclosed;

fn shirt() -> Content {
    Content {
        description: "Men's cotton t-shirt".into(),
        hs_code: "6109100010".into(),
        origin: "PT".into(),
        quantity: 2,
        unit_value: Decimal::new(1225, 2),
        unit_grams: 280,
    }
}

fn abroad(country: &str) -> Recipient {
    let postcode = text(if country == "US" { "78701" } else { "10115" });
    Recipient {
        city: text("Austin"),
        region: text("TX"),
        postcode,
        country: Some(country.into()),
        ..minimal()
    }
}

fn by(code: &str) -> Shipment {
    let service = ServiceChoice {
        carrier: Carrier::RoyalMail,
        code: code.into(),
        format: "parcel".into(),
        notify: None,
    };
    Shipment { service, reference: "SO-1003".into(), ..shipment() }
}

fn send(
    shipment: &Shipment,
    who: Recipient,
    told: Option<(&[Content], &Terms)>,
) -> Result<Value, CannotBuild> {
    let to = Disclosed::new(who, allowed_fields(&shipment.service.code));
    let placed_at = "2026-11-23T09:15:00Z".parse().unwrap();
    let customs = told.map(|(contents, terms)| Declaration { contents, terms, currency: "GBP" });
    let request = build_create(&account(), &BookingRequest { shipment, to: &to, placed_at, customs })?;
    let body = serde_json::from_slice(request.body()).unwrap();
    contracts::assert_valid("CreateOrdersRequest", &body);
    Ok(body)
}

#[test]
fn a_parcel_abroad_is_the_contract_s_sample() {
    let terms = Terms { term: DeliveryTerm::Ddp, ..Terms::default() };
    let body = send(&by("MPR"), abroad("US"), Some((&[shirt()], &terms))).unwrap();
    let Some(mut sample) = contracts::file("samples/create-order-customs.request.json") else { return };
    // The sample's e-mail, charges and three-letter countries are not needed; goods and terms are the same.
    let item = &mut sample["items"][0];
    item["recipient"].as_object_mut().unwrap().remove("emailAddress");
    item.as_object_mut().unwrap().remove("customsDutyCosts");
    item["recipient"]["address"]["countryCode"] = json!("US");
    item["packages"][0]["contents"][0]["originCountryCode"] = json!("PT");
    item["shippingCostCharged"] = json!(0);
    item["total"] = json!(24.5);
    item["recipient"]["address"]["addressLine1"] = json!("10 Example Road");
    assert_eq!(body, sample);
}

#[test]
fn nothing_goes_abroad_undeclared_and_nothing_is_declared_at_home() {
    let terms = Terms::default();
    let contents = CannotBuild::Customs { field: "contents" };
    assert_eq!(send(&by("OTA"), abroad("DE"), None), Err(contents.clone()));
    assert_eq!(send(&by("OTA"), abroad("DE"), Some((&[], &terms))), Err(contents.clone()));
    let home = send(&by("TPS48"), minimal(), Some((&[shirt()], &terms))).unwrap();
    assert!(home["items"][0]["packages"][0].get("contents").is_none());
    assert_eq!(home["items"][0]["total"], json!(0));
    // The Channel Islands are outside the customs territory however their country is written.
    for (country, postcode) in [("JE", "JE2 3AB"), ("GG", "GY1 1AA"), ("GB", "je2 3ab"), ("GB", "GY1 1AA")] {
        let who = || Recipient { country: Some(country.into()), postcode: text(postcode), ..minimal() };
        assert_eq!(send(&by("TPS48"), who(), None), Err(contents.clone()), "{country} {postcode}");
        let body = send(&by("TPS48"), who(), Some((&[shirt()], &terms))).unwrap();
        assert_eq!(body["items"][0]["packages"][0]["contents"][0]["customsCode"], "6109100010");
    }
    let man = Recipient { country: Some("IM".into()), postcode: text("IM1 1AA"), ..minimal() };
    assert!(send(&by("TPS48"), man, None).is_ok());
    // Northern Ireland is home, and says which kind of recipient it is.
    let northern = Recipient { postcode: text("BT1 5GS"), ..minimal() };
    let body = send(&by("TPS48"), northern, None).unwrap();
    assert_eq!(body["items"][0]["isRecipientABusiness"], json!(false));
}

#[test]
fn terms_are_told_where_they_are_asked_for() {
    let terms = |term, ioss: Option<&str>| Terms { term, ioss: ioss.map(str::to_owned), ..Terms::default() };
    let told = |country, terms: &Terms| {
        let body = send(&by("OTA"), abroad(country), Some((&[shirt()], terms)))?;
        let item = body["items"][0].clone();
        Ok((item["deliveryTerm"].clone(), item["postageDetails"]["IOSSNumber"].clone()))
    };
    let unpaid = terms(DeliveryTerm::DduDap, Some("IM0400000000"));
    assert_eq!(told("DE", &unpaid), Ok((json!("DDU_DAP"), Value::Null)));
    assert_eq!(told("CH", &unpaid), Ok((Value::Null, Value::Null)));
    let paid = terms(DeliveryTerm::IossDdu, Some("IM0400000000"));
    assert_eq!(told("FR", &paid), Ok((json!("IOSS_DDU"), json!("IM0400000000"))));
    let number = CannotBuild::Customs { field: "IOSSNumber" };
    assert_eq!(told("FR", &terms(DeliveryTerm::IossDdu, None)), Err(number.clone()));
    assert_eq!(told("US", &paid), Err(number));
}

#[test]
fn a_long_description_is_cut_at_a_word_and_told_whole_beside_it() {
    let description = format!("Hand-woven woollen blanket with a fringe, {}", "dyed blue ".repeat(40));
    let long = Content { description: description.trim().to_owned(), ..shirt() };
    let body = send(&by("OTA"), abroad("DE"), Some((&[long], &Terms::default()))).unwrap();
    let content = &body["items"][0]["packages"][0]["contents"][0];
    assert_eq!(content["customsDescription"], "Hand-woven woollen blanket with a fringe, dyed");
    assert!(content["extendedCustomsDescription"].as_str().unwrap().len() <= 300);
    let dear = Content { unit_value: Decimal::from(600_000), ..shirt() };
    let beyond = CannotBuild::Beyond { field: "subtotal" };
    assert_eq!(send(&by("OTA"), abroad("DE"), Some((&[dear], &Terms::default()))), Err(beyond));
    let two = Shipment { parcels: 2, ..by("OTA") };
    let packages = CannotBuild::Customs { field: "packages" };
    assert_eq!(send(&two, abroad("DE"), Some((&[shirt()], &Terms::default()))), Err(packages));
}
