//! Waiting, and travelling in time.

use super::Shop;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use std::time::{Duration, Instant};

/// How long something that the queues do may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What is waited for, in words that may be known only at the end.
pub trait What {
    fn said(&self) -> String;
}

impl What for &str {
    fn said(&self) -> String {
        (*self).to_owned()
    }
}

impl<F: Fn() -> String> What for F {
    fn said(&self) -> String {
        self()
    }
}

/// Asks again and again until there is an answer.
pub async fn until<T>(what: impl What, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let end = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask().await {
            return answer;
        }
        assert!(Instant::now() < end, "waited {} s in vain: {}", PATIENCE.as_secs(), what.said());
        tokio::time::sleep(Duration::from_millis(60)).await;
    }
}

/// The sandbox's time, which only moves forward: its rate limits remember when they were met.
pub async fn now(shop: &Shop) -> Timestamp {
    let clock = shop.stack.control("GET", "clock", &serde_json::Value::Null).await.unwrap();
    clock["now"].as_str().unwrap().parse().unwrap()
}

/// Moves the sandbox's clock, so that parcels travel on, and gives the new time.
async fn later(shop: &Shop, by: SignedDuration) -> Timestamp {
    let moved = shop.stack.control("PUT", "clock", &json!({"advance_seconds": by.as_secs()})).await.unwrap();
    moved["now"].as_str().unwrap().parse().unwrap()
}

/// Runs the clock function as if it were `at`.
pub async fn tick(shop: &Shop, at: Timestamp) {
    shop.stack.run_at("FunctionClock", at).await.unwrap();
}

/// Lets two days pass, in which every parcel arrives, and gives the new time.
pub async fn deliver_everything(shop: &Shop) -> Timestamp {
    let at = later(shop, SignedDuration::from_hours(48)).await;
    tick(shop, at).await;
    at
}
