//! After a backup was restored: everyone in the ledger is forgotten once more, before anybody works with it
//! (CONTROLS C7). What a backup brings back opens with nothing, because keys are in no backup; this takes away
//! the rest.

use crate::{Env, Outcome, Report, erase};
use jiff::Timestamp;
use std::collections::BTreeSet;
use waybill_domain::order::PersonalData;
use waybill_runtime::Failure;
use waybill_store::audit::Stream;

/// Goes through the erasure ledger of every merchant and forgets whoever is there again.
///
/// # Errors
/// When the ledger cannot be read; one order that fails is counted and the rest goes on.
pub async fn replay(env: &Env, now: Timestamp) -> Result<Report, Failure> {
    let mut report = Report::default();
    for merchant in env.db.merchants().await? {
        let ledger = env.db.records(&merchant, Stream::Erasure).await?;
        let orders: BTreeSet<_> = ledger.into_iter().map(|record| record.event.order).collect();
        for id in &orders {
            let back = env.db.order(id).await?.is_some_and(|order| order.personal == PersonalData::Live);
            if !back {
                continue;
            }
            match Box::pin(erase(env, id, "restore", now)).await {
                Ok(Outcome::Forgotten) => report.forgotten += 1,
                Ok(Outcome::Held) => report.held += 1,
                Err(error) => {
                    report.failed += 1;
                    tracing::error!(order = %id, %error, "not forgotten yet; run the replay again");
                }
            }
        }
    }
    tracing::info!(forgotten = report.forgotten, failed = report.failed, "ledger replayed");
    Ok(report)
}
