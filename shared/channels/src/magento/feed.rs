//! Reading orders: those that changed, and one (contract section 2).
//!
//! Pages are not numbered. Orders that change while one pages leave the window and move every row behind them
//! one place forward, so a numbered page skips some; and a page past the end is the last page again, for ever.
//! Instead every call asks for the first page of what is not read yet, in the order (`updated_at`, `entity_id`),
//! and `total_count` says whether that is all.

use super::map::{self, FIELDS};
use super::reply::{self, Absent};
use super::wire::{At, Found as Rows, List, Maybe, Order, peek};
use super::{Query, Shop, call, filter, first_page, number};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Found, Page, Reading, Window};
use crate::writeback::Broke;
use http::{Method, Request, Response};
use jiff::Timestamp;
use waybill_domain::exception::Reason;

/// Rows asked for in one call (contract section 2).
const PAGE: usize = 100;
/// The most rows taken from one reply.
const MOST_ROWS: usize = 1000;

/// Where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Cursor {
    /// From this second on.
    From(String),
    /// Within this second, behind this order: more orders changed in it than one page holds.
    Within(String, String),
    /// After this second.
    After(String),
}

impl Cursor {
    fn parse(text: &str) -> Option<Self> {
        let mut parts = text.split('|');
        let (kind, time, id) = (parts.next()?, parts.next()?, parts.next());
        let good = time.len() == 19 && time.bytes().all(|b| b.is_ascii_digit() || b"-: ".contains(&b));
        match (kind, id) {
            _ if !good => None,
            ("from", None) => Some(Self::From(time.to_owned())),
            ("after", None) => Some(Self::After(time.to_owned())),
            ("within", Some(id)) if number(id).is_ok() => Some(Self::Within(time.to_owned(), id.to_owned())),
            _ => None,
        }
    }

    fn text(&self) -> String {
        match self {
            Self::From(time) => format!("from|{time}"),
            Self::Within(time, id) => format!("within|{time}|{id}"),
            Self::After(time) => format!("after|{time}"),
        }
    }
}

/// Asks for orders that changed within a window; `next` is [`Page::next`] of the page before. One that is not
/// ours begins the window anew.
///
/// # Errors
/// `CannotBuild` when the address or credentials cannot be sent.
pub fn build_changed(
    shop: &Shop,
    window: &Window,
    next: Option<&str>,
    stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let mut query = Query::new();
    let cursor = next.and_then(Cursor::parse).unwrap_or_else(|| Cursor::From(spelled(window.from)));
    let (condition, time) = match &cursor {
        Cursor::From(time) => ("gteq", time),
        Cursor::Within(time, _) => ("eq", time),
        Cursor::After(time) => ("gt", time),
    };
    filter(&mut query, 0, "updated_at", condition, time);
    match &cursor {
        Cursor::Within(_, id) => filter(&mut query, 1, "entity_id", "gt", id),
        _ => filter(&mut query, 1, "updated_at", "lteq", &spelled(window.to)),
    }
    for (place, field) in ["updated_at", "entity_id"].into_iter().enumerate() {
        query.push((format!("searchCriteria[sortOrders][{place}][field]"), field.to_owned()));
        query.push((format!("searchCriteria[sortOrders][{place}][direction]"), "ASC".to_owned()));
    }
    first_page(&mut query, PAGE);
    query.push(("fields".to_owned(), format!("items[{FIELDS}],total_count")));
    call(shop, Method::GET, "orders", &query, None, stamp)
}

/// Reads a page of changed orders. An order that cannot be read is so for itself only.
///
/// `shop` says what its weights mean, which no reply does.
///
/// # Errors
/// `CannotRead` when the shop refuses, the reply is not a page, or it is full and shows no way on.
pub fn read_changed(shop: &Shop, reply: &Response<Vec<u8>>, next: Option<&str>) -> Result<Page, CannotRead> {
    let rows: Rows<Order> = reply::read(reply, Reason::Unreadable)?;
    let total = rows.total_count.may("total_count")?;
    let items = match rows.items {
        List::Is(items) => items,
        // Where nothing is found, the trimmed list may be null.
        List::Absent if total == Some(0) => Vec::new(),
        List::Absent | List::Bad => return Err(CannotRead::Reply),
    };
    if items.len() > MOST_ROWS {
        return Err(CannotRead::TooMany { field: "items" });
    }
    // `total_count` counts what the cursor asked for, so a page that holds it all is the last.
    let shown = items.len();
    let more = total.map_or(shown >= PAGE, |total| usize::try_from(total).unwrap_or(usize::MAX) > shown);
    let cursor = next.and_then(Cursor::parse);
    let mut seen: Vec<(At, String)> = Vec::new();
    let mut found = Vec::with_capacity(shown);
    for item in items {
        let Maybe::Is(order) = item else {
            found.push(unreadable(String::new(), CannotRead::Field { field: "items" }));
            continue;
        };
        let id = peek(&order.entity_id).map(|key| key.0.clone());
        if let (Some(at), Some(id)) = (peek(&order.updated_at), &id) {
            seen.push((*at, id.clone()));
        }
        found.push(match map::normalise(order, shop.weight) {
            Ok(order) => Found::Whole(Box::new(order)),
            Err(error) => unreadable(id.unwrap_or_default(), error),
        });
    }
    let next = if more && shown > 0 { Some(onward(&seen, cursor.as_ref())?) } else { None };
    let next = match (next, cursor) {
        (Some(next), _) => Some(next),
        // That second is read to its end; go on behind it.
        (None, Some(Cursor::Within(time, _))) => Some(Cursor::After(time)),
        (None, _) => None,
    };
    Ok(Page { found, next: next.map(|cursor| cursor.text()) })
}

/// Where a full page leads: to the second of its last row, or further into it when it is all of one second.
fn onward(seen: &[(At, String)], cursor: Option<&Cursor>) -> Result<Cursor, CannotRead> {
    let stuck = CannotRead::Field { field: "items.updated_at" };
    let (Some((first, _)), Some((last, id))) = (seen.first(), seen.last()) else { return Err(stuck) };
    if seen.is_sorted_by_key(|(at, _)| *at) {
        let next = match cursor {
            Some(Cursor::Within(time, _)) => Cursor::Within(time.clone(), id.clone()),
            _ if last > first => Cursor::From(spelled(last.0)),
            _ => Cursor::Within(spelled(last.0), id.clone()),
        };
        // A shop that ignores what it is asked for would be read for ever.
        if cursor != Some(&next) {
            return Ok(next);
        }
    }
    Err(stuck)
}

fn unreadable(channel_id: String, error: CannotRead) -> Found {
    Found::Unreadable { channel_id, error }
}

/// As Magento compares: whole seconds of UTC, without saying so.
fn spelled(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S").to_string()
}

/// Reads one order.
pub struct One {
    shop: Shop,
    channel_id: String,
}

impl One {
    /// `channel_id` is the order's `entity_id`; the number people know, `increment_id`, is unique per store only.
    pub fn new(shop: &Shop, channel_id: &str) -> Self {
        Self { shop: shop.clone(), channel_id: channel_id.to_owned() }
    }

    /// The next step; without a reply the first one.
    ///
    /// # Errors
    /// `Broke` when the order cannot be asked for, or the shop refuses.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Reading, Broke> {
        let Some(reply) = reply else {
            let path = format!("orders/{}", number(&self.channel_id)?);
            let query = vec![("fields".to_owned(), FIELDS.to_owned())];
            return Ok(Reading::Send(Box::new(call(&self.shop, Method::GET, &path, &query, None, stamp)?)));
        };
        if reply::absent(reply) == Some(Absent::Thing) {
            return Ok(Reading::Over(None));
        }
        let Maybe::Is(order) = reply::read::<Maybe<Order>>(reply, Reason::Unreadable)? else {
            return Err(CannotRead::Reply.into());
        };
        if peek(&order.entity_id).map(|key| key.0.as_str()) != Some(self.channel_id.as_str()) {
            // Not the order asked for, whatever it is.
            return Err(CannotRead::Field { field: "entity_id" }.into());
        }
        let order = map::normalise(order, self.shop.weight);
        Ok(Reading::Over(Some(match order {
            Ok(order) => Found::Whole(Box::new(order)),
            Err(error) => unreadable(self.channel_id.clone(), error),
        })))
    }
}
