//! A few numbers for CloudWatch, in its embedded metric format. One dimension with one value: a metric lives for
//! 15 months and nothing in it can be deleted, so no id gets in (CONTROLS section 1.4).

use crate::report::{Counts, Report};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The line from which CloudWatch takes its metrics, as of `now`.
pub fn metrics(report: &Report, now: Timestamp) -> Value {
    json!({
        "_aws": {
            "Timestamp": now.as_millisecond(),
            "CloudWatchMetrics": [{
                "Namespace": "Waybill",
                "Dimensions": [["service"]],
                "Metrics": [
                    {"Name": "PurgeOverdue", "Unit": "Count"},
                    {"Name": "AuditChainBroken", "Unit": "Count"},
                    {"Name": "RegisterDue", "Unit": "Count"},
                    {"Name": "ClockOverdue", "Unit": "Count"},
                    {"Name": "AccessAlarm", "Unit": "Count"},
                ],
            }],
        },
        "service": "auditor",
        "PurgeOverdue": report.total(Counts::OverdueOrders),
        "AuditChainBroken": report.total(Counts::BrokenChains),
        "RegisterDue": report.total(Counts::DueItems),
        "ClockOverdue": report.total(Counts::OverdueClocks),
        "AccessAlarm": report.total(Counts::AccessAlarms),
    })
}
