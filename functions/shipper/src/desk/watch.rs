//! How a carrier account answers, call by call. Written only when that changes: a carrier that is well costs one
//! read for each order.

use crate::Env;
use jiff::Timestamp;
use std::sync::{Mutex, PoisonError};
use waybill_domain::ConnectionId;
use waybill_domain::advice::Advice;
use waybill_domain::breaker::{Gate, Health};
use waybill_runtime::Failure;
use waybill_runtime::metrics::{self, Platform};
use waybill_runtime::remote::Told;

/// Watches one connection while one order is worked on.
pub(super) struct Watch {
    connection: ConnectionId,
    platform: Platform,
    seen: Mutex<Health>,
}

impl Watch {
    /// Reads how the connection has been answering, and takes the one try there is after a pause.
    pub(super) async fn start(
        env: &Env,
        connection: &ConnectionId,
        platform: Platform,
        now: Timestamp,
    ) -> Result<(Self, Gate), Failure> {
        let mut health = env.db.health(connection).await?;
        let mut gate = health.gate(now);
        if gate == Gate::Trying {
            let tries = health.tries(now);
            if env.db.save_health(connection, &health, &tries).await? {
                health = tries;
            } else {
                // Somebody else tries.
                gate = tries.gate(now);
            }
        }
        Ok((Self { connection: connection.clone(), platform, seen: Mutex::new(health) }, gate))
    }

    /// Makes a step with the carrier: how long it took and whether it was answered is told to CloudWatch, and what it says
    /// of the account is learned.
    pub(super) async fn over<T>(
        &self,
        env: &Env,
        step: impl Future<Output = Result<T, Told>>,
    ) -> Result<T, Told> {
        let began = env.clock.read();
        let end = step.await;
        let now = env.clock.read();
        let failed = end.as_ref().is_err_and(|told| told.advice == Advice::Retry);
        metrics::emit_carrier(self.platform, failed, now.duration_since(began), now);
        self.note(env, end).await
    }

    /// Learns from the end of a call, and passes it on. That this cannot be stored never fails the work: what the
    /// carrier answered matters more.
    async fn note<T>(&self, env: &Env, end: Result<T, Told>) -> Result<T, Told> {
        let advice = end.as_ref().err().map(|told| told.advice);
        // To be asked to wait says nothing of how it is; we may even have asked ourselves.
        if matches!(advice, Some(Advice::Wait { .. })) {
            return end;
        }
        let silent = advice == Some(Advice::Retry);
        let before = self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let after = match silent {
            true => before.failed(env.clock.read()),
            false if before.is_well() => return end,
            false => Health::default(),
        };
        match env.db.save_health(&self.connection, &before, &after).await {
            Ok(true) => {
                tracing::info!(connection = %self.connection, failures = after.failures, "carrier health")
            }
            Ok(false) => {}
            Err(error) => {
                tracing::error!(connection = %self.connection, %error, "carrier health is not stored")
            }
        }
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = after;
        end
    }
}
