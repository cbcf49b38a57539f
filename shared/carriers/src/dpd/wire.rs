//! The wire shapes that we send. Flat fields are ignored by DPD without an error (contract, "Book a
//! shipment" 2), so address, contact and notification are blocks of their own.

use crate::error::CannotBuild;
use rust_decimal::Decimal;
use serde::Serialize;
use serde_json::{Number, Value};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OffersRequest {
    pub(super) collection_details: OfferParty,
    pub(super) delivery_details: OfferParty,
    pub(super) total_weight: Number,
    pub(super) number_of_parcels: usize,
    pub(super) shipment_type: u8,
}

#[derive(Serialize)]
pub(super) struct OfferParty {
    pub(super) address: OfferAddress,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct OfferAddress {
    pub(super) country_code: String,
    pub(super) town: String,
    pub(super) postcode: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ShipmentRequest<'a> {
    pub(super) shipment_date: String,
    pub(super) generate_customs_data: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) invoice: Option<Invoice<'a>>,
    pub(super) outbound_consignment: Consignment<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Consignment<'a> {
    pub(super) collection_details: &'a Party<'a>,
    pub(super) delivery_details: Delivery<'a>,
    pub(super) network_code: &'a str,
    pub(super) number_of_parcels: usize,
    pub(super) total_weight: Number,
    pub(super) shipping_ref1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) currency: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customs_value: Option<Number>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivery_description: Option<&'a str>,
    pub(super) parcels: Vec<ParcelRow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Party<'a> {
    pub(super) address: Address<'a>,
    pub(super) contact_details: Contact<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Delivery<'a> {
    #[serde(flatten)]
    pub(super) party: &'a Party<'a>,
    pub(super) notification_details: Notification<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) organisation: Option<&'a str>,
    pub(super) street: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) locality: Option<String>,
    pub(super) town: &'a str,
    pub(super) postcode: String,
    pub(super) country_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Contact<'a> {
    pub(super) contact_name: &'a str,
    pub(super) telephone: String,
}

#[derive(Serialize)]
pub(super) struct Notification<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mobile: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ParcelRow<'a> {
    pub(super) sequence_number: usize,
    pub(super) weight: Number,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) products: Vec<ProductRow<'a>>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ProductRow<'a> {
    pub(super) product_description: &'a str,
    pub(super) product_qty: u32,
    pub(super) unit_weight: Number,
    pub(super) unit_value: Number,
    pub(super) commodity_code: &'a str,
    pub(super) country_of_origin: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Invoice<'a> {
    pub(super) invoice_type: u8,
    pub(super) export_reason: &'static str,
    pub(super) terms_of_delivery: &'static str,
    pub(super) exporter_details: Exporter<'a>,
    pub(super) importer_details: &'a Party<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Exporter<'a> {
    #[serde(flatten)]
    pub(super) party: &'a Party<'a>,
    pub(super) eori_number: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) vat_number: Option<&'a str>,
}

/// Grams as kilograms.
pub(super) fn kilograms(grams: u32) -> Result<Number, CannotBuild> {
    number("totalWeight", Decimal::new(i64::from(grams), 3))
}

/// A decimal as a JSON number with just these digits.
pub(super) fn number(field: &'static str, amount: Decimal) -> Result<Number, CannotBuild> {
    serde_json::from_str(&amount.normalize().to_string()).map_err(|_| CannotBuild::Beyond { field })
}

/// A text, or a whole number as text: keys come as either.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_owned()).filter(|t| !t.is_empty()),
        Value::Number(number) if number.is_u64() => Some(number.to_string()),
        _ => None,
    }
}
