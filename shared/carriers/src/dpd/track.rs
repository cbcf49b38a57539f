//! Tracking: what became of the parcels of a shipment. Only their numbers are sent.
//!
//! The answer's shape is unverified (contract, "Tracking"). It is read by the names that public clients look
//! for, and what is not understood leaves a parcel pending: nothing ends a parcel's road by guesswork.

use super::errors::unless_refused;
use super::label::{Booked, is_key};
use super::token::Token;
use super::wire::text;
use super::{Account, call, london};
use crate::error::{CannotBuild, CannotRead};
pub use crate::royal_mail::track::Tracked;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::{Value, json};
use waybill_domain::shipment::Transit;

/// Asks what became of parcels.
///
/// # Errors
/// `CannotBuild` when there is no number, or the address or credentials cannot be sent.
pub fn build_tracking(
    account: &Account,
    token: &Token,
    booked: &Booked,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    if booked.parcels.is_empty() {
        return Err(CannotBuild::Missing { field: "parcelNumbers" });
    }
    if !booked.parcels.iter().all(|number| is_key(number)) {
        return Err(CannotBuild::Beyond { field: "parcelNumbers" });
    }
    let body = json!({"parcelNumbers": booked.parcels}).to_string().into_bytes();
    call(account, token, Method::POST, "/parcel/tracking", Some(body))
}

/// Reads what became of each parcel of a shipment, in the order of their numbers; one that DPD does not name is
/// pending. Places and names are not kept.
///
/// # Errors
/// `CannotRead` when DPD does not answer the question.
pub fn read_tracking(
    booked: &Booked,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<Tracked>, CannotRead> {
    let rows = rows(status, headers, body)?;
    let one = |number: &String| {
        let row = rows.iter().find(|row| number_of(row).as_ref() == Some(number));
        row.map_or(Tracked { transit: Transit::Pending, delivered_at: None, last_event: None }, parcel)
    };
    Ok(booked.parcels.iter().map(one).collect())
}

/// The page where the buyer follows the parcel, by consignment number. The one of DPD Local is seen in public
/// clients; that of the DPD brand is made after it and unverified. No postcode is ever added.
pub fn link(account: &Account, consignment: &str) -> Option<String> {
    let host = if account.local { "www.dpdlocal.co.uk" } else { "www.dpd.co.uk" };
    is_key(consignment).then(|| format!("https://{host}/apps/tracking/?reference={consignment}"))
}

/// The parcel numbers an answer names.
pub(super) fn numbers(
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Vec<String>, CannotRead> {
    Ok(rows(status, headers, body)?.iter().filter_map(number_of).filter(|n| is_key(n)).collect())
}

/// The parcels of an answer; a plain 404 is none.
fn rows(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Vec<Value>, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if status == StatusCode::NOT_FOUND {
        return Ok(Vec::new());
    }
    let mut reply = unless_refused(status, body).map_err(|error| match error {
        CannotRead::Refused { code } => CannotRead::Unanswered { code },
        other => other,
    })?;
    for place in ["/data/parcels", "/data", "/parcels"] {
        match reply.pointer_mut(place).map(Value::take) {
            Some(Value::Array(rows)) => return Ok(rows),
            // One parcel alone, or a place further inside that holds them.
            Some(one @ Value::Object(_)) if number_of(&one).is_some() => return Ok(vec![one]),
            Some(Value::Null) => return Ok(Vec::new()),
            _ => {}
        }
    }
    Err(CannotRead::Reply)
}

fn number_of(row: &Value) -> Option<String> {
    ["parcelNumber", "trackingNumber", "parcelCode"].iter().find_map(|name| text(&row[*name]))
}

fn parcel(row: &Value) -> Tracked {
    let listed = ["trackingEvents", "events", "parcelEvents", "trackingEvent"];
    let events = listed.iter().find_map(|name| row[*name].as_array()).map_or(&[][..], Vec::as_slice);
    let said = ["parcelStatus", "status", "trackingStatus", "parcelStatusType", "description"];
    let at = ["dateTime", "trackingEventDateTime", "eventDateTime", "trackingEventDate", "date"];
    let words = |value: &Value| said.iter().find_map(|name| text(&value[*name]));
    let event_words = |event: &Value| {
        text(&event["trackingEventStatus"])
            .or_else(|| text(&event["trackingEventDescription"]))
            .or_else(|| words(event))
    };
    let when = |value: &Value| at.iter().find_map(|name| london::read(value[*name].as_str()?));
    let newest =
        events.iter().filter(|e| when(e).is_some()).max_by_key(|e| when(e)).or_else(|| events.last());
    let last_event = newest.and_then(when);
    // The summary where we understand it, else the newest event.
    let transit = match words(row).map_or(Transit::Pending, |w| transit(&w)) {
        Transit::Pending => newest.and_then(event_words).map_or(Transit::Pending, |w| self::transit(&w)),
        known => known,
    };
    let arrived = events
        .iter()
        .filter(|e| event_words(e).is_some_and(|w| self::transit(&w) == Transit::Delivered))
        .filter_map(when)
        .min();
    let stated =
        ["deliveredDateTime", "deliveryDateTime"].iter().find_map(|name| london::read(row[*name].as_str()?));
    let delivered_at = (transit == Transit::Delivered).then(|| arrived.or(stated).or(last_event)).flatten();
    Tracked { transit, delivered_at, last_event }
}

/// What a status means, by its words. A failed attempt is still on its way: the next event says whether it was
/// delivered, collected or sent back.
fn transit(status: &str) -> Transit {
    let words: String =
        status.chars().map(|c| if c.is_alphanumeric() { c.to_ascii_lowercase() } else { ' ' }).collect();
    let words: Vec<&str> = words.split_whitespace().collect();
    let words = words.join(" ");
    match words.as_str() {
        "delivered"
        | "parcel delivered"
        | "delivered to neighbour"
        | "delivered to pickup shop and collected"
        | "collected by customer" => Transit::Delivered,
        "returned"
        | "returned to sender"
        | "return to sender"
        | "returning to sender"
        | "returned to depot for sender" => Transit::Returned,
        "undeliverable" | "lost" | "damaged" | "refused" | "delivery failed" | "exception" => Transit::Failed,
        "collected"
        | "in transit"
        | "at hub"
        | "at depot"
        | "out for delivery"
        | "on vehicle"
        | "attempted delivery"
        | "delivery attempted"
        | "carded"
        | "awaiting collection"
        | "at pickup shop" => Transit::Moving,
        _ => Transit::Pending,
    }
}
