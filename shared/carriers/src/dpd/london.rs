//! London's time: what DPD takes and, where it names no zone, presumably gives. As a rule, for there need be no
//! time zone files where we run.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

/// Summer time from the last Sunday of March at 01:00 to the last Sunday of October at 02:00.
const RULE: &str = "GMT0BST,M3.5.0/1,M10.5.0/2";

/// `2026-11-24T16:00:00`; `None` at times that no calendar holds.
pub(super) fn written(at: Timestamp) -> Option<String> {
    Some(TimeZone::posix(RULE).ok()?.to_datetime(at).strftime("%Y-%m-%dT%H:%M:%S").to_string())
}

/// A time with its offset, or London's without one.
pub(super) fn read(text: &str) -> Option<Timestamp> {
    let local = || TimeZone::posix(RULE).ok()?.to_timestamp(text.parse::<DateTime>().ok()?).ok();
    text.parse().ok().or_else(local)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn summer_and_winter() {
        for (utc, london) in [
            ("2026-11-24T16:00:00Z", "2026-11-24T16:00:00"),
            ("2026-07-01T16:00:00Z", "2026-07-01T17:00:00"),
            ("2026-03-29T00:59:59Z", "2026-03-29T00:59:59"),
            ("2026-03-29T01:00:00Z", "2026-03-29T02:00:00"),
            ("2026-10-25T00:59:59Z", "2026-10-25T01:59:59"),
            ("2026-10-25T01:00:00Z", "2026-10-25T01:00:00"),
        ] {
            assert_eq!(written(utc.parse().unwrap()).as_deref(), Some(london), "{utc}");
        }
        assert_eq!(read("2026-07-01T17:00:00"), "2026-07-01T16:00:00Z".parse().ok());
        assert_eq!(read("2026-07-01T17:00:00+02:00"), "2026-07-01T15:00:00Z".parse().ok());
        assert_eq!(read("yesterday"), None);
    }
}
