//! Reading orders from the shop: the changed ones page by page, or one (contract section 3).

use super::map::{self, Kind, Refunded};
use super::wire::{FIELDS, List, Order, Refund};
use super::{Shop, call, order_key, reply};
use crate::error::{CannotBuild, CannotRead};
use crate::feed::{Found, Page, Reading, Window};
use crate::lax::{Key, Lax};
use crate::stamp::Stamp;
use crate::writeback::Broke;
use http::{Method, Request, Response};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use waybill_domain::exception::Reason;
use waybill_domain::time::{after, sortable};

/// Orders asked for in one page: the most a shop gives.
const PER_PAGE: usize = 100;
/// The most orders read from one page, should a plugin give more than was asked for.
const MOST_ROWS: usize = 1000;
/// The most pages of refunds of one order.
const MOST_REFUND_PAGES: u32 = 20;
/// The key given for a row that has none: no order of a shop, so it is dropped when read again.
const NAMELESS: &str = "unknown";

/// Where reading a window stands; its text form is what [`Page::next`] holds.
///
/// Pages are offsets, and a row that changes while one pages leaves the window, so that one behind it slips over
/// the edge of a page unseen. By time this cannot happen: each page begins at the time of the last row of the
/// one before, and page numbers only count rows of one second. Shops that cannot sort by time (they say 400) are
/// read by id from the last page to the first, because rows only ever slip towards the front; the first page is
/// read twice, once to learn how many there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cursor {
    by: By,
    /// The trash is no part of "any": asked apart, it shows what was deleted.
    trash: bool,
    page: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// From this second on; `None` for the start of the window.
    Time(Option<Timestamp>),
    Id,
}

impl Cursor {
    const START: Self = Self { by: By::Time(None), trash: false, page: 1 };

    fn read(next: Option<&str>) -> Option<Self> {
        let Some(next) = next else { return Some(Self::START) };
        let mut parts = next.split(' ');
        let (by, which, page) = (parts.next()?, parts.next()?, parts.next()?);
        let by = match by {
            "id" => By::Id,
            "time" => By::Time(None),
            from => By::Time(Some(from.parse().ok()?)),
        };
        let page = page.parse().ok().filter(|p| *p <= 1_000_000)?;
        Some(Self { by, trash: which == "trash", page })
    }

    fn text(self) -> String {
        let by = match self.by {
            By::Id => "id".to_owned(),
            By::Time(None) => "time".to_owned(),
            By::Time(Some(from)) => sortable(from),
        };
        format!("{by} {} {}", if self.trash { "trash" } else { "any" }, self.page)
    }

    /// After everything that is not in the trash comes the trash.
    fn over(self) -> Option<Self> {
        let by = if self.by == By::Id { By::Id } else { By::Time(None) };
        // Page 0 asks how many pages there are.
        let page = u32::from(by != By::Id);
        (!self.trash).then_some(Self { by, trash: true, page })
    }
}

/// Asks for a page of orders that changed in the window; `next` is [`Page::next`] of the page before.
///
/// # Errors
/// `CannotBuild` when `next` is not ours, or the address or keys cannot be sent.
pub fn build_changed(
    shop: &Shop,
    window: &Window,
    next: Option<&str>,
    _stamp: &Stamp,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    let cursor = Cursor::read(next).ok_or(CannotBuild::ChannelId)?;
    let (from, order) = match cursor.by {
        By::Time(from) => (from.unwrap_or(window.from), "modified"),
        By::Id => (window.from, "id"),
    };
    // The shop takes both bounds as exclusive, in whole seconds.
    let from = after(from, SignedDuration::from_secs(-1));
    let time = |at: Timestamp| at.strftime("%Y-%m-%dT%H:%M:%S").to_string();
    let path = format!(
        "/wc/v3/orders?modified_after={}&modified_before={}&dates_are_gmt=true&orderby={order}&order=asc\
         &per_page={PER_PAGE}&page={}&status={}&_fields={FIELDS}",
        time(from),
        time(window.to),
        cursor.page.max(1),
        if cursor.trash { "trash" } else { "any" },
    );
    call(shop, Method::GET, &path, None)
}

/// Reads a page of changed orders; `next` is what the page was asked with.
///
/// # Errors
/// `CannotRead` when the shop refuses or the reply is no page. A row that cannot be read fails alone.
pub fn read_changed(answer: &Response<Vec<u8>>, next: Option<&str>) -> Result<Page, CannotRead> {
    let cursor = Cursor::read(next).ok_or(CannotRead::Field { field: "next" })?;
    if cursor.by != By::Id && reply::bad_parameter(answer) {
        let again = Cursor { by: By::Id, page: 0, ..cursor };
        return Ok(Page { found: Vec::new(), next: Some(again.text()) });
    }
    let rows: List<Box<RawValue>> = reply::json(answer, Reason::Unreadable)?;
    if rows.0.len() > MOST_ROWS {
        return Err(CannotRead::TooMany { field: "orders" });
    }
    let mut found = Vec::new();
    let mut newest = None;
    for row in &rows.0 {
        newest = newest.max(changed_at(row));
        found.extend(one_of(row));
    }
    let full = rows.0.len() >= PER_PAGE;
    let next = match cursor.by {
        By::Id => earlier(cursor, answer, full)?,
        By::Time(from) => {
            let more = !rows.0.is_empty() && reply::pages(answer).map_or(full, |all| cursor.page < all);
            later(cursor, from, newest).filter(|_| more)
        }
    };
    Ok(Page { found, next: next.or(cursor.over()).map(Cursor::text) })
}

/// By time: on from the last row, or through the rows of one second.
fn later(cursor: Cursor, from: Option<Timestamp>, newest: Option<Timestamp>) -> Option<Cursor> {
    match newest {
        Some(newest) if from.is_none_or(|from| newest > from) => {
            Some(Cursor { by: By::Time(Some(newest)), page: 1, ..cursor })
        }
        _ => Some(Cursor { page: cursor.page.checked_add(1)?, ..cursor }),
    }
}

/// By id: from the last page to the first.
fn earlier(cursor: Cursor, answer: &Response<Vec<u8>>, full: bool) -> Result<Option<Cursor>, CannotRead> {
    if cursor.page > 0 {
        return Ok((cursor.page > 1).then_some(Cursor { page: cursor.page - 1, ..cursor }));
    }
    match reply::pages(answer) {
        Some(all) if all > 1 => Ok(Some(Cursor { page: all, ..cursor })),
        None if full => Err(CannotRead::Field { field: "X-WP-TotalPages" }),
        _ => Ok(None),
    }
}

fn changed_at(row: &RawValue) -> Option<Timestamp> {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Changed {
        date_modified_gmt: Lax<super::wire::Utc>,
    }
    let changed: Changed = serde_json::from_str(row.get()).ok()?;
    changed.date_modified_gmt.hint().map(|at| at.0)
}

/// What a row is; `None` for a draft.
fn one_of(row: &RawValue) -> Option<Found> {
    let read = || -> Result<Option<Found>, CannotRead> {
        let mut order: Order = serde_json::from_str(row.get())?;
        Ok(match map::kind(&mut order)? {
            Kind::Draft => None,
            Kind::Erased(id) => Some(Found::Erased(id)),
            Kind::Refunded(id) => Some(Found::Key(id)),
            Kind::Whole => Some(Found::Whole(Box::new(map::normalise(order, &Refunded::new())?))),
        })
    };
    read().unwrap_or_else(|error| Some(unreadable(row, error)))
}

fn unreadable(row: &RawValue, error: CannotRead) -> Found {
    #[derive(Deserialize, Default)]
    #[serde(default)]
    struct Named {
        id: Lax<Key>,
    }
    let id = serde_json::from_str::<Named>(row.get()).ok().and_then(|n| n.id.hint());
    Found::Unreadable { channel_id: id.map_or_else(|| NAMELESS.to_owned(), |id| id.0), error }
}

/// Reads one order: the order itself, then its refunds where it has any, because only those say which lines
/// they take pieces off.
pub struct One {
    shop: Shop,
    id: String,
    /// The order, once its refunds are asked for.
    order: Option<Box<Order>>,
    refunded: Refunded,
    page: u32,
}

impl One {
    /// Begins reading the order of that key.
    pub fn new(shop: &Shop, channel_id: &str) -> Self {
        Self {
            shop: shop.clone(),
            id: channel_id.to_owned(),
            order: None,
            refunded: Refunded::new(),
            page: 1,
        }
    }

    /// Takes the last reply, `None` at first. An order in the trash is read as cancelled, a deleted one and one
    /// that is still a draft as not there.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or the shop refuses.
    pub fn next(&mut self, answer: Option<&Response<Vec<u8>>>, _stamp: &Stamp) -> Result<Reading, Broke> {
        let id = order_key(&self.id)?;
        let Some(answer) = answer else {
            self.order = None;
            let path = format!("/wc/v3/orders/{id}?_fields={FIELDS}");
            return Ok(Reading::Send(Box::new(call(&self.shop, Method::GET, &path, None)?)));
        };
        if reply::missing(answer) {
            return Ok(Reading::Over(None));
        }
        let Some(order) = self.order.take() else { return self.take_order(answer) };
        let refunds: List<Refund> = reply::json(answer, Reason::Unreadable)?;
        let full = refunds.0.len() >= PER_PAGE;
        let any = !refunds.0.is_empty();
        refunds.0.into_iter().for_each(|refund| map::add_refund(&mut self.refunded, refund));
        if any && reply::pages(answer).map_or(full, |all| self.page < all) {
            if self.page >= MOST_REFUND_PAGES {
                return Err(CannotRead::TooMany { field: "refunds" }.into());
            }
            self.page += 1;
            self.order = Some(order);
            return self.ask_refunds();
        }
        Ok(Reading::Over(Some(self.whole(*order))))
    }

    fn take_order(&mut self, answer: &Response<Vec<u8>>) -> Result<Reading, Broke> {
        let row: Box<RawValue> = reply::json(answer, Reason::Unreadable)?;
        let mut order: Order = match serde_json::from_str(row.get()) {
            Ok(order) => order,
            Err(error) => return Ok(Reading::Over(Some(unreadable(&row, error.into())))),
        };
        let found = match map::kind(&mut order) {
            Ok(Kind::Draft) => None,
            Ok(Kind::Erased(id)) => Some(Found::Erased(id)),
            Ok(Kind::Whole) => Some(self.whole(order)),
            Ok(Kind::Refunded(_)) => {
                (self.order, self.page, self.refunded) = (Some(Box::new(order)), 1, Refunded::new());
                return self.ask_refunds();
            }
            Err(error) => Some(unreadable(&row, error)),
        };
        Ok(Reading::Over(found))
    }

    fn ask_refunds(&self) -> Result<Reading, Broke> {
        let path = format!(
            "/wc/v3/orders/{}/refunds?per_page={PER_PAGE}&page={}&_fields=id,line_items",
            order_key(&self.id)?,
            self.page
        );
        Ok(Reading::Send(Box::new(call(&self.shop, Method::GET, &path, None)?)))
    }

    fn whole(&self, order: Order) -> Found {
        match map::normalise(order, &self.refunded) {
            Ok(order) => Found::Whole(Box::new(order)),
            Err(error) => Found::Unreadable { channel_id: self.id.clone(), error },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_survives_its_text() {
        let at: Timestamp = "2026-11-22T10:00:00Z".parse().unwrap_or_default();
        for by in [By::Time(None), By::Time(Some(at)), By::Id] {
            for trash in [false, true] {
                let cursor = Cursor { by, trash, page: 3 };
                assert_eq!(Cursor::read(Some(&cursor.text())), Some(cursor));
            }
        }
        for bad in ["", "id", "id any", "id any x", "never any 1", "id any -1"] {
            assert_eq!(Cursor::read(Some(bad)), None, "{bad}");
        }
    }
}
