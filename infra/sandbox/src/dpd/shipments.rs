//! Booking a shipment.

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde_json::{Value, json};

use super::check::{self, Wrong, below, text};
use super::services::Route;
use super::{Account, body, refuse, tracking};
use crate::royal_mail::Fate;
use crate::state::State;
use crate::wire::{Call, Reply};

/// One parcel.
#[derive(Debug)]
pub struct Parcel {
    /// 14 digits.
    pub number: String,
    /// What becomes of it.
    pub fate: Fate,
}

/// One shipment, with the request as it came.
#[derive(Debug)]
pub struct Shipment {
    /// DPD's key.
    pub id: String,
    /// 10 digits.
    pub consignment: String,
    /// Its parcels in order.
    pub parcels: Vec<Parcel>,
    /// `shippingRef1`.
    pub reference: Option<String>,
    /// Name of the service.
    pub service: String,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// Its labels were handed out.
    pub labelled: bool,
    /// `outboundConsignment` as it came.
    pub(super) request: Value,
}

impl Shipment {
    /// Without names and addresses.
    pub(super) fn shown(&self, now: Timestamp) -> Value {
        let parcel = |p: &Parcel| json!({"number": p.number, "status": tracking::status(self, p, now)});
        json!({
            "id": self.id,
            "consignment": self.consignment,
            "reference": self.reference,
            "service": self.service,
            "booked_at": self.booked_at,
            "labelled": self.labelled,
            "parcels": self.parcels.iter().map(parcel).collect::<Vec<_>>(),
        })
    }
}

const NAME: &str = "dpd.create";

/// `POST shipping/shipments/domestic`.
pub fn create(state: &mut State, name: &str, call: &Call) -> Reply {
    let asked = match body(state, name, NAME, call) {
        Ok(asked) => asked,
        Err(reply) => return reply,
    };
    flat(state, &asked);
    let now = state.now();
    let mut wrong = check::shipment(&asked, TimeZone::UTC.to_datetime(now).date());
    let Some(account) = state.dpd.accounts.get(name) else { return Reply::empty(404) };
    let service = account_rules(account, &asked["outboundConsignment"], &mut wrong);
    let (true, Some(service)) = (wrong.is_empty(), service) else {
        return refuse(state, name, NAME, &wrong);
    };
    let consignment = &asked["outboundConsignment"];
    let parcels = consignment["numberOfParcels"].as_u64().unwrap_or(1);
    let mut next = || {
        state.dpd.serial += 1;
        state.dpd.serial
    };
    let id = (9_100_000_000_000_000_000 + next()).to_string();
    let number = format!("{:010}", 1_200_000_000 + next());
    let numbers: Vec<String> = (0..parcels).map(|_| format!("{:014}", 15_500_000_000_000 + next())).collect();
    let Some(account) = state.dpd.accounts.get_mut(name) else { return Reply::empty(404) };
    let reference = text(&consignment["shippingRef1"]).map(str::to_owned);
    let fate = reference.as_ref().and_then(|one| account.fates.get(one)).copied().unwrap_or_default();
    account.personal.extend(below(&consignment["deliveryDetails"], "deliveryDetails"));
    account.personal.extend(below(&asked["invoice"]["importerDetails"], "invoice.importerDetails"));
    account.shipments.push(Shipment {
        id: id.clone(),
        consignment: number.clone(),
        parcels: numbers.iter().map(|number| Parcel { number: number.clone(), fate }).collect(),
        reference,
        service,
        booked_at: now,
        labelled: false,
        request: consignment.clone(),
    });
    let consignments = json!([{"consignmentNumber": number, "parcelNumber": numbers}]);
    Reply::json(200, &json!({"data": {"shipmentId": id, "consignments": consignments}}))
}

/// What depends on the account: the service is on offer, and the reference is new where that is a rule.
fn account_rules(account: &Account, consignment: &Value, wrong: &mut Vec<Wrong>) -> Option<String> {
    let at = "outboundConsignment";
    let address = &consignment["deliveryDetails"]["address"];
    let route = Route {
        country: address["countryCode"].as_str().unwrap_or_default(),
        postcode: address["postcode"].as_str().unwrap_or_default(),
        kilograms: consignment["totalWeight"].as_f64().unwrap_or(0.0),
        parcels: consignment["numberOfParcels"].as_u64().unwrap_or(0),
    };
    let service = account.service(consignment["networkCode"].as_str().unwrap_or_default(), &route);
    if service.is_none() && wrong.is_empty() {
        wrong.push(Wrong::new(1000, &format!("{at}.networkCode"), "Failed to query network"));
    }
    let reference = text(&consignment["shippingRef1"]);
    let known = reference.is_some() && account.shipments.iter().any(|s| s.reference.as_deref() == reference);
    if account.setup.unique_references && known {
        wrong.push(Wrong::new(1030, &format!("{at}.shippingRef1"), "shippingRef1 not unique"));
    }
    service
}

/// Fields beside the nested blocks are ignored, as DPD does without saying so; here they are noted.
fn flat(state: &mut State, asked: &Value) {
    for side in ["collectionDetails", "deliveryDetails"] {
        for name in asked["outboundConsignment"][side].as_object().into_iter().flat_map(|map| map.keys()) {
            if !["address", "contactDetails", "notificationDetails"].contains(&name.as_str()) {
                state.refuse(NAME, format!("{side}.{name} is flat and ignored"));
            }
        }
    }
}
