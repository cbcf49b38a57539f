//! What the law asks, on a whole stack: a buyer's request by mail address, a hold that takes two, registers, an
//! incident, a restored backup, and the figures that stay.

use crate::support::{Reply, Shop, Story, deliver_everything, until};
use serde_json::{Value, json};
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::time::{after, days, sortable};
use waybill_harness::staff::{AUDITOR, MANAGER, OWNER, PACKER, SUPPORT, sign_in};
use waybill_sandbox::invent::Kind;

pub static ASKED: Story = Story::new("privacy", || Box::pin(asked()));

#[test]
#[ignore = "needs a running stack"]
fn a_buyer_is_told_and_forgotten_a_hold_takes_two_and_an_incident_names_who_is_affected() {
    ASKED.told();
}

async fn call(shop: &Shop, who: &str, path: &str, body: Option<&Value>) -> Value {
    let token = sign_in(&shop.stack, who).await.unwrap();
    let url = format!("{}{path}", shop.stack.api_url);
    let client = reqwest::Client::new();
    let request = match body {
        Some(body) => client.post(url).header("content-type", "application/json").body(body.to_string()),
        None => client.get(url),
    };
    let reply = request.bearer_auth(token).send().await.unwrap();
    let status = reply.status().as_u16();
    let reply = Reply { status, body: String::from_utf8_lossy(&reply.bytes().await.unwrap()).into_owned() };
    assert_eq!(reply.status, 200, "{path} as {who}: {}", reply.body);
    serde_json::from_str(&reply.body).unwrap_or(Value::Null)
}

async fn asked() {
    let shop = Shop::demo().await;
    let (buyer, held) = (shop.bought(Kind::Plain).await, shop.bought(Kind::Plain).await);
    let (buyer_id, held_id) =
        (shop.tell("orders/create", buyer).await, shop.tell("orders/create", held).await);
    for id in [&buyer_id, &held_id] {
        shop.stands(id, Status::Dispatched).await;
    }
    hold(&shop, held_id.as_str()).await;
    by_mail(&shop, buyer).await;
    let gone = async || (shop.order(&buyer_id).await.personal == PersonalData::Erased).then_some(());
    until("the buyer to be forgotten", gone).await;
    registers_and_incident(&shop, held_id.as_str()).await;
    // Far in the future nothing is held any more, and what was sold is published.
    let at = after(deliver_everything(&shop).await, days(260));
    let lifted = async || {
        shop.stack.run_at("FunctionRetention", at).await.unwrap();
        (shop.order(&held_id).await.personal == PersonalData::Erased).then_some(())
    };
    until("the hold to end", lifted).await;
    let replay = json!({"source": "aws.scheduler", "time": sortable(at), "replay": "ledger"});
    assert_eq!(shop.stack.invoke("FunctionRetention", &replay).await.unwrap()["forgotten"], 0);
}

async fn hold(shop: &Shop, order: &str) {
    let until_then = after(jiff::Timestamp::now(), days(100));
    let path = format!("/v1/orders/{order}/hold");
    call(shop, OWNER, &path, Some(&json!({"reason": "claim", "until": until_then}))).await;
    let agreed = call(shop, MANAGER, &format!("{path}/agree"), Some(&json!({}))).await;
    assert_eq!(agreed["in_force"], true);
    let id = order.parse().unwrap();
    let in_force = async || shop.db.held_until(&id).await.unwrap();
    until("the hold to be in force", in_force).await;
    assert_eq!(call(shop, AUDITOR, "/v1/holds", None).await.as_array().unwrap().len(), 1);
}

async fn by_mail(shop: &Shop, order: i64) {
    let body = shop.body(order).await;
    let email = body["email"].as_str().unwrap().to_uppercase();
    let ask = "/v1/buyers/requests?purpose=request";
    let export = call(shop, SUPPORT, ask, Some(&json!({"email": email, "kind": "export"}))).await;
    let id = export["request"].as_str().unwrap();
    let told = call(shop, SUPPORT, &format!("/v1/requests/{id}/export?purpose=request"), None).await;
    assert_eq!(told["orders"][0]["recipient"]["name"], body["shipping_address"]["name"]);
    call(shop, SUPPORT, &format!("/v1/requests/{id}/clock"), Some(&json!({"action": "answered"}))).await;
    let erasure = call(shop, SUPPORT, ask, Some(&json!({"email": email, "kind": "erasure"}))).await;
    let path = format!("/v1/requests/{}", erasure["request"].as_str().unwrap());
    let done = async || {
        let view = call(shop, SUPPORT, &path, None).await;
        (view["status"] == "done").then_some(view)
    };
    let view = until("the request to be carried out", done).await;
    assert!(view["certificate"]["orders"].as_u64() >= Some(1), "{view}");
    let carrier = json!({"connection": shop.ids.royal_mail});
    call(shop, SUPPORT, &format!("{path}/told"), Some(&carrier)).await;
    let connection = json!({"kind": "complaint", "orders": [shop.id(order)]});
    call(shop, SUPPORT, "/v1/requests", Some(&connection)).await;
    assert!(call(shop, SUPPORT, "/v1/requests", None).await["requests"].as_array().unwrap().len() >= 3);
}

async fn registers_and_incident(shop: &Shop, order: &str) {
    let scan = json!({"name": "weekly", "done_at": jiff::Timestamp::now()});
    call(shop, MANAGER, "/v1/registers/scan", Some(&scan)).await;
    for path in ["/v1/registers", "/v1/compliance", "/v1/policies", "/v1/incidents"] {
        call(shop, AUDITOR, path, None).await;
    }
    let glass = format!("/v1/orders/{order}/break-glass");
    let asked = call(shop, PACKER, &glass, Some(&json!({"purpose": "legal"}))).await;
    call(shop, OWNER, &format!("{glass}/agree"), Some(&json!({"sub": asked["sub"]}))).await;
    let opened = call(shop, PACKER, &format!("/v1/orders/{order}/recipient?purpose=legal"), None).await;
    assert_eq!(opened["purpose"], "legal");
    call(shop, OWNER, &format!("/v1/staff/{}/review", asked["sub"].as_str().unwrap()), Some(&json!({})))
        .await;
    let now = jiff::Timestamp::now();
    let suspicion =
        json!({"from": after(now, days(-1)), "until": after(now, days(1)), "actor": asked["sub"]});
    let incident = call(shop, OWNER, "/v1/incidents", Some(&json!({"suspicion": suspicion}))).await;
    assert!(incident["affected_orders"].as_u64() >= Some(1), "{incident}");
    let path = format!("/v1/incidents/{}", incident["incident"]["id"].as_str().unwrap());
    call(shop, AUDITOR, &path, None).await;
    let decided = json!({"notice": "regulator", "not_told": "no_risk"});
    call(shop, OWNER, &format!("{path}/decisions"), Some(&decided)).await;
}
