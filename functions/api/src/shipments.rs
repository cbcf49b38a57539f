//! `GET /v1/shipments`, `GET /v1/shipments/{shipment}` and `POST /v1/shipments/{shipment}/void`: what leaves the
//! warehouses, parcel by parcel.
//!
//! A shipment lies beside its order, and the list is led through the orders' own: an index of its own would be written
//! with every label and every scan, and read seldom (decision 015).

use crate::Env;
use crate::answer::{BAD_QUERY, NOT_FOUND, Stop};
use crate::caller::Caller;
use crate::instructions::{has_come, is_purged, policy, save};
use crate::order::{BookingView, ShipmentView};
use crate::page::{Asked, of};
use crate::{search, wake};
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, Query, State};
use futures::{StreamExt, TryStreamExt, stream};
use http::StatusCode;
use http::request::Parts;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::instructions::{NotVoided, void as to_void};
use waybill_domain::order::{Order, Status};
use waybill_domain::service::Carrier;
use waybill_domain::shipment::{Shipment, Transit, Voiding};
use waybill_domain::{MerchantId, ShipmentId};
use waybill_runtime::problem::Problem;

const NO_LABEL: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_label",
    "There is no label to undo now: none was made, it is gone, or its order is being worked on. Nothing was changed.",
);
const HANDED_OVER: Problem = Problem::new(
    StatusCode::CONFLICT,
    "handed_over",
    "The parcel was handed over: its label is scanned or on a manifest, and can no longer be undone. Ask the carrier to \
     send it back, or the buyer to refuse it.",
);
const NO_VOID: Problem = Problem::new(
    StatusCode::CONFLICT,
    "no_void",
    "This carrier undoes no label: destroy it and do not hand the parcel over. Nothing was changed.",
);
const IN_PARTS: Problem = Problem::new(
    StatusCode::CONFLICT,
    "in_parts",
    "The order leaves in several shipments, and one of them cannot be booked again by itself: cancel this label in the \
     carrier's account. Nothing was changed.",
);

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
    /// Whether its label can still be undone, as `POST …/void` does, and cancelling an order that has not been sent.
    /// While it is `open` that ends with the account's next manifest or the carrier's first scan, whichever comes first:
    /// no carrier names a time.
    pub void: Voiding,
    /// It was asked for, and the carrier has not answered yet.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub void_asked: bool,
}

impl From<NotVoided> for Stop {
    fn from(why: NotVoided) -> Self {
        let problem: Problem = match why {
            NotVoided::NoLabel => NO_LABEL,
            NotVoided::HandedOver => HANDED_OVER,
            NotVoided::NotOffered => NO_VOID,
            NotVoided::InParts => IN_PARTS,
        };
        problem.into()
    }
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
    let (shipment, order, void) = found(&env, merchant, path).await?;
    detail(&env, &shipment, &order, void).await
}

/// A shipment of the merchant's with its order, and whether its label can be undone.
pub(crate) async fn found(
    env: &Env,
    merchant: &MerchantId,
    path: Result<Path<String>, PathRejection>,
) -> Result<(Shipment, Order, Voiding), Stop> {
    let id: ShipmentId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    let shipment = env.db.shipment(&id).await?.filter(|shipment| shipment.merchant == *merchant);
    let shipment = shipment.ok_or(NOT_FOUND)?;
    let order = env.db.order(&shipment.order).await?.ok_or(NOT_FOUND)?;
    let void = shipment.voiding(env.db.manifested(&shipment.carrier).await?);
    Ok((shipment, order, void))
}

pub(crate) async fn detail(
    env: &Env,
    shipment: &Shipment,
    order: &Order,
    void: Voiding,
) -> Result<Json<Detail>, Stop> {
    let void_asked = order.instructions.void.as_ref() == Some(&shipment.id);
    let purged = is_purged(env, order).await?;
    Ok(Json(Detail { shipment: ShipmentView::new(shipment, purged), void, void_asked }))
}

/// Has the label undone at the carrier; its order is then held until its people say what becomes of it. The channel is
/// told nothing.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_found`, `no_label`, `handed_over`, `no_void`, `in_parts`, `busy`, `unavailable`.
pub async fn void(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<(StatusCode, Json<Detail>), Stop> {
    let merchant = caller.may(&env, Action::DirectOrder)?;
    let (shipment, mut order, void) = found(&env, merchant, path).await?;
    let before = order.instructions.void.clone();
    to_void(&mut order, &shipment, void, env.clock.read())?;
    if order.instructions.void != before {
        save(&env, &mut order).await?;
        tracing::info!(shipment = %shipment.id, by = caller.actor(), "a void is asked for");
    } else if before.is_some() {
        // A call that ended before it was sent on is made up for here, or by the clock.
        wake::changed(&env, &order).await?;
    }
    Ok((StatusCode::ACCEPTED, detail(&env, &shipment, &order, void).await?))
}
