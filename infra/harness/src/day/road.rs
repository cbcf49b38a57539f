//! The way from the functions to everything outside them: it takes time, and time passes nowhere else.
//!
//! The runtime's own clock stands still while anything can be done and jumps to the next moment when nothing can;
//! the world's clock and the sandbox's follow it.

use super::ledger::Ledger;
use super::mail::Mail;
use crate::world::Time;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;
use tokio::time::Instant;
use waybill_domain::time::after;
use waybill_sandbox::Sandbox;
use waybill_store::memory::{MemoryQueues, Outside, Verdict};
use waybill_store::{Queue, Work};

/// The clocks, all of them one.
#[derive(Clone)]
pub struct Clocks {
    /// The handlers'.
    pub time: Time,
    /// Shops' and carrier's.
    pub sandbox: Sandbox,
    /// When the day began for the runtime.
    began: Instant,
    /// And for the world.
    start: Timestamp,
}

impl Clocks {
    /// The day begins.
    pub fn start(time: Time, sandbox: Sandbox) -> Self {
        let start = time.now();
        Self { time, sandbox, began: Instant::now(), start }
    }

    /// What time it is, told to everyone.
    pub fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.began.elapsed()).unwrap_or(SignedDuration::MAX);
        let now = after(self.start, passed);
        self.time.set(now);
        self.sandbox.set_now(now);
        now
    }

    /// Lets time pass.
    pub async fn pass(&self, how_long: Duration) {
        tokio::time::sleep(how_long).await;
        self.now();
    }

    /// Lets time pass until then.
    pub async fn until(&self, then: Timestamp) {
        let left = then.duration_since(self.now());
        self.pass(Duration::try_from(left).unwrap_or_default()).await;
    }
}

/// What is told of what happens on the road.
pub struct Inside {
    /// The clocks.
    pub clocks: Clocks,
    /// What handlers sent.
    pub sent: MemoryQueues,
    /// Where it goes.
    pub mail: Arc<Mail>,
    /// Who waits for what.
    pub ledger: Arc<Ledger>,
}

impl Inside {
    /// Takes in what was sent.
    pub fn collect(&self) {
        let now = self.clocks.now();
        for sent in self.sent.take() {
            if let (Queue::Allocate, Work::Order { order, .. }) = (sent.queue, &sent.work) {
                self.ledger.stored(order, now);
            }
            self.mail.send(sent, now);
        }
    }
}

/// The road. Nothing takes time on it until the day begins.
pub struct Road {
    dice: Mutex<StdRng>,
    inside: OnceLock<Arc<Inside>>,
}

impl Road {
    /// A road of this seed.
    pub fn new(seed: u64) -> Self {
        Self { dice: Mutex::new(StdRng::seed_from_u64(seed)), inside: OnceLock::new() }
    }

    /// The day begins.
    pub fn open(&self, inside: Arc<Inside>) {
        let _ = self.inside.set(inside);
    }

    fn dice(&self, from: u64, to: u64) -> u64 {
        self.dice.lock().unwrap_or_else(PoisonError::into_inner).random_range(from..to)
    }

    /// How long a request is on its way: AWS is near, shops are not, and now and then one is held up.
    fn there(&self, call: &str) -> Duration {
        Duration::from_millis(match (is_far(call), self.dice(0, 50)) {
            (false, _) => self.dice(2, 9),
            (true, 0) => self.dice(400, 2_500),
            (true, _) => self.dice(20, 120),
        })
    }

    /// How long the answer takes. Shops think about it.
    fn back(&self, call: &str) -> Duration {
        let far = is_far(call);
        Duration::from_millis(if far { self.dice(60, 450) } else { 0 })
    }
}

fn is_far(call: &str) -> bool {
    call.starts_with("shop:") || call.starts_with("carrier:")
}

#[async_trait]
impl Outside for Road {
    async fn before(&self, call: &str) -> Verdict {
        if let Some(inside) = self.inside.get() {
            inside.clocks.pass(self.there(call)).await;
        }
        Verdict::Go
    }

    async fn after(&self, call: &str) {
        let Some(inside) = self.inside.get() else { return };
        match call {
            "sqs:SendMessage" => inside.collect(),
            call => {
                let back = self.back(call);
                if !back.is_zero() {
                    inside.clocks.pass(back).await;
                }
            }
        }
    }
}
