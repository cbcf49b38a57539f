//! Whose turn it is: goods that became free go first to those who wait for them, also when the message of a newer order
//! is decided before theirs (decision 040).

use crate::decide::promise;
use crate::settle::Seller;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::allocation::{Available, Ground, Slot, apply};
use waybill_domain::order::{Order, Status};
use waybill_runtime::Failure;
use waybill_store::stock::Shelves;

/// The most orders that are asked of those who wait for a SKU before a batch, or woken by what one gives back. The
/// others look by themselves within the hour.
pub(crate) const MOST_ASKED: usize = 500;

/// Those who come before a batch.
#[derive(Default)]
pub(crate) struct Ahead {
    /// Orders that wait for what the batch wants.
    pub(crate) orders: Vec<Order>,
    /// Slots whose goods nobody else is to be asked about, each with the times that pieces became free there.
    pub(crate) offered: BTreeMap<Slot, i64>,
}

/// Who came first is served first, however the queue shuffled them.
pub(crate) fn by_arrival(orders: &mut [Order]) {
    orders.sort_by(|a, b| (a.milestones.received, &a.id).cmp(&(b.milestones.received, &b.id)));
}

/// Who waits for goods that a batch wants and that became free since somebody last asked: everybody, also who came after
/// the batch's own, for nobody is asked about these goods again. Where nothing became free, as for almost every batch,
/// nothing is read.
pub(crate) async fn ahead(
    seller: &Seller<'_>,
    orders: &[Order],
    shelves: &Shelves,
) -> Result<Ahead, Failure> {
    let offered = shelves.news();
    if offered.is_empty() {
        return Ok(Ahead::default());
    }
    let fresh: BTreeSet<String> = offered.keys().map(|(sku, _)| sku.clone()).collect();
    let here: BTreeSet<_> = orders.iter().map(|order| &order.id).collect();
    let mut waiting = seller.env.db.backordered(&seller.merchant.id, &fresh, MOST_ASKED).await?;
    if waiting.len() >= MOST_ASKED && fresh.len() > 1 {
        // Who waits for one SKU does not hide who waits for another.
        for sku in fresh {
            let more =
                seller.env.db.backordered(&seller.merchant.id, &BTreeSet::from([sku]), MOST_ASKED).await?;
            waiting.extend(more);
        }
        by_arrival(&mut waiting);
        waiting.dedup_by(|a, b| a.id == b.id);
    }
    waiting.retain(|order| !here.contains(&order.id));
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
