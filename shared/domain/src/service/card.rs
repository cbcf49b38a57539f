//! The merchant's own rate card: what each service costs, uploaded as data. No carrier's API names a price.

use super::ask::{Ask, Size};
use super::rule::{Way, Why, too_large};
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One row: a service, what it takes, and its price.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ServiceRate")]
pub struct Rate {
    /// Countries it covers, ISO 3166-1 alpha-2; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub countries: Vec<String>,
    /// UK postcode areas it does not cover, or not at this price.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub except_areas: Vec<String>,
    /// Heaviest parcel in grams.
    pub up_to_grams: u32,
    /// Largest outer measures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_size: Option<Size>,
    /// Price of one parcel. All rows are in one currency.
    pub price: Decimal,
    /// The service.
    #[serde(flatten)]
    pub way: Way,
}

impl Rate {
    /// What the shipment costs by this row.
    ///
    /// # Errors
    /// Why the row does not take it.
    pub(super) fn quote(&self, ask: &Ask<'_>) -> Result<Decimal, Why> {
        if !self.countries.is_empty() && !self.countries.contains(&ask.to.country) {
            return Err(Why::Country);
        }
        if ask.to.postcode_area.as_ref().is_some_and(|area| self.except_areas.contains(area)) {
            return Err(Why::Area);
        }
        let parcels = self.way.parcels(ask.grams).ok_or(Why::TooHeavy)?;
        if ask.grams.div_ceil(parcels) > self.up_to_grams {
            return Err(Why::TooHeavy);
        }
        match too_large(self.up_to_size, ask.size) {
            Some(why) => Err(why),
            None => Ok(self.price.saturating_mul(Decimal::from(parcels))),
        }
    }
}
