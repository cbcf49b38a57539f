//! The queues: what is sent waits its delay, is taken in batches, and comes back when it failed.

use crate::sim::mail::{MAX_RECEIVES, batch_size, visibility};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use tokio::sync::Notify;
use waybill_domain::time::after;
use waybill_store::memory::Sent;
use waybill_store::{Queue, Work};

/// A message.
#[derive(Debug, Clone)]
pub struct Letter {
    /// Its id, by the order in which messages were sent.
    pub id: u64,
    /// What it says.
    pub work: Work,
    /// From when it could be taken.
    pub visible: Timestamp,
    receives: u32,
}

/// What happened in one queue.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages that were sent, those among them that sent themselves again to wait.
    pub sent: u64,
    /// Messages that failed and came back.
    pub failed: u64,
    /// Messages that failed too often.
    pub dead: u64,
    /// Batches that took longer than their function may.
    pub timed_out: u64,
    /// The longest a message that could be taken was not.
    pub longest_wait: SignedDuration,
}

#[derive(Debug, Default)]
struct Line {
    waiting: BTreeMap<(Timestamp, u64), Letter>,
    counts: Counts,
}

/// All queues.
#[derive(Debug, Default)]
pub struct Mail {
    lines: Mutex<BTreeMap<Queue, Line>>,
    next: std::sync::atomic::AtomicU64,
    /// Rings when something was put into any of them.
    pub bell: Notify,
}

impl Mail {
    fn lines(&self) -> MutexGuard<'_, BTreeMap<Queue, Line>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what was sent.
    pub fn send(&self, sent: Sent, now: Timestamp) {
        let visible = after(now, SignedDuration::from_secs(i64::from(sent.delay)));
        let id = self.next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let letter = Letter { id, work: sent.work, visible, receives: 0 };
        let mut lines = self.lines();
        let line = lines.entry(sent.queue).or_default();
        line.counts.sent += 1;
        line.waiting.insert((visible, id), letter);
        drop(lines);
        self.bell.notify_waiters();
    }

    /// A batch of what can be taken, the longest waiting first.
    pub fn take(&self, queue: Queue, now: Timestamp) -> Vec<Letter> {
        let mut lines = self.lines();
        let line = lines.entry(queue).or_default();
        let mut batch = Vec::new();
        while batch.len() < batch_size(queue)
            && let Some(first) = line.waiting.first_entry().filter(|first| first.key().0 <= now)
        {
            let mut letter = first.remove();
            letter.receives += 1;
            let waited = now.duration_since(letter.visible);
            line.counts.longest_wait = line.counts.longest_wait.max(waited);
            batch.push(letter);
        }
        batch
    }

    /// When the next message of a queue can be taken.
    pub fn next(&self, queue: Queue) -> Option<Timestamp> {
        let lines = self.lines();
        lines.get(&queue)?.waiting.first_key_value().map(|((visible, _), _)| *visible)
    }

    /// Messages failed at `taken`: they are seen again later, or never when that happened too often.
    pub fn put_back(&self, queue: Queue, letters: Vec<Letter>, taken: Timestamp) {
        let visible = after(taken, visibility(queue));
        let mut lines = self.lines();
        let line = lines.entry(queue).or_default();
        for letter in letters {
            line.counts.failed += 1;
            if letter.receives >= MAX_RECEIVES {
                line.counts.dead += 1;
            } else {
                line.waiting.insert((visible, letter.id), Letter { visible, ..letter });
            }
        }
        drop(lines);
        self.bell.notify_waiters();
    }

    /// A batch took too long.
    pub fn timed_out(&self, queue: Queue) {
        self.lines().entry(queue).or_default().counts.timed_out += 1;
    }

    /// What happened.
    pub fn counts(&self) -> BTreeMap<Queue, Counts> {
        self.lines().iter().map(|(queue, line)| (*queue, line.counts)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_795_392_000 + seconds).unwrap()
    }

    fn sent(delay: u32) -> Sent {
        let work = Work::Order { order: "ord_1".parse().unwrap(), at: at(0) };
        Sent { queue: Queue::Notify, work, delay }
    }

    #[test]
    fn a_delay_is_waited_and_a_failure_comes_back_until_it_is_dead() {
        let mail = Mail::default();
        mail.send(sent(60), at(0));
        assert!(mail.take(Queue::Notify, at(59)).is_empty());
        assert_eq!(mail.next(Queue::Notify), Some(at(60)));
        let mut now = at(65);
        for _ in 0..MAX_RECEIVES {
            let batch = mail.take(Queue::Notify, now);
            assert_eq!(batch.len(), 1);
            mail.put_back(Queue::Notify, batch, now);
            now = mail.next(Queue::Notify).unwrap_or(now);
        }
        assert_eq!(mail.next(Queue::Notify), None);
        let counts = mail.counts()[&Queue::Notify];
        assert_eq!((counts.sent, counts.failed, counts.dead), (1, 5, 1));
        assert_eq!(counts.longest_wait, SignedDuration::from_secs(5));
    }

    #[test]
    fn a_batch_is_no_larger_than_the_function_takes() {
        let mail = Mail::default();
        (0..25).for_each(|_| mail.send(sent(0), at(0)));
        assert_eq!(mail.take(Queue::Notify, at(0)).len(), 10);
        assert_eq!(mail.take(Queue::Notify, at(0)).len(), 10);
        assert_eq!(mail.take(Queue::Notify, at(0)).len(), 5);
    }
}
