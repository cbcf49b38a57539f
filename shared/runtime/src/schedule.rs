//! Scheduled events carry their own time: "now" is taken from there, so travelling in time is a test input.

use crate::failure::Failure;
use jiff::Timestamp;
use serde_json::Value;

/// The time of a scheduled event.
///
/// # Errors
/// `Failure::Fault` when it has none.
pub fn time(event: &Value) -> Result<Timestamp, Failure> {
    let text = event.get("time").and_then(Value::as_str).unwrap_or_default();
    text.parse().map_err(|_| Failure::Fault("the scheduled event has no time"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_the_event_is_taken_and_its_absence_is_an_error() {
        let event = serde_json::json!({"source": "aws.scheduler", "time": "2026-11-23T09:15:00Z"});
        assert_eq!(time(&event).unwrap().to_string(), "2026-11-23T09:15:00Z");
        assert!(time(&serde_json::json!({})).is_err());
    }
}
