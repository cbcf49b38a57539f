//! `/v1/connections`: a merchant's accounts at channels and carriers. Secrets go in and never come out.

pub mod act;
pub mod authorise;
pub mod backfill;
pub mod connect;
pub mod manifests;
pub mod posted;
mod show;

pub use show::{All, Shown, list, read};

use crate::Env;
use crate::answer::{NOT_FOUND, Stop};
use crate::caller::Caller;
use std::sync::Arc;
use waybill_domain::ConnectionId;
use waybill_domain::access::Action;
use waybill_runtime::directory::Account;
use waybill_store::registry::Connection;

/// The connection an address names, if it is the caller's.
pub(crate) async fn own(env: &Env, caller: &Caller, id: &str, action: Action) -> Result<Connection, Stop> {
    let merchant = caller.may(env, action)?;
    let id: ConnectionId = id.parse().map_err(|_| NOT_FOUND)?;
    match env.db.connection(&id).await? {
        Some(connection) if connection.merchant == *merchant => Ok(connection),
        _ => Err(NOT_FOUND.into()),
    }
}

/// The same, opened for calling.
pub(crate) async fn opened(
    env: &Env,
    caller: &Caller,
    id: &str,
    action: Action,
) -> Result<Arc<Account>, Stop> {
    let connection = own(env, caller, id, action).await?;
    let account = env.directory.account(&connection.id, env.clock.read()).await?;
    account.ok_or_else(|| NOT_FOUND.into())
}
