//! Claim, call, record: every shipment of an order gets one label, whatever is lost on the way.
//!
//! The claim on the order is written before the first call. A shipper that finds an old claim asks the carrier
//! for our reference before it creates; when the carrier knows nothing it waits until a lost create must have
//! arrived (`SETTLE`), and only then creates.

use crate::{Env, carrier, claim, label};
use jiff::Timestamp;
use waybill_carriers::royal_mail::label as click_and_drop;
use waybill_carriers::royal_mail::{self, allowed_fields};
use waybill_domain::advice::Advice;
use waybill_domain::booking::{Planned, SETTLE, Turn, plan};
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Hold, Order, Status};
use waybill_domain::service::choose;
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_domain::time::after;
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::seal::open;
use waybill_runtime::remote::{Told, exchange};
use waybill_runtime::{Failure, Step};
use waybill_store::keys::KeyState;
use waybill_store::registry::Merchant;
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
    now: Timestamp,
) -> Result<Step, Failure> {
    let merchant = env.merchants.get(&order.merchant, now).await?;
    let planned = plan(&order);
    let mut shipments = env.db.shipments(&order.id).await?;
    for plan in &planned {
        if shipments.iter().any(|s| s.id == plan.id) {
            continue;
        }
        match new_shipment(&order, &merchant, plan) {
            Some(shipment) => shipments.push(shipment),
            None => return hold(env, order, Reason::NoService, None, now).await,
        }
    }
    // Open and check before the claim: a refusal here must not look like a call that may have been made.
    let recipient = match recipient(env, &order, sealed, now).await? {
        Some(recipient) => recipient,
        // Taken from it since a carrier was called: whether something was booked is what matters now.
        None if turn != Turn::First => return hold(env, order, Reason::UncertainBooking, None, now).await,
        None => return hold(env, order, Reason::MissingAddress, None, now).await,
    };
    order.shipments = u32::try_from(planned.len()).unwrap_or(u32::MAX);
    let before = order.claim.clone();
    claim(env, &mut order, now).await?;
    for shipment in &mut shipments {
        match one(env, &order, shipment, &recipient, turn, now).await? {
            Attempt::Labelled => {}
            Attempt::Stuck(reason, detail) => return hold(env, order, reason, detail, now).await,
            Attempt::Later(step) => {
                // What was asked was answered and what exists is stored: the next attempt need not wait for us.
                order.claim = before;
                env.db.save_order(&mut order).await?;
                return Ok(step);
            }
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

fn new_shipment(order: &Order, merchant: &Merchant, plan: &Planned) -> Option<Shipment> {
    let (_, rule) = choose(&merchant.services, order.destination.as_ref()?, plan.grams)?;
    Some(Shipment {
        id: plan.id.clone(),
        order: order.id.clone(),
        merchant: order.merchant.clone(),
        warehouse: plan.warehouse.clone(),
        carrier: rule.connection.clone(),
        service: rule.service.clone(),
        lines: plan.lines.clone(),
        grams: plan.grams,
        reference: plan.reference(),
        booking: Booking::Planned,
        write_back: WriteBack::Pending,
        transit: Transit::Pending,
        disclosed: Vec::new(),
        labelled_at: None,
        delivered_at: None,
        rev: 0,
    })
}

/// The recipient, opened for the purpose of the label; `None` when there is none or it may no longer be read.
async fn recipient(
    env: &Env,
    order: &Order,
    sealed: Option<Vec<u8>>,
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
    let key = env.open_keys.open(&order.merchant, &order.id, &wrapped).await?;
    open(&key, &order.merchant, &order.id, &sealed)
        .map(Some)
        .map_err(|_| Failure::Fault("the recipient does not open; it was replaced while we read"))
}

async fn one(
    env: &Env,
    order: &Order,
    shipment: &mut Shipment,
    recipient: &Recipient,
    turn: Turn,
    now: Timestamp,
) -> Result<Attempt, Failure> {
    let account = match carrier(env, &shipment.carrier, now).await? {
        Ok(account) => account,
        Err(step) => return Ok(Attempt::Later(step)),
    };
    let account = account.royal_mail().ok_or(Failure::Fault("the carrier connection is not Royal Mail's"))?;
    let carrier_order = match &shipment.booking {
        Booking::Labelled { .. } => return Ok(Attempt::Labelled),
        Booking::Created { carrier_order } => carrier_order.clone(),
        Booking::Voided | Booking::Forgotten => {
            return Ok(Attempt::Stuck(Reason::UncertainBooking, Some("voided".into())));
        }
        Booking::Planned => match find_or_create(env, &account, order, shipment, recipient, turn).await? {
            Ok(carrier_order) => carrier_order,
            Err(attempt) => return Ok(attempt),
        },
    };
    shipment.booking = Booking::Created { carrier_order: carrier_order.clone() };
    match label::fetch(env, &account, shipment, &carrier_order, now).await? {
        Ok(()) => Ok(Attempt::Labelled),
        Err(told) => judge(env, shipment, told).await,
    }
}

/// The carrier's key for the shipment: what it already has under our reference, or a new order.
async fn find_or_create(
    env: &Env,
    account: &royal_mail::Account,
    order: &Order,
    shipment: &mut Shipment,
    recipient: &Recipient,
    turn: Turn,
) -> Result<Result<String, Attempt>, Failure> {
    let given = Disclosed::new(recipient.clone(), allowed_fields(&shipment.service.code));
    shipment.disclosed = given.fields().iter().map(|f| (*f).to_owned()).collect();
    if let Turn::Later { settled } = turn {
        let request = click_and_drop::build_find(account, &shipment.reference);
        let read = |r: &http::Response<Vec<u8>>| click_and_drop::read_find(r.status(), r.headers(), r.body());
        match exchange(env.outbound.as_ref(), request, read).await {
            Ok(click_and_drop::Found::One { carrier_order, .. }) => return Ok(Ok(carrier_order)),
            Ok(click_and_drop::Found::None) if settled => {}
            Ok(click_and_drop::Found::None) => {
                let seconds = u32::try_from(SETTLE.as_secs()).unwrap_or(u32::MAX);
                return Ok(Err(Attempt::Later(Step::Again { seconds })));
            }
            Ok(click_and_drop::Found::Many) => {
                return Ok(Err(Attempt::Stuck(
                    Reason::UncertainBooking,
                    Some("reference_exists_twice".into()),
                )));
            }
            Err(told) => return judge(env, shipment, told).await.map(Err),
        }
    }
    let booking = click_and_drop::BookingRequest { shipment, to: &given, placed_at: order.placed_at };
    let request = click_and_drop::build_create(account, &booking);
    let read = |r: &http::Response<Vec<u8>>| click_and_drop::read_create(r.status(), r.headers(), r.body());
    match exchange(env.outbound.as_ref(), request, read).await {
        Ok(created) => {
            tracing::info!(shipment = %shipment.id, fields = ?shipment.disclosed, "disclosed to the carrier");
            Ok(Ok(created.carrier_order))
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
    if reason == Reason::CarrierRefused && env.db.shipments(&order.id).await?.is_empty() {
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
