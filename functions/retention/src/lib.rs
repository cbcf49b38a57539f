//! Forgets: orders whose purge time has come, and those someone may ask to have erased. It destroys keys and
//! never opens one.

mod erase;
mod hold;
mod replay;
mod request;

pub use erase::{Outcome, erase};
pub use replay::replay;

use aws_lambda_events::sqs::SqsEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::sync::Arc;
use waybill_domain::order::Status;
use waybill_domain::{ConnectionId, MerchantId, OrderId};
use waybill_runtime::{Clock, Failure, Step, batch, schedule};
use waybill_store::labels::Documents;
use waybill_store::{Db, Queue, StoreError, Work, queues};

/// What the function needs: no key of any kind.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// The label bucket.
    pub documents: Arc<dyn Documents>,
    /// Now, for requests; a scheduled run takes it from its event.
    pub clock: Clock,
}

/// Orders taken from each shard of the purge index at a time.
const PAGE: i32 = 50;
/// Rounds of a run; with eight shards this is 100,000 orders, after which the next run goes on.
const MAX_ROUNDS: usize = 250;

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct Report {
    /// Orders forgotten.
    pub forgotten: usize,
    /// Orders that were due and that a legal hold keeps.
    pub held: usize,
    /// Anonymous figures published.
    pub figures: usize,
    /// Orders that could not be forgotten now; the next run takes them up again.
    pub failed: usize,
}

/// Takes either a scheduled event or a batch from the erase queue. A scheduled event that says
/// `"replay": "ledger"` is sent by whoever restored a backup (see [`replay`]).
///
/// # Errors
/// When the event is neither, or AWS fails as a whole; nothing is lost, the next run goes on.
pub async fn handle(env: &Env, event: Value) -> Result<Value, Failure> {
    let bad = |_| Failure::Fault("the event is neither a schedule nor a batch");
    if event.get("Records").is_some() {
        let event: SqsEvent = serde_json::from_value(event).map_err(bad)?;
        let response = batch::each(event, Queue::Erase, &NoReturn, |work| work_on(env, work)).await?;
        return serde_json::to_value(response).map_err(bad);
    }
    let now = schedule::time(&event)?;
    let report = match event.get("replay").and_then(Value::as_str) {
        Some("ledger") => replay(env, now).await?,
        _ => run(env, now).await?,
    };
    serde_json::to_value(report).map_err(bad)
}

/// Forgets every order whose purge time has come.
///
/// # Errors
/// When the purge index cannot be read.
pub async fn run(env: &Env, now: Timestamp) -> Result<Report, Failure> {
    let mut report = Report::default();
    hold::lift(env, now).await?;
    for _ in 0..MAX_ROUNDS {
        let due = env.db.purgeable(now, PAGE).await?;
        let (mut done, mut held) = (0, 0);
        for order in &due {
            match Box::pin(erase(env, order, "retention", now)).await {
                Ok(Outcome::Forgotten) => done += 1,
                // It left the purge index for the one of holds.
                Ok(Outcome::Held) => held += 1,
                Err(error) => tracing::error!(%order, %error, "not forgotten yet; the next run takes it up"),
            }
        }
        report.forgotten += done;
        report.held += held;
        if done + held == 0 {
            report.failed = due.len();
            break;
        }
    }
    for merchant in env.db.merchants().await? {
        report.figures += env.db.publish_figures(&merchant, now).await?;
    }
    let Report { forgotten, held, figures, failed } = &report;
    tracing::info!(forgotten, held, figures, failed, "retention run");
    Ok(report)
}

/// Erases on request.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    let (orders, why) = match work {
        Work::Order { order, .. } => (vec![order], "request"),
        Work::EraseBuyer { buyer, .. } => (env.db.orders_of_buyer(&buyer).await?, "request"),
        Work::EraseConnection { merchant, connection, .. } => {
            (of_connection(env, &merchant, &connection).await?, "shop_redact")
        }
        Work::Request { merchant, request, .. } => {
            request::carry_out(env, &merchant, &request, now).await?;
            return Ok(Step::Done);
        }
        Work::Hold { merchant, order, .. } => {
            hold::apply(env, &merchant, &order, now).await?;
            return Ok(Step::Done);
        }
        Work::Purge { merchant, order, .. } => {
            hold::reschedule(env, &merchant, &order).await?;
            return Ok(Step::Done);
        }
        Work::Fetch { .. }
        | Work::Poll { .. }
        | Work::Backfill { .. }
        | Work::Push { .. }
        | Work::PushAll { .. }
        | Work::Manifest { .. } => {
            return Err(Failure::Fault("this work is not retention's"));
        }
    };
    for order in orders {
        at_last(env, &order, why, now).await?;
    }
    Ok(Step::Done)
}

/// How often an order that changes under us is erased anew before its message goes back to the queue.
const TRIES: usize = 5;

/// Erases an order, again when somebody wrote it meanwhile: every step can be repeated.
pub(crate) async fn at_last(
    env: &Env,
    order: &OrderId,
    why: &str,
    now: Timestamp,
) -> Result<Outcome, Failure> {
    for _ in 1..TRIES {
        match Box::pin(erase(env, order, why, now)).await {
            Err(failure) if failure.is_race() => continue,
            other => return other,
        }
    }
    Box::pin(erase(env, order, why, now)).await
}

/// Every order of a merchant that came through one connection.
async fn of_connection(
    env: &Env,
    merchant: &MerchantId,
    connection: &ConnectionId,
) -> Result<Vec<OrderId>, Failure> {
    of_merchant(env, merchant, Some(connection)).await
}

/// Every order of a merchant, or those of one of its connections.
pub(crate) async fn of_merchant(
    env: &Env,
    merchant: &MerchantId,
    connection: Option<&ConnectionId>,
) -> Result<Vec<OrderId>, Failure> {
    let mut found = Vec::new();
    for status in Status::ALL {
        let mut after = None;
        loop {
            let (ids, next) = env.db.orders_by_status(merchant, status, 100, after).await?;
            let orders = env.db.orders(&ids).await?;
            found.extend(
                orders
                    .into_iter()
                    .filter(|o| connection.is_none_or(|one| o.connection == *one))
                    .map(|o| o.id),
            );
            after = next;
            if after.is_none() {
                break;
            }
        }
    }
    Ok(found)
}

/// Retention never asks for its work to come back later: it is done or it failed.
struct NoReturn;

#[async_trait::async_trait]
impl queues::Send for NoReturn {
    async fn send(&self, _: Queue, _: &[Work], _: u32) -> Result<(), StoreError> {
        Err(StoreError::Refused("retention sends nothing".into()))
    }
}
