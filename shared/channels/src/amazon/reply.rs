//! What Amazon's replies have in common: an error list with a code and a text. The code is kept, the text never.

use super::{rate, rate_told};
use crate::error::{CannotRead, code};
use crate::operation::Operation;
use http::Response;
use http::header::RETRY_AFTER;
use serde::Deserialize;
use serde_json::Value;
use waybill_domain::exception::Reason;

/// The longest wait one refusal can ask for, in seconds.
const LONGEST_WAIT: i64 = 900;

/// The body of a good reply. `reason` is what a refusal means to the order.
///
/// A firewall or proxy answers with a page: what is neither empty nor JSON says nothing about the account.
pub(super) fn good(
    reply: &Response<Vec<u8>>,
    operation: Operation,
    reason: Reason,
) -> Result<&[u8], CannotRead> {
    let status = reply.status().as_u16();
    let plain = || format!("http_{status}");
    match status {
        200..=299 => return Ok(reply.body()),
        429 => return Err(CannotRead::Throttled { seconds: wait(reply, operation) }),
        408 | 500.. => return Err(CannotRead::Busy { code: plain() }),
        _ if !(400..500).contains(&status) || !is_empty_or_json(reply.body()) => {
            return Err(CannotRead::Reply);
        }
        _ => {}
    }
    let code = error_code(reply.body()).unwrap_or_else(plain);
    Err(match status {
        401 | 403 => CannotRead::Connection { code },
        _ => CannotRead::Refused { code, reason },
    })
}

/// True when Amazon itself says that there is no such thing.
pub(super) fn is_missing(reply: &Response<Vec<u8>>) -> bool {
    reply.status().as_u16() == 404 && error_code(reply.body()).is_some()
}

fn is_empty_or_json(body: &[u8]) -> bool {
    body.is_empty() || serde_json::from_slice::<serde::de::IgnoredAny>(body).is_ok()
}

/// The first code of the error list.
fn error_code(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Refusal {
        errors: Vec<Error>,
    }
    #[derive(Deserialize)]
    struct Error {
        #[serde(default)]
        code: Value,
    }
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let first = refusal.errors.first()?;
    Some(match first.code.as_str().unwrap_or_default() {
        // The one code with a space (contract, samples/confirmShipment.bad-date.json).
        "Invalid Input" => "InvalidInput".to_owned(),
        text => code(text),
    })
}

/// Until the bucket holds a call again. Amazon seldom says `Retry-After`; the rate it tells, or else the
/// documented one, gives the time of one call.
fn wait(reply: &Response<Vec<u8>>, operation: Operation) -> u32 {
    let asked = reply.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse::<i64>().ok());
    let seconds = asked.unwrap_or_else(|| {
        let every = rate_told(operation, reply).unwrap_or_else(|| rate(operation)).every;
        every.as_secs() + i64::from(every.subsec_nanos() > 0)
    });
    u32::try_from(seconds.clamp(1, LONGEST_WAIT)).unwrap_or(1)
}
