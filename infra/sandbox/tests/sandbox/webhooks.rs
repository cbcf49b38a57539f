use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use axum::extract::State;
use http::StatusCode;
use serde_json::{Value, json};
use waybill_sandbox::invent::Kind;
use waybill_sandbox::shopify::webhooks::sign;
use waybill_sandbox::{DeliveryResult, SignedWebhook, WebhookOptions};

use super::{SHOP, control, put, sandbox};

fn header<'a>(webhook: &'a SignedWebhook, name: &str) -> &'a str {
    let found = webhook.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value.as_str()).unwrap_or_default()
}

#[test]
fn a_webhook_carries_the_order_and_a_signature_over_its_exact_bytes() {
    let sandbox = sandbox();
    let (id, order) = put(&sandbox, Kind::NonAscii);
    let plain = WebhookOptions::default();
    let webhook = sandbox.webhook(SHOP, "orders/create", Some(id), &plain).unwrap();
    assert_eq!(serde_json::from_slice::<Value>(&webhook.body).unwrap(), order);
    assert_eq!(header(&webhook, "x-shopify-hmac-sha256"), sign("current", &webhook.body));
    assert_eq!(header(&webhook, "x-shopify-topic"), "orders/create");
    assert_eq!(header(&webhook, "x-shopify-shop-domain"), SHOP);
    assert_eq!(header(&webhook, "x-shopify-webhook-id"), webhook.webhook_id);
    for name in ["x-shopify-event-id", "x-shopify-triggered-at", "x-shopify-api-version"] {
        assert!(!header(&webhook, name).is_empty(), "{name}");
    }
    assert_eq!(webhook.path, "/webhooks/shopify/con_0000000000000001");
    let wrong = WebhookOptions { wrong_signature: true, ..plain.clone() };
    let wrong = sandbox.webhook(SHOP, "orders/create", Some(id), &wrong).unwrap();
    assert_ne!(header(&wrong, "x-shopify-hmac-sha256"), sign("current", &wrong.body));
    let previous = WebhookOptions { previous_secret: true, ..plain };
    let previous = sandbox.webhook(SHOP, "orders/create", Some(id), &previous).unwrap();
    assert_eq!(header(&previous, "x-shopify-hmac-sha256"), sign("previous", &previous.body));
}

#[test]
fn changes_bump_the_order_and_a_stale_body_is_the_one_before() {
    let sandbox = sandbox();
    let (id, order) = put(&sandbox, Kind::SeveralLines);
    sandbox.set_now("2026-11-23T10:00:00Z".parse().unwrap());
    let sku = order["line_items"][0]["sku"].as_str().unwrap();
    let path = |change: &str| format!("orders/{SHOP}/{id}/{change}");
    assert_eq!(control(&sandbox, "POST", &path("edit"), &json!({"lines": {sku: 5}})).status, 200);
    control(&sandbox, "POST", &path("address"), &json!({"address1": "1 Changed Street"}));
    let body = |topic: &str, stale: usize| -> Value {
        let options = WebhookOptions { stale, ..WebhookOptions::default() };
        let webhook = sandbox.webhook(SHOP, topic, Some(id), &options).unwrap();
        serde_json::from_slice(&webhook.body).unwrap()
    };
    let now = body("orders/updated", 0);
    assert_eq!(now["line_items"][0]["current_quantity"], 5);
    assert_eq!(now["line_items"][0]["quantity"], order["line_items"][0]["quantity"]);
    assert_eq!(now["updated_at"], "2026-11-23T10:00:00+00:00");
    assert_eq!(now["shipping_address"]["address1"], "1 Changed Street");
    assert_eq!(body("orders/updated", 2), order);
    control(&sandbox, "POST", &path("refund"), &json!({"lines": {sku: 2}, "restock": true}));
    let refund = body("refunds/create", 0);
    assert_eq!(refund["refund_line_items"][0]["restock_type"], "cancel");
    control(&sandbox, "POST", &path("cancel"), &json!({"reason": "customer"}));
    let cancelled = body("orders/cancelled", 0);
    assert_eq!(cancelled["line_items"][0]["current_quantity"], 3);
    assert!(cancelled["cancelled_at"].is_string());
    let redact = body("customers/redact", 0);
    assert_eq!(redact["orders_to_redact"], json!([id]));
    assert_eq!(redact["shop_domain"], SHOP);
    assert!(body("customers/data_request", 0)["data_request"]["id"].is_i64());
    for topic in ["shop/redact", "app/uninstalled"] {
        assert!(sandbox.webhook(SHOP, topic, None, &WebhookOptions::default()).is_ok());
    }
}

#[test]
fn copies_are_counted_and_share_their_webhook_id_and_5xx_is_retried() {
    let sandbox = sandbox();
    let (id, _) = put(&sandbox, Kind::Plain);
    let deliver = json!({"shop": SHOP, "topic": "orders/create", "order": id, "copies": 3, "shuffle": true});
    assert_eq!(control(&sandbox, "POST", "deliver", &deliver).status, 200);
    let taken = sandbox.take_webhooks(10);
    assert_eq!(taken.len(), 3);
    assert!(taken.iter().all(|one| one.webhook.webhook_id == taken[0].webhook.webhook_id));
    for (delivery, status) in taken.into_iter().zip([200, 401, 503]) {
        sandbox.webhook_result(delivery, DeliveryResult::Answered(status));
    }
    assert!(sandbox.take_webhooks(10).is_empty(), "the retry is not due yet");
    sandbox.set_now(sandbox.now() + jiff::SignedDuration::from_secs(2));
    let again = sandbox.take_webhooks(10);
    assert_eq!((again.len(), again[0].attempt), (1, 1));
    sandbox.webhook_result(again[0].clone(), DeliveryResult::Answered(204));
    let report = &sandbox.report()["webhooks"];
    for (name, wanted) in [
        ("queued", 3),
        ("copies", 2),
        ("delivered", 2),
        ("answered_401", 1),
        ("answered_5xx", 1),
        ("retried", 1),
    ] {
        assert_eq!(report[name], wanted, "{name}: {report}");
    }
}

#[test]
fn a_shop_that_announces_by_itself_queues_every_change_once() {
    let sandbox = sandbox();
    let shop = json!({"domain": SHOP, "client_secret": "c", "access_token": "t", "auto_webhooks": true});
    control(&sandbox, "PUT", "shops", &shop);
    let (id, _) = put(&sandbox, Kind::Plain);
    control(&sandbox, "POST", &format!("orders/{SHOP}/{id}/cancel"), &json!({}));
    let topics: Vec<String> = sandbox.take_webhooks(10).into_iter().map(|one| one.webhook.topic).collect();
    assert_eq!(topics, ["orders/create", "orders/cancelled", "orders/updated"]);
}

#[test]
fn without_level_two_approval_personal_fields_are_gone() {
    let sandbox = sandbox();
    let shop = json!({"domain": SHOP, "client_secret": "c", "access_token": "t", "customer_data": false});
    control(&sandbox, "PUT", "shops", &shop);
    let (id, order) = put(&sandbox, Kind::Plain);
    let webhook = sandbox.webhook(SHOP, "orders/create", Some(id), &WebhookOptions::default()).unwrap();
    let text = String::from_utf8(webhook.body).unwrap();
    for value in [&order["email"], &order["shipping_address"]["address1"], &order["shipping_address"]["zip"]]
    {
        assert!(!text.contains(value.as_str().unwrap()));
    }
}

/// A receiver that fails twice and then answers 200, and how many calls were ever inside it at once.
async fn receiver(busy: Arc<Busy>) -> String {
    let answer = async |State(busy): State<Arc<Busy>>| {
        let now = busy.now.fetch_add(1, SeqCst) + 1;
        busy.most.fetch_max(now, SeqCst);
        tokio::time::sleep(Duration::from_millis(20)).await;
        busy.now.fetch_sub(1, SeqCst);
        if busy.calls.fetch_add(1, SeqCst) < 2 { StatusCode::BAD_GATEWAY } else { StatusCode::OK }
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let router = axum::Router::new().route("/hook", axum::routing::post(answer)).with_state(busy);
    tokio::spawn(async move { axum::serve(listener, router).await });
    url
}

#[derive(Default)]
struct Busy {
    now: AtomicUsize,
    most: AtomicUsize,
    calls: AtomicUsize,
}

#[tokio::test]
async fn the_sender_keeps_to_its_concurrency_and_tries_again() {
    let sandbox = sandbox();
    let busy = Arc::new(Busy::default());
    let url = receiver(busy.clone()).await;
    let shop = json!({"domain": SHOP, "client_secret": "c", "access_token": "t", "webhook_url": url});
    control(&sandbox, "PUT", "shops", &shop);
    control(&sandbox, "PUT", "sending", &json!({"concurrency": 3, "retry_seconds": 0}));
    control(&sandbox, "POST", "invent", &json!({"shop": SHOP, "count": 20, "deliver": true}));
    let sender = tokio::spawn(waybill_sandbox::deliver::run(sandbox.clone()));
    for _ in 0..500 {
        if sandbox.report()["webhooks"]["delivered"] == 20 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    sender.abort();
    let report = &sandbox.report()["webhooks"];
    assert_eq!(
        (&report["delivered"], &report["retried"], &report["waiting"]),
        (&json!(20), &json!(2), &json!(0))
    );
    assert_eq!(busy.calls.load(SeqCst), 22);
    assert_eq!(busy.most.load(SeqCst), 3);
}
