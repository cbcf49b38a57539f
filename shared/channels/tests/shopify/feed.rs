//! Reading orders from the shop, and how its refusals are understood.

use crate::contracts;
use crate::fixture::{fetch, graph};
use http::{Method, StatusCode};
use serde_json::{Value, json};
use waybill_channels::Stamp;
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::feed::{Found, Reading, Window};
use waybill_channels::shopify::{Shop, feed};
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

pub fn shop() -> Shop {
    Shop { base: "https://example.myshopify.com".to_owned(), token: Secret::new("shpat_EXAMPLE".to_owned()) }
}

pub fn body(request: &http::Request<Vec<u8>>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn a_call_goes_to_the_shop_with_its_token_and_hides_it() {
    let request = feed::build_read_order(&shop(), "820982911946154508").unwrap();
    assert_eq!(request.method(), Method::POST);
    assert_eq!(request.uri(), "https://example.myshopify.com/admin/api/2026-07/graphql.json");
    let token = &request.headers()["x-shopify-access-token"];
    assert_eq!(token, "shpat_EXAMPLE");
    assert!(token.is_sensitive() && !format!("{request:?}").contains("shpat_"));
    assert_eq!(body(&request)["variables"], json!({"id": "gid://shopify/Order/820982911946154508"}));
    let query = body(&request)["query"].as_str().unwrap().to_owned();
    assert_eq!(query.matches('{').count(), query.matches('}').count());
    for unasked in ["billing", "clientIp", "Attributes", "displayAddress", "defaultAddress", "latitude"] {
        assert!(!query.contains(unasked), "{unasked}");
    }
}

#[test]
fn what_cannot_be_sent_is_said() {
    let bad = |base: &str, token: &str, id: &str| {
        let shop = Shop { base: base.to_owned(), token: Secret::new(token.to_owned()) };
        feed::build_read_order(&shop, id).err()
    };
    assert_eq!(bad("https://example.myshopify.com", "t", "#1001"), Some(CannotBuild::ChannelId));
    assert_eq!(bad("https://exa mple", "t", "1"), Some(CannotBuild::Address));
    assert_eq!(bad("https://example.myshopify.com", "t\n", "1"), Some(CannotBuild::Credential));
}

#[test]
fn changed_orders_come_page_by_page() {
    let window = Window {
        from: "2026-11-22T10:00:00.75Z".parse().unwrap(),
        to: "2026-11-22T11:00:00Z".parse().unwrap(),
    };
    let request = feed::build_changed(&shop(), &window, Some("abc")).unwrap();
    let query = "updated_at:>='2026-11-22T10:00:00Z' AND updated_at:<='2026-11-22T11:00:00Z'";
    assert_eq!(body(&request)["variables"], json!({"q": query, "after": "abc"}));
    let page = |more: bool| {
        let reply = json!({"data": {"orders": {
            "nodes": [{"id": "gid://shopify/Order/5"}, {"id": "gid://shopify/Order/6"}],
            "pageInfo": {"hasNextPage": more, "endCursor": "def"}}}});
        feed::read_changed(&ok(&reply)).unwrap()
    };
    let keys: Vec<String> = page(true)
        .found
        .into_iter()
        .map(|found| match found {
            Found::Key(key) => key,
            _ => panic!("a page of Shopify's holds keys only"),
        })
        .collect();
    assert_eq!(keys, ["5", "6"]);
    assert_eq!(page(true).next.as_deref(), Some("def"));
    assert_eq!(page(false).next, None);
    let odd = json!({"data": {"orders": {"nodes": [{"id": "gid://shopify/Thing/5"}], "pageInfo": {}}}});
    assert!(feed::read_changed(&ok(&odd)).is_err());
}

#[test]
fn one_order_is_one_call() {
    let stamp = Stamp { now: "2026-11-22T10:00:00Z".parse().unwrap(), nonce: "0".repeat(32) };
    let mut one = feed::One::new(&shop(), "1001");
    let Reading::Send(request) = one.next(None, &stamp).unwrap() else { panic!() };
    assert_eq!(body(&request)["variables"]["id"], "gid://shopify/Order/1001");
    let Reading::Over(Some(Found::Whole(_))) = one.next(Some(&ok(&graph())), &stamp).unwrap() else {
        panic!()
    };
}

#[test]
fn an_order_is_read_by_one_of_its_fulfillment_orders() {
    let request = feed::build_read_order(&shop(), "FulfillmentOrder/7").unwrap();
    assert_eq!(body(&request)["variables"]["id"], "gid://shopify/FulfillmentOrder/7");
    let order = graph()["data"]["order"].clone();
    let reply = |of: Value| json!({"data": {"fulfillment_order": of}});
    let got = fetch(&reply(json!({ "order": order }))).unwrap().unwrap();
    assert_eq!(got.incoming.channel_ref.id, "820982911946154508");
    assert!(fetch(&reply(Value::Null)).unwrap().is_none());
    for bad in ["FulfillmentOrder/", "FulfillmentOrder/1) {", "FulfillmentOrder/x"] {
        assert_eq!(feed::build_read_order(&shop(), bad).err(), Some(CannotBuild::ChannelId), "{bad}");
    }
}

fn ok(reply: &Value) -> http::Response<Vec<u8>> {
    http::Response::new(reply.to_string().into_bytes())
}

#[test]
fn no_such_order_is_none_but_a_forbidden_one_is_refused() {
    assert!(fetch(&json!({"data": {"order": null}})).unwrap().is_none());
    let denied =
        json!([{"message": "Access denied for order field.", "extensions": {"code": "ACCESS_DENIED"}}]);
    let forbidden = fetch(&json!({"data": {"order": null}, "errors": denied})).err().unwrap();
    assert_eq!(forbidden.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    let mut hidden = graph();
    hidden["errors"] = denied;
    hidden["data"]["order"]["shipping_address"] = Value::Null;
    let got = fetch(&hidden).unwrap().unwrap();
    assert!(got.incoming.destination.is_none() && got.recipient.is_none());
}

#[test]
fn an_order_longer_than_a_page_is_not_read_in_part() {
    let mut long = graph();
    long["data"]["order"]["line_items"]["pageInfo"]["hasNextPage"] = json!(true);
    assert_eq!(fetch(&long).err(), Some(CannotRead::TooMany { field: "line_items" }));
}

#[test]
fn an_order_that_is_there_and_cannot_be_read_is_found_so() {
    let stamp = Stamp { now: "2026-11-22T10:00:00Z".parse().unwrap(), nonce: "0".repeat(32) };
    let read = |reply: &Value| feed::One::new(&shop(), "1001").next(Some(&ok(reply)), &stamp);
    let mut long = graph();
    long["data"]["order"]["line_items"]["pageInfo"]["hasNextPage"] = json!(true);
    let mut odd = graph();
    odd["data"]["order"]["line_items"]["nodes"][0]["current_quantity"] = json!("many");
    for (reply, field) in [(long, "line_items"), (odd, "line_items.current_quantity")] {
        let Reading::Over(Some(Found::Unreadable { channel_id, error })) = read(&reply).unwrap() else {
            panic!()
        };
        assert_eq!(channel_id, "1001");
        assert!(error.to_string().contains(field), "{error}");
    }
    // What says nothing about the order is tried again, or is for whoever keeps the connection.
    assert!(read(&json!({"errors": "Not Found"})).is_err());
    assert!(read(&json!({"data": null})).is_err());
}

#[test]
fn two_hundred_with_errors_is_no_success() {
    let refused = |body: Value| feed::read_changed(&ok(&body)).err().unwrap();
    let error =
        |code: &str| json!({"data": null, "errors": [{"message": "Zoë", "extensions": {"code": code}}]});
    assert_eq!(refused(error("INTERNAL_SERVER_ERROR")).advice(), Advice::Retry);
    assert_eq!(refused(error("undefinedField")).advice(), Advice::AskPerson(Reason::Unreadable));
    assert_eq!(refused(error("ACCESS_DENIED")).advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(refused(error("THROTTLED")), CannotRead::Throttled { seconds: 10 });
    assert_eq!(refused(json!({"errors": "Not Found"})).advice(), Advice::AskPerson(Reason::Unreadable));
    assert_eq!(refused(json!({"data": null})).advice(), Advice::Retry);
    assert_eq!(feed::read_order(StatusCode::OK, b"<html>").err(), Some(CannotRead::Reply));
    assert!(!format!("{:?}", refused(error("Zoë Fern"))).contains("Zoë"));
    let status = |n| feed::read_order(StatusCode::from_u16(n).unwrap(), b"").err().unwrap().advice();
    assert_eq!(status(401), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(status(502), Advice::Retry);
    assert!(matches!(status(429), Advice::Wait { .. }));
}

#[test]
fn the_contract_s_throttled_answer_says_how_long() {
    let Some(samples) = contracts::file("samples/graphql-requests.json") else { return };
    let list = samples["requests"].as_array().unwrap();
    let sample = list.iter().find(|r| r["name"] == "throttled answer").unwrap();
    let reply = sample["response"]["body"].to_string();
    // 252 wanted, 10 there, 100 a second.
    assert_eq!(
        feed::read_order(StatusCode::OK, reply.as_bytes()).err(),
        Some(CannotRead::Throttled { seconds: 3 })
    );
}
