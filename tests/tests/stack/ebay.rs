//! An order from eBay: read, sent by DPD, told and followed with tokens that had to be renewed, and forgotten when its
//! buyer closes the account.

use crate::support::{Own, Shop, Story, deliver_everything, until};
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_domain::OrderId;
use waybill_domain::order::{PersonalData, Status};
use waybill_store::registry::{Credentials, Kind};

pub static CLOSED: Story = Story::new("closed account", || Box::pin(closed()));

#[test]
#[ignore = "needs a running stack"]
fn a_buyer_who_closes_the_account_at_ebay_is_erased_here() {
    CLOSED.told();
}

async fn open(shop: &Shop) -> Own {
    let text = str::to_owned;
    let credentials = Credentials::Ebay {
        client_id: text("own-client"),
        client_secret: text("own-secret"),
        refresh_token: text("v^1.1#own"),
        verification_token: text("own_verification_token_0123456789abcdefg"),
        refresh_until: None,
    };
    let config = json!({"client_id": "own-client", "client_secret": "own-secret", "refresh_token": "v^1.1#own",
        "verification_token": "own_verification_token_0123456789abcdefg"});
    Own::open(shop, Kind::Ebay, &credentials, config).await
}

async fn closed() {
    let shop = Shop::open().await;
    let own = open(&shop).await;
    shop.listen("FunctionNotifier", false).await;
    own.ask(&shop, "POST", "invent", json!({"seed": 11, "count": 6, "deliver": false})).await;
    let there = own.ask(&shop, "GET", "orders", Value::Null).await;
    let all: Vec<(&str, OrderId)> = there
        .as_array()
        .unwrap()
        .iter()
        .map(|order| order["id"].as_str().unwrap())
        .map(|channel_id| (channel_id, shop.index.order_id(&own.connection, channel_id).unwrap()))
        .collect();
    Own::poll(&shop).await;
    let booked = async || {
        for (channel_id, id) in &all {
            let order = shop.db.order(id).await.unwrap();
            if order.is_some_and(|order| order.status == Status::Booked) {
                return Some((*channel_id, id.clone()));
            }
        }
        None
    };
    let (channel_id, id) = until("an order to be booked", booked).await;

    // Whoever tells eBay now needs another token.
    let mut token = shop.db.token(&own.connection).await.unwrap().expect("the poller got a token");
    token.expires_at = Timestamp::UNIX_EPOCH;
    shop.db.save_token(&own.connection, &token).await.unwrap();
    // Other stories let days pass, too: nobody follows this parcel before its turn.
    shop.listen("FunctionTracker", false).await;
    shop.listen("FunctionNotifier", true).await;
    shop.stands(&id, Status::Dispatched).await;
    let renewed = shop.db.token(&own.connection).await.unwrap().unwrap();
    assert!(renewed.expires_at > token.expires_at, "the token was not renewed");
    let shown = own.ask(&shop, "GET", &format!("orders/{channel_id}"), Value::Null).await;
    assert!(!shown["tracking"].as_array().unwrap().is_empty(), "{shown}");

    // What eBay sells goes by DPD: whoever follows the parcel needs another token there, too.
    let token = shop.db.token(&shop.ids.dpd).await.unwrap().expect("the shipper got a token");
    shop.db.end_token(&shop.ids.dpd, token.obtained_at, token.obtained_at).await.unwrap();
    shop.listen("FunctionTracker", true).await;
    deliver_everything(&shop).await;
    shop.stands(&id, Status::Delivered).await;
    let renewed = shop.db.token(&shop.ids.dpd).await.unwrap().unwrap();
    assert!(renewed.obtained_at > token.obtained_at, "the tracker asked with a token that had ended");

    own.ask(&shop, "POST", &format!("orders/{channel_id}/erase"), json!({})).await;
    let erased = async || {
        let order = shop.db.order(&id).await.unwrap()?;
        (order.personal == PersonalData::Erased).then_some(())
    };
    until("the buyer to be erased", erased).await;
    own.close(&shop).await;
}
