//! Registers against the in-memory engine: staff by their `sub`, reveals by the hour, merchants as a list.

#![allow(clippy::unwrap_used, clippy::panic)]

use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::Arc;
use waybill_domain::ConnectionId;
use waybill_domain::access::Role;
use waybill_domain::incident::{Decision, Incident, Notice, Suspicion};
use waybill_domain::retention::Policy;
use waybill_store::StoreError;
use waybill_store::memory::{Calm, Engine, Outside, Verdict};
use waybill_store::registry::Merchant;
use waybill_store::staff::Staff;
use waybill_store::tokens::HeldToken;

/// Lets everybody else go first, before each call: of two who change the same thing both have read before one writes.
struct InTurn;

#[async_trait]
impl Outside for InTurn {
    async fn before(&self, _call: &str) -> Verdict {
        tokio::task::yield_now().await;
        Verdict::Go
    }

    async fn after(&self, _call: &str) {}
}

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
    // Whoever acts for one merchant is not taken by another.
    let taken = Staff { merchant: "mer_00000000000000bb".parse().unwrap(), ..gone.clone() };
    assert!(matches!(db.save_staff("5f0c", &taken).await, Err(StoreError::Condition { .. })));
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

fn owner(id: &str) -> Staff {
    Staff {
        merchant: id.parse().unwrap(),
        role: Role::Owner,
        trained_until: at("2026-11-23T09:00:00Z"),
        reviewed_at: at("2026-11-23T09:00:00Z"),
        active: true,
    }
}

#[tokio::test]
async fn of_two_who_found_a_merchant_at_once_one_does_and_nothing_is_half_made() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let (one, two) = ("mer_00000000000000aa", "mer_00000000000000bb");
    let first = merchant(one);
    assert!(db.found_merchant(&first, Some(("5f0c", &owner(one)))).await.unwrap());
    let late = Merchant { name: "Another".into(), index_key: vec![9], ..first.clone() };
    assert!(!db.found_merchant(&late, Some(("77aa", &owner(one)))).await.unwrap());
    assert_eq!((db.merchant(&first.id).await.unwrap(), db.staff("77aa").await.unwrap()), (Some(first), None));
    // Who acts for a merchant does not become another's owner, and that one is not made either.
    let other = merchant(two);
    assert!(!db.found_merchant(&other, Some(("5f0c", &owner(two)))).await.unwrap());
    assert_eq!(
        (db.merchant(&other.id).await.unwrap(), db.staff("5f0c").await.unwrap()),
        (None, Some(owner(one)))
    );
    assert_eq!(db.merchants().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_merchant_is_replaced_over_what_was_seen_and_over_nothing_else() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let before = merchant("mer_00000000000000aa");
    let after = Merchant { part_ship: true, ..before.clone() };
    assert!(!db.replace_merchant(&after, |_| true).await.unwrap(), "nothing is there");
    db.save_merchant(&before).await.unwrap();
    assert!(!db.replace_merchant(&after, |now| now.part_ship).await.unwrap());
    assert!(db.replace_merchant(&after, |now| now == before).await.unwrap());
    assert_eq!(db.merchant(&before.id).await.unwrap(), Some(after));
}

#[tokio::test]
async fn a_token_is_renewed_by_one_function_and_never_from_one_that_was_replaced() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let (id, now): (ConnectionId, _) = ("con_1".parse().unwrap(), Timestamp::UNIX_EPOCH);
    let held = |second: i64| HeldToken {
        sealed: vec![1],
        obtained_at: Timestamp::from_second(second).unwrap(),
        expires_at: Timestamp::from_second(second + 60).unwrap(),
    };
    assert!(db.lease_token(&id, None, now).await.unwrap());
    assert!(!db.lease_token(&id, None, now).await.unwrap(), "somebody is at it");
    db.save_token(&id, &held(1)).await.unwrap();
    // Two saw the same token; the first renews it and gives its lease back before the second asks for one.
    let seen = db.token(&id).await.unwrap().unwrap();
    assert!(db.lease_token(&id, Some(&seen), now).await.unwrap());
    db.save_token(&id, &held(2)).await.unwrap();
    assert!(!db.lease_token(&id, Some(&seen), now).await.unwrap(), "what it would refresh with is spent");
    assert!(!db.lease_token(&id, None, now).await.unwrap());
    assert!(db.lease_token(&id, Some(&held(2)), now).await.unwrap());
}

#[tokio::test]
async fn of_two_who_change_an_incident_at_the_same_moment_neither_is_lost() {
    let db = Engine::new(Arc::new(InTurn)).unwrap().db();
    let (merchant, now) = ("mer_00000000000000aa".parse().unwrap(), at("2026-11-23T09:00:00Z"));
    let suspicion = Suspicion {
        from: now,
        until: now,
        actor: None,
        order: None,
        places: Vec::new(),
        channels: Vec::new(),
        connections: Vec::new(),
    };
    // Nothing was decided about it yet: what the one adds is no attribute that the other has read.
    let incident = Incident {
        id: "inc_1".parse().unwrap(),
        detected_at: now,
        opened_by: "a".into(),
        suspicion,
        high_risk: false,
        high_risk_at: None,
        decisions: Vec::new(),
    };
    db.save_incident(&merchant, &incident).await.unwrap();
    let decide = async |notice| {
        let decision = Decision { notice, not_told: None, by: "a".into(), at: now };
        db.change_incident(&merchant, &incident.id, |one| one.decide(decision.clone()))
            .await
            .unwrap()
            .unwrap()
    };
    let risk = async || {
        db.change_incident(&merchant, &incident.id, |one| one.raise_risk(now)).await.unwrap().unwrap()
    };
    tokio::join!(decide(Notice::Regulator), risk(), decide(Notice::Platform));
    let kept = db.incident(&merchant, &incident.id).await.unwrap().unwrap();
    assert_eq!((kept.decisions.len(), kept.high_risk), (2, true), "{kept:?}");
}
