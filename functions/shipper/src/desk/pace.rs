//! Keeps within an account's documented limit of calls, together with every other shipper that calls it.
//!
//! A booking takes all its calls out of the shared budget at once, before it begins, so that one that has begun is
//! not held up by those that have not; and that is one write for each shipment, not one for each call. What is not
//! called soon belongs to others by then, and is taken anew.

use crate::Env;
use jiff::{SignedDuration, Timestamp};
use std::sync::{Mutex, PoisonError};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::rate::Rate;
use waybill_domain::time::after;
use waybill_runtime::remote::Told;
use waybill_store::StoreError;
use waybill_store::budget::EVERY_CALL;

/// How long calls that were taken may be made. The longer, the more of them can meet what others took after them.
const KEPT: SignedDuration = SignedDuration::from_millis(500);
/// How long to stay away when the budget cannot be read.
const UNREADABLE: u32 = 30;

/// The pace of one account while one order is worked on.
pub(super) struct Pace {
    connection: ConnectionId,
    /// `None` for a carrier that documents no limit.
    rate: Option<Rate>,
    granted: Mutex<Option<Granted>>,
}

/// Calls that were taken and not made yet.
#[derive(Debug, Clone, Copy)]
struct Granted {
    calls: u32,
    until: Timestamp,
}

impl Pace {
    pub(super) fn new(connection: &ConnectionId, rate: Option<Rate>) -> Self {
        Self { connection: connection.clone(), rate, granted: Mutex::default() }
    }

    /// Takes calls that will be made one after another: nothing, or how long until there are as many.
    pub(super) async fn take(&self, env: &Env, calls: u32) -> Result<Option<SignedDuration>, StoreError> {
        let Some(rate) = self.rate else { return Ok(None) };
        let calls = calls.min(rate.burst);
        let now = env.clock.read();
        let wait = env.db.take_calls(&self.connection, EVERY_CALL, rate, calls, now).await?;
        if wait.is_none() {
            self.grant(Some(Granted { calls, until: after(now, KEPT) }));
        }
        Ok(wait)
    }

    /// Lets one call be made now.
    ///
    /// # Errors
    /// `Told` to wait when the budget is spent, or cannot be read: nothing was called.
    pub(super) async fn call(&self, env: &Env) -> Result<(), Told> {
        if self.rate.is_none() || self.spend(env.clock.read()) {
            return Ok(());
        }
        let wait = match self.take(env, 1).await {
            Ok(None) => {
                self.grant(None);
                return Ok(());
            }
            Ok(Some(wait)) => seconds(wait),
            Err(error) => {
                tracing::error!(connection = %self.connection, %error, "the budget of calls is not known");
                UNREADABLE
            }
        };
        let text = "the account's budget of calls is spent".to_owned();
        Err(Told { advice: Advice::Wait { seconds: wait }, text })
    }

    /// The carrier said to wait: nobody calls until then. That this cannot be stored never fails the work.
    pub(super) async fn told_to_wait(&self, env: &Env, seconds: u32) {
        let Some(rate) = self.rate else { return };
        self.grant(None);
        let wait = SignedDuration::from_secs(i64::from(seconds));
        let now = env.clock.read();
        if let Err(error) = env.db.told_to_wait(&self.connection, EVERY_CALL, rate, wait, now).await {
            tracing::error!(connection = %self.connection, %error, "that the carrier asks to wait is not stored");
        }
    }

    fn grant(&self, granted: Option<Granted>) {
        *self.granted.lock().unwrap_or_else(PoisonError::into_inner) = granted;
    }

    /// Spends one of the calls that were taken, if there is one left that is still ours.
    fn spend(&self, now: Timestamp) -> bool {
        let mut granted = self.granted.lock().unwrap_or_else(PoisonError::into_inner);
        match granted.as_mut() {
            Some(left) if left.calls > 0 && now < left.until => {
                left.calls -= 1;
                true
            }
            _ => false,
        }
    }
}

/// In whole seconds, never too early.
pub(crate) fn seconds(wait: SignedDuration) -> u32 {
    let whole = wait.as_millis().div_euclid(1000) + i128::from(wait.as_millis().rem_euclid(1000) > 0);
    u32::try_from(whole.max(1)).unwrap_or(u32::MAX)
}
