//! What every GraphQL reply has in common: it says 200 on failure, and throttles in the body.

use crate::error::{CannotRead, DEFAULT_WAIT, code};
use http::StatusCode;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use waybill_domain::exception::Reason;

/// The longest wait a full bucket can imply, in seconds.
const LONGEST_WAIT: u64 = 60;

#[derive(Deserialize)]
struct Envelope<T> {
    data: Option<T>,
    #[serde(default)]
    errors: Value,
    #[serde(default)]
    extensions: Value,
}

/// The data of a reply without any error. `reason` is what a refusal means to the order.
pub(super) fn whole<T: DeserializeOwned>(
    status: StatusCode,
    body: &[u8],
    reason: Reason,
) -> Result<T, CannotRead> {
    data(status, body, reason, |codes, _| codes.is_empty())
}

/// As [`whole`], but some fields may be null because this app is not approved to see them. `enough` says
/// whether what is left of the data is worth reading.
pub(super) fn partial<T: DeserializeOwned>(
    status: StatusCode,
    body: &[u8],
    reason: Reason,
    enough: fn(&T) -> bool,
) -> Result<T, CannotRead> {
    data(status, body, reason, |codes, data| {
        codes.is_empty() || (codes.iter().all(|c| c == "ACCESS_DENIED") && enough(data))
    })
}

fn data<T: DeserializeOwned>(
    status: StatusCode,
    body: &[u8],
    reason: Reason,
    good: impl Fn(&[String], &T) -> bool,
) -> Result<T, CannotRead> {
    CannotRead::unless_good(status, reason)?;
    let envelope: Envelope<T> = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let codes = codes(&envelope.errors);
    match envelope.data {
        Some(data) if good(&codes, &data) => Ok(data),
        _ => Err(refusal(&codes, &envelope.extensions, reason)),
    }
}

fn codes(errors: &Value) -> Vec<String> {
    match errors {
        Value::Null => Vec::new(),
        Value::Array(all) => {
            let of = |e: &Value| {
                e.pointer("/extensions/code").and_then(Value::as_str).map_or_else(|| code(""), code)
            };
            all.iter().map(of).collect()
        }
        _ => vec![code("")],
    }
}

fn refusal(codes: &[String], extensions: &Value, reason: Reason) -> CannotRead {
    let has = |wanted: &str| codes.iter().any(|c| c == wanted);
    if has("THROTTLED") {
        return CannotRead::Throttled { seconds: wait(extensions) };
    }
    let Some(first) = codes.first().cloned() else { return CannotRead::Reply };
    if has("ACCESS_DENIED") {
        return CannotRead::Connection { code: "ACCESS_DENIED".to_owned() };
    }
    match first.as_str() {
        "INTERNAL_SERVER_ERROR" | "TIMEOUT" => CannotRead::Busy { code: first },
        _ => CannotRead::Refused { code: first, reason },
    }
}

/// How long the bucket takes to hold what was asked for.
fn wait(extensions: &Value) -> u32 {
    let number = |at: &str| extensions.pointer(at).and_then(Value::as_f64);
    let (Some(asked), Some(there), Some(rate)) = (
        number("/cost/requestedQueryCost"),
        number("/cost/throttleStatus/currentlyAvailable"),
        number("/cost/throttleStatus/restoreRate").filter(|rate| *rate > 0.0),
    ) else {
        return DEFAULT_WAIT;
    };
    let needed = ((asked - there) / rate).ceil();
    (1..LONGEST_WAIT).find(|s| *s as f64 >= needed).unwrap_or(LONGEST_WAIT) as u32
}
