//! The API describes itself to everybody, and asking twice under one key does nothing twice: on a whole stack, with the
//! grants of both functions enforced.

use crate::support::{Shop, Story};
use serde_json::{Value, json};
use waybill_harness::staff::{SUPPORT, sign_in};
use waybill_sandbox::invent::Kind;

pub static CARE: Story = Story::new("care", || Box::pin(care()));

#[test]
#[ignore = "needs a running stack"]
fn the_api_describes_itself_and_asking_twice_under_one_key_does_nothing_twice() {
    CARE.told();
}

async fn care() {
    let shop = Shop::demo().await;
    described(&shop).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    let body = shop.body(order).await;
    let by_order = json!({"kind": "complaint", "orders": [id]});
    twice(&shop, "/v1/requests", &by_order, &json!({"kind": "export", "orders": [id]})).await;
    let by_mail = |kind: &str| json!({"email": body["email"], "kind": kind});
    twice(&shop, "/v1/buyers/requests?purpose=request", &by_mail("export"), &by_mail("complaint")).await;
}

/// Without a sign-in.
async fn described(shop: &Shop) {
    let get = async |path: &str| {
        let reply = reqwest::get(format!("{}{path}", shop.stack.api_url)).await.unwrap();
        assert_eq!(reply.status().as_u16(), 200, "{path}");
        reply.text().await.unwrap()
    };
    let document: Value = serde_json::from_str(&get("/v1/openapi.json").await).unwrap();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/v1/orders/{order}/recipient"].is_object());
    assert!(get("/v1/reference").await.contains("<code>/v1/orders/{order}/recipient</code>"));
}

async fn twice(shop: &Shop, path: &str, body: &Value, other: &Value) {
    let token = sign_in(&shop.stack, SUPPORT).await.unwrap();
    let key = format!("story-{}", jiff::Timestamp::now().as_nanosecond());
    let ask = async |body: &Value| {
        let request = reqwest::Client::new().post(format!("{}{path}", shop.stack.api_url));
        let request = request.header("content-type", "application/json").header("idempotency-key", &key);
        let reply = request.bearer_auth(&token).body(body.to_string()).send().await.unwrap();
        let (status, headers) = (reply.status().as_u16(), reply.headers().clone());
        assert!(headers.contains_key("x-request-id"), "{path}");
        let answer: Value = serde_json::from_str(&reply.text().await.unwrap()).unwrap();
        (status, headers.contains_key("idempotent-replayed"), answer)
    };
    let (status, replayed, first) = ask(body).await;
    assert_eq!((status, replayed), (200, false), "{path}: {first}");
    assert_eq!(ask(body).await, (200, true, first), "{path}");
    let (status, _, told) = ask(other).await;
    assert_eq!((status, told["code"].as_str()), (409, Some("other_request")), "{path}");
}
