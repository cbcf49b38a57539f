//! Telling the shop the tracking number (contract section 5).
//!
//! Creating a fulfillment is not idempotent, so every attempt reads first: what shows our tracking number is
//! done, and what remains is planned anew.

use super::wire::List;
use super::{Shop, call, gid_tail, order_gid, reply};
use crate::Stamp;
use crate::error::{CannotBuild, CannotRead, code};
use crate::writeback::{Broke, Next, Outcome, Sent};
use http::{Request, Response, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_domain::exception::Reason;
use waybill_domain::service::Carrier;

/// The most lines of one fulfillment order that are read.
const MAX_LINES: usize = 40;

/// Asks for as many lines as the order has and one to see that there are no more: a shop restores 100 points a
/// second, and every line asked for is reserved out of them until the answer is there.
fn remote_query(lines: usize) -> String {
    let lines = (lines + 1).min(MAX_LINES);
    format!(
        "query($id:ID!){{order(id:$id){{\
fulfillmentOrders(first:8){{nodes{{id status assignedLocation{{location{{id}}}} \
lineItems(first:{lines}){{nodes{{id remainingQuantity lineItem{{id}}}} pageInfo{{hasNextPage}}}}}} pageInfo{{hasNextPage}}}} \
fulfillments(first:20){{status trackingInfo{{number}}}}}}}}"
    )
}

const CREATE: &str = "mutation($f:FulfillmentInput!){fulfillmentCreate(fulfillment:$f)\
{fulfillment{id status} userErrors{field message}}}";

/// What the shop shows of an order's fulfilment.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Remote {
    /// The work Shopify split the order into.
    pub fulfillment_orders: Vec<FulfillmentOrder>,
    /// Tracking numbers of fulfillments that were not cancelled.
    pub tracking_numbers: Vec<String>,
}

/// A fulfillment order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfillmentOrder {
    /// Its global id.
    pub id: String,
    /// `OPEN`, `IN_PROGRESS`, `ON_HOLD` and so on, as sent.
    pub status: String,
    /// The global id of the shop's location it is assigned to.
    pub location: Option<String>,
    /// Its lines.
    pub lines: Vec<FulfillmentOrderLine>,
}

/// A line of a fulfillment order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfillmentOrderLine {
    /// Its global id.
    pub id: String,
    /// Pieces not fulfilled yet.
    pub remaining: u32,
    /// The channel's key of the order line.
    pub channel_line: String,
}

/// Pieces of one fulfillment order to be marked as sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FulfilmentLines {
    /// The fulfillment order's global id.
    pub fulfillment_order: String,
    /// Its lines' global ids, each with pieces.
    pub lines: Vec<(String, u32)>,
}

/// What to tell the shop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// The shop shows the tracking number already.
    AlreadyThere,
    /// Create one fulfillment of these.
    Create(Vec<FulfilmentLines>),
    /// It cannot be told; a code that says why.
    NotPossible(&'static str),
}

/// Asks what the shop shows of the fulfilment of an order that has this many lines.
///
/// # Errors
/// `CannotBuild` when the key, address or token cannot be sent.
pub fn build_read_fulfilment(
    shop: &Shop,
    channel_id: &str,
    lines: usize,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(shop, &remote_query(lines), &json!({ "id": order_gid(channel_id)? }))
}

/// Reads what the shop shows of an order's fulfilment.
///
/// # Errors
/// `CannotRead` when the shop refuses, has no such order, or shows more than one page.
pub fn read_fulfilment(status: StatusCode, body: &[u8]) -> Result<Remote, CannotRead> {
    let data: OrderData = reply::whole(status, body, Reason::WriteBackRefused)?;
    let refused =
        |code: &str| CannotRead::Refused { code: code.to_owned(), reason: Reason::WriteBackRefused };
    let order = data.order.ok_or_else(|| refused("order_not_found"))?;
    if order.fulfillment_orders.more || order.fulfillment_orders.items.iter().any(|f| f.line_items.more) {
        return Err(refused("too_many_fulfillment_orders"));
    }
    let fulfillment_orders =
        order.fulfillment_orders.items.into_iter().map(work).collect::<Result<_, _>>()?;
    let live = order.fulfillments.into_iter().filter(|f| f.status.as_deref() != Some("CANCELLED"));
    let numbers = live.flat_map(|f| f.tracking_info).filter_map(|t| t.number);
    Ok(Remote { fulfillment_orders, tracking_numbers: numbers.collect() })
}

fn work(one: WireWork) -> Result<FulfillmentOrder, CannotRead> {
    let line = |line: WireLine| {
        let channel_line = gid_tail("LineItem", &line.line_item.id).map(str::to_owned);
        Ok(FulfillmentOrderLine {
            id: line.id,
            remaining: u32::try_from(line.remaining_quantity).unwrap_or(0),
            channel_line: channel_line.ok_or(CannotRead::Field { field: "lineItem.id" })?,
        })
    };
    Ok(FulfillmentOrder {
        id: one.id,
        status: one.status,
        location: one.assigned_location.and_then(|a| a.location).map(|l| l.id),
        lines: one.line_items.items.into_iter().map(line).collect::<Result<_, CannotRead>>()?,
    })
}

/// Plans how to tell that `lines` (the channel's line keys with pieces) left with this tracking number.
///
/// Only open fulfillment orders are used; on hold, scheduled and closed ones are left alone. One fulfillment
/// may span several of them only at one location of the shop, so one location must be able to serve it all.
pub fn plan(remote: &Remote, lines: &[(String, u32)], tracking: &str) -> Plan {
    if remote.tracking_numbers.iter().any(|n| n.trim().eq_ignore_ascii_case(tracking.trim())) {
        return Plan::AlreadyThere;
    }
    let mut wanted: BTreeMap<&str, u32> = BTreeMap::new();
    for (line, pieces) in lines {
        let sum = wanted.entry(line).or_default();
        *sum = sum.saturating_add(*pieces);
    }
    wanted.retain(|_, pieces| *pieces > 0);
    if wanted.is_empty() {
        return Plan::NotPossible("nothing_to_send");
    }
    let open: Vec<&FulfillmentOrder> = remote
        .fulfillment_orders
        .iter()
        .filter(|f| matches!(f.status.as_str(), "OPEN" | "IN_PROGRESS"))
        .collect();
    let mut tried: Vec<&Option<String>> = Vec::new();
    for place in open.iter().map(|f| &f.location) {
        if tried.contains(&place) {
            continue;
        }
        tried.push(place);
        let here = open.iter().copied().filter(|f| f.location == *place);
        if let Some(taken) = spread(here, &wanted) {
            return Plan::Create(taken);
        }
    }
    let waiting =
        remote.fulfillment_orders.iter().filter(|f| matches!(f.status.as_str(), "ON_HOLD" | "SCHEDULED"));
    Plan::NotPossible(if spread(open.iter().copied(), &wanted).is_some() {
        "several_locations"
    } else if spread(open.iter().copied().chain(waiting), &wanted).is_some() {
        "on_hold"
    } else {
        "not_enough_remaining"
    })
}

/// Takes what is wanted from the fulfillment orders in turn; `None` when they do not hold all of it.
fn spread<'a>(
    from: impl Iterator<Item = &'a FulfillmentOrder>,
    wanted: &BTreeMap<&str, u32>,
) -> Option<Vec<FulfilmentLines>> {
    let mut wanted = wanted.clone();
    let mut taken = Vec::new();
    for one in from {
        let mut lines = Vec::new();
        for line in &one.lines {
            let Some(left) = wanted.get_mut(line.channel_line.as_str()) else { continue };
            let pieces = line.remaining.min(*left);
            if pieces > 0 {
                *left -= pieces;
                lines.push((line.id.clone(), pieces));
            }
        }
        if !lines.is_empty() {
            taken.push(FulfilmentLines { fulfillment_order: one.id.clone(), lines });
        }
    }
    wanted.values().all(|left| *left == 0).then_some(taken)
}

/// How Shopify spells a carrier: with a name it knows it builds the tracking link itself.
fn company(carrier: Carrier) -> &'static str {
    carrier.name()
}

/// Asks the shop to record a fulfillment and tell the buyer.
///
/// # Errors
/// `CannotBuild` when there is nothing to tell, or the address or token cannot be sent.
pub fn build_create(
    shop: &Shop,
    lines: &[FulfilmentLines],
    carrier: Carrier,
    tracking: &str,
) -> Result<Request<Vec<u8>>, CannotBuild> {
    if tracking.trim().is_empty() {
        return Err(CannotBuild::WriteBack { field: "tracking" });
    }
    // Left empty, Shopify would mark everything as sent.
    if lines.is_empty() || lines.iter().any(|l| l.lines.is_empty()) {
        return Err(CannotBuild::WriteBack { field: "lines" });
    }
    let item = |(id, quantity): &(String, u32)| json!({ "id": id, "quantity": quantity });
    let of = |one: &FulfilmentLines| {
        json!({
            "fulfillmentOrderId": one.fulfillment_order,
            "fulfillmentOrderLineItems": one.lines.iter().map(item).collect::<Vec<Value>>(),
        })
    };
    let input = json!({
        "lineItemsByFulfillmentOrder": lines.iter().map(of).collect::<Vec<Value>>(),
        "trackingInfo": { "company": company(carrier), "number": tracking.trim() },
        "notifyCustomer": true,
    });
    call(shop, CREATE, &json!({ "f": input }))
}

/// Reads whether the fulfillment was recorded.
///
/// # Errors
/// `CannotRead::Refused` names the field Shopify refuses, never its text.
pub fn read_create(status: StatusCode, body: &[u8]) -> Result<(), CannotRead> {
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Data {
        fulfillment_create: Option<Payload>,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Payload {
        fulfillment: Option<Value>,
        #[serde(default)]
        user_errors: Vec<UserError>,
    }
    #[derive(Deserialize)]
    struct UserError {
        field: Option<Vec<String>>,
    }
    let data: Data = reply::whole(status, body, Reason::WriteBackRefused)?;
    let payload = data.fulfillment_create.ok_or(CannotRead::Reply)?;
    if let Some(error) = payload.user_errors.first() {
        let path = error.field.as_deref().unwrap_or_default().join(".");
        return Err(CannotRead::Refused { code: code(&path), reason: Reason::WriteBackRefused });
    }
    // Neither made nor refused: the next attempt reads before it tells again.
    payload.fulfillment.map(|_| ()).ok_or(CannotRead::Reply)
}

/// Telling the shop of one parcel: read, plan, create.
pub struct Talk {
    shop: Shop,
    sent: Sent,
    asked: Asked,
}

/// What was asked last.
enum Asked {
    Nothing,
    Fulfilment,
    Create,
}

impl Talk {
    /// Will tell the shop of this parcel.
    pub fn new(shop: &Shop, sent: Sent) -> Self {
        Self { shop: shop.clone(), sent, asked: Asked::Nothing }
    }

    /// The next request, or how it ended.
    ///
    /// # Errors
    /// As the build and read functions of this file.
    pub fn next(&mut self, reply: Option<&Response<Vec<u8>>>, _: &Stamp) -> Result<Next, Broke> {
        let Some(reply) = reply else {
            self.asked = Asked::Fulfilment;
            let request = build_read_fulfilment(&self.shop, &self.sent.channel_id, self.sent.order_lines)?;
            return Ok(Next::Send(Box::new(request)));
        };
        match std::mem::replace(&mut self.asked, Asked::Nothing) {
            Asked::Fulfilment => {
                let remote = read_fulfilment(reply.status(), reply.body())?;
                match plan(&remote, &self.sent.lines, &self.sent.tracking) {
                    Plan::AlreadyThere => Ok(Next::Over(Outcome::Applied)),
                    Plan::NotPossible(why) => Ok(Next::Over(Outcome::NotPossible(why))),
                    Plan::Create(parts) => {
                        self.asked = Asked::Create;
                        let (carrier, tracking) = (self.sent.carrier, &self.sent.tracking);
                        Ok(Next::Send(Box::new(build_create(&self.shop, &parts, carrier, tracking)?)))
                    }
                }
            }
            Asked::Create => {
                read_create(reply.status(), reply.body())?;
                Ok(Next::Over(Outcome::Applied))
            }
            Asked::Nothing => Err(CannotRead::Reply.into()),
        }
    }
}

#[derive(Deserialize)]
struct OrderData {
    order: Option<WireOrder>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireOrder {
    fulfillment_orders: List<WireWork>,
    #[serde(default)]
    fulfillments: Vec<WireFulfillment>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireWork {
    id: String,
    status: String,
    assigned_location: Option<Assigned>,
    line_items: List<WireLine>,
}

#[derive(Deserialize)]
struct Assigned {
    location: Option<WireId>,
}

#[derive(Deserialize)]
struct WireId {
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireLine {
    id: String,
    remaining_quantity: i64,
    line_item: WireId,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct WireFulfillment {
    status: Option<String>,
    #[serde(default)]
    tracking_info: Vec<Tracking>,
}

#[derive(Deserialize)]
struct Tracking {
    number: Option<String>,
}
