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
    /// Pieces free to promise, at each warehouse.
    pub available: Vec<i64>,
    /// Pieces on the shelves, at all of them.
    pub on_hand: i64,
    /// Pieces never shown to a channel.
    pub safety: u32,
    /// Fewer free pieces than this are low; 0 for no such limit.
    pub low: u32,
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
        on_hand: all.values().map(|(_, there)| *there).sum(),
        safety,
        low,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

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
        assert_eq!(found, Goods { available: vec![2], on_hand: 2, safety: 1, low: 5 });
        let found = whole(&[mugs.clone(), part(1, &[])], 0, 0);
        assert_eq!(found, Goods::default());
        let alone = part(1, &[("wh_north", 9, -3), ("wh_south", 4, 4)]);
        assert_eq!(whole(&[alone], 0, 0), Goods { available: vec![0, 4], on_hand: 13, ..Goods::default() });
    }
}
