//! Reading orders: those that changed, and one (contract section 2).

use super::fulfilments;
use super::map::{self, Left};
use super::wire::{OnlyKey, Order};
use super::{Seller, call, instant, is_key, order_path, reply};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Found, Page, Reading, Window};
use crate::lax::Lax;
use crate::writeback::Broke;
use http::{Method, Request, Response};
use serde::Deserialize;
use serde_json::value::RawValue;
use waybill_domain::exception::Reason;

/// Orders asked for at once: the most there may be.
const PAGE: u32 = 200;
/// Rows that are looked at in one reply, whatever was asked for.
const MOST_ROWS: usize = 1000;

/// Where one stands in a window: how many rows to skip, and how many there were in all when that was decided.
#[derive(Clone, Copy)]
struct Place {
    offset: u32,
    total: u32,
}

impl Place {
    fn read(next: &str) -> Option<Self> {
        let (offset, total) = next.split_once('/')?;
        Some(Self { offset: offset.parse().ok()?, total: total.parse().ok()? })
    }

    fn write(self) -> String {
        format!("{}/{}", self.offset, self.total)
    }
}

/// Asks for a page of the orders changed within a window; `next` is [`Page::next`] of the page before. The window
/// must end [`super::SETTLE`] before now.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent, or `next` is not ours.
pub fn build_changed(
    seller: &Seller,
    window: &Window,
    next: Option<&str>,
    _stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let place = next.map(|next| Place::read(next).ok_or(CannotBuild::ChannelId)).transpose()?;
    let offset = place.map_or(0, |place| place.offset);
    let (from, to) = (instant(window.from), instant(window.to));
    let path = format!(
        "/sell/fulfillment/v1/order?filter=lastmodifieddate:%5B{from}..{to}%5D&limit={PAGE}&offset={offset}"
    );
    call(seller, Method::GET, &path, None)
}

#[derive(Deserialize)]
struct List<'a> {
    // Each row by itself, so that one that cannot be read leaves the others alone.
    #[serde(borrow, default)]
    orders: Option<Vec<&'a RawValue>>,
    #[serde(default)]
    total: Lax<u32>,
    #[serde(default)]
    next: Lax<String>,
}

/// Reads a page. A row that does not tell the whole truth gives its key only; one of a programme in which eBay
/// sends the goods gives nothing.
///
/// eBay pages by offset, and an order that changes while one pages leaves the window: every later row moves up by
/// one, over the edge of a page that was read already. `total` then shrinks, so `next` steps back by as much as
/// it shrank. Rows may be seen twice by that, never not at all; the changed order itself is in a later window.
///
/// # Errors
/// `CannotRead` when eBay refuses or the reply is no list.
pub fn read_changed(reply: &Response<Vec<u8>>, next: Option<&str>) -> Result<Page, CannotRead> {
    let before = next.and_then(Place::read);
    let list: List<'_> = reply::read(reply, Reason::Unreadable)?;
    let total = list.total.hint();
    let rows = match (list.orders, total) {
        (Some(rows), _) => rows,
        (None, Some(0)) => Vec::new(),
        (None, _) => return Err(CannotRead::Reply),
    };
    if rows.len() > MOST_ROWS {
        return Err(CannotRead::TooMany { field: "orders" });
    }
    let offset = before.map_or(0, |before| before.offset);
    let seen = offset.saturating_add(u32::try_from(rows.len()).unwrap_or(u32::MAX));
    let shrunk = match (before, total) {
        (Some(before), Some(total)) => before.total.saturating_sub(total).min(offset),
        _ => 0,
    };
    let more = match total {
        Some(total) => seen < total,
        None => !matches!(list.next, Lax::Absent),
    };
    let next = if shrunk > 0 {
        Some(Place { offset: offset - shrunk, total: total.unwrap_or(0) })
    } else if more && !rows.is_empty() {
        Some(Place { offset: seen, total: total.unwrap_or(0) })
    } else {
        None
    };
    let found = rows.into_iter().filter_map(|row| found(row.get())).collect();
    Ok(Page { found, next: next.map(Place::write) })
}

/// What a row gives; `None` for an order that is not ours.
fn found(row: &str) -> Option<Found> {
    let unreadable = |error: CannotRead| {
        let key = serde_json::from_str::<OnlyKey>(row).ok().and_then(|key| key.order_id.hint());
        Found::Unreadable { channel_id: key.filter(|key| is_key(key)).unwrap_or_default(), error }
    };
    let order: Order = match serde_json::from_str(row) {
        Ok(order) => order,
        Err(error) => return Some(unreadable(error.into())),
    };
    if !map::is_whole(&order) {
        return Some(match order.order_id.need("orderId") {
            Ok(key) if is_key(&key) => Found::Key(key),
            Ok(_) => unreadable(CannotRead::Field { field: "orderId" }),
            Err(error) => unreadable(error),
        });
    }
    match map::normalise(order, &Left::new()) {
        Ok(normalised) => normalised.map(|order| Found::Whole(Box::new(order))),
        Err(error) => Some(unreadable(error)),
    }
}

/// Reads one order: `getOrder`, and its fulfilments where a line was sent in part.
pub struct One {
    seller: Seller,
    channel_id: String,
    step: Step,
}

enum Step {
    Begin,
    Asked,
    Begun(Box<Order>),
    Done,
}

impl One {
    /// Begins with an order.
    pub fn new(seller: &Seller, channel_id: &str) -> Self {
        Self { seller: seller.clone(), channel_id: channel_id.to_owned(), step: Step::Begin }
    }

    /// Takes the last reply, `None` at first, and says what is next. An order that is there and cannot be read ends
    /// as [`Found::Unreadable`]; one that eBay sends itself, or does not have, as nothing.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or eBay refuses or does not answer. Begin anew then.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, _stamp: &Stamp) -> Result<Reading, Broke> {
        match (std::mem::replace(&mut self.step, Step::Done), reply) {
            (Step::Begin, _) => {
                self.step = Step::Asked;
                let request = call(&self.seller, Method::GET, &order_path(&self.channel_id)?, None)?;
                Ok(Reading::Send(Box::new(request)))
            }
            (Step::Asked, Some(reply)) => {
                let Some(order) = self.order(reply)? else { return Ok(Reading::Over(None)) };
                match order {
                    Ok(order) if map::is_begun(&order) => {
                        self.step = Step::Begun(Box::new(order));
                        let request = fulfilments::build(&self.seller, &self.channel_id)?;
                        Ok(Reading::Send(Box::new(request)))
                    }
                    Ok(order) => Ok(self.over(order, &Left::new())),
                    Err(error) => Ok(Reading::Over(Some(self.unreadable(error)))),
                }
            }
            (Step::Begun(order), Some(reply)) => {
                let all = fulfilments::read(reply, Reason::Unreadable)?.unwrap_or_default();
                Ok(self.over(*order, &fulfilments::left(all)))
            }
            (Step::Asked | Step::Begun(_) | Step::Done, _) => Err(CannotRead::Reply.into()),
        }
    }

    /// `None` when there is no such order; inside, an error when it is there and is not one.
    fn order(&self, reply: &Response<Vec<u8>>) -> Result<Option<Result<Order, CannotRead>>, CannotRead> {
        // First whether it is JSON at all, and the order asked for.
        let Some(key) = reply::find::<OnlyKey>(reply, Reason::Unreadable, &["32100"])? else {
            return Ok(None);
        };
        if key.order_id.hint().as_deref() != Some(&self.channel_id) {
            return Err(CannotRead::Reply);
        }
        Ok(Some(serde_json::from_slice(reply.body()).map_err(CannotRead::from)))
    }

    fn over(&self, order: Order, left: &Left) -> Reading {
        Reading::Over(match map::normalise(order, left) {
            Ok(normalised) => normalised.map(|order| Found::Whole(Box::new(order))),
            Err(error) => Some(self.unreadable(error)),
        })
    }

    fn unreadable(&self, error: CannotRead) -> Found {
        Found::Unreadable { channel_id: self.channel_id.clone(), error }
    }
}
