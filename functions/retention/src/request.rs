//! Carrying out a request for erasure that is on record, whatever it is about, and certifying it.

use crate::{Env, Outcome, at_last, of_merchant};
use jiff::Timestamp;
use std::collections::BTreeSet;
use waybill_domain::request::Kind;
use waybill_domain::{ConnectionId, MerchantId, OrderId, RequestId};
use waybill_runtime::Failure;
use waybill_store::audit::Stream;
use waybill_store::requests::{Certificate, Recipient, Request, Scope};

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
    let mut told: BTreeSet<ConnectionId> =
        request.recipients.iter().map(|one| one.connection.clone()).collect();
    let mut held = 0;
    for order in orders(env, merchant, &request).await? {
        told.extend(recipients(env, merchant, &order).await?);
        // The ledger says which request it was for, so that the certificate can be checked against it.
        if at_last(env, &order, id.as_str(), now).await? == Outcome::Held {
            held += 1;
        }
    }
    let known = |connection: &ConnectionId| {
        request.recipients.iter().find(|one| one.connection == *connection).and_then(|one| one.told_at)
    };
    request.recipients =
        told.iter().map(|one| Recipient { connection: one.clone(), told_at: known(one) }).collect();
    let ledger = env.db.records(merchant, Stream::Erasure).await?;
    let mine = |record: &&waybill_store::audit::Record| record.event.purpose == id.as_str();
    let erased: BTreeSet<&OrderId> = ledger.iter().filter(mine).map(|record| &record.event.order).collect();
    request.certificate = Some(Certificate {
        finished_at: now,
        orders: erased.len() as u64,
        held,
        ledger: ledger.last().map(|last| (last.seq, last.hash.clone())).unwrap_or_default(),
    });
    request.done_at = Some(now);
    env.db.finish_request(&request).await?;
    tracing::info!(request = %id, orders = erased.len(), held, "request carried out");
    Ok(())
}

async fn orders(env: &Env, merchant: &MerchantId, request: &Request) -> Result<Vec<OrderId>, Failure> {
    match &request.scope {
        Scope::Orders { orders } => Ok(orders.clone()),
        Scope::Buyer { indexes } => {
            let mut found = Vec::new();
            for index in indexes {
                found.extend(env.db.orders_of_buyer(index).await?);
            }
            Ok(found)
        }
        Scope::Connection { connection } => of_merchant(env, merchant, Some(connection)).await,
        Scope::Merchant => of_merchant(env, merchant, None).await,
    }
}

/// Who was given something of an order: the channel it came from, and each carrier that was given an address.
async fn recipients(env: &Env, merchant: &MerchantId, order: &OrderId) -> Result<Vec<ConnectionId>, Failure> {
    let Some(order) = env.db.order(order).await?.filter(|order| order.merchant == *merchant) else {
        return Ok(Vec::new());
    };
    let shipments = env.db.shipments(&order.id).await?;
    let carriers = shipments.into_iter().filter(|one| !one.disclosed.is_empty()).map(|one| one.carrier);
    Ok(std::iter::once(order.connection).chain(carriers).collect())
}
