//! What a day came to, read from the sandbox's meters and from what we stored.

use super::ledger::{Entry, Ledger};
use super::mail::Counts;
use super::run::Settings;
use crate::accounts::ACCOUNT;
use crate::world::{SHOP, World, WorldError};
use http::Method;
use jiff::SignedDuration;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeMap;
use waybill_domain::OrderId;
use waybill_domain::order::Channel;
use waybill_sandbox::Call;
use waybill_store::Queue;

/// Calls of one operation, by what the other side counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Calls {
    /// All of them.
    pub calls: u64,
    /// Those answered 429.
    pub refused: u64,
    /// The most within one second.
    pub max_per_second: u64,
}

/// Times in whole seconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Waits {
    /// Half of the orders waited no longer.
    pub p50: i64,
    /// All but one in a hundred waited no longer.
    pub p99: i64,
    /// None waited longer.
    pub longest: i64,
}

/// One channel's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ChannelDay {
    /// Orders the channel has.
    pub r#in: u64,
    /// Of these, orders we have.
    pub stored: usize,
    /// Orders on which the channel shows a tracking number.
    pub written_back: u64,
    /// Tracking numbers that stand on an order twice.
    pub written_twice: u64,
    /// Times the channel took a stock number from us.
    pub stock_sets: u64,
    /// Calls the channel counted beyond a documented limit: must be 0.
    pub over_limit: u64,
    /// From placing to our having it.
    pub to_store: Waits,
    /// From placing to the channel's knowing that it left.
    pub to_done: Waits,
    /// By operation.
    pub operations: BTreeMap<String, Calls>,
}

/// The carrier's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CarrierDay {
    /// Orders booked.
    pub booked: u64,
    /// Orders booked twice.
    pub booked_twice: u64,
    /// Calls answered 429.
    pub over_limit: u64,
    /// By operation.
    pub operations: BTreeMap<String, Calls>,
}

impl CarrierDay {
    fn is_rarely_refused(&self) -> bool {
        let calls: u64 = self.operations.values().map(|calls| calls.calls).sum();
        self.over_limit * 1000 <= calls
    }
}

/// One queue's day.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct QueueDay {
    /// Messages, those that were sent again to wait among them.
    pub messages: u64,
    /// Messages that failed and came back.
    pub failed: u64,
    /// Messages that failed too often.
    pub dead: u64,
    /// Batches that ran into their function's time-out.
    pub timed_out: u64,
    /// The longest a message waited for a function to be free, in seconds.
    pub longest_wait: i64,
}

/// A day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Its seed.
    pub seed: u64,
    /// Orders placed.
    pub orders: usize,
    /// Calls to the tables, by operation.
    pub table_calls: BTreeMap<String, u64>,
    /// Simulated time until the last order was done or given up, in minutes.
    pub minutes: i64,
    /// By channel.
    pub channels: BTreeMap<&'static str, ChannelDay>,
    /// Royal Mail Click & Drop.
    pub click_and_drop: CarrierDay,
    /// By queue.
    pub queues: BTreeMap<String, QueueDay>,
    /// Deliveries of channels that were not answered 2xx.
    pub deliveries_refused: u64,
    /// Requests the other sides called wrong.
    pub refusals: u64,
    /// Requests held against the official specifications: `validated` by system and operation, `unspecified`, and
    /// `invalid`, which must be empty. Empty altogether where there are no specifications.
    pub contracts: Value,
    /// Orders that never reached their end.
    pub undone: usize,
    /// What they are stuck as, and for which reasons.
    pub undone_as: BTreeMap<String, usize>,
    /// The greatest age of an order that was not done, in seconds, looked at every minute.
    pub oldest_undone: i64,
    /// The longest any order took from placing to the channel's knowing that it left, in seconds.
    pub longest_wait: i64,
}

impl Report {
    /// No channel was overrun, no order lost, none told twice, and all reached their end. Of a carrier's calls one in a
    /// thousand may be refused: what is held up on its way arrives together with what was sent after it, and a label
    /// is three calls close to a limit of five a second (contracts/royal-mail, "Click & Drop: basics"). It is bought all the same.
    pub fn ok(&self) -> bool {
        let whole = |day: &ChannelDay| {
            let stored = u64::try_from(day.stored).unwrap_or(0);
            day.over_limit == 0
                && day.written_twice == 0
                && stored == day.r#in
                && day.written_back == day.r#in
        };
        self.channels.len() == Channel::ALL.len()
            && self.channels.values().all(whole)
            && self.undone == 0
            && self.contracts["invalid"].as_array().is_none_or(Vec::is_empty)
            && self.click_and_drop.booked_twice == 0
            && self.click_and_drop.is_rarely_refused()
            && self.queues.values().all(|queue| queue.dead == 0)
    }
}

/// What the run knows of itself.
pub(super) struct Facts {
    pub(super) settings: Settings,
    pub(super) ended: SignedDuration,
    pub(super) refused: u64,
    pub(super) mail: BTreeMap<Queue, Counts>,
}

pub(super) async fn of(world: &World, ledger: &Ledger, facts: Facts) -> Result<Report, WorldError> {
    let told = Call::new(Method::GET, "/control/state?brief=true");
    let meters = world.sandbox.answer(&told).value();
    let entries = ledger.entries();
    let mut channels = BTreeMap::new();
    for channel in Channel::ALL {
        let of: Vec<&(OrderId, Entry)> = entries.iter().filter(|(_, e)| e.channel == channel).collect();
        let ids: Vec<OrderId> = of.iter().map(|(id, _)| id.clone()).collect();
        let stored = world.db.orders(&ids).await?.len();
        channels.insert(channel.as_str(), channel_day(channel, &meters, &of, stored));
    }
    let royal_mail = &meters["royal_mail"];
    let operations = operations(&meters, "royal-mail");
    let queues = facts.mail.iter().map(|(queue, counts)| {
        let day = QueueDay {
            messages: counts.sent,
            failed: counts.failed,
            dead: counts.dead,
            timed_out: counts.timed_out,
            longest_wait: counts.longest_wait.as_secs(),
        };
        (format!("{queue:?}").to_lowercase(), day)
    });
    let longest_wait = channels.values().map(|day: &ChannelDay| day.to_done.longest).max().unwrap_or(0);
    Ok(Report {
        seed: facts.settings.seed,
        orders: facts.settings.orders,
        table_calls: world.engine.capacity().calls,
        minutes: facts.ended.as_mins(),
        click_and_drop: CarrierDay {
            booked: number(&royal_mail["orders"]),
            booked_twice: number(&royal_mail["booked_twice"]),
            over_limit: operations.values().map(|calls: &Calls| calls.refused).sum(),
            operations,
        },
        queues: queues.collect(),
        deliveries_refused: facts.refused,
        refusals: number(&meters["refusals"]),
        contracts: meters["contracts"].clone(),
        undone: ledger.undone(),
        undone_as: undone_as(world, &entries).await?,
        oldest_undone: ledger.oldest().as_secs(),
        longest_wait,
        channels,
    })
}

/// The states of orders that are not done, with what a person would have to settle.
async fn undone_as(
    world: &World,
    entries: &[(OrderId, Entry)],
) -> Result<BTreeMap<String, usize>, WorldError> {
    let undone = entries.iter().filter(|(_, entry)| entry.done.is_none());
    let ids: Vec<OrderId> = undone.map(|(id, _)| id.clone()).collect();
    let mut states = BTreeMap::new();
    for order in world.db.orders(&ids).await? {
        let reasons: Vec<_> = order.exceptions.iter().map(|open| open.reason).collect();
        *states.entry(format!("{:?} {reasons:?}", order.status)).or_default() += 1;
    }
    Ok(states)
}

fn channel_day(channel: Channel, meters: &Value, of: &[&(OrderId, Entry)], stored: usize) -> ChannelDay {
    let (said, back, twice) = match channel {
        Channel::Shopify => (&meters["shops"][SHOP], "fulfillments", "fulfilled_twice"),
        _ => (&meters[channel.as_str()][ACCOUNT], "written_back", "written_twice"),
    };
    let since = |to: fn(&Entry) -> Option<jiff::Timestamp>| {
        let each = of.iter().filter_map(|(_, entry)| Some(to(entry)?.duration_since(entry.placed).as_secs()));
        waits(each.collect())
    };
    ChannelDay {
        r#in: number(&said["orders"]),
        stored,
        written_back: number(&said[back]),
        written_twice: number(&said[twice]),
        stock_sets: number(&said["stock_sets"]),
        over_limit: number(&said["over_limit"]),
        to_store: since(|entry| entry.stored),
        to_done: since(|entry| entry.done),
        operations: operations(meters, channel.as_str()),
    }
}

fn waits(mut each: Vec<i64>) -> Waits {
    each.sort_unstable();
    let at = |percent| crate::bench::core::percentile(&each, percent);
    Waits { p50: at(50), p99: at(99), longest: at(100) }
}

/// What was counted at `name.…`.
fn operations(meters: &Value, name: &str) -> BTreeMap<String, Calls> {
    let all = meters["endpoints"].as_object().into_iter().flatten();
    let of = all.filter_map(|(endpoint, said)| {
        let operation = endpoint.strip_prefix(name)?.strip_prefix('.')?;
        let by_status = said["by_status"].as_object().into_iter().flatten();
        let calls = by_status.map(|(_, count)| number(count)).sum();
        let refused = number(&said["by_status"]["429"]);
        let max_per_second = number(&said["max_per_second"]);
        Some((operation.to_owned(), Calls { calls, refused, max_per_second }))
    });
    of.collect()
}

fn number(value: &Value) -> u64 {
    value.as_u64().unwrap_or(0)
}
