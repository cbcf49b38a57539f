//! Where every order stands, read from the tables.

use super::say;
use crate::stack::{Stack, Trouble};
use aws_sdk_dynamodb::types::AttributeValue;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use waybill_domain::exception::Reason;
use waybill_domain::order::{Order, PersonalData, Status};
use waybill_domain::shipment::{Shipment, WriteBack};
use waybill_domain::stock::{Effect, Level, Movement};
use waybill_store::db::Item;

/// Everything the tables hold at one moment.
#[derive(Debug, Clone, Default)]
pub(super) struct Standing {
    /// Orders.
    pub(super) orders: Vec<Order>,
    /// Shipments.
    pub(super) shipments: Vec<Shipment>,
    /// Levels by SKU.
    pub(super) levels: Vec<(String, Level)>,
    /// Movements by SKU.
    pub(super) movements: Vec<(String, Movement)>,
    /// Live data keys, of recipients and labels.
    pub(super) live_keys: usize,
    /// Orders whose data key was destroyed.
    pub(super) fences: usize,
    /// Order items that still hold sealed bytes.
    pub(super) sealed: usize,
    /// Objects in the label bucket.
    pub(super) documents: usize,
}

fn text<'a>(item: &'a Item, name: &str) -> &'a str {
    item.get(name).and_then(|v| v.as_s().ok()).map_or("", String::as_str)
}

/// Reads the tables and the bucket.
pub(super) async fn read(stack: &Stack) -> Result<Standing, Trouble> {
    let db = stack.db()?;
    let mut now = Standing::default();
    for item in scan(&db.client, &db.tables.orders).await? {
        let (is_order, is_shipment) = (text(&item, "sk") == "order", text(&item, "sk").starts_with("shp_"));
        if is_order {
            now.sealed += usize::from(matches!(item.get("sealed"), Some(AttributeValue::B(_))));
            now.orders.push(serde_dynamo::from_item(item)?);
        } else if is_shipment {
            now.shipments.push(serde_dynamo::from_item(item)?);
        }
    }
    for item in scan(&db.client, &db.tables.keys).await? {
        let erased = text(&item, "state") == "erased";
        now.live_keys += usize::from(!erased);
        now.fences += usize::from(erased && text(&item, "sk") == "recipient");
    }
    for item in scan(&db.client, &db.tables.stock).await? {
        let sku = text(&item, "pk").split_once('#').map_or("", |(_, sku)| sku).to_owned();
        let (is_level, is_movement) =
            (text(&item, "sk").starts_with("lvl#"), text(&item, "sk").starts_with("mov#"));
        if is_level {
            now.levels.push((sku, serde_dynamo::from_item(item)?));
        } else if is_movement {
            now.movements.push((sku, serde_dynamo::from_item(item)?));
        }
    }
    let s3 = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&stack.sdk()).force_path_style(true).build(),
    );
    let mut pages = s3.list_objects_v2().bucket(stack.output("BucketLabels")?).into_paginator().send();
    while let Some(page) = pages.next().await {
        now.documents += page?.contents().len();
    }
    Ok(now)
}

async fn scan(client: &aws_sdk_dynamodb::Client, table: &str) -> Result<Vec<Item>, Trouble> {
    let mut pages = client.scan().table_name(table).consistent_read(true).into_paginator().items().send();
    let mut found = Vec::new();
    while let Some(item) = pages.next().await {
        found.push(item?);
    }
    Ok(found)
}

impl Standing {
    /// Orders by status.
    pub(super) fn by_status(&self) -> BTreeMap<Status, usize> {
        let mut counts = BTreeMap::new();
        for order in &self.orders {
            *counts.entry(order.status).or_default() += 1;
        }
        counts
    }

    /// Ids of orders for which stock was ever reserved, by the movements.
    pub(super) fn reserved_for(&self) -> BTreeSet<String> {
        let mut ids = BTreeSet::new();
        for (_, movement) in &self.movements {
            ids.extend(movement.orders.iter().filter(|(_, q)| *q > 0).map(|(id, _)| id.to_string()));
        }
        ids
    }

    /// Shipments that have a label.
    pub(super) fn labelled(&self) -> usize {
        self.shipments.iter().filter(|s| s.tracking().is_some()).count()
    }

    /// Shipments the channel knows of.
    pub(super) fn written_back(&self) -> usize {
        self.shipments
            .iter()
            .filter(|s| matches!(s.write_back, WriteBack::Applied { .. } | WriteBack::Taken { .. }))
            .count()
    }

    /// Shipments of one connection's orders that its channel knows of, or took and shows later.
    pub(super) fn written_back_of(&self, connection: &waybill_domain::ConnectionId) -> usize {
        let ours = |id: &waybill_domain::OrderId| {
            self.orders.iter().any(|o| o.id == *id && o.connection == *connection)
        };
        let told =
            |s: &&Shipment| matches!(s.write_back, WriteBack::Applied { .. } | WriteBack::Taken { .. });
        self.shipments.iter().filter(told).filter(|s| ours(&s.order)).count()
    }

    /// Shipments of which the channel would not hear, because their order was cancelled there meanwhile, and
    /// whose order has an open exception that says so.
    pub(super) fn write_back_refused(&self) -> usize {
        let told = |id: &waybill_domain::OrderId| {
            self.orders
                .iter()
                .any(|o| o.id == *id && o.exceptions.iter().any(|e| e.reason == Reason::WriteBackRefused))
        };
        self.shipments.iter().filter(|s| s.write_back == WriteBack::Refused && told(&s.order)).count()
    }

    /// Labels of cancelled orders that their carrier does not undo, of which the channel is not told and a person is.
    pub(super) fn void_refused(&self) -> usize {
        let kept = |id: &waybill_domain::OrderId| {
            self.orders.iter().any(|o| {
                let refused = o.exceptions.iter().any(|e| e.reason == Reason::VoidRefused);
                o.id == *id && o.status == Status::Cancelled && refused
            })
        };
        let untold = |s: &&Shipment| s.has_label() && s.write_back == WriteBack::Pending;
        self.shipments.iter().filter(untold).filter(|s| kept(&s.order)).count()
    }

    /// Orders that are forgotten.
    pub(super) fn erased(&self) -> usize {
        self.orders.iter().filter(|o| o.personal == PersonalData::Erased).count()
    }

    /// Levels that are oversold, or whose movements do not add up to what they say.
    pub(super) fn unsound_levels(&self) -> usize {
        self.levels
            .iter()
            .filter(|(sku, level)| {
                let mut sum = Effect::default();
                for (_, m) in
                    self.movements.iter().filter(|(s, m)| s == sku && m.warehouse == level.warehouse)
                {
                    sum += m.effect();
                }
                let Effect { on_hand, reserved, quarantined } = sum;
                !level.is_sound()
                    || (level.on_hand, level.reserved, level.quarantined) != (on_hand, reserved, quarantined)
            })
            .count()
    }

    /// Orders that still move by themselves.
    fn restless(&self) -> usize {
        self.orders
            .iter()
            .filter(|o| {
                let moving = matches!(o.status, Status::Received | Status::Allocated | Status::Booked);
                let settling = matches!(o.status, Status::Cancelled | Status::Dispatched | Status::Delivered)
                    && (o.holds_stock() || o.claim.is_some());
                (moving || settling) && o.exceptions.is_empty()
            })
            .count()
    }
}

/// Waits until no order moves by itself, showing where they stand.
pub(super) async fn until_quiet(stack: &Stack, patience: Duration) -> Result<Standing, Trouble> {
    let start = Instant::now();
    let (mut quiet, mut shown) = (0, String::new());
    loop {
        let now = read(stack).await?;
        let line: Vec<String> = now.by_status().iter().map(|(s, n)| format!("{} {n}", s.as_str())).collect();
        let line = line.join("  ");
        if line != shown {
            say(&format!("     {line}"));
            shown = line;
        }
        quiet = if now.restless() == 0 { quiet + 1 } else { 0 };
        if quiet == 2 {
            return Ok(now);
        }
        if start.elapsed() > patience {
            return Err(format!(
                "{} orders do not come to rest; look at the functions' logs",
                now.restless()
            )
            .into());
        }
        tokio::time::sleep(Duration::from_secs(2)).await;
    }
}

/// Says where orders stand and what waits for a person.
pub(super) fn explain(now: &Standing) {
    let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
    for order in &now.orders {
        for exception in &order.exceptions {
            *reasons.entry(format!("{:?}", exception.reason)).or_default() += 1;
        }
    }
    let open: Vec<String> = reasons.iter().map(|(r, n)| format!("{r} {n}")).collect();
    say(&format!(
        "     {} orders stored, {} labels, {} told to the shop; for a person: {}",
        now.orders.len(),
        now.labelled(),
        now.written_back(),
        if open.is_empty() { "nothing".to_owned() } else { open.join(", ") }
    ));
}
