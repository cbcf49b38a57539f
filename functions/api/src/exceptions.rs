//! `GET /v1/exceptions?status=…&limit=…&cursor=…`: orders that need a person, with what to do next.
//!
//! Without a status it covers the orders that stand still until someone acts: those held for an exception. An
//! order can also go on with an open matter, such as a booked one whose tracking number the channel refused;
//! those are found under their own status, `?status=booked`. Orders with no open matter are left out when they are
//! read, so a page may be short or empty and still have a `next`.

use crate::Env;
use crate::answer::Stop;
use crate::caller::Caller;
use crate::page::Asked;
use crate::search;
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use waybill_domain::OrderId;
use waybill_domain::access::Action;
use waybill_domain::exception::{Exception, Reason};
use waybill_domain::order::{Hold, Order, Status};
use waybill_domain::remedy::{Remedy, offered};

/// One page.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExceptionPage")]
pub struct Page {
    /// Orders with open matters, newest first.
    pub orders: Vec<Waiting>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An order that needs a person.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExceptionOrder")]
pub struct Waiting {
    /// Which.
    pub order: OrderId,
    /// Where it stands.
    pub status: Status,
    /// When it was placed, by the channel.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub placed_at: Timestamp,
    /// What is open.
    pub exceptions: Vec<Matter>,
}

/// One open matter.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ExceptionMatter")]
pub struct Matter {
    /// Why.
    pub reason: Reason,
    /// Since when.
    #[schemars(with = "waybill_domain::time::Moment")]
    pub since: Timestamp,
    /// A code or field name from the other side.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// What to do next.
    pub advice: &'static str,
    /// What to settle it with once that is done; absent where it ends by itself or elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<Remedy>,
}

impl Matter {
    /// The open matters of an order.
    pub fn all(order: &Order) -> Vec<Self> {
        order.exceptions.iter().map(|open| Self::of(open, order.status)).collect()
    }

    fn of(Exception { reason, since, detail }: &Exception, status: Status) -> Self {
        Self {
            reason: *reason,
            since: *since,
            detail: detail.clone(),
            advice: reason.advice(),
            remedy: offered(*reason, status),
        }
    }
}

impl From<&Order> for Waiting {
    fn from(order: &Order) -> Self {
        Self {
            order: order.id.clone(),
            status: order.status,
            placed_at: order.placed_at,
            exceptions: Matter::all(order),
        }
    }
}

fn needs_a_person(order: &Order) -> bool {
    !order.exceptions.is_empty() || order.hold == Some(Hold::Exception)
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `status_required`, `bad_filter`, `bad_limit`, `bad_cursor`, `bad_query`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller, asked: Asked) -> Result<Json<Page>, Stop> {
    let merchant = caller.may(&env, Action::ListExceptions)?;
    let status = asked.status()?.unwrap_or(Status::Held);
    let (orders, next) = search::orders(&env, merchant, &[status], &asked, needs_a_person).await?;
    Ok(Json(Page { orders: orders.iter().map(Waiting::from).collect(), next }))
}
