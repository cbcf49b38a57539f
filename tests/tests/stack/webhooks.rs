//! A merchant's own system hears of events: made through the API, carried by the bus and its rule, signed, replayed;
//! and nothing is sent where it must not go.

use crate::support::{Shop, Story, unique, until};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use waybill_domain::order::Status;
use waybill_harness::staff::{OWNER, sign_in};
use waybill_sandbox::invent::Kind;

pub static HEARD: Story = Story::new("webhooks", || Box::pin(heard()));

#[test]
#[ignore = "needs a running stack"]
fn a_merchants_own_system_hears_of_an_order_signed_and_again_when_asked() {
    HEARD.told();
}

/// What the receiver was sent.
async fn received(shop: &Shop, name: &str) -> Vec<Value> {
    let path = format!("captured?endpoint=receiver.{name}");
    let found = shop.stack.control("GET", &path, &Value::Null).await.unwrap();
    found["captured"].as_array().unwrap().clone()
}

/// By the words of the specification, and by nothing of ours.
fn is_signed(request: &Value, secret: &str) -> bool {
    let key = STANDARD.decode(secret.strip_prefix("whsec_").unwrap()).unwrap();
    let of = |name: &str| request["headers"][name].as_str().unwrap();
    let body = request["body"].as_str().unwrap();
    let content = format!("{}.{}.{body}", of("webhook-id"), of("webhook-timestamp"));
    let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
    of("webhook-signature").split(' ').any(|one| {
        let given = STANDARD.decode(one.strip_prefix("v1,").unwrap()).unwrap();
        hmac::verify(&key, content.as_bytes(), &given).is_ok()
    })
}

async fn heard() {
    let shop = Shop::demo().await;
    let token = sign_in(&shop.stack, OWNER).await.unwrap();
    let ask = async |method: &str, path: &str, body: Option<Value>| {
        let method = reqwest::Method::from_bytes(method.as_bytes()).unwrap();
        let url = format!("{}{path}", shop.stack.api_url);
        let request = reqwest::Client::new().request(method, url).bearer_auth(&token);
        let reply = body.into_iter().fold(request, |request, body| request.json(&body)).send().await.unwrap();
        (reply.status().as_u16(), reply.json::<Value>().await.unwrap())
    };
    let inside = json!({"url": "https://169.254.169.254/latest/meta-data", "types": ["order.forgotten"]});
    let (status, refused) = ask("POST", "/v1/subscriptions", Some(inside)).await;
    assert_eq!((status, &refused["pointer"]), (422, &json!("/url")), "{refused}");

    let name = format!("own-{}", unique(12));
    let url = format!("{}/receiver/{name}", shop.stack.sandbox_url);
    let wanted = json!({"url": url, "types": ["order.status_changed"]});
    let (status, made) = ask("POST", "/v1/subscriptions", Some(wanted)).await;
    assert_eq!(status, 201, "{made}");
    let secret = made["secret"].as_str().unwrap().to_owned();
    let at = |what: &str| format!("/v1/subscriptions/{}{what}", made["id"].as_str().unwrap());

    // A test event comes through the queue alone.
    assert_eq!(ask("POST", &at("/test"), None).await.0, 202);
    let tested = until("the test event", async || received(&shop, &name).await.into_iter().next()).await;
    assert!(is_signed(&tested, &secret), "{tested}");
    assert!(tested["body"].as_str().unwrap().contains("subscription.test"));

    // An order's steps come by the stream, the bus and its rule.
    let bought = shop.bought(Kind::Plain).await;
    let order = shop.tell("orders/create", bought).await;
    shop.stands(&order, Status::Dispatched).await;
    let of_order = async || -> Vec<Value> {
        let all = received(&shop, &name).await;
        all.into_iter().filter(|one| one["body"].as_str().unwrap().contains(order.as_str())).collect()
    };
    let steps = async || {
        let all = of_order().await;
        let is = |status: &str| {
            all.iter().any(|one| one["body"].as_str().unwrap().contains(&format!("\"{status}\"")))
        };
        ["received", "allocated", "booked", "dispatched"].iter().all(|one| is(one)).then_some(())
    };
    until("every step of the order at the merchant's own system", steps).await;
    let all = of_order().await;
    assert!(all.iter().all(|one| is_signed(one, &secret)));
    assert!(all.iter().all(|one| !is_signed(one, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")));
    let event: Value = serde_json::from_str(all[0]["body"].as_str().unwrap()).unwrap();
    assert_eq!(
        (&event["id"], &event["merchant"]),
        (&all[0]["headers"]["webhook-id"], &json!(shop.ids.merchant))
    );

    // One that was taken is sent again when asked, under its id, and signed with both secrets after a rotation.
    let (status, rotated) = ask("POST", &at("/rotate"), None).await;
    assert_eq!(status, 200, "{rotated}");
    let newer = rotated["secret"].as_str().unwrap().to_owned();
    let (_, page) = ask("GET", &at("/deliveries?limit=100"), None).await;
    let delivery =
        page["deliveries"].as_array().unwrap().iter().find(|one| one["event"]["id"] == event["id"]);
    let delivery = delivery.unwrap_or_else(|| panic!("{page}"));
    assert_eq!(delivery["state"], "delivered");
    let id = delivery["id"].as_str().unwrap();
    assert_eq!(ask("POST", &at(&format!("/deliveries/{id}/replay")), None).await.0, 202);
    let twice = async || {
        let mut same = of_order().await;
        same.retain(|one| one["headers"]["webhook-id"] == event["id"]);
        (same.len() > 1).then(|| same.pop()).flatten()
    };
    let again = until("the event to come again", twice).await;
    assert!(is_signed(&again, &secret) && is_signed(&again, &newer));

    // A redirect leads nowhere, and a receiver that is gone is asked no more.
    let answers = async |status: u16| {
        shop.stack.control("PUT", &format!("receiver/{name}"), &json!({"status": status})).await.unwrap();
    };
    answers(302).await;
    let (status, test) = ask("POST", &at("/test"), None).await;
    assert_eq!(status, 202, "{test}");
    let last = async || -> Value {
        let (_, page) = ask("GET", &at("/deliveries"), None).await;
        page["deliveries"].as_array().unwrap().iter().find(|one| one["id"] == test["id"]).unwrap().clone()
    };
    let tried = async || last().await["attempts"].get(0).cloned();
    let first = until("the attempt", tried).await;
    assert_eq!((&first["heard"], &first["status"]), (&json!("refused"), &json!(302)));
    assert!(received(&shop, "elsewhere").await.is_empty(), "a redirect was followed");
    answers(410).await;
    let off = async || (ask("GET", &at(""), None).await.1["state"] == "off").then_some(());
    until("the address to be switched off", off).await;
    assert_eq!(shop.db.subscriptions_off().await.unwrap().len(), 1);
    answers(204).await;
    assert_eq!(ask("POST", &at("/resume"), None).await.1["state"], "active");
    assert_eq!(shop.db.subscriptions_off().await.unwrap(), []);
    let since = json!({"since": made["made_at"]});
    let (status, replayed) = ask("POST", &at("/replay"), Some(since)).await;
    assert!(status == 202 && replayed["replayed"].as_u64() >= Some(1), "{replayed}");
    let arrived = async || (last().await["state"] == "delivered").then_some(());
    until("what failed to arrive after all", arrived).await;
    assert_eq!(ask("DELETE", &at(""), None).await.0, 200);
    assert_eq!(ask("GET", &at(""), None).await.0, 404);
}
