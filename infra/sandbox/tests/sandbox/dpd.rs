//! DPD, driven by the connector itself.

use axum::body::Bytes;
use http::{HeaderMap, Request, StatusCode};
use serde_json::{Value, json};
use waybill_carriers::dpd::customs::{Customs, Product, Terms};
use waybill_carriers::dpd::label::{
    Booked, BookingRequest, Found, Made, Parcel, Printer, build_create, build_find, build_labels,
    read_create, read_find, read_labels,
};
use waybill_carriers::dpd::services::{Offer, build_offers, choose, read_offers};
use waybill_carriers::dpd::token::{Token, build_login, read_token};
use waybill_carriers::dpd::track::{Tracked, build_tracking, read_tracking};
use waybill_carriers::dpd::{Account, Sender, allowed_fields};
use waybill_carriers::error::{CannotBuild, CannotRead};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;
use waybill_privacy::{Recipient, Sensitive};
use waybill_sandbox::{Call, Fault, FaultKind, Reply, Sandbox};

use super::control;

fn text(value: &str) -> Option<Text> {
    Some(Sensitive::new(value.to_owned()))
}

fn buyer() -> Recipient {
    Recipient {
        name: text("Zoë ^Łukasz~_"),
        lines: vec![text("Flat 3").unwrap(), text("10 Example Road").unwrap()],
        city: text("Bristol"),
        region: text("Avon"),
        postcode: text("BS1 4DJ"),
        country: Some("GB".into()),
        phone: text("07700 900123"),
        email: text("buyer@example.invalid"),
        ..Recipient::default()
    }
}

fn shipment(reference: &str) -> Shipment {
    Shipment {
        id: "shp_1-1".parse().unwrap(),
        order: "ord_1".parse().unwrap(),
        merchant: "mer_1".parse().unwrap(),
        warehouse: "wh_1".parse().unwrap(),
        carrier: "con_1".parse().unwrap(),
        service: ServiceChoice {
            carrier: Carrier::Dpd,
            code: "1^12".into(),
            format: "Parcel".into(),
            notify: None,
        },
        lines: vec![("lin_1".parse().unwrap(), 1)],
        parcels: 1,
        weights: Vec::new(),
        grams: 1200,
        reference: reference.into(),
        booking: Booking::Planned,
        write_back: WriteBack::Pending,
        transit: Transit::Pending,
        disclosed: Vec::new(),
        label_format: Default::default(),
        labelled_at: None,
        papers: Vec::new(),
        seen_at: None,
        delivered_at: None,
        rev: 1,
    }
}

/// The sandbox with one account, and the seller who has it.
struct Seller {
    sandbox: Sandbox,
    account: Account,
    token: Token,
}

impl Seller {
    fn with(options: Value) -> Self {
        let sandbox = super::sandbox();
        let mut setup = json!({"key": "k", "secret": "s"});
        setup.as_object_mut().unwrap().extend(options.as_object().unwrap().clone());
        assert_eq!(control(&sandbox, "PUT", "dpd/acme", &setup).status, 200);
        let account = Account {
            base: "http://sandbox.invalid/dpd/acme".into(),
            key: Secret::new("k".into()),
            secret: Secret::new("s".into()),
            local: false,
            sender: Sender {
                organisation: "Example Shop Ltd".into(),
                street: "1 Trade Park".into(),
                town: "Smethwick".into(),
                postcode: "B66 1BY".into(),
                contact: "Dispatch".into(),
                phone: "01632 960001".into(),
                email: "dispatch@shop.invalid".into(),
                eori: Some("GB123456789000".into()),
                vat: None,
            },
        };
        let token = login(&sandbox, &account).unwrap();
        Self { sandbox, account, token }
    }

    fn new() -> Self {
        Self::with(json!({}))
    }

    fn ask<T>(
        &self,
        request: Result<Request<Vec<u8>>, CannotBuild>,
        read: impl FnOnce(StatusCode, &HeaderMap, &[u8]) -> Result<T, CannotRead>,
    ) -> Result<T, CannotRead> {
        take(&send(&self.sandbox, request.unwrap()), read)
    }

    fn offers(&self, who: &Recipient, grams: &[u32]) -> Vec<Offer> {
        let to = Disclosed::new(who.clone(), allowed_fields(""));
        self.ask(build_offers(&self.account, &self.token, &to, grams), read_offers).unwrap()
    }

    fn create(
        &self,
        reference: &str,
        who: &Recipient,
        key: &str,
        parcels: &[Parcel],
    ) -> Result<Made, CannotRead> {
        let (shipment, to) = (shipment(reference), Disclosed::new(who.clone(), allowed_fields("")));
        let customs =
            Customs { description: "Cotton shirts".into(), currency: "GBP".into(), terms: Terms::Dap };
        let request = BookingRequest {
            shipment: &shipment,
            to: &to,
            network_key: key,
            parcels,
            ship_at: self.sandbox.now(),
            customs: Some(&customs),
        };
        self.ask(build_create(&self.account, &self.token, &request), read_create)
    }

    fn book(&self, reference: &str) -> Booked {
        match self.create(reference, &buyer(), "1^12", &[parcel(1200)]) {
            Ok(Made::Booked(booked)) => booked,
            other => panic!("{other:?}"),
        }
    }

    fn labels(&self, booked: &Booked, printer: Printer) -> Vec<String> {
        let request = build_labels(&self.account, &self.token, booked, printer);
        let labels = self.ask(request, |s, h, b| read_labels(booked, printer, s, h, b)).unwrap();
        labels.into_iter().map(|label| String::from_utf8(label).unwrap()).collect()
    }

    fn track(&self, booked: &Booked) -> Tracked {
        let request = build_tracking(&self.account, &self.token, booked);
        self.ask(request, |s, h, b| read_tracking(booked, s, h, b)).unwrap().remove(0)
    }

    fn find(&self, reference: &str) -> Found {
        let to = Disclosed::new(buyer(), allowed_fields(""));
        self.ask(build_find(&self.account, &self.token, reference, &to), read_find).unwrap()
    }

    fn report(&self) -> Value {
        self.sandbox.report()["dpd"]["acme"].clone()
    }

    fn control(&self, method: &str, path: &str, body: &Value) {
        let reply = control(&self.sandbox, method, &format!("dpd/acme/{path}"), body);
        assert_eq!(reply.status, 200, "{}", reply.value());
    }

    fn wait(&self, hours: i64) {
        control(&self.sandbox, "PUT", "clock", &json!({"advance_seconds": hours * 3600}));
    }
}

fn send(sandbox: &Sandbox, request: Request<Vec<u8>>) -> Reply {
    let (parts, body) = request.into_parts();
    let mut call = Call::new(parts.method, parts.uri.path_and_query().unwrap().as_str());
    (call.headers, call.body) = (parts.headers, Bytes::from(body));
    sandbox.answer(&call)
}

fn take<T>(
    reply: &Reply,
    read: impl FnOnce(StatusCode, &HeaderMap, &[u8]) -> Result<T, CannotRead>,
) -> Result<T, CannotRead> {
    read(StatusCode::from_u16(reply.status).unwrap(), &HeaderMap::new(), &reply.body)
}

fn login(sandbox: &Sandbox, account: &Account) -> Result<Token, CannotRead> {
    let reply = send(sandbox, build_login(account).unwrap());
    take(&reply, |s, h, b| read_token(account, sandbox.now(), s, h, b))
}

fn parcel(grams: u32) -> Parcel {
    Parcel { grams, products: Vec::new() }
}

fn irish() -> (Recipient, Parcel) {
    let who =
        Recipient { city: text("Dublin"), postcode: text("D02 AF30"), country: Some("IE".into()), ..buyer() };
    let shirts = Product {
        description: "Men's cotton shirt".into(),
        quantity: 2,
        grams: 300,
        value: "12.25".parse().unwrap(),
        commodity_code: "61091000".into(),
        origin: "PT".into(),
    };
    (who, Parcel { grams: 650, products: vec![shirts] })
}

#[test]
fn a_token_lasts_as_long_as_it_says_and_a_refresh_is_good_once() {
    let mut seller = Seller::new();
    assert_eq!(seller.token.expires_at, seller.sandbox.now() + jiff::SignedDuration::from_hours(24));
    assert_eq!(seller.offers(&buyer(), &[1200]).len(), 7);
    seller.wait(24);
    let to = Disclosed::new(buyer(), allowed_fields(""));
    let late = build_offers(&seller.account, &seller.token, &to, &[1200]);
    let refused = seller.ask(late, read_offers).unwrap_err();
    assert_eq!(refused.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    let pair = send(&seller.sandbox, build_login(&seller.account).unwrap()).value();
    let refresh = || {
        let bearer = format!("Bearer {}", pair["data"]["refreshToken"].as_str().unwrap());
        let call = Call::new(http::Method::GET, "/dpd/acme/v1/customer/auth/refresh");
        seller.sandbox.answer(&call.header("authorization", &bearer).header("client-id", "k")).status
    };
    assert_eq!((refresh(), refresh()), (200, 401));
    seller.token = login(&seller.sandbox, &seller.account).unwrap();
    assert_eq!(seller.offers(&buyer(), &[1200]).len(), 7);
    seller.control("POST", "tokens", &json!({"revoke": true}));
    let revoked = build_offers(&seller.account, &seller.token, &to, &[1200]);
    assert!(matches!(seller.ask(revoked, read_offers), Err(CannotRead::Connection { .. })));
    let wrong = Account { secret: Secret::new("wrong".into()), ..seller.account.clone() };
    assert!(matches!(login(&seller.sandbox, &wrong), Err(CannotRead::Connection { .. })));
    let stranger = Account { base: "http://sandbox.invalid/dpd/nobody".into(), ..seller.account.clone() };
    assert!(login(&seller.sandbox, &stranger).is_err());
}

#[test]
fn the_client_id_goes_with_every_call() {
    let seller = Seller::new();
    let to = Disclosed::new(buyer(), allowed_fields(""));
    let mut request = build_offers(&seller.account, &seller.token, &to, &[1200]).unwrap();
    request.headers_mut().remove("client-id");
    assert_eq!(send(&seller.sandbox, request).status, 401);
}

#[test]
fn the_offer_depends_on_place_weight_and_number() {
    let seller = Seller::new();
    let names = |who: &Recipient, grams: &[u32]| -> Vec<String> {
        seller.offers(who, grams).into_iter().map(|offer| offer.name).collect()
    };
    assert!(names(&buyer(), &[1200]).contains(&"Expresspak Next Day".to_owned()));
    assert!(!names(&buyer(), &[1200, 300]).contains(&"Expresspak Next Day".to_owned()));
    assert_eq!(names(&buyer(), &[31_000]), ["Freight Parcel Two Day", "Freight Parcel Next Day"]);
    let far = Recipient { postcode: text("BT1 5GS"), ..buyer() };
    assert_eq!(names(&far, &[1200]), ["Parcel Two Day"]);
    assert_eq!(names(&irish().0, &[1200]), ["Parcel Ireland Two Day"]);
    let rule =
        ServiceChoice { carrier: Carrier::Dpd, code: "1^12".into(), format: "Parcel".into(), notify: None };
    let offers = seller.offers(&far, &[1200]);
    let missing = choose(&seller.account, &offers, &rule);
    assert_eq!(missing, Err(CannotRead::Refused { code: "service_not_on_offer".into() }));
    assert_eq!(seller.sandbox.report()["refusals"], 0);
}

#[test]
fn a_service_key_that_has_changed_is_asked_for_again() {
    let seller = Seller::new();
    let rule = shipment("x").service;
    let pick =
        || choose(&seller.account, &seller.offers(&buyer(), &[1200]), &rule).unwrap().network_key.clone();
    let old = pick();
    assert_eq!(old, "1^12");
    seller.control("POST", "rotate", &json!({}));
    let create = |key: &str| seller.create("SO-1", &buyer(), key, &[parcel(1200)]);
    assert_eq!(create(&old), Ok(Made::StaleService));
    assert_eq!(seller.report()["shipments"], 0);
    assert!(matches!(create(&pick()), Ok(Made::Booked(_))));
}

#[test]
fn a_shipment_has_one_zpl_label_per_parcel_and_reprints_are_the_same() {
    let seller = Seller::new();
    let Ok(Made::Booked(booked)) = seller.create("SO-1", &buyer(), "1^12", &[parcel(700), parcel(500)])
    else {
        panic!()
    };
    assert_eq!(Booked::from_key(&booked.key()), Some(booked.clone()));
    let labels = seller.labels(&booked, Printer::Zpl);
    assert_eq!(labels.len(), 2);
    for (label, number) in labels.iter().zip(&booked.parcels) {
        assert!(label.starts_with("^XA\r\n") && label.trim_end().ends_with("^XZ"));
        let told = ["Ref SO-1", "Parcel Next Day", "BS1 4DJ", number, &booked.consignment, &booked.shipment];
        for wanted in told {
            assert!(label.contains(wanted), "{wanted}: {label}");
        }
        // A name is never a command of the printer.
        assert!(label.contains("^FDZoë _5EŁukasz_7E_5F^FS"), "{label}");
        assert!(!label.contains("Avon") && !label.contains("example.invalid") && !label.contains("900123"));
    }
    assert!(labels[0].contains("Parcel 1 of 2") && labels[1].contains("Parcel 2 of 2"));
    assert_eq!(seller.labels(&booked, Printer::Zpl), labels);
    assert!(seller.labels(&booked, Printer::Html)[0].contains("<p>Ref SO-1</p>"));
    assert!(seller.labels(&booked, Printer::Epl)[0].contains("P1"));
    assert_eq!(seller.labels(&booked, Printer::Clp).len(), 2);
    let report = seller.report();
    assert_eq!((&report["shipments"], &report["labels"]), (&json!(1), &json!(2)));
    assert_eq!(report["label_documents"], 10);
    let none = Booked { shipment: "1".into(), ..booked };
    let request = build_labels(&seller.account, &seller.token, &none, Printer::Zpl);
    let failed = seller.ask(request, |s, h, b| read_labels(&none, Printer::Zpl, s, h, b));
    assert_eq!(failed, Err(CannotRead::LabelFailed { code: "shipmentId".into() }));
}

#[test]
fn a_raw_accept_gives_one_label_whatever_the_number_of_parcels() {
    let seller = Seller::new();
    let Ok(Made::Booked(booked)) = seller.create("SO-1", &buyer(), "1^12", &[parcel(700), parcel(500)])
    else {
        panic!()
    };
    let mut request = build_labels(&seller.account, &seller.token, &booked, Printer::Zpl).unwrap();
    request.headers_mut().insert("accept", http::HeaderValue::from_static("text/vnd.zebra-zpl"));
    let raw = send(&seller.sandbox, request);
    assert_eq!(String::from_utf8(raw.body).unwrap(), seller.labels(&booked, Printer::Zpl)[0]);
}

#[test]
fn ireland_gets_its_customs_data() {
    let seller = Seller::new();
    let (who, parcel) = irish();
    let made = seller.create("SO-2", &who, "1^19", std::slice::from_ref(&parcel));
    assert!(matches!(made, Ok(Made::Booked(_))), "{made:?}");
    let sent = seller.report()["personal_fields_sent"].to_string();
    assert!(sent.contains("invoice.importerDetails.address.street"), "{sent}");
}

#[test]
fn only_the_allowed_personal_fields_arrive() {
    let seller = Seller::new();
    seller.offers(&buyer(), &[1200]);
    seller.book("SO-1");
    let d = |name: &str| format!("deliveryDetails.{name}");
    let mut expected = [
        "address.countryCode",
        "address.locality",
        "address.postcode",
        "address.street",
        "address.town",
        "contactDetails.contactName",
        "contactDetails.telephone",
        "notificationDetails.mobile",
    ]
    .map(d);
    expected.sort();
    assert_eq!(seller.report()["personal_fields_sent"], json!(expected));
    assert_eq!(seller.sandbox.report()["refusals"], 0);
}

#[test]
fn what_dpd_refuses_is_refused_by_name() {
    type Spoil = fn(&mut Value);
    let cases: &[(&str, Spoil)] = &[
        ("Shipment Date is mandatory", |b| b["shipmentDate"] = Value::Null),
        ("Shipment Date must be", |b| b["shipmentDate"] = json!("2026-11-24T16:00:00Z")),
        ("Shipment Date is in the past", |b| b["shipmentDate"] = json!("2026-11-22T16:00:00")),
        ("Shipment Date is too far ahead", |b| b["shipmentDate"] = json!("2027-01-22T16:00:00")),
        ("Delivery contact telephone number (outbound) is mandatory", |b| {
            b["outboundConsignment"]["deliveryDetails"]["contactDetails"]["telephone"] = Value::Null;
        }),
        ("Invalid telephone number", |b| {
            b["outboundConsignment"]["deliveryDetails"]["contactDetails"]["telephone"] =
                json!("07700 900123");
        }),
        ("Delivery notification email or mobile is mandatory", |b| {
            b["outboundConsignment"]["deliveryDetails"]["notificationDetails"] = json!({});
        }),
        ("Delivery address street is mandatory", |b| {
            let street = b["outboundConsignment"]["deliveryDetails"]["address"]["street"].take();
            b["outboundConsignment"]["deliveryDetails"]["street"] = street;
        }),
        ("longer than 35 characters", |b| {
            b["outboundConsignment"]["deliveryDetails"]["address"]["town"] = json!("x".repeat(36));
        }),
        ("longer than 25 characters", |b| b["outboundConsignment"]["shippingRef1"] = json!("x".repeat(26))),
        ("Failed to query network", |b| b["outboundConsignment"]["networkCode"] = json!("1^99")),
        ("Failed to query network", |b| b["outboundConsignment"]["totalWeight"] = json!(31)),
        ("Country is not served", |b| {
            b["outboundConsignment"]["deliveryDetails"]["address"]["countryCode"] = json!("DE");
        }),
        ("Parcels must be as many", |b| b["outboundConsignment"]["numberOfParcels"] = json!(2)),
        ("Exporter address is mandatory", |b| {
            b["outboundConsignment"]["deliveryDetails"]["address"]["countryCode"] = json!("IE");
        }),
        ("Delivery Description is mandatory", |b| {
            b["outboundConsignment"]["deliveryDetails"]["address"]["countryCode"] = json!("IE");
        }),
    ];
    for under_200 in [false, true] {
        let seller = Seller::with(json!({"refuses_under_200": under_200}));
        let (shipment, to) = (shipment("SO-1"), Disclosed::new(buyer(), allowed_fields("")));
        let request = BookingRequest {
            shipment: &shipment,
            to: &to,
            network_key: "1^12",
            parcels: &[parcel(1200)],
            ship_at: seller.sandbox.now(),
            customs: None,
        };
        for (wanted, spoil) in cases {
            let mut built = build_create(&seller.account, &seller.token, &request).unwrap();
            let mut body: Value = serde_json::from_slice(built.body()).unwrap();
            spoil(&mut body);
            *built.body_mut() = body.to_string().into_bytes();
            let reply = send(&seller.sandbox, built);
            assert_eq!(reply.status, if under_200 { 200 } else { 400 });
            assert!(reply.value()["error"].to_string().contains(wanted), "{wanted}: {}", reply.value());
            let read = take(&reply, read_create);
            let stale = *wanted == "Failed to query network";
            assert_eq!(read == Ok(Made::StaleService), stale, "{wanted}: {read:?}");
            assert!(stale || matches!(read, Err(CannotRead::Refused { .. })), "{wanted}: {read:?}");
        }
        let notes = seller.sandbox.report()["refusal_list"].to_string();
        assert!(
            notes.contains("deliveryDetails.street is flat and ignored") && !notes.contains("Example Road")
        );
        assert_eq!(seller.report()["shipments"], 0);
    }
}

#[test]
fn a_lost_reply_is_found_by_tracking_or_stays_unproven() {
    for tracks_unscanned in [true, false] {
        let seller = Seller::with(json!({"tracks_unscanned": tracks_unscanned}));
        assert_eq!(seller.find("SO-1"), Found::Unproven);
        let lose = FaultKind::LoseReply { hold_seconds: 30 };
        seller.sandbox.add_fault(Fault::new("dpd.create", lose).times(1));
        let lost = seller.create("SO-1", &buyer(), "1^12", &[parcel(1200)]).unwrap_err();
        assert_eq!(lost.advice(), Advice::Retry);
        assert_eq!(seller.report()["shipments"], 1);
        // Booked, yet tracking need not know it: nothing found proves nothing.
        assert_eq!(matches!(seller.find("SO-1"), Found::Parcels(_)), tracks_unscanned);
        seller.wait(13);
        assert!(matches!(seller.find("SO-1"), Found::Parcels(parcels) if parcels.len() == 1));
        assert_eq!(seller.find("SO-2"), Found::Unproven);
    }
}

#[test]
fn a_reference_booked_twice_is_counted_or_refused_where_that_is_the_rule() {
    let seller = Seller::new();
    seller.book("SO-1");
    assert_eq!(seller.report()["booked_twice"], 0);
    seller.book("SO-1");
    assert_eq!(seller.report()["booked_twice"], 1);
    let strict = Seller::with(json!({"unique_references": true}));
    strict.book("SO-1");
    assert_eq!(strict.create("SO-1", &buyer(), "1^12", &[parcel(1200)]), Ok(Made::Exists));
    assert_eq!((&strict.report()["shipments"], &strict.report()["booked_twice"]), (&json!(1), &json!(0)));
}

#[test]
fn parcels_go_the_way_they_were_told() {
    let seller = Seller::with(json!({"token_seconds": 30 * 24 * 3600}));
    let told = [("A", "deliver"), ("B", "fail"), ("C", "return"), ("D", "lose"), ("E", "keep")];
    let booked: Vec<Booked> = told
        .iter()
        .map(|(reference, fate)| {
            seller.control("PUT", "parcels", &json!({"reference": reference, "fate": fate}));
            seller.book(reference)
        })
        .collect();
    let start = seller.sandbox.now();
    let mut seen = Vec::new();
    for hours in [0, 13, 18, 42] {
        seller.wait(hours);
        seen.push(booked.iter().map(|b| seller.track(b).transit).collect::<Vec<_>>());
    }
    use Transit::{Delivered, Failed, Moving, Pending, Returned};
    assert_eq!(
        seen,
        [
            [Pending, Pending, Pending, Pending, Pending],
            [Moving, Moving, Moving, Moving, Pending],
            [Delivered, Moving, Moving, Moving, Pending],
            [Delivered, Failed, Returned, Moving, Pending],
        ]
    );
    let arrived = start + jiff::SignedDuration::from_hours(30);
    assert_eq!(seller.track(&booked[0]).delivered_at, Some(arrived));
    assert_eq!(seller.report()["delivered"], 1);
    let late = json!({"parcel_number": booked[4].tracking(), "fate": "deliver"});
    seller.control("PUT", "parcels", &late);
    assert_eq!(seller.track(&booked[4]).transit, Delivered);
    assert_eq!(seller.report()["delivered"], 2);
}

#[test]
fn what_is_shown_of_an_account_names_nobody() {
    let seller = Seller::new();
    seller.book("SO-1");
    let shown = control(&seller.sandbox, "GET", "dpd/acme", &json!({})).value();
    assert_eq!(shown["shipments"][0]["reference"], "SO-1");
    for text in [shown.to_string(), seller.sandbox.report()["dpd"].to_string()] {
        assert!(!text.contains("ukasz") && !text.contains("Example Road"));
    }
    assert_eq!(control(&seller.sandbox, "GET", "dpd/nobody", &json!({})).status, 400);
    assert_eq!(control(&seller.sandbox, "PUT", "dpd/acme/parcels", &json!({"fate": "fail"})).status, 400);
}

#[test]
fn the_contract_s_samples_are_accepted() {
    let beside = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts");
    let root = std::env::var_os("CONTRACTS_DIR").map_or(beside, std::path::PathBuf::from);
    for (name, path) in [
        ("v1-outboundservices.request", "shipping/reference/outboundservices"),
        ("v1-shipment-domestic-minimal.request", "shipping/shipments/domestic"),
        ("v1-shipment-ireland-customs.request", "shipping/shipments/domestic"),
    ] {
        let Ok(sample) = std::fs::read(root.join(format!("dpd/samples/{name}.json"))) else {
            println!("skipped: no {name}; set CONTRACTS_DIR to the folder of the specifications");
            return;
        };
        let seller = Seller::new();
        let sample: Value = serde_json::from_slice(&sample).unwrap();
        let call = Call::new(http::Method::POST, &format!("/dpd/acme/v1/customer/{path}"))
            .header("authorization", &format!("Bearer {}", seller.token.access.expose()))
            .header("client-id", "k")
            .json(&sample);
        let reply = seller.sandbox.answer(&call);
        assert_eq!((reply.status, &reply.value()["error"]), (200, &Value::Null), "{name}: {}", reply.value());
    }
}
