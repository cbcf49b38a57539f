//! Audit chains against the in-memory engine: one record for one event, whoever writes beside it and whatever is lost.

#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_domain::MerchantId;
use waybill_store::audit::{Action, Event, Stream, first_break};
use waybill_store::memory::{Calm, Engine, Outside, Verdict};

/// Loses the reply to the next write.
#[derive(Default)]
struct Loses(AtomicBool);

#[async_trait]
impl Outside for Loses {
    async fn before(&self, call: &str) -> Verdict {
        let lose = call == "dynamodb:PutItem" && self.0.swap(false, Ordering::Relaxed);
        if lose { Verdict::LoseReply } else { Verdict::Go }
    }
    async fn after(&self, _: &str) {}
}

fn merchant() -> MerchantId {
    "mer_00000000000000aa".parse().unwrap()
}

fn opening(second: u32) -> Event {
    Event {
        at: format!("2026-11-23T09:00:{second:02}Z").parse().unwrap(),
        action: Action::Disclose,
        actor: "shipper".into(),
        order: "ord_0123456789abcdef0123456789abcdef".parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into()],
    }
}

#[tokio::test]
async fn a_record_whose_reply_is_lost_is_written_once() {
    let loses = Arc::new(Loses::default());
    let db = Engine::new(loses.clone()).unwrap().db();
    db.append(&merchant(), Stream::Disclosure, &[opening(0)]).await.unwrap();
    loses.0.store(true, Ordering::Relaxed);
    db.append(&merchant(), Stream::Disclosure, &[opening(1)]).await.unwrap();
    assert!(!loses.0.load(Ordering::Relaxed), "no reply was lost");
    let records = db.records(&merchant(), Stream::Disclosure).await.unwrap();
    assert_eq!((records.len(), first_break(&records)), (2, Ok(None)));
}

#[tokio::test]
async fn whoever_writes_at_the_same_time_finds_a_place_behind() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let all: Vec<_> = (0..8)
        .map(|n| {
            let db = db.clone();
            tokio::spawn(async move {
                db.append(&merchant(), Stream::Disclosure, &vec![opening(n); 1 + (n as usize % 2)]).await
            })
        })
        .collect();
    for one in all {
        one.await.unwrap().unwrap();
    }
    let records = db.records(&merchant(), Stream::Disclosure).await.unwrap();
    assert_eq!((records.len(), first_break(&records)), (12, Ok(None)));
}
