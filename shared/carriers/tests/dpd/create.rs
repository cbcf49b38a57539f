//! What is sent to DPD: exactly these fields, and no others.

use crate::contracts::{self, assert_path, assert_valid};
use crate::fixtures::*;
use http::Method;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_carriers::dpd::customs::Terms;
use waybill_carriers::dpd::label::{Parcel, Printer, build_find, build_labels, reference};
use waybill_carriers::dpd::{Account, allowed_fields, track};
use waybill_carriers::error::CannotBuild;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::shipment::Shipment;
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::{Disclosed, Field};
use waybill_privacy::secret::Secret;

fn refused(change: impl FnOnce(&mut Case)) -> CannotBuild {
    let mut case = Case::of(minimal());
    change(&mut case);
    case.body().unwrap_err()
}

fn abroad(change: impl FnOnce(&mut Case)) -> CannotBuild {
    let mut case = Case::ireland();
    change(&mut case);
    case.body().unwrap_err()
}

const fn missing(field: &'static str) -> CannotBuild {
    CannotBuild::Missing { field }
}

const fn beyond(field: &'static str) -> CannotBuild {
    CannotBuild::Beyond { field }
}

const fn malformed(field: &'static str) -> CannotBuild {
    CannotBuild::Malformed { field }
}

/// A sample with the seller's e-mail in place of the buyer's, which we never give.
fn unmailed(mut sample: Value) -> Value {
    let told = &mut sample["outboundConsignment"]["deliveryDetails"]["notificationDetails"];
    assert!(told["email"].is_string() && told.as_object().unwrap().len() == 1);
    *told = json!({"email": account().sender.email});
    sample
}

#[test]
fn the_minimal_booking_is_the_contract_s_sample() {
    let body = Case::of(minimal()).body().unwrap();
    assert_valid(CREATE, &body);
    let Some(sample) = contracts::sample("v1-shipment-domestic-minimal.request") else { return };
    assert_eq!(body, unmailed(sample));
}

#[test]
fn the_irish_booking_is_the_contract_s_sample() {
    let body = Case::ireland().body().unwrap();
    assert_valid(CREATE, &body);
    let Some(sample) = contracts::sample("v1-shipment-ireland-customs.request") else { return };
    assert_eq!(body, unmailed(sample));
}

#[test]
fn exactly_these_personal_fields_are_sent() {
    let sent = |who: Recipient, allowed: &[Field]| {
        let body = Case { allowed: allowed.to_vec(), ..Case::of(who) }.body().unwrap();
        assert_valid(CREATE, &body);
        let mut sent = BTreeSet::new();
        contracts::pointers(&body["outboundConsignment"]["deliveryDetails"], "", &mut sent);
        sent.into_iter().collect::<Vec<_>>()
    };
    let most = [
        "/address/countryCode",
        "/address/locality",
        "/address/organisation",
        "/address/postcode",
        "/address/street",
        "/address/town",
        "/contactDetails/contactName",
        "/contactDetails/telephone",
        "/notificationDetails/mobile",
    ];
    // Even when a caller lets everything through, county, e-mail and gift text have nowhere to go.
    assert_eq!(sent(whole(), &ALL), most);
    assert_eq!(sent(whole(), allowed_fields("1^12")), most);
    let fields = allowed_fields("anything");
    assert!(!fields.contains(&Field::Region) && !fields.contains(&Field::Email));
    let body = Case::of(whole()).body().unwrap().to_string();
    for kept in ["Avon", "birthday", "b.buyer@"] {
        assert!(!body.contains(kept), "{kept}");
    }
}

#[test]
fn the_seller_s_own_phone_and_mail_stand_in_and_nothing_is_invented() {
    let contact = |change: fn(&mut Recipient)| {
        let mut who = minimal();
        change(&mut who);
        let body = Case::of(who).body().unwrap();
        assert_valid(CREATE, &body);
        let to = &body["outboundConsignment"]["deliveryDetails"];
        (to["contactDetails"]["telephone"].clone(), to["notificationDetails"].clone())
    };
    let own = json!("01632960001");
    let mail = json!({"email": "dispatch@shop.invalid"});
    assert_eq!(contact(|w| w.phone = None), (own.clone(), mail.clone()));
    assert_eq!(contact(|w| w.phone = text(" ")), (own, mail.clone()));
    // A landline takes no messages, a mobile does; the buyer's e-mail is not needed in either case.
    assert_eq!(contact(|w| w.phone = text("01632960002")), (json!("01632960002"), mail));
    let mobile = contact(|w| w.phone = text("+44 (0)7700 900123"));
    assert_eq!(mobile, (json!("+447700900123"), json!({"mobile": "+447700900123"})));
}

fn mailed(case: &mut Case, email: String) {
    case.account.sender.email = email;
}

#[test]
fn an_address_keeps_every_line() {
    let address = |who: Recipient| {
        let body = Case::of(who).body().unwrap();
        assert_valid(CREATE, &body);
        body["outboundConsignment"]["deliveryDetails"]["address"].clone()
    };
    let three = address(whole());
    assert_eq!((&three["street"], &three["locality"]), (&json!("10 Example Road"), &json!("Flat 3, Rear")));
    assert_eq!((&three["organisation"], &three["postcode"]), (&json!("Fern & Daughters"), &json!("BS1 4DJ")));
    let long = "Flat 12, The Old Granary Building, 10 Example Road";
    let wrapped = address(Recipient { lines: lines(&[long]), ..minimal() });
    assert_eq!(
        format!("{} {}", wrapped["street"].as_str().unwrap(), wrapped["locality"].as_str().unwrap()),
        long
    );
    assert!(wrapped.get("organisation").is_none());
    let company = Case::of(Recipient { name: None, ..whole() }).body().unwrap();
    assert_eq!(
        company["outboundConsignment"]["deliveryDetails"]["contactDetails"]["contactName"],
        "Fern & Daughters"
    );
}

#[test]
fn what_is_missing_or_malformed_is_named_before_anything_is_booked() {
    assert_eq!(refused(|c| c.who.name = None), missing("contactName"));
    assert_eq!(refused(|c| c.who.lines.clear()), missing("street"));
    assert_eq!(refused(|c| c.who.lines = lines(&[" ", ""])), missing("street"));
    assert_eq!(refused(|c| c.who.city = text(" ")), missing("town"));
    assert_eq!(refused(|c| c.who.postcode = None), missing("postcode"));
    assert_eq!(refused(|c| c.who.country = None), missing("countryCode"));
    assert_eq!(refused(|c| c.shipment.reference = " ".into()), missing("shippingRef1"));
    assert_eq!(refused(|c| c.network.clear()), missing("networkCode"));
    assert_eq!(refused(|c| c.parcels.clear()), missing("parcels"));
    assert_eq!(refused(|c| c.account.sender.street.clear()), missing("collectionDetails.street"));
    assert_eq!(refused(|c| c.who.postcode = text("BRISTOL")), malformed("postcode"));
    assert_eq!(refused(|c| c.who.phone = text("ask my mum")), malformed("telephone"));
    assert_eq!(refused(|c| mailed(c, "not a mail".into())), malformed("collectionDetails.email"));
    assert_eq!(refused(|c| c.account.sender.postcode = "X".into()), malformed("collectionDetails.postcode"));
    assert_eq!(refused(|c| c.who.phone = text("+123456789012345")), beyond("telephone"));
    assert_eq!(refused(|c| c.parcels[0].grams = 0), beyond("weight"));
    let without = |c: &mut Case| {
        c.who.phone = None;
        c.account.sender.phone = String::new();
    };
    assert_eq!(refused(without), missing("collectionDetails.telephone"));
    assert_eq!(malformed("postcode").advice(), Advice::AskPerson(Reason::CarrierRefused));
}

#[test]
fn other_countries_are_said_to_be_unsupported() {
    for country in ["DE", "US", "FR", ""] {
        let error = refused(|c| c.who.country = Some(country.into()));
        assert!(matches!(error, CannotBuild::Unsupported { .. }), "{country}: {error}");
        assert_eq!(error.advice(), Advice::AskPerson(Reason::CarrierRefused));
    }
    for (country, postcode) in [("JE", "JE2 3XX"), ("GG", "GY1 1AA"), ("IM", "IM1 1AA"), ("GB", "BT1 5GS")] {
        let who = Recipient { country: Some(country.into()), postcode: text(postcode), ..minimal() };
        let body = Case { customs: Some(customs()), ..Case::of(who) }.body().unwrap();
        // Customs data go to Ireland only.
        assert_eq!((&body["generateCustomsData"], body.get("invoice")), (&json!(false), None));
        assert_valid(CREATE, &body);
    }
}

#[test]
fn customs_need_everything_they_ask_for() {
    assert_eq!(abroad(|c| c.customs = None), missing("invoice"));
    assert_eq!(abroad(|c| c.account.sender.eori = None), missing("eoriNumber"));
    assert_eq!(abroad(|c| c.account.sender.eori = Some("XI123456789000".into())), malformed("eoriNumber"));
    assert_eq!(abroad(|c| c.parcels[0].products.clear()), beyond("customsValue"));
    assert_eq!(abroad(|c| c.parcels[0].products[0].value = 0.into()), beyond("customsValue"));
    assert_eq!(abroad(|c| c.parcels.push(Parcel { grams: 1, products: vec![] })), missing("products"));
    assert_eq!(
        abroad(|c| c.parcels[0].products[0].commodity_code = "61.09".into()),
        malformed("commodityCode")
    );
    assert_eq!(abroad(|c| c.parcels[0].products[0].origin = "Portugal".into()), malformed("countryOfOrigin"));
    assert_eq!(abroad(|c| c.parcels[0].products[0].description = " ".into()), missing("productDescription"));
    assert_eq!(abroad(|c| c.customs.as_mut().unwrap().currency = "SEK".into()), beyond("currency"));
    assert_eq!(abroad(|c| c.customs.as_mut().unwrap().description.clear()), missing("deliveryDescription"));
    assert_eq!(abroad(|c| c.who.postcode = text("BS1 4DJ")), malformed("postcode"));
    let mut case = Case::ireland();
    case.customs.as_mut().unwrap().terms = Terms::Dt1;
    case.parcels.push(Parcel { grams: 400, products: vec![shirts(), shirts()] });
    let body = case.body().unwrap();
    assert_valid(CREATE, &body);
    let sent = &body["outboundConsignment"];
    assert_eq!((&sent["customsValue"], &sent["numberOfParcels"]), (&json!(73.5), &json!(2)));
    assert_eq!((&sent["totalWeight"], &sent["parcels"][1]["sequenceNumber"]), (&json!(1), &json!(2)));
    assert_eq!(body["invoice"]["termsOfDelivery"], "DT1");
}

#[test]
fn a_text_of_the_allowed_length_goes_and_one_longer_is_named() {
    let Some(limits) = contracts::file("field-limits.json") else { return };
    let most = |name: &str| usize::try_from(limits["v1"][name].as_u64().unwrap()).unwrap();
    let x = |n: usize| "x".repeat(n);
    type Set = fn(&mut Case, String);
    let cases: [(&'static str, &str, Set); 7] = [
        ("organisation", "organisation", |c, t| c.who.company = text(&t)),
        ("contactName", "contactName", |c, t| c.who.name = text(&t)),
        ("street", "street", |c, t| c.who.lines = lines(&[&t])),
        ("town", "town", |c, t| c.who.city = text(&t)),
        ("collectionDetails.organisation", "organisation", |c, t| c.account.sender.organisation = t),
        ("collectionDetails.street", "street", |c, t| c.account.sender.street = t),
        ("collectionDetails.contactName", "contactName", |c, t| c.account.sender.contact = t),
    ];
    for (field, limit, set) in cases {
        let mut case = Case::of(minimal());
        set(&mut case, x(most(limit)));
        assert_valid(CREATE, &case.body().unwrap());
        assert_eq!(refused(|c| set(c, x(most(limit) + 1))), beyond(field), "{field}");
    }
    let mail = |n: usize| format!("{}@mail.invalid", x(n - "@mail.invalid".len()));
    let mut longest = Case::of(minimal());
    mailed(&mut longest, mail(most("email")));
    assert_valid(CREATE, &longest.body().unwrap());
    assert_eq!(refused(|c| mailed(c, mail(most("email") + 1))), beyond("collectionDetails.email"));
    let digits = |n: usize| "0".repeat(n);
    assert!(Case::of(Recipient { phone: text(&digits(most("telephone"))), ..minimal() }).body().is_ok());
    assert_eq!(refused(|c| c.who.phone = text(&digits(most("telephone") + 1))), beyond("telephone"));
    let describe = |c: &mut Case, n: usize| c.customs.as_mut().unwrap().description = x(n);
    assert_eq!(abroad(|c| describe(c, most("deliveryDescription") + 1)), beyond("deliveryDescription"));
    let mut case = Case::ireland();
    describe(&mut case, most("deliveryDescription"));
    assert_valid(CREATE, &case.body().unwrap());
    // Both lines of an address are used, and no more.
    let both = format!("{} {}", x(most("street")), x(most("locality")));
    assert!(Case::of(Recipient { lines: lines(&[&both]), ..minimal() }).body().is_ok());
    assert_eq!(refused(|c| c.who.lines = lines(&[&both, "z"])), beyond("street"));
    assert_eq!(reference(&Shipment { reference: x(99), ..shipment() }).len(), most("shippingRef1"));
}

#[test]
fn a_reference_is_short_and_still_the_shipment_s_own() {
    let of = |text: &str| reference(&Shipment { reference: text.into(), ..shipment() }).into_owned();
    assert_eq!(of("SO-1001"), "SO-1001");
    assert_eq!(of("WB-0123456789abcdef0123456789abcdef-2"), "WB-0123456789abcdef0123-2");
    assert_ne!(of("WB-0123456789abcdef0123456789abcdef-2"), of("WB-0123456789abcdef0123456789abcdef-12"));
    assert_eq!(of(&"y".repeat(26)), "y".repeat(25));
}

#[test]
fn every_other_request_is_as_the_contract_says() {
    let (a, t) = (account(), token());
    let at = |request: Result<http::Request<Vec<u8>>, CannotBuild>| {
        let request = request.unwrap();
        assert_path(&request);
        let headers = request.headers();
        assert!(
            headers["authorization"].is_sensitive() && headers["authorization"] == "Bearer access-EXAMPLE"
        );
        assert!(headers["client-id"].is_sensitive() && headers["client-id"] == "key-EXAMPLE");
        assert!(!format!("{request:?}").contains("EXAMPLE"));
        let body: Value = serde_json::from_slice(request.body()).unwrap_or_default();
        (format!("{} {}", request.method(), request.uri().path_and_query().unwrap()), body)
    };
    let created = at(Case::of(minimal()).request());
    assert_eq!(created.0, format!("{} /v1/customer/shipping/shipments/domestic", Method::POST));
    for (printer, n) in [(Printer::Html, 0), (Printer::Epl, 1), (Printer::Clp, 2), (Printer::Zpl, 3)] {
        let labels = at(build_labels(&a, &t, &booked(), printer)).0;
        let path = "GET /v1/customer/shipping/shipments/812345678/labels";
        assert_eq!(labels, format!("{path}?printerType={n}&printerDpi=203"));
    }
    let tracking =
        "/paths/~1v1~1customer~1parcel~1tracking/post/requestBody/content/application~1json/schema";
    let (path, body) = at(track::build_tracking(&a, &t, &booked()));
    assert_eq!(path, "POST /v1/customer/parcel/tracking");
    assert_eq!(body, json!({"parcelNumbers": ["15500000000001", "15500000000002"]}));
    assert_valid(tracking, &body);
    let to = Disclosed::new(whole(), allowed_fields("1^12"));
    let (path, body) = at(build_find(&a, &t, &shipment().reference, &to));
    assert_eq!(path, "POST /v1/customer/parcel/tracking");
    assert_eq!(body, json!({"customerReference": "SO-1001", "postcode": "BS1 4DJ"}));
    assert_valid(tracking, &body);
    let mut odd = booked();
    odd.shipment = "1/labels".into();
    assert_eq!(build_labels(&a, &t, &odd, Printer::Zpl).err(), Some(beyond("shipmentId")));
    odd.parcels = vec!["a b".into()];
    assert_eq!(track::build_tracking(&a, &t, &odd).err(), Some(beyond("parcelNumbers")));
    odd.parcels.clear();
    assert_eq!(track::build_tracking(&a, &t, &odd).err(), Some(missing("parcelNumbers")));
}

#[test]
fn a_token_goes_nowhere_but_where_it_was_made() {
    let elsewhere = Account { base: "https://developers.api.customers.dpd.co.uk".into(), ..account() };
    let other = Account { key: Secret::new("another".into()), ..account() };
    for account in [elsewhere, other] {
        let built = build_labels(&account, &token(), &booked(), Printer::Zpl);
        assert_eq!(built.err(), Some(CannotBuild::Credential));
    }
    let broken = Account { base: "not an address".into(), ..account() };
    let mut token = token();
    token.base.clone_from(&broken.base);
    assert_eq!(build_labels(&broken, &token, &booked(), Printer::Zpl).err(), Some(CannotBuild::Address));
}

proptest! {
    /// Whatever the fields hold: a body that fits the specification, or an error that repeats none of it.
    #[test]
    fn any_recipient_is_sent_or_refused(
        name in ".{0,40}", line in ".{0,80}", city in ".{0,40}", phone in "(|0[0-9 ]{9,15}|[+0-9 a-c()]{0,20})", email in "(|[a-z]{1,30}@[a-z]{1,30}|.{0,60})",
        reference in ".{0,50}", grams in 0u32..40_000, irish in any::<bool>(),
    ) {
        let base = if irish { Case::ireland() } else { Case::of(minimal()) };
        let who = Recipient { name: text(&name), lines: lines(&[&line]), city: text(&city), phone: text(&phone), email: text(&email), ..base.who.clone() };
        let mut case = Case { who, shipment: Shipment { reference, ..shipment() }, ..base };
        case.parcels[0].grams = grams;
        match case.body() {
            Ok(body) => assert_valid(CREATE, &body),
            Err(error) => {
                let shown = format!("{error} {error:?}");
                for text in [&name, &line, &city, &email] {
                    prop_assert!(text.trim().chars().count() < 14 || !shown.contains(text.trim()));
                }
            }
        }
    }
}
