//! Misbehaviour on request: what goes wrong, where, how often.

use rand::Rng;
use rand::rngs::StdRng;
use serde::{Deserialize, Serialize};

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// 429 before any work, with `Retry-After` in seconds when given. Shopify: THROTTLED, HTTP 200.
    TooManyRequests {
        /// Seconds to name in `Retry-After`.
        #[serde(default)]
        retry_after: Option<u32>,
    },
    /// 500 before any work.
    ServerError,
    /// The work is done, then 500.
    ErrorAfterWork,
    /// The work is done, the answer never arrives: 504 with [`crate::LOST_REPLY_HEADER`]; the program holds the
    /// connection open that long first.
    LoseReply {
        /// Seconds the program keeps the caller waiting.
        #[serde(default = "hold")]
        hold_seconds: u32,
    },
    /// The answer comes late: [`crate::SLOW_HEADER`]; the program really waits.
    Slow {
        /// Milliseconds.
        milliseconds: u32,
    },
    /// Click & Drop: the order is created, its label is not.
    LabelFails,
    /// Click & Drop `POST /orders`: 200 in which every item failed.
    AllFailed,
    /// Webhooks: an earlier version of the order is sent.
    StaleBody,
    /// Webhooks: sent this many times more.
    Duplicate {
        /// Further copies.
        copies: u32,
    },
    /// Webhooks: never sent.
    Drop,
    /// Webhooks: becomes due this much later.
    Delay {
        /// Seconds.
        seconds: u32,
    },
    /// Webhooks: put at a random place among those already waiting.
    Shuffle,
}

fn hold() -> u32 {
    30
}

/// One misbehaviour: where, what and how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fault {
    /// Endpoint name as in the meters (`royal-mail.create`, `shopify.fulfillmentCreate`, `webhook`), or a prefix
    /// that ends in `*`.
    pub endpoint: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub kind: FaultKind,
    /// How many times in all; without it, until cleared.
    #[serde(default)]
    pub times: Option<u32>,
    /// How many fitting requests pass unharmed first.
    #[serde(default)]
    pub skip: u32,
    /// Chance for each fitting request, 0 to 1.
    #[serde(default = "always")]
    pub probability: f64,
}

fn always() -> f64 {
    1.0
}

impl Fault {
    /// `kind` at `endpoint` on every request until cleared.
    pub fn new(endpoint: &str, kind: FaultKind) -> Self {
        Self { endpoint: endpoint.to_owned(), kind, times: None, skip: 0, probability: 1.0 }
    }

    /// Only for the first `times` fitting requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = Some(times);
        self
    }

    /// Only after `skip` fitting requests have passed.
    pub fn after(mut self, skip: u32) -> Self {
        self.skip = skip;
        self
    }

    /// With this chance for each fitting request.
    pub fn with_probability(mut self, probability: f64) -> Self {
        self.probability = probability;
        self
    }

    fn fits(&self, endpoint: &str) -> bool {
        match self.endpoint.strip_suffix('*') {
            Some(prefix) => endpoint.starts_with(prefix),
            None => self.endpoint == endpoint,
        }
    }
}

/// The misbehaviours in force.
#[derive(Debug, Default)]
pub struct Faults {
    list: Vec<Fault>,
}

impl Faults {
    /// Adds one.
    pub fn add(&mut self, fault: Fault) {
        self.list.push(fault);
    }

    /// Ends all.
    pub fn clear(&mut self) {
        self.list.clear();
    }

    /// Those still in force.
    pub fn list(&self) -> &[Fault] {
        &self.list
    }

    /// The first misbehaviour for `endpoint` among the kinds the caller can act on; uses it up by one.
    pub fn take(
        &mut self,
        rng: &mut StdRng,
        endpoint: &str,
        wanted: impl Fn(&FaultKind) -> bool,
    ) -> Option<FaultKind> {
        for fault in &mut self.list {
            if !fault.fits(endpoint) || !wanted(&fault.kind) || fault.times == Some(0) {
                continue;
            }
            if fault.skip > 0 {
                fault.skip -= 1;
                continue;
            }
            if fault.probability < 1.0 && rng.random::<f64>() >= fault.probability {
                continue;
            }
            if let Some(times) = &mut fault.times {
                *times -= 1;
            }
            let kind = fault.kind.clone();
            self.list.retain(|fault| fault.times != Some(0));
            return Some(kind);
        }
        None
    }
}
