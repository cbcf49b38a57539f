//! Credentials that no longer work pause their own connection and lose nothing.

use crate::support::{Shop, Story, now, tick, unique, until};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use waybill_domain::order::Status;
use waybill_domain::time::after;
use waybill_harness::seed::ACCESS_TOKEN;
use waybill_sandbox::invent::Kind;
use waybill_store::keyring::Vault;
use waybill_store::registry::{ConnectionState, Credentials};

pub static SHOP_REFUSED: Story = Story::new("the shop refuses", || Box::pin(shop_refused()));
pub static CARRIER_REFUSED: Story = Story::new("the carrier refuses", || Box::pin(carrier_refused()));

pub static SLOWED: Story = Story::new("slowed", || Box::pin(slowed()));

#[test]
#[ignore = "needs a running stack"]
fn a_carrier_that_asks_to_wait_is_waited_for_and_asked_again() {
    SLOWED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_shop_that_refuses_our_token_is_paused_and_told_later() {
    SHOP_REFUSED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_carrier_that_refuses_our_key_is_paused_and_nothing_is_lost() {
    CARRIER_REFUSED.told();
}

/// The message waits in its queue for a later look.
async fn waits(shop: &Shop, queue: &str, what: &str) {
    let url = shop.stack.output(queue).unwrap();
    let path = format!("/_ministack/sqs/messages?QueueUrl={}", waybill_harness::signed::percent(url));
    let there = async || {
        let found = shop.aws().get("sqs", &path).await.unwrap();
        found.to_string().contains(what).then_some(())
    };
    until(format!("a message in {queue}").as_str(), there).await;
}

async fn token(shop: &Shop, token: &str) {
    let shop_now = json!({"domain": shop.domain, "client_secret": waybill_harness::seed::CLIENT_SECRET, "access_token": token});
    shop.stack.control("PUT", "shops", &shop_now).await.unwrap();
}

async fn paused(shop: &Shop, id: &waybill_domain::ConnectionId) {
    let refused = async || (shop.connection_state(id).await == ConnectionState::Refused).then_some(());
    until("the connection to be paused", refused).await;
}

async fn shop_refused() {
    let shop = Shop::open().await;
    token(&shop, "another token").await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    paused(&shop, &shop.ids.shop).await;
    assert_eq!(
        shop.order(&id).await.status,
        Status::Booked,
        "the parcel has its label, the shop does not know"
    );

    // The same for what must be read from it.
    shop.db.set_connection_state(&shop.ids.shop, ConnectionState::Active).await.unwrap();
    let other = shop.bought(Kind::Plain).await;
    shop.deliver("orders/edited", &json!({"order_edit": {"id": 1, "order_id": other}})).await;
    paused(&shop, &shop.ids.shop).await;
    waits(&shop, "QueuePoll", &other.to_string()).await;

    // Connected again, as the API does it: the clock brings the order back, and the shop is told once.
    token(&shop, ACCESS_TOKEN).await;
    shop.db.set_connection_state(&shop.ids.shop, ConnectionState::Active).await.unwrap();
    shop.db.resume_operations(&shop.ids.shop, Timestamp::now()).await.unwrap();
    tick(&shop, after(now(&shop).await.max(Timestamp::now()), SignedDuration::from_mins(20))).await;
    shop.stands(&id, Status::Dispatched).await;
    let there =
        shop.stack.control("GET", &format!("orders/{}/{order}", shop.domain), &Value::Null).await.unwrap();
    assert_eq!(there["fulfillments"].as_array().unwrap().len(), 1);
}

async fn carrier_refused() {
    let shop = Shop::open().await;
    let good = shop.db.connection(&shop.ids.royal_mail).await.unwrap().unwrap();
    let key = unique(16);
    let wrong = Credentials::RoyalMail { key: key.clone(), tracking_id: key.clone(), tracking_secret: key };
    let mut bad = good.clone();
    bad.credentials = shop.kms.seal(bad.id.as_str(), &serde_json::to_vec(&wrong).unwrap()).await.unwrap();
    shop.db.save_connection(&bad).await.unwrap();
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    paused(&shop, &shop.ids.royal_mail).await;
    assert_eq!(shop.at_carrier(&id).await, (0, 0));
    let held = async || {
        let order = shop.order(&id).await;
        (order.claim.is_none() || order.status == Status::Held).then_some(order)
    };
    let held = until("the order to wait for the carrier", held).await;
    assert!(held.holds_stock(), "its goods stay promised");
}

async fn slowed() {
    let shop = Shop::open().await;
    let endpoints = [
        "royal-mail.create",
        "royal-mail.label",
        "tracking.events",
        "shopify.*",
        "shopify.fulfillmentCreate",
    ];
    for endpoint in endpoints {
        slow(&shop, endpoint).await;
    }
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(shop.at_carrier(&id).await, (1, 0), "asked again, and booked once");
    crate::support::deliver_everything(&shop).await;
    shop.stands(&id, Status::Delivered).await;
    every_refusal_was_met(&shop).await;

    let other = shop.bought(Kind::Plain).await;
    slow(&shop, "shopify.*").await;
    shop.deliver("orders/edited", &json!({"order_edit": {"id": 1, "order_id": other}})).await;
    shop.stands(&shop.id(other), Status::Dispatched).await;
    every_refusal_was_met(&shop).await;
}

/// The next call there is asked to come back in a second.
async fn slow(shop: &Shop, endpoint: &str) {
    let fault = json!({"endpoint": endpoint, "kind": "too_many_requests", "retry_after": 1, "times": 1});
    shop.stack.control("POST", "faults", &fault).await.unwrap();
}

async fn every_refusal_was_met(shop: &Shop) {
    let faults = shop.stack.control("GET", "faults", &Value::Null).await.unwrap();
    assert_eq!(faults["faults"], json!([]));
}
