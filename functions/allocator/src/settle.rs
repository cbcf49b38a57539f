//! From orders to one transaction: read, decide in order of arrival, write if nothing changed meanwhile.

use crate::Env;
use crate::decide::{leave, leaving, promise};
use crate::turn::{Ahead, MOST_ASKED, ahead, ask, by_arrival};
use jiff::Timestamp;
use jiff::civil::Date;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use waybill_domain::allocation::{
    Candidate, Changes, Ground, Slot, difference, held, next_to_leave, set_off, skus_of, steps, unpack,
};
use waybill_domain::catalogue::Catalogue;
use waybill_domain::order::{Order, Status};
use waybill_domain::service::local_date;
use waybill_domain::stock::Spot;
use waybill_domain::time::after;
use waybill_domain::tracking::FIRST_LOOK;
use waybill_domain::{MerchantId, OrderId};
use waybill_runtime::Failure;
use waybill_store::db::MAX_ACTIONS;
use waybill_store::places::Places;
use waybill_store::registry::Merchant;
use waybill_store::stock::{BatchChanges, Settling, Shelves, SlotChange, actions};
use waybill_store::work::stages;
use waybill_store::{Queue, StoreError, Work};

/// The most slots one order may change in one transaction; more are written in steps, each of which leaves it whole.
const MOST_SLOTS: usize = (MAX_ACTIONS - 1) / 2;
/// How often a contended batch is decided anew before its messages go back to the queue.
const TRIES: u32 = 8;

/// Settles all of these orders; what is returned failed and must come back.
pub(crate) async fn all(env: &Env, ids: Vec<OrderId>, now: Timestamp) -> BTreeMap<OrderId, Failure> {
    let mut failed = BTreeMap::new();
    let mut arrivals = Arrivals::new();
    // A batch that keeps failing as a whole is taken apart, so that one order never holds up the rest.
    let mut todo = vec![ids];
    while let Some(ids) = todo.pop() {
        if ids.is_empty() {
            continue;
        }
        match together(env, &ids, Turns::Kept, now, &mut arrivals).await {
            Ok(()) => {}
            Err(_) if ids.len() > 1 => {
                todo.extend(halves(ids, &arrivals));
            }
            Err(failure) => {
                // It may be one of those who wait that cannot be written.
                let alone = match may_pass(&failure) {
                    true => Err(failure),
                    false => together(env, &ids, Turns::Left, now, &mut arrivals).await,
                };
                if let Err(failure) = alone {
                    failed.extend(ids.into_iter().map(|id| (id, failure.clone())));
                }
            }
        }
    }
    failed
}

/// Two halves of a batch. The one that came first is last, for that is where the next is taken from.
fn halves(mut ids: Vec<OrderId>, arrivals: &Arrivals) -> [Vec<OrderId>; 2] {
    ids.sort_by_key(|id| (arrivals.get(id).copied(), id.clone()));
    let second = ids.split_off(ids.len() / 2);
    [second, ids]
}

/// Whether those who wait are asked before a batch (decision 040).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Turns {
    /// They are.
    Kept,
    /// The batch is decided by itself.
    Left,
}

/// When orders that were read came.
type Arrivals = BTreeMap<OrderId, Timestamp>;

async fn together(
    env: &Env,
    ids: &[OrderId],
    turns: Turns,
    now: Timestamp,
    arrivals: &mut Arrivals,
) -> Result<(), Failure> {
    let mut last = Failure::Store(StoreError::Conflict);
    for attempt in 0..TRIES {
        match once(env, ids, turns, now, arrivals).await {
            Err(failure) if may_pass(&failure) => last = failure,
            other => return other,
        }
        tokio::time::sleep(pause(attempt, fastrand::u8(..))).await;
    }
    Err(last)
}

/// Somebody else wrote first, or AWS asks to slow down: taking the batch apart would make it worse.
fn may_pass(failure: &Failure) -> bool {
    failure.is_race() || matches!(failure, Failure::Store(StoreError::Throttled(_)))
}

/// How long contenders for one level wait before the next try: anything up to a limit that doubles, so that they
/// part ways.
fn pause(attempt: u32, chance: u8) -> Duration {
    let most = 8_u64 << attempt.min(6);
    Duration::from_millis(most * (u64::from(chance) + 1) / 256)
}

/// Reads, decides and writes one batch.
async fn once(
    env: &Env,
    ids: &[OrderId],
    turns: Turns,
    now: Timestamp,
    arrivals: &mut Arrivals,
) -> Result<(), Failure> {
    let mut by_merchant: BTreeMap<MerchantId, Vec<Order>> = BTreeMap::new();
    for order in env.db.orders(ids).await? {
        arrivals.insert(order.id.clone(), order.milestones.received);
        by_merchant.entry(order.merchant.clone()).or_default().push(order);
    }
    for (id, mut orders) in by_merchant {
        let merchant = env.merchants.get(&id, now).await?;
        let places = env.grounds.get(&id, now).await?;
        let seller = Seller { env, merchant: &merchant, places: &places, now };
        by_arrival(&mut orders);
        let (leaving, promising): (Vec<_>, Vec<_>) =
            orders.into_iter().filter(|order| stages(order).contains(&Queue::Allocate)).partition(|order| {
                matches!(order.status, Status::Dispatched | Status::Delivered | Status::Returned)
            });
        seller.promise(promising, turns).await?;
        seller.dispatch(leaving).await?;
    }
    Ok(())
}

/// A merchant whose orders are settled.
pub(crate) struct Seller<'a> {
    pub(crate) env: &'a Env,
    pub(crate) merchant: &'a Merchant,
    places: &'a Places,
    now: Timestamp,
}

impl Seller<'_> {
    async fn shelves(&self, skus: Vec<String>, candidates: &[Candidate]) -> Result<Shelves, Failure> {
        let mut skus = skus;
        skus.sort();
        skus.dedup();
        let warehouses = self.places.warehouses(candidates);
        Ok(self.env.db.shelves(&self.merchant.id, &skus, &warehouses).await?)
    }

    /// What these orders are made of, and the shelves they may be served from.
    async fn look(&self, orders: &[Order]) -> Result<(Catalogue, Shelves), Failure> {
        let catalogue = self.env.db.catalogue(&self.merchant.id, orders).await?;
        let skus = orders.iter().flat_map(|order| skus_of(order, &catalogue)).collect();
        let shelves = self.shelves(skus, &self.merchant.candidates()).await?;
        Ok((catalogue, shelves.good_on(local_date(self.now))))
    }

    async fn promise(&self, mut orders: Vec<Order>, turns: Turns) -> Result<(), Failure> {
        if orders.is_empty() {
            return Ok(());
        }
        let (mut catalogue, mut shelves) = self.look(&orders).await?;
        let ahead = match turns {
            Turns::Kept => ahead(self, &orders, &shelves).await?,
            Turns::Left => Ahead::default(),
        };
        let asked: BTreeSet<OrderId> = ahead.orders.iter().map(|order| order.id.clone()).collect();
        if !asked.is_empty() {
            orders.extend(ahead.orders);
            by_arrival(&mut orders);
            (catalogue, shelves) = self.look(&orders).await?;
        }
        let registry = self.merchant.candidates();
        let candidates = self.places.candidates(registry);
        let ground = Ground {
            candidates: &candidates,
            catalogue: &catalogue,
            policy: &self.places.policy,
            part_ship: self.merchant.part_ship,
            expiries: &shelves.expiries(),
        };
        let mut free = shelves.available();
        let mut batch = Batch::new(self, Settling::Promises, shelves.past);
        for before in orders {
            if asked.contains(&before.id) {
                let Some(order) = ask(&ground, &before, &mut free, self.now) else { continue };
                batch.go(before, order).await?;
                continue;
            }
            let (order, _) = promise(&ground, before.clone(), &mut free, self.now);
            batch.go(before, order).await?;
        }
        batch.offered(&ahead.offered);
        batch.write().await.map(|_| ())
    }

    /// Wakes the orders that wait for goods that were given back, the one that came first first. Should this be lost,
    /// each looks again within the hour.
    async fn wake_waiting(&self, skus: &BTreeSet<String>) -> Result<(), Failure> {
        if skus.is_empty() {
            return Ok(());
        }
        let waiting = self.env.db.backordered(&self.merchant.id, skus, MOST_ASKED).await?;
        let work: Vec<Work> =
            waiting.into_iter().map(|order| Work::Order { order: order.id, at: self.now }).collect();
        if !work.is_empty() {
            self.env.queues.send(Queue::Allocate, &work, 0).await?;
        }
        Ok(())
    }

    async fn dispatch(&self, orders: Vec<Order>) -> Result<(), Failure> {
        if orders.is_empty() {
            return Ok(());
        }
        let skus = orders.iter().flat_map(|o| leaving(o).into_keys().map(|(sku, _)| sku)).collect();
        let today = local_date(self.now);
        let mut shelves = self.shelves(skus, &self.merchant.candidates()).await?;
        let mut batch = Batch::new(self, Settling::Dispatch, BTreeMap::new());
        for mut order in orders {
            let changes = loop {
                let (changes, all) = next_to_leave(&leaving(&order), MOST_SLOTS);
                if all {
                    break changes;
                }
                let spots = taken_from(&order, &changes, &mut shelves, today);
                set_off(&mut order, changes.keys().cloned());
                order = batch.alone(order, changes, spots).await?;
            };
            let spots = taken_from(&order, &changes, &mut shelves, today);
            if !leave(&mut order, self.now) {
                order.due_at = match (stages(&order).is_empty(), order.milestones.shipped) {
                    (true, _) => None,
                    (false, shipped) => {
                        order.due_at.max(Some(after(shipped.unwrap_or(self.now), FIRST_LOOK)))
                    }
                };
            }
            batch.add(order, changes, spots).await?;
        }
        batch.write().await.map(|_| ())
    }
}

/// From which spots an order's goods leave: the packing bench for what was picked, otherwise as a picker would go, and
/// only when the books know of nothing else from what is past its day.
fn taken_from(
    order: &Order,
    changes: &Changes,
    shelves: &mut Shelves,
    today: Date,
) -> BTreeMap<Slot, BTreeMap<Spot, i64>> {
    let mut all = BTreeMap::new();
    for (slot, pieces) in changes {
        let Some(level) = shelves.levels.get_mut(slot) else { continue };
        let picked = order.picked.iter().filter(|p| (&p.sku, &p.warehouse) == (&slot.0, &slot.1));
        let (mut left, mut spots) = (*pieces, BTreeMap::<Spot, i64>::new());
        for packed in picked {
            let taken = packed.quantity.min(left);
            left -= taken;
            *spots.entry(packed.spot()).or_default() -= taken;
        }
        for mut shelf in [level.good_on(today), level.clone()] {
            // The second time only what the first left over.
            for (spot, taken) in &spots {
                if let Some(there) = shelf.spots.get_mut(spot) {
                    there.on_hand += taken;
                    there.free += taken;
                }
            }
            for (spot, taken) in shelf.draw(left, true) {
                left -= taken;
                *spots.entry(spot).or_default() -= taken;
            }
        }
        spots.retain(|_, taken| *taken != 0);
        for (spot, taken) in &spots {
            if let Some(there) = level.spots.get_mut(spot) {
                there.on_hand += taken;
                there.free += taken;
            }
        }
        all.insert(slot.clone(), spots);
    }
    all
}

/// Orders that are written together, as many as one transaction takes.
struct Batch<'a> {
    seller: &'a Seller<'a>,
    how: Settling,
    orders: Vec<Order>,
    changes: BatchChanges,
    /// Pieces past their day, which no promise may stand on.
    past: BTreeMap<Slot, i64>,
}

impl<'a> Batch<'a> {
    fn new(seller: &'a Seller<'a>, how: Settling, past: BTreeMap<Slot, i64>) -> Self {
        Self { seller, how, orders: Vec::new(), changes: BatchChanges::new(), past }
    }

    /// What was gathered so far; this one goes on with nothing.
    fn take(&mut self) -> Self {
        let next = Self::new(self.seller, self.how, self.past.clone());
        std::mem::replace(self, next)
    }

    /// Brings an order from `before` to `after`, in steps where one transaction does not do.
    async fn go(&mut self, before: Order, after: Order) -> Result<(), Failure> {
        let mut last = before;
        let mut steps = steps(&last, &after, MOST_SLOTS).into_iter().peekable();
        while let Some(mut step) = steps.next() {
            step.rev = last.rev;
            step.picked.clone_from(&last.picked);
            let spots = unpack(&mut step);
            let changes = difference(&held(&last), &held(&step));
            if steps.peek().is_some() {
                last = self.alone(step, changes, spots).await?;
            } else if step != last {
                return self.add(step, changes, spots).await;
            }
        }
        Ok(())
    }

    /// Writes an order in a transaction of its own, after all that was added before; gives it as it is stored now.
    async fn alone(
        &mut self,
        order: Order,
        changes: Changes,
        spots: BTreeMap<Slot, BTreeMap<Spot, i64>>,
    ) -> Result<Order, Failure> {
        self.take().write().await?;
        self.add(order, changes, spots).await?;
        self.take().write().await?.pop().ok_or(Failure::Fault("a batch lost its order"))
    }

    async fn add(
        &mut self,
        order: Order,
        changes: Changes,
        spots: BTreeMap<Slot, BTreeMap<Spot, i64>>,
    ) -> Result<(), Failure> {
        let mut slots: Vec<&Slot> = changes.keys().chain(spots.keys()).collect();
        slots.sort();
        slots.dedup();
        let new = slots.iter().filter(|slot| !self.changes.contains_key(**slot)).count();
        if actions(&self.changes, self.orders.len() + 1) + 2 * new > MAX_ACTIONS {
            self.take().write().await?;
        }
        for (slot, quantity) in changes {
            let past = self.past.get(&slot).copied().unwrap_or_default();
            let change = self.changes.entry(slot).or_default();
            change.past = past;
            change.orders.push((order.id.clone(), quantity));
        }
        for (slot, spots) in spots {
            let change = self.changes.entry(slot).or_default();
            for (spot, pieces) in spots {
                *change.spots.entry(spot).or_default() += pieces;
            }
        }
        self.orders.push(order);
        Ok(())
    }

    /// Says up to which time that pieces became free those who wait were asked, where the batch writes anyway.
    fn offered(&mut self, offered: &BTreeMap<Slot, i64>) {
        for (slot, change) in &mut self.changes {
            change.offered = offered.get(slot).copied();
        }
    }

    /// The SKUs of which channels may sell more or less than before, or of which fewer stand on the shelves.
    fn moved(&self) -> BTreeSet<String> {
        let moves = |change: &SlotChange| change.orders.iter().map(|(_, pieces)| pieces).sum::<i64>() != 0;
        self.changes.iter().filter(|(_, change)| moves(change)).map(|((sku, _), _)| sku.clone()).collect()
    }

    /// The SKUs of which the batch gives back more than it takes somewhere.
    fn given_back(&self) -> BTreeSet<String> {
        let back = |change: &SlotChange| change.orders.iter().map(|(_, pieces)| pieces).sum::<i64>() < 0;
        self.changes.iter().filter(|(_, change)| back(change)).map(|((sku, _), _)| sku.clone()).collect()
    }

    /// Writes the batch; gives its orders as they are stored now.
    async fn write(mut self) -> Result<Vec<Order>, Failure> {
        if self.orders.is_empty() {
            return Ok(Vec::new());
        }
        let Seller { env, merchant, now, .. } = *self.seller;
        env.pushes.announce(&merchant.id, self.moved(), now).await?;
        env.db.settle(&merchant.id, self.how, &self.changes, &mut self.orders, now).await?;
        let book: Vec<Work> = self
            .orders
            .iter()
            .filter(|o| stages(o).contains(&Queue::Book))
            .map(|o| Work::Order { order: o.id.clone(), at: now })
            .collect();
        for order in &self.orders {
            tracing::info!(order = %order.id, status = order.status.as_str(), "stock settled");
        }
        if !book.is_empty() {
            env.queues.send(Queue::Book, &book, 0).await?;
        }
        if self.how == Settling::Promises {
            self.seller.wake_waiting(&self.given_back()).await?;
        }
        Ok(self.orders)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contenders_wait_by_chance_and_longer_each_time() {
        assert!((0..=u8::MAX).all(|chance| pause(0, chance) <= Duration::from_millis(8)));
        assert_eq!(pause(7, u8::MAX), pause(6, u8::MAX));
        assert_ne!(pause(3, 0), pause(3, 200));
    }

    #[test]
    fn of_a_batch_that_is_taken_apart_the_half_that_came_first_goes_first() {
        let id = |n: u8| format!("ord_{n}").parse::<OrderId>().unwrap();
        let came = [(id(1), 40), (id(2), 10), (id(3), 30), (id(4), 20)];
        let arrivals: Arrivals =
            came.iter().map(|(id, at)| (id.clone(), Timestamp::from_second(*at).unwrap())).collect();
        let mut todo = vec![came.map(|(id, _)| id).to_vec()];
        let whole = todo.pop().unwrap();
        todo.extend(halves(whole, &arrivals));
        assert_eq!(todo.pop().unwrap(), [id(2), id(4)]);
        assert_eq!(todo.pop().unwrap(), [id(3), id(1)]);
    }

    #[test]
    fn what_may_pass_is_tried_again_before_a_batch_is_taken_apart() {
        assert!(may_pass(&Failure::Store(StoreError::Throttled("x".into()))));
        assert!(may_pass(&Failure::Store(StoreError::Conflict)));
        assert!(!may_pass(&Failure::Store(StoreError::Denied("x".into()))));
    }
}
