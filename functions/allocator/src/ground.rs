//! Warehouses and policies, kept warm for a minute.

use jiff::{SignedDuration, Timestamp};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::MerchantId;
use waybill_store::places::Places;
use waybill_store::{Db, StoreError};

/// How long a policy is used without reading it again: the longest a changed one is not heeded.
const WARM: SignedDuration = SignedDuration::from_secs(60);

type Kept = HashMap<MerchantId, (Timestamp, Arc<Places>)>;

/// Where merchants keep goods and how they choose.
#[derive(Clone)]
pub struct Grounds {
    db: Db,
    kept: Arc<Mutex<Kept>>,
}

impl Grounds {
    /// None yet.
    pub fn new(db: Db) -> Self {
        Self { db, kept: Arc::default() }
    }

    /// A merchant's, at most a minute old.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn get(&self, merchant: &MerchantId, now: Timestamp) -> Result<Arc<Places>, StoreError> {
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner).get(merchant).cloned();
        if let Some((read, places)) = kept
            && now.duration_since(read) < WARM
        {
            return Ok(places);
        }
        let places = Arc::new(self.db.places(merchant).await?);
        self.kept
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(merchant.clone(), (now, Arc::clone(&places)));
        Ok(places)
    }
}
