//! Telling Amazon how much may be sold.

use crate::contracts::decoded;
use crate::fixture::{refusal, reply, seller, stamp};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use waybill_channels::amazon::stock::Talk;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::stock::{Broke, Level, Next, Outcome};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

pub fn level(sku: &str) -> Level {
    Level { sku: sku.to_owned(), sellable: 7, physical: 9, place: None, key: "k".to_owned() }
}

pub fn request(sku: &str) -> Result<Request<Vec<u8>>, Broke> {
    match Talk::new(&seller(), level(sku)).next(None, &stamp())? {
        Next::Send(request) => Ok(*request),
        Next::Over(outcome) => panic!("{outcome:?}"),
    }
}

fn told(reply: &Response<Vec<u8>>) -> Result<Outcome, Broke> {
    match Talk::new(&seller(), level("A")).next(Some(reply), &stamp())? {
        Next::Over(outcome) => Ok(outcome),
        Next::Send(request) => panic!("{}", request.uri()),
    }
}

fn submission(status: &str, issues: &Value) -> Response<Vec<u8>> {
    reply(200, json!({"sku": "A", "status": status, "submissionId": "1", "issues": issues}))
}

#[test]
fn the_number_is_merged_and_nothing_else_touched() {
    let request = request("SKU/1 red").unwrap();
    assert_eq!(request.method(), Method::PATCH);
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(body["patches"][0]["op"], "merge");
    // What may be sold, not what stands there.
    assert_eq!(body["patches"][0]["value"][0]["quantity"], 7);
    let Some(sample) = crate::contracts::file("samples/patchListingsItem.quantity.json") else { return };
    assert_eq!(body, sample["body"]);
    assert_eq!(request.uri().path_and_query().unwrap().as_str(), sample["path"].as_str().unwrap());
    assert_eq!(told(&reply(200, &sample["response"]["body"])), Ok(Outcome::Pending));
}

#[test]
fn every_sku_is_one_part_of_the_address() {
    for sku in ["A/B", "A B", "A#B", "A?B", "A%2FB", "A&B=C", "Ä", "a..b", "+"] {
        let request = request(sku).unwrap();
        let last = request.uri().path().rsplit('/').next().unwrap().to_owned();
        assert_eq!(decoded(&last), sku);
        assert_eq!(request.uri().query(), Some("marketplaceIds=A1F83G8C2ARO7P"));
    }
    for sku in ["", "  ", ".", ".."] {
        let refused = request(sku).unwrap_err();
        assert_eq!(refused, Broke::Build(CannotBuild::WriteBack { field: "sku" }));
    }
}

#[test]
fn accepted_is_pending_and_an_error_is_a_refusal() {
    let issue = |severity: &str, code: &str| json!([{"code": code, "message": "Zoë", "severity": severity, "categories": []}]);
    assert_eq!(told(&submission("ACCEPTED", &json!([]))), Ok(Outcome::Pending));
    assert_eq!(told(&submission("ACCEPTED", &Value::Null)), Ok(Outcome::Pending));
    assert_eq!(told(&submission("ACCEPTED", &issue("WARNING", "8541"))), Ok(Outcome::Pending));
    assert_eq!(told(&submission("SOMETHING_NEW", &json!([]))), Ok(Outcome::Pending));
    let refused = |code: &str| {
        Err(Broke::Read(CannotRead::Refused { code: code.to_owned(), reason: Reason::WriteBackRefused }))
    };
    assert_eq!(told(&submission("ACCEPTED", &issue("ERROR", "90220"))), refused("90220"));
    assert_eq!(told(&submission("INVALID", &issue("WARNING", "4000001"))), refused("4000001"));
    assert_eq!(told(&submission("INVALID", &json!([]))), refused("INVALID"));
    assert_eq!(told(&submission("INVALID", &issue("ERROR", "Zoë Fern says no"))), refused("unspecified"));
}

#[test]
fn refusals_say_what_to_do() {
    assert_eq!(told(&refusal(404, "NOT_FOUND")), Ok(Outcome::NotPossible("no_such_listing")));
    let advice = |reply: &Response<Vec<u8>>| told(reply).unwrap_err().advice();
    assert_eq!(advice(&refusal(429, "QuotaExceeded")), Advice::Wait { seconds: 1 });
    assert_eq!(advice(&refusal(403, "Unauthorized")), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(advice(&refusal(400, "InvalidInput")), Advice::AskPerson(Reason::WriteBackRefused));
    assert_eq!(advice(&reply(404, "<html>")), Advice::Retry);
    assert_eq!(advice(&reply(200, "<html>")), Advice::Retry);
    assert_eq!(advice(&reply(200, "{}")), Advice::Retry);
}
