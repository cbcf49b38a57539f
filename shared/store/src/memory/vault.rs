//! The label bucket as a map.

use super::{Outside, through};
use crate::error::StoreError;
use crate::labels::Documents;
use async_trait::async_trait;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

/// Keeps sealed documents by name.
#[derive(Clone)]
pub struct MemoryDocuments {
    outside: Arc<dyn Outside>,
    held: Arc<Mutex<BTreeMap<String, Vec<u8>>>>,
}

impl MemoryDocuments {
    /// An empty bucket behind `outside`.
    pub fn new(outside: Arc<dyn Outside>) -> Self {
        Self { outside, held: Arc::default() }
    }

    /// Everything there is, by name.
    pub fn all(&self) -> BTreeMap<String, Vec<u8>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Documents for MemoryDocuments {
    async fn put(&self, name: &str, sealed: Vec<u8>) -> Result<(), StoreError> {
        through(&self.outside, "s3:PutObject", || {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), sealed);
            Ok(())
        })
        .await
    }

    async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        through(&self.outside, "s3:GetObject", || {
            Ok(self.held.lock().unwrap_or_else(PoisonError::into_inner).get(name).cloned())
        })
        .await
    }

    async fn delete(&self, name: &str) -> Result<(), StoreError> {
        through(&self.outside, "s3:DeleteObject", || {
            self.held.lock().unwrap_or_else(PoisonError::into_inner).remove(name);
            Ok(())
        })
        .await
    }
}
