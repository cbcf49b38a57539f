//! Waybill checks itself: do the audit chains hold, and is anything kept that should be gone? (CONTROLS D3, C1)
//!
//! A check that fails is a finding, not an error: the run goes on and reports it. Only a check that could not be
//! made fails the run, so that the schedule tries again.

mod checks;
mod metrics;
mod report;

pub use metrics::metrics;
pub use report::{Check, Report};

use jiff::Timestamp;
use waybill_runtime::Failure;
use waybill_store::Db;

/// What the function needs: it reads, and writes nothing.
pub struct Env {
    /// Tables.
    pub db: Db,
}

/// Makes every check as of `now`, logs one line for each and one for CloudWatch's metrics, and reports.
///
/// # Errors
/// When AWS does not answer: nothing is known then, neither good nor bad.
pub async fn audit(env: &Env, now: Timestamp) -> Result<Report, Failure> {
    let mut checks = checks::chains(&env.db).await?;
    checks.push(checks::purge(&env.db, now).await?);
    let report = Report::new(checks);
    for Check { name, ok, detail, .. } in &report.checks {
        if *ok {
            tracing::info!(check = name, ok, detail, "audit");
        } else {
            tracing::error!(check = name, ok, detail, "audit");
        }
    }
    // CloudWatch takes a metric out of a line that is this object and nothing else, so it goes past the logger.
    println!("{}", metrics(&report, now));
    Ok(report)
}
