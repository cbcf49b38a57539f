//! What is known of the deliveries of a channel: where they go, and how they stood when they were last looked after.

use crate::db::{Db, from_item, to_item};
use crate::error::StoreError;
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use waybill_domain::ConnectionId;

const SK: &str = "deliveries";

/// How a channel's deliveries stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "DeliveriesStand")]
#[serde(rename_all = "snake_case")]
pub enum Stand {
    /// All that we need is sent.
    On,
    /// A person switched some of them off at the channel.
    Paused,
    /// None is registered.
    Missing,
    /// The channel would not say, or refused to send.
    Unknown,
}

/// The deliveries of a connection.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Deliveries {
    /// Where the channel reaches this service, without a slash at the end. With it, what is missing is registered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<String>,
    /// How they stood after the last look.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stand: Option<Stand>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Timestamp>,
    /// When some were last registered or switched on again; before that, some were lost.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mended_at: Option<Timestamp>,
}

impl Db {
    /// What is known of a connection's deliveries; nothing when nobody looked.
    ///
    /// # Errors
    /// As AWS answers; `Corrupt` when the item is not one of these.
    pub async fn channel_deliveries(&self, connection: &ConnectionId) -> Result<Deliveries, StoreError> {
        let item = self.get(&self.tables.registry, connection.as_str(), SK).await?;
        item.map_or_else(|| Ok(Deliveries::default()), |item| from_item(item, "deliveries"))
    }

    /// Stores it.
    ///
    /// # Errors
    /// As AWS answers.
    pub async fn save_deliveries(
        &self,
        connection: &ConnectionId,
        deliveries: &Deliveries,
    ) -> Result<(), StoreError> {
        self.save_entry(to_item(deliveries)?, connection.as_str(), SK).await
    }
}
