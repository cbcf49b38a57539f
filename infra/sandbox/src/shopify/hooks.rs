//! Subscriptions to webhooks that an app made by the Admin API. Those of the app's own configuration are no part of it:
//! `webhook_url` of the shop's setup plays them.

use serde_json::{Value, json};

use super::graphql::Selection;
use super::{gid, inputs, invalid_variable, project};
use crate::state::State;

/// One subscription.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Its number.
    pub id: i64,
    /// What it is about, as the Admin API spells it.
    pub topic: String,
    /// Where it is sent to.
    pub uri: String,
}

/// `webhookSubscriptions`.
pub fn list(all: &[Subscription]) -> Value {
    let one = |one: &Subscription| json!({"id": gid("WebhookSubscription", one.id), "topic": one.topic, "uri": one.uri, "format": "JSON"});
    project::connection(all.iter().map(one).collect())
}

/// The topic of a delivery as the Admin API spells it: `ORDERS_CREATE` for `orders/create`.
pub fn spelt(topic: &str) -> String {
    topic.replace('/', "_").to_ascii_uppercase()
}

/// `webhookSubscriptionCreate(topic, webhookSubscription)`.
///
/// # Errors
/// A GraphQL error when the input does not fit its type; rule breaks come back as `userErrors`.
pub fn create(state: &mut State, domain: &str, field: &Selection) -> Result<Value, Value> {
    let input = field.args.get("webhookSubscription");
    inputs::check("WebhookSubscriptionInput!", input, "webhookSubscription")
        .map_err(|explanation| invalid_variable(field, &explanation))?;
    let topic = field.args.get("topic").and_then(Value::as_str).unwrap_or_default().to_owned();
    let known = |start: &str| topic.starts_with(start);
    if !["ORDERS_", "REFUNDS_", "FULFILLMENT_ORDERS_", "INVENTORY_LEVELS_", "APP_"].into_iter().any(known) {
        return Err(invalid_variable(field, "topic is no WebhookSubscriptionTopic"));
    }
    let uri = input.and_then(|input| input["uri"].as_str()).unwrap_or_default().to_owned();
    let id = state.fresh_id();
    let refused = |message: &str| json!({"webhookSubscription": null, "userErrors": [{"field": ["webhookSubscription", "uri"], "message": message}]});
    let Some(shop) = state.shops.get_mut(domain) else {
        return Err(project::error("no such shop", "INTERNAL", &[]));
    };
    if !uri.starts_with("https://") && !uri.starts_with("http://") {
        return Ok(refused("Address protocol must be https"));
    }
    if shop.subscriptions.iter().any(|one| one.topic == topic && one.uri == uri) {
        return Ok(refused("Address for this topic has already been taken"));
    }
    shop.subscriptions.push(Subscription { id, topic: topic.clone(), uri: uri.clone() });
    let made = json!({"id": gid("WebhookSubscription", id), "topic": topic, "uri": uri, "format": "JSON"});
    Ok(json!({"webhookSubscription": made, "userErrors": []}))
}
