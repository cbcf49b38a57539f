//! WooCommerce: the REST API of a shop out, its signed webhooks in.
//!
//! Every shop runs its own version and its own plugins, so what it can do is asked, never assumed. A lost webhook
//! is lost (contract section 2): polling finds every order, webhooks only make it quick.

pub mod connect;
pub mod feed;
pub mod hooks;
mod map;
mod reply;
pub mod stock;
pub mod webhook;
mod wire;
pub mod writeback;

use crate::Operation;
use crate::error::CannotBuild;
use crate::lax::is_number;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use jiff::SignedDuration;
use serde_json::Value;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;

/// How far before the end of the last window the next one begins: contract section 3 asks for ten minutes or
/// more, because changes are written with the shop's clock and committed later.
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(15);

/// A window must have ended this long ago: times are whole seconds of the shop's clock.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(60);

/// How often a shop is called. The core has no limit and hosts keep theirs to themselves (contract section 1),
/// so these are gentle: shops share small machines with their buyers, and a page of orders costs the most.
pub fn rate(op: Operation) -> Rate {
    let (every, burst) = match op {
        Operation::Search => (SignedDuration::from_secs(1), 5),
        Operation::Read | Operation::WriteBack | Operation::Stock => (SignedDuration::from_millis(500), 10),
    };
    Rate { every, burst }
}

/// A shop and the right to call it.
#[derive(Debug, Clone)]
pub struct Shop {
    /// `https://{shop}`, or the sandbox's address of the shop; no slash at the end. Plain HTTP is refused except
    /// to this machine and to names that never resolve.
    pub base: String,
    /// The consumer key; sent in a header only, never in an address.
    pub key: Secret,
    /// The consumer secret.
    pub secret: Secret,
}

/// One call below `/wp-json`; `path` begins with a slash and is already encoded.
fn call(
    shop: &Shop,
    method: Method,
    path: &str,
    body: Option<&Value>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    if !is_safe(&shop.base) {
        return Err(CannotBuild::Address);
    }
    let (key, secret) = (shop.key.expose(), shop.secret.expose());
    if key.is_empty() || secret.is_empty() || key.contains(':') {
        return Err(CannotBuild::Credential);
    }
    let pair = Secret::new(STANDARD.encode(Secret::new(format!("{key}:{secret}")).expose()));
    let mut basic = HeaderValue::from_str(Secret::new(format!("Basic {}", pair.expose())).expose())
        .map_err(|_| CannotBuild::Credential)?;
    basic.set_sensitive(true);
    let request = Request::builder()
        .method(method)
        .uri(format!("{}/wp-json{path}", shop.base))
        .header(AUTHORIZATION, basic)
        .header(ACCEPT, "application/json");
    let request = match body {
        Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string().into_bytes()),
        None => request.body(Vec::new()),
    };
    request.map_err(|_| CannotBuild::Address)
}

/// Basic authentication would show the keys on a plain connection, and the way round it, OAuth 1.0a, would still
/// show the buyers (contract section 1).
fn is_safe(base: &str) -> bool {
    if base.starts_with("https://") {
        return true;
    }
    let Some(rest) = base.strip_prefix("http://") else { return false };
    let host = rest.split('/').next().unwrap_or_default();
    let host = host.rsplit_once(':').map_or(host, |(name, _)| name);
    host == "127.0.0.1" || host.ends_with(".invalid")
}

/// The channel's key of an order, checked before it goes into an address.
fn order_key(channel_id: &str) -> Result<&str, CannotBuild> {
    if is_number(channel_id) { Ok(channel_id) } else { Err(CannotBuild::ChannelId) }
}

/// A text as it stands in a query.
fn encoded(text: &str) -> String {
    let one = |byte: u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(byte).to_string(),
        _ => format!("%{byte:02X}"),
    };
    text.bytes().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_is_refused_but_for_this_machine() {
        for good in
            ["https://shop.example", "http://127.0.0.1:9000/woocommerce/a", "http://sandbox.invalid/w"]
        {
            assert!(is_safe(good), "{good}");
        }
        for bad in ["http://shop.example", "ftp://shop.example", "shop.example", "http://127.0.0.1.example"] {
            assert!(!is_safe(bad), "{bad}");
        }
    }

    #[test]
    fn a_query_keeps_its_shape() {
        assert_eq!(encoded("TEE-M/é&x=1 2"), "TEE-M%2F%C3%A9%26x%3D1%202");
    }

    #[test]
    fn every_operation_has_a_rate() {
        assert!(Operation::ALL.map(rate).iter().all(|r| r.burst > 0 && r.every > SignedDuration::ZERO));
    }
}
