//! Which service is taken.

use crate::contracts::{self, assert_path, assert_valid};
use crate::fixtures::*;
use serde_json::{Value, json};
use waybill_carriers::dpd::services::{Offer, build_offers, choose, read_offers};
use waybill_carriers::dpd::{Account, allowed_fields};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_domain::advice::Advice;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::Disclosed;

fn offer(key: &str, name: &str, service: &str, product: &str) -> Offer {
    Offer { network_key: key.into(), name: name.into(), service: service.into(), product: product.into() }
}

fn on_offer() -> Vec<Offer> {
    vec![
        offer("1^12", "Parcel Next Day", "Next Day", "Parcel"),
        offer("1^32", "Expresspak Next Day", "Next Day", "Expresspak"),
    ]
}

fn take(offers: &[Offer], code: &str, format: &str) -> Result<String, String> {
    let rule =
        ServiceChoice { carrier: Carrier::Dpd, code: code.into(), format: format.into(), notify: None };
    match choose(&account(), offers, &rule) {
        Ok(offer) => Ok(offer.network_key.clone()),
        Err(CannotRead::Refused { code }) => Err(code),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn only_country_town_and_postcode_are_asked_with() {
    let to = Disclosed::new(whole(), allowed_fields("1^12"));
    let request = build_offers(&account(), &token(), &to, &[700, 500]).unwrap();
    assert_path(&request);
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_valid("/components/schemas/OutboundServicesRequest", &body);
    assert_eq!(
        body["deliveryDetails"],
        json!({"address": {"countryCode": "GB", "town": "Bristol", "postcode": "BS1 4DJ"}})
    );
    assert_eq!((&body["numberOfParcels"], &body["totalWeight"]), (&json!(2), &json!(1.2)));
    let one = build_offers(&account(), &token(), &to, &[1200]).unwrap();
    let Some(sample) = contracts::sample("v1-outboundservices.request") else { return };
    assert_eq!(serde_json::from_slice::<Value>(one.body()).unwrap(), sample);
}

#[test]
fn where_it_does_not_go_nothing_is_asked() {
    let ask = |who: Recipient, grams: &[u32]| {
        build_offers(&account(), &token(), &Disclosed::new(who, allowed_fields("")), grams).err()
    };
    let abroad = Recipient { country: Some("DE".into()), ..minimal() };
    assert!(matches!(ask(abroad, &[1]), Some(CannotBuild::Unsupported { .. })));
    assert_eq!(ask(minimal(), &[]), Some(CannotBuild::Missing { field: "parcels" }));
    assert_eq!(ask(minimal(), &[u32::MAX, 1]), Some(CannotBuild::Beyond { field: "totalWeight" }));
    let nowhere = Recipient { city: None, ..minimal() };
    assert_eq!(ask(nowhere, &[1]), Some(CannotBuild::Missing { field: "town" }));
}

#[test]
fn offers_are_read_whatever_else_is_there() {
    let body = json!({"data": [
        {"networkKey": "1^12", "networkDesc": null, "service": null},
        {"networkDesc": "no key"},
        {"networkKey": 7, "service": {"serviceDesc": "Next Day"}},
    ]});
    let read = get(read_offers, 200, &body).unwrap();
    assert_eq!(read, [offer("1^12", "", "", ""), offer("7", "", "Next Day", "")]);
    assert_eq!(get(read_offers, 200, &json!({"data": null})), Ok(vec![]));
    assert_eq!(get(read_offers, 200, &json!({"data": []})), Ok(vec![]));
    assert_eq!(get(read_offers, 200, &json!({})), Err(CannotRead::Reply));
    let inside = json!({"data": null, "error": [{"code": 1009, "message": "Invalid", "fieldPath": "deliveryDetails.address.postcode"}]});
    let refused = CannotRead::Refused { code: "deliveryDetails.address.postcode".into() };
    assert_eq!(get(read_offers, 200, &inside), Err(refused));
    let Some(sample) = contracts::sample("v1-outboundservices.response") else { return };
    assert_eq!(get(read_offers, 200, &sample).unwrap(), on_offer());
}

#[test]
fn the_rule_s_service_is_taken_and_never_another() {
    let offers = on_offer();
    for (code, format, key) in [
        ("1^12", "parcel", "1^12"),
        ("12", "", "1^12"),
        ("1^32", "Parcel", "1^32"),
        ("parcel  next day", "", "1^12"),
        ("Next Day", "expresspak", "1^32"),
        ("Next Day", "Parcel", "1^12"),
    ] {
        assert_eq!(take(&offers, code, format), Ok(key.into()), "{code} {format}");
    }
    for (code, format, why) in [
        ("1^13", "Parcel", "service_not_on_offer"),
        ("1", "Parcel", "service_not_on_offer"),
        ("1^", "Parcel", "service_not_on_offer"),
        ("1^1", "Parcel", "service_not_on_offer"),
        ("2^12", "Parcel", "service_not_on_offer"),
        ("", "Parcel", "service_not_on_offer"),
        ("Next", "Parcel", "service_not_on_offer"),
        ("Next Day", "", "service_not_clear"),
        ("Next Day", "Pallet", "service_not_clear"),
    ] {
        assert_eq!(take(&offers, code, format), Err(why.into()), "{code} {format}");
    }
    assert_eq!(take(&[], "1^12", ""), Err("nothing_on_offer".into()));
    // A number of nothing but the brand's digit is a service like others.
    let two_days = [offer("1^11", "Parcel Two Day", "Two Day", "Parcel"), offer("1^12", "", "", "")];
    assert_eq!(take(&two_days, "11", ""), Ok("1^11".into()));
    let renewed = [offer("1^12^7", "Parcel Next Day", "Next Day", "Parcel"), offer("1^32^7", "", "", "")];
    assert_eq!(take(&renewed, "1^12", ""), Ok("1^12^7".into()));
    assert_eq!(take(&renewed, "12", ""), Ok("1^12^7".into()));
    let local = Account { local: true, ..account() };
    let rule =
        ServiceChoice { carrier: Carrier::DpdLocal, code: "12".into(), format: String::new(), notify: None };
    let offers = [offer("2^12", "Parcel Next Day", "", ""), offer("1^12", "", "", "")];
    assert_eq!(choose(&local, &offers, &rule).unwrap().network_key, "2^12");
    let error = choose(&account(), &[], &rule).unwrap_err();
    assert!(matches!(error.advice(), Advice::AskPerson(_)));
}
