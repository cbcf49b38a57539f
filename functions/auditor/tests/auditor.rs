//! The daily self-audit on in-memory tables: what it finds, and what it must not miss.

#![allow(clippy::unwrap_used, clippy::panic)]

use async_trait::async_trait;
use jiff::Timestamp;
use rust_decimal::Decimal;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_auditor::{Env, Report, audit, metrics};
use waybill_domain::anomaly::{BULK, DENIED};
use waybill_domain::incident::{Incident, Suspicion};
use waybill_domain::intake::{Delivery, Identity, Incoming};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef};
use waybill_domain::register::{Entry, Register};
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_domain::retention::Policy;
use waybill_domain::time::{after, days};
use waybill_domain::{MerchantId, OrderId};
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::db::{key, s};
use waybill_store::ingest::{Arrival, ingest};
use waybill_store::memory::{Engine, MemoryKms, MemoryTrail, Outside, Verdict};
use waybill_store::registry::Merchant;
use waybill_store::trail::Decrypt;

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
    trail: MemoryTrail,
    env: Env,
}

fn now() -> Timestamp {
    "2026-11-23T03:45:00Z".parse().unwrap()
}

/// Daytime: an opening at three in the morning is an odd one.
fn noon() -> Timestamp {
    "2026-11-22T12:00:00Z".parse().unwrap()
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
                at: noon(),
                action: Action::Reveal,
                actor: "5f0c".into(),
                order: ORDER.parse().unwrap(),
                purpose: "label".into(),
                fields: vec!["name".into()],
            };
            for stream in [Stream::Access, Stream::Disclosure, Stream::Erasure] {
                db.append(&id, stream, &vec![event.clone(); 3]).await.unwrap();
            }
            for register in Register::ALL {
                let has_text = matches!(register, Register::Policy | Register::Source);
                let entry = Entry {
                    register,
                    name: "it".into(),
                    done_at: after(now(), days(-1)),
                    owner: "5f0c".into(),
                    version: has_text.then(|| "0".repeat(64)),
                    severity: None,
                    controls: Vec::new(),
                    changed_at: None,
                    closed: register == Register::Finding,
                };
                db.save_register_entry(&id, &entry).await.unwrap();
            }
        }
        let trail = MemoryTrail::new(db.clone());
        let env = Env { db, trail: Arc::new(trail.clone()) };
        Self { kms: MemoryKms::new(down.clone()).unwrap(), down, trail, env }
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
            arrived_at: None,
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
            lot: None,
            policy: Policy::LONGEST,
            fresh: false,
            now: now(),
        };
        ingest(&self.env.db, &self.kms, &arrival).await.unwrap();
        self.env.db.reschedule(&who.order, after(now(), days(7)), now()).await.unwrap();
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
    assert_eq!(names.len(), 19);
    assert_eq!(names[0], "audit_chain/mer_00000000000000aa/access");
    assert_eq!(names[6], "purge_overdue");
    let people =
        ["registers", "consents", "clocks", "access"].map(|what| format!("{what}/mer_00000000000000bb"));
    assert_eq!(names[11..15], people);
    let openings = ["mer_00000000000000aa", "mer_00000000000000bb", "nobody", "refused"];
    assert_eq!(names[15..], openings.map(|of| format!("openings/{of}")));
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

fn opening(action: Action, n: i64, order: &str) -> Event {
    Event {
        at: after(noon(), jiff::SignedDuration::from_secs(3 * n)),
        action,
        actor: "9a1b".into(),
        order: order.parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into()],
    }
}

#[tokio::test]
async fn a_pull_of_many_orders_and_repeated_refusals_raise_an_alarm_and_a_quiet_day_none() {
    let stage = Stage::set().await;
    let [first, _] = merchants();
    let few: Vec<Event> = (0..BULK as i64 - 1).map(|n| opening(Action::Reveal, n, ORDER)).collect();
    stage.env.db.append(&first, Stream::Access, &few).await.unwrap();
    assert!(stage.run(now()).await.ok, "below what is unusual");
    stage.env.db.append(&first, Stream::Access, &[opening(Action::Export, 200, ORDER)]).await.unwrap();
    let bulk = stage.run(now()).await;
    assert_eq!(failed(&bulk), ["access/mer_00000000000000aa"]);
    assert_eq!(metrics(&bulk, now())["AccessAlarm"], 1);
    let refused: Vec<Event> = (0..DENIED as i64).map(|n| opening(Action::Refused, n, ORDER)).collect();
    stage.env.db.append(&first, Stream::Access, &refused).await.unwrap();
    assert_eq!(metrics(&stage.run(now()).await, now())["AccessAlarm"], 2);
    // The day after, it is no longer news.
    assert_eq!(metrics(&stage.run(after(now(), days(2))).await, now())["AccessAlarm"], 0);
}

/// KMS opened the order's key at noon.
fn decrypt(order: &str, merchant: Option<MerchantId>, denied: bool) -> Decrypt {
    Decrypt { at: noon(), merchant, order: order.parse().ok(), denied }
}

#[tokio::test]
async fn each_opening_is_matched_with_cloudtrails_own_record_and_every_difference_raises_an_alarm() {
    let stage = Stage::set().await;
    let [first, second] = merchants();
    let kept = async |merchant| stage.env.db.openings_compared(merchant).await.unwrap();
    assert_eq!(kept(&first).await, None);
    let well = stage.run(now()).await;
    assert!(well.ok, "{:?}", failed(&well));
    let same = kept(&first).await.unwrap();
    assert_eq!((same.recorded, same.opened, same.holds()), (6, 6, true));
    assert_eq!(same.until, after(now(), jiff::SignedDuration::from_hours(-1)));
    // Opened past our code: once more than is on record, though the order is one that was opened by right.
    stage.trail.add(decrypt(ORDER, Some(first.clone()), false));
    let report = stage.run(now()).await;
    assert_eq!(failed(&report), ["openings/mer_00000000000000aa"]);
    assert_eq!(metrics(&report, now())["OpeningsDiffer"], 1);
    let check = report.checks.iter().find(|check| !check.ok).unwrap();
    assert_eq!(check.detail, format!("7 openings, 6 on record; 1 opened without a record: {ORDER}"));
    let found = kept(&first).await.unwrap();
    assert_eq!((found.unrecorded, found.unopened), (vec![ORDER.parse().unwrap()], Vec::new()));
    assert!(kept(&second).await.unwrap().holds(), "another merchant's");
    // On record and not opened.
    let other = "ord_ffffffffffffffffffffffffffffffff";
    stage.env.db.append(&second, Stream::Access, &[opening(Action::Label, 1, other)]).await.unwrap();
    stage.trail.lacks(other.parse().unwrap());
    assert_eq!(metrics(&stage.run(now()).await, now())["OpeningsDiffer"], 2);
    assert_eq!(kept(&second).await.unwrap().unopened, [other.parse().unwrap()]);
    // With our key, and not for one of ours; and one that KMS refused.
    stage.trail.add(decrypt("", None, false));
    stage.trail.add(decrypt(ORDER, Some(first), true));
    let report = stage.run(now()).await;
    let (differ, access) = (metrics(&report, now())["OpeningsDiffer"].clone(), metrics(&report, now()));
    assert_eq!((differ, &access["AccessAlarm"]), (3.into(), &1.into()));
    assert!(failed(&report).contains(&"openings/refused"), "{:?}", failed(&report));
    // The next day has nothing of it.
    assert_eq!(metrics(&stage.run(after(now(), days(2))).await, now())["OpeningsDiffer"], 0);
}

#[tokio::test]
async fn what_is_due_and_every_clock_that_has_run_out_is_found() {
    let stage = Stage::set().await;
    let [first, second] = merchants();
    let request = waybill_store::requests::Request::new(
        "req_1".parse().unwrap(),
        first.clone(),
        Clock::start(Kind::Export, Asker::Person, after(now(), days(-40))),
        waybill_store::requests::Scope::Merchant,
        "5f0c".into(),
    );
    stage.env.db.save_request(&request).await.unwrap();
    let suspicion = Suspicion {
        from: noon(),
        until: now(),
        actor: None,
        order: None,
        places: Vec::new(),
        channels: Vec::new(),
        connections: Vec::new(),
    };
    let incident = Incident {
        id: "inc_1".parse().unwrap(),
        detected_at: after(now(), days(-2)),
        opened_by: "5f0c".into(),
        suspicion,
        high_risk: false,
        high_risk_at: None,
        decisions: Vec::new(),
    };
    stage.env.db.save_incident(&second, &incident).await.unwrap();
    let report = stage.run(now()).await;
    assert_eq!(failed(&report), ["clocks/mer_00000000000000aa", "clocks/mer_00000000000000bb"]);
    // Platform and controllers after a day, the authority not before three.
    assert_eq!(metrics(&report, now())["ClockOverdue"], 3);
    let later = stage.run(after(now(), days(14))).await;
    assert!(failed(&later).contains(&"registers/mer_00000000000000aa"), "{:?}", failed(&later));
    assert_eq!(metrics(&later, now())["RegisterDue"], 2, "the security logs of both were not read");
}

#[tokio::test]
async fn an_agreement_with_a_channel_that_ends_is_told_a_month_before() {
    use waybill_store::consent::Consent;
    let stage = Stage::set().await;
    let [merchant, _] = merchants();
    let until = after(now(), days(40));
    let consent = Consent { connection: "con_00000000000000aa".parse().unwrap(), until };
    stage.env.db.save_consent(&merchant, &consent).await.unwrap();
    let name = format!("consents/{merchant}");
    let found = async |day: i64| {
        let report = stage.run(after(now(), days(day))).await;
        failed(&report).contains(&name.as_str())
    };
    assert_eq!((found(9).await, found(11).await, found(41).await), (false, true, true));
    stage.env.db.end_consent(&merchant, &consent.connection).await.unwrap();
    assert!(!found(11).await, "the account is given up");
}

#[tokio::test]
async fn a_breach_drill_finds_everyone_over_all_merchants_and_drafts_what_each_is_told() {
    let stage = Stage::set().await;
    let [first, second] = merchants();
    for (merchant, name) in [(&first, "a"), (&second, "b")] {
        let events: Vec<Event> =
            (0..300).map(|n| opening(Action::Reveal, n, &format!("ord_{name}{:03}", n % 150))).collect();
        stage.env.db.append(merchant, Stream::Access, &events).await.unwrap();
    }
    let gone = Event { action: Action::Erase, ..opening(Action::Erase, 0, "ord_a000") };
    stage.env.db.append(&first, Stream::Erasure, &[gone]).await.unwrap();
    let event = serde_json::json!({
        "time": now().to_string(),
        "incident": {"id": "inc_7", "detected_at": now(), "suspicion": {"from": noon(), "until": now(), "actor": "9a1b"}},
    });
    let began = std::time::Instant::now();
    let found = waybill_auditor::handle(&stage.env, &event).await.unwrap();
    println!(
        "{} records, {} orders, drafts in {:.2} s",
        found["records"],
        found["orders"],
        began.elapsed().as_secs_f64()
    );
    assert_eq!((found["records"].as_u64(), found["orders"].as_u64()), (Some(612), Some(300)));
    let to_first = found["to_merchants"][first.as_str()].as_str().unwrap();
    assert!(
        to_first.contains("150 orders of 1 merchants")
            && to_first.contains("149 is still held; 1 are erased")
    );
    assert!(found["drafts"]["regulator"].as_str().unwrap().contains("300 orders of 2 merchants"));
    assert_eq!(found["clocks"].as_array().unwrap().len(), 3);
    assert_eq!(found["clocks"][0]["due_at"], after(now(), days(1)).to_string());
    // Nobody else's accesses are in it.
    assert!(!found["affected"].to_string().contains(ORDER));
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
                "Metrics": [
                    {"Name": "PurgeOverdue", "Unit": "Count"}, {"Name": "AuditChainBroken", "Unit": "Count"},
                    {"Name": "RegisterDue", "Unit": "Count"}, {"Name": "ClockOverdue", "Unit": "Count"},
                    {"Name": "AccessAlarm", "Unit": "Count"}, {"Name": "OpeningsDiffer", "Unit": "Count"},
                ],
            }],
        },
        "service": "auditor",
        "PurgeOverdue": 0,
        "AuditChainBroken": 0,
        "RegisterDue": 0,
        "ClockOverdue": 0,
        "AccessAlarm": 0,
        "OpeningsDiffer": 0,
    });
    assert_eq!(line, expected);
    assert!(!line.to_string().contains('\n'));
}
