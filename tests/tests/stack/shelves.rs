//! Who holds my stock, and where it is: a promised piece is named with its order until it leaves, a large difference
//! of a count waits for a second person, goods on their way between warehouses are on neither shelf, and how long the
//! rest lasts is told.

use crate::support::{Shop, Story, unique};
use crate::warehouse::{call, done, verify};
use serde_json::{Value, json};
use waybill_domain::order::Status;
use waybill_harness::staff::{OWNER, PACKER, SUPPORT, sign_in};
use waybill_sandbox::invent::Kind;

pub static SHELVES: Story = Story::new("shelves", || Box::pin(shelves()));

#[test]
#[ignore = "needs a running stack"]
fn who_holds_stock_is_told_and_counts_and_transfers_go_through_the_api() {
    SHELVES.told();
}

/// What an order holds of a SKU, as the API says.
fn held_by<'a>(view: &'a Value, order: &str) -> Option<&'a Value> {
    view["held_by"].as_array()?.iter().find(|holder| holder["order"] == order)
}

/// Pieces on hand of a SKU at a warehouse, as the API says.
fn on_hand(view: &Value, warehouse: &str) -> i64 {
    let mut shelves = view["warehouses"].as_array().unwrap().iter();
    shelves
        .find(|shelf| shelf["warehouse"] == warehouse)
        .map_or(0, |shelf| shelf["on_hand"].as_i64().unwrap())
}

async fn shelves() {
    let shop = Shop::demo().await;
    let (owner, packer) =
        (sign_in(&shop.stack, OWNER).await.unwrap(), sign_in(&shop.stack, PACKER).await.unwrap());
    let support = sign_in(&shop.stack, SUPPORT).await.unwrap();
    let mark = unique(8);

    shop.listen("FunctionShipper", false).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    let held = shop.stands(&id, Status::Allocated).await;
    let (line, name) = (&held.lines[0], id.to_string());
    let sku = line.sku.clone().unwrap();
    let place = line.allocations[0].warehouse.to_string();
    let read = async || done(&shop, &support, "GET", &format!("/v1/stock/{sku}"), None).await;
    let view = read().await;
    let holder = held_by(&view, &name).expect("the order is named");
    assert_eq!((&holder["quantity"], &holder["warehouse"]), (&json!(line.quantity), &json!(place)));
    shop.listen("FunctionShipper", true).await;
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(held_by(&read().await, &name), None, "what has left is held by nobody");

    // Forty pieces that nobody is promised, in a bin of their own, are counted by one and believed by another.
    let bin = format!("Z-{mark}");
    let body = json!({"id": bin, "zone": "z", "walk": 900});
    done(&shop, &owner, "PUT", &format!("/v1/warehouses/{place}/bins/{bin}"), Some(body)).await;
    let receive = json!({"kind": "receive", "sku": sku, "warehouse": place, "quantity": 40, "to": bin,
        "reason": "purchase", "reference": format!("PO-{mark}")});
    done(&shop, &packer, "POST", "/v1/stock/movements", Some(receive)).await;
    let before = on_hand(&read().await, &place);
    let reference = format!("C-{mark}");
    let count = json!({"sku": sku, "warehouse": place, "spot": bin, "counted": 28, "reference": reference});
    let taken = done(&shop, &packer, "POST", "/v1/stock/counts", Some(count)).await;
    assert_eq!(taken["state"], "waiting", "{taken}");
    assert_eq!(on_hand(&read().await, &place), before, "nothing moves before it is approved");
    let approve = format!("/v1/stock/counts/{reference}/approve");
    assert_eq!(call(&shop, &packer, "POST", &approve, None).await.status, 403);
    let listed = done(&shop, &owner, "GET", "/v1/stock/counts", None).await;
    assert!(listed["waiting"].as_array().unwrap().iter().any(|one| one["reference"] == json!(reference)));
    assert_eq!(done(&shop, &owner, "POST", &approve, None).await["state"], "booked");
    assert_eq!(on_hand(&read().await, &place), before - 12);

    let there = if place == "wh_south" { "wh_north" } else { "wh_south" };
    let (here_before, there_before) = (before - 12, on_hand(&read().await, there));
    let reference = format!("T-{mark}");
    let send =
        json!({"sku": sku, "from": place, "to": there, "quantity": 10, "spot": bin, "reference": reference});
    done(&shop, &packer, "POST", "/v1/stock/transfers", Some(send)).await;
    let view = read().await;
    assert_eq!((on_hand(&view, &place), on_hand(&view, there)), (here_before - 10, there_before));
    let under_way = done(&shop, &support, "GET", "/v1/stock/transfers", None).await;
    let ours = under_way["transfers"].as_array().unwrap().iter().find(|t| t["reference"] == json!(reference));
    assert_eq!(ours.unwrap()["left"], 10);
    let receive = format!("/v1/stock/transfers/{reference}/receive");
    let astray = json!({"quantity": 1, "part": "0", "to": format!("X-{mark}")});
    assert_eq!(call(&shop, &packer, "POST", &receive, Some(astray)).await.status, 400, "not on the map");
    let body = json!({"id": "A-02", "zone": "a", "walk": 2});
    done(&shop, &owner, "PUT", &format!("/v1/warehouses/{there}/bins/A-02"), Some(body)).await;
    for (part, pieces) in [("1", 6), ("2", 4), ("2", 4)] {
        let body = json!({"quantity": pieces, "part": part, "to": "A-02"});
        done(&shop, &packer, "POST", &receive, Some(body)).await;
    }
    let view = read().await;
    assert_eq!((on_hand(&view, &place), on_hand(&view, there)), (here_before - 10, there_before + 10));
    assert_eq!(view["sound"], true);

    let mut next = String::new();
    let insight = loop {
        let page = done(&shop, &support, "GET", &format!("/v1/stock/insight?{next}"), None).await;
        let found = page["skus"].as_array().unwrap().iter().find(|one| one["sku"] == json!(sku)).cloned();
        if let Some(found) = found {
            break found;
        }
        next = format!("cursor={}", page["next"].as_str().expect("the SKU is on some page"));
    };
    assert!(insight["sold"][0].as_u64().unwrap() >= u64::from(line.quantity), "{insight}");
    assert_eq!(insight["on_hand"], json!(shop.shelf(&sku).await.0));
    verify(&shop, &support).await;
}
