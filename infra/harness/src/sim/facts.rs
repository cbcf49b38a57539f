//! What the tables, queues and documents hold, read past the doors.

use super::script::TOKEN;
use crate::world::{World, WorldError};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value};
use std::collections::{BTreeMap, HashMap};
use waybill_domain::OrderId;
use waybill_domain::order::Order;
use waybill_domain::picking::PickList;
use waybill_domain::shipment::Shipment;
use waybill_domain::stock::{Level, Movement};
use waybill_store::memory::Stored;
use waybill_store::stock::transfers::Transfer;

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
    /// Pick lists.
    pub picks: Vec<PickList>,
    /// Transfers between warehouses.
    pub transfers: Vec<Transfer>,
    /// Names of documents.
    pub documents: Vec<String>,
    /// Where a personal text of a buyer stands in plain: a table with a key, or a document.
    pub leak: Option<String>,
}

const BROKEN: WorldError = WorldError::Setup("an item cannot be read back");

/// A stored value as ordinary JSON; bytes become base64 text.
fn plain(value: Stored) -> Value {
    let texts = |all: Vec<String>| all.into_iter().map(Value::String).collect();
    match value {
        Stored::S(text) => Value::String(text),
        Stored::N(number) => number.parse().map_or(Value::Null, Value::Number),
        Stored::B(body) => Value::String(STANDARD.encode(body)),
        Stored::BOOL(truth) => Value::Bool(truth),
        Stored::NULL(_) => Value::Null,
        Stored::SS(all) | Stored::NS(all) => texts(all),
        Stored::BS(all) => texts(all.into_iter().map(|body| STANDARD.encode(body)).collect()),
        Stored::L(all) => all.into_iter().map(plain).collect(),
        Stored::M(fields) => Value::Object(plain_item(fields)),
    }
}

fn plain_item(item: HashMap<String, Stored>) -> Map<String, Value> {
    item.into_iter().map(|(name, value)| (name, plain(value))).collect()
}

fn bytes(item: &Map<String, Value>, name: &str) -> Option<Vec<u8>> {
    item.get(name).and_then(Value::as_str).and_then(|text| STANDARD.decode(text).ok())
}

fn typed<T: serde::de::DeserializeOwned>(item: Map<String, Value>) -> Result<T, WorldError> {
    serde_json::from_value(Value::Object(item)).map_err(|_| BROKEN)
}

impl Facts {
    /// Reads only what the stock table holds, for those who act on goods.
    ///
    /// # Errors
    /// When an item is not what it should be.
    pub fn of_stock(world: &World) -> Result<Self, WorldError> {
        let mut facts = Self::default();
        for raw in world.engine.items("stock")? {
            facts.add_stock(plain_item(raw))?;
        }
        Ok(facts)
    }

    /// Reads everything.
    ///
    /// # Errors
    /// When an item is not what it should be.
    pub fn read(world: &World) -> Result<Self, WorldError> {
        let mut facts = Self::default();
        for table in ["orders", "keys", "stock", "registry", "audit"] {
            for raw in world.engine.items(table)? {
                let leaks = facts.leak.is_none() && item_holds(&raw, TOKEN);
                let item = plain_item(raw);
                if leaks {
                    facts.leak = Some(format!("{table} {} {}", item["pk"], item["sk"]));
                }
                match table {
                    "orders" => facts.add_order(item)?,
                    "keys" => facts.add_key(&item),
                    "stock" => facts.add_stock(item)?,
                    _ => {}
                }
            }
        }
        for (name, body) in world.documents.all() {
            if name.contains(TOKEN) || within(&body, TOKEN) {
                facts.leak = Some(format!("document {name}"));
            }
            facts.documents.push(name);
        }
        Ok(facts)
    }

    fn add_order(&mut self, mut item: Map<String, Value>) -> Result<(), WorldError> {
        match item.get("sk").and_then(Value::as_str) {
            Some("order") => {}
            // How far the bus was told of an order.
            Some("told") => return Ok(()),
            _ => {
                self.shipments.push(typed(item)?);
                return Ok(());
            }
        }
        let sealed = bytes(&item, "sealed");
        item.remove("sealed");
        let order: Order = typed(item)?;
        self.orders.insert(order.id.clone(), Held { order, sealed });
        Ok(())
    }

    fn add_key(&mut self, item: &Map<String, Value>) {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default().to_owned();
        self.keys.push(Key {
            order: text("pk"),
            live: text("state") == "live",
            wrapped: bytes(item, "wrapped").filter(|w| !w.is_empty()),
            labels: item.keys().filter(|name| name.starts_with("label#")).count(),
            buyer: item.contains_key("buyer"),
            purge_at: text("purge_at").parse().ok(),
        });
    }

    fn add_stock(&mut self, item: Map<String, Value>) -> Result<(), WorldError> {
        let text = |name: &str| item.get(name).and_then(Value::as_str).unwrap_or_default();
        let (owner, sku) = text("pk").split_once('#').ok_or(BROKEN)?;
        let sku = sku.to_owned();
        match owner {
            "picks" => self.picks.push(typed(item)?),
            "transfers" => self.transfers.push(typed(item)?),
            _ if owner.starts_with("mer_") && text("sk").starts_with("lvl#") => {
                self.levels.push((sku, typed(item)?));
            }
            // What channels and the bus were told, or are to be told later, is no stock of ours.
            _ if text("sk").starts_with("push") || text("sk") == "reach" => {}
            _ if owner.starts_with("mer_") => self.movements.push((sku, typed(item)?)),
            // Names of SKUs, counts, places: nothing that moves goods.
            _ => {}
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
/// When the index cannot be read.
pub fn next_due(world: &World) -> Result<Option<Timestamp>, WorldError> {
    let due = |row: &Value| row["due_at"]["S"].as_str().and_then(|text| text.parse::<Timestamp>().ok());
    Ok(world.engine.dump_index("orders", "due")?.iter().filter_map(due).min())
}

/// Whether a text stands in plain in an item, names and bytes included.
fn item_holds(item: &HashMap<String, Stored>, token: &str) -> bool {
    item.iter().any(|(name, value)| name.contains(token) || holds(value, token))
}

fn holds(value: &Stored, token: &str) -> bool {
    match value {
        Stored::S(text) | Stored::N(text) => text.contains(token),
        Stored::B(body) => within(body, token),
        Stored::BOOL(_) | Stored::NULL(_) => false,
        Stored::SS(all) | Stored::NS(all) => all.iter().any(|text| text.contains(token)),
        Stored::BS(all) => all.iter().any(|body| within(body, token)),
        Stored::L(all) => all.iter().any(|one| holds(one, token)),
        Stored::M(fields) => item_holds(fields, token),
    }
}

fn within(body: &[u8], token: &str) -> bool {
    body.windows(token.len()).any(|part| part == token.as_bytes())
}
