//! What customs are told of a shipment to Ireland. The names are those of DPD's schema as public clients met
//! them; no source reports one such booking through to a label (contract, "Republic of Ireland customs").

use super::label::Parcel;
use super::wire::{Exporter, Invoice, ParcelRow, Party, ProductRow, kilograms, number};
use super::{Account, parties};
use crate::error::CannotBuild;
use rust_decimal::Decimal;
use serde_json::Number;

/// Goods of one kind in a parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// What it is, precisely.
    pub description: String,
    /// Pieces.
    pub quantity: u32,
    /// Weight of one piece.
    pub grams: u32,
    /// Value of one piece without VAT and postage.
    pub value: Decimal,
    /// Commodity code, 6 to 10 digits.
    pub commodity_code: String,
    /// ISO 3166-1 alpha-2.
    pub origin: String,
}

/// What customs are told of a shipment to Ireland. The value is the sum of the products.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Customs {
    /// The contents as a whole, precisely, 45 characters at most.
    pub description: String,
    /// `GBP`, `EUR` or `USD`.
    pub currency: String,
    /// Who pays duty and VAT.
    pub terms: Terms,
}

/// Who pays duty and VAT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Terms {
    /// The receiver.
    Dap,
    /// The seller; the account must be set up for it.
    Dt1,
}

pub(super) fn invoice<'a>(
    account: &'a Account,
    customs: &Customs,
    sender: &'a Party<'a>,
    recipient: &'a Party<'a>,
) -> Result<Invoice<'a>, CannotBuild> {
    let field = "eoriNumber";
    let eori = account.sender.eori.as_deref().ok_or(CannotBuild::Missing { field })?;
    let digits = eori.strip_prefix("GB").unwrap_or_default();
    if !matches!(digits.len(), 12 | 15) || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CannotBuild::Malformed { field });
    }
    Ok(Invoice {
        // A commercial invoice for a sale.
        invoice_type: 2,
        export_reason: "01",
        terms_of_delivery: match customs.terms {
            Terms::Dap => "DAP",
            Terms::Dt1 => "DT1",
        },
        exporter_details: Exporter {
            party: sender,
            eori_number: eori,
            vat_number: account.sender.vat.as_deref(),
        },
        importer_details: recipient,
    })
}

pub(super) fn currency(code: &str) -> Result<&str, CannotBuild> {
    if ["GBP", "EUR", "USD"].contains(&code) {
        Ok(code)
    } else {
        Err(CannotBuild::Beyond { field: "currency" })
    }
}

/// The value of everything; DPD returns a parcel that is worth nothing.
pub(super) fn value(parcels: &[Parcel]) -> Result<Number, CannotBuild> {
    let field = "customsValue";
    let mut products = parcels.iter().flat_map(|p| &p.products);
    let sum = products
        .try_fold(Decimal::ZERO, |sum, p| sum.checked_add(p.value.checked_mul(p.quantity.into())?))
        .filter(|sum| *sum > Decimal::ZERO);
    number(field, sum.ok_or(CannotBuild::Beyond { field })?)
}

pub(super) fn rows(parcels: &[Parcel], with_products: bool) -> Result<Vec<ParcelRow<'_>>, CannotBuild> {
    let mut rows = Vec::with_capacity(parcels.len());
    for (n, parcel) in parcels.iter().enumerate() {
        let mut products = Vec::new();
        if with_products {
            products = parcel.products.iter().map(product).collect::<Result<_, _>>()?;
            if products.is_empty() {
                return Err(CannotBuild::Missing { field: "products" });
            }
        }
        rows.push(ParcelRow { sequence_number: n + 1, weight: kilograms(parcel.grams)?, products });
    }
    Ok(rows)
}

fn product(product: &Product) -> Result<ProductRow<'_>, CannotBuild> {
    let code = product.commodity_code.as_str();
    if !(6..=10).contains(&code.len()) || !code.bytes().all(|b| b.is_ascii_digit()) {
        return Err(CannotBuild::Malformed { field: "commodityCode" });
    }
    let origin = product.origin.as_str();
    if origin.len() != 2 || !origin.bytes().all(|b| b.is_ascii_uppercase()) {
        return Err(CannotBuild::Malformed { field: "countryOfOrigin" });
    }
    if product.quantity == 0 {
        return Err(CannotBuild::Beyond { field: "productQty" });
    }
    if product.value.is_sign_negative() {
        return Err(CannotBuild::Beyond { field: "unitValue" });
    }
    Ok(ProductRow {
        product_description: parties::fit("productDescription", &product.description, usize::MAX)?,
        product_qty: product.quantity,
        unit_weight: kilograms(product.grams)?,
        unit_value: number("unitValue", product.value)?,
        commodity_code: code,
        country_of_origin: origin,
    })
}
