//! eBay: the Sell Fulfillment and Inventory APIs out, signed notifications in.
//!
//! Polling is the backbone; a notification only says that something is to be read (contract sections 2 and 3).

pub mod feed;
mod fulfilments;
mod map;
mod reply;
pub mod stock;
pub mod token;
pub mod webhook;
mod wire;
pub mod writeback;

use crate::Operation;
use crate::error::CannotBuild;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;
use zeroize::Zeroizing;

/// A seller's account and the right to call eBay for it.
#[derive(Debug, Clone)]
pub struct Seller {
    /// `https://api.ebay.com`, or the sandbox's address of the account; no slash at the end.
    pub base: String,
    /// The user access token, good for two hours; see [`token`].
    pub access: Secret,
}

/// How far before the end of the last window the next begins. eBay does not say how late its list shows a
/// change; five minutes is our choice.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// How long before now a window must end: an end in the future is error 30850, and clocks differ (contract
/// section 2).
pub const SETTLE: SignedDuration = SignedDuration::from_secs(30);

/// What one connection takes of the call limits. They are per application and day, not per seller: 100,000 for
/// Fulfillment and 2,000,000 for Inventory, both unverified (contract section 1). The three Fulfillment rates
/// together stay below 90,000 a day, so that one busy seller fits; many sellers need eBay's growth check.
pub fn rate(operation: Operation) -> Rate {
    match operation {
        Operation::Search => Rate { every: SignedDuration::from_secs(5), burst: 20 },
        Operation::Read => Rate { every: SignedDuration::from_secs(2), burst: 50 },
        Operation::WriteBack => Rate { every: SignedDuration::from_secs(3), burst: 30 },
        Operation::Stock => Rate { every: SignedDuration::from_millis(250), burst: 20 },
    }
}

/// How often the stock of one SKU may be told, beside [`rate`]: a listing may be revised 250 times in a calendar
/// day and is locked until the next one after that (contract section 7). Burst and refill of one day together
/// are 250.
pub const REVISIONS: Rate = Rate { every: SignedDuration::from_secs(432), burst: 50 };

/// One call with the seller's token; `path` begins with a slash and is encoded.
fn call(
    seller: &Seller,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", seller.base))
        .header(AUTHORIZATION, bearer(&seller.access)?)
        .header(ACCEPT, "application/json");
    let request = match body {
        Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string().into_bytes()),
        None => request.body(Vec::new()),
    };
    request.map_err(|_| CannotBuild::Address)
}

fn bearer(token: &Secret) -> Result<HeaderValue, CannotBuild> {
    let text = Zeroizing::new(format!("Bearer {}", token.expose()));
    let mut value = HeaderValue::from_str(&text).map_err(|_| CannotBuild::Credential)?;
    value.set_sensitive(true);
    Ok(value)
}

/// True for what can be an order's or a line's key: `12-12345-12345`, in old orders with `!`, in eBay's masked
/// samples with `*`. Such a key needs no encoding in a path and cannot leave its segment.
fn is_key(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"-_!*".contains(&b);
    (1..=64).contains(&text.len()) && text.bytes().all(fits)
}

/// The address of an order below the API, for `path` to be added.
fn order_path(channel_id: &str) -> Result<String, CannotBuild> {
    if is_key(channel_id) {
        Ok(format!("/sell/fulfillment/v1/order/{channel_id}"))
    } else {
        Err(CannotBuild::ChannelId)
    }
}

/// UTC with milliseconds and Z, the only form the filters take (contract section 2).
fn instant(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Percent-encodes everything but letters, digits and `-._~`.
fn percent(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use waybill_domain::time::days;

    #[test]
    fn a_key_cannot_leave_its_place_in_a_path() {
        for good in ["12-12345-12345", "110-220!330", "2*********9"] {
            assert!(is_key(good), "{good}");
        }
        for bad in ["", "..", "1/2", "1?x=2", "1 2", "1%2F", "é", &"1".repeat(65)] {
            assert!(!is_key(bad), "{bad}");
        }
    }

    #[test]
    fn times_have_milliseconds() {
        let at: Timestamp = "2026-11-23T10:00:00.123456+01:00".parse().unwrap();
        assert_eq!(instant(at), "2026-11-23T09:00:00.123Z");
        assert_eq!(instant(Timestamp::UNIX_EPOCH), "1970-01-01T00:00:00.000Z");
    }

    #[test]
    fn what_is_not_plain_is_encoded() {
        assert_eq!(percent("TEE/M +é&b"), "TEE%2FM%20%2B%C3%A9%26b");
    }

    #[test]
    fn a_day_of_calls_stays_below_the_limits() {
        let a_day =
            |rate: Rate| rate.burst + u32::try_from(days(1).as_millis() / rate.every.as_millis()).unwrap();
        let fulfilment = [Operation::Search, Operation::Read, Operation::WriteBack];
        assert!(fulfilment.into_iter().map(|o| a_day(rate(o))).sum::<u32>() < 100_000);
        assert!(a_day(rate(Operation::Stock)) < 2_000_000);
        assert_eq!(a_day(REVISIONS), 250);
    }
}
