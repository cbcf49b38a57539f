//! Sending work to the next stage.

use crate::error::StoreError;
use crate::work::{Message, Queue, Work};
use async_trait::async_trait;
use std::collections::BTreeMap;

/// Where work is sent.
#[async_trait]
pub trait Send: std::marker::Send + Sync {
    /// Sends work to a stage, not before `delay` seconds (900 at most, the AWS limit).
    ///
    /// # Errors
    /// As SQS answers; some of several may then have been sent.
    async fn send(&self, queue: Queue, work: &[Work], delay: u32) -> Result<(), StoreError>;
}

/// The real queues.
#[derive(Debug, Clone)]
pub struct Sqs {
    /// The client.
    pub client: aws_sdk_sqs::Client,
    /// URL of each stage this function may send to.
    pub urls: BTreeMap<Queue, String>,
}

/// The longest delay SQS offers, in seconds.
pub const MAX_DELAY: u32 = 900;

#[async_trait]
impl Send for Sqs {
    async fn send(&self, queue: Queue, work: &[Work], delay: u32) -> Result<(), StoreError> {
        let url = self
            .urls
            .get(&queue)
            .ok_or_else(|| StoreError::Refused(format!("{} is not set", queue.variable())))?;
        let delay = i32::try_from(delay.min(MAX_DELAY)).unwrap_or_default();
        for work in work {
            let body = serde_json::to_string(&Message::V1(work.clone()))
                .map_err(|_| StoreError::Corrupt("message"))?;
            self.client
                .send_message()
                .queue_url(url)
                .message_body(body)
                .delay_seconds(delay)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("sqs:SendMessage", &e))?;
        }
        Ok(())
    }
}
