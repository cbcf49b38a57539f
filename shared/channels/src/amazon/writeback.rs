//! Telling Amazon the tracking number (contract section 6).
//!
//! A parcel is known by its number within the order: telling the same number again edits that parcel. Every talk
//! still reads first, because the number may stand for a parcel somebody else confirmed, and because what is
//! shown already need not be told.

use super::packages::{Shown, State, build_shown, read_shown};
use super::{Seller, call, order_path, reply};
use crate::Operation;
use crate::error::CannotBuild;
use crate::stamp::Stamp;
pub use crate::writeback::{Broke, Next, Outcome, Sent};
use http::{Method, Request, Response};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;
use waybill_domain::time::sortable;

/// A talk about one parcel: read, tell, read once more. Amazon takes a confirmation without a word and shows it
/// later, so `Pending` is an ordinary end; a later talk finds it and ends as `Applied`.
#[derive(Debug)]
pub struct Talk {
    seller: Seller,
    sent: Sent,
    stage: Stage,
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Asked,
    Told,
    Checked,
}

impl Talk {
    /// About this parcel.
    pub fn new(seller: &Seller, sent: Sent) -> Self {
        Self { seller: seller.clone(), sent, stage: Stage::Asked }
    }

    /// First without a reply, then with the reply to the last request. Without a reply it begins anew.
    ///
    /// # Errors
    /// `Broke` when nothing usable is to be told, or Amazon refuses.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else {
            check(&self.sent)?;
            self.stage = Stage::Asked;
            return self.ask(stamp);
        };
        match self.stage {
            Stage::Asked => match plan(&read_shown(reply)?, &self.sent) {
                Some(outcome) => Ok(Next::Over(outcome)),
                None => {
                    self.stage = Stage::Told;
                    Ok(Next::Send(Box::new(build_confirm(&self.seller, &self.sent, stamp)?)))
                }
            },
            Stage::Told => {
                reply::good(reply, Operation::WriteBack, Reason::WriteBackRefused)?;
                self.stage = Stage::Checked;
                self.ask(stamp)
            }
            // It was taken: whatever goes wrong with looking, it is told.
            Stage::Checked => {
                let shown = read_shown(reply).is_ok_and(|shown| shown.holds(&self.sent.tracking));
                Ok(Next::Over(if shown { Outcome::Applied } else { Outcome::Pending }))
            }
        }
    }

    fn ask(&self, stamp: &Stamp) -> Result<Next, Broke> {
        Ok(Next::Send(Box::new(build_shown(&self.seller, &self.sent.channel_id, stamp)?)))
    }
}

/// Which limit a request of a talk counts against: looking and telling have their own.
pub fn operation(request: &Request<Vec<u8>>) -> Operation {
    if request.method() == Method::GET { Operation::Read } else { Operation::WriteBack }
}

fn check(sent: &Sent) -> Result<(), CannotBuild> {
    let lacks = |field| Err(CannotBuild::WriteBack { field });
    if sent.tracking.trim().is_empty() {
        return lacks("tracking");
    }
    if sent.lines.iter().all(|(_, pieces)| *pieces == 0) {
        return lacks("lines");
    }
    // Amazon takes positive numbers only.
    if sent.parcel == 0 { lacks("parcel") } else { Ok(()) }
}

/// How it ends without telling; `None` when it is to be told.
fn plan(shown: &Shown, sent: &Sent) -> Option<Outcome> {
    if shown.holds(&sent.tracking) {
        return Some(Outcome::Applied);
    }
    let is_in = |program: &str| shown.programs.iter().any(|p| p == program);
    if is_in("FBM_SHIP_PLUS") {
        // Amazon answers 400: it confirms these itself.
        return Some(Outcome::NotPossible("fbm_ship_plus"));
    }
    if is_in("IN_STORE_PICK_UP") {
        return Some(Outcome::NotPossible("in_store_pick_up"));
    }
    // Our own number under another tracking number is somebody else's parcel: telling would overwrite it.
    let own = sent.parcel.to_string();
    let taken = |p: &super::packages::Package| {
        p.state != State::Cancelled && p.tracking.is_some() && p.reference.as_ref() == Some(&own)
    };
    shown.packages.iter().any(taken).then_some(Outcome::NotPossible("reference_taken"))
}

/// The carrier's code and name. Spelled as in Amazon's old feed schema, which lists these three; the list in
/// Seller Central, which decides, is unverified. DPD Local is in neither, and goes as `Other` with its name.
fn carrier(carrier: Carrier) -> (&'static str, &'static str) {
    match carrier {
        Carrier::RoyalMail => ("Royal Mail", "Royal Mail"),
        Carrier::Parcelforce => ("Parcelforce", "Parcelforce"),
        Carrier::Dpd => ("DPD", "DPD"),
        Carrier::DpdLocal => ("Other", "DPD Local"),
    }
}

fn build_confirm(seller: &Seller, sent: &Sent, stamp: &Stamp) -> Result<Request<Vec<u8>>, CannotBuild> {
    let mut lines: BTreeMap<&str, u32> = BTreeMap::new();
    for (line, pieces) in sent.lines.iter().filter(|(_, pieces)| *pieces > 0) {
        let sum = lines.entry(line).or_default();
        *sum = sum.saturating_add(*pieces);
    }
    let item = |(id, pieces): (&str, u32)| json!({ "orderItemId": id, "quantity": pieces });
    let (code, name) = carrier(sent.carrier);
    let body = json!({
        "marketplaceId": seller.marketplace_id,
        "packageDetail": {
            "packageReferenceId": sent.parcel.to_string(),
            "carrierCode": code,
            "carrierName": name,
            "trackingNumber": sent.tracking.trim(),
            "shipDate": sortable(sent.at),
            "orderItems": lines.into_iter().map(item).collect::<Vec<Value>>(),
        },
    });
    let path = format!("{}/shipmentConfirmation", order_path("v0", &sent.channel_id)?);
    call(&seller.base, &seller.access, Method::POST, &path, Some(&body), stamp)
}
