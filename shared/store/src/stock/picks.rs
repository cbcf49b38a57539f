//! Pick lists: what they ask for is held in its spot, and each stop is confirmed once.

use super::ledger::Ledger;
use crate::db::{Db, MAX_ACTIONS, from_item, key, n, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;
use std::collections::BTreeMap;
use waybill_domain::allocation::{Changes, Slot, skus_of};
use waybill_domain::booking::plan;
use waybill_domain::catalogue::Catalogue;
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Hold, Order, Status};
use waybill_domain::picking::{self, PickList, Style, Taken, Task, TaskState};
use waybill_domain::service::local_date;
use waybill_domain::stock::{BinId, Level, Movement, MovementKind, Spot, Why};
use waybill_domain::time::after;
use waybill_domain::{MerchantId, OrderId, WarehouseId};

/// The most stops of one list: its levels and the list itself must fit one transaction.
pub const MOST_STOPS: usize = MAX_ACTIONS - 1;
/// How often a list is planned, or a stop confirmed, anew when goods moved meanwhile.
const TRIES: usize = 8;

fn pk(merchant: &MerchantId) -> String {
    format!("picks#{merchant}")
}

/// What is to be picked.
#[derive(Debug, Clone)]
pub struct Request {
    /// What the list will be called; it is made once.
    pub id: String,
    /// In which warehouse.
    pub warehouse: WarehouseId,
    /// How it is walked.
    pub style: Style,
    /// In which zone alone.
    pub zone: Option<String>,
    /// For which orders, oldest first.
    pub orders: Vec<OrderId>,
}

/// What a confirmed stop led to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confirmed {
    /// The list as it is now.
    pub list: PickList,
    /// Pieces that were not there, by order.
    pub missing: Vec<(OrderId, i64)>,
    /// Orders that must be allocated anew because of that.
    pub again: Vec<OrderId>,
}

/// Why a stop was not confirmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotConfirmed {
    /// There is no such list or stop.
    Unknown,
    /// The scan was wrong.
    Wrong(picking::Wrong),
}

impl Db {
    /// Makes a pick list, or gives the one of that name. Gives what was found in no spot, too.
    ///
    /// # Errors
    /// As AWS answers; `Conflict` when goods kept moving.
    pub async fn make_pick_list(
        &self,
        merchant: &MerchantId,
        request: &Request,
        at: Timestamp,
    ) -> Result<(PickList, Changes), StoreError> {
        for _ in 0..TRIES {
            if let Some(list) = self.pick_list(merchant, &request.id).await? {
                return Ok((list, Changes::new()));
            }
            let mut orders = self.orders(&request.orders).await?;
            orders.retain(|o| o.merchant == *merchant && o.holds_stock());
            let skus: Vec<String> = orders.iter().flat_map(|o| skus_of(o, &Catalogue::default())).collect();
            let shelves =
                self.shelves(merchant, &unique(skus), std::slice::from_ref(&request.warehouse)).await?;
            let shelves = shelves.good_on(local_date(at));
            let levels: BTreeMap<String, Level> =
                shelves.levels.into_iter().map(|((sku, _), level)| (sku, level)).collect();
            let bins = self.bins(merchant, &request.warehouse).await?;
            let asked = picking::asked(&self.open_pick_lists(merchant, &request.warehouse).await?);
            let (mut tasks, missing) = picking::plan(
                &orders,
                &request.warehouse,
                &levels,
                &bins,
                &asked,
                request.style,
                request.zone.as_deref(),
            );
            tasks.truncate(MOST_STOPS);
            let list = PickList {
                id: request.id.clone(),
                warehouse: request.warehouse.clone(),
                style: request.style,
                at,
                tasks,
                rev: 1,
            };
            let mut ledger = Ledger::default();
            for task in &list.tasks {
                ledger.ask(&(task.sku.clone(), list.warehouse.clone()), &task.spot, task.quantity);
            }
            let put = self.pick_list_put(merchant, &list)?;
            match self.commit(merchant, &ledger, &mut [], vec![put]).await {
                Ok(()) => return Ok((list, missing)),
                Err(StoreError::Condition { .. } | StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Confirms a stop. Pieces that were not there are taken off the stock and off the orders' promises; the orders
    /// are then to be allocated anew. Whoever was promised last goes short.
    ///
    /// # Errors
    /// As AWS answers; `Conflict` when orders kept changing.
    #[allow(clippy::too_many_arguments)]
    pub async fn confirm_pick(
        &self,
        merchant: &MerchantId,
        id: &str,
        stop: u32,
        bin: Option<&BinId>,
        scanned: &str,
        quantity: i64,
        by: &str,
        at: Timestamp,
    ) -> Result<Result<Confirmed, NotConfirmed>, StoreError> {
        for _ in 0..TRIES {
            let Some(mut list) = self.pick_list(merchant, id).await? else {
                return Ok(Err(NotConfirmed::Unknown));
            };
            let Some(place) = list.tasks.iter().position(|task| task.n == stop) else {
                return Ok(Err(NotConfirmed::Unknown));
            };
            let task = list.tasks[place].clone();
            let barcodes = self.skus(merchant, std::slice::from_ref(&task.sku)).await?;
            let barcodes = barcodes.into_iter().flat_map(|sku| sku.barcodes).collect::<Vec<_>>();
            let taken = match picking::confirm(&task, bin, scanned, &barcodes, quantity) {
                Ok(taken) => taken,
                Err(wrong) => return Ok(Err(NotConfirmed::Wrong(wrong))),
            };
            let ids: Vec<OrderId> = task.orders.iter().map(|(order, _)| order.clone()).collect();
            let mut orders = self.orders(&ids).await?;
            let slot = (task.sku.clone(), list.warehouse.clone());
            let level = self.level(merchant, &slot).await?;
            let there = level.and_then(|l| l.spots.get(&task.spot).map(|held| held.on_hand));
            let mut booking = Booking::new(&list, &task, by, at);
            let again = booking.of(&mut orders, &taken, there.unwrap_or_default())?;
            list.tasks[place].state = TaskState::Done;
            list.tasks[place].picked = quantity;
            list.rev += 1;
            let put = self.pick_list_put(merchant, &list)?;
            match self.commit(merchant, &booking.ledger, &mut booking.changed, vec![put]).await {
                Ok(()) => {
                    return Ok(Ok(Confirmed { list, missing: taken.missing, again }));
                }
                Err(StoreError::Condition { .. } | StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Closes a list: what it still asks for is free again. `None` when there is no such list.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn drop_pick_list(
        &self,
        merchant: &MerchantId,
        id: &str,
    ) -> Result<Option<PickList>, StoreError> {
        for _ in 0..TRIES {
            let Some(mut list) = self.pick_list(merchant, id).await? else { return Ok(None) };
            if !list.is_open() {
                return Ok(Some(list));
            }
            let mut ledger = Ledger::default();
            for task in list.tasks.iter_mut().filter(|t| t.state == TaskState::Open) {
                ledger.ask(&(task.sku.clone(), list.warehouse.clone()), &task.spot, -task.quantity);
                task.state = TaskState::Dropped;
            }
            list.rev += 1;
            let put = self.pick_list_put(merchant, &list)?;
            match self.commit(merchant, &ledger, &mut [], vec![put]).await {
                Ok(()) => return Ok(Some(list)),
                Err(StoreError::Condition { .. } | StoreError::Conflict) => {}
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// One pick list.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn pick_list(&self, merchant: &MerchantId, id: &str) -> Result<Option<PickList>, StoreError> {
        let item = self.get(&self.tables.stock, &pk(merchant), id).await?;
        item.map(|i| from_item(i, "pick list")).transpose()
    }

    /// Every pick list, by id.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn pick_lists(&self, merchant: &MerchantId) -> Result<Vec<PickList>, StoreError> {
        let items = self.partition(&pk(merchant)).await?;
        items.into_iter().map(|item| from_item(item, "pick list")).collect()
    }

    async fn open_pick_lists(
        &self,
        merchant: &MerchantId,
        warehouse: &WarehouseId,
    ) -> Result<Vec<PickList>, StoreError> {
        let mut lists = self.pick_lists(merchant).await?;
        lists.retain(|list| list.warehouse == *warehouse && list.is_open());
        Ok(lists)
    }

    fn pick_list_put(&self, merchant: &MerchantId, list: &PickList) -> Result<TransactWriteItem, StoreError> {
        let mut item = to_item(list)?;
        item.extend(key(&pk(merchant), &list.id));
        let put = Put::builder().table_name(&self.tables.stock).set_item(Some(item));
        let put = if list.rev == 1 {
            put.condition_expression("attribute_not_exists(pk)")
        } else {
            put.condition_expression("rev = :held").expression_attribute_values(":held", n(list.rev - 1))
        };
        let put = put.build().map_err(|_| StoreError::Corrupt("put"))?;
        Ok(TransactWriteItem::builder().put(put).build())
    }

    /// Puts a number into a level as no movement does: for checks that must find it.
    ///
    /// # Errors
    /// As AWS answers.
    #[cfg(feature = "memory")]
    pub async fn corrupt_level(
        &self,
        merchant: &MerchantId,
        slot: &Slot,
        attribute: &str,
        by: i64,
    ) -> Result<(), StoreError> {
        self.client
            .update_item()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&super::sku_pk(merchant, &slot.0), &super::level_sk(&slot.1))))
            .update_expression("ADD #a :by SET warehouse = :w")
            .expression_attribute_names("#a", attribute)
            .expression_attribute_values(":by", n(by))
            .expression_attribute_values(":w", crate::db::s(slot.1.as_str()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:UpdateItem", &e))?;
        Ok(())
    }
}

fn unique(mut names: Vec<String>) -> Vec<String> {
    names.sort();
    names.dedup();
    names
}

/// What one confirmed stop does to stock and orders.
struct Booking<'a> {
    list: String,
    warehouse: WarehouseId,
    task: &'a Task,
    by: &'a str,
    at: Timestamp,
    ledger: Ledger,
    changed: Vec<Order>,
}

impl<'a> Booking<'a> {
    fn new(list: &PickList, task: &'a Task, by: &'a str, at: Timestamp) -> Self {
        let (list, warehouse) = (list.id.clone(), list.warehouse.clone());
        Self { list, warehouse, task, by, at, ledger: Ledger::default(), changed: Vec::new() }
    }

    fn movement(&self, kind: MovementKind, quantity: i64) -> Movement {
        let reference = format!("{}/{}", self.list, self.task.n);
        Movement::new(kind, self.warehouse.clone(), quantity, self.at).noted(
            Some(Why::Order),
            Some(self.by),
            &reference,
        )
    }

    fn add(&mut self, sku: &str, movement: Movement) -> Result<(), StoreError> {
        let sk = super::ledger::once(&movement)?;
        self.ledger.add(sku, sk, movement);
        Ok(())
    }

    /// Books what was taken and what was missing; gives the orders that are to be allocated anew. `there` is what the
    /// books say lies in the spot: goods that left without being picked may have been drawn from it, and what is gone
    /// from the books can neither be taken nor be missing.
    fn of(&mut self, orders: &mut Vec<Order>, said: &Taken, there: i64) -> Result<Vec<OrderId>, StoreError> {
        let slot: Slot = (self.task.sku.clone(), self.warehouse.clone());
        let mut room = there;
        let mut within = |all: &[(OrderId, i64)]| -> Vec<(OrderId, i64)> {
            let one = |(order, pieces): &(OrderId, i64)| {
                let pieces = (*pieces).min(room).max(0);
                room -= pieces;
                (order.clone(), pieces)
            };
            all.iter().map(one).collect()
        };
        let taken = Taken { taken: within(&said.taken), missing: within(&said.missing) };
        let got: i64 = taken.taken.iter().map(|(_, q)| q).sum();
        let (mut packed, mut short, mut again) = (0, Vec::new(), Vec::new());
        let mut released: BTreeMap<Slot, Vec<(OrderId, i64)>> = BTreeMap::new();
        for mut order in std::mem::take(orders) {
            let before = order.clone();
            let of =
                |all: &[(OrderId, i64)]| all.iter().find(|(id, _)| *id == order.id).map_or(0, |(_, q)| *q);
            let (mine, missing) = (of(&taken.taken), of(&taken.missing));
            if order.holds_stock() {
                packed += picking::record(&mut order, &slot, self.task.spot.lot.as_ref(), mine);
                let (lost, back) = picking::fall_short(&mut order, &slot, missing);
                if lost > 0 {
                    short.push((order.id.clone(), lost));
                    if replan(&mut order, self.at) {
                        again.push(order.id.clone());
                    }
                }
                for (other, quantity) in back {
                    released.entry(other).or_default().push((order.id.clone(), quantity));
                }
            }
            if order != before {
                self.changed.push(order);
            }
        }
        // The stop no longer asks for anything, whatever was found.
        self.ledger.ask(&slot, &self.task.spot, -self.task.quantity);
        if got > 0 {
            let mut pick = self.movement(MovementKind::Pick, got);
            // What nobody wants any more was taken off the shelf all the same: it waits at the dock.
            let to = |place: Spot| self.task.spot.in_bin(place.bin);
            pick.spots = [
                (self.task.spot.clone(), -got),
                (to(Spot::pack()), packed),
                (to(Spot::dock()), got - packed),
            ]
            .into_iter()
            .filter(|(_, q)| *q != 0)
            .collect();
            self.add(&slot.0, pick)?;
        }
        let lost: i64 = short.iter().map(|(_, q)| q).sum();
        if lost > 0 {
            let mut movement = self.movement(MovementKind::ShortPick, lost);
            movement.spots = vec![(self.task.spot.clone(), -lost)];
            movement.orders = short;
            self.add(&slot.0, movement)?;
        }
        for ((sku, _), orders) in released {
            let back: i64 = orders.iter().map(|(_, q)| -q).sum();
            let mut movement = self.movement(MovementKind::Release, back);
            movement.orders = orders;
            self.add(&sku, movement)?;
        }
        Ok(again)
    }
}

/// An order that lost goods is allocated anew; where a label may exist, a person must see to it first.
fn replan(order: &mut Order, at: Timestamp) -> bool {
    let free = order.shipments == 0 && order.claim.is_none();
    match order.status {
        Status::Allocated | Status::PartAllocated | Status::Picking if free => {
            order.status = Status::Received;
            order.due_at = Some(after(at, SWEEP_AFTER));
            true
        }
        Status::Received | Status::Backordered => true,
        // A held one is looked at anyway; a cancelled one would only have given them back.
        Status::Held | Status::Cancelled => false,
        // A parcel with nothing in it does not leave.
        Status::Booked if plan(order).len() < order.shipments as usize => {
            order.status = Status::Held;
            order.hold = Some(Hold::Exception);
            order.due_at = None;
            order.raise(Reason::ShortPicked, None, at);
            false
        }
        _ => {
            order.raise(Reason::ShortPicked, None, at);
            false
        }
    }
}
