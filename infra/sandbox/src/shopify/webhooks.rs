//! Webhooks as Shopify makes and signs them.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use super::orders::StoredOrder;
use super::{Shop, gid, hooks, number_of_gid};
use crate::clock;
use crate::deliver::{Repeat, SignedWebhook};
use crate::state::State;

/// How one webhook is to differ from the plain one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct WebhookOptions {
    /// Body to send instead of the order.
    pub payload: Option<Value>,
    /// Sign with a secret nobody has.
    pub wrong_signature: bool,
    /// Sign with the secret before the rotation.
    pub previous_secret: bool,
    /// Send the order as it was this many versions ago.
    pub stale: usize,
    /// `X-Shopify-Webhook-Id` to use: for sending the same delivery again.
    pub webhook_id: Option<String>,
    /// `X-Shopify-Event-Id` to use: for several topics of one action.
    pub event_id: Option<String>,
    /// Leave the newer `shopify-...` header family in place of the `X-Shopify-...` one.
    pub events_style: bool,
}

/// base64(HMAC-SHA256(secret, body)).
pub fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, body))
}

impl crate::Sandbox {
    /// Makes one signed webhook without sending it. Topics about an order need its id; for
    /// `customers/redact`, `customers/data_request` and `refunds/create` the body is made from that order.
    ///
    /// # Errors
    /// Says what is missing.
    pub fn webhook(
        &self,
        shop: &str,
        topic: &str,
        order: Option<i64>,
        options: &WebhookOptions,
    ) -> Result<SignedWebhook, String> {
        make(&mut self.lock(), shop, topic, order, options)
    }
}

/// See [`crate::Sandbox::webhook`].
///
/// # Errors
/// Says what is missing.
pub fn make(
    state: &mut State,
    domain: &str,
    topic: &str,
    order: Option<i64>,
    options: &WebhookOptions,
) -> Result<SignedWebhook, String> {
    let fresh = state.fresh_id();
    let webhook_id = options.webhook_id.clone().unwrap_or_else(|| state.fresh_uuid());
    let event_id = options.event_id.clone().unwrap_or_else(|| state.fresh_uuid());
    let triggered = clock::utc(state.now());
    let shop = state.shops.get(domain).ok_or("there is no such shop; add it with PUT /control/shops")?;
    let config = &shop.config;
    let value = match &options.payload {
        Some(payload) => payload.clone(),
        None => body(shop, topic, order, options.stale, fresh)?,
    };
    let body = value.to_string().into_bytes();
    let secret = match (options.wrong_signature, options.previous_secret) {
        (true, _) => "a secret that nobody has",
        (_, true) => config.previous_secret.as_deref().ok_or("the shop has no previous_secret; set one")?,
        _ => &config.client_secret,
    };
    let signature = sign(secret, &body);
    let family = [
        ("Topic", topic),
        ("Shop-Domain", domain),
        ("API-Version", config.api_version.as_str()),
        ("Hmac-Sha256", signature.as_str()),
        ("Webhook-Id", webhook_id.as_str()),
        ("Event-Id", event_id.as_str()),
        ("Triggered-At", triggered.as_str()),
    ];
    let prefix = if options.events_style { "shopify-" } else { "X-Shopify-" };
    let mut headers = vec![
        ("Content-Type".to_owned(), "application/json".to_owned()),
        ("User-Agent".to_owned(), "Shopify-Captain-Hook".to_owned()),
    ];
    headers.extend(family.map(|(name, value)| (format!("{prefix}{name}"), value.to_owned())));
    let subscribed = shop.subscriptions.iter().find(|one| one.topic == hooks::spelt(topic));
    let url = config.webhook_url.as_ref().or(subscribed.map(|one| &one.uri)).cloned().unwrap_or_default();
    let after_host = url.split_once("://").map_or(url.as_str(), |(_, rest)| rest);
    let path = after_host.find('/').map_or("/", |at| &after_host[at..]).to_owned();
    Ok(SignedWebhook {
        repeat: Repeat::AsSet,
        channel: "shopify",
        shop: domain.to_owned(),
        topic: topic.to_owned(),
        url,
        path,
        headers,
        body,
        webhook_id,
    })
}

/// Topics whose body is the whole order.
const ORDER_TOPICS: &[&str] = &[
    "orders/create",
    "orders/updated",
    "orders/cancelled",
    "orders/paid",
    "orders/fulfilled",
    "orders/partially_fulfilled",
];

fn body(shop: &Shop, topic: &str, order: Option<i64>, stale: usize, fresh: i64) -> Result<Value, String> {
    let domain = &shop.config.domain;
    match topic {
        "app/uninstalled" => {
            return Ok(json!({"id": shop.id, "name": domain, "myshopify_domain": domain, "domain": domain}));
        }
        "shop/redact" => return Ok(json!({"shop_id": shop.id, "shop_domain": domain})),
        _ => {}
    }
    let id = order.ok_or("this topic needs an order id or a payload; give one")?;
    let stored = shop.orders.get(&id).ok_or("the shop has no such order; put it first")?;
    let full = stored.version(stale);
    let of_customer = |list: &str| {
        let customer = &full["customer"];
        let id = customer["id"].clone();
        json!({
            "shop_id": shop.id,
            "shop_domain": domain,
            "customer": {"id": id, "email": full["email"], "phone": full["phone"]},
            list: [stored.id()],
        })
    };
    Ok(match topic {
        "customers/redact" => of_customer("orders_to_redact"),
        "customers/data_request" => {
            let mut body = of_customer("orders_requested");
            body["data_request"] = json!({"id": fresh});
            body
        }
        "orders/delete" => json!({"id": id}),
        "orders/edited" => edited(stored, fresh),
        "refunds/create" => full["refunds"]
            .as_array()
            .and_then(|all| all.last())
            .cloned()
            .ok_or("the order has no refund; make one with POST /control/orders/{shop}/{order}/refund")?,
        other if other.starts_with("fulfillment_orders/") => {
            let first = stored.fulfillment_orders.first().ok_or("the order has no fulfillment order")?;
            let id = gid("FulfillmentOrder", first.id);
            json!({"fulfillment_order": {"id": id, "status": first.status.to_lowercase()}})
        }
        other if ORDER_TOPICS.contains(&other) => visible(shop, full).unwrap_or_else(|| full.clone()),
        _ => return Err("the sandbox makes no body for this topic; give a payload".to_owned()),
    })
}

fn edited(stored: &StoredOrder, fresh: i64) -> Value {
    let before = stored.version(1)["line_items"].as_array().map(Vec::as_slice).unwrap_or_default();
    let units = |line: &Value| line["current_quantity"].as_i64().unwrap_or(0);
    let (mut additions, mut removals) = (Vec::new(), Vec::new());
    for line in stored.lines() {
        let old = before.iter().find(|old| old["id"] == line["id"]).map_or(0, units);
        let delta = units(line) - old;
        let list = if delta > 0 { &mut additions } else { &mut removals };
        if delta != 0 {
            list.push(json!({"id": line["id"], "delta": delta.abs()}));
        }
    }
    json!({"order_edit": {
        "id": fresh,
        "app_id": null,
        "created_at": stored.body["updated_at"],
        "committed_at": stored.body["updated_at"],
        "notify_customer": false,
        "order_id": stored.id(),
        "staff_note": "",
        "user_id": null,
        "line_items": {"additions": additions, "removals": removals},
        "discounts": {"line_item": {"additions": [], "removals": []}},
        "shipping_lines": {"additions": [], "removals": []},
    }})
}

/// What an app without level 2 approval sees of an order; `None` when it sees everything.
pub fn visible(shop: &Shop, body: &Value) -> Option<Value> {
    if shop.config.customer_data {
        return None;
    }
    let mut seen = body.clone();
    for name in ["email", "contact_email", "phone", "browser_ip", "client_details", "customer"] {
        seen[name] = Value::Null;
    }
    if let Some(object) = seen.as_object_mut() {
        object.remove("shipping_address");
        object.remove("billing_address");
    }
    Some(seen)
}

/// Queues a webhook about a changed order if the shop sends them by itself.
pub fn announce(state: &mut State, domain: &str, topic: &str, order: i64) {
    let automatic = state.shops.get(domain).is_some_and(|shop| shop.config.auto_webhooks && shop.installed);
    if automatic && let Ok(webhook) = make(state, domain, topic, Some(order), &WebhookOptions::default()) {
        crate::deliver::queue(state, webhook, Some(order));
    }
}

/// Queues `inventory_levels/update` after a set: the echo a stock pusher must recognise.
pub fn announce_level(state: &mut State, domain: &str, quantity: &Value) {
    let now = clock::rest(state.now());
    let number = |name: &str, kind: &str| quantity[name].as_str().and_then(|gid| number_of_gid(gid, kind));
    let payload = json!({
        "inventory_item_id": number("inventoryItemId", "InventoryItem"),
        "location_id": number("locationId", "Location"),
        "available": quantity["quantity"],
        "updated_at": now,
    });
    let automatic = state.shops.get(domain).is_some_and(|shop| shop.config.auto_webhooks);
    let options = WebhookOptions { payload: Some(payload), ..WebhookOptions::default() };
    if automatic && let Ok(webhook) = make(state, domain, "inventory_levels/update", None, &options) {
        crate::deliver::queue(state, webhook, None);
    }
}
