//! `POST /v1/incidents`, `GET /v1/incidents`, `GET /v1/incidents/{incident}`, `POST /v1/incidents/{incident}/decisions`,
//! `POST /v1/incidents/{incident}/risk`: a breach from the first suspicion to the last decision.
//!
//! Who is affected is worked out from the audit chains each time it is asked, so it grows with what becomes known. Where
//! an order came from is told by the order, which stays when its person is forgotten.

use crate::Env;
use crate::answer::{BAD_BODY, BAD_CURSOR, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::incident::{
    Affected, Decision, Incident, NotTold, Notice, Running, Source, Suspicion, affected,
};
use waybill_domain::order::Channel;
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

/// Which part of who is affected is asked for.
#[derive(Deserialize, Default, JsonSchema)]
#[schemars(rename = "IncidentQuery")]
pub struct Asked {
    /// The order after which this part begins: the `next` of the part before.
    after: Option<OrderId>,
}

/// Orders of one part of who is affected: what one answer has room for.
const PART: usize = 1_000;
/// Orders whose source is read at a time.
const BATCH: usize = 100;

/// An incident as it stands.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "IncidentView")]
pub struct View {
    pub(crate) incident: Incident,
    pub(crate) clocks: Vec<Running>,
    pub(crate) affected_orders: usize,
    pub(crate) still_reachable: usize,
    /// Affected orders by the channel they came from.
    pub(crate) by_channel: BTreeMap<Channel, usize>,
    /// A part of who is affected, by order.
    pub(crate) affected: Affected,
    /// Where the next part begins; absent when this is the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) next: Option<OrderId>,
    pub(crate) drafts: BTreeMap<Notice, String>,
    /// The notice to each platform, about its own orders alone.
    pub(crate) to_platforms: BTreeMap<Channel, String>,
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

/// Where orders came from.
async fn sources(env: &Env, orders: &[OrderId]) -> Result<BTreeMap<OrderId, Source>, StoreError> {
    let mut found = BTreeMap::new();
    for batch in orders.chunks(BATCH) {
        for order in env.db.orders(batch).await? {
            found.insert(order.id, Source { channel: order.channel, connection: order.connection });
        }
    }
    Ok(found)
}

async fn view(
    env: &Env,
    merchant: &MerchantId,
    incident: Incident,
    after: Option<&OrderId>,
) -> Result<View, Stop> {
    let mut records: Vec<Record> = env.db.records(merchant, Stream::Access).await?;
    records.extend(env.db.records(merchant, Stream::Disclosure).await?);
    let ledger = env.db.records(merchant, Stream::Erasure).await?;
    let erased: BTreeSet<&OrderId> = ledger.iter().map(|record| &record.event.order).collect();
    let accesses = records.iter().filter_map(|record| record.access(merchant));
    let mut found = affected(accesses, &incident.suspicion, &erased);
    found.trace(&incident.suspicion, sources(env, &found.ids()).await?);
    let drafts = Notice::ALL.map(|notice| (notice, incident.draft(notice, &found))).into();
    let of = found.channels().into_iter().map(|channel| (channel, found.of_channel(channel)));
    let of: Vec<(Channel, Affected)> = of.collect();
    let (part, next) = found.part(after, PART);
    Ok(View {
        clocks: incident.running(env.clock.read()),
        affected_orders: found.orders(),
        still_reachable: found.live(),
        by_channel: of.iter().map(|(channel, orders)| (*channel, orders.orders())).collect(),
        to_platforms: of
            .iter()
            .map(|(channel, orders)| (*channel, incident.draft(Notice::Platform, orders)))
            .collect(),
        affected: part,
        next,
        drafts,
        incident,
    })
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
        high_risk_at: None,
        decisions: Vec::new(),
    };
    env.db.save_incident(merchant, &incident).await?;
    tracing::error!(incident = %incident.id, "an incident is open; its clocks run");
    Ok(Json(view(&env, merchant, incident, None).await?))
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

fn named(path: Result<Path<String>, PathRejection>) -> Result<IncidentId, Stop> {
    Ok(path.ok().and_then(|Path(text)| text.parse().ok()).ok_or(NOT_FOUND)?)
}

/// One incident: who is affected, in parts, and the drafts of all notices.
///
/// # Errors
/// As [`list`]; `not_found`, `bad_cursor`.
pub async fn read(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadRegisters)?;
    let incident = env.db.incident(merchant, &named(path)?).await?.ok_or(NOT_FOUND)?;
    let Query(Asked { after }) = asked.map_err(|_| BAD_CURSOR)?;
    Ok(Json(view(&env, merchant, incident, after.as_ref()).await?))
}

/// Records that the risk for people is high, found after the incident was opened: the clock of the people starts.
///
/// # Errors
/// As [`open`]; `not_found`, `busy`.
pub async fn raise_risk(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::HandleIncidents)?;
    let id = named(path)?;
    let now = env.clock.read();
    let changed = env.db.change_incident(merchant, &id, |incident| incident.raise_risk(now)).await?;
    let incident = changed.ok_or(NOT_FOUND)?;
    tracing::error!(incident = %incident.id, "the risk of an incident is high");
    Ok(Json(view(&env, merchant, incident, None).await?))
}

/// Records that somebody was told, or why they are not.
///
/// # Errors
/// As [`open`]; `not_found`, `busy`.
pub async fn decide(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Decide>, Stop>,
) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::HandleIncidents)?;
    let id = named(path)?;
    let Told(Decide { notice, not_told }) = body?;
    let decision = Decision { notice, not_told, by: caller.actor().to_owned(), at: env.clock.read() };
    let changed = env.db.change_incident(merchant, &id, |incident| incident.decide(decision.clone())).await?;
    let incident = changed.ok_or(NOT_FOUND)?;
    Ok(Json(view(&env, merchant, incident, None).await?))
}
