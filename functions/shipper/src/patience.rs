//! When an order comes back whose carrier's budget of calls is spent.

use crate::desk::seconds;
use jiff::{SignedDuration, Timestamp};
use waybill_domain::order::Order;
use waybill_runtime::Step;

/// The longest pause beyond the wait itself, in seconds.
const LONGEST: i64 = 60;
/// The clock sends another message for an order that is not done every 15 minutes at most (functions/clock).
const REPLACED: SignedDuration = SignedDuration::from_mins(16);

/// Comes back once there may be calls again. Those who have waited longer come back less often, each at another
/// moment: a thousand orders that wait for one account look a few times each, not every second. A message that the
/// clock has replaced by now is let go, else every look of the clock would leave one more.
pub(crate) fn later(order: &Order, wait: SignedDuration, sent: Timestamp, now: Timestamp) -> Step {
    let waited = now.duration_since(sent);
    if waited > REPLACED && order.due_at.is_some() {
        return Step::Done;
    }
    let most = waited.as_secs().clamp(0, LONGEST);
    let spread = u32::try_from(chance(order.id.as_str(), now).rem_euclid(most + 1)).unwrap_or(0);
    Step::Again { seconds: seconds(wait).saturating_add(spread) }
}

/// The same for the same order at the same moment, else as good as any.
fn chance(id: &str, now: Timestamp) -> i64 {
    // FNV-1a, which spreads short texts well enough.
    let all = id.bytes().chain(now.as_millisecond().to_le_bytes());
    let hash = all.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    i64::try_from(hash >> 16).unwrap_or(0)
}
