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
use waybill_domain::request::Kind;
use waybill_privacy::recipient::Text;
use waybill_runtime::directory::Account;
use waybill_runtime::metrics::{Metric, Service, emit};
use waybill_runtime::platform::{self, Asked};
use waybill_runtime::problem::Problem;
use waybill_store::ingest::{Arrival, Outcome, ingest, keep_unreadable};
use waybill_store::registry::ConnectionState;
use waybill_store::requests::Scope;
use waybill_store::{Queue, StoreError, Work};

/// Answers a failure on our side; the channel sends it again where it does.
pub(crate) fn failed(error: &StoreError) -> Response<Body> {
    tracing::error!(%error, "delivery failed; the channel may send it again");
    Problem::UNAVAILABLE.response()
}

/// A trusted delivery.
pub(crate) struct Delivery<'a> {
    /// What the channel calls it, the same each time it is sent again; `None` where it says nothing that lasts.
    pub(crate) id: Option<&'a str>,
    /// Its bytes.
    pub(crate) body: &'a [u8],
}

/// Does what a delivery asks. A body that cannot be read is kept sealed.
pub(crate) async fn act(
    env: &Env,
    account: &Account,
    hint: Result<Hint, CannotRead>,
    delivery: &Delivery<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    match hint {
        Ok(Hint::Order(normalised)) if account.is_active() => order(env, account, *normalised, now).await,
        Ok(Hint::Reread { channel_id }) if account.is_active() => reread(env, account, channel_id, now).await,
        Ok(Hint::EraseOrders { orders, buyers }) => {
            let named = match (delivery.id, orders.as_slice(), buyers.as_slice()) {
                (Some(id), ..) => id.to_owned(),
                (None, [order], []) => platform::named_by_order(order),
                _ => digest(delivery.body),
            };
            let scope = scope(account, &orders, &buyers)?;
            ask(env, account, Asked { kind: Kind::Erasure, scope, named: &named }, now).await
        }
        Ok(Hint::EraseShop) => {
            let scope = Scope::Connection { connection: account.connection.id.clone() };
            let named = delivery.id.map_or_else(|| digest(delivery.body), str::to_owned);
            ask(env, account, Asked { kind: Kind::Erasure, scope, named: &named }, now).await
        }
        Ok(Hint::DataRequest { request, orders, buyer }) => {
            let scope = scope(account, &orders, buyer.as_slice())?;
            let named = format!("data {request}");
            ask(env, account, Asked { kind: Kind::Export, scope, named: &named }, now).await
        }
        Ok(Hint::Uninstalled) => {
            tracing::warn!(connection = %account.connection.id, "the shop uninstalled the app; its work stops");
            env.db.set_connection_state(&account.connection.id, ConnectionState::Disconnected).await
        }
        Ok(Hint::Ignore | Hint::Order(_) | Hint::Reread { .. }) => Ok(()),
        Err(error) => keep(env, account, &error, delivery.body, now).await,
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
        lot: prepared.lot,
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

async fn ask(env: &Env, account: &Account, asked: Asked<'_>, now: Timestamp) -> Result<(), StoreError> {
    platform::ask(&env.db, env.queues.as_ref(), account, asked, now).await
}

/// These orders, and whatever is found of these buyers.
fn scope(account: &Account, orders: &[String], buyers: &[Text]) -> Result<Scope, StoreError> {
    let orders: Vec<OrderId> = orders.iter().map(|id| order_id(account, id)).collect::<Result<_, _>>()?;
    let indexes: Vec<String> =
        buyers.iter().map(|buyer| account.index.buyer(&account.connection.id, buyer)).collect();
    Ok(if indexes.is_empty() { Scope::Orders { orders } } else { Scope::Buyer { indexes, orders } })
}

fn digest(body: &[u8]) -> String {
    hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, body))
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
    let who = Identity {
        order: order_id(account, &format!("unreadable {}", digest(body)))?,
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
