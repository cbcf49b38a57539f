//! Booking a parcel and printing its label.
//!
//! There is no idempotency key and a reference need not be unique at Royal Mail, so a booking goes in steps
//! that can each be repeated: look for our reference, create without a label, read the label, read the
//! tracking number. A create whose reply was lost is *unknown* until the reference has been looked for.

use super::errors::{first_code, listed};
use super::wire::{
    Address, Created as WireCreated, Failed, Known, Order, Orders, Package, Postage, Product, To,
};
use super::{Account, call, carrier_key, limits};
use crate::error::{CannotBuild, CannotRead, code};
use crate::preflight;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use serde_json::Number;
use waybill_domain::customs::{self, Content, Terms};
use waybill_domain::order::Destination;
use waybill_domain::service::Notify;
use waybill_domain::shipment::Shipment;
use waybill_domain::time::sortable;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::recipient::Text;
use waybill_privacy::{Purpose, Recipient};

/// What is booked, and for whom.
pub struct BookingRequest<'a> {
    /// The shipment; its reference is the same for every attempt.
    pub shipment: &'a Shipment,
    /// The fields [`super::allowed_fields`] lets the service have.
    pub to: &'a Disclosed,
    /// When the order was placed.
    pub placed_at: Timestamp,
    /// What customs are told; required where [`customs::needed`] says so, and sent nowhere else.
    pub customs: Option<Declaration<'a>>,
}

/// What customs are told about a parcel.
#[derive(Debug, Clone, Copy)]
pub struct Declaration<'a> {
    /// The goods.
    pub contents: &'a [Content],
    /// What the merchant declares for all its parcels.
    pub terms: &'a Terms,
    /// The currency of the values, ISO 4217.
    pub currency: &'a str,
}

/// Asks for an order without a label. Only here do personal texts leave their wrapping.
///
/// # Errors
/// `CannotBuild` names the field that is missing or does not fit; nothing was booked.
pub fn build_create(
    account: &Account,
    request: &BookingRequest<'_>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let shipment = request.shipment;
    let who = request.to.recipient();
    let full_name = optional("fullName", who.name.as_ref(), 210)?;
    let company_name = optional("companyName", who.company.as_ref(), 100)?;
    if full_name.is_none() && company_name.is_none() {
        return Err(CannotBuild::Missing { field: "fullName" });
    }
    if who.lines.len() > 3 {
        return Err(CannotBuild::Beyond { field: "addressLine3" });
    }
    let country = who.country.as_deref().ok_or(CannotBuild::Missing { field: "countryCode" })?;
    let inland = country == "GB";
    let postcode = match optional("postcode", who.postcode.as_ref(), 20)? {
        None if inland => return Err(CannotBuild::Missing { field: "postcode" }),
        None => None,
        Some(text) => {
            Some(preflight::postcode(country, text).ok_or(CannotBuild::Malformed { field: "postcode" })?)
        }
    };
    let postcode = postcode.as_deref();
    // A business that sends to Northern Ireland must say which kind of recipient it is.
    let northern =
        inland && postcode.is_some_and(|p| p.get(..2).is_some_and(|a| a.eq_ignore_ascii_case("BT")));
    let address = Address {
        full_name,
        company_name,
        address_line1: required("addressLine1", who.lines.first(), 100)?,
        address_line2: optional("addressLine2", who.lines.get(1), 100)?,
        address_line3: optional("addressLine3", who.lines.get(2), 100)?,
        city: required("city", who.city.as_ref(), 100)?,
        county: optional("county", who.region.as_ref(), 100)?,
        postcode,
        country_code: fit("countryCode", country, 3)?,
    };
    let area = postcode.filter(|_| inland).and_then(Destination::area_of);
    let destination = Destination { country: country.to_owned(), postcode_area: area };
    limits::check(shipment, &destination)?;
    let declared = match (customs::needed(&destination), request.customs) {
        (false, _) => None,
        (true, None) => return Err(CannotBuild::Customs { field: "contents" }),
        (true, Some(declaration)) => Some(declare(declaration, country)?),
    };
    let format = fit("packageFormatIdentifier", &shipment.service.format, 40)?;
    let package = |weight_in_grams| Package {
        weight_in_grams,
        package_format_identifier: format,
        contents: declared.as_ref().map(|declared| declared.products.clone()),
    };
    let value = declared.as_ref().map_or_else(|| Number::from(0), |declared| declared.value.clone());
    let (email_address, phone_number) = told(shipment, who);
    let order = Order {
        order_reference: fit("orderReference", &shipment.reference, 40)?,
        is_recipient_a_business: northern.then_some(company_name.is_some()),
        recipient: To { address, email_address, phone_number: phone_number.clone() },
        packages: shipment.parcel_grams().into_iter().map(package).collect(),
        postage_details: Postage {
            service_code: fit("serviceCode", &shipment.service.code, 10)?,
            ioss_number: declared.as_ref().and_then(|declared| declared.ioss),
            receive_email_notification: email_address.is_some(),
            receive_sms_notification: phone_number.is_some(),
        },
        delivery_term: declared.as_ref().and_then(|declared| declared.term),
        order_date: sortable(request.placed_at),
        subtotal: value.clone(),
        shipping_cost_charged: 0,
        total: value,
        currency_code: declared.as_ref().map_or("GBP", |declared| declared.currency),
    };
    let body = serde_json::to_vec(&Orders { items: [order] })
        .map_err(|_| CannotBuild::Missing { field: "items" })?;
    call(account, Method::POST, "/orders", Some(body))
}

/// Takes out what the recipient cannot be told by: a parcel does not wait for its announcement, and what is not sent is
/// not on record as disclosed.
pub fn keep_reachable(who: &mut Recipient) {
    who.email = who.email.take().filter(|text| mail(text).is_some());
    who.phone = who.phone.take().filter(|text| mobile(text).is_some());
}

fn mail(text: &Text) -> Option<&str> {
    Some(text.open(Purpose::Label).trim()).filter(|mail| mail.len() <= 254 && preflight::is_email(mail))
}

fn mobile(text: &Text) -> Option<String> {
    preflight::phone(text.open(Purpose::Label)).filter(|phone| preflight::is_mobile(phone))
}

/// Where the carrier announces the parcel, if the merchant pays it to.
fn told<'a>(shipment: &Shipment, who: &'a Recipient) -> (Option<&'a str>, Option<String>) {
    match shipment.service.notify {
        Some(Notify::Email) => (who.email.as_ref().and_then(mail), None),
        Some(Notify::Sms) => (None, who.phone.as_ref().and_then(mobile)),
        None => (None, None),
    }
}

/// A declaration as it is sent.
struct Declared<'a> {
    products: Vec<Product<'a>>,
    value: Number,
    term: Option<&'static str>,
    ioss: Option<&'a str>,
    currency: &'a str,
}

/// Writes a declaration; customs see goods, values and codes, and nothing of the buyer.
fn declare<'a>(declaration: Declaration<'a>, country: &str) -> Result<Declared<'a>, CannotBuild> {
    let Declaration { contents, terms, currency } = declaration;
    if contents.is_empty() {
        return Err(CannotBuild::Customs { field: "contents" });
    }
    let mut value = Decimal::ZERO;
    let mut products = Vec::with_capacity(contents.len());
    for one in contents {
        value = value.saturating_add(one.unit_value.saturating_mul(Decimal::from(one.quantity)));
        // The short description is cut at a word, the long one carries the rest.
        let short = cut(&one.description, 50);
        products.push(Product {
            quantity: one.quantity,
            unit_value: amount("unitValue", one.unit_value)?,
            unit_weight_in_grams: one.unit_grams,
            customs_description: short,
            extended_customs_description: (short.len() < one.description.len())
                .then(|| cut(&one.description, 300)),
            customs_code: fit("customsCode", &one.hs_code, 10)?,
            origin_country_code: fit("originCountryCode", &one.origin, 3)?,
            customs_declaration_category: fit("customsDeclarationCategory", &terms.category, 50)?,
        });
    }
    // Required to the EU and the USA (contract, "International"); elsewhere it may be left out.
    let asked = customs::in_eu(country) || country == "US";
    let ioss = terms.ioss.as_deref().filter(|_| customs::in_eu(country));
    if asked && terms.term.is_ioss() && ioss.is_none() {
        return Err(CannotBuild::Customs { field: "IOSSNumber" });
    }
    let ioss =
        ioss.filter(|_| terms.term.is_ioss()).map(|number| fit("IOSSNumber", number, 50)).transpose()?;
    Ok(Declared {
        products,
        value: amount("subtotal", value)?,
        term: asked.then(|| terms.term.as_str()),
        ioss,
        currency: fit("currencyCode", currency, 3)?,
    })
}

/// An amount as the API takes it: a JSON number with at most two decimals, up to 999,999.
fn amount(field: &'static str, value: Decimal) -> Result<Number, CannotBuild> {
    let beyond = CannotBuild::Beyond { field };
    if value < Decimal::ZERO || value > Decimal::from(999_999) {
        return Err(beyond);
    }
    let value = value.round_dp(2).normalize();
    match value.scale() {
        0 => value.to_u64().map(Number::from),
        _ => value.to_f64().and_then(Number::from_f64),
    }
    .ok_or(beyond)
}

/// The beginning of a text, at most `most` characters, cut between words where there are any.
fn cut(text: &str, most: usize) -> &str {
    let Some((end, _)) = text.char_indices().nth(most) else { return text };
    let begin = text.get(..end).unwrap_or(text);
    let word = begin.rfind(' ').filter(|at| *at > 0).and_then(|at| begin.get(..at));
    if text.get(end..).is_some_and(|rest| rest.starts_with(' ')) { begin } else { word.unwrap_or(begin) }
}

pub(super) fn required<'a>(
    field: &'static str,
    text: Option<&'a Text>,
    most: usize,
) -> Result<&'a str, CannotBuild> {
    optional(field, text, most)?.ok_or(CannotBuild::Missing { field })
}

pub(super) fn optional<'a>(
    field: &'static str,
    text: Option<&'a Text>,
    most: usize,
) -> Result<Option<&'a str>, CannotBuild> {
    let text = text.map(|t| t.open(Purpose::Label).trim()).filter(|t| !t.is_empty());
    text.map(|t| fit(field, t, most)).transpose()
}

pub(super) fn fit<'a>(field: &'static str, text: &'a str, most: usize) -> Result<&'a str, CannotBuild> {
    match text.chars().count() {
        0 => Err(CannotBuild::Missing { field }),
        n if n > most => Err(CannotBuild::Beyond { field }),
        _ => Ok(text),
    }
}

/// An order that exists at the carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Created {
    /// The carrier's own key for it.
    pub carrier_order: String,
}

/// Reads whether the order was created. Status 200 says nothing: failures are inside.
///
/// # Errors
/// `CannotRead::Refused` when the carrier refused the booking; `Reply`, `Busy` and `Throttled` leave open
/// whether it exists.
pub fn read_create(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Created, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if !status.is_success() {
        return Err(CannotRead::Refused { code: first_code(status, body) });
    }
    let reply: WireCreated = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    if let Some(failed) = reply.failed_orders.unwrap_or_default().first() {
        return Err(CannotRead::Refused { code: why(failed) });
    }
    let first = reply.created_orders.unwrap_or_default().into_iter().next();
    let carrier_order = first.and_then(|order| order.order_identifier).ok_or(CannotRead::Reply)?;
    Ok(Created { carrier_order })
}

/// The field a failed order names, else its error code.
fn why(failed: &Failed) -> String {
    let first = failed.errors.iter().flatten().next();
    let field = first.and_then(|e| e.fields.iter().flatten().find_map(|f| f.field_name.as_deref()));
    let number = first.and_then(|e| e.error_code.as_deref());
    field
        .and_then(code)
        .or_else(|| number.map(|n| format!("error_{n}")))
        .unwrap_or_else(|| "unspecified".to_owned())
}

/// Looks for our reference.
///
/// # Errors
/// `CannotBuild` when the reference, address or key cannot be sent.
pub fn build_find(account: &Account, reference: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    let reference = fit("orderReference", reference, 40)?;
    call(account, Method::GET, &format!("/orders/%22{}%22", percent(reference)), None)
}

/// Asks for one order by the carrier's key; read it with [`read_find`].
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_get(account: &Account, carrier_order: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(account, Method::GET, &format!("/orders/{}", carrier_key(carrier_order)?), None)
}

/// What the carrier has under a reference or key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// Nothing: it was never created, or was deleted.
    None,
    /// One order.
    One {
        /// The carrier's own key for it.
        carrier_order: String,
        /// Its tracking number, once the label has been made; the first parcel's where there are several.
        tracking: Option<String>,
        /// The numbers of the other parcels, as far as they are known.
        others: Vec<String>,
    },
    /// More than one, or the carrier does not say: a person must look.
    Many,
}

/// Reads what the carrier has. One client of this API reports 400 for a reference that exists more than once.
///
/// # Errors
/// `CannotRead` when the carrier does not answer the question.
pub fn read_find(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Found, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    match status.as_u16() {
        404 => return Ok(Found::None),
        200 => {}
        400 => return Ok(Found::Many),
        _ => return Err(CannotRead::Reply),
    }
    let mut known: Vec<Known> = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let (Some(one), true) = (known.pop(), known.is_empty()) else {
        return Ok(if known.is_empty() { Found::None } else { Found::Many });
    };
    let parcels = one.packages.unwrap_or_default().into_iter().filter_map(|p| p.tracking_number);
    let mut numbers: Vec<String> = Vec::new();
    for number in one.tracking_number.into_iter().chain(parcels) {
        let number = number.trim();
        if !number.is_empty() && !numbers.iter().any(|known| known == number) {
            numbers.push(number.to_owned());
        }
    }
    let mut numbers = numbers.into_iter();
    Ok(Found::One {
        carrier_order: one.order_identifier.ok_or(CannotRead::Reply)?,
        tracking: numbers.next(),
        others: numbers.collect(),
    })
}

/// Asks for the label of an order; asking again reprints it. With `customs` its declaration comes with it.
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_label(
    account: &Account,
    carrier_order: &str,
    customs: bool,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let key = carrier_key(carrier_order)?;
    let customs = if customs { "&includeCN=true" } else { "" };
    let path = format!("/orders/{key}/label?documentType=postageLabel&includeReturnsLabel=false{customs}");
    call(account, Method::GET, &path, None)
}

/// Reads the label: the bytes of a PDF, which show the whole address.
///
/// # Errors
/// `CannotRead::LabelFailed` when the carrier has the order but gives no label, above all to an account without
/// credit (OBA).
pub fn read_label(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Vec<u8>, CannotRead> {
    if status == StatusCode::FORBIDDEN {
        return Err(CannotRead::LabelFailed { code: "no_credit_account".to_owned() });
    }
    CannotRead::unless_answered(status, headers)?;
    if !status.is_success() {
        return Err(CannotRead::LabelFailed { code: first_code(status, body) });
    }
    if body.starts_with(b"%PDF-") {
        return Ok(body.to_vec());
    }
    let listed = serde_json::from_slice(body).ok().and_then(|body| listed(&body));
    Err(listed.map_or(CannotRead::Reply, |code| CannotRead::LabelFailed { code }))
}

/// Percent-encodes all but the characters that are never reserved.
fn percent(text: &str) -> String {
    let one = |b: u8| match b {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => char::from(b).to_string(),
        _ => format!("%{b:02X}"),
    };
    text.bytes().map(one).collect()
}
