//! The whole road of one order, from its webhook to its forgetting.

use crate::bus::hears_of;
use crate::support::{Shop, Story, deliver_everything};
use jiff::SignedDuration;
use serde_json::json;
use std::ops::RangeInclusive;
use waybill_domain::OrderId;
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::shipment::{Booking, Shipment, WriteBack};
use waybill_domain::stock::MovementKind;
use waybill_domain::time::{after, days};
use waybill_privacy::seal::{Binding, FieldSet, open, open_bytes};
use waybill_sandbox::invent::Kind;
use waybill_store::audit::{Action, Stream, first_break};
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;
use waybill_store::labels::{Documents, label_name};

pub static ROAD: Story = Story::new("road", || Box::pin(road()));

#[test]
#[ignore = "needs a running stack"]
fn an_order_travels_the_whole_road_and_is_forgotten() {
    ROAD.told();
}

async fn road() {
    let shop = Shop::open().await;
    let order = shop.bought(Kind::Plain).await;
    let line = shop.body(order).await["line_items"][0].clone();
    let (sku, pieces) = (line["sku"].as_str().unwrap(), line["quantity"].as_i64().unwrap());
    let before = shop.shelf(sku).await;

    let id = shop.tell("orders/create", order).await;
    let held = shop.stands(&id, Status::Dispatched).await;
    assert_eq!(held.personal, PersonalData::Live);
    assert!(held.exceptions.is_empty() && held.claim.is_none());
    assert_eq!(shop.shelf(sku).await, (before.0 - pieces, 0), "the goods have left");
    let kinds = movements(&shop, sku, &id).await;
    assert_eq!(kinds, [MovementKind::Reserve, MovementKind::Dispatch]);

    let shipment = labelled(&shop, &id).await;
    told_to_the_shop(&shop, order, &shipment).await;
    assert_eq!(shop.at_carrier(&id).await, (1, 0), "one parcel is booked");

    let arrived = deliver_everything(&shop).await;
    let held = shop.stands(&id, Status::Delivered).await;
    let delivered = held.milestones.delivered.expect("it was delivered");
    assert!(delivered <= arrived);
    let KeyState::Live { purge_at, .. } = shop.db.recipient_key(&id).await.unwrap() else {
        panic!("erased early")
    };
    let shipped = held.milestones.shipped.expect("it was sent");
    let earliest = after(delivered, days(14)).min(after(shipped, days(25)));
    assert!(purge_at.duration_since(earliest).abs() < SignedDuration::from_secs(2));

    shop.stack.run_at("FunctionRetention", after(purge_at, SignedDuration::from_secs(-60))).await.unwrap();
    assert_eq!(shop.order(&id).await.personal, PersonalData::Live, "not a minute too early");
    shop.stack.run_at("FunctionRetention", after(purge_at, SignedDuration::from_secs(60))).await.unwrap();
    forgotten(&shop, &id, &shipment).await;
    in_the_ledger(&shop, &id, "retention", 1..=1).await;
    let steps = ["received", "allocated", "booked", "dispatched", "delivered", "order.forgotten"];
    hears_of(&shop, &id, &steps).await;
    never_comes_back(&shop, order, &id).await;
}

async fn movements(shop: &Shop, sku: &str, id: &OrderId) -> Vec<MovementKind> {
    let (_, movements) = shop.db.sku(&shop.ids.merchant, sku).await.unwrap();
    movements.into_iter().filter(|m| m.orders.iter().any(|(of, _)| of == id)).map(|m| m.kind).collect()
}

/// One shipment with a label that is a PDF only for who may open it.
async fn labelled(shop: &Shop, id: &OrderId) -> Shipment {
    let shipments = shop.db.shipments(id).await.unwrap();
    let [shipment] = &shipments[..] else { panic!("{} shipments", shipments.len()) };
    assert!(matches!(shipment.booking, Booking::Labelled { .. }));
    let bucket =
        waybill_runtime::aws::bucket(&shop.stack.sdk(), shop.stack.output("BucketLabels").unwrap().into());
    let sealed = bucket.get(&label_name(id, &shipment.id)).await.unwrap().expect("the label is stored");
    assert!(!sealed.windows(4).any(|w| w == b"%PDF"), "the label lies in the open");
    let KeyState::Live { wrapped, .. } = shop.db.label_key(id, &shipment.id).await.unwrap() else {
        panic!("no key")
    };
    let key = shop.kms.open(&shipment.merchant, id, &wrapped).await.unwrap();
    let to =
        Binding { merchant: &shipment.merchant, order: id, field_set: FieldSet::Label(shipment.id.as_str()) };
    assert!(open_bytes(&key, to, &sealed).unwrap().starts_with(b"%PDF"));
    let (_, recipient) = shop.db.order_with_sealed(id).await.unwrap().unwrap();
    let KeyState::Live { wrapped, .. } = shop.db.recipient_key(id).await.unwrap() else { panic!("no key") };
    let key = shop.kms.open(&shipment.merchant, id, &wrapped).await.unwrap();
    open(&key, &shipment.merchant, id, &recipient.expect("the recipient is sealed beside the order"))
        .unwrap();
    shipment.clone()
}

async fn told_to_the_shop(shop: &Shop, order: i64, shipment: &Shipment) {
    assert!(matches!(shipment.write_back, WriteBack::Applied { .. }));
    let path = format!("orders/{}/{order}", shop.domain);
    let there = shop.stack.control("GET", &path, &serde_json::Value::Null).await.unwrap();
    let fulfillments = there["fulfillments"].as_array().unwrap();
    assert_eq!(fulfillments.len(), 1);
    assert_eq!(fulfillments[0]["numbers"], json!([shipment.tracking().unwrap()]));
}

/// Nothing that leads to the person is left, and nothing of it opens.
pub async fn forgotten(shop: &Shop, id: &OrderId, shipment: &Shipment) {
    let (order, sealed) = shop.db.order_with_sealed(id).await.unwrap().expect("the order itself stays");
    assert_eq!(order.personal, PersonalData::Erased);
    assert!(sealed.is_none() && order.channel_ref.is_none() && order.destination.is_none());
    assert_eq!(shop.db.recipient_key(id).await.unwrap(), KeyState::Erased);
    assert_eq!(shop.db.label_key(id, &shipment.id).await.unwrap(), KeyState::Erased);
    let fence =
        shop.db.get(&shop.db.tables.keys, id.as_str(), "recipient").await.unwrap().expect("the fence stands");
    assert!(fence.values().all(|value| !value.is_b()), "a wrapped key is still there");
    for gone in ["buyer", "origin", "obtained_at", "purge_shard"] {
        assert!(!fence.contains_key(gone), "{gone} is still there");
    }
    let bucket =
        waybill_runtime::aws::bucket(&shop.stack.sdk(), shop.stack.output("BucketLabels").unwrap().into());
    assert!(bucket.get(&label_name(id, &shipment.id)).await.unwrap().is_none(), "the label is still there");
    let shipment = shop.db.shipment(&shipment.id).await.unwrap().expect("that something was sent stays");
    assert_eq!(shipment.booking, Booking::Forgotten);
    assert!(
        shipment.reference.is_empty() && !shipment.disclosed.is_empty(),
        "what was disclosed stays on record"
    );
}

/// The ledger says so, and its chain holds. A record is written before every attempt, so an attempt that failed half
/// way has left one more, and so have two requests for the same order at the same time.
pub async fn in_the_ledger(shop: &Shop, id: &OrderId, why: &str, expected: RangeInclusive<usize>) {
    let records = shop.db.records(&shop.ids.merchant, Stream::Erasure).await.unwrap();
    assert_eq!(first_break(&records).unwrap(), None, "the chain is broken");
    let ours: Vec<_> = records.iter().filter(|record| record.event.order == *id).collect();
    assert!(expected.contains(&ours.len()), "{} records", ours.len());
    assert!(ours.iter().all(|record| record.event.action == Action::Erase));
    // Of a request, whichever it was: its id begins with `why`.
    assert!(ours.iter().all(|record| record.event.purpose.starts_with(why)));
}

/// The same delivery again, and a newer one, change nothing.
pub async fn never_comes_back(shop: &Shop, order: i64, id: &OrderId) {
    let table = &shop.db.tables;
    let stored = async || {
        let order = shop.db.get(&table.orders, id.as_str(), "order").await.unwrap();
        (order, shop.db.get(&table.keys, id.as_str(), "recipient").await.unwrap())
    };
    let before = stored().await;
    shop.tell("orders/create", order).await;
    shop.change(order, "address", &json!({"address1": "2 Invented Street"})).await;
    shop.tell("orders/updated", order).await;
    shop.tell("orders/create", order).await;
    assert!(stored().await == before, "an erased order was written again");
}
