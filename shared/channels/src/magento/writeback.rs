//! Telling the shop a tracking number (contract section 5).
//!
//! `POST /V1/order/{id}/ship` is not idempotent, so every attempt reads first: a number that stands on a
//! shipment of the order is told already. What is left to ship is counted before it is shipped, because the
//! shop quietly cuts a quantity that is too great.

use super::reply::{self, Absent};
use super::wire::{Found as Rows, Item, List, Maybe, Order, peek};
use super::{Query, Shop, call, filter, first_page, number};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead};
use crate::lax::{Key, Lax};
use crate::writeback::{Broke, Next, Outcome, Sent};
use http::{Method, Response};
use rust_decimal::Decimal;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::exception::Reason;

/// Shipments read of one order.
const MOST_SHIPMENTS: usize = 100;
/// What counts of an order; nothing that names anybody.
const ROWS: &str = "entity_id,state,items[item_id,parent_item_id,product_id,product_type,\
qty_ordered,qty_canceled,qty_refunded,qty_shipped]";
const SHIPMENTS: &str = "items[entity_id,tracks[track_number],items[order_item_id]],total_count";
const BUNDLES: &str = "items[id,custom_attributes[attribute_code,value]]";

/// What the last request asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    Nothing,
    Shipments,
    Order,
    Bundles,
    Write,
}

/// Tells one parcel.
pub struct Talk {
    shop: Shop,
    sent: Sent,
    asked: Asked,
    /// Shipments the order has, newest last, each with the order's rows in it.
    shipments: Vec<(u64, BTreeSet<u64>)>,
    rows: BTreeMap<u64, Row>,
}

/// What to tell the shop.
enum Plan {
    /// Ship these rows, each with pieces.
    Ship(BTreeMap<u64, u32>),
    /// These rows are shown as shipped, by hand or with another parcel of the same bundle: the number is late.
    Late(Vec<u64>),
    /// It cannot be told; a code that says why.
    NotPossible(&'static str),
}

/// A row of the order.
struct Row {
    parent: Option<u64>,
    product: Option<u64>,
    bundle: bool,
    ordered: Decimal,
    left: Decimal,
}

impl Talk {
    /// Begins. [`Sent::lines`] name the rows as [`super::feed`] gave them; [`Sent::source`] is the code of the
    /// source whose stock falls.
    pub fn new(shop: &Shop, sent: Sent) -> Self {
        let (shipments, rows) = (Vec::new(), BTreeMap::new());
        Self { shop: shop.clone(), sent, asked: Asked::Nothing, shipments, rows }
    }

    /// The next step; without a reply the first one.
    ///
    /// # Errors
    /// `Broke` when it cannot be told, or the shop refuses.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, stamp: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else { return self.ask_shipments(stamp) };
        match self.asked {
            Asked::Nothing => self.ask_shipments(stamp),
            Asked::Shipments => match self.read_shipments(reply)? {
                Some(outcome) => Ok(Next::Over(outcome)),
                None => self.ask_order(stamp),
            },
            Asked::Order => match self.read_order(reply)? {
                Some(outcome) => Ok(Next::Over(outcome)),
                None => self.ask_bundles(stamp),
            },
            Asked::Bundles => {
                let apart = read_bundles(reply)?;
                self.write(&apart, stamp)
            }
            Asked::Write => Ok(Next::Over(read_written(reply)?)),
        }
    }

    fn send(
        &mut self,
        asked: Asked,
        method: Method,
        path: &str,
        query: &Query,
        body: Option<&Value>,
        stamp: &Stamp,
    ) -> Result<Next, Broke> {
        let request = call(&self.shop, method, path, query, body, stamp)?;
        self.asked = asked;
        Ok(Next::Send(Box::new(request)))
    }

    fn ask_shipments(&mut self, stamp: &Stamp) -> Result<Next, Broke> {
        if self.sent.tracking.trim().is_empty() {
            return Err(CannotBuild::WriteBack { field: "tracking" }.into());
        }
        if self.sent.lines.iter().all(|(_, pieces)| *pieces == 0) {
            // Left empty, the shop would take everything as sent.
            return Err(CannotBuild::WriteBack { field: "lines" }.into());
        }
        let mut query = Query::new();
        filter(&mut query, 0, "order_id", "eq", &number(&self.sent.channel_id)?.to_string());
        first_page(&mut query, MOST_SHIPMENTS);
        query.push(("fields".to_owned(), SHIPMENTS.to_owned()));
        self.send(Asked::Shipments, Method::GET, "shipments", &query, None, stamp)
    }

    /// Ends when the number stands there.
    fn read_shipments(&mut self, reply: &Response<Vec<u8>>) -> Result<Option<Outcome>, CannotRead> {
        let found: Rows<Shipment> = reply::read(reply, Reason::WriteBackRefused)?;
        let total = found.total_count.may("total_count")?;
        let shipments = match found.items {
            List::Is(all) => all,
            List::Absent if total == Some(0) => Vec::new(),
            List::Absent | List::Bad => return Err(CannotRead::Reply),
        };
        if total.is_some_and(|total| usize::try_from(total).unwrap_or(usize::MAX) > shipments.len()) {
            return Ok(Some(Outcome::NotPossible("too_many_shipments")));
        }
        for shipment in shipments {
            // One that cannot be read may hold our number.
            let Maybe::Is(shipment) = shipment else { return Err(CannotRead::Reply) };
            for track in shipment.tracks.all() {
                let number = track.hint().and_then(|track| track.track_number.hint());
                if number.is_some_and(|n| n.trim().eq_ignore_ascii_case(self.sent.tracking.trim())) {
                    return Ok(Some(Outcome::Applied));
                }
            }
            let rows = shipment.items.all().into_iter().filter_map(Maybe::hint);
            let rows = rows.filter_map(|row| digits(&row.order_item_id)).collect();
            self.shipments.extend(digits(&shipment.entity_id).map(|id| (id, rows)));
        }
        self.shipments.sort_unstable_by_key(|(id, _)| *id);
        Ok(None)
    }

    fn ask_order(&mut self, stamp: &Stamp) -> Result<Next, Broke> {
        let path = format!("orders/{}", number(&self.sent.channel_id)?);
        let query = vec![("fields".to_owned(), ROWS.to_owned())];
        self.send(Asked::Order, Method::GET, &path, &query, None, stamp)
    }

    /// Ends when nothing can be shipped of the order.
    fn read_order(&mut self, reply: &Response<Vec<u8>>) -> Result<Option<Outcome>, CannotRead> {
        if reply::absent(reply) == Some(Absent::Thing) {
            return Ok(Some(Outcome::NotPossible("order_not_found")));
        }
        let Maybe::Is(order) = reply::read::<Maybe<Order>>(reply, Reason::WriteBackRefused)? else {
            return Err(CannotRead::Reply);
        };
        let List::Is(items) = order.items else { return Err(CannotRead::Field { field: "items" }) };
        for item in items {
            let Maybe::Is(item) = item else { return Err(CannotRead::Field { field: "items" }) };
            let id = digits(&item.item_id).ok_or(CannotRead::Field { field: "items.item_id" })?;
            self.rows.insert(id, row(item)?);
        }
        // As Magento's own check before a shipment has it.
        Ok(match order.state.hint().as_deref() {
            Some("canceled") => Some(Outcome::NotPossible("cancelled")),
            Some("holded") => Some(Outcome::NotPossible("on_hold")),
            Some("payment_review") => Some(Outcome::NotPossible("payment_review")),
            _ => None,
        })
    }

    /// Only the product says whether a bundle's parts are shipped together, under the bundle's row, or apart.
    fn ask_bundles(&mut self, stamp: &Stamp) -> Result<Next, Broke> {
        let mut products = BTreeSet::new();
        for (line, _) in &self.sent.lines {
            let row = number(line).ok().and_then(|id| self.rows.get(&id));
            let bundle = row.and_then(|row| self.rows.get(&row.parent?)).filter(|parent| parent.bundle);
            products.extend(bundle.and_then(|bundle| bundle.product));
        }
        if products.is_empty() {
            return self.write(&BTreeSet::new(), stamp);
        }
        let list: Vec<String> = products.iter().map(u64::to_string).collect();
        let mut query = Query::new();
        filter(&mut query, 0, "entity_id", "in", &list.join(","));
        first_page(&mut query, products.len());
        query.push(("fields".to_owned(), BUNDLES.to_owned()));
        self.send(Asked::Bundles, Method::GET, "products", &query, None, stamp)
    }

    /// `apart`: products whose parts are shipped apart.
    fn write(&mut self, apart: &BTreeSet<u64>, stamp: &Stamp) -> Result<Next, Broke> {
        let (order, tracking) = (number(&self.sent.channel_id)?, self.sent.tracking.trim().to_owned());
        let title = self.sent.carrier.name();
        let items = match self.plan(apart)? {
            Plan::NotPossible(code) => return Ok(Next::Over(Outcome::NotPossible(code))),
            Plan::Ship(items) => items,
            Plan::Late(shown) => {
                let of = |(_, rows): &&(u64, BTreeSet<u64>)| shown.iter().any(|row| rows.contains(row));
                let Some((shipment, _)) = self.shipments.iter().rev().find(of) else {
                    return Ok(Next::Over(Outcome::NotPossible("nothing_to_send")));
                };
                let body = json!({ "entity": {
                    "order_id": order, "parent_id": shipment, "track_number": tracking, "title": title,
                    "carrier_code": "custom", "weight": 0, "qty": 0, "description": "",
                }});
                let path = "shipment/track";
                return self.send(Asked::Write, Method::POST, path, &Query::new(), Some(&body), stamp);
            }
        };
        let items: Vec<Value> =
            items.iter().map(|(row, pieces)| json!({ "order_item_id": row, "qty": pieces })).collect();
        let mut body = json!({
            "items": items,
            "notify": true,
            "tracks": [{ "track_number": tracking, "title": title, "carrier_code": "custom" }],
        });
        if let Some(source) = self.sent.source.as_deref().filter(|source| !source.is_empty()) {
            body["arguments"] = json!({ "extension_attributes": { "source_code": source } });
        }
        self.send(
            Asked::Write,
            Method::POST,
            &format!("order/{order}/ship"),
            &Query::new(),
            Some(&body),
            stamp,
        )
    }

    fn plan(&self, apart: &BTreeSet<u64>) -> Result<Plan, CannotBuild> {
        let mut wanted: BTreeMap<u64, Decimal> = BTreeMap::new();
        let mut bundles: BTreeMap<u64, Decimal> = BTreeMap::new();
        for (line, pieces) in self.sent.lines.iter().filter(|(_, pieces)| *pieces > 0) {
            let (id, pieces) = (number(line)?, Decimal::from(*pieces));
            let Some(row) = self.rows.get(&id) else { return Ok(Plan::NotPossible("line_not_found")) };
            let above = row.parent.and_then(|parent| Some((parent, self.rows.get(&parent)?)));
            match above {
                Some((parent, above))
                    if above.bundle && !above.product.is_some_and(|p| apart.contains(&p)) =>
                {
                    // With the first part that leaves, the bundle it belongs to is shown as shipped.
                    let per = row.ordered.checked_div(above.ordered).unwrap_or(Decimal::ONE);
                    let share = pieces.checked_div(per).unwrap_or(pieces).round_dp(4).ceil();
                    let most = bundles.entry(parent).or_default();
                    *most = share.max(*most);
                }
                Some((parent, above)) if !above.bundle => *wanted.entry(parent).or_default() += pieces,
                _ => *wanted.entry(id).or_default() += pieces,
            }
        }
        let (mut items, mut shown) = (BTreeMap::new(), Vec::new());
        let mut take = |id: u64, pieces: Decimal| {
            items.insert(id, u32::try_from(pieces).unwrap_or(u32::MAX));
        };
        let left = |id: u64| self.rows.get(&id).map_or(Decimal::ZERO, |row| row.left);
        for (id, pieces) in wanted {
            match left(id) {
                left if left >= pieces => take(id, pieces),
                left if left.is_zero() => shown.push(id),
                _ => return Ok(Plan::NotPossible("not_enough_remaining")),
            }
        }
        for (id, pieces) in bundles {
            let pieces = pieces.min(left(id)).floor();
            if pieces.is_zero() { shown.push(id) } else { take(id, pieces) }
        }
        Ok(if items.is_empty() { Plan::Late(shown) } else { Plan::Ship(items) })
    }
}

fn row(item: Item) -> Result<Row, CannotRead> {
    let count =
        |quantity: Lax<Decimal>, field| quantity.may(field).map(|quantity| quantity.unwrap_or_default());
    let ordered: Decimal = count(item.qty_ordered, "items.qty_ordered")?;
    let gone: [Decimal; 3] = [
        count(item.qty_canceled, "items.qty_canceled")?,
        count(item.qty_refunded, "items.qty_refunded")?,
        count(item.qty_shipped, "items.qty_shipped")?,
    ];
    let left = gone.into_iter().fold(ordered, Decimal::saturating_sub).max(Decimal::ZERO);
    let parent = digits(&item.parent_item_id)
        .or_else(|| item.parent_item.hint().and_then(|parent| digits(&parent.item_id)));
    Ok(Row {
        parent: parent.filter(|id| *id > 0),
        product: digits(&item.product_id),
        bundle: peek(&item.product_type).is_some_and(|kind| kind == "bundle"),
        ordered,
        left,
    })
}

fn digits(key: &Lax<Key>) -> Option<u64> {
    peek(key).and_then(|key| key.0.parse().ok())
}

/// Products whose parts are shipped apart (`shipment_type` 1). Where we may not read the catalogue, none: a
/// bundle is made to ship together unless somebody changes it.
fn read_bundles(reply: &Response<Vec<u8>>) -> Result<BTreeSet<u64>, CannotRead> {
    let found: Rows<Product> = match reply::read(reply, Reason::WriteBackRefused) {
        Err(CannotRead::Connection { .. }) => return Ok(BTreeSet::new()),
        found => found?,
    };
    let products = found.items.all().into_iter().filter_map(Maybe::hint);
    let apart = products.filter_map(|product| {
        let id = digits(&product.id)?;
        let mut attributes = product.custom_attributes.all().into_iter().filter_map(Maybe::hint);
        let kind =
            attributes.find(|a| peek(&a.attribute_code).is_some_and(|code| code == "shipment_type"))?;
        (kind.value.hint().as_deref() == Some("1")).then_some(id)
    });
    Ok(apart.collect())
}

/// A shipment's id as a bare JSON value, or the track as an object.
fn read_written(reply: &Response<Vec<u8>>) -> Result<Outcome, CannotRead> {
    let written: Value = reply::read(reply, Reason::WriteBackRefused)?;
    let made = match &written {
        Value::Number(_) | Value::Object(_) => true,
        Value::String(id) => !id.is_empty() && id.bytes().all(|b| b.is_ascii_digit()),
        _ => false,
    };
    // Neither made nor refused: the next attempt reads before it tells again.
    if made { Ok(Outcome::Applied) } else { Err(CannotRead::Reply) }
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Shipment {
    entity_id: Lax<Key>,
    tracks: List<Maybe<Track>>,
    items: List<Maybe<Shipped>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Track {
    track_number: Lax<String>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Shipped {
    order_item_id: Lax<Key>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Product {
    id: Lax<Key>,
    custom_attributes: List<Maybe<Attribute>>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Attribute {
    attribute_code: Lax<String>,
    value: Lax<String>,
}
