//! Amounts of money as channels send them.

use crate::error::CannotRead;
use rust_decimal::Decimal;

/// One spelling per amount: `12.5`, `12.50` and `12.500` are all `12.50`.
pub(crate) fn money(amount: Decimal) -> Decimal {
    let mut amount = amount.normalize();
    if amount.scale() < 2 {
        amount.rescale(2);
    }
    amount
}

/// ISO 4217 in capitals.
pub(crate) fn is_currency(code: String, field: &'static str) -> Result<String, CannotRead> {
    let fits = code.len() == 3 && code.bytes().all(|b| b.is_ascii_alphabetic());
    if fits { Ok(code.to_ascii_uppercase()) } else { Err(CannotRead::Field { field }) }
}
