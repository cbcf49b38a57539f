//! ORDER_CHANGE notifications, as they lie in the queue (contract section 4).
//!
//! A notification is a hint: it may come twice, late, out of order or not at all, so the order itself is read
//! and compared. Who may put it there is settled by the queue's policy, not by a signature.

use super::is_key;
use crate::error::CannotRead;
use crate::lax::Lax;
use serde::Deserialize;

/// An order changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    /// Whose; must be the seller of a connection of ours.
    pub seller_id: String,
    /// In which marketplace, where it is told.
    pub marketplace_id: Option<String>,
    /// The channel's key of the order.
    pub channel_id: String,
    /// It is to be sent, so whom to is wanted. Of all others the next page tells, without anyone's name.
    pub is_to_send: bool,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Notification {
    notification_type: Lax<String>,
    payload: Option<Payload>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Payload {
    order_change_notification: Option<Change>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Change {
    seller_id: Lax<String>,
    amazon_order_id: Lax<String>,
    summary: Option<Summary>,
}

/// In v0's words, and with a postcode that is not read.
#[derive(Deserialize, Default)]
#[serde(default, rename_all = "PascalCase")]
struct Summary {
    marketplace_id: Lax<String>,
    fulfillment_type: Lax<String>,
    order_status: Lax<String>,
}

/// Reads a message body; `None` when it is about something else, or about an order that Amazon's own warehouse
/// sends.
///
/// # Errors
/// `CannotRead` when it is no notification, or lacks one of the two keys.
pub fn read(body: &[u8]) -> Result<Option<Changed>, CannotRead> {
    let told: Notification = serde_json::from_slice(body)?;
    if told.notification_type.need("NotificationType")? != "ORDER_CHANGE" {
        return Ok(None);
    }
    let change = told.payload.and_then(|p| p.order_change_notification);
    let change = change.ok_or(CannotRead::Field { field: "OrderChangeNotification" })?;
    let summary = change.summary.unwrap_or_default();
    if summary.fulfillment_type.hint().as_deref() == Some("AFN") {
        return Ok(None);
    }
    let status = summary.order_status.hint();
    Ok(Some(Changed {
        is_to_send: matches!(status.as_deref(), Some("Unshipped" | "PartiallyShipped")),
        seller_id: key(change.seller_id, "SellerId")?,
        marketplace_id: summary.marketplace_id.hint().filter(|id| is_key(id)),
        channel_id: key(change.amazon_order_id, "AmazonOrderId")?,
    }))
}

fn key(text: Lax<String>, field: &'static str) -> Result<String, CannotRead> {
    let text = text.need(field)?;
    if is_key(&text) { Ok(text) } else { Err(CannotRead::Field { field }) }
}
