//! `GET /v1/orders/{order}`: one order with its lines, shipments and open matters. Nothing in it names or locates
//! a person; what leads to one at the channel or carrier is left out once the purge time has come (CONTROLS C3).

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::caller::Caller;
use crate::exceptions::Matter;
use crate::instructions::{Instructions, is_purged};
use crate::orders::Summary;
use crate::sparse::{InParts, Part, Wanted};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use rust_decimal::Decimal;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::order::{Allocation, ChannelRef, Destination, Line, Order};
use waybill_domain::paper::{Paper, Printed, Progress};
use waybill_domain::service::ServiceChoice;
use waybill_domain::shipment::{Booking, Shipment, Transit, WriteBack};
use waybill_domain::{ConnectionId, LineId, OrderId, ShipmentId, WarehouseId};

/// One order.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Order")]
pub struct View {
    /// What the list shows of it.
    pub summary: Summary,
    /// Through which account it came.
    pub connection: ConnectionId,
    /// What the channel calls it, until it is forgotten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channel_order: Option<ChannelRef>,
    /// Where it goes, no finer than a postcode area.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub destination: Option<Destination>,
    /// When its last shipment left.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub shipped_at: Option<Timestamp>,
    /// When its last shipment arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub delivered_at: Option<Timestamp>,
    /// When it was cancelled.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub cancelled_at: Option<Timestamp>,
    /// Its lines.
    pub lines: Vec<LineView>,
    /// What has left or will leave.
    pub shipments: Vec<ShipmentView>,
    /// What is open, with what to do next.
    pub exceptions: Vec<Matter>,
    /// What the merchant's own people said of it.
    pub instructions: Instructions,
}

/// One line.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderLine")]
pub struct LineView {
    /// Ours.
    pub line: LineId,
    /// As the channel named it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sku: Option<String>,
    /// Pieces.
    pub quantity: u32,
    /// Whether it leaves a warehouse.
    pub ships: bool,
    /// Price of one piece in the order's currency.
    pub price: Decimal,
    /// What is reserved for it, and where.
    pub allocations: Vec<Allocation>,
}

impl From<&Line> for LineView {
    fn from(line: &Line) -> Self {
        Self {
            line: line.id.clone(),
            sku: line.sku.clone(),
            quantity: line.quantity,
            ships: line.ships,
            price: line.price,
            allocations: line.allocations.clone(),
        }
    }
}

/// How far a booking is, without the carrier's keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "BookingState")]
#[serde(rename_all = "snake_case")]
pub enum BookingView {
    /// Not at the carrier, as far as is known.
    Planned,
    /// The carrier knows it; there is no label yet.
    Created,
    /// Its label can be downloaded.
    Labelled,
    /// Cancelled at the carrier.
    Voided,
    /// Its person is forgotten.
    Forgotten,
}

impl BookingView {
    /// Of a booking.
    pub fn of(booking: &Booking) -> Self {
        match booking {
            Booking::Planned => Self::Planned,
            Booking::Created { .. } => Self::Created,
            Booking::Labelled { .. } => Self::Labelled,
            Booking::Voided => Self::Voided,
            Booking::Forgotten => Self::Forgotten,
        }
    }
}

/// One parcel of a shipment.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShipmentParcel")]
pub struct ParcelView {
    /// Its share of the weight, in grams.
    pub grams: u32,
    /// Its tracking number, while there is a live label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
}

/// One shipment.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Shipment")]
pub struct ShipmentView {
    /// Ours.
    pub shipment: ShipmentId,
    /// Of which order.
    pub order: OrderId,
    /// Through which carrier account.
    pub connection: ConnectionId,
    /// From where.
    pub warehouse: WarehouseId,
    /// Which service.
    pub service: ServiceChoice,
    /// Pieces of which lines.
    pub lines: Vec<(LineId, u32)>,
    /// Weight in grams, packaging included, all parcels together.
    pub grams: u32,
    /// In which parcels it goes.
    pub parcels: Vec<ParcelView>,
    /// How far the booking is.
    pub booking: BookingView,
    /// The tracking number, while there is a live label.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// How far telling the channel is.
    pub write_back: WriteBack,
    /// Where the parcel is.
    pub transit: Transit,
    /// When the label was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub labelled_at: Option<Timestamp>,
    /// When the carrier last saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub seen_at: Option<Timestamp>,
    /// When it arrived.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    pub delivered_at: Option<Timestamp>,
    /// Names of the personal fields the carrier was given.
    pub disclosed: Vec<String>,
    /// Papers that were asked for beside the label.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub papers: Vec<PaperView>,
}

/// A paper beside a label.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShipmentPaper")]
pub struct PaperView {
    /// Which.
    pub paper: Paper,
    /// How far it is.
    pub state: Progress,
    /// When the carrier was asked.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub asked_at: Timestamp,
    /// Through which account.
    pub connection: ConnectionId,
    /// A return label's own number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tracking: Option<String>,
    /// Names of the personal fields the carrier was given for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub disclosed: Vec<String>,
}

impl PaperView {
    fn new(printed: &Printed, purged: bool) -> Self {
        let Printed { paper, progress, at, carrier, tracking, disclosed } = printed.clone();
        let tracking = tracking.filter(|_| !purged);
        Self { paper, state: progress, asked_at: at, connection: carrier, tracking, disclosed }
    }
}

impl ShipmentView {
    /// `purged`: the order's purge time has come, whether or not the erasure has.
    pub(crate) fn new(shipment: &Shipment, purged: bool) -> Self {
        let numbers = if purged { Vec::new() } else { shipment.numbers() };
        let tracking = |n: usize| numbers.get(n).map(|number| (*number).to_owned());
        let parcel = |(n, grams): (usize, u32)| ParcelView { grams, tracking: tracking(n) };
        Self {
            shipment: shipment.id.clone(),
            order: shipment.order.clone(),
            connection: shipment.carrier.clone(),
            warehouse: shipment.warehouse.clone(),
            service: shipment.service.clone(),
            lines: shipment.lines.clone(),
            grams: shipment.grams,
            parcels: shipment.parcel_grams().into_iter().enumerate().map(parcel).collect(),
            booking: BookingView::of(&shipment.booking),
            tracking: shipment.tracking().filter(|_| !purged).map(str::to_owned),
            write_back: shipment.write_back.clone(),
            transit: shipment.transit,
            labelled_at: shipment.labelled_at,
            seen_at: shipment.seen_at,
            delivered_at: shipment.delivered_at,
            disclosed: shipment.disclosed.clone(),
            papers: shipment.papers.iter().map(|one| PaperView::new(one, purged)).collect(),
        }
    }
}

impl View {
    /// `purged`: the purge time has come, whether or not the erasure has.
    fn new(order: &Order, shipments: &[Shipment], purged: bool) -> Self {
        Self {
            summary: Summary::from(order),
            connection: order.connection.clone(),
            channel_order: order.channel_ref.clone().filter(|_| !purged),
            destination: order.destination.clone().filter(|_| !purged),
            shipped_at: order.milestones.shipped,
            delivered_at: order.milestones.delivered,
            cancelled_at: order.milestones.cancelled,
            lines: order.lines.iter().map(LineView::from).collect(),
            shipments: shipments.iter().map(|s| ShipmentView::new(s, purged)).collect(),
            exceptions: Matter::all(order),
            instructions: Instructions::of(order, purged),
        }
    }
}

impl InParts for View {
    const FIELDS: &'static [&'static str] = &[
        "summary",
        "connection",
        "channel_order",
        "destination",
        "shipped_at",
        "delivered_at",
        "cancelled_at",
        "lines",
        "shipments",
        "exceptions",
        "instructions",
    ];
}

/// Answers with what is wanted of it.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `bad_fields`, `bad_query`, `unavailable`.
pub async fn show(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    wanted: Result<Wanted, Stop>,
) -> Result<Json<Part<View>>, Stop> {
    caller.may(&env, Action::ReadOrder)?;
    let fields = wanted?.of::<View>()?;
    let Json(view) = read(State(env), caller, path).await?;
    Ok(Json(fields.show(view)))
}

/// The order, whole.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadOrder)?;
    let id: OrderId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    let order = env.db.order(&id).await?.filter(|order| order.merchant == *merchant).ok_or(NOT_FOUND)?;
    let purged = is_purged(&env, &order).await?;
    let shipments = env.db.shipments(&id).await?;
    Ok(Json(View::new(&order, &shipments, purged)))
}
