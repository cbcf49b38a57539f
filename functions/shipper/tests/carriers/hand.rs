//! A hand on every call to the outside: to AWS in memory, and to the carrier in the sandbox.

use async_trait::async_trait;
use futures::future::BoxFuture;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use waybill_runtime::Outbound;
use waybill_runtime::outbound::NoAnswer;
use waybill_sandbox::{Call, Sandbox};
use waybill_store::memory::{Outside, Verdict};

/// What is done after calls of a name, and so many times.
type Deed = (&'static str, usize, Box<dyn Fn() + Send>);

/// What somebody else does meanwhile.
type Errand = Box<dyn Fn() -> BoxFuture<'static, ()> + Send>;

/// What is done to calls: nothing, or the process dies at the n-th, or carrier calls go wrong.
#[derive(Default)]
pub struct Hand {
    /// Steps made.
    pub calls: AtomicUsize,
    /// The process dies at this step.
    pub dies_at: Mutex<Option<usize>>,
    /// It has.
    pub died: tokio::sync::Notify,
    /// The next call of this name gets this verdict.
    next: Mutex<Option<(&'static str, Verdict)>>,
    /// After calls of this name, so many times, this is done.
    then: Mutex<Option<Deed>>,
    /// How often each call was made.
    made: Mutex<BTreeMap<String, usize>>,
    /// Before the next call of this name, this is done.
    first: Mutex<Option<(&'static str, Errand)>>,
    /// Every call lets others go first.
    pub yields: AtomicUsize,
}

impl Hand {
    async fn step(&self) {
        for _ in 0..self.yields.load(Ordering::Relaxed) {
            tokio::task::yield_now().await;
        }
        let n = self.calls.fetch_add(1, Ordering::Relaxed);
        if *self.dies_at.lock().unwrap() == Some(n) {
            self.died.notify_one();
            std::future::pending::<()>().await;
        }
    }

    /// Right after the carrier has answered calls of this name, so many times, this is done.
    pub fn then(&self, call: &'static str, times: usize, done: impl Fn() + Send + 'static) {
        *self.then.lock().unwrap() = Some((call, times, Box::new(done)));
    }

    /// How often a call of this name was made.
    pub fn times(&self, call: &str) -> usize {
        self.made.lock().unwrap().get(call).copied().unwrap_or(0)
    }

    /// Right before the next call of this name is made, this is done.
    pub fn meanwhile(&self, call: &'static str, done: impl Fn() -> BoxFuture<'static, ()> + Send + 'static) {
        *self.first.lock().unwrap() = Some((call, Box::new(done)));
    }

    /// The next call of this name gets this verdict.
    pub fn next(&self, call: &'static str, verdict: Verdict) {
        *self.next.lock().unwrap() = Some((call, verdict));
    }
}

#[async_trait]
impl Outside for Hand {
    async fn before(&self, call: &str) -> Verdict {
        self.step().await;
        *self.made.lock().unwrap().entry(call.to_owned()).or_default() += 1;
        let errand = self.first.lock().unwrap().take_if(|(name, _)| *name == call);
        if let Some((_, done)) = errand {
            let doing = done();
            doing.await;
        }
        let mut next = self.next.lock().unwrap();
        match next.take() {
            Some((name, verdict)) if name == call => verdict,
            other => {
                *next = other;
                Verdict::Go
            }
        }
    }

    async fn after(&self, call: &str) {
        if let Some((name, times, done)) = self.then.lock().unwrap().as_mut()
            && *name == call
            && *times > 0
        {
            *times -= 1;
            done();
        }
        self.step().await;
    }
}

/// Sends to the sandbox.
pub struct ToSandbox {
    pub sandbox: Sandbox,
    pub hand: Arc<Hand>,
}

#[async_trait]
impl Outbound for ToSandbox {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        let name = match (request.method().as_str(), request.uri().path()) {
            ("POST", path) if path.ends_with("/manifests") => "carrier:manifest",
            ("POST", path) if path.ends_with("/outboundservices") => "carrier:offers",
            ("POST", path) if path.ends_with("/parcel/tracking") => "carrier:find",
            (_, path) if path.ends_with("/auth/access") => "carrier:login",
            ("POST", path) if path.ends_with("/connect/token") => "carrier:login",
            ("POST", _) => "carrier:create",
            _ => "carrier:other",
        };
        let (parts, body) = request.into_parts();
        let call = Call {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: body.into(),
        };
        let verdict = self.hand.before(name).await;
        if matches!(verdict, Verdict::Refuse(_)) {
            return Err(NoAnswer::Lost);
        }
        let reply = self.sandbox.answer(&call);
        self.hand.after(name).await;
        if verdict == Verdict::LoseReply || reply.is_lost() {
            return Err(NoAnswer::Lost);
        }
        let mut answer = http::Response::builder().status(reply.status);
        for (name, value) in &reply.headers {
            answer = answer.header(*name, value);
        }
        answer.body(reply.body).map_err(|_| NoAnswer::Lost)
    }
}
