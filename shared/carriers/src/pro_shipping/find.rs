//! Looking for our reference after a create whose reply was lost. There is no search: the shipments of some days
//! are read page by page.

use super::errors::{good, text};
use super::label::REFERENCE;
use super::token::Token;
use super::{Account, call, key};
use crate::error::{CannotBuild, CannotRead};
use crate::preflight::short_reference;
use http::{HeaderMap, Method, Request, StatusCode};
use jiff::civil::Date;
use serde_json::Value;

/// Shipments on a page, as many as one reply can hold without being slow: unverified.
pub const PAGE: u64 = 500;

/// Asks for one page, counted from 1, of the shipments between two days.
///
/// # Errors
/// `CannotBuild` when the location, address or credential cannot be sent.
pub fn build_page(
    account: &Account,
    token: &Token,
    (from, to): (Date, Date),
    page: u64,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let field = "ShippingLocationId";
    let location = key(&account.shipping_location).map_err(|_| CannotBuild::Malformed { field })?;
    let path = format!("/shipments/{location}?dateFrom={from}&dateTo={to}&pageSize={PAGE}&pageNumber={page}");
    call(account, token, Method::GET, &path, None)
}

/// What a page says of our reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Keys of the shipments that have it and are not cancelled; more than one is for a person.
    pub found: Vec<String>,
    /// There are further pages; only when the last holds nothing either is nothing there.
    pub more: bool,
}

/// Reads a page.
///
/// # Errors
/// `CannotRead` when the carrier does not answer the question.
pub fn read_page(
    reference: &str,
    page: u64,
    status: StatusCode,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Page, CannotRead> {
    CannotRead::unless_answered(status, headers)?;
    let reply = good(status, body)?;
    let rows = reply["Shipments"].as_array().ok_or(CannotRead::Reply)?;
    let ours = short_reference(reference, REFERENCE);
    let fits = |row: &&Value| {
        text(&row["Reference1"]).as_deref() == Some(ours.as_ref())
            && !row["Status"].as_str().is_some_and(|s| s.eq_ignore_ascii_case("cancelled"))
    };
    let found = rows.iter().filter(fits).map(|row| text(&row["ShipmentId"]).ok_or(CannotRead::Reply));
    let total = reply["TotalCount"].as_u64();
    // Without a count a full page may be followed by another.
    let more = total.map_or(rows.len() as u64 >= PAGE, |all| page.saturating_mul(PAGE) < all);
    Ok(Page { found: found.collect::<Result<_, _>>()?, more })
}
