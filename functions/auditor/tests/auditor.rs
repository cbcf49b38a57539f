//! The daily self-audit on in-memory tables: what it finds, and what it must not miss.

#![allow(clippy::unwrap_used, clippy::panic)]

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_auditor::{Env, Report, audit, metrics};
use waybill_domain::intake::{Delivery, Identity, Incoming};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef};
use waybill_domain::retention::Policy;
use waybill_domain::time::{after, days};
use waybill_domain::{MerchantId, OrderId};
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::db::{key, s};
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::memory::{Engine, MemoryKms, Outside, Verdict};
use waybill_store::registry::Merchant;

const ORDER: &str = "ord_0123456789abcdef0123456789abcdef";

#[derive(Default)]
struct Down(AtomicBool);

#[async_trait]
impl Outside for Down {
    async fn before(&self, _: &str) -> Verdict {
        if self.0.load(Ordering::Relaxed) { Verdict::Refuse("InternalServerError") } else { Verdict::Go }
    }
    async fn after(&self, _: &str) {}
}

struct Stage {
    down: Arc<Down>,
    kms: MemoryKms,
    env: Env,
}

fn now() -> Timestamp {
    "2026-11-23T03:45:00Z".parse().unwrap()
}

fn merchants() -> [MerchantId; 2] {
    ["mer_00000000000000aa", "mer_00000000000000bb"].map(|id| id.parse().unwrap())
}

impl Stage {
    /// Two merchants, three records in each of their chains.
    async fn set() -> Self {
        let down = Arc::new(Down::default());
        let db = Engine::new(down.clone()).unwrap().db();
        for id in merchants() {
            let merchant = Merchant {
                id: id.clone(),
                name: "Invented Goods".into(),
                index_key: Vec::new(),
                needs: Default::default(),
                retention: Policy::LONGEST,
                part_ship: false,
                warehouses: Vec::new(),
                services: Default::default(),
            };
            db.save_merchant(&merchant).await.unwrap();
            let event = Event {
                at: now(),
                action: Action::Reveal,
                actor: "5f0c".into(),
                order: ORDER.parse().unwrap(),
                purpose: "label".into(),
                fields: vec!["name".into()],
            };
            for stream in [Stream::Access, Stream::Disclosure, Stream::Erasure] {
                db.append(&id, stream, &vec![event.clone(); 3]).await.unwrap();
            }
        }
        Self { kms: MemoryKms::new(down.clone()).unwrap(), down, env: Env { db } }
    }

    async fn run(&self, at: Timestamp) -> Report {
        audit(&self.env, at).await.unwrap()
    }

    async fn take_order(&self) -> OrderId {
        let incoming = Incoming {
            channel: Channel::Shopify,
            channel_ref: ChannelRef { id: "5921178026231".into(), name: None },
            version: now(),
            placed_at: now(),
            cancelled_at: None,
            test: false,
            readiness: waybill_domain::intake::Readiness::Ready,
            delivery: Delivery::Ship,
            destination: None,
            lines: Vec::new(),
            total: Money { amount: Decimal::ONE, currency: "GBP".into() },
        };
        let who = Identity {
            order: ORDER.parse().unwrap(),
            merchant: merchants()[0].clone(),
            connection: "con_00000000000000aa".parse().unwrap(),
            lines: Vec::new(),
            digest: "a".into(),
        };
        let arrival = Arrival {
            incoming: &incoming,
            who: &who,
            recipient: None,
            buyer: None,
            policy: Policy::LONGEST,
            fresh: false,
            now: now(),
        };
        ingest(&self.env.db, &self.kms, &arrival).await.unwrap();
        self.env.db.reschedule(&who.order, after(now(), days(7))).await.unwrap();
        who.order
    }
}

fn failed(report: &Report) -> Vec<&str> {
    report.checks.iter().filter(|check| !check.ok).map(|check| check.name.as_str()).collect()
}

#[tokio::test]
async fn when_all_is_well_every_check_says_so() {
    let stage = Stage::set().await;
    let report = stage.run(now()).await;
    assert!(report.ok && failed(&report).is_empty());
    let names: Vec<&str> = report.checks.iter().map(|check| check.name.as_str()).collect();
    assert_eq!(names.len(), 7);
    assert_eq!(names[0], "audit_chain/mer_00000000000000aa/access");
    assert_eq!(names[6], "purge_overdue");
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["ok"], true);
    let first = json["checks"][0].as_object().unwrap();
    assert_eq!(first.keys().collect::<Vec<_>>(), ["detail", "name", "ok"]);
    let last = stage.env.db.records(&merchants()[0], Stream::Access).await.unwrap().pop().unwrap();
    assert_eq!(first["detail"], format!("3 records, last hash {}", last.hash));
}

#[tokio::test]
async fn a_changed_a_missing_and_an_unreadable_record_break_their_chain_and_no_other() {
    let stage = Stage::set().await;
    let [first, second] = merchants();
    let client = &stage.env.db.client;
    let record = |merchant: &MerchantId, stream: &str, n: u64| {
        key(&format!("{merchant}#{stream}"), &format!("{n:012}"))
    };
    client
        .update_item()
        .table_name("audit")
        .set_key(Some(record(&first, "access", 2)))
        .update_expression("SET actor = :who")
        .expression_attribute_values(":who", s("someone-else"))
        .send()
        .await
        .unwrap();
    client
        .delete_item()
        .table_name("audit")
        .set_key(Some(record(&first, "erasure", 2)))
        .send()
        .await
        .unwrap();
    client
        .put_item()
        .table_name("audit")
        .set_item(Some(record(&second, "disclosure", 3)))
        .send()
        .await
        .unwrap();
    let report = stage.run(now()).await;
    assert!(!report.ok);
    assert_eq!(
        failed(&report),
        [
            "audit_chain/mer_00000000000000aa/access",
            "audit_chain/mer_00000000000000aa/erasure",
            "audit_chain/mer_00000000000000bb/disclosure",
        ]
    );
    assert!(report.checks[0].detail.starts_with("record 2 of 3 "), "{}", report.checks[0].detail);
    assert_eq!(metrics(&report, now())["AuditChainBroken"], 3);
}

#[tokio::test]
async fn an_order_kept_more_than_a_day_too_long_is_found_until_it_is_erased() {
    let stage = Stage::set().await;
    let order = stage.take_order().await;
    let purge_at = after(now(), days(7));
    let not_yet = stage.run(after(purge_at, days(1) - jiff::SignedDuration::from_secs(1))).await;
    assert!(not_yet.ok);
    let late = stage.run(after(purge_at, days(1))).await;
    assert_eq!(failed(&late), ["purge_overdue"]);
    assert!(late.checks[6].detail.contains(ORDER));
    assert_eq!(metrics(&late, now())["PurgeOverdue"], 1);
    stage.env.db.shred(&order, purge_at).await.unwrap();
    stage.env.db.close_erasure(&order).await.unwrap();
    assert!(stage.run(after(purge_at, days(1))).await.ok);
}

#[tokio::test]
async fn no_answer_is_an_error_and_not_a_clean_bill() {
    let stage = Stage::set().await;
    stage.down.0.store(true, Ordering::Relaxed);
    assert!(audit(&stage.env, now()).await.is_err());
}

#[tokio::test]
async fn the_metrics_have_one_dimension_with_one_value() {
    let stage = Stage::set().await;
    let line = metrics(&stage.run(now()).await, now());
    let expected = serde_json::json!({
        "_aws": {
            "Timestamp": now().as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Waybill",
                "Dimensions": [["service"]],
                "Metrics": [{"Name": "PurgeOverdue", "Unit": "Count"}, {"Name": "AuditChainBroken", "Unit": "Count"}],
            }],
        },
        "service": "auditor",
        "PurgeOverdue": 0,
        "AuditChainBroken": 0,
    });
    assert_eq!(line, expected);
    assert!(!line.to_string().contains('\n'));
}
