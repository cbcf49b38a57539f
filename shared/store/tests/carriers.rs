//! What booking keeps beside orders: settings old and new, health, manifests, products.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use rust_decimal::Decimal;
use serde_json::json;
use std::sync::Arc;
use waybill_domain::breaker::{Gate, Health};
use waybill_domain::customs::Product;
use waybill_domain::manifest::{Manifest, Progress};
use waybill_domain::retention::Policy;
use waybill_domain::service::{Rate, ServiceRule, Shipping, Size, Way, stored};
use waybill_store::StoreError;
use waybill_store::memory::{Calm, Engine};
use waybill_store::registry::Merchant;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_795_424_400 + seconds).unwrap()
}

/// A list of rules as merchants stored it before the ladder.
fn before() -> serde_json::Value {
    json!([{
        "countries": ["GB"],
        "up_to_grams": 2000,
        "connection": "con_1",
        "service": {"carrier": "royal_mail", "code": "TPS48", "format": "parcel"},
    }])
}

#[tokio::test]
async fn rules_of_before_the_ladder_are_read_and_the_ladder_comes_back_whole() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let old = stored(before()).unwrap();
    assert_eq!((old.rules.len(), old.rules[0].way.service.code.as_str()), (1, "TPS48"));
    let way: Way = old.rules[0].way.clone();
    let mut merchant = Merchant {
        id: "mer_00000000000000aa".parse().unwrap(),
        name: "Invented Goods".into(),
        index_key: vec![1],
        needs: Default::default(),
        retention: Policy::LONGEST,
        part_ship: false,
        warehouses: Vec::new(),
        services: old,
    };
    db.save_merchant(&merchant).await.unwrap();
    assert_eq!(db.merchant(&merchant.id).await.unwrap().unwrap(), merchant);
    let size = Size { length_mm: 350, width_mm: 250, height_mm: 25 };
    merchant.services = Shipping {
        rules: vec![ServiceRule {
            name: Some("Small and dear".into()),
            up_to_size: Some(size),
            from_value: Some(Decimal::new(10_050, 2)),
            cut_off: Some("15:30".parse().unwrap()),
            way: Way { parcel_grams: Some(20_000), ..way.clone() },
            ..merchant.services.rules[0].clone()
        }],
        rates: vec![Rate {
            countries: vec!["GB".into()],
            except_areas: vec!["BT".into()],
            up_to_grams: 2000,
            up_to_size: Some(size),
            price: Decimal::new(345, 2),
            way,
        }],
        ..Shipping::default()
    };
    db.save_merchant(&merchant).await.unwrap();
    assert_eq!(db.merchant(&merchant.id).await.unwrap().unwrap(), merchant);
    // As DynamoDB itself holds the old form: a list in the place of the ladder.
    let mut item = serde_dynamo::to_item(&merchant).map(|item: waybill_store::db::Item| item).unwrap();
    item.insert("services".into(), serde_dynamo::to_attribute_value(before()).unwrap());
    let read: Merchant = waybill_store::db::from_item(item, "merchant").unwrap();
    assert_eq!((read.services.rules.len(), read.services.rates.len()), (1, 0));
}

#[tokio::test]
async fn health_is_written_by_whoever_read_it_last() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let id = "con_1".parse().unwrap();
    let well = db.health(&id).await.unwrap();
    assert_eq!(well, Health::default());
    let mut health = well.clone();
    for n in 0..3 {
        let failed = health.failed(at(n));
        assert!(db.save_health(&id, &health, &failed).await.unwrap());
        assert_eq!(db.health(&id).await.unwrap(), failed);
        health = failed;
    }
    assert!(matches!(health.gate(at(3)), Gate::Open { .. }));
    // Two that both want to try: one may.
    let tries = health.tries(at(60));
    assert!(db.save_health(&id, &health, &tries).await.unwrap());
    assert!(!db.save_health(&id, &health, &tries).await.unwrap());
    assert!(db.save_health(&id, &tries, &Health::default()).await.unwrap());
    assert_eq!(db.health(&id).await.unwrap(), Health::default());
    assert!(db.save_health(&id, &well, &well.failed(at(70))).await.unwrap());
}

#[tokio::test]
async fn a_manifest_is_claimed_once_and_the_hand_over_never_goes_back() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let mut sheet = Manifest {
        id: "man_1".parse().unwrap(),
        merchant: "mer_1".parse().unwrap(),
        connection: "con_1".parse().unwrap(),
        warehouse: "wh_1".parse().unwrap(),
        carrier_name: "Royal Mail OBA".into(),
        asked_at: at(0),
        progress: Progress::Asked,
    };
    assert_eq!(db.manifest(&sheet.connection, &sheet.id).await.unwrap(), None);
    db.claim_manifest(&sheet).await.unwrap();
    assert!(matches!(db.claim_manifest(&sheet).await, Err(StoreError::Condition { .. })));
    for progress in
        [Progress::Working { number: 7 }, Progress::Refused { code: "0".into() }, Progress::Planned]
    {
        sheet.progress = progress;
        db.save_manifest(&sheet).await.unwrap();
        assert_eq!(db.manifest(&sheet.connection, &sheet.id).await.unwrap(), Some(sheet.clone()));
    }
    db.claim_manifest(&sheet).await.unwrap();
    assert_eq!(db.manifested(&sheet.connection).await.unwrap(), None);
    for (seconds, last) in [(10, 10), (5, 10), (20, 20)] {
        db.set_manifested(&sheet.connection, at(seconds)).await.unwrap();
        assert_eq!(db.manifested(&sheet.connection).await.unwrap(), Some(at(last)));
    }
}

#[tokio::test]
async fn products_are_found_by_sku_and_do_not_disturb_the_stock() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let merchant = "mer_1".parse().unwrap();
    let product = Product {
        sku: "TEE-RED".into(),
        hs_code: Some("610910".into()),
        value: Some(Decimal::new(1225, 2)),
        tags: vec!["soft".into()],
        ..Product::default()
    };
    db.receive(&merchant, &("TEE-RED".into(), "wh_1".parse().unwrap()), 5, "opening", at(0)).await.unwrap();
    db.save_product(&merchant, &product).await.unwrap();
    let asked = ["NONE".to_owned(), "TEE-RED".to_owned()];
    assert_eq!(db.products(&merchant, &asked).await.unwrap(), [product]);
    assert_eq!(db.products(&merchant, &[]).await.unwrap(), []);
    let (levels, movements) = db.sku(&merchant, "TEE-RED").await.unwrap();
    assert_eq!((levels.len(), movements.len()), (1, 1));
}
