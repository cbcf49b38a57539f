//! Where goods lie: warehouses with their zones and bins.

use crate::catalogue::Invalid;
use crate::id::{ConnectionId, WarehouseId};
use crate::stock::BinId;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A warehouse's own address, as a carrier is told it. It is the merchant's, never a buyer's.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Address {
    /// Street and number, one or two lines.
    #[serde(default)]
    pub lines: Vec<String>,
    /// Town.
    #[serde(default)]
    pub town: String,
    /// Postcode.
    #[serde(default)]
    pub postcode: String,
    /// ISO 3166-1 alpha-2.
    #[serde(default)]
    pub country: String,
}

/// A warehouse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Which.
    pub id: WarehouseId,
    /// What staff call it.
    pub name: String,
    /// Lower is preferred.
    pub priority: u32,
    /// UK postcode areas it is near to.
    #[serde(default)]
    pub near: Vec<String>,
    /// False: it keeps its stock and gets no new orders.
    #[serde(default = "yes")]
    pub active: bool,
    /// Where it is.
    #[serde(default)]
    pub address: Address,
    /// Orders until this time of day leave the same day, `16:30`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cut_off: Option<String>,
    /// Carrier accounts that collect there; empty for all.
    #[serde(default)]
    pub carriers: Vec<ConnectionId>,
}

fn yes() -> bool {
    true
}

fn must(holds: bool, field: &'static str, must: &'static str) -> Result<(), Invalid> {
    if holds { Ok(()) } else { Err(Invalid { field, must }) }
}

impl Place {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        must((1..=80).contains(&self.name.len()), "name", "1 to 80 characters")?;
        let area = |a: &String| (1..=2).contains(&a.len()) && a.bytes().all(|b| b.is_ascii_uppercase());
        must(self.near.iter().all(area), "near", "postcode areas in capitals, such as BS")?;
        let time = |t: &String| t.parse::<jiff::civil::Time>().is_ok() && t.len() == 5;
        must(self.cut_off.as_ref().is_none_or(time), "cut_off", "a time of day such as 16:30")?;
        must(self.address.lines.len() <= 3, "address", "three lines at most")
    }
}

/// What a bin is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum BinKind {
    /// Picked from.
    #[default]
    Pick,
    /// Reserve, from which pick bins are filled.
    Bulk,
    /// Goods-in.
    Dock,
    /// Packing bench.
    Pack,
}

/// A bin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Bin {
    /// What its label says.
    pub id: BinId,
    /// The zone it is in.
    #[serde(default)]
    pub zone: String,
    /// Its place on the walk through the warehouse; lower comes first.
    #[serde(default)]
    pub walk: u32,
    /// What it is for.
    #[serde(default)]
    pub kind: BinKind,
}

impl Bin {
    /// Checks every field.
    ///
    /// # Errors
    /// The first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let zone = self.zone.len() <= 24 && self.zone.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        must(zone, "zone", "24 letters, digits or `-` at most")?;
        let reserved = [BinId::DOCK, BinId::PACK].contains(&self.id.as_str());
        must(!reserved || self.kind != BinKind::Bulk, "kind", "dock or pack for the bins every warehouse has")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_place_is_told_what_is_wrong() {
        let place = |cut_off: &str, near: &str| Place {
            id: "wh_1".parse().unwrap(),
            name: "North".into(),
            priority: 1,
            near: vec![near.into()],
            active: true,
            address: Address::default(),
            cut_off: Some(cut_off.into()),
            carriers: vec![],
        };
        assert!(place("16:30", "BS").check().is_ok());
        assert_eq!(place("half four", "BS").check().unwrap_err().field, "cut_off");
        assert_eq!(place("16:30", "bs").check().unwrap_err().field, "near");
    }
}
