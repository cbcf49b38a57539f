//! `GET /v1/shipments/{shipment}/label?purpose=…`: a label as the carrier made it, byte for byte.

use crate::Env;
use crate::answer::{ERASED, NO_LABEL, NOT_FOUND, Stop};
use crate::ask::Ask;
use crate::gate::{Pass, enter};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::header;
use std::sync::Arc;
use waybill_domain::ShipmentId;
use waybill_domain::access::Action;
use waybill_domain::shipment::{Booking, Shipment};
use waybill_privacy::seal::{Binding, FieldSet, open_bytes};
use waybill_store::audit;
use waybill_store::labels::label_name;

/// A label that is there, still sealed.
pub(crate) struct Kept {
    pub(crate) shipment: Shipment,
    wrapped: Vec<u8>,
    sealed: Vec<u8>,
}

impl Kept {
    /// Finds a label of the caller's merchant.
    pub(crate) async fn find(env: &Env, pass: &Pass, id: &ShipmentId) -> Result<Self, Stop> {
        let shipment = pass.own(env.db.shipment(id).await?, |shipment| &shipment.merchant)?;
        let wrapped = pass.live(env, &shipment.order, env.db.label_key(&shipment.order, id).await?).await?;
        match shipment.booking {
            Booking::Labelled { .. } => {}
            Booking::Planned | Booking::Created { .. } | Booking::Voided => return Err(NO_LABEL.into()),
            Booking::Forgotten => return Err(ERASED.into()),
        }
        let sealed = env.documents.get(&label_name(&shipment.order, id)).await?.ok_or(ERASED)?;
        Ok(Self { shipment, wrapped, sealed })
    }
}

/// Opens a label; it is on record by now.
pub(crate) async fn open(env: &Env, kept: &Kept) -> Result<Vec<u8>, Stop> {
    let Shipment { merchant, order, id, .. } = &kept.shipment;
    let key = env.open_keys.open(merchant, order, &kept.wrapped).await?;
    let to = Binding { merchant, order, field_set: FieldSet::Label(id.as_str()) };
    Ok(open_bytes(&key, to, &kept.sealed)?.to_vec())
}

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
    let kept = Kept::find(&env, &pass, &named.ok_or(NOT_FOUND)?).await?;
    let shipment = &kept.shipment;
    let fields = shipment.disclosed.clone();
    let left = pass.record(&env, audit::Action::Label, &shipment.order, fields).await?;
    let media = [(header::CONTENT_TYPE, shipment.label_format.content_type())];
    Ok((left, media, open(&env, &kept).await?))
}
