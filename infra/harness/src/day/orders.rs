//! The orders of the day: invented by a sandbox of their own, each in its channel's shape, and only such as can be
//! sent without a person looking at them, so that every one has to reach its end.

use crate::accounts::ACCOUNT;
use crate::world::{SHOP, WorldError};
use http::Method;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use waybill_domain::order::Channel;
use waybill_sandbox::invent::{Mix, catalogue};
use waybill_sandbox::state::State;
use waybill_sandbox::{Call, Sandbox};

/// Kinds that need nobody: paid, with an address, of goods that are kept.
const SENDABLE: [&str; 5] = ["plain", "several_lines", "non_ascii", "two_currencies", "gift"];
/// Invented for every one that is wanted, in hundredths: some kinds are left out.
const SPARE: usize = 150;

/// Orders nobody has placed yet, the next to be placed last.
pub struct Unplaced(BTreeMap<&'static str, Vec<Value>>);

impl Unplaced {
    /// As many as wanted of each channel.
    ///
    /// # Errors
    /// When the sandbox does not invent what it should.
    pub fn invent(seed: u64, wanted: &BTreeMap<&'static str, usize>) -> Result<Self, WorldError> {
        let mut all = BTreeMap::new();
        for channel in Channel::ALL {
            let name = channel.as_str();
            let count = wanted.get(name).copied().unwrap_or(0);
            let mut orders = invented(channel, seed, count * SPARE / 100 + 20)?;
            if orders.len() < count {
                return Err(WorldError::Setup("too few orders were invented"));
            }
            orders.truncate(count);
            orders.reverse();
            all.insert(name, orders);
        }
        Ok(Self(all))
    }

    /// Places the next order of a channel now; gives the channel's key of it.
    ///
    /// # Errors
    /// When there is none left, or the shop does not take it.
    pub fn place(&mut self, sandbox: &Sandbox, channel: Channel) -> Result<String, WorldError> {
        let none = WorldError::Setup("no order is left to be placed");
        let mut order = self.0.get_mut(channel.as_str()).and_then(Vec::pop).ok_or(none)?;
        let now = sandbox.now();
        let (key, times, form): (_, &[&str], _) = match channel {
            Channel::Shopify => {
                ("id", &["created_at", "updated_at", "processed_at"], "%Y-%m-%dT%H:%M:%S+00:00")
            }
            Channel::WooCommerce => ("id", &[], ""),
            Channel::Magento => ("entity_id", &["created_at", "updated_at"], "%Y-%m-%d %H:%M:%S"),
            Channel::Amazon => ("orderId", &["createdTime", "lastUpdatedTime"], "%Y-%m-%dT%H:%M:%SZ"),
            Channel::Ebay => ("orderId", &["creationDate", "lastModifiedDate"], "%Y-%m-%dT%H:%M:%S.000Z"),
        };
        for name in times {
            order[*name] = json!(now.strftime(form).to_string());
        }
        let id = order[key].as_str().map_or_else(|| order[key].to_string(), str::to_owned);
        let (path, body) = match channel {
            Channel::Shopify => {
                ("/control/orders".to_owned(), json!({"shop": SHOP, "orders": [order], "split": 1}))
            }
            // What a shop sends by itself when an order changes, it also sends when it is placed.
            Channel::WooCommerce | Channel::Magento => (path(channel, "orders"), json!({"orders": [order]})),
            Channel::Amazon | Channel::Ebay => {
                (path(channel, "orders"), json!({"orders": [order], "deliver": true}))
            }
        };
        let reply = sandbox.answer(&Call::new(Method::PUT, &path).json(&body));
        if reply.status == 200 { Ok(id) } else { Err(WorldError::Setup("a shop does not take its order")) }
    }
}

fn path(channel: Channel, rest: &str) -> String {
    format!("/control/{}/{ACCOUNT}/{rest}", channel.as_str())
}

/// Invented orders of a channel that can be sent without a person looking at them, in its own shape; some fewer
/// than `count`, because not all kinds can.
///
/// # Errors
/// Never in practice.
pub fn invented(channel: Channel, seed: u64, count: usize) -> Result<Vec<Value>, WorldError> {
    if channel == Channel::Shopify {
        let made = waybill_sandbox::invent::orders(seed, count, &Mix::default(), catalogue());
        let sendable = made.into_iter().filter(|one| SENDABLE.iter().any(|kind| json!(one.kind) == **kind));
        return Ok(sendable.map(|one| one.order).collect());
    }
    let scratch = Sandbox::new(seed);
    let account = format!("/control/{}/{ACCOUNT}", channel.as_str());
    scratch.answer(&Call::new(Method::PUT, &account).json(&json!({})));
    let wanted = json!({"seed": seed, "count": count});
    let reply = scratch.answer(&Call::new(Method::POST, &format!("{account}/invent")).json(&wanted)).value();
    let made = reply["orders"].as_array().cloned().unwrap_or_default();
    // Magento does not say which order is there to show what.
    let kind = |one: &Value| one["kind"].as_str().map(str::to_owned);
    let sendable = made.iter().filter(|one| kind(one).is_none_or(|kind| SENDABLE.contains(&kind.as_str())));
    let bodies = sendable.filter_map(|one| {
        let id = if one.is_object() { &one["id"] } else { one };
        let id = id.as_str().map_or_else(|| id.to_string(), str::to_owned);
        scratch.with_state(|state| body(state, channel, &id))
    });
    Ok(bodies.filter(|body| channel != Channel::Magento || is_plain(body)).collect())
}

fn body(state: &State, channel: Channel, id: &str) -> Option<Value> {
    match channel {
        Channel::Shopify => None,
        Channel::WooCommerce => {
            let orders = &state.woocommerce.accounts.get(ACCOUNT)?.orders;
            Some(orders.get(&id.parse().ok()?)?.body.clone())
        }
        Channel::Magento => state.magento.accounts.get(ACCOUNT)?.orders.get(&id.parse().ok()?).cloned(),
        Channel::Amazon => Some(state.amazon.accounts.get(ACCOUNT)?.orders.get(id)?.body.clone()),
        Channel::Ebay => Some(state.ebay.accounts.get(ACCOUNT)?.orders.get(id)?.body.clone()),
    }
}

/// A Magento order that is paid, goes to an address and holds nothing that is one piece of something else.
fn is_plain(order: &Value) -> bool {
    let rows = order["items"].as_array().map_or(&[][..], Vec::as_slice);
    let sendable = |row: &Value| row["is_virtual"] == 0 && row["product_type"] != "bundle";
    // More than anyone has.
    let few = |row: &Value| row["qty_ordered"].as_i64().unwrap_or(0) < 1_000;
    let to = &order["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"];
    order["state"] == "processing"
        && order["extension_attributes"]["pickup_location_code"].is_null()
        && to["street"].as_array().is_some_and(|lines| !lines.is_empty())
        && !rows.is_empty()
        && rows.iter().all(|row| sendable(row) && few(row))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_channel_has_enough_orders_of_its_own_shape() {
        let wanted = Channel::ALL.map(|channel| (channel.as_str(), 40));
        let all = Unplaced::invent(5, &BTreeMap::from(wanted)).unwrap();
        let keys =
            [("shopify", "id"), ("woocommerce", "id"), ("magento", "entity_id"), ("amazon", "orderId")];
        for (name, key) in keys.into_iter().chain([("ebay", "orderId")]) {
            let orders = &all.0[name];
            assert_eq!(orders.len(), 40, "{name}");
            let ids: std::collections::BTreeSet<String> =
                orders.iter().map(|order| order[key].to_string()).collect();
            assert_eq!(ids.len(), 40, "{name}");
        }
    }
}
