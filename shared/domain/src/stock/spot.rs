//! Where in a warehouse a piece lies: a bin, and the lot it belongs to where the SKU has lots.

use jiff::civil::Date;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// Text that names no spot. Holds no part of the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not a valid bin or lot: use 1 to 24 letters, digits, `-`, `.` or `_` for each, and year-month-day for the expiry"
)]
pub struct InvalidSpot;

fn is_name(text: &str) -> bool {
    (1..=24).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'))
}

/// What a bin is called on its label.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct BinId(String);

impl BinId {
    /// Goods that came in and were not put away yet.
    pub const DOCK: &'static str = "DOCK";
    /// Picked goods that have not left yet.
    pub const PACK: &'static str = "PACK";

    /// The bin's name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for BinId {
    type Error = InvalidSpot;
    fn try_from(text: String) -> Result<Self, InvalidSpot> {
        if is_name(&text) { Ok(Self(text)) } else { Err(InvalidSpot) }
    }
}

impl FromStr for BinId {
    type Err = InvalidSpot;
    fn from_str(text: &str) -> Result<Self, InvalidSpot> {
        Self::try_from(text.to_owned())
    }
}

impl From<BinId> for String {
    fn from(bin: BinId) -> Self {
        bin.0
    }
}

impl fmt::Display for BinId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Pieces made together.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Lot {
    /// The last day they may be sold; those without come after all that have one.
    pub expires: Option<Date>,
    /// What is printed on them.
    pub code: String,
}

/// A bin, with the lot where there is one: `A-01-02` or `A-01-02~L77~2027-01-31`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Spot {
    /// The bin.
    pub bin: BinId,
    /// The lot.
    pub lot: Option<Lot>,
}

impl Spot {
    /// Goods of no lot in a bin.
    pub fn of(bin: BinId) -> Self {
        Self { bin, lot: None }
    }

    /// Goods-in.
    pub fn dock() -> Self {
        Self::of(BinId(BinId::DOCK.to_owned()))
    }

    /// The packing bench.
    pub fn pack() -> Self {
        Self::of(BinId(BinId::PACK.to_owned()))
    }

    /// The same lot in another bin.
    #[must_use]
    pub fn in_bin(&self, bin: BinId) -> Self {
        Self { bin, lot: self.lot.clone() }
    }

    /// The last day its goods may be sold.
    pub fn expires(&self) -> Option<Date> {
        self.lot.as_ref().and_then(|lot| lot.expires)
    }

    /// Its goods may not be sold any more on that day.
    pub fn is_past(&self, today: Date) -> bool {
        self.expires().is_some_and(|last| last < today)
    }

    /// On the packing bench: promised and taken off the shelf.
    pub fn is_packed(&self) -> bool {
        self.bin.as_str() == BinId::PACK
    }

    /// At the dock.
    pub fn is_dock(&self) -> bool {
        self.bin.as_str() == BinId::DOCK
    }
}

impl fmt::Display for Spot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(lot) = &self.lot else { return self.bin.fmt(f) };
        write!(f, "{}~{}", self.bin, lot.code)?;
        lot.expires.map_or(Ok(()), |date| write!(f, "~{date}"))
    }
}

impl FromStr for Spot {
    type Err = InvalidSpot;
    fn from_str(text: &str) -> Result<Self, InvalidSpot> {
        let mut parts = text.split('~');
        let bin = parts.next().ok_or(InvalidSpot)?.parse()?;
        let Some(code) = parts.next() else { return Ok(Self::of(bin)) };
        let expires = parts.next().map(|date| date.parse().map_err(|_| InvalidSpot)).transpose()?;
        if !is_name(code) || parts.next().is_some() {
            return Err(InvalidSpot);
        }
        Ok(Self { bin, lot: Some(Lot { expires, code: code.to_owned() }) })
    }
}

impl TryFrom<String> for Spot {
    type Error = InvalidSpot;
    fn try_from(text: String) -> Result<Self, InvalidSpot> {
        text.parse()
    }
}

impl From<Spot> for String {
    fn from(spot: Spot) -> Self {
        spot.to_string()
    }
}
