//! Reserves, releases and settles stock: a whole batch of orders at once, one write per SKU and warehouse.

pub mod decide;
mod ground;
mod settle;
mod turn;

pub use ground::Grounds;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use std::sync::Arc;
use waybill_domain::OrderId;
use waybill_runtime::directory::Merchants;
use waybill_runtime::{Clock, Failure, Pushes, Step, batch};
use waybill_store::{Db, Queue, Work, queues};

/// What the function needs: no keys at all.
pub struct Env {
    /// Merchants' settings.
    pub merchants: Merchants,
    /// Their warehouses and how they choose.
    pub grounds: Grounds,
    /// Tables.
    pub db: Db,
    /// Next stages.
    pub queues: Arc<dyn queues::Send>,
    /// Has channels told of stock that moves.
    pub pushes: Pushes,
    /// Now.
    pub clock: Clock,
}

/// Works through a batch of messages.
///
/// # Errors
/// Only when the batch as a whole cannot be read.
pub async fn handle(env: &Env, event: SqsEvent) -> Result<SqsBatchResponse, Failure> {
    batch::whole(event, Queue::Allocate, env.queues.as_ref(), |work| work_on(env, work)).await
}

/// Does a batch of work; one result for each piece, in order.
pub async fn work_on(env: &Env, work: Vec<Work>) -> Vec<Result<Step, Failure>> {
    let named = |w: &Work| match w {
        Work::Order { order, at } => Some((order.clone(), *at)),
        _ => None,
    };
    let mut ids: Vec<OrderId> = Vec::new();
    for (id, _) in work.iter().filter_map(named) {
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    let known = work.iter().map(Work::at).max().unwrap_or_default();
    let failed = settle::all(env, ids, env.clock.now(known)).await;
    work.iter()
        .map(|w| match named(w) {
            Some((id, _)) => failed.get(&id).map_or(Ok(Step::Done), |f| Err(f.clone())),
            None => Err(Failure::Fault("this work is not the allocator's")),
        })
        .collect()
}
