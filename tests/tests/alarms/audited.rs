//! What the daily self-audit counts, brought about in memory.

use crate::points;
use crate::{Case, Course, midnight};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_auditor::{Env, audit, metrics};
use waybill_domain::MerchantId;
use waybill_domain::anomaly::BULK;
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::Channel;
use waybill_domain::register::{Entry, Register};
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::retention::Policy;
use waybill_domain::time::{after, days};
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::db::{key, s};
use waybill_store::ingest::keep_unreadable;
use waybill_store::memory::{Calm, Engine, MemoryKms, MemoryTrail};
use waybill_store::registry::Merchant;
use waybill_store::requests::{Request, Scope};
use waybill_store::trail::Decrypt;

const ORDER: &str = "ord_0123456789abcdef0123456789abcdef";

struct Stage(Env, MemoryTrail);

fn merchant() -> MerchantId {
    "mer_00000000000000aa".parse().unwrap()
}

/// Noon of the day before, when people work.
fn noon() -> Timestamp {
    after(midnight(), SignedDuration::from_hours(-12))
}

/// Somebody opened a recipient.
fn opening(n: i64) -> Event {
    Event {
        at: after(noon(), SignedDuration::from_secs(3 * n)),
        action: Action::Reveal,
        actor: "5f0c".into(),
        order: ORDER.parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into()],
    }
}

impl Stage {
    /// A merchant that has done all it must.
    async fn well() -> Self {
        let db = Engine::new(Arc::new(Calm)).unwrap().db();
        let merchant = Merchant {
            id: merchant(),
            name: "Invented Goods".into(),
            index_key: Vec::new(),
            needs: Default::default(),
            retention: Policy::LONGEST,
            part_ship: false,
            warehouses: Vec::new(),
            services: Default::default(),
        };
        db.save_merchant(&merchant).await.unwrap();
        db.append(&merchant.id, Stream::Access, &[opening(0), opening(1)]).await.unwrap();
        for register in Register::ALL {
            let has_text = matches!(register, Register::Policy | Register::Source);
            let entry = Entry {
                register,
                name: "it".into(),
                done_at: after(midnight(), days(-1)),
                owner: "5f0c".into(),
                version: has_text.then(|| "0".repeat(64)),
                severity: None,
                controls: Vec::new(),
                changed_at: None,
                closed: register == Register::Finding,
            };
            db.save_register_entry(&merchant.id, &entry).await.unwrap();
        }
        let trail = MemoryTrail::new(db.clone());
        Self(Env { db, trail: Arc::new(trail.clone()) }, trail)
    }

    /// What an audit tells CloudWatch.
    async fn audit(&self, at: Timestamp) -> Course {
        let report = audit(&self.0, at).await.unwrap();
        Course { points: points::of(&metrics(&report, at)), until: after(at, SignedDuration::from_hours(1)) }
    }
}

pub async fn cases() -> BTreeMap<&'static str, Case> {
    let mut cases = BTreeMap::new();
    for (alarm, bad) in [
        ("PurgeOverdueAlarm", overdue().await),
        ("AuditChainBrokenAlarm", broken().await),
        ("LegalClockOverdueAlarm", unanswered().await),
        // The year's reviews, left undone.
        ("RegisterDueAlarm", Stage::well().await.audit(after(midnight(), days(400))).await),
        ("RevealAnomalyAlarm", pulled().await),
        ("OpeningsDifferAlarm", taken().await),
        ("AuditStoppedAlarm", Course { points: Vec::new(), until: midnight() }),
    ] {
        cases.insert(alarm, Case { bad, good: Stage::well().await.audit(midnight()).await });
    }
    cases
}

async fn overdue() -> Course {
    let stage = Stage::well().await;
    let who = Identity {
        order: ORDER.parse().unwrap(),
        merchant: merchant(),
        connection: "con_00000000000000aa".parse().unwrap(),
        lines: vec![],
        digest: "a".into(),
    };
    let order = unreadable(Channel::Shopify, &who, "text".into(), after(midnight(), days(-60)));
    let kms = MemoryKms::new(Arc::new(Calm)).unwrap();
    let came = after(midnight(), days(-60));
    keep_unreadable(&stage.0.db, &kms, &order, b"{", Policy::LONGEST, came).await.unwrap();
    stage.0.db.reschedule(&who.order, after(midnight(), days(-2)), midnight()).await.unwrap();
    stage.audit(midnight()).await
}

async fn broken() -> Course {
    let stage = Stage::well().await;
    stage
        .0
        .db
        .client
        .update_item()
        .table_name("audit")
        .set_key(Some(key(&format!("{}#access", merchant()), &format!("{:012}", 1))))
        .update_expression("SET actor = :who")
        .expression_attribute_values(":who", s("someone-else"))
        .send()
        .await
        .unwrap();
    stage.audit(midnight()).await
}

async fn unanswered() -> Course {
    let stage = Stage::well().await;
    let request = Request::new(
        "req_1".parse().unwrap(),
        merchant(),
        Clock::start(Kind::Export, Asker::Person, after(midnight(), days(-40))),
        Scope::Merchant,
        "5f0c".into(),
    );
    stage.0.db.save_request(&request).await.unwrap();
    stage.audit(midnight()).await
}

async fn pulled() -> Course {
    let stage = Stage::well().await;
    let many: Vec<Event> = (0..i64::try_from(BULK).unwrap()).map(opening).collect();
    stage.0.db.append(&merchant(), Stream::Access, &many).await.unwrap();
    stage.audit(midnight()).await
}

/// Somebody opened a recipient past our code.
async fn taken() -> Course {
    let stage = Stage::well().await;
    let order = ORDER.parse().ok();
    stage.1.add(Decrypt { at: noon(), merchant: Some(merchant()), order, denied: false });
    stage.audit(midnight()).await
}
