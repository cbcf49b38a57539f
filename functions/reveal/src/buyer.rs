//! `POST /v1/buyers/requests?purpose=request`: a buyer asks by mail address, to be forgotten or to be told what is held.
//!
//! The address is turned into its blind index at each of the merchant's connections and then it is gone: it is not
//! stored, not sent on and not logged. Here and not in the API function, because only here may a merchant's index key be
//! opened on behalf of staff.

use crate::Env;
use crate::answer::{BAD_BODY, NOT_FOUND, Stop};
use crate::ask::Ask;
use crate::gate::enter;
use axum::Json;
use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use waybill_domain::RequestId;
use waybill_domain::access::Action;
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_http::Fresh;
use waybill_privacy::Sensitive;
use waybill_runtime::directory::index_key;
use waybill_store::requests::{Request, Scope};
use waybill_store::{Queue, StoreError, Work};

/// What is asked.
#[derive(Deserialize, JsonSchema)]
#[schemars(rename = "BuyerRequestBody")]
#[serde(deny_unknown_fields)]
pub struct Body {
    /// The buyer's mail address; it becomes a blind index and is gone.
    email: String,
    /// Erasure or export.
    pub(crate) kind: Kind,
}

/// A request that is on record.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "BuyerRequest")]
pub struct Asked {
    /// Which.
    pub(crate) request: RequestId,
    /// By when it must be answered.
    #[schemars(with = "waybill_domain::time::Moment")]
    due_at: Timestamp,
}

/// Puts the request on record; an erasure begins at once.
///
/// # Errors
/// `purpose_required`, `no_access`, `not_allowed`, `not_confirmed`, `bad_body`, `unavailable`.
pub async fn ask(
    State(env): State<Arc<Env>>,
    ask: Ask,
    fresh: Fresh,
    body: Result<Json<Body>, JsonRejection>,
) -> Result<Json<Asked>, Stop> {
    let pass = enter(&env, &ask, None, |_| Action::EraseBuyer).await?;
    let Json(Body { email, kind }) = body.map_err(|_| BAD_BODY)?;
    let email = Sensitive::new(email);
    let merchant = env.db.merchant(pass.merchant()).await?.ok_or(NOT_FOUND)?;
    let index = index_key(env.vault.as_ref(), &merchant).await?;
    let connections = env.db.connections(&merchant.id).await?;
    let indexes = connections.iter().map(|(connection, _)| index.buyer(connection, &email)).collect();
    let request = Request::new(
        RequestId::from_suffix(&fresh.suffix()?).map_err(|_| StoreError::Corrupt("id"))?,
        merchant.id.clone(),
        Clock::start(kind, Asker::Person, pass.now),
        Scope::Buyer { indexes, orders: Vec::new() },
        pass.sub().to_owned(),
    );
    env.db.save_request(&request).await?;
    if kind == Kind::Erasure {
        let work = Work::Request { merchant: merchant.id, request: request.id.clone(), at: pass.now };
        env.queues.send(Queue::Erase, &[work], 0).await?;
    }
    tracing::info!(request = %request.id, "a buyer's request is on record");
    Ok(Json(Asked { due_at: request.clock.due(pass.now), request: request.id }))
}
