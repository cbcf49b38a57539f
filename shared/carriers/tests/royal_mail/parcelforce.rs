//! Parcelforce on Click & Drop: its codes, its one format, several parcels, and the least data.

use crate::contracts;
use crate::create::{ALL, account, minimal, pointers, shipment, text, whole};
use serde_json::Value;
use std::collections::BTreeSet;
use waybill_carriers::account::{self, Account};
use waybill_carriers::error::CannotBuild;
use waybill_carriers::least;
use waybill_carriers::parcelforce::{SERVICES, is_pay_as_you_go, service};
use waybill_carriers::royal_mail::label::{BookingRequest, build_create};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::Shipment;
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::{Disclosed, Field};

fn choice(carrier: Carrier, code: &str, format: &str) -> ServiceChoice {
    ServiceChoice { carrier, code: code.into(), format: format.into(), notify: None }
}

fn by(carrier: Carrier, code: &str, format: &str) -> Shipment {
    Shipment { service: choice(carrier, code, format), ..shipment() }
}

fn send(shipment: &Shipment, who: Recipient, allowed: &[Field]) -> Result<Value, CannotBuild> {
    let to = Disclosed::new(who, allowed);
    let placed_at = "2026-11-23T09:15:00Z".parse().unwrap();
    let request = BookingRequest { shipment, to: &to, placed_at, customs: None };
    Ok(serde_json::from_slice(build_create(&account(), &request)?.body()).unwrap())
}

#[test]
fn our_codes_are_the_contract_s() {
    let file = contracts::beside("parcelforce/click-and-drop-service-codes-2026-08.json");
    let Some(table) = file else { return };
    for row in table["services"].as_array().unwrap() {
        let code = row["code"].as_str().unwrap();
        if row["account"] == "OLP" {
            assert!(is_pay_as_you_go(code), "{code}");
            continue;
        }
        let ours = service(code).unwrap();
        assert!(
            !is_pay_as_you_go(code) && row["names"][0].as_str().unwrap().starts_with(ours.name),
            "{code}"
        );
        assert_eq!(row["formats"], serde_json::json!(["parcel"]), "{code}");
        assert_eq!(row["destinations_listed"][0] != "GB", ours.abroad, "{code}");
        assert!(row["names"][0].as_str().unwrap().contains(&format!("£{} ", ours.compensation)), "{code}");
    }
    assert_eq!(
        table["services"].as_array().unwrap().iter().filter(|r| r["account"] == "OBA").count(),
        SERVICES.len()
    );
}

#[test]
fn every_inland_code_is_booked_like_a_royal_mail_parcel() {
    for one in SERVICES.iter().filter(|one| !one.abroad) {
        let shipment = by(Carrier::Parcelforce, one.code, "parcel");
        let body = send(&shipment, minimal(), &account::allowed_fields(&shipment.service)).unwrap();
        contracts::assert_valid("CreateOrdersRequest", &body);
        assert_eq!(body["items"][0]["postageDetails"]["serviceCode"], one.code);
    }
}

#[test]
fn what_cannot_have_a_label_is_refused_before_anything_is_sent() {
    let why = |carrier, code, format| send(&by(carrier, code, format), minimal(), &ALL).unwrap_err();
    for (carrier, code, format) in [
        (Carrier::Parcelforce, "PFE48", "parcel"),
        (Carrier::Parcelforce, "PFEAMSF", "largeParcel"),
        (Carrier::RoyalMail, "TOLP48", "parcel"),
        (Carrier::RoyalMail, "OLP1", "letter"),
        (Carrier::RoyalMail, "TPS48", "smallParcel"),
    ] {
        let error = why(carrier, code, format);
        assert_eq!(error.advice(), Advice::AskPerson(Reason::CreditAccountNeeded), "{code} {format}");
        assert!(error.to_string().contains("credit account"));
    }
    let format = CannotBuild::Beyond { field: "packageFormatIdentifier" };
    assert_eq!(why(Carrier::Parcelforce, "NDA", "largeLetter"), format);
    assert_eq!(why(Carrier::RoyalMail, "TPS48", "crate"), format);
    assert_eq!(why(Carrier::Parcelforce, "ECA", "parcel"), CannotBuild::Destination);
    assert_eq!(why(Carrier::RoyalMail, "MPR", "parcel"), CannotBuild::Destination);
    assert_eq!(why(Carrier::Dpd, "1^12", "parcel"), CannotBuild::OtherCarrier);
    let heavy = Shipment { grams: 101, ..by(Carrier::RoyalMail, "STL1", "letter") };
    assert_eq!(send(&heavy, minimal(), &ALL), Err(CannotBuild::Beyond { field: "weightInGrams" }));
}

#[test]
fn a_service_is_booked_on_its_carrier_s_platform_only() {
    let account = Account::ClickAndDrop(account());
    for (carrier, fits) in [
        (Carrier::RoyalMail, true),
        (Carrier::Parcelforce, true),
        (Carrier::Dpd, false),
        (Carrier::DpdLocal, false),
    ] {
        assert_eq!(account.for_service(&choice(carrier, "X", "parcel")).is_ok(), fits, "{carrier:?}");
    }
}

#[test]
fn a_heavy_shipment_is_several_packages_that_weigh_as_much_together() {
    let shipment = Shipment { grams: 50_001, parcels: 3, ..by(Carrier::Parcelforce, "FE0", "parcel") };
    let body = send(&shipment, minimal(), &account::allowed_fields(&shipment.service)).unwrap();
    contracts::assert_valid("CreateOrdersRequest", &body);
    let packages = body["items"][0]["packages"].as_array().unwrap();
    let weights: Vec<u64> = packages.iter().map(|p| p["weightInGrams"].as_u64().unwrap()).collect();
    assert_eq!(weights, [16_667, 16_667, 16_667]);
    let one = Shipment { parcels: 1, ..shipment };
    assert_eq!(send(&one, minimal(), &ALL), Err(CannotBuild::Beyond { field: "weightInGrams" }));
}

/// Where each personal field of a recipient ends up in a request.
fn personal(name: &str) -> Option<&'static str> {
    Some(match name {
        "fullName" => "name",
        "companyName" => "company",
        "addressLine1" | "addressLine2" | "addressLine3" => "lines",
        "city" => "city",
        "county" => "region",
        "postcode" => "postcode",
        "countryCode" => "country",
        "phoneNumber" => "phone",
        "emailAddress" => "email",
        _ => return None,
    })
}

/// The allow-list of every service against the request it makes: nothing outside the list is in the body, nothing
/// of a recipient is in it anywhere else, and nothing on the list is more than the contract's minimum.
#[test]
fn no_service_is_sent_one_field_more_than_it_needs() {
    let inland = [(Carrier::RoyalMail, "TPS48"), (Carrier::RoyalMail, "TPN24"), (Carrier::RoyalMail, "SD1")];
    let parcelforce = SERVICES.iter().filter(|one| !one.abroad).map(|one| (Carrier::Parcelforce, one.code));
    for (carrier, code) in inland.into_iter().chain(parcelforce) {
        let shipment = by(carrier, code, "parcel");
        let allowed = account::allowed_fields(&shipment.service);
        let body = send(&shipment, whole(), &allowed).unwrap();
        let mut paths = Vec::new();
        pointers(&body, String::new(), &mut paths);
        let recipient: Vec<&String> = paths.iter().filter(|path| path.contains("/recipient/")).collect();
        let sent: BTreeSet<&str> =
            recipient.iter().filter_map(|path| personal(path.rsplit('/').next().unwrap())).collect();
        let minimum: BTreeSet<&str> =
            least::minimum(carrier, false).iter().map(|field| field.as_str()).collect();
        assert_eq!(sent, minimum, "{code}: sent and the contract's minimum");
        let known = recipient.iter().all(|path| personal(path.rsplit('/').next().unwrap()).is_some());
        assert!(known, "{code}: a field of the recipient that nobody has judged: {recipient:?}");
        let text = body.to_string();
        for secret in ["07700", "@example", "Happy", "Avon"] {
            assert!(!text.contains(secret), "{code}: {secret}");
        }
        // One more on the list is one more in the body: this is what the assertion above would catch.
        let more: Vec<Field> = allowed.iter().copied().chain([Field::Region]).collect();
        assert!(send(&shipment, whole(), &more).unwrap().to_string().contains("Avon"), "{code}");
    }
    let who = Recipient { company: text("Fern & Daughters"), ..minimal() };
    let disclosed =
        Disclosed::new(who, &account::allowed_fields(&choice(Carrier::Parcelforce, "FE0", "parcel")));
    let names: Vec<String> = disclosed.fields().iter().map(|f| (*f).to_owned()).collect();
    assert_eq!(least::of_booking(&choice(Carrier::Parcelforce, "FE0", "parcel"), false, &names), (6, 6));
}
