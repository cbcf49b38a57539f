//! What is to be carried: all that choosing a service may look at. Nothing of it names a person.

use super::rule::Way;
use crate::order::{Channel, Destination};
use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Outer measures of a package in millimetres, in any order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PackageSize")]
pub struct Size {
    /// One side.
    pub length_mm: u32,
    /// Another.
    pub width_mm: u32,
    /// The third.
    pub height_mm: u32,
}

impl Size {
    /// True when it goes into `limit`, turned as suits.
    pub fn fits(self, limit: Self) -> bool {
        let sides = |size: Self| {
            let mut sides = [size.length_mm, size.width_mm, size.height_mm];
            sides.sort_unstable();
            sides
        };
        sides(self).into_iter().zip(sides(limit)).all(|(one, most)| one <= most)
    }
}

/// One SKU of the shipment, as far as the merchant's rules speak of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Goods {
    /// The merchant's stock-keeping unit.
    pub sku: String,
    /// What the merchant's catalogue calls it, such as `fragile`.
    pub tags: Vec<String>,
}

/// How one order wants to be sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wish {
    /// The shipping method in the channel's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// What the merchant's staff chose for this order.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pinned: Option<Way>,
}

/// A shipment that needs a service.
#[derive(Debug, Clone)]
pub struct Ask<'a> {
    /// How its order wants to be sent.
    pub wish: Option<&'a Wish>,
    /// Through which channel it came.
    pub channel: Channel,
    /// Where it goes.
    pub to: &'a Destination,
    /// Weight in grams, packaging included.
    pub grams: u32,
    /// Outer measures, where they are known.
    pub size: Option<Size>,
    /// What the goods cost, in the order's currency.
    pub value: Decimal,
    /// The order's currency, ISO 4217.
    pub currency: &'a str,
    /// What is in it.
    pub goods: &'a [Goods],
    /// When it is booked: cut-off times are the United Kingdom's.
    pub at: Timestamp,
}
