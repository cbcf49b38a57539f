//! Shopify: shops, the GraphQL Admin API and webhooks.

pub mod changes;
pub mod fulfillment;
pub mod graph;
pub mod graphql;
pub mod hooks;
pub mod inputs;
pub mod inventory;
pub mod orders;
pub mod project;
pub mod webhooks;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::state::State;
use crate::wire::{Call, Reply};
use graphql::{Document, Selection};
use inventory::Inventory;
use orders::StoredOrder;

/// What a shop is set up with.
#[derive(Debug, Clone, Deserialize)]
pub struct ShopConfig {
    /// `example.myshopify.com`.
    pub domain: String,
    /// The app's client secret; signs webhooks.
    pub client_secret: String,
    /// The secret before a rotation, if both are valid.
    #[serde(default)]
    pub previous_secret: Option<String>,
    /// What `X-Shopify-Access-Token` must say.
    pub access_token: String,
    /// Where webhooks go; without it they wait in the outbox only.
    #[serde(default)]
    pub webhook_url: Option<String>,
    /// Version named in webhooks.
    #[serde(default = "api_version")]
    pub api_version: String,
    /// Currency of the shop.
    #[serde(default = "gbp")]
    pub currency: String,
    /// Sends `orders/create`, `orders/updated` and so on by itself whenever an order changes.
    #[serde(default)]
    pub auto_webhooks: bool,
    /// False plays an app without level 2 approval: names, addresses, phones and mail arrive null.
    #[serde(default = "yes")]
    pub customer_data: bool,
}

fn api_version() -> String {
    "2026-07".to_owned()
}

fn gbp() -> String {
    "GBP".to_owned()
}

fn yes() -> bool {
    true
}

/// A shop and everything in it.
#[derive(Debug)]
pub struct Shop {
    /// How it was set up.
    pub config: ShopConfig,
    /// Numeric id.
    pub id: i64,
    /// False after the app was uninstalled: the token is dead.
    pub installed: bool,
    /// Orders by id.
    pub orders: BTreeMap<i64, StoredOrder>,
    /// Which order a fulfillment order or fulfillment belongs to.
    pub owners: BTreeMap<i64, i64>,
    /// Stock.
    pub inventory: Inventory,
    /// What the app subscribed to by the Admin API.
    pub subscriptions: Vec<hooks::Subscription>,
    bucket: Bucket,
}

impl Shop {
    /// An empty shop that sells [`crate::invent::catalogue`], without stock.
    pub fn new(config: ShopConfig, id: i64) -> Self {
        Self {
            config,
            id,
            installed: true,
            orders: BTreeMap::new(),
            owners: BTreeMap::new(),
            inventory: Inventory::of_catalogue(),
            subscriptions: Vec::new(),
            bucket: Bucket::default(),
        }
    }

    /// Calls that were throttled because the bucket of query cost could not pay for them.
    pub fn over_limit(&self) -> u64 {
        self.bucket.over
    }
}

/// The leaky bucket of query cost.
#[derive(Debug)]
struct Bucket {
    level: f64,
    at: Option<Timestamp>,
    over: u64,
}

impl Default for Bucket {
    fn default() -> Self {
        Self { level: Self::SIZE, at: None, over: 0 }
    }
}

impl Bucket {
    const SIZE: f64 = 2_000.0;
    const RESTORE: f64 = 100.0;

    fn refill(&mut self, now: Timestamp) {
        let seconds = self.at.map_or(0.0, |at| now.duration_since(at).as_secs_f64()).max(0.0);
        self.level = (self.level + seconds * Self::RESTORE).min(Self::SIZE);
        self.at = Some(now);
    }

    fn status(&self, cost: u32, actual: Option<u32>) -> Value {
        json!({
            "requestedQueryCost": cost,
            "actualQueryCost": actual,
            "throttleStatus": {
                "maximumAvailable": Self::SIZE,
                "currentlyAvailable": self.level.floor(),
                "restoreRate": Self::RESTORE,
            },
        })
    }
}

/// A request to a shop, as far as it could be read.
pub struct Asked {
    shop: String,
    problem: Option<Reply>,
    document: Option<Document>,
}

impl Asked {
    /// `shopify.` and the first top-level field.
    pub fn endpoint(&self) -> String {
        let field = self.document.as_ref().and_then(|document| document.fields.first());
        format!("shopify.{}", field.map_or("unreadable", |field| field.name.as_str()))
    }
}

/// Reads a request: address, token, query.
pub fn read(state: &mut State, shop: &str, rest: &[&str], call: &Call) -> Asked {
    let (problem, document) = match check(state, shop, rest, call) {
        Ok(document) => (None, Some(document)),
        Err(reply) => (Some(reply), None),
    };
    Asked { shop: shop.to_owned(), problem, document }
}

fn check(state: &mut State, shop: &str, rest: &[&str], call: &Call) -> Result<Document, Reply> {
    let not_found = || Reply::json(404, &json!({"errors": "Not Found"}));
    let known = state.shops.get(shop).ok_or_else(not_found)?;
    let ["admin", "api", version, "graphql.json"] = rest else { return Err(not_found()) };
    if call.method != http::Method::POST {
        return Err(Reply::json(405, &json!({"errors": "Method Not Allowed"})));
    }
    if !is_version(version) {
        return Err(not_found());
    }
    if !known.installed || call.header_text("x-shopify-access-token") != Some(&known.config.access_token) {
        let body = "[API] Invalid API key or access token (unrecognized login or wrong password)";
        return Err(Reply::json(401, &json!({"errors": body})));
    }
    let bad = |message: &str| Reply::json(400, &json!({"errors": {"query": message}}));
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|_| bad("Required parameter missing or invalid"))?;
    let query = body.get("query").and_then(Value::as_str);
    let query = query.ok_or_else(|| bad("Required parameter missing or invalid"))?;
    let none = Map::new();
    let variables = body.get("variables").and_then(Value::as_object).unwrap_or(&none);
    graphql::read(query, variables).map_err(|message| {
        state.refuse("shopify", format!("query not readable: {message}"));
        Reply::json(200, &json!({"errors": [project::error(&message, "INVALID_VARIABLE", &[])]}))
    })
}

fn is_version(text: &str) -> bool {
    let bytes = text.as_bytes();
    text == "unstable"
        || (bytes.len() == 7
            && bytes[4] == b'-'
            && bytes[..4].iter().all(u8::is_ascii_digit)
            && matches!(&text[5..], "01" | "04" | "07" | "10"))
}

/// What a shop says when the bucket is empty: HTTP 200, code `THROTTLED`, no data.
pub fn throttled(state: &mut State, asked: &Asked) -> Reply {
    let cost =
        asked.document.as_ref().map_or(1, |document| project::cost(&document.fields, document.mutation));
    let status = state.shops.get(&asked.shop).map(|shop| shop.bucket.status(cost, None));
    Reply::json(
        200,
        &json!({
            "errors": [{"message": "Throttled", "extensions": {"code": "THROTTLED"}}],
            "extensions": {"cost": status},
        }),
    )
}

/// Answers a request that [`read`] understood, or says why it did not.
pub fn answer(state: &mut State, asked: Asked) -> Reply {
    let Asked { shop, problem, document } = asked;
    let Some(document) = document else {
        return problem.unwrap_or_else(|| Reply::empty(500));
    };
    let cost = project::cost(&document.fields, document.mutation);
    let now = state.now();
    if state.limits.shopify_cost
        && let Some(known) = state.shops.get_mut(&shop)
    {
        known.bucket.refill(now);
        if known.bucket.level < f64::from(cost) {
            known.bucket.over += 1;
            let asked = Asked { shop, problem: None, document: Some(document) };
            return throttled(state, &asked);
        }
        known.bucket.level -= f64::from(cost);
    }
    let mut data = Map::new();
    let mut errors = Vec::new();
    for field in &document.fields {
        let mut path = vec![field.alias.clone()];
        match root(state, &shop, document.mutation, field) {
            Ok(value) => {
                let shown = project::field_of(&value, field, &mut path, &mut errors);
                data.insert(field.alias.clone(), shown);
            }
            Err(error) => errors.push(error),
        }
    }
    for error in &errors {
        let message = error.get("message").and_then(Value::as_str).unwrap_or_default().to_owned();
        state.refuse(&format!("shopify.{}", document.fields[0].name), message);
    }
    // Shopify charges what was asked for and gives back what the answer did not use.
    let actual = if document.mutation { cost } else { objects(&Value::Object(data.clone())).clamp(1, cost) };
    if state.limits.shopify_cost
        && let Some(known) = state.shops.get_mut(&shop)
    {
        known.bucket.level = (known.bucket.level + f64::from(cost - actual)).min(Bucket::SIZE);
    }
    let status = state.shops.get(&shop).map(|shop| shop.bucket.status(cost, Some(actual)));
    let mut body = json!({"data": data, "extensions": {"cost": status}});
    if !errors.is_empty() {
        body = json!({"errors": errors, "extensions": body["extensions"]});
    }
    Reply::json(200, &body)
}

/// How many objects an answer holds, lists and connections not counted: one point each.
fn objects(value: &Value) -> u32 {
    match value {
        Value::Array(items) => items.iter().map(objects).sum(),
        Value::Object(fields) => {
            let counts = !fields.contains_key("nodes") && !fields.contains_key("hasNextPage");
            u32::from(counts) + fields.values().map(objects).sum::<u32>()
        }
        _ => 0,
    }
}

/// Resolves one top-level field to its whole object; `Err` is a GraphQL error.
fn root(state: &mut State, shop: &str, mutation: bool, field: &Selection) -> Result<Value, Value> {
    let missing = || {
        let kind = if mutation { "Mutation" } else { "QueryRoot" };
        let message = format!("Field '{}' doesn't exist on type '{kind}'", field.name);
        project::error(&message, "undefinedField", std::slice::from_ref(&field.alias))
    };
    if mutation {
        return match field.name.as_str() {
            "fulfillmentCreate" => fulfillment::create(state, shop, field),
            "fulfillmentEventCreate" => fulfillment::event(state, shop, field),
            "fulfillmentTrackingInfoUpdate" => fulfillment::update_tracking(state, shop, field),
            "inventorySetQuantities" => inventory::set(state, shop, field),
            "webhookSubscriptionCreate" => hooks::create(state, shop, field),
            _ => Err(missing()),
        };
    }
    let Some(shop) = state.shops.get(shop) else { return Err(missing()) };
    match field.name.as_str() {
        "shop" => Ok(graph::shop(shop)),
        "orders" => graph::orders(shop, &field.args),
        "order" => Ok(graph::order_by_id(shop, &field.args)),
        "fulfillmentOrder" => Ok(graph::fulfillment_order_by_id(shop, &field.args)),
        "locations" => Ok(project::connection(shop.inventory.locations())),
        "webhookSubscriptions" => Ok(hooks::list(&shop.subscriptions)),
        "inventoryItem" => Ok(shop.inventory.item(field)),
        "productVariants" => shop.inventory.variants(field),
        _ => Err(missing()),
    }
}

/// A GraphQL input error, as Shopify words it for variables.
pub(crate) fn invalid_variable(field: &Selection, explanation: &str) -> Value {
    let message = format!("Variable was provided invalid value: {explanation}");
    project::error(&message, "INVALID_VARIABLE", std::slice::from_ref(&field.alias))
}

/// The number at the end of `gid://shopify/<kind>/<number>`.
pub fn number_of_gid(gid: &str, kind: &str) -> Option<i64> {
    let number = gid.strip_prefix("gid://shopify/")?.strip_prefix(kind)?.strip_prefix('/')?;
    number.parse().ok()
}

/// `gid://shopify/<kind>/<number>`.
pub fn gid(kind: &str, number: i64) -> String {
    format!("gid://shopify/{kind}/{number}")
}
