//! What platforms ask: erase a customer, erase a shop, tell what is held.

use crate::stage::{Stage, number};
use waybill_harness::world::SHOP;
use waybill_sandbox::WebhookOptions;
use waybill_store::audit::Stream;

#[tokio::test]
async fn a_platforms_three_calls_are_obeyed_when_signed_and_refused_when_not() {
    let mut stage = Stage::set().await;
    let (first, second) = (stage.bought(1).await, stage.bought(2).await);
    stage.drain().await;
    for topic in ["customers/redact", "customers/data_request", "shop/redact"] {
        let forged = WebhookOptions { wrong_signature: true, ..WebhookOptions::default() };
        assert_eq!(stage.tell(topic, Some(first), &forged).await, 401, "{topic}");
    }
    stage.drain().await;
    assert!(!stage.is_erased(first).await);
    assert_eq!(stage.tell("customers/data_request", Some(first), &WebhookOptions::default()).await, 200);
    let registry = serde_json::to_string(&stage.world.engine.dump("registry").unwrap()).unwrap();
    assert!(registry.contains("request#") && registry.contains("due_at"), "on record with its last day");
    assert_eq!(stage.tell("customers/redact", Some(first), &WebhookOptions::default()).await, 200);
    stage.drain().await;
    assert!(stage.is_erased(first).await && !stage.is_erased(second).await);
    assert_eq!(stage.tell("shop/redact", None, &WebhookOptions::default()).await, 200);
    stage.drain().await;
    assert!(stage.is_erased(second).await);
    assert_eq!(stage.hits(), Vec::<String>::new());
}

#[tokio::test]
async fn a_burst_of_requests_and_repeats_of_each_are_all_taken() {
    let mut stage = Stage::set().await;
    let ids = [stage.bought(1).await, stage.bought(2).await];
    stage.drain().await;
    for n in 0..number("WAYBILL_BURST", 300) {
        let webhook = stage.world.sandbox.webhook(
            SHOP,
            "customers/redact",
            Some(ids[n % 2]),
            &WebhookOptions::default(),
        );
        assert_eq!(stage.world.functions.deliver(&webhook.unwrap()).await, 200);
    }
    stage.drain().await;
    for id in ids {
        assert!(stage.is_erased(id).await);
    }
    let ledger = stage.world.db.records(stage.world.merchant_id(), Stream::Erasure).await.unwrap();
    assert_eq!(ledger.len(), 2, "one line for each order, however often it is asked");
}
