//! Canaries: orders in which every free text is a token of its own go the whole life, and nothing of them is
//! found anywhere but in what the carrier had to be sent (CONTROLS section 4).

use crate::support::{Own, Shop, Story, deliver_everything, letters, stack, template, unique, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_domain::OrderId;
use waybill_domain::order::{Channel, PersonalData, Status};
use waybill_domain::time::{after, days};
use waybill_harness::accounts::{Seeded, others};
use waybill_harness::canary::{Keeps, Token, canary_of, canary_tokens, carrier_check, scan};
use waybill_harness::seed::CLIENT_SECRET;
use waybill_sandbox::shopify::webhooks::sign;

pub static CANARY: Story = Story::new("canary", || Box::pin(canary()));

/// What the booked service needs to be told of a United Kingdom address, and nothing else.
const NEEDED: [&str; 6] = [
    "/shipping_address/address1",
    "/shipping_address/address2",
    "/shipping_address/city",
    "/shipping_address/company",
    "/shipping_address/name",
    "/shipping_address/zip",
];

#[test]
#[ignore = "needs a running stack"]
fn a_canary_is_nowhere_but_in_the_booking_and_then_nowhere_at_all() {
    CANARY.told();
}

struct Flock<'a> {
    shop: &'a Shop,
    tokens: Vec<Token>,
    names: Vec<Token>,
}

impl Flock<'_> {
    /// A canary order in the shop.
    async fn bird(&mut self) -> i64 {
        let number = u64::from_str_radix(&unique(8), 16).unwrap() % 100_000;
        let ask = json!({"shop": self.shop.domain, "number": number});
        let made = self.shop.stack.control("POST", "canary", &ask).await.unwrap();
        let order = made["order"].as_i64().unwrap();
        let body = self.shop.body(order).await;
        self.tokens.extend(canary_tokens(&made, &body));
        self.names
            .push(Token { pointer: "/name".into(), value: body["name"].as_str().unwrap()[1..].to_owned() });
        order
    }

    /// Not a hit in any sink.
    async fn nowhere(&self, when: &str) {
        let report = scan(&self.shop.stack, &template(), &self.tokens).await.unwrap();
        eprintln!(
            "{when}: {} tokens, {} sinks, {} items read, {} hits",
            self.tokens.len(),
            report.sinks(),
            report.read(),
            report.hits()
        );
        assert!(report.sinks() > 40 && report.read() > 500, "hardly anything was read: {report}");
        assert_eq!(report.hits(), 0, "{when}: {report}");
    }
}

async fn canary() {
    let shop = Shop::open().await;
    let mut flock = Flock { shop: &shop, tokens: Vec::new(), names: Vec::new() };
    let mut orders = Vec::new();
    orders.push(shipped(&mut flock).await);
    orders.push(changed(&mut flock).await);
    orders.push(cancelled(&mut flock).await);
    orders.push(label_failed(&mut flock).await);
    refused(&mut flock).await;
    orders.push(unreadable(&mut flock).await);
    orders.extend(elsewhere(&mut flock).await);

    flock.nowhere("live").await;
    disclosed(&flock).await;

    let at = after(deliver_everything(&shop).await, days(91));
    let all = async || {
        shop.stack.run_at("FunctionRetention", at).await.unwrap();
        let left = shop.db.orders(&orders).await.unwrap();
        left.iter().all(|order| order.personal == PersonalData::Erased).then_some(())
    };
    until("everything to be forgotten", all).await;
    flock.nowhere("after the purge").await;
    nothing_opens(&shop, &orders).await;
    names_are_gone(&flock).await;
}

async fn shipped(flock: &mut Flock<'_>) -> OrderId {
    let order = flock.bird().await;
    let id = flock.shop.tell("orders/create", order).await;
    flock.shop.stands(&id, Status::Dispatched).await;
    flock.shop.tell("orders/fulfilled", order).await;
    let email = flock.shop.body(order).await["email"].clone();
    let ask = json!({"customer": {"id": 1, "email": email}, "orders_requested": [order], "data_request": {"id": order}});
    assert_eq!(flock.shop.deliver("customers/data_request", &ask).await.status, 200);
    id
}

/// Told twice, once with a new address.
async fn changed(flock: &mut Flock<'_>) -> OrderId {
    flock.shop.listen("FunctionShipper", false).await;
    let order = flock.bird().await;
    let id = flock.shop.tell("orders/create", order).await;
    flock.shop.stands(&id, Status::Allocated).await;
    let street = Token { pointer: "/shipping_address/address1".into(), value: format!("Z{}Q", letters(14)) };
    flock.shop.change(order, "address", &json!({"address1": street.value})).await;
    flock.tokens.push(street);
    flock.shop.deliver("orders/edited", &json!({"order_edit": {"order_id": order}})).await;
    flock.shop.tell("orders/updated", order).await;
    flock.shop.listen("FunctionShipper", true).await;
    flock.shop.stands(&id, Status::Dispatched).await;
    id
}

async fn cancelled(flock: &mut Flock<'_>) -> OrderId {
    flock.shop.listen("FunctionNotifier", false).await;
    let order = flock.bird().await;
    let id = flock.shop.tell("orders/create", order).await;
    flock.shop.stands(&id, Status::Booked).await;
    flock.shop.change(order, "cancel", &json!({"reason": "customer"})).await;
    flock.shop.tell("orders/cancelled", order).await;
    let voided = async || (flock.shop.at_carrier(&id).await == (0, 1)).then_some(());
    until("the booking to be voided", voided).await;
    flock.shop.listen("FunctionNotifier", true).await;
    id
}

/// The carrier takes the booking and makes no label.
async fn label_failed(flock: &mut Flock<'_>) -> OrderId {
    let fault = json!({"endpoint": "royal-mail.label", "kind": "server_error", "times": 1});
    flock.shop.stack.control("POST", "faults", &fault).await.unwrap();
    let order = flock.bird().await;
    let id = flock.shop.tell("orders/create", order).await;
    let booked = async || (flock.shop.at_carrier(&id).await.0 == 1).then_some(());
    until("the carrier to hold the booking", booked).await;
    flock.shop.stack.control("DELETE", "faults", &Value::Null).await.unwrap();
    id
}

/// A canary that nobody signed, and one that is too large.
async fn refused(flock: &mut Flock<'_>) {
    let order = flock.bird().await;
    let body = flock.shop.body(order).await.to_string().into_bytes();
    let to = flock.shop.ids.shop.as_str();
    assert_eq!(flock.shop.send(to, Some("orders/create"), Some("AAAA"), body.clone()).await.status, 401);
    assert_eq!(flock.shop.send("con_0", Some("orders/create"), None, body.clone()).await.status, 404);
    let large = [&body[..], &vec![b' '; 1024 * 1024]].concat();
    assert_eq!(flock.shop.send(to, Some("orders/create"), Some("AAAA"), large).await.status, 413);
    // Or it is found at the shop when changed orders are read, and lives like any other.
    flock.shop.change(order, "delete", &json!({})).await;
}

/// A signed canary that cannot be read.
async fn unreadable(flock: &mut Flock<'_>) -> OrderId {
    let order = flock.bird().await;
    let mut body = flock.shop.body(order).await;
    body["line_items"] = body["note"].clone();
    let bytes = body.to_string().into_bytes();
    let digest = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &bytes));
    let to = flock.shop.ids.shop.as_str();
    let reply = flock.shop.send(to, Some("orders/create"), Some(&sign(CLIENT_SECRET, &bytes)), bytes).await;
    assert_eq!(reply.status, 200);
    flock.shop.change(order, "delete", &json!({})).await;
    let id = flock.shop.index.order_id(&flock.shop.ids.shop, &format!("unreadable {digest}")).unwrap();
    assert_eq!(flock.shop.order(&id).await.status, Status::Held);
    id
}

/// One at each of the other channels, which are read; eBay's goes by DPD.
async fn elsewhere(flock: &mut Flock<'_>) -> Vec<OrderId> {
    let shop = flock.shop;
    let seeded = others(&shop.stack.sandbox_url, |_, _| String::new()).unwrap();
    let mut birds = Vec::new();
    for Seeded { kind, credentials, config, .. } in seeded {
        let Some(channel) = kind.channel() else { continue };
        // Amazon sends to no address.
        let own = match channel {
            Channel::Amazon => Own::open_unhooked(shop, kind, &credentials, config).await,
            _ => Own::open(shop, kind, &credentials, config).await,
        };
        let number = u64::from_str_radix(&unique(8), 16).unwrap() % 100_000;
        let made = own.ask(shop, "POST", "canary", json!({"number": number})).await;
        let native = own.ask(shop, "GET", "native", Value::Null).await;
        let (channel_id, body) = canary_of(&made, &native).unwrap();
        let keeps = Keeps::of(channel);
        let (names, tokens): (Vec<_>, Vec<_>) = canary_tokens(&made, body)
            .into_iter()
            .partition(|token| keeps.names.contains(&token.pointer.as_str()));
        assert!(tokens.len() > 40, "{channel:?}: {} tokens", tokens.len());
        flock.tokens.extend(keeps.in_common(&tokens));
        flock.names.extend(names);
        birds.push((shop.index.order_id(&own.connection, &channel_id).unwrap(), own));
    }
    Own::poll(shop).await;
    let mut orders = Vec::new();
    for (id, own) in birds {
        let read = async || shop.db.order(&id).await.unwrap();
        until("the canary to be read", read).await;
        shop.stands(&id, Status::Dispatched).await;
        own.close(shop).await;
        orders.push(id);
    }
    orders
}

/// What carriers and channels were sent: exactly what the service needs, and to channels nothing.
async fn disclosed(flock: &Flock<'_>) {
    let sent_to = async |endpoint: &str| {
        let path = format!("captured?endpoint={endpoint}");
        let sent = flock.shop.stack.control("GET", &path, &Value::Null).await.unwrap();
        carrier_check(&sent, &flock.tokens).unwrap()
    };
    for carrier in ["royal-mail", "dpd"] {
        let found = sent_to(carrier).await;
        assert_eq!(found.forbidden, BTreeSet::new(), "{carrier}");
        assert_eq!(found.allowed, NEEDED.map(str::to_owned).into(), "{carrier}");
    }
    for channel in Channel::ALL {
        let found = sent_to(channel.as_str()).await;
        assert!(found.requests > 0, "{channel:?}");
        assert_eq!((found.forbidden, found.allowed), (BTreeSet::new(), BTreeSet::new()), "{channel:?}");
    }
}

/// No key and no sealed bytes of these orders are left, so there is nothing to open and nothing to open it with.
async fn nothing_opens(shop: &Shop, orders: &[OrderId]) {
    for id in orders {
        let (_, sealed) = shop.db.order_with_sealed(id).await.unwrap().unwrap();
        assert!(sealed.is_none(), "{id} still has sealed bytes");
        let keys = json!({"TableName": shop.db.tables.keys, "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": {"S": id.as_str()}}});
        let keys = shop.aws().json("dynamodb", "DynamoDB_20120810.Query", &keys).await.unwrap();
        for item in keys["Items"].as_array().unwrap() {
            assert_eq!(item["state"]["S"], "erased");
            let bytes = item.as_object().unwrap().values().any(|value| value.get("B").is_some());
            assert!(!bytes, "{id} still has a key");
        }
    }
}

/// The order's name at the shop is kept while the order lives, and in no store afterwards. (The record of calls
/// is append-only, and here, unlike on AWS, repeats what was written.)
async fn names_are_gone(flock: &Flock<'_>) {
    let report = scan(&stack(), &template(), &flock.names).await.unwrap();
    let left: Vec<_> =
        report.sinks.iter().filter(|sink| sink.name != "CloudTrail").flat_map(|sink| &sink.hits).collect();
    assert!(left.is_empty(), "the names of orders are still in {left:?}");
}
