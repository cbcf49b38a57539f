//! Webhooks: is it from Shopify, and what does it ask for (contract sections 2 and 7).

use super::wire::Order;
use super::{feed, map};
use crate::error::{CannotRead, NotTrusted};
use crate::hint::Hint;
use crate::lax::{Key, Lax};
use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use serde::Deserialize;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;

/// Checks that the body was signed with one of the secrets: the current one, then the previous one while
/// a rotation lasts. `body` is the bytes exactly as sent. The comparison takes constant time.
///
/// # Errors
/// `NotTrusted` when it was not; answer 401, which the compliance topics demand.
pub fn verify(body: &[u8], signature: Option<&str>, secrets: &[&Secret]) -> Result<(), NotTrusted> {
    let signature = signature.filter(|s| !s.is_empty()).ok_or(NotTrusted::NoSignature)?;
    let signature = STANDARD.decode(signature).map_err(|_| NotTrusted::WrongSignature)?;
    if secrets.is_empty() {
        return Err(NotTrusted::NoSecret);
    }
    let fits = |secret: &&Secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.expose().as_bytes());
        hmac::verify(&key, body, &signature).is_ok()
    };
    if secrets.iter().any(fits) { Ok(()) } else { Err(NotTrusted::WrongSignature) }
}

/// The signature of a delivery, from either family of headers.
pub fn signature_header(headers: &HeaderMap) -> Option<&str> {
    either(headers, "x-shopify-hmac-sha256", "shopify-hmac-sha256")
}

/// The topic of a delivery, from either family of headers.
pub fn topic_header(headers: &HeaderMap) -> Option<&str> {
    either(headers, "x-shopify-topic", "shopify-topic")
}

/// What Shopify calls a delivery: the same each time it is sent again.
pub fn id_header(headers: &HeaderMap) -> Option<&str> {
    either(headers, "x-shopify-webhook-id", "shopify-webhook-id")
}

fn either<'a>(headers: &'a HeaderMap, old: &str, new: &str) -> Option<&'a str> {
    [old, new].into_iter().find_map(|name| headers.get(name)).and_then(|value| value.to_str().ok())
}

/// What a delivery is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Topic {
    /// `orders/create`.
    OrdersCreate,
    /// `orders/updated`.
    OrdersUpdated,
    /// `orders/cancelled`.
    OrdersCancelled,
    /// `orders/paid`.
    OrdersPaid,
    /// `orders/fulfilled`.
    OrdersFulfilled,
    /// `orders/partially_fulfilled`.
    OrdersPartiallyFulfilled,
    /// `orders/edited`: carries differences only.
    OrdersEdited,
    /// `orders/delete`: carries an id only.
    OrdersDelete,
    /// `refunds/create`.
    RefundsCreate,
    /// Any `fulfillment_orders/...`.
    FulfillmentOrders,
    /// `inventory_levels/update`.
    InventoryLevelsUpdate,
    /// `app/uninstalled`.
    AppUninstalled,
    /// `customers/redact`.
    CustomersRedact,
    /// `customers/data_request`.
    CustomersDataRequest,
    /// `shop/redact`.
    ShopRedact,
    /// One we did not ask for.
    Other(String),
}

impl From<&str> for Topic {
    fn from(text: &str) -> Self {
        let text = text.trim().to_ascii_lowercase();
        match text.as_str() {
            "orders/create" => Self::OrdersCreate,
            "orders/updated" => Self::OrdersUpdated,
            "orders/cancelled" => Self::OrdersCancelled,
            "orders/paid" => Self::OrdersPaid,
            "orders/fulfilled" => Self::OrdersFulfilled,
            "orders/partially_fulfilled" => Self::OrdersPartiallyFulfilled,
            "orders/edited" => Self::OrdersEdited,
            "orders/delete" => Self::OrdersDelete,
            "refunds/create" => Self::RefundsCreate,
            "inventory_levels/update" => Self::InventoryLevelsUpdate,
            "app/uninstalled" => Self::AppUninstalled,
            "customers/redact" => Self::CustomersRedact,
            "customers/data_request" => Self::CustomersDataRequest,
            "shop/redact" => Self::ShopRedact,
            _ if text.starts_with("fulfillment_orders/") => Self::FulfillmentOrders,
            _ => Self::Other(text),
        }
    }
}

impl Topic {
    /// Reads the header's text; an unknown topic is kept as it is.
    pub fn parse(text: &str) -> Self {
        Self::from(text)
    }
}

/// Reads a delivery that [`verify`] let pass.
///
/// `fulfillment_orders/...` deliveries (holds, releases, moves, splits) name a fulfillment order and never its order:
/// the order is read by it. `orders/delete` names an order that will not be found any more.
///
/// # Errors
/// `CannotRead` when the body is not what the topic promises. Keep the bytes sealed and ask a person.
pub fn read(topic: &Topic, body: &[u8]) -> Result<Hint, CannotRead> {
    match topic {
        Topic::OrdersCreate
        | Topic::OrdersUpdated
        | Topic::OrdersCancelled
        | Topic::OrdersPaid
        | Topic::OrdersFulfilled
        | Topic::OrdersPartiallyFulfilled => {
            let order: Order = serde_json::from_slice(body)?;
            Ok(Hint::Order(Box::new(map::normalise(order)?)))
        }
        Topic::OrdersEdited => {
            let Edited { order_edit } = serde_json::from_slice(body)?;
            let Ordered { order_id } = order_edit.unwrap_or_default();
            Ok(Hint::Reread { channel_id: order_id.need("order_edit.order_id")?.0 })
        }
        Topic::RefundsCreate => {
            let Ordered { order_id } = serde_json::from_slice(body)?;
            Ok(Hint::Reread { channel_id: order_id.need("order_id")?.0 })
        }
        Topic::CustomersRedact => {
            let asked: Redact = serde_json::from_slice(body)?;
            let orders = keys(asked.orders_to_redact, "orders_to_redact")?;
            Ok(Hint::EraseOrders { orders, buyers: email(asked.customer)?.into_iter().collect() })
        }
        Topic::CustomersDataRequest => {
            let asked: DataRequest = serde_json::from_slice(body)?;
            let request = asked.data_request.unwrap_or_default().id.need("data_request.id")?.0;
            let orders = keys(asked.orders_requested, "orders_requested")?;
            Ok(Hint::DataRequest { request, orders, buyer: email(asked.customer)? })
        }
        Topic::ShopRedact => Ok(Hint::EraseShop),
        Topic::AppUninstalled => Ok(Hint::Uninstalled),
        Topic::FulfillmentOrders => {
            let works: Works = serde_json::from_slice(body)?;
            Ok(works.first().map_or(Hint::Ignore, |channel_id| Hint::Reread { channel_id }))
        }
        Topic::OrdersDelete => {
            let Numbered { id } = serde_json::from_slice(body)?;
            Ok(Hint::Reread { channel_id: id.need("id")?.0 })
        }
        Topic::InventoryLevelsUpdate | Topic::Other(_) => Ok(Hint::Ignore),
    }
}

#[derive(Deserialize)]
struct Edited {
    order_edit: Option<Ordered>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Ordered {
    order_id: Lax<Key>,
}

/// The fulfillment orders a delivery names, by the names its topics use; all are of one order.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Works {
    fulfillment_order: Option<Work>,
    original_fulfillment_order: Option<Work>,
    moved_fulfillment_order: Option<Work>,
    remaining_fulfillment_order: Option<Work>,
    replacement_fulfillment_order: Option<Work>,
    submitted_fulfillment_order: Option<Work>,
    fulfillment_order_merges: Option<Vec<Merge>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Merge {
    fulfillment_order: Option<Work>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Work {
    id: Lax<String>,
}

impl Works {
    /// Reads the order by this.
    fn first(self) -> Option<String> {
        let named = [
            self.fulfillment_order,
            self.original_fulfillment_order,
            self.moved_fulfillment_order,
            self.remaining_fulfillment_order,
            self.replacement_fulfillment_order,
            self.submitted_fulfillment_order,
        ];
        let merged = self.fulfillment_order_merges.into_iter().flatten().map(|merge| merge.fulfillment_order);
        named.into_iter().chain(merged).flatten().find_map(|work| feed::by_work(&work.id.hint()?))
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Buyer {
    email: Lax<Text>,
}

#[derive(Deserialize)]
struct Redact {
    customer: Option<Buyer>,
    orders_to_redact: Option<Vec<Lax<Key>>>,
}

#[derive(Deserialize)]
struct DataRequest {
    customer: Option<Buyer>,
    orders_requested: Option<Vec<Lax<Key>>>,
    data_request: Option<Numbered>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Numbered {
    id: Lax<Key>,
}

/// An unusable key is an error: an erasure that skips an order would look done.
fn keys(list: Option<Vec<Lax<Key>>>, field: &'static str) -> Result<Vec<String>, CannotRead> {
    list.unwrap_or_default().into_iter().map(|key| Ok(key.need(field)?.0)).collect()
}

fn email(buyer: Option<Buyer>) -> Result<Option<Text>, CannotRead> {
    buyer.unwrap_or_default().email.may("customer.email")
}
