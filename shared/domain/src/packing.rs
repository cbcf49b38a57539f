//! The packing bench: what was scanned into the parcels of an order, and whether its labels wait for that.

use crate::allocation::held;
use crate::booking::PACKAGING_GRAMS;
use crate::boxes::BoxKind;
use crate::id::WarehouseId;
use crate::order::Order;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A parcel that was packed and closed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Packed {
    /// Pieces by SKU.
    pub goods: BTreeMap<String, i64>,
    /// The box's name in the policy; none for goods in their own packaging.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it weighs, in grams, box included.
    pub grams: u32,
}

/// What the bench knows of an order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Bench {
    /// Labels are bought once everything is packed, not before.
    #[serde(default)]
    pub first: bool,
    /// The parcels of each warehouse that were checked and found right.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub packed: BTreeMap<WarehouseId, Vec<Packed>>,
}

impl Bench {
    /// Nothing is packed, and nothing waits for it.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The parcels of a warehouse.
    pub fn parcels(&self, warehouse: &WarehouseId) -> &[Packed] {
        self.packed.get(warehouse).map(Vec::as_slice).unwrap_or_default()
    }
}

/// What an order's parcels should hold, by warehouse.
pub fn by_warehouse(order: &Order) -> BTreeMap<WarehouseId, BTreeMap<String, i64>> {
    let mut all: BTreeMap<WarehouseId, BTreeMap<String, i64>> = BTreeMap::new();
    for ((sku, warehouse), pieces) in held(order) {
        all.entry(warehouse).or_default().insert(sku, pieces);
    }
    all
}

/// An order's labels wait for the warehouse: not everything it holds is packed, and no carrier was asked yet.
pub fn waits(order: &Order) -> bool {
    order.bench.first
        && order.shipments == 0
        && order.claim.is_none()
        && by_warehouse(order).keys().any(|place| order.bench.parcels(place).is_empty())
}

/// Parcels that no longer hold what belongs in them are opened again: the order got other goods.
pub fn open_again(order: &mut Order) {
    let wanted = by_warehouse(order);
    order.bench.packed.retain(|place, parcels| {
        let mut inside: BTreeMap<String, i64> = BTreeMap::new();
        for (sku, pieces) in parcels.iter().flat_map(|parcel| &parcel.goods) {
            *inside.entry(sku.clone()).or_default() += pieces;
        }
        inside.retain(|_, pieces| *pieces != 0);
        wanted.get(place) == Some(&inside)
    });
}

/// What a parcel weighs whose goods weigh `goods` grams together: with its box, or with some packaging.
pub fn weigh(goods: u32, kind: Option<&BoxKind>) -> u32 {
    goods.saturating_add(kind.map_or(PACKAGING_GRAMS, |kind| kind.tare)).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::allocation::tests::{order, wh};
    use crate::order::Allocation;

    fn parcel(pieces: i64) -> Packed {
        Packed { goods: BTreeMap::from([("A".to_owned(), pieces)]), name: None, grams: 900 }
    }

    #[test]
    fn labels_wait_until_every_warehouse_has_packed_and_again_when_the_goods_change() {
        let mut order = order("BS", &[("A", 5)]);
        let at = |n, quantity| Allocation { warehouse: wh(n), quantity };
        order.lines[0].allocations = vec![at(1, 3), at(2, 2)];
        assert!(!waits(&order), "nobody asked for it");
        order.bench.first = true;
        assert!(waits(&order));
        order.bench.packed.insert(wh(1), vec![parcel(1), parcel(2)]);
        assert!(waits(&order));
        order.bench.packed.insert(wh(2), vec![parcel(2)]);
        open_again(&mut order);
        assert!(!waits(&order));
        order.lines[0].allocations = vec![at(1, 4), at(2, 1)];
        open_again(&mut order);
        assert!(waits(&order) && order.bench.packed.is_empty());
        order.shipments = 2;
        assert!(!waits(&order), "its labels are being bought");
    }

    #[test]
    fn a_parcel_weighs_its_goods_and_its_box() {
        let flat = BoxKind {
            name: "flat".into(),
            inside: crate::catalogue::Size { length: 1, width: 1, height: 1 },
            carries: 1,
            tare: 120,
        };
        assert_eq!((weigh(400, Some(&flat)), weigh(400, None)), (520, 450));
    }
}
