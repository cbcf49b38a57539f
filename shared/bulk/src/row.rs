//! One row of each kind of file.

use csv::StringRecord;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::str::FromStr;
use waybill_domain::catalogue::{Mapping, Part, Size, Sku};
use waybill_domain::places::{Bin, BinKind};
use waybill_domain::stock::Spot;
use waybill_domain::{ConnectionId, WarehouseId};
use waybill_store::uploads::RowError;

/// What the rows of a file are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "FileKind")]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// SKUs, one a row.
    Skus,
    /// What bundles are made of, one component a row; rows of one bundle stand together.
    Bundles,
    /// Bins, one a row.
    Bins,
    /// Counted pieces, one spot a row.
    StockTakes,
    /// What channels call our SKUs, one listing a row.
    Mappings,
}

impl Kind {
    /// Every kind.
    pub const ALL: [Self; 5] = [Self::Skus, Self::Bundles, Self::Bins, Self::StockTakes, Self::Mappings];

    /// Its name in addresses and records.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Skus => "skus",
            Self::Bundles => "bundles",
            Self::Bins => "bins",
            Self::StockTakes => "stock_takes",
            Self::Mappings => "mappings",
        }
    }

    /// Its columns, in the order an export writes them. Those an import may leave out come last.
    pub fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Skus => &[
                "sku", "name", "barcodes", "grams", "length", "width", "height", "hs_code", "origin", "lots",
                "tags", "safety", "low",
            ],
            Self::Bundles => &["bundle", "component", "units"],
            Self::Bins => &["warehouse", "bin", "zone", "walk", "kind"],
            Self::StockTakes => &["sku", "warehouse", "spot", "counted"],
            Self::Mappings => &["connection", "channel_sku", "sku", "units"],
        }
    }

    /// Columns a file must have.
    pub fn required(self) -> &'static [&'static str] {
        match self {
            Self::Skus => &["sku"],
            Self::Bins => &["warehouse", "bin"],
            all => all.columns(),
        }
    }
}

impl FromStr for Kind {
    type Err = ();
    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text).ok_or(())
    }
}

/// A row that was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Row {
    /// A SKU.
    Sku(Box<Sku>),
    /// A component of a bundle.
    Part(String, Part),
    /// A bin of a warehouse.
    Bin(WarehouseId, Bin),
    /// Pieces counted in a spot.
    Take {
        /// Which SKU.
        sku: String,
        /// Where.
        warehouse: WarehouseId,
        /// In which spot.
        spot: Spot,
        /// How many.
        counted: i64,
    },
    /// A mapping.
    Mapping(Mapping),
}

/// Separates several values in one cell.
const LIST: char = '|';
/// The most pieces of one spot.
const MOST: i64 = 1_000_000;

/// The cells of a row by name of column.
pub(crate) struct Cells<'a> {
    pub(crate) header: &'a StringRecord,
    pub(crate) record: &'a StringRecord,
    pub(crate) line: u64,
}

impl Cells<'_> {
    fn text(&self, column: &str) -> &str {
        let place = self.header.iter().position(|name| name == column);
        place.and_then(|n| self.record.get(n)).unwrap_or_default().trim()
    }

    pub(crate) fn wrong(&self, column: &str, must: impl Into<String>) -> RowError {
        RowError { line: self.line, column: column.to_owned(), must: must.into() }
    }

    fn parsed<T: FromStr>(&self, column: &str, must: &str) -> Result<T, RowError> {
        self.text(column).parse().map_err(|_| self.wrong(column, must))
    }

    /// A number; an empty cell is 0.
    fn number(&self, column: &str) -> Result<u32, RowError> {
        match self.text(column) {
            "" => Ok(0),
            text => text.parse().map_err(|_| self.wrong(column, "a whole number, not below 0")),
        }
    }

    fn optional(&self, column: &str) -> Option<String> {
        Some(self.text(column)).filter(|text| !text.is_empty()).map(str::to_owned)
    }

    fn list(&self, column: &str) -> Vec<String> {
        let parts = self.text(column).split(LIST).map(str::trim);
        parts.filter(|text| !text.is_empty()).map(str::to_owned).collect()
    }

    /// Reads the row.
    pub(crate) fn read(&self, kind: Kind) -> Result<Row, RowError> {
        match kind {
            Kind::Skus => self.sku(),
            Kind::Bundles => {
                let part = Part { sku: self.text("component").to_owned(), units: self.number("units")? };
                let bundle = Sku { parts: vec![part.clone()], ..Sku::named(self.text("bundle")) };
                bundle.check().map_err(|invalid| {
                    let column = if invalid.field == "sku" { "bundle" } else { "component" };
                    self.wrong(column, invalid.must)
                })?;
                Ok(Row::Part(bundle.sku, part))
            }
            Kind::Bins => self.bin(),
            Kind::StockTakes => {
                let counted: i64 = self.parsed("counted", "a whole number, not below 0")?;
                if !(0..=MOST).contains(&counted) {
                    return Err(self.wrong("counted", "from 0 to a million"));
                }
                let spot: Spot = self.parsed("spot", "a bin, with lot and expiry where there are any")?;
                if spot.is_packed() {
                    return Err(self.wrong("spot", "a bin that goods are kept in"));
                }
                let sku = self.text("sku").to_owned();
                if !waybill_domain::catalogue::is_sku(&sku) {
                    return Err(self.wrong("sku", "1 to 128 printable characters"));
                }
                Ok(Row::Take {
                    sku,
                    warehouse: self.parsed("warehouse", "a warehouse's id, wh_…")?,
                    spot,
                    counted,
                })
            }
            Kind::Mappings => {
                let mapping = Mapping {
                    connection: self.parsed::<ConnectionId>("connection", "a connection's id, con_…")?,
                    channel_sku: self.text("channel_sku").to_owned(),
                    sku: self.text("sku").to_owned(),
                    units: self.number("units")?,
                };
                mapping.check().map_err(|invalid| self.wrong(invalid.field, invalid.must))?;
                Ok(Row::Mapping(mapping))
            }
        }
    }

    fn sku(&self) -> Result<Row, RowError> {
        let size = Size {
            length: self.number("length")?,
            width: self.number("width")?,
            height: self.number("height")?,
        };
        let lots = match self.text("lots") {
            "" | "no" | "false" | "0" => false,
            "yes" | "true" | "1" => true,
            _ => return Err(self.wrong("lots", "yes or no")),
        };
        let sku = Sku {
            name: self.text("name").to_owned(),
            barcodes: self.list("barcodes"),
            grams: self.number("grams")?,
            size: Some(size).filter(|size| *size != Size::default()),
            hs_code: self.optional("hs_code"),
            origin: self.optional("origin"),
            lots,
            tags: self.list("tags"),
            safety: self.number("safety")?,
            low: self.number("low")?,
            ..Sku::named(self.text("sku"))
        };
        sku.check().map_err(|invalid| self.wrong(invalid.field, invalid.must))?;
        Ok(Row::Sku(Box::new(sku)))
    }

    fn bin(&self) -> Result<Row, RowError> {
        let kind = match self.text("kind") {
            "" | "pick" => BinKind::Pick,
            "bulk" => BinKind::Bulk,
            "dock" => BinKind::Dock,
            "pack" => BinKind::Pack,
            _ => return Err(self.wrong("kind", "pick, bulk, dock or pack")),
        };
        let bin = Bin {
            id: self.parsed("bin", "1 to 24 letters, digits, `-`, `.` or `_`")?,
            zone: self.text("zone").to_owned(),
            walk: self.number("walk")?,
            kind,
        };
        bin.check().map_err(|invalid| self.wrong(invalid.field, invalid.must))?;
        Ok(Row::Bin(self.parsed("warehouse", "a warehouse's id, wh_…")?, bin))
    }
}
