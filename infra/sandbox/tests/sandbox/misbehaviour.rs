use axum::body::Body;
use http::Request;
use serde_json::{Value, json};
use tower::ServiceExt;
use waybill_sandbox::invent::Kind;
use waybill_sandbox::royal_mail::DEFAULT_KEY;
use waybill_sandbox::{Fault, FaultKind, LOST_REPLY_HEADER, SLOW_HEADER, Sandbox};

use super::{SHOP, book, booking, carrier, control, graphql, label_path, put, sandbox};

fn lose() -> FaultKind {
    FaultKind::LoseReply { hold_seconds: 30 }
}

#[test]
fn a_lost_reply_leaves_exactly_one_order_that_can_be_found() {
    let sandbox = sandbox();
    sandbox.add_fault(Fault::new("royal-mail.create", lose()).times(1));
    let lost = carrier(&sandbox, "POST", "orders", Some(&booking("SO-1")));
    assert!(lost.is_lost());
    assert_eq!((lost.status, lost.body.len()), (504, 0));
    let found = carrier(&sandbox, "GET", "orders/%22SO-1%22", None);
    assert_eq!(found.value().as_array().unwrap().len(), 1);
    let report = sandbox.report();
    assert_eq!(
        (&report["royal_mail"]["orders"], &report["royal_mail"]["booked_twice"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(report["endpoints"]["royal-mail.create"]["lost_replies"], 1);
    book(&sandbox, "SO-1");
    assert_eq!(sandbox.report()["royal_mail"]["booked_twice"], 1);
}

#[test]
fn a_lost_fulfillment_is_there_once() {
    let sandbox = sandbox();
    let (id, _) = put(&sandbox, Kind::Plain);
    let query = "query($id:ID!){order(id:$id){fulfillments{trackingInfo{number}} \
                 fulfillmentOrders(first:1){nodes{id}}}}";
    let variables = json!({"id": format!("gid://shopify/Order/{id}")});
    let order = graphql(&sandbox, query, variables.clone());
    let gid = &order["data"]["order"]["fulfillmentOrders"]["nodes"][0]["id"];
    sandbox.add_fault(Fault::new("shopify.fulfillmentCreate", lose()).times(1));
    let path = format!("/shopify/{SHOP}/admin/api/2026-07/graphql.json");
    let create = "mutation($f:FulfillmentInput!){fulfillmentCreate(fulfillment:$f){userErrors{message}}}";
    let input = json!({
        "lineItemsByFulfillmentOrder": [{"fulfillmentOrderId": gid}],
        "trackingInfo": {"company": "Royal Mail", "number": "TT000000009GB"},
    });
    let call = waybill_sandbox::Call::new(http::Method::POST, &path)
        .header("x-shopify-access-token", super::TOKEN)
        .json(&json!({"query": create, "variables": {"f": input}}));
    assert!(sandbox.answer(&call).is_lost());
    let after = graphql(&sandbox, query, variables);
    assert_eq!(after["data"]["order"]["fulfillments"][0]["trackingInfo"][0]["number"], "TT000000009GB");
}

#[test]
fn each_kind_of_fault_does_what_it_says() {
    let sandbox = sandbox();
    let post = |reference: &str| carrier(&sandbox, "POST", "orders", Some(&booking(reference)));
    sandbox.add_fault(
        Fault::new("royal-mail.*", FaultKind::TooManyRequests { retry_after: Some(3) }).times(1).after(1),
    );
    assert_eq!(post("A").status, 200);
    let limited = post("B");
    assert_eq!((limited.status, limited.headers[0].clone()), (429, ("retry-after", "3".to_owned())));
    sandbox.add_fault(Fault::new("royal-mail.create", FaultKind::ServerError).times(1));
    assert_eq!(post("B").status, 500);
    sandbox.add_fault(Fault::new("royal-mail.create", FaultKind::AllFailed).times(1));
    let failed = post("B");
    assert_eq!((failed.status, &failed.value()["errorsCount"]), (200, &json!(1)));
    assert_eq!(sandbox.report()["royal_mail"]["orders"], 1);
    sandbox.add_fault(Fault::new("royal-mail.create", FaultKind::ErrorAfterWork).times(1));
    assert_eq!(post("B").status, 500);
    assert_eq!(sandbox.report()["royal_mail"]["orders"], 2);
    sandbox.add_fault(Fault::new("royal-mail.get", FaultKind::Slow { milliseconds: 250 }).times(1));
    let slow = carrier(&sandbox, "GET", "orders/%22A%22", None);
    assert!(slow.headers.contains(&(SLOW_HEADER, "250".to_owned())));
    sandbox.add_fault(Fault::new("royal-mail.label", FaultKind::LabelFails).times(1));
    let mut body = booking("C");
    body["items"][0]["label"] = json!({"includeLabelInResponse": true});
    let made = carrier(&sandbox, "POST", "orders", Some(&body)).value();
    assert_eq!(made["createdOrders"][0]["labelErrors"][0]["code"], "LabelGenerationFailed");
    let id = made["createdOrders"][0]["orderIdentifier"].as_i64().unwrap();
    assert_eq!(carrier(&sandbox, "GET", &label_path(id), None).status, 200);
    sandbox.add_fault(Fault::new("shopify.*", FaultKind::TooManyRequests { retry_after: None }).times(1));
    let throttled = graphql(&sandbox, "{shop{id}}", json!({}));
    assert_eq!(throttled["errors"][0]["extensions"]["code"], "THROTTLED");
}

#[test]
fn webhooks_are_dropped_doubled_delayed_and_aged() {
    let sandbox = sandbox();
    let (id, order) = put(&sandbox, Kind::Plain);
    control(&sandbox, "POST", &format!("orders/{SHOP}/{id}/patch"), &json!({"tags": "new"}));
    let send = || {
        let body = json!({"shop": SHOP, "topic": "orders/updated", "order": id});
        assert_eq!(control(&sandbox, "POST", "deliver", &body).status, 200);
        sandbox.take_webhooks(10)
    };
    let fault = |kind: FaultKind| sandbox.add_fault(Fault::new("webhook", kind).times(1));
    fault(FaultKind::Drop);
    assert!(send().is_empty());
    fault(FaultKind::Duplicate { copies: 2 });
    assert_eq!(send().len(), 3);
    fault(FaultKind::StaleBody);
    assert_eq!(serde_json::from_slice::<Value>(&send()[0].webhook.body).unwrap(), order);
    fault(FaultKind::Delay { seconds: 60 });
    assert!(send().is_empty());
    control(&sandbox, "PUT", "clock", &json!({"advance_seconds": 60}));
    assert_eq!(sandbox.take_webhooks(10).len(), 1);
    assert_eq!(sandbox.report()["webhooks"]["dropped"], 1);
}

#[test]
fn the_same_seed_meets_the_same_luck() {
    let run = || -> Vec<u16> {
        let sandbox = Sandbox::new(42);
        sandbox.add_fault(Fault::new("royal-mail.create", FaultKind::ServerError).with_probability(0.5));
        (0..40).map(|_| carrier(&sandbox, "POST", "orders", Some(&booking("A"))).status).collect()
    };
    let first = run();
    assert_eq!(first, run());
    assert!(first.contains(&200) && first.contains(&500));
}

#[tokio::test]
async fn the_router_answers_oneshot_with_the_mark_of_a_lost_reply() {
    let sandbox = sandbox();
    let request = |path: &str| {
        Request::post(format!("/royal-mail/api/v1/{path}"))
            .header("authorization", format!("Bearer {DEFAULT_KEY}"))
            .body(Body::from(booking("A").to_string()))
            .unwrap()
    };
    let plain = sandbox.router().oneshot(request("orders")).await.unwrap();
    assert_eq!(plain.status(), 200);
    sandbox.add_fault(Fault::new("royal-mail.create", lose()));
    let lost = sandbox.router().oneshot(request("orders")).await.unwrap();
    assert_eq!((lost.status().as_u16(), lost.headers().contains_key(LOST_REPLY_HEADER)), (504, true));
}
