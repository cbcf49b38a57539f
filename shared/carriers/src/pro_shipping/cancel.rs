//! Cancelling, with a reason: possible until the shipment is manifested.

use super::errors::{first_code, has_code};
use super::token::Token;
use super::{Account, call, key};
use crate::error::{CannotBuild, CannotRead};
use crate::royal_mail::cancel::Voided;
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::json;

/// The reasons Royal Mail takes (contract, "Pro Shipping v4 in short").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reason {
    /// The order was cancelled.
    OrderCancelled,
    /// It was packed wrongly.
    PackedInError,
    /// It goes in another package.
    Repacked,
}

impl Reason {
    fn as_str(self) -> &'static str {
        match self {
            Self::OrderCancelled => "Order Cancelled",
            Self::PackedInError => "Packed in Error",
            Self::Repacked => "Repacked",
        }
    }
}

/// Asks to cancel one shipment. It can be released again for 24 hours on the carrier's site.
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_cancel(
    account: &Account,
    token: &Token,
    shipment: &str,
    reason: Reason,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let body = json!({"Status": "Cancel", "Reason": reason.as_str(), "ShipmentIds": [key(shipment)?]});
    call(account, token, Method::PUT, "/shipments/status", Some(body.to_string().into_bytes()))
}

/// Reads what became of the cancellation of one shipment. One that does not exist (`E1004`) needs none.
///
/// # Errors
/// `CannotRead` when the carrier does not answer the question; ask again.
pub fn read_cancel(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Voided, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if status.is_success() || has_code(body, "E1004") {
        return Ok(Voided::Done);
    }
    // `Cause` names only which of the keys it was.
    let manifested = has_code(body, "E1003");
    let code = if manifested { "already_manifested".to_owned() } else { first_code(status, body) };
    Ok(Voided::Refused { code })
}
