//! Registers against the in-memory engine: staff by their `sub`, reveals by the hour, merchants as a list.

#![allow(clippy::unwrap_used, clippy::panic)]

use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::access::Role;
use waybill_domain::retention::Policy;
use waybill_store::memory::{Calm, Engine};
use waybill_store::registry::Merchant;
use waybill_store::staff::Staff;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn merchant(id: &str) -> Merchant {
    Merchant {
        id: id.parse().unwrap(),
        name: "Invented Goods".into(),
        index_key: vec![1, 2, 3],
        needs: Default::default(),
        retention: Policy::LONGEST,
        part_ship: false,
        warehouses: Vec::new(),
        services: Default::default(),
    }
}

#[tokio::test]
async fn staff_are_found_by_their_sub_and_replaced_as_a_whole() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    assert_eq!(db.staff("5f0c").await.unwrap(), None);
    let staff = Staff {
        merchant: "mer_00000000000000aa".parse().unwrap(),
        role: Role::Packer,
        trained_until: at("2027-03-01T00:00:00Z"),
        reviewed_at: at("2026-11-01T00:00:00Z"),
        active: true,
    };
    db.save_staff("5f0c", &staff).await.unwrap();
    assert_eq!(db.staff("5f0c").await.unwrap(), Some(staff.clone()));
    let gone = Staff { active: false, ..staff };
    db.save_staff("5f0c", &gone).await.unwrap();
    assert_eq!(db.staff("5f0c").await.unwrap(), Some(gone));
    assert_eq!(db.staff("5f0c5f").await.unwrap(), None);
}

#[tokio::test]
async fn reveals_are_counted_per_person_and_hour() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let nine = at("2026-11-23T09:59:59Z");
    for n in 1..=3 {
        assert_eq!(db.count_reveal("5f0c", nine, 3).await, Ok(Some(n)));
    }
    assert_eq!(db.count_reveal("5f0c", nine, 3).await, Ok(None));
    assert_eq!(db.count_reveal("0000", nine, 3).await, Ok(Some(1)));
    assert_eq!(db.count_reveal("5f0c", at("2026-11-23T10:00:00Z"), 3).await, Ok(Some(1)));
    // The counters lie beside the staff item and are not taken for one.
    assert_eq!(db.staff("5f0c").await.unwrap(), None);
}

#[tokio::test]
async fn every_merchant_that_was_saved_is_listed_once() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    assert!(db.merchants().await.unwrap().is_empty());
    for id in ["mer_00000000000000bb", "mer_00000000000000aa", "mer_00000000000000bb"] {
        db.save_merchant(&merchant(id)).await.unwrap();
    }
    let ids: Vec<String> = db.merchants().await.unwrap().into_iter().map(String::from).collect();
    assert_eq!(ids, ["mer_00000000000000aa", "mer_00000000000000bb"]);
    let held = db.merchant(&ids[0].parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(held, merchant(&ids[0]));
}
