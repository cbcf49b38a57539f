//! Pages of changed orders, one order, and what refusals mean.

use crate::contracts::{self, pairs};
use crate::fixture::{ID, PERSONAL, one, order, read, refusal, reply, seller, stamp, standing, with};
use http::{Method, Response};
use jiff::SignedDuration;
use serde_json::{Value, json};
use waybill_channels::Operation;
use waybill_channels::amazon::feed::{One, build_changed, read_changed};
use waybill_channels::amazon::{OVERLAP, SETTLE, Seller, rate, rate_told};
use waybill_channels::error::{CannotBuild, CannotRead};
use waybill_channels::feed::{Found, Page, Reading, Window};
use waybill_channels::writeback::Broke;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;

fn window() -> Window {
    Window { from: "2026-11-23T08:00:00.75Z".parse().unwrap(), to: "2026-11-23T08:57:30.9Z".parse().unwrap() }
}

fn page(orders: &Value, token: Option<&str>) -> Result<Page, CannotRead> {
    let mut body = json!({"orders": orders, "lastUpdatedBefore": "2026-11-23T08:57:30Z"});
    if let Some(token) = token {
        body["pagination"] = json!({"nextToken": token});
    }
    read_changed(&reply(200, body), None)
}

fn named(found: &Found) -> String {
    match found {
        Found::Whole(order) => format!("whole {}", order.incoming.channel_ref.id),
        Found::Key(id) => format!("key {id}"),
        Found::Erased(id) => format!("erased {id}"),
        Found::Unreadable { channel_id, .. } => format!("unreadable {channel_id}"),
    }
}

#[test]
fn a_page_is_asked_for_without_anyone_s_name() {
    let request = build_changed(&seller(), &window(), None, &stamp()).unwrap();
    assert_eq!(request.method(), Method::GET);
    assert_eq!(request.uri().host(), Some("sellingpartnerapi-eu.amazon.com"));
    let expected = [
        ("lastUpdatedAfter", "2026-11-23T08:00:00Z"),
        ("lastUpdatedBefore", "2026-11-23T08:57:30Z"),
        ("marketplaceIds", "A1F83G8C2ARO7P"),
        ("fulfilledBy", "MERCHANT"),
        ("fulfillmentStatuses", "PENDING,UNSHIPPED,PARTIALLY_SHIPPED,SHIPPED,CANCELLED"),
        ("maxResultsPerPage", "100"),
        ("includedData", "PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES"),
    ];
    let asked = pairs(request.uri());
    let asked: Vec<_> = asked.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(asked, expected);
    let token = &request.headers()["x-amz-access-token"];
    assert!(token == "Atza|EXAMPLE" && token.is_sensitive() && !format!("{request:?}").contains("Atza"));
    assert_eq!(request.headers()["x-amz-date"], "20261123T090000Z");
    // No signature and no restricted data token any more.
    assert!(!request.headers().contains_key("authorization"));
}

#[test]
fn the_next_page_is_asked_for_with_the_same_words() {
    let first = build_changed(&seller(), &window(), None, &stamp()).unwrap();
    let next = build_changed(&seller(), &window(), Some("a+b/c=&d"), &stamp()).unwrap();
    let (mut first, next) = (pairs(first.uri()), pairs(next.uri()));
    first.push(("paginationToken".to_owned(), "a+b/c=&d".to_owned()));
    assert_eq!(first, next);
    // A window that went through whole seconds on its way asks the same.
    let stored =
        Window { from: "2026-11-23T08:00:00Z".parse().unwrap(), to: "2026-11-23T08:57:30Z".parse().unwrap() };
    let stored = build_changed(&seller(), &stored, Some("a+b/c=&d"), &stamp()).unwrap();
    assert_eq!(pairs(stored.uri()), next);
}

#[test]
fn orders_to_be_sent_are_named_and_all_others_are_whole() {
    let id = |n: u32, mut order: Value| {
        order["orderId"] = json!(format!("202-1234567-000000{n}"));
        order
    };
    let orders = json!([
        id(1, standing("PENDING")),
        id(2, standing("UNSHIPPED")),
        id(3, standing("PARTIALLY_SHIPPED")),
        id(4, standing("SHIPPED")),
        id(5, standing("CANCELLED")),
        id(6, standing("SOMETHING_NEW")),
        id(7, with(|o| o["fulfillment"] = Value::Null)),
        id(8, with(|o| o["programs"] = json!(["IN_STORE_PICK_UP"]))),
        id(9, with(|o| o["fulfillment"]["fulfilledBy"] = json!("AMAZON"))),
    ]);
    let page = page(&orders, Some("more")).unwrap();
    let found: Vec<_> = page.found.iter().map(named).collect();
    let expected = ["whole 1", "key 2", "key 3", "whole 4", "whole 5", "key 6", "key 7", "whole 8"];
    let expected: Vec<_> = expected.map(|e| e.replace(' ', " 202-1234567-000000")).into();
    assert_eq!(found, expected);
    assert_eq!(page.next.as_deref(), Some("more"));
    for found in page.found {
        if let Found::Whole(order) = found {
            assert!(order.recipient.is_none() && order.buyer.is_none());
            assert!(order.incoming.destination.is_none());
        }
    }
}

#[test]
fn a_whole_row_reads_as_the_order_itself() {
    let mut bare = standing("SHIPPED");
    bare.as_object_mut().unwrap().remove("recipient");
    for (row, alone) in [(bare, standing("SHIPPED")), (standing("CANCELLED"), standing("CANCELLED"))] {
        let page = page(&json!([row]), None).unwrap();
        let Found::Whole(row) = &page.found[0] else { panic!() };
        let Some(Found::Whole(alone)) = one(&alone).unwrap() else { panic!() };
        assert_eq!(row.incoming, alone.incoming);
        assert!(row.recipient.is_none() && alone.recipient.is_none());
    }
}

#[test]
fn one_poisoned_order_spoils_itself_only() {
    let poison = [
        (
            with(|o| {
                o["fulfillment"]["fulfillmentStatus"] = json!("SHIPPED");
                o["lastUpdatedTime"] = json!("yesterday");
            }),
            ID,
        ),
        (with(|o| o["orderItems"] = json!({"not": "a list"})), ID),
        (with(|o| o["fulfillment"] = json!("odd")), ID),
        (json!({"orderId": "../../x", "orderItems": []}), "without_id"),
        (json!(7), "without_id"),
        (Value::Null, "without_id"),
    ];
    for (poison, id) in poison {
        let page = page(&json!([standing("CANCELLED"), poison, standing("PENDING")]), None).unwrap();
        let found: Vec<_> = page.found.iter().map(named).collect();
        assert_eq!(found, [format!("whole {ID}"), format!("unreadable {id}"), format!("whole {ID}")]);
        let Found::Unreadable { error, .. } = &page.found[1] else { panic!() };
        assert!(!PERSONAL.iter().any(|p| format!("{error} {error:?}").contains(p)));
    }
    // A field that stands twice is the order's own trouble too.
    let twice = format!(
        "{{\"orders\": [{{\"orderId\": \"{ID}\", \"programs\": [], \"programs\": []}}, {}]}}",
        standing("SHIPPED")
    );
    let page = read_changed(&reply(200, twice), None).unwrap();
    assert_eq!(
        page.found.iter().map(named).collect::<Vec<_>>(),
        [format!("unreadable {ID}"), format!("whole {ID}")]
    );
}

#[test]
fn the_last_page_has_no_token_and_a_page_is_not_its_own_next() {
    assert_eq!(page(&json!([]), None).unwrap().next, None);
    assert_eq!(page(&json!([]), Some("")).unwrap().next, None);
    let same = json!({"orders": [], "pagination": {"nextToken": "abc"}});
    assert_eq!(read_changed(&reply(200, &same), Some("abc")).err(), Some(CannotRead::Reply));
    assert_eq!(read_changed(&reply(200, &same), Some("xyz")).unwrap().next.as_deref(), Some("abc"));
    let long = "t".repeat(4_000);
    assert_eq!(page(&json!([]), Some(&long)).unwrap().next, Some(long));
    assert!(page(&json!([]), Some(&"t".repeat(5_000))).is_err());
    let many = vec![json!({}); 1_001];
    assert_eq!(page(&json!(many), None).err(), Some(CannotRead::TooMany { field: "orders" }));
}

#[test]
fn every_sample_page_is_read() {
    let expected = [
        ("1", vec![], true),
        ("2", vec!["whole 202-7654321-1098765"], false),
        ("3", vec!["key 171-2345678-9012345"], false),
    ];
    for (n, found, more) in expected {
        let Some(sample) = contracts::file(&format!("samples/orders-2026-01-01.searchOrders.{n}.json"))
        else {
            return;
        };
        let page = read_changed(&reply(200, &sample["response"]), None).unwrap();
        assert_eq!(page.found.iter().map(named).collect::<Vec<_>>(), found, "{n}");
        assert_eq!(page.next.is_some(), more, "{n}");
    }
}

#[test]
fn one_order_is_asked_for_with_its_recipient_and_no_buyer() {
    let Reading::Send(request) = One::new(&seller(), ID).next(None, &stamp()).unwrap() else { panic!() };
    assert_eq!(request.uri().path(), format!("/orders/2026-01-01/orders/{ID}"));
    let asked =
        [("includedData".to_owned(), "RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES".to_owned())];
    assert_eq!(pairs(request.uri()), asked);
}

#[test]
fn no_such_order_and_orders_of_others_are_nothing() {
    assert!(read(ID, &refusal(404, "NotFound")).unwrap().is_none());
    assert!(one(&with(|o| o["fulfillment"]["fulfilledBy"] = json!("AMAZON"))).unwrap().is_none());
    assert!(one(&with(|o| o["salesChannel"]["marketplaceId"] = json!("A1PA6795UKMFR9"))).unwrap().is_none());
    let other = read("202-0000000-0000000", &reply(200, json!({"order": order()}))).err();
    assert_eq!(other, Some(Broke::Read(CannotRead::Reply)));
    // A page in between is not Amazon's word that the order is gone.
    assert!(matches!(read(ID, &reply(404, "<html>")), Err(Broke::Read(CannotRead::Reply))));
    // v0 wraps its answers, this version does not.
    assert!(read(ID, &reply(200, json!({"payload": order()}))).is_err());
}

#[test]
fn what_cannot_be_sent_is_said() {
    let bad = |base: &str, access: &str, id: &str| {
        let seller = Seller { base: base.to_owned(), access: Secret::new(access.to_owned()), ..seller() };
        match One::new(&seller, id).next(None, &stamp()) {
            Err(Broke::Build(error)) => error,
            _ => panic!("it can be sent"),
        }
    };
    let good = "https://sellingpartnerapi-eu.amazon.com";
    for id in ["", "202/1", "../x", "202-1234567-1234567?x=1", "ä"] {
        assert_eq!(bad(good, "t", id), CannotBuild::ChannelId);
    }
    assert_eq!(bad("https://exa mple", "t", ID), CannotBuild::Address);
    assert_eq!(bad(good, "t\n", ID), CannotBuild::Credential);
}

#[test]
fn every_refusal_says_what_to_do_and_repeats_nothing() {
    let said = |reply: &Response<Vec<u8>>| read_changed(reply, None).err().unwrap();
    let connection = |code: &str| CannotRead::Connection { code: code.to_owned() };
    assert_eq!(said(&refusal(403, "Unauthorized")), connection("Unauthorized"));
    assert_eq!(said(&refusal(401, "MissingToken")), connection("MissingToken"));
    assert_eq!(said(&reply(403, "")), connection("http_403"));
    assert_eq!(said(&reply(403, "<html>blocked</html>")), CannotRead::Reply);
    let refused = |code: &str| CannotRead::Refused { code: code.to_owned(), reason: Reason::Unreadable };
    assert_eq!(said(&refusal(400, "InvalidInput")), refused("InvalidInput"));
    assert_eq!(said(&refusal(400, "Invalid Input")), refused("InvalidInput"));
    assert_eq!(said(&refusal(400, "Zoë Fern is unknown")), refused("unspecified"));
    assert_eq!(said(&reply(413, "{}")), refused("http_413"));
    assert_eq!(said(&reply(400, "<html>")), CannotRead::Reply);
    assert_eq!(said(&reply(302, "")), CannotRead::Reply);
    assert_eq!(said(&refusal(500, "InternalFailure")).advice(), Advice::Retry);
    assert_eq!(said(&reply(503, "<html>")).advice(), Advice::Retry);
    for body in ["", "<html>", "[]", "{}", "{\"orders\": null}", "{\"orders\": 7}"] {
        assert_eq!(said(&reply(200, body)), CannotRead::Reply, "{body}");
    }
    assert!(!format!("{:?}", said(&refusal(400, "InvalidInput"))).contains("Zoë"));
}

#[test]
fn a_full_bucket_is_waited_for() {
    let told = |name: &str, value: &str| {
        let mut reply = refusal(429, "QuotaExceeded");
        reply.headers_mut().insert(http::HeaderName::try_from(name).unwrap(), value.parse().unwrap());
        reply
    };
    let seconds = |reply: &Response<Vec<u8>>| match read_changed(reply, None) {
        Err(CannotRead::Throttled { seconds }) => seconds,
        _ => panic!(),
    };
    // Amazon does not say how long: one call comes back in three minutes.
    assert_eq!(seconds(&refusal(429, "QuotaExceeded")), 180);
    assert_eq!(seconds(&told("x-amzn-RateLimit-Limit", "0.0167")), 60);
    assert_eq!(seconds(&told("x-amzn-RateLimit-Limit", "lots")), 180);
    assert_eq!(seconds(&told("retry-after", "7")), 7);
    assert_eq!(seconds(&told("retry-after", "99999999")), 900);
    let of_one = One::new(&seller(), ID).next(Some(&refusal(429, "QuotaExceeded")), &stamp()).err();
    assert_eq!(of_one, Some(Broke::Read(CannotRead::Throttled { seconds: 2 })));
}

#[test]
fn limits_are_below_the_documented_or_as_told() {
    // Milliseconds a call and burst, as documented.
    let documented = [(178_571, 20), (2_000, 30), (500, 10), (200, 5)];
    for (operation, (milliseconds, most)) in Operation::ALL.into_iter().zip(documented) {
        let Rate { every, burst } = rate(operation);
        assert!(every.as_millis() >= milliseconds && (1..most).contains(&burst), "{operation:?}");
        // So many calls of ours may arrive at once though they were allowed one after another.
        let held_up = u32::try_from(1_000 / every.as_millis()).unwrap();
        assert!(burst + held_up <= most, "{operation:?}");
    }
    let told = |value: &str| {
        let reply = Response::builder().header("x-amzn-RateLimit-Limit", value).body(Vec::new()).unwrap();
        rate_told(Operation::WriteBack, &reply)
    };
    assert_eq!(told("4.0"), Some(Rate { every: SignedDuration::from_millis(250), burst: 4 }));
    for odd in ["0", "-1", "NaN", "inf", "", "x", "1e-300"] {
        assert_eq!(told(odd), None, "{odd}");
    }
    assert!(SETTLE > SignedDuration::from_mins(2) && OVERLAP > SignedDuration::ZERO);
}
