//! The wire shape of an order, version 2026-01-01, and no field more than [`super::map`] keeps. Only `orderId`,
//! the times, `salesChannel` and `orderItems` are certain (contract section 5). None of it has `Debug` or
//! `Serialize`.

use crate::lax::{Country, Lax, Part, Postcode, Scalar};
use jiff::Timestamp;
use rust_decimal::Decimal;
use serde::Deserialize;
use waybill_privacy::recipient::Text;
use zeroize::Zeroizing;

/// The longest token, in bytes; Login with Amazon names 2,048 as its longest.
const LONGEST_TOKEN: usize = 4_096;

/// A token, which may be longer than any other text and opens something.
pub(super) struct Token(pub(super) Zeroizing<String>);

impl Scalar for Token {
    fn read(text: &str) -> Option<Self> {
        (text.len() <= LONGEST_TOKEN).then(|| Self(Zeroizing::new(text.to_owned())))
    }
}

/// An order.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Order {
    pub(super) order_id: Lax<String>,
    pub(super) created_time: Lax<Timestamp>,
    pub(super) last_updated_time: Lax<Timestamp>,
    pub(super) programs: Option<Vec<Lax<String>>>,
    pub(super) sales_channel: Option<SalesChannel>,
    pub(super) recipient: Option<Receiver>,
    pub(super) proceeds: Option<Proceeds>,
    pub(super) fulfillment: Option<Fulfillment>,
    pub(super) order_items: Option<Vec<Item>>,
    pub(super) packages: Option<Vec<Package>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct SalesChannel {
    pub(super) marketplace_id: Lax<String>,
}

/// A parcel that was confirmed.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Package {
    pub(super) package_reference_id: Lax<String>,
    pub(super) tracking_number: Lax<String>,
    pub(super) package_status: Option<PackageStatus>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct PackageStatus {
    pub(super) status: Lax<String>,
}

/// Where it goes; drop-off wishes and opening hours beside the address are not read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Receiver {
    pub(super) delivery_address: Option<Address>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Address {
    pub(super) name: Lax<Text>,
    pub(super) company_name: Lax<Text>,
    pub(super) address_line1: Lax<Text>,
    pub(super) address_line2: Lax<Text>,
    pub(super) address_line3: Lax<Text>,
    pub(super) city: Lax<Text>,
    pub(super) district_or_county: Lax<Text>,
    pub(super) state_or_region: Lax<Text>,
    pub(super) municipality: Lax<Text>,
    pub(super) postal_code: Lax<Postcode>,
    pub(super) country_code: Lax<Country>,
    pub(super) phone: Lax<Text>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Proceeds {
    pub(super) grand_total: Option<Amount>,
}

/// The amount is text at Amazon.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Amount {
    pub(super) amount: Lax<Decimal>,
    pub(super) currency_code: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Fulfillment {
    pub(super) fulfillment_status: Lax<String>,
    pub(super) fulfilled_by: Lax<String>,
}

/// One line.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Item {
    pub(super) order_item_id: Lax<String>,
    pub(super) quantity_ordered: Lax<u32>,
    pub(super) product: Option<Product>,
    pub(super) proceeds: Option<ItemProceeds>,
    pub(super) cancellation: Option<Cancellation>,
    pub(super) fulfillment: Option<ItemFulfillment>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Product {
    pub(super) seller_sku: Lax<String>,
    pub(super) price: Option<Price>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Price {
    pub(super) unit_price: Option<Amount>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ItemProceeds {
    pub(super) proceeds_total: Option<Amount>,
}

/// A buyer's request is no cancellation: only what was carried out is read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Cancellation {
    pub(super) cancellation_execution: Option<Execution>,
}

/// Its presence is all that counts.
#[derive(Deserialize, Default)]
pub(super) struct Execution {}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct ItemFulfillment {
    pub(super) quantity_fulfilled: Lax<u32>,
    pub(super) quantity_unfulfilled: Lax<u32>,
    pub(super) packing: Option<Packing>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Packing {
    pub(super) gift_option: Option<GiftOption>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct GiftOption {
    pub(super) gift_message: Lax<Part>,
}
