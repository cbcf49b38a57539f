//! Work on stock through the API, as the deployed roles allow it: an order that lacks goods is let go, explained and
//! served when goods come in; bins, mappings, transfers, counts and files are kept; and all of it adds up.

use crate::support::{Reply, Shop, Story, until};
use serde_json::{Value, json};
use waybill_domain::exception::Reason;
use waybill_domain::order::{Hold, Status};
use waybill_harness::staff::{OWNER, PACKER, SUPPORT, sign_in};

pub static WAREHOUSE: Story = Story::new("warehouse", || Box::pin(warehouse()));

#[test]
#[ignore = "needs a running stack"]
fn goods_are_worked_on_through_the_api_and_add_up() {
    WAREHOUSE.told();
}

/// One call of the API.
pub async fn call(shop: &Shop, token: &str, method: &str, path: &str, body: Option<Value>) -> Reply {
    let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
    let request = reqwest::Client::new().request(method, format!("{}{path}", shop.stack.api_url));
    let request = request.bearer_auth(token);
    let request = match body {
        // Text is a file and is sent as it is.
        Some(Value::String(file)) => request.header("content-type", "text/csv").body(file),
        Some(body) => request.json(&body),
        None => request,
    };
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    Reply { status, body: String::from_utf8_lossy(&reply.bytes().await.unwrap()).into_owned() }
}

/// As [`call`], of what must be answered well.
pub async fn done(shop: &Shop, token: &str, method: &str, path: &str, body: Option<Value>) -> Value {
    let reply = call(shop, token, method, path, body).await;
    assert_eq!(reply.status, 200, "{method} {path}: {}", reply.body);
    serde_json::from_str(&reply.body).unwrap_or(Value::String(reply.body))
}

/// Walks all stock of the merchant.
pub async fn verify(shop: &Shop, token: &str) {
    let mut path = "/v1/stock/verify".to_owned();
    loop {
        let page = done(shop, token, "GET", &path, None).await;
        assert_eq!(page["clean"], true, "{page}");
        let Some(next) = page["next"].as_str() else { return };
        path = format!("/v1/stock/verify?cursor={next}");
    }
}

async fn warehouse() {
    let shop = Shop::demo().await;
    let (owner, packer) =
        (sign_in(&shop.stack, OWNER).await.unwrap(), sign_in(&shop.stack, PACKER).await.unwrap());
    let support = sign_in(&shop.stack, SUPPORT).await.unwrap();
    let mark = crate::support::unique(8);
    // More than the shelves hold, and not more than is about to come.
    let order = shop.bought_scarce(10).await;
    let line = shop.body(order).await["line_items"][0].clone();
    let sku = line["sku"].as_str().unwrap().to_owned();
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Backordered).await;

    let told = done(&shop, &support, "GET", &format!("/v1/orders/{id}/allocation"), None).await;
    assert_eq!(told["status"], "backordered");
    // As if a rule had held it.
    let mut held = shop.order(&id).await;
    held.status = Status::Held;
    held.hold = Some(Hold::Exception);
    held.raise(Reason::HeldByRule, Some("look".into()), jiff::Timestamp::now());
    shop.db.save_order(&mut held).await.unwrap();
    done(&shop, &support, "POST", &format!("/v1/orders/{id}/let-go"), Some(json!({}))).await;
    shop.stands(&id, Status::Backordered).await;

    done(&shop, &owner, "PUT", &format!("/v1/skus/{sku}"), Some(json!({"sku": sku, "grams": 900}))).await;
    let warehouses = done(&shop, &support, "GET", "/v1/warehouses", None).await;
    let place = warehouses["warehouses"][0]["id"].as_str().unwrap().to_owned();
    let bin = json!({"id": "A-01", "zone": "a", "walk": 1});
    done(&shop, &owner, "PUT", &format!("/v1/warehouses/{place}/bins/A-01"), Some(bin)).await;
    let expected = json!({"reference": format!("PO-{mark}"), "sku": sku, "quantity": 60, "on": "2027-01-15"});
    done(&shop, &owner, "POST", "/v1/stock/expected", Some(expected)).await;
    let view = done(&shop, &support, "GET", &format!("/v1/stock/{sku}"), None).await;
    assert!(view["waiting"].as_array().unwrap().iter().any(|w| w["order"] == json!(id)), "{view}");

    let receive = json!({"kind": "receive", "sku": sku, "warehouse": place, "quantity": 60, "to": "A-01",
        "reason": "purchase", "reference": format!("PO-{mark}/1")});
    let refused = call(&shop, &support, "POST", "/v1/stock/movements", Some(receive.clone())).await;
    assert_eq!(refused.status, 403);
    let came = done(&shop, &packer, "POST", "/v1/stock/movements", Some(receive.clone())).await;
    assert!(came["woken"].as_u64().unwrap() > 0, "{came}");
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(done(&shop, &packer, "POST", "/v1/stock/movements", Some(receive)).await["repeat"], true);

    let count = json!({"sku": sku, "warehouse": place, "spot": "DOCK", "counted": 2, "reference": format!("C-{mark}")});
    done(&shop, &packer, "POST", "/v1/stock/counts", Some(count)).await;
    let file = format!("sku,name,grams\nFILE-{mark},Invented,100\n");
    let upload = format!("/v1/uploads/U-{mark}?kind=skus&mode=all_or_nothing");
    assert_eq!(done(&shop, &owner, "POST", &upload, Some(json!(file))).await["state"], "done");
    let list = json!({"list": format!("pick-{mark}"), "warehouse": place, "style": "batch"});
    done(&shop, &packer, "POST", "/v1/picks", Some(list)).await;
    done(&shop, &packer, "POST", &format!("/v1/picks/pick-{mark}/drop"), None).await;
    done(&shop, &owner, "DELETE", &format!("/v1/warehouses/{place}/bins/A-01"), None).await;
    let clean = async || {
        verify(&shop, &support).await;
        Some(())
    };
    until("stock to add up", clean).await;
}
