//! The parcels Amazon shows of an order: what write-back compares with, and when they arrived.

use super::{Seller, call, order_path, query, reply, wire};
use crate::Operation;
use crate::error::{CannotBuild, CannotRead};
use crate::lax::Lax;
use crate::stamp::Stamp;
use http::{Method, Request, Response};
use jiff::Timestamp;
use serde::Deserialize;
use waybill_domain::exception::Reason;

/// The most parcels an order may have.
const MOST_PACKAGES: usize = 500;

/// Where a parcel is, in Amazon's words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Not yet with the carrier.
    Pending,
    /// With the carrier.
    InTransit,
    /// Confirmed as sent.
    Shipped,
    /// It arrived.
    Delivered,
    /// Its label was cancelled.
    Cancelled,
    /// It cannot be delivered.
    Undeliverable,
    /// Not told, or a word we do not know.
    Unknown,
}

/// A parcel as Amazon shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// What the sender calls it within the order.
    pub reference: Option<String>,
    /// The carrier's number.
    pub tracking: Option<String>,
    /// Where it is.
    pub state: State,
}

impl Package {
    /// True for this tracking number, however it is spelled.
    pub fn has(&self, tracking: &str) -> bool {
        let same = |number: &String| number.trim().eq_ignore_ascii_case(tracking.trim());
        self.tracking.as_ref().is_some_and(same)
    }
}

/// What Amazon shows of an order's parcels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// When anything of the order last changed.
    pub updated: Timestamp,
    /// The order's programmes, such as `FBM_SHIP_PLUS`.
    pub programs: Vec<String>,
    /// Its parcels, cancelled ones included.
    pub packages: Vec<Package>,
}

impl Shown {
    /// True when a parcel that was not cancelled has this tracking number.
    pub fn holds(&self, tracking: &str) -> bool {
        self.packages.iter().any(|p| p.state != State::Cancelled && p.has(tracking))
    }
}

/// Every parcel that was not cancelled has reached the buyer, and there is one.
pub(super) fn have_arrived(packages: &[Package]) -> bool {
    let mut live = packages.iter().filter(|p| p.state != State::Cancelled).peekable();
    live.peek().is_some() && live.all(|p| p.state == State::Delivered)
}

/// Asks which parcels Amazon shows of an order. Nothing personal is asked for.
///
/// # Errors
/// `CannotBuild` when the key, address or token cannot be sent.
pub fn build_shown(
    seller: &Seller,
    channel_id: &str,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let path = order_path("2026-01-01", channel_id)?;
    let path = format!("{path}?{}", query(&[("includedData", "PACKAGES")]));
    call(&seller.base, &seller.access, Method::GET, &path, None, stamp)
}

#[derive(Deserialize)]
struct Reply {
    order: Order,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Order {
    last_updated_time: Lax<Timestamp>,
    programs: Option<Vec<Lax<String>>>,
    packages: Option<Vec<wire::Package>>,
}

/// Reads which parcels Amazon shows.
///
/// # Errors
/// `CannotRead` when Amazon refuses or the reply is no order.
pub fn read_shown(reply: &Response<Vec<u8>>) -> Result<Shown, CannotRead> {
    let body = reply::good(reply, Operation::Read, Reason::WriteBackRefused)?;
    let Reply { order } = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    Ok(Shown {
        updated: order.last_updated_time.need("lastUpdatedTime")?,
        programs: order.programs.into_iter().flatten().filter_map(Lax::hint).collect(),
        packages: packages(order.packages)?,
    })
}

/// The parcels of an order, wherever it was shown.
pub(super) fn packages(list: Option<Vec<wire::Package>>) -> Result<Vec<Package>, CannotRead> {
    let list = list.unwrap_or_default();
    if list.len() > MOST_PACKAGES {
        return Err(CannotRead::TooMany { field: "packages" });
    }
    Ok(list.into_iter().map(package).collect())
}

fn package(wire: wire::Package) -> Package {
    let status = wire.package_status.and_then(|s| s.status.hint());
    let state = match status.as_deref() {
        Some("PENDING") => State::Pending,
        Some("IN_TRANSIT") => State::InTransit,
        Some("SHIPPED") => State::Shipped,
        Some("DELIVERED") => State::Delivered,
        Some("CANCELLED") => State::Cancelled,
        Some("UNDELIVERABLE") => State::Undeliverable,
        _ => State::Unknown,
    };
    Package { reference: wire.package_reference_id.hint(), tracking: wire.tracking_number.hint(), state }
}
