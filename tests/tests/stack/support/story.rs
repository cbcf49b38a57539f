//! One story at a time, each told once however many tests ask for it.

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Mutex, OnceLock, PoisonError};

/// Whose turn it is: some stories travel in time or change policies.
static TURN: Mutex<()> = Mutex::new(());

type Telling = Pin<Box<dyn Future<Output = ()>>>;

/// A story.
pub struct Story {
    name: &'static str,
    tell: fn() -> Telling,
    outcome: OnceLock<bool>,
}

impl Story {
    /// A story that has not been told yet.
    pub const fn new(name: &'static str, tell: fn() -> Telling) -> Self {
        Self { name, tell, outcome: OnceLock::new() }
    }

    /// Tells it, unless it has been told, and fails when it failed.
    #[track_caller]
    pub fn told(&self) {
        let went_well = *self.outcome.get_or_init(|| {
            let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            let start = std::time::Instant::now();
            let told = catch_unwind(AssertUnwindSafe(|| runtime.block_on((self.tell)())));
            eprintln!("{}: {:.1} s", self.name, start.elapsed().as_secs_f64());
            told.is_ok()
        });
        assert!(
            went_well,
            "{} failed; what it found is above, or with the test that told it first",
            self.name
        );
    }
}
