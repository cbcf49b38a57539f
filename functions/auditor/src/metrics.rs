//! What a run counted, for CloudWatch.

use crate::report::{Counts, Report};
use jiff::Timestamp;
use serde_json::Value;
use waybill_runtime::metrics::{Metric, Service, line};

/// The counts of a run.
pub(crate) fn counts(report: &Report) -> [(Metric, usize); 6] {
    [
        (Metric::PurgeOverdue, report.total(Counts::OverdueOrders)),
        (Metric::AuditChainBroken, report.total(Counts::BrokenChains)),
        (Metric::RegisterDue, report.total(Counts::DueItems)),
        (Metric::ClockOverdue, report.total(Counts::OverdueClocks)),
        (Metric::AccessAlarm, report.total(Counts::AccessAlarms)),
        (Metric::OpeningsDiffer, report.total(Counts::Openings)),
    ]
}

/// The line from which CloudWatch takes them, as of `now`.
pub fn metrics(report: &Report, now: Timestamp) -> Value {
    line(Service::Auditor, &counts(report), now)
}
