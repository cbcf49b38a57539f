//! What a platform asks for a buyer, put on record with its clock before anybody works on it (CONTROLS F2).

use crate::directory::Account;
use jiff::Timestamp;
use waybill_domain::request::{Asker, Clock, Kind};
use waybill_store::requests::{Request, Scope};
use waybill_store::{Db, Queue, StoreError, Work, queues};

/// What a platform asks.
pub struct Asked<'a> {
    /// To forget, or to tell what is held.
    pub kind: Kind,
    /// Whom.
    pub scope: Scope,
    /// What the platform calls the request: told twice by the same name it is one request, and one clock.
    pub named: &'a str,
}

/// Stores the request and puts an erasure on its queue. Told again, it is put there again: the message of the first
/// time may never have been sent.
///
/// # Errors
/// As AWS answers; nothing is lost, the platform or the next reading tells it again.
pub async fn ask(
    db: &Db,
    queues: &dyn queues::Send,
    account: &Account,
    asked: Asked<'_>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let Asked { kind, scope, named } = asked;
    let (merchant, connection) = (&account.merchant.id, &account.connection.id);
    let id = account.index.request_id(connection, named).map_err(|_| StoreError::Corrupt("id"))?;
    let clock = Clock::start(kind, Asker::Platform, now);
    let request = Request::new(id, merchant.clone(), clock, scope, connection.to_string());
    db.save_request(&request).await?;
    tracing::info!(request = %request.id, %connection, "a platform's request is on record");
    if kind == Kind::Erasure {
        let work = Work::Request { merchant: merchant.clone(), request: request.id, at: now };
        queues.send(Queue::Erase, &[work], 0).await?;
    }
    Ok(())
}

/// The name of a request that has none of its own and is about one order: asked once, whoever finds it.
pub fn named_by_order(channel_id: &str) -> String {
    format!("order {channel_id}")
}
