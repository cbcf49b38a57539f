//! Pages, drift, single orders, and how refusals are understood.

use crate::fixture::{ORDER, fetch, order, page, reply, seller, stamp, with};
use http::{Method, Response};
use jiff::SignedDuration;
use serde_json::{Value, json};
use waybill_channels::ebay::feed::{One, build_changed, read_changed};
use waybill_channels::ebay::{REVISIONS, SETTLE, Seller};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::feed::{Found, Reading, Window};
use waybill_channels::writeback::Broke;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

fn window() -> Window {
    Window { from: "2026-11-23T08:00:00Z".parse().unwrap(), to: "2026-11-23T08:30:00.5Z".parse().unwrap() }
}

#[test]
fn a_page_is_asked_for_as_ebay_wants_it() {
    let request = build_changed(&seller(), &window(), None, &stamp()).unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(
        request.uri(),
        "https://api.example.invalid/sell/fulfillment/v1/order?filter=lastmodifieddate:\
         %5B2026-11-23T08:00:00.000Z..2026-11-23T08:30:00.500Z%5D&limit=200&offset=0"
    );
    let token = &request.headers()["authorization"];
    assert_eq!(token, "Bearer v^1.1#EXAMPLE");
    assert!(token.is_sensitive() && !format!("{request:?}").contains("v^1"));
    let later = build_changed(&seller(), &window(), Some("400/613"), &stamp()).unwrap();
    assert!(later.uri().query().unwrap().ends_with("&limit=200&offset=400"));
    for bad in ["400", "a/b", "-1/3", "1/2/3"] {
        assert!(build_changed(&seller(), &window(), Some(bad), &stamp()).is_err(), "{bad}");
    }
    let bad = |base: &str, token: &str| {
        let seller = Seller { base: base.to_owned(), access: Secret::new(token.to_owned()) };
        build_changed(&seller, &window(), None, &stamp()).err()
    };
    assert_eq!(bad("https://exa mple", "t"), Some(CannotBuild::Address));
    assert_eq!(bad("https://example.invalid", "t\n"), Some(CannotBuild::Credential));
    assert!(REVISIONS.every > SignedDuration::ZERO);
}

fn rows(from: usize, count: usize, total: usize) -> Response<Vec<u8>> {
    let orders: Vec<Value> =
        (from..from + count).map(|n| with("/orderId", json!(format!("1-{n}")))).collect();
    reply(200, &json!({"orders": orders, "total": total, "offset": from, "limit": 200}))
}

fn next(reply: &Response<Vec<u8>>, before: Option<&str>) -> Option<String> {
    read_changed(reply, before).unwrap().next
}

#[test]
fn pages_follow_one_another_until_all_were_seen() {
    assert_eq!(next(&rows(0, 3, 7), None).as_deref(), Some("3/7"));
    assert_eq!(next(&rows(3, 3, 7), Some("3/7")).as_deref(), Some("6/7"));
    assert_eq!(next(&rows(6, 1, 7), Some("6/7")), None);
    assert_eq!(next(&rows(0, 0, 0), None), None);
    // A page without rows ends it, whatever the total says.
    assert_eq!(next(&rows(3, 0, 7), Some("3/7")), None);
    assert_eq!(next(&reply(200, &json!({"total": 0})), None), None);
    // Without a total, `next` tells.
    let without = |link: Value| reply(200, &json!({"orders": [order()], "next": link}));
    assert_eq!(next(&without(json!("https://api.example.invalid/x")), None).as_deref(), Some("1/0"));
    assert_eq!(next(&without(Value::Null), None), None);
}

#[test]
fn a_window_that_shrinks_while_it_is_read_loses_nothing() {
    // Seven orders, three a page; after each page its first order changes and leaves the window.
    let mut there: Vec<usize> = (0..7).collect();
    let (mut seen, mut place, mut calls) = (Vec::new(), None::<String>, 0);
    loop {
        let offset = place.as_deref().map_or(0, |p| p.split('/').next().unwrap().parse().unwrap());
        let rows: Vec<usize> = there.iter().copied().skip(offset).take(3).collect();
        let orders: Vec<Value> = rows.iter().map(|n| with("/orderId", json!(format!("1-{n}")))).collect();
        let reply = reply(200, &json!({"orders": orders, "total": there.len()}));
        let got = read_changed(&reply, place.as_deref()).unwrap();
        assert_eq!(got.found.len(), rows.len());
        seen.extend(rows);
        calls += 1;
        assert!(calls < 20, "it ends");
        if calls < 3 {
            there.remove(0);
        }
        match got.next {
            Some(next) => place = Some(next),
            None => break,
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen, (0..7).collect::<Vec<_>>());
}

#[test]
fn a_poison_row_spoils_only_itself() {
    let mut deep = String::from("1");
    for _ in 0..400 {
        deep = format!("[{deep}]");
    }
    let good = order();
    for poison in [
        json!({"orderId": "9-9", "lineItems": "none"}),
        json!({"orderId": "9-9", "buyer": 7}),
        with("/orderId", json!("9-9"))
            .as_object()
            .map(|o| {
                let mut o = o.clone();
                o.remove("pricingSummary");
                Value::Object(o)
            })
            .unwrap(),
        json!({"orderId": "9-9", "cancelStatus": {"cancelRequests": [[]]}}),
    ] {
        let found = read_changed(&page(&[good.clone(), poison, good.clone()]), None).unwrap().found;
        assert!(matches!(found[0], Found::Whole(_)) && matches!(found[2], Found::Whole(_)));
        assert!(matches!(&found[1], Found::Unreadable { channel_id, .. } if channel_id == "9-9"));
    }
    // Fields twice, nesting without end, rows that are no orders.
    let text = format!(
        r#"{{"total":4,"orders":[{good},{{"orderId":"9-9","orderId":"9-8"}},{{"orderId":"9-9","buyer":{deep}}},null]}}"#
    );
    let reply = Response::builder().status(200).body(text.into_bytes()).unwrap();
    let found = read_changed(&reply, None).unwrap().found;
    assert!(matches!(found[0], Found::Whole(_)));
    assert!(found[1..].iter().all(|one| matches!(one, Found::Unreadable { .. })));
}

#[test]
fn one_order_is_read_by_its_key() {
    let mut one = One::new(&seller(), ORDER);
    let Reading::Send(request) = one.next(None, &stamp()).unwrap() else { panic!("no call") };
    assert_eq!(request.uri().path(), format!("/sell/fulfillment/v1/order/{ORDER}"));
    let gone = |status: u16, body: Value| {
        let mut one = One::new(&seller(), ORDER);
        one.next(None, &stamp()).unwrap();
        one.next(Some(&reply(status, &body)), &stamp())
    };
    assert!(matches!(gone(404, json!({})), Ok(Reading::Over(None))));
    assert!(matches!(gone(400, json!({"errors": [{"errorId": 32100}]})), Ok(Reading::Over(None))));
    let other = with("/orderId", json!("1-1"));
    assert!(matches!(gone(200, other), Err(Broke::Read(CannotRead::Reply))));
    let bad = with("/lineItems", json!("none"));
    assert!(matches!(fetch(&bad, None), Some(Found::Unreadable { channel_id, .. }) if channel_id == ORDER));
    for id in ["", "../x", "1?y"] {
        let error = One::new(&seller(), id).next(None, &stamp()).err();
        assert_eq!(error, Some(Broke::Build(CannotBuild::ChannelId)));
    }
    // Nothing is asked twice of a talk that is over.
    assert!(one.next(None, &stamp()).is_err());
}

#[test]
fn refusals_say_what_to_do() {
    let says = |status: u16, body: Value| read_changed(&reply(status, &body), None).err().unwrap();
    let error =
        |id: u32| json!({"errors": [{"errorId": id, "message": "Zoë Fern of Bristol", "longMessage": "x"}]});
    assert_eq!(says(400, error(30850)), CannotRead::Throttled { seconds: SETTLE.as_secs() as u32 });
    assert_eq!(says(400, error(30830)).advice(), Advice::AskPerson(Reason::Unreadable));
    assert_eq!(says(401, error(1001)), CannotRead::Connection { code: "1001".to_owned() });
    assert_eq!(says(403, json!(null)), CannotRead::Connection { code: "http_403".to_owned() });
    assert_eq!(says(400, error(32400)).advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(says(429, error(2001)), CannotRead::Throttled { seconds: 60 });
    assert_eq!(says(500, error(30500)).advice(), Advice::Retry);
    assert_eq!(says(302, json!({})), CannotRead::Reply);
    assert!(!format!("{:?}", says(400, error(30700))).contains("Zoë"));
    let html = Response::builder().status(200).body(b"<html>".to_vec()).unwrap();
    assert_eq!(read_changed(&html, None).err(), Some(CannotRead::Reply));
    assert_eq!(read_changed(&reply(200, &json!({})), None).err(), Some(CannotRead::Reply));
    let told = |text: &str| {
        let reply = Response::builder().status(429).header("retry-after", text).body(Vec::new()).unwrap();
        read_changed(&reply, None).err().unwrap()
    };
    assert_eq!(told("7"), CannotRead::Throttled { seconds: 7 });
    assert_eq!(told("99999999"), CannotRead::Throttled { seconds: 86_400 });
    assert_eq!(told("soon"), CannotRead::Throttled { seconds: 60 });
    let many = json!({"total": 1001, "orders": vec![json!({}); 1001]});
    assert_eq!(says(200, many), CannotRead::TooMany { field: "orders" });
}
