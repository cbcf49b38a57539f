//! How much there is of a SKU: of its own goods, or of the parts a bundle is made of.

use crate::Env;
use std::collections::BTreeMap;
use waybill_domain::catalogue::Part;
use waybill_domain::stock::Level;
use waybill_domain::{MerchantId, WarehouseId};
use waybill_runtime::Failure;

/// What there is.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Goods {
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

/// Reads it; `None` when no goods of the SKU ever came in.
pub(crate) async fn of(env: &Env, merchant: &MerchantId, sku: &str) -> Result<Option<Goods>, Failure> {
    let entered = env.db.entered_sku(merchant, sku).await?;
    let (safety, low) = entered.as_ref().map_or((0, 0), |sku| (sku.safety, sku.low));
    let bundle = entered.filter(waybill_domain::catalogue::Sku::is_bundle);
    let Some(bundle) = bundle else {
        let levels = env.db.levels(merchant, sku).await?;
        let own = [(Part { sku: sku.to_owned(), units: 1 }, levels)];
        return Ok((!own[0].1.is_empty()).then(|| whole(&own, safety, low)));
    };
    let mut parts = Vec::with_capacity(bundle.parts.len());
    for part in bundle.parts {
        let levels = env.db.levels(merchant, &part.sku).await?;
        parts.push((part, levels));
    }
    Ok(Some(whole(&parts, safety, low)))
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
