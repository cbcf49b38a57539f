//! What the tables, queues and documents hold, read past the doors.

use crate::world::{World, WorldError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use waybill_domain::OrderId;
use waybill_domain::order::Order;
use waybill_domain::shipment::Shipment;
use waybill_domain::stock::{Level, Movement};

/// An order item.
#[derive(Debug, Clone)]
pub struct Held {
    /// The order.
    pub order: Order,
    /// Its sealed recipient.
    pub sealed: Option<Vec<u8>>,
}

/// The key item of an order.
#[derive(Debug, Clone)]
pub struct Key {
    /// Of which order.
    pub order: String,
    /// It is live.
    pub live: bool,
    /// The recipient's, as KMS wrapped it.
    pub wrapped: Option<Vec<u8>>,
    /// How many keys of labels it holds.
    pub labels: usize,
    /// It names a buyer.
    pub buyer: bool,
    /// When it must be gone.
    pub purge_at: Option<Timestamp>,
}

/// A moment's view of everything stored.
#[derive(Debug, Default)]
pub struct Facts {
    /// Orders by id.
    pub orders: BTreeMap<OrderId, Held>,
    /// Shipments.
    pub shipments: Vec<Shipment>,
    /// Keys.
    pub keys: Vec<Key>,
    /// Levels, with their SKU.
    pub levels: Vec<(String, Level)>,
    /// Movements, with their SKU.
    pub movements: Vec<(String, Movement)>,
    /// Names of documents.
    pub documents: Vec<String>,
}

const BROKEN: WorldError = WorldError::Setup("an item cannot be read back");

/// DynamoDB's JSON as ordinary JSON; bytes stay base64 text.
pub fn plain(value: &Value) -> Value {
    let Some((kind, inner)) = value.as_object().and_then(|o| o.iter().next()) else { return Value::Null };
    match kind.as_str() {
        "N" => inner.as_str().and_then(|n| n.parse().ok()).map_or(Value::Null, Value::Number),
        "L" => Value::Array(inner.as_array().into_iter().flatten().map(plain).collect()),
        "M" => Value::Object(plain_item(inner)),
        "NULL" => Value::Null,
        _ => inner.clone(),
    }
}

fn plain_item(item: &Value) -> Map<String, Value> {
    item.as_object().into_iter().flatten().map(|(name, value)| (name.clone(), plain(value))).collect()
}

fn bytes(item: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    item.get(name).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok())
}

fn typed<T: serde::de::DeserializeOwned>(item: &Map<String, Value>) -> Result<T, WorldError> {
    serde_json::from_value(Value::Object(item.clone())).map_err(|_| BROKEN)
}

impl Facts {
    /// Reads everything.
    ///
    /// # Errors
    /// When an item is not what it should be.
    pub fn read(world: &World) -> Result<Self, WorldError> {
        let mut facts = Self { documents: world.documents.all().into_keys().collect(), ..Self::default() };
        for item in world.engine.dump("orders")? {
            let mut item = plain_item(&item);
            if item.get("sk").and_then(Value::as_str) == Some("order") {
                let sealed = bytes(&item, "sealed");
                item.remove("sealed");
                let order: Order = typed(&item)?;
                facts.orders.insert(order.id.clone(), Held { order, sealed });
            } else {
                facts.shipments.push(typed(&item)?);
            }
        }
        for item in world.engine.dump("keys")? {
            let item = plain_item(&item);
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
            facts.keys.push(Key {
                order: text("pk"),
                live: text("state") == "live",
                wrapped: bytes(&item, "wrapped").filter(|w| !w.is_empty()),
                labels: item.keys().filter(|name| name.starts_with("label#")).count(),
                buyer: item.contains_key("buyer"),
                purge_at: text("purge_at").parse().ok(),
            });
        }
        facts.read_stock(world)?;
        Ok(facts)
    }

    /// Reads orders' stock and levels alone.
    fn read_stock(&mut self, world: &World) -> Result<(), WorldError> {
        for item in world.engine.dump("stock")? {
            let item = plain_item(&item);
            let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
            let sku = text("pk").split_once('#').map(|(_, sku)| sku.to_owned()).ok_or(BROKEN)?;
            if text("sk").starts_with("lvl#") {
                self.levels.push((sku, typed(&item)?));
            } else {
                self.movements.push((sku, typed(&item)?));
            }
        }
        Ok(())
    }

    /// Shipments of one order.
    pub fn shipments_of(&self, order: &OrderId) -> impl Iterator<Item = &Shipment> {
        self.shipments.iter().filter(move |s| s.order == *order)
    }
}

/// The moment the clock should next look at an order, if any.
///
/// # Errors
/// When the table cannot be read.
pub fn next_due(world: &World) -> Result<Option<Timestamp>, WorldError> {
    let due = |item: &Value| item["due_at"]["S"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    Ok(world.engine.dump("orders")?.iter().filter(|item| item["sk"]["S"] == "order").filter_map(due).min())
}

/// Where a text that begins like `token` stands in plain in any table or document: the table and its key.
///
/// # Errors
/// When a table cannot be read.
pub fn leak(world: &World, token: &str) -> Result<Option<String>, WorldError> {
    for table in ["orders", "keys", "stock", "registry", "audit"] {
        for item in world.engine.dump(table)? {
            if holds(&item, token) {
                return Ok(Some(format!("{table} {} {}", item["pk"]["S"], item["sk"]["S"])));
            }
        }
    }
    let documents = world.documents.all();
    let found = documents.iter().find(|(name, body)| {
        name.contains(token) || body.windows(token.len()).any(|w| w == token.as_bytes())
    });
    Ok(found.map(|(name, _)| format!("document {name}")))
}

fn holds(value: &Value, token: &str) -> bool {
    match value {
        Value::String(text) => text.contains(token),
        Value::Array(items) => items.iter().any(|one| holds(one, token)),
        Value::Object(fields) => fields.iter().any(|(name, inner)| {
            let sealed = (name == "B").then(|| inner.as_str().and_then(|text| STANDARD.decode(text).ok()));
            let within = |bytes: Vec<u8>| bytes.windows(token.len()).any(|w| w == token.as_bytes());
            name.contains(token) || holds(inner, token) || sealed.flatten().is_some_and(within)
        }),
        _ => false,
    }
}
