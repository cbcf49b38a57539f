//! Reading orders: those that changed in a window, and one (contract section 3).
//!
//! Recipients are asked for late and one by one: a page of changed orders never holds one, and only orders that
//! are to be sent are then read with theirs.

use super::map::{Standing, normalise};
use super::wire::{Order, Token};
use super::{Seller, call, order_path, query, reply};
use crate::Operation;
use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Found, Page, Reading, Window};
use crate::lax::Lax;
use crate::stamp::Stamp;
use crate::writeback::Broke;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use waybill_domain::exception::Reason;
use waybill_domain::time::sortable;

/// Every state a merchant's order can have, so that none is missed; pre-orders show up once they are pending.
const STATUSES: &str = "PENDING,UNSHIPPED,PARTIALLY_SHIPPED,SHIPPED,CANCELLED";

/// PROCEEDS for the price, CANCELLATION for lines that were cancelled, FULFILLMENT for the state and the pieces
/// sent, PACKAGES for what arrived. No BUYER, TAX or PAYMENT ever: nothing in them is needed to send a parcel.
const CHANGED: &str = "PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES";

/// As [`CHANGED`], and RECIPIENT for the label.
const WHOLE: &str = "RECIPIENT,PROCEEDS,CANCELLATION,FULFILLMENT,PACKAGES";

/// Orders on one page, the most there may be.
const PER_PAGE: &str = "100";

/// The most orders one page is read to.
const MOST_ROWS: usize = 1000;

/// What stands in for the key of an order that does not even show its key.
const WITHOUT_KEY: &str = "without_id";

/// Asks for a page of orders changed in a window, times in whole seconds.
///
/// Amazon wants every page asked for with the same words, so a window must stay as it is to its last page. A
/// token lives 24 hours: when a page with `next` is refused, begin the window again.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_changed(
    seller: &Seller,
    window: &Window,
    next: Option<&str>,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let (from, to) = (sortable(window.from), sortable(window.to));
    let mut pairs = vec![
        ("lastUpdatedAfter", from.as_str()),
        ("lastUpdatedBefore", to.as_str()),
        ("marketplaceIds", seller.marketplace_id.as_str()),
        ("fulfilledBy", "MERCHANT"),
        ("fulfillmentStatuses", STATUSES),
        ("maxResultsPerPage", PER_PAGE),
        ("includedData", CHANGED),
    ];
    pairs.extend(next.map(|token| ("paginationToken", token)));
    let path = format!("/orders/2026-01-01/orders?{}", query(&pairs));
    call(&seller.base, &seller.access, Method::GET, &path, None, stamp)
}

#[derive(Deserialize)]
struct Rows<'a> {
    #[serde(borrow)]
    orders: Vec<&'a RawValue>,
    pagination: Option<Pagination>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Pagination {
    next_token: Lax<Token>,
}

/// Reads a page of changed orders; `next` is what it was asked for with. The last page has no token.
///
/// Orders to be sent are named only, because the page does not hold where they go; all others are whole.
///
/// # Errors
/// `CannotRead` when Amazon refuses, the reply is no page, or the page names itself as the next one.
pub fn read_changed(reply: &Response<Vec<u8>>, next: Option<&str>) -> Result<Page, CannotRead> {
    let body = reply::good(reply, Operation::Search, Reason::Unreadable)?;
    let rows: Rows<'_> = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
    if rows.orders.len() > MOST_ROWS {
        return Err(CannotRead::TooMany { field: "orders" });
    }
    let token = rows.pagination.unwrap_or_default().next_token.may("pagination.nextToken")?;
    let token = token.map(|t| String::clone(&t.0));
    if token.is_some() && token.as_deref() == next {
        return Err(CannotRead::Reply);
    }
    Ok(Page { found: rows.orders.into_iter().filter_map(row).collect(), next: token })
}

/// One order of a page; `None` for what is not the merchant's to send.
fn row(raw: &RawValue) -> Option<Found> {
    let unreadable =
        |error: CannotRead| Found::Unreadable { channel_id: key(raw).unwrap_or(WITHOUT_KEY.into()), error };
    let order: Order = match serde_json::from_str(raw.get()) {
        Ok(order) => order,
        Err(error) => return Some(unreadable(error.into())),
    };
    if !order.is_merchants() {
        return None;
    }
    let open = match order.standing() {
        Standing::Open => !order.is_collected(),
        Standing::Unknown => true,
        Standing::Pending | Standing::Shipped | Standing::Cancelled => false,
    };
    Some(match key(raw) {
        Some(id) if open => Found::Key(id),
        _ => match normalise(order) {
            Ok(order) => Found::Whole(Box::new(order)),
            Err(error) => unreadable(error),
        },
    })
}

/// The key alone, of an order that may be damaged elsewhere.
fn key(raw: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Named {
        order_id: Lax<String>,
    }
    let named: Named = serde_json::from_str(raw.get()).ok()?;
    named.order_id.hint().filter(|id| super::is_key(id))
}

/// Reads one order with its recipient, in one reply.
///
/// A hint may be about an order that needs none: what Amazon then gives of a recipient is dropped unkept.
#[derive(Debug)]
pub struct One {
    seller: Seller,
    channel_id: String,
}

impl One {
    /// Of this seller, by Amazon's key.
    pub fn new(seller: &Seller, channel_id: &str) -> Self {
        Self { seller: seller.clone(), channel_id: channel_id.to_owned() }
    }

    /// First without a reply, then with the reply to the request it gave. Over with nothing when Amazon has no
    /// such order, or it is not this merchant's to send: Amazon's own warehouse does, or another marketplace's.
    ///
    /// # Errors
    /// `Broke` when the key, address or token cannot be sent, Amazon refuses, or the reply is about another
    /// order.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Reading, Broke> {
        let Some(reply) = reply else {
            let path = order_path("2026-01-01", &self.channel_id)?;
            let path = format!("{path}?{}", query(&[("includedData", WHOLE)]));
            let request = call(&self.seller.base, &self.seller.access, Method::GET, &path, None, stamp)?;
            return Ok(Reading::Send(Box::new(request)));
        };
        if reply::is_missing(reply) {
            return Ok(Reading::Over(None));
        }
        Ok(Reading::Over(self.found(reply)?))
    }

    fn found(&self, reply: &Response<Vec<u8>>) -> Result<Option<Found>, CannotRead> {
        #[derive(Deserialize)]
        struct Whole<'a> {
            #[serde(borrow)]
            order: &'a RawValue,
        }
        let body = reply::good(reply, Operation::Read, Reason::Unreadable)?;
        let whole: Whole<'_> = serde_json::from_slice(body).map_err(|_| CannotRead::Reply)?;
        if key(whole.order).as_ref() != Some(&self.channel_id) {
            return Err(CannotRead::Reply);
        }
        let order: Order = match serde_json::from_str(whole.order.get()) {
            Ok(order) => order,
            Err(error) => return Ok(Some(self.unreadable(CannotRead::from(error)))),
        };
        if !order.is_merchants() || !order.is_of(&self.seller.marketplace_id) {
            return Ok(None);
        }
        Ok(Some(match normalise(order) {
            Ok(order) => Found::Whole(Box::new(order)),
            Err(error) => self.unreadable(error),
        }))
    }

    fn unreadable(&self, error: CannotRead) -> Found {
        Found::Unreadable { channel_id: self.channel_id.clone(), error }
    }
}
