//! What the merchant's own people say of an order.

use crate::stage::{Stage, code, long, order_id};
use serde_json::json;
use waybill_domain::order::{Claim, Hold, Status};
use waybill_store::{Queue, Work};

fn at(n: u8, what: &str) -> String {
    format!("/v1/orders/{}/{what}", order_id(n))
}

/// Queues that the last call sent this order to; its purge time is worked out anew each time.
fn sent(stage: &Stage) -> Vec<Queue> {
    let sent = stage.queues.take();
    assert!(sent.iter().any(|s| s.queue == Queue::Erase && matches!(s.work, Work::Purge { .. })));
    sent.iter().map(|s| s.queue).filter(|queue| *queue != Queue::Erase).collect()
}

#[tokio::test]
async fn a_cancelled_order_goes_where_what_is_left_of_it_is() {
    let stage = Stage::set().await;
    stage.queues.take();
    let (status, standing) = stage.post(&at(1, "cancel"), json!({})).await;
    assert_eq!((status, standing), (200, json!({"order": order_id(1), "status": "cancelled"})));
    assert_eq!(stage.order(1).await.milestones.cancelled, Some(stage.now()));
    assert_eq!(sent(&stage), [], "nothing was promised to it");
    let mut booked = stage.order(2).await;
    (booked.status, booked.shipments) = (Status::Booked, 1);
    stage.db.save_order(&mut booked).await.unwrap();
    assert_eq!(stage.post(&at(2, "cancel"), json!({})).await.0, 200);
    assert_eq!(sent(&stage), [Queue::Book], "its label is voided first");
    assert_eq!(stage.post(&at(2, "cancel"), json!({})).await.0, 200, "a repeat does no harm");
}

#[tokio::test]
async fn a_parcel_that_left_is_not_called_back_and_the_answer_says_why() {
    let stage = Stage::set().await;
    let mut gone = stage.order(1).await;
    gone.status = Status::Dispatched;
    stage.db.save_order(&mut gone).await.unwrap();
    for what in ["cancel", "fulfilment/hold"] {
        assert_eq!(code(&stage.post(&at(1, what), json!({})).await), (409, "already_left"), "{what}");
    }
    assert_eq!(stage.order(1).await, gone);
}

#[tokio::test]
async fn a_held_order_waits_until_it_is_released() {
    let stage = Stage::set().await;
    assert_eq!(code(&stage.post(&at(1, "fulfilment/release"), json!({})).await), (409, "not_waiting"));
    stage.queues.take();
    let (_, standing) = stage.post(&at(1, "fulfilment/hold"), json!({})).await;
    assert_eq!(standing, json!({"order": order_id(1), "status": "held", "hold": "merchant"}));
    assert_eq!(sent(&stage), [Queue::Allocate], "its goods are kept meanwhile");
    // It is no exception: nobody has to look at it.
    assert_eq!(stage.mine("/v1/exceptions").await.1["orders"], json!([]));
    let (_, standing) = stage.post(&at(1, "fulfilment/release"), json!({})).await;
    assert_eq!(standing["status"], "received");
    assert_eq!(sent(&stage), [Queue::Allocate]);
    let mut claimed = stage.order(1).await;
    let now = stage.now();
    claimed.claim = Some(Claim { at: now, since: now, carriers: Default::default(), by: None });
    stage.db.save_order(&mut claimed).await.unwrap();
    assert_eq!(code(&stage.post(&at(1, "fulfilment/hold"), json!({})).await), (409, "at_carrier"));
}

#[tokio::test]
async fn a_rules_hold_that_is_lifted_leaves_our_own() {
    let stage = Stage::set().await;
    let mut held = stage.order(1).await;
    (held.status, held.hold) = (Status::Held, Some(Hold::Exception));
    held.raise(waybill_domain::exception::Reason::HeldByRule, Some("look".into()), stage.now());
    stage.db.save_order(&mut held).await.unwrap();
    assert_eq!(stage.post(&at(1, "fulfilment/hold"), json!({})).await.1["hold"], "exception");
    assert_eq!(stage.post(&at(1, "let-go"), json!({})).await.1["status"], "held");
    assert_eq!(stage.order(1).await.hold, Some(Hold::Merchant));
}

#[tokio::test]
async fn instructions_are_kept_shown_and_changed_only_by_who_has_seen_them() {
    let stage = Stage::set().await;
    let (address, manager) = (at(1, "instructions"), Some("mine-Manager"));
    let (_, headers, empty) = stage.send(manager, "GET", &address, None, &[]).await;
    assert_eq!(serde_json::from_slice::<serde_json::Value>(&empty).unwrap(), json!({"ship_complete": false}));
    let etag = headers["etag"].to_str().unwrap().to_owned();
    let told = json!({"ship_complete": true, "note": "Double box"});
    let seen: &[(&str, &str)] = &[("if-match", &etag)];
    assert_eq!(stage.send(manager, "PUT", &address, Some(told.clone()), seen).await.0, 200);
    assert_eq!(stage.send(manager, "PUT", &address, Some(told.clone()), seen).await.0, 412);
    assert_eq!(stage.mine(&address).await.1, told);
    assert_eq!(stage.mine(&format!("/v1/orders/{}", order_id(1))).await.1["instructions"], told);
    for note in ["ring 07700 900001", "zoe@example.invalid", "to BS1 4DJ", "", "x\ny"] {
        let refused = stage.put(&address, json!({"ship_complete": true, "note": note})).await;
        assert_eq!((code(&refused), refused.1["pointer"].as_str()), ((422, "invalid_field"), Some("/note")));
    }
    stage.advance(long());
    stage.confirm().await;
    assert_eq!(stage.mine(&address).await.1, json!({"ship_complete": true}), "the note goes with the person");
    assert_eq!(code(&stage.put(&address, told).await), (410, "erased"));
}
