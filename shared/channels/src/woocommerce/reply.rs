//! What every reply has in common (contract section 1): errors are `{code, message, data}`, hosts and firewalls
//! answer in HTML, and some shops print a byte order mark before the JSON.

use crate::error::{CannotRead, DEFAULT_WAIT, code};
use crate::lax::Lax;
use http::Response;
use http::header::RETRY_AFTER;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use waybill_domain::exception::Reason;

/// How long to leave a shop alone whose firewall turns us away, in seconds.
const FIREWALL_WAIT: u32 = 60;
/// The longest wait a shop may ask for, in seconds.
const LONGEST_WAIT: u32 = 3600;

/// A good reply as JSON. `reason` is what a refusal means to the order.
pub(super) fn json<T: DeserializeOwned>(reply: &Response<Vec<u8>>, reason: Reason) -> Result<T, CannotRead> {
    good(reply, reason)?;
    serde_json::from_slice(text(reply)).map_err(|_| CannotRead::Reply)
}

/// The body without a byte order mark.
pub(super) fn text(reply: &Response<Vec<u8>>) -> &[u8] {
    let body = reply.body().as_slice();
    body.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(body)
}

/// Lets a good status pass.
pub(super) fn good(reply: &Response<Vec<u8>>, reason: Reason) -> Result<(), CannotRead> {
    let number = reply.status().as_u16();
    let said = error_code(reply);
    let code = said.clone().unwrap_or_else(|| format!("http_{number}"));
    match number {
        200..=299 => Ok(()),
        // A redirect means that the shop's address is another one: requests follow none.
        300..=399 | 401 => Err(CannotRead::Connection { code }),
        403 if said.is_some() => Err(CannotRead::Connection { code }),
        403 => Err(CannotRead::Throttled { seconds: asked_wait(reply).unwrap_or(FIREWALL_WAIT) }),
        // No route: WooCommerce or its pretty permalinks are gone, and not only this order.
        404 if said.as_deref().is_none_or(|c| c == NO_ROUTE) => Err(CannotRead::Connection { code }),
        429 => Err(CannotRead::Throttled { seconds: asked_wait(reply).unwrap_or(DEFAULT_WAIT) }),
        408 | 425 | 500.. => match asked_wait(reply) {
            Some(seconds) => Err(CannotRead::Throttled { seconds }),
            None => Err(CannotRead::Busy { code }),
        },
        _ if said.is_some() => Err(CannotRead::Refused { code, reason }),
        _ => Err(CannotRead::Reply),
    }
}

const NO_ROUTE: &str = "rest_no_route";

/// The shop has no such route: a plugin or feature is not there.
pub(super) fn no_route(reply: &Response<Vec<u8>>) -> bool {
    reply.status().as_u16() == 404 && error_code(reply).as_deref() == Some(NO_ROUTE)
}

/// The shop has no such thing. Reading says 404, changing says 400.
pub(super) fn missing(reply: &Response<Vec<u8>>) -> bool {
    let Some(code) = error_code(reply) else { return false };
    match reply.status().as_u16() {
        404 | 410 => code != NO_ROUTE,
        400 => code.ends_with("_invalid_id"),
        _ => false,
    }
}

/// The shop does not know a parameter of the request.
pub(super) fn bad_parameter(reply: &Response<Vec<u8>>) -> bool {
    reply.status().as_u16() == 400 && error_code(reply).as_deref() == Some("rest_invalid_param")
}

/// The error's code; `None` when the reply is not an error of the API.
pub(super) fn error_code(reply: &Response<Vec<u8>>) -> Option<String> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Error {
        code: Lax<String>,
    }
    if reply.status().is_success() || !text(reply).trim_ascii_start().starts_with(b"{") {
        return None;
    }
    let error: Error = serde_json::from_slice(text(reply)).ok()?;
    error.code.hint().map(|text| code(&text))
}

/// The number of pages there are, if the reply says so.
pub(super) fn pages(reply: &Response<Vec<u8>>) -> Option<u32> {
    reply.headers().get("x-wp-totalpages")?.to_str().ok()?.trim().parse().ok()
}

fn asked_wait(reply: &Response<Vec<u8>>) -> Option<u32> {
    let seconds: u32 = reply.headers().get(RETRY_AFTER)?.to_str().ok()?.trim().parse().ok()?;
    Some(seconds.clamp(1, LONGEST_WAIT))
}
