//! Cancelling: possible until the order is manifested.

use super::errors::{first_code, listed};
use super::{Account, call, carrier_key};
use crate::error::{CannotBuild, CannotRead};
use http::{HeaderMap, Method, Request, StatusCode};
use serde_json::Value;

/// Asks to delete an order and its label.
///
/// # Errors
/// `CannotBuild` when the key, address or credential cannot be sent.
pub fn build_delete(account: &Account, carrier_order: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(account, Method::DELETE, &format!("/orders/{}", carrier_key(carrier_order)?), None)
}

/// What became of a cancellation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voided {
    /// The carrier has nothing of it any more.
    Done,
    /// The carrier keeps it, for example because it is on a manifest.
    Refused {
        /// The carrier's code.
        code: String,
    },
}

/// Reads what became of the cancellation of one order.
///
/// # Errors
/// `CannotRead` when the carrier does not answer the question; ask again.
pub fn read_delete(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Result<Voided, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    if status == StatusCode::NOT_FOUND {
        return Ok(Voided::Done);
    }
    if !status.is_success() {
        return Ok(refused(first_code(status, body)));
    }
    let reply: Value = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    let has = |name: &str| reply.get(name).and_then(Value::as_array).is_some_and(|list| !list.is_empty());
    if has("errors") {
        return Ok(refused(listed(&reply).unwrap_or_else(|| "unspecified".to_owned())));
    }
    if has("deletedOrders") { Ok(Voided::Done) } else { Err(CannotRead::Reply) }
}

/// An order that is not there needs no cancelling, in whichever way the carrier says so.
fn refused(code: String) -> Voided {
    if code.to_ascii_lowercase().ends_with("notfound") { Voided::Done } else { Voided::Refused { code } }
}
