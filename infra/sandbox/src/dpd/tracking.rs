//! What becomes of parcels, worked out from the sandbox's clock and the fate a parcel was given. No answer of
//! DPD's tracking was ever seen; the shape is the one public clients look for.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::check::{Wrong, text};
use super::shipments::{Parcel, Shipment};
use super::{body, later, refuse};
use crate::clock;
use crate::royal_mail::Fate;
use crate::state::State;
use crate::wire::{Call, Reply};

const NAME: &str = "dpd.tracking";

/// The status of a parcel that arrived.
pub const DELIVERED: &str = "Delivered";

/// Hours after booking and what happens then.
type Road = &'static [(i64, &'static str)];

fn road(fate: Fate) -> Road {
    match fate {
        Fate::Deliver => &[
            (0, "Order created"),
            (12, "Collected"),
            (20, "In transit"),
            (28, "Out for delivery"),
            (30, DELIVERED),
        ],
        Fate::Fail => &[
            (0, "Order created"),
            (12, "Collected"),
            (20, "In transit"),
            (30, "Delivery attempted"),
            (72, "Undeliverable"),
        ],
        Fate::Return => &[
            (0, "Order created"),
            (12, "Collected"),
            (20, "In transit"),
            (30, "Delivery attempted"),
            (48, "Returning to sender"),
            (72, "Returned to sender"),
        ],
        Fate::Lose => &[(0, "Order created"), (12, "Collected"), (20, "In transit")],
        Fate::Keep => &[(0, "Order created")],
    }
}

fn events(shipment: &Shipment, parcel: &Parcel, now: Timestamp) -> Vec<(Timestamp, &'static str)> {
    let dated =
        road(parcel.fate).iter().map(|(hours, name)| (later(shipment.booked_at, hours * 3600), *name));
    dated.filter(|(at, _)| *at <= now).collect()
}

/// Where a parcel is now.
pub fn status(shipment: &Shipment, parcel: &Parcel, now: Timestamp) -> &'static str {
    events(shipment, parcel, now).last().map_or("Order created", |(_, name)| *name)
}

/// `POST parcel/tracking`.
pub fn answer(state: &mut State, name: &str, call: &Call) -> Reply {
    let asked = match body(state, name, NAME, call) {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    let numbers: Vec<&str> =
        asked["parcelNumbers"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let reference = text(&asked["customerReference"]);
    if numbers.is_empty() && reference.is_none() {
        let wrong = Wrong::new(1007, "parcelNumbers", "Parcel numbers or a customer reference are mandatory");
        return refuse(state, name, NAME, &[wrong]);
    }
    let now = state.now();
    let Some(account) = state.dpd.accounts.get(name) else { return Reply::empty(404) };
    let dense = |text: &str| text.split_whitespace().collect::<String>().to_ascii_uppercase();
    let postcode = text(&asked["postcode"]).map(dense);
    let mut rows = Vec::new();
    for shipment in &account.shipments {
        let theirs = text(&shipment.request["deliveryDetails"]["address"]["postcode"]).map(dense);
        let named = reference.is_some()
            && shipment.reference.as_deref() == reference
            && (postcode.is_none() || postcode == theirs);
        for parcel in &shipment.parcels {
            let scanned = events(shipment, parcel, now).len() > 1;
            if (named || numbers.contains(&parcel.number.as_str()))
                && (scanned || account.setup.tracks_unscanned)
            {
                rows.push(row(shipment, parcel, now));
            }
        }
    }
    Reply::json(200, &json!({"data": {"parcels": rows}}))
}

fn row(shipment: &Shipment, parcel: &Parcel, now: Timestamp) -> Value {
    let event = |(at, name): (Timestamp, &'static str)| json!({"status": name, "dateTime": clock::utc(at)});
    let mut past: Vec<Value> = events(shipment, parcel, now).into_iter().map(event).collect();
    past.reverse();
    json!({
        "parcelNumber": parcel.number,
        "consignmentNumber": shipment.consignment,
        "parcelStatus": status(shipment, parcel, now),
        "trackingEvents": past,
    })
}
