//! Tracking: what became of a parcel. Only its number is sent.

use super::errors::first_code;
use super::{TrackingAccount, secret_header};
use crate::error::{CannotBuild, CannotRead};
use http::header::ACCEPT;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::Timestamp;
use serde::Deserialize;
use waybill_domain::shipment::Transit;

/// Asks for the events of a parcel.
///
/// # Errors
/// `CannotBuild` when the number, address or credentials cannot be sent.
pub fn build_events(account: &TrackingAccount, tracking: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    let fits = (1..=40).contains(&tracking.len()) && tracking.bytes().all(|b| b.is_ascii_alphanumeric());
    if !fits {
        return Err(CannotBuild::Beyond { field: "mailPieceId" });
    }
    Request::builder()
        .method(Method::GET)
        .uri(format!("{}/mailpieces/v2/{tracking}/events", account.base))
        .header("x-ibm-client-id", secret_header(account.client_id.expose())?)
        .header("x-ibm-client-secret", secret_header(account.client_secret.expose())?)
        .header("x-accept-rmg-terms", "yes")
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| CannotBuild::Address)
}

/// What became of a parcel. Places, and who signed, are not kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracked {
    /// Where it is.
    pub transit: Transit,
    /// When it arrived, once it has.
    pub delivered_at: Option<Timestamp>,
    /// When it was last seen.
    pub last_event: Option<Timestamp>,
}

/// Reads the events of a parcel. A number that is not known yet is a parcel not scanned yet.
///
/// # Errors
/// `CannotRead` when the service does not answer the question.
pub fn read_events(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Tracked, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let unseen = Tracked { transit: Transit::Pending, delivered_at: None, last_event: None };
    if !status.is_success() {
        let code = first_code(status, body);
        // E1142 and its neighbours: the barcode has not been seen, or has no tracks yet.
        let unknown = status == StatusCode::NOT_FOUND || code.starts_with("E114");
        return if unknown { Ok(unseen) } else { Err(CannotRead::Unanswered { code }) };
    }
    let reply: Reply = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let Some(piece) = reply.mail_pieces else { return Err(CannotRead::Reply) };
    let summary = piece.summary.unwrap_or_default();
    let events = piece.events.unwrap_or_default();
    let newest = events.iter().max_by_key(|e| e.at());
    let named = summary.last_event_code.as_deref().or_else(|| newest.and_then(|e| e.event_code.as_deref()));
    let transit = transit(summary.status_category.as_deref().unwrap_or_default(), named.unwrap_or_default());
    let last_event = summary.last_event_date_time.as_deref().and_then(time).max(newest.and_then(Event::at));
    let arrival =
        events.iter().filter(|e| e.event_code.as_deref().is_some_and(is_delivery)).filter_map(Event::at);
    let delivered_at = (transit == Transit::Delivered).then(|| arrival.min().or(last_event)).flatten();
    Ok(Tracked { transit, delivered_at, last_event })
}

/// Events that end a parcel's road at the recipient: signed for, or left in a safe place.
fn is_delivery(event: &str) -> bool {
    matches!(event, "EVKSP" | "EVKSF")
}

/// The specification names no list of categories; only `IN TRANSIT` is in its sample. An attempted delivery is
/// still on its way: the next event says whether it was delivered, collected or sent back.
fn transit(category: &str, event: &str) -> Transit {
    let category = category.trim().to_ascii_uppercase();
    match category.as_str() {
        "DELIVERED" => Transit::Delivered,
        "IN TRANSIT" | "OUT FOR DELIVERY" | "ATTEMPTED DELIVERY" | "READY FOR COLLECTION" => Transit::Moving,
        "UNDELIVERABLE" | "UNDELIVERED" | "LOST" | "DAMAGED" => Transit::Failed,
        _ if category.starts_with("RETURN") => Transit::Returned,
        "" if is_delivery(event) => Transit::Delivered,
        _ => Transit::Pending,
    }
}

fn time(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Reply {
    mail_pieces: Option<Piece>,
}

/// `signature` holds a person's name and is not read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Piece {
    summary: Option<Summary>,
    events: Option<Vec<Event>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Summary {
    status_category: Option<String>,
    last_event_code: Option<String>,
    last_event_date_time: Option<String>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Event {
    event_code: Option<String>,
    event_date_time: Option<String>,
}

impl Event {
    fn at(&self) -> Option<Timestamp> {
        self.event_date_time.as_deref().and_then(time)
    }
}
