//! What a trusted delivery asks, done: stored, put on a queue, or kept for a person.

use crate::Env;
use axum::body::Body;
use http::Response;
use jiff::Timestamp;
use waybill_channels::Normalised;
use waybill_channels::error::CannotRead;
use waybill_channels::hint::Hint;
use waybill_domain::OrderId;
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::time::{after, days};
use waybill_privacy::recipient::Text;
use waybill_runtime::directory::Account;
use waybill_runtime::metrics::{Metric, Service, emit};
use waybill_runtime::problem::Problem;
use waybill_store::ingest::{Arrival, Outcome, ingest, keep_unreadable};
use waybill_store::registry::{ConnectionState, DataRequest};
use waybill_store::{Queue, StoreError, Work};

/// Platforms give 30 days to answer a request for data (CONTROLS section 1.2).
const REQUEST_DAYS: i64 = 30;

/// Answers a failure on our side; the channel sends it again where it does.
pub(crate) fn failed(error: &StoreError) -> Response<Body> {
    tracing::error!(%error, "delivery failed; the channel may send it again");
    Problem::UNAVAILABLE.response()
}

/// Does what a delivery asks. A body that cannot be read is kept sealed.
pub(crate) async fn act(
    env: &Env,
    account: &Account,
    hint: Result<Hint, CannotRead>,
    body: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    match hint {
        Ok(Hint::Order(normalised)) if account.is_active() => order(env, account, *normalised, now).await,
        Ok(Hint::Reread { channel_id }) if account.is_active() => reread(env, account, channel_id, now).await,
        Ok(Hint::EraseOrders { orders, buyers }) => erase(env, account, &orders, &buyers, now).await,
        Ok(Hint::EraseShop) => {
            let work = Work::EraseConnection {
                merchant: account.merchant.id.clone(),
                connection: account.connection.id.clone(),
                at: now,
            };
            env.queues.send(Queue::Erase, &[work], 0).await
        }
        Ok(Hint::DataRequest { request, orders, .. }) => {
            let request = DataRequest {
                merchant: account.merchant.id.clone(),
                connection: account.connection.id.clone(),
                channel_request: request,
                orders: orders.iter().filter_map(|id| order_id(account, id).ok()).collect(),
                due_at: after(now, days(REQUEST_DAYS)),
            };
            env.db.record_data_request(&request).await
        }
        Ok(Hint::Uninstalled) => {
            tracing::warn!(connection = %account.connection.id, "the shop uninstalled the app; its work stops");
            env.db.set_connection_state(&account.connection.id, ConnectionState::Disconnected).await
        }
        Ok(Hint::Ignore | Hint::Order(_) | Hint::Reread { .. }) => Ok(()),
        Err(error) => keep(env, account, &error, body, now).await,
    }
}

fn order_id(account: &Account, channel_id: &str) -> Result<OrderId, StoreError> {
    account.index.order_id(&account.connection.id, channel_id).map_err(|_| StoreError::Corrupt("order id"))
}

async fn order(
    env: &Env,
    account: &Account,
    normalised: Normalised,
    now: Timestamp,
) -> Result<(), StoreError> {
    let outcome = store(env, account, &normalised, now).await?;
    let id = order_id(account, &normalised.incoming.channel_ref.id)?;
    tracing::info!(order = %id, ?outcome, "delivery taken");
    if matches!(outcome, Outcome::Stored(_)) {
        emit(Service::Webhook, &[(Metric::OrdersStored, 1)], now);
    }
    match outcome {
        Outcome::Stored(Some(queue)) => {
            env.queues.send(queue, &[Work::Order { order: id, at: now }], 0).await
        }
        Outcome::Reread => reread(env, account, normalised.incoming.channel_ref.id, now).await,
        Outcome::Stored(None) | Outcome::Ignored | Outcome::Erased => Ok(()),
    }
}

async fn store(
    env: &Env,
    account: &Account,
    normalised: &Normalised,
    now: Timestamp,
) -> Result<Outcome, StoreError> {
    let prepared = waybill_runtime::arrival::prepare(account, normalised)?;
    let arrival = Arrival {
        incoming: &normalised.incoming,
        who: &prepared.who,
        recipient: prepared.recipient.as_ref(),
        buyer: prepared.buyer.as_deref(),
        policy: account.merchant.retention,
        fresh: false,
        now,
    };
    ingest(&env.db, env.keyring.as_ref(), &arrival).await
}

async fn reread(env: &Env, account: &Account, channel_id: String, now: Timestamp) -> Result<(), StoreError> {
    let work = Work::Fetch { connection: account.connection.id.clone(), channel_id, at: now };
    env.queues.send(Queue::Poll, &[work], 0).await
}

/// Puts the erasure of one buyer at one account on its queue.
pub(crate) async fn erase_buyer(
    env: &Env,
    account: &Account,
    buyer: &Text,
    now: Timestamp,
) -> Result<(), StoreError> {
    erase(env, account, &[], std::slice::from_ref(buyer), now).await
}

/// Puts the erasure of these orders and of these buyers on its queue.
async fn erase(
    env: &Env,
    account: &Account,
    orders: &[String],
    buyers: &[Text],
    now: Timestamp,
) -> Result<(), StoreError> {
    let mut work = Vec::with_capacity(orders.len() + buyers.len());
    for channel_id in orders {
        work.push(Work::Order { order: order_id(account, channel_id)?, at: now });
    }
    for buyer in buyers {
        work.push(Work::EraseBuyer {
            merchant: account.merchant.id.clone(),
            buyer: account.index.buyer(&account.connection.id, buyer),
            at: now,
        });
    }
    env.queues.send(Queue::Erase, &work, 0).await
}

/// Keeps a signed body that we cannot read and tells the merchant; the channel gets a good answer so that it does
/// not disable the subscription.
async fn keep(
    env: &Env,
    account: &Account,
    error: &CannotRead,
    body: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body));
    let who = Identity {
        order: order_id(account, &format!("unreadable {digest}"))?,
        merchant: account.merchant.id.clone(),
        connection: account.connection.id.clone(),
        lines: Vec::new(),
        digest: String::new(),
    };
    tracing::error!(order = %who.order, %error, "a signed delivery cannot be read; kept sealed for the merchant");
    let Some(channel) = account.connection.kind.channel() else { return Ok(()) };
    let order = unreadable(channel, &who, error.to_string(), now);
    keep_unreadable(&env.db, env.keyring.as_ref(), &order, body, account.merchant.retention, now).await
}
