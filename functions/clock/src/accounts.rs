//! How the accounts fare: is every channel heard, are credentials good, is there room left to call?

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use waybill_channels::Operation;
use waybill_domain::ConnectionId;
use waybill_domain::time::after;
use waybill_runtime::metrics::Metric;
use waybill_store::budget::EVERY_CALL;
use waybill_store::registry::ConnectionState;
use waybill_store::{Db, StoreError};

/// How often accounts are looked at, in minutes. A look reads a few items of each.
const EVERY: i64 = 15;
/// A channel is silent when its changes were last read to the end so long ago. The rarest turn to be read is a quarter
/// of an hour, so this is at least three turns missed in a row.
const SILENT_AFTER: SignedDuration = SignedDuration::from_hours(1);

/// How many accounts are in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Accounts {
    /// Channels in use whose changes were not read to the end for over an hour.
    pub silent: usize,
    /// Connections that refuse their credentials.
    pub refused: usize,
    /// Connections in use that have used up nearly all the calls of one kind they are allowed.
    pub spent: usize,
    /// Merchants' own addresses that took nothing for so long that we stopped sending events there.
    pub off: usize,
}

impl Accounts {
    /// What CloudWatch is told of it.
    pub fn counts(&self) -> [(Metric, usize); 4] {
        [
            (Metric::ChannelsSilent, self.silent),
            (Metric::ConnectionsRefused, self.refused),
            (Metric::BudgetsSpent, self.spent),
            (Metric::SubscriptionsOff, self.off),
        ]
    }
}

/// True in the minutes in which accounts are looked at.
pub(crate) fn is_turn(now: Timestamp) -> bool {
    now.as_second().div_euclid(60).rem_euclid(EVERY) == 0
}

/// Looks at every connection. What is found is logged with its id.
///
/// # Errors
/// As AWS answers.
pub async fn accounts(db: &Db, now: Timestamp) -> Result<Accounts, StoreError> {
    let mut found = Accounts::default();
    for id in db.every_connection().await? {
        // Disconnected between the list and here.
        let Some(connection) = db.connection(&id).await? else { continue };
        match connection.state {
            ConnectionState::Active => {}
            ConnectionState::Refused => {
                tracing::error!(connection = %id, "the credentials of this connection are refused");
                found.refused += 1;
                continue;
            }
            // On a person's word.
            ConnectionState::Paused | ConnectionState::Disconnected => continue,
        }
        if connection.kind.channel().is_some() && is_silent(db, &id, now).await? {
            tracing::error!(connection = %id, "this channel was not read to the end for over an hour");
            found.silent += 1;
        }
        for (operation, _) in db.stopped_operations(&id, now).await? {
            tracing::error!(connection = %id, operation, "calls of one kind are refused to this connection");
            found.refused += 1;
        }
        if let Some(operation) = spent(db, &id, now).await? {
            tracing::warn!(connection = %id, operation, "nearly all calls of this connection are spent");
            found.spent += 1;
        }
    }
    for id in db.subscriptions_off().await? {
        tracing::error!(subscription = %id, "events are not sent to this address any more");
        found.off += 1;
    }
    Ok(found)
}

/// A channel that was never read is silent, too: a new one is read within a minute of its connection.
async fn is_silent(db: &Db, id: &ConnectionId, now: Timestamp) -> Result<bool, StoreError> {
    let cursor = db.cursor(id).await?;
    Ok(cursor.is_none_or(|cursor| cursor.until < after(now, -SILENT_AFTER)))
}

/// The first kind of call of which nearly all are spent.
async fn spent(db: &Db, id: &ConnectionId, now: Timestamp) -> Result<Option<&'static str>, StoreError> {
    for operation in Operation::ALL.map(Operation::as_str).into_iter().chain([EVERY_CALL]) {
        if db.spent(id, operation).await?.is_some_and(|spent| spent.is_nearly_all(now)) {
            return Ok(Some(operation));
        }
    }
    Ok(None)
}
