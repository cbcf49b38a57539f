//! Goods on their way between warehouses: off the shelves of the one, not yet on those of the other.

use super::by_hand::Recorded;
use crate::db::{Db, from_item, key, n, to_item};
use crate::error::StoreError;
use aws_sdk_dynamodb::types::{Put, TransactWriteItem, Update};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use waybill_domain::stock::{Movement, MovementKind, Spot, Why};
use waybill_domain::{MerchantId, WarehouseId};

/// How often an arrival that another one crossed is tried again here.
const TRIES: usize = 5;

/// A transfer of one SKU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Transfer {
    /// What it is called; it leaves once.
    pub reference: String,
    /// Which SKU.
    pub sku: String,
    /// From where.
    pub from: WarehouseId,
    /// To where.
    pub to: WarehouseId,
    /// Pieces that left.
    pub sent: i64,
    /// Pieces that have not arrived.
    pub left: i64,
    /// From which spots they left, lots included; they arrive in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub goods: Vec<(Spot, i64)>,
    /// When it left.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub at: Timestamp,
}

impl Transfer {
    /// The next pieces to arrive, in their lots, put into the bin of `to`. Whoever names a lot is believed.
    fn arriving(&self, quantity: i64, to: &Spot) -> Vec<(Spot, i64)> {
        if to.lot.is_some() {
            return vec![(to.clone(), quantity)];
        }
        let (mut skip, mut want) = (self.sent - self.left, quantity);
        let mut spots: BTreeMap<Spot, i64> = BTreeMap::new();
        for (spot, pieces) in &self.goods {
            let gone = skip.min(*pieces);
            skip -= gone;
            let take = want.min(pieces - gone);
            want -= take;
            *spots.entry(spot.in_bin(to.bin.clone())).or_default() += take;
        }
        *spots.entry(to.clone()).or_default() += want;
        spots.into_iter().filter(|(_, pieces)| *pieces != 0).collect()
    }
}

fn pk(merchant: &MerchantId) -> String {
    format!("transfers#{merchant}")
}

impl Db {
    /// Sends goods on their way, from these spots.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn transfer_out(
        &self,
        merchant: &MerchantId,
        transfer: &Transfer,
        spots: Vec<(Spot, i64)>,
        by: Option<&str>,
    ) -> Result<Recorded, StoreError> {
        let mut movement =
            Movement::new(MovementKind::TransferOut, transfer.from.clone(), transfer.sent, transfer.at)
                .noted(Some(Why::Transfer), by, &transfer.reference);
        movement.spots = spots.iter().map(|(spot, pieces)| (spot.clone(), -pieces)).collect();
        let mut item = to_item(&Transfer { goods: spots, ..transfer.clone() })?;
        item.extend(key(&pk(merchant), &transfer.reference));
        let put = Put::builder()
            .table_name(&self.tables.stock)
            .set_item(Some(item))
            .condition_expression("attribute_not_exists(pk)")
            .build()
            .map_err(|_| StoreError::Corrupt("put"))?;
        let rest = vec![TransactWriteItem::builder().put(put).build()];
        self.record_with(merchant, &transfer.sku, movement, rest).await
    }

    /// Takes goods of a transfer in, all or a part of them; `part` tells parts of one transfer apart. `None` when
    /// there is no such transfer.
    ///
    /// # Errors
    /// As AWS answers.
    #[allow(clippy::too_many_arguments)]
    pub async fn transfer_in(
        &self,
        merchant: &MerchantId,
        reference: &str,
        part: &str,
        quantity: i64,
        to: Spot,
        by: Option<&str>,
        at: Timestamp,
    ) -> Result<Option<(Transfer, Recorded)>, StoreError> {
        for _ in 0..TRIES {
            let Some(transfer) = self.transfer(merchant, reference).await? else { return Ok(None) };
            let recorded = self.arrive(merchant, &transfer, part, quantity, &to, by, at).await?;
            // Another part arrived at the same moment: which lots are next has to be seen anew.
            let moved = recorded == Recorded::Short
                && self.transfer(merchant, reference).await?.is_some_and(|now| now.left != transfer.left);
            if !moved {
                return Ok(Some((transfer, recorded)));
            }
        }
        Err(StoreError::Conflict)
    }

    /// A transfer that is under way.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn transfer(
        &self,
        merchant: &MerchantId,
        reference: &str,
    ) -> Result<Option<Transfer>, StoreError> {
        let item = self.get(&self.tables.stock, &pk(merchant), reference).await?;
        item.map(|item| from_item(item, "transfer")).transpose()
    }

    #[allow(clippy::too_many_arguments)]
    async fn arrive(
        &self,
        merchant: &MerchantId,
        transfer: &Transfer,
        part: &str,
        quantity: i64,
        to: &Spot,
        by: Option<&str>,
        at: Timestamp,
    ) -> Result<Recorded, StoreError> {
        let reference = &transfer.reference;
        let mut movement = Movement::new(MovementKind::TransferIn, transfer.to.clone(), quantity, at).noted(
            Some(Why::Transfer),
            by,
            &format!("{reference}:{part}"),
        );
        movement.spots = transfer.arriving(quantity, to);
        let update = Update::builder()
            .table_name(&self.tables.stock)
            .set_key(Some(key(&pk(merchant), reference)))
            .update_expression("ADD #left :less")
            .condition_expression("#left >= :pieces AND #left = :read")
            .expression_attribute_names("#left", "left")
            .expression_attribute_values(":less", n(-quantity))
            .expression_attribute_values(":pieces", n(quantity))
            .expression_attribute_values(":read", n(transfer.left))
            .build()
            .map_err(|_| StoreError::Corrupt("update"))?;
        let rest = vec![TransactWriteItem::builder().update(update).build()];
        self.record_with(merchant, &transfer.sku, movement, rest).await
    }

    /// Every transfer, by reference.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn transfers(&self, merchant: &MerchantId) -> Result<Vec<Transfer>, StoreError> {
        let items = self.partition(&pk(merchant)).await?;
        items.into_iter().map(|item| from_item(item, "transfer")).collect()
    }
}
