//! The seller and the recipient as DPD's nested blocks. Over-long texts are never cut: DPD itself cut and
//! booked them (contract, "Legacy"), so they are refused here by name. Limits: contracts/dpd/field-limits.json.

use super::Sender;
use super::wire::{Address, Contact, Notification, Party};
use crate::error::CannotBuild;
use crate::preflight;
use waybill_privacy::recipient::Text;
use waybill_privacy::{Purpose, Recipient};

/// Longest text of an address or name.
const TEXT: usize = 35;
/// Longest postcode; v1 states none, one client cuts here.
const POSTCODE: usize = 12;
/// Longest e-mail.
const EMAIL: usize = 50;

/// Where the domestic endpoint goes: the UK, its islands and the Republic of Ireland. The codes of the Channel
/// Islands and the Isle of Man are ISO's; that DPD takes them instead of `GB` is unverified.
const COUNTRIES: [&str; 5] = ["GB", "IM", "JE", "GG", "IE"];

/// What the offer depends on.
pub(super) struct Place<'a> {
    pub(super) country: &'a str,
    pub(super) town: &'a str,
    pub(super) postcode: String,
}

/// Where the recipient is.
pub(super) fn place(who: &Recipient) -> Result<Place<'_>, CannotBuild> {
    let country = who.country.as_deref().ok_or(CannotBuild::Missing { field: "countryCode" })?;
    if !COUNTRIES.contains(&country) {
        return Err(CannotBuild::Unsupported { what: "shipments to this country by its domestic services" });
    }
    let town = personal("town", who.city.as_ref(), TEXT)?.ok_or(CannotBuild::Missing { field: "town" })?;
    let postcode = personal("postcode", who.postcode.as_ref(), POSTCODE)?;
    let postcode = postcode.ok_or(CannotBuild::Missing { field: "postcode" })?;
    let postcode =
        preflight::postcode(country, postcode).ok_or(CannotBuild::Malformed { field: "postcode" })?;
    Ok(Place { country, town, postcode })
}

/// Where the seller is.
pub(super) fn sender_place(sender: &Sender) -> Result<Place<'_>, CannotBuild> {
    let field = "collectionDetails.postcode";
    Ok(Place {
        country: "GB",
        town: fit("collectionDetails.town", &sender.town, TEXT)?,
        postcode: preflight::uk_postcode(&sender.postcode).ok_or(CannotBuild::Malformed { field })?,
    })
}

/// The seller.
pub(super) fn sender(sender: &Sender) -> Result<Party<'_>, CannotBuild> {
    let place = sender_place(sender)?;
    let address = Address {
        organisation: Some(fit("collectionDetails.organisation", &sender.organisation, TEXT)?),
        street: fit("collectionDetails.street", &sender.street, TEXT)?.to_owned(),
        locality: None,
        town: place.town,
        postcode: place.postcode,
        country_code: place.country,
    };
    let contact_details = Contact {
        contact_name: fit("collectionDetails.contactName", &sender.contact, TEXT)?,
        telephone: telephone("collectionDetails.telephone", &sender.phone)?,
    };
    Ok(Party { address, contact_details })
}

/// The recipient. Only here and in [`notification`] do personal texts leave their wrapping.
pub(super) fn recipient<'a>(who: &'a Recipient, sender: &Sender) -> Result<Party<'a>, CannotBuild> {
    let place = place(who)?;
    let organisation = personal("organisation", who.company.as_ref(), TEXT)?;
    let name = personal("contactName", who.name.as_ref(), TEXT)?;
    let contact_name = name.or(organisation).ok_or(CannotBuild::Missing { field: "contactName" })?;
    let lines: Vec<&str> = who.lines.iter().map(|line| line.open(Purpose::Label).as_str()).collect();
    if lines.iter().all(|line| line.trim().is_empty()) {
        return Err(CannotBuild::Missing { field: "street" });
    }
    let (street, locality) =
        preflight::two_lines(&lines, TEXT).ok_or(CannotBuild::Beyond { field: "street" })?;
    let address = Address {
        organisation,
        street,
        locality,
        town: place.town,
        postcode: place.postcode,
        country_code: place.country,
    };
    let telephone = match open(who.phone.as_ref()) {
        Some(own) => telephone("telephone", own)?,
        None => telephone("collectionDetails.telephone", &sender.phone)?,
    };
    Ok(Party { address, contact_details: Contact { contact_name, telephone } })
}

/// Where DPD announces the parcel: the recipient's mobile, else the seller's own e-mail.
pub(super) fn notification<'a>(
    who: &'a Recipient,
    sender: &'a Sender,
) -> Result<Notification<'a>, CannotBuild> {
    if let Some(own) = open(who.phone.as_ref()) {
        let mobile = telephone("mobile", own)?;
        if preflight::is_mobile(&mobile) {
            return Ok(Notification { email: None, mobile: Some(mobile) });
        }
    }
    let field = "collectionDetails.email";
    let email = fit(field, &sender.email, EMAIL)?;
    if !preflight::is_email(email) {
        return Err(CannotBuild::Malformed { field });
    }
    Ok(Notification { email: Some(email), mobile: None })
}

/// `+` and at most 14 digits, or at most 15 digits.
fn telephone(field: &'static str, text: &str) -> Result<String, CannotBuild> {
    if text.trim().is_empty() {
        return Err(CannotBuild::Missing { field });
    }
    let phone = preflight::phone(text).ok_or(CannotBuild::Malformed { field })?;
    if phone.len() > 15 { Err(CannotBuild::Beyond { field }) } else { Ok(phone) }
}

fn open(text: Option<&Text>) -> Option<&str> {
    text.map(|t| t.open(Purpose::Label).trim()).filter(|t| !t.is_empty())
}

fn personal<'a>(
    field: &'static str,
    text: Option<&'a Text>,
    most: usize,
) -> Result<Option<&'a str>, CannotBuild> {
    open(text).map(|t| fit(field, t, most)).transpose()
}

/// The text without outer blanks, when it is there and short enough.
pub(super) fn fit<'a>(field: &'static str, text: &'a str, most: usize) -> Result<&'a str, CannotBuild> {
    let text = text.trim();
    match text.chars().count() {
        0 => Err(CannotBuild::Missing { field }),
        n if n > most => Err(CannotBuild::Beyond { field }),
        _ => Ok(text),
    }
}
