//! Queues as a list of what was sent.

use super::{Outside, through};
use crate::error::StoreError;
use crate::work::{Queue, Work};
use async_trait::async_trait;
use std::sync::{Arc, Mutex, PoisonError};

/// One message that was sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sent {
    /// To which stage.
    pub queue: Queue,
    /// What.
    pub work: Work,
    /// Not before this many seconds.
    pub delay: u32,
}

/// Keeps what is sent until someone takes it.
#[derive(Clone)]
pub struct MemoryQueues {
    outside: Arc<dyn Outside>,
    sent: Arc<Mutex<Vec<Sent>>>,
}

impl MemoryQueues {
    /// Empty queues behind `outside`.
    pub fn new(outside: Arc<dyn Outside>) -> Self {
        Self { outside, sent: Arc::default() }
    }

    /// Takes everything sent since the last time.
    pub fn take(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[async_trait]
impl crate::queues::Send for MemoryQueues {
    async fn send(&self, queue: Queue, work: &[Work], delay: u32) -> Result<(), StoreError> {
        through(&self.outside, "sqs:SendMessage", || {
            let mut sent = self.sent.lock().unwrap_or_else(PoisonError::into_inner);
            sent.extend(work.iter().map(|w| Sent { queue, work: w.clone(), delay }));
            Ok(())
        })
        .await
    }
}
