//! Deliveries from Shopify (contracts/shopify section 2 and 7).

use crate::{Env, MAX_BODY};
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use http::{HeaderMap, Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_channels::Normalised;
use waybill_channels::error::CannotRead;
use waybill_channels::hint::Hint;
use waybill_channels::shopify::webhook::{Topic, read, signature_header, topic_header, verify};
use waybill_domain::intake::{Identity, unreadable};
use waybill_domain::order::Channel;
use waybill_domain::time::{after, days};
use waybill_domain::{ConnectionId, OrderId};
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;
use waybill_runtime::directory::Account;
use waybill_runtime::problem::Problem;
use waybill_store::ingest::{Arrival, Outcome, ingest, keep_unreadable};
use waybill_store::registry::{ConnectionState, Credentials, DataRequest};
use waybill_store::{Queue, StoreError, Work};

/// After a failed signature the account is read again, in case its secret was just rotated, but only when what
/// we hold is older than this.
const ROTATION_GRACE: SignedDuration = SignedDuration::from_secs(5);
/// Platforms give 30 days to answer a request for data (CONTROLS section 1.2).
const REQUEST_DAYS: i64 = 30;

const TOO_LARGE: Problem =
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is over 1 MB; it was not read.");
const UNKNOWN: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "unknown_connection",
    "There is no such connection; check the webhook's address.",
);
const UNTRUSTED: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "bad_signature",
    "The signature is missing or wrong; nothing was stored. Check the app's client secret.",
);
const NO_TOPIC: Problem =
    Problem::new(StatusCode::BAD_REQUEST, "missing_topic", "The topic header is missing.");

/// Takes one delivery.
pub async fn deliver(
    State(env): State<Arc<Env>>,
    Path(connection): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response<Body> {
    if body.len() > MAX_BODY {
        return TOO_LARGE.response();
    }
    let now = env.clock.read();
    let account = match trusted(&env, &connection, &headers, &body, now).await {
        Ok(account) => account,
        Err(Refusal::Problem(problem)) => {
            tracing::warn!(code = problem.code, "delivery refused");
            return problem.response();
        }
        Err(Refusal::Store(error)) => return failed(&error),
    };
    let Some(topic) = topic_header(&headers).map(Topic::parse) else { return NO_TOPIC.response() };
    match act(&env, &account, &topic, &body, now).await {
        Ok(()) => Response::new(Body::empty()),
        Err(error) => failed(&error),
    }
}

fn failed(error: &StoreError) -> Response<Body> {
    tracing::error!(%error, "delivery failed; the channel sends it again");
    Problem::UNAVAILABLE.response()
}

enum Refusal {
    Problem(Problem),
    Store(StoreError),
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// The account whose secret signed the body. A malformed id takes the same road as an unknown one.
async fn trusted(
    env: &Env,
    connection: &str,
    headers: &HeaderMap,
    body: &[u8],
    now: Timestamp,
) -> Result<Arc<Account>, Refusal> {
    let id: ConnectionId = connection
        .parse()
        .or_else(|_| ConnectionId::from_suffix("none"))
        .map_err(|_| Refusal::Problem(UNKNOWN))?;
    let signature = signature_header(headers);
    let signed = |account: &Account| match &account.credentials {
        Credentials::Shopify { secrets, .. } => {
            let secrets: Vec<Secret> = secrets.iter().map(|s| Secret::new(s.clone())).collect();
            verify(body, signature, &secrets.iter().collect::<Vec<_>>()).is_ok()
        }
        Credentials::RoyalMail { .. } => false,
    };
    let Some(account) = env.directory.account(&id, now).await? else { return Err(Refusal::Problem(UNKNOWN)) };
    if signed(&account) {
        return Ok(account);
    }
    match env.directory.fresher(&id, ROTATION_GRACE, now).await? {
        Some(account) if signed(&account) => Ok(account),
        _ => Err(Refusal::Problem(UNTRUSTED)),
    }
}

async fn act(
    env: &Env,
    account: &Account,
    topic: &Topic,
    body: &[u8],
    now: Timestamp,
) -> Result<(), StoreError> {
    match read(topic, body) {
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

/// Keeps a signed body that we cannot read and tells the merchant; the channel gets 200 so that it does not
/// disable the subscription.
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
    let order = unreadable(Channel::Shopify, &who, error.to_string(), now);
    keep_unreadable(&env.db, env.keyring.as_ref(), &order, body, account.merchant.retention, now).await
}
