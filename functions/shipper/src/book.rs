//! Claim, call, record: every shipment of an order gets one label, whatever is lost on the way.
//!
//! The claim on the order is written before the first call. A shipper that finds an old claim asks the carrier
//! for our reference before it creates; when the carrier knows nothing it waits until a lost create must have
//! arrived (`SETTLE`), and only then creates.

use crate::desk::{self, Closed, Desk, Found, Held};
use crate::{Env, asked, choose, claim, label, patience};
use jiff::{SignedDuration, Timestamp};
use std::collections::{BTreeMap, BTreeSet};
use waybill_carriers::royal_mail::label::Declaration;
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::booking::{SETTLE, Turn, plan};
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Claim, Hold, Order, Status};
use waybill_domain::shipment::{Booking, Shipment};
use waybill_domain::time::after;
use waybill_privacy::seal::open;
use waybill_privacy::{Purpose, Recipient};
use waybill_runtime::remote::Told;
use waybill_runtime::{Failure, Step};
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::keys::KeyState;
use waybill_store::{Queue, Work};

/// How an attempt at one shipment ended.
pub(crate) enum Attempt {
    /// It has its label.
    Labelled,
    /// A person must act; the shipment's state is stored where there is one.
    Stuck(Reason, Option<String>),
    /// Not now.
    Later(Step),
}

/// Books every shipment of an allocated order.
pub(crate) async fn book(
    env: &Env,
    mut order: Order,
    sealed: Option<Vec<u8>>,
    turn: Turn,
    sent: Timestamp,
    now: Timestamp,
) -> Result<Step, Failure> {
    let merchant = env.merchants.get(&order.merchant, now).await?;
    let planned = plan(&order);
    if planned.is_empty() || planned.len() < order.shipments as usize {
        // Goods were taken from it while a carrier may have been asked for more than is left.
        return hold(env, order, Reason::UncertainBooking, Some("goods_were_missing".into()), now).await;
    }
    let products = choose::products(env, &order, &merchant).await?;
    let mut shipments = env.db.shipments(&order.id).await?;
    // What its people had voided in an earlier round is done with.
    shipments.retain(|s| !s.is_void() || planned.iter().any(|plan| plan.id == s.id));
    for plan in &planned {
        if shipments.iter().any(|s| s.id == plan.id) {
            continue;
        }
        match choose::new_shipment(&order, &merchant.services, plan, &products, now) {
            Ok(shipment) => shipments.push(shipment),
            Err((reason, detail)) => return hold(env, order, turn.reason(reason), detail, now).await,
        }
    }
    let mut goods = Vec::with_capacity(shipments.len());
    for shipment in &shipments {
        match choose::declared(&order, shipment, &products) {
            Ok(contents) => goods.push(contents),
            Err(lacking) => {
                return hold(env, order, turn.reason(Reason::CustomsIncomplete), Some(lacking), now).await;
            }
        }
    }
    let open: BTreeSet<_> = shipments.iter().filter(|s| !s.has_label()).map(|s| s.carrier.clone()).collect();
    if turn == Turn::First
        && let Some(carrier) = not_assessed(env, &order, &open, now).await?
    {
        return hold(env, order, Reason::NotAssessed, Some(carrier.to_string()), now).await;
    }
    let desks = match desks(env, open, now).await? {
        Ok(desks) => desks,
        Err(closed) => return wait(env, order, closed).await,
    };
    if turn == Turn::First
        && shipments.iter().all(|s| !s.has_label())
        && let Some(step) = asked::first(env, &order, sent, now).await?
    {
        return Ok(step);
    }
    // No recipient is opened for a booking that has to wait.
    let mut paid = None;
    if let Some(first) = shipments.iter().find(|s| !s.has_label()) {
        if let Some(wait) = reserve(env, &desks, first, turn).await? {
            return Ok(patience::later(&order, wait, sent, now));
        }
        paid = Some(first.id.clone());
    }
    // Open and check before the claim: a refusal here must not look like a call that may have been made.
    let fields = disclosable(&shipments, &desks);
    let recipient = match recipient(env, &order, sealed, fields, now).await? {
        Some(recipient) => recipient,
        None => return hold(env, order, turn.reason(Reason::MissingAddress), None, now).await,
    };
    order.shipments = u32::try_from(planned.len()).unwrap_or(u32::MAX);
    let before = order.claim.clone();
    claim(env, &mut order, desks.keys().cloned(), now).await?;
    for (shipment, contents) in shipments.iter_mut().zip(&goods) {
        if shipment.has_label() {
            continue;
        }
        let desk = desks.get(&shipment.carrier).ok_or(Failure::Fault("no desk for a carrier connection"))?;
        let wait = match paid.take() {
            Some(id) if id == shipment.id => None,
            _ => reserve(env, &desks, shipment, turn).await?,
        };
        if let Some(wait) = wait {
            let step = patience::later(&order, wait, sent, now);
            return later(env, order, before, step).await;
        }
        let customs = contents.as_ref().map(|contents| Declaration {
            contents,
            terms: &merchant.services.customs,
            currency: &order.total.currency,
        });
        match one(env, &order, desk, shipment, &recipient, customs, turn, now).await? {
            Attempt::Labelled => {}
            Attempt::Stuck(reason, detail) => return hold(env, order, reason, detail, now).await,
            Attempt::Later(step) => return later(env, order, before, step).await,
        }
    }
    order.claim = None;
    order.status = Status::Booked;
    order.due_at = Some(order.due_at.filter(|due| *due > now).unwrap_or_else(|| after(now, SWEEP_AFTER)));
    env.db.save_order(&mut order).await?;
    tracing::info!(order = %order.id, shipments = order.shipments, "booked");
    env.queues.send(Queue::Notify, &[Work::Order { order: order.id, at: now }], 0).await?;
    Ok(Step::Done)
}

/// An account among these that may be given nothing, because nobody has assessed it within the year (CONTROLS H2).
/// What was begun there is still brought to its end.
pub(crate) async fn not_assessed(
    env: &Env,
    order: &Order,
    connections: &BTreeSet<ConnectionId>,
    now: Timestamp,
) -> Result<Option<ConnectionId>, Failure> {
    for connection in connections {
        if !env.db.processor_is_assessed(&order.merchant, connection, now).await? {
            return Ok(Some(connection.clone()));
        }
    }
    Ok(None)
}

/// Comes back later. What was asked was answered and what exists is stored, so the next attempt need not wait for
/// our claim to lapse.
pub(crate) async fn later(
    env: &Env,
    mut order: Order,
    before: Option<Claim>,
    step: Step,
) -> Result<Step, Failure> {
    order.claim = before;
    env.db.save_order(&mut order).await?;
    Ok(step)
}

/// Takes the calls that a shipment needs: nothing, or how long until there are as many.
async fn reserve(
    env: &Env,
    desks: &BTreeMap<ConnectionId, Desk>,
    shipment: &Shipment,
    turn: Turn,
) -> Result<Option<SignedDuration>, Failure> {
    let desk = desks.get(&shipment.carrier).ok_or(Failure::Fault("no desk for a carrier connection"))?;
    Ok(desk.reserve(env, shipment, turn != Turn::First).await?)
}

/// The desks of some accounts, if all of them may be called.
pub(crate) async fn desks(
    env: &Env,
    connections: BTreeSet<ConnectionId>,
    now: Timestamp,
) -> Result<Result<BTreeMap<ConnectionId, Desk>, Closed>, Failure> {
    let mut desks = BTreeMap::new();
    for connection in connections {
        match Desk::open(env, &connection, now).await? {
            Ok(desk) => desks.insert(connection, desk),
            Err(closed) => return Ok(Err(closed)),
        };
    }
    Ok(Ok(desks))
}

/// Leaves the order to the clock while its carrier cannot be called. A message that came back by itself would be
/// one more at every look of the clock.
pub(crate) async fn wait(env: &Env, mut order: Order, closed: Closed) -> Result<Step, Failure> {
    let Closed::Until(until) = closed else { return Ok(Step::Done) };
    if order.due_at.is_none_or(|due| due > until) {
        order.due_at = Some(until);
        env.db.save_order(&mut order).await?;
    }
    Ok(Step::Done)
}

/// The personal fields that carriers may be given of what is still to be booked, by name.
fn disclosable(shipments: &[Shipment], desks: &BTreeMap<ConnectionId, Desk>) -> Vec<String> {
    let open = shipments.iter().filter(|s| !s.has_label());
    let allowed = open
        .filter_map(|s| desks.get(&s.carrier).map(|desk| desk.allowed_fields(&s.service)))
        .flatten()
        .collect::<BTreeSet<_>>();
    allowed.into_iter().map(|field| field.as_str().to_owned()).collect()
}

/// The recipient, opened for the purpose of the label; `None` when there is none or it may no longer be read. Each
/// opening is on record before it is made, with the fields that carriers may be given (CONTROLS D4).
pub(crate) async fn recipient(
    env: &Env,
    order: &Order,
    sealed: Option<Vec<u8>>,
    fields: Vec<String>,
    now: Timestamp,
) -> Result<Option<Recipient>, Failure> {
    let (Some(sealed), KeyState::Live { wrapped, purge_at }) =
        (sealed, env.db.recipient_key(&order.id).await?)
    else {
        return Ok(None);
    };
    if now >= purge_at {
        return Ok(None);
    }
    let event = Event {
        at: now,
        action: Action::Disclose,
        actor: "shipper".into(),
        order: order.id.clone(),
        purpose: Purpose::Label.as_str().into(),
        fields,
    };
    env.db.append(&order.merchant, Stream::Disclosure, &[event]).await?;
    let key = env.open_keys.open(&order.merchant, &order.id, &wrapped).await?;
    open(&key, &order.merchant, &order.id, &sealed)
        .map(Some)
        .map_err(|_| Failure::Fault("the recipient does not open; it was replaced while we read"))
}

#[expect(clippy::too_many_arguments, reason = "one shipment with all that its booking depends on")]
async fn one(
    env: &Env,
    order: &Order,
    desk: &Desk,
    shipment: &mut Shipment,
    recipient: &Recipient,
    customs: Option<Declaration<'_>>,
    turn: Turn,
    now: Timestamp,
) -> Result<Attempt, Failure> {
    let held = match &shipment.booking {
        Booking::Labelled { .. } => return Ok(Attempt::Labelled),
        Booking::Created { carrier_order, numbers } => {
            Held { carrier_order: carrier_order.clone(), numbers: numbers.clone() }
        }
        Booking::Voided | Booking::Forgotten => {
            return Ok(Attempt::Stuck(Reason::UncertainBooking, Some("voided".into())));
        }
        Booking::Planned => match find_or_create(env, desk, order, shipment, recipient, customs, turn).await?
        {
            Ok(held) => held,
            Err(attempt) => return Ok(attempt),
        },
    };
    shipment.booking =
        Booking::Created { carrier_order: held.carrier_order.clone(), numbers: held.numbers.clone() };
    if !desk.shows_bookings() && shipment.rev == 0 {
        // Its key is nowhere else but in the reply we hold.
        env.db.save_shipment(shipment).await?;
    }
    match label::fetch(env, desk, shipment, &held, customs.is_some(), now).await? {
        Ok(()) => Ok(Attempt::Labelled),
        Err(told) => judge(env, shipment, told).await,
    }
}

/// What the carrier holds of the shipment: what it already has under our reference, or a new order.
async fn find_or_create(
    env: &Env,
    desk: &Desk,
    order: &Order,
    shipment: &mut Shipment,
    recipient: &Recipient,
    customs: Option<Declaration<'_>>,
    turn: Turn,
) -> Result<Result<Held, Attempt>, Failure> {
    let to = desk.disclose(recipient.clone(), &shipment.service);
    shipment.disclosed = to.fields().iter().map(|f| (*f).to_owned()).collect();
    if let Turn::Later { settled } = turn {
        match desk.find(env, &shipment.reference, Some(&to)).await {
            Ok(Found::One(held)) => return Ok(Ok(held)),
            Ok(Found::None) if settled => {}
            Ok(Found::None) => {
                let seconds = u32::try_from(SETTLE.as_secs()).unwrap_or(u32::MAX);
                return Ok(Err(Attempt::Later(Step::Again { seconds })));
            }
            Ok(Found::Unclear(code) | Found::Unproven(code)) => {
                return Ok(Err(Attempt::Stuck(Reason::UncertainBooking, Some(code.into()))));
            }
            Err(told) => return judge(env, shipment, told).await.map(Err),
        }
    }
    match desk.create(env, &desk::Booking { order, shipment, to: &to, customs }).await {
        Ok(held) => {
            tracing::info!(shipment = %shipment.id, fields = ?shipment.disclosed, "disclosed to the carrier");
            Ok(Ok(held))
        }
        Err(told) => judge(env, shipment, told).await.map(Err),
    }
}

/// What a failed exchange means to the shipment. What the carrier already holds is stored, so that a person
/// or the next attempt goes on from there.
async fn judge(env: &Env, shipment: &mut Shipment, told: Told) -> Result<Attempt, Failure> {
    tracing::warn!(shipment = %shipment.id, error = %told, "the carrier did not do it");
    if matches!(shipment.booking, Booking::Created { .. }) {
        env.db.save_shipment(shipment).await?;
    }
    let Advice::AskPerson(reason) = told.advice else { return told.step().map(Attempt::Later) };
    if reason == Reason::ConnectionRefused {
        env.db
            .set_connection_state(&shipment.carrier, waybill_store::registry::ConnectionState::Refused)
            .await?;
    }
    Ok(Attempt::Stuck(reason, Some(told.text)))
}

/// Holds the order for a person. Its claim stays where calls were made, so whoever books next asks first; when
/// the carrier refused and holds nothing, the order is as if it had never been taken there.
async fn hold(
    env: &Env,
    mut order: Order,
    reason: Reason,
    detail: Option<String>,
    now: Timestamp,
) -> Result<Step, Failure> {
    if desk::booked_nothing(reason) && env.db.shipments(&order.id).await?.iter().all(Shipment::is_void) {
        order.claim = None;
        order.shipments = 0;
    }
    order.status = Status::Held;
    order.hold = Some(Hold::Exception);
    order.raise(reason, detail, now);
    order.due_at = None;
    env.db.save_order(&mut order).await?;
    tracing::warn!(order = %order.id, ?reason, "a person must act");
    Ok(Step::Done)
}
