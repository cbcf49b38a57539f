//! Warehouses, bins and the policy: `GET`/`PUT` under `/v1/warehouses` and `/v1/policy`.

use crate::Env;
use crate::answer::{BAD_PLACE, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use crate::movements::exists;
use crate::wake;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeMap;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::places::{Address, Bin, Place};
use waybill_domain::sourcing::Policy;
use waybill_domain::stock::BinId;
use waybill_domain::{MerchantId, WarehouseId};
use waybill_http::{CHANGED_MEANWHILE, IfMatch};

/// Every warehouse.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Warehouses {
    /// By id.
    pub warehouses: Vec<Place>,
}

/// Every bin of a warehouse.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Bins {
    /// In walking order.
    pub bins: Vec<Bin>,
}

/// Lists warehouses, those of the registry with what was entered here.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Warehouses>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    Ok(Json(Warehouses { warehouses: known(&env, merchant).await?.into_values().collect() }))
}

/// Every warehouse by id.
async fn known(env: &Env, merchant: &MerchantId) -> Result<BTreeMap<WarehouseId, Place>, Stop> {
    let registry = env.db.merchant(merchant).await?.map(|m| m.warehouses).unwrap_or_default();
    let known = registry.into_iter().map(|w| Place {
        id: w.id,
        name: w.name,
        priority: w.priority,
        near: w.near,
        active: true,
        address: Address::default(),
        cut_off: None,
        carriers: Vec::new(),
    });
    let mut all: BTreeMap<WarehouseId, Place> = known.map(|place| (place.id.clone(), place)).collect();
    all.extend(env.db.places(merchant).await?.places);
    Ok(all)
}

/// Shows a warehouse.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<WarehouseId>, PathRejection>,
) -> Result<Json<Place>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Path(id) = path.map_err(|_| NOT_FOUND)?;
    Ok(Json(known(&env, merchant).await?.remove(&id).ok_or(NOT_FOUND)?))
}

/// Stores a warehouse; when it is open, orders that wait for goods are tried again within minutes.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_place`, `invalid_field`, `changed_meanwhile`, `unavailable`.
pub async fn save(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<WarehouseId>, PathRejection>,
    seen: IfMatch,
    Told(place): Told<Place>,
) -> Result<Json<Place>, Stop> {
    let merchant = caller.may(&env, Action::KeepPlaces)?;
    if path.ok().is_none_or(|Path(id)| id != place.id) {
        return Err(BAD_PLACE.into());
    }
    place.check()?;
    if !seen.is_given() {
        env.db.save_place(merchant, &place).await?;
    } else {
        // One that nobody corrected here is shown as the registry has it.
        let shown = known(&env, merchant).await?.remove(&place.id);
        let same = |held: Option<&Place>| held.or(shown.as_ref()).is_some_and(|now| seen.is(now));
        if !env.db.replace_place(merchant, &place, same).await? {
            return Err(CHANGED_MEANWHILE.into());
        }
    }
    if place.active {
        wake::every_backorder(&env, merchant).await?;
    }
    Ok(Json(place))
}

/// Lists bins.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn bins(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<WarehouseId>, PathRejection>,
) -> Result<Json<Bins>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Path(warehouse) = path.map_err(|_| NOT_FOUND)?;
    let mut bins: Vec<Bin> = env.db.bins(merchant, &warehouse).await?.into_values().collect();
    bins.sort_by_key(|bin| (bin.walk, bin.id.clone()));
    Ok(Json(Bins { bins }))
}

/// Shows a bin.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read_bin(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<(WarehouseId, BinId)>, PathRejection>,
) -> Result<Json<Bin>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Path((warehouse, id)) = path.map_err(|_| NOT_FOUND)?;
    Ok(Json(env.db.bin(merchant, &warehouse, &id).await?.ok_or(NOT_FOUND)?))
}

/// Stores a bin.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `bad_place`, `invalid_field`, `changed_meanwhile`, `unavailable`.
pub async fn save_bin(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<(WarehouseId, BinId)>, PathRejection>,
    seen: IfMatch,
    Told(bin): Told<Bin>,
) -> Result<Json<Bin>, Stop> {
    let merchant = caller.may(&env, Action::KeepPlaces)?;
    let Path((warehouse, id)) = path.map_err(|_| BAD_PLACE)?;
    if id != bin.id {
        return Err(BAD_PLACE.into());
    }
    bin.check()?;
    exists(&env, merchant, &warehouse).await?;
    if !seen.is_given() {
        env.db.save_bin(merchant, &warehouse, &bin).await?;
    } else if !env.db.replace_bin(merchant, &warehouse, &bin, |now| seen.is(now)).await? {
        return Err(CHANGED_MEANWHILE.into());
    }
    Ok(Json(bin))
}

/// Takes a bin off the map. What lies there stays until somebody moves it, and is still picked; once the last bin is gone,
/// the warehouse has no map, and any bin may be named again.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn remove_bin(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<(WarehouseId, BinId)>, PathRejection>,
) -> Result<Json<Bin>, Stop> {
    let merchant = caller.may(&env, Action::KeepPlaces)?;
    let Path((warehouse, id)) = path.map_err(|_| NOT_FOUND)?;
    let bin = env.db.bin(merchant, &warehouse, &id).await?.ok_or(NOT_FOUND)?;
    env.db.remove_bin(merchant, &warehouse, &id).await?;
    Ok(Json(bin))
}

/// Shows the policy.
///
/// # Errors
/// `no_access`, `not_allowed`, `unavailable`.
pub async fn policy(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Policy>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    Ok(Json(env.db.places(merchant).await?.policy))
}

/// Stores the policy; channels are told what it leaves them, and orders that wait are tried again, within minutes.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_body`, `invalid_field`, `changed_meanwhile`, `unavailable`.
pub async fn save_policy(
    State(env): State<Arc<Env>>,
    caller: Caller,
    seen: IfMatch,
    Told(policy): Told<Policy>,
) -> Result<Json<Policy>, Stop> {
    let merchant = caller.may(&env, Action::KeepPlaces)?;
    policy.check()?;
    if !seen.is_given() {
        env.db.save_policy(merchant, &policy).await?;
    } else if !env.db.replace_policy(merchant, &policy, |now| seen.is(now)).await? {
        return Err(CHANGED_MEANWHILE.into());
    }
    wake::channels_of_everything(&env, merchant).await?;
    wake::every_backorder(&env, merchant).await?;
    Ok(Json(policy))
}
