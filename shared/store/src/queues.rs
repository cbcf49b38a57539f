//! Sending work to the next stage.

use crate::error::StoreError;
use crate::work::{Message, Queue, Work};
use async_trait::async_trait;
use aws_sdk_sqs::types::SendMessageBatchRequestEntry;
use std::collections::BTreeMap;

/// The most messages one SendMessageBatch takes (AWS limit).
const MAX_BATCH: usize = 10;

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
        let url = self.urls.get(&queue).ok_or_else(|| StoreError::Refused(format!("{} is not set", queue.variable())))?;
        let delay = i32::try_from(delay.min(MAX_DELAY)).unwrap_or_default();
        let text = |work: &Work| {
            serde_json::to_string(&Message::V1(work.clone())).map_err(|_| StoreError::Corrupt("message"))
        };
        if let [one] = work {
            self.client
                .send_message()
                .queue_url(url)
                .message_body(text(one)?)
                .delay_seconds(delay)
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("sqs:SendMessage", &e))?;
            return Ok(());
        }
        for chunk in work.chunks(MAX_BATCH) {
            let mut entries = Vec::with_capacity(chunk.len());
            for (n, work) in chunk.iter().enumerate() {
                let entry = SendMessageBatchRequestEntry::builder()
                    .id(n.to_string())
                    .message_body(text(work)?)
                    .delay_seconds(delay)
                    .build()
                    .map_err(|_| StoreError::Corrupt("message"))?;
                entries.push(entry);
            }
            let reply = self
                .client
                .send_message_batch()
                .queue_url(url)
                .set_entries(Some(entries))
                .send()
                .await
                .map_err(|e| StoreError::from_sdk("sqs:SendMessageBatch", &e))?;
            if let Some(failed) = reply.failed.first() {
                return Err(StoreError::from_code("sqs:SendMessageBatch", Some(failed.code())));
            }
        }
        Ok(())
    }
}
