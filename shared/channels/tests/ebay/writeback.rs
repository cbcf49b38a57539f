//! Telling tracking: looked for before it is written, and never twice.

use crate::fixture::{ORDER, reply, seller, stamp};
use http::{Method, Request};
use serde_json::{Value, json};
use waybill_channels::ebay::writeback::Talk;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

pub fn sent() -> Sent {
    Sent {
        channel_id: ORDER.to_owned(),
        lines: vec![("10012345678901".to_owned(), 2)],
        order_lines: 1,
        completes: true,
        parcel: 1,
        carrier: Carrier::RoyalMail,
        tracking: "AB 1234-56789 gb".to_owned(),
        at: "2026-11-20T10:00:00Z".parse().unwrap(),
        source: None,
    }
}

pub fn send(next: Result<Next, Broke>) -> Request<Vec<u8>> {
    match next.unwrap() {
        Next::Send(request) => *request,
        Next::Over(outcome) => panic!("over: {outcome:?}"),
    }
}

fn body(request: &Request<Vec<u8>>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

fn shown(numbers: &[&str]) -> Value {
    let one = |n: &&str| json!({"fulfillmentId": n, "shipmentTrackingNumber": n, "lineItems": []});
    json!({"total": numbers.len(), "fulfillments": numbers.iter().map(one).collect::<Vec<_>>()})
}

/// Looks, finds these numbers, and tells.
pub fn told(sent: Sent, there: &[&str]) -> Request<Vec<u8>> {
    let mut talk = Talk::new(&seller(), sent);
    let look = send(talk.next(None, &stamp()));
    assert_eq!(look.method(), Method::GET);
    assert_eq!(look.uri().path(), format!("/sell/fulfillment/v1/order/{ORDER}/shipping_fulfillment"));
    send(talk.next(Some(&reply(200, &shown(there))), &stamp()))
}

fn answered(status: u16, body: &Value) -> Result<Outcome, Broke> {
    let mut talk = Talk::new(&seller(), sent());
    send(talk.next(None, &stamp()));
    send(talk.next(Some(&reply(200, &shown(&[]))), &stamp()));
    match talk.next(Some(&reply(status, body)), &stamp())? {
        Next::Over(outcome) => Ok(outcome),
        Next::Send(_) => panic!("a third call"),
    }
}

#[test]
fn a_parcel_is_told_with_plain_number_and_named_lines() {
    let request = told(sent(), &["999", "ZZ000000001GB"]);
    assert_eq!(request.method(), Method::POST);
    assert_eq!(
        body(&request),
        json!({
            "lineItems": [{"lineItemId": "10012345678901", "quantity": 2}],
            "shippedDate": "2026-11-20T10:00:00.000Z",
            "shippingCarrierCode": "RoyalMail",
            "trackingNumber": "AB123456789GB"
        })
    );
    let code = |carrier| body(&told(Sent { carrier, ..sent() }, &[]))["shippingCarrierCode"].clone();
    assert_eq!(code(Carrier::Parcelforce), "Parcelforce");
    assert_eq!((code(Carrier::Dpd), code(Carrier::DpdLocal)), (json!("DPD"), json!("DPD")));
    // Lines once each, and never in the future.
    let lines = vec![("7".to_owned(), 1), ("8".to_owned(), 0), ("7".to_owned(), 2)];
    let at = "2026-11-23T10:00:00Z".parse().unwrap();
    let request = told(Sent { lines, at, ..sent() }, &[]);
    assert_eq!(body(&request)["lineItems"], json!([{"lineItemId": "7", "quantity": 3}]));
    assert_eq!(body(&request)["shippedDate"], "2026-11-23T09:00:00.000Z");
}

#[test]
fn a_number_that_is_there_is_not_told_again() {
    let looked = |body: &Value| {
        let mut talk = Talk::new(&seller(), sent());
        send(talk.next(None, &stamp()));
        talk.next(Some(&reply(200, body)), &stamp())
    };
    let over = |body: &Value| matches!(looked(body), Ok(Next::Over(Outcome::Applied)));
    assert!(over(&shown(&["ZZ1", "AB123456789GB"])));
    assert!(over(&shown(&["ab 123456789 gb"])));
    assert!(over(&json!({"total": 1, "fulfillments": [{"fulfillmentId": "AB123456789GB"}]})));
    assert!(!over(&json!({"total": 0})));
    // What is not shown may be ours.
    let part = json!({"total": 2, "fulfillments": [{"fulfillmentId": "ZZ1"}]});
    assert!(matches!(looked(&part), Err(Broke::Read(CannotRead::Refused { .. }))));
    assert_eq!(looked(&json!({})).err(), Some(Broke::Read(CannotRead::Reply)));
    let mut talk = Talk::new(&seller(), sent());
    send(talk.next(None, &stamp()));
    let unknown = talk.next(Some(&reply(404, &json!({}))), &stamp()).err().unwrap();
    assert_eq!(unknown.advice(), Advice::AskPerson(Reason::WriteBackRefused));
    // Over is over.
    assert!(talk.next(Some(&reply(200, &shown(&[]))), &stamp()).is_err());
}

#[test]
fn only_created_is_success() {
    let error = |id: u32| json!({"errors": [{"errorId": id, "message": "Zoë"}]});
    assert_eq!(answered(201, &Value::Null), Ok(Outcome::Applied));
    assert_eq!(answered(200, &json!({})), Err(Broke::Read(CannotRead::Reply)));
    assert_eq!(answered(204, &json!({})), Err(Broke::Read(CannotRead::Reply)));
    assert_eq!(answered(400, &error(34100)), Ok(Outcome::NotPossible("too_many_tracking_numbers")));
    assert_eq!(answered(400, &error(34300)), Ok(Outcome::NotPossible("several_international_lines")));
    let advice = |status, body| answered(status, &body).err().unwrap().advice();
    for id in [32100, 32200, 32210, 32300, 32500, 32600, 34500] {
        assert_eq!(advice(400, error(id)), Advice::AskPerson(Reason::WriteBackRefused), "{id}");
    }
    assert_eq!(advice(409, json!({})), Advice::Retry);
    assert_eq!(advice(500, error(30500)), Advice::Retry);
    assert_eq!(advice(401, error(1001)), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(advice(429, json!({})), Advice::Wait { seconds: 60 });
    assert!(!format!("{:?}", answered(400, &error(32300))).contains("Zoë"));
}

#[test]
fn what_cannot_be_told_is_not_asked_about() {
    let bad = |sent: Sent| Talk::new(&seller(), sent).next(None, &stamp()).err();
    let field = |field| Some(Broke::Build(CannotBuild::WriteBack { field }));
    assert_eq!(bad(Sent { tracking: " - ".to_owned(), ..sent() }), field("tracking"));
    assert_eq!(bad(Sent { lines: vec![], ..sent() }), field("lines"));
    assert_eq!(bad(Sent { lines: vec![("7".to_owned(), 0)], ..sent() }), field("lines"));
    assert_eq!(bad(Sent { lines: vec![("a b".to_owned(), 1)], ..sent() }), field("lines"));
    let id = Sent { channel_id: "1/2".to_owned(), ..sent() };
    assert_eq!(bad(id), Some(Broke::Build(CannotBuild::ChannelId)));
}
