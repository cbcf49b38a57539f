//! `GET /v1/orders?status=…&channel=…&placed_from=…&limit=…&cursor=…&fields=…`: a merchant's orders, newest first.
//!
//! With a status one list of the index is read; without, all eleven side by side. Status and time are in the index;
//! account, channel, SKU and reason are held against each order, so a page may be short and still have a `next`.

use crate::Env;
use crate::answer::{BAD_QUERY, Stop};
use crate::caller::Caller;
use crate::page::Asked;
use crate::search;
use crate::sparse::{Fields, InParts, Part};
use axum::Json;
use axum::extract::{FromRequestParts, Query, State};
use http::request::Parts;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::OrderId;
use waybill_domain::access::Action;
use waybill_domain::exception::Reason;
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, Hold, Order, PersonalData, Status};
use waybill_domain::packing;

/// The query of the list: which orders, and what of each.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "OrderListQuery")]
pub struct Wanted {
    #[serde(flatten)]
    orders: Asked,
    /// Only these fields of each order, by name, with commas between them; all of them without it.
    fields: Option<String>,
}

impl<S: Sync> FromRequestParts<S> for Wanted {
    type Rejection = Stop;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Stop> {
        let Query(wanted) = Query::try_from_uri(&parts.uri).map_err(|_| BAD_QUERY)?;
        Ok(wanted)
    }
}

/// One page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderPage")]
pub struct Page<T = Summary> {
    /// At most as many as asked for, newest first.
    pub orders: Vec<T>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An order in a list.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderSummary")]
pub struct Summary {
    /// Which.
    pub order: OrderId,
    /// Through which channel it came.
    pub channel: Channel,
    /// Where it stands.
    pub status: Status,
    /// Why, when it is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<Hold>,
    /// Its labels wait until the warehouse has packed it.
    pub to_pack: bool,
    /// When it was placed, by the channel.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub placed_at: Timestamp,
    /// How many lines it has.
    pub lines: usize,
    /// Pieces that must leave a warehouse.
    pub pieces: u32,
    /// What was paid.
    pub total: Money,
    /// Its open matters.
    pub exceptions: Vec<Reason>,
    /// Whether its personal data is still there.
    pub personal_data: PersonalData,
}

impl InParts for Summary {
    const FIELDS: &'static [&'static str] = &[
        "order",
        "channel",
        "status",
        "hold",
        "to_pack",
        "placed_at",
        "lines",
        "pieces",
        "total",
        "exceptions",
        "personal_data",
    ];
}

/// All its goods are promised, and its labels wait until they are packed.
fn to_pack(order: &Order) -> bool {
    matches!(order.status, Status::Allocated | Status::PartAllocated | Status::Picking)
        && packing::waits(order)
}

impl From<&Order> for Summary {
    fn from(order: &Order) -> Self {
        Self {
            order: order.id.clone(),
            channel: order.channel,
            status: order.status,
            hold: order.hold,
            to_pack: to_pack(order),
            placed_at: order.placed_at,
            lines: order.lines.len(),
            pieces: order.pieces_to_ship(),
            total: order.total.clone(),
            exceptions: order.exceptions.iter().map(|e| e.reason).collect(),
            personal_data: order.personal,
        }
    }
}

/// Answers with what is wanted of each.
///
/// # Errors
/// `no_access`, `not_allowed`, `status_required`, `bad_filter`, `bad_limit`, `bad_cursor`, `bad_fields`, `bad_query`,
/// `unavailable`.
pub async fn show(
    State(env): State<Arc<Env>>,
    caller: Caller,
    wanted: Wanted,
) -> Result<Json<Page<Part<Summary>>>, Stop> {
    caller.may(&env, Action::ListOrders)?;
    let fields = Fields::of::<Summary>(wanted.fields.as_deref())?;
    let Json(Page { orders, next }) = list(State(env), caller, wanted.orders).await?;
    Ok(Json(Page { orders: orders.into_iter().map(|one| fields.show(one)).collect(), next }))
}

/// The page, whole.
///
/// # Errors
/// As [`show`], but for `bad_fields`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller, asked: Asked) -> Result<Json<Page>, Stop> {
    let merchant = caller.may(&env, Action::ListOrders)?;
    let statuses = asked.status()?.map_or(Status::ALL.to_vec(), |one| vec![one]);
    let (orders, next) = search::orders(&env, merchant, &statuses, &asked, |_| true).await?;
    Ok(Json(Page { orders: orders.iter().map(Summary::from).collect(), next }))
}
