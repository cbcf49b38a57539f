//! What every REST reply has in common. Magento's errors are `{"message", "parameters"}`; the message is never
//! kept, and anything that is not JSON came from something between us (contract section 1).

use crate::error::{CannotRead, DEFAULT_WAIT};
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use waybill_domain::exception::Reason;

/// The longest wait a shop may ask for, in seconds.
const LONGEST_WAIT: u32 = 3600;

/// Reads a good reply. `reason` is what a plain refusal means to the order.
pub(super) fn read<T: DeserializeOwned>(reply: &Response<Vec<u8>>, reason: Reason) -> Result<T, CannotRead> {
    good(reply, reason)?;
    serde_json::from_slice(reply.body()).map_err(|_| CannotRead::Reply)
}

/// Lets a good status pass.
pub(super) fn good(reply: &Response<Vec<u8>>, reason: Reason) -> Result<(), CannotRead> {
    let status = reply.status();
    match status {
        StatusCode::TOO_MANY_REQUESTS => Err(CannotRead::Throttled { seconds: wait(reply) }),
        // The shop has moved: its address must be corrected, and a signature would not fit after a redirect.
        _ if status.is_redirection() => {
            Err(CannotRead::Connection { code: format!("http_{}", status.as_u16()) })
        }
        // A page of a proxy or of maintenance, not the shop's word.
        StatusCode::NOT_FOUND if absent(reply).is_none() => Err(CannotRead::Reply),
        _ => CannotRead::unless_good(status, reason),
    }
}

/// What is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Absent {
    /// The thing asked for.
    Thing,
    /// The address: this shop lacks the module, or has another base address.
    Route,
}

/// What a 404 of the shop says is not there; `None` for anything else.
pub(super) fn absent(reply: &Response<Vec<u8>>) -> Option<Absent> {
    #[derive(Deserialize)]
    struct Told {
        message: String,
    }
    if reply.status() != StatusCode::NOT_FOUND {
        return None;
    }
    let told: Told = serde_json::from_slice(reply.body()).ok()?;
    let route = told.message.starts_with("Request does not match any route");
    Some(if route { Absent::Route } else { Absent::Thing })
}

fn wait(reply: &Response<Vec<u8>>) -> u32 {
    let asked = reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let seconds = asked.and_then(|text| text.trim().parse::<u32>().ok()).unwrap_or(DEFAULT_WAIT);
    seconds.clamp(1, LONGEST_WAIT)
}
