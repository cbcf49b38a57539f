//! Every kind of request that is sent to a carrier, held against the carrier's own specification; and no kind is left
//! out: the list is compared with the source.

#![allow(clippy::unwrap_used, clippy::panic)]

#[path = "../dpd/fixtures.rs"]
#[allow(dead_code)]
mod dpd_side;
#[path = "../pro_shipping/fixtures.rs"]
#[allow(dead_code)]
mod pro_side;

use http::Request;
use jiff::civil::date;
use std::collections::BTreeSet;
use std::path::Path;
use waybill_carriers::error::CannotBuild;
use waybill_carriers::pro_shipping::{self, accounts, find as pro_find, label as pro_label};
use waybill_carriers::royal_mail::documents::build_paper;
use waybill_carriers::royal_mail::label::{self, BookingRequest, Declaration};
use waybill_carriers::royal_mail::returns::{ALLOWED, ReturnRequest, build_return};
use waybill_carriers::royal_mail::{self, cancel, manifest, track};
use waybill_carriers::{dpd, parcelforce};
use waybill_contract::{Asked, Contracts, System, Verdict};
use waybill_domain::customs::{Content, Terms};
use waybill_domain::paper::Paper;
use waybill_domain::service::{Carrier, ReturnAddress, ServiceChoice};
use waybill_domain::shipment::Shipment;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::secret::Secret;
use waybill_privacy::{Recipient, Sensitive};

type Built = Result<Request<Vec<u8>>, CannotBuild>;

/// A kind by the module and function that make it, with one request of it or more.
struct Kind(&'static str, Vec<Built>);

fn click_and_drop() -> Vec<Kind> {
    let account = royal_mail::Account {
        base: "https://api.parcel.royalmail.com".into(),
        key: Secret::new("key-EXAMPLE".into()),
    };
    let a = &account;
    let by = |carrier, code: &str| Shipment {
        service: ServiceChoice { carrier, code: code.into(), format: "parcel".into(), notify: None },
        grams: 600,
        ..dpd_side::shipment()
    };
    let create = |shipment: &Shipment, who, customs| {
        let allowed = match shipment.service.carrier {
            Carrier::Parcelforce => parcelforce::allowed_fields(&shipment.service.code),
            _ => royal_mail::allowed_fields(&shipment.service.code),
        };
        let to = Disclosed::new(who, allowed);
        let placed_at = "2026-11-23T09:15:00Z".parse().unwrap();
        label::build_create(a, &BookingRequest { shipment, to: &to, placed_at, customs })
    };
    let northern = Recipient { postcode: dpd_side::text("BT1 5GS"), ..dpd_side::whole() };
    let abroad = Recipient {
        city: Some(Sensitive::new("Berlin".into())),
        postcode: Some(Sensitive::new("10115".into())),
        country: Some("DE".into()),
        ..dpd_side::whole()
    };
    let shirt = Content {
        description: "Men's cotton t-shirt".into(),
        hs_code: "61091000".into(),
        origin: "PT".into(),
        quantity: 2,
        unit_value: "12.25".parse().unwrap(),
        unit_grams: 250,
    };
    let terms = Terms::default();
    let customs = Declaration { contents: &[shirt], terms: &terms, currency: "GBP" };
    vec![
        Kind(
            "royal_mail/label::build_create",
            vec![
                create(&by(Carrier::RoyalMail, "TPS48"), dpd_side::whole(), None),
                create(&by(Carrier::RoyalMail, "TPS48"), northern, None),
                create(&by(Carrier::Parcelforce, "FE0"), dpd_side::whole(), None),
                create(&by(Carrier::RoyalMail, "OTA"), abroad, Some(customs)),
            ],
        ),
        Kind("royal_mail/label::build_find", vec![label::build_find(a, "WB-1 \"x\";/y")]),
        Kind("royal_mail/label::build_get", vec![label::build_get(a, "1001")]),
        Kind(
            "royal_mail/label::build_label",
            vec![label::build_label(a, "1001", false), label::build_label(a, "1001", true)],
        ),
        Kind("royal_mail/cancel::build_delete", vec![cancel::build_delete(a, "1001")]),
        Kind(
            "royal_mail/documents::build_paper",
            [Paper::DespatchNote, Paper::Cn22, Paper::Cn23].map(|one| build_paper(a, "1001", one)).into(),
        ),
        Kind("royal_mail/manifest::build_manifest", vec![manifest::build_manifest(a, "Royal Mail OBA")]),
        Kind("royal_mail/manifest::build_status", vec![manifest::build_status(a, 7)]),
    ]
}

fn returns() -> Vec<Kind> {
    let account = royal_mail::Account {
        base: "https://api.parcel.royalmail.com".into(),
        key: Secret::new("key-EXAMPLE".into()),
    };
    let to = ReturnAddress {
        company: "Harbour & Finch Returns".into(),
        lines: vec!["Unit 4".into(), "Example Wharf".into()],
        city: "Bristol".into(),
        postcode: "BS1 4ZZ".into(),
    };
    let from = Disclosed::new(dpd_side::whole(), ALLOWED);
    let request = ReturnRequest { reference: "WB-1-1-R", service: "TSS", from: &from, to: &to };
    vec![Kind("royal_mail/returns::build_return", vec![build_return(&account, &request)])]
}

fn tracking() -> Vec<Kind> {
    let account = royal_mail::TrackingAccount {
        base: "https://api.royalmail.net".into(),
        client_id: Secret::new("id-EXAMPLE".into()),
        client_secret: Secret::new("secret-EXAMPLE".into()),
    };
    vec![Kind("royal_mail/track::build_events", vec![track::build_events(&account, "TT000000001GB")])]
}

fn pro() -> Vec<Kind> {
    use pro_shipping::cancel::{Reason, build_cancel};
    let (a, t) = (pro_side::account(), pro_side::token());
    let to = Disclosed::new(pro_side::whole(), pro_shipping::allowed_fields("CRL1"));
    let days = (date(2026, 10, 24), date(2026, 11, 24));
    let reasons = [Reason::OrderCancelled, Reason::PackedInError, Reason::Repacked];
    vec![
        Kind("pro_shipping/token::build_login", vec![pro_shipping::token::build_login(&a)]),
        Kind(
            "pro_shipping/label::build_create",
            vec![pro_label::build_create(&a, &t, &pro_side::shipment(), &to)],
        ),
        Kind("pro_shipping/label::build_label", vec![pro_label::build_label(&a, &t, "6aa500ae-b1ca")]),
        Kind("pro_shipping/find::build_page", vec![pro_find::build_page(&a, &t, days, 2)]),
        Kind("pro_shipping/accounts::build_accounts", vec![accounts::build_accounts(&a, &t)]),
        Kind(
            "pro_shipping/cancel::build_cancel",
            reasons.into_iter().map(|why| build_cancel(&a, &t, "6aa500ae-b1ca", why)).collect(),
        ),
    ]
}

fn dpd() -> Vec<Kind> {
    use dpd_side::{Case, account, booked, irish, minimal, token, whole};
    let (a, t, b) = (account(), token(), booked());
    let to = |who| Disclosed::new(who, dpd::allowed_fields("1^12"));
    let printers = {
        use dpd::label::Printer::{Clp, Epl, Html, Zpl};
        [Html, Epl, Clp, Zpl]
    };
    let labels = |printer| dpd::label::build_labels(&a, &t, &b, printer);
    vec![
        Kind("dpd/token::build_login", vec![dpd::token::build_login(&a)]),
        Kind(
            "dpd/services::build_offers",
            vec![
                dpd::services::build_offers(&a, &t, &to(whole()), &[600]),
                dpd::services::build_offers(&a, &t, &to(irish()), &[600, 700]),
            ],
        ),
        Kind(
            "dpd/label::build_create",
            vec![Case::of(whole()).request(), Case::of(minimal()).request(), Case::ireland().request()],
        ),
        Kind("dpd/label::build_labels", printers.into_iter().map(labels).collect()),
        Kind("dpd/label::build_find", vec![dpd::label::build_find(&a, &t, "WB-1", &to(whole()))]),
        Kind("dpd/track::build_tracking", vec![dpd::track::build_tracking(&a, &t, &b)]),
    ]
}

/// Fails unless every request of these kinds is what the specification says.
fn hold(system: System, kinds: &[Kind]) {
    let contracts = Contracts::or_skip();
    for Kind(name, requests) in kinds {
        assert!(!requests.is_empty(), "{name}");
        for (n, request) in requests.iter().enumerate() {
            let request = request.as_ref().unwrap_or_else(|why| panic!("{name} {n}: {why}"));
            match contracts.map(|all| all.judge(system, &asked(request))) {
                None | Some(Verdict::Valid { .. }) => {}
                Some(Verdict::Unspecified { why }) => println!("skipped: {name}: {why}"),
                Some(Verdict::Invalid { operation, wrongs }) => {
                    panic!("{name} {n}, {operation}: {wrongs:#?}")
                }
            }
        }
    }
}

fn asked(request: &Request<Vec<u8>>) -> Asked<'_> {
    Asked::below("", request).unwrap()
}

#[test]
fn every_kind_of_request_is_what_the_carrier_s_specification_says() {
    hold(System::ClickAndDrop, &click_and_drop());
    hold(System::ClickAndDrop, &returns());
    hold(System::Tracking, &tracking());
    hold(System::ProShipping, &pro());
    hold(System::Dpd, &dpd());
}

#[test]
fn a_request_that_is_not_so_is_told_apart() {
    let Some(contracts) = Contracts::or_skip() else { return };
    let wrongs = |request: &Request<Vec<u8>>| match contracts.judge(System::ClickAndDrop, &asked(request)) {
        Verdict::Invalid { wrongs, .. } => wrongs,
        _ => Vec::new(),
    };
    let Kind(_, requests) = click_and_drop().remove(0);
    let good = requests.into_iter().next().unwrap().unwrap();
    assert_eq!(wrongs(&good), Vec::<String>::new());
    let mut body: serde_json::Value = serde_json::from_slice(good.body()).unwrap();
    let mut with = |name: &str, value: serde_json::Value| {
        body["items"][0]["recipient"][name] = value;
        wrongs(&good.clone().map(|_| body.to_string().into_bytes()))
    };
    let odd = with("nickname", "Zara".into());
    assert!(odd.len() == 1 && odd[0].contains("nickname") && !odd[0].contains("Zara"), "{odd:?}");
    assert_eq!(with("emailAddress", 7.into()).len(), 2);
    let at = |path: &str| {
        let request = Request::get(format!("https://api.parcel.royalmail.com{path}")).body(Vec::new());
        wrongs(&request.unwrap())
    };
    assert_eq!(at("/api/v1/orders/1/label?documentType=CN22"), Vec::<String>::new());
    assert_eq!(at("/api/v1/orders/1/label?documentType=tea").len(), 1);
    assert_eq!(at("/api/v1/orders/1/label"), ["query documentType: is required"]);
    assert_eq!(at("/api/v1/orders/1/stamp").len(), 1);
}

fn sources(folder: &Path, at: &str, all: &mut BTreeSet<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() {
            sources(&path, &format!("{at}{name}/"), all);
            continue;
        }
        let text = std::fs::read_to_string(&path).unwrap();
        let names = text.split("pub fn build_").skip(1).filter_map(|rest| rest.split(['(', '<']).next());
        all.extend(names.map(|one| format!("{at}{name}::build_{one}")));
    }
}

#[test]
fn no_kind_is_left_out() {
    let mut built = BTreeSet::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), "", &mut built);
    let lists = [click_and_drop(), returns(), tracking(), pro(), dpd()];
    let listed: BTreeSet<String> = lists.iter().flatten().map(|Kind(name, _)| (*name).to_owned()).collect();
    assert_eq!(built, listed);
}
