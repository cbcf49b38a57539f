//! `GET /v1/compliance`: how the software judges itself now, for this merchant: do the audit chains hold, what is due,
//! whose clock has run out. The signed evidence of a version is made by `cargo xtask evidence`.

use crate::Env;
use crate::answer::Stop;
use crate::caller::Caller;
use axum::Json;
use axum::extract::State;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::incident::Running;
use waybill_domain::openings::Compared;
use waybill_domain::register::{Due, due};
use waybill_domain::{IncidentId, RequestId};
use waybill_store::audit::{Stream, first_break};

/// One audit chain.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "AuditChain")]
pub struct Chain {
    pub(crate) name: &'static str,
    pub(crate) records: usize,
    /// The first record that does not follow from the one before it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) broken_at: Option<u64>,
}

/// An incident with clocks that run.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "OpenIncident")]
pub struct Open {
    pub(crate) incident: IncidentId,
    pub(crate) clocks: Vec<Running>,
}

/// How it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Compliance")]
pub struct View {
    #[schemars(with = "waybill_domain::time::Moment")]
    pub(crate) at: Timestamp,
    pub(crate) ok: bool,
    pub(crate) chains: Vec<Chain>,
    pub(crate) due: Vec<Due>,
    pub(crate) overdue_requests: Vec<RequestId>,
    pub(crate) open_incidents: Vec<Open>,
    /// The day that was last compared with CloudTrail: is each opening of a recipient on record? None before the first
    /// daily audit.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) openings: Option<Compared>,
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn read(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadRegisters)?;
    let at = env.clock.read();
    let mut chains = Vec::new();
    for (stream, name) in
        [(Stream::Access, "access"), (Stream::Disclosure, "disclosure"), (Stream::Erasure, "erasure")]
    {
        let records = env.db.records(merchant, stream).await?;
        chains.push(Chain { name, records: records.len(), broken_at: first_break(&records)? });
    }
    let due = due(&env.db.register_entries(merchant).await?, at);
    let requests = env.db.requests(merchant).await?;
    let late = requests.into_iter().filter(|one| one.done_at.is_none() && one.clock.is_overdue(at));
    let overdue_requests: Vec<RequestId> = late.map(|one| one.id).collect();
    let incidents = env.db.incidents(merchant).await?;
    let open = incidents.into_iter().map(|one| Open { clocks: one.running(at), incident: one.id });
    let open_incidents: Vec<Open> = open.filter(|one| !one.clocks.is_empty()).collect();
    let openings = env.db.openings_compared(merchant).await?;
    let ok = chains.iter().all(|chain| chain.broken_at.is_none())
        && due.is_empty()
        && overdue_requests.is_empty()
        && openings.as_ref().is_none_or(Compared::holds)
        && open_incidents.iter().flat_map(|one| &one.clocks).all(|clock| !clock.overdue);
    Ok(Json(View { at, ok, chains, due, overdue_requests, open_incidents, openings }))
}
