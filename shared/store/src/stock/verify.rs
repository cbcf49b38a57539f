//! The proof that stock is what its movements say and that orders hold what is reserved: walks a merchant's SKUs, then
//! its open orders, and names the first difference.

use super::counts::CountState;
use crate::catalogue::SKU_SHARDS;
use crate::db::{Db, Item};
use crate::error::StoreError;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::allocation::held;
use waybill_domain::order::{Order, Status};
use waybill_domain::picking::{PickList, TaskState};
use waybill_domain::stock::{Effect, Level, Movement, Spot, holders};
use waybill_domain::{MerchantId, OrderId, WarehouseId};

/// Orders of these statuses may hold stock; others have given it up or let it go.
const OPEN: [Status; 8] = [
    Status::Received,
    Status::Allocated,
    Status::PartAllocated,
    Status::Backordered,
    Status::Held,
    Status::Picking,
    Status::Booked,
    Status::Cancelled,
];
/// SKUs checked at a time.
const PAGE: i32 = 50;
/// How often a difference is looked at again before it is believed: somebody may have been writing.
const LOOKS: usize = 3;

/// Two figures that should be one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Difference {
    /// Of which SKU.
    pub sku: String,
    /// Where.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub warehouse: Option<WarehouseId>,
    /// Which figure.
    pub figure: String,
    /// What is stored.
    pub stored: i64,
    /// What it should be.
    pub should_be: i64,
    /// Which order, where one is concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub order: Option<OrderId>,
}

/// How far a walk is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "at", rename_all = "snake_case")]
pub enum Walk {
    /// Among the SKUs of a shard, after this one.
    Skus {
        /// Which shard.
        shard: u8,
        /// After which SKU.
        after: Option<String>,
    },
    /// Among the orders of a status, by its place in the list of statuses, after this row of the index.
    Orders {
        /// Which status.
        status: usize,
        /// After which row: id and time.
        after: Option<(OrderId, String)>,
    },
    /// At the end.
    Done,
}

impl Default for Walk {
    fn default() -> Self {
        Self::Skus { shard: 0, after: None }
    }
}

/// What a walk has seen.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, JsonSchema)]
#[schemars(rename = "VerifySeen")]
pub struct Seen {
    /// SKUs.
    pub skus: usize,
    /// Levels.
    pub levels: usize,
    /// Movements.
    pub movements: usize,
    /// Orders.
    pub orders: usize,
    /// The first difference.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<Difference>,
}

impl Db {
    /// Walks everything of a merchant.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn verify(&self, merchant: &MerchantId) -> Result<Seen, StoreError> {
        let mut seen = Seen::default();
        let mut walk = Walk::default();
        while walk != Walk::Done && seen.difference.is_none() {
            walk = self.verify_step(merchant, walk, &mut seen).await?;
        }
        Ok(seen)
    }

    /// Walks one page on.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn verify_step(
        &self,
        merchant: &MerchantId,
        walk: Walk,
        seen: &mut Seen,
    ) -> Result<Walk, StoreError> {
        match walk {
            Walk::Skus { shard, after } => {
                let page = self.sku_page(merchant, shard, after.as_deref(), PAGE).await?;
                for sku in &page {
                    if let Some(difference) = self.verify_sku(merchant, &sku.sku, seen).await? {
                        seen.difference = Some(difference);
                        return Ok(Walk::Done);
                    }
                }
                Ok(match page.last() {
                    Some(last) => Walk::Skus { shard, after: Some(last.sku.clone()) },
                    None if shard + 1 < SKU_SHARDS => Walk::Skus { shard: shard + 1, after: None },
                    None => Walk::Orders { status: 0, after: None },
                })
            }
            Walk::Orders { status, after } => {
                let Some(named) = OPEN.get(status).copied() else { return Ok(Walk::Done) };
                let from = after.map(|(id, placed_at)| {
                    let mut item: Item = crate::db::key(id.as_str(), crate::orders::ORDER);
                    item.insert(
                        "status_key".into(),
                        crate::db::s(crate::orders::status_key(merchant, named)),
                    );
                    item.insert("placed_at".into(), crate::db::s(placed_at));
                    item
                });
                let (orders, next) = self.oldest_of(merchant, named, from).await?;
                for order in orders {
                    seen.orders += 1;
                    if let Some(difference) = self.verify_order(merchant, order).await? {
                        seen.difference = Some(difference);
                        return Ok(Walk::Done);
                    }
                }
                let text = |item: &Item, name: &str| item.get(name).and_then(|v| v.as_s().ok()).cloned();
                Ok(match next {
                    Some(item) => {
                        let id = crate::orders::pk_of(&item)?;
                        let placed_at = text(&item, "placed_at").ok_or(StoreError::Corrupt("index row"))?;
                        Walk::Orders { status, after: Some((id, placed_at)) }
                    }
                    None => Walk::Orders { status: status + 1, after: None },
                })
            }
            Walk::Done => Ok(Walk::Done),
        }
    }

    /// Checks one SKU: levels against movements, spots against pick lists, reservations against the orders that are
    /// said to hold them.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn verify_sku(
        &self,
        merchant: &MerchantId,
        sku: &str,
        seen: &mut Seen,
    ) -> Result<Option<Difference>, StoreError> {
        let mut found = None;
        for look in 0..LOOKS {
            let lists = self.pick_lists(merchant).await?;
            let (levels, movements) = self.sku(merchant, sku).await?;
            let holding: BTreeSet<OrderId> = holders(&movements).into_iter().map(|h| h.order).collect();
            let orders = self.orders(&holding.into_iter().collect::<Vec<_>>()).await?;
            if look == 0 {
                seen.skus += 1;
                seen.levels += levels.len();
                seen.movements += movements.len();
            }
            found = differs(sku, &levels, &movements, &lists, &orders);
            if found.is_none() {
                break;
            }
        }
        Ok(found)
    }

    /// Checks that what an order says it holds is recorded as held by it.
    async fn verify_order(
        &self,
        merchant: &MerchantId,
        mut order: Order,
    ) -> Result<Option<Difference>, StoreError> {
        let mut found = None;
        for look in 0..LOOKS {
            if look > 0 {
                let Some(again) = self.order(&order.id).await? else { return Ok(None) };
                order = again;
            }
            found = None;
            if !order.holds_stock() {
                return Ok(None);
            }
            for ((sku, warehouse), pieces) in held(&order) {
                let (_, movements) = self.sku(merchant, &sku).await?;
                let recorded: i64 = holders(&movements)
                    .iter()
                    .filter(|h| h.order == order.id && h.warehouse == warehouse)
                    .map(|h| h.quantity)
                    .sum();
                if recorded != pieces {
                    let figure = "held by the order".to_owned();
                    let order = Some(order.id.clone());
                    let warehouse = Some(warehouse);
                    found = Some(Difference {
                        sku,
                        warehouse,
                        figure,
                        stored: pieces,
                        should_be: recorded,
                        order,
                    });
                    break;
                }
            }
            if found.is_none() {
                return Ok(None);
            }
        }
        Ok(found)
    }

    /// Pieces under way between warehouses, by SKU, as the transfers say.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn in_transit(&self, merchant: &MerchantId) -> Result<BTreeMap<String, i64>, StoreError> {
        let mut all = BTreeMap::new();
        for transfer in self.transfers(merchant).await?.into_iter().filter(|t| t.left > 0) {
            *all.entry(transfer.sku).or_default() += transfer.left;
        }
        Ok(all)
    }

    /// Counts that wait for a second person.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn waiting_counts(
        &self,
        merchant: &MerchantId,
    ) -> Result<Vec<super::counts::Count>, StoreError> {
        let mut counts = self.counts(merchant).await?;
        counts.retain(|count| count.state == CountState::Waiting);
        Ok(counts)
    }
}

/// What is added up for one warehouse.
#[derive(Default)]
struct Sum {
    effect: Effect,
    spots: BTreeMap<Spot, i64>,
}

/// The first figure of a SKU that is not what it should be.
fn differs(
    sku: &str,
    levels: &[Level],
    movements: &[Movement],
    lists: &[PickList],
    orders: &[Order],
) -> Option<Difference> {
    let mut sums: BTreeMap<WarehouseId, Sum> = BTreeMap::new();
    for movement in movements {
        let sum = sums.entry(movement.warehouse.clone()).or_default();
        sum.effect += movement.effect();
        for (spot, pieces) in &movement.spots {
            *sum.spots.entry(spot.clone()).or_default() += pieces;
        }
    }
    let at = |warehouse: &WarehouseId, figure: String, stored, should_be| {
        let warehouse = Some(warehouse.clone());
        (stored != should_be).then(|| Difference {
            sku: sku.to_owned(),
            warehouse,
            figure,
            stored,
            should_be,
            order: None,
        })
    };
    for level in levels {
        let Sum { effect, mut spots } = sums.remove(&level.warehouse).unwrap_or_default();
        let w = &level.warehouse;
        let figures = [
            ("on hand", level.on_hand, effect.on_hand),
            ("reserved", level.reserved, effect.reserved),
            ("available", level.available, effect.on_hand - effect.reserved),
            ("quarantined", level.quarantined, effect.quarantined),
        ];
        for (figure, stored, should_be) in figures {
            if let Some(found) = at(w, figure.to_owned(), stored, should_be) {
                return Some(found);
            }
        }
        for (spot, held) in &level.spots {
            let should_be = spots.remove(spot).unwrap_or_default();
            let asked: i64 = lists
                .iter()
                .filter(|list| list.warehouse == *w)
                .flat_map(|list| &list.tasks)
                .filter(|t| t.state == TaskState::Open && t.sku == sku && t.spot == *spot)
                .map(|t| t.quantity)
                .sum();
            let found = at(w, format!("on hand in {spot}"), held.on_hand, should_be)
                .or_else(|| at(w, format!("free in {spot}"), held.free, held.on_hand - asked));
            if found.is_some() {
                return found;
            }
        }
        if let Some((spot, should_be)) = spots.into_iter().find(|(_, q)| *q != 0) {
            return at(w, format!("on hand in {spot}"), 0, should_be);
        }
        if !level.is_sound() {
            return Some(Difference {
                sku: sku.to_owned(),
                warehouse: Some(w.clone()),
                figure: "promised and not there".to_owned(),
                stored: level.reserved,
                should_be: level.on_hand,
                order: None,
            });
        }
    }
    if let Some((warehouse, sum)) = sums.into_iter().find(|(_, sum)| sum.effect != Effect::default()) {
        return at(&warehouse, "on hand, of which there is no level".to_owned(), 0, sum.effect.on_hand);
    }
    for holder in holders(movements) {
        let order = orders.iter().find(|o| o.id == holder.order && !o.stock_settled);
        let slot = (sku.to_owned(), holder.warehouse.clone());
        let holds = order.and_then(|o| held(o).get(&slot).copied()).unwrap_or_default();
        if let Some(found) = at(&holder.warehouse, "held by the order".to_owned(), holds, holder.quantity) {
            return Some(Difference { order: Some(holder.order), ..found });
        }
    }
    None
}
