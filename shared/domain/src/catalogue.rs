//! What a merchant sells: SKUs, what bundles are made of, and what channels call them.

use crate::id::ConnectionId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The longest SKU, in bytes.
pub const LONGEST_SKU: usize = 128;
/// The most barcodes of one SKU.
pub const MOST_BARCODES: usize = 20;
/// The most components of one bundle: an order of one line must still fit one transaction (100 actions).
pub const MOST_COMPONENTS: usize = 20;
/// The most pieces of a component in one bundle, and of a SKU in one listing.
pub const MOST_UNITS: u32 = 10_000;

/// Pieces of another SKU in one piece of this one.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Part {
    /// Which.
    pub sku: String,
    /// How many.
    pub units: u32,
}

/// The outer size of one piece, in millimetres.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Size {
    /// Longest side.
    pub length: u32,
    /// Second side.
    pub width: u32,
    /// Shortest side.
    pub height: u32,
}

impl Size {
    /// Cubic millimetres.
    pub fn volume(self) -> u64 {
        u64::from(self.length) * u64::from(self.width) * u64::from(self.height)
    }

    /// The sides, longest first.
    pub fn sides(self) -> [u32; 3] {
        let mut sides = [self.length, self.width, self.height];
        sides.sort_unstable_by(|a, b| b.cmp(a));
        sides
    }
}

/// A stock-keeping unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sku {
    /// Its name, the merchant's own.
    pub sku: String,
    /// What it is, for people.
    #[serde(default)]
    pub name: String,
    /// What is printed on it: EAN, UPC and the like.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub barcodes: Vec<String>,
    /// Weight of one piece in grams; 0 when unknown.
    #[serde(default)]
    pub grams: u32,
    /// Size of one piece.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// Customs tariff number, 6 to 10 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<String>,
    /// Country of origin, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Its pieces come in lots, which must be named when goods come in.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub lots: bool,
    /// What rules and reports group it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    /// What a bundle or multipack is made of. Such a SKU has no stock of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// Pieces kept back from what channels are shown, over all warehouses.
    #[serde(default)]
    pub safety: u32,
    /// Fewer available pieces than this are a low stock; 0 for no warning.
    #[serde(default)]
    pub low: u32,
}

/// What is wrong with a SKU, a mapping or a place. Names the field, never the value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`{field}` must be {must}")]
pub struct Invalid {
    /// Which field.
    pub field: &'static str,
    /// What it must be.
    pub must: &'static str,
}

/// Whether text may name a SKU: printable, no space at either end, 1 to 128 bytes.
pub fn is_sku(text: &str) -> bool {
    (1..=LONGEST_SKU).contains(&text.len()) && text.trim() == text && !text.chars().any(char::is_control)
}

/// Whether text may be a channel's SKU: whatever a shop let its staff type, within what a key can hold.
pub fn is_channel_sku(text: &str) -> bool {
    (1..=255).contains(&text.len()) && !text.chars().any(char::is_control)
}

fn is_code(text: &str, longest: usize) -> bool {
    (1..=longest).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn must(holds: bool, field: &'static str, must: &'static str) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(Invalid { field, must }) }
}

impl Sku {
    /// A SKU of which only the name is known.
    pub fn named(sku: impl Into<String>) -> Self {
        Self {
            sku: sku.into(),
            name: String::new(),
            barcodes: Vec::new(),
            grams: 0,
            size: None,
            hs_code: None,
            origin: None,
            lots: false,
            tags: Vec::new(),
            parts: Vec::new(),
            safety: 0,
            low: 0,
        }
    }

    /// Checks every field by itself. That components exist and are no bundles themselves the store checks.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        must(is_sku(&self.sku), "sku", "1 to 128 printable characters without spaces at the ends")?;
        must(
            self.name.len() <= 256 && !self.name.chars().any(char::is_control),
            "name",
            "256 printable characters at most",
        )?;
        let barcodes = self.barcodes.len() <= MOST_BARCODES && self.barcodes.iter().all(|b| is_code(b, 48));
        must(barcodes, "barcodes", "at most 20, each 1 to 48 letters, digits or `-`")?;
        let digits = |c: &String| (6..=10).contains(&c.len()) && c.bytes().all(|b| b.is_ascii_digit());
        must(self.hs_code.as_ref().is_none_or(digits), "hs_code", "6 to 10 digits")?;
        let country = |c: &String| c.len() == 2 && c.bytes().all(|b| b.is_ascii_uppercase());
        must(self.origin.as_ref().is_none_or(country), "origin", "a country's two capitals, such as GB")?;
        must(
            self.tags.len() <= 20 && self.tags.iter().all(|t| is_code(t, 40)),
            "tags",
            "at most 20, each 1 to 40 letters, digits or `-`",
        )?;
        must(self.parts.len() <= MOST_COMPONENTS, "parts", "20 components at most")?;
        for part in &self.parts {
            must(is_sku(&part.sku) && part.sku != self.sku, "parts", "other SKUs")?;
            must((1..=MOST_UNITS).contains(&part.units), "parts", "1 to 10,000 pieces each")?;
        }
        let mut names: Vec<&str> = self.parts.iter().map(|p| p.sku.as_str()).collect();
        names.sort_unstable();
        names.dedup();
        must(names.len() == self.parts.len(), "parts", "named once each")
    }

    /// It is made of other SKUs.
    pub fn is_bundle(&self) -> bool {
        !self.parts.is_empty()
    }
}

/// What a channel calls one of our SKUs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Mapping {
    /// Through which account.
    pub connection: ConnectionId,
    /// The channel's SKU.
    pub channel_sku: String,
    /// Ours.
    pub sku: String,
    /// How many of ours one of theirs is.
    pub units: u32,
}

impl Mapping {
    /// Checks every field by itself.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        must(is_channel_sku(&self.channel_sku), "channel_sku", "1 to 255 printable characters")?;
        must(is_sku(&self.sku), "sku", "1 to 128 printable characters without spaces at the ends")?;
        must((1..=MOST_UNITS).contains(&self.units), "units", "1 to 10,000")
    }
}

/// What is known of the SKUs of a batch of orders: enough to say what a line is made of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// SKUs by name.
    pub skus: BTreeMap<String, Sku>,
    /// What a channel's SKU stands for, by connection.
    pub mappings: BTreeMap<(ConnectionId, String), (String, u32)>,
    /// Names that have stock somewhere though no SKU was entered.
    pub stocked: std::collections::BTreeSet<String>,
}

impl Catalogue {
    /// What one piece of a line takes from stock; `None` when it must be mapped first. A mapping goes before a SKU
    /// of the same name, because somebody wrote it for this account.
    pub fn resolve(&self, connection: &ConnectionId, channel_sku: &str) -> Option<Vec<Part>> {
        let mapped = self.mappings.get(&(connection.clone(), channel_sku.to_owned()));
        let (sku, units) = mapped.map_or((channel_sku, 1), |(sku, units)| (sku.as_str(), *units));
        match self.skus.get(sku) {
            Some(bundle) if bundle.is_bundle() => {
                let times =
                    |part: &Part| Some(Part { sku: part.sku.clone(), units: part.units.checked_mul(units)? });
                bundle.parts.iter().map(times).collect()
            }
            Some(_) => Some(vec![Part { sku: sku.to_owned(), units }]),
            None if self.stocked.contains(sku) => Some(vec![Part { sku: sku.to_owned(), units }]),
            None => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn part(sku: &str, units: u32) -> Part {
        Part { sku: sku.into(), units }
    }

    #[test]
    fn a_line_is_resolved_through_mapping_and_bundle() {
        let connection: ConnectionId = "con_1".parse().unwrap();
        let other: ConnectionId = "con_2".parse().unwrap();
        let mut known = Catalogue::default();
        let gift = Sku { parts: vec![part("MUG", 2), part("TEA", 1)], ..Sku::named("GIFT") };
        for sku in [gift, Sku::named("MUG"), Sku::named("TEA")] {
            known.skus.insert(sku.sku.clone(), sku);
        }
        known.mappings.insert((connection.clone(), "B00-GIFT-3".into()), ("GIFT".into(), 3));
        known.stocked.insert("OLD".into());
        let resolve = |c: &ConnectionId, sku: &str| known.resolve(c, sku);
        assert_eq!(resolve(&connection, "B00-GIFT-3"), Some(vec![part("MUG", 6), part("TEA", 3)]));
        assert_eq!(resolve(&other, "B00-GIFT-3"), None);
        assert_eq!(resolve(&other, "MUG"), Some(vec![part("MUG", 1)]));
        assert_eq!(resolve(&other, "OLD"), Some(vec![part("OLD", 1)]));
    }

    #[test]
    fn a_shop_may_call_its_goods_what_it_likes() {
        assert!(is_channel_sku(" MUG ") && !is_sku(" MUG "));
        assert!(!is_channel_sku("") && !is_channel_sku("a\nb") && !is_channel_sku(&"x".repeat(256)));
    }

    #[test]
    fn a_bad_field_is_named() {
        let field = |sku: Sku| sku.check().unwrap_err().field;
        assert_eq!(field(Sku::named(" A")), "sku");
        assert_eq!(field(Sku { barcodes: vec!["a b".into()], ..Sku::named("A") }), "barcodes");
        assert_eq!(field(Sku { origin: Some("gb".into()), ..Sku::named("A") }), "origin");
        assert_eq!(field(Sku { hs_code: Some("12".into()), ..Sku::named("A") }), "hs_code");
        assert_eq!(field(Sku { parts: vec![part("A", 1)], ..Sku::named("A") }), "parts");
        assert_eq!(field(Sku { parts: vec![part("B", 1), part("B", 2)], ..Sku::named("A") }), "parts");
        assert!(Sku { parts: vec![part("B", 1)], ..Sku::named("A") }.check().is_ok());
    }
}
