//! ORDER_CHANGE notifications, and asking for them.

use crate::contracts;
use crate::fixture::{refusal, reply, seller, stamp};
use http::Request;
use serde_json::{Value, json};
use waybill_channels::amazon::notification::{Changed, read};
use waybill_channels::amazon::subscribe::{
    Made, build_destination, build_destinations, build_read_subscription, build_subscription,
    read_destination, read_destinations, read_subscription,
};
use waybill_channels::error::CannotRead;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_privacy::secret::Secret;

pub const QUEUE: &str = "arn:aws:sqs:eu-west-2:123456789012:amazon-order-change";

fn told() -> Value {
    json!({
        "NotificationType": "ORDER_CHANGE",
        "Payload": {"OrderChangeNotification": {
            "SellerId": "A3TH9S8BH6GOGM", "AmazonOrderId": "202-1234567-7654321",
            "OrderChangeTrigger": {"TimeOfOrderChange": null},
            "Summary": {"MarketplaceId": "A1F83G8C2ARO7P", "OrderStatus": "Canceled", "FulfillmentType": "MFN",
                "DestinationPostalCode": "BS1 4ZZ"}
        }},
        "NotificationMetadata": {"NotificationId": "d0e9e693-c3ad-4373-979f-ed4ec98dd746"}
    })
}

fn with(change: impl FnOnce(&mut Value)) -> Result<Option<Changed>, CannotRead> {
    let mut told = told();
    change(&mut told);
    read(told.to_string().as_bytes())
}

#[test]
fn a_notification_says_which_order_of_whom() {
    let changed = with(|_| {}).unwrap().unwrap();
    let expected = Changed {
        seller_id: "A3TH9S8BH6GOGM".into(),
        marketplace_id: Some("A1F83G8C2ARO7P".into()),
        channel_id: "202-1234567-7654321".into(),
        is_to_send: false,
    };
    assert_eq!(changed, expected);
    assert!(!format!("{changed:?}").contains("BS1"));
    let to_send = |status: &str| {
        let changed =
            with(|told| told["Payload"]["OrderChangeNotification"]["Summary"]["OrderStatus"] = json!(status));
        changed.unwrap().unwrap().is_to_send
    };
    let all = ["Pending", "Unshipped", "PartiallyShipped", "Shipped", "Canceled", "InvoiceUnconfirmed"];
    assert_eq!(all.map(to_send), [false, true, true, false, false, false]);
}

#[test]
fn the_sample_is_read() {
    let Some(sample) = contracts::file("samples/ORDER_CHANGE.notification.1.json") else { return };
    let changed = read(sample.to_string().as_bytes()).unwrap().unwrap();
    assert_eq!(changed.channel_id, "903-8868176-2219830");
    assert_eq!(changed.seller_id, "A3TH9S8BH6GOGM");
}

#[test]
fn what_is_not_ours_is_left_and_what_is_damaged_is_named() {
    assert_eq!(with(|n| n["NotificationType"] = json!("FEED_PROCESSING_FINISHED")), Ok(None));
    let summary = |n: &mut Value, kind: &str| {
        n["Payload"]["OrderChangeNotification"]["Summary"]["FulfillmentType"] = json!(kind);
    };
    assert_eq!(with(|n| summary(n, "AFN")), Ok(None));
    assert!(with(|n| n["Payload"]["OrderChangeNotification"]["Summary"] = Value::Null).unwrap().is_some());
    let field = |change: fn(&mut Value)| match with(change) {
        Err(CannotRead::Field { field }) => field,
        other => panic!("{other:?}"),
    };
    assert_eq!(field(|n| n["NotificationType"] = Value::Null), "NotificationType");
    assert_eq!(field(|n| n["Payload"] = Value::Null), "OrderChangeNotification");
    assert_eq!(field(|n| n["Payload"]["OrderChangeNotification"]["SellerId"] = json!("")), "SellerId");
    assert_eq!(
        field(|n| n["Payload"]["OrderChangeNotification"]["AmazonOrderId"] = json!("../x")),
        "AmazonOrderId"
    );
    assert!(matches!(read(b"<html>"), Err(CannotRead::Shape { .. })));
}

fn body(request: &Request<Vec<u8>>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

#[test]
fn a_queue_is_named_once_and_each_seller_subscribes() {
    let access = Secret::new("Atza|GRANTLESS".to_owned());
    let destination = build_destination(&seller().base, &access, "orders-queue", QUEUE, &stamp()).unwrap();
    let subscription =
        build_subscription(&seller(), "3acafc7e-121b-1329-8ae8-1571be663aa2", &stamp()).unwrap();
    assert_eq!(destination.headers()["x-amz-access-token"], "Atza|GRANTLESS");
    assert_eq!(subscription.headers()["x-amz-access-token"], "Atza|EXAMPLE");
    let Some(sample) = contracts::file("samples/createSubscription.order-change.json") else { return };
    assert_eq!(destination.uri().path(), sample["steps"][0]["path"].as_str().unwrap());
    assert_eq!(body(&destination), sample["steps"][0]["body"]);
    assert_eq!(subscription.uri().path(), sample["steps"][1]["path"].as_str().unwrap());
    let mut expected = sample["steps"][1]["body"].clone();
    expected["processingDirective"]["eventFilter"]["marketplaceIds"] = json!(["A1F83G8C2ARO7P"]);
    assert_eq!(body(&subscription), expected);
}

#[test]
fn every_request_is_of_the_specification() {
    let Some(spec) = contracts::file("specs/notifications.json") else { return };
    let access = Secret::new("t".to_owned());
    let base = seller().base;
    let destinations = "/notifications/v1/destinations";
    let subscriptions = "/notifications/v1/subscriptions/{notificationType}";
    let stamp = stamp();
    contracts::is_of(&spec, destinations, &build_destination(&base, &access, "q", QUEUE, &stamp).unwrap());
    contracts::is_of(&spec, destinations, &build_destinations(&base, &access, &stamp).unwrap());
    contracts::is_of(&spec, subscriptions, &build_subscription(&seller(), "1", &stamp).unwrap());
    contracts::is_of(&spec, subscriptions, &build_read_subscription(&seller(), &stamp).unwrap());
}

#[test]
fn what_was_made_or_is_there_already_is_told() {
    let made = json!({"payload": {"destinationId": "d-1", "name": "q", "resource": {"sqs": {"arn": QUEUE}}}});
    assert_eq!(read_destination(&reply(200, &made)), Ok(Made::Is("d-1".into())));
    assert_eq!(read_destination(&refusal(409, "Conflict")), Ok(Made::Already));
    let list =
        json!({"payload": [{"destinationId": "d-0", "resource": {"eventBridge": {}}}, made["payload"]]});
    assert_eq!(read_destinations(&reply(200, &list), QUEUE), Ok(Some("d-1".into())));
    assert_eq!(read_destinations(&reply(200, &list), "arn:other"), Ok(None));
    let made = json!({"payload": {"subscriptionId": "s-1", "payloadVersion": "1.0", "destinationId": "d-1"}});
    assert_eq!(read_subscription(&reply(200, &made)), Ok(Made::Is("s-1".into())));
    assert_eq!(read_subscription(&refusal(409, "Conflict")), Ok(Made::Already));
    let refused = read_subscription(&refusal(400, "InvalidInput")).unwrap_err();
    assert_eq!(refused.advice(), Advice::AskPerson(Reason::ConnectionRefused));
    assert_eq!(read_subscription(&reply(200, "{}")), Err(CannotRead::Reply));
}
