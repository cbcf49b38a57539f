//! Stock is told by itself: goods come in through the API, and every shop of the merchant shows them.

use crate::support::{Own, Shop, Story, unique, until};
use serde_json::{Value, json};
use waybill_harness::staff::{PACKER, sign_in};

pub static TOLD: Story = Story::new("stock told", || Box::pin(told()));

#[test]
#[ignore = "needs a running stack"]
fn goods_that_come_in_are_shown_by_every_shop() {
    TOLD.told();
}

async fn told() {
    let shop = Shop::demo().await;
    let own = Own::woocommerce(&shop).await;
    let sku = "NOTE-A5-DOT";
    own.ask(&shop, "PUT", "stock", json!({"levels": {sku: 1}})).await;
    let token = sign_in(&shop.stack, PACKER).await.unwrap();
    let goods = json!({"kind": "receive", "sku": sku, "warehouse": "wh_north", "quantity": 7,
        "reason": "purchase", "reference": format!("PO-{}", unique(8))});
    let url = format!("{}/v1/stock/movements", shop.stack.api_url);
    let reply = reqwest::Client::new().post(url).bearer_auth(&token).json(&goods).send().await.unwrap();
    assert_eq!(reply.status().as_u16(), 200);
    let (on_hand, reserved) = shop.shelf(sku).await;
    let shopify = format!("stock/{}", shop.domain);
    let shown = async || {
        let there = shop.stack.control("GET", &shopify, &Value::Null).await.unwrap();
        let here = own.ask(&shop, "GET", "stock", Value::Null).await;
        let both = [&there["levels"][sku], &here["levels"][sku]];
        both.iter().all(|shown| **shown == json!(on_hand - reserved)).then_some(())
    };
    until("both shops to show what may be sold", shown).await;
    own.close(&shop).await;
}
