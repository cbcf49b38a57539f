//! Telling stock.

use crate::contracts;
use crate::fixture::{body, raw, refusal, reply, shop, stamp};
use serde_json::json;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::magento::stock::Talk;
use waybill_channels::stock::{Broke, Level, Next, Outcome};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;

fn level(physical: u32) -> Level {
    Level { sku: "24-WB01".to_owned(), sellable: 2, physical, place: None, key: "k".to_owned() }
}

fn asked(level: Level) -> http::Request<Vec<u8>> {
    match Talk::new(&shop(), level).next(None, &stamp()).unwrap() {
        Next::Send(request) => *request,
        Next::Over(_) => panic!("nothing asked"),
    }
}

fn ended(reply: &http::Response<Vec<u8>>) -> Result<Outcome, Broke> {
    let mut talk = Talk::new(&shop(), level(7));
    talk.next(None, &stamp()).unwrap();
    match talk.next(Some(reply), &stamp())? {
        Next::Over(outcome) => Ok(outcome),
        Next::Send(_) => panic!("asks again"),
    }
}

#[test]
fn what_stands_on_the_shelves_is_told_as_the_contract_shows() {
    let request = asked(level(7));
    assert_eq!(request.uri().path(), "/rest/default/V1/inventory/source-items");
    // Open orders are not taken off: 7, not the 2 that may be sold.
    let item = json!({"sku": "24-WB01", "source_code": "default", "quantity": 7, "status": 1});
    assert_eq!(body(&request), json!({"sourceItems": [item]}));
    let Some(samples) = contracts::file("samples/requests.json") else { return };
    let sample = samples["requests"].as_array().unwrap().iter().find(|r| r["name"] == "stock").unwrap();
    assert_eq!(body(&request), sample["body"]);
}

#[test]
fn a_place_is_a_source_and_nothing_there_is_out_of_stock() {
    let request = asked(Level { place: Some("east".to_owned()), ..level(0) });
    let item = &body(&request)["sourceItems"][0];
    assert_eq!(
        (&item["source_code"], &item["quantity"], &item["status"]),
        (&json!("east"), &json!(0), &json!(0))
    );
    let odd = Level { sku: "A/B \"C\"".to_owned(), ..level(1) };
    assert_eq!(body(&asked(odd))["sourceItems"][0]["sku"], "A/B \"C\"");
    let none = Talk::new(&shop(), Level { sku: String::new(), ..level(1) }).next(None, &stamp());
    assert_eq!(none.err(), Some(CannotBuild::WriteBack { field: "sku" }.into()));
}

#[test]
fn how_it_ends() {
    assert_eq!(ended(&reply(200, &json!([]))), Ok(Outcome::Applied));
    assert_eq!(ended(&raw(200, b"")), Ok(Outcome::Applied));
    assert_eq!(ended(&raw(200, b"<html>")), Err(CannotRead::Reply.into()));
    assert_eq!(ended(&refusal(404, "Request does not match any route.")), Ok(Outcome::Unsupported));
    let refused = refusal(400, "Could not save Source Item");
    assert_eq!(ended(&refused), Ok(Outcome::NotPossible("source_item_refused")));
    assert_eq!(ended(&refusal(401, "x")).unwrap_err().advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(ended(&raw(502, b"<html>")).unwrap_err().advice(), Advice::Retry);
    assert_eq!(ended(&raw(404, b"<html>")).unwrap_err().advice(), Advice::Retry);
}
