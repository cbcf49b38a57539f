//! The wire shapes of an order. Webhooks (REST names) and GraphQL share them, because our query renames
//! GraphQL's fields to the REST ones; only lists and weights differ.
//!
//! Nothing in here has `Debug` or `Serialize`: personal fields go straight from the bytes into
//! [`Text`], or into [`Part`] until two parts of a name are one.

use super::{gid_tail, is_number};
use crate::error::CannotRead;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::Deserialize;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;
use waybill_domain::order::Destination;
use waybill_privacy::Sensitive;
use waybill_privacy::recipient::Text;
use zeroize::Zeroizing;

/// The longest text we take, in characters; longer ones are not names, addresses or keys.
const LONGEST: usize = 1000;
/// The longest note, as Shopify allows.
const LONGEST_NOTE: usize = 5000;

/// A scalar that may be absent, null, a number where text is documented or the other way round.
pub(super) enum Lax<T> {
    /// Not there, null, or only blanks.
    Absent,
    /// There, but not what it should be.
    Bad,
    /// There.
    Is(T),
}

impl<T> Default for Lax<T> {
    fn default() -> Self {
        Self::Absent
    }
}

impl<T> Lax<T> {
    /// The value or nothing; an unusable one is an error that names the field.
    pub(super) fn may(self, field: &'static str) -> Result<Option<T>, CannotRead> {
        match self {
            Self::Absent => Ok(None),
            Self::Bad => Err(CannotRead::Field { field }),
            Self::Is(value) => Ok(Some(value)),
        }
    }

    /// The value; without it there is no order.
    pub(super) fn need(self, field: &'static str) -> Result<T, CannotRead> {
        self.may(field)?.ok_or(CannotRead::Field { field })
    }

    /// The value where it is usable.
    pub(super) fn hint(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }
}

/// What a scalar is made from: its text, whatever its JSON type was.
pub(super) trait Scalar: Sized {
    /// `None` when the text is not one.
    fn read(text: &str) -> Option<Self>;
}

impl<'de, T: Scalar> Deserialize<'de> for Lax<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Scalar> Visitor<'de> for Any<T> {
            type Value = Lax<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a scalar")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Lax<T>, E> {
                let text = text.trim();
                if text.is_empty() {
                    return Ok(Lax::Absent);
                }
                Ok(T::read(text).map_or(Lax::Bad, Lax::Is))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Lax<T>, E> {
                self.visit_str(&Zeroizing::new(text))
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Lax<T>, E> {
                self.visit_str(&Zeroizing::new(n.to_string()))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Lax<T>, E> {
                self.visit_str(&Zeroizing::new(n.to_string()))
            }
            fn visit_f64<E: de::Error>(self, n: f64) -> Result<Lax<T>, E> {
                // `{:?}` always shows a point or exponent, so that a key which went through a double is none.
                self.visit_str(&Zeroizing::new(format!("{n:?}")))
            }
            fn visit_bool<E: de::Error>(self, b: bool) -> Result<Lax<T>, E> {
                self.visit_str(if b { "true" } else { "false" })
            }
            fn visit_unit<E: de::Error>(self) -> Result<Lax<T>, E> {
                Ok(Lax::Absent)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Lax<T>, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Lax::Bad)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Lax<T>, A::Error> {
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Lax::Bad)
            }
        }
        from.deserialize_any(Any(PhantomData))
    }
}

fn short(text: &str) -> Option<&str> {
    (text.chars().nth(LONGEST).is_none()).then_some(text)
}

/// Text that names nobody.
impl Scalar for String {
    fn read(text: &str) -> Option<Self> {
        short(text).map(str::to_owned)
    }
}

/// Text that names somebody.
impl Scalar for Text {
    fn read(text: &str) -> Option<Self> {
        short(text).map(|t| Sensitive::new(t.to_owned()))
    }
}

/// One part of a name, until it is joined with the other.
pub(super) struct Part(pub(super) Zeroizing<String>);

impl Scalar for Part {
    fn read(text: &str) -> Option<Self> {
        short(text).map(|t| Self(Zeroizing::new(t.to_owned())))
    }
}

/// A text the buyer wrote.
pub(super) struct Note(pub(super) Text);

impl Scalar for Note {
    fn read(text: &str) -> Option<Self> {
        (text.chars().nth(LONGEST_NOTE).is_none()).then(|| Self(Sensitive::new(text.to_owned())))
    }
}

/// A postcode with what may be kept of it in the clear.
pub(super) struct Postcode {
    pub(super) text: Text,
    pub(super) area: Option<String>,
}

impl Scalar for Postcode {
    fn read(text: &str) -> Option<Self> {
        Some(Self { text: Text::read(text)?, area: Destination::area_of(text) })
    }
}

/// ISO 3166-1 alpha-2 in capitals.
pub(super) struct Country(pub(super) String);

impl Scalar for Country {
    fn read(text: &str) -> Option<Self> {
        let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        fits.then(|| Self(text.to_ascii_uppercase()))
    }
}

/// A key: digits only. One that came through a double is none.
pub(super) struct Key(pub(super) String);

impl Scalar for Key {
    fn read(text: &str) -> Option<Self> {
        is_number(text).then(|| Self(text.to_owned()))
    }
}

impl Scalar for Timestamp {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Scalar for bool {
    fn read(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl Scalar for u32 {
    fn read(text: &str) -> Option<Self> {
        text.strip_suffix(".0").unwrap_or(text).parse().ok()
    }
}

impl Scalar for Decimal {
    fn read(text: &str) -> Option<Self> {
        Self::from_str(text).or_else(|_| Self::from_scientific(text)).ok()
    }
}

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

/// A fulfillment order, as far as it tells how the goods travel.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Work {
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
