//! Shipments from the booking to the manifest.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::Offset;
use serde::Serialize;
use serde_json::{Value, json};

use super::{SHIPPING_ACCOUNT, SHIPPING_LOCATION, Wrong, fields, label, refuse};
use crate::faults::FaultKind;
use crate::royal_mail::{Parcel, services};
use crate::state::State;
use crate::wire::{Call, Reply};

/// How far a shipment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Status {
    /// Booked.
    Created,
    /// Its label was printed.
    LabelPrinted,
    /// Handed over with a manifest.
    Confirmed,
    /// Cancelled.
    Cancelled,
}

/// One shipment, with the request as it came.
#[derive(Debug, Clone)]
pub struct Shipment {
    /// The carrier's key.
    pub id: String,
    /// `Reference1`.
    pub reference: Option<String>,
    /// Service code.
    pub service: String,
    /// Tracking number, where the service has one.
    pub tracking: Option<String>,
    /// The number of its barcode.
    pub barcode: String,
    /// When it was booked.
    pub booked_at: Timestamp,
    /// How far it is.
    pub status: Status,
    /// The booking as it came.
    pub request: Value,
}

impl Shipment {
    /// By what tracking knows it.
    pub fn number(&self) -> &str {
        self.tracking.as_deref().unwrap_or(&self.barcode)
    }

    fn day(&self) -> Date {
        Offset::UTC.to_datetime(self.booked_at).date()
    }

    /// A row of a list, without names and addresses.
    fn row(&self) -> Value {
        json!({
            "ShippingAccountId": SHIPPING_ACCOUNT,
            "ShipmentId": self.id,
            "TrackingNumber": self.tracking.as_deref().unwrap_or_default(),
            "BarcodeNumber": self.barcode,
            "Reference1": self.reference,
            "ShipmentDate": self.day(),
            "Status": self.status,
            "ManifestNumber": "",
            "ContainerId": "",
            "Carrier": "RM",
            "DestinationCountryCode": self.request["Destination"]["Address"]["CountryCode"],
            "LastUpdatedBy": "sandbox",
            "LastUpdatedDateUtc": self.booked_at,
        })
    }
}

fn wrong(code: &'static str, cause: &str, message: &str) -> Wrong {
    Wrong { code, cause: cause.to_owned(), message: message.to_owned() }
}

/// What the tables do not say.
fn beyond_tables(body: &Value) -> Vec<Wrong> {
    let mut found = Vec::new();
    let to = &body["Destination"]["Address"];
    let holds = |name: &str| to[name].as_str().is_some_and(|text| !text.trim().is_empty());
    if !holds("ContactName") && !holds("CompanyName") {
        let message = "Either Contact Name or Company Name must be provided.";
        found.push(wrong("E1001", "Destination.Address.ContactName", message));
    }
    if to["CountryCode"] == "GB" && !holds("Postcode") {
        found.push(wrong("E1001", "Destination.Address.Postcode", "The postcode is required."));
    }
    if body["Packages"].as_array().is_none_or(Vec::is_empty) {
        found.push(wrong("E1001", "Packages", "At least one package is required."));
    }
    let light = |p: &Value| p["DeclaredWeight"].as_f64().is_some_and(|weight| weight < 0.001);
    if body["Packages"].as_array().is_some_and(|all| all.iter().any(light)) {
        found.push(wrong("E1002", "Packages[0].DeclaredWeight", "The weight must be 0.001 or more."));
    }
    let shipper = &body["Shipper"];
    if shipper["ShippingAccountId"].as_str().is_some_and(|id| id != SHIPPING_ACCOUNT) {
        found.push(wrong("E1004", "Shipper.ShippingAccountId", "The shipping account does not exist."));
    }
    if shipper["ShippingLocationId"].as_str().is_some_and(|id| id != SHIPPING_LOCATION) {
        found.push(wrong("E1004", "Shipper.ShippingLocationId", "The shipping location does not exist."));
    }
    found
}

/// `POST /v4/shipments/rm`. Nobody has seen that a reference must be unique, so it need not be.
pub fn create(state: &mut State, call: &Call) -> Reply {
    const NAME: &str = "pro-shipping.create";
    let body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let mut errors = fields::wrongs(fields::CREATE, &body);
    if errors.is_empty() {
        errors = beyond_tables(&body);
    }
    if !errors.is_empty() {
        return refuse(state, NAME, &errors);
    }
    let id = state.fresh_uuid();
    let (service, now) =
        (body["ShipmentInformation"]["ServiceCode"].as_str().unwrap_or_default().to_owned(), state.now());
    let world = &mut state.pro_shipping;
    world.serial += 1;
    let is_tracked = ["TP", "TR", "SD", "SE"].iter().any(|begin| service.starts_with(begin));
    let to = body["Destination"]["Address"].as_object();
    world.personal.extend(to.into_iter().flatten().map(|(name, _)| name.clone()));
    let shipment = Shipment {
        id: id.clone(),
        reference: body["Shipper"]["Reference1"].as_str().map(str::to_owned),
        tracking: is_tracked.then(|| services::tracking_number(&service, world.serial)),
        barcode: format!("3A{:09}0000B{:05}", world.serial, world.serial % 100_000),
        service,
        booked_at: now,
        status: Status::Created,
        request: body,
    };
    world.shipments.push(shipment);
    Reply::json(200, &json!({"Packages": [{"PackageOccurrence": 1, "ShipmentId": id}]}))
}

fn place(state: &State, key: &str) -> Option<usize> {
    let fits = |one: &Shipment| one.id == key || one.tracking.as_deref() == Some(key) || one.barcode == key;
    state.pro_shipping.shipments.iter().position(fits)
}

/// `GET /v4/shipments/printLabel/rm/{id}`.
pub fn print(state: &mut State, key: &str, call: &Call) -> Reply {
    const NAME: &str = "pro-shipping.label";
    if state.take_fault(NAME, |kind| *kind == FaultKind::LabelFails).is_some() {
        let failed = wrong("E1000", "Label", "The label could not be generated.");
        return refuse(state, NAME, &[failed]);
    }
    let Some(at) = place(state, key) else { return Reply::empty(404) };
    let format = call.param("labelFormat").unwrap_or_else(|| "PDF".to_owned());
    let Some(shipment) = state.pro_shipping.shipments.get(at).cloned() else { return Reply::empty(404) };
    let Some(label) = label::document(&shipment, &format) else {
        let unknown = wrong("E1002", "labelFormat", "The label format is not supported.");
        return refuse(state, NAME, &[unknown]);
    };
    match shipment.status {
        Status::Created => {
            let (number, now) = (shipment.number().to_owned(), state.now());
            let fate = shipment.reference.as_ref().and_then(|one| state.royal_mail.fates.get(one)).copied();
            let parcel = Parcel::new(0, shipment.service.clone(), now, fate.unwrap_or_default());
            state.royal_mail.parcels.insert(number, parcel);
            state.pro_shipping.labels += 1;
            if let Some(one) = state.pro_shipping.shipments.get_mut(at) {
                one.status = Status::LabelPrinted;
            }
        }
        Status::LabelPrinted => {}
        Status::Confirmed | Status::Cancelled => {
            let message = "The shipment has already been manifested and cannot be reprinted.";
            return refuse(state, NAME, &[wrong("E1003", "ShipmentStatus", message)]);
        }
    }
    Reply::json(
        200,
        &json!({
            "ShipmentId": shipment.id,
            "TrackingNumber": shipment.tracking,
            "Label": STANDARD.encode(label),
            "LabelFormat": format,
            "CarrierDetails": {"UniqueId": shipment.barcode},
        }),
    )
}

/// `PUT /v4/shipments/status`: only `Cancel` is played. All of them or none.
pub fn cancel(state: &mut State, call: &Call) -> Reply {
    const NAME: &str = "pro-shipping.cancel";
    let mut body: Value = serde_json::from_slice(&call.body).unwrap_or_default();
    let keys = body.as_object_mut().and_then(|all| all.remove("ShipmentIds")).unwrap_or_default();
    let keys: Vec<&str> = keys.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut errors = fields::wrongs(fields::STATUS, &body);
    if keys.is_empty() {
        errors.push(wrong("E1001", "ShipmentIds", "At least one shipment is required."));
    }
    let reasons = ["Order Cancelled", "Packed in Error", "Repacked"];
    if !body["Reason"].as_str().is_some_and(|reason| reasons.contains(&reason)) {
        errors.push(wrong("E1001", "Reason", "The reason is required when cancelling shipments."));
    }
    if body["Status"] != "Cancel" {
        errors.push(wrong("E1002", "Status", "The sandbox plays no other status than Cancel."));
    }
    let places: Vec<Option<usize>> = keys.iter().map(|key| place(state, key)).collect();
    for (n, at) in places.iter().enumerate() {
        let status = at.and_then(|at| state.pro_shipping.shipments.get(at)).map(|one| one.status);
        let cause = format!("ShipmentIds[{n}]");
        match status {
            None => errors.push(wrong("E1004", &cause, "The shipment does not exist.")),
            Some(Status::Confirmed) => {
                let message = "The shipment has already been manifested and cannot be cancelled.";
                errors.push(wrong("E1003", &cause, message));
            }
            Some(_) => {}
        }
    }
    if !errors.is_empty() {
        return refuse(state, NAME, &errors);
    }
    for at in places.into_iter().flatten() {
        if let Some(one) = state.pro_shipping.shipments.get_mut(at) {
            one.status = Status::Cancelled;
            if let Some(parcel) = state.royal_mail.parcels.get_mut(one.number()) {
                parcel.voided = true;
            }
        }
    }
    Reply::empty(200)
}

/// `GET /v4/shipments/{shippingLocationId}`.
pub fn list(state: &mut State, location: &str, call: &Call) -> Reply {
    const NAME: &str = "pro-shipping.list";
    if location != SHIPPING_LOCATION {
        return Reply::empty(404);
    }
    let today = Offset::UTC.to_datetime(state.now()).date();
    let day = |name: &str| call.param(name).map_or(Some(today), |text| text.parse().ok());
    let number = |name: &str, default| call.param(name).map_or(Some(default), |text| text.parse().ok());
    let (from, to) = (day("dateFrom"), day("dateTo"));
    let (size, page) = (number("pageSize", 100_usize), number("pageNumber", 1_usize));
    let (Some(from), Some(to), Some(size @ 1..), Some(page @ 1..)) = (from, to, size, page) else {
        let bad = wrong("E1002", "pageNumber", "The days or the page cannot be read.");
        return refuse(state, NAME, &[bad]);
    };
    let all = &state.pro_shipping.shipments;
    let fits: Vec<&Shipment> = all.iter().filter(|one| (from..=to).contains(&one.day())).collect();
    let rows: Vec<Value> =
        fits.iter().skip((page - 1).saturating_mul(size)).take(size).map(|one| one.row()).collect();
    Reply::json(200, &json!({"Shipments": rows, "TotalCount": fits.len()}))
}
