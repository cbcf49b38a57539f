//! The bus as a list of what was published.

use super::{Outside, through};
use crate::bus::Publish;
use crate::error::StoreError;
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};
use waybill_domain::event::Event;

/// Keeps what is published until someone takes it.
#[derive(Clone)]
pub struct MemoryBus {
    outside: Arc<dyn Outside>,
    published: Arc<Mutex<Vec<Event>>>,
}

impl MemoryBus {
    /// A silent bus behind `outside`.
    pub fn new(outside: Arc<dyn Outside>) -> Self {
        Self { outside, published: Arc::default() }
    }

    /// Takes everything published since the last time.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.published.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl Publish for MemoryBus {
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        through(&self.outside, "events:PutEvents", || {
            self.published.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(events);
            Ok(())
        })
        .await
    }
}
