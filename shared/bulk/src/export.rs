//! Exports: the same columns an import reads, page by page.

use crate::import::BulkError;
use crate::row::Kind;
use std::io::Write;
use waybill_domain::catalogue::{Size, Sku};
use waybill_domain::places::BinKind;
use waybill_domain::{ConnectionId, MerchantId, WarehouseId};
use waybill_store::Db;
use waybill_store::catalogue::SKU_SHARDS;

/// SKUs read at a time.
const PAGE: i32 = 500;

/// Where bins and mappings are looked for.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// Whose.
    pub merchant: &'a MerchantId,
    /// Warehouses whose bins are written.
    pub warehouses: &'a [WarehouseId],
    /// Connections whose mappings are written.
    pub connections: &'a [ConnectionId],
}

/// Writes everything of a kind; gives how many rows.
///
/// # Errors
/// As AWS answers, or when `to` cannot be written to.
pub async fn export<W: Write>(db: &Db, kind: Kind, scope: &Scope<'_>, to: W) -> Result<u64, BulkError> {
    let mut file = csv::Writer::from_writer(to);
    let mut rows = 0_u64;
    let mut put = |cells: Vec<String>| {
        rows += 1;
        file.write_record(&cells).map_err(|_| BulkError::Read)
    };
    put(kind.columns().iter().map(|name| (*name).to_owned()).collect())?;
    match kind {
        Kind::Bins => {
            for warehouse in scope.warehouses {
                for bin in db.bins(scope.merchant, warehouse).await?.into_values() {
                    let kind = match bin.kind {
                        BinKind::Pick => "pick",
                        BinKind::Bulk => "bulk",
                        BinKind::Dock => "dock",
                        BinKind::Pack => "pack",
                    };
                    put(vec![
                        warehouse.to_string(),
                        bin.id.to_string(),
                        bin.zone,
                        bin.walk.to_string(),
                        kind.to_owned(),
                    ])?;
                }
            }
        }
        Kind::Mappings => {
            for connection in scope.connections {
                for m in db.mappings(scope.merchant, connection).await? {
                    put(vec![m.connection.to_string(), m.channel_sku, m.sku, m.units.to_string()])?;
                }
            }
        }
        Kind::Skus | Kind::Bundles | Kind::StockTakes => {
            for shard in 0..SKU_SHARDS {
                let mut after: Option<String> = None;
                loop {
                    let page = db.sku_page(scope.merchant, shard, after.as_deref(), PAGE).await?;
                    let Some(last) = page.last() else { break };
                    after = Some(last.sku.clone());
                    for sku in page {
                        match kind {
                            Kind::Skus => put(cells(sku))?,
                            Kind::Bundles => {
                                for part in &sku.parts {
                                    put(vec![sku.sku.clone(), part.sku.clone(), part.units.to_string()])?;
                                }
                            }
                            _ => {
                                for warehouse in scope.warehouses {
                                    let slot = (sku.sku.clone(), warehouse.clone());
                                    let level = db.level(scope.merchant, &slot).await?;
                                    let spots = level.into_iter().flat_map(|level| level.spots);
                                    for (spot, held) in spots.filter(|(spot, _)| !spot.is_packed()) {
                                        put(vec![
                                            slot.0.clone(),
                                            warehouse.to_string(),
                                            spot.to_string(),
                                            held.on_hand.to_string(),
                                        ])?;
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
    file.flush().map_err(|_| BulkError::Read)?;
    Ok(rows - 1)
}

fn cells(sku: Sku) -> Vec<String> {
    let Size { length, width, height } = sku.size.unwrap_or_default();
    vec![
        sku.sku,
        sku.name,
        sku.barcodes.join("|"),
        sku.grams.to_string(),
        length.to_string(),
        width.to_string(),
        height.to_string(),
        sku.hs_code.unwrap_or_default(),
        sku.origin.unwrap_or_default(),
        if sku.lots { "yes" } else { "no" }.to_owned(),
        sku.tags.join("|"),
        sku.safety.to_string(),
        sku.low.to_string(),
    ]
}
