//! Accounts at channels: connected, tried, read back in time, paused, rotated, disconnected; and what a shop erases by
//! itself is erased here.

use crate::support::{Own, Shop, Story, unique, until};
use serde_json::{Value, json};
use std::time::Duration;
use waybill_domain::order::{Channel, PersonalData};
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::staff::{OWNER, sign_in};
use waybill_sandbox::pro_shipping::{CLIENT_ID, CLIENT_SECRET, SHIPPING_ACCOUNT, SHIPPING_LOCATION};

pub static CONNECTIONS: Story = Story::new("connections", || Box::pin(connections()));
pub static ERASED_THERE: Story = Story::new("erased at the shop", || Box::pin(erased_there()));

#[test]
#[ignore = "needs a running stack"]
fn a_buyer_whom_a_polled_shop_erased_is_erased_here() {
    ERASED_THERE.told();
}

async fn erased_there() {
    // An account of its own: when the others are polled next depends on the times earlier stories were in.
    let shop = Shop::open().await;
    let own = Own::woocommerce(&shop).await;
    own.ask(&shop, "POST", "invent", json!({"seed": 7, "count": 1, "deliver": false})).await;
    let there = own.ask(&shop, "GET", "orders", Value::Null).await;
    let channel_id = there[0]["id"].as_str().unwrap();
    let id = shop.index.order_id(&own.connection, channel_id).unwrap();
    Own::poll(&shop).await;
    let stored = async || shop.db.order(&id).await.unwrap();
    until("the order to be read", stored).await;

    own.ask(&shop, "POST", &format!("orders/{channel_id}/erase"), json!({})).await;
    // A poll that meets the end of the one before leaves the rest to the next.
    let erased = async || {
        Own::poll(&shop).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
        let order = shop.db.order(&id).await.unwrap()?;
        (order.personal == PersonalData::Erased).then_some(())
    };
    until("the buyer to be erased", erased).await;
}

#[test]
#[ignore = "needs a running stack"]
fn an_account_is_connected_tried_paused_and_rotated() {
    CONNECTIONS.told();
}

async fn connections() {
    let shop = Shop::demo().await;
    let token = sign_in(&shop.stack, OWNER).await.unwrap();
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", shop.stack.api_url);
        let request = reqwest::Client::new().request(method, url).bearer_auth(&token);
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        let reply = request.send().await.unwrap();
        let status = reply.status().as_u16();
        (status, reply.json::<Value>().await.unwrap())
    };
    let secrets = json!({"kind": "woocommerce", "secrets": ["WooWebhookSecret1"], "key": "ck_demo", "secret": "cs_demo"});
    let sandbox = &shop.stack.sandbox_url;
    let wanted = |account: &str| json!({"address": format!("{sandbox}/woocommerce/{account}"), "credentials": secrets});
    // The demo's own shop is connected already.
    let (status, twice) = ask("POST", "/v1/connections", Some(wanted(ACCOUNT))).await;
    let seeded = connection_id(Channel::WooCommerce).unwrap();
    assert_eq!((status, &twice["connection"]), (409, &json!(seeded)), "{twice}");
    let account = format!("again-{}", unique(12));
    let config = json!({"key": "ck_demo", "secret": "cs_demo", "webhook_secret": "WooWebhookSecret1"});
    shop.stack.control("PUT", &format!("woocommerce/{account}"), &config).await.unwrap();
    let wanted = wanted(&account);
    let (status, made) = ask("POST", "/v1/connections", Some(wanted)).await;
    assert_eq!(status, 201, "{made}");
    let id = made["id"].as_str().unwrap();
    let at = |what: &str| format!("/v1/connections/{id}{what}");
    let (_, tried) = ask("POST", &at("/test"), None).await;
    assert_eq!(tried["works"], true, "{tried}");
    assert_eq!(ask("PUT", &at("/credentials"), Some(secrets)).await.0, 200);
    let span = json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-21T00:00:00Z"});
    assert_eq!(ask("POST", &at("/backfills"), Some(span)).await.0, 202);
    until("the backfill is done", async || {
        let (_, all) = ask("GET", &at("/backfills"), None).await;
        all["backfills"][0]["done_at"].is_string().then_some(())
    })
    .await;
    assert_eq!(ask("POST", &at("/pause"), None).await.1["state"], "paused");
    assert_eq!(ask("POST", &at("/resume"), None).await.1["state"], "active");
    let (status, all) = ask("GET", "/v1/connections", None).await;
    assert_eq!(status, 200);
    assert!(!all.to_string().contains("cs_demo"), "a secret is shown");
    let (status, gone) = ask("DELETE", &at(""), None).await;
    assert_eq!((status, &gone["state"]), (202, &json!("disconnected")), "{gone}");
    // Carriers are tried without booking anything; one that is connected by what it needs is.
    let login = format!("{}/pro-shipping", shop.stack.sandbox_url);
    let secrets = json!({"kind": "pro_shipping", "client_id": CLIENT_ID, "client_secret": CLIENT_SECRET,
        "shipping_account": SHIPPING_ACCOUNT, "shipping_location": SHIPPING_LOCATION, "goods": "Clothing"});
    let wanted = json!({"address": login, "token_address": login, "credentials": secrets});
    let (status, made) = ask("POST", "/v1/connections", Some(wanted)).await;
    assert_eq!(status, 201, "{made}");
    for id in [shop.ids.royal_mail.as_str(), shop.ids.dpd.as_str(), made["id"].as_str().unwrap()] {
        let (_, tried) = ask("POST", &format!("/v1/connections/{id}/test"), None).await;
        assert_eq!(tried["works"], true, "{id} {tried}");
    }
}
