//! However an order ends, its person is gone on time and nothing of them is left.

use crate::stage::Stage;
use jiff::SignedDuration;
use waybill_domain::order::Status;
use waybill_domain::time::{after, days};
use waybill_harness::world::{SHOP, Setup};
use waybill_sandbox::WebhookOptions;
use waybill_sandbox::royal_mail::tracking::Fate;
use waybill_sandbox::shopify::changes;
use waybill_store::audit::{Stream, first_break};

/// How an order ends.
#[derive(Debug, Clone, Copy, PartialEq)]
enum End {
    Delivered,
    NeverConfirmed,
    CameBack,
    CancelledBefore,
    CancelledAfter,
    NeverSent,
}

/// Days after the last thing that happened by which the person must be gone, lag included.
fn limit(end: End) -> i64 {
    match end {
        End::Delivered => 15 + 5,
        // A cancellation that comes too late does not make the parcel come back: it counts from when it left.
        End::NeverConfirmed | End::CameBack | End::CancelledAfter => 26,
        End::CancelledBefore => 8,
        End::NeverSent => 91,
    }
}

async fn begin(end: End) -> (Stage, i64) {
    let stock = if end == End::NeverSent { Vec::new() } else { Setup::default().stock };
    let mut stage = Stage::with(&Setup { stock, ..Setup::default() }).await;
    let id = stage.placed(3);
    if end == End::NeverConfirmed || end == End::CameBack {
        let fate = if end == End::CameBack { Fate::Return } else { Fate::Keep };
        let reference = format!("WB-{}-1", stage.id(id).suffix());
        stage.world.sandbox.with_state(|state| state.set_fate(None, Some(&reference), fate));
    }
    assert_eq!(stage.tell("orders/create", Some(id), &WebhookOptions::default()).await, 200);
    if end == End::CancelledBefore {
        stage.world.sandbox.with_state(|state| changes::cancel(state, SHOP, id, "customer")).unwrap();
        stage.advance(SignedDuration::from_mins(1));
        assert_eq!(stage.tell("orders/cancelled", Some(id), &WebhookOptions::default()).await, 200);
    }
    stage.drain().await;
    if end == End::CancelledAfter {
        stage.advance(SignedDuration::from_mins(5));
        stage.world.sandbox.with_state(|state| changes::cancel(state, SHOP, id, "customer")).ok();
        stage.tell("orders/cancelled", Some(id), &WebhookOptions::default()).await;
        stage.drain().await;
    }
    (stage, id)
}

#[tokio::test]
async fn however_an_order_ends_its_person_is_gone_within_thirty_days_of_leaving_and_no_trace_is_left() {
    let ends = [
        End::Delivered,
        End::NeverConfirmed,
        End::CameBack,
        End::CancelledBefore,
        End::CancelledAfter,
        End::NeverSent,
    ];
    for end in ends {
        let (mut stage, id) = begin(end).await;
        let from = stage.now();
        let mut gone = None;
        for day in 1..=limit(end) {
            stage.world.set_now(after(from, days(day)));
            stage.tick().await;
            stage.retain().await;
            if stage.is_erased(id).await {
                gone = Some(day);
                break;
            }
        }
        let shipped = stage.order(id).await.milestones.shipped;
        println!("{end:?}: gone on day {gone:?}, shipped {}", shipped.is_some());
        let gone = gone.unwrap_or_else(|| panic!("{end:?}: still there: {:?}", stage.now()));
        assert!(shipped.is_none() || gone <= 30, "{end:?}");
        assert_eq!(shipped.is_none(), matches!(end, End::CancelledBefore | End::NeverSent), "{end:?}");
        stage.drain().await;
        assert_eq!(stage.hits(), Vec::<String>::new(), "{end:?}");
        let ledger = stage.world.db.records(stage.world.merchant_id(), Stream::Erasure).await.unwrap();
        assert_eq!((ledger.len(), first_break(&ledger).unwrap()), (1, None), "{end:?}");
    }
}

#[tokio::test]
async fn a_day_before_its_time_an_order_is_kept_and_a_run_may_be_repeated() {
    let (mut stage, id) = begin(End::NeverConfirmed).await;
    let from = stage.now();
    stage.world.set_now(after(from, days(24)));
    stage.tick().await;
    assert_eq!(stage.retain().await["forgotten"], 0);
    assert!(!stage.is_erased(id).await);
    assert_eq!(stage.order(id).await.status, Status::Dispatched);
    stage.world.set_now(after(from, days(26)));
    assert_eq!(stage.retain().await["forgotten"], 1);
    for _ in 0..3 {
        assert_eq!(stage.retain().await["forgotten"], 0);
    }
    assert!(stage.is_erased(id).await);
}

#[tokio::test]
async fn stopped_at_any_step_the_next_run_ends_the_same() {
    for calls in 0..80 {
        let (stage, id) = begin(End::NeverConfirmed).await;
        stage.world.set_now(after(stage.now(), days(26)));
        stage.stopping.after(calls);
        let first = stage.world.functions.retain(stage.now()).await;
        let stopped = stage.stopping.go_on();
        stage.retain().await;
        assert!(stage.is_erased(id).await, "stopped after {calls} calls: {first:?}");
        assert!(stage.world.engine.dump_index("keys", "purge").unwrap().is_empty(), "{calls}");
        let ledger = stage.world.db.records(stage.world.merchant_id(), Stream::Erasure).await.unwrap();
        assert!(!ledger.is_empty() && first_break(&ledger).unwrap().is_none(), "{calls}");
        if !stopped {
            assert!(calls > 8, "an erasure takes more than {calls} calls");
            return;
        }
    }
    panic!("an erasure never came to its end");
}
