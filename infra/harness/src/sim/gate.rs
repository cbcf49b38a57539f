//! Where every call of a handler to the outside waits until the scheduler lets it go.

use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use waybill_store::memory::{Outside, Verdict};

/// Where an invocation waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Waiting {
    /// Before a call of this name.
    Before(String),
    /// After a call of this name was carried out, its answer not yet seen.
    After(String),
}

impl Waiting {
    /// The name of the call.
    pub fn call(&self) -> &str {
        match self {
            Self::Before(call) | Self::After(call) => call,
        }
    }
}

#[derive(Default)]
struct State {
    current: Option<u64>,
    /// What a handler calls at once waits in a line, each call with its number.
    waiting: BTreeMap<u64, VecDeque<(u64, Waiting)>>,
    granted: BTreeMap<u64, (u64, Verdict)>,
    /// Who is to be told when a call may go on: of many futures at once only those that are told are looked at.
    wakers: BTreeMap<u64, Waker>,
    calls: u64,
    held: BTreeSet<u64>,
}

/// The gate. Calls made by nobody (setting up, checking) pass at once.
#[derive(Default)]
pub struct Gate(Mutex<State>);

impl Gate {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says whose calls the next ones are.
    pub fn enter(&self, invocation: Option<u64>) {
        self.state().current = invocation;
    }

    /// Where an invocation waits, if it does.
    pub fn waiting(&self, invocation: u64) -> Option<Waiting> {
        self.state().waiting.get(&invocation)?.front().map(|(_, waiting)| waiting.clone())
    }

    /// Lets the first waiting call of an invocation go on; with `hold` it stops again once the call was carried out.
    pub fn grant(&self, invocation: u64, verdict: Verdict, hold: bool) {
        let mut state = self.state();
        let Some((call, _)) = state.waiting.get_mut(&invocation).and_then(VecDeque::pop_front) else {
            return;
        };
        state.granted.insert(invocation, (call, verdict));
        if let Some(waker) = state.wakers.remove(&call) {
            waker.wake();
        }
        if hold {
            state.held.insert(invocation);
        }
    }

    /// Forgets an invocation that ended.
    pub fn leave(&self, invocation: u64) {
        let mut state = self.state();
        for (call, _) in state.waiting.remove(&invocation).unwrap_or_default() {
            state.wakers.remove(&call);
        }
        state.granted.remove(&invocation);
        state.held.remove(&invocation);
    }

    async fn pass(&self, invocation: u64, waiting: Waiting) -> Verdict {
        let call = {
            let mut state = self.state();
            state.calls += 1;
            let call = state.calls;
            let line = state.waiting.entry(invocation).or_default();
            match waiting {
                Waiting::Before(_) => line.push_back((call, waiting)),
                // The scheduler is not done with this one.
                Waiting::After(_) => line.push_front((call, waiting)),
            }
            call
        };
        poll_fn(|context| {
            let mut state = self.state();
            match state.granted.get(&invocation) {
                Some((granted, verdict)) if *granted == call => {
                    let verdict = verdict.clone();
                    state.granted.remove(&invocation);
                    Poll::Ready(verdict)
                }
                _ => {
                    state.wakers.insert(call, context.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

#[async_trait]
impl Outside for Gate {
    async fn before(&self, call: &str) -> Verdict {
        let current = self.state().current;
        match current {
            Some(invocation) => self.pass(invocation, Waiting::Before(call.to_owned())).await,
            None => Verdict::Go,
        }
    }

    async fn after(&self, call: &str) {
        let held = {
            let mut state = self.state();
            state.current.filter(|invocation| state.held.remove(invocation))
        };
        if let Some(invocation) = held {
            self.pass(invocation, Waiting::After(call.to_owned())).await;
        }
    }
}
