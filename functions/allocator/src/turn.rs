//! Whose turn it is: goods that became free go first to those who wait for them, also when the message of a newer order
//! is decided before theirs (decision 040).

use crate::decide::promise;
use crate::settle::Seller;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::allocation::{Available, Ground, Slot, apply, skus_of};
use waybill_domain::catalogue::Catalogue;
use waybill_domain::order::{Order, Status};
use waybill_runtime::Failure;
use waybill_store::stock::Shelves;

/// The most orders that are asked before a batch. Where more wait, the next batch asks the rest.
const MOST_ASKED: usize = 50;

/// Those who come before a batch.
#[derive(Default)]
pub(crate) struct Ahead {
    /// Orders that wait for what the batch wants and came before one that wants it.
    pub(crate) orders: Vec<Order>,
    /// Slots whose goods nobody else is to be asked about, each with the times that pieces became free there.
    pub(crate) offered: BTreeMap<Slot, i64>,
}

/// Who came first is served first, however the queue shuffled them.
pub(crate) fn by_arrival(orders: &mut [Order]) {
    orders.sort_by(|a, b| (a.milestones.received, &a.id).cmp(&(b.milestones.received, &b.id)));
}

/// Who waits for goods that a batch wants and that became free since somebody last asked. Where nothing did, as for
/// almost every batch, nothing is read.
pub(crate) async fn ahead(
    seller: &Seller<'_>,
    orders: &[Order],
    catalogue: &Catalogue,
    shelves: &Shelves,
) -> Result<Ahead, Failure> {
    let news = shelves.news();
    let fresh: BTreeSet<String> = news.keys().map(|(sku, _)| sku.clone()).collect();
    let wants = |order: &&Order| skus_of(order, catalogue).iter().any(|sku| fresh.contains(sku));
    let Some(last) = orders.iter().filter(wants).map(|order| order.milestones.received).max() else {
        return Ok(Ahead::default());
    };
    let mut waiting = seller.env.db.backordered(&seller.merchant.id, &fresh, MOST_ASKED).await?;
    let all = waiting.len() < MOST_ASKED;
    let here: BTreeSet<_> = orders.iter().map(|order| &order.id).collect();
    waiting.retain(|order| order.milestones.received < last && !here.contains(&order.id));
    let offered = if all { news } else { BTreeMap::new() };
    Ok(Ahead { orders: waiting, offered })
}

/// Decides an order that waits although its own message has not come; `None` when there is nothing new for it. What it
/// cannot use is free for those who came after it: channels were shown it.
pub(crate) fn ask(
    ground: &Ground<'_>,
    before: &Order,
    free: &mut Available,
    now: Timestamp,
) -> Option<Order> {
    let mut without = free.clone();
    let (order, changes) = promise(ground, before.clone(), free, now);
    if order.status != Status::Backordered {
        return Some(order);
    }
    apply(&changes, &mut without);
    *free = without;
    (!changes.is_empty()).then_some(order)
}
