//! What was asked of the sandbox and how it answered.

use std::collections::{BTreeMap, VecDeque};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waybill_contract::{System, Verdict};

/// One request as it arrived, for least-data checks and canary scans.
#[derive(Debug, Clone, Serialize)]
pub struct Captured {
    /// Endpoint name, e.g. `royal-mail.create`.
    pub endpoint: String,
    /// Sandbox time of arrival.
    pub at: Timestamp,
    /// HTTP method.
    pub method: String,
    /// Path and query as sent.
    pub url: String,
    /// All headers as sent.
    pub headers: BTreeMap<String, String>,
    /// The body as text; bytes that are not UTF-8 are replaced.
    pub body: String,
    /// The status it was answered with.
    pub status: u16,
}

/// A request the real system would refuse, or should not have been sent.
#[derive(Debug, Clone, Serialize)]
pub struct Refusal {
    /// Endpoint name.
    pub endpoint: String,
    /// Sandbox time.
    pub at: Timestamp,
    /// What was wrong. Field names, never values.
    pub reason: String,
}

/// Counts of one endpoint.
#[derive(Debug, Default, Clone, Serialize)]
pub struct EndpointMeter {
    /// Requests by answered HTTP status.
    pub by_status: BTreeMap<u16, u64>,
    /// Requests whose work was done but whose answer was lost on purpose.
    pub lost_replies: u64,
    /// Most requests seen within any one second of sandbox time.
    pub max_per_second: usize,
    #[serde(skip)]
    window: VecDeque<Timestamp>,
}

/// Requests held against the official specifications.
#[derive(Debug, Default, Serialize)]
pub struct Validation {
    /// Requests that were what the specification says: by system and operation.
    pub validated: BTreeMap<&'static str, BTreeMap<String, u64>>,
    /// Requests no specification speaks of: why, and how many.
    pub unspecified: BTreeMap<&'static str, u64>,
    /// What was wrong with others, and how often. A run that leaves one here has failed.
    pub invalid: Vec<Invalid>,
}

/// One thing that is wrong with requests for one operation.
#[derive(Debug, Serialize)]
pub struct Invalid {
    /// The channel or carrier.
    pub system: &'static str,
    /// The operation.
    pub operation: String,
    /// Field and rule, never the value.
    pub wrong: String,
    /// How often.
    pub times: u64,
}

impl Validation {
    /// Counts a judged request.
    pub fn count(&mut self, system: System, verdict: Verdict) {
        match verdict {
            Verdict::Valid { operation } => {
                *self.validated.entry(system.as_str()).or_default().entry(operation).or_default() += 1;
            }
            Verdict::Unspecified { why } => *self.unspecified.entry(why).or_default() += 1,
            Verdict::Invalid { operation, wrongs } => {
                for wrong in wrongs {
                    self.add(system.as_str(), &operation, wrong);
                }
            }
        }
    }

    fn add(&mut self, system: &'static str, operation: &str, wrong: String) {
        let same =
            |one: &&mut Invalid| one.system == system && one.operation == operation && one.wrong == wrong;
        match self.invalid.iter_mut().find(same) {
            Some(known) => known.times += 1,
            None => self.invalid.push(Invalid { system, operation: operation.to_owned(), wrong, times: 1 }),
        }
    }
}

/// Everything counted.
#[derive(Debug, Default)]
pub struct Meters {
    /// Requests held against the specifications; empty where there are none.
    pub validation: Validation,
    /// By endpoint name.
    pub endpoints: BTreeMap<String, EndpointMeter>,
    /// Requests refused as invalid, oldest first.
    pub refusals: Vec<Refusal>,
    /// Requests as they arrived, oldest first, at most [`Meters::KEPT`].
    pub captured: VecDeque<Captured>,
    /// Captured requests that were dropped because there were too many.
    pub captured_dropped: u64,
}

impl Meters {
    /// How many captured requests are kept.
    pub const KEPT: usize = 20_000;

    /// Counts one answered request and keeps it.
    pub fn count(&mut self, captured: Captured, lost: bool) {
        let meter = self.endpoints.entry(captured.endpoint.clone()).or_default();
        *meter.by_status.entry(captured.status).or_default() += 1;
        meter.lost_replies += u64::from(lost);
        meter.window.push_back(captured.at);
        let since = captured.at.checked_sub(SignedDuration::from_secs(1)).unwrap_or(Timestamp::MIN);
        while meter.window.front().is_some_and(|at| *at <= since) {
            meter.window.pop_front();
        }
        meter.max_per_second = meter.max_per_second.max(meter.window.len());
        if self.captured.len() == Self::KEPT {
            self.captured.pop_front();
            self.captured_dropped += 1;
        }
        self.captured.push_back(captured);
    }

    /// Notes a refusal.
    pub fn refuse(&mut self, endpoint: &str, at: Timestamp, reason: impl Into<String>) {
        self.refusals.push(Refusal { endpoint: endpoint.to_owned(), at, reason: reason.into() });
    }
}
