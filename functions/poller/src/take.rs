//! What was found of an order, brought to where it belongs.

use crate::Env;
use jiff::Timestamp;
use waybill_channels::feed::Found;
use waybill_domain::OrderId;
use waybill_domain::intake::{self, Identity, unreadable};
use waybill_domain::order::{Channel, PersonalData};
use waybill_domain::request::Kind;
use waybill_domain::time::{after, days};
use waybill_runtime::directory::Account;
use waybill_runtime::metrics::{Metric, Service, emit};
use waybill_runtime::platform::{self, Asked};
use waybill_runtime::{Failure, arrival};
use waybill_store::ingest::{Arrival, Outcome, ingest, keep_unreadable};
use waybill_store::requests::Scope;
use waybill_store::work::stages;
use waybill_store::{Queue, StoreError, Work};

/// How often an order that changes meanwhile is looked at anew.
const TRIES: usize = 5;
/// How many days Shopify shows an order to every app.
const SHOWN_FOR: i64 = 60;

/// What became of it.
pub(crate) enum Taken {
    /// It was new or newer, or is read by itself now.
    Stored,
    /// It cannot be read: a person sees it.
    Unreadable,
    /// Nothing to do.
    Nothing,
}

/// How it was read.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Read {
    /// On a page of changed orders; read by its key, if it must be, not before these seconds.
    OfPage {
        /// Seconds.
        wait: u32,
    },
    /// By its key, so that it is true whatever we hold.
    ByKey,
}

/// Stores, fetches, erases or reports.
pub(crate) async fn take(
    env: &Env,
    account: &Account,
    found: Found,
    read: Read,
    now: Timestamp,
) -> Result<Taken, Failure> {
    let (fresh, wait) = match read {
        Read::OfPage { wait } => (false, wait),
        Read::ByKey => (true, 0),
    };
    match found {
        Found::Whole(normalised) => {
            let prepared = arrival::prepare(account, &normalised)?;
            let arrival = Arrival {
                incoming: &normalised.incoming,
                who: &prepared.who,
                recipient: prepared.recipient.as_ref(),
                buyer: prepared.buyer.as_deref(),
                lot: prepared.lot,
                policy: account.merchant.retention,
                fresh,
                now,
            };
            let outcome = ingest(&env.db, env.keyring.as_ref(), &arrival).await?;
            let order = prepared.who.order;
            tracing::info!(%order, ?outcome, "order read");
            if matches!(outcome, Outcome::Stored(_)) {
                emit(Service::Poller, &[(Metric::OrdersStored, 1)], now);
            }
            match outcome {
                Outcome::Stored(Some(queue)) => {
                    env.queues.send(queue, &[Work::Order { order, at: now }], 0).await?;
                    Ok(Taken::Stored)
                }
                Outcome::Stored(None) => Ok(Taken::Stored),
                Outcome::Reread => reread(env, account, normalised.incoming.channel_ref.id, wait, now).await,
                Outcome::Ignored | Outcome::Erased => Ok(Taken::Nothing),
            }
        }
        Found::Key(channel_id) => reread(env, account, channel_id, wait, now).await,
        Found::Erased(channel_id) => {
            let order = order_id(account, &channel_id)?;
            match env.db.order(&order).await? {
                Some(held) if held.personal == PersonalData::Live => {
                    let scope = Scope::Orders { orders: vec![order] };
                    let named = platform::named_by_order(&channel_id);
                    let asked = Asked { kind: Kind::Erasure, scope, named: &named };
                    platform::ask(&env.db, env.queues.as_ref(), account, asked, now).await?;
                }
                Some(_) => {}
                // Nobody is here to be forgotten, but a late copy may be on its way: its fence is put up.
                None => env.queues.send(Queue::Erase, &[Work::Order { order, at: now }], 0).await?,
            }
            Ok(Taken::Nothing)
        }
        Found::Unreadable { channel_id, error } => {
            report(env, account, &channel_id, error.to_string(), now).await?;
            Ok(Taken::Unreadable)
        }
    }
}

async fn reread(
    env: &Env,
    account: &Account,
    channel_id: String,
    wait: u32,
    now: Timestamp,
) -> Result<Taken, Failure> {
    let work = Work::Fetch { connection: account.connection.id.clone(), channel_id, at: now };
    env.queues.send(Queue::Poll, &[work], wait).await?;
    Ok(Taken::Stored)
}

fn order_id(account: &Account, channel_id: &str) -> Result<OrderId, StoreError> {
    account.index.order_id(&account.connection.id, channel_id).map_err(|_| StoreError::Corrupt("order id"))
}

/// The channel has the order no more: it was deleted there, or is none of the merchant's to send. Nothing is sent that
/// was not booked yet; what was is for a person.
pub(crate) async fn gone(
    env: &Env,
    account: &Account,
    channel_id: &str,
    now: Timestamp,
) -> Result<(), Failure> {
    let id = order_id(account, channel_id)?;
    for _ in 0..TRIES {
        let Some(mut order) = env.db.order(&id).await? else { return Ok(()) };
        // Shopify shows an app without `read_all_orders` none that is older (contracts/shopify section 1).
        let hidden = order.channel == Channel::Shopify && after(order.placed_at, days(SHOWN_FOR)) <= now;
        if hidden || !intake::gone(&mut order, now) {
            return Ok(());
        }
        // The timer first: a crash after it leaves an order that is looked at again, never one that is kept too long.
        env.db.reschedule(&id, order.milestones.purge_at(account.merchant.retention), now).await?;
        match env.db.save_order(&mut order).await {
            Ok(()) => {
                tracing::warn!(order = %id, status = order.status.as_str(), "the channel has the order no more");
                for queue in stages(&order) {
                    env.queues.send(queue, &[Work::Order { order: id.clone(), at: now }], 0).await?;
                }
                return Ok(());
            }
            Err(StoreError::Condition { .. }) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(StoreError::Conflict.into())
}

/// A held order tells the merchant what could not be read. Nothing of the page is kept: the channel has it.
pub(crate) async fn report(
    env: &Env,
    account: &Account,
    channel_id: &str,
    why: String,
    now: Timestamp,
) -> Result<(), Failure> {
    let Some(channel) = account.connection.kind.channel() else { return Ok(()) };
    let who = Identity {
        order: order_id(account, &format!("unreadable {channel_id}"))?,
        merchant: account.merchant.id.clone(),
        connection: account.connection.id.clone(),
        lines: Vec::new(),
        digest: String::new(),
    };
    tracing::error!(order = %who.order, error = %why, "an order of the channel cannot be read");
    let order = unreadable(channel, &who, why, now);
    let policy = account.merchant.retention;
    keep_unreadable(&env.db, env.keyring.as_ref(), &order, channel_id.as_bytes(), policy, now).await?;
    Ok(())
}
