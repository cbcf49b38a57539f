//! The wire shapes of an order, the same in a reply and in a webhook (contract section 4). What is not named here
//! is never read: addresses of computers, payment, notes of staff, fields of checkout plugins. None of the shapes
//! has `Debug` or `Serialize`.

use crate::lax::{Country, Key, Lax, Note, Part, Postcode, Scalar};
use jiff::Timestamp;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use waybill_privacy::recipient::Text;

/// The fields asked for when orders are read: with them the shop leaves out the rest.
pub(super) const FIELDS: &str = "id,number,status,currency,date_created_gmt,date_modified_gmt,total,\
prices_include_tax,customer_note,billing,shipping,line_items,shipping_lines,refunds,meta_data";

/// An order.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Order {
    pub(super) id: Lax<Key>,
    pub(super) number: Lax<String>,
    pub(super) status: Lax<String>,
    pub(super) currency: Lax<String>,
    pub(super) date_created_gmt: Lax<Utc>,
    pub(super) date_modified_gmt: Lax<Utc>,
    pub(super) total: Lax<Decimal>,
    pub(super) prices_include_tax: Lax<bool>,
    pub(super) customer_note: Lax<Note>,
    pub(super) billing: Option<Address>,
    pub(super) shipping: Option<Address>,
    pub(super) line_items: List<Line>,
    pub(super) shipping_lines: List<ShippingLine>,
    pub(super) refunds: List<IgnoredAny>,
    pub(super) meta_data: List<Meta>,
}

/// A billing or shipping address; only the first has e-mail, and a phone in every version.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Address {
    pub(super) first_name: Lax<Part>,
    pub(super) last_name: Lax<Part>,
    pub(super) company: Lax<Text>,
    pub(super) address_1: Lax<Masked>,
    pub(super) address_2: Lax<Text>,
    pub(super) city: Lax<Text>,
    pub(super) state: Lax<Text>,
    pub(super) postcode: Lax<Postcode>,
    pub(super) country: Lax<Country>,
    pub(super) phone: Lax<Text>,
    pub(super) email: Lax<Masked>,
}

/// One line.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Line {
    pub(super) id: Lax<Key>,
    pub(super) sku: Lax<String>,
    pub(super) quantity: Lax<Pieces>,
    pub(super) subtotal: Lax<Decimal>,
    pub(super) subtotal_tax: Lax<Decimal>,
    pub(super) total: Lax<Decimal>,
    pub(super) meta_data: List<Meta>,
}

/// What the buyer chose at the checkout.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct ShippingLine {
    pub(super) method_id: Lax<String>,
}

/// A refund, as far as it takes pieces off lines.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Refund {
    pub(super) line_items: List<RefundLine>,
}

/// A line of a refund; its quantity is negative.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct RefundLine {
    pub(super) quantity: Lax<Pieces>,
    pub(super) meta_data: List<Meta>,
}

/// A list. PHP writes one with holes as an object, and an empty object as a list.
pub(super) struct List<T>(pub(super) Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = List<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }
            fn visit_unit<E: serde::de::Error>(self) -> Result<List<T>, E> {
                Ok(List::default())
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
                let mut items = Vec::new();
                while let Some((_, item)) = map.next_entry::<IgnoredAny, T>()? {
                    items.push(item);
                }
                Ok(List(items))
            }
        }
        from.deserialize_any(Any(PhantomData))
    }
}

/// The extra fields we look at.
const KEYS: &[&str] = &[ANONYMIZED, BUNDLED_BY, BUNDLE_KEY, BUNDLE_PART_SHIPS, REFUNDED_ITEM];
/// Set by the shop's own eraser (contract section 7).
pub(super) const ANONYMIZED: &str = "_anonymized";
/// On a part of a bundle: the bundle's [`BUNDLE_KEY`].
pub(super) const BUNDLED_BY: &str = "_bundled_by";
/// On a bundle, as the Product Bundles plugin writes it.
pub(super) const BUNDLE_KEY: &str = "_bundle_cart_key";
/// On a part of a bundle: `no` when the bundle is packed already.
pub(super) const BUNDLE_PART_SHIPS: &str = "_bundled_item_needs_shipping";
/// On a line of a refund: the line of the order.
pub(super) const REFUNDED_ITEM: &str = "_refunded_item_id";

/// An extra field. Plugins keep anything in these, people's data among it, so a value is kept only under one of
/// [`KEYS`].
#[derive(Default)]
pub(super) struct Meta {
    key: Option<&'static str>,
    value: Option<String>,
}

impl<'de> Deserialize<'de> for Meta {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Meta;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field with key and value")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Meta, A::Error> {
                let mut meta = Meta::default();
                let mut foreign = false;
                while let Some(field) = map.next_key::<String>()? {
                    match field.as_str() {
                        "key" => {
                            let key = map.next_value::<Lax<String>>()?.hint();
                            meta.key = KEYS.iter().copied().find(|k| key.as_deref() == Some(k));
                            foreign = meta.key.is_none();
                        }
                        "value" if !foreign => {
                            meta.value = map.next_value::<Lax<Mark>>()?.hint().map(|m| m.0)
                        }
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(if meta.key.is_some() { meta } else { Meta::default() })
            }
        }
        from.deserialize_any(Any)
    }
}

/// The value of an extra field, where it is there and has one.
pub(super) fn meta<'a>(list: &'a List<Meta>, key: &str) -> Option<&'a str> {
    list.0.iter().find(|m| m.key == Some(key)).and_then(|m| m.value.as_deref())
}

/// A flag, a number or a key made by a machine; never a sentence.
struct Mark(String);

impl Scalar for Mark {
    fn read(text: &str) -> Option<Self> {
        let fits = text.len() <= 64 && text.bytes().all(|b| b.is_ascii_alphanumeric());
        fits.then(|| Self(text.to_owned()))
    }
}

/// A text that the shop's eraser writes over: the text, and whether it did.
pub(super) struct Masked {
    pub(super) text: Text,
    pub(super) is: bool,
}

impl Scalar for Masked {
    fn read(text: &str) -> Option<Self> {
        let is = matches!(text, "[deleted]" | "deleted@site.invalid");
        Some(Self { text: Text::read(text)?, is })
    }
}

/// A time of a `..._gmt` field: UTC, written without saying so.
pub(super) struct Utc(pub(super) Timestamp);

impl Scalar for Utc {
    fn read(text: &str) -> Option<Self> {
        // With an offset it says where it is; without, the field's name does.
        text.parse().or_else(|_| format!("{text}Z").parse()).ok().map(Self)
    }
}

/// A number of pieces without its sign. Plugins that sell by length allow fractions; whoever packs 1.5 of
/// something handles two.
#[derive(Clone, Copy)]
pub(super) struct Pieces(pub(super) u32);

impl Scalar for Pieces {
    fn read(text: &str) -> Option<Self> {
        let number = Decimal::read(text)?.abs();
        number.round_dp_with_strategy(0, RoundingStrategy::AwayFromZero).to_u32().map(Self)
    }
}
