//! Webhooks waiting to be sent, how sending went, and the program's sender.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::Sandbox;
use crate::faults::FaultKind;
use crate::shopify::webhooks::{self, WebhookOptions};
use crate::state::State;

/// How often a channel repeats a delivery that was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeat {
    /// As [`Sending`] says.
    AsSet,
    /// Never: WooCommerce sends once.
    Never,
}

/// One webhook, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedWebhook {
    /// The channel it comes from: the first part of its name in meters.
    pub channel: &'static str,
    /// Whether the channel sends it again when it is not taken.
    pub repeat: Repeat,
    /// The shop or account it comes from.
    pub shop: String,
    /// What the channel calls it, e.g. `orders/create`.
    pub topic: String,
    /// Whole address; empty when the shop has none.
    pub url: String,
    /// Path part of the address.
    pub path: String,
    /// Header names and values.
    pub headers: Vec<(String, String)>,
    /// The exact bytes that are signed.
    pub body: Vec<u8>,
    /// The channel's own key of the delivery.
    pub webhook_id: String,
}

/// One webhook on its way.
#[derive(Debug, Clone)]
pub struct Delivery {
    /// What is sent. A retry sends the same bytes to the same address; eBay alone counts its tries in them.
    pub webhook: SignedWebhook,
    /// Not before this time.
    pub due: Timestamp,
    /// 0 for the first try.
    pub attempt: u32,
}

/// What became of one try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryResult {
    /// An HTTP status came back.
    Answered(u16),
    /// Nothing came back in time.
    NoAnswer,
}

/// How webhooks are sent.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(default)]
pub struct Sending {
    /// Most tries at the same time.
    pub concurrency: usize,
    /// Retries after 429, 5xx or no answer; Shopify makes 8 in 4 hours.
    pub retries: u32,
    /// Seconds of sandbox time before the first retry; doubles each time.
    pub retry_seconds: i64,
    /// True stops sending; what is due waits.
    pub paused: bool,
}

impl Default for Sending {
    fn default() -> Self {
        Self { concurrency: 8, retries: 8, retry_seconds: 2, paused: false }
    }
}

/// Everything about sending.
#[derive(Debug, Default)]
pub struct Outbox {
    /// How webhooks are sent.
    pub sending: Sending,
    /// Not yet sent, in order.
    pub waiting: VecDeque<Delivery>,
    /// Tries that were taken and not yet reported.
    pub in_flight: usize,
    /// Webhooks queued, copies included.
    pub queued: u64,
    /// Of these, copies.
    pub copies: u64,
    /// Lost on request.
    pub dropped: u64,
    /// Tries by answered status; 0 means no answer.
    pub by_status: BTreeMap<u16, u64>,
    /// Queued webhooks by topic.
    pub by_topic: BTreeMap<String, u64>,
    /// Tries that were repeated.
    pub retried: u64,
    /// Webhooks given up after the last retry.
    pub given_up: u64,
    /// Orders of which some delivery in order shape was answered 2xx.
    pub accepted: BTreeSet<i64>,
    latencies: Vec<u32>,
}

impl Outbox {
    /// Counts as JSON: `delivered` are tries that were answered 2xx.
    pub fn report(&self) -> Value {
        let within = |from: u16| -> u64 { self.by_status.range(from..from + 100).map(|(_, n)| n).sum() };
        let mut sorted = self.latencies.clone();
        sorted.sort_unstable();
        let at = |share: usize| sorted.get(sorted.len() * share / 100).or(sorted.last());
        json!({
            "queued": self.queued,
            "copies": self.copies,
            "dropped": self.dropped,
            "waiting": self.waiting.len(),
            "in_flight": self.in_flight,
            "delivered": within(200),
            "orders_accepted": self.accepted.len(),
            "answered_401": self.by_status.get(&401).copied().unwrap_or(0),
            "answered_4xx": within(400),
            "answered_5xx": within(500),
            "no_answer": self.by_status.get(&0).copied().unwrap_or(0),
            "retried": self.retried,
            "given_up": self.given_up,
            "by_status": self.by_status,
            "by_topic": self.by_topic,
            "milliseconds": {"p50": at(50), "p95": at(95), "p99": at(99), "max": sorted.last()},
            "sending": self.sending,
        })
    }
}

/// Queues a webhook, with whatever misbehaviour is in force for the endpoint `webhook`.
pub fn queue(state: &mut State, mut webhook: SignedWebhook, order: Option<i64>) {
    let fault = state.take_fault("webhook", |kind| {
        matches!(
            kind,
            FaultKind::StaleBody
                | FaultKind::Duplicate { .. }
                | FaultKind::Drop
                | FaultKind::Delay { .. }
                | FaultKind::Shuffle
        )
    });
    let (mut copies, mut due) = (1, state.now());
    match fault {
        Some(FaultKind::Drop) => {
            state.outbox.dropped += 1;
            return;
        }
        Some(FaultKind::Duplicate { copies: more }) => copies += more,
        Some(FaultKind::Delay { seconds }) => {
            due = due.checked_add(SignedDuration::from_secs(i64::from(seconds))).unwrap_or(due);
        }
        Some(FaultKind::StaleBody) if webhook.channel == "shopify" => {
            let options = WebhookOptions {
                stale: 1,
                webhook_id: Some(webhook.webhook_id.clone()),
                ..WebhookOptions::default()
            };
            if let Ok(stale) = webhooks::make(state, &webhook.shop, &webhook.topic, order, &options) {
                webhook = stale;
            }
        }
        Some(FaultKind::Shuffle) => {
            let place = state.rng.random_range(0..=state.outbox.waiting.len());
            count(state, &webhook, 1);
            state.outbox.waiting.insert(place, Delivery { webhook, due, attempt: 0 });
            return;
        }
        _ => {}
    }
    count(state, &webhook, copies);
    let all = std::iter::repeat_n(Delivery { webhook, due, attempt: 0 }, copies as usize);
    state.outbox.waiting.extend(all);
}

fn count(state: &mut State, webhook: &SignedWebhook, copies: u32) {
    state.outbox.queued += u64::from(copies);
    state.outbox.copies += u64::from(copies.saturating_sub(1));
    *state.outbox.by_topic.entry(webhook.topic.clone()).or_default() += u64::from(copies);
}

/// Mixes everything that waits.
pub fn shuffle(state: &mut State) {
    for last in (1..state.outbox.waiting.len()).rev() {
        let other = state.rng.random_range(0..=last);
        state.outbox.waiting.swap(last, other);
    }
}

/// Takes up to `most` webhooks that are due, oldest first. Report each with [`report`].
pub fn take_due(state: &mut State, most: usize) -> Vec<Delivery> {
    if state.outbox.sending.paused {
        return Vec::new();
    }
    let now = state.now();
    let mut taken = Vec::new();
    let mut kept = VecDeque::new();
    while taken.len() < most
        && let Some(one) = state.outbox.waiting.pop_front()
    {
        if one.due <= now { taken.push(one) } else { kept.push_back(one) }
    }
    kept.append(&mut state.outbox.waiting);
    state.outbox.waiting = kept;
    state.outbox.in_flight += taken.len();
    for one in &mut taken {
        crate::woocommerce::hooks::seal(state, &mut one.webhook);
    }
    taken
}

/// Counts the result of a try and queues a retry where Shopify would make one.
pub fn report(state: &mut State, mut delivery: Delivery, result: DeliveryResult, took: Duration) {
    let now = state.now();
    let outbox = &mut state.outbox;
    outbox.in_flight = outbox.in_flight.saturating_sub(1);
    let status = match result {
        DeliveryResult::Answered(status) => status,
        DeliveryResult::NoAnswer => 0,
    };
    *outbox.by_status.entry(status).or_default() += 1;
    crate::woocommerce::hooks::sent(&mut state.woocommerce, &delivery.webhook, status);
    outbox.latencies.push(u32::try_from(took.as_millis()).unwrap_or(u32::MAX));
    if (200..300).contains(&status) {
        outbox.accepted.extend(order_in(&delivery.webhook));
    }
    if !matches!(status, 0 | 429 | 500..) {
        return;
    }
    let retries = match delivery.webhook.repeat {
        Repeat::AsSet => outbox.sending.retries,
        Repeat::Never => 0,
    };
    if delivery.attempt >= retries {
        outbox.given_up += 1;
        return;
    }
    let wait = outbox.sending.retry_seconds.saturating_mul(1 << delivery.attempt.min(12));
    delivery.due = now.checked_add(SignedDuration::from_secs(wait)).unwrap_or(now);
    delivery.attempt += 1;
    outbox.retried += 1;
    if delivery.webhook.channel == "ebay" {
        crate::ebay::push::again(state, &mut delivery.webhook);
    }
    state.outbox.waiting.push_back(delivery);
}

/// The order a webhook in order shape is about.
fn order_in(webhook: &SignedWebhook) -> Option<i64> {
    let body: Value = serde_json::from_slice(&webhook.body).ok()?;
    if webhook.topic.starts_with("orders/") { body["id"].as_i64() } else { None }
}

impl Sandbox {
    /// Takes up to `most` due webhooks for a caller that sends them itself (a simulation).
    pub fn take_webhooks(&self, most: usize) -> Vec<Delivery> {
        take_due(&mut self.lock(), most)
    }

    /// Reports what became of a webhook from [`Sandbox::take_webhooks`].
    pub fn webhook_result(&self, delivery: Delivery, result: DeliveryResult) {
        report(&mut self.lock(), delivery, result, Duration::ZERO);
    }
}

/// Sends what is due, for ever, at most [`Sending::concurrency`] at a time.
pub async fn run(sandbox: Sandbox) {
    let client = reqwest::Client::builder().timeout(Duration::from_secs(5)).no_proxy().build();
    let Ok(client) = client else { return };
    let mut running = JoinSet::new();
    loop {
        let most = sandbox.with_state(|state| state.outbox.sending.concurrency).saturating_sub(running.len());
        for delivery in sandbox.take_webhooks(most) {
            running.spawn(send(sandbox.clone(), client.clone(), delivery));
        }
        let rest = tokio::time::sleep(Duration::from_millis(10));
        if running.is_empty() {
            rest.await;
        } else {
            tokio::select! { _ = running.join_next() => {}, () = rest => {} }
        }
    }
}

async fn send(sandbox: Sandbox, client: reqwest::Client, delivery: Delivery) {
    let mut request = client.post(&delivery.webhook.url).body(delivery.webhook.body.clone());
    for (name, value) in &delivery.webhook.headers {
        request = request.header(name, value);
    }
    let start = Instant::now();
    let result = match request.send().await {
        Ok(answer) => DeliveryResult::Answered(answer.status().as_u16()),
        Err(_) => DeliveryResult::NoAnswer,
    };
    report(&mut sandbox.lock(), delivery, result, start.elapsed());
}
