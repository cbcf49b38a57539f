//! Carrying out a request for erasure that is on record, whatever it is about, and certifying it.
//!
//! One message takes one page of orders; what is left comes by the next message, and how far it has got is kept with
//! the request. So a merchant's whole past is forgotten however long it is, and what broke off goes on.

use crate::{Env, Outcome, at_last};
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeSet;
use waybill_domain::order::{Order, PersonalData, Status};
use waybill_domain::request::{Asker, Kind};
use waybill_domain::shipment::Shipment;
use waybill_domain::time::after;
use waybill_domain::{ConnectionId, MerchantId, OrderId, RequestId};
use waybill_runtime::Failure;
use waybill_store::audit::Stream;
use waybill_store::requests::{Certificate, Place, Progress, Recipient, Request, Scope};
use waybill_store::{Queue, Work};

/// Orders of a connection or merchant that one message looks at.
const PAGE: i32 = 100;
/// An erasure that stands still this long has lost its message, and is put on the queue once more.
const LOST_AFTER: SignedDuration = SignedDuration::from_hours(6);

/// Erases what the request is about and writes its certificate. Stopped anywhere, it is taken up again by the same
/// message; done already, it does nothing.
pub(crate) async fn carry_out(
    env: &Env,
    merchant: &MerchantId,
    id: &RequestId,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(mut request) = env.db.request(merchant, id).await? else { return Ok(()) };
    if request.done_at.is_some() || request.clock.kind != Kind::Erasure {
        return Ok(());
    }
    let mut progress = match request.progress.take() {
        Some(progress) => progress,
        None => Progress {
            ledger: env.db.chain_end(merchant, Stream::Erasure).await?,
            erased: 0,
            place: is_wide(&request.scope).then(Place::default),
        },
    };
    let (live, next) = Box::pin(find(env, &request, &progress, now)).await?;
    if !live.is_empty() {
        // Before the first is erased: afterwards nobody knows any more who was given something, or what was counted.
        add_recipients(env, &mut request, &live).await?;
        request.progress = Some(progress.clone());
        env.db.set_progress(&request).await?;
    }
    let mut failed = None;
    for order in &live {
        // The ledger says which request it was for, so that the certificate can be checked against it.
        match Box::pin(at_last(env, &order.id, id.as_str(), now)).await {
            Ok(Outcome::Forgotten) => {}
            Ok(Outcome::Held) if request.held.contains(&order.id) => {}
            Ok(Outcome::Held) => request.held.push(order.id.clone()),
            Err(error) => {
                tracing::error!(order = %order.id, request = %id, %error, "not forgotten yet");
                failed = Some(error);
            }
        }
    }
    let before = progress.erased;
    count(env, &request, &mut progress).await?;
    if let Some(place) = progress.place.as_mut() {
        place.found |= progress.erased > before;
        place.failed |= failed.is_some();
        place.move_on(next);
        let through = place.status >= Status::ALL.len();
        let (found, missing) = (place.found, place.failed);
        if through && (found || missing) {
            *place = Place::default();
        }
        if !through || found || missing {
            request.progress = Some(progress);
            env.db.set_progress(&request).await?;
            if through && !found {
                return Err(failed.unwrap_or(Failure::Fault("some orders could not be forgotten")));
            }
            let more = Work::Request { merchant: merchant.clone(), request: id.clone(), at: now };
            return Ok(env.queues.send(Queue::Erase, &[more], 0).await?);
        }
    } else if let Some(failed) = failed {
        return Err(failed);
    }
    finish(env, request, progress, now).await
}

/// A request that concerned nobody does not stay where a platform tells every seller of every closed account
/// (decision 021); any other gets its certificate.
async fn finish(env: &Env, mut request: Request, progress: Progress, now: Timestamp) -> Result<(), Failure> {
    let (id, erased, held) = (request.id.clone(), progress.erased, request.held.len());
    let names_nobody = matches!(&request.scope, Scope::Buyer { orders, .. } if orders.is_empty());
    if request.clock.asker == Asker::Platform && names_nobody && erased == 0 && held == 0 {
        tracing::info!(request = %id, "a platform asked for a buyer whom nobody here knows");
        return Ok(env.db.drop_request(&request).await?);
    }
    request.certificate =
        Some(Certificate { finished_at: now, orders: erased, held: held as u64, ledger: progress.ledger });
    request.done_at = Some(now);
    env.db.finish_request(&request).await?;
    tracing::info!(request = %id, orders = erased, held, "request carried out");
    Ok(())
}

/// Counts what was erased for the request since it was last counted.
async fn count(env: &Env, request: &Request, progress: &mut Progress) -> Result<(), Failure> {
    let ledger = env.db.records_after(&request.merchant, Stream::Erasure, progress.ledger.0).await?;
    let mine = |record: &&waybill_store::audit::Record| record.event.purpose == request.id.as_str();
    let erased: BTreeSet<&OrderId> = ledger.iter().filter(mine).map(|record| &record.event.order).collect();
    progress.erased += erased.len() as u64;
    if let Some(last) = ledger.last() {
        progress.ledger = (last.seq, last.hash.clone());
    }
    Ok(())
}

fn is_wide(scope: &Scope) -> bool {
    matches!(scope, Scope::Connection { .. } | Scope::Merchant)
}

/// Whom it is about now, and the row after which the next page begins.
type Found = (Vec<Order>, Option<waybill_store::db::Item>);

async fn find(env: &Env, request: &Request, progress: &Progress, now: Timestamp) -> Result<Found, Failure> {
    let mut named: BTreeSet<OrderId> = BTreeSet::new();
    match &request.scope {
        Scope::Orders { orders } => named.extend(orders.iter().cloned()),
        Scope::Buyer { indexes, orders } => {
            named.extend(orders.iter().cloned());
            for index in indexes {
                named.extend(env.db.orders_of_buyer(index).await?);
            }
        }
        Scope::Connection { .. } | Scope::Merchant => return page(env, request, progress).await,
    }
    let mut found = Vec::new();
    for id in named {
        match env.db.order(&id).await? {
            Some(order) if order.merchant == request.merchant => found.push(order),
            Some(_) => {}
            // Asked before it came: its fence is put up, so that it never does.
            None => {
                Box::pin(at_last(env, &id, request.id.as_str(), now)).await?;
            }
        }
    }
    Ok((found, None))
}

/// Of the next page, those who are there to be forgotten: who came after everything was to be erased was not meant.
async fn page(env: &Env, request: &Request, progress: &Progress) -> Result<Found, Failure> {
    let place = progress.place.clone().unwrap_or_default();
    let Some(status) = Status::ALL.get(place.status) else { return Ok((Vec::new(), None)) };
    let (ids, next) = env.db.orders_by_status(&request.merchant, *status, PAGE, place.row()).await?;
    let meant = |order: &Order| match &request.scope {
        Scope::Connection { connection } => order.connection == *connection,
        _ => order.milestones.received <= request.clock.received,
    };
    let orders = env.db.orders(&ids).await?.into_iter();
    let live = orders.filter(|order| order.personal == PersonalData::Live && meant(order)).collect();
    Ok((live, next))
}

/// Who was given something of these orders: the channel each came from, and each carrier that was given an address. The
/// platform that asked needs not be told.
async fn add_recipients(env: &Env, request: &mut Request, orders: &[Order]) -> Result<(), Failure> {
    let mut told: BTreeSet<ConnectionId> = BTreeSet::new();
    for order in orders {
        let shipments = env.db.shipments(&order.id).await?;
        told.insert(order.connection.clone());
        for Shipment { carrier, disclosed, papers, .. } in shipments {
            told.extend((!disclosed.is_empty()).then_some(carrier));
            told.extend(papers.into_iter().filter(|one| !one.disclosed.is_empty()).map(|one| one.carrier));
        }
    }
    let received = request.clock.received;
    for connection in told {
        if request.recipients.iter().all(|known| known.connection != connection) {
            let asked = request.clock.asker == Asker::Platform && connection.as_str() == request.asked_by;
            request.recipients.push(Recipient { connection, told_at: asked.then_some(received) });
        }
    }
    request.recipients.sort_by(|a, b| a.connection.cmp(&b.connection));
    Ok(())
}

/// Whatever a hold kept from a request and keeps no longer is forgotten for it now, and its certificate says so. And an
/// erasure whose message was lost is put on the queue again.
pub(crate) async fn take_up(env: &Env, merchant: &MerchantId, now: Timestamp) -> Result<(), Failure> {
    for request in env.db.requests(merchant).await? {
        let lost = request.done_at.is_none() && after(request.clock.received, LOST_AFTER) <= now;
        if request.clock.kind == Kind::Erasure && lost {
            let work = Work::Request { merchant: merchant.clone(), request: request.id, at: now };
            env.queues.send(Queue::Erase, &[work], 0).await?;
        } else if request.done_at.is_some() && !request.held.is_empty() {
            renew(env, request, now).await?;
        }
    }
    Ok(())
}

async fn renew(env: &Env, mut request: Request, now: Timestamp) -> Result<(), Failure> {
    let Some(mut certificate) = request.certificate.take() else { return Ok(()) };
    let mut held = Vec::new();
    for order in std::mem::take(&mut request.held) {
        let is_held = env.db.held_until(&order).await?.is_some_and(|until| now < until);
        if is_held || Box::pin(at_last(env, &order, request.id.as_str(), now)).await? == Outcome::Held {
            held.push(order);
        } else {
            certificate.orders += 1;
        }
    }
    if held.len() as u64 == certificate.held {
        return Ok(());
    }
    certificate.held = held.len() as u64;
    certificate.finished_at = now;
    certificate.ledger = env.db.chain_end(&request.merchant, Stream::Erasure).await?;
    request.held = held;
    request.certificate = Some(certificate);
    env.db.finish_request(&request).await?;
    tracing::info!(request = %request.id, "a hold has ended; the certificate is renewed");
    Ok(())
}
