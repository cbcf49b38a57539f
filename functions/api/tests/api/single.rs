//! One order, one SKU.

use crate::stage::{MERCHANT, OTHER, Stage, code, long, order_id};
use serde_json::{Value, json};
use waybill_domain::MerchantId;
use waybill_domain::access::Role;
use waybill_domain::exception::Reason;
use waybill_domain::order::Allocation;
use waybill_store::stock::{BatchChanges, Settling, SlotChange};

#[tokio::test]
async fn an_order_is_shown_with_its_lines_shipments_and_matters() {
    let stage = Stage::set().await;
    stage.book(1).await;
    let mut order = stage.order(1).await;
    order.raise(Reason::ChangedAfterBooking, None, stage.now());
    stage.db.save_order(&mut order).await.unwrap();
    let address = format!("/v1/orders/{}", order_id(1));
    let (status, view) = stage.mine(&address).await;
    assert_eq!(status, 200);
    assert_eq!(view["summary"]["order"], order_id(1));
    assert_eq!(view["lines"][0]["sku"], "TEE-RED");
    assert_eq!(view["lines"][0]["price"], "12.50");
    assert_eq!(view["channel_order"]["name"], "#1001");
    assert_eq!(view["destination"], json!({"country": "GB", "postcode_area": "BS"}));
    assert_eq!(view["shipments"][0]["booking"], "labelled");
    assert_eq!(view["shipments"][0]["tracking"], "AA000000001GB");
    assert_eq!(view["exceptions"][0]["advice"], Reason::ChangedAfterBooking.advice());
    for role in Role::ALL {
        assert_eq!(stage.get(Some(&format!("mine-{role:?}")), &address).await.0, 200, "{role:?}");
    }
}

#[tokio::test]
async fn past_the_purge_time_what_leads_to_a_person_is_left_out_though_it_is_there() {
    let stage = Stage::set().await;
    stage.book(1).await;
    stage.advance(long());
    stage.confirm().await;
    let (status, view) = stage.mine(&format!("/v1/orders/{}", order_id(1))).await;
    assert_eq!(status, 200);
    assert!(stage.order(1).await.channel_ref.is_some());
    for gone in [&view["channel_order"], &view["destination"], &view["shipments"][0]["tracking"]] {
        assert_eq!(*gone, Value::Null);
    }
    assert_eq!(view["lines"][0]["sku"], "TEE-RED");
}

#[tokio::test]
async fn another_merchants_an_unknown_and_a_malformed_id_look_the_same() {
    let stage = Stage::set().await;
    let unknown = stage.mine("/v1/orders/ord_00").await;
    assert_eq!(code(&unknown), (404, "not_found"));
    for address in
        [format!("/v1/orders/{}", order_id(200)), "/v1/orders/x".into(), "/v1/orders/ord_%FF".into()]
    {
        assert_eq!(stage.mine(&address).await, unknown, "{address}");
    }
    let theirs = stage.get(Some("other-Owner"), &format!("/v1/orders/{}", order_id(1))).await;
    assert_eq!(theirs, unknown);
}

#[tokio::test]
async fn stock_is_shown_with_its_sum_of_movements_and_its_holders() {
    let stage = Stage::set().await;
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let slot = ("TEE-RED".to_owned(), "wh_north".parse().unwrap());
    stage.db.receive(&merchant, &slot, 10, "opening", stage.now()).await.unwrap();
    let mut order = stage.order(1).await;
    order.lines[0].allocations = vec![Allocation { warehouse: slot.1.clone(), quantity: 2 }];
    let changes = BatchChanges::from([(
        slot,
        SlotChange { orders: vec![(order.id.clone(), 2)], ..SlotChange::default() },
    )]);
    stage.db.settle(&merchant, Settling::Promises, &changes, &mut [order], stage.now()).await.unwrap();
    let (status, view) = stage.mine("/v1/stock/TEE-RED").await;
    assert_eq!(status, 200);
    let expected = json!({
        "sku": "TEE-RED",
        "sound": true,
        "warehouses": [{
            "warehouse": "wh_north", "on_hand": 10, "reserved": 2, "available": 8, "past": 0,
            "quarantined": 0, "spots": {"DOCK": {"on_hand": 10, "free": 10}},
            "moved": {"receive": 10, "reserve": 2}, "sound": true,
        }],
        "held_by": [{"order": order_id(1), "warehouse": "wh_north", "quantity": 2, "since": stage.now()}],
    });
    assert_eq!(view, expected);
    let unknown = stage.mine("/v1/stock/TEE-BLUE").await;
    assert_eq!(code(&unknown), (404, "not_found"));
    assert_eq!(stage.get(Some("other-Owner"), "/v1/stock/TEE-RED").await, unknown);
    let crafted = format!("/v1/stock/{}", format_args!("{MERCHANT}%23TEE-RED"));
    assert_eq!(stage.get(Some("other-Owner"), &crafted).await, unknown, "{OTHER}");
    assert_eq!(stage.mine(&format!("/v1/stock/{}", "x".repeat(300))).await, unknown);
}
