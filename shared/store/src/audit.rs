//! Append-only, chained records: who did what to which order for what purpose, with no personal data from
//! birth (CONTROLS D3, D4). Each record carries the hash of the one before it.

use crate::db::{Db, Item, from_item, key, s, to_item};
use crate::error::StoreError;
use aws_lc_rs::digest::{SHA256, digest};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use waybill_domain::incident::{Access, Place};
use waybill_domain::{MerchantId, OrderId};

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// A recipient was shown.
    Reveal,
    /// A label was handed out.
    Label,
    /// A read was refused.
    Refused,
    /// A recipient was opened to book a carrier, who may be given these fields.
    Disclose,
    /// An order was erased.
    Erase,
    /// A buyer was given what is held on them.
    Export,
    /// A legal hold was asked for or agreed to.
    Hold,
    /// An opening beyond a role was asked for or agreed to.
    BreakGlass,
}

/// The chain a record belongs to: one per merchant and kind, so that busy kinds do not queue behind each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Reads by people and refusals.
    Access,
    /// What carriers were given.
    Disclosure,
    /// The erasure ledger.
    Erasure,
}

impl Stream {
    fn name(self) -> &'static str {
        match self {
            Self::Access => "access",
            Self::Disclosure => "disclosure",
            Self::Erasure => "erasure",
        }
    }
}

/// What is to be recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Event {
    /// When.
    pub at: Timestamp,
    /// What.
    pub action: Action,
    /// Who: the pseudonymous id of a person, or the name of a function.
    pub actor: String,
    /// About which order.
    pub order: OrderId,
    /// Why.
    pub purpose: String,
    /// Names of the fields concerned, never values.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<String>,
}

/// A record as it stands in the chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Its place, from 1.
    pub seq: u64,
    /// What is recorded.
    #[serde(flatten)]
    pub event: Event,
    /// The hash of the record before it; empty for the first.
    pub previous: String,
    /// SHA-256 of `previous`, `seq` and the event.
    pub hash: String,
}

impl Record {
    /// The record as one time that personal data was opened or given away, if it is one.
    pub fn access<'a>(&'a self, merchant: &'a MerchantId) -> Option<Access<'a>> {
        let place = match self.event.action {
            Action::Reveal | Action::Export => Place::Recipients,
            Action::Label => Place::Labels,
            Action::Disclose => Place::Carriers,
            Action::Refused | Action::Erase | Action::Hold | Action::BreakGlass => return None,
        };
        let Event { order, actor, at, .. } = &self.event;
        Some(Access { merchant, order, actor, at: *at, place })
    }
}

fn hash(previous: &str, seq: u64, event: &Event) -> Result<String, StoreError> {
    let body =
        serde_json::to_vec(&(previous, seq, event)).map_err(|_| StoreError::Corrupt("audit record"))?;
    Ok(hex::encode(digest(&SHA256, &body)))
}

/// The first record that does not follow from the one before it, if any.
///
/// # Errors
/// `Corrupt` when a record cannot be hashed; never for our records.
pub fn first_break(records: &[Record]) -> Result<Option<u64>, StoreError> {
    let mut previous = String::new();
    for (n, record) in records.iter().enumerate() {
        let follows = record.seq == n as u64 + 1 && record.previous == previous;
        if !follows || record.hash != hash(&previous, record.seq, &record.event)? {
            return Ok(Some(n as u64 + 1));
        }
        previous.clone_from(&record.hash);
    }
    Ok(None)
}

/// How often a contended append is tried.
const TRIES: usize = 20;
/// Records read at a time from the end of a chain.
const NEWEST: i32 = 500;
/// Records appended in one transaction (AWS limit is 100 actions).
const MAX_APPEND: usize = 100;

impl Db {
    /// Appends events to a chain, in one piece per hundred.
    ///
    /// # Errors
    /// As AWS answers; `Conflict` when others kept appending for too long.
    pub async fn append(
        &self,
        merchant: &MerchantId,
        stream: Stream,
        events: &[Event],
    ) -> Result<(), StoreError> {
        for chunk in events.chunks(MAX_APPEND) {
            self.append_chunk(merchant, stream, chunk).await?;
        }
        Ok(())
    }

    async fn append_chunk(
        &self,
        merchant: &MerchantId,
        stream: Stream,
        events: &[Event],
    ) -> Result<(), StoreError> {
        let pk = format!("{merchant}#{}", stream.name());
        for _ in 0..TRIES {
            let (end, mut previous) = self.end(&pk).await?;
            let mut items = Vec::with_capacity(events.len());
            for (seq, event) in (end + 1..).zip(events) {
                let hash = hash(&previous, seq, event)?;
                let record = Record { seq, event: event.clone(), previous, hash: hash.clone() };
                previous = hash;
                let mut item = to_item(&record)?;
                item.extend(key(&pk, &format!("{seq:012}")));
                items.push(item);
            }
            let Err(error) = self.put_records(items).await else { return Ok(()) };
            if !matches!(
                error,
                StoreError::Condition { .. } | StoreError::Conflict | StoreError::Unavailable(_)
            ) {
                return Err(error);
            }
            // A write whose reply was lost is there all the same, and meets itself when it is made again.
            let there = self.chain(&pk, end, None).await?;
            if there.get(events.len() - 1).is_some_and(|last| last.hash == previous) {
                return Ok(());
            }
            if matches!(error, StoreError::Unavailable(_)) {
                return Err(error);
            }
        }
        Err(StoreError::Conflict)
    }

    /// Writes records where none is yet, all or none. One alone needs no transaction, which costs twice as much.
    async fn put_records(&self, mut items: Vec<Item>) -> Result<(), StoreError> {
        const NEW: &str = "attribute_not_exists(pk)";
        let table = &self.tables.audit;
        if items.len() == 1 {
            let put = self.client.put_item().table_name(table).set_item(items.pop());
            let done = put.condition_expression(NEW).send().await;
            return done.map(|_| ()).map_err(|e| StoreError::from_sdk("dynamodb:PutItem", &e));
        }
        let put = |item| {
            let put = Put::builder().table_name(table).set_item(Some(item)).condition_expression(NEW);
            Ok(TransactWriteItem::builder().put(put.build().map_err(|_| StoreError::Corrupt("put"))?).build())
        };
        self.transact(items.into_iter().map(put).collect::<Result<_, StoreError>>()?).await
    }

    /// A merchant's chain from its beginning.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn records(&self, merchant: &MerchantId, stream: Stream) -> Result<Vec<Record>, StoreError> {
        self.records_after(merchant, stream, 0).await
    }

    /// The records of a merchant's chain that follow the one at `seq`.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn records_after(
        &self,
        merchant: &MerchantId,
        stream: Stream,
        seq: u64,
    ) -> Result<Vec<Record>, StoreError> {
        self.chain(&format!("{merchant}#{}", stream.name()), seq, None).await
    }

    /// The records of a merchant's chain from a moment on, the newest first; old ones are not read. What ran side by side
    /// may lie a little out of turn: ask from a little earlier. One that cannot be read counts as missing.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn records_since(
        &self,
        merchant: &MerchantId,
        stream: Stream,
        since: Timestamp,
    ) -> Result<Vec<Record>, StoreError> {
        let (mut found, mut from): (Vec<Record>, _) = (Vec::new(), None);
        loop {
            let reply = self
                .client
                .query()
                .table_name(&self.tables.audit)
                .key_condition_expression("pk = :pk")
                .expression_attribute_values(":pk", s(format!("{merchant}#{}", stream.name())))
                .consistent_read(true)
                .scan_index_forward(false)
                .limit(NEWEST)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            for item in reply.items.unwrap_or_default() {
                match from_item::<Record>(item, "audit record") {
                    Ok(record) if record.event.at < since => return Ok(found),
                    Ok(record) => found.push(record),
                    Err(_) => {}
                }
            }
            from = reply.last_evaluated_key;
            if from.is_none() {
                return Ok(found);
            }
        }
    }

    /// The last record of a merchant's chain: place and hash; 0 and nothing when it has none.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn chain_end(
        &self,
        merchant: &MerchantId,
        stream: Stream,
    ) -> Result<(u64, String), StoreError> {
        self.end(&format!("{merchant}#{}", stream.name())).await
    }

    async fn end(&self, pk: &str) -> Result<(u64, String), StoreError> {
        let last = self.chain(pk, 0, Some(1)).await?.pop();
        Ok(last.map(|last| (last.seq, last.hash)).unwrap_or_default())
    }

    /// What follows the record at `seq`, or its `last` few from the end.
    async fn chain(&self, pk: &str, seq: u64, last: Option<i32>) -> Result<Vec<Record>, StoreError> {
        let mut found = Vec::new();
        let mut from = None;
        loop {
            let reply = self
                .client
                .query()
                .table_name(&self.tables.audit)
                .key_condition_expression("pk = :pk AND sk > :seq")
                .expression_attribute_values(":pk", s(pk))
                .expression_attribute_values(":seq", s(format!("{seq:012}")))
                .consistent_read(true)
                .scan_index_forward(last.is_none())
                .set_limit(last)
                .set_exclusive_start_key(from)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("dynamodb:Query", &e))?;
            for item in reply.items.unwrap_or_default() {
                found.push(from_item(item, "audit record")?);
            }
            from = reply.last_evaluated_key.filter(|_| last.is_none());
            if from.is_none() {
                return Ok(found);
            }
        }
    }
}
