//! What is forgotten does not come back: not by a late delivery, a poll, a redriven message or a restored backup.

use crate::stage::{Stage, number};
use serde_json::Value;
use waybill_domain::order::PersonalData;
use waybill_domain::time::{after, days};
use waybill_harness::world::SHOP;
use waybill_sandbox::{SignedWebhook, WebhookOptions};
use waybill_store::keys::KeyState;
use waybill_store::{Queue, Work};

/// Orders that were sent and forgotten, and every delivery there was of them.
async fn forgotten(count: u64) -> (Stage, Vec<i64>, Vec<SignedWebhook>) {
    let mut stage = Stage::set().await;
    let (mut ids, mut old) = (Vec::new(), Vec::new());
    for n in 0..count {
        let id = stage.placed(n);
        for topic in ["orders/create", "orders/updated", "orders/paid", "orders/edited"] {
            let webhook = stage.world.sandbox.webhook(SHOP, topic, Some(id), &WebhookOptions::default());
            old.extend(webhook.ok());
        }
        ids.push(id);
    }
    for webhook in &old {
        assert_eq!(stage.world.functions.deliver(webhook).await, 200);
    }
    stage.drain().await;
    stage.world.set_now(after(stage.now(), days(26)));
    assert_eq!(stage.retain().await["forgotten"], count);
    (stage, ids, old)
}

fn keys(stage: &Stage) -> usize {
    let live = |item: &Value| item["state"]["S"] == "live" || !item["wrapped"].is_null();
    stage.world.engine.dump("keys").unwrap().iter().filter(|item| live(item)).count()
}

#[tokio::test]
async fn thousands_of_old_events_bring_nobody_back() {
    let (mut stage, ids, old) = forgotten(10).await;
    let queue = [Queue::Allocate, Queue::Book, Queue::Notify, Queue::Track, Queue::Erase];
    let mut events = 0;
    while events < number("WAYBILL_OLD_EVENTS", 1_000) {
        for webhook in &old {
            assert_eq!(stage.world.functions.deliver(webhook).await, 200);
            events += 1;
        }
        for id in &ids {
            for queue in queue {
                let work = Work::Order { order: stage.id(*id), at: stage.now() };
                stage.world.functions.work(queue, &[("1".into(), work)]).await.unwrap();
                events += 1;
            }
            let channel_id = id.to_string();
            let fetch = Work::Fetch { connection: stage.world.shop.clone(), channel_id, at: stage.now() };
            stage.world.functions.work(Queue::Poll, &[("1".into(), fetch)]).await.unwrap();
            events += 1;
        }
    }
    stage.drain().await;
    let mut back = 0;
    for id in &ids {
        back += usize::from(!stage.is_erased(*id).await);
    }
    println!("{events} old events, {back} resurrected, {} keys", keys(&stage));
    assert_eq!((back, keys(&stage)), (0, 0));
    assert_eq!(stage.hits(), Vec::<String>::new());
}

#[tokio::test]
async fn what_a_backup_brings_back_does_not_open_and_the_next_run_of_the_ledger_clears_it() {
    let mut stage = Stage::set().await;
    let id = stage.bought(1).await;
    stage.drain().await;
    let order = stage.id(id);
    let (held, sealed) = stage.world.db.order_with_sealed(&order).await.unwrap().unwrap();
    stage.world.set_now(after(stage.now(), days(26)));
    stage.retain().await;
    assert!(stage.is_erased(id).await);
    // Yesterday's orders table: the item as it was, sealed bytes and all.
    let mut restored = held.clone();
    restored.rev = stage.order(id).await.rev;
    stage.world.db.save_order(&mut restored).await.unwrap();
    let put =
        stage.world.db.client.update_item().table_name("orders").update_expression("SET sealed = :sealed");
    let bytes = aws_sdk_dynamodb::types::AttributeValue::B(sealed.unwrap().into());
    let put = put.expression_attribute_values(":sealed", bytes);
    let put = put.set_key(Some(waybill_store::db::key(order.as_str(), "order")));
    put.send().await.unwrap();
    assert_eq!(stage.order(id).await.personal, PersonalData::Live);
    assert_eq!(
        stage.world.db.recipient_key(&order).await.unwrap(),
        KeyState::Erased,
        "shredded stays shredded"
    );
    assert_eq!(stage.hits(), Vec::<String>::new(), "what is restored opens with nothing");
    let event =
        serde_json::json!({"replay": "ledger", "source": "aws.scheduler", "time": stage.now().to_string()});
    let report = stage.world.functions.retention(event).await.unwrap();
    assert_eq!(report["forgotten"], 1, "{report}");
    assert!(stage.is_erased(id).await);
    let again = serde_json::json!({"replay": "ledger", "time": stage.now().to_string()});
    assert_eq!(stage.world.functions.retention(again).await.unwrap()["forgotten"], 0);
}
