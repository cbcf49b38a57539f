//! One running handler, polled by hand: in which order handlers go on is the scheduler's to decide.

use super::mail::{Letter, Message};
use jiff::Timestamp;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use waybill_store::Queue;

/// How a handler ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// A webhook was answered with this status.
    Answered(u16),
    /// A batch: the ids that failed, or the failure of the whole.
    Batch(Result<Vec<String>, String>),
    /// A scheduled run: what it did, or why not.
    Scheduled(Result<String, String>),
}

/// What a handler works on.
#[derive(Debug, Clone)]
pub enum Job {
    /// A delivery from the shop.
    Letter(Box<Letter>),
    /// Messages of one queue.
    Batch(Queue, Vec<Message>),
    /// The clock's minute.
    Tick,
    /// The daily retention run.
    Retain,
}

/// Remembers that a future asked to be polled again.
#[derive(Default)]
struct Flag(AtomicBool);

impl Wake for Flag {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

type Running = Pin<Box<dyn Future<Output = Ended>>>;

/// A running handler.
pub struct Invocation {
    /// What it works on.
    pub job: Job,
    /// After this it is stopped, as Lambda does.
    pub deadline: Timestamp,
    /// It began then.
    pub started: Timestamp,
    /// It is not let go on before this.
    pub not_before: Timestamp,
    /// Calls of it may go wrong.
    pub faults: bool,
    running: Running,
    flag: Arc<Flag>,
}

impl Invocation {
    /// Begins a handler; nothing of it runs before the first [`Invocation::poll`].
    pub fn new(
        job: Job,
        started: Timestamp,
        deadline: Timestamp,
        faults: bool,
        work: impl Future<Output = Ended> + 'static,
    ) -> Self {
        let running: Running = Box::pin(tokio::task::unconstrained(work));
        Self { job, deadline, started, not_before: started, faults, running, flag: Arc::default() }
    }

    /// It asked to be polled, for another reason than a call that was let go.
    pub fn is_awake(&self) -> bool {
        self.flag.0.load(Ordering::Relaxed)
    }

    /// Runs it until it waits again or ends.
    pub fn poll(&mut self) -> Option<Ended> {
        let waker = Waker::from(Arc::clone(&self.flag));
        loop {
            self.flag.0.store(false, Ordering::Relaxed);
            match self.running.as_mut().poll(&mut Context::from_waker(&waker)) {
                Poll::Ready(ended) => return Some(ended),
                Poll::Pending if self.is_awake() => {}
                Poll::Pending => return None,
            }
        }
    }
}
