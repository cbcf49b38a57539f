//! Royal Mail Pro Shipping v4, for accounts (OBA) that book more or want ZPL: a second way to the carrier that
//! [`crate::royal_mail`] reaches by Click & Drop. Inland only; abroad Click & Drop is used.
//!
//! Nobody has seen that a reference must be unique. A booking goes in steps that can each be repeated: look for
//! our reference ([`find`]), create without a label, print the label. Cancelling is possible until the manifest.

pub mod accounts;
pub mod cancel;
mod errors;
pub mod find;
pub mod label;
pub mod token;

use crate::error::CannotBuild;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use token::Token;
use waybill_domain::shipment::LabelPrinter;
use waybill_privacy::disclosure::Field;
use waybill_privacy::secret::Secret;

/// A Pro Shipping account.
#[derive(Debug, Clone)]
pub struct Account {
    /// `https://api.proshipping.net`, without `/v4`.
    pub base: String,
    /// `https://authentication.proshipping.net`, without `/connect/token`.
    pub login: String,
    /// Client id of the API credentials.
    pub client_id: Secret,
    /// Client secret of the API credentials.
    pub client_secret: Secret,
    /// The shipping account every shipment names, as `GET /v4/shippingAccounts` shows it.
    pub shipping_account: String,
    /// The posting location, needed to find shipments again.
    pub shipping_location: String,
    /// What is sent, in general, such as `Clothing`: mandatory, 70 characters, and nothing of the order.
    pub goods: String,
    /// What labels are printed on.
    pub printer: LabelPrinter,
}

const INLAND: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Postcode, Field::Country];

/// The personal fields a service needs: those of an inland letter. Phone and e-mail are needed only with the
/// enhancements `SMS` and `Email`, which we never ask for.
pub fn allowed_fields(_service_code: &str) -> &'static [Field] {
    INLAND
}

/// One call. `path` begins after `/v4`.
fn call(
    account: &Account,
    token: &Token,
    method: Method,
    path: &str,
    body: Option<Vec<u8>>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    if !token.is_of(account) {
        return Err(CannotBuild::Credential);
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", token.access.expose()))
        .map_err(|_| CannotBuild::Credential)?;
    bearer.set_sensitive(true);
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}/v4{path}", account.base))
        .header(AUTHORIZATION, bearer)
        .header(ACCEPT, "application/json");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    request.body(body.unwrap_or_default()).map_err(|_| CannotBuild::Address)
}

/// An id, tracking or barcode number that can stand in a path.
fn key(text: &str) -> Result<&str, CannotBuild> {
    let fits = (1..=36).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    if fits { Ok(text) } else { Err(CannotBuild::Beyond { field: "ShipmentId" }) }
}
