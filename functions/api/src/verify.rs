//! `GET /v1/stock/verify?cursor=…`: the proof that stock is what its movements say and that orders hold what is
//! reserved. One call walks as far as its time allows; `next` goes on. The first difference ends the walk.

use crate::Env;
use crate::answer::{BAD_CURSOR, BAD_QUERY, Stop};
use crate::caller::Caller;
use axum::Json;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, State};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::{Duration, Instant};
use waybill_domain::access::Action;
use waybill_store::stock::verify::{Seen, Walk};

/// How long one call walks: well within the function's time-out.
const LONGEST: Duration = Duration::from_secs(5);

/// The query.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "VerifyQuery")]
pub struct Asked {
    /// `next` of the call before.
    cursor: Option<String>,
}

/// How far it came.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "VerifyPage")]
pub struct Page {
    /// Nothing differs in what this call walked.
    pub clean: bool,
    /// What this call walked, and the first difference.
    #[serde(flatten)]
    pub seen: Seen,
    /// Goods between warehouses, by SKU; on the last page.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub in_transit: std::collections::BTreeMap<String, i64>,
    /// The cursor of the next call; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// Answers.
///
/// # Errors
/// `no_access`, `not_allowed`, `bad_cursor`, `bad_query`, `unavailable`.
pub async fn step(
    State(env): State<Arc<Env>>,
    caller: Caller,
    asked: Result<Query<Asked>, QueryRejection>,
) -> Result<Json<Page>, Stop> {
    let merchant = caller.may(&env, Action::ReadStock)?;
    let Query(asked) = asked.map_err(|_| BAD_QUERY)?;
    let mut walk = asked.cursor.as_deref().map_or(Ok(Walk::default()), decode)?;
    let mut seen = Seen::default();
    let began = Instant::now();
    while walk != Walk::Done && seen.difference.is_none() && began.elapsed() < LONGEST {
        walk = env.db.verify_step(merchant, walk, &mut seen).await?;
    }
    if let Some(difference) = &seen.difference {
        tracing::error!(figure = %difference.figure, stored = difference.stored, should_be = difference.should_be, "stock differs");
    }
    let done = walk == Walk::Done;
    let next = serde_json::to_vec(&walk).ok().filter(|_| !done).map(|bytes| URL_SAFE_NO_PAD.encode(bytes));
    let in_transit = if done { env.db.in_transit(merchant).await? } else { Default::default() };
    Ok(Json(Page { clean: seen.difference.is_none(), seen, in_transit, next }))
}

fn decode(text: &str) -> Result<Walk, Stop> {
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| BAD_CURSOR)?;
    serde_json::from_slice(&bytes).map_err(|_| BAD_CURSOR.into())
}
