//! Travelling in time: scheduled functions take "now" from their event, the sandbox from its own clock.

use super::{channels, say, standing};
use crate::stack::{Stack, Trouble};
use jiff::Timestamp;
use serde_json::json;
use std::time::{Duration, Instant};
use waybill_domain::MerchantId;
use waybill_domain::order::Status;
use waybill_domain::time::{after, days};

/// Lets parcels arrive: the sandbox's clock and the clock function's go to `at`.
pub(super) async fn to_delivery(stack: &Stack, at: Timestamp, patience: Duration) -> Result<(), Trouble> {
    stack.control("PUT", "clock", &json!({"now": waybill_domain::time::sortable(at)})).await?;
    let start = Instant::now();
    // A tick takes 200 orders from each shard; a second one catches what a first look missed.
    for round in 0.. {
        let report = stack.run_at("FunctionClock", after(at, days(round))).await?;
        say(&format!("     tick at +{} h: {report}", 48 + 24 * round));
        loop {
            tokio::time::sleep(Duration::from_secs(2)).await;
            let now = standing::read(stack).await?;
            let left = now.by_status().get(&Status::Dispatched).copied().unwrap_or(0);
            say(&format!("     {left} parcels' orders still on their way"));
            if left == 0 {
                return Ok(());
            }
            if start.elapsed() > patience {
                return Err(format!("{left} orders are not delivered; look at the tracker's log").into());
            }
            if start.elapsed() > Duration::from_secs(30 * (u64::try_from(round).unwrap_or(0) + 1)) {
                break;
            }
        }
    }
    Ok(())
}

/// Runs retention at the days on which the purge times of delivered, shipped and never-shipped orders come.
pub(super) async fn to_purge(stack: &Stack, from: Timestamp, merchant: &MerchantId) -> Result<(), Trouble> {
    let db = stack.db()?;
    for day in [8, 17, 30, 95] {
        let at = after(from, days(day));
        let report = stack.run_at("FunctionRetention", at).await?;
        say(&format!("     day {day:>2}: {report}"));
        // Orders that were still open gave up their goods; the clock sends them to the allocator. It has channels read
        // too, whose own clocks must not stay behind: they check when a call was signed.
        let next = after(at, days(1));
        stack.control("PUT", "clock", &json!({"now": waybill_domain::time::sortable(next)})).await?;
        let before = channels::readings(&db).await?;
        stack.run_at("FunctionClock", next).await?;
        channels::have_been_read(&db, &before).await?;
    }
    let ledger = db.records(merchant, waybill_store::audit::Stream::Erasure).await?;
    say(&format!("     the erasure ledger has {} records", ledger.len()));
    Ok(())
}
