//! Forgetting on request, holding back from it, and opening beyond one's role: asked for and agreed to here, carried
//! out by the functions that may.

pub mod glass;
pub mod hold;
pub mod requests;

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use axum::extract::Path;
use axum::extract::rejection::PathRejection;
use jiff::Timestamp;
use waybill_domain::order::Order;
use waybill_domain::{MerchantId, OrderId};
use waybill_store::audit::{Action, Event, Stream};

/// The order a path names, if it is this merchant's.
async fn own_order(
    env: &Env,
    merchant: &MerchantId,
    path: Result<Path<String>, PathRejection>,
) -> Result<Order, Stop> {
    let id: OrderId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    Ok(env.db.order(&id).await?.filter(|order| order.merchant == *merchant).ok_or(NOT_FOUND)?)
}

/// Puts what was asked or agreed into the merchant's access chain.
async fn record(
    env: &Env,
    merchant: &MerchantId,
    action: Action,
    actor: &str,
    order: &OrderId,
    purpose: String,
    at: Timestamp,
) -> Result<(), Stop> {
    let event =
        Event { at, action, actor: actor.to_owned(), order: order.clone(), purpose, fields: Vec::new() };
    Ok(env.db.append(merchant, Stream::Access, &[event]).await?)
}
