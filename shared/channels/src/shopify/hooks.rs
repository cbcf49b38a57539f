//! Keeping the shop's webhooks alive (contract section 2): after eight failures in a row Shopify deletes a subscription,
//! so on connecting and once a day they are listed, and what is missing is made. What the app's own configuration
//! subscribes to is not in the list and never deleted; the three compliance topics can be in no other place.

use super::{Shop, call, reply};
use crate::care::{Looked, Next, To};
use crate::error::{CannotBuild, CannotRead};
use crate::stamp::Stamp;
use crate::writeback::Broke;
use http::{Request, Response};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use waybill_domain::exception::Reason;

/// The topics we need, as the Admin API spells them.
pub const TOPICS: [&str; 16] = [
    "ORDERS_CREATE",
    "ORDERS_UPDATED",
    "ORDERS_CANCELLED",
    "ORDERS_EDITED",
    "ORDERS_PAID",
    "ORDERS_DELETE",
    "REFUNDS_CREATE",
    "FULFILLMENT_ORDERS_ORDER_ROUTING_COMPLETE",
    "FULFILLMENT_ORDERS_PLACED_ON_HOLD",
    "FULFILLMENT_ORDERS_HOLD_RELEASED",
    "FULFILLMENT_ORDERS_MOVED",
    "FULFILLMENT_ORDERS_SPLIT",
    "FULFILLMENT_ORDERS_MERGED",
    "FULFILLMENT_ORDERS_CANCELLED",
    "INVENTORY_LEVELS_UPDATE",
    "APP_UNINSTALLED",
];

/// An app has one subscription for a topic and an address; those to our own are far fewer than a page.
const LIST: &str = "{webhookSubscriptions(first:100){nodes{topic uri}}}";
/// What Shopify says of one that somebody else has just made.
const TAKEN: &str = "already been taken";

/// A subscription of our app.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Subscription {
    /// What it is about.
    pub topic: String,
    /// Where it is sent to.
    pub uri: String,
}

/// The topics that do not reach `address`.
pub fn missing(subscriptions: &[Subscription], address: &str) -> Vec<&'static str> {
    let there: BTreeSet<&str> =
        subscriptions.iter().filter(|one| one.uri == address).map(|one| one.topic.as_str()).collect();
    TOPICS.into_iter().filter(|topic| !there.contains(topic)).collect()
}

/// Asks for the subscriptions of our app.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_list(shop: &Shop) -> Result<Request<Vec<u8>>, CannotBuild> {
    call(shop, LIST, &json!({}))
}

/// Reads them.
///
/// # Errors
/// `CannotRead` when the shop refuses.
pub fn read_list(answer: &Response<Vec<u8>>) -> Result<Vec<Subscription>, CannotRead> {
    #[derive(Deserialize)]
    struct List {
        #[serde(rename = "webhookSubscriptions")]
        subscriptions: Nodes,
    }
    #[derive(Deserialize)]
    struct Nodes {
        nodes: Vec<Subscription>,
    }
    let list: List = reply::whole(answer.status(), answer.body(), Reason::ConnectionRefused)?;
    Ok(list.subscriptions.nodes)
}

/// Subscribes to these topics, all in one call.
///
/// # Errors
/// `CannotBuild` when the address or token cannot be sent.
pub fn build_make(shop: &Shop, topics: &[&str], address: &str) -> Result<Request<Vec<u8>>, CannotBuild> {
    let one = |(n, topic): (usize, &&str)| {
        format!(
            "t{n}:webhookSubscriptionCreate(topic:{topic},webhookSubscription:$hook){{userErrors{{field message}}}}"
        )
    };
    let all: String = topics.iter().enumerate().map(one).collect();
    let query = format!("mutation($hook:WebhookSubscriptionInput!){{{all}}}");
    // `uri` for every kind of address since 2025-10; what it took the place of is going.
    call(shop, &query, &json!({ "hook": { "uri": address, "format": "JSON" } }))
}

/// Reads whether all were made.
///
/// # Errors
/// `CannotRead` when the shop refuses, one of them or all.
pub fn read_made(answer: &Response<Vec<u8>>) -> Result<(), CannotRead> {
    #[derive(Deserialize)]
    struct Made {
        #[serde(default, rename = "userErrors")]
        errors: Vec<Value>,
    }
    let made: BTreeMap<String, Made> =
        reply::whole(answer.status(), answer.body(), Reason::ConnectionRefused)?;
    let refused = |error: &Value| !error["message"].as_str().is_some_and(|text| text.contains(TAKEN));
    if made.values().flat_map(|one| &one.errors).any(refused) {
        let (code, reason) = ("webhook_refused".to_owned(), Reason::WriteBackRefused);
        return Err(CannotRead::Refused { code, reason });
    }
    Ok(())
}

/// Lists the subscriptions and makes what is missing.
pub struct Care {
    shop: Shop,
    to: To,
    asked: Asked,
}

enum Asked {
    List,
    Make(usize),
}

impl Care {
    /// Begins.
    pub fn new(shop: &Shop, to: To) -> Self {
        Self { shop: shop.clone(), to, asked: Asked::List }
    }

    /// Takes the last reply, `None` at first.
    ///
    /// # Errors
    /// `Broke` when a request cannot be made, or the shop refuses.
    pub fn next(&mut self, answer: Option<&Response<Vec<u8>>>, _: &Stamp) -> Result<Next, Broke> {
        let Some(answer) = answer else {
            self.asked = Asked::List;
            return Ok(Next::Send(Box::new(build_list(&self.shop)?)));
        };
        if let Asked::Make(made) = self.asked {
            read_made(answer)?;
            return Ok(Next::Over(Looked { made, ..Looked::default() }));
        }
        let there = read_list(answer)?;
        let known = there.iter().map(|one| one.uri.as_str()).find(|uri| self.to.fits(uri));
        let Some(address) = self.to.address().or(known) else {
            return Ok(Next::Over(Looked { missing: true, ..Looked::default() }));
        };
        let lacks = missing(&there, address);
        if lacks.is_empty() {
            return Ok(Next::Over(Looked::default()));
        }
        let request = build_make(&self.shop, &lacks, address)?;
        self.asked = Asked::Make(lacks.len());
        Ok(Next::Send(Box::new(request)))
    }
}
