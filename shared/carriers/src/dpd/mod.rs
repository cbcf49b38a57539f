//! DPD UK and DPD Local: the customer API v1 (contracts/dpd). One host serves both; the account decides.
//!
//! A booking goes in steps: log in ([`token`]), ask which services are on offer ([`services`]), create
//! ([`label::build_create`]), read the labels. There is no idempotency key and no way to read a shipment back,
//! so a create whose reply was lost stays *unknown* until a person has looked ([`label::Found`]). There is no
//! call that undoes a shipment ([`void`]) and none that closes the day: booking data reaches DPD at once
//! (contract, "Cancel and manifest").

pub mod customs;
mod errors;
pub mod label;
mod london;
mod parties;
pub mod services;
pub mod token;
pub mod track;
mod wire;

use crate::error::CannotBuild;
use crate::royal_mail::cancel::Voided;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderValue, Method, Request};
use token::Token;
pub use waybill_domain::sender::Sender;
use waybill_privacy::disclosure::Field;
use waybill_privacy::secret::Secret;

/// A seller's account at DPD.
#[derive(Debug, Clone)]
pub struct Account {
    /// `https://api.customers.dpd.co.uk`, DPD's own sandbox, or ours; without `/v1`.
    pub base: String,
    /// The API key, which is also the `Client-Id`.
    pub key: Secret,
    /// The API secret.
    pub secret: Secret,
    /// True for DPD Local, whose service codes begin `2^` instead of `1^`.
    pub local: bool,
    /// Who sends.
    pub sender: Sender,
}

const ALLOWED: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Postcode, Field::Country, Field::Phone];

/// The personal fields a service needs (contract, "Customer data"). All services of the domestic endpoint need the
/// same. A telephone is mandatory there and so is one way of telling the recipient, by e-mail or to a mobile: a
/// mobile is both, so the phone is given where the order keeps it and the e-mail never. What is lacking the
/// seller's own stands in for. No county.
pub fn allowed_fields(_service_code: &str) -> &'static [Field] {
    ALLOWED
}

/// What becomes of a wish to cancel: nothing. DPD has no call that undoes a shipment; the parcel is not handed
/// over and its label destroyed, and what is not scanned is not charged (the charge is unverified).
pub fn void() -> Voided {
    Voided::Refused { code: "carrier_has_no_void".to_owned() }
}

impl Account {
    /// What every service code of the account begins with.
    pub(crate) fn brand(&self) -> char {
        if self.local { '2' } else { '1' }
    }
}

/// One call. `path` begins after `/v1/customer`.
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
    let bearer = format!("Bearer {}", token.access.expose());
    send(account, method, path, &bearer, body)
}

fn send(
    account: &Account,
    method: Method,
    path: &str,
    authorization: &str,
    body: Option<Vec<u8>>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let mut request = Request::builder()
        .method(method)
        .uri(format!("{}/v1/customer{path}", account.base))
        .header(AUTHORIZATION, secret_header(authorization)?)
        .header("client-id", secret_header(account.key.expose())?)
        .header(ACCEPT, "application/json");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    request.body(body.unwrap_or_default()).map_err(|_| CannotBuild::Address)
}

fn secret_header(text: &str) -> Result<HeaderValue, CannotBuild> {
    let mut value = HeaderValue::from_str(text).map_err(|_| CannotBuild::Credential)?;
    value.set_sensitive(true);
    Ok(value)
}
