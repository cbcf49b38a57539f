//! The simulation holds, is the same every time, and finds bugs that are put in on purpose.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::atomic::{AtomicU64, Ordering};
use waybill_harness::sim::{Outcome, Plant, Settings, run};

/// Runs seeds from 1 on both processors of a small machine until `enough` says so.
fn seeds(count: u64, settings: Settings, enough: impl Fn(&Outcome) -> bool + Sync) -> Vec<Outcome> {
    let next = AtomicU64::new(1);
    let work = || {
        let mut done = Vec::new();
        loop {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed > count {
                return done;
            }
            let outcome = run(seed, settings).unwrap();
            if enough(&outcome) {
                next.store(count + 1, Ordering::Relaxed);
            }
            done.push(outcome);
        }
    };
    std::thread::scope(|scope| {
        let running = [scope.spawn(work), scope.spawn(work)];
        running.into_iter().flat_map(|one| one.join().unwrap()).collect()
    })
}

#[test]
fn the_promises_hold() {
    let settings = Settings { orders: 3, plant: None };
    for outcome in seeds(50, settings, |_| false) {
        let Some(failure) = &outcome.failure else { continue };
        let from = outcome.history.len().saturating_sub(60);
        panic!(
            "{}\nseed {}: {}: {}\nagain: cargo xtask simulate --seed {} --orders 3",
            outcome.history[from..].join("\n"),
            outcome.seed,
            failure.promise,
            failure.seen,
            outcome.seed
        );
    }
}

#[test]
fn a_seed_is_the_same_every_time() {
    let settings = Settings { orders: 5, plant: None };
    let (first, second) = (run(7, settings).unwrap(), run(7, settings).unwrap());
    assert!(first.steps > 100);
    assert_eq!(first, second);
}

/// A planted bug breaks this promise within so many seeds.
fn finds(plant: Plant, promise: &str) {
    let settings = Settings { orders: 4, plant: Some(plant) };
    let broken =
        |outcome: &Outcome| outcome.failure.as_ref().is_some_and(|failure| failure.promise == promise);
    let done = seeds(60, settings, broken);
    assert!(done.iter().any(broken), "{plant:?} was not found in {} seeds", done.len());
}

#[test]
fn enqueue_before_store_is_found() {
    finds(Plant::EnqueueBeforeStore, "no order is lost");
}

#[test]
fn a_missing_fence_is_found() {
    finds(Plant::NoFence, "nothing is left and nothing comes back");
}

#[test]
fn book_before_claim_is_found() {
    finds(Plant::BookBeforeClaim, "nothing is booked twice");
}

#[test]
fn a_void_that_nobody_confirmed_is_found() {
    finds(Plant::HastyVoid, "a label that was undone is gone at the carrier");
}

#[test]
fn check_then_act_is_found() {
    finds(Plant::CheckThenAct, "movements add up to the level");
}

#[test]
fn a_double_release_is_found() {
    finds(Plant::DoubleRelease, "reserved is what orders hold");
}

#[test]
fn a_lost_reservation_is_found() {
    finds(Plant::LostReservation, "reserved is what orders hold");
}
