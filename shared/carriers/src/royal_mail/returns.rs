//! Return labels. The specification names two addresses and does not say whose each is: by their names, the one the goods
//! were shipped to is the buyer's and the one they return to the merchant's (infra/carriers-unproven.md).
//!
//! A return is booked and cannot be looked for: there is no reading of what was booked, so one whose reply was lost is
//! for a person.

use super::errors::first_code;
use super::label::{fit, optional, required};
use super::{Account, call};
use crate::error::{CannotBuild, CannotRead};
use crate::preflight;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, Method, Request, StatusCode};
use serde::{Deserialize, Serialize};
use waybill_domain::service::ReturnAddress;
use waybill_privacy::disclosure::{Disclosed, Field};

/// The personal fields a return is booked with: who sends it, and from where. Its specification requires none of them and
/// has neither phone nor e-mail.
pub const ALLOWED: &[Field] =
    &[Field::Name, Field::Company, Field::Lines, Field::City, Field::Postcode, Field::Country];

/// What is booked.
pub struct ReturnRequest<'a> {
    /// What we call it.
    pub reference: &'a str,
    /// The carrier's code of the return service.
    pub service: &'a str,
    /// Whose goods come back; the fields [`ALLOWED`] lets through.
    pub from: &'a Disclosed,
    /// Where they come back to.
    pub to: &'a ReturnAddress,
}

#[derive(Serialize)]
struct Body<'a> {
    service: Service<'a>,
    shipment: Shipment<'a>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Service<'a> {
    service_code: &'a str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Shipment<'a> {
    shipping_address: Address<'a>,
    return_address: Address<'a>,
    customer_reference: Reference<'a>,
}

#[derive(Serialize)]
struct Reference<'a> {
    reference: &'a str,
}

#[derive(Serialize, Default)]
#[serde(rename_all = "camelCase")]
struct Address<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    first_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    company_name: Option<&'a str>,
    address_line1: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line2: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    address_line3: Option<&'a str>,
    city: &'a str,
    postcode: &'a str,
    country_iso_code: &'static str,
}

/// Asks for a return label. Its lengths are those of the same fields of an order: its own are not documented.
///
/// # Errors
/// `CannotBuild` names the field that is missing or does not fit; nothing was booked.
pub fn build_return(account: &Account, request: &ReturnRequest<'_>) -> Result<Request<Vec<u8>>, CannotBuild> {
    let who = request.from.recipient();
    if who.country.as_deref() != Some("GB") {
        return Err(CannotBuild::Unsupported { what: "returns from abroad" });
    }
    let name = optional("lastName", who.name.as_ref(), 210)?;
    let company_name = optional("companyName", who.company.as_ref(), 100)?;
    if name.is_none() && company_name.is_none() {
        return Err(CannotBuild::Missing { field: "lastName" });
    }
    let postcode = required("postcode", who.postcode.as_ref(), 20)?;
    let postcode = preflight::postcode("GB", postcode).ok_or(CannotBuild::Malformed { field: "postcode" })?;
    // A name of one word is the last one; nothing of a name is left out.
    let (first_name, last_name) = match name.and_then(|name| name.rsplit_once(' ')) {
        Some((first, last)) => (Some(first.trim_end()), Some(last)),
        None => (None, name),
    };
    if who.lines.len() > 3 {
        return Err(CannotBuild::Beyond { field: "addressLine3" });
    }
    let shipping_address = Address {
        first_name,
        last_name,
        company_name,
        address_line1: required("addressLine1", who.lines.first(), 100)?,
        address_line2: optional("addressLine2", who.lines.get(1), 100)?,
        address_line3: optional("addressLine3", who.lines.get(2), 100)?,
        city: required("city", who.city.as_ref(), 100)?,
        postcode: &postcode,
        country_iso_code: "GB",
    };
    let to = request.to;
    let line = |n: usize| to.lines.get(n).map(|line| fit("addressLine", line, 100)).transpose();
    let return_address = Address {
        company_name: Some(fit("companyName", &to.company, 100)?),
        address_line1: line(0)?.ok_or(CannotBuild::Missing { field: "addressLine1" })?,
        address_line2: line(1)?,
        address_line3: line(2)?,
        city: fit("city", &to.city, 100)?,
        postcode: fit("postcode", &to.postcode, 20)?,
        country_iso_code: "GB",
        ..Address::default()
    };
    let customer_reference = Reference { reference: fit("reference", request.reference, 40)? };
    let service = Service { service_code: fit("serviceCode", request.service, 10)? };
    let shipment = Shipment { shipping_address, return_address, customer_reference };
    let body = serde_json::to_vec(&Body { service, shipment })
        .map_err(|_| CannotBuild::Missing { field: "shipment" })?;
    call(account, Method::POST, "/returns", Some(body))
}

/// A return that is booked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Return {
    /// Its tracking number.
    pub tracking: String,
    /// The bytes of a PDF.
    pub pdf: Vec<u8>,
}

/// Reads the label.
///
/// # Errors
/// `CannotRead::Refused` when the carrier refuses; `LabelFailed` for an account without credit, for which there are no
/// returns. `Reply` and `Busy` leave open whether one is booked; so does a booking that comes without its label.
pub fn read_return(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Return, CannotRead> {
    if status == StatusCode::FORBIDDEN {
        return Err(CannotRead::LabelFailed { code: "no_credit_account".to_owned() });
    }
    CannotRead::unless_answered(status, headers)?;
    if !status.is_success() {
        return Err(CannotRead::Refused { code: first_code(status, body) });
    }
    let reply: Reply = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let tracking = reply.shipment.and_then(|one| one.tracking_number).filter(|number| !number.is_empty());
    let pdf = reply.label.and_then(|label| STANDARD.decode(label.as_bytes()).ok());
    match (tracking, pdf.filter(|pdf| pdf.starts_with(b"%PDF-"))) {
        (Some(tracking), Some(pdf)) => Ok(Return { tracking, pdf }),
        _ => Err(CannotRead::Reply),
    }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Reply {
    shipment: Option<Booked>,
    label: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Booked {
    tracking_number: Option<String>,
}
