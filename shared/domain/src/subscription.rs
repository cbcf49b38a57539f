//! Events at a merchant's own address: how often one is tried, and when an address is given up (decision 034).

use crate::event::Event;
use crate::id::{DeliveryId, InvalidId};
use crate::time::after;
use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How long to wait after each attempt that failed, in seconds. With them an event is tried nine times in a good day.
const WAITS: [i64; 8] = [5, 60, 5 * 60, 30 * 60, 2 * 60 * 60, 4 * 60 * 60, 8 * 60 * 60, 10 * 60 * 60];
/// How long a delivery is kept, whatever became of it.
pub const KEPT: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long the secret before is good after a rotation.
pub const ROTATION: SignedDuration = SignedDuration::from_hours(24);
/// The most addresses one merchant may have.
pub const MOST: usize = 10;

/// Whether an address is sent events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "SubscriptionState")]
pub enum State {
    /// It is.
    Active,
    /// A person said that it should wait.
    Paused,
    /// It took nothing for so long that we stopped.
    Off,
}

/// Why we stopped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Reason {
    /// An event was tried for a day, and none was taken meanwhile.
    Failing,
    /// It answered 410: it is gone for good.
    Gone,
}

/// When and why we stopped.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "SubscriptionOff")]
pub struct Off {
    /// Why.
    pub reason: Reason,
    /// When.
    #[schemars(with = "crate::time::Moment")]
    pub at: Timestamp,
}

/// How one attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Heard {
    /// It was taken: any status from 200 to 299.
    Taken,
    /// It answered 410.
    Gone,
    /// It answered with another status; a redirect is not followed.
    Refused,
    /// It did not answer in ten seconds, or could not be reached.
    NoAnswer,
    /// The name leads to an address that is not public; nothing was sent.
    NotPublic,
}

impl Heard {
    /// What an HTTP status says.
    pub fn of(status: u16) -> Self {
        match status {
            200..=299 => Self::Taken,
            410 => Self::Gone,
            _ => Self::Refused,
        }
    }
}

/// One attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Attempt {
    /// When it began.
    #[schemars(with = "crate::time::Moment")]
    pub at: Timestamp,
    /// How it ended.
    pub heard: Heard,
    /// The HTTP status, when there was one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<u16>,
}

/// How far an event is on its way to one address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "DeliveryState")]
pub enum Progress {
    /// It is tried, now or later.
    Waiting,
    /// It was taken.
    Delivered,
    /// It was tried for a day, or the address is gone.
    Failed,
    /// It was not sent because the address was paused or off.
    Missed,
}

impl Progress {
    /// It is sent again when everything that did not arrive is.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Failed | Self::Missed)
    }
}

/// When to try again after `tries` attempts of which the last was made at `now`; `None` when it was tried often enough.
pub fn again(tries: usize, now: Timestamp) -> Option<Timestamp> {
    let wait = WAITS.get(tries.checked_sub(1)?)?;
    Some(after(now, SignedDuration::from_secs(*wait)))
}

/// The delivery of an event: the same for the same event told at the same time.
///
/// # Errors
/// `InvalidId` for an event whose id is not one of ours.
pub fn delivery(event: &Event) -> Result<DeliveryId, InvalidId> {
    let name = event.id.strip_prefix("evt_").unwrap_or_default();
    if name.is_empty() {
        return Err(InvalidId { prefix: "evt_" });
    }
    DeliveryId::from_suffix(&format!("{}-{name}", first_of(event.at)))
}

/// What the id of every delivery told at or after `at` sorts behind, without its prefix.
pub fn first_of(at: Timestamp) -> String {
    format!("{:013}", at.as_millisecond().max(0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::What;

    #[test]
    fn an_event_is_tried_for_about_a_day() {
        let start = Timestamp::UNIX_EPOCH;
        let (mut at, mut tries) = (start, 1);
        while let Some(next) = again(tries, at) {
            assert!(next > at);
            (at, tries) = (next, tries + 1);
        }
        assert_eq!(tries, 9);
        let hours = at.duration_since(start).as_hours();
        assert!((24..30).contains(&hours), "{hours}");
        assert_eq!(again(0, start), None);
    }

    #[test]
    fn a_status_says_how_it_ended() {
        let heard = [200, 204, 299, 302, 400, 410, 429, 500].map(Heard::of);
        use Heard::{Gone, Refused, Taken};
        assert_eq!(heard, [Taken, Taken, Taken, Refused, Refused, Gone, Refused, Refused]);
    }

    #[test]
    fn deliveries_sort_by_the_time_of_their_event() {
        let event = |id: &str, at: &str| Event {
            id: id.into(),
            merchant: "mer_1".parse().unwrap(),
            at: at.parse().unwrap(),
            what: What::Test { subscription: "sub_1".parse().unwrap() },
        };
        let early = delivery(&event("evt_ff", "2026-11-23T09:15:00Z")).unwrap();
        let late = delivery(&event("evt_00", "2026-11-23T09:15:01Z")).unwrap();
        assert!(early < late);
        let edge = first_of("2026-11-23T09:15:01Z".parse().unwrap());
        assert!(early.suffix() < edge.as_str() && edge.as_str() < late.suffix());
        assert!(delivery(&event("1", "2026-11-23T09:15:00Z")).is_err());
    }
}
