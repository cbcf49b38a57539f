//! What every eBay reply has in common: a status, and on refusal `errors[]` with a number each.

use super::SETTLE;
use crate::error::CannotRead;
use crate::lax::{Key, Lax};
use http::Response;
use http::header::RETRY_AFTER;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use waybill_domain::exception::Reason;

/// Seconds to wait after 429 without a word for how long. Limits are per day, so a short wait would only make
/// more calls in vain.
const WAIT: u32 = 60;
/// The longest wait we take from a header, in seconds: a day, as the limits are.
const LONGEST_WAIT: u32 = 86_400;

#[derive(Deserialize, Default)]
#[serde(default)]
struct Refusal {
    errors: Vec<Numbered>,
}

/// An error, as far as it is read: its number.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Numbered {
    error_id: Lax<Key>,
}

/// The number of the first error that has one.
pub(super) fn first(errors: Vec<Numbered>) -> Option<String> {
    errors.into_iter().find_map(|one| one.error_id.hint()).map(|key| key.0)
}

/// The number of the first error of a refusal.
pub(super) fn number(reply: &Response<Vec<u8>>) -> Option<String> {
    first(serde_json::from_slice::<Refusal>(reply.body()).ok()?.errors)
}

/// Lets a good status pass. `reason` is what a plain refusal means to the order.
pub(super) fn good(reply: &Response<Vec<u8>>, reason: Reason) -> Result<(), CannotRead> {
    if reply.status().is_success() { Ok(()) } else { Err(refusal(reply, reason)) }
}

/// What a status other than 2xx means.
pub(super) fn refusal(reply: &Response<Vec<u8>>, reason: Reason) -> CannotRead {
    let status = reply.status().as_u16();
    let number = number(reply);
    let known = number.clone();
    let code = number.unwrap_or_else(|| format!("http_{status}"));
    match (status, known.as_deref()) {
        (401 | 403, _) => CannotRead::Connection { code },
        // The seller is suspended.
        (_, Some("32400")) => CannotRead::Connection { code },
        // "Dates cannot be in the future": the clocks differ.
        (_, Some("30850")) => CannotRead::Throttled { seconds: settle() },
        (429, _) => CannotRead::Throttled { seconds: wait(reply) },
        // 409: somebody is at the same order.
        (408 | 409 | 500.., _) => CannotRead::Busy { code },
        // eBay does not redirect its API.
        (300..=399, _) => CannotRead::Reply,
        _ => CannotRead::Refused { code, reason },
    }
}

/// The data of a good reply.
pub(super) fn read<'a, T: Deserialize<'a>>(
    reply: &'a Response<Vec<u8>>,
    reason: Reason,
) -> Result<T, CannotRead> {
    good(reply, reason)?;
    serde_json::from_slice(reply.body()).map_err(|_| CannotRead::Reply)
}

/// As [`read`], `None` when eBay has no such thing: 404, or one of these error numbers.
pub(super) fn find<T: DeserializeOwned>(
    reply: &Response<Vec<u8>>,
    reason: Reason,
    absent: &[&str],
) -> Result<Option<T>, CannotRead> {
    let says = |number: String| absent.contains(&number.as_str());
    if reply.status().as_u16() == 404 || (reply.status() == 400 && number(reply).is_some_and(says)) {
        return Ok(None);
    }
    read(reply, reason).map(Some)
}

fn settle() -> u32 {
    u32::try_from(SETTLE.as_secs()).unwrap_or(WAIT)
}

fn wait(reply: &Response<Vec<u8>>) -> u32 {
    let told = reply.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    told.and_then(|text| text.trim().parse().ok()).unwrap_or(WAIT).clamp(1, LONGEST_WAIT)
}
