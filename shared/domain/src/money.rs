//! Money: a decimal amount with its currency, never a float.

use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An amount in one currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Money {
    /// In major units, `12.50` for twelve pounds fifty.
    pub amount: Decimal,
    /// ISO 4217, three capitals.
    pub currency: String,
}

/// Whether text has the shape of an ISO 4217 code: three capitals.
pub fn is_currency(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_uppercase())
}
