//! Telling the outside what happened: the event bus.

use crate::error::StoreError;
use async_trait::async_trait;
use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use waybill_domain::event::Event;

/// What every event of ours names as its source.
pub const SOURCE: &str = "waybill";
/// The most events one PutEvents may hold (AWS limit).
const MOST: usize = 10;

/// Where events are published.
#[async_trait]
pub trait Publish: Send + Sync {
    /// Publishes events.
    ///
    /// # Errors
    /// As EventBridge answers; some or all may have been published all the same.
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError>;
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
    async fn publish(&self, events: &[Event]) -> Result<(), StoreError> {
        for some in events.chunks(MOST) {
            let entries: Result<Vec<_>, _> = some.iter().map(|event| self.entry(event)).collect();
            let put = self.client.put_events().set_entries(Some(entries?)).send().await;
            let reply = put.map_err(|e| StoreError::from_sdk("events:PutEvents", &e))?;
            // A call that went well may have refused some of its entries.
            if reply.failed_entry_count != 0 {
                return Err(StoreError::Unavailable("events:PutEvents".into()));
            }
        }
        Ok(())
    }
}

impl EventBridge {
    fn entry(&self, event: &Event) -> Result<PutEventsRequestEntry, StoreError> {
        let detail = serde_json::to_string(event).map_err(|_| StoreError::Corrupt("event"))?;
        let entry = PutEventsRequestEntry::builder()
            .event_bus_name(&self.name)
            .source(SOURCE)
            .detail_type(event.what.name())
            .detail(detail);
        Ok(entry.build())
    }
}
