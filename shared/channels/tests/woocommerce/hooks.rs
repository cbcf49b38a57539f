//! Webhook health (contract section 2).

use crate::contracts::file;
use crate::fixture::{answer, body, line, ok, refusal, shop, stamp};
use serde_json::{Value, json};
use waybill_channels::care::{Looked, Next, To};
use waybill_channels::error::CannotBuild;
use waybill_channels::woocommerce::hooks::{
    Care, Registered, Status, Step, TOPICS, build_rotate, build_step, plan, read_list,
};
use waybill_privacy::secret::Secret;

const URL: &str = "https://hooks.example/webhooks/woocommerce/con_1";

fn secret() -> Secret {
    Secret::new("whsec0123456789abcdef".to_owned())
}

fn hook(id: u32, topic: &str, status: &str, url: &str) -> Value {
    json!({"id": id, "topic": topic, "status": status, "delivery_url": url})
}

fn registered(rows: &[Value]) -> Vec<Registered> {
    read_list(&ok(&Value::from(rows)), 1).unwrap().0
}

#[test]
fn the_plan_makes_what_is_missing_and_wakes_what_sleeps() {
    assert_eq!(plan(&[], URL), TOPICS.map(Step::Create));
    let rows = [
        hook(1, "order.created", "active", URL),
        hook(2, "order.updated", "disabled", URL),
        hook(3, "order.deleted", "paused", URL),
        hook(4, "order.restored", "active", "https://other.example/hook"),
        hook(5, "product.updated", "disabled", URL),
    ];
    assert_eq!(plan(&registered(&rows), URL), [Step::Enable("2".to_owned()), Step::Create("order.restored")]);
    let twin = [hook(1, "order.created", "disabled", URL), hook(2, "order.created", "active", URL)];
    assert_eq!(plan(&registered(&twin), URL).len(), 3, "one that works is enough");
}

#[test]
fn a_webhook_is_made_as_the_contract_shows() {
    let request = build_step(&shop(), &Step::Create("order.updated"), URL, &secret()).unwrap();
    assert_eq!(line(&request), "POST /wc/v3/webhooks");
    let made = body(&request);
    assert_eq!(made["secret"], secret().expose());
    if let Some(official) = file("samples/requests.json") {
        let all = official["requests"].as_array().unwrap();
        let wanted = all.iter().find(|r| r["name"] == "create webhook").unwrap();
        let names = |v: &Value| v.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&made), names(&wanted["body"]));
        assert_eq!((&made["topic"], &made["status"]), (&wanted["body"]["topic"], &wanted["body"]["status"]));
    }
    for bad in ["short", "a&b0123456789abcdef", "white space 0123456789"] {
        let secret = Secret::new(bad.to_owned());
        let error = build_step(&shop(), &Step::Create("order.updated"), URL, &secret).err();
        assert_eq!(error, Some(CannotBuild::Credential), "{bad}");
    }
    let rotate = build_rotate(&shop(), "142", &secret()).unwrap();
    assert_eq!(
        (line(&rotate), body(&rotate)),
        ("PUT /wc/v3/webhooks/142".to_owned(), json!({"secret": secret().expose()}))
    );
    assert!(build_rotate(&shop(), "1/2", &secret()).is_err());
}

#[test]
fn care_reads_every_page_and_does_each_step_once() {
    let mut care = Care::new(&shop(), To::Address(URL.to_owned()), &secret());
    let sent = |next: Next| match next {
        Next::Send(request) => line(&request),
        Next::Over(_) => panic!("over"),
    };
    assert!(sent(care.next(None, &stamp()).unwrap()).contains("per_page=100&page=1"));
    let first = json!([hook(1, "order.created", "active", URL), hook(2, "order.deleted", "paused", URL)]);
    let paged = answer(200, &[("x-wp-totalpages", "2")], first.to_string());
    assert!(sent(care.next(Some(&paged), &stamp()).unwrap()).contains("page=2"));
    let second = json!([hook(3, "order.updated", "disabled", URL)]);
    let last = answer(200, &[("x-wp-totalpages", "2")], second.to_string());
    assert_eq!(sent(care.next(Some(&last), &stamp()).unwrap()), "PUT /wc/v3/webhooks/3");
    assert_eq!(sent(care.next(Some(&ok(&json!({"id": 3}))), &stamp()).unwrap()), "POST /wc/v3/webhooks");
    let over = care.next(Some(&answer(201, &[], "{}")), &stamp()).unwrap();
    let looked = Looked { made: 1, enabled: 1, paused: 1, missing: false };
    assert!(matches!(over, Next::Over(seen) if seen == looked), "{over:?}");
    assert_eq!(care.done(), [Step::Enable("3".to_owned()), Step::Create("order.restored")]);
    assert_eq!(care.paused().map(|r| r.id.as_str()).collect::<Vec<_>>(), ["2"]);
}

#[test]
fn care_finds_out_where_deliveries_go_and_makes_none_where_there_are_none() {
    let path = URL.split_once("://").and_then(|(_, rest)| rest.find('/').map(|at| &rest[at..])).unwrap();
    let begun = |hooks: &serde_json::Value| {
        let mut care = Care::new(&shop(), To::EndsWith(path.to_owned()), &secret());
        care.next(None, &stamp()).unwrap();
        let next = care.next(Some(&ok(hooks)), &stamp()).unwrap();
        match next {
            Next::Send(request) => (line(&request), body(&request)["delivery_url"].clone()),
            Next::Over(_) => ("over".to_owned(), json!(null)),
        }
    };
    let other = "https://elsewhere.invalid/webhooks";
    assert_eq!(begun(&json!([hook(1, "order.created", "disabled", other)])).0, "over");
    let ours = json!([hook(1, "order.updated", "active", other), hook(2, "order.created", "active", URL)]);
    assert_eq!(begun(&ours), ("POST /wc/v3/webhooks".to_owned(), json!(URL)));
    let off = json!([hook(2, "order.created", "disabled", URL)]);
    assert_eq!(begun(&off).0, "PUT /wc/v3/webhooks/2");
}

#[test]
fn keys_without_the_right_are_refused() {
    let mut care = Care::new(&shop(), To::Address(URL.to_owned()), &secret());
    care.next(None, &stamp()).unwrap();
    assert!(care.next(Some(&refusal(401, "woocommerce_rest_cannot_view")), &stamp()).is_err());
    assert_eq!(registered(&[hook(1, "order.created", "sleeping", URL)])[0].status, Status::Unknown);
}
