//! Tells the bus where orders stand.
//!
//! The stream of the orders table says which orders changed and nothing else: it carries keys. What is told lies in the
//! order, one entry for every change, so changes that come together are all told, in turn. Published before it is
//! noted how far, so a crash in between publishes again, under the same ids (decision 014).

use crate::Env;
use crate::reach::named;
use serde::Deserialize;
use std::collections::BTreeSet;
use waybill_domain::OrderId;
use waybill_domain::event::{Event, What};
use waybill_domain::order::Order;
use waybill_domain::passed::Passed;
use waybill_runtime::Failure;

/// Records of the stream, as far as they are read.
#[derive(Debug, Deserialize)]
pub struct Changes {
    #[serde(rename = "Records")]
    records: Vec<Record>,
}

#[derive(Debug, Deserialize)]
struct Record {
    dynamodb: Change,
}

#[derive(Debug, Deserialize)]
struct Change {
    #[serde(rename = "Keys")]
    keys: Keys,
}

#[derive(Debug, Deserialize)]
struct Keys {
    pk: Text,
    sk: Text,
}

#[derive(Debug, Deserialize)]
struct Text {
    #[serde(rename = "S")]
    text: String,
}

impl Changes {
    /// The orders among what changed, each once.
    fn orders(&self) -> BTreeSet<OrderId> {
        let keys = self.records.iter().map(|record| &record.dynamodb.keys);
        let orders = keys.filter(|keys| keys.sk.text == waybill_store::orders::ORDER);
        orders.filter_map(|keys| keys.pk.text.parse().ok()).collect()
    }
}

/// Tells of every order that changed what was not told yet.
pub(crate) async fn told(env: &Env, changes: &Changes) -> Result<(), Failure> {
    let ids: Vec<OrderId> = changes.orders().into_iter().collect();
    let mut news = Vec::new();
    let mut upto = Vec::new();
    let now = env.clock.read();
    for (order, rev) in env.db.orders_told(&ids).await? {
        let new: Vec<_> = order.passed.iter().filter(|entry| entry.rev > rev).collect();
        news.extend(new.iter().map(|entry| Event {
            id: id(&order, entry),
            merchant: order.merchant.clone(),
            at: now,
            what: What::passed(&order, entry),
        }));
        upto.extend(new.last().map(|last| (order.id.clone(), last.rev)));
    }
    if news.is_empty() {
        return Ok(());
    }
    env.bus.publish(&news).await?;
    for (order, rev) in upto {
        env.db.save_told(&order, rev).await?;
    }
    Ok(())
}

/// The same for the same change, however often it is told.
fn id(order: &Order, entry: &Passed) -> String {
    named(&format!(
        "{}|{}|{}",
        order.id,
        entry.rev,
        entry.status.map_or("forgotten", |status| status.as_str())
    ))
}
