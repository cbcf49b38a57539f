//! Has channels told of stock that moves: one message for all that happens to a SKU within a few seconds.

use crate::Clock;
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::MerchantId;
use waybill_domain::time::after;
use waybill_store::{Queue, StoreError, Work, queues};

/// How long a message waits before it is worked on, in seconds: what moves meanwhile is told with it.
pub const GATHER: u32 = 10;
/// A message that is worked on so soon may read a level before the change that is about to be written.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// What is known of messages that are under way.
pub struct Pushes {
    queues: Arc<dyn queues::Send>,
    clock: Clock,
    under_way: Mutex<HashMap<(MerchantId, String), Timestamp>>,
}

impl Pushes {
    /// Nothing is under way.
    pub fn new(queues: Arc<dyn queues::Send>, clock: Clock) -> Self {
        Self { queues, clock, under_way: Mutex::default() }
    }

    /// Has the merchant's channels told of these SKUs, unless a message that will be is still waiting.
    ///
    /// Stock that a queue's message moves is announced before it is written: if the write then fails, channels are
    /// told what they know; if it were written first, a crash in between would leave them with the old number.
    ///
    /// `at` is the caller's now, which may be ahead of the clock when a message brought it.
    ///
    /// # Errors
    /// As SQS answers; some may then have been sent.
    pub async fn announce(
        &self,
        merchant: &MerchantId,
        skus: BTreeSet<String>,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let now = self.clock.read();
        let skus: Vec<String> = {
            let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
            under_way.retain(|_, worked_at| after(now, SLACK) < *worked_at);
            let waits = |sku: &String| under_way.contains_key(&(merchant.clone(), sku.clone()));
            skus.into_iter().filter(|sku| !waits(sku)).collect()
        };
        if skus.is_empty() {
            return Ok(());
        }
        let push = |sku: &String| Work::Push { merchant: merchant.clone(), sku: sku.clone(), at };
        let work: Vec<Work> = skus.iter().map(push).collect();
        self.queues.send(Queue::Push, &work, GATHER).await?;
        let worked_at = after(now, SignedDuration::from_secs(i64::from(GATHER)));
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        under_way.extend(skus.into_iter().map(|sku| ((merchant.clone(), sku), worked_at)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::AtomicI64;
    use std::sync::atomic::Ordering::Relaxed;
    use waybill_store::memory::{Calm, MemoryQueues};

    #[tokio::test]
    async fn what_moves_while_a_message_waits_is_told_with_it() {
        let queues = MemoryQueues::new(Arc::new(Calm));
        let seconds = Arc::new(AtomicI64::new(0));
        let ticking = seconds.clone();
        let at = |second: i64| Timestamp::from_second(1_795_392_000 + second).unwrap();
        let clock = Clock::of(move || at(ticking.load(Relaxed)));
        let pushes = Pushes::new(Arc::new(queues.clone()), clock);
        let (merchant, other) = ("mer_1".parse().unwrap(), "mer_2".parse().unwrap());
        let told = async |merchant: &MerchantId, skus: &[&str], second: i64| {
            seconds.store(second, Relaxed);
            // A message may bring a time far ahead; how long another waits has nothing to do with it.
            let skus = skus.iter().map(|s| (*s).to_owned()).collect();
            pushes.announce(merchant, skus, at(second + 86_400)).await.unwrap();
            let sku = |work| match work {
                Work::Push { merchant, sku, .. } => format!("{merchant} {sku}"),
                _ => "other work".to_owned(),
            };
            queues.take().into_iter().map(|s| (s.queue, sku(s.work), s.delay)).collect::<Vec<_>>()
        };
        let one = |text: &str| (Queue::Push, text.to_owned(), GATHER);
        assert_eq!(told(&merchant, &["MUG", "TEA"], 0).await, [one("mer_1 MUG"), one("mer_1 TEA")]);
        assert_eq!(told(&merchant, &["MUG", "CUP"], 3).await, [one("mer_1 CUP")]);
        assert_eq!(told(&other, &["MUG"], 4).await, [one("mer_2 MUG")]);
        // Too close to the moment it is worked on: it may already be reading.
        assert_eq!(told(&merchant, &["MUG", "CUP"], 6).await, [one("mer_1 MUG")]);
    }
}
