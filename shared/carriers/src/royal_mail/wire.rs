//! The wire shapes of Click & Drop that we send and read. Fields that are not named are not kept; above all
//! `failedOrders.order`, which repeats the customer's data.

use serde::de::Deserializer;
use serde::{Deserialize, Serialize};
use serde_json::{Number, Value};

/// `POST /orders`. The personal texts are borrowed for as long as it takes to write the body.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Orders<'a> {
    pub(super) items: [Order<'a>; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Order<'a> {
    pub(super) order_reference: &'a str,
    #[serde(rename = "isRecipientABusiness", skip_serializing_if = "Option::is_none")]
    pub(super) is_recipient_a_business: Option<bool>,
    pub(super) recipient: To<'a>,
    pub(super) packages: Vec<Package<'a>>,
    pub(super) postage_details: Postage<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) delivery_term: Option<&'static str>,
    pub(super) order_date: String,
    pub(super) subtotal: Number,
    pub(super) shipping_cost_charged: u32,
    pub(super) total: Number,
    pub(super) currency_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct To<'a> {
    pub(super) address: Address<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) email_address: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) phone_number: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) full_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) company_name: Option<&'a str>,
    pub(super) address_line1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address_line2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) address_line3: Option<&'a str>,
    pub(super) city: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) county: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) postcode: Option<&'a str>,
    pub(super) country_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Package<'a> {
    pub(super) weight_in_grams: u32,
    pub(super) package_format_identifier: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) contents: Option<Vec<Product<'a>>>,
}

/// One kind of goods for customs. No SKU: with one, an account product is created or overwritten.
#[derive(Serialize, Clone)]
#[serde(rename_all = "camelCase")]
pub(super) struct Product<'a> {
    pub(super) quantity: u32,
    pub(super) unit_value: Number,
    pub(super) unit_weight_in_grams: u32,
    pub(super) customs_description: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) extended_customs_description: Option<&'a str>,
    pub(super) customs_code: &'a str,
    pub(super) origin_country_code: &'a str,
    pub(super) customs_declaration_category: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Postage<'a> {
    pub(super) service_code: &'a str,
    #[serde(rename = "IOSSNumber", skip_serializing_if = "Option::is_none")]
    pub(super) ioss_number: Option<&'a str>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) receive_email_notification: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) receive_sms_notification: bool,
}

/// The reply to `POST /orders`.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Created {
    pub(super) created_orders: Option<Vec<Known>>,
    pub(super) failed_orders: Option<Vec<Failed>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Failed {
    pub(super) errors: Option<Vec<FailedError>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FailedError {
    #[serde(deserialize_with = "number")]
    pub(super) error_code: Option<String>,
    pub(super) fields: Option<Vec<FailedField>>,
}

/// Its `value` is the customer's and is not read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct FailedField {
    pub(super) field_name: Option<String>,
}

/// An order as Click & Drop shows it.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct Known {
    #[serde(deserialize_with = "number")]
    pub(super) order_identifier: Option<String>,
    pub(super) tracking_number: Option<String>,
    pub(super) packages: Option<Vec<KnownPackage>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
pub(super) struct KnownPackage {
    pub(super) tracking_number: Option<String>,
}

/// A whole number, also when it comes as text or as `1001.0`.
pub(super) fn number<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(match Value::deserialize(from)? {
        Value::Number(n) => {
            let text = n.to_string();
            let text = text.strip_suffix(".0").unwrap_or(&text);
            text.bytes().all(|b| b.is_ascii_digit()).then(|| text.to_owned())
        }
        Value::String(text) => (!text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())).then_some(text),
        _ => None,
    })
}
