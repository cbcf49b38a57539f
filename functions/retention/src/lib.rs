//! Forgets: orders whose purge time has come, and those someone may ask to have erased. It destroys keys and
//! never opens one.

mod erase;
mod hold;
mod orphan;
mod replay;
mod request;

pub use erase::{Outcome, erase};
pub use replay::replay;

use aws_lambda_events::sqs::SqsEvent;
use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::{MerchantId, OrderId};
use waybill_runtime::{Clock, Failure, Step, batch, schedule};
use waybill_store::db::{Item, SHARDS};
use waybill_store::labels::Documents;
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs: no key of any kind.
pub struct Env {
    /// Tables.
    pub db: Db,
    /// The label bucket.
    pub documents: Arc<dyn Documents>,
    /// For what is too much for one message.
    pub queues: Arc<dyn queues::Send>,
    /// Now, for requests; a scheduled run takes it from its event.
    pub clock: Clock,
}

/// Orders taken from each shard of the purge index at a time.
const PAGE: i32 = 50;
/// Orders one run forgets; what is due beyond goes by a message of its own. Even at a tenth of a second each the function
/// has done them before its time (300 s, template.yaml) is up. As many that fail are no accident but an outage, and wait
/// for the next run.
const MAX_ORDERS: usize = 2000;

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
        let response =
            batch::each(event, Queue::Erase, env.queues.as_ref(), |work| work_on(env, work)).await?;
        return serde_json::to_value(response).map_err(bad);
    }
    let now = schedule::time(&event)?;
    let report = match event.get("replay").and_then(Value::as_str) {
        Some("ledger") => replay(env, now).await?,
        _ => Box::pin(run(env, now)).await?,
    };
    serde_json::to_value(report).map_err(bad)
}

/// Forgets every order whose purge time has come. What cannot be forgotten now is passed over, so that nobody else waits
/// behind it.
///
/// # Errors
/// When the purge index cannot be read.
pub async fn run(env: &Env, now: Timestamp) -> Result<Report, Failure> {
    run_for(env, MAX_ORDERS, now).await
}

/// As [`run`], for so many orders at most.
///
/// # Errors
/// As [`run`].
pub async fn run_for(env: &Env, orders: usize, now: Timestamp) -> Result<Report, Failure> {
    let mut report = Report::default();
    hold::lift(env, now).await?;
    let merchants = env.db.merchants().await?;
    for merchant in &merchants {
        Box::pin(request::take_up(env, merchant, now)).await?;
    }
    let purged = purge(env, orders, now, &mut report).await?;
    for merchant in &merchants {
        report.figures += env.db.publish_figures(merchant, now).await?;
    }
    let mut more = purged.more;
    let mut left = orders.saturating_sub(report.forgotten).max(1);
    // While somebody was not looked at nothing can be noted as done.
    if purged.all {
        let failed = merchants_of(env, &purged.failed).await;
        for merchant in &merchants {
            let undone = failed.as_ref().is_none_or(|merchants| merchants.contains(merchant));
            match Box::pin(orphan::look(env, merchant, undone, &mut left, now, &mut report)).await {
                Ok(goes_on) => more |= goes_on,
                Err(error) => {
                    report.failed += 1;
                    tracing::error!(%merchant, %error, "orders without a key were not looked for; the next run does");
                }
            }
        }
    }
    let Report { forgotten, held, figures, failed } = &report;
    tracing::info!(forgotten, held, figures, failed, more, "retention run");
    if more {
        env.queues.send(Queue::Erase, &[Work::Retain { at: now }], 0).await?;
    }
    Ok(report)
}

/// What a walk through the purge index came to.
struct Purged {
    /// Everybody who was due was looked at.
    all: bool,
    /// There is more than one run has time for.
    more: bool,
    /// Orders that could not be forgotten.
    failed: Vec<OrderId>,
}

/// Whose orders they are; `None` when one of them cannot be read.
async fn merchants_of(env: &Env, orders: &[OrderId]) -> Option<BTreeSet<MerchantId>> {
    let mut merchants = BTreeSet::new();
    for order in orders {
        merchants.extend(env.db.order(order).await.ok()?.map(|order| order.merchant));
    }
    Some(merchants)
}

/// Goes through the purge index, a page of each shard in turn.
async fn purge(env: &Env, orders: usize, now: Timestamp, report: &mut Report) -> Result<Purged, Failure> {
    let mut failed = Vec::new();
    let mut shards: Vec<(u8, Option<Item>)> = (0..SHARDS).map(|n| (n, None)).collect();
    while !shards.is_empty() {
        let mut left = Vec::new();
        for (n, row) in shards {
            let (due, next) = env.db.purgeable_of(n, now, PAGE, row).await?;
            for order in &due {
                match Box::pin(erase(env, order, "retention", now)).await {
                    Ok(Outcome::Forgotten) => report.forgotten += 1,
                    // It left the purge index for the one of holds.
                    Ok(Outcome::Held) => report.held += 1,
                    Err(error) => {
                        report.failed += 1;
                        failed.push(order.clone());
                        tracing::error!(%order, %error, "not forgotten yet; the next run takes it up");
                    }
                }
            }
            left.extend(next.map(|row| (n, Some(row))));
        }
        shards = left;
        let all = shards.is_empty();
        if report.failed >= orders {
            return Ok(Purged { all, more: false, failed });
        }
        if report.forgotten + report.held >= orders {
            return Ok(Purged { all, more: !all, failed });
        }
    }
    Ok(Purged { all: true, more: false, failed })
}

/// Erases on request.
///
/// # Errors
/// As [`Failure`] says; the message comes back.
pub async fn work_on(env: &Env, work: Work) -> Result<Step, Failure> {
    let now = env.clock.now(work.at());
    match work {
        Work::Order { order, .. } => Box::pin(at_last(env, &order, "request", now)).await.map(|_| ())?,
        Work::Request { merchant, request, .. } => {
            Box::pin(request::carry_out(env, &merchant, &request, now)).await?;
        }
        Work::Retain { .. } => Box::pin(run(env, now)).await.map(|_| ())?,
        Work::Hold { merchant, order, .. } => hold::apply(env, &merchant, &order, now).await?,
        Work::Purge { merchant, order, .. } => hold::reschedule(env, &merchant, &order, now).await?,
        Work::Fetch { .. }
        | Work::Poll { .. }
        | Work::Backfill { .. }
        | Work::Push { .. }
        | Work::PushAll { .. }
        | Work::Expired { .. }
        | Work::Manifest { .. }
        | Work::Event { .. }
        | Work::Deliver { .. }
        | Work::Paper { .. } => {
            return Err(Failure::Fault("this work is not retention's"));
        }
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
