//! Telling Amazon the tracking number, and what it shows of parcels.

use crate::contracts::pairs;
use crate::fixture::{ID, refusal, reply, seller, stamp};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use waybill_channels::Operation;
use waybill_channels::amazon::packages::{State, read_shown};
use waybill_channels::amazon::writeback::{Talk, operation};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

pub fn sent() -> Sent {
    Sent {
        channel_id: ID.to_owned(),
        lines: vec![("20276543210987".to_owned(), 2), ("9876543210".to_owned(), 1)],
        order_lines: 2,
        completes: true,
        parcel: 3,
        carrier: Carrier::RoyalMail,
        tracking: "TT000000009GB".to_owned(),
        at: "2026-11-22T16:30:15.5Z".parse().unwrap(),
        source: None,
    }
}

fn package(reference: &str, tracking: &str, status: &str) -> Value {
    json!({"packageReferenceId": reference, "trackingNumber": tracking, "packageStatus": {"status": status}})
}

fn shown(packages: Value) -> Response<Vec<u8>> {
    reply(
        200,
        json!({"order": {"orderId": ID, "lastUpdatedTime": "2026-11-23T08:00:00Z", "packages": packages}}),
    )
}

fn send(next: Result<Next, Broke>) -> Request<Vec<u8>> {
    match next.unwrap() {
        Next::Send(request) => *request,
        Next::Over(outcome) => panic!("{outcome:?}"),
    }
}

fn over(next: Result<Next, Broke>) -> Outcome {
    match next.unwrap() {
        Next::Over(outcome) => outcome,
        Next::Send(request) => panic!("{}", request.uri()),
    }
}

/// What comes of what Amazon shows first: an end, or the request that tells.
fn first(sent: Sent, look: &Response<Vec<u8>>) -> Result<Next, Broke> {
    let mut talk = Talk::new(&seller(), sent);
    send(talk.next(None, &stamp()));
    talk.next(Some(look), &stamp())
}

#[test]
fn a_talk_reads_tells_and_reads_again() {
    let mut talk = Talk::new(&seller(), sent());
    let look = send(talk.next(None, &stamp()));
    assert_eq!((look.method(), operation(&look)), (&Method::GET, Operation::Read));
    assert_eq!(pairs(look.uri()), [("includedData".to_owned(), "PACKAGES".to_owned())]);
    let tell = send(talk.next(Some(&shown(Value::Null)), &stamp()));
    assert_eq!((tell.method(), operation(&tell)), (&Method::POST, Operation::WriteBack));
    assert_eq!(tell.uri().path(), format!("/orders/v0/orders/{ID}/shipmentConfirmation"));
    let body: Value = serde_json::from_slice(tell.body()).unwrap();
    let expected = json!({"marketplaceId": "A1F83G8C2ARO7P", "packageDetail": {
        "packageReferenceId": "3", "carrierCode": "Royal Mail", "carrierName": "Royal Mail",
        "trackingNumber": "TT000000009GB", "shipDate": "2026-11-22T16:30:15Z",
        "orderItems": [
            {"orderItemId": "20276543210987", "quantity": 2},
            {"orderItemId": "9876543210", "quantity": 1}
        ]
    }});
    assert_eq!(body, expected);
    let again = send(talk.next(Some(&reply(204, "")), &stamp()));
    assert_eq!(again.uri(), look.uri());
    assert_eq!(
        over(talk.next(Some(&shown(json!([package("3", "TT000000009GB", "SHIPPED")]))), &stamp())),
        Outcome::Applied
    );
}

#[test]
fn what_was_taken_and_is_not_shown_yet_is_pending() {
    for look in [shown(json!([])), refusal(429, "QuotaExceeded"), reply(500, "<html>")] {
        let mut talk = Talk::new(&seller(), sent());
        send(talk.next(None, &stamp()));
        send(talk.next(Some(&shown(json!([]))), &stamp()));
        send(talk.next(Some(&reply(204, "")), &stamp()));
        assert_eq!(over(talk.next(Some(&look), &stamp())), Outcome::Pending);
    }
}

#[test]
fn a_lost_reply_is_met_by_reading_first() {
    let mut talk = Talk::new(&seller(), sent());
    send(talk.next(None, &stamp()));
    send(talk.next(Some(&shown(json!([]))), &stamp()));
    // The answer never came. Whether anew or not, it looks before it tells.
    let look = send(talk.next(None, &stamp()));
    assert_eq!(look.method(), Method::GET);
    let there = shown(json!([package("3", " tt000000009gb", "PENDING")]));
    assert_eq!(over(talk.next(Some(&there), &stamp())), Outcome::Applied);
    assert_eq!(over(first(sent(), &there)), Outcome::Applied);
    // Not shown: the same number is told again, which edits the same parcel.
    let body = |look| send(first(sent(), &look)).into_body();
    assert_eq!(body(shown(json!([]))), body(shown(json!([package("1", "TT000000001GB", "SHIPPED")]))));
}

#[test]
fn somebody_else_s_parcel_is_not_overwritten() {
    let taken = |status: &str| first(sent(), &shown(json!([package("3", "OTHER1", status)])));
    assert_eq!(over(taken("SHIPPED")), Outcome::NotPossible("reference_taken"));
    assert_eq!(over(taken("SOMETHING_NEW")), Outcome::NotPossible("reference_taken"));
    send(taken("CANCELLED"));
    let cancelled = shown(json!([package("3", "TT000000009GB", "CANCELLED")]));
    send(first(sent(), &cancelled));
    // By hand under another number: it is told already.
    let by_hand = shown(json!([package("UK-1", "TT000000009GB", "IN_TRANSIT")]));
    assert_eq!(over(first(sent(), &by_hand)), Outcome::Applied);
}

#[test]
fn programmes_that_cannot_be_told_say_so() {
    let of = |program: &str| {
        let order =
            json!({"orderId": ID, "lastUpdatedTime": "2026-11-23T08:00:00Z", "programs": [program, null]});
        first(sent(), &reply(200, json!({"order": order})))
    };
    assert_eq!(over(of("FBM_SHIP_PLUS")), Outcome::NotPossible("fbm_ship_plus"));
    assert_eq!(over(of("IN_STORE_PICK_UP")), Outcome::NotPossible("in_store_pick_up"));
    send(of("PRIME"));
}

#[test]
fn carriers_are_named_as_amazon_spells_them() {
    let spelled = Carrier::ALL.map(|carrier| {
        let request = send(first(Sent { carrier, ..sent() }, &shown(json!([]))));
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        let of = |name: &str| body["packageDetail"][name].as_str().unwrap().to_owned();
        (of("carrierCode"), of("carrierName"))
    });
    let pair = |code: &str, name: &str| (code.to_owned(), name.to_owned());
    let expected = [
        pair("Royal Mail", "Royal Mail"),
        pair("Parcelforce", "Parcelforce"),
        pair("DPD", "DPD"),
        pair("Other", "DPD Local"),
    ];
    assert_eq!(spelled, expected);
}

#[test]
fn nothing_is_never_told() {
    let lacks = |sent: Sent| match Talk::new(&seller(), sent).next(None, &stamp()) {
        Err(Broke::Build(CannotBuild::WriteBack { field })) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(lacks(Sent { tracking: "  ".into(), ..sent() }), "tracking");
    assert_eq!(lacks(Sent { lines: vec![], ..sent() }), "lines");
    assert_eq!(lacks(Sent { lines: vec![("1".into(), 0)], ..sent() }), "lines");
    assert_eq!(lacks(Sent { parcel: 0, ..sent() }), "parcel");
    let bad = Talk::new(&seller(), Sent { channel_id: "a/b".into(), ..sent() }).next(None, &stamp());
    assert!(matches!(bad, Err(Broke::Build(CannotBuild::ChannelId))));
    let twice = Sent { lines: vec![("7".into(), 1), ("7".into(), 2), ("8".into(), 0)], ..sent() };
    let request = send(first(twice, &shown(json!([]))));
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["packageDetail"]["orderItems"], json!([{"orderItemId": "7", "quantity": 3}]));
}

#[test]
fn a_refusal_is_for_a_person_and_a_full_bucket_is_not() {
    let told = |answer: &Response<Vec<u8>>| {
        let mut talk = Talk::new(&seller(), sent());
        send(talk.next(None, &stamp()));
        send(talk.next(Some(&shown(json!([]))), &stamp()));
        talk.next(Some(answer), &stamp()).unwrap_err()
    };
    let refused = CannotRead::Refused { code: "InvalidInput".into(), reason: Reason::WriteBackRefused };
    assert_eq!(told(&refusal(400, "Invalid Input")), Broke::Read(refused));
    assert_eq!(told(&refusal(404, "NotFound")).advice(), Advice::AskPerson(Reason::WriteBackRefused));
    assert_eq!(told(&refusal(429, "QuotaExceeded")).advice(), Advice::Wait { seconds: 1 });
    assert_eq!(told(&refusal(503, "ServiceUnavailable")).advice(), Advice::Retry);
    assert_eq!(told(&refusal(403, "Unauthorized")).advice(), Advice::AskPerson(Reason::ConnectionRefused));
}

#[test]
fn amazons_words_for_where_a_parcel_is_are_known() {
    let states = ["PENDING", "IN_TRANSIT", "SHIPPED", "DELIVERED", "CANCELLED", "UNDELIVERABLE", "NEW"];
    let packages: Vec<Value> = states.iter().map(|s| package("1", s, s)).collect();
    let shown = read_shown(&shown(json!(packages))).unwrap();
    let read: Vec<_> = shown.packages.iter().map(|package| package.state).collect();
    use State::{Cancelled, Delivered, InTransit, Pending, Shipped, Undeliverable, Unknown};
    assert_eq!(read, [Pending, InTransit, Shipped, Delivered, Cancelled, Undeliverable, Unknown]);
}
