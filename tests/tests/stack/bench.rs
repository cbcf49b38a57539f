//! Labels that wait for the packing bench: an order is promised its goods when another gives them back, stands until it is
//! picked and packed, and is then booked in the parcels that were packed.

use crate::support::{Shop, Story, invented, tick, unique};
use crate::warehouse::{done, verify};
use serde_json::{Value, json};
use std::time::Duration;
use waybill_domain::order::Status;
use waybill_domain::time::after;
use waybill_harness::staff::{OWNER, PACKER, sign_in};
use waybill_sandbox::invent::Kind;

pub static BENCH: Story = Story::new("packed before it is booked", || Box::pin(bench()));

#[test]
#[ignore = "needs a running stack"]
fn a_label_waits_until_its_parcels_are_packed() {
    BENCH.told();
}

/// An order of two pieces of one article, in the shop.
async fn bought(shop: &Shop, sku: &str) -> i64 {
    let mut order = invented(Kind::Plain);
    let mut line = order["line_items"][0].clone();
    line["sku"] = json!(sku);
    for field in ["quantity", "current_quantity", "fulfillable_quantity"] {
        line[field] = json!(2);
    }
    order["line_items"] = json!([line]);
    shop.put(order).await
}

/// Adds a rule to the merchant's policy, or takes it off again.
async fn rule(shop: &Shop, owner: &str, name: &str, rule: Option<Value>) {
    let mut policy = done(shop, owner, "GET", "/v1/policy", None).await;
    let rules = policy["rules"].as_array_mut().unwrap();
    rules.retain(|one| one["name"] != name);
    rules.extend(rule);
    done(shop, owner, "PUT", "/v1/policy", Some(policy)).await;
}

async fn bench() {
    let shop = Shop::demo().await;
    let (owner, packer) =
        (sign_in(&shop.stack, OWNER).await.unwrap(), sign_in(&shop.stack, PACKER).await.unwrap());
    let mark = unique(8);
    let (sku, name) = (format!("BENCH-{mark}"), format!("bench-{mark}"));
    let (place, bin) = ("wh_north", format!("B-{mark}"));
    let article = json!({"sku": sku, "grams": 300, "barcodes": [format!("50{mark}")], "tags": [name]});
    done(&shop, &owner, "PUT", &format!("/v1/skus/{sku}"), Some(article)).await;
    let waits =
        json!({"name": name, "when": {"tags": [name]}, "then": {"book_when_packed": true, "only": [place]}});
    rule(&shop, &owner, &name, Some(waits)).await;
    let body = json!({"id": bin, "zone": "b", "walk": 800});
    done(&shop, &owner, "PUT", &format!("/v1/warehouses/{place}/bins/{bin}"), Some(body)).await;
    let receive = json!({"kind": "receive", "sku": sku, "warehouse": place, "quantity": 2, "to": bin,
        "reason": "purchase", "reference": format!("PO-{mark}")});
    done(&shop, &packer, "POST", "/v1/stock/movements", Some(receive)).await;
    // The allocator decides by a policy it read a minute ago.
    tokio::time::sleep(Duration::from_secs(61)).await;

    let first = bought(&shop, &sku).await;
    let id = shop.tell("orders/create", first).await;
    shop.stands(&id, Status::Allocated).await;
    let second = bought(&shop, &sku).await;
    let other = shop.tell("orders/create", second).await;
    shop.stands(&other, Status::Backordered).await;
    shop.change(first, "cancel", &json!({"reason": "customer"})).await;
    shop.tell("orders/cancelled", first).await;
    let waits = shop.stands(&other, Status::Allocated).await;
    assert_eq!(waits.due_at, None, "nothing but the bench moves it on");
    tick(&shop, after(jiff::Timestamp::now(), jiff::SignedDuration::from_hours(2))).await;
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(shop.order(&other).await.status, Status::Allocated);
    assert_eq!(shop.at_carrier(&other).await, (0, 0), "no label was bought");
    let view = async || done(&shop, &packer, "GET", &format!("/v1/orders/{other}"), None).await;
    assert_eq!(view().await["summary"]["to_pack"], true);

    let list = format!("pick-b{mark}");
    let making = json!({"list": list, "warehouse": place, "style": "single", "orders": [other]});
    let made = done(&shop, &packer, "POST", "/v1/picks", Some(making)).await;
    assert_eq!(made["list"]["tasks"][0]["spot"], json!(bin), "{made}");
    let stop = json!({"stop": 1, "bin": bin, "scanned": format!("50{mark}"), "quantity": 2});
    let picked = done(&shop, &packer, "POST", &format!("/v1/picks/{list}/confirm"), Some(stop)).await;
    assert_eq!(picked["stops_left"], 0, "{picked}");
    let one = json!({sku.as_str(): 1});
    let packed =
        json!({"warehouse": place, "parcels": [one, one], "boxes": [{"grams": 500}, {"grams": 420}]});
    let checked = done(&shop, &packer, "POST", &format!("/v1/orders/{other}/packing"), Some(packed)).await;
    assert_eq!((&checked["right"], &checked["books"]), (&json!(true), &json!(true)), "{checked}");
    shop.stands(&other, Status::Dispatched).await;
    let parcels: Vec<Value> = view().await["shipments"][0]["parcels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| p["grams"].clone())
        .collect();
    assert_eq!(parcels, [500, 420]);
    assert_eq!(shop.at_carrier(&other).await, (1, 0));
    assert_eq!(shop.shelf(&sku).await, (0, 0));
    rule(&shop, &owner, &name, None).await;
    verify(&shop, &packer).await;
}
