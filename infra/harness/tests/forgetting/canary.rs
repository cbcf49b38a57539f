//! Where the tokens are while an order lives, and that they are nowhere else.

use crate::stage::Stage;
use serde_json::json;
use std::collections::BTreeSet;
use waybill_domain::order::Status;
use waybill_harness::canary::{Needles, carrier_check};
use waybill_privacy::Purpose;
use waybill_privacy::seal::open;
use waybill_sandbox::WebhookOptions;
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;

/// What of a Shopify order may be kept when the merchant needs neither notifications nor gift texts.
const KEPT: [&str; 9] = [
    "/shipping_address/name",
    "/shipping_address/first_name",
    "/shipping_address/last_name",
    "/shipping_address/company",
    "/shipping_address/address1",
    "/shipping_address/address2",
    "/shipping_address/city",
    "/shipping_address/province",
    "/shipping_address/zip",
];

/// A canary order all the way to the carrier, with its label in the bucket.
async fn sent() -> (Stage, i64) {
    let mut stage = Stage::set().await;
    let id = stage.bought(1).await;
    stage.drain().await;
    let order = stage.order(id).await;
    assert_eq!(order.status, Status::Dispatched, "{:?}", order.exceptions);
    assert_eq!(stage.world.documents.all().len(), 1);
    assert!(stage.tokens.len() > 40 && stage.messages.len() >= 4);
    (stage, id)
}

#[tokio::test]
async fn while_an_order_lives_no_store_queue_name_or_log_holds_a_personal_value_in_any_form() {
    let (stage, _) = sent().await;
    assert_eq!(stage.hits(), Vec::<String>::new());
}

#[tokio::test]
async fn the_search_finds_what_is_planted_in_each_kind_of_place() {
    let (mut stage, id) = sent().await;
    let token =
        stage.tokens.iter().find(|token| token.pointer == "/email" && token.value.contains('@')).unwrap();
    let value = token.value.clone();
    let hash = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, value.as_bytes()));
    tracing::info!(target: "waybill_harness", planted = value.as_str(), "planted");
    let mut order = stage.order(id).await;
    order.lines[0].sku = Some(hash);
    stage.world.db.save_order(&mut order).await.unwrap();
    let documents: &dyn waybill_store::labels::Documents = &stage.world.documents;
    documents.put(&format!("labels/{value}"), value.to_uppercase().into_bytes()).await.unwrap();
    stage.messages.push(waybill_store::memory::Sent {
        queue: waybill_store::Queue::Poll,
        work: waybill_store::Work::Fetch {
            connection: stage.world.shop.clone(),
            channel_id: value,
            at: stage.now(),
        },
        delay: 0,
    });
    let found: BTreeSet<String> =
        stage.hits().iter().map(|hit| hit.split([':', '>']).next().unwrap().trim().to_owned()).collect();
    assert_eq!(found, ["Poll queue", "log", "object names", "objects", "orders"].map(str::to_owned).into());
}

#[tokio::test]
async fn of_every_field_of_the_channels_schema_only_the_allow_list_can_be_opened() {
    let (stage, id) = sent().await;
    let id = stage.id(id);
    let (order, sealed) = stage.world.db.order_with_sealed(&id).await.unwrap().unwrap();
    let KeyState::Live { wrapped, .. } = stage.world.db.recipient_key(&id).await.unwrap() else {
        panic!("erased")
    };
    let key = OpenKeys::open(&stage.world.kms, &order.merchant, &id, &wrapped).await.unwrap();
    let who = open(&key, &order.merchant, &id, &sealed.unwrap()).unwrap();
    let texts = [
        &who.name,
        &who.company,
        &who.city,
        &who.region,
        &who.postcode,
        &who.phone,
        &who.email,
        &who.gift_note,
    ];
    let texts = texts.into_iter().flatten().chain(&who.lines).map(|text| text.open(Purpose::Request).clone());
    let kept: String = texts.collect::<Vec<_>>().join("\n");
    let needles = Needles::new(&stage.tokens).unwrap();
    let found: BTreeSet<&str> = needles
        .search(kept.as_bytes())
        .into_keys()
        .map(|token| stage.tokens[token].pointer.as_str())
        .collect();
    assert!(found.len() >= 6, "{found:?}");
    let extra: Vec<_> = found.iter().filter(|pointer| !KEPT.contains(pointer)).collect();
    assert!(extra.is_empty(), "kept without need: {extra:?}");
    assert!(who.phone.is_none() && who.email.is_none() && who.gift_note.is_none());
}

#[tokio::test]
async fn the_carrier_is_sent_the_fields_of_its_service_in_the_booking_and_nothing_anywhere_else() {
    let (stage, _) = sent().await;
    let captured = stage.world.sandbox.with_state(|state| {
        let all: Vec<_> =
            state.meters.captured.iter().filter(|one| one.endpoint.starts_with("royal-mail")).collect();
        json!({"captured": all, "dropped": state.meters.captured_dropped})
    });
    let seen = carrier_check(&captured, &stage.tokens).unwrap();
    assert!(seen.requests >= 2 && seen.allowed.len() >= 5, "{seen:?}");
    assert!(seen.forbidden.is_empty(), "{:?}", seen.forbidden);
}

#[tokio::test]
async fn every_personal_item_carries_its_origin_its_times_and_its_key() {
    let (stage, _) = sent().await;
    let keys = stage.world.engine.dump("keys").unwrap();
    assert_eq!(keys.len(), 1);
    for item in keys {
        for tag in ["merchant", "origin", "obtained_at", "purge_at", "ttl", "wrapped"] {
            assert!(!item[tag].is_null(), "{tag} is missing");
        }
        assert_eq!(item["origin"]["S"], stage.world.shop.as_str());
    }
    // What is sealed without a key that says all this is not there at all.
    let sealed =
        stage.world.engine.dump("orders").unwrap().into_iter().filter(|item| !item["sealed"].is_null());
    assert_eq!(sealed.count(), 1);
}

#[tokio::test]
async fn whatever_arrives_however_broken_nothing_of_it_is_logged_or_stored_in_clear() {
    let mut stage = Stage::set().await;
    let id = stage.placed(7);
    let whole = stage.world.sandbox.with_state(|state| {
        state.shops.get("harbour-finch.myshopify.com").unwrap().orders.get(&id).unwrap().body.clone()
    });
    let mut broken = vec![json!([whole]), json!({"order": whole}), json!(whole.to_string())];
    for name in whole.as_object().unwrap().keys() {
        let mut one = whole.clone();
        one[name] = json!({"unexpected": [whole["email"], whole["shipping_address"]]});
        broken.push(one);
    }
    for payload in broken {
        for topic in [
            "orders/create",
            "orders/updated",
            "customers/redact",
            "customers/data_request",
            "refunds/create",
        ] {
            for wrong_signature in [false, true] {
                let payload = Some(payload.clone());
                let options = WebhookOptions { payload, wrong_signature, ..WebhookOptions::default() };
                let status = stage.tell(topic, None, &options).await;
                assert!(matches!(status, 200 | 401), "{topic} {status}");
            }
        }
    }
    stage.messages.extend(stage.world.queues.take());
    assert!(stage.logged().contains("cannot be read") && stage.logged().contains("bad_signature"));
    assert_eq!(stage.hits(), Vec::<String>::new());
}

#[tokio::test]
async fn each_delivery_asks_kms_once_and_each_label_twice() {
    let (stage, _) = sent().await;
    // One order: a key for it, a key for its label, and one opening to book. Nothing else was opened.
    assert_eq!(stage.world.kms.decrypts(), 1);
}
