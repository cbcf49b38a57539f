//! Buyers who ask to be forgotten before their time: each is asked for through the API, all at once, and timed until
//! the request says that it is done.

use super::api::Person;
use super::say;
use super::standing::Standing;
use crate::stack::{Stack, Trouble};
use crate::staff;
use futures::future::try_join_all;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use waybill_domain::order::{PersonalData, Status};

/// How many buyers ask.
const ASKING: usize = 20;
/// The longest that one of them is waited for: the law gives a month, a queue of seconds has no such excuse.
const PATIENCE: Duration = Duration::from_secs(120);

/// Has some of the buyers whose parcels arrived forgotten, and says how long that took.
pub(super) async fn carry_out(stack: &Stack, delivered: &Standing) -> Result<Value, Trouble> {
    let support = Person::sign_in(stack, staff::SUPPORT).await?;
    let known = |order: &&waybill_domain::order::Order| {
        order.status == Status::Delivered && order.personal == PersonalData::Live
    };
    let ids: Vec<String> =
        delivered.orders.iter().filter(known).take(ASKING).map(|order| order.id.to_string()).collect();
    let mut seconds = try_join_all(ids.iter().map(|order| one(&support, order))).await?;
    seconds.sort_by(f64::total_cmp);
    let at = |percent| crate::bench::core::percentile(&seconds, percent);
    let (p50, p99) = (at(50), at(99));
    say(&format!("     {} forgotten, half of them within {p50:.1} s, the last after {p99:.1} s", ids.len()));
    let round = |seconds: f64| (seconds * 100.0).round() / 100.0;
    Ok(
        json!({"asked": ids.len(), "done": seconds.len(), "p50_seconds": round(p50), "p99_seconds": round(p99)}),
    )
}

/// Asks for one buyer and waits; how many seconds that took.
async fn one(support: &Person, order: &str) -> Result<f64, Trouble> {
    let began = Instant::now();
    let asked = support.post("/v1/requests", &json!({"kind": "erasure", "orders": [order]})).await?;
    let path = format!("/v1/requests/{}", asked["request"].as_str().ok_or("a request has no id")?);
    while support.get(&path).await?["status"] != "done" {
        if began.elapsed() > PATIENCE {
            return Err(format!("{path} is not done; look at the retention function's log").into());
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    Ok(began.elapsed().as_secs_f64())
}
