//! Telling the shop the tracking number.

use crate::contracts;
use crate::feed::{body, shop};
use http::StatusCode;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::shopify::writeback::{
    FulfillmentOrder, FulfillmentOrderLine, FulfilmentLines, Plan, Remote, build_create,
    build_read_fulfilment, plan, read_create, read_fulfilment,
};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

fn reply() -> Value {
    let line = |id: u32, left: i64, line: u32| {
        json!({"id": format!("gid://shopify/FulfillmentOrderLineItem/{id}"), "remainingQuantity": left,
            "lineItem": {"id": format!("gid://shopify/LineItem/{line}")}})
    };
    let order = |id: u32, status: &str, lines: Vec<Value>| {
        json!({"id": format!("gid://shopify/FulfillmentOrder/{id}"), "status": status,
            "assignedLocation": {"location": {"id": "gid://shopify/Location/1"}},
            "lineItems": {"nodes": lines, "pageInfo": {"hasNextPage": false}}})
    };
    json!({"data": {"order": {
        "fulfillmentOrders": {"pageInfo": {"hasNextPage": false}, "nodes": [
            order(1, "CLOSED", vec![line(101, 0, 11)]),
            order(2, "ON_HOLD", vec![line(201, 5, 13)]),
            order(3, "OPEN", vec![line(301, 2, 11), line(302, 1, 12)]),
            order(4, "IN_PROGRESS", vec![line(401, 1, 11)]),
        ]},
        "fulfillments": [
            {"status": "SUCCESS", "trackingInfo": [{"number": "TT000000001GB"}, {"number": null}]},
            {"status": "CANCELLED", "trackingInfo": [{"number": "TT000000002GB"}]},
        ]
    }}})
}

fn remote() -> Remote {
    read_fulfilment(StatusCode::OK, reply().to_string().as_bytes()).unwrap()
}

fn lines(all: &[(&str, u32)]) -> Vec<(String, u32)> {
    all.iter().map(|(l, n)| ((*l).to_owned(), *n)).collect()
}

#[test]
fn what_the_shop_shows_is_read() {
    let remote = remote();
    assert_eq!(remote.tracking_numbers, ["TT000000001GB"]);
    let open = &remote.fulfillment_orders[2];
    assert_eq!((open.id.as_str(), open.status.as_str()), ("gid://shopify/FulfillmentOrder/3", "OPEN"));
    assert_eq!((open.lines[0].channel_line.as_str(), open.lines[0].remaining), ("11", 2));
    let refused = |change: fn(&mut Value)| {
        let mut reply = reply();
        change(&mut reply);
        read_fulfilment(StatusCode::OK, reply.to_string().as_bytes()).err().unwrap().advice()
    };
    let ask = Advice::AskPerson(Reason::WriteBackRefused);
    assert_eq!(refused(|r| r["data"]["order"] = Value::Null), ask);
    assert_eq!(
        refused(|r| r["data"]["order"]["fulfillmentOrders"]["pageInfo"]["hasNextPage"] = json!(true)),
        ask
    );
}

#[test]
fn one_shipment_is_spread_over_open_fulfillment_orders() {
    let Plan::Create(parts) = plan(&remote(), &lines(&[("11", 3)]), "TT000000009GB") else { panic!() };
    let part = |order: u32, line: u32, n: u32| FulfilmentLines {
        fulfillment_order: format!("gid://shopify/FulfillmentOrder/{order}"),
        lines: vec![(format!("gid://shopify/FulfillmentOrderLineItem/{line}"), n)],
    };
    assert_eq!(parts, [part(3, 301, 2), part(4, 401, 1)]);
}

#[test]
fn what_is_told_is_not_told_again_and_what_cannot_be_told_says_why() {
    let remote = remote();
    let told = |wanted: &[(&str, u32)], tracking: &str| plan(&remote, &lines(wanted), tracking);
    assert_eq!(told(&[("11", 1)], " tt000000001gb "), Plan::AlreadyThere);
    assert!(matches!(told(&[("11", 1)], "TT000000002GB"), Plan::Create(_)), "a cancelled one does not count");
    assert_eq!(told(&[("11", 4)], "X"), Plan::NotPossible("not_enough_remaining"));
    assert_eq!(told(&[("13", 1)], "X"), Plan::NotPossible("on_hold"));
    assert_eq!(told(&[("11", 0)], "X"), Plan::NotPossible("nothing_to_send"));
    assert_eq!(told(&[("99", 1)], "X"), Plan::NotPossible("not_enough_remaining"));
}

#[test]
fn one_fulfillment_stays_at_one_location() {
    let mut remote = remote();
    remote.fulfillment_orders[3].location = Some("gid://shopify/Location/2".to_owned());
    assert_eq!(plan(&remote, &lines(&[("11", 3)]), "X"), Plan::NotPossible("several_locations"));
    assert!(matches!(plan(&remote, &lines(&[("11", 2)]), "X"), Plan::Create(p) if p.len() == 1));
}

#[test]
fn the_request_says_exactly_this() {
    let parts = [FulfilmentLines {
        fulfillment_order: "gid://shopify/FulfillmentOrder/1046000818".to_owned(),
        lines: vec![("gid://shopify/FulfillmentOrderLineItem/1058737560".to_owned(), 1)],
    }];
    let request = build_create(&shop(), &parts, Carrier::RoyalMail, "AB123456789GB").unwrap();
    let Some(samples) = contracts::file("samples/graphql-requests.json") else { return };
    let list = samples["requests"].as_array().unwrap();
    let sample = list.iter().find(|r| r["name"] == "ship part of an order").unwrap();
    assert_eq!(body(&request)["variables"], sample["variables"]);
    let subset = contracts::file("admin-graphql-2026-07.subset.json").unwrap();
    let company = &body(&request)["variables"]["f"]["trackingInfo"]["company"];
    assert_eq!(*company, subset["tracking_company_names_for_our_carriers"]["royal_mail"]);
}

#[test]
fn nothing_is_never_told_as_everything() {
    let empty =
        FulfilmentLines { fulfillment_order: "gid://shopify/FulfillmentOrder/1".to_owned(), lines: vec![] };
    for parts in [vec![], vec![empty]] {
        let refused = build_create(&shop(), &parts, Carrier::RoyalMail, "X").err();
        assert_eq!(refused, Some(CannotBuild::WriteBack { field: "lines" }));
    }
    assert_eq!(build_read_fulfilment(&shop(), "x", 3).err(), Some(CannotBuild::ChannelId));
}

#[test]
fn a_refusal_names_the_field_only() {
    let read = |payload: Value| {
        let reply = json!({"data": {"fulfillmentCreate": payload}});
        read_create(StatusCode::OK, reply.to_string().as_bytes())
    };
    assert_eq!(read(json!({"fulfillment": {"id": "gid://shopify/Fulfillment/1"}, "userErrors": []})), Ok(()));
    let refused = json!({"fulfillment": null, "userErrors": [
        {"field": ["fulfillment", "trackingInfo"], "message": "Zoë Fern does not like it"}]});
    let error = read(refused).unwrap_err();
    let expected =
        CannotRead::Refused { code: "fulfillment.trackingInfo".into(), reason: Reason::WriteBackRefused };
    assert_eq!(error, expected);
    assert_eq!(error.advice(), Advice::AskPerson(Reason::WriteBackRefused));
    assert_eq!(read(json!({"fulfillment": null, "userErrors": []})), Err(CannotRead::Reply));
    let no_field = json!({"fulfillment": null, "userErrors": [{"field": null, "message": "no"}]});
    assert!(matches!(read(no_field), Err(CannotRead::Refused { code, .. }) if code == "unspecified"));
}

fn any_remote() -> impl Strategy<Value = Remote> {
    let status =
        prop::sample::select(vec!["OPEN", "IN_PROGRESS", "ON_HOLD", "SCHEDULED", "CLOSED", "NEW_STATUS"]);
    let order = (status, 0u8..3, prop::collection::vec((0u32..5, 0u8..4), 0..5));
    prop::collection::vec(order, 0..6).prop_map(|orders| Remote {
        tracking_numbers: Vec::new(),
        fulfillment_orders: orders
            .into_iter()
            .enumerate()
            .map(|(n, (status, place, lines))| FulfillmentOrder {
                id: format!("fo{n}"),
                status: status.to_owned(),
                location: Some(format!("loc{place}")),
                lines: lines
                    .into_iter()
                    .enumerate()
                    .map(|(m, (remaining, line))| FulfillmentOrderLine {
                        id: format!("fo{n}-{m}"),
                        remaining,
                        channel_line: line.to_string(),
                    })
                    .collect(),
            })
            .collect(),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    /// A plan takes exactly what was sent, never more than remains, only from open work at one location.
    #[test]
    fn a_plan_is_exact(remote in any_remote(), wanted in prop::collection::vec((0u8..4, 0u32..4), 0..5)) {
        let wanted: Vec<(String, u32)> = wanted.into_iter().map(|(l, n)| (l.to_string(), n)).collect();
        let Plan::Create(parts) = plan(&remote, &wanted, "TT1") else { return Ok(()) };
        let mut sent: BTreeMap<String, u32> = BTreeMap::new();
        let mut places = Vec::new();
        for part in &parts {
            let order = remote.fulfillment_orders.iter().find(|o| o.id == part.fulfillment_order).unwrap();
            prop_assert!(order.status == "OPEN" || order.status == "IN_PROGRESS");
            places.push(order.location.clone());
            prop_assert!(!part.lines.is_empty());
            for (id, pieces) in &part.lines {
                let line = order.lines.iter().find(|l| l.id == *id).unwrap();
                prop_assert!(*pieces > 0 && *pieces <= line.remaining);
                *sent.entry(line.channel_line.clone()).or_default() += pieces;
            }
        }
        places.dedup();
        prop_assert_eq!(places.len(), 1);
        let mut all: BTreeMap<String, u32> = BTreeMap::new();
        for (line, n) in wanted.into_iter().filter(|(_, n)| *n > 0) {
            *all.entry(line).or_default() += n;
        }
        prop_assert_eq!(sent, all);
    }
}
