//! Writing a chunk of good rows. Each row may be written again: it then changes nothing.

use crate::check::HELD;
use crate::import::Ask;
use crate::row::Row;
use std::collections::BTreeMap;
use waybill_domain::catalogue::{Part, Sku};
use waybill_store::uploads::RowError;
use waybill_store::{Db, StoreError};

/// A count of an upload is booked whatever it differs by: whoever may upload files may approve.
const NO_LIMIT: i64 = i64::MAX;

/// Writes rows; gives those that could not be.
pub(crate) async fn write(
    db: &Db,
    ask: &Ask<'_>,
    rows: Vec<(u64, Row)>,
) -> Result<Vec<RowError>, StoreError> {
    let mut errors = Vec::new();
    let names: Vec<String> = rows
        .iter()
        .filter_map(|(_, row)| match row {
            Row::Sku(sku) => Some(sku.sku.clone()),
            Row::Part(bundle, _) => Some(bundle.clone()),
            _ => None,
        })
        .collect();
    let mut known: BTreeMap<String, Sku> = BTreeMap::new();
    if !names.is_empty() {
        let mut names = names;
        names.sort();
        names.dedup();
        let skus = db.skus(ask.merchant, &names).await?;
        known.extend(skus.into_iter().map(|sku| (sku.sku.clone(), sku)));
    }
    let mut bundles: BTreeMap<String, Vec<Part>> = BTreeMap::new();
    for (line, row) in rows {
        match row {
            Row::Sku(mut sku) => {
                // What it is made of comes from another file.
                if let Some(before) = known.get(&sku.sku) {
                    sku.parts.clone_from(&before.parts);
                }
                if known.get(&sku.sku) != Some(&sku) {
                    db.save_sku(ask.merchant, &sku).await?;
                }
            }
            Row::Part(bundle, part) => bundles.entry(bundle).or_default().push(part),
            Row::Bin(warehouse, bin) => db.save_bin(ask.merchant, &warehouse, &bin).await?,
            Row::Mapping(mapping) => db.save_mapping(ask.merchant, &mapping).await?,
            Row::Take { sku, warehouse, spot, counted } => {
                let (slot, reference) = ((sku, warehouse), format!("{}:{line}", ask.id));
                let limit = NO_LIMIT;
                let taken = db
                    .take_count(ask.merchant, &slot, &spot, counted, limit, &reference, ask.actor, ask.at)
                    .await?;
                if taken.is_none() {
                    let must = HELD.to_owned();
                    errors.push(RowError { line, column: "counted".to_owned(), must });
                }
            }
        }
    }
    for (name, parts) in bundles {
        let before = known.remove(&name).unwrap_or_else(|| Sku::named(&name));
        let sku = Sku { parts, ..before };
        db.save_sku(ask.merchant, &sku).await?;
    }
    Ok(errors)
}
