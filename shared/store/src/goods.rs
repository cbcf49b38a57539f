//! How much there is of a SKU: of its own goods, or of the parts a bundle is made of.

use crate::db::Db;
use crate::error::StoreError;
use jiff::civil::Date;
use std::collections::BTreeMap;
use waybill_domain::catalogue::{Part, Sku};
use waybill_domain::stock::Level;
use waybill_domain::{MerchantId, WarehouseId};

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Goods {
    /// The warehouses that have some or had.
    pub warehouses: Vec<WarehouseId>,
    /// Pieces free to promise, at each warehouse.
    pub available: Vec<i64>,
    /// Pieces on the shelves, at each warehouse.
    pub on_hand: Vec<i64>,
    /// Pieces never shown to a channel.
    pub safety: u32,
    /// Fewer free pieces than this are low; 0 for no such limit.
    pub low: u32,
}

/// Pieces at one place of a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct There {
    /// What may be sold.
    pub sellable: u32,
    /// What lies on the shelves.
    pub physical: u32,
}

impl Goods {
    /// What is told of each place of an account, when `shown` may be sold at each warehouse; of all warehouses together
    /// where none is mapped to a place. A warehouse that has no place there is not sold from there, and several may be
    /// one place.
    pub fn by_place<'a>(
        &self,
        places: &'a BTreeMap<WarehouseId, String>,
        shown: &[i64],
    ) -> Vec<(Option<&'a str>, There)> {
        let mut all: BTreeMap<Option<&str>, (i64, i64)> = match places.is_empty() {
            true => BTreeMap::from([(None, (0, 0))]),
            // A place with none left is told so.
            false => places.values().map(|place| (Some(place.as_str()), (0, 0))).collect(),
        };
        for ((warehouse, shown), on_hand) in self.warehouses.iter().zip(shown).zip(&self.on_hand) {
            let place = places.get(warehouse).map(String::as_str);
            if let Some((sellable, physical)) = all.get_mut(&place) {
                *sellable += shown;
                *physical += on_hand;
            }
        }
        let pieces = |pieces: i64| u32::try_from(pieces.max(0)).unwrap_or(u32::MAX);
        let there = |(sellable, physical): (i64, i64)| There {
            sellable: pieces(sellable),
            physical: pieces(physical),
        };
        all.into_iter().map(|(place, counted)| (place, there(counted))).collect()
    }
}

impl Db {
    /// What there is of a SKU that may still be sold on that day; `None` when no goods of it ever came in.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn goods(
        &self,
        merchant: &MerchantId,
        sku: &str,
        today: Date,
    ) -> Result<Option<Goods>, StoreError> {
        let entered = self.entered_sku(merchant, sku).await?;
        let (safety, low) = entered.as_ref().map_or((0, 0), |sku| (sku.safety, sku.low));
        let Some(bundle) = entered.filter(Sku::is_bundle) else {
            let levels = good(self.levels(merchant, sku).await?, today);
            let own = [(Part { sku: sku.to_owned(), units: 1 }, levels)];
            return Ok((!own[0].1.is_empty()).then(|| whole(&own, safety, low)));
        };
        let mut parts = Vec::with_capacity(bundle.parts.len());
        for part in bundle.parts {
            let levels = good(self.levels(merchant, &part.sku).await?, today);
            parts.push((part, levels));
        }
        Ok(Some(whole(&parts, safety, low)))
    }
}

/// What is past its day is not shown to anybody.
fn good(levels: Vec<Level>, today: Date) -> Vec<Level> {
    levels.iter().map(|level| level.good_on(today)).collect()
}

/// What can be put together at each warehouse: the part that runs out first decides.
fn whole(parts: &[(Part, Vec<Level>)], safety: u32, low: u32) -> Goods {
    let mut all: Option<BTreeMap<&WarehouseId, (i64, i64)>> = None;
    for (part, levels) in parts {
        let units = i64::from(part.units).max(1);
        let of = |level: &Level| (level.available.max(0) / units, level.on_hand.max(0) / units);
        let here: BTreeMap<_, _> = levels.iter().map(|level| (&level.warehouse, of(level))).collect();
        all = Some(match all {
            None => here,
            Some(before) => before
                .into_iter()
                .filter_map(|(warehouse, (free, there))| {
                    let (more, also) = here.get(warehouse)?;
                    Some((warehouse, (free.min(*more), there.min(*also))))
                })
                .collect(),
        });
    }
    let all = all.unwrap_or_default();
    Goods {
        available: all.values().map(|(free, _)| *free).collect(),
        on_hand: all.values().map(|(_, there)| *there).collect(),
        warehouses: all.into_keys().cloned().collect(),
        safety,
        low,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn there(sellable: u32, physical: u32) -> There {
        There { sellable, physical }
    }

    #[test]
    fn each_place_is_told_what_its_own_warehouses_have() {
        let id = |name: &str| name.parse::<WarehouseId>().unwrap();
        let goods = Goods {
            warehouses: vec![id("wh_east"), id("wh_north"), id("wh_south")],
            available: vec![4, 6, 1],
            on_hand: vec![5, 9, 1],
            ..Goods::default()
        };
        let shown = [4, 6, 0];
        let map = |places: &[(&str, &str)]| -> BTreeMap<WarehouseId, String> {
            places.iter().map(|(warehouse, place)| (id(warehouse), (*place).to_owned())).collect()
        };
        assert_eq!(goods.by_place(&map(&[]), &shown), [(None, there(10, 15))]);
        let two = map(&[("wh_north", "Manchester"), ("wh_south", "Bristol"), ("wh_west", "Cardiff")]);
        let told = goods.by_place(&two, &shown);
        let wanted = [
            (Some("Bristol"), there(0, 1)),
            // Told that it has none, not left with what it had.
            (Some("Cardiff"), there(0, 0)),
            (Some("Manchester"), there(6, 9)),
        ];
        assert_eq!(told, wanted, "and the east is sold nowhere there");
        let one = map(&[("wh_north", "Shop"), ("wh_south", "Shop"), ("wh_east", "Shop")]);
        assert_eq!(goods.by_place(&one, &shown), [(Some("Shop"), there(10, 15))]);
    }

    fn part(units: u32, levels: &[(&str, i64, i64)]) -> (Part, Vec<Level>) {
        let level = |(warehouse, on_hand, available): &(&str, i64, i64)| Level {
            on_hand: *on_hand,
            available: *available,
            ..Level::empty(warehouse.parse().unwrap())
        };
        (Part { sku: "PART".into(), units }, levels.iter().map(level).collect())
    }

    #[test]
    fn the_part_that_runs_out_first_decides_at_each_warehouse() {
        let mugs = part(2, &[("wh_north", 9, 7), ("wh_south", 4, 4)]);
        let tea = part(1, &[("wh_north", 2, 2), ("wh_west", 50, 50)]);
        let found = whole(&[mugs.clone(), tea], 1, 5);
        let warehouses = vec!["wh_north".parse().unwrap()];
        assert_eq!(found, Goods { warehouses, available: vec![2], on_hand: vec![2], safety: 1, low: 5 });
        let found = whole(&[mugs.clone(), part(1, &[])], 0, 0);
        assert_eq!(found, Goods::default());
        let alone = part(1, &[("wh_north", 9, -3), ("wh_south", 4, 4)]);
        let found = whole(&[alone], 0, 0);
        assert_eq!((found.available, found.on_hand), (vec![0, 4], vec![9, 4]));
    }
}
