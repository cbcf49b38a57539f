//! `GET /v1/shipments/{shipment}/label?purpose=…`: a label as the carrier made it, a PDF.

use crate::Env;
use crate::answer::{ERASED, NO_LABEL, NOT_FOUND, Stop};
use crate::ask::Ask;
use crate::gate::enter;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::header;
use std::sync::Arc;
use waybill_domain::ShipmentId;
use waybill_domain::access::Action;
use waybill_domain::shipment::Booking;
use waybill_privacy::seal::{Binding, FieldSet, open_bytes};
use waybill_store::audit;
use waybill_store::labels::label_name;

/// Answers. The record names the fields the carrier was given, which are those on the label.
///
/// # Errors
/// `purpose_required`, `no_access`, `not_allowed`, `training_expired`, `not_found`, `no_label`, `erased`,
/// `reveal_limit`, `unavailable`.
pub async fn download(
    State(env): State<Arc<Env>>,
    path: Result<Path<String>, PathRejection>,
    ask: Ask,
) -> Result<impl IntoResponse, Stop> {
    let named: Option<ShipmentId> = path.ok().and_then(|Path(text)| text.parse().ok());
    let order = named.as_ref().and_then(|id| id.order().ok());
    let pass = enter(&env, &ask, order.as_ref(), Action::DownloadLabel).await?;
    let id = named.ok_or(NOT_FOUND)?;
    let shipment = pass.own(env.db.shipment(&id).await?, |shipment| &shipment.merchant)?;
    let order = &shipment.order;
    let wrapped = pass.live(&env, order, env.db.label_key(order, &id).await?).await?;
    match shipment.booking {
        Booking::Labelled { .. } => {}
        Booking::Planned | Booking::Created { .. } | Booking::Voided => return Err(NO_LABEL.into()),
        Booking::Forgotten => return Err(ERASED.into()),
    }
    let sealed = env.documents.get(&label_name(order, &id)).await?.ok_or(ERASED)?;
    pass.record(&env, audit::Action::Label, order, shipment.disclosed.clone()).await?;
    let key = env.open_keys.open(&shipment.merchant, order, &wrapped).await?;
    let to = Binding { merchant: &shipment.merchant, order, field_set: FieldSet::Label(id.as_str()) };
    let pdf = open_bytes(&key, to, &sealed)?;
    Ok(([(header::CONTENT_TYPE, "application/pdf")], pdf.to_vec()))
}
