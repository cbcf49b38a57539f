//! Click & Drop and DPD: building a create request and reading the reply to it; and the same two by karrio, which
//! maps DPD's service on the Continent and none of the United Kingdom.

use super::core::{Timing, ingest, time};
use super::row::{Budget, Row};
use super::sample::Sample;
use crate::stack::Trouble;
use http::{HeaderMap, StatusCode};
use jiff::Timestamp;
use serde_json::json;
use waybill_carriers::dpd;
use waybill_carriers::royal_mail::label::{BookingRequest, build_create, read_create};
use waybill_carriers::royal_mail::{Account, allowed_fields};
use waybill_domain::service::{Carrier, ServiceChoice};
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_domain::{OrderId, ShipmentId};
use waybill_privacy::Recipient;
use waybill_privacy::disclosure::Disclosed;
use waybill_privacy::secret::Secret;
use waybill_sandbox::royal_mail::DEFAULT_KEY;
use waybill_sandbox::{Call, Sandbox};
use waybill_store::registry::Credentials;

/// Budget of either, in microseconds.
const BUDGET: f64 = 50.0;
/// A service within the United Kingdom.
const SERVICE: &str = "TPS48";
/// DPD's for the next day.
const DPD_SERVICE: &str = "1^12";

/// Measures both.
///
/// # Errors
/// When a request cannot be built, or the sandbox does not take it.
pub fn rows(sample: &Sample, runs: usize) -> Result<Vec<Row>, Trouble> {
    let order = sample.orders.first().ok_or("the sample is empty")?;
    let taken = ingest(sample, order)?;
    let recipient = taken.prepared.recipient.ok_or("the sample has no recipient")?;
    let shipment = shipment(&taken.prepared.who.order)?;
    let account =
        Account { base: "https://carrier.invalid".to_owned(), key: Secret::new(DEFAULT_KEY.to_owned()) };
    // As the shipper does: the recipient is cut down first, then the request is built.
    let build = || {
        let to = Disclosed::new(recipient.clone(), allowed_fields(&shipment.service.code));
        let booking =
            BookingRequest { shipment: &shipment, to: &to, placed_at: Timestamp::UNIX_EPOCH, customs: None };
        build_create(&account, &booking)
    };
    let built = time(runs, |_| Ok(build()?))?;
    let (status, body) = answered(build()?)?;
    let headers = HeaderMap::new();
    let read = time(runs, |_| Ok(read_create(status, &headers, &body)?))?;
    let (dpd_built, dpd_read) = dpd(&recipient, &shipment, runs)?;
    let budget = Budget::AtMost(BUDGET);
    Ok(vec![
        Row::new("Click & Drop, build a create request, p50", built.p50_us, "us").budget(budget),
        Row::new("Click & Drop, read the reply, p50", read.p50_us, "us").budget(budget),
        Row::new(DPD_BUILD, dpd_built.p50_us, "us").budget(budget),
        Row::new(DPD_READ, dpd_read.p50_us, "us").budget(budget),
    ])
}

/// The name of our figure for building a booking at DPD.
pub const DPD_BUILD: &str = "DPD, build a create request, p50";
/// The name of our figure for reading the reply to it.
pub const DPD_READ: &str = "DPD, read the reply, p50";

/// A domestic parcel at DPD; the reply as the contract shows it.
fn dpd(recipient: &Recipient, shipment: &Shipment, runs: usize) -> Result<(Timing, Timing), Trouble> {
    let seeded = crate::accounts::dpd()?;
    let Credentials::Dpd { key, secret, local, sender } = &seeded.credentials else {
        return Err("the account is not one of DPD".into());
    };
    let base = "https://carrier.invalid".to_owned();
    let (key, secret) = (Secret::new(key.clone()), Secret::new(secret.clone()));
    let access = Secret::new("invented".to_owned());
    let token =
        dpd::token::Token { access, expires_at: Timestamp::MAX, base: base.clone(), key: key.clone() };
    let account = dpd::Account { base, key, secret, local: *local, sender: sender.clone() };
    let parcels = [dpd::label::Parcel { grams: shipment.grams, products: Vec::new() }];
    let build = || {
        let to = Disclosed::new(recipient.clone(), dpd::allowed_fields(DPD_SERVICE));
        let booking = dpd::label::BookingRequest {
            shipment,
            to: &to,
            network_key: DPD_SERVICE,
            parcels: &parcels,
            ship_at: Timestamp::UNIX_EPOCH,
            customs: None,
        };
        dpd::label::build_create(&account, &token, &booking)
    };
    let built = time(runs, |_| Ok(build()?))?;
    let body = json!({"data": {"shipmentId": 812_345_678, "consignments":
        [{"consignmentNumber": "1234567890", "parcelNumbers": ["15500000000001"]}]}});
    let (body, headers) = (body.to_string().into_bytes(), HeaderMap::new());
    let read = time(runs, |_| match dpd::label::read_create(StatusCode::OK, &headers, &body)? {
        dpd::label::Made::Booked(booked) => Ok(booked),
        _ => Err("the reply is not read as a booking".into()),
    })?;
    Ok((built, read))
}

/// What the sandbox answers.
fn answered(request: http::Request<Vec<u8>>) -> Result<(StatusCode, Vec<u8>), Trouble> {
    let (parts, body) = request.into_parts();
    let mut call = Call::new(parts.method, &format!("/royal-mail{}", parts.uri.path()));
    call.headers = parts.headers;
    call.body = body.into();
    let reply = Sandbox::new(1).answer(&call);
    Ok((StatusCode::from_u16(reply.status)?, reply.body))
}

fn shipment(order: &OrderId) -> Result<Shipment, Trouble> {
    Ok(Shipment {
        id: ShipmentId::of(order, 1),
        order: order.clone(),
        merchant: "mer_00000000000000d1".parse()?,
        warehouse: "wh_north".parse()?,
        carrier: "con_00000000000000c1".parse()?,
        service: ServiceChoice {
            carrier: Carrier::RoyalMail,
            code: SERVICE.to_owned(),
            format: "parcel".to_owned(),
            notify: None,
        },
        lines: Vec::new(),
        grams: 480,
        parcels: 1,
        weights: Vec::new(),
        reference: format!("WB-{}-1", order.suffix()),
        booking: Booking::Planned,
        write_back: WriteBack::Pending,
        transit: Transit::Pending,
        disclosed: Vec::new(),
        label_format: Default::default(),
        labelled_at: None,
        papers: Vec::new(),
        delivered_at: None,
        seen_at: None,
        rev: 0,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sandbox_takes_what_is_built_and_its_reply_reads() {
        let rows = rows(&Sample::new().unwrap(), 10).unwrap();
        assert_eq!(rows.len(), 4);
    }
}
