//! What the functions asked of AWS, read from CloudTrail, and what that costs at list prices.

use crate::stack::{Stack, Trouble};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// One call that a function made.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// When, in seconds of the epoch.
    pub(super) at: f64,
    /// Which service.
    pub(super) service: String,
    /// Which operation.
    pub(super) operation: String,
    /// Which function made it.
    pub(super) function: &'static str,
    /// The whole record.
    record: String,
}

/// Every call the functions made.
#[derive(Debug, Clone, Default)]
pub(super) struct Calls(Vec<Call>);

const LOOK_UP: &str = "com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents";

/// Every function, in the order of the road.
pub(super) const FUNCTIONS: [&str; 11] = [
    "webhook",
    "poller",
    "allocator",
    "shipper",
    "notifier",
    "clock",
    "tracker",
    "retention",
    "reveal",
    "api",
    "auditor",
];

/// Reads the whole trail, newest first, a page of fifty at a time. The administrator's own calls, which the
/// harness makes, are left out.
pub(super) async fn read(stack: &Stack) -> Result<Calls, Trouble> {
    let sessions = sessions(stack);
    let mut calls = Vec::new();
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut until: Option<f64> = None;
    loop {
        let mut ask = json!({"MaxResults": 50});
        if let Some(until) = until {
            ask["EndTime"] = json!(until);
        }
        let reply = stack.json("cloudtrail", LOOK_UP, &ask).await?;
        let before = seen.len();
        for event in reply["Events"].as_array().into_iter().flatten() {
            let part = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
            let at = event["EventTime"].as_f64().unwrap_or_default();
            until = Some(until.map_or(at, |u| u.min(at)));
            if seen.insert(part("EventId"))
                && let Some(function) = sessions.get(&part("AccessKeyId"))
            {
                let service = part("EventSource").split('.').next().unwrap_or_default().to_owned();
                let record = part("CloudTrailEvent");
                calls.push(Call { at, service, operation: part("EventName"), function, record });
            }
        }
        if seen.len() == before {
            calls.reverse();
            return Ok(Calls(calls));
        }
    }
}

/// The functions by the access keys of their sessions.
fn sessions(stack: &Stack) -> BTreeMap<String, &'static str> {
    FUNCTIONS
        .into_iter()
        .flat_map(|function| stack.session_keys(function).map(|key| (key, function)))
        .collect()
}

/// US dollars per million calls in London: list prices of late 2026 as we know them; check before quoting. A
/// transaction is taken as nine write units and a single write as two, which is what the bench measures.
fn usd_per_million(service: &str, operation: &str) -> f64 {
    match (service, operation) {
        ("dynamodb", "TransactWriteItems") => 9.0 * 0.7423,
        ("dynamodb", "PutItem" | "UpdateItem") => 2.0 * 0.7423,
        ("dynamodb", _) => 0.1485,
        ("kms", _) => 3.0,
        ("sqs", _) => 0.4,
        ("s3", "PutObject") => 5.3,
        ("s3", _) => 0.42,
        ("events", "PutEvents") => 1.0,
        _ => 0.0,
    }
}

impl Call {
    /// US dollars. Events are paid for one by one, however many a call holds.
    fn usd(&self) -> f64 {
        let paid = self.record.matches("DetailType").count().max(1);
        usd_per_million(&self.service, &self.operation) * paid as f64 / 1e6
    }
}

impl Calls {
    /// How many.
    pub(super) fn total(&self) -> usize {
        self.0.len()
    }

    /// US dollars for all of them.
    pub(super) fn usd(&self) -> f64 {
        self.0.iter().map(Call::usd).sum()
    }

    /// Calls and US dollars by service and operation.
    pub(super) fn by_operation(&self) -> BTreeMap<(String, String), (usize, f64)> {
        let mut counts: BTreeMap<(String, String), (usize, f64)> = BTreeMap::new();
        for call in &self.0 {
            let entry = counts.entry((call.service.clone(), call.operation.clone())).or_default();
            entry.0 += 1;
            entry.1 += call.usd();
        }
        counts
    }

    /// The calls that name an order, oldest first.
    pub(super) fn about(&self, order: &str) -> impl Iterator<Item = &Call> {
        self.0.iter().filter(move |call| call.record.contains(order))
    }
}
