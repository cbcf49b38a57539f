//! Addresses that hear of events: made, shown without their secret, rotated, paused, taken away; and only where events
//! may go.

use crate::stage::{MERCHANT, Stage, code};
use serde_json::{Value, json};
use waybill_domain::SubscriptionId;
use waybill_domain::event::{Event, What};
use waybill_domain::subscription::{Off, Progress, Reason, State};
use waybill_privacy::signing::SigningSecret;
use waybill_store::subscriptions::Delivery;
use waybill_store::{Queue, Work};

const ALL: &str = "/v1/subscriptions";
const OWNER: &str = "mine-Owner";

fn wanted() -> Value {
    json!({"url": "https://events.example.invalid/in?from=waybill", "types": ["order.status_changed"]})
}

async fn made(stage: &Stage) -> (String, Value) {
    let (status, made) = stage.ask(OWNER, ALL, &wanted()).await;
    assert_eq!(status, 201, "{made}");
    (format!("{ALL}/{}", made["id"].as_str().unwrap()), made)
}

fn id(made: &Value) -> SubscriptionId {
    made["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_secret_is_shown_once_and_is_kept_nowhere_in_the_clear() {
    let stage = Stage::set().await;
    let sent = [("idempotency-key", "one")];
    let ask = async || stage.send(Some(OWNER), "POST", ALL, Some(wanted()), &sent).await;
    let (status, headers, body) = ask().await;
    assert_eq!((status, headers["cache-control"].to_str().unwrap()), (201, "no-store, private"));
    let first: Value = serde_json::from_slice(&body).unwrap();
    let secret = first["secret"].as_str().unwrap();
    assert!(SigningSecret::parse(secret).is_ok());
    // Asked again under the same key, it is the same address with the same secret, and no second one.
    assert_eq!(serde_json::from_slice::<Value>(&ask().await.2).unwrap(), first);
    let (_, all) = stage.get(Some(OWNER), ALL).await;
    assert_eq!(all["subscriptions"].as_array().unwrap().len(), 1);
    assert!(!all.to_string().contains(secret));
    let one = stage.get(Some(OWNER), &format!("{ALL}/{}", first["id"].as_str().unwrap())).await;
    assert!(one.0 == 200 && !one.1.to_string().contains("whsec_"));
    let kept = stage.db.subscription(&MERCHANT.parse().unwrap(), &id(&first)).await.unwrap().unwrap();
    assert!(!String::from_utf8_lossy(&kept.secrets).contains("whsec_"));
}

#[tokio::test]
async fn events_go_to_public_https_alone() {
    let stage = Stage::set().await;
    for bad in [
        "http://events.example.invalid/",
        "https://127.0.0.1/",
        "https://169.254.169.254/latest",
        "https://0x7f.1/",
        "https://localhost/",
        "https://db.internal/",
        "https://name:word@events.example.invalid/",
        "not an address",
    ] {
        let answer = stage.ask(OWNER, ALL, &json!({"url": bad, "types": ["order.forgotten"]})).await;
        assert_eq!((code(&answer), &answer.1["pointer"]), ((422, "invalid_field"), &json!("/url")), "{bad}");
    }
    let none = stage.ask(OWNER, ALL, &json!({"url": "https://events.example.invalid", "types": []})).await;
    assert_eq!(none.1["pointer"], "/types");
    let unknown = json!({"url": "https://events.example.invalid", "types": ["subscription.test"]});
    assert_eq!(code(&stage.ask(OWNER, ALL, &unknown).await), (400, "bad_body"));
}

#[tokio::test]
async fn a_merchant_has_ten_addresses_at_most() {
    let stage = Stage::set().await;
    for _ in 0..10 {
        made(&stage).await;
    }
    assert_eq!(code(&stage.ask(OWNER, ALL, &wanted()).await), (409, "subscriptions_full"));
    let (_, all) = stage.get(Some(OWNER), ALL).await;
    let one = all["subscriptions"][0]["id"].as_str().unwrap();
    assert_eq!(stage.call(Some(OWNER), "DELETE", &format!("{ALL}/{one}"), None).await.0, 200);
    assert_eq!(stage.get(Some(OWNER), &format!("{ALL}/{one}")).await.0, 404);
    made(&stage).await;
}

#[tokio::test]
async fn a_rotation_whose_answer_was_lost_is_not_made_twice() {
    let stage = Stage::set().await;
    let (at, first) = made(&stage).await;
    let rotate = async |key: &str| {
        let sent = [("idempotency-key", key)];
        let (status, _, body) = stage.send(Some(OWNER), "POST", &format!("{at}/rotate"), None, &sent).await;
        assert_eq!(status, 200);
        serde_json::from_slice::<Value>(&body).unwrap()
    };
    let second = rotate("one").await;
    assert_ne!(second["secret"], first["secret"]);
    assert!(second["previous_secret_until"].is_string());
    assert_eq!(rotate("one").await, second);
    assert_ne!(rotate("two").await["secret"], second["secret"]);
    stage.advance(24 * 3600);
    stage.confirm().await;
    assert!(stage.get(Some(OWNER), &at).await.1.get("previous_secret_until").is_none());
}

#[tokio::test]
async fn what_is_paused_or_off_is_sent_nothing_until_it_is_resumed() {
    let stage = Stage::set().await;
    let (at, first) = made(&stage).await;
    let act = async |what: &str| stage.ask(OWNER, &format!("{at}/{what}"), &json!({})).await;
    assert_eq!(act("pause").await.1["state"], "paused");
    assert_eq!(code(&act("test").await), (409, "not_active"));
    assert_eq!(act("resume").await.1["state"], "active");
    let merchant = MERCHANT.parse().unwrap();
    let mut off = stage.db.subscription(&merchant, &id(&first)).await.unwrap().unwrap();
    (off.state, off.off) = (State::Off, Some(Off { reason: Reason::Failing, at: stage.now() }));
    stage.db.list_off(&off).await.unwrap();
    stage.db.save_subscription(&mut off).await.unwrap();
    // Pausing it would hide that we stopped, and why.
    let (_, shown) = act("pause").await;
    assert_eq!((&shown["state"], &shown["off"]["reason"]), (&json!("off"), &json!("failing")));
    assert!(shown["advice"].is_string());
    assert_eq!(act("resume").await.1["state"], "active");
    assert_eq!(stage.db.subscriptions_off().await.unwrap(), []);
    stage.queues.take();
    let (status, tested) = act("test").await;
    assert_eq!((status, &tested["state"]), (202, &json!("waiting")));
    let sent = stage.queues.take();
    assert_eq!(sent.len(), 1);
    assert!(sent[0].queue == Queue::Deliver && matches!(&sent[0].work, Work::Deliver { .. }));
}

#[tokio::test]
async fn what_did_not_arrive_is_sent_again_and_what_did_is_not() {
    let stage = Stage::set().await;
    let (at, made) = made(&stage).await;
    let id = id(&made);
    let mut ids = Vec::new();
    for (n, progress) in
        [Progress::Failed, Progress::Delivered, Progress::Missed, Progress::Failed].into_iter().enumerate()
    {
        let event = Event {
            id: format!("evt_{n}"),
            merchant: MERCHANT.parse().unwrap(),
            at: stage.now(),
            what: What::Test { subscription: id.clone() },
        };
        let delivery = Delivery::new(&id, &event, progress, stage.now()).unwrap();
        stage.db.add_delivery(&delivery).await.unwrap();
        ids.push(delivery.id.to_string());
        stage.advance(60);
    }
    // Pages, the newest first.
    let list = async |query: &str| stage.get(Some(OWNER), &format!("{at}/deliveries{query}")).await.1;
    let of = |page: &Value| -> Vec<String> {
        let all = page["deliveries"].as_array().unwrap();
        all.iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
    };
    let page = list("?limit=3").await;
    assert_eq!(of(&page), [&*ids[3], &ids[2], &ids[1]]);
    let rest = list(&format!("?limit=3&cursor={}", page["next"].as_str().unwrap())).await;
    assert_eq!((of(&rest), rest.get("next")), (vec![ids[0].clone()], None));
    let (_, delivered) = stage.get(Some(OWNER), &format!("{at}/deliveries")).await;
    let since = delivered["deliveries"][2]["event"]["at"].clone();
    stage.queues.take();
    let replay =
        async || stage.ask("mine-Integrator", &format!("{at}/replay"), &json!({"since": since})).await;
    assert_eq!(replay().await, (202, json!({"replayed": 2})));
    assert_eq!(stage.queues.take().len(), 2);
    assert_eq!(replay().await.1, json!({"replayed": 0}));
    let one = stage.ask(OWNER, &format!("{at}/deliveries/{}/replay", ids[1]), &json!({})).await;
    assert_eq!((one.0, &one.1["state"]), (202, &json!("waiting")));
}
