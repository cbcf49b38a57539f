//! `GET /v1/orders/{order}/allocation`: what would be decided for an order now, and why; nothing is reserved.
//! `GET /v1/orders/{order}/services`: which service would be booked for it now, and why; nobody is called.
//! `POST /v1/orders/{order}/let-go`: an order that a rule of the merchant holds goes on.

use crate::Env;
use crate::answer::{BUSY, NOT_FOUND, NOT_WAITING, Stop};
use crate::caller::Caller;
use crate::wake;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use schemars::JsonSchema;
use serde::Serialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::allocation::{Explained, Ground, explain as why, skus_of};
use waybill_domain::booking::{Planned, plan};
use waybill_domain::exception::Reason;
use waybill_domain::intake::SWEEP_AFTER;
use waybill_domain::order::{Order, Status};
use waybill_domain::service::local_date;
use waybill_domain::service::{Explanation, explain as by_service};
use waybill_domain::time::after;
use waybill_domain::{MerchantId, OrderId, ShipmentId, WarehouseId};
use waybill_store::StoreError;

/// An order of this merchant.
pub(crate) async fn order_of(
    env: &Env,
    merchant: &MerchantId,
    path: Result<Path<String>, PathRejection>,
) -> Result<Order, Stop> {
    let id: OrderId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    let order = env.db.order(&id).await?.filter(|order| order.merchant == *merchant);
    order.ok_or_else(|| NOT_FOUND.into())
}

/// Explains.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn explain(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Explained>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let order = order_of(&env, merchant, path).await?;
    let settings = env.db.merchant(merchant).await?.ok_or(NOT_FOUND)?;
    let places = env.db.places(merchant).await?;
    let catalogue = env.db.catalogue(merchant, std::slice::from_ref(&order)).await?;
    let registry = settings.candidates();
    let warehouses = places.warehouses(&registry);
    let shelves = env.db.shelves(merchant, &skus_of(&order, &catalogue), &warehouses).await?;
    let shelves = shelves.good_on(local_date(env.clock.read()));
    let candidates = places.candidates(registry);
    let ground = Ground {
        candidates: &candidates,
        catalogue: &catalogue,
        policy: &places.policy,
        part_ship: settings.part_ship,
        expiries: &shelves.expiries(),
    };
    Ok(Json(why(&order, &ground, &shelves.available())))
}

/// The service of one parcel that would leave.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ServiceOfShipment")]
pub struct Served {
    /// What the shipment will be called.
    pub shipment: ShipmentId,
    /// From where.
    pub warehouse: WarehouseId,
    /// Weight in grams, packaging included.
    pub grams: u32,
    /// Which row of the ladder takes it, and why the others do not; absent when the order goes nowhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ladder: Option<Explanation>,
}

/// Walks the merchant's ladder of services as the shipper would now.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn services(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Vec<Served>>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let order = order_of(&env, merchant, path).await?;
    let settings = env.db.merchant(merchant).await?.ok_or(NOT_FOUND)?;
    let skus: BTreeSet<String> = order.lines.iter().filter_map(|line| line.sku.clone()).collect();
    let products = env.db.products(merchant, &skus.into_iter().collect::<Vec<_>>()).await?;
    let now = env.clock.read();
    let served = |plan: Planned| Served {
        ladder: by_service(&order, &settings.services, &plan, &products, now),
        shipment: plan.id,
        warehouse: plan.warehouse,
        grams: plan.grams,
    };
    Ok(Json(plan(&order).into_iter().map(served).collect()))
}

/// An order that goes on.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "OrderLetGo")]
pub struct LetGo {
    /// Which.
    pub order: OrderId,
    /// Where it stands now.
    pub status: Status,
}

/// Lets an order go.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `not_waiting`, `busy`, `unavailable`.
pub async fn let_go(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<LetGo>, Stop> {
    let merchant = caller.may(&env, Action::LetGo)?;
    let mut order = order_of(&env, merchant, path).await?;
    let held =
        order.status == Status::Held && order.exceptions.iter().any(|e| e.reason == Reason::HeldByRule);
    if !held {
        return Err(NOT_WAITING.into());
    }
    order.let_go = true;
    order.settle(Reason::HeldByRule);
    if order.exceptions.is_empty() {
        order.go_on(Status::Received, after(env.clock.read(), SWEEP_AFTER));
    }
    match env.db.save_order(&mut order).await {
        Ok(()) => {}
        Err(StoreError::Condition { .. }) => return Err(BUSY.into()),
        Err(error) => return Err(error.into()),
    }
    tracing::info!(order = %order.id, by = caller.actor(), "let go");
    wake::wake(&env, std::slice::from_ref(&order)).await?;
    Ok(Json(LetGo { order: order.id, status: order.status }))
}
