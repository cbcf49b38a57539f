//! Telling stock: both numbers, and a reply that says 207 is read line by line.

use crate::fixture::{reply, seller, stamp};
use crate::writeback::send;
use http::{Method, Request};
use serde_json::{Value, json};
use waybill_channels::ebay::stock::Talk;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::stock::{Broke, Level, Next, Outcome};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

pub fn level() -> Level {
    Level { sku: "TSHIRT-M".to_owned(), sellable: 7, physical: 9, place: None, key: "k".to_owned() }
}

pub fn offers() -> Value {
    json!({"total": 2, "size": 2, "offers": [
        {"offerId": "36445435465", "sku": "TSHIRT-M", "status": "PUBLISHED", "format": "FIXED_PRICE",
         "availableQuantity": 3},
        {"offerId": "1", "sku": "TSHIRT-M", "status": "UNPUBLISHED", "format": "FIXED_PRICE"},
        {"offerId": "2", "sku": "TSHIRT-M", "status": "PUBLISHED", "format": "AUCTION"}
    ]})
}

/// Asks for the offers, is shown these, and tells.
pub fn told(offers: &Value) -> (Talk, Request<Vec<u8>>) {
    let mut talk = Talk::new(&seller(), level());
    send(talk.next(None, &stamp()));
    let request = send(talk.next(Some(&reply(200, offers)), &stamp()));
    (talk, request)
}

fn answered(status: u16, body: &Value) -> Result<Outcome, Broke> {
    let (mut talk, _) = told(&offers());
    match talk.next(Some(&reply(status, body)), &stamp())? {
        Next::Over(outcome) => Ok(outcome),
        Next::Send(_) => panic!("a third call"),
    }
}

#[test]
fn both_numbers_are_what_may_be_sold() {
    let (_, request) = told(&offers());
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri().path(), "/sell/inventory/v1/bulk_update_price_quantity");
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert_eq!(
        body,
        json!({"requests": [{
            "sku": "TSHIRT-M",
            "shipToLocationAvailability": {"quantity": 7},
            // Not the unpublished one, which would be refused, nor the auction.
            "offers": [{"offerId": "36445435465", "availableQuantity": 7}]
        }]})
    );
    let (_, request) = told(&json!({"total": 1, "offers": [{"offerId": "1", "status": "UNPUBLISHED"}]}));
    let body: Value = serde_json::from_slice(request.body()).unwrap();
    assert!(body["requests"][0]["offers"].is_null());
}

#[test]
fn a_sku_is_encoded_and_checked() {
    let ask = |sku: &str| Talk::new(&seller(), Level { sku: sku.to_owned(), ..level() }).next(None, &stamp());
    let request = send(ask("A&B /1"));
    assert_eq!(request.uri().query(), Some("sku=A%26B%20%2F1"));
    for bad in ["", "  ", &"x".repeat(51)] {
        assert_eq!(ask(bad).err(), Some(Broke::Build(CannotBuild::WriteBack { field: "sku" })));
    }
}

#[test]
fn a_listing_made_elsewhere_cannot_be_told() {
    let shown = |status: u16, body: Value| {
        let mut talk = Talk::new(&seller(), level());
        send(talk.next(None, &stamp()));
        talk.next(Some(&reply(status, &body)), &stamp())
    };
    let code = |next: Result<Next, Broke>| match next {
        Ok(Next::Over(Outcome::NotPossible(code))) => code,
        _ => panic!("it goes on"),
    };
    assert_eq!(code(shown(404, json!({}))), "not_an_inventory_api_listing");
    let unknown = json!({"errors": [{"errorId": 25713}]});
    assert_eq!(code(shown(404, unknown)), "not_an_inventory_api_listing");
    assert_eq!(code(shown(200, json!({"total": 0}))), "no_offer");
    assert_eq!(shown(200, json!({})).err(), Some(Broke::Read(CannotRead::Reply)));
    let more = json!({"total": 9, "offers": [{"offerId": "1"}]});
    assert_eq!(shown(200, more).err(), Some(Broke::Read(CannotRead::TooMany { field: "offers" })));
}

#[test]
fn two_hundred_and_seven_is_no_success() {
    let entry = |offer: &str, status: u16, id: u32| json!({"sku": "TSHIRT-M", "offerId": offer, "statusCode": status, "errors": [{"errorId": id}]});
    let all = |entries: Vec<Value>| json!({"responses": entries});
    let ours = "36445435465";
    for status in [200, 207] {
        let good = json!({"sku": "TSHIRT-M", "offerId": ours, "statusCode": 200, "warnings": []});
        assert_eq!(answered(status, &all(vec![good.clone()])), Ok(Outcome::Applied));
        let refused = answered(status, &all(vec![good, entry("2", 400, 25002)])).err().unwrap();
        assert_eq!(refused.advice(), Advice::AskPerson(Reason::WriteBackRefused));
        assert!(refused.to_string().contains("25002"));
        let busy = answered(status, &all(vec![entry(ours, 500, 25001)])).err().unwrap();
        assert_eq!(busy.advice(), Advice::Retry);
    }
    let not_read = Err(Broke::Read(CannotRead::Reply));
    assert_eq!(answered(200, &json!({})), not_read);
    assert_eq!(answered(200, &all(vec![])), not_read);
    // Our offer is not among those answered for.
    assert_eq!(answered(200, &all(vec![json!({"sku": "TSHIRT-M", "statusCode": 200})])), not_read);
    let advice = |status, body: Value| answered(status, &body).err().unwrap().advice();
    assert_eq!(
        advice(400, json!({"errors": [{"errorId": 25759}]})),
        Advice::AskPerson(Reason::WriteBackRefused)
    );
    assert_eq!(advice(500, json!({})), Advice::Retry);
}
