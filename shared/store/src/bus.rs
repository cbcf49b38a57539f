//! Telling the outside what happened: the event bus.

use crate::error::StoreError;
use async_trait::async_trait;
use waybill_domain::event::Event;

/// What every event of ours names as its source.
pub const SOURCE: &str = "waybill";

/// Where events are published.
#[async_trait]
pub trait Publish: Send + Sync {
    /// Publishes an event.
    ///
    /// # Errors
    /// As EventBridge answers; it may have been published all the same.
    async fn publish(&self, event: &Event) -> Result<(), StoreError>;
}

/// The real bus.
#[derive(Debug, Clone)]
pub struct EventBridge {
    /// The client.
    pub client: aws_sdk_eventbridge::Client,
    /// The name of the bus.
    pub name: String,
}

#[async_trait]
impl Publish for EventBridge {
    async fn publish(&self, event: &Event) -> Result<(), StoreError> {
        let detail = serde_json::to_string(event).map_err(|_| StoreError::Corrupt("event"))?;
        let entry = aws_sdk_eventbridge::types::PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.what.name())
            .detail(detail)
            .build();
        let put = self.client.put_events().entries(entry).send().await;
        let reply = put.map_err(|e| StoreError::from_sdk("events:PutEvents", &e))?;
        // A call that went well may have refused its entry.
        match reply.failed_entry_count {
            0 => Ok(()),
            _ => Err(StoreError::Unavailable("events:PutEvents".into())),
        }
    }
}
