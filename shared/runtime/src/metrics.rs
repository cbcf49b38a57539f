//! Numbers for CloudWatch, in its embedded metric format (CloudWatch user guide, "Embedded metric format
//! specification"). A metric lives for 15 months and nothing in it can be deleted, so names and dimensions are closed
//! lists and no id gets in (CONTROLS section 1.4).

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where every metric lies; the alarms of the template read it there.
pub const NAMESPACE: &str = "Waybill";

/// Who counts: the one dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Service {
    /// The daily self-audit.
    Auditor,
    /// The tick of every minute.
    Clock,
    /// What reads channels.
    Poller,
    /// What takes deliveries.
    Webhook,
}

impl Service {
    /// Its name in the dimension.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Auditor => "auditor",
            Self::Clock => "clock",
            Self::Poller => "poller",
            Self::Webhook => "webhook",
        }
    }
}

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Metric {
    /// Orders past their purge time and not erased.
    PurgeOverdue,
    /// Audit chains that do not hold.
    AuditChainBroken,
    /// Things people must do that are due.
    RegisterDue,
    /// Requests and notices whose time has run out.
    ClockOverdue,
    /// Openings of personal data that look wrong.
    AccessAlarm,
    /// Orders that a tick brought to their next stage.
    OrdersMoved,
    /// Orders that stand in the middle of the road for over a day although nobody is asked to act.
    OrdersStuck,
    /// Channels that a tick had read.
    ChannelsRead,
    /// Channels whose changes were not read to the end for over an hour.
    ChannelsSilent,
    /// Connections that refuse their credentials.
    ConnectionsRefused,
    /// Connections that have used up nearly all the calls they are allowed.
    BudgetsSpent,
    /// Orders stored, new or changed.
    OrdersStored,
    /// Merchants' own addresses that events are not sent to any more.
    SubscriptionsOff,
}

impl Metric {
    /// Everything that can be counted.
    pub const ALL: [Self; 13] = [
        Self::PurgeOverdue,
        Self::AuditChainBroken,
        Self::RegisterDue,
        Self::ClockOverdue,
        Self::AccessAlarm,
        Self::OrdersMoved,
        Self::OrdersStuck,
        Self::ChannelsRead,
        Self::ChannelsSilent,
        Self::ConnectionsRefused,
        Self::BudgetsSpent,
        Self::OrdersStored,
        Self::SubscriptionsOff,
    ];

    /// Its name in CloudWatch.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PurgeOverdue => "PurgeOverdue",
            Self::AuditChainBroken => "AuditChainBroken",
            Self::RegisterDue => "RegisterDue",
            Self::ClockOverdue => "ClockOverdue",
            Self::AccessAlarm => "AccessAlarm",
            Self::OrdersMoved => "OrdersMoved",
            Self::OrdersStuck => "OrdersStuck",
            Self::ChannelsRead => "ChannelsRead",
            Self::ChannelsSilent => "ChannelsSilent",
            Self::ConnectionsRefused => "ConnectionsRefused",
            Self::BudgetsSpent => "BudgetsSpent",
            Self::OrdersStored => "OrdersStored",
            Self::SubscriptionsOff => "SubscriptionsOff",
        }
    }
}

/// The line from which CloudWatch takes these counts, as of `now`.
pub fn line(service: Service, counts: &[(Metric, usize)], now: Timestamp) -> Value {
    let names: Vec<Value> =
        counts.iter().map(|(metric, _)| json!({"Name": metric.as_str(), "Unit": "Count"})).collect();
    let mut line = Map::from_iter([
        (
            "_aws".to_owned(),
            json!({
                "Timestamp": now.as_millisecond(),
                "CloudWatchMetrics": [{"Namespace": NAMESPACE, "Dimensions": [["service"]], "Metrics": names}],
            }),
        ),
        ("service".to_owned(), service.as_str().into()),
    ]);
    line.extend(counts.iter().map(|(metric, count)| (metric.as_str().to_owned(), (*count).into())));
    Value::Object(line)
}

/// Somebody listens to standard output: a function was started.
static STARTED: AtomicBool = AtomicBool::new(false);

/// Counts are handed to CloudWatch from now on. Handlers that run elsewhere, as in the simulation, count silently.
pub(crate) fn start() {
    STARTED.store(true, Ordering::Relaxed);
}

/// Hands the counts to CloudWatch. It takes a metric out of a line that is this object and nothing else, so it goes past
/// the logger.
pub fn emit(service: Service, counts: &[(Metric, usize)], now: Timestamp) {
    if STARTED.load(Ordering::Relaxed) {
        println!("{}", line(service, counts, now));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_counts_by_known_names_and_one_dimension() {
        let now = Timestamp::from_second(1_795_425_300).unwrap();
        let line = line(Service::Clock, &Metric::ALL.map(|metric| (metric, 2)), now);
        let mut names: Vec<&String> = line.as_object().unwrap().keys().collect();
        names.retain(|name| *name != "_aws" && *name != "service");
        assert_eq!(names.len(), Metric::ALL.len());
        let described = &line["_aws"]["CloudWatchMetrics"][0];
        assert_eq!(described["Dimensions"], json!([["service"]]));
        assert_eq!(described["Metrics"].as_array().unwrap().len(), Metric::ALL.len());
        assert_eq!((&line["service"], &line["OrdersStuck"]), (&json!("clock"), &json!(2)));
    }
}
