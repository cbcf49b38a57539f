//! Movements that staff, imports and other systems record, each once by its reference.

use super::ledger::{Ledger, once};
use super::sku_pk;
use crate::db::{Db, from_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::TransactWriteItem;
use jiff::Timestamp;
use jiff::civil::Date;
use waybill_domain::MerchantId;
use waybill_domain::allocation::Slot;
use waybill_domain::stock::{Level, Movement, MovementKind, Spot, Why};

/// What became of a movement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recorded {
    /// It was carried out.
    Done,
    /// It had been carried out before, exactly so.
    Repeat,
    /// Another movement has this reference.
    Different,
    /// There is not that much to take, or orders or pick lists hold it.
    Short,
}

/// How often a write that another one crossed is tried again here.
const TRIES: usize = 5;

impl Db {
    /// Records a movement with a reference, once. Goods that arrive make their level and their SKU known.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the movement is not whole or has no reference.
    pub async fn record(
        &self,
        merchant: &MerchantId,
        sku: &str,
        movement: Movement,
    ) -> Result<Recorded, StoreError> {
        let mut rest = Vec::new();
        if movement.kind == MovementKind::Receive
            && let Some(update) = self.arrival_of(merchant, sku, &movement).await?
        {
            rest.push(update);
        }
        self.record_with(merchant, sku, movement, rest).await
    }

    /// As [`Db::record`], with other writes that belong to it.
    pub(crate) async fn record_with(
        &self,
        merchant: &MerchantId,
        sku: &str,
        movement: Movement,
        mut rest: Vec<TransactWriteItem>,
    ) -> Result<Recorded, StoreError> {
        if !movement.is_whole() {
            return Err(StoreError::Corrupt("a movement whose spots do not add up"));
        }
        let effect = movement.effect();
        let arrives = effect.on_hand > 0 || effect.quarantined > 0;
        let mut ledger = if arrives { Ledger::fresh() } else { Ledger::default() };
        let sk = once(&movement)?;
        ledger.add(sku, sk.clone(), movement.clone());
        if arrives {
            rest.push(self.make_known(merchant, sku)?);
        }
        self.enter(merchant, sku, &sk, &movement, &ledger, rest).await
    }

    /// Writes a ledger whose first movement makes the whole of it happen once.
    pub(crate) async fn enter(
        &self,
        merchant: &MerchantId,
        sku: &str,
        sk: &str,
        movement: &Movement,
        ledger: &Ledger,
        rest: Vec<TransactWriteItem>,
    ) -> Result<Recorded, StoreError> {
        for _ in 0..TRIES {
            match self.commit(merchant, ledger, &mut [], rest.clone()).await {
                Ok(()) => return Ok(Recorded::Done),
                Err(StoreError::Conflict) => continue,
                Err(StoreError::Condition { failed }) if failed.contains(&0) => {
                    let item = self.get(&self.tables.stock, &sku_pk(merchant, sku), sk).await?;
                    let stored: Option<Movement> = item.map(|i| from_item(i, "movement")).transpose()?;
                    let same = stored.is_some_and(|before| {
                        let Movement { kind, warehouse, quantity, .. } = movement;
                        (&before.kind, &before.warehouse, &before.quantity) == (kind, warehouse, quantity)
                    });
                    return Ok(if same { Recorded::Repeat } else { Recorded::Different });
                }
                Err(StoreError::Condition { .. }) => return Ok(Recorded::Short),
                Err(error) => return Err(error),
            }
        }
        Err(StoreError::Conflict)
    }

    /// Takes goods in at a warehouse's dock, making the level if the SKU is new there. `reference` makes a repeat
    /// harmless: the same reference is received once.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn receive(
        &self,
        merchant: &MerchantId,
        (sku, warehouse): &Slot,
        quantity: i64,
        reference: &str,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        let movement = Movement::new(MovementKind::Receive, warehouse.clone(), quantity, at)
            .between(None, Some(Spot::dock()))
            .noted(Some(Why::Opening), None, reference);
        self.record_with(merchant, sku, movement, Vec::new()).await.map(|_| ())
    }

    /// From which spots goods of a movement are best taken when nobody named one: see [`Level::draw`]. With `good_on`
    /// only from those that may still be sold on that day. `None` when there are not that many.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn draw(
        &self,
        merchant: &MerchantId,
        slot: &Slot,
        quantity: i64,
        good_on: Option<Date>,
    ) -> Result<Option<Vec<(Spot, i64)>>, StoreError> {
        let Some(level) = self.level(merchant, slot).await? else { return Ok(None) };
        let level = good_on.map_or_else(|| level.clone(), |today| level.good_on(today));
        let drawn = level.draw(quantity, false);
        Ok((drawn.iter().map(|(_, q)| q).sum::<i64>() == quantity).then_some(drawn))
    }

    /// One level.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn level(&self, merchant: &MerchantId, slot: &Slot) -> Result<Option<Level>, StoreError> {
        let item =
            self.get(&self.tables.stock, &sku_pk(merchant, &slot.0), &super::level_sk(&slot.1)).await?;
        item.map(|i| from_item(i, "level")).transpose()
    }
}
