//! Merchants' own addresses hear of events: signed, once, again for a day when they fail, and no more when they are gone.
#![allow(clippy::unwrap_used, clippy::panic)]

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::Method;
use jiff::SignedDuration;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use waybill_domain::event::{Event, Reach, Topic, What};
use waybill_domain::subscription::{Heard, Progress, Reason, State};
use waybill_domain::time::after;
use waybill_harness::world::{Setup, World};
use waybill_privacy::signing::SigningSecret;
use waybill_sandbox::Call;
use waybill_sandbox::meters::Captured;
use waybill_store::keyring::Vault;
use waybill_store::memory::{Calm, Outside, Verdict};
use waybill_store::subscriptions::{Delivery, Subscription};
use waybill_store::{Queue, Work};

/// A merchant with one address that hears of stock.
struct Stage {
    world: World,
    subscription: Subscription,
    secret: String,
}

impl Stage {
    async fn set(outside: Arc<dyn Outside>) -> Self {
        let world = World::new(&Setup { channels: Vec::new(), ..Setup::default() }, outside).await.unwrap();
        let secret = SigningSecret::fresh().unwrap().text().to_string();
        let id = "sub_00000000000000a1".parse().unwrap();
        let mut subscription = Subscription {
            id,
            merchant: world.merchant.id.clone(),
            url: "https://events.example.invalid/receiver/own".into(),
            topics: [Topic::Stock].into(),
            state: State::Active,
            off: None,
            failing_since: None,
            made_at: world.time.now(),
            secrets: Vec::new(),
            previous_until: None,
            secret_by: "invented".into(),
            rev: 0,
        };
        let secrets = json!({"current": secret}).to_string();
        subscription.secrets = world.kms.seal(subscription.id.as_str(), secrets.as_bytes()).await.unwrap();
        world.db.add_subscription(&subscription).await.unwrap();
        Self { world, subscription, secret }
    }

    fn event(&self, n: u8) -> Event {
        let what = What::Stock { sku: "MUG".into(), state: Reach::Out, available: 0, low: 5 };
        let (merchant, at) = (self.world.merchant.id.clone(), self.world.time.now());
        Event { id: format!("evt_{n:032x}"), merchant, at, what }
    }

    fn answers(&self, status: u16) {
        let call = Call::new(Method::PUT, "/control/receiver/own").json(&json!({"status": status}));
        assert_eq!(self.world.sandbox.answer(&call).status, 200);
    }

    /// What the bus's rule makes of an event.
    async fn happens(&self, event: &Event) -> bool {
        let work = Work::Event { event: event.clone() };
        self.world.functions.work(Queue::Deliver, &[("one".to_owned(), work)]).await.unwrap().is_empty()
    }

    /// Works on what waits, with the time it waits, until nothing does; gives how long that took.
    async fn rest(&self) -> SignedDuration {
        let start = self.world.time.now();
        let mut waiting = self.world.queues.take();
        while let Some(next) = (!waiting.is_empty()).then(|| waiting.remove(0)) {
            assert!(next.queue == Queue::Deliver && next.delay <= 900, "{next:?}");
            let later = after(self.world.time.now(), SignedDuration::from_secs(i64::from(next.delay)));
            self.world.set_now(later);
            let messages = [("one".to_owned(), next.work)];
            assert!(self.world.functions.work(Queue::Deliver, &messages).await.unwrap().is_empty());
            waiting.extend(self.world.queues.take());
        }
        self.world.time.now().duration_since(start)
    }

    fn received(&self) -> Vec<Captured> {
        self.world.sandbox.with_state(|state| {
            state.meters.captured.iter().filter(|one| one.endpoint == "receiver.own").cloned().collect()
        })
    }

    async fn now(&self) -> Subscription {
        let found = self.world.db.subscription(&self.world.merchant.id, &self.subscription.id).await;
        found.unwrap().unwrap()
    }

    async fn deliveries(&self) -> Vec<Delivery> {
        self.world.db.deliveries(&self.subscription.id, None, 100).await.unwrap().0
    }
}

/// By the words of the specification, and by nothing of ours.
fn signed(request: &Captured, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let of = |name: &str| request.headers[name].as_str();
    let content = format!("{}.{}.{}", of("webhook-id"), of("webhook-timestamp"), request.body);
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    of("webhook-signature").split(' ').any(|one| {
        let given = STANDARD.decode(one.strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&key, content.as_bytes(), &given).is_ok()
    })
}

#[tokio::test]
async fn an_event_is_sent_signed_and_once_however_often_the_bus_tells_it() {
    let stage = Stage::set(Arc::new(Calm)).await;
    let event = stage.event(1);
    for _ in 0..2 {
        assert!(stage.happens(&event).await);
    }
    // Both messages are there before either is worked on.
    stage.rest().await;
    assert!(stage.happens(&event).await);
    stage.rest().await;
    let received = stage.received();
    assert_eq!(received.len(), 1);
    assert_eq!(received[0].headers["webhook-id"], event.id);
    assert_eq!(received[0].headers["webhook-timestamp"], stage.world.time.now().as_second().to_string());
    assert_eq!(serde_json::from_str::<Event>(&received[0].body).unwrap(), event);
    assert!(signed(&received[0], &stage.secret));
    assert!(!signed(&received[0], &SigningSecret::fresh().unwrap().text()));
    assert_eq!(stage.deliveries().await[0].progress, Progress::Delivered);
}

#[tokio::test]
async fn nobody_hears_of_what_they_did_not_ask_for_nor_of_anothers() {
    let stage = Stage::set(Arc::new(Calm)).await;
    let what = What::Test { subscription: stage.subscription.id.clone() };
    assert!(stage.happens(&Event { what, ..stage.event(1) }).await);
    let another = Event { merchant: "mer_00000000000000bb".parse().unwrap(), ..stage.event(2) };
    assert!(stage.happens(&another).await);
    stage.rest().await;
    assert!(stage.received().is_empty() && stage.deliveries().await.is_empty());
}

#[tokio::test]
async fn an_address_that_takes_nothing_for_a_day_is_given_up_and_what_it_misses_is_kept() {
    let stage = Stage::set(Arc::new(Calm)).await;
    stage.answers(503);
    assert!(stage.happens(&stage.event(1)).await);
    let took = stage.rest().await;
    assert!((24..30).contains(&took.as_hours()), "{took:?}");
    let received = stage.received();
    assert_eq!(received.len(), 9);
    // Each is signed for its own time, under the id of the first.
    assert!(received.iter().all(|one| signed(one, &stage.secret)));
    assert!(received.iter().all(|one| one.headers["webhook-id"] == received[0].headers["webhook-id"]));
    let failed = stage.deliveries().await.remove(0);
    assert_eq!((failed.progress, failed.attempts.len()), (Progress::Failed, 9));
    assert!(failed.attempts.iter().all(|one| one.heard == Heard::Refused && one.status == Some(503)));
    let off = stage.now().await;
    assert_eq!((off.state, off.off.unwrap().reason), (State::Off, Reason::Failing));
    assert_eq!(
        stage.world.db.subscriptions_off().await.unwrap(),
        std::slice::from_ref(&stage.subscription.id)
    );
    stage.answers(200);
    assert!(stage.happens(&stage.event(2)).await);
    stage.rest().await;
    assert_eq!(stage.received().len(), 9);
    assert_eq!(stage.deliveries().await[0].progress, Progress::Missed);
}

#[tokio::test]
async fn one_event_that_is_never_taken_does_not_end_an_address_that_takes_others() {
    let stage = Stage::set(Arc::new(Calm)).await;
    stage.answers(500);
    assert!(stage.happens(&stage.event(1)).await);
    let (start, mut other) = (stage.world.time.now(), false);
    let mut waiting = stage.world.queues.take();
    while let Some(next) = waiting.pop() {
        let later = after(stage.world.time.now(), SignedDuration::from_secs(i64::from(next.delay)));
        stage.world.set_now(later);
        // Another is taken at noon.
        if !other && later.duration_since(start) > SignedDuration::from_hours(12) {
            other = true;
            assert!(stage.now().await.failing_since.is_some());
            stage.answers(200);
            assert!(stage.happens(&stage.event(2)).await);
            let sent = [("two".to_owned(), stage.world.queues.take().remove(0).work)];
            assert!(stage.world.functions.work(Queue::Deliver, &sent).await.unwrap().is_empty());
            assert_eq!(stage.now().await.failing_since, None);
            stage.answers(500);
        }
        stage.world.functions.work(Queue::Deliver, &[("one".to_owned(), next.work)]).await.unwrap();
        waiting.extend(stage.world.queues.take());
    }
    let states: Vec<_> = stage.deliveries().await.iter().map(|one| one.progress).collect();
    assert!(states.contains(&Progress::Failed) && states.contains(&Progress::Delivered));
    assert_eq!(stage.now().await.state, State::Active);
}

#[tokio::test]
async fn an_address_that_says_it_is_gone_is_asked_no_more() {
    let stage = Stage::set(Arc::new(Calm)).await;
    stage.answers(410);
    assert!(stage.happens(&stage.event(1)).await);
    stage.rest().await;
    assert_eq!(stage.received().len(), 1);
    assert_eq!(stage.now().await.off.unwrap().reason, Reason::Gone);
}

#[tokio::test]
async fn both_secrets_sign_until_the_one_before_ends() {
    let stage = Stage::set(Arc::new(Calm)).await;
    let mut rotated = stage.now().await;
    let newer = SigningSecret::fresh().unwrap().text().to_string();
    let secrets = json!({"current": newer, "previous": stage.secret}).to_string();
    rotated.secrets = stage.world.kms.seal(rotated.id.as_str(), secrets.as_bytes()).await.unwrap();
    rotated.previous_until = Some(after(stage.world.time.now(), SignedDuration::from_hours(24)));
    stage.world.db.save_subscription(&mut rotated).await.unwrap();
    assert!(stage.happens(&stage.event(1)).await);
    stage.rest().await;
    stage.world.set_now(after(stage.world.time.now(), SignedDuration::from_hours(24)));
    assert!(stage.happens(&stage.event(2)).await);
    stage.rest().await;
    let by = |n: usize, secret: &str| signed(&stage.received()[n], secret);
    assert!(by(0, &newer) && by(0, &stage.secret));
    assert!(by(1, &newer) && !by(1, &stage.secret));
}

/// Refuses to send messages while it is shut.
#[derive(Default)]
struct Shut(AtomicBool);

#[async_trait]
impl Outside for Shut {
    async fn before(&self, call: &str) -> Verdict {
        match call == "sqs:SendMessage" && self.0.load(Ordering::Relaxed) {
            true => Verdict::Refuse("ServiceUnavailable"),
            false => Verdict::Go,
        }
    }
    async fn after(&self, _call: &str) {}
}

#[tokio::test]
async fn an_event_that_was_noted_and_not_sent_for_is_sent_when_it_comes_again() {
    let shut = Arc::new(Shut::default());
    let stage = Stage::set(shut.clone()).await;
    shut.0.store(true, Ordering::Relaxed);
    let event = stage.event(1);
    assert!(!stage.happens(&event).await, "noted, and not sent for");
    shut.0.store(false, Ordering::Relaxed);
    assert!(stage.happens(&event).await);
    stage.rest().await;
    assert_eq!(stage.received().len(), 1);
}
