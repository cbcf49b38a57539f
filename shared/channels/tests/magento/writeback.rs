//! Telling the tracking number.

use crate::contracts;
use crate::fixture::{body, query, raw, refusal, reply, shop, stamp};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::magento::writeback::Talk;
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

fn sent(lines: &[(&str, u32)]) -> Sent {
    Sent {
        channel_id: "3".to_owned(),
        lines: lines.iter().map(|(line, pieces)| ((*line).to_owned(), *pieces)).collect(),
        order_lines: lines.len(),
        completes: true,
        parcel: 1,
        carrier: Carrier::RoyalMail,
        tracking: "AB123456789GB".to_owned(),
        at: stamp().now,
        source: Some("default".to_owned()),
    }
}

/// A shop's answers, by what is asked.
struct Answers {
    shipments: Value,
    order: Value,
    products: Response<Vec<u8>>,
    write: Response<Vec<u8>>,
}

fn answers(items: Value) -> Answers {
    Answers {
        shipments: json!({"items": [], "total_count": 0}),
        order: json!({"entity_id": 3, "state": "processing", "items": items}),
        products: reply(200, &json!({"items": []})),
        write: raw(200, b"\"31\""),
    }
}

fn row(id: u64, ordered: u32, shipped: u32) -> Value {
    json!({"item_id": id, "product_type": "simple", "qty_ordered": ordered, "qty_shipped": shipped})
}

/// Talks to the end; the requests and how it ended.
fn talk(sent: Sent, answers: &Answers) -> (Vec<Request<Vec<u8>>>, Result<Outcome, Broke>) {
    let mut talk = Talk::new(&shop(), sent);
    let (mut requests, mut reply_) = (Vec::new(), None);
    for _ in 0..10 {
        match talk.next(reply_.as_ref(), &stamp()) {
            Ok(Next::Send(request)) => {
                let path = request.uri().path().strip_prefix("/rest/default/V1/").unwrap();
                reply_ = Some(match path {
                    "shipments" => reply(200, &answers.shipments),
                    "orders/3" => reply(200, &answers.order),
                    "products" => answers.products.clone(),
                    "order/3/ship" | "shipment/track" => answers.write.clone(),
                    other => panic!("{other}"),
                });
                requests.push(*request);
            }
            Ok(Next::Over(outcome)) => return (requests, Ok(outcome)),
            Err(error) => return (requests, Err(error)),
        }
    }
    panic!("it never ends");
}

fn outcome(sent: Sent, answers: &Answers) -> Outcome {
    talk(sent, answers).1.unwrap()
}

#[test]
fn it_reads_and_then_ships_what_the_contract_shows() {
    let (requests, ended) = talk(sent(&[("3", 1)]), &answers(json!([row(3, 1, 0)])));
    assert_eq!(ended, Ok(Outcome::Applied));
    let paths: Vec<&str> = requests.iter().map(|r| r.uri().path()).collect();
    assert_eq!(
        paths,
        ["/rest/default/V1/shipments", "/rest/default/V1/orders/3", "/rest/default/V1/order/3/ship"]
    );
    assert_eq!(requests[2].method(), Method::POST);
    let asked = query(&requests[0]);
    assert!(
        asked.contains(&("searchCriteria[filter_groups][0][filters][0][field]".into(), "order_id".into()))
    );
    assert!(asked.contains(&("searchCriteria[filter_groups][0][filters][0][value]".into(), "3".into())));
    for request in &requests[..2] {
        let fields = query(request).into_iter().find(|(n, _)| n == "fields").unwrap().1;
        assert!(!["address", "customer", "email", "comment"].iter().any(|p| fields.contains(p)), "{fields}");
    }
    let Some(samples) = contracts::file("samples/requests.json") else { return };
    let sample = samples["requests"].as_array().unwrap().iter().find(|r| r["name"] == "ship").unwrap();
    assert_eq!(body(&requests[2]), sample["body"]);
}

#[test]
fn every_carrier_goes_by_its_name() {
    for carrier in Carrier::ALL {
        let (requests, _) = talk(Sent { carrier, ..sent(&[("3", 1)]) }, &answers(json!([row(3, 1, 0)])));
        let track = &body(&requests[2])["tracks"][0];
        assert_eq!(
            (track["carrier_code"].as_str(), track["title"].as_str()),
            (Some("custom"), Some(carrier.name()))
        );
    }
}

#[test]
fn without_a_source_the_shop_chooses() {
    let (requests, _) = talk(Sent { source: None, ..sent(&[("3", 1)]) }, &answers(json!([row(3, 1, 0)])));
    assert_eq!(body(&requests[2]).get("arguments"), None);
}

fn shipment(id: u64, numbers: &[&str], rows: &[u64]) -> Value {
    let tracks: Vec<Value> = numbers.iter().map(|n| json!({"track_number": n})).collect();
    let items: Vec<Value> = rows.iter().map(|n| json!({"order_item_id": n, "qty": 1})).collect();
    json!({"entity_id": id, "tracks": tracks, "items": items})
}

#[test]
fn a_number_that_stands_there_is_not_told_again() {
    let mut answers = answers(json!([row(3, 2, 1)]));
    answers.shipments = json!({"items": [shipment(30, &["X"], &[3]), shipment(31, &[" ab123456789gb "], &[3])],
        "total_count": 2});
    let (requests, ended) = talk(sent(&[("3", 1)]), &answers);
    assert_eq!((requests.len(), ended), (1, Ok(Outcome::Applied)));
}

#[test]
fn what_cannot_be_read_whole_is_not_written_over() {
    let mut bad = answers(json!([row(3, 1, 0)]));
    bad.shipments = json!({"items": ["x"], "total_count": 1});
    assert_eq!(talk(sent(&[("3", 1)]), &bad).1, Err(CannotRead::Reply.into()));
    bad.shipments = json!({"items": [shipment(1, &[], &[])], "total_count": 250});
    assert_eq!(outcome(sent(&[("3", 1)]), &bad), Outcome::NotPossible("too_many_shipments"));
    bad.shipments = json!({"items": null});
    assert_eq!(talk(sent(&[("3", 1)]), &bad).1, Err(CannotRead::Reply.into()));
}

#[test]
fn a_part_ships_its_part() {
    let items = json!([row(3, 5, 2), row(4, 1, 0)]);
    let (requests, ended) = talk(sent(&[("3", 2), ("4", 0), ("3", 1)]), &answers(items));
    assert_eq!(ended, Ok(Outcome::Applied));
    assert_eq!(body(&requests[2])["items"], json!([{"order_item_id": 3, "qty": 3}]));
}

#[test]
fn more_than_is_left_is_not_cut_down_in_silence() {
    let items =
        json!([{"item_id": 3, "qty_ordered": 5, "qty_canceled": 1, "qty_refunded": 1, "qty_shipped": 1}]);
    assert_eq!(outcome(sent(&[("3", 2)]), &answers(items.clone())), Outcome::Applied);
    assert_eq!(outcome(sent(&[("3", 3)]), &answers(items)), Outcome::NotPossible("not_enough_remaining"));
    assert_eq!(
        outcome(sent(&[("9", 1)]), &answers(json!([row(3, 1, 0)]))),
        Outcome::NotPossible("line_not_found")
    );
}

#[test]
fn goods_shown_as_shipped_by_hand_get_their_number_late() {
    let mut shown = answers(json!([row(3, 1, 1)]));
    assert_eq!(outcome(sent(&[("3", 1)]), &shown), Outcome::NotPossible("nothing_to_send"));
    shown.shipments =
        json!({"items": [shipment(40, &[], &[3]), shipment(41, &["Y"], &[9])], "total_count": 2});
    shown.write = reply(200, &json!({"entity_id": 5}));
    let (requests, ended) = talk(sent(&[("3", 1)]), &shown);
    assert_eq!(ended, Ok(Outcome::Applied));
    assert_eq!(requests[2].uri().path(), "/rest/default/V1/shipment/track");
    let entity = &body(&requests[2])["entity"];
    assert_eq!((&entity["parent_id"], &entity["order_id"]), (&json!(40), &json!(3)));
    assert_eq!(entity["track_number"], "AB123456789GB");
}

#[test]
fn a_configurable_ships_under_its_parents_row() {
    let items = json!([
        {"item_id": 20, "product_type": "configurable", "qty_ordered": 2},
        {"item_id": 21, "product_type": "simple", "parent_item_id": 20, "qty_ordered": 2}
    ]);
    for line in ["20", "21"] {
        let (requests, ended) = talk(sent(&[(line, 2)]), &answers(items.clone()));
        assert_eq!(ended, Ok(Outcome::Applied));
        assert_eq!(body(&requests[2])["items"], json!([{"order_item_id": 20, "qty": 2}]));
    }
}

/// Two bundles of one of 31 and two of 32.
fn bundle(shipped: u32) -> Value {
    json!([
        {"item_id": 30, "product_id": 77, "product_type": "bundle", "qty_ordered": 2, "qty_shipped": shipped},
        {"item_id": 31, "parent_item_id": 30, "qty_ordered": 2},
        {"item_id": 32, "parent_item_id": 30, "qty_ordered": 4}
    ])
}

fn kind(value: &str) -> Response<Vec<u8>> {
    let attributes = json!([{"attribute_code": "category_ids", "value": ["1"]},
        {"attribute_code": "shipment_type", "value": value}]);
    reply(200, &json!({"items": [{"id": 77, "custom_attributes": attributes}]}))
}

#[test]
fn a_bundle_shipped_apart_goes_by_its_parts() {
    let mut apart = answers(bundle(0));
    apart.products = kind("1");
    let (requests, ended) = talk(sent(&[("31", 2), ("32", 4)]), &apart);
    assert_eq!(ended, Ok(Outcome::Applied));
    assert_eq!(requests[2].uri().path(), "/rest/default/V1/products");
    assert_eq!(
        body(&requests[3])["items"],
        json!([{"order_item_id": 31, "qty": 2}, {"order_item_id": 32, "qty": 4}])
    );
}

#[test]
fn a_bundle_shipped_together_goes_by_its_own_row_and_counts_once() {
    let mut together = answers(bundle(0));
    for products in
        [kind("0"), reply(200, &json!({"items": []})), refusal(401, "not authorized"), refusal(403, "x")]
    {
        together.products = products;
        let (requests, ended) = talk(sent(&[("31", 2), ("32", 4)]), &together);
        assert_eq!(ended, Ok(Outcome::Applied));
        assert_eq!(body(&requests[3])["items"], json!([{"order_item_id": 30, "qty": 2}]));
        let (requests, _) = talk(sent(&[("32", 1)]), &together);
        assert_eq!(body(&requests[3])["items"], json!([{"order_item_id": 30, "qty": 1}]));
    }
    together.products = refusal(500, "x");
    assert_eq!(talk(sent(&[("31", 2)]), &together).1.unwrap_err().advice(), Advice::Retry);
}

#[test]
fn the_second_parcel_of_a_bundle_shipped_together_gets_its_number_on_the_same_shipment() {
    let mut second = answers(bundle(2));
    second.products = kind("0");
    second.shipments = json!({"items": [shipment(50, &["FIRST"], &[30, 31, 32])], "total_count": 1});
    second.write = reply(200, &json!({"entity_id": 5}));
    let (requests, ended) = talk(sent(&[("32", 4)]), &second);
    assert_eq!(ended, Ok(Outcome::Applied));
    assert_eq!(body(&requests[3])["entity"]["parent_id"], 50);
}

#[test]
fn what_the_shop_will_not_ship_is_not_asked() {
    let mut held = answers(json!([row(3, 1, 0)]));
    for (state, code) in
        [("holded", "on_hold"), ("canceled", "cancelled"), ("payment_review", "payment_review")]
    {
        held.order["state"] = json!(state);
        let (requests, ended) = talk(sent(&[("3", 1)]), &held);
        assert_eq!((requests.len(), ended), (2, Ok(Outcome::NotPossible(code))));
    }
}

#[test]
fn the_shipments_id_comes_bare_and_anything_else_is_asked_again() {
    let mut answers = answers(json!([row(3, 1, 0)]));
    for good in ["\"31\"", "31"] {
        answers.write = raw(200, good.as_bytes());
        assert_eq!(outcome(sent(&[("3", 1)]), &answers), Outcome::Applied);
    }
    for odd in ["", "null", "false", "\"\"", "[]", "<html>"] {
        answers.write = raw(200, odd.as_bytes());
        assert_eq!(talk(sent(&[("3", 1)]), &answers).1.unwrap_err().advice(), Advice::Retry, "{odd}");
    }
    answers.write = refusal(400, "Shipment Document Validation Error(s):\nZoë");
    let error = talk(sent(&[("3", 1)]), &answers).1.unwrap_err();
    assert_eq!(error.advice(), Advice::AskPerson(Reason::WriteBackRefused));
    assert!(!format!("{error:?}{error}").contains("Zoë"));
}

#[test]
fn nothing_is_not_told() {
    let empty = |sent: Sent| talk(sent, &answers(json!([]))).1.unwrap_err();
    assert_eq!(empty(sent(&[])), CannotBuild::WriteBack { field: "lines" }.into());
    assert_eq!(empty(sent(&[("3", 0)])), CannotBuild::WriteBack { field: "lines" }.into());
    let blank = Sent { tracking: " ".to_owned(), ..sent(&[("3", 1)]) };
    assert_eq!(empty(blank), CannotBuild::WriteBack { field: "tracking" }.into());
    let odd = Sent { channel_id: "#3".to_owned(), ..sent(&[("3", 1)]) };
    assert_eq!(empty(odd), CannotBuild::ChannelId.into());
}

#[test]
fn an_order_the_shop_has_not_is_said() {
    let mut talk = Talk::new(&shop(), sent(&[("3", 1)]));
    talk.next(None, &stamp()).unwrap();
    talk.next(Some(&reply(200, &json!({"items": [], "total_count": 0}))), &stamp()).unwrap();
    let gone = refusal(404, "The entity that was requested doesn't exist. Verify the entity and try again.");
    let ended = talk.next(Some(&gone), &stamp()).unwrap();
    assert!(matches!(ended, Next::Over(Outcome::NotPossible("order_not_found"))));
}
