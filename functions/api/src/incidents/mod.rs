//! `POST /v1/incidents`, `GET /v1/incidents`, `GET /v1/incidents/{incident}`, `POST /v1/incidents/{incident}/decisions`:
//! a breach from the first suspicion to the last decision.
//!
//! Who is affected is worked out from the audit chains each time it is asked, so it grows with what becomes known.

use crate::Env;
use crate::answer::{BAD_BODY, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::incident::{Affected, Decision, Incident, NotTold, Notice, Running, Suspicion, affected};
use waybill_domain::{IncidentId, MerchantId, OrderId};
use waybill_http::Fresh;
use waybill_store::StoreError;
use waybill_store::audit::{Record, Stream};

/// What is suspected.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "SuspicionBody")]
#[serde(deny_unknown_fields)]
pub struct Open {
    suspicion: Suspicion,
    #[serde(default)]
    high_risk: bool,
    /// When it was noticed, if that was before it is entered: the clocks start there.
    #[serde(default)]
    #[schemars(with = "Option<waybill_domain::time::Moment>")]
    detected_at: Option<Timestamp>,
}

/// What was decided.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "DecisionBody")]
#[serde(deny_unknown_fields)]
pub struct Decide {
    notice: Notice,
    #[serde(default)]
    not_told: Option<NotTold>,
}

/// An incident as it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IncidentView")]
pub struct View {
    pub(crate) incident: Incident,
    pub(crate) clocks: Vec<Running>,
    pub(crate) affected_orders: usize,
    pub(crate) still_reachable: usize,
    pub(crate) affected: Affected,
    pub(crate) drafts: BTreeMap<Notice, String>,
}

/// An incident in a list.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IncidentBrief")]
pub struct Brief {
    pub(crate) incident: IncidentId,
    #[schemars(with = "waybill_domain::time::Moment")]
    pub(crate) detected_at: Timestamp,
    pub(crate) clocks: Vec<Running>,
    pub(crate) decisions: Vec<Decision>,
}

async fn view(env: &Env, merchant: &MerchantId, incident: Incident) -> Result<View, Stop> {
    let mut records: Vec<Record> = env.db.records(merchant, Stream::Access).await?;
    records.extend(env.db.records(merchant, Stream::Disclosure).await?);
    let ledger = env.db.records(merchant, Stream::Erasure).await?;
    let erased: BTreeSet<&OrderId> = ledger.iter().map(|record| &record.event.order).collect();
    let accesses = records.iter().filter_map(|record| record.access(merchant));
    let found = affected(accesses, &incident.suspicion, &erased);
    let drafts = Notice::ALL.map(|notice| (notice, incident.draft(notice, &found))).into();
    let (affected_orders, still_reachable) = (found.orders(), found.live());
    let clocks = incident.running(env.clock.read());
    Ok(View { incident, clocks, affected_orders, still_reachable, affected: found, drafts })
}

/// Opens an incident; its clocks start when it was noticed, or now.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `bad_body`, `unavailable`.
pub async fn open(
    State(env): State<Arc<Env>>,
    caller: Caller,
    fresh: Fresh,
    body: Result<Told<Open>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::HandleIncidents)?;
    let Told(Open { suspicion, high_risk, detected_at }) = body?;
    let now = env.clock.read();
    let detected_at = detected_at.unwrap_or(now);
    if suspicion.until < suspicion.from || detected_at > now {
        return Err(BAD_BODY.into());
    }
    let incident = Incident {
        id: IncidentId::from_suffix(&fresh.suffix()?).map_err(|_| StoreError::Corrupt("id"))?,
        detected_at,
        opened_by: caller.actor().to_owned(),
        suspicion,
        high_risk,
        decisions: Vec::new(),
    };
    env.db.save_incident(merchant, &incident).await?;
    tracing::error!(incident = %incident.id, "an incident is open; its clocks run");
    Ok(Json(view(&env, merchant, incident).await?))
}

/// Every incident with the clocks that still run.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Vec<Brief>>, Stop> {
    let merchant = caller.may(&env, Action::ReadRegisters)?;
    let now = env.clock.read();
    let brief = |one: Incident| Brief {
        clocks: one.running(now),
        incident: one.id,
        detected_at: one.detected_at,
        decisions: one.decisions,
    };
    Ok(Json(env.db.incidents(merchant).await?.into_iter().map(brief).collect()))
}

async fn own(
    env: &Env,
    merchant: &MerchantId,
    path: Result<Path<String>, PathRejection>,
) -> Result<Incident, Stop> {
    let id: IncidentId = path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?;
    Ok(env.db.incident(merchant, &id).await?.ok_or(NOT_FOUND)?)
}

/// One incident: who is affected, and the drafts of all notices.
///
/// # Errors
/// As [`list`]; `not_found`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadRegisters)?;
    let incident = own(&env, merchant, path).await?;
    Ok(Json(view(&env, merchant, incident).await?))
}

/// Records that somebody was told, or why they are not.
///
/// # Errors
/// As [`open`]; `not_found`.
pub async fn decide(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Decide>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::HandleIncidents)?;
    let mut incident = own(&env, merchant, path).await?;
    let Told(Decide { notice, not_told }) = body?;
    incident.decide(Decision { notice, not_told, by: caller.actor().to_owned(), at: env.clock.read() });
    env.db.save_incident(merchant, &incident).await?;
    Ok(Json(view(&env, merchant, incident).await?))
}
