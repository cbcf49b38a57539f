//! Registers, staff, incidents and how it all stands.

use crate::stage::{MERCHANT, Stage, code, order_id};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_domain::MerchantId;
use waybill_domain::openings::Compared;
use waybill_domain::order::Channel;
use waybill_domain::time::{after, days};
use waybill_store::audit::{Action, Event, Stream};

const OWNER: &str = "mine-Owner";

async fn enter(stage: &Stage, register: &str, body: Value) -> (u16, Value) {
    stage.ask("mine-Manager", &format!("/v1/registers/{register}"), &body).await
}

#[tokio::test]
async fn what_is_entered_is_there_and_what_is_not_is_due() {
    let stage = Stage::set().await;
    let due = async || stage.get(Some(OWNER), "/v1/registers").await.1["due"].as_array().unwrap().len();
    let before = due().await;
    let (status, entry) = enter(&stage, "scan", json!({"name": "weekly", "done_at": stage.now()})).await;
    assert_eq!((status, entry["owner"].as_str()), (200, Some("mine-Manager")));
    assert_eq!(due().await, before - 1);
    assert_eq!(stage.get(Some(OWNER), "/v1/registers").await.1["against_release"], json!([]));
    stage.advance(days(30).as_secs());
    assert_eq!(stage.get(Some(OWNER), "/v1/registers").await.1["against_release"][0]["register"], "scan");
    let bad = json!({"name": "Zoë Ångström", "done_at": stage.now()});
    assert_eq!(code(&enter(&stage, "scan", bad).await), (400, "bad_entry"));
    let future = json!({"name": "x", "done_at": after(stage.now(), days(1))});
    assert_eq!(code(&enter(&stage, "scan", future).await), (400, "bad_entry"));
    assert_eq!(
        code(&enter(&stage, "marketing", json!({"name": "x", "done_at": stage.now()})).await),
        (404, "not_found")
    );
    assert_eq!(stage.get(Some("other-Owner"), "/v1/registers").await.1["entries"], json!([]));
}

#[tokio::test]
async fn the_policy_that_is_served_is_the_one_that_was_approved() {
    let stage = Stage::set().await;
    let hash = "ab".repeat(32);
    let policy = json!({"name": "data-handling", "done_at": stage.now(), "version": hash});
    assert_eq!(enter(&stage, "policy", policy).await.0, 200);
    let without = json!({"name": "data-handling", "done_at": stage.now()});
    assert_eq!(code(&enter(&stage, "policy", without).await), (400, "bad_entry"));
    let served = stage.get(Some("mine-Packer"), "/v1/policies").await.1;
    assert_eq!(
        (served[0]["name"].as_str(), served[0]["version"].as_str()),
        (Some("data-handling"), Some(hash.as_str()))
    );
    assert_eq!(served.as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_rule_that_changed_reopens_its_controls() {
    let stage = Stage::set().await;
    let read = |digit: &str| json!({"name": "amazon-dpp", "done_at": stage.now(), "version": digit.repeat(64), "controls": ["C4", "H5"]});
    assert_eq!(enter(&stage, "source", read("0")).await.0, 200);
    let reopened = async || {
        let due = stage.get(Some(OWNER), "/v1/registers").await.1["due"].clone();
        due.as_array().unwrap().iter().any(|due| due["controls"] == json!(["C4", "H5"]))
    };
    assert!(!reopened().await);
    assert_eq!(enter(&stage, "source", read("1")).await.0, 200);
    assert!(reopened().await);
    assert_eq!(enter(&stage, "source", read("1")).await.0, 200);
    assert!(!reopened().await, "looked at again");
}

#[tokio::test]
async fn a_leaver_is_cut_off_with_the_next_request_and_a_grant_nobody_confirms_ends_by_itself() {
    let stage = Stage::set().await;
    assert_eq!(stage.get(Some("mine-Packer"), "/v1/orders?status=received").await.0, 200);
    assert_eq!(stage.ask(OWNER, "/v1/staff/mine-Packer/end", &json!({})).await.1["active"], false);
    assert_eq!(code(&stage.get(Some("mine-Packer"), "/v1/orders?status=received").await), (403, "no_access"));
    assert_eq!(code(&stage.ask(OWNER, "/v1/staff/other-Packer/end", &json!({})).await), (404, "not_found"));
    assert_eq!(
        code(&stage.ask(OWNER, "/v1/staff/mine-Owner/review", &json!({})).await),
        (409, "same_person")
    );
    stage.advance(days(89).as_secs());
    assert_eq!(stage.ask(OWNER, "/v1/staff/mine-Support/review", &json!({})).await.0, 200);
    stage.advance(days(1).as_secs());
    assert_eq!(stage.mine("/v1/orders?status=received").await.0, 200, "confirmed yesterday");
    for sub in [OWNER, "mine-Manager", "mine-Auditor"] {
        assert_eq!(
            code(&stage.get(Some(sub), "/v1/orders?status=received").await),
            (403, "not_confirmed"),
            "{sub}"
        );
    }
    assert_eq!(
        code(&stage.ask(OWNER, "/v1/staff/mine-Manager/review", &json!({})).await),
        (403, "not_confirmed")
    );
}

#[tokio::test]
async fn an_incident_starts_its_clocks_names_who_is_affected_drafts_the_notices_and_keeps_the_decisions() {
    let stage = Stage::set().await;
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let event = |n: u8, actor: &str| Event {
        at: stage.now(),
        action: Action::Reveal,
        actor: actor.into(),
        order: order_id(n).parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into()],
    };
    let events = [event(1, "eve"), event(2, "eve"), event(3, "bob")];
    stage.db.append(&merchant, Stream::Access, &events).await.unwrap();
    let gone = Event { action: Action::Erase, ..event(2, "retention") };
    stage.db.append(&merchant, Stream::Erasure, &[gone]).await.unwrap();
    let hour = |n: i64| after(stage.now(), jiff::SignedDuration::from_hours(n));
    let body = json!({"suspicion": {"from": hour(-1), "until": hour(1), "actor": "eve"}});
    let backwards = json!({"suspicion": {"from": hour(1), "until": hour(-1)}});
    assert_eq!(code(&stage.ask(OWNER, "/v1/incidents", &backwards).await), (400, "bad_body"));
    let (status, view) = stage.ask(OWNER, "/v1/incidents", &body).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!((view["affected_orders"].as_u64(), view["still_reachable"].as_u64()), (Some(2), Some(1)));
    let clocks: Vec<_> = view["clocks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| (c["notice"].as_str().unwrap(), c["due_at"].as_str().unwrap()))
        .collect();
    let (day, three) = (hour(24).to_string(), hour(72).to_string());
    assert_eq!(
        clocks,
        [("platform", day.as_str()), ("controllers", day.as_str()), ("regulator", three.as_str())]
    );
    assert!(view["drafts"]["regulator"].as_str().unwrap().contains("2 orders of 1 merchants"));
    let address = format!("/v1/incidents/{}", view["incident"]["id"].as_str().unwrap());
    let decide = |body: Value| {
        let address = format!("{address}/decisions");
        let stage = &stage;
        async move { stage.ask("mine-Manager", &address, &body).await }
    };
    assert_eq!(decide(json!({"notice": "platform"})).await.1["clocks"].as_array().unwrap().len(), 2);
    let not = decide(json!({"notice": "regulator", "not_told": "no_risk"})).await.1;
    assert_eq!(not["incident"]["decisions"][1]["not_told"], "no_risk", "what is not told is on record too");
    stage.advance(days(1).as_secs());
    let listed = stage.get(Some("mine-Auditor"), "/v1/incidents").await.1;
    assert_eq!(
        (listed[0]["clocks"][0]["notice"].as_str(), listed[0]["clocks"][0]["overdue"].as_bool()),
        (Some("controllers"), Some(true))
    );
    assert_eq!(stage.get(Some(OWNER), "/v1/compliance").await.1["ok"], false);
    assert_eq!(code(&stage.get(Some("other-Owner"), &address).await), (404, "not_found"));
    assert_eq!(stage.get(Some("other-Owner"), "/v1/incidents").await.1, json!([]));
    let noticed = |at: jiff::Timestamp| json!({"suspicion": body["suspicion"], "detected_at": at});
    assert_eq!(code(&stage.ask(OWNER, "/v1/incidents", &noticed(hour(1))).await), (400, "bad_body"));
    let early = stage.ask(OWNER, "/v1/incidents", &noticed(hour(-20))).await.1;
    assert_eq!(early["clocks"][0]["due_at"], json!(hour(4)), "the clock runs from when it was noticed");
}

#[tokio::test]
async fn an_incident_counts_by_channel_in_parts_and_its_risk_can_be_raised_later() {
    let stage = Stage::set().await;
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let event = |order: String| Event {
        at: stage.now(),
        action: Action::Reveal,
        actor: "eve".into(),
        order: order.parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into()],
    };
    let mut second = stage.order(2).await;
    second.channel = Channel::Amazon;
    stage.db.save_order(&mut second).await.unwrap();
    let known = [event(order_id(1)), event(order_id(2)), event(order_id(3))];
    stage.db.append(&merchant, Stream::Access, &known).await.unwrap();
    let hour = |n: i64| after(stage.now(), jiff::SignedDuration::from_hours(n));
    let suspicion = json!({"from": hour(-1), "until": hour(1)});
    let open = async |more: Value| {
        let mut suspicion = suspicion.clone();
        suspicion.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let (status, view) = stage.ask(OWNER, "/v1/incidents", &json!({"suspicion": suspicion})).await;
        assert_eq!(status, 200, "{view}");
        view
    };
    let view = open(json!({})).await;
    assert_eq!(view["by_channel"], json!({"shopify": 2, "amazon": 1}));
    let told = |channel: &str| view["to_platforms"][channel].as_str().unwrap().to_owned();
    assert!(told("amazon").contains("1 orders of 1 merchants") && told("shopify").contains("2 orders of"));
    let amazon = open(json!({"channels": ["amazon"]})).await;
    assert_eq!((amazon["affected_orders"].as_u64(), &amazon["by_channel"]), (Some(1), &json!({"amazon": 1})));
    let elsewhere = open(json!({"connections": ["con_00000000000000ff"]})).await;
    assert_eq!(elsewhere["affected_orders"], 0);

    let address = format!("/v1/incidents/{}", view["incident"]["id"].as_str().unwrap());
    let not = json!({"notice": "people", "not_told": "no_high_risk"});
    assert_eq!(stage.ask(OWNER, &format!("{address}/decisions"), &not).await.0, 200);
    stage.advance(days(1).as_secs());
    let raised = stage.ask("mine-Manager", &format!("{address}/risk"), &json!({})).await;
    assert_eq!(raised.0, 200, "{}", raised.1);
    let people = |view: &Value| {
        let clocks = view["clocks"].as_array().unwrap().clone();
        clocks.into_iter().find(|clock| clock["notice"] == "people").map(|clock| clock["due_at"].clone())
    };
    let due = json!(after(stage.now(), jiff::SignedDuration::from_hours(72)));
    assert_eq!(people(&raised.1), Some(due.clone()), "its clock starts now, whatever was decided before");
    stage.advance(days(1).as_secs());
    let again = stage.ask(OWNER, &format!("{address}/risk"), &json!({})).await.1;
    assert_eq!(people(&again), Some(due), "and does not start again");
    assert_eq!(
        again["incident"]["decisions"].as_array().unwrap().len(),
        1,
        "what was decided stays on record"
    );
    assert_eq!(code(&stage.ask("other-Owner", &format!("{address}/risk"), &json!({})).await).0, 404);

    // More than one answer has room for.
    let many: Vec<Event> = (1_000..2_500).map(|n| event(format!("ord_{n:032x}"))).collect();
    for chunk in many.chunks(90) {
        stage.db.append(&merchant, Stream::Access, chunk).await.unwrap();
    }
    let wide = json!({"suspicion": {"from": hour(-72), "until": hour(72)}});
    let mut view = stage.ask(OWNER, "/v1/incidents", &wide).await.1;
    let address = format!("/v1/incidents/{}", view["incident"]["id"].as_str().unwrap());
    let mut named = BTreeSet::new();
    for expected in [1_000, 503] {
        assert_eq!(view["affected_orders"], 1_503);
        let part = view["affected"]["merchants"][MERCHANT].as_object().unwrap();
        assert_eq!(part.len(), expected);
        named.extend(part.keys().cloned());
        if let Some(next) = view["next"].as_str() {
            view = stage.get(Some(OWNER), &format!("{address}?after={next}")).await.1;
        } else {
            assert_eq!(named.len(), 1_503, "each once");
        }
    }
    assert_eq!(view.get("next"), None);
    let bad = stage.get(Some(OWNER), &format!("{address}?after=x%20y")).await;
    assert_eq!(code(&bad), (400, "bad_cursor"));
}

/// As many as WAYBILL_ACCESSES says; a tenth of them is what somebody is suspected of.
#[tokio::test]
async fn who_is_affected_is_known_to_the_last_within_a_minute_however_much_was_looked_at() {
    let accesses = std::env::var("WAYBILL_ACCESSES").ok().and_then(|n| n.parse().ok()).unwrap_or(2_000);
    let stage = Stage::set().await;
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let event = |n: usize| Event {
        at: stage.now(),
        action: Action::Reveal,
        actor: if n.is_multiple_of(10) { "eve" } else { "bob" }.into(),
        order: format!("ord_{n:032x}").parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into()],
    };
    let all: Vec<Event> = (0..accesses).map(event).collect();
    stage.db.append(&merchant, Stream::Access, &all).await.unwrap();
    let hour = |n: i64| after(stage.now(), jiff::SignedDuration::from_hours(n));
    let body = json!({"suspicion": {"from": hour(-1), "until": hour(1), "actor": "eve"}, "high_risk": true});
    let began = std::time::Instant::now();
    let (status, mut view) = stage.ask(OWNER, "/v1/incidents", &body).await;
    assert_eq!(status, 200, "{view}");
    let drafts = view["drafts"].as_object().unwrap().clone();
    let address = format!("/v1/incidents/{}", view["incident"]["id"].as_str().unwrap());
    let mut named = BTreeSet::new();
    loop {
        named.extend(view["affected"]["merchants"][MERCHANT].as_object().unwrap().keys().cloned());
        let Some(next) = view["next"].as_str().map(str::to_owned) else { break };
        view = stage.get(Some(OWNER), &format!("{address}?after={next}")).await.1;
    }
    let took = began.elapsed();
    println!(
        "{accesses} accesses, {} orders named and {} notices drafted in {:.2} s",
        named.len(),
        drafts.len(),
        took.as_secs_f64()
    );
    assert_eq!(named.len(), all.iter().filter(|event| event.actor == "eve").count());
    assert!(
        drafts.len() >= 4 && drafts.values().all(|text| text.as_str().is_some_and(|text| text.len() > 100))
    );
    assert!(took.as_secs() < 60, "{took:?}");
}

#[tokio::test]
async fn how_it_stands_is_told_from_what_is_there() {
    let stage = Stage::set().await;
    let view = stage.get(Some("mine-Auditor"), "/v1/compliance").await.1;
    assert_eq!(view["ok"], false, "nothing was ever entered");
    assert_eq!(view["chains"].as_array().unwrap().len(), 3);
    for register in [
        "incident_plan",
        "risk_review",
        "asset_review",
        "access_review",
        "log_review",
        "scan",
        "penetration_test",
        "restore_drill",
        "breach_drill",
    ] {
        assert_eq!(enter(&stage, register, json!({"name": "it", "done_at": stage.now()})).await.0, 200);
    }
    assert_eq!(
        enter(&stage, "policy", json!({"name": "p", "done_at": stage.now(), "version": "0".repeat(64)}))
            .await
            .0,
        200
    );
    let view = stage.get(Some("mine-Auditor"), "/v1/compliance").await.1;
    assert_eq!((view["ok"].as_bool(), &view["due"]), (Some(true), &json!([])));
    // The daily comparison with CloudTrail: well, and then an opening that is on no record.
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let mut day = Compared {
        from: after(stage.now(), days(-1)),
        until: stage.now(),
        recorded: 3,
        opened: 3,
        unrecorded: Vec::new(),
        unopened: Vec::new(),
    };
    stage.db.save_openings_compared(&merchant, &day).await.unwrap();
    let view = stage.get(Some("mine-Auditor"), "/v1/compliance").await.1;
    assert_eq!((view["ok"].as_bool(), &view["openings"]["recorded"]), (Some(true), &json!(3)));
    day.unrecorded = vec!["ord_0123456789abcdef0123456789abcdef".parse().unwrap()];
    stage.db.save_openings_compared(&merchant, &day).await.unwrap();
    let view = stage.get(Some("mine-Auditor"), "/v1/compliance").await.1;
    assert_eq!(
        (view["ok"].as_bool(), &view["openings"]["unrecorded"]),
        (Some(false), &json!(day.unrecorded))
    );
    stage.advance(days(14).as_secs());
    assert_eq!(stage.get(Some("mine-Auditor"), "/v1/compliance").await.1["due"][0]["register"], "log_review");
}
