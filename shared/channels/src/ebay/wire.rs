//! The wire shapes of an order, as far as they are read. `getOrders` and `getOrder` share them. None of them has
//! `Debug` or `Serialize`.
//!
//! Never read: `finalDestinationAddress` (of the international programmes; goods go to `shipTo`), the buyer's
//! registration address but for its name, `taxAddress`, `taxIdentifier`, `giftDetails`, payments, appointments.

use crate::lax::{Country, Lax, Note, Part, Postcode};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use serde::de::IgnoredAny;
use waybill_privacy::recipient::Text;

/// An order.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) order_id: Lax<String>,
    pub(super) creation_date: Lax<Timestamp>,
    pub(super) last_modified_date: Lax<Timestamp>,
    pub(super) order_payment_status: Lax<String>,
    pub(super) buyer: Option<Buyer>,
    pub(super) buyer_checkout_notes: Lax<Note>,
    pub(super) cancel_status: Option<CancelStatus>,
    pub(super) pricing_summary: Option<PricingSummary>,
    pub(super) payment_summary: Option<PaymentSummary>,
    pub(super) fulfillment_start_instructions: Option<Vec<Instruction>>,
    pub(super) line_items: Option<Vec<Line>>,
    pub(super) program: Option<Program>,
}

/// The key of an order that cannot be read otherwise.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct OnlyKey {
    pub(super) order_id: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Buyer {
    pub(super) username: Lax<Text>,
    pub(super) buyer_registration_address: Option<Named>,
}

/// A contact of which only the name is read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Named {
    pub(super) full_name: Lax<Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CancelStatus {
    pub(super) cancel_state: Lax<String>,
    pub(super) cancelled_date: Lax<Timestamp>,
    pub(super) cancel_requests: Option<Vec<CancelRequest>>,
}

/// Only `getOrder` shows these (contract section 2).
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct CancelRequest {
    pub(super) cancel_request_state: Lax<String>,
    pub(super) cancel_completed_date: Lax<Timestamp>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PricingSummary {
    pub(super) total: Option<Amount>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PaymentSummary {
    pub(super) refunds: Option<Vec<IgnoredAny>>,
}

/// An amount, perhaps converted; then the original stands beside it (contract section 5).
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Amount {
    pub(super) value: Lax<Decimal>,
    pub(super) currency: Lax<String>,
    pub(super) converted_from_value: Lax<Decimal>,
    pub(super) converted_from_currency: Lax<String>,
}

/// How a set of lines is delivered.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Instruction {
    pub(super) fulfillment_instructions_type: Lax<String>,
    pub(super) shipping_step: Option<ShippingStep>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ShippingStep {
    pub(super) ship_to: Option<Contact>,
    pub(super) ship_to_reference_id: Lax<Part>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Contact {
    pub(super) full_name: Lax<Text>,
    pub(super) company_name: Lax<Text>,
    pub(super) contact_address: Option<Address>,
    pub(super) primary_phone: Option<Phone>,
    pub(super) email: Lax<Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) address_line1: Lax<Text>,
    pub(super) address_line2: Lax<Text>,
    pub(super) city: Lax<Text>,
    pub(super) county: Lax<Text>,
    pub(super) state_or_province: Lax<Text>,
    pub(super) postal_code: Lax<Postcode>,
    pub(super) country_code: Lax<Country>,
}

/// May be `{}`.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Phone {
    pub(super) phone_number: Lax<Text>,
}

/// One line.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Line {
    pub(super) line_item_id: Lax<String>,
    pub(super) sku: Lax<String>,
    pub(super) quantity: Lax<u32>,
    pub(super) line_item_cost: Option<Amount>,
    pub(super) discounted_line_item_cost: Option<Amount>,
    pub(super) line_item_fulfillment_status: Lax<String>,
    pub(super) refunds: Option<Vec<Refund>>,
}

/// A refund of a line: an amount, never pieces, and the amount may be missing.
#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Refund {
    pub(super) amount: Option<Amount>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Program {
    pub(super) fulfillment_program: Option<FulfillmentProgram>,
    pub(super) ebay_shipping: Option<EbayShipping>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FulfillmentProgram {
    pub(super) fulfilled_by: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct EbayShipping {
    pub(super) shipping_label_provided_by: Lax<String>,
}
