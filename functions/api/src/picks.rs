//! Pick lists: `/v1/picks`. Nothing in them names a person.

use crate::Env;
use crate::answer::{BAD_REFERENCE, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::movements::exists;
use crate::wake;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use http::StatusCode;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::allocation::held;
use waybill_domain::order::{Order, Status};
use waybill_domain::picking::{PickList, Style, Wrong};
use waybill_domain::stock::{BinId, is_reference};
use waybill_domain::{OrderId, WarehouseId};
use waybill_runtime::problem::Problem;
use waybill_store::stock::picks::{NotConfirmed, Request};
use waybill_store::{Queue, Work};

/// The most orders of one list.
const MOST_ORDERS: usize = 50;

const WRONG_ARTICLE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "wrong_article",
    "This is another article: scan the one the list names.",
);
const WRONG_BIN: Problem =
    Problem::new(StatusCode::CONFLICT, "wrong_bin", "This is another bin: go to the one the list names.");
const TOO_MANY: Problem =
    Problem::new(StatusCode::CONFLICT, "too_many", "The stop asks for fewer pieces; count again.");
const DONE_BEFORE: Problem =
    Problem::new(StatusCode::CONFLICT, "done_before", "This stop was done before; go on to the next.");
const TOO_MANY_ORDERS: Problem = Problem::new(
    StatusCode::BAD_REQUEST,
    "too_many_orders",
    "Name one order for a single list, and at most 50 for any other.",
);

/// What is to be picked.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "PickListBody")]
#[serde(deny_unknown_fields)]
pub struct Making {
    /// What the list is called; the same name again gives the same list.
    pub(crate) list: String,
    pub(crate) warehouse: WarehouseId,
    pub(crate) style: Style,
    pub(crate) zone: Option<String>,
    /// Which orders; the oldest that hold goods there when absent.
    #[serde(default)]
    pub(crate) orders: Vec<OrderId>,
}

/// A list that was made.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "PickListMade")]
pub struct Made {
    /// The list.
    pub list: PickList,
    /// Pieces that lie in no spot of the walk, by SKU.
    pub not_found: BTreeMap<String, i64>,
}

/// Lists that are not done.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OpenPickLists")]
pub struct Open {
    /// By name.
    pub lists: Vec<PickList>,
}

/// Makes a list.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_reference`, `bad_place`, `too_many_orders`, `busy`, `unavailable`.
pub async fn make(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(body): Told<Making>,
) -> Result<Json<Made>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    if !is_reference(&body.list) {
        return Err(BAD_REFERENCE.into());
    }
    let most = if body.style == Style::Single { 1 } else { MOST_ORDERS };
    if body.orders.len() > most || (body.style == Style::Zone && body.zone.is_none()) {
        return Err(TOO_MANY_ORDERS.into());
    }
    exists(&env, merchant, &body.warehouse).await?;
    let mut orders = body.orders;
    if orders.is_empty() {
        let there = |order: &Order| held(order).keys().any(|(_, place)| *place == body.warehouse);
        for status in [Status::Booked, Status::Allocated, Status::Picking, Status::PartAllocated] {
            let (page, _) = env.db.oldest_of(merchant, status, None).await?;
            let wanted = page.into_iter().filter(|o| o.holds_stock() && there(o)).map(|o| o.id);
            orders.extend(wanted);
        }
        orders.truncate(most);
    }
    let request = Request {
        id: body.list,
        warehouse: body.warehouse,
        style: body.style,
        zone: body.zone.filter(|_| body.style == Style::Zone),
        orders,
    };
    let (list, missing) = env.db.make_pick_list(merchant, &request, env.clock.read()).await?;
    let not_found = missing.into_iter().map(|((sku, _), pieces)| (sku, pieces)).collect();
    Ok(Json(Made { list, not_found }))
}

fn named(path: Result<Path<String>, PathRejection>) -> Result<String, Stop> {
    path.ok().map(|Path(name)| name).filter(|name| is_reference(name)).ok_or_else(|| NOT_FOUND.into())
}

/// Shows a list.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<PickList>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    env.db.pick_list(merchant, &named(path)?).await?.map(Json).ok_or_else(|| NOT_FOUND.into())
}

/// Lists what is not done.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Open>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let mut lists = env.db.pick_lists(merchant).await?;
    lists.retain(PickList::is_open);
    Ok(Json(Open { lists }))
}

/// A stop that was walked to.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "StopBody")]
#[serde(deny_unknown_fields)]
pub struct Confirming {
    pub(crate) stop: u32,
    /// The bin's label, where it was scanned too.
    pub(crate) bin: Option<BinId>,
    /// The article's barcode, or its SKU.
    pub(crate) scanned: String,
    /// Pieces that were there.
    pub(crate) quantity: i64,
}

/// What confirming a stop led to.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "StopDone")]
pub struct Confirmed {
    /// Pieces that were not there, by order.
    pub missing: Vec<(OrderId, i64)>,
    /// Orders that are given other goods.
    pub allocated_again: Vec<OrderId>,
    /// Stops that are left to walk to.
    pub stops_left: usize,
}

/// Confirms a stop.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `not_found`, `wrong_article`, `wrong_bin`, `too_many`, `done_before`,
/// `busy`, `unavailable`.
pub async fn confirm(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    Told(body): Told<Confirming>,
) -> Result<Json<Confirmed>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    let (id, now) = (named(path)?, env.clock.read());
    let Confirming { stop, bin, scanned, quantity } = body;
    let done = env
        .db
        .confirm_pick(merchant, &id, stop, bin.as_ref(), &scanned, quantity, caller.actor(), now)
        .await?
        .map_err(|not| match not {
            NotConfirmed::Unknown => NOT_FOUND,
            NotConfirmed::Wrong(Wrong::Article) => WRONG_ARTICLE,
            NotConfirmed::Wrong(Wrong::Bin) => WRONG_BIN,
            NotConfirmed::Wrong(Wrong::Quantity) => TOO_MANY,
            NotConfirmed::Wrong(Wrong::Done) => DONE_BEFORE,
        })?;
    if !done.missing.is_empty()
        && let Some(task) = done.list.tasks.iter().find(|task| task.n == stop)
    {
        wake::channels(&env, merchant, &task.sku).await?;
    }
    let again: Vec<Work> =
        done.again.iter().map(|order| Work::Order { order: order.clone(), at: now }).collect();
    if !again.is_empty() {
        env.queues.send(Queue::Allocate, &again, 0).await?;
    }
    let left = done.list.tasks.iter().filter(|t| t.state == waybill_domain::picking::TaskState::Open).count();
    Ok(Json(Confirmed { missing: done.missing, allocated_again: done.again, stops_left: left }))
}

/// Closes a list.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `busy`, `unavailable`.
pub async fn drop_list(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<PickList>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    env.db.drop_pick_list(merchant, &named(path)?).await?.map(Json).ok_or_else(|| NOT_FOUND.into())
}
