//! `GET /v1/shipments/{shipment}/label?purpose=…`: a label as the carrier made it, byte for byte; and
//! `GET /v1/shipments/{shipment}/papers/{paper}?purpose=…`: a paper beside it.

use crate::Env;
use crate::answer::{ERASED, NO_LABEL, NO_PAPER, NOT_FOUND, Stop};
use crate::ask::Ask;
use crate::gate::{Pass, enter};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::IntoResponse;
use http::header;
use std::sync::Arc;
use waybill_domain::ShipmentId;
use waybill_domain::access::Action;
use waybill_domain::paper::{Paper, Progress};
use waybill_domain::shipment::{Booking, Shipment};
use waybill_privacy::seal::{Binding, FieldSet, open_bytes};
use waybill_store::audit;
use waybill_store::labels::{label_name, paper_id, paper_name};

/// A label or a paper beside it that is there, still sealed.
pub(crate) struct Kept {
    pub(crate) shipment: Shipment,
    wrapped: Vec<u8>,
    sealed: Vec<u8>,
    /// What it is sealed as.
    sealed_as: String,
}

impl Kept {
    /// Finds a label of the caller's merchant.
    pub(crate) async fn find(env: &Env, pass: &Pass, id: &ShipmentId) -> Result<Self, Stop> {
        let shipment = pass.own(env.db.shipment(id).await?, |shipment| &shipment.merchant)?;
        let wrapped = pass.live(env, &shipment.order, env.db.label_key(&shipment.order, id).await?).await?;
        is_labelled(&shipment)?;
        let sealed = env.documents.get(&label_name(&shipment.order, id)).await?.ok_or(ERASED)?;
        Ok(Self { sealed_as: id.to_string(), shipment, wrapped, sealed })
    }

    /// Finds a paper beside a label of the caller's merchant.
    async fn paper(env: &Env, pass: &Pass, id: &ShipmentId, paper: Paper) -> Result<Self, Stop> {
        let shipment = pass.own(env.db.shipment(id).await?, |shipment| &shipment.merchant)?;
        // Whether its person may still be read is asked first: an erased order has no papers either.
        pass.live(env, &shipment.order, env.db.label_key(&shipment.order, id).await?).await?;
        is_labelled(&shipment)?;
        let made = shipment.paper(paper).is_some_and(|one| one.progress == Progress::Made);
        if !made {
            return Err(NO_PAPER.into());
        }
        let key = env.db.paper_key(&shipment.order, id, paper).await?;
        let wrapped = pass.live(env, &shipment.order, key).await?;
        let sealed = env.documents.get(&paper_name(&shipment.order, id, paper)).await?.ok_or(ERASED)?;
        Ok(Self { sealed_as: paper_id(id, paper), shipment, wrapped, sealed })
    }
}

fn is_labelled(shipment: &Shipment) -> Result<(), Stop> {
    match shipment.booking {
        Booking::Labelled { .. } => Ok(()),
        Booking::Planned | Booking::Created { .. } | Booking::Voided => Err(NO_LABEL.into()),
        Booking::Forgotten => Err(ERASED.into()),
    }
}

/// Opens a label or a paper; it is on record by now.
pub(crate) async fn open(env: &Env, kept: &Kept) -> Result<Vec<u8>, Stop> {
    let Shipment { merchant, order, .. } = &kept.shipment;
    let key = env.open_keys.open(merchant, order, &kept.wrapped).await?;
    let to = Binding { merchant, order, field_set: FieldSet::Label(&kept.sealed_as) };
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

/// Answers with a paper. The record names the fields that the carrier was given for it, or for the label it goes with.
///
/// # Errors
/// As [`download`]; `no_paper`.
pub async fn paper(
    State(env): State<Arc<Env>>,
    path: Result<Path<(String, String)>, PathRejection>,
    ask: Ask,
) -> Result<impl IntoResponse, Stop> {
    let named = path.ok().map(|Path(named)| named);
    let id: Option<ShipmentId> = named.as_ref().and_then(|(id, _)| id.parse().ok());
    let paper: Option<Paper> = named.as_ref().and_then(|(_, paper)| paper.parse().ok());
    let order = id.as_ref().and_then(|id| id.order().ok());
    let pass = enter(&env, &ask, order.as_ref(), Action::DownloadLabel).await?;
    let (id, paper) = (id.ok_or(NOT_FOUND)?, paper.ok_or(NOT_FOUND)?);
    let kept = Kept::paper(&env, &pass, &id, paper).await?;
    let shipment = &kept.shipment;
    let own = shipment.paper(paper).map(|one| one.disclosed.clone()).filter(|fields| !fields.is_empty());
    let fields = own.unwrap_or_else(|| shipment.disclosed.clone());
    let left = pass.record(&env, audit::Action::Label, &shipment.order, fields).await?;
    Ok((left, [(header::CONTENT_TYPE, "application/pdf")], open(&env, &kept).await?))
}
