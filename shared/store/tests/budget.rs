//! A connection's budget, taken from by several at once and told to wait.
#![allow(clippy::unwrap_used)]

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use tokio::task::JoinSet;
use waybill_domain::ConnectionId;
use waybill_domain::rate::Rate;
use waybill_domain::time::after;
use waybill_store::memory::{Calm, Engine, Outside, Verdict};

/// Lets everybody else go first, before each call.
struct InTurn;

#[async_trait]
impl Outside for InTurn {
    async fn before(&self, _call: &str) -> Verdict {
        tokio::task::yield_now().await;
        Verdict::Go
    }

    async fn after(&self, _call: &str) {}
}

const FIVE: Rate = Rate { every: SignedDuration::from_secs(10), burst: 5 };

fn shop() -> (ConnectionId, Timestamp) {
    ("con_00000000000000aa".parse().unwrap(), "2026-11-23T09:00:00.25Z".parse().unwrap())
}

#[tokio::test]
async fn however_many_take_at_once_no_more_is_taken_than_there_is() {
    let db = Engine::new(Arc::new(InTurn)).unwrap().db();
    let (shop, now) = shop();
    let mut taken = 0;
    // Whoever never got a turn is told to wait, too, and comes back.
    for _ in 0..8 {
        let mut all = JoinSet::new();
        for _ in 0..8 {
            let (db, shop) = (db.clone(), shop.clone());
            all.spawn(async move { db.take_calls(&shop, "read", FIVE, 1, now).await.unwrap().is_none() });
        }
        taken += all.join_all().await.into_iter().filter(|got| *got).count();
    }
    assert_eq!(taken, 5);
    let later = after(now, FIVE.every);
    assert_eq!(db.take_calls(&shop, "read", FIVE, 1, later).await.unwrap(), None, "one has come back");
    assert_eq!(db.take_calls(&shop, "read", FIVE, 1, later).await.unwrap(), Some(FIVE.every));
    let rested = after(later, FIVE.every * 5);
    assert_eq!(db.take_calls(&shop, "read", FIVE, 5, rested).await.unwrap(), None, "it is full again");
    assert!(db.take_calls(&shop, "read", FIVE, 1, rested).await.unwrap().is_some());
}

#[tokio::test]
async fn told_to_wait_nobody_calls_until_then_and_a_shorter_word_does_not_end_it() {
    let db = Engine::new(Arc::new(Calm)).unwrap().db();
    let (shop, now) = shop();
    let minute = SignedDuration::from_mins(1);
    db.told_to_wait(&shop, "read", FIVE, minute, now).await.unwrap();
    db.told_to_wait(&shop, "read", FIVE, SignedDuration::from_secs(1), now).await.unwrap();
    let wait = async |at| db.take_calls(&shop, "read", FIVE, 1, at).await.unwrap();
    assert_eq!(wait(now).await, Some(minute));
    assert_eq!(wait(after(now, minute)).await, None);
    // A longer one takes the place of what is known.
    db.told_to_wait(&shop, "read", FIVE, minute * 9, now).await.unwrap();
    assert_eq!(wait(now).await, Some(minute * 9));
}
