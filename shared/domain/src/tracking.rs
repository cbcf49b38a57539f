//! When a parcel is asked about: not before it can have arrived, then less and less often.

use crate::order::Order;
use crate::shipment::{Shipment, Transit};
use crate::time::after;
use jiff::{SignedDuration, Timestamp};

/// The first look: next-day services deliver from about then on.
pub const FIRST_LOOK: SignedDuration = SignedDuration::from_hours(24);
/// Between looks while a parcel is young.
const OFTEN: SignedDuration = SignedDuration::from_hours(12);
/// Between looks after that.
const SELDOM: SignedDuration = SignedDuration::from_hours(24);
/// Until when a parcel is young.
const YOUNG: SignedDuration = SignedDuration::from_hours(7 * 24);

/// When an order whose parcels were looked at, or are about to be, is looked at again.
pub fn next_look(order: &Order, now: Timestamp) -> Timestamp {
    let shipped = order.milestones.shipped.unwrap_or(now);
    after(now, if now.duration_since(shipped) < YOUNG { OFTEN } else { SELDOM })
}

/// A parcel nobody has scanned this long after it left, or has not moved for this long, is stuck.
const STUCK: SignedDuration = SignedDuration::from_hours(5 * 24);
/// A parcel nobody has seen for this long is lost: before the personal data of its order goes at 25 days, so that
/// somebody can still claim for it.
const LOST: SignedDuration = SignedDuration::from_hours(20 * 24);

/// What the time since anybody saw a parcel says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silence {
    /// Nothing unusual.
    Usual,
    /// A person should ask.
    Stuck,
    /// It counts as lost.
    Lost,
}

/// Judges how long a parcel has not been seen. What has ended is never stuck.
pub fn silence(shipment: &Shipment, shipped: Option<Timestamp>, now: Timestamp) -> Silence {
    let since = shipment.seen_at.max(shipped).or(shipment.labelled_at);
    match since.map(|at| now.duration_since(at)) {
        _ if shipment.transit.is_final() => Silence::Usual,
        Some(silent) if silent >= LOST => Silence::Lost,
        Some(silent) if silent >= STUCK => Silence::Stuck,
        _ => Silence::Usual,
    }
}

/// Where a shipment of several parcels is: where its slowest parcel is, but as soon as one fails, comes back or is
/// lost, that.
pub fn together(parcels: &[Transit]) -> Transit {
    let any = |t: Transit| parcels.contains(&t);
    [Transit::Lost, Transit::Failed, Transit::Returned].into_iter().find(|t| any(*t)).unwrap_or(match () {
        () if parcels.is_empty() || parcels.iter().all(|t| *t == Transit::Pending) => Transit::Pending,
        () if parcels.iter().all(|t| *t == Transit::Delivered) => Transit::Delivered,
        () => Transit::Moving,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use Transit::{Delivered, Failed, Lost, Moving, Pending};

    #[test]
    fn a_shipment_has_arrived_when_all_its_parcels_have() {
        assert_eq!(together(&[]), Pending);
        assert_eq!(together(&[Delivered, Pending]), Moving);
        assert_eq!(together(&[Delivered, Delivered]), Delivered);
        assert_eq!(together(&[Delivered, Failed, Moving]), Failed);
        assert_eq!(together(&[Failed, Lost]), Lost);
    }
}
