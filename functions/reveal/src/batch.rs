//! `GET /v1/labels?shipments=…&purpose=…`: up to a hundred labels as one document, in the order they are named,
//! which is the order they are picked in.
//!
//! All or none: a document that lacked one would send a parcel without its label. PDFs become one PDF; labels in a
//! printer's language follow one another byte for byte. The two are not mixed: they go to different printers.

use crate::Env;
use crate::answer::{BAD_BATCH, MIXED_LABELS, NOT_FOUND, Stop, TOO_LARGE};
use crate::ask::Ask;
use crate::gate::{LABELS_HOURLY, enter};
use crate::label::{Kept, open};
use crate::pages::{Paper, joined};
use axum::extract::{Query, State};
use axum::response::IntoResponse;
use http::{Uri, header};
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeSet;
use std::sync::Arc;
use waybill_domain::ShipmentId;
use waybill_domain::access::Action;
use waybill_domain::shipment::LabelFormat;
use waybill_store::audit;

/// The most labels in one document.
pub const MOST: usize = 100;
/// The largest document that fits an answer of a Lambda, 6 MB with base64 on top.
const LARGEST: usize = 4_400_000;

/// The query.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "LabelsQuery")]
pub struct Wanted {
    /// From 1 to 100 different shipments, with commas between them.
    shipments: String,
    /// What is printed on.
    #[serde(default)]
    paper: Paper,
    /// label, or another purpose that may print.
    #[serde(default, rename = "purpose")]
    _purpose: Option<String>,
}

/// Answers. Every label is on record under its own order before any is opened.
///
/// # Errors
/// As a single label; `bad_batch`, `mixed_labels`, `too_large`.
pub async fn download(State(env): State<Arc<Env>>, uri: Uri, ask: Ask) -> Result<impl IntoResponse, Stop> {
    let wanted = Query::<Wanted>::try_from_uri(&uri).ok().map(|Query(wanted)| wanted);
    let ids: Option<Vec<ShipmentId>> = wanted
        .as_ref()
        .and_then(|wanted| wanted.shipments.split(',').map(|text| text.trim().parse().ok()).collect());
    let first = ids.as_ref().and_then(|ids| ids.first()).and_then(|id| id.order().ok());
    let pass = enter(&env, &ask, first.as_ref(), Action::DownloadLabel).await?;
    let (Some(ids), Some(wanted)) = (ids, wanted) else { return Err(BAD_BATCH.into()) };
    let unique: BTreeSet<&ShipmentId> = ids.iter().collect();
    if !(1..=MOST).contains(&ids.len()) || unique.len() != ids.len() {
        return Err(BAD_BATCH.into());
    }
    let mut all: Vec<Kept> = Vec::with_capacity(ids.len());
    for id in &ids {
        id.order().map_err(|_| NOT_FOUND)?;
        all.push(Kept::find(&env, &pass, id).await?);
    }
    pass.covers(&env, all.iter().map(|kept| &kept.shipment.order)).await?;
    let format = all.first().map(|kept| kept.shipment.label_format).unwrap_or_default();
    if all.iter().any(|kept| kept.shipment.label_format != format) {
        return Err(MIXED_LABELS.into());
    }
    let named = all.iter().map(|kept| (kept.shipment.order.clone(), kept.shipment.disclosed.clone()));
    let left = pass.record_all(&env, audit::Action::Label, named.collect(), LABELS_HOURLY).await?;
    let mut labels = Vec::with_capacity(all.len());
    for kept in &all {
        labels.push(open(&env, kept).await?);
    }
    let document = match format {
        LabelFormat::Pdf => joined(&labels, wanted.paper).map_err(|_| MIXED_LABELS)?,
        LabelFormat::Zpl | LabelFormat::Epl | LabelFormat::Clp | LabelFormat::Html => labels.concat(),
    };
    if document.len() > LARGEST {
        return Err(TOO_LARGE.into());
    }
    Ok((left, [(header::CONTENT_TYPE, format.content_type())], document))
}
