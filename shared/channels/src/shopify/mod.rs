//! Shopify: GraphQL Admin API out, signed webhooks in.

pub mod feed;
pub mod hooks;
mod map;
mod reply;
pub mod stock;
pub mod token;
pub mod webhook;
mod wire;
pub mod writeback;

use crate::Operation;
use crate::error::CannotBuild;
use crate::lax::is_number;
use http::header::{ACCEPT, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use jiff::SignedDuration;
use serde_json::json;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;

/// The version of the Admin API every call names.
pub const API_VERSION: &str = "2026-07";

/// How far before the last window's end the next one begins: the shop's search index may lag (contract section 3).
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(5);
/// How long before now a window ends.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(5);

/// How often a shop may be called, by all operations together: Shopify counts points, not calls, 2,000 at most and
/// 100 restored a second on the smallest plan (contract section 3). A call of ours costs up to 30 points, and asking
/// for an order must find 621 there before it is answered; so 40 calls at once leave enough, and one in 300 ms is
/// restored in time. Shopify's own count is obeyed from its replies besides.
pub fn rate(operation: Operation) -> Rate {
    match operation {
        Operation::Search | Operation::Read | Operation::WriteBack | Operation::Stock => {
            Rate { every: SignedDuration::from_millis(300), burst: 40 }
        }
    }
}

/// A shop and the right to call it.
#[derive(Debug, Clone)]
pub struct Shop {
    /// `https://{shop}`, or the sandbox's address of the shop; no slash at the end.
    pub base: String,
    /// The offline access token.
    pub token: Secret,
}

/// The global id of a thing: `gid://shopify/Order/1`.
pub fn gid(kind: &str, id: &str) -> String {
    format!("gid://shopify/{kind}/{id}")
}

/// The number in a global id of that kind; `None` for anything else.
pub fn gid_tail<'a>(kind: &str, gid: &'a str) -> Option<&'a str> {
    let tail = gid.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?;
    // Some kinds carry parameters: `gid://shopify/X/1?y=2`.
    let tail = tail.split('?').next().unwrap_or_default();
    is_number(tail).then_some(tail)
}

/// The global id of an order by its channel key.
fn order_gid(channel_id: &str) -> Result<String, CannotBuild> {
    if is_number(channel_id) { Ok(gid("Order", channel_id)) } else { Err(CannotBuild::ChannelId) }
}

/// One GraphQL call.
fn call(shop: &Shop, query: &str, variables: &serde_json::Value) -> Result<Request<Vec<u8>>, CannotBuild> {
    let mut token = HeaderValue::from_str(shop.token.expose()).map_err(|_| CannotBuild::Credential)?;
    token.set_sensitive(true);
    Request::builder()
        .method(Method::POST)
        .uri(format!("{}/admin/api/{API_VERSION}/graphql.json", shop.base))
        .header("x-shopify-access-token", token)
        .header(CONTENT_TYPE, "application/json")
        .header(ACCEPT, "application/json")
        .body(json!({ "query": query, "variables": variables }).to_string().into_bytes())
        .map_err(|_| CannotBuild::Address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_gid_of_the_kind_has_a_tail() {
        assert_eq!(gid_tail("Order", &gid("Order", "820982911946154508")), Some("820982911946154508"));
        assert_eq!(gid_tail("Order", "gid://shopify/Order/1?x=2"), Some("1"));
        assert_eq!(gid_tail("Order", "gid://shopify/OrderX/1"), None);
        assert_eq!(gid_tail("Order", "https://www.example.com/"), None);
        assert_eq!(gid_tail("Order", "gid://shopify/Order/"), None);
    }

    #[test]
    fn what_is_no_number_is_no_order() {
        assert_eq!(order_gid("1001").as_deref(), Ok("gid://shopify/Order/1001"));
        for bad in ["", "#1001", "1) {", "-1", "123456789012345678901"] {
            assert_eq!(order_gid(bad), Err(CannotBuild::ChannelId));
        }
    }
}
