//! Transfers between warehouses: `POST /v1/stock/transfers` sends, `POST …/{reference}/receive` takes in,
//! `GET /v1/stock/transfers` lists what is under way.

use crate::Env;
use crate::answer::{BAD_PLACE, BAD_QUANTITY, BAD_REFERENCE, NOT_ENOUGH, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::movements::{MOST, exists, on_the_map, outcome};
use crate::wake;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::WarehouseId;
use waybill_domain::access::Action;
use waybill_domain::catalogue::is_sku;
use waybill_domain::service::local_date;
use waybill_domain::stock::{Spot, is_reference};
use waybill_store::stock::transfers::Transfer;

/// What is to be sent.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "TransferBody")]
#[serde(deny_unknown_fields)]
pub struct Sending {
    sku: String,
    from: WarehouseId,
    to: WarehouseId,
    quantity: i64,
    /// From which spot; chosen for the caller when absent.
    spot: Option<Spot>,
    reference: String,
}

/// What arrived.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ArrivalBody")]
#[serde(deny_unknown_fields)]
pub struct Arriving {
    quantity: i64,
    /// Tells several arrivals of one transfer apart.
    part: String,
    /// Where it is put; the dock when absent.
    to: Option<Spot>,
}

/// What is under way.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TransfersUnderWay")]
pub struct UnderWay {
    /// By reference.
    pub transfers: Vec<Transfer>,
}

/// A transfer that is under way.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TransferSent")]
pub struct Sent {
    /// Which.
    pub reference: String,
    /// It had been recorded before.
    pub repeat: bool,
}

/// Goods that were taken in.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TransferReceived")]
pub struct Received {
    /// Of which transfer.
    pub reference: String,
    /// It had been recorded before.
    pub repeat: bool,
    /// Orders that waited for such goods and are looked at now.
    pub woken: usize,
}

/// Sends goods.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_reference`, `bad_quantity`, `bad_place`, `not_enough`,
/// `other_content`, `busy`, `unavailable`.
pub async fn send(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(body): Told<Sending>,
) -> Result<Json<Sent>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    let Sending { sku, from, to, quantity, spot, reference } = body;
    // A colon separates the transfer from its parts.
    if !is_reference(&reference) || reference.contains(':') {
        return Err(BAD_REFERENCE.into());
    }
    if !(1..=MOST).contains(&quantity) {
        return Err(BAD_QUANTITY.into());
    }
    if from == to || !is_sku(&sku) || spot.as_ref().is_some_and(Spot::is_packed) {
        return Err(BAD_PLACE.into());
    }
    exists(&env, merchant, &from).await?;
    exists(&env, merchant, &to).await?;
    let at = env.clock.read();
    let spots = match spot {
        Some(spot) => vec![(spot, quantity)],
        // A repeat may find the goods gone: what it says then is decided by the reference, not by the shelf.
        None => {
            let (slot, today) = ((sku.clone(), from.clone()), local_date(at));
            env.db.draw(merchant, &slot, quantity, Some(today)).await?.unwrap_or_default()
        }
    };
    let transfer = Transfer {
        reference: reference.clone(),
        sku,
        from,
        to,
        sent: quantity,
        left: quantity,
        goods: Vec::new(),
        at,
    };
    if spots.is_empty() {
        let known = env.db.transfers(merchant).await?.into_iter().find(|t| t.reference == reference);
        let same = known.is_some_and(|t| t.sku == transfer.sku && t.sent == quantity);
        if !same {
            return Err(NOT_ENOUGH.into());
        }
        wake::channels(&env, merchant, &transfer.sku).await?;
        return Ok(Json(Sent { reference, repeat: true }));
    }
    let repeat = outcome(env.db.transfer_out(merchant, &transfer, spots, Some(caller.actor())).await?)?;
    wake::channels(&env, merchant, &transfer.sku).await?;
    Ok(Json(Sent { reference, repeat }))
}

/// Takes goods in.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_reference`, `bad_quantity`, `bad_place`, `unknown_bin`, `not_found`,
/// `not_enough`, `other_content`, `busy`, `unavailable`.
pub async fn receive(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    Told(body): Told<Arriving>,
) -> Result<Json<Received>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    let reference = path.ok().map(|Path(r)| r).filter(|r| is_reference(r)).ok_or(NOT_FOUND)?;
    if !is_reference(&body.part) {
        return Err(BAD_REFERENCE.into());
    }
    if !(1..=MOST).contains(&body.quantity) {
        return Err(BAD_QUANTITY.into());
    }
    let to = body.to.unwrap_or_else(Spot::dock);
    if to.is_packed() {
        return Err(BAD_PLACE.into());
    }
    // What has arrived whole is no more under way: a repeat of it is known by its reference.
    if let Some(coming) = env.db.transfer(merchant, &reference).await? {
        on_the_map(&env, merchant, &coming.to, &to).await?;
    }
    let (actor, now) = (Some(caller.actor()), env.clock.read());
    let (transfer, recorded) = env
        .db
        .transfer_in(merchant, &reference, &body.part, body.quantity, to, actor, now)
        .await?
        .ok_or(NOT_FOUND)?;
    let repeat = outcome(recorded)?;
    wake::channels(&env, merchant, &transfer.sku).await?;
    let woken = wake::backorders(&env, merchant, &transfer.sku).await?;
    Ok(Json(Received { reference, repeat, woken }))
}

/// Lists what is under way.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<UnderWay>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let mut transfers = env.db.transfers(merchant).await?;
    transfers.retain(|transfer| transfer.left > 0);
    Ok(Json(UnderWay { transfers }))
}
