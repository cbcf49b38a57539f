//! Telling eBay the tracking number (contract section 6).
//!
//! `createShippingFulfillment` has no key that makes it idempotent, and what it made can be neither changed nor
//! deleted. So every attempt first reads the fulfilments and looks for our number.

use super::fulfilments::{self, plain};
use super::{Seller, call, instant, is_key, order_path, reply};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::writeback::{Broke, Next, Outcome, Sent};
use http::{Method, Request, Response, StatusCode};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

const REASON: Reason = Reason::WriteBackRefused;

/// Tells one parcel.
pub struct Talk {
    seller: Seller,
    sent: Sent,
    step: Step,
}

enum Step {
    Begin,
    Looked,
    Told,
    Done,
}

impl Talk {
    /// Begins with a parcel. Every attempt is a new talk.
    pub fn new(seller: &Seller, sent: Sent) -> Self {
        Self { seller: seller.clone(), sent, step: Step::Begin }
    }

    /// Takes the last reply, `None` at first, and says what is next.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or eBay refuses or does not answer.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Next, Broke> {
        match (std::mem::replace(&mut self.step, Step::Done), reply) {
            (Step::Begin, _) => {
                // Made first, so that what cannot be told is not even asked about.
                create(&self.seller, &self.sent, stamp)?;
                self.step = Step::Looked;
                Ok(Next::Send(Box::new(fulfilments::build(&self.seller, &self.sent.channel_id)?)))
            }
            (Step::Looked, Some(reply)) => {
                let all = fulfilments::read(reply, REASON)?.ok_or_else(|| CannotRead::Refused {
                    code: "order_not_found".to_owned(),
                    reason: REASON,
                })?;
                let ours = plain(&self.sent.tracking);
                if all.iter().any(|one| one.tracking == ours) {
                    return Ok(Next::Over(Outcome::Applied));
                }
                self.step = Step::Told;
                Ok(Next::Send(Box::new(create(&self.seller, &self.sent, stamp)?)))
            }
            (Step::Told, Some(reply)) => Ok(Next::Over(told(reply)?)),
            (Step::Looked | Step::Told | Step::Done, _) => Err(CannotRead::Reply.into()),
        }
    }
}

/// How eBay spells a carrier: Trading's `ShippingCarrierCodeType`, which grows and is asked for with
/// `GeteBayDetails`. `RoyalMail` and `Parcelforce` stand in a recorded answer for the UK; `DPD` is unverified, and
/// no name for DPD Local was found, whose parcels DPD shows too.
fn carrier_code(carrier: Carrier) -> &'static str {
    match carrier {
        Carrier::RoyalMail => "RoyalMail",
        Carrier::Parcelforce => "Parcelforce",
        Carrier::Dpd | Carrier::DpdLocal => "DPD",
    }
}

/// Asks eBay to record the parcel: carrier and number together, as they must be, and every line named.
fn create(seller: &Seller, sent: &Sent, stamp: &Stamp) -> Result<Request<Vec<u8>>, CannotBuild> {
    let tracking = plain(&sent.tracking);
    if tracking.is_empty() {
        return Err(CannotBuild::WriteBack { field: "tracking" });
    }
    // A line named twice is error 32210.
    let mut pieces: BTreeMap<&str, u32> = BTreeMap::new();
    for (line, quantity) in &sent.lines {
        let sum = pieces.entry(line).or_default();
        *sum = sum.saturating_add(*quantity);
    }
    pieces.retain(|_, quantity| *quantity > 0);
    if pieces.is_empty() || !pieces.keys().all(|line| is_key(line)) {
        return Err(CannotBuild::WriteBack { field: "lines" });
    }
    let line = |(id, quantity): (&str, u32)| json!({ "lineItemId": id, "quantity": quantity });
    let body = json!({
        "lineItems": pieces.into_iter().map(line).collect::<Vec<Value>>(),
        // Not in the future, by whichever clock (error 32500).
        "shippedDate": instant(sent.at.min(stamp.now)),
        "shippingCarrierCode": carrier_code(sent.carrier),
        "trackingNumber": tracking,
    });
    let path = format!("{}/shipping_fulfillment", order_path(&sent.channel_id)?);
    call(seller, Method::POST, &path, Some(&body))
}

/// Success is 201 and nothing else; after any other good status the next attempt looks first.
fn told(reply: &Response<Vec<u8>>) -> Result<Outcome, CannotRead> {
    if reply.status() == StatusCode::BAD_REQUEST {
        let code = match reply::number(reply).as_deref() {
            Some("34100") => Some("too_many_tracking_numbers"),
            Some("34200") => Some("international_and_other_lines_together"),
            Some("34300") => Some("several_international_lines"),
            _ => None,
        };
        if let Some(code) = code {
            return Ok(Outcome::NotPossible(code));
        }
    }
    reply::good(reply, REASON)?;
    if reply.status() == StatusCode::CREATED { Ok(Outcome::Applied) } else { Err(CannotRead::Reply) }
}
