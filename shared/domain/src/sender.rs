//! Who sends parcels, as a carrier and its drivers see them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The seller at a carrier: where parcels are collected and whom to call. Business data; name a department, not a
/// person. Lengths are DPD's, the one carrier that is told (contracts/dpd/field-limits.json).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Sender {
    /// Trading name, 35 characters.
    pub organisation: String,
    /// Street, 35 characters.
    pub street: String,
    /// Post town, 35 characters.
    pub town: String,
    /// Postcode.
    pub postcode: String,
    /// Whom to ask for, 35 characters, such as `Dispatch`.
    pub contact: String,
    /// The seller's own number. DPD makes a number mandatory for every delivery: where the buyer's is not kept
    /// this one is given, never an invented one.
    pub phone: String,
    /// The seller's own e-mail. DPD makes an e-mail or mobile mandatory for every delivery: where no mobile of the
    /// buyer's is kept its messages come here.
    pub email: String,
    /// GB EORI number, needed to send to Ireland.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub eori: Option<String>,
    /// VAT number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vat: Option<String>,
}
