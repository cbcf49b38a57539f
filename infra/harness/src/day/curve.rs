//! When orders are placed, and where: a shop's day as it usually looks, from one seed.

use jiff::{SignedDuration, Timestamp};
use rand::Rng;
use rand::rngs::StdRng;
use waybill_domain::order::Channel;
use waybill_domain::time::after;

/// How much of a day's orders each hour brings: a quiet night, a lunch break, and the sofa in the evening.
const HOURS: [u32; 24] =
    [13, 8, 5, 4, 4, 6, 12, 24, 38, 46, 52, 56, 64, 58, 52, 50, 52, 56, 62, 72, 84, 88, 62, 32];
/// Of a hundred orders so many come after the newsletter, which is when everybody buys at once.
const NEWSLETTER: u32 = 4;
/// The newsletter is sent at half past ten and forgotten a quarter of an hour later.
const SENT: i64 = 10 * HOUR + HOUR / 2;
const FORGOTTEN: i64 = HOUR / 4;
/// In milliseconds, as all of these.
const HOUR: i64 = 3_600_000;
/// What share of the orders each channel has, in hundredths.
const SHARES: [(Channel, u32); 5] = [
    (Channel::Shopify, 30),
    (Channel::Amazon, 25),
    (Channel::WooCommerce, 15),
    (Channel::Magento, 15),
    (Channel::Ebay, 15),
];

/// The moments at which orders are placed from `start` on and their channels, soonest first. A day of fewer than 24
/// hours has the same shape, only faster.
pub fn day(rng: &mut StdRng, orders: usize, start: Timestamp, hours: u32) -> Vec<(Timestamp, Channel)> {
    let squeezed = |at: i64| after(start, SignedDuration::from_millis(at * i64::from(hours) / 24));
    let mut all: Vec<_> = (0..orders).map(|_| (squeezed(moment(rng)), channel(rng))).collect();
    all.sort_by_key(|(at, _)| *at);
    all
}

/// Milliseconds of the day.
fn moment(rng: &mut StdRng) -> i64 {
    if rng.random_range(0..100) < NEWSLETTER {
        return SENT + rng.random_range(0..FORGOTTEN);
    }
    i64::try_from(pick(rng, &HOURS)).unwrap_or(0) * HOUR + rng.random_range(0..HOUR)
}

fn channel(rng: &mut StdRng) -> Channel {
    let (channel, _) = SHARES[pick(rng, &SHARES.map(|(_, share)| share))];
    channel
}

/// The place of one of several weights, heavier ones more often.
fn pick(rng: &mut StdRng, weights: &[u32]) -> usize {
    let mut left = rng.random_range(0..weights.iter().sum());
    let fits = |weight: &u32| {
        let fits = left < *weight;
        left = left.saturating_sub(*weight);
        fits
    };
    weights.iter().position(fits).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn a_day_has_its_orders_in_turn_and_its_evening_is_busier_than_its_night() {
        let start = Timestamp::from_second(1_795_392_000).unwrap();
        let day = day(&mut StdRng::seed_from_u64(3), 10_000, start, 24);
        assert_eq!(day.len(), 10_000);
        assert!(day.is_sorted_by_key(|(at, _)| *at));
        let between = |from: i64, to: i64| {
            let hours = |(at, _): &&(Timestamp, Channel)| {
                (from..to).contains(&(at.duration_since(start).as_secs() / 3_600))
            };
            day.iter().filter(hours).count()
        };
        assert_eq!(between(0, 24), 10_000);
        assert!(between(20, 22) > 10 * between(2, 4));
        for (wanted, share) in SHARES {
            let has = day.iter().filter(|(_, channel)| *channel == wanted).count();
            let share = share as usize * 100;
            assert!((share * 9 / 10..share * 11 / 10).contains(&has), "{wanted:?} has {has}");
        }
    }
}
