//! What moved stock wakes: orders that wait, oldest first, so that who came first is served first; and the telling
//! of channels.

use crate::Env;
use crate::answer::Stop;
use std::collections::BTreeSet;
use waybill_domain::MerchantId;
use waybill_domain::order::Order;
use waybill_store::work::stages;
use waybill_store::{Queue, Work};

/// The most orders woken by one call; the clock looks at the rest within the hour.
const MOST: usize = 500;
/// After so many seconds the allocator decides by a changed policy: it keeps what it read for a minute.
const HEARD: u32 = 65;

/// Wakes backorders that lack this SKU; gives how many.
pub(crate) async fn backorders(env: &Env, merchant: &MerchantId, sku: &str) -> Result<usize, Stop> {
    backorders_of(env, merchant, &BTreeSet::from([sku.to_owned()])).await
}

/// Wakes backorders that lack one of these SKUs; gives how many.
pub(crate) async fn backorders_of(
    env: &Env,
    merchant: &MerchantId,
    skus: &BTreeSet<String>,
) -> Result<usize, Stop> {
    if skus.is_empty() {
        return Ok(0);
    }
    // Bundles and listings are named by what they are made of only once they have been tried: wake them all.
    let direct = env.db.backordered(merchant, skus, MOST).await?;
    let all = env.db.backordered(merchant, &BTreeSet::new(), MOST).await?;
    let known: BTreeSet<_> = direct.iter().map(|o| o.id.clone()).collect();
    let catalogue = env.db.catalogue(merchant, &all).await?;
    let made_of = |order: &Order| {
        let names = waybill_domain::allocation::skus_of(order, &catalogue);
        !known.contains(&order.id) && names.iter().any(|name| skus.contains(name))
    };
    let mut orders = direct.clone();
    orders.extend(all.into_iter().filter(made_of));
    orders.sort_by_key(|order| (order.milestones.received, order.id.clone()));
    wake(env, &orders).await
}

/// Wakes every order that waits for goods, once the allocator has heard of what changed; gives how many. A new policy
/// or a warehouse that is open again may serve any of them.
pub(crate) async fn every_backorder(env: &Env, merchant: &MerchantId) -> Result<usize, Stop> {
    wake_in(env, &env.db.backordered(merchant, &BTreeSet::new(), MOST).await?, HEARD).await
}

/// Has the merchant's channels told of a SKU whose goods moved. A call that fails here is repeated by its caller, and a
/// repeat comes here too.
pub(crate) async fn channels(env: &Env, merchant: &MerchantId, sku: &str) -> Result<(), Stop> {
    Ok(env.pushes.announce(merchant, BTreeSet::from([sku.to_owned()]), env.clock.read()).await?)
}

/// Has the merchant's channels told of every SKU: what is kept back from them may be new for all.
pub(crate) async fn channels_of_everything(env: &Env, merchant: &MerchantId) -> Result<(), Stop> {
    let all = Work::PushAll { merchant: merchant.clone(), shard: 0, after: None, at: env.clock.read() };
    Ok(env.queues.send(Queue::Push, &[all], 0).await?)
}

/// Wakes orders that wait for one of these names to be known; gives how many. All of them: nobody else looks at them.
pub(crate) async fn unmapped(
    env: &Env,
    merchant: &MerchantId,
    names: &BTreeSet<String>,
) -> Result<usize, Stop> {
    if names.is_empty() {
        return Ok(0);
    }
    let orders = env.db.unmapped(merchant, names, usize::MAX).await?;
    wake(env, &orders).await
}

/// Sends an order that its people changed to whoever is to act on that, and has its purge time worked out anew.
pub(crate) async fn changed(env: &Env, order: &Order) -> Result<(), Stop> {
    let at = env.clock.read();
    for queue in stages(order).into_iter().filter(|queue| matches!(queue, Queue::Allocate | Queue::Book)) {
        env.queues.send(queue, &[Work::Order { order: order.id.clone(), at }], 0).await?;
    }
    let purge = Work::Purge { merchant: order.merchant.clone(), order: order.id.clone(), at };
    Ok(env.queues.send(Queue::Erase, &[purge], 0).await?)
}

/// Sends orders to the allocator, in the order given.
pub(crate) async fn wake(env: &Env, orders: &[Order]) -> Result<usize, Stop> {
    wake_in(env, orders, 0).await
}

async fn wake_in(env: &Env, orders: &[Order], seconds: u32) -> Result<usize, Stop> {
    let at = env.clock.read();
    let work: Vec<Work> = orders.iter().map(|o| Work::Order { order: o.id.clone(), at }).collect();
    if !work.is_empty() {
        env.queues.send(Queue::Allocate, &work, seconds).await?;
    }
    Ok(work.len())
}
