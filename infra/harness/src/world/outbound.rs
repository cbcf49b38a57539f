//! The one place that sends requests, with the sandbox at the other end instead of the network.

use async_trait::async_trait;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use waybill_runtime::Outbound;
use waybill_runtime::outbound::NoAnswer;
use waybill_sandbox::{Call, Sandbox};
use waybill_store::memory::{Outside, Verdict};

/// Requests whose sender gave up while they were on their way.
#[derive(Debug, Clone, Default)]
pub struct Late(Arc<Mutex<Vec<Call>>>);

impl Late {
    /// As an [`Outside`]'s refusal: the request is not carried out now but whenever [`Late::take`] is asked.
    pub const VERDICT: Verdict = Verdict::Refuse("Late");

    /// Takes what is on its way.
    pub fn take(&self) -> Vec<Call> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn add(&self, call: Call) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }
}

/// A planted bug: whoever has something deleted at the carrier hears that it is, and the carrier was never asked.
#[derive(Debug, Clone, Default)]
pub struct Hasty(Arc<AtomicBool>);

impl Hasty {
    /// From here on it is so.
    pub fn begin(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn says_done(&self, name: &str) -> bool {
        name == "carrier:delete" && self.0.load(Ordering::Relaxed)
    }
}

/// Sends to the sandbox, behind an [`Outside`] that may refuse, delay or lose.
pub struct ToSandbox {
    sandbox: Sandbox,
    outside: Arc<dyn Outside>,
    late: Late,
    hasty: Hasty,
}

impl ToSandbox {
    /// Sends to `sandbox`.
    pub fn new(sandbox: Sandbox, outside: Arc<dyn Outside>, late: Late, hasty: Hasty) -> Self {
        Self { sandbox, outside, late, hasty }
    }

    async fn pass(
        &self,
        name: &'static str,
        request: http::Request<Vec<u8>>,
    ) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        let (parts, body) = request.into_parts();
        let call = Call {
            method: parts.method,
            path: parts.uri.path().to_owned(),
            query: parts.uri.query().unwrap_or_default().to_owned(),
            headers: parts.headers,
            body: body.into(),
        };
        let verdict = self.outside.before(name).await;
        match verdict {
            Late::VERDICT => {
                self.late.add(call);
                return Err(NoAnswer::Lost);
            }
            Verdict::Refuse(_) => return Err(NoAnswer::Lost),
            Verdict::Go | Verdict::LoseReply => {}
        }
        let reply = self.sandbox.answer(&call);
        self.outside.after(name).await;
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

/// What a request is called: `carrier:create`, `shop:fulfil` and so on.
fn name(request: &http::Request<Vec<u8>>) -> &'static str {
    let path = request.uri().path();
    if path.starts_with("/shopify/") {
        let has = |text: &str| request.body().windows(text.len()).any(|part| part == text.as_bytes());
        return match () {
            () if has("fulfillmentCreate") => "shop:fulfil",
            () if has("remainingQuantity") => "shop:read-fulfilment",
            () => "shop:read-order",
        };
    }
    if ["/woocommerce/", "/magento/", "/amazon/", "/ebay/"].iter().any(|shop| path.starts_with(shop)) {
        return "shop:other";
    }
    match (request.method().as_str(), path) {
        (_, path) if path.starts_with("/royal-mail-tracking/") => "carrier:track",
        (_, path) if path.ends_with("/auth/access") => "carrier:login",
        ("POST", path) if path.ends_with("/outboundservices") => "carrier:offers",
        ("POST", path) if path.ends_with("/parcel/tracking") => "carrier:track",
        ("GET", path) if path.ends_with("/labels") => "carrier:label",
        ("POST", _) => "carrier:create",
        ("DELETE", _) => "carrier:delete",
        (_, path) if path.ends_with("/label") => "carrier:label",
        _ => "carrier:find",
    }
}

#[async_trait]
impl Outbound for ToSandbox {
    async fn send(&self, request: http::Request<Vec<u8>>) -> Result<http::Response<Vec<u8>>, NoAnswer> {
        let name = name(&request);
        if self.hasty.says_done(name) {
            let body = br#"{"deletedOrders":[{}],"errors":[]}"#.to_vec();
            return http::Response::builder().status(200).body(body).map_err(|_| NoAnswer::Lost);
        }
        self.pass(name, request).await
    }
}
