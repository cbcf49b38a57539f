//! What customs must be told about goods that leave the country, and what of it is missing.

use crate::id::LineId;
use crate::order::{Destination, Order};
use crate::service::Size;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What the merchant's catalogue says of one SKU beyond its stock: for customs and for choosing a service.
/// Everything is optional; what is missing is asked for when a parcel needs it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Product {
    /// The merchant's stock-keeping unit.
    pub sku: String,
    /// What it is, in plain words for a customs officer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// Commodity code of the Harmonised System, 6 to 10 digits.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hs_code: Option<String>,
    /// Where it was made, ISO 3166-1 alpha-2.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<String>,
    /// Weight of one piece in grams, where the channel does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub grams: Option<u32>,
    /// Value of one piece, where the order's price is not it (a gift, a replacement).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<Decimal>,
    /// Outer measures of one piece as it is sent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size: Option<Size>,
    /// What service rules call it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
}

/// Who pays duty, by Click & Drop's names of August 2026 (contracts/royal-mail, International).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum DeliveryTerm {
    /// The sender.
    Ddp,
    /// The sender, VAT already paid through IOSS.
    IossDdp,
    /// The recipient: the carrier's own default.
    #[default]
    DduDap,
    /// The recipient, VAT already paid through IOSS.
    IossDdu,
}

impl DeliveryTerm {
    /// Click & Drop's name of it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ddp => "DDP",
            Self::IossDdp => "IOSS_DDP",
            Self::DduDap => "DDU_DAP",
            Self::IossDdu => "IOSS_DDU",
        }
    }

    /// It says that VAT was paid through IOSS, so the number must be told.
    pub fn is_ioss(self) -> bool {
        matches!(self, Self::IossDdp | Self::IossDdu)
    }
}

/// What customs are told about every parcel of a merchant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomsTerms")]
#[serde(default)]
pub struct Terms {
    /// Why the goods travel. The carrier's list changed in 2026, so it is data.
    pub category: String,
    /// Who pays duty.
    pub term: DeliveryTerm,
    /// The merchant's number in the EU's import one-stop shop.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ioss: Option<String>,
    /// The merchant's EORI number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub eori: Option<String>,
}

impl Default for Terms {
    fn default() -> Self {
        let category = "eCommerceSaleOfGoods".to_owned();
        Self { category, term: DeliveryTerm::default(), ioss: None, eori: None }
    }
}

/// Member states of the European Union, ISO 3166-1 alpha-2.
const EU: [&str; 27] = [
    "AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT",
    "LU", "LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK",
];

/// True for countries of the European Union.
pub fn in_eu(country: &str) -> bool {
    EU.contains(&country)
}

/// True where a parcel from Great Britain passes customs: everywhere but the United Kingdom and the Isle of Man,
/// and the Channel Islands however their country is written.
pub fn needed(to: &Destination) -> bool {
    let islands = matches!(to.postcode_area.as_deref(), Some("JE" | "GY"));
    match to.country.as_str() {
        "GB" | "IM" => islands,
        _ => true,
    }
}

/// One kind of goods in a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// What it is.
    pub description: String,
    /// Commodity code.
    pub hs_code: String,
    /// Where it was made, ISO 3166-1 alpha-2.
    pub origin: String,
    /// Pieces.
    pub quantity: u32,
    /// Value of one piece in the order's currency, two decimals.
    pub unit_value: Decimal,
    /// Weight of one piece in grams.
    pub unit_grams: u32,
}

/// What is missing before goods can be declared.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{sku}:{field}")]
pub struct Lacking {
    /// Of which SKU; `no_sku` for a line without one.
    pub sku: String,
    /// What: `description`, `hs_code`, `origin`, `value` or `weight`.
    pub field: &'static str,
}

/// Declares the pieces of a shipment.
///
/// # Errors
/// The first thing that is missing.
pub fn contents(
    order: &Order,
    pieces: &[(LineId, u32)],
    products: &[Product],
) -> Result<Vec<Content>, Lacking> {
    let mut all = Vec::new();
    for (id, quantity) in pieces {
        let Some(line) = order.lines.iter().find(|line| line.id == *id) else { continue };
        let sku = line.sku.as_deref().unwrap_or("no_sku");
        let product = products.iter().find(|p| p.sku == sku);
        let lacking = |field| Lacking { sku: sku.to_owned(), field };
        let told = |text: Option<&String>, field| {
            text.map(|t| t.trim()).filter(|t| !t.is_empty()).map(str::to_owned).ok_or_else(|| lacking(field))
        };
        let hs_code: String = told(product.and_then(|p| p.hs_code.as_ref()), "hs_code")?
            .chars()
            .filter(char::is_ascii_digit)
            .collect();
        if !(6..=10).contains(&hs_code.len()) {
            return Err(lacking("hs_code"));
        }
        let origin = told(product.and_then(|p| p.origin.as_ref()), "origin")?;
        if origin.len() != 2 || !origin.bytes().all(|b| b.is_ascii_uppercase()) {
            return Err(lacking("origin"));
        }
        let unit_value = product.and_then(|p| p.value).unwrap_or(line.price).round_dp(2);
        if unit_value <= Decimal::ZERO {
            return Err(lacking("value"));
        }
        let unit_grams = Some(line.grams).filter(|g| *g > 0).or(product.and_then(|p| p.grams));
        all.push(Content {
            description: told(product.and_then(|p| p.description.as_ref()), "description")?,
            hs_code,
            origin,
            quantity: *quantity,
            unit_value,
            unit_grams: unit_grams.filter(|g| *g > 0).ok_or_else(|| lacking("weight"))?,
        });
    }
    Ok(all)
}
