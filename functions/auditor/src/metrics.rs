//! Two numbers for CloudWatch, in its embedded metric format. One dimension with one value: a metric lives for
//! 15 months and nothing in it can be deleted, so no id gets in (CONTROLS section 1.4).

use crate::report::{Counts, Report};
use jiff::Timestamp;
use serde_json::{Value, json};

/// The line from which CloudWatch takes `PurgeOverdue` and `AuditChainBroken`, as of `now`.
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
                ],
            }],
        },
        "service": "auditor",
        "PurgeOverdue": report.total(Counts::OverdueOrders),
        "AuditChainBroken": report.total(Counts::BrokenChains),
    })
}
