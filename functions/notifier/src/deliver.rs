//! Tells merchants' own addresses what happened, signed by the Standard Webhooks specification (decision 034).
//!
//! The bus puts every event into our queue. Each address of the merchant that hears of it gets a delivery of its own,
//! which is noted and then sent for, so a crash in between is made up for when the event comes again. A delivery that
//! fails waits in the queue and is noted with each attempt; two messages about one delivery meet at its revision.

use crate::Env;
use http::{Method, Request};
use jiff::{SignedDuration, Timestamp};
use std::time::Duration;
use waybill_domain::event::Event;
use waybill_domain::subscription::{Attempt, Heard, Off, Progress, Reason, State, again};
use waybill_domain::{DeliveryId, MerchantId, SubscriptionId};
use waybill_privacy::signing::SigningSecret;
use waybill_runtime::outbound::{Brief, NoAnswer};
use waybill_runtime::{Failure, Step};
use waybill_store::queues::MAX_DELAY;
use waybill_store::subscriptions::{Delivery, Secrets, Subscription};
use waybill_store::{Queue, StoreError, Work};

/// How long an address may take: ten at once must end before the function does.
const PATIENCE: Duration = Duration::from_secs(10);

/// Begins a delivery to every address that hears of an event.
pub(crate) async fn begin(env: &Env, event: &Event, now: Timestamp) -> Result<(), Failure> {
    let Some(topic) = event.what.topic() else { return Ok(()) };
    for subscription in env.db.subscriptions(&event.merchant).await? {
        if !subscription.topics.contains(&topic) {
            continue;
        }
        let progress = if subscription.state == State::Active { Progress::Waiting } else { Progress::Missed };
        let delivery = Delivery::new(&subscription.id, event, progress, now)?;
        let untouched = match env.db.add_delivery(&delivery).await {
            Ok(()) => progress == Progress::Waiting,
            // The event came before; whether it was sent for then is not known.
            Err(StoreError::Condition { .. }) => {
                let before = env.db.delivery(&subscription.id, &delivery.id).await?;
                before.is_some_and(|before| before.progress == Progress::Waiting && before.tries == 0)
            }
            Err(error) => return Err(error.into()),
        };
        if untouched {
            let work = Work::Deliver {
                merchant: event.merchant.clone(),
                subscription: subscription.id,
                delivery: delivery.id,
                at: now,
            };
            env.queues.send(Queue::Deliver, &[work], 0).await?;
        }
    }
    Ok(())
}

/// Tries a delivery whose time has come.
pub(crate) async fn deliver(
    env: &Env,
    merchant: &MerchantId,
    (subscription, id): (&SubscriptionId, &DeliveryId),
    now: Timestamp,
) -> Result<Step, Failure> {
    let Some(mut delivery) = env.db.delivery(subscription, id).await? else { return Ok(Step::Done) };
    // Whoever took the address away wants nothing more sent there.
    let Some(subscription) = env.db.subscription(merchant, subscription).await? else {
        return Ok(Step::Done);
    };
    if delivery.progress != Progress::Waiting {
        return Ok(Step::Done);
    }
    if subscription.state != State::Active {
        delivery.progress = Progress::Missed;
        return save(env, &mut delivery, Step::Done).await;
    }
    if now < delivery.next_at {
        return Ok(wait(delivery.next_at, now));
    }
    let attempt = send(env, &subscription, &delivery, now).await?;
    tracing::info!(subscription = %subscription.id, delivery = %id, heard = ?attempt.heard, "event sent");
    delivery.tried(attempt.clone());
    let next = again(delivery.tries, now);
    let (progress, step) = match (attempt.heard, next) {
        (Heard::Taken, _) => (Progress::Delivered, Step::Done),
        (Heard::Gone, _) | (_, None) => (Progress::Failed, Step::Done),
        (_, Some(at)) => {
            delivery.next_at = at;
            (Progress::Waiting, wait(at, now))
        }
    };
    delivery.progress = progress;
    judge(env, subscription, &delivery, &attempt).await?;
    save(env, &mut delivery, step).await
}

/// Stores how far a delivery is. Another message about it that was quicker goes on alone.
async fn save(env: &Env, delivery: &mut Delivery, step: Step) -> Result<Step, Failure> {
    match env.db.save_delivery(delivery).await {
        Err(StoreError::Condition { .. }) => Ok(Step::Done),
        stored => Ok(stored.map(|()| step)?),
    }
}

/// The message waits until then, as far as a queue lets it.
fn wait(until: Timestamp, now: Timestamp) -> Step {
    let seconds = until.duration_since(now).as_secs().saturating_add(1);
    Step::Again { seconds: u32::try_from(seconds).unwrap_or(MAX_DELAY).min(MAX_DELAY) }
}

/// Notes what an attempt says of the address itself. Events that fail at the same time say the same, so whoever is
/// second leaves it.
async fn judge(
    env: &Env,
    mut subscription: Subscription,
    delivery: &Delivery,
    attempt: &Attempt,
) -> Result<(), Failure> {
    let before = subscription.failing_since;
    let off = match attempt.heard {
        Heard::Taken => {
            subscription.failing_since = None;
            None
        }
        Heard::Gone => Some(Reason::Gone),
        Heard::Refused | Heard::NoAnswer | Heard::NotPublic => {
            let since = *subscription.failing_since.get_or_insert(attempt.at);
            let tried_for = attempt.at.duration_since(since);
            // This one was tried for a day; the address is given up when no other was taken meanwhile either.
            (delivery.progress == Progress::Failed && tried_for >= A_DAY).then_some(Reason::Failing)
        }
    };
    if let Some(reason) = off {
        tracing::error!(subscription = %subscription.id, ?reason, "events are not sent to this address any more");
        subscription.state = State::Off;
        subscription.off = Some(Off { reason, at: attempt.at });
        env.db.list_off(&subscription).await?;
    } else if subscription.failing_since == before {
        return Ok(());
    }
    match env.db.save_subscription(&mut subscription).await {
        Err(StoreError::Condition { .. }) if off.is_none() => Ok(()),
        stored => Ok(stored?),
    }
}

/// An address that took nothing for so long is given up.
const A_DAY: SignedDuration = SignedDuration::from_hours(24);

/// Sends an event once.
async fn send(
    env: &Env,
    subscription: &Subscription,
    delivery: &Delivery,
    now: Timestamp,
) -> Result<Attempt, Failure> {
    let body = serde_json::to_vec(&delivery.event).map_err(|_| StoreError::Corrupt("event"))?;
    let signature = signature(env, subscription, &delivery.event.id, &body, now).await?;
    let request = Request::builder()
        .method(Method::POST)
        .uri(&subscription.url)
        .header("content-type", "application/json")
        .header("webhook-id", &delivery.event.id)
        .header("webhook-timestamp", now.as_second())
        .header("webhook-signature", signature)
        .extension(Brief { within: PATIENCE })
        .body(body)
        .map_err(|_| StoreError::Corrupt("subscription address"))?;
    let (heard, status) = match env.channels.outbound.send(request).await {
        Ok(reply) => (Heard::of(reply.status().as_u16()), Some(reply.status().as_u16())),
        Err(NoAnswer::Lost) => (Heard::NoAnswer, None),
        Err(NoAnswer::Forbidden) => (Heard::NotPublic, None),
    };
    Ok(Attempt { at: now, heard, status })
}

/// The signatures by every secret that is good: receivers that know one of them take it.
async fn signature(
    env: &Env,
    subscription: &Subscription,
    id: &str,
    body: &[u8],
    now: Timestamp,
) -> Result<String, Failure> {
    let plain = env.channels.vault.open(subscription.id.as_str(), &subscription.secrets).await?;
    let secrets: Secrets = serde_json::from_slice(&plain).map_err(|_| StoreError::Corrupt("secrets"))?;
    let previous =
        secrets.previous.iter().filter(|_| subscription.previous_until.is_some_and(|end| now < end));
    let mut signatures = Vec::new();
    for secret in std::iter::once(&secrets.current).chain(previous) {
        let secret = SigningSecret::parse(secret).map_err(|_| StoreError::Corrupt("secrets"))?;
        signatures.push(secret.sign(id, now.as_second(), body));
    }
    Ok(signatures.join(" "))
}
