//! Whose delivery it is: the account a delivery's address names, if the account's secret signed it.

use crate::{Env, MAX_BODY};
use axum::body::Body;
use http::{Response, StatusCode};
use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_domain::ConnectionId;
use waybill_runtime::directory::Account;
use waybill_runtime::problem::Problem;
use waybill_store::StoreError;

/// After a failed signature the account is read again, in case its secret was just rotated, but only when what
/// we hold is older than this.
const ROTATION_GRACE: SignedDuration = SignedDuration::from_secs(5);

const TOO_LARGE: Problem =
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", "The body is over 1 MB; it was not read.");
pub(crate) const UNKNOWN: Problem = Problem::new(
    StatusCode::NOT_FOUND,
    "unknown_connection",
    "There is no such connection; check the webhook's address.",
);
pub(crate) const UNTRUSTED: Problem = Problem::new(
    StatusCode::UNAUTHORIZED,
    "bad_signature",
    "The signature is missing or wrong; nothing was stored. Check the secret that signs the deliveries.",
);

/// Why a delivery is turned away.
pub(crate) enum Refusal {
    /// It is not for us, or not from whom it says.
    Problem(Problem),
    /// We cannot tell just now.
    Store(StoreError),
}

impl Refusal {
    /// The answer.
    pub(crate) fn response(&self) -> Response<Body> {
        match self {
            Self::Problem(problem) => {
                tracing::warn!(code = problem.code, "delivery refused");
                problem.response()
            }
            Self::Store(error) => crate::act::failed(error),
        }
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Nothing longer than we read.
pub(crate) fn short(body: &[u8]) -> Result<(), Refusal> {
    if body.len() > MAX_BODY { Err(Refusal::Problem(TOO_LARGE)) } else { Ok(()) }
}

/// The account an address names. A malformed id takes the same road as an unknown one.
pub(crate) async fn account(env: &Env, connection: &str, now: Timestamp) -> Result<Arc<Account>, Refusal> {
    let id = id(connection)?;
    env.directory.account(&id, now).await?.ok_or(Refusal::Problem(UNKNOWN))
}

/// The account an address names, if `signed` says that its secret signed the delivery; `None` when its kind signs
/// nothing of this sort.
pub(crate) async fn trusted(
    env: &Env,
    connection: &str,
    now: Timestamp,
    signed: impl Fn(&Account) -> bool,
) -> Result<Arc<Account>, Refusal> {
    let account = account(env, connection, now).await?;
    if signed(&account) {
        return Ok(account);
    }
    match env.directory.fresher(&account.connection.id, ROTATION_GRACE, now).await? {
        Some(account) if signed(&account) => Ok(account),
        _ => Err(Refusal::Problem(UNTRUSTED)),
    }
}

fn id(connection: &str) -> Result<ConnectionId, Refusal> {
    connection.parse().or_else(|_| ConnectionId::from_suffix("none")).map_err(|_| Refusal::Problem(UNKNOWN))
}
