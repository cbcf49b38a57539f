//! The demo merchant's goods: where each article is kept, in which bins, and what is put together from others.

use super::{Ids, SCARCE};
use crate::accounts::connection_id;
use jiff::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::catalogue::{Mapping, Part, Sku};
use waybill_domain::order::Channel;
use waybill_domain::places::{Bin, BinKind};
use waybill_domain::stock::{BinId, Movement, MovementKind, Spot, Why};
use waybill_domain::{ConnectionId, WarehouseId};
use waybill_sandbox::invent::{Product, catalogue};
use waybill_store::{Db, StoreError};

/// Zones of each warehouse.
const ZONES: [char; 4] = ['A', 'B', 'C', 'D'];
/// Bins of each zone.
const BINS: u32 = 5;
/// Pieces of an article that is kept in one warehouse only.
const ALONE: i64 = 150;
/// Pieces of an article at each warehouse where all keep it.
const EVERYWHERE: i64 = 70;
/// Pieces of the scarce article at each warehouse.
const HARDLY_ANY: i64 = 2;
/// Fewer pieces than this are a low stock.
const LOW: u32 = 20;

/// An opening stock: an article at a warehouse, and how many pieces lie in which bin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Opening {
    pub(crate) sku: &'static str,
    pub(crate) warehouse: WarehouseId,
    pub(crate) spots: Vec<(Spot, i64)>,
}

/// What the warehouses begin with. Parts of packs and boxes lie everywhere, because one box is packed in one place,
/// and so does the little there is of the scarce article; every other has a warehouse to itself, so that buyers of several articles are often served from several.
/// Each lies in two bins of different zones.
pub(crate) fn openings(ids: &Ids) -> Result<Vec<Opening>, StoreError> {
    let parts: BTreeSet<&str> = catalogue().iter().flat_map(|p| p.parts).map(|(sku, _)| *sku).collect();
    let bins = bins()?;
    let mut kept: BTreeMap<&WarehouseId, usize> = BTreeMap::new();
    let mut homes = ids.warehouses.iter().cycle();
    let mut all = Vec::new();
    for product in catalogue().iter().filter(|product| product.ships && product.parts.is_empty()) {
        let (places, pieces): (Vec<&WarehouseId>, i64) = match product.sku {
            SCARCE => (ids.warehouses.iter().collect(), HARDLY_ANY),
            sku if parts.contains(sku) => (ids.warehouses.iter().collect(), EVERYWHERE),
            _ => (homes.next().into_iter().collect(), ALONE),
        };
        for warehouse in places {
            let n = kept.entry(warehouse).or_default();
            let bin = |n: usize| bins.get(n % bins.len()).map(|bin| Spot::of(bin.id.clone()));
            let two = [(bin(*n), pieces - pieces / 2), (bin(*n + bins.len() / 2), pieces / 2)];
            let spots = two.into_iter().filter_map(|(spot, pieces)| Some((spot?, pieces))).collect();
            *n += 1;
            all.push(Opening { sku: product.sku, warehouse: warehouse.clone(), spots });
        }
    }
    Ok(all)
}

/// The bins of a warehouse in walking order: up one zone and on to the next. All warehouses are built alike.
pub(crate) fn bins() -> Result<Vec<Bin>, StoreError> {
    let mut all = Vec::new();
    for zone in ZONES {
        for n in 1..=BINS {
            let id: BinId = format!("{zone}-{n:02}").parse().map_err(|_| StoreError::Corrupt("bin"))?;
            let walk = 10 * (u32::try_from(all.len()).unwrap_or_default() + 1);
            all.push(Bin { id, zone: zone.to_ascii_lowercase().to_string(), walk, kind: BinKind::Pick });
        }
    }
    Ok(all)
}

/// Puts the goods into their bins and says what is put together from them: as an article of parts, and where it is
/// several of one thing also as what each channel's listing stands for.
pub(super) async fn store(db: &Db, ids: &Ids, now: Timestamp) -> Result<(), StoreError> {
    for Opening { sku, warehouse, spots } in openings(ids)? {
        let pieces = spots.iter().map(|(_, pieces)| pieces).sum();
        let movement = Movement { spots, ..Movement::new(MovementKind::Receive, warehouse, pieces, now) };
        db.record(&ids.merchant, sku, movement.noted(Some(Why::Opening), None, "opening")).await?;
    }
    let connections = connections(ids)?;
    for product in catalogue().iter().filter(|product| !product.parts.is_empty()) {
        db.save_sku(&ids.merchant, &entered(product)).await?;
        let [(part, units)] = product.parts else { continue };
        for connection in &connections {
            let mapping = Mapping {
                connection: connection.clone(),
                channel_sku: product.sku.to_owned(),
                sku: (*part).to_owned(),
                units: *units,
            };
            db.save_mapping(&ids.merchant, &mapping).await?;
        }
    }
    Ok(())
}

/// Enters every article and every bin, as whoever keeps catalogue and warehouses does through the API.
pub(super) async fn furnish(db: &Db, ids: &Ids) -> Result<(), StoreError> {
    for product in catalogue().iter().filter(|product| product.ships && product.parts.is_empty()) {
        db.save_sku(&ids.merchant, &entered(product)).await?;
    }
    for warehouse in &ids.warehouses {
        for bin in bins()? {
            db.save_bin(&ids.merchant, warehouse, &bin).await?;
        }
    }
    Ok(())
}

/// An article as the catalogue keeps it.
fn entered(product: &Product) -> Sku {
    let part = |(sku, units): &(&str, u32)| Part { sku: (*sku).to_owned(), units: *units };
    Sku {
        name: product.name.to_owned(),
        grams: product.grams,
        parts: product.parts.iter().map(part).collect(),
        low: LOW,
        ..Sku::named(product.sku)
    }
}

/// The merchant's accounts at channels.
fn connections(ids: &Ids) -> Result<Vec<ConnectionId>, StoreError> {
    let mut all = vec![ids.shop.clone()];
    for channel in Channel::ALL.into_iter().filter(|channel| *channel != Channel::Shopify) {
        all.push(connection_id(channel).map_err(|_| StoreError::Corrupt("id"))?);
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_bin_of_three_warehouses_holds_goods_and_every_article_lies_in_two() {
        let ids = Ids::demo().unwrap();
        let openings = openings(&ids).unwrap();
        let held: BTreeSet<(String, String)> = openings
            .iter()
            .flat_map(|o| o.spots.iter().map(|(spot, _)| (o.warehouse.to_string(), spot.to_string())))
            .collect();
        assert_eq!((held.len(), bins().unwrap().len() * ids.warehouses.len()), (60, 60));
        for opening in &openings {
            assert_eq!(opening.spots.len(), 2, "{}", opening.sku);
            assert!(opening.spots.iter().all(|(_, pieces)| *pieces > 0), "{}", opening.sku);
        }
    }

    #[test]
    fn what_ships_is_on_a_shelf_or_made_of_what_is_and_parts_are_together() {
        let ids = Ids::demo().unwrap();
        let openings = openings(&ids).unwrap();
        let places = |sku: &str| openings.iter().filter(|o| o.sku == sku).count();
        for product in catalogue().iter().filter(|product| product.ships) {
            match product.parts {
                [] => assert!(places(product.sku) > 0, "{}", product.sku),
                parts => {
                    assert_eq!(places(product.sku), 0, "{}", product.sku);
                    assert!(parts.iter().all(|(sku, _)| places(sku) == ids.warehouses.len()));
                    assert!(entered(product).check().is_ok());
                }
            }
        }
    }
}
