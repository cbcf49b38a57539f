//! The wire shapes of an order. Webhooks (REST names) and GraphQL share them, because our query renames
//! GraphQL's fields to the REST ones; only lists and weights differ. None of them has `Debug` or `Serialize`.

use super::gid_tail;
use crate::error::CannotRead;
use crate::lax::{Country, Key, Lax, Note, Part, Postcode};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use waybill_privacy::recipient::Text;

/// A list: an array in a webhook, `{nodes, pageInfo}` in GraphQL.
pub(super) struct List<T> {
    pub(super) items: Vec<T>,
    /// There is more than was asked for.
    pub(super) more: bool,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List { items, more: false })
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
                let mut list = List { items: Vec::new(), more: false };
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "nodes" => list.items = map.next_value()?,
                        "pageInfo" => list.more = map.next_value::<PageInfo>()?.has_next_page,
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(list)
            }
        }
        from.deserialize_any(Either(PhantomData))
    }
}

/// Where a page of a GraphQL list ends.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct PageInfo {
    pub(super) has_next_page: bool,
    pub(super) end_cursor: Option<String>,
}

/// An order.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Order {
    pub(super) id: Lax<Key>,
    pub(super) admin_graphql_api_id: Lax<String>,
    pub(super) name: Lax<String>,
    pub(super) created_at: Lax<Timestamp>,
    pub(super) updated_at: Lax<Timestamp>,
    pub(super) cancelled_at: Lax<Timestamp>,
    pub(super) test: Lax<bool>,
    pub(super) financial_status: Lax<String>,
    pub(super) currency: Lax<String>,
    pub(super) current_total_price_set: Option<PriceSet>,
    pub(super) total_price_set: Option<PriceSet>,
    pub(super) current_total_price: Lax<Decimal>,
    pub(super) total_price: Lax<Decimal>,
    pub(super) email: Lax<Text>,
    pub(super) contact_email: Lax<Text>,
    pub(super) phone: Lax<Text>,
    pub(super) note: Lax<Note>,
    pub(super) customer: Option<Customer>,
    pub(super) shipping_address: Option<Address>,
    pub(super) line_items: Option<List<Line>>,
    pub(super) shipping_lines: Option<List<ShippingLine>>,
    pub(super) fulfillment_orders: Option<List<Work>>,
}

/// Money in two currencies; the shop's is the one we keep.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PriceSet {
    pub(super) shop_money: Option<Amount>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Amount {
    pub(super) amount: Lax<Decimal>,
    pub(super) currency_code: Lax<String>,
}

/// The buyer.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Customer {
    pub(super) first_name: Lax<Part>,
    pub(super) last_name: Lax<Part>,
    pub(super) email: Lax<Text>,
    pub(super) phone: Lax<Text>,
}

/// Where it goes.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Address {
    pub(super) name: Lax<Text>,
    pub(super) first_name: Lax<Part>,
    pub(super) last_name: Lax<Part>,
    pub(super) company: Lax<Text>,
    pub(super) address1: Lax<Text>,
    pub(super) address2: Lax<Text>,
    pub(super) city: Lax<Text>,
    pub(super) province: Lax<Text>,
    pub(super) zip: Lax<Postcode>,
    pub(super) country_code: Lax<Country>,
    pub(super) phone: Lax<Text>,
}

/// One line.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line {
    pub(super) id: Lax<Key>,
    pub(super) admin_graphql_api_id: Lax<String>,
    pub(super) sku: Lax<String>,
    pub(super) current_quantity: Lax<u32>,
    pub(super) quantity: Lax<u32>,
    pub(super) fulfillable_quantity: Lax<u32>,
    pub(super) requires_shipping: Lax<bool>,
    pub(super) grams: Lax<Decimal>,
    pub(super) price: Lax<Decimal>,
    pub(super) price_set: Option<PriceSet>,
    pub(super) variant: Option<Variant>,
}

/// GraphQL keeps the weight with the variant's stock item.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Variant {
    pub(super) inventory_item: Option<StockItem>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct StockItem {
    pub(super) measurement: Option<Measurement>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Measurement {
    pub(super) weight: Option<Weight>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Weight {
    pub(super) value: Lax<Decimal>,
    pub(super) unit: Lax<String>,
}

/// What the buyer chose at the checkout.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ShippingLine {
    pub(super) code: Lax<String>,
    pub(super) source: Lax<String>,
    pub(super) delivery_category: Lax<String>,
}

/// A fulfillment order, as far as it tells whether and how the goods travel.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Work {
    pub(super) status: Lax<String>,
    pub(super) delivery_method: Option<DeliveryMethod>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct DeliveryMethod {
    pub(super) method_type: Lax<String>,
}

/// The key of a thing: the number in its global id, which no JSON tool has rounded; else its `id`.
pub(super) fn key(
    kind: &str,
    gid: Lax<String>,
    id: Lax<Key>,
    field: &'static str,
) -> Result<String, CannotRead> {
    match gid.hint().as_deref().and_then(|gid| gid_tail(kind, gid)) {
        Some(tail) => Ok(tail.to_owned()),
        None => Ok(id.need(field)?.0),
    }
}
