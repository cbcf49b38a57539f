//! What a row needs besides itself: SKUs and warehouses that are known.

use crate::row::Row;
use std::collections::BTreeSet;
use waybill_domain::{MerchantId, WarehouseId};
use waybill_store::uploads::RowError;
use waybill_store::{Db, StoreError};

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
}
