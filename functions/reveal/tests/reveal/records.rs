//! The record comes first, the hour has a limit, and nothing personal is written anywhere.

use crate::stage::{Answer, ORDER, PERSONAL, SHIPMENT, Stage, label_of, recipient_of, sub};
use std::io::Write;
use std::sync::{Arc, Mutex};
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use waybill_domain::access::Role;
use waybill_domain::order::Order;
use waybill_reveal::HOURLY;
use waybill_store::audit::Action;
use waybill_store::ingest::keep_unreadable;

#[tokio::test]
async fn when_the_record_cannot_be_written_nothing_is_opened() {
    let stage = Stage::set().await;
    stage.refuse("dynamodb:PutItem");
    for address in [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")] {
        assert_eq!(stage.as_role(Role::Owner, &address).await.problem(), (503, "unavailable".into()));
        // A refusal that cannot be recorded is no answer either.
        assert_eq!(stage.as_role(Role::Auditor, &address).await.problem(), (503, "unavailable".into()));
    }
    assert_eq!(stage.kms.decrypts(), 0);
    assert!(stage.records().await.is_empty());
}

#[tokio::test]
async fn when_the_key_does_not_open_the_record_stands_and_nothing_is_shown() {
    let stage = Stage::set().await;
    stage.refuse("kms:Decrypt");
    let answer = stage.as_role(Role::Owner, &recipient_of(ORDER, "label")).await;
    assert_eq!(answer.problem(), (503, "unavailable".into()));
    assert_eq!(stage.records().await.len(), 1);
}

#[tokio::test]
async fn the_record_names_the_fields_and_never_a_value() {
    let stage = Stage::set().await;
    stage.as_role(Role::Packer, &recipient_of(ORDER, "pick")).await;
    stage.as_role(Role::Packer, &label_of(SHIPMENT, "label")).await;
    let records = stage.records().await;
    assert_eq!(records[0].event.fields, ["name", "company", "gift_note"]);
    assert_eq!(records[1].event.fields, ["name", "lines", "postcode"]);
    let stored = format!("{:?}{:?}", stage.engine.dump("audit"), stage.engine.dump("registry"));
    assert!(PERSONAL.iter().all(|word| !stored.contains(word)));
}

#[tokio::test]
async fn one_person_opens_so_much_in_an_hour_and_no_more() {
    let stage = Stage::set().await;
    for n in 0..HOURLY {
        let address = if n % 2 == 0 { recipient_of(ORDER, "label") } else { label_of(SHIPMENT, "label") };
        let answer = stage.as_role(Role::Packer, &address).await;
        assert_eq!(answer.status, 200, "{n}");
        assert_eq!(said(&answer, "ratelimit-limit"), i64::from(HOURLY));
        assert_eq!(said(&answer, "ratelimit-remaining"), i64::from(HOURLY - n - 1));
        assert!(!answer.headers.contains_key("retry-after"));
    }
    let next_hour = 3600 - stage.now().as_second().rem_euclid(3600);
    for address in [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")] {
        let answer = stage.as_role(Role::Packer, &address).await;
        assert_eq!(answer.problem(), (429, "reveal_limit".into()));
        assert_eq!(said(&answer, "ratelimit-remaining"), 0);
        assert_eq!([said(&answer, "ratelimit-reset"), said(&answer, "retry-after")], [next_hour; 2]);
    }
    assert_eq!(stage.kms.decrypts(), u64::from(HOURLY));
    let records = stage.records().await;
    assert_eq!(records.len() as u32, HOURLY + 2);
    assert!(records.iter().rev().take(2).all(|r| r.event.action == Action::Refused));
    // Another person, and the next hour, begin anew.
    assert_eq!(stage.as_role(Role::Manager, &recipient_of(ORDER, "label")).await.status, 200);
    stage.advance(next_hour);
    assert_eq!(stage.as_role(Role::Packer, &recipient_of(ORDER, "label")).await.status, 200);
}

/// What a header counts.
fn said(answer: &Answer, header: &str) -> i64 {
    answer.headers[header].to_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_body_that_could_not_be_read_is_no_recipient() {
    let stage = Stage::set().await;
    let id = "ord_ffffffffffffffffffffffffffffffff";
    let held = stage.db().order(&ORDER.parse().unwrap()).await.unwrap().unwrap();
    let mut order = Order { id: id.parse().unwrap(), ..held };
    order.raise(waybill_domain::exception::Reason::Unreadable, None, stage.now());
    let policy = waybill_domain::retention::Policy::LONGEST;
    keep_unreadable(&stage.db(), &stage.kms, &order, b"{broken", policy, stage.now()).await.unwrap();
    let answer = stage.as_role(Role::Owner, &recipient_of(id, "exception")).await;
    assert_eq!(answer.problem(), (404, "no_recipient".into()));
    assert_eq!(stage.kms.decrypts(), 0);
    assert!(stage.records().await.is_empty());
}

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }
    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_log_line_holds_a_personal_value_even_at_the_finest_level() {
    let log = Log::default();
    let lines = log.clone();
    let layer = tracing_subscriber::fmt::layer().json().with_writer(move || lines.clone());
    let ceiling = waybill_runtime::log::ceiling(LevelFilter::TRACE);
    // For the whole process: one for this thread alone misses what another test's thread was first to say.
    tracing_subscriber::registry().with(layer).with(ceiling).init();
    let stage = Stage::set().await;
    for address in [
        recipient_of(ORDER, "exception"),
        label_of(SHIPMENT, "return"),
        recipient_of("Ångström", "exception"),
        format!("/v1/orders/{ORDER}/recipient?purpose=Invented%20Street"),
    ] {
        stage.as_role(Role::Support, &address).await;
        stage.as_role(Role::Integrator, &address).await;
    }
    stage.refuse("kms:Decrypt");
    stage.as_role(Role::Support, &recipient_of(ORDER, "exception")).await;
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    assert!(log.contains("opened for a person") && log.contains("nothing shown"), "{log}");
    assert!(!log.contains(&sub(Role::Support)), "who asked is in the audit chain, not in the log");
    for word in PERSONAL.iter().chain(&["Zo", "07700", "%C3%85", "Bristol"]) {
        assert!(!log.contains(word), "{word}: {log}");
    }
}
