//! What a row needs besides itself: SKUs and warehouses that are known.

use crate::row::Row;
use std::collections::BTreeSet;
use waybill_domain::stock::Level;
use waybill_domain::{MerchantId, WarehouseId};
use waybill_store::stock::Shelves;
use waybill_store::uploads::RowError;
use waybill_store::{Db, StoreError};

/// What a count must be that orders or pick lists forbid.
pub(crate) const HELD: &str = "at least what orders and pick lists hold: release or short-pick them first";

/// Looks things up for a chunk of rows at a time.
pub(crate) struct Checker<'a> {
    pub(crate) db: &'a Db,
    pub(crate) merchant: &'a MerchantId,
    pub(crate) warehouses: &'a [WarehouseId],
}

impl Checker<'_> {
    /// Errors of rows that name what is not known, by line.
    pub(crate) async fn errors(&self, rows: &[(u64, Row)]) -> Result<Vec<RowError>, StoreError> {
        let named = |row: &Row| match row {
            Row::Part(_, part) => Some(part.sku.clone()),
            Row::Mapping(mapping) => Some(mapping.sku.clone()),
            Row::Take { sku, .. } => Some(sku.clone()),
            Row::Sku(_) | Row::Bin(..) => None,
        };
        let names: BTreeSet<String> = rows.iter().filter_map(|(_, row)| named(row)).collect();
        let unknown = if names.is_empty() {
            BTreeSet::new()
        } else {
            self.db.unknown_skus(self.merchant, &names).await?
        };
        let bundles: BTreeSet<String> = if names.is_empty() {
            BTreeSet::new()
        } else {
            let known = self.db.skus(self.merchant, &names.into_iter().collect::<Vec<_>>()).await?;
            known.into_iter().filter(|sku| sku.is_bundle()).map(|sku| sku.sku).collect()
        };
        let mut errors = Vec::new();
        for (line, row) in rows {
            let mut wrong = |column: &str, must: &str| {
                errors.push(RowError { line: *line, column: column.to_owned(), must: must.to_owned() });
            };
            let column = if matches!(row, Row::Part(..)) { "component" } else { "sku" };
            match named(row) {
                Some(sku) if unknown.contains(&sku) => wrong(column, "a SKU that is known"),
                Some(sku) if bundles.contains(&sku) && !matches!(row, Row::Mapping(_)) => {
                    wrong(column, "a single SKU, not a bundle");
                }
                _ => {}
            }
            if let Row::Bin(warehouse, _) | Row::Take { warehouse, .. } = row
                && !self.warehouses.contains(warehouse)
            {
                wrong("warehouse", "a warehouse that exists");
            }
        }
        Ok(errors)
    }

    /// Counts that cannot be booked, because orders or pick lists hold more than was counted, by line. `shelves` is
    /// what the rows before would leave.
    pub(crate) async fn held(
        &self,
        rows: &[&(u64, Row)],
        shelves: &mut Shelves,
    ) -> Result<Vec<RowError>, StoreError> {
        let takes = || {
            rows.iter().filter_map(|(line, row)| match row {
                Row::Take { sku, warehouse, spot, counted } => {
                    Some((*line, (sku.clone(), warehouse.clone()), spot, *counted))
                }
                _ => None,
            })
        };
        let new: BTreeSet<String> = takes().map(|(_, (sku, _), _, _)| sku).collect();
        if new.is_empty() {
            return Ok(Vec::new());
        }
        let names: Vec<String> = new.into_iter().collect();
        for (slot, level) in self.db.shelves(self.merchant, &names, self.warehouses).await?.levels {
            shelves.levels.entry(slot).or_insert(level);
        }
        let mut errors = Vec::new();
        for (line, slot, spot, counted) in takes() {
            let level = shelves.levels.entry(slot.clone()).or_insert_with(|| Level::empty(slot.1));
            let there = level.spots.get(spot).copied().unwrap_or_default();
            let variance = counted - there.on_hand;
            if variance < 0 && (level.available + variance < 0 || there.free + variance < 0) {
                let must = HELD.to_owned();
                errors.push(RowError { line, column: "counted".to_owned(), must });
                continue;
            }
            level.on_hand += variance;
            level.available += variance;
            let held = level.spots.entry(spot.clone()).or_default();
            held.on_hand += variance;
            held.free += variance;
        }
        Ok(errors)
    }
}
