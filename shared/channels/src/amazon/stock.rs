//! Telling Amazon how much may be sold (contract section 7).
//!
//! Amazon takes what is ordered off the number by itself and keeps it until it is told another one, so it wants
//! what may be sold. `merge` changes the number alone: lead time and restock date stay.

use super::encode::segment;
use super::{Seller, call, query, reply};
use crate::Operation;
use crate::error::{CannotBuild, CannotRead, code};
use crate::lax::Lax;
use crate::stamp::Stamp;
pub use crate::stock::{Broke, Level, Next, Outcome};
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::json;
use waybill_domain::exception::Reason;

/// A talk about one SKU: one call. It ends as `Pending`, because Amazon queues the change and shows it later.
#[derive(Debug)]
pub struct Talk {
    seller: Seller,
    level: Level,
}

impl Talk {
    /// About this SKU.
    pub fn new(seller: &Seller, level: Level) -> Self {
        Self { seller: seller.clone(), level }
    }

    /// First without a reply, then with the reply to the request it gave.
    ///
    /// # Errors
    /// `Broke` when the SKU cannot be named, or Amazon refuses; the code is that of the listing's first error.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else {
            return Ok(Next::Send(Box::new(build(&self.seller, &self.level, stamp)?)));
        };
        if reply::is_missing(reply) {
            return Ok(Next::Over(Outcome::NotPossible("no_such_listing")));
        }
        Ok(Next::Over(read(reply)?))
    }
}

fn build(seller: &Seller, level: &Level, stamp: &Stamp) -> Result<Request<Vec<u8>>, CannotBuild> {
    // A path that is only dots would be taken for a step.
    if level.sku.trim().is_empty() || level.sku.bytes().all(|b| b == b'.') {
        return Err(CannotBuild::WriteBack { field: "sku" });
    }
    let path = format!(
        "/listings/2021-08-01/items/{}/{}?{}",
        segment(&seller.seller_id),
        segment(&level.sku),
        query(&[("marketplaceIds", &seller.marketplace_id)]),
    );
    let body = json!({
        "productType": "PRODUCT",
        "patches": [{
            "op": "merge",
            "path": "/attributes/fulfillment_availability",
            "value": [{ "fulfillment_channel_code": "DEFAULT", "quantity": level.sellable }],
        }],
    });
    call(&seller.base, &seller.access, Method::PATCH, &path, Some(&body), stamp)
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Submission {
    status: Lax<String>,
    issues: Option<Vec<Issue>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Issue {
    code: Lax<String>,
    severity: Lax<String>,
}

fn read(reply: &Response<Vec<u8>>) -> Result<Outcome, CannotRead> {
    let body = reply::good(reply, Operation::Stock, Reason::WriteBackRefused)?;
    let submission: Submission = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let status = submission.status.may("status")?.ok_or(CannotRead::Reply)?;
    let issues = submission.issues.unwrap_or_default();
    let is_error = |issue: &&Issue| matches!(&issue.severity, Lax::Is(s) if s == "ERROR");
    let refused = |issue: Option<&Issue>| CannotRead::Refused {
        code: match issue.map(|i| &i.code) {
            Some(Lax::Is(text)) => code(text),
            _ => "INVALID".to_owned(),
        },
        reason: Reason::WriteBackRefused,
    };
    match issues.iter().find(is_error) {
        Some(issue) => Err(refused(Some(issue))),
        None if status == "INVALID" => Err(refused(issues.first())),
        None => Ok(Outcome::Pending),
    }
}
