//! The wire shapes of an order: no field more than [`super::map`] keeps, none with `Debug` or `Serialize`.
//! Nearly every field can be absent, and PHP writes an empty object as `[]` (contract section 4), so no shape
//! in here is ever a reason to refuse the rest of a page.

use crate::lax::{Country, Key, Lax, Part, Postcode, Scalar};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::Offset;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use std::fmt;
use std::marker::PhantomData;
use waybill_privacy::recipient::Text;

/// A usable value, left where it is.
pub(super) fn peek<T>(value: &Lax<T>) -> Option<&T> {
    match value {
        Lax::Is(value) => Some(value),
        Lax::Absent | Lax::Bad => None,
    }
}

/// An object that may be absent, null, or not an object.
#[derive(Default)]
pub(super) enum Maybe<T> {
    /// Not there, null, or `[]`.
    #[default]
    Absent,
    /// Something else.
    Bad,
    /// There.
    Is(T),
}

impl<T> Maybe<T> {
    pub(super) fn hint(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Maybe<T> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Any<T> {
            type Value = Maybe<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Maybe<T>, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Maybe::Is)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Maybe<T>, A::Error> {
                let mut any = Maybe::Absent;
                while seq.next_element::<IgnoredAny>()?.is_some() {
                    any = Maybe::Bad;
                }
                Ok(any)
            }
            fn visit_unit<E: de::Error>(self) -> Result<Maybe<T>, E> {
                Ok(Maybe::Absent)
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Maybe<T>, E> {
                Ok(Maybe::Bad)
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Maybe<T>, E> {
                Ok(Maybe::Bad)
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Maybe<T>, E> {
                Ok(Maybe::Bad)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Maybe<T>, E> {
                Ok(Maybe::Bad)
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<Maybe<T>, E> {
                Ok(Maybe::Bad)
            }
        }
        from.deserialize_any(Any(PhantomData))
    }
}

/// A list; PHP writes one whose keys have gaps as an object.
#[derive(Default)]
pub(super) enum List<T> {
    /// Not there or null.
    #[default]
    Absent,
    /// Not a list.
    Bad,
    /// There.
    Is(Vec<T>),
}

impl<T> List<T> {
    /// What is in it.
    pub(super) fn all(self) -> Vec<T> {
        match self {
            Self::Is(all) => all,
            Self::Absent | Self::Bad => Vec::new(),
        }
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
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<List<T>, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(List::Is(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<List<T>, A::Error> {
                let mut all = Vec::new();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    all.push(map.next_value()?);
                }
                Ok(List::Is(all))
            }
            fn visit_unit<E: de::Error>(self) -> Result<List<T>, E> {
                Ok(List::Absent)
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<List<T>, E> {
                Ok(List::Bad)
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<List<T>, E> {
                Ok(List::Bad)
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<List<T>, E> {
                Ok(List::Bad)
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<List<T>, E> {
                Ok(List::Bad)
            }
            fn visit_str<E: de::Error>(self, _: &str) -> Result<List<T>, E> {
                Ok(List::Bad)
            }
        }
        from.deserialize_any(Any(PhantomData))
    }
}

/// A time as Magento writes it, `2026-11-22 10:00:00` in UTC without saying so; one with a zone is taken too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct At(pub(super) Timestamp);

impl Scalar for At {
    fn read(text: &str) -> Option<Self> {
        if let Ok(zoned) = text.parse() {
            return Some(Self(zoned));
        }
        let civil: DateTime = text.parse().ok()?;
        Offset::UTC.to_timestamp(civil).ok().map(Self)
    }
}

/// `1`, `0`, `true` or `false`.
pub(super) struct Flag(pub(super) bool);

impl Scalar for Flag {
    fn read(text: &str) -> Option<Self> {
        match text {
            "1" | "true" => Some(Self(true)),
            "0" | "false" => Some(Self(false)),
            _ => None,
        }
    }
}

/// Rows found by a search.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Found<T> {
    pub(super) items: List<Maybe<T>>,
    pub(super) total_count: Lax<u32>,
}

/// An order.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Order {
    pub(super) entity_id: Lax<Key>,
    pub(super) increment_id: Lax<String>,
    pub(super) state: Lax<String>,
    pub(super) created_at: Lax<At>,
    pub(super) updated_at: Lax<At>,
    pub(super) relation_child_id: Lax<String>,
    pub(super) order_currency_code: Lax<String>,
    pub(super) grand_total: Lax<Decimal>,
    pub(super) customer_email: Lax<Text>,
    pub(super) items: List<Maybe<Item>>,
    pub(super) extension_attributes: Maybe<Extension>,
}

/// A row of an order: a line, or a part of one.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Item {
    pub(super) item_id: Lax<Key>,
    pub(super) parent_item_id: Lax<Key>,
    pub(super) parent_item: Maybe<Parent>,
    pub(super) product_id: Lax<Key>,
    pub(super) product_type: Lax<String>,
    pub(super) sku: Lax<String>,
    pub(super) is_virtual: Lax<Flag>,
    pub(super) weight: Lax<Decimal>,
    pub(super) price: Lax<Decimal>,
    pub(super) price_incl_tax: Lax<Decimal>,
    pub(super) qty_ordered: Lax<Decimal>,
    pub(super) qty_canceled: Lax<Decimal>,
    pub(super) qty_refunded: Lax<Decimal>,
    pub(super) qty_shipped: Lax<Decimal>,
}

/// The row above a row, where it is told whole.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Parent {
    pub(super) item_id: Lax<Key>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Extension {
    pub(super) shipping_assignments: List<Maybe<Assignment>>,
    pub(super) pickup_location_code: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Assignment {
    pub(super) shipping: Maybe<Shipping>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Shipping {
    pub(super) method: Lax<String>,
    pub(super) address: Maybe<Address>,
}

/// Where it goes.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Address {
    pub(super) firstname: Lax<Part>,
    pub(super) middlename: Lax<Part>,
    pub(super) lastname: Lax<Part>,
    pub(super) company: Lax<Text>,
    pub(super) street: Street,
    pub(super) city: Lax<Text>,
    pub(super) region: Lax<Text>,
    pub(super) postcode: Lax<Postcode>,
    pub(super) country_id: Lax<Country>,
    pub(super) telephone: Lax<Text>,
    pub(super) email: Lax<Text>,
}

/// Street lines: a list, or one text whose lines are those of the list.
#[derive(Default)]
pub(super) struct Street(pub(super) Vec<Lax<Part>>);

impl<'de> Deserialize<'de> for Street {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = Street;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("street lines")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Street, A::Error> {
                let mut all = Vec::new();
                while let Some(one) = seq.next_element()? {
                    all.push(one);
                }
                Ok(Street(all))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Street, A::Error> {
                let mut all = Vec::new();
                while map.next_key::<IgnoredAny>()?.is_some() {
                    all.push(map.next_value()?);
                }
                Ok(Street(all))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Street, E> {
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
                Ok(Street(lines.map(|line| Part::read(line).map_or(Lax::Bad, Lax::Is)).collect()))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Street, E> {
                Ok(Street::default())
            }
            fn visit_bool<E: de::Error>(self, _: bool) -> Result<Street, E> {
                Ok(Street(vec![Lax::Bad]))
            }
            fn visit_i64<E: de::Error>(self, _: i64) -> Result<Street, E> {
                Ok(Street(vec![Lax::Bad]))
            }
            fn visit_u64<E: de::Error>(self, _: u64) -> Result<Street, E> {
                Ok(Street(vec![Lax::Bad]))
            }
            fn visit_f64<E: de::Error>(self, _: f64) -> Result<Street, E> {
                Ok(Street(vec![Lax::Bad]))
            }
        }
        from.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_without_a_zone_is_utc() {
        let read = |text: &str| At::read(text).map(|at| at.0.to_string());
        assert_eq!(read("2017-08-21 22:22:20").as_deref(), Some("2017-08-21T22:22:20Z"));
        assert_eq!(read("2026-11-22T10:00:00+01:00").as_deref(), Some("2026-11-22T09:00:00Z"));
        assert_eq!(read("0000-00-00 00:00:00"), None);
        assert_eq!(read("yesterday"), None);
    }

    #[test]
    fn php_writes_no_object_as_an_empty_list() {
        let read = |text: &str| serde_json::from_str::<Order>(text).unwrap();
        assert!(matches!(read(r#"{"extension_attributes":[]}"#).extension_attributes, Maybe::Absent));
        assert!(matches!(read(r#"{"extension_attributes":"x"}"#).extension_attributes, Maybe::Bad));
        assert_eq!(read(r#"{"items":{"3":{"item_id":3},"5":{"item_id":5}}}"#).items.all().len(), 2);
        assert!(matches!(read(r#"{"items":7.5}"#).items, List::Bad));
    }
}
