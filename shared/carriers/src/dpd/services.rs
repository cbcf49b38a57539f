//! Which services are on offer for one parcel. DPD tells integrators to ask per shipment: the keys change, and
//! weight and number of parcels change the offer (contract, "Book a shipment" 1).

use super::errors::unless_refused;
use super::token::Token;
use super::wire::{OfferAddress, OfferParty, OffersRequest, kilograms, text};
use super::{Account, call, parties};
use crate::error::{CannotBuild, CannotRead};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;
use waybill_domain::service::ServiceChoice;
use waybill_privacy::disclosure::Disclosed;

/// Asks what is on offer from the seller to the recipient's country, town and postcode. Nothing else of the
/// recipient is given. `grams` is the weight of each parcel.
///
/// # Errors
/// `CannotBuild` names what is missing; `Unsupported` when DPD's domestic endpoint does not go there.
pub fn build_offers(
    account: &Account,
    token: &Token,
    to: &Disclosed,
    grams: &[u32],
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let from = parties::sender_place(&account.sender)?;
    let place = parties::place(to.recipient())?;
    let address = |p: &parties::Place<'_>| OfferParty {
        address: OfferAddress {
            country_code: p.country.to_owned(),
            town: p.town.to_owned(),
            postcode: p.postcode.clone(),
        },
    };
    let body = OffersRequest {
        collection_details: address(&from),
        delivery_details: address(&place),
        total_weight: kilograms(total(grams)?)?,
        number_of_parcels: grams.len(),
        shipment_type: 0,
    };
    let body = serde_json::to_vec(&body).map_err(|_| CannotBuild::Missing { field: "deliveryDetails" })?;
    call(account, token, Method::POST, "/shipping/reference/outboundservices", Some(body))
}

/// The weight of all parcels in grams.
pub(super) fn total(grams: &[u32]) -> Result<u32, CannotBuild> {
    if grams.is_empty() {
        return Err(CannotBuild::Missing { field: "parcels" });
    }
    if grams.contains(&0) {
        return Err(CannotBuild::Beyond { field: "weight" });
    }
    let sum = grams.iter().try_fold(0u32, |sum, g| sum.checked_add(*g));
    sum.ok_or(CannotBuild::Beyond { field: "totalWeight" })
}

/// One service on offer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// What the shipment must name; good for now, not for ever.
    pub network_key: String,
    /// Its name, such as `Parcel Next Day`.
    pub name: String,
    /// When it arrives, such as `Next Day`.
    pub service: String,
    /// What is sent, such as `Parcel` or `Expresspak`.
    pub product: String,
}

/// Reads what is on offer. Rows without a key are left out.
///
/// # Errors
/// `CannotRead` when DPD does not answer the question.
pub fn read_offers(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Offer>, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let reply = unless_refused(status, body)?;
    let rows = match reply.get("data") {
        Some(Value::Array(rows)) => rows.as_slice(),
        Some(Value::Null) => &[],
        _ => return Err(CannotRead::Reply),
    };
    let offer = |row: &Value| {
        let at = |pointer: &str| row.pointer(pointer).and_then(text).unwrap_or_default();
        Offer {
            network_key: at("/networkKey"),
            name: at("/networkDesc"),
            service: at("/service/serviceDesc"),
            product: at("/product/productDesc"),
        }
    };
    Ok(rows.iter().map(offer).filter(|o| !o.network_key.is_empty()).collect())
}

/// Picks the service the merchant's rule names. Its code is a service code with or without the brand (`1^12` or
/// `12`), which also fits a key that goes on after it (`1^12^7`), or the service's name as DPD shows it, the
/// full one (`Parcel Next Day`) or the short one (`Next Day`). When several fit, the rule's format says which
/// product (`Parcel`, `Expresspak`). Nothing else is ever taken instead.
///
/// # Errors
/// `CannotRead::Refused`: `nothing_on_offer` (a token of the other environment looks like this too),
/// `service_not_on_offer` or `service_not_clear`.
pub fn choose<'a>(
    account: &Account,
    offers: &'a [Offer],
    rule: &ServiceChoice,
) -> Result<&'a Offer, CannotRead> {
    let refused = |code: &str| CannotRead::Refused { code: code.to_owned() };
    if offers.is_empty() {
        return Err(refused("nothing_on_offer"));
    }
    let tests: [&dyn Fn(&Offer) -> bool; 4] = [
        &|o| o.network_key == rule.code.trim(),
        &|o| is_code(&o.network_key, account.brand(), rule.code.trim()),
        &|o| same(&o.name, &rule.code),
        &|o| same(&o.service, &rule.code),
    ];
    for test in tests {
        let mut fitting: Vec<&Offer> = offers.iter().filter(|o| test(o)).collect();
        if fitting.len() > 1 {
            fitting.retain(|o| same(&o.product, &rule.format));
        }
        match fitting.as_slice() {
            [one] => return Ok(one),
            [] if !offers.iter().any(test) => {}
            _ => return Err(refused("service_not_clear")),
        }
    }
    Err(refused("service_not_on_offer"))
}

/// True when the key is `code`, with or without the brand before it, or goes on after it.
fn is_code(key: &str, brand: char, code: &str) -> bool {
    let begins =
        |key: &str| key.strip_prefix(code).is_some_and(|rest| rest.is_empty() || rest.starts_with('^'));
    // The brand alone is no service; `11` is one.
    code.trim_end_matches('^') != brand.to_string()
        && (begins(key)
            || key.strip_prefix(brand).and_then(|rest| rest.strip_prefix('^')).is_some_and(begins))
}

/// Names are compared by their words, whatever the case and blanks.
fn same(a: &str, b: &str) -> bool {
    let words = |text: &str| -> Vec<String> { text.split_whitespace().map(str::to_lowercase).collect() };
    let (a, b) = (words(a), words(b));
    !a.is_empty() && a == b
}
