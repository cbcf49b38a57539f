//! How long stock lasts: states, pages, and what counts as sold.

use crate::stage::{MERCHANT, Stage, code};
use serde_json::{Value, json};
use waybill_domain::order::{Allocation, Status};
use waybill_domain::time::days;
use waybill_store::stock::{BatchChanges, Settling, SlotChange};

async fn receive(stage: &Stage, sku: &str, quantity: i64) {
    let body = json!({"kind": "receive", "sku": sku, "warehouse": "wh_north", "quantity": quantity,
        "reason": "purchase", "reference": format!("PO-{sku}")});
    assert_eq!(stage.post("/v1/stock/movements", body).await.0, 200);
}

/// Promises an order two pieces; once they are promised they can be sent.
async fn settle(stage: &Stage, n: u8, how: Settling) {
    let mut order = stage.order(n).await;
    let slot = ("TEE-RED".to_owned(), "wh_north".parse().unwrap());
    let mut change = SlotChange { orders: vec![(order.id.clone(), 2)], ..SlotChange::default() };
    match how {
        Settling::Promises => {
            order.status = Status::Allocated;
            order.lines[0].allocations =
                vec![Allocation { warehouse: "wh_north".parse().unwrap(), quantity: 2 }];
        }
        Settling::Dispatch => {
            order.status = Status::Dispatched;
            order.stock_settled = true;
            change.spots = [("DOCK".parse().unwrap(), -2)].into();
        }
    }
    let changes = BatchChanges::from([(slot, change)]);
    let merchant = MERCHANT.parse().unwrap();
    stage.db.settle(&merchant, how, &changes, &mut [order], stage.now()).await.unwrap();
}

/// Every SKU of a state, over all pages.
async fn all(stage: &Stage, query: &str) -> Vec<Value> {
    let (mut found, mut next) = (Vec::new(), String::new());
    loop {
        let (status, page) = stage.mine(&format!("/v1/stock/insight?{query}{next}")).await;
        assert_eq!(status, 200, "{page}");
        found.extend(page["skus"].as_array().unwrap().clone());
        let Some(cursor) = page["next"].as_str() else { return found };
        next = format!("&cursor={cursor}");
    }
}

async fn names(stage: &Stage, state: &str) -> Vec<String> {
    let mut names: Vec<String> = all(stage, &format!("state={state}"))
        .await
        .iter()
        .map(|view| view["sku"].as_str().unwrap().to_owned())
        .collect();
    names.sort();
    names
}

#[tokio::test]
async fn what_left_in_the_last_weeks_says_how_long_the_rest_lasts() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    receive(&stage, "TEE-RED", 20).await;
    stage.advance(days(15).as_secs());
    // One is sent in the week before last, one in the last; one is only promised.
    for (n, ago) in [(1, 4), (2, 4), (3, 0)] {
        settle(&stage, n, Settling::Promises).await;
        if n < 3 {
            settle(&stage, n, Settling::Dispatch).await;
        }
        stage.advance(days(ago).as_secs());
    }
    let found = all(&stage, "").await;
    let expected = json!({"sku": "TEE-RED", "on_hand": 16, "available": 14, "sold": [2, 2, 0], "state": "good",
        "days_of_cover": 73, "forecast": 2, "idle_weeks": 0});
    assert_eq!(found, [expected]);
    // Eight weeks after the last sale nobody remembers it, and the goods are dead.
    stage.advance(days(56).as_secs());
    let found = all(&stage, "state=dead").await;
    assert_eq!((&found[0]["sold"], &found[0]["idle_weeks"]), (&json!(vec![0; 8]), &json!(8)));
    assert!(found[0].get("days_of_cover").is_none());
}

#[tokio::test]
async fn each_state_lists_its_own_and_bundles_and_what_never_came_are_left_out() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    for (sku, pieces, low) in [("FULL", 50, 0), ("FEW", 3, 5), ("GONE", 4, 0), ("OLD", 9, 0)] {
        stage.confirm().await;
        assert_eq!(
            stage.put(&format!("/v1/skus/{sku}"), json!({"sku": sku, "low": low})).await.0,
            200,
            "{sku}"
        );
        receive(&stage, sku, pieces).await;
    }
    let gift = json!({"sku": "GIFT", "parts": [{"sku": "FULL", "units": 2}]});
    assert_eq!(stage.put("/v1/skus/GIFT", gift).await.0, 200);
    assert_eq!(stage.put("/v1/skus/PLANNED", json!({"sku": "PLANNED"})).await.0, 200);
    let gone = json!({"kind": "write_off", "sku": "GONE", "warehouse": "wh_north", "quantity": 4,
        "reason": "damaged", "reference": "W-1"});
    assert_eq!(stage.post("/v1/stock/movements", gone).await.0, 200);
    assert_eq!(names(&stage, "good").await, ["FULL", "OLD"]);
    assert_eq!(names(&stage, "low").await, ["FEW"]);
    assert_eq!(names(&stage, "out").await, ["GONE"]);
    assert!(names(&stage, "dead").await.is_empty());
    stage.advance(days(55).as_secs());
    assert!(names(&stage, "dead").await.is_empty(), "a day is missing");
    stage.advance(days(1).as_secs());
    stage.confirm().await;
    assert_eq!(names(&stage, "dead").await, ["FULL", "OLD"]);
    let (_, theirs) = stage.get(Some("other-Owner"), "/v1/stock/insight").await;
    assert_eq!(theirs, json!({"skus": []}));
}

#[tokio::test]
async fn pages_follow_each_other_and_every_sku_comes_once() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    for n in 0..120 {
        receive(&stage, &format!("SKU-{n:03}"), 1).await;
    }
    let (_, first) = stage.mine("/v1/stock/insight").await;
    assert!(first["next"].is_string() && first["skus"].as_array().unwrap().len() < 120, "{first}");
    let expected: Vec<String> = (0..120).map(|n| format!("SKU-{n:03}")).collect();
    assert_eq!(names(&stage, "good").await, expected);
}

#[tokio::test]
async fn what_cannot_be_asked_is_refused() {
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    let stage = Stage::set().await;
    let cursor = |text: &str| format!("cursor={}", URL_SAFE_NO_PAD.encode(text));
    for (query, problem) in [
        ("state=tired".to_owned(), "bad_query"),
        ("cursor=%25".to_owned(), "bad_cursor"),
        (cursor("{}"), "bad_cursor"),
        (cursor(r#"{"shard":16}"#), "bad_cursor"),
        (cursor(r#"{"shard":0,"after":""}"#), "bad_cursor"),
    ] {
        let answer = stage.mine(&format!("/v1/stock/insight?{query}")).await;
        assert_eq!(code(&answer), (400, problem), "{query}");
    }
}
