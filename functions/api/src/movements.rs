//! `POST /v1/stock/movements`: what staff and other systems do to goods, once by reference.

use crate::Env;
use crate::answer::{
    BAD_PLACE, BAD_QUANTITY, BAD_REFERENCE, NEEDS_LOT, NESTED_BUNDLE, NOT_ENOUGH, OTHER_CONTENT, Stop,
    UNKNOWN_BIN,
};
use crate::body::Told;
use crate::caller::Caller;
use crate::wake;
use axum::Json;
use axum::extract::State;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::catalogue::is_sku;
use waybill_domain::stock::{Movement, MovementKind, Spot, Why, is_reference};
use waybill_domain::{MerchantId, WarehouseId};
use waybill_store::stock::by_hand::Recorded;

/// The most pieces of one movement.
pub(crate) const MOST: i64 = 1_000_000;

/// What is to be recorded.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "MovementBody")]
#[serde(deny_unknown_fields)]
pub struct Body {
    kind: MovementKind,
    sku: String,
    warehouse: WarehouseId,
    quantity: i64,
    /// Where the goods are taken from; chosen for the caller when absent.
    from: Option<Spot>,
    /// Where they are put; the dock when absent.
    to: Option<Spot>,
    reason: Why,
    reference: String,
}

/// What became of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "MovementDone")]
pub struct Done {
    /// It had been recorded before.
    pub repeat: bool,
    /// From and to which spots.
    pub spots: Vec<(Spot, i64)>,
    /// Orders that waited for such goods and are looked at now.
    pub woken: usize,
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_reference`, `bad_quantity`, `bad_place`, `unknown_bin`,
/// `needs_lot`, `nested_bundle`, `not_enough`, `other_content`, `busy`, `unavailable`.
pub async fn record(
    State(env): State<Arc<Env>>,
    caller: Caller,
    Told(body): Told<Body>,
) -> Result<Json<Done>, Stop> {
    let merchant = caller.may(&env, Action::WorkStock)?;
    if !body.kind.is_by_hand() || !is_sku(&body.sku) {
        return Err(BAD_PLACE.into());
    }
    if !is_reference(&body.reference) {
        return Err(BAD_REFERENCE.into());
    }
    let least = if body.kind.is_signed() { -MOST } else { 1 };
    if body.quantity == 0 || !(least..=MOST).contains(&body.quantity) {
        return Err(BAD_QUANTITY.into());
    }
    exists(&env, merchant, &body.warehouse).await?;
    let movement = laid_out(&env, merchant, &body).await?.noted(
        Some(body.reason),
        Some(caller.actor()),
        &body.reference,
    );
    let put = movement.spots.iter().filter(|(_, pieces)| *pieces > 0);
    for (spot, _) in put {
        on_the_map(&env, merchant, &body.warehouse, spot).await?;
    }
    fits_catalogue(&env, merchant, &body.sku, &movement).await?;
    let (effect, spots) = (movement.effect(), movement.spots.clone());
    let repeat = outcome(env.db.record(merchant, &body.sku, movement).await?)?;
    wake::channels(&env, merchant, &body.sku).await?;
    let woken = if effect.on_hand > 0 { wake::backorders(&env, merchant, &body.sku).await? } else { 0 };
    Ok(Json(Done { repeat, spots, woken }))
}

/// The movement with the spots it goes between.
async fn laid_out(env: &Env, merchant: &MerchantId, body: &Body) -> Result<Movement, Stop> {
    let Body { kind, sku, warehouse, quantity, from, to, .. } = body;
    let movement = Movement::new(*kind, warehouse.clone(), *quantity, env.clock.read());
    let packed = |spot: &Option<Spot>| spot.as_ref().is_some_and(Spot::is_packed);
    if packed(from) || packed(to) {
        return Err(BAD_PLACE.into());
    }
    let on_hand = movement.effect().on_hand;
    match (on_hand.signum(), kind) {
        (1, _) => Ok(movement.between(None, Some(to.clone().unwrap_or_else(Spot::dock)))),
        (-1, _) => match from {
            Some(_) => Ok(movement.between(from.clone(), None)),
            None => {
                let slot = (sku.clone(), warehouse.clone());
                let drawn = env.db.draw(merchant, &slot, -on_hand, None).await?.ok_or(NOT_ENOUGH)?;
                let spots = drawn.into_iter().map(|(spot, pieces)| (spot, -pieces)).collect();
                Ok(Movement { spots, ..movement })
            }
        },
        (_, MovementKind::Putaway) => {
            let to = to.clone().ok_or(BAD_PLACE)?;
            let from = from.clone().unwrap_or_else(|| to.in_bin(Spot::dock().bin));
            Ok(movement.between(Some(from), Some(to)))
        }
        (_, MovementKind::Move) => match (from, to) {
            (Some(from), Some(to)) if from != to && from.lot == to.lot => {
                Ok(movement.between(Some(from.clone()), Some(to.clone())))
            }
            _ => Err(BAD_PLACE.into()),
        },
        _ => Ok(movement),
    }
}

/// Goods of a SKU with lots come in with their lot, and a bundle has no goods of its own.
async fn fits_catalogue(
    env: &Env,
    merchant: &MerchantId,
    sku: &str,
    movement: &Movement,
) -> Result<(), Stop> {
    let Some(known) = env.db.skus(merchant, &[sku.to_owned()]).await?.pop() else { return Ok(()) };
    if known.is_bundle() {
        return Err(NESTED_BUNDLE.into());
    }
    if known.lots && movement.spots.iter().any(|(spot, pieces)| *pieces > 0 && spot.lot.is_none()) {
        return Err(NEEDS_LOT.into());
    }
    Ok(())
}

/// A warehouse of this merchant, of the registry or entered here.
pub(crate) async fn exists(env: &Env, merchant: &MerchantId, warehouse: &WarehouseId) -> Result<(), Stop> {
    let registry = env.db.merchant(merchant).await?.map(|m| m.candidates()).unwrap_or_default();
    let known = env.db.places(merchant).await?.warehouses(&registry);
    if known.contains(warehouse) { Ok(()) } else { Err(BAD_PLACE.into()) }
}

/// What is put somewhere is put where pickers will look for it: into a bin of the warehouse's map, where it has one, or at
/// the dock. What lies in other bins can be taken from there, and a count says what there is, wherever it lies.
pub(crate) async fn on_the_map(
    env: &Env,
    merchant: &MerchantId,
    warehouse: &WarehouseId,
    spot: &Spot,
) -> Result<(), Stop> {
    let known = spot.is_dock() || env.db.may_hold(merchant, warehouse, &spot.bin).await?;
    if known { Ok(()) } else { Err(UNKNOWN_BIN.into()) }
}

/// True for a repeat.
pub(crate) fn outcome(recorded: Recorded) -> Result<bool, Stop> {
    match recorded {
        Recorded::Done => Ok(false),
        Recorded::Repeat => Ok(true),
        Recorded::Different => Err(OTHER_CONTENT.into()),
        Recorded::Short => Err(NOT_ENOUGH.into()),
    }
}
