//! The channels whose orders are fetched, and the accounts behind them: connected, tried, paused, taken away.

use crate::support::{Shop, Story, until};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use waybill_domain::order::{Channel, Status};
use waybill_domain::time::{after, sortable};
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::staff::{OWNER, sign_in};

pub static CHANNELS: Story = Story::new("channels", || Box::pin(channels()));
pub static CONNECTIONS: Story = Story::new("connections", || Box::pin(connections()));

#[test]
#[ignore = "needs a running stack"]
fn orders_of_four_channels_are_fetched_sent_and_told_back() {
    CHANNELS.told();
}

#[test]
#[ignore = "needs a running stack"]
fn an_account_is_connected_tried_paused_rotated_and_taken_away() {
    CONNECTIONS.told();
}

const FETCHED: [Channel; 4] = [Channel::WooCommerce, Channel::Magento, Channel::Amazon, Channel::Ebay];

async fn channels() {
    let shop = Shop::demo().await;
    let stack = &shop.stack;
    // Amazon shows nothing younger than two minutes.
    let ago = sortable(after(Timestamp::now(), SignedDuration::from_secs(-240)));
    stack.control("PUT", "clock", &json!({"follow": false, "now": ago})).await.unwrap();
    for channel in FETCHED {
        let path = format!("{}/{ACCOUNT}/invent", channel.as_str());
        stack.control("POST", &path, &json!({"seed": 77, "count": 3})).await.unwrap();
    }
    stack.control("PUT", "clock", &json!({"follow": true})).await.unwrap();
    stack.run_at("FunctionClock", Timestamp::now()).await.unwrap();
    for channel in FETCHED {
        let id = connection_id(channel).unwrap();
        let read = until("the channel is read", async || shop.db.cursor(&id).await.unwrap()).await;
        assert!(read.rev > 0);
        until("a parcel is shown by the channel", async || {
            let state = stack.control("GET", "state?brief=true", &Value::Null).await.unwrap();
            let told = &state[channel.as_str()][ACCOUNT];
            assert_eq!(told["written_twice"], 0, "{channel:?}");
            (told["written_back"].as_u64() > Some(0)).then_some(())
        })
        .await;
    }
    closed_account(&shop).await;
}

/// A closed account is told by eBay, signed; its buyer's orders are erased.
async fn closed_account(shop: &Shop) {
    let stack = &shop.stack;
    let ebay = connection_id(Channel::Ebay).unwrap();
    let native = stack.control("GET", &format!("ebay/{ACCOUNT}/native"), &Value::Null).await.unwrap();
    let bought = native["orders"].as_array().unwrap().iter().find(|o| o["orderPaymentStatus"] == "PAID").unwrap();
    let buyer = bought["buyer"]["username"].as_str().unwrap();
    let key = shop.db.merchant(&shop.ids.merchant).await.unwrap().unwrap();
    let index = waybill_runtime::directory::index_key(&stack.kms().unwrap(), &key).await.unwrap();
    let order = index.order_id(&ebay, bought["orderId"].as_str().unwrap()).unwrap();
    until("the order is stored", async || shop.db.order(&order).await.unwrap()).await;
    let told = json!({"what": "account_deletion", "user": buyer, "user_id": "u-1", "count": 3});
    stack.control("POST", &format!("ebay/{ACCOUNT}/deliver"), &told).await.unwrap();
    until("the buyer's order is erased", async || {
        let held = shop.db.order(&order).await.unwrap()?;
        (held.personal == waybill_domain::order::PersonalData::Erased).then_some(())
    })
    .await;
    assert_ne!(shop.order(&order).await.status, Status::Received);
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
    let secrets =
        json!({"kind": "woocommerce", "secrets": ["WooWebhookSecret1"], "key": "ck_demo", "secret": "cs_demo"});
    let address = format!("{}/woocommerce/{ACCOUNT}", shop.stack.sandbox_url);
    let wanted = json!({"address": address, "credentials": secrets});
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
    assert_eq!(ask("DELETE", &at(""), None).await.1["state"], "disconnected");
}
