//! Many orders over all five channels while a part of everything that is sent goes wrong: each arrives, once.
//!
//! Only their arrival is played: what the clock would sweep and what comes after storing is left out. Replies are
//! lost, calls answered with 429 and 500, before and after their work; deliveries come twice, late, out of turn or
//! never, and reading must make up for those.

use super::road::Road;
use super::stage::{Broken, Stage, connection};
use crate::accounts::ACCOUNT;
use crate::world::{SHOP, Setup};
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fmt::Write as _;
use waybill_domain::OrderId;
use waybill_domain::order::Channel;
use waybill_domain::time::after;
use waybill_sandbox::{Fault, FaultKind};
use waybill_store::Queue;

/// Orders of all channels in a minute: 20,000 a day.
const A_MINUTE: usize = 14;
/// Whatever happens, all must be here so many hours after the last order.
const HOURS: i64 = 12;
/// Trouble lasts so many minutes longer than orders come.
const TROUBLE_AFTER: i64 = 30;

/// What is poured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Orders over all channels.
    pub orders: usize,
    /// The part of all calls and deliveries that goes wrong, 0 to 1.
    pub faults: f64,
    /// Decides which.
    pub seed: u64,
}

/// How it went at one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arrived {
    /// Which.
    pub channel: Channel,
    /// Orders that are ours to send.
    pub eligible: usize,
    /// Of these, stored.
    pub stored: usize,
    /// Stored orders that are none of these: another would be a double.
    pub doubled: usize,
    /// Calls the channel was asked.
    pub calls: u64,
    /// Calls beyond its documented limits.
    pub over_limit: u64,
}

impl Arrived {
    /// Orders that never came.
    pub fn missed(&self) -> usize {
        self.eligible.saturating_sub(self.stored)
    }
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// By channel.
    pub channels: Vec<Arrived>,
    /// Calls that went wrong.
    pub spoilt: u64,
    /// Deliveries that never came.
    pub dropped: u64,
    /// Deliveries that came more often than once.
    pub copies: u64,
    /// Messages that failed too often.
    pub dead: usize,
    /// Minutes from the last order until all were here.
    pub minutes: i64,
}

impl Outcome {
    /// All came, once, within the limits.
    pub fn is_exact(&self) -> bool {
        self.channels.iter().all(|one| one.missed() == 0 && one.doubled == 0 && one.over_limit == 0)
    }

    fn sum(&self, of: impl Fn(&Arrived) -> usize) -> usize {
        self.channels.iter().map(of).sum()
    }

    /// As a table.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{:<13}{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}",
            "channel", "eligible", "stored", "missed", "doubled", "calls", "over limit"
        );
        for one in &self.channels {
            let _ = write!(
                text,
                "\n{:<13}{:>9}{:>9}{:>9}{:>9}{:>9}{:>12}",
                one.channel.as_str(),
                one.eligible,
                one.stored,
                one.missed(),
                one.doubled,
                one.calls,
                one.over_limit
            );
        }
        let _ = write!(
            text,
            "\n{} calls spoilt, {} deliveries lost, {} doubled, {} dead letters, all here {} minutes after the last order",
            self.spoilt, self.dropped, self.copies, self.dead, self.minutes
        );
        let _ = write!(
            text,
            "\n{}: stored {} of {} eligible, missed {}, doubled {}",
            if self.is_exact() { "exactly once" } else { "NOT exactly once" },
            self.sum(|one| one.stored),
            self.sum(|one| one.eligible),
            self.sum(Arrived::missed),
            self.sum(|one| one.doubled)
        );
        text
    }

    /// For scripts.
    pub fn json(&self) -> Value {
        json!({
            "eligible": self.sum(|one| one.eligible), "stored": self.sum(|one| one.stored),
            "missed": self.sum(Arrived::missed), "doubled": self.sum(|one| one.doubled),
            "over_limit": self.channels.iter().map(|one| one.over_limit).sum::<u64>(),
            "spoilt": self.spoilt, "dropped": self.dropped, "copies": self.copies, "dead": self.dead,
            "minutes": self.minutes, "exactly_once": self.is_exact(),
        })
    }
}

/// Pours the orders and waits until all are here, or must be.
///
/// # Errors
/// When the harness fails; what was missed or doubled is in the outcome.
pub fn run(settings: Settings) -> Result<Outcome, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.map_err(|error| error.to_string())?;
    runtime.block_on(pour(settings)).map_err(|Broken(why)| why)
}

/// What goes wrong by itself.
fn trouble(stage: &Stage, faults: f64) {
    let add = |endpoint: &str, kind: FaultKind, share: f64| {
        stage.world.sandbox.add_fault(Fault::new(endpoint, kind).with_probability(faults * share));
    };
    for channel in Channel::ALL {
        let all = format!("{}.*", channel.as_str());
        add(&all, FaultKind::LoseReply { hold_seconds: 30 }, 0.3);
        add(&all, FaultKind::ServerError, 0.25);
        add(&all, FaultKind::ErrorAfterWork, 0.2);
        add(&all, FaultKind::TooManyRequests { retry_after: Some(15) }, 0.25);
    }
    for (kind, share) in [
        (FaultKind::Drop, 0.4),
        (FaultKind::Duplicate { copies: 1 }, 0.3),
        (FaultKind::Delay { seconds: 400 }, 0.2),
        (FaultKind::Shuffle, 0.1),
    ] {
        add("webhook", kind, share);
    }
}

/// Orders of a channel, by its own keys.
struct Placed {
    road: Road,
    ours: BTreeSet<OrderId>,
    unpaid: Vec<String>,
}

impl Placed {
    /// Has the sandbox invent some more and notes those that are ours to send.
    fn place(&mut self, stage: &Stage, seed: u64, count: usize) -> Result<(), Broken> {
        let channel = self.road.channel;
        let (path, body) = match channel {
            Channel::Shopify => {
                ("/control/invent".to_owned(), json!({"shop": SHOP, "seed": seed, "count": count}))
            }
            _ => {
                let path = format!("/control/{}/{ACCOUNT}/invent", channel.as_str());
                // Shops that announce by themselves would do so twice.
                let deliver = channel == Channel::Ebay;
                (path, json!({"seed": seed, "count": count, "deliver": deliver}))
            }
        };
        let made = self.road.control(Method::POST, &path, &body)?;
        for one in made["orders"].as_array().into_iter().flatten() {
            let id = one["id"].as_str().map_or_else(|| plain(one), str::to_owned);
            // Amazon's own warehouses send these.
            if one["kind"] == "fulfilled_by_amazon" {
                continue;
            }
            if one["kind"] == "unpaid" && channel == Channel::Ebay {
                self.unpaid.push(id.clone());
            }
            self.ours.insert(stage.order_id(channel, &id)?);
        }
        Ok(())
    }
}

/// An id that is a number, or a list of bare numbers.
fn plain(one: &Value) -> String {
    if one["id"].is_null() { one.to_string() } else { one["id"].to_string() }
}

async fn pour(settings: Settings) -> Result<Outcome, Broken> {
    let setup = Setup { seed: settings.seed, stock: Vec::new(), ..Setup::default() };
    let mut stage = Stage::new(&setup).await?;
    stage.arrivals_only = true;
    let mut placed: Vec<Placed> = Channel::ALL
        .into_iter()
        .map(|channel| Placed { road: stage.road(channel), ours: BTreeSet::new(), unpaid: Vec::new() })
        .collect();
    trouble(&stage, settings.faults);
    let (mut left, mut batch) = (settings.orders, 0_u64);
    // Magento's invented ids are distinct for a thousand batches.
    let a_minute = A_MINUTE.max(settings.orders.div_ceil(900));
    while left > 0 {
        batch += 1;
        let now = left.min(a_minute);
        left -= now;
        for (place, one) in placed.iter_mut().enumerate() {
            let turn = (place + usize::try_from(batch).unwrap_or(0)) % Channel::ALL.len();
            let count = now / Channel::ALL.len() + usize::from(turn < now % Channel::ALL.len());
            if count > 0 {
                one.place(&stage, batch, count)?;
            }
        }
        stage.run(1).await?;
    }
    for one in &placed {
        for id in &one.unpaid {
            one.road.pay(id)?;
        }
    }
    let last = stage.now();
    stage.run(TROUBLE_AFTER).await?;
    let wanted: usize = placed.iter().map(|one| one.ours.len()).sum();
    stage.world.sandbox.clear_faults();
    let until = after(last, SignedDuration::from_hours(HOURS));
    while stage.now() < until && missing(&stage, wanted)? {
        stage.run(10).await?;
    }
    let minutes = stage.now().duration_since(last).as_mins();
    // What comes late must not come twice.
    stage.run(60).await?;
    outcome(&stage, &placed, minutes)
}

fn missing(stage: &Stage, wanted: usize) -> Result<bool, Broken> {
    let rows = stage.world.engine.dump_index("orders", "by-status")?;
    Ok(rows.len() < wanted)
}

fn outcome(stage: &Stage, placed: &[Placed], minutes: i64) -> Result<Outcome, Broken> {
    let facts = stage.facts()?;
    let mut channels = Vec::new();
    for one in placed {
        let of = connection(one.road.channel)?;
        let mine = facts.orders.values().filter(|held| held.order.connection == of);
        let ids: BTreeSet<OrderId> = mine.map(|held| held.order.id.clone()).collect();
        let calls = one.road.report()["calls"].clone();
        let calls = calls.as_object().into_iter().flatten().filter_map(|(_, count)| count.as_u64());
        channels.push(Arrived {
            channel: one.road.channel,
            eligible: one.ours.len(),
            stored: one.ours.intersection(&ids).count(),
            doubled: ids.difference(&one.ours).count(),
            calls: calls.sum(),
            over_limit: one.road.report()["over_limit"].as_u64().unwrap_or(0),
        });
    }
    let (mut spoilt, mut shopify) = (0, 0);
    let (dropped, copies) = stage.world.sandbox.with_state(|state| {
        for (name, meter) in &state.meters.endpoints {
            let failed = |status: &u16| *status == 429 || *status >= 500;
            spoilt += meter.by_status.iter().filter(|(s, _)| failed(s)).map(|(_, count)| count).sum::<u64>();
            if name.starts_with("shopify.") {
                shopify += meter.by_status.values().sum::<u64>();
            }
        }
        (state.outbox.dropped, state.outbox.copies)
    });
    for one in channels.iter_mut().filter(|one| one.channel == Channel::Shopify) {
        one.calls = shopify;
    }
    let dead = stage.mail.dead.iter().filter(|(queue, _)| *queue == Queue::Poll).count();
    Ok(Outcome { channels, spoilt, dropped, copies, dead, minutes })
}
