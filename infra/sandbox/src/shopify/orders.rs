//! Orders of a shop as it keeps them: the REST body, its earlier versions, fulfillment orders, fulfillments.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::gid;
use crate::clock;
use crate::state::State;

/// How many earlier versions of an order are kept.
const VERSIONS: usize = 5;

/// An order with what belongs to it.
#[derive(Debug, Clone)]
pub struct StoredOrder {
    /// The order in REST webhook shape.
    pub body: Value,
    /// Earlier bodies, oldest first.
    pub earlier: Vec<Value>,
    /// Its fulfillment orders.
    pub fulfillment_orders: Vec<FulfillmentOrder>,
    /// Its fulfillments.
    pub fulfillments: Vec<Fulfillment>,
}

/// Work for one place.
#[derive(Debug, Clone, Serialize)]
pub struct FulfillmentOrder {
    /// Number of its gid.
    pub id: i64,
    /// `OPEN`, `ON_HOLD`, `CLOSED`, `CANCELLED` and so on.
    pub status: String,
    /// Why it is held.
    pub hold_reason: Option<String>,
    /// `SHIPPING`, `NONE` (digital), `PICK_UP`.
    pub method: String,
    /// Its lines.
    pub lines: Vec<FulfillmentOrderLine>,
}

/// A line of a fulfillment order.
#[derive(Debug, Clone, Serialize)]
pub struct FulfillmentOrderLine {
    /// Number of its gid.
    pub id: i64,
    /// Number of the order line's gid.
    pub line: i64,
    /// All units.
    pub total: i64,
    /// Units not yet fulfilled.
    pub remaining: i64,
}

/// A shipment as the shop knows it.
#[derive(Debug, Clone, Serialize)]
pub struct Fulfillment {
    /// Number of its gid.
    pub id: i64,
    /// `SUCCESS` or `CANCELLED`.
    pub status: String,
    /// Carrier as given.
    pub company: Option<String>,
    /// Tracking numbers.
    pub numbers: Vec<String>,
    /// Tracking addresses.
    pub urls: Vec<String>,
    /// Order line and units.
    pub lines: Vec<(i64, i64)>,
    /// When it was made.
    pub created_at: Timestamp,
    /// Progress, in order of arrival.
    pub events: Vec<String>,
    /// Whether the shop was asked to tell the customer.
    pub notify_customer: bool,
}

impl StoredOrder {
    /// Numeric id of the order.
    pub fn id(&self) -> i64 {
        id_of(&self.body)
    }

    /// Lines of the order.
    pub fn lines(&self) -> &[Value] {
        self.body["line_items"].as_array().map(Vec::as_slice).unwrap_or_default()
    }

    /// Changes the body, keeps the one before, and bumps `updated_at` to `now`.
    pub fn change(&mut self, now: Timestamp, change: impl FnOnce(&mut Value)) {
        if self.earlier.len() == VERSIONS {
            self.earlier.remove(0);
        }
        self.earlier.push(self.body.clone());
        change(&mut self.body);
        self.body["updated_at"] = Value::String(clock::rest(now));
    }

    /// The body `back` versions ago (0 is now); the oldest kept when there are fewer.
    pub fn version(&self, back: usize) -> &Value {
        if back == 0 {
            return &self.body;
        }
        let at = self.earlier.len().saturating_sub(back);
        self.earlier.get(at).unwrap_or(&self.body)
    }

    /// Units of an order line already fulfilled.
    pub fn fulfilled(&self, line: i64) -> i64 {
        let live = self.fulfillments.iter().filter(|fulfillment| fulfillment.status == "SUCCESS");
        live.flat_map(|fulfillment| &fulfillment.lines).filter(|(id, _)| *id == line).map(|(_, n)| n).sum()
    }

    /// Sets fulfillable quantities and statuses in the body from what is fulfilled and remaining.
    pub fn refresh_fulfillment(&mut self, now: Timestamp) {
        let done: Vec<(i64, i64)> =
            self.lines().iter().map(|line| (id_of(line), self.fulfilled(id_of(line)))).collect();
        let shown: Vec<Value> =
            self.fulfillments.iter().map(|one| rest_fulfillment(self.id(), one)).collect();
        self.change(now, |body| {
            let mut open = 0;
            for (line, (_, fulfilled)) in body["line_items"].as_array_mut().into_iter().flatten().zip(&done) {
                let left = (line["current_quantity"].as_i64().unwrap_or(0) - fulfilled).max(0);
                line["fulfillable_quantity"] = json!(left);
                line["fulfillment_status"] = match (*fulfilled, left) {
                    (0, _) => Value::Null,
                    (_, 0) => json!("fulfilled"),
                    _ => json!("partial"),
                };
                open += if line["requires_shipping"] == json!(false) { 0 } else { left };
            }
            let any = done.iter().any(|(_, fulfilled)| *fulfilled > 0);
            body["fulfillment_status"] = match (any, open) {
                (false, _) => Value::Null,
                (true, 0) => json!("fulfilled"),
                (true, _) => json!("partial"),
            };
            body["fulfillments"] = Value::Array(shown);
        });
    }
}

/// The `id` of an order or line; 0 when it has none.
pub fn id_of(value: &Value) -> i64 {
    value["id"].as_i64().unwrap_or(0)
}

fn rest_fulfillment(order: i64, one: &Fulfillment) -> Value {
    json!({
        "id": one.id,
        "order_id": order,
        "status": if one.status == "SUCCESS" { "success" } else { "cancelled" },
        "created_at": clock::rest(one.created_at),
        "updated_at": clock::rest(one.created_at),
        "service": "manual",
        "shipment_status": one.events.last().map(|event| event.to_lowercase()),
        "tracking_company": one.company,
        "tracking_number": one.numbers.first(),
        "tracking_numbers": one.numbers,
        "tracking_url": one.urls.first(),
        "tracking_urls": one.urls,
        "line_items": one.lines.iter().map(|(id, quantity)| json!({"id": id, "quantity": quantity}))
            .collect::<Vec<Value>>(),
        "admin_graphql_api_id": gid("Fulfillment", one.id),
    })
}

/// Puts an order into a shop: a new one gets its fulfillment orders (`split` of them for goods that ship, one
/// more for goods that do not), a known one gets a new body and keeps its fulfillment orders. Returns its id.
///
/// # Errors
/// Says what the body lacks.
pub fn put(state: &mut State, shop: &str, body: Value, split: usize) -> Result<i64, String> {
    let id = body["id"].as_i64().ok_or("the order has no whole number as id; add one")?;
    if !body["line_items"].is_array() {
        return Err("the order has no line_items list; add one".to_owned());
    }
    let mut fresh = || state.fresh_id();
    let fulfillment_orders = plan(&body, split.max(1), &mut fresh);
    let known = state.shops.get_mut(shop).ok_or("there is no such shop; add it with PUT /control/shops")?;
    if let Some(order) = known.orders.get_mut(&id) {
        let before = std::mem::replace(&mut order.body, body);
        order.earlier.push(before);
        return Ok(id);
    }
    for line in body["line_items"].as_array().into_iter().flatten() {
        if let Some(sku) = line["sku"].as_str() {
            let grams = line["grams"].as_u64().and_then(|grams| u32::try_from(grams).ok());
            known.inventory.add(sku, grams.unwrap_or(0));
        }
    }
    known.owners.extend(fulfillment_orders.iter().map(|one| (one.id, id)));
    let order = StoredOrder { body, earlier: Vec::new(), fulfillment_orders, fulfillments: Vec::new() };
    known.orders.insert(id, order);
    Ok(id)
}

fn plan(body: &Value, split: usize, fresh: &mut impl FnMut() -> i64) -> Vec<FulfillmentOrder> {
    let lines = body["line_items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let cancelled = !body["cancelled_at"].is_null();
    let pickup = body["shipping_lines"][0]["delivery_category"] == json!("pick_up");
    let (shipped, digital): (Vec<&Value>, Vec<&Value>) =
        lines.iter().partition(|line| line["requires_shipping"] != json!(false));
    let mut groups: Vec<(&str, Vec<&Value>)> = Vec::new();
    if !shipped.is_empty() {
        let size = shipped.len().div_ceil(split);
        let method = if pickup { "PICK_UP" } else { "SHIPPING" };
        groups.extend(shipped.chunks(size).map(|chunk| (method, chunk.to_vec())));
    }
    if !digital.is_empty() {
        groups.push(("NONE", digital));
    }
    let mut make = |(method, lines): (&str, Vec<&Value>)| FulfillmentOrder {
        id: fresh(),
        status: if cancelled { "CANCELLED" } else { "OPEN" }.to_owned(),
        hold_reason: None,
        method: method.to_owned(),
        lines: lines
            .into_iter()
            .map(|line| {
                let units = line["fulfillable_quantity"].as_i64().or(line["quantity"].as_i64()).unwrap_or(0);
                FulfillmentOrderLine { id: fresh(), line: id_of(line), total: units, remaining: units }
            })
            .collect(),
    };
    groups.into_iter().map(&mut make).collect()
}
