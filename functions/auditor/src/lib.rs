//! Waybill checks itself: do the audit chains hold, is anything kept that should be gone, is anything due, has a clock
//! run out, was anything opened that looks wrong, is each opening on record? (CONTROLS C1, D3, D4, D5, F2, H4)
//!
//! A check that fails is a finding, not an error: the run goes on and reports it. Only a check that could not be
//! made fails the run, so that the schedule tries again.

mod breach;
mod checks;
mod metrics;
mod openings;
mod people;
mod report;

pub use breach::{Asked, Breach, breach};
pub use metrics::metrics;
pub use report::{Check, Report};

use jiff::Timestamp;
use serde_json::Value;
use std::sync::Arc;
use waybill_runtime::metrics::{Service, emit};
use waybill_runtime::{Failure, schedule};
use waybill_store::Db;
use waybill_store::trail::Trail;

/// What the function needs: it reads, and writes nothing but how the openings came out.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// The key service's own record of what was opened.
    pub trail: Arc<dyn Trail>,
}

/// Takes a scheduled event, or one that asks who is affected by an incident.
///
/// # Errors
/// When the event is neither, or AWS does not answer.
pub async fn handle(env: &Env, event: &Value) -> Result<Value, Failure> {
    let bad = |_| Failure::Fault("the event is neither a schedule nor an incident");
    let now = schedule::time(event)?;
    match event.get("incident") {
        Some(asked) => {
            let asked = serde_json::from_value(asked.clone()).map_err(bad)?;
            serde_json::to_value(breach(env, asked, now).await?).map_err(bad)
        }
        None => serde_json::to_value(audit(env, now).await?).map_err(bad),
    }
}

/// Makes every check as of `now`, logs one line for each and one for CloudWatch's metrics, and reports.
///
/// # Errors
/// When AWS does not answer: nothing is known then, neither good nor bad.
pub async fn audit(env: &Env, now: Timestamp) -> Result<Report, Failure> {
    let mut checks = checks::chains(&env.db).await?;
    checks.push(checks::purge(&env.db, now).await?);
    checks.extend(people::all(&env.db, now).await?);
    checks.extend(openings::all(env, now).await?);
    let report = Report::new(checks);
    for Check { name, ok, detail, .. } in &report.checks {
        if *ok {
            tracing::info!(check = name, ok, detail, "audit");
        } else {
            tracing::error!(check = name, ok, detail, "audit");
        }
    }
    emit(Service::Auditor, &metrics::counts(&report), now);
    Ok(report)
}
