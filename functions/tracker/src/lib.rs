//! Asks carriers where parcels are, less and less often, until each has arrived, failed or come back.

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_carriers::account::TrackingAccount;
use waybill_carriers::dpd;
use waybill_carriers::dpd::label::Booked;
use waybill_carriers::royal_mail::track::{self, Tracked};
use waybill_domain::OrderId;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::order::Status;
use waybill_domain::shipment::{Booking, Shipment, Transit};
use waybill_domain::tracking::{Silence, next_look, silence, together};
use waybill_runtime::line::Line;
use waybill_runtime::remote::{Told, exchange};
use waybill_runtime::{Clock, Directory, Failure, Outbound, Step, batch};
use waybill_store::keyring::Vault;
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs: nothing that opens a recipient.
pub struct Env {
    /// Connections and their secrets.
    pub directory: Directory,
    /// Tables.
    pub db: Db,
    /// Seals the tokens of carriers that give some.
    pub vault: Arc<dyn Vault>,
    /// For work that must come back.
    pub queues: Arc<dyn queues::Send>,
    /// Carriers.
    pub outbound: Arc<dyn Outbound>,
    /// Now.
    pub clock: Clock,
}

/// How often an order that changes under us is read again.
const TRIES: usize = 5;
/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    batch::each(event, Queue::Track, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does one piece of work.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    let Work::Order { order: id, .. } = work else {
        return Err(Failure::Fault("this work is not the tracker's"));
    };
    for _ in 0..TRIES {
        match Box::pin(once(env, &id, now)).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Err(Failure::Fault("the order keeps changing"))
}

/// Nothing more is to be learned about it: it has ended, or its number was forgotten.
fn settled(shipment: &Shipment) -> bool {
    shipment.transit.is_final() || shipment.booking == Booking::Forgotten
}

async fn once(env: &Env, id: &OrderId, now: Timestamp) -> Result<Step, Failure> {
    let Some(mut order) = env.db.order(id).await? else { return Ok(Step::Done) };
    if order.status != Status::Dispatched {
        return Ok(Step::Done);
    }
    let before = order.clone();
    let mut shipments = env.db.shipments(id).await?;
    shipments.retain(|s| !s.is_void());
    let mut stuck = false;
    for shipment in shipments.iter_mut().filter(|s| !settled(s)) {
        match look(env, shipment, now).await? {
            Look::Later(step) => return Ok(step),
            // Nobody was asked, so that nobody has seen it means nothing.
            Look::NotAsked => {}
            Look::Asked => match silence(shipment, order.milestones.shipped, now) {
                Silence::Usual => {}
                Silence::Stuck => stuck = true,
                Silence::Lost => {
                    shipment.transit = Transit::Lost;
                    env.db.save_shipment(shipment).await?;
                }
            },
        }
    }
    if stuck {
        order.raise(Reason::ParcelStuck, None, now);
    } else {
        order.settle(Reason::ParcelStuck);
    }
    let all = |t: Transit| !shipments.is_empty() && shipments.iter().all(|s| s.transit == t);
    let any = |t: Transit| shipments.iter().any(|s| s.transit == t);
    let ended = [(Transit::Lost, "lost"), (Transit::Failed, "failed"), (Transit::Returned, "returned")];
    if let Some((_, how)) = ended.into_iter().find(|(transit, _)| any(*transit)) {
        order.raise(Reason::DeliveryFailed, Some(how.to_owned()), now);
    }
    let waits_for_stock = order.holds_stock().then_some(now);
    if all(Transit::Delivered) {
        order.status = Status::Delivered;
        let seen = shipments.iter().filter_map(|s| s.delivered_at).max().unwrap_or(now);
        // The channel may have said so before.
        order.milestones.delivered = Some(order.milestones.delivered.map_or(seen, |told| told.min(seen)));
        order.due_at = waits_for_stock;
    } else if all(Transit::Returned) {
        order.status = Status::Returned;
        order.due_at = waits_for_stock;
    } else if shipments.iter().all(settled) {
        order.due_at = waits_for_stock;
    } else if order.due_at.is_none_or(|due| due <= now) {
        // The clock sets the next look when it sends the order here; this one came before it did.
        order.due_at = Some(next_look(&order, now));
    }
    if order.milestones != before.milestones {
        let merchant = env.db.merchant(&order.merchant).await?.ok_or(Failure::Fault("no such merchant"))?;
        env.db.reschedule(id, order.milestones.purge_at(merchant.retention), now).await?;
    }
    if order != before {
        env.db.save_order(&mut order).await?;
    }
    tracing::info!(order = %id, status = order.status.as_str(), "parcels looked up");
    Ok(Step::Done)
}

/// How a look at a shipment ended.
enum Look {
    /// The carrier said where it is.
    Asked,
    /// Nobody could be asked, or nobody answers such questions.
    NotAsked,
    /// Come back.
    Later(Step),
}

/// A newer sighting alone is stored only when the stored one is older than this by as much: every look would
/// otherwise be a write.
const FRESH: SignedDuration = SignedDuration::from_hours(48);

/// Asks about every parcel of a shipment.
async fn look(env: &Env, shipment: &mut Shipment, now: Timestamp) -> Result<Look, Failure> {
    if shipment.numbers().is_empty() {
        return Ok(Look::NotAsked);
    }
    let account = env
        .directory
        .account(&shipment.carrier, now)
        .await?
        .ok_or(Failure::Fault("no such carrier connection"))?;
    // A carrier account without tracking credentials: the shipment's own timers go on without it.
    let Some(account) = account.carrier_tracking() else { return Ok(Look::NotAsked) };
    let seen = match ask(env, &account, shipment, now).await {
        Ok(seen) => seen,
        Err(told) => match told.step()? {
            Step::Done => return Ok(Look::NotAsked),
            again @ Step::Again { .. } => return Ok(Look::Later(again)),
        },
    };
    let transit = together(&seen.iter().map(|one| one.transit).collect::<Vec<_>>());
    // The shipment was last seen when the parcel was that has not been seen for longest.
    let seen_at = seen.iter().map(|one| one.last_event).min().flatten().max(shipment.seen_at);
    let newer = match (shipment.seen_at, seen_at) {
        (Some(held), Some(seen)) => seen.duration_since(held) > FRESH,
        (held, seen) => held != seen,
    };
    let changed = transit != shipment.transit || newer;
    shipment.seen_at = seen_at;
    if changed {
        shipment.transit = transit;
        if transit == Transit::Delivered {
            shipment.delivered_at = seen.iter().filter_map(|one| one.delivered_at).max().or(Some(now));
        }
        env.db.save_shipment(shipment).await?;
    }
    Ok(Look::Asked)
}

/// Asks a carrier about every parcel of a shipment. One arm per kind of account.
async fn ask(
    env: &Env,
    account: &TrackingAccount,
    shipment: &Shipment,
    now: Timestamp,
) -> Result<Vec<Tracked>, Told> {
    type Reply = http::Response<Vec<u8>>;
    match account {
        TrackingAccount::RoyalMail(account) => {
            let mut seen = Vec::new();
            for number in shipment.numbers() {
                let read = |r: &Reply| track::read_events(r.status(), r.headers(), r.body());
                seen.push(exchange(env.outbound.as_ref(), track::build_events(account, number), read).await?);
            }
            Ok(seen)
        }
        TrackingAccount::Dpd(account) => {
            let Booking::Labelled { carrier_order, .. } = &shipment.booking else { return Ok(Vec::new()) };
            let booked = Booked::from_key(carrier_order).ok_or_else(|| Told {
                advice: Advice::GiveUp,
                text: "the shipment's key is not one of DPD".to_owned(),
            })?;
            let line = Line {
                db: &env.db,
                vault: env.vault.as_ref(),
                outbound: env.outbound.as_ref(),
                connection: &shipment.carrier,
                account: account.as_ref(),
                now,
            };
            let build = |token: &_| dpd::track::build_tracking(account, token, &booked);
            let read = |r: &Reply| dpd::track::read_tracking(&booked, r.status(), r.headers(), r.body());
            line.exchange(build, read).await
        }
    }
}
