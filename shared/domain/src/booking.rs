//! How an allocated order is cut into shipments, and how long a shipper may hold it.

use crate::exception::Reason;
use crate::id::{LineId, ShipmentId, WarehouseId};
use crate::order::{Claim, Order};
use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use std::collections::BTreeMap;

/// How long a claim holds others off: longer than the shipper's own time-out (60 s), so that its holder is
/// surely gone when it lapses.
pub const LEASE: SignedDuration = SignedDuration::from_secs(90);

/// How long after a lost create the carrier is believed when it says it knows nothing of our reference.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(180);

/// Weight of the packaging in grams, added to the goods.
pub const PACKAGING_GRAMS: u32 = 50;

/// One shipment to be booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Planned {
    /// Its id, the same however often it is planned.
    pub id: ShipmentId,
    /// From where.
    pub warehouse: WarehouseId,
    /// Which pieces.
    pub lines: Vec<(LineId, u32)>,
    /// Weight in grams, packaging included.
    pub grams: u32,
    /// What each parcel weighs, where the packing bench has said so.
    pub weights: Vec<u32>,
}

impl Planned {
    /// What the carrier is told the booking is called: 40 characters at most, nothing of the buyer or channel.
    pub fn reference(&self) -> String {
        reference_of(&self.id)
    }
}

/// What the carrier is told the booking of a shipment is called: 40 characters at most.
pub fn reference_of(id: &ShipmentId) -> String {
    let suffix = id.suffix();
    format!("WB-{}", &suffix[..suffix.len().min(37)])
}

/// Cuts an order into one shipment per warehouse, always in the same way. Shipments of an earlier round keep their
/// numbers. What was weighed at the packing bench goes before what the goods should weigh.
pub fn plan(order: &Order) -> Vec<Planned> {
    let mut places: BTreeMap<&WarehouseId, Planned> = BTreeMap::new();
    for line in order.lines.iter().filter(|l| l.ships) {
        for allocation in &line.allocations {
            let warehouse = &allocation.warehouse;
            let planned = places.entry(warehouse).or_insert_with(|| Planned {
                id: ShipmentId::of(&order.id, 0),
                warehouse: warehouse.clone(),
                lines: Vec::new(),
                grams: PACKAGING_GRAMS,
                weights: Vec::new(),
            });
            planned.lines.push((line.id.clone(), allocation.quantity));
            planned.grams = planned.grams.saturating_add(line.grams.saturating_mul(allocation.quantity));
        }
    }
    let mut all: Vec<Planned> = places.into_values().collect();
    for (n, planned) in all.iter_mut().enumerate() {
        planned.id = ShipmentId::of(&order.id, order.rounds as usize + n + 1);
        planned.weights = order.bench.parcels(&planned.warehouse).iter().map(|parcel| parcel.grams).collect();
        if !planned.weights.is_empty() {
            planned.grams = planned.weights.iter().fold(0, |sum, grams| sum.saturating_add(*grams));
        }
    }
    all
}

/// What a shipper may do with an order it wants to work on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Nobody has called a carrier about it: create without asking.
    First,
    /// Somebody may have: ask the carrier for our reference before creating.
    Later {
        /// Enough time has passed to believe the carrier when it knows nothing.
        settled: bool,
    },
    /// Another shipper holds it: come back later.
    Wait,
}

impl Turn {
    /// Why a person is asked when it stops before a call: for what was found, unless an earlier turn may have
    /// booked something, which is then what matters.
    pub fn reason(self, found: Reason) -> Reason {
        if self == Self::First { found } else { Reason::UncertainBooking }
    }
}

/// Whose turn it is.
pub fn turn(claim: Option<&Claim>, now: Timestamp) -> Turn {
    match claim {
        None => Turn::First,
        Some(claim) if now < after(claim.at, LEASE) => Turn::Wait,
        Some(claim) => Turn::Later { settled: now >= after(claim.since, SETTLE) },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claim_holds_others_off_then_asks_then_settles() {
        let start = Timestamp::UNIX_EPOCH;
        let claim = Claim { at: start, since: start, carriers: Default::default(), by: None };
        let at = |s| after(start, SignedDuration::from_secs(s));
        assert_eq!(turn(None, at(0)), Turn::First);
        assert_eq!(turn(Some(&claim), at(89)), Turn::Wait);
        assert_eq!(turn(Some(&claim), at(90)), Turn::Later { settled: false });
        assert_eq!(turn(Some(&claim), at(180)), Turn::Later { settled: true });
    }

    #[test]
    fn what_stops_a_later_turn_may_hide_a_booking() {
        assert_eq!(Turn::First.reason(Reason::NoService), Reason::NoService);
        assert_eq!(Turn::Later { settled: true }.reason(Reason::NoService), Reason::UncertainBooking);
    }

    #[test]
    fn a_reference_fits_the_carrier_and_names_the_shipment() {
        let order = "ord_0123456789abcdef0123456789abcdef".parse().unwrap();
        let planned = Planned {
            id: ShipmentId::of(&order, 2),
            warehouse: "wh_1".parse().unwrap(),
            lines: vec![],
            grams: 1,
            weights: vec![],
        };
        assert_eq!(planned.reference(), "WB-0123456789abcdef0123456789abcdef-2");
        assert!(planned.reference().len() <= 40);
    }
}
