//! The ingest core: what a warm webhook does between its calls. Verify the raw bytes, parse, normalise, make ids
//! and digests, seal.

use super::row::{Budget, Row};
use super::sample::{DATA_KEY, Sample, Signed};
use crate::stack::Trouble;
use std::hint::black_box;
use std::time::{Duration, Instant};
use waybill_channels::Normalised;
use waybill_channels::hint::Hint;
use waybill_channels::shopify::webhook::{Topic, read, verify};
use waybill_privacy::seal::{DataKey, seal};
use waybill_privacy::secret::Secret;
use waybill_runtime::arrival::{Prepared, prepare};
use waybill_runtime::directory::Account;
use waybill_store::registry::Credentials;

/// What comes of one order.
pub struct Taken {
    /// Ids, digest, blind index and recipient.
    pub prepared: Prepared,
    /// The recipient, sealed.
    pub sealed: Vec<u8>,
}

/// Takes one order in, with the functions the webhook uses.
///
/// # Errors
/// When the order is not what [`Sample`] promises.
pub fn ingest(sample: &Sample, order: &Signed) -> Result<Taken, Trouble> {
    let Credentials::Shopify { secrets, .. } = &sample.account.credentials else {
        return Err("the sample's account is not a shop".into());
    };
    let secrets: Vec<Secret> = secrets.iter().map(|secret| Secret::new(secret.clone())).collect();
    verify(&order.body, Some(&order.signature), &secrets.iter().collect::<Vec<_>>())?;
    let Hint::Order(normalised) = read(&Topic::OrdersCreate, &order.body)? else {
        return Err("the sample is not an order".into());
    };
    taken(&sample.account, &normalised)
}

/// What every channel has in common: ids and digests of a normalised order, and its recipient sealed.
///
/// # Errors
/// When the order has no recipient.
pub fn taken(account: &Account, normalised: &Normalised) -> Result<Taken, Trouble> {
    let prepared = prepare(account, normalised)?;
    let recipient = prepared.recipient.as_ref().ok_or("the sample has no recipient")?;
    let key = DataKey::from_bytes(&DATA_KEY)?;
    let sealed = seal(&key, &prepared.who.merchant, &prepared.who.order, recipient)?;
    Ok(Taken { prepared, sealed })
}

/// How long something takes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Half of the runs are faster than this, in microseconds.
    pub p50_us: f64,
    /// All but one in a hundred are faster than this, in microseconds.
    pub p99_us: f64,
    /// Runs per second of one core.
    pub per_second: f64,
}

/// Times `run` by itself on this thread, after a warm-up of a tenth.
///
/// # Errors
/// The first error of `run`.
pub fn time<T>(runs: usize, mut run: impl FnMut(usize) -> Result<T, Trouble>) -> Result<Timing, Trouble> {
    for n in 0..runs / 10 {
        black_box(run(n)?);
    }
    let mut each = Vec::with_capacity(runs);
    let (wall, cpu) = (Instant::now(), on_cpu());
    for n in 0..runs {
        let start = Instant::now();
        // Dropping belongs to it: what was personal is wiped then.
        drop(black_box(run(n)?));
        each.push(start.elapsed());
    }
    // The time this thread really had a core, so that a busy machine does not look like a slow program.
    let spent = match (cpu, on_cpu()) {
        (Some(before), Some(after)) => after.saturating_sub(before),
        _ => wall.elapsed(),
    };
    each.sort_unstable();
    let us = |at: Duration| at.as_secs_f64() * 1e6;
    Ok(Timing {
        p50_us: us(percentile(&each, 50)),
        p99_us: us(percentile(&each, 99)),
        per_second: runs as f64 / spent.as_secs_f64(),
    })
}

/// The value below which `percent` of the sorted ones lie; zero when there are none.
pub fn percentile<T: Copy + Default>(sorted: &[T], percent: usize) -> T {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).copied().unwrap_or_default()
}

/// The time this thread has run, where the system tells (Linux).
fn on_cpu() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok().map(Duration::from_nanos)
}

/// Measures the ingest core.
///
/// # Errors
/// As [`ingest`].
pub fn measure(sample: &Sample, runs: usize) -> Result<Timing, Trouble> {
    time(runs, |n| ingest(sample, &sample.orders[n % sample.orders.len()]))
}

/// The figures with their budgets.
pub fn rows(timing: &Timing) -> Vec<Row> {
    vec![
        Row::new("ingest core, 10 KB order, p50", timing.p50_us, "us").budget(Budget::AtMost(40.0)),
        Row::new("ingest core, 10 KB order, p99", timing.p99_us, "us"),
        Row::new("ingest core, one core", timing.per_second, "orders/s").budget(Budget::AtLeast(20_000.0)),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_of_few_and_many() {
        assert_eq!(percentile::<u32>(&[], 50), 0);
        assert_eq!(percentile(&[7], 99), 7);
        let hundred: Vec<u32> = (1..=100).collect();
        assert_eq!((percentile(&hundred, 50), percentile(&hundred, 99)), (51, 100));
    }

    #[test]
    fn every_sample_is_taken_in_and_opens_again() {
        let sample = Sample::new().unwrap();
        for order in &sample.orders {
            let Taken { prepared, sealed } = ingest(&sample, order).unwrap();
            let key = DataKey::from_bytes(&DATA_KEY).unwrap();
            let who = &prepared.who;
            let opened = waybill_privacy::seal::open(&key, &who.merchant, &who.order, &sealed).unwrap();
            assert!(Some(opened) == prepared.recipient);
            assert_eq!(who.lines.len(), super::super::sample::LINES);
        }
    }
}
