//! The in-memory sides: DynamoDB as an engine in the same process, and KMS, SQS and S3 as maps.
//!
//! Every call first asks [`Outside`], so a test or the simulation can delay it, refuse it, lose its reply or
//! stop there for good.

mod bus;
mod dynamo;
mod kms;
mod queues;
mod trail;
mod vault;

pub use bus::MemoryBus;
pub use dynamo::{Capacity, Engine};
pub use dynoxide::types::AttributeValue as Stored;
pub use kms::MemoryKms;
pub use queues::{MemoryQueues, Sent};
pub use trail::MemoryTrail;
pub use vault::MemoryDocuments;

use async_trait::async_trait;
use std::sync::Arc;

/// What happens to one call to the outside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is made and answered.
    Go,
    /// It is not made; the service answers with this error code.
    Refuse(&'static str),
    /// It is made, but the answer never arrives.
    LoseReply,
}

/// Stands between the code and everything outside it.
#[async_trait]
pub trait Outside: Send + Sync {
    /// Asked before a call, named like `dynamodb:PutItem`; may wait as long as it likes.
    async fn before(&self, call: &str) -> Verdict;
    /// Told after a call was made; may wait as long as it likes.
    async fn after(&self, call: &str);
}

/// Lets every call through at once.
#[derive(Debug, Clone, Copy, Default)]
pub struct Calm;

#[async_trait]
impl Outside for Calm {
    async fn before(&self, _call: &str) -> Verdict {
        Verdict::Go
    }
    async fn after(&self, _call: &str) {}
}

/// Runs `work` as a call named `call`.
async fn through<T>(
    outside: &Arc<dyn Outside>,
    call: &str,
    work: impl FnOnce() -> Result<T, crate::StoreError>,
) -> Result<T, crate::StoreError> {
    let verdict = outside.before(call).await;
    if let Verdict::Refuse(code) = verdict {
        return Err(crate::StoreError::from_code(call, Some(code)));
    }
    let done = work();
    outside.after(call).await;
    if verdict == Verdict::LoseReply { Err(crate::StoreError::Unavailable(call.to_owned())) } else { done }
}
