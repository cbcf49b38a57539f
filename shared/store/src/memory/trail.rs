//! A trail in memory: it knows each opening that is on record, and what a test adds or takes away.

use crate::Db;
use crate::audit::Stream;
use crate::error::StoreError;
use crate::trail::{Decrypt, Trail};
use async_trait::async_trait;
use jiff::Timestamp;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::OrderId;

/// The trail of the tables' own records.
#[derive(Clone)]
pub struct MemoryTrail {
    db: Db,
    more: Arc<Mutex<Vec<Decrypt>>>,
    lacks: Arc<Mutex<Vec<OrderId>>>,
}

impl MemoryTrail {
    /// One beside these tables.
    pub fn new(db: Db) -> Self {
        Self { db, more: Arc::default(), lacks: Arc::default() }
    }

    /// Adds a call that is on no record.
    pub fn add(&self, call: Decrypt) {
        self.more.lock().unwrap_or_else(PoisonError::into_inner).push(call);
    }

    /// The order was never opened, whatever is on record.
    pub fn lacks(&self, order: OrderId) {
        self.lacks.lock().unwrap_or_else(PoisonError::into_inner).push(order);
    }
}

#[async_trait]
impl Trail for MemoryTrail {
    async fn decrypts(&self, from: Timestamp, until: Timestamp) -> Result<Vec<Decrypt>, StoreError> {
        let mut all = self.more.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let lacks = self.lacks.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for merchant in self.db.merchants().await? {
            for stream in [Stream::Access, Stream::Disclosure] {
                let records = self.db.records_since(&merchant, stream, from).await?;
                let opened = records.iter().filter_map(|record| record.access(&merchant));
                all.extend(opened.filter(|access| !lacks.contains(access.order)).map(|access| Decrypt {
                    at: access.at,
                    merchant: Some(merchant.clone()),
                    order: Some(access.order.clone()),
                    denied: false,
                }));
            }
        }
        all.retain(|one| from <= one.at && one.at < until);
        Ok(all)
    }
}
