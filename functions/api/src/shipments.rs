//! `GET /v1/shipments` and `GET /v1/shipments/{shipment}`: what leaves the warehouses, parcel by parcel.
//!
//! A shipment lies beside its order, and the list is led through the orders' own: an index of its own would be written
//! with every label and every scan, and read seldom (decision 015).

use crate::Env;
use crate::answer::{BAD_QUERY, NOT_FOUND, Stop};
use crate::caller::Caller;
use crate::instructions::{has_come, is_purged, policy};
use crate::order::{BookingView, ShipmentView};
use crate::page::{Asked, of};
use crate::search;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use futures::{StreamExt, TryStreamExt, stream};
use http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::ShipmentId;
use waybill_domain::access::Action;
use waybill_domain::order::{Order, Status};
use waybill_domain::service::Carrier;
use waybill_domain::shipment::{Shipment, Transit, Voiding};

/// How many orders' shipments are read at a time.
const AT_A_TIME: usize = 16;

/// The query of the list: of which orders, and which of their shipments.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "ShipmentQuery")]
pub struct Wanted {
    #[serde(flatten)]
    orders: Asked,
    /// From which warehouse.
    warehouse: Option<String>,
    /// By which carrier.
    #[schemars(with = "Option<Carrier>")]
    carrier: Option<String>,
    /// How far the booking is.
    #[schemars(with = "Option<BookingView>")]
    booking: Option<String>,
    /// Where the parcel is.
    #[schemars(with = "Option<Transit>")]
    transit: Option<String>,
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
#[schemars(rename = "ShipmentPage")]
pub struct Page {
    /// The shipments of as many orders as asked for at most, the newest order first.
    pub shipments: Vec<ShipmentView>,
    /// The cursor of the next page; absent on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// One shipment, and whether it can be undone.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ShipmentDetail")]
pub struct Detail {
    /// What the list shows of it.
    #[serde(flatten)]
    pub shipment: ShipmentView,
    /// Whether its label can still be undone, which cancelling the order does. While it is `open` that ends with the
    /// account's next manifest or the carrier's first scan, whichever comes first: no carrier names a time.
    pub void: Voiding,
}

/// A page of shipments.
///
/// # Errors
/// As `GET /v1/orders`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller, wanted: Wanted) -> Result<Json<Page>, Stop> {
    let merchant = caller.may(&env, Action::ListOrders)?;
    let (carrier, booking, transit) = (
        of::<Carrier>(&wanted.carrier)?,
        of::<BookingView>(&wanted.booking)?,
        of::<Transit>(&wanted.transit)?,
    );
    let takes = |shipment: &Shipment| {
        wanted.warehouse.as_ref().is_none_or(|one| shipment.warehouse.as_str() == one)
            && carrier.is_none_or(|one| shipment.service.carrier == one)
            && booking.is_none_or(|one| BookingView::of(&shipment.booking) == one)
            && transit.is_none_or(|one| shipment.transit == one)
    };
    let statuses = wanted.orders.status()?.map_or(Status::ALL.to_vec(), |one| vec![one]);
    // A cancelled one no longer counts what was voided.
    let has_some = |order: &Order| order.shipments + order.rounds > 0 || order.status == Status::Cancelled;
    let (orders, next) = search::orders(&env, merchant, &statuses, &wanted.orders, has_some).await?;
    let (policy, now) = (policy(&env, merchant).await?, env.clock.read());
    let each: Vec<_> = orders.into_iter().map(|one| (has_come(&one, policy, now), one.id)).collect();
    let read = each.into_iter().map(|(purged, id)| {
        let env = env.clone();
        async move { Ok::<_, Stop>((env.db.shipments(&id).await?, purged)) }
    });
    let read: Vec<_> = stream::iter(read).buffered(AT_A_TIME).try_collect().await?;
    let shown = |(all, purged): &(Vec<Shipment>, bool)| -> Vec<ShipmentView> {
        all.iter().filter(|one| takes(one)).map(|one| ShipmentView::new(one, *purged)).collect()
    };
    Ok(Json(Page { shipments: read.iter().flat_map(shown).collect(), next }))
}

/// One shipment.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `unavailable`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<Detail>, Stop> {
    let merchant = caller.may(&env, Action::ReadOrder)?;
    let id: ShipmentId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    let shipment = env.db.shipment(&id).await?.filter(|shipment| shipment.merchant == *merchant);
    let shipment = shipment.ok_or(NOT_FOUND)?;
    let order = env.db.order(&shipment.order).await?.ok_or(NOT_FOUND)?;
    let void = shipment.voiding(env.db.manifested(&shipment.carrier).await?);
    let purged = is_purged(&env, &order).await?;
    Ok(Json(Detail { shipment: ShipmentView::new(&shipment, purged), void }))
}
