//! Magento Open Source and Adobe Commerce: REST out; polling in, and on Commerce events that name an order.
//!
//! The three products (own server, Adobe's cloud, SaaS) speak the same REST; they differ in the address before
//! `/V1` and in how a call is signed ([`Access`], contract section 1).

pub mod connect;
pub mod feed;
mod map;
pub mod oauth;
mod reply;
pub mod stock;
pub mod token;
pub mod webhook;
mod wire;
pub mod writeback;

use crate::error::CannotBuild;
use crate::lax::is_number;
use crate::{Operation, Stamp};
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request, Uri};
use jiff::SignedDuration;
use serde_json::Value;
use waybill_domain::rate::Rate;
use waybill_privacy::secret::Secret;

/// How far back before the end of the last window the next begins: `updated_at` has whole seconds, is written
/// before a slow shop's transaction ends, and follows the shop's clock (contract section 2).
pub const OVERLAP: SignedDuration = SignedDuration::from_mins(5);

/// A window must end this long before now, so that its last second is over at the shop too.
pub const SETTLE: SignedDuration = SignedDuration::from_secs(10);

/// How often a shop may be called. Magento documents no limit for integrations (contract section 1: 429 exists
/// only for checkout), so this is ours: shops are slow, and every call is a PHP process on the merchant's machine.
pub fn rate(operation: Operation) -> Rate {
    let (millis, burst) = match operation {
        Operation::Search => (1000, 10),
        Operation::Read => (250, 20),
        Operation::WriteBack | Operation::Stock => (250, 10),
    };
    Rate { every: SignedDuration::from_millis(millis), burst }
}

/// A shop and the right to call it.
#[derive(Debug, Clone)]
pub struct Shop {
    /// What stands before `/V1`, without a slash at the end: `https://{shop}/rest/default`,
    /// `https://{server}.api.commerce.adobe.com/{tenant}`, or the sandbox's address of the shop.
    pub base: String,
    /// How its calls are signed.
    pub access: Access,
    /// In what it weighs: no order says so. [`connect::build_weight_unit`] asks the shop.
    pub weight: WeightUnit,
}

/// How a call shows that we may make it.
#[derive(Debug, Clone)]
pub enum Access {
    /// An integration's four credentials; every call is signed ([`oauth`]).
    OAuth1 {
        /// Names us at the shop.
        consumer_key: String,
        /// Signs.
        consumer_secret: Secret,
        /// The access token. A shop may be set to take it as a bearer token, so it is a secret.
        token: Secret,
        /// Signs.
        token_secret: Secret,
    },
    /// A token of Adobe IMS ([`token`]), or an integration's where the shop takes those as bearer tokens.
    Bearer(Secret),
}

/// The unit of every weight of a shop (`general/locale/weight_unit`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WeightUnit {
    /// `kgs`.
    Kilograms,
    /// `lbs`, which is what a shop has until somebody changes it.
    Pounds,
}

/// Query parameters, not yet encoded.
type Query = Vec<(String, String)>;

/// One REST call. `path` stands behind `/V1/` and is sent as it is.
fn call(
    shop: &Shop,
    method: Method,
    path: &str,
    query: &Query,
    body: Option<&Value>,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let encoded: Vec<String> =
        query.iter().map(|(k, v)| format!("{}={}", oauth::encode(k), oauth::encode(v))).collect();
    let mark = if encoded.is_empty() { "" } else { "?" };
    let uri = address(&format!("{}/V1/{path}{mark}{}", shop.base, encoded.join("&")))?;
    let authorization = match &shop.access {
        Access::OAuth1 { consumer_key, consumer_secret, token, token_secret } => {
            let signer = oauth::Signer {
                consumer_key,
                consumer_secret: consumer_secret.expose(),
                token: Some((token.expose(), token_secret.expose())),
                verifier: None,
            };
            signer.header(&method, &uri, query, stamp)
        }
        Access::Bearer(token) => format!("Bearer {}", token.expose()),
    };
    let request = Request::builder()
        .method(method)
        .uri(uri)
        .header(AUTHORIZATION, sensitive(&authorization)?)
        .header(ACCEPT, "application/json");
    let request = match body {
        Some(body) => request.header(CONTENT_TYPE, "application/json").body(body.to_string().into_bytes()),
        None => request.body(Vec::new()),
    };
    request.map_err(|_| CannotBuild::Address)
}

/// A whole address, with scheme and host.
fn address(text: &str) -> Result<Uri, CannotBuild> {
    let uri = Uri::try_from(text).map_err(|_| CannotBuild::Address)?;
    let whole = matches!(uri.scheme_str(), Some("http" | "https")) && uri.authority().is_some();
    if whole { Ok(uri) } else { Err(CannotBuild::Address) }
}

/// A header value that prints as `Sensitive`.
fn sensitive(text: &str) -> Result<HeaderValue, CannotBuild> {
    let mut value = HeaderValue::from_str(text).map_err(|_| CannotBuild::Credential)?;
    value.set_sensitive(true);
    Ok(value)
}

/// The number of an order or of one of its lines.
fn number(text: &str) -> Result<u64, CannotBuild> {
    let number = if is_number(text) { text.parse().ok() } else { None };
    number.filter(|n| *n > 0).ok_or(CannotBuild::ChannelId)
}

/// One search filter. Filters of one group are alternatives; ours are alone in theirs, so all must hold.
fn filter(query: &mut Query, group: usize, field: &str, condition: &str, value: &str) {
    let at = format!("searchCriteria[filter_groups][{group}][filters][0]");
    query.push((format!("{at}[field]"), field.to_owned()));
    query.push((format!("{at}[value]"), value.to_owned()));
    query.push((format!("{at}[condition_type]"), condition.to_owned()));
}

/// The first page of this many rows.
fn first_page(query: &mut Query, size: usize) {
    query.push(("searchCriteria[pageSize]".to_owned(), size.to_string()));
    query.push(("searchCriteria[currentPage]".to_owned(), "1".to_owned()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_no_order() {
        assert_eq!(number("9007199254740993"), Ok(9_007_199_254_740_993));
        for bad in ["", "0", "000000007x", "-1", "../1", "99999999999999999999"] {
            assert_eq!(number(bad), Err(CannotBuild::ChannelId), "{bad}");
        }
    }

    #[test]
    fn an_address_names_its_host() {
        assert!(address("https://shop.example/rest/V1/orders").is_ok());
        for bad in ["/V1/orders", "shop.example", "ftp://shop.example/", "https://exa mple/"] {
            assert_eq!(address(bad), Err(CannotBuild::Address), "{bad}");
        }
    }
}
