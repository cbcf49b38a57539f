//! Royal Mail Tracking API v2: what happened to a parcel, worked out from the sandbox's clock and the fate the
//! parcel was given.
//!
//! Only `EVNMI` and the category `IN TRANSIT` stand in Royal Mail's published sample; the other event codes and
//! categories here are plausible and unverified, so a client must treat an unknown one as still on its way.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{TRACKING_CLIENT_ID, TRACKING_CLIENT_SECRET, over, services};
use crate::clock;
use crate::state::State;
use crate::wire::{Call, Reply};

/// What becomes of a parcel.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// Accepted 12 h after the label, in transit at 20 h, delivered at 30 h.
    #[default]
    Deliver,
    /// Nobody in at 30 h, given up as undelivered at 72 h.
    Fail,
    /// Nobody in at 30 h, on its way back at 48 h, back at 72 h.
    Return,
    /// Last seen in transit at 20 h.
    Lose,
    /// Never handed over: no event after the label.
    Keep,
}

/// One package with a number.
#[derive(Debug, Clone, Serialize)]
pub struct Parcel {
    /// Click & Drop order it belongs to.
    pub order: i64,
    /// Service code.
    pub service: String,
    /// When its label was made.
    pub label_at: Timestamp,
    /// What becomes of it.
    pub fate: Fate,
    /// True after the label was undone or the order deleted.
    pub voided: bool,
}

struct Event {
    hours: i64,
    code: &'static str,
    name: &'static str,
    category: &'static str,
    place: &'static str,
}

const fn event(
    hours: i64,
    code: &'static str,
    name: &'static str,
    category: &'static str,
    place: &'static str,
) -> Event {
    Event { hours, code, name, category, place }
}

const LABEL: Event = event(0, "EVPPA", "Sender preparing to despatch item", "PRE-ADVICE", "Sender");
const ACCEPTED: Event = event(12, "EVGPD", "Item received", "IN TRANSIT", "Bristol MC");
const TRANSIT: Event = event(20, "EVIMC", "Item at delivery office", "IN TRANSIT", "Local DO");
const DELIVERED: Event = event(30, "EVKSP", "Delivered", "DELIVERED", "Local DO");
const NOBODY: Event = event(30, "EVKNA", "Delivery attempted - no answer", "ATTEMPTED DELIVERY", "Local DO");
const GIVEN_UP: Event = event(72, "EVKNR", "Item could not be delivered", "UNDELIVERED", "Local DO");
const BACK: Event = event(48, "EVKRT", "Returning to sender", "RETURN TO SENDER", "Local DO");
const RETURNED: Event = event(72, "EVKRS", "Returned to sender", "RETURNED TO SENDER", "Bristol MC");

impl Parcel {
    /// A parcel whose label was just made.
    pub fn new(order: i64, service: String, label_at: Timestamp, fate: Fate) -> Self {
        Self { order, service, label_at, fate, voided: false }
    }

    fn events(&self, now: Timestamp) -> Vec<(Timestamp, &'static Event)> {
        let road: &[&'static Event] = match self.fate {
            Fate::Deliver => &[&LABEL, &ACCEPTED, &TRANSIT, &DELIVERED],
            Fate::Fail => &[&LABEL, &ACCEPTED, &TRANSIT, &NOBODY, &GIVEN_UP],
            Fate::Return => &[&LABEL, &ACCEPTED, &TRANSIT, &NOBODY, &BACK, &RETURNED],
            Fate::Lose => &[&LABEL, &ACCEPTED, &TRANSIT],
            Fate::Keep => &[&LABEL],
        };
        let dated = road.iter().map(|event| {
            let at = self.label_at.checked_add(SignedDuration::from_hours(event.hours));
            (at.unwrap_or(Timestamp::MAX), *event)
        });
        dated.filter(|(at, _)| *at <= now).collect()
    }

    /// Category of the newest event, e.g. `DELIVERED`.
    pub fn category(&self, now: Timestamp) -> &'static str {
        self.events(now).last().map_or("PRE-ADVICE", |(_, event)| event.category)
    }
}

/// The name under which a tracking request is counted.
pub fn endpoint(rest: &[&str]) -> String {
    let name = match rest {
        ["summary"] => "summary",
        [_, "events"] => "events",
        [_, "signature"] => "signature",
        _ => "unknown",
    };
    format!("tracking.{name}")
}

/// Answers a tracking request.
pub fn answer(state: &mut State, call: &Call, rest: &[&str]) -> Reply {
    if call.method != http::Method::GET {
        let more = "The method is not allowed for the requested URL";
        return plain(405, "Method Not Allowed", more);
    }
    let id = call.header_text("x-ibm-client-id") == Some(TRACKING_CLIENT_ID);
    if !id || call.header_text("x-ibm-client-secret") != Some(TRACKING_CLIENT_SECRET) {
        return plain(401, "Unauthorized", "Invalid client id or secret");
    }
    if call.header_text("x-accept-rmg-terms") != Some("yes") {
        state.refuse(&endpoint(rest), "X-Accept-RMG-Terms is not yes");
        return failure(
            400,
            "Bad Request",
            "E0004",
            "Failed header validation for X-Accept-RMG-Terms",
            "The submitted request was not valid against the required header definition",
            "Please check the API request against the required header definition and re-submit",
        );
    }
    let (limit, now) = (state.limits.tracking_per_second, state.now());
    if over(&mut state.royal_mail.tracking_calls, limit, now) {
        return plain(
            429,
            "Too Many Requests",
            "The rate limit has been exceeded for the plan or operation being used",
        );
    }
    match rest {
        [number, "events"] => events(state, number),
        ["summary"] => summaries(state, call),
        _ => failure(
            404,
            "Not Found",
            "E1145",
            "Proof of delivery is not available",
            "Proof of delivery is not available for this product",
            "Please consult your Royal Mail account team to determine which products can be signed for",
        ),
    }
}

fn plain(status: u16, message: &str, more: &str) -> Reply {
    let body = json!({"httpCode": status.to_string(), "httpMessage": message, "moreInformation": more});
    Reply::json(status, &body)
}

fn failure(
    status: u16,
    message: &str,
    code: &str,
    description: &str,
    cause: &str,
    resolution: &str,
) -> Reply {
    let error = error(code, description, cause, resolution);
    let body = json!({"httpCode": status.to_string(), "httpMessage": message, "errors": [error]});
    Reply::json(status, &body)
}

fn error(code: &str, description: &str, cause: &str, resolution: &str) -> Value {
    json!({
        "errorCode": code,
        "errorDescription": description,
        "errorCause": cause,
        "errorResolution": resolution,
    })
}

fn unknown(number: &str) -> [String; 4] {
    [
        "E1142".to_owned(),
        format!("Barcode reference {number} isn't recognised"),
        "A mail item with that barcode cannot be located".to_owned(),
        "Check the barcode and resubmit".to_owned(),
    ]
}

fn time(at: Timestamp) -> String {
    clock::rest(at)
}

fn summary(number: &str, parcel: &Parcel, now: Timestamp) -> Value {
    let events = parcel.events(now);
    let (at, last) = events.last().copied().unwrap_or((parcel.label_at, &LABEL));
    json!({
        "uniqueItemId": number,
        "oneDBarcode": number,
        "productId": parcel.service,
        "productName": services::name(&parcel.service).unwrap_or("Royal Mail"),
        "productCategory":
            if services::is_international(&parcel.service) { "INTERNATIONAL" } else { "NON-INTERNATIONAL" },
        "lastEventCode": last.code,
        "lastEventName": last.name,
        "lastEventDateTime": time(at),
        "lastEventLocationName": last.place,
        "statusDescription": last.name,
        "statusCategory": last.category,
        "summaryLine": format!("Item {number}: {}.", last.name),
    })
}

fn live<'a>(parcels: &'a BTreeMap<String, Parcel>, number: &str) -> Option<&'a Parcel> {
    parcels.get(number).filter(|parcel| !parcel.voided)
}

fn events(state: &State, number: &str) -> Reply {
    let now = state.now();
    let Some(parcel) = live(&state.royal_mail.parcels, number) else {
        let [code, description, cause, resolution] = unknown(number);
        return failure(404, "Not Found", &code, &description, &cause, &resolution);
    };
    let mut past: Vec<Value> = parcel
        .events(now)
        .into_iter()
        .map(|(at, event)| {
            json!({
                "eventCode": event.code,
                "eventName": event.name,
                "eventDateTime": time(at),
                "locationName": event.place,
            })
        })
        .collect();
    past.reverse();
    let link = format!("/mailpieces/v2/summary?mailPieceId={number}");
    Reply::json(
        200,
        &json!({"mailPieces": {
            "mailPieceId": number,
            "carrierShortName": "RM",
            "carrierFullName": "Royal Mail Group Ltd",
            "summary": summary(number, parcel, now),
            "events": past,
            "links": {"summary": {"href": link, "title": "Summary", "description": "Get summary"}},
        }}),
    )
}

fn summaries(state: &State, call: &Call) -> Reply {
    let asked = call.param("mailPieceId").unwrap_or_default();
    let numbers: Vec<&str> = asked.split(',').map(str::trim).filter(|number| !number.is_empty()).collect();
    if numbers.is_empty() || numbers.len() > 30 {
        return failure(
            400,
            "Bad Request",
            "E0004",
            "Between 1 and 30 mail pieces are allowed",
            "The submitted request was not valid",
            "Please check the API request and re-submit",
        );
    }
    let now = state.now();
    let pieces = numbers.iter().map(|number| match live(&state.royal_mail.parcels, number) {
        Some(parcel) => json!({
            "mailPieceId": number,
            "status": "200",
            "carrierShortName": "RM",
            "carrierFullName": "Royal Mail Group Ltd",
            "summary": summary(number, parcel, now),
            "links": {"events": {
                "href": format!("/mailpieces/v2/{number}/events"),
                "title": "Events",
                "description": "Get events",
            }},
        }),
        None => {
            let [code, description, cause, resolution] = unknown(number);
            let error = error(&code, &description, &cause, &resolution);
            json!({"mailPieceId": number, "status": "404", "error": error})
        }
    });
    Reply::json(200, &json!({"mailPieces": pieces.collect::<Vec<Value>>()}))
}
