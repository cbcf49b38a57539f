//! What a caller asked under a key of their own (`Idempotency-Key`), so that asking again does nothing twice.
//!
//! One item for each key, for a day. It holds digests and the answer, which the API never puts a person into.

use crate::db::{Db, Item, b, key, n, s};
use crate::error::StoreError;
use jiff::{SignedDuration, Timestamp};
use waybill_domain::time::after;

/// How long an answer is kept.
pub const KEPT: SignedDuration = SignedDuration::from_hours(24);
/// After this, whoever began and did not end has died: no function behind the API runs for longer.
pub const DEAD_AFTER: SignedDuration = SignedDuration::from_secs(60);

const SK: &str = "once";

/// An answer as it was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// HTTP status.
    pub status: u16,
    /// Media type.
    pub media: String,
    /// The body.
    pub body: Vec<u8>,
}

/// What asking under a key comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Claim {
    /// Do it: nobody did, or whoever began has died.
    Ours,
    /// It was done.
    Done(Kept),
    /// Something else was asked under this key.
    Other,
    /// Somebody is at it.
    Running,
}

fn pk(id: &str) -> String {
    format!("once#{id}")
}

fn item(id: &str, request: &str, state: &str, now: Timestamp, until: Timestamp) -> Item {
    let mut item = key(&pk(id), SK);
    item.insert("request".into(), s(request));
    item.insert("state".into(), s(state));
    item.insert("began".into(), n(now.as_second()));
    item.insert("ttl".into(), n(until.as_second()));
    item
}

impl Db {
    /// Claims a key for a request; both are digests.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn claim_once(&self, id: &str, request: &str, now: Timestamp) -> Result<Claim, StoreError> {
        let reply = self
            .client
            .put_item()
            .table_name(&self.tables.registry)
            .set_item(Some(item(id, request, "begun", now, after(now, KEPT))))
            .condition_expression(
                "attribute_not_exists(pk) OR #ttl <= :now OR (#state = :begun AND #request = :request AND #began <= :dead)",
            )
            .expression_attribute_names("#ttl", "ttl")
            .expression_attribute_names("#state", "state")
            .expression_attribute_names("#request", "request")
            .expression_attribute_names("#began", "began")
            .expression_attribute_values(":now", n(now.as_second()))
            .expression_attribute_values(":begun", s("begun"))
            .expression_attribute_values(":request", s(request))
            .expression_attribute_values(":dead", n(after(now, -DEAD_AFTER).as_second()))
            .send()
            .await
            .map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e));
        match reply {
            Ok(_) => Ok(Claim::Ours),
            Err(StoreError::Condition { .. }) => {
                let held = self.get(&self.tables.registry, &pk(id), SK).await?;
                Ok(held.map_or(Claim::Running, |held| claim(&held, request)))
            }
            Err(error) => Err(error),
        }
    }

    /// Keeps the answer of what was done.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn keep_once(
        &self,
        id: &str,
        request: &str,
        kept: &Kept,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut item = item(id, request, "done", now, after(now, KEPT));
        item.insert("status".into(), n(kept.status));
        item.insert("media".into(), s(&kept.media));
        item.insert("body".into(), b(kept.body.clone()));
        self.save_entry(item, &pk(id), SK).await
    }

    /// Lets a key go: nothing was done under it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn free_once(&self, id: &str, request: &str, now: Timestamp) -> Result<(), StoreError> {
        self.save_entry(item(id, request, "free", now, now), &pk(id), SK).await
    }
}

fn claim(held: &Item, request: &str) -> Claim {
    let text = |name: &str| held.get(name).and_then(|v| v.as_s().ok()).map(String::as_str);
    if text("request") != Some(request) {
        return Claim::Other;
    }
    let status = held.get("status").and_then(|v| v.as_n().ok()).and_then(|n| n.parse().ok());
    let body = held.get("body").and_then(|v| v.as_b().ok()).map(|blob| blob.as_ref().to_vec());
    match (text("state"), status, body) {
        (Some("done"), Some(status), Some(body)) => {
            Claim::Done(Kept { status, media: text("media").unwrap_or_default().to_owned(), body })
        }
        _ => Claim::Running,
    }
}
