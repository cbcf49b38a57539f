//! A shop's webhooks (contract section 2): sent once, built when they are sent, switched off after failures.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::SignedDuration;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Account, Done, World, body, error, fields, invalid, paged, shop};
use crate::deliver::{Repeat, SignedWebhook, queue};
use crate::state::State;
use crate::wire::{Call, Reply};

/// The order topics.
pub const TOPICS: [&str; 4] = ["order.created", "order.updated", "order.deleted", "order.restored"];
/// More failures than this, and the next one switches the webhook off.
const MOST_FAILURES: u32 = 5;

/// One webhook.
#[derive(Debug, Clone)]
pub struct Hook {
    /// Its number.
    pub id: u64,
    /// What it is about.
    pub topic: String,
    /// `active`, `paused` or `disabled`.
    pub status: String,
    /// Where it is sent.
    pub url: String,
    /// What it is signed with.
    pub secret: String,
    /// Failures in a row. Switching it on again leaves them, so the next failure switches it off again.
    pub failures: u32,
    name: String,
}

impl Hook {
    fn shown(&self) -> Value {
        let (resource, event) = self.topic.split_once('.').unwrap_or_default();
        json!({
            "id": self.id, "name": self.name, "status": self.status, "topic": self.topic, "resource": resource,
            "event": event, "hooks": [], "delivery_url": self.url,
        })
    }
}

/// Gives a shop one webhook for each order topic, in place of those it had for that address.
pub fn set_up(account: &mut Account) {
    let Some(url) = account.config.webhook_url.clone() else { return };
    account.hooks.retain(|hook| hook.url != url);
    for topic in TOPICS {
        let hook = Hook {
            id: account.fresh(),
            topic: topic.to_owned(),
            status: "active".to_owned(),
            url: url.clone(),
            secret: account.config.webhook_secret.clone(),
            failures: 0,
            name: topic.to_owned(),
        };
        account.hooks.push(hook);
    }
}

/// `GET /webhooks`.
pub fn list(state: &mut State, call: &Call, name: &str) -> Done {
    let rows = shop(state, name)?.hooks.iter().map(Hook::shown).collect();
    paged(call, rows)
}

fn topic_of(asked: &Value) -> Result<String, Reply> {
    let bad = || error(400, "woocommerce_rest_shop_webhook_invalid_topic", "Webhook topic must be valid.");
    let topic = asked["topic"].as_str().ok_or_else(bad)?;
    let good = TOPICS.contains(&topic)
        || ["coupon.", "customer.", "product."].iter().any(|start| topic.starts_with(start));
    if good { Ok(topic.to_owned()) } else { Err(bad()) }
}

fn url_of(asked: &Value) -> Result<String, Reply> {
    let url =
        asked["delivery_url"].as_str().filter(|u| u.starts_with("http://") || u.starts_with("https://"));
    let bad = "Webhook delivery URL must be a valid URL starting with http:// or https://.";
    url.map(str::to_owned)
        .ok_or_else(|| error(400, "woocommerce_rest_shop_webhook_invalid_delivery_url", bad))
}

fn status_of(asked: &Value) -> Result<Option<String>, Reply> {
    match asked["status"].as_str() {
        None => Ok(None),
        Some(status @ ("active" | "paused" | "disabled")) => Ok(Some(status.to_owned())),
        Some(_) => Err(invalid("status")),
    }
}

/// `POST /webhooks`: the shop pings the address, unsigned and as a form.
pub fn create(state: &mut State, call: &Call, name: &str) -> Done {
    let asked = body(call)?;
    let (topic, url) = (topic_of(&asked)?, url_of(&asked)?);
    let status = status_of(&asked)?.unwrap_or_else(|| "active".to_owned());
    let account = shop(state, name)?;
    let text = |field: &str, default: &str| asked[field].as_str().unwrap_or(default).to_owned();
    let hook = Hook {
        id: account.fresh(),
        secret: text("secret", "a default nobody knows"),
        name: text("name", "Webhook"),
        failures: 0,
        topic,
        status,
        url,
    };
    let shown = hook.shown();
    let ping = SignedWebhook {
        headers: vec![
            ("Content-Type".to_owned(), "application/x-www-form-urlencoded".to_owned()),
            ("User-Agent".to_owned(), AGENT.to_owned()),
        ],
        body: format!("webhook_id={}", hook.id).into_bytes(),
        ..waiting(name, &hook, "ping", 0)
    };
    account.hooks.push(hook);
    queue(state, ping, None);
    Ok(Reply::json(201, &fields(call, shown)))
}

/// `PUT /webhooks/{id}`.
pub fn update(state: &mut State, call: &Call, name: &str, id: Option<u64>) -> Done {
    let asked = body(call)?;
    let status = status_of(&asked)?;
    let account = shop(state, name)?;
    let hook = account.hooks.iter_mut().find(|hook| Some(hook.id) == id);
    let hook =
        hook.ok_or_else(|| error(400, "woocommerce_rest_shop_webhook_invalid_id", "ID is invalid."))?;
    if !asked["delivery_url"].is_null() {
        hook.url = url_of(&asked)?;
    }
    if let Some(status) = status {
        hook.status = status;
    }
    if let Some(secret) = asked["secret"].as_str().filter(|secret| !secret.is_empty()) {
        hook.secret = secret.to_owned();
    }
    let shown = hook.shown();
    Ok(Reply::json(200, &fields(call, shown)))
}

const AGENT: &str = "WooCommerce/11.2.0 Hookshot (WordPress/6.9)";

/// A delivery that is not built yet: it has no headers, and the order's number for a body.
fn waiting(shop: &str, hook: &Hook, topic: &str, order: u64) -> SignedWebhook {
    let after_host = hook.url.split_once("://").map_or(hook.url.as_str(), |(_, rest)| rest);
    SignedWebhook {
        channel: "woocommerce",
        repeat: Repeat::Never,
        shop: shop.to_owned(),
        topic: topic.to_owned(),
        path: after_host.find('/').map_or("/", |at| &after_host[at..]).to_owned(),
        url: hook.url.clone(),
        headers: Vec::new(),
        body: order.to_string().into_bytes(),
        webhook_id: hook.id.to_string(),
    }
}

/// Queues what the shop sends about an order. While a delivery of the same webhook about the same order waits,
/// the shop adds no other: what is sent will be true then.
pub fn announce(state: &mut State, name: &str, topic: &str, order: u64, asked: bool) {
    let Some(account) = state.woocommerce.accounts.get(name) else { return };
    let draft =
        account.orders.get(&order).is_some_and(|o| matches!(o.status(), "draft" | "auto-draft" | "new"));
    if draft || !(asked || account.config.auto_webhooks) {
        return;
    }
    let delay = SignedDuration::from_secs(i64::from(account.config.webhook_delay_seconds));
    let hooks = account.hooks.iter().filter(|hook| hook.status == "active" && hook.topic == topic);
    for webhook in hooks.map(|hook| waiting(name, hook, topic, order)).collect::<Vec<_>>() {
        let known = state.outbox.waiting.iter().any(|one| one.webhook == webhook);
        if known {
            continue;
        }
        let before = state.outbox.waiting.len();
        queue(state, webhook, None);
        for one in state.outbox.waiting.iter_mut().skip(before) {
            one.due = one.due.checked_add(delay).unwrap_or(one.due);
        }
    }
}

/// Builds a delivery, now that it is sent.
pub fn seal(state: &mut State, webhook: &mut SignedWebhook) {
    if webhook.channel != "woocommerce" || !webhook.headers.is_empty() {
        return;
    }
    let now = state.now().as_second();
    let Some(account) = state.woocommerce.accounts.get(&webhook.shop) else { return };
    let Some(hook) = account.hooks.iter().find(|hook| hook.id.to_string() == webhook.webhook_id) else {
        return;
    };
    let order: u64 = std::str::from_utf8(&webhook.body).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
    let payload = match account.orders.get(&order) {
        _ if webhook.topic == "order.deleted" => json!({"id": order}),
        Some(stored) => stored.body.clone(),
        None => {
            json!({"code": "woocommerce_rest_shop_order_invalid_id", "message": "Invalid ID.", "data": {"status": 404}})
        }
    };
    let body = wordpress_json(&payload);
    webhook.headers = headers(&webhook.shop, hook, &webhook.topic, &sign(&hook.secret, &body), now);
    webhook.body = body;
}

fn headers(shop: &str, hook: &Hook, topic: &str, signature: &str, second: i64) -> Vec<(String, String)> {
    let (resource, event) = topic.split_once('.').unwrap_or_default();
    [
        ("Content-Type", "application/json".to_owned()),
        ("User-Agent", AGENT.to_owned()),
        ("X-WC-Webhook-Source", format!("https://{shop}.invalid/")),
        ("X-WC-Webhook-Topic", topic.to_owned()),
        ("X-WC-Webhook-Resource", resource.to_owned()),
        ("X-WC-Webhook-Event", event.to_owned()),
        ("X-WC-Webhook-Signature", signature.to_owned()),
        ("X-WC-Webhook-ID", hook.id.to_string()),
        // Two deliveries of a webhook within a second share it.
        ("X-WC-Webhook-Delivery-ID", format!("{:016x}{second:016x}", hook.id)),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// base64(HMAC-SHA256(secret, body)).
pub fn sign(secret: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    STANDARD.encode(hmac::sign(&key, body))
}

/// JSON as WordPress writes it: slashes and everything outside ASCII escaped.
fn wordpress_json(value: &Value) -> Vec<u8> {
    let mut text = String::new();
    for one in value.to_string().chars() {
        match one {
            '/' => text.push_str("\\/"),
            one if one.is_ascii() => text.push(one),
            one => {
                let mut units = [0; 2];
                for unit in one.encode_utf16(&mut units) {
                    text.push_str(&format!("\\u{unit:04x}"));
                }
            }
        }
    }
    text.into_bytes()
}

/// Counts what became of a delivery. A redirect is a success too, a ping counts for nothing.
pub fn sent(world: &mut World, webhook: &SignedWebhook, status: u16) {
    if webhook.channel != "woocommerce" || webhook.topic == "ping" {
        return;
    }
    let Some(account) = world.accounts.get_mut(&webhook.shop) else { return };
    let Some(hook) = account.hooks.iter_mut().find(|hook| hook.id.to_string() == webhook.webhook_id) else {
        return;
    };
    if (200..=302).contains(&status) {
        hook.failures = 0;
    } else if hook.failures > MOST_FAILURES {
        hook.status = "disabled".to_owned();
    } else {
        hook.failures += 1;
    }
}

/// One delivery made on request, as it is to differ from the plain one.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    /// About this order.
    pub order: u64,
    /// The topic; `order.updated` when left out.
    pub what: Option<String>,
    /// How many more times.
    pub copies: u32,
    /// Sign with a secret nobody has.
    pub wrong_signature: bool,
    /// Sign with the secret before the rotation.
    pub previous_secret: bool,
    /// Send this instead of the order.
    pub payload: Option<Value>,
}

/// Queues a delivery made on request, whatever the webhook's status.
///
/// # Errors
/// Says what is missing.
pub fn deliver(state: &mut State, name: &str, wanted: &Wanted) -> Result<(), String> {
    let now = state.now().as_second();
    let account = state.woocommerce.accounts.get(name).ok_or(super::control::NO_SHOP)?;
    let topic = wanted.what.as_deref().unwrap_or("order.updated");
    let hook = account.hooks.iter().find(|hook| hook.topic == topic);
    let hook = hook.ok_or("the shop has no webhook of this topic; set webhook_url or make one")?.clone();
    let mut webhook = waiting(name, &hook, topic, wanted.order);
    seal(state, &mut webhook);
    let account = state.woocommerce.accounts.get(name).ok_or(super::control::NO_SHOP)?;
    if let Some(payload) = &wanted.payload {
        webhook.body = wordpress_json(payload);
    }
    let secret = match (wanted.wrong_signature, wanted.previous_secret) {
        (true, _) => "a secret that nobody has",
        (_, true) => {
            account.config.previous_secret.as_deref().ok_or("the shop has no previous_secret; set one")?
        }
        _ => &hook.secret,
    };
    webhook.headers = headers(name, &hook, topic, &sign(secret, &webhook.body), now);
    for _ in 0..=wanted.copies {
        queue(state, webhook.clone(), None);
    }
    Ok(())
}
