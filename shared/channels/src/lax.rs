//! Scalars as channels really send them: absent, null, numbers as text and the other way round.
//!
//! Nothing in here has `Debug` or `Serialize`: personal fields go straight from the bytes into [`Text`], or
//! into [`Part`] until two parts of a name are one.

use crate::error::CannotRead;
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::{self, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
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
#[derive(Default)]
pub(crate) enum Lax<T> {
    /// Not there, null, or only blanks.
    #[default]
    Absent,
    /// There, but not what it should be.
    Bad,
    /// There.
    Is(T),
}

impl<T> Lax<T> {
    /// The value or nothing; an unusable one is an error that names the field.
    pub(crate) fn may(self, field: &'static str) -> Result<Option<T>, CannotRead> {
        match self {
            Self::Absent => Ok(None),
            Self::Bad => Err(CannotRead::Field { field }),
            Self::Is(value) => Ok(Some(value)),
        }
    }

    /// The value; without it there is no order.
    pub(crate) fn need(self, field: &'static str) -> Result<T, CannotRead> {
        self.may(field)?.ok_or(CannotRead::Field { field })
    }

    /// The value where it is usable.
    pub(crate) fn hint(self) -> Option<T> {
        match self {
            Self::Is(value) => Some(value),
            Self::Absent | Self::Bad => None,
        }
    }
}

/// What a scalar is made from: its text, whatever its JSON type was.
pub(crate) trait Scalar: Sized {
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
pub(crate) struct Part(pub(crate) Zeroizing<String>);

impl Scalar for Part {
    fn read(text: &str) -> Option<Self> {
        short(text).map(|t| Self(Zeroizing::new(t.to_owned())))
    }
}

/// A text the buyer wrote.
pub(crate) struct Note(pub(crate) Text);

impl Scalar for Note {
    fn read(text: &str) -> Option<Self> {
        (text.chars().nth(LONGEST_NOTE).is_none()).then(|| Self(Sensitive::new(text.to_owned())))
    }
}

/// A postcode with what may be kept of it in the clear.
pub(crate) struct Postcode {
    pub(crate) text: Text,
    pub(crate) area: Option<String>,
}

impl Scalar for Postcode {
    fn read(text: &str) -> Option<Self> {
        Some(Self { text: Text::read(text)?, area: Destination::area_of(text) })
    }
}

/// ISO 3166-1 alpha-2 in capitals.
pub(crate) struct Country(pub(crate) String);

impl Scalar for Country {
    fn read(text: &str) -> Option<Self> {
        let fits = text.len() == 2 && text.bytes().all(|b| b.is_ascii_alphabetic());
        fits.then(|| Self(text.to_ascii_uppercase()))
    }
}

/// A key that is a whole number above zero. One that came through a double is none; they exceed 2^53, so they
/// stay text.
pub(crate) struct Key(pub(crate) String);

impl Scalar for Key {
    fn read(text: &str) -> Option<Self> {
        is_number(text).then(|| Self(text.to_owned()))
    }
}

/// True for 1 to 20 digits.
pub(crate) fn is_number(text: &str) -> bool {
    (1..=20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit())
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
