//! When a parcel is asked about: not before it can have arrived, then less and less often.

use crate::order::Order;
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
