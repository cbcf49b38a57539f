//! Amazon: Selling Partner API out and in; ORDER_CHANGE notifications can be read, but none are asked for
//! (decision 011).
//!
//! Orders are read with version 2026-01-01 and confirmed with v0, which is the only one that can (contract
//! section 1). Amazon never asks for the erasure of a buyer, so no order carries a buyer: personal data goes on
//! a timer alone (contract section 8).

pub mod connect;
mod encode;
pub mod feed;
mod map;
pub mod notification;
pub mod packages;
mod reply;
pub mod stock;
pub mod subscribe;
pub mod token;
mod wire;
pub mod writeback;

use crate::error::CannotBuild;
use crate::operation::Operation;
use crate::stamp::Stamp;
use encode::percent;
use http::header::{ACCEPT, CONTENT_TYPE, USER_AGENT};
use http::{HeaderValue, Method, Request, Response};
use jiff::SignedDuration;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;

/// A window must end this long before now: Amazon wants two minutes (contract section 3), and clocks differ.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(150);

/// How far back before the end of the last window the next one begins. Amazon names no figure for how late a
/// change may show; every order of the overlap that is still open costs one read, so this is short.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// Who calls, as Amazon asks every caller to say.
const CALLER: &str = concat!("Waybill/", env!("CARGO_PKG_VERSION"), " (Language=Rust)");

/// A seller's account in one marketplace and the right to call it.
#[derive(Debug, Clone)]
pub struct Seller {
    /// `https://sellingpartnerapi-eu.amazon.com`, or the sandbox's address; no slash at the end.
    pub base: String,
    /// The access token of the hour; see [`token`].
    pub access: Secret,
    /// Our application, for calls that are no seller's.
    pub application: token::Application,
    /// Amazon's id of the seller.
    pub seller_id: String,
    /// Amazon's id of the marketplace: `A1F83G8C2ARO7P` is the United Kingdom.
    pub marketplace_id: String,
}

/// What we take of the documented limits of one seller's bucket (contract sections 3, 6 and 7). The call itself may
/// tell another one: see [`rate_told`].
///
/// A call arrives some time after it was allowed, and a held-up one together with later ones. A bucket as large as
/// Amazon's would then be overrun there while it is kept here, so ours are smaller by what a few seconds bring; that
/// of stock is so small that it is filled at half the speed besides.
pub fn rate(operation: Operation) -> Rate {
    let (milliseconds, burst) = match operation {
        // 0.0056 a second, burst 20: one page in three minutes.
        Operation::Search => (180_000, 18),
        // 0.5 a second, burst 30.
        Operation::Read => (2_000, 25),
        // 2 a second, burst 10.
        Operation::WriteBack => (550, 4),
        // 5 a second, burst 5.
        Operation::Stock => (400, 2),
    };
    Rate { every: SignedDuration::from_millis(milliseconds), burst }
}

/// The limit a reply tells in `x-amzn-RateLimit-Limit`, in calls a second; `None` when it tells none. The burst
/// is never told, so it stays as documented.
pub fn rate_told(operation: Operation, reply: &Response<Vec<u8>>) -> Option<Rate> {
    let text = reply.headers().get("x-amzn-ratelimit-limit")?.to_str().ok()?;
    let per_second: f64 = text.trim().parse().ok().filter(|n: &f64| *n >= 0.000_1 && *n <= 1_000.0)?;
    let every = SignedDuration::try_from_secs_f64(1.0 / per_second).ok()?;
    Some(Rate { every, ..rate(operation) })
}

/// True for what Amazon uses as a key in addresses: letters, digits and hyphens, 50 at most. Orders are
/// `3-7-7` digits today; the first group of digital ones has a letter.
fn is_key(text: &str) -> bool {
    (1..=50).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn order_path(version: &str, channel_id: &str) -> Result<String, CannotBuild> {
    if is_key(channel_id) {
        Ok(format!("/orders/{version}/orders/{channel_id}"))
    } else {
        Err(CannotBuild::ChannelId)
    }
}

/// `name=value` pairs as the part of an address after the question mark.
fn query(pairs: &[(&str, &str)]) -> String {
    let each = pairs.iter().map(|(name, value)| format!("{name}={}", percent(value)));
    each.collect::<Vec<_>>().join("&")
}

/// One call with the token of the hour. No signature: Amazon stopped asking for one (contract section 2).
fn call(
    base: &str,
    access: &Secret,
    method: Method,
    path: &str,
    body: Option<&serde_json::Value>,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let mut token = HeaderValue::from_str(access.expose()).map_err(|_| CannotBuild::Credential)?;
    token.set_sensitive(true);
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{base}{path}"))
        .header("x-amz-access-token", token)
        .header("x-amz-date", stamp.now.strftime("%Y%m%dT%H%M%SZ").to_string())
        .header(USER_AGENT, CALLER)
        .header(ACCEPT, "application/json");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    let body = body.map(|b| b.to_string().into_bytes()).unwrap_or_default();
    request.body(body).map_err(|_| CannotBuild::Address)
}
