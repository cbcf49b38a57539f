//! What eBay shows as sent of an order. A new fulfilment is told apart from a known one by its tracking number
//! only, so both reading and writing ask for these.

use super::map::Left;
use super::{Seller, call, order_path, reply};
use crate::error::{CannotBuild, CannotRead};
use crate::lax::Lax;
use http::{Method, Request, Response};
use serde::Deserialize;
use waybill_domain::exception::Reason;

/// A parcel eBay knows of.
pub(super) struct Fulfilment {
    /// Letters and digits of its tracking number; empty without one.
    pub(super) tracking: String,
    /// Keys of lines with pieces.
    pub(super) lines: Vec<(String, u32)>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct All {
    fulfillments: Option<Vec<One>>,
    total: Lax<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct One {
    shipment_tracking_number: Lax<String>,
    fulfillment_id: Lax<String>,
    line_items: Option<Vec<Pieces>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Pieces {
    line_item_id: Lax<String>,
    quantity: Lax<u32>,
}

/// Letters and digits of a tracking number: all eBay takes (contract section 6).
pub(super) fn plain(tracking: &str) -> String {
    tracking.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase()).collect()
}

/// Asks for the fulfilments of an order.
pub(super) fn build(seller: &Seller, channel_id: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    let path = format!("{}/shipping_fulfillment", order_path(channel_id)?);
    call(seller, Method::GET, &path, None)
}

/// Reads them; `None` when eBay has no such order. A list that says it is longer than it is, is refused: what
/// cannot be seen would be written twice.
pub(super) fn read(reply: &Response<Vec<u8>>, reason: Reason) -> Result<Option<Vec<Fulfilment>>, CannotRead> {
    let Some(all) = reply::find::<All>(reply, reason, &["32100"])? else { return Ok(None) };
    let (total, list) = match (all.total.hint(), all.fulfillments) {
        (None, None) => return Err(CannotRead::Reply),
        (total, list) => (total, list.unwrap_or_default()),
    };
    if total.is_some_and(|total| usize::try_from(total).unwrap_or(usize::MAX) > list.len()) {
        return Err(CannotRead::Refused { code: "fulfillments_incomplete".to_owned(), reason });
    }
    Ok(Some(list.into_iter().map(one).collect()))
}

fn one(one: One) -> Fulfilment {
    // The id is the tracking number, or a small number such as 999 where there is none.
    let tracking = one.shipment_tracking_number.hint().or(one.fulfillment_id.hint());
    let pieces = |line: Pieces| Some((line.line_item_id.hint()?, line.quantity.hint()?));
    Fulfilment {
        tracking: plain(&tracking.unwrap_or_default()),
        lines: one.line_items.into_iter().flatten().filter_map(pieces).collect(),
    }
}

/// Pieces per line over all fulfilments.
pub(super) fn left(all: Vec<Fulfilment>) -> Left {
    let mut left = Left::new();
    for (line, pieces) in all.into_iter().flat_map(|one| one.lines) {
        let sum = left.entry(line).or_default();
        *sum = sum.saturating_add(pieces);
    }
    left
}
