//! `GET /v1/registers`, `POST /v1/registers/{register}`, `GET /v1/policies`, `GET /v1/compliance`, `PUT
//! /v1/staff/{sub}`, `POST /v1/staff/{sub}/review`, `POST /v1/staff/{sub}/end`: what people must do, when it is due, and
//! who may act.

pub mod compliance;
pub mod staff;

use crate::Env;
use crate::answer::{BAD_ENTRY, NOT_FOUND, Stop};
use crate::body::Told;
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::access::Action;
use waybill_domain::register::{Due, Entry, Register, Severity, against_release, due};

/// Everything in the registers, and what follows from it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Registers")]
pub struct View {
    entries: Vec<Entry>,
    due: Vec<Due>,
    against_release: Vec<Due>,
}

/// What is entered; who enters it answers for it.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "EntryBody")]
#[serde(deny_unknown_fields)]
pub struct Body {
    name: String,
    #[schemars(with = "waybill_domain::time::Moment")]
    done_at: Timestamp,
    #[serde(default)]
    version: Option<String>,
    #[serde(default)]
    severity: Option<Severity>,
    #[serde(default)]
    controls: Vec<String>,
    #[serde(default)]
    closed: bool,
}

/// A policy in force.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "PolicyInForce")]
pub struct Policy {
    name: String,
    version: Option<String>,
    #[schemars(with = "waybill_domain::time::Moment")]
    approved_at: Timestamp,
    #[schemars(with = "waybill_domain::time::Moment")]
    review_by: Timestamp,
}

/// Everything that is registered and due.
///
/// # Errors
/// `no_access`, `not_allowed`, `not_confirmed`, `unavailable`.
pub async fn list(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<View>, Stop> {
    let merchant = caller.may(&env, Action::ReadRegisters)?;
    let entries = env.db.register_entries(merchant).await?;
    let now = env.clock.read();
    Ok(Json(View { due: due(&entries, now), against_release: against_release(&entries, now), entries }))
}

/// Enters a line, in place of the one of the same name.
///
/// # Errors
/// As [`list`]; `not_found` for a register there is not, `bad_body`, `bad_entry`.
pub async fn enter(
    State(env): State<Arc<Env>>,
    caller: Caller,
    path: Result<Path<String>, PathRejection>,
    body: Result<Told<Body>, Stop>,
) -> Result<Json<Entry>, Stop> {
    let merchant = caller.may(&env, Action::WriteRegisters)?;
    let named = path.ok().and_then(|Path(text)| serde_json::from_value(text.into()).ok());
    let register: Register = named.ok_or(NOT_FOUND)?;
    let Told(Body { name, done_at, version, severity, controls, closed }) = body?;
    let now = env.clock.read();
    let before = env.db.register_entry(merchant, register, &name).await?;
    let owner = caller.actor().to_owned();
    let entry =
        Entry { register, name, done_at, owner, version, severity, controls, changed_at: None, closed };
    let entry = entry.checked(before.as_ref(), now).map_err(|_| BAD_ENTRY)?;
    env.db.save_register_entry(merchant, &entry).await?;
    Ok(Json(entry))
}

/// The policies in force, each by the hash of the text that was approved. Everyone of the staff may see them.
///
/// # Errors
/// `no_access`, `not_confirmed`, `unavailable`.
pub async fn policies(State(env): State<Arc<Env>>, caller: Caller) -> Result<Json<Vec<Policy>>, Stop> {
    let merchant = caller.may(&env, Action::ListOrders)?;
    let entries = env.db.register_entries(merchant).await?;
    let policies = entries.into_iter().filter(|entry| entry.register == Register::Policy && !entry.closed);
    let view = |entry: Entry| Policy {
        review_by: entry.due(),
        name: entry.name,
        version: entry.version,
        approved_at: entry.done_at,
    };
    Ok(Json(policies.map(view).collect()))
}
