//! Booking a shipment and printing its labels.

use super::customs::{self, Customs, Product};
use super::errors::{Refusal, unless_refused};
use super::services::total;
use super::token::Token;
use super::track;
use super::wire::{Consignment, Delivery, ShipmentRequest, kilograms, text};
use super::{Account, call, london, parties};
use crate::error::{CannotBuild, CannotRead};
use crate::preflight::short_reference;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use serde_json::{Value, json};
use std::borrow::Cow;
use waybill_domain::shipment::Shipment;
use waybill_privacy::Purpose;
use waybill_privacy::disclosure::Disclosed;

/// Longest `shippingRef1`.
const REFERENCE: usize = 25;

/// What is booked, and for whom.
pub struct BookingRequest<'a> {
    /// The shipment; its reference is the same for every attempt.
    pub shipment: &'a Shipment,
    /// The fields [`super::allowed_fields`] lets the service have.
    pub to: &'a Disclosed,
    /// Of the offer that [`super::services::choose`] picked a moment ago.
    pub network_key: &'a str,
    /// The parcels, one at least.
    pub parcels: &'a [Parcel],
    /// When the driver gets them: today or later. DPD takes London's time.
    pub ship_at: Timestamp,
    /// What customs are told; needed to Ireland and left out elsewhere.
    pub customs: Option<&'a Customs>,
}

/// One parcel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Its weight, packaging included.
    pub grams: u32,
    /// What is in it; only told to customs.
    pub products: Vec<Product>,
}

/// What DPD calls the booking, 25 characters at most: see [`short_reference`].
pub fn reference(shipment: &Shipment) -> Cow<'_, str> {
    short_reference(&shipment.reference, REFERENCE)
}

/// Asks for a shipment within the UK, to its islands or to Ireland.
///
/// # Errors
/// `CannotBuild` names the field that is missing or does not fit; nothing was booked. `Unsupported` for other
/// countries: no call for them has been seen (contract, "Book a shipment").
pub fn build_create(
    account: &Account,
    token: &Token,
    request: &BookingRequest<'_>,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let who = request.to.recipient();
    let sender = parties::sender(&account.sender)?;
    let recipient = parties::recipient(who, &account.sender)?;
    let customs = match (who.country.as_deref(), request.customs) {
        (Some("IE"), None) => return Err(CannotBuild::Missing { field: "invoice" }),
        (Some("IE"), customs) => customs,
        _ => None,
    };
    let invoice =
        customs.map(|customs| customs::invoice(account, customs, &sender, &recipient)).transpose()?;
    let grams: Vec<u32> = request.parcels.iter().map(|p| p.grams).collect();
    let reference = reference(request.shipment);
    let body = ShipmentRequest {
        shipment_date: london::written(request.ship_at)
            .ok_or(CannotBuild::Beyond { field: "shipmentDate" })?,
        generate_customs_data: invoice.is_some(),
        invoice,
        outbound_consignment: Consignment {
            collection_details: &sender,
            delivery_details: Delivery {
                party: &recipient,
                notification_details: parties::notification(who, &account.sender)?,
            },
            network_code: parties::fit("networkCode", request.network_key, 40)?,
            number_of_parcels: grams.len(),
            total_weight: kilograms(total(&grams)?)?,
            shipping_ref1: parties::fit("shippingRef1", &reference, REFERENCE)?,
            currency: customs.map(|c| customs::currency(&c.currency)).transpose()?,
            customs_value: customs.map(|_| customs::value(request.parcels)).transpose()?,
            delivery_description: customs
                .map(|c| parties::fit("deliveryDescription", &c.description, 45))
                .transpose()?,
            parcels: customs::rows(request.parcels, customs.is_some())?,
        },
    };
    let body = serde_json::to_vec(&body).map_err(|_| CannotBuild::Missing { field: "shipment" })?;
    call(account, token, Method::POST, "/shipping/shipments/domestic", Some(body))
}

/// A shipment that exists at DPD. It cannot be read back later, so all of it is kept as its [`key`].
///
/// [`key`]: Booked::key
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booked {
    /// DPD's own key, for labels.
    pub shipment: String,
    /// Consignment number, for the buyer's tracking page.
    pub consignment: String,
    /// Parcel numbers in order, for tracking.
    pub parcels: Vec<String>,
}

impl Booked {
    /// All of it as one text, `812345678/1234567890/15500000000001+15500000000002`, to be stored as the
    /// carrier's key.
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.shipment, self.consignment, self.parcels.join("+"))
    }

    /// Takes a [`Booked::key`] apart; `None` when it is none.
    pub fn from_key(key: &str) -> Option<Self> {
        let mut parts = key.split('/');
        let (shipment, consignment, parcels) = (parts.next()?, parts.next()?, parts.next()?);
        let parcels: Vec<String> = parcels.split('+').map(str::to_owned).collect();
        let all = || parcels.iter().map(String::as_str).chain([shipment, consignment]);
        (parts.next().is_none() && all().all(is_key)).then(|| Self {
            shipment: shipment.to_owned(),
            consignment: consignment.to_owned(),
            parcels: parcels.clone(),
        })
    }

    /// What the channel is told: the number on the first parcel.
    pub fn tracking(&self) -> &str {
        self.parcels.first().map_or(&self.consignment, String::as_str)
    }
}

/// Letters and digits that can stand in a path.
pub(super) fn is_key(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric())
}

/// What came of a create.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// It is booked.
    Booked(Booked),
    /// Our reference is booked already, on accounts with that rule: an earlier attempt got through and its
    /// numbers are lost with its reply. Nothing was booked now; a person takes the label from DPD's site.
    Exists,
    /// The service key is out of date: ask for the offers again, then create again. Nothing was booked.
    StaleService,
}

/// Reads whether the shipment was created. Status 200 says nothing: a refusal may be inside.
///
/// # Errors
/// `CannotRead::Refused` when DPD refused the booking; `Reply`, `Busy` and `Throttled` leave open whether it
/// exists.
pub fn read_create(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Made, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let reply: Option<Value> = serde_json::from_slice(body).ok();
    // A shipment that was made counts, whatever is complained of beside it.
    if let Some(booked) = reply.as_ref().and_then(|reply| booked(&reply["data"])) {
        return Ok(Made::Booked(booked));
    }
    match reply.as_ref().and_then(Refusal::of) {
        Some(refusal) if refusal.is_repeated => Ok(Made::Exists),
        Some(refusal) if refusal.is_stale_network => Ok(Made::StaleService),
        Some(refusal) => Err(refusal.into_error(status)),
        None => unless_refused(status, body).and(Err(CannotRead::Reply)),
    }
}

/// A shipment has one consignment; with several the parcels of all are meant.
fn booked(data: &Value) -> Option<Booked> {
    let shipment = text(&data["shipmentId"])?;
    let consignments = data["consignments"].as_array()?;
    let consignment = consignments.iter().find_map(|c| text(&c["consignmentNumber"]))?;
    let numbers = |c: &Value| -> Vec<String> {
        let named = ["parcelNumber", "parcelNumbers"].into_iter().find_map(|name| c.get(name));
        match named {
            Some(Value::Array(list)) => list.iter().filter_map(text).collect(),
            Some(one) => text(one).into_iter().collect(),
            None => Vec::new(),
        }
    };
    let booked = Booked { shipment, consignment, parcels: consignments.iter().flat_map(numbers).collect() };
    // What cannot be stored and found again is no answer.
    Booked::from_key(&booked.key())
}

/// What a label is written in. There is no PDF (contract, "Labels").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Printer {
    /// A page to show or print, A4.
    Html,
    /// Eltron.
    Epl,
    /// Citizen.
    Clp,
    /// Zebra.
    Zpl,
}

impl Printer {
    fn number(self) -> u8 {
        match self {
            Self::Html => 0,
            Self::Epl => 1,
            Self::Clp => 2,
            Self::Zpl => 3,
        }
    }
}

/// Asks for the labels of a shipment at 203 dots per inch; asking again reprints them.
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_labels(
    account: &Account,
    token: &Token,
    booked: &Booked,
    printer: Printer,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    if !is_key(&booked.shipment) {
        return Err(CannotBuild::Beyond { field: "shipmentId" });
    }
    let (id, number) = (&booked.shipment, printer.number());
    let path = format!("/shipping/shipments/{id}/labels?printerType={number}&printerDpi=203");
    call(account, token, Method::GET, &path, None)
}

/// Reads the labels, one per parcel, byte for byte as DPD wrote them. They show the whole address. Labels of
/// one shipment and printer may be sent to it one after the other.
///
/// # Errors
/// `CannotRead::LabelFailed` when DPD has the shipment but gives no label, fewer labels than parcels, or
/// something that is no label of that printer.
pub fn read_labels(
    booked: &Booked,
    printer: Printer,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<Vec<u8>>, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let failed = |code: &str| CannotRead::LabelFailed { code: code.to_owned() };
    let reply = unless_refused(status, body).map_err(|error| match error {
        CannotRead::Refused { code } => CannotRead::LabelFailed { code },
        other => other,
    })?;
    let texts: Vec<&str> = match &reply["data"]["printString"] {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        Value::String(one) => vec![one],
        _ => return Err(CannotRead::Reply),
    };
    let is_label = |text: &&str| match printer {
        Printer::Zpl => text.contains("^XA") && text.contains("^XZ"),
        Printer::Html => text.contains('<'),
        Printer::Epl | Printer::Clp => !text.trim().is_empty(),
    };
    if !texts.iter().all(is_label) {
        return Err(failed("not_a_label"));
    }
    if texts.len() != booked.parcels.len() {
        return Err(failed("labels_missing"));
    }
    Ok(texts.into_iter().map(|text| text.as_bytes().to_vec()).collect())
}

/// Looks for our reference after a create whose reply was lost, by tracking (contract, "Tracking"; the answer
/// is unverified). Only the reference and the postcode are given.
///
/// # Errors
/// `CannotBuild` when there is no postcode or the reference, address or key cannot be sent.
pub fn build_find(
    account: &Account,
    token: &Token,
    reference: &str,
    to: &Disclosed,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let who = to.recipient();
    let text = who.postcode.as_ref().map_or("", |p| p.open(Purpose::Label).trim());
    let country = who.country.as_deref().unwrap_or_default();
    let postcode =
        crate::preflight::postcode(country, text).ok_or(CannotBuild::Missing { field: "postcode" })?;
    let body = json!({"customerReference": short_reference(reference, REFERENCE), "postcode": postcode});
    call(account, token, Method::POST, "/parcel/tracking", Some(body.to_string().into_bytes()))
}

/// What tracking knows of our reference. Neither answer lets anything be created again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// It was booked: these are its parcels. Their labels are out of our reach, for the shipment's key was in
    /// the lost reply; a person prints them on DPD's site.
    Parcels(Vec<String>),
    /// Nothing is known of it. That proves nothing: how soon tracking knows a parcel that nobody has scanned
    /// is unverified. A person looks in DPD's site and says whether it exists.
    Unproven,
}

/// Reads the reply to [`build_find`].
///
/// # Errors
/// `CannotRead` when DPD does not answer the question.
pub fn read_find(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Found, CannotRead> {
    let parcels = track::numbers(status, headers, body)?;
    Ok(if parcels.is_empty() { Found::Unproven } else { Found::Parcels(parcels) })
}
