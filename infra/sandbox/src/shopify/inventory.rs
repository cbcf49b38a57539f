//! Stock of a shop: items, one location, `inventorySetQuantities` with compare-and-set and idempotency.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::graphql::Selection;
use super::project::{connection, error};
use super::{gid, inputs, invalid_variable, number_of_gid, webhooks};
use crate::invent;
use crate::state::State;

const FIRST_ITEM: i64 = 44_000_000_000_001;
const FIRST_VARIANT: i64 = 42_000_000_000_001;
const LOCATION: i64 = 70_000_000_001;

/// One stocked item.
#[derive(Debug, Clone, Serialize)]
pub struct Item {
    /// Number of the inventory item's gid. Not the variant's.
    pub id: i64,
    /// Number of the variant's gid.
    pub variant: i64,
    /// Stock-keeping unit.
    pub sku: String,
    /// Weight of one unit in grams.
    pub grams: u32,
    /// Units for sale.
    pub available: i64,
    /// Units in the building.
    pub on_hand: i64,
    /// False plays a bundle parent, whose number cannot be set.
    pub mutable: bool,
}

/// All items, at one location.
#[derive(Debug, Default)]
pub struct Inventory {
    /// Items by inventory item number.
    pub items: BTreeMap<i64, Item>,
    /// How many sets were taken.
    pub sets: u64,
    by_sku: BTreeMap<String, i64>,
    done: BTreeMap<String, (Value, Value)>,
}

impl Inventory {
    /// The items of the invented catalogue, none in stock.
    pub fn of_catalogue() -> Self {
        let mut all = Self::default();
        for product in invent::catalogue() {
            all.add(product.sku, product.grams);
        }
        all
    }

    /// Adds an item for a SKU if there is none, and returns its inventory item number.
    pub fn add(&mut self, sku: &str, grams: u32) -> i64 {
        if let Some(id) = self.by_sku.get(sku) {
            return *id;
        }
        let index = i64::try_from(self.items.len()).unwrap_or(0);
        let (id, variant) = (FIRST_ITEM + index, FIRST_VARIANT + index);
        let item = Item { id, variant, sku: sku.to_owned(), grams, available: 0, on_hand: 0, mutable: true };
        self.items.insert(id, item);
        self.by_sku.insert(sku.to_owned(), id);
        id
    }

    /// The item of a SKU.
    pub fn of_sku(&mut self, sku: &str) -> Option<&mut Item> {
        self.items.get_mut(self.by_sku.get(sku)?)
    }

    /// The gid of the one location.
    pub fn location(&self) -> String {
        gid("Location", LOCATION)
    }

    /// `locations`.
    pub fn locations(&self) -> Vec<Value> {
        vec![json!({"id": self.location(), "name": "Warehouse", "isActive": true})]
    }

    /// `variant` of a line.
    pub fn variant_of_sku(&self, sku: &str) -> Value {
        self.by_sku.get(sku).and_then(|id| self.items.get(id)).map_or(Value::Null, variant)
    }

    /// `inventoryItem(id)`.
    pub fn item(&self, field: &Selection) -> Value {
        let gid = field.args.get("id").and_then(Value::as_str).unwrap_or_default();
        let item = number_of_gid(gid, "InventoryItem").and_then(|id| self.items.get(&id));
        let Some(item) = item else { return Value::Null };
        let level = level(item);
        let asked = field.fields.iter().find(|inner| inner.name == "inventoryLevel");
        let asked = asked.and_then(|inner| inner.args.get("locationId")).and_then(Value::as_str);
        let mut shown = short(item);
        shown["inventoryLevel"] =
            if asked == Some(self.location().as_str()) { level.clone() } else { Value::Null };
        shown["inventoryLevels"] = connection(vec![level]);
        shown
    }

    /// `productVariants(first, query: "sku:...")`.
    ///
    /// # Errors
    /// A GraphQL error for any other query.
    pub fn variants(&self, field: &Selection) -> Result<Value, Value> {
        let query = field.args.get("query").and_then(Value::as_str).unwrap_or_default();
        let wanted = query.strip_prefix("sku:").map(|sku| sku.trim_matches(['\'', '"']));
        if wanted.is_none() && !query.is_empty() {
            let message = "the sandbox can search variants by sku only";
            return Err(error(message, "BAD_REQUEST", std::slice::from_ref(&field.alias)));
        }
        let items = self.items.values().filter(|item| wanted.is_none_or(|sku| sku == item.sku));
        Ok(connection(items.map(variant).collect()))
    }
}

fn short(item: &Item) -> Value {
    json!({
        "__typename": "InventoryItem",
        "id": gid("InventoryItem", item.id),
        "sku": item.sku,
        "tracked": true,
        "measurement": {"weight": {"value": item.grams, "unit": "GRAMS"}},
    })
}

fn variant(item: &Item) -> Value {
    let mut inventory_item = short(item);
    inventory_item["inventoryLevels"] = connection(vec![level(item)]);
    json!({
        "__typename": "ProductVariant",
        "id": gid("ProductVariant", item.variant),
        "sku": item.sku,
        "inventoryItem": inventory_item,
    })
}

fn level(item: &Item) -> Value {
    json!({
        "id": gid("InventoryLevel", item.id),
        "location": {"id": gid("Location", LOCATION), "name": "Warehouse"},
        "quantities": [
            {"name": "available", "quantity": item.available},
            {"name": "on_hand", "quantity": item.on_hand},
        ],
    })
}

/// `inventorySetQuantities(input) @idempotent(key)`. The same key with the same input gives the same answer and
/// changes nothing; with another input `IDEMPOTENCY_KEY_PARAMETER_MISMATCH`. All quantities are set, or none.
///
/// # Errors
/// A GraphQL error when the directive is missing or the input does not fit its type.
pub fn set(state: &mut State, domain: &str, field: &Selection) -> Result<Value, Value> {
    let input = field.args.get("input");
    inputs::check("InventorySetQuantitiesInput!", input, "input")
        .map_err(|explanation| invalid_variable(field, &explanation))?;
    let input = input.cloned().unwrap_or(Value::Null);
    let key = field.directives.get("idempotent").and_then(|args| args.get("key")).and_then(Value::as_str);
    let Some(key) = key.filter(|key| !key.is_empty()) else {
        let message = "The @idempotent directive is required for this mutation but was not provided.";
        return Err(error(message, "BAD_REQUEST", std::slice::from_ref(&field.alias)));
    };
    let quantities = input["quantities"].as_array().cloned().unwrap_or_default();
    if quantities.iter().any(|one| one.get("changeFromQuantity").is_none()) {
        let message = "changeFromQuantity (must be present; null means: do not compare)";
        return Err(invalid_variable(field, message));
    }
    let id = state.fresh_id();
    let Some(shop) = state.shops.get_mut(domain) else {
        return Err(error("no such shop", "INTERNAL", &[]));
    };
    let stock = &mut shop.inventory;
    if let Some((before, answer)) = stock.done.get(key) {
        let mismatch = || {
            refused(
                "IDEMPOTENCY_KEY_PARAMETER_MISMATCH",
                &json!(["input"]),
                "This key was used with other parameters.",
            )
        };
        return Ok(if *before == input { answer.clone() } else { mismatch() });
    }
    let answer = match apply(stock, &input, &quantities) {
        Ok(()) => {
            stock.sets += 1;
            json!({"inventoryAdjustmentGroup": {"id": gid("InventoryAdjustmentGroup", id)}, "userErrors": []})
        }
        Err(answer) => answer,
    };
    stock.done.insert(key.to_owned(), (input, answer.clone()));
    let code = answer["userErrors"][0]["code"].as_str().map(str::to_owned);
    match code {
        Some(code) if code != "CHANGE_FROM_QUANTITY_STALE" => {
            state.refuse("shopify.inventorySetQuantities", code);
        }
        Some(_) => {}
        None => quantities.iter().for_each(|one| webhooks::announce_level(state, domain, one)),
    }
    Ok(answer)
}

fn refused(code: &str, field: &Value, message: &str) -> Value {
    json!({
        "inventoryAdjustmentGroup": null,
        "userErrors": [{"code": code, "field": field, "message": message}],
    })
}

fn apply(stock: &mut Inventory, input: &Value, quantities: &[Value]) -> Result<(), Value> {
    let on_hand = match input["name"].as_str() {
        Some("available") => false,
        Some("on_hand") => true,
        _ => {
            return Err(refused("INVALID_NAME", &json!(["input", "name"]), "Name is available or on_hand."));
        }
    };
    if !REASONS.contains(&input["reason"].as_str().unwrap_or_default()) {
        return Err(refused("INVALID_REASON", &json!(["input", "reason"]), "The reason is not known."));
    }
    let mut seen = Vec::new();
    let mut planned = Vec::new();
    for (index, one) in quantities.iter().enumerate() {
        let at = |name: &str| json!(["input", "quantities", index.to_string(), name]);
        let item = one["inventoryItemId"].as_str().and_then(|gid| number_of_gid(gid, "InventoryItem"));
        let item = item.and_then(|id| stock.items.get(&id)).ok_or_else(|| {
            refused(
                "INVALID_INVENTORY_ITEM",
                &at("inventoryItemId"),
                "The specified inventory item could not be found.",
            )
        })?;
        if one["locationId"].as_str() != Some(stock.location().as_str()) {
            let message = "The specified location could not be found.";
            return Err(refused("INVALID_LOCATION", &at("locationId"), message));
        }
        if seen.contains(&item.id) {
            let message = "The combination of inventoryItemId and locationId must be unique.";
            return Err(refused("NO_DUPLICATE_INVENTORY_ITEM_ID_GROUP_ID_PAIR", &at("locationId"), message));
        }
        seen.push(item.id);
        if !item.mutable {
            let message = "The quantity of a bundle cannot be set.";
            return Err(refused("NON_MUTABLE_INVENTORY_ITEM", &at("inventoryItemId"), message));
        }
        let quantity = one["quantity"].as_i64().unwrap_or(0);
        match quantity {
            q if q > 1_000_000_000 => {
                let message = "The quantity must be lower than 1,000,000,000.";
                return Err(refused("INVALID_QUANTITY_TOO_HIGH", &at("quantity"), message));
            }
            q if q < -1_000_000_000 => {
                let message = "The quantity must be higher than -1,000,000,000.";
                return Err(refused("INVALID_QUANTITY_TOO_LOW", &at("quantity"), message));
            }
            q if q < 0 && on_hand => {
                let message = "The quantity cannot be negative.";
                return Err(refused("INVALID_QUANTITY_NEGATIVE", &at("quantity"), message));
            }
            _ => {}
        }
        let current = if on_hand { item.on_hand } else { item.available };
        if one["changeFromQuantity"].as_i64().is_some_and(|expected| expected != current) {
            let message = "The changeFromQuantity argument no longer matches the persisted quantity.";
            return Err(refused("CHANGE_FROM_QUANTITY_STALE", &at("changeFromQuantity"), message));
        }
        planned.push((item.id, quantity - current));
    }
    for (id, change) in planned {
        if let Some(item) = stock.items.get_mut(&id) {
            item.available += change;
            item.on_hand += change;
        }
    }
    Ok(())
}

const REASONS: &[&str] = &[
    "correction",
    "cycle_count_available",
    "damaged",
    "movement_created",
    "movement_updated",
    "movement_received",
    "movement_canceled",
    "other",
    "promotion",
    "quality_control",
    "received",
    "reservation_created",
    "reservation_deleted",
    "reservation_updated",
    "restock",
    "safety_stock",
    "shrinkage",
];
