//! Stock is told by itself: goods come in through the API, every shop of the merchant shows them, and whoever listens on
//! the bus hears when they run low or out.

use crate::bus::carried;
use crate::support::{Own, Shop, Story, unique, until};
use crate::warehouse::done;
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_domain::service::local_date;
use waybill_harness::staff::{OWNER, PACKER, sign_in};
use waybill_store::catalogue::SKU_SHARDS;

pub static TOLD: Story = Story::new("stock told", || Box::pin(told()));

pub static RUNS_OUT: Story = Story::new("stock runs out", || Box::pin(runs_out()));

#[test]
#[ignore = "needs a running stack"]
fn stock_that_runs_low_and_out_is_heard_on_the_bus() {
    RUNS_OUT.told();
}

pub static PAST: Story = Story::new("goods past their day", || Box::pin(past()));

#[test]
#[ignore = "needs a running stack"]
fn goods_that_passed_their_day_are_found_by_the_clock() {
    PAST.told();
}

#[test]
#[ignore = "needs a running stack"]
fn goods_that_come_in_are_shown_by_every_shop() {
    TOLD.told();
}

/// What the bus carried about a SKU so far: how far it reached, and how many were free.
async fn heard(shop: &Shop, sku: &str) -> Vec<(String, i64)> {
    let events = carried(shop).await;
    let ours = events.iter().filter(|event| event["sku"] == sku);
    let mut told: Vec<_> = ours
        .map(|event| {
            let state = event["state"].as_str().unwrap().to_owned();
            (event["at"].to_string(), state, event["available"].as_i64().unwrap())
        })
        .collect();
    told.sort();
    told.into_iter().map(|(_, state, available)| (state, available)).collect()
}

async fn runs_out() {
    let shop = Shop::demo().await;
    let owner = sign_in(&shop.stack, OWNER).await.unwrap();
    let sku = format!("LOW-{}", unique(8));
    done(&shop, &owner, "PUT", &format!("/v1/skus/{sku}"), Some(json!({"sku": sku, "low": 5}))).await;
    let mut expected: Vec<(String, i64)> = Vec::new();
    let moves = [("receive", "purchase", 6, None), ("write_off", "damaged", 2, Some(("low", 4)))];
    let moves = moves.into_iter().chain([("write_off", "damaged", 4, Some(("out", 0)))]);
    for (n, (kind, reason, quantity, state)) in moves.enumerate() {
        let body = json!({"kind": kind, "sku": sku, "warehouse": "wh_north", "quantity": quantity,
            "reason": reason, "reference": format!("{sku}-{n}")});
        done(&shop, &owner, "POST", "/v1/stock/movements", Some(body)).await;
        let Some((state, available)) = state else { continue };
        expected.push((state.to_owned(), available));
        let all = async || (heard(&shop, &sku).await == expected).then_some(());
        until("the bus to carry how far the stock reaches", all).await;
    }
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

/// Nothing moves when a day ends: the clock has channels told. That they then show fewer is played with the time in
/// hand in the harness; here the roles are asked.
async fn past() {
    let shop = Shop::demo().await;
    let token = sign_in(&shop.stack, PACKER).await.unwrap();
    let sku = format!("OLD-{}", unique(8));
    let now = Timestamp::now();
    let today = local_date(now);
    let goods = json!({"kind": "receive", "sku": sku, "warehouse": "wh_north", "quantity": 3, "reason": "purchase",
        "to": format!("DOCK~L1~{}", today.yesterday().unwrap()), "reference": format!("PO-{sku}")});
    done(&shop, &token, "POST", "/v1/stock/movements", Some(goods)).await;
    let noted = async || {
        let mut found = Vec::new();
        for shard in 0..SKU_SHARDS {
            found.extend(shop.db.past_their_day(&shop.ids.merchant, shard, today, 100).await.unwrap());
        }
        found.into_iter().any(|one| one.sku == sku)
    };
    assert!(noted().await);
    let hour = Timestamp::from_second(now.as_second().div_euclid(3_600) * 3_600).unwrap();
    let report = shop.stack.run_at("FunctionClock", hour).await.unwrap();
    assert!(report["expiries"].as_u64().is_some_and(|count| count > 0), "{report}");
    let told = async || (!noted().await).then_some(());
    until("the notifier to have told of goods past their day", told).await;
}
