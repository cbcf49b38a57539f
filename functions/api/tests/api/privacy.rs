//! Requests, holds and the broken glass: who may, what it takes, and what is sent on.

use crate::stage::{MERCHANT, Stage, code, order_id};
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_domain::access::Role;
use waybill_domain::time::{after, days};
use waybill_domain::{MerchantId, OrderId};
use waybill_store::audit::{Action, Stream, first_break};
use waybill_store::requests::{Recipient, Request};
use waybill_store::{Queue, Work};

const SEND: &str = "mine-Support";

fn by_order(n: u8) -> Value {
    json!({"kind": "erasure", "orders": [order_id(n)]})
}

async fn stored(stage: &Stage, id: &Value) -> Request {
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let id = id.as_str().unwrap().parse().unwrap();
    stage.db.request(&merchant, &id).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_request_is_on_record_with_its_day_and_its_work_names_it_alone() {
    let stage = Stage::set().await;
    let (status, view) = stage.ask(SEND, "/v1/requests", &by_order(1)).await;
    assert_eq!(status, 200, "{view}");
    assert_eq!((view["status"].as_str(), view["overdue"].as_bool()), (Some("open"), Some(false)));
    let due: Timestamp = view["due_at"].as_str().unwrap().parse().unwrap();
    assert!(due > after(stage.now(), days(27)) && due < after(stage.now(), days(32)));
    let sent = stage.queues.take();
    assert_eq!(sent.len(), 1);
    assert!(matches!(&sent[0].work, Work::Request { request, .. } if request.as_str() == view["request"]));
    assert_eq!(sent[0].queue, Queue::Erase);
    let address = format!("/v1/requests/{}", view["request"].as_str().unwrap());
    assert_eq!(stage.mine(&address).await.1, view);
    assert_eq!(stage.mine("/v1/requests").await.1["requests"][0], view);
    let theirs = stage.get(Some("other-Owner"), &address).await;
    assert_eq!(code(&theirs), (404, "not_found"));
    assert_eq!(stage.get(Some("other-Owner"), "/v1/requests").await.1, json!({"requests": []}));
}

#[tokio::test]
async fn only_what_is_ours_and_only_one_thing_at_a_time_can_be_asked() {
    let stage = Stage::set().await;
    for body in [
        by_order(200),
        json!({"kind": "erasure", "orders": [order_id(1), order_id(200)]}),
        json!({"kind": "erasure", "orders": ["ord_00"]}),
    ] {
        assert_eq!(code(&stage.ask("mine-Owner", "/v1/requests", &body).await), (404, "not_found"), "{body}");
    }
    for body in [
        json!({"kind": "erasure"}),
        json!({"kind": "marketing", "orders": [order_id(1)]}),
        json!({"kind": "erasure", "orders": [order_id(1)], "everything": true}),
        json!({"kind": "erasure", "orders": [order_id(1)], "email": "Zoë Ångström"}),
        json!([]),
    ] {
        assert_eq!(code(&stage.ask("mine-Owner", "/v1/requests", &body).await), (400, "bad_body"), "{body}");
    }
    let theirs = json!({"kind": "erasure", "connection": "con_00000000000000ff"});
    assert_eq!(code(&stage.ask("mine-Owner", "/v1/requests", &theirs).await), (404, "not_found"));
    assert!(stage.queues.take().is_empty());
    let everything = json!({"kind": "erasure", "everything": true});
    assert_eq!(code(&stage.ask("mine-Manager", "/v1/requests", &everything).await), (403, "not_allowed"));
    assert_eq!(stage.ask("mine-Owner", "/v1/requests", &everything).await.0, 200);
    assert_eq!(stage.queues.take().len(), 1);
}

#[tokio::test]
async fn the_clock_can_be_stopped_extended_and_started_and_says_when_it_has_run_out() {
    let stage = Stage::set().await;
    let export = json!({"kind": "export", "orders": [order_id(1)]});
    let (_, view) = stage.ask(SEND, "/v1/requests", &export).await;
    assert!(stage.queues.take().is_empty(), "an export is made when it is asked for");
    let address = format!("/v1/requests/{}", view["request"].as_str().unwrap());
    let act =
        async |action: &str| stage.ask(SEND, &format!("{address}/clock"), &json!({"action": action})).await;
    assert_eq!(act("pause").await.1["paused"], true);
    assert_eq!(code(&act("pause").await), (409, "bad_clock"));
    stage.advance(days(10).as_secs());
    let on = act("go_on").await.1;
    let moved = |text: &Value| text.as_str().unwrap().parse::<Timestamp>().unwrap();
    assert_eq!(moved(&on["due_at"]), after(moved(&view["due_at"]), days(10)));
    let longer = act("extend").await.1;
    assert!(moved(&longer["due_at"]) > after(moved(&on["due_at"]), days(58)));
    assert_eq!(code(&act("extend").await), (409, "bad_clock"));
    stage.advance(days(89).as_secs());
    stage.advance(days(30).as_secs());
    stage.confirm().await;
    assert_eq!(stage.mine(&address).await.1["overdue"], true);
    let done = act("answered").await.1;
    assert_eq!((done["status"].as_str(), done["overdue"].as_bool()), (Some("done"), Some(false)));
    // Nobody can say that an erasure is done; the certificate says it.
    let (_, erasure) = stage.ask(SEND, "/v1/requests", &by_order(1)).await;
    let address = format!("/v1/requests/{}/clock", erasure["request"].as_str().unwrap());
    assert_eq!(code(&stage.ask(SEND, &address, &json!({"action": "answered"})).await), (409, "bad_clock"));
}

#[tokio::test]
async fn each_recipient_is_told_once_and_shown_until_it_is() {
    let stage = Stage::set().await;
    let (_, view) = stage.ask(SEND, "/v1/requests", &by_order(1)).await;
    let mut request = stored(&stage, &view["request"]).await;
    request.recipients =
        vec![Recipient { connection: "con_00000000000000c1".parse().unwrap(), told_at: None }];
    request.done_at = Some(stage.now());
    stage.db.finish_request(&request).await.unwrap();
    let address = format!("/v1/requests/{}/told", view["request"].as_str().unwrap());
    let told = json!({"connection": "con_00000000000000c1"});
    let first = stage.ask(SEND, &address, &told).await.1;
    stage.advance(60);
    assert_eq!(stage.ask(SEND, &address, &told).await.1["recipients"], first["recipients"]);
    assert!(first["recipients"][0]["told_at"].is_string());
    let other = json!({"connection": "con_00000000000000c2"});
    assert_eq!(code(&stage.ask(SEND, &address, &other).await), (404, "not_found"));
}

#[tokio::test]
async fn a_hold_takes_a_reason_an_end_and_two_people_and_each_step_is_on_record() {
    let stage = Stage::set().await;
    let address = format!("/v1/orders/{}/hold", order_id(1));
    let agree = format!("{address}/agree");
    let ask = |n: i64| json!({"reason": "claim", "until": after(stage.now(), days(n))});
    assert_eq!(code(&stage.ask("mine-Owner", &agree, &json!({})).await), (404, "not_found"), "nobody asked");
    for n in [0, 181] {
        assert_eq!(code(&stage.ask("mine-Owner", &address, &ask(n)).await), (400, "bad_hold"));
    }
    let free_text = json!({"reason": "Zoë Ångström claims", "until": after(stage.now(), days(9))});
    assert_eq!(code(&stage.ask("mine-Owner", &address, &free_text).await), (400, "bad_body"));
    assert_eq!(code(&stage.ask("mine-Support", &address, &ask(60)).await), (403, "not_allowed"));
    assert_eq!(stage.ask("mine-Owner", &address, &ask(60)).await.1["in_force"], false);
    assert_eq!(code(&stage.ask("mine-Owner", &agree, &json!({})).await), (409, "same_person"));
    assert_eq!(code(&stage.ask("other-Owner", &agree, &json!({})).await), (404, "not_found"));
    assert!(stage.queues.take().is_empty(), "nothing is held yet");
    assert_eq!(stage.ask("mine-Manager", &agree, &json!({})).await.1["in_force"], true);
    let sent = stage.queues.take();
    let order: OrderId = order_id(1).parse().unwrap();
    assert!(matches!(&sent[0].work, Work::Hold { order: held, .. } if *held == order));
    let listed = stage.get(Some("mine-Auditor"), "/v1/holds").await.1;
    assert_eq!(
        (listed[0]["order"].as_str(), listed[0]["in_force"].as_bool()),
        (Some(order.as_str()), Some(true))
    );
    let records = stage.db.records(&MERCHANT.parse().unwrap(), Stream::Access).await.unwrap();
    assert_eq!(first_break(&records).unwrap(), None);
    let steps: Vec<_> =
        records.iter().map(|r| (r.event.action, r.event.actor.as_str(), r.event.purpose.as_str())).collect();
    assert_eq!(steps, [(Action::Hold, "mine-Owner", "asked"), (Action::Hold, "mine-Manager", "agreed")]);
}

#[tokio::test]
async fn the_glass_is_broken_for_one_person_one_order_one_purpose_and_an_hour_by_somebody_else() {
    let stage = Stage::set().await;
    let address = format!("/v1/orders/{}/break-glass", order_id(1));
    let agree = format!("{address}/agree");
    let legal = json!({"purpose": "legal"});
    let whom = json!({"sub": "mine-Packer"});
    assert_eq!(
        code(&stage.ask("mine-Packer", &address, &json!({"purpose": "marketing"})).await),
        (400, "bad_body")
    );
    assert_eq!(stage.ask("mine-Packer", &address, &legal).await.1["agreed"], false);
    assert_eq!(code(&stage.ask("mine-Support", &agree, &whom).await), (403, "not_allowed"));
    assert_eq!(code(&stage.ask("other-Owner", &agree, &whom).await), (404, "not_found"));
    assert_eq!(
        code(&stage.ask("mine-Owner", &agree, &json!({"sub": "mine-Owner"})).await),
        (409, "same_person")
    );
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let order: OrderId = order_id(1).parse().unwrap();
    let broken = async || {
        stage.db.glass(&merchant, &order, "mine-Packer").await.unwrap().unwrap().is_broken(stage.now())
    };
    assert!(!broken().await);
    assert_eq!(stage.ask("mine-Owner", &agree, &whom).await.1["agreed"], true);
    assert!(broken().await);
    stage.advance(3600);
    assert!(!broken().await);
    assert_eq!(code(&stage.ask("mine-Owner", &agree, &whom).await), (404, "not_found"), "it is over");
    let records = stage.db.records(&merchant, Stream::Access).await.unwrap();
    assert_eq!(records.iter().filter(|r| r.event.action == Action::BreakGlass).count(), 2);
}

#[tokio::test]
async fn every_role_gets_at_what_the_matrix_says_and_no_further() {
    let stage = Stage::set().await;
    let order = order_id(1);
    let hold = json!({"reason": "claim", "until": after(stage.now(), days(9))});
    let nothing = json!({});
    // One column per role: owner, manager, packer, support, auditor, integrator.
    let rows: [(&str, String, &Value, &str); 15] = [
        ("GET", "/v1/requests".into(), &nothing, "yes yes no yes yes no"),
        ("GET", "/v1/holds".into(), &nothing, "yes yes no yes yes no"),
        ("GET", "/v1/registers".into(), &nothing, "yes yes no no yes no"),
        ("GET", "/v1/compliance".into(), &nothing, "yes yes no no yes no"),
        ("GET", "/v1/incidents".into(), &nothing, "yes yes no no yes no"),
        ("GET", "/v1/policies".into(), &nothing, "yes yes yes yes yes yes"),
        ("POST", "/v1/requests".into(), &nothing, "yes yes no yes no no"),
        ("POST", format!("/v1/orders/{order}/hold"), &hold, "yes yes no no no no"),
        ("POST", format!("/v1/orders/{order}/break-glass/agree"), &nothing, "yes yes no no no no"),
        ("POST", "/v1/registers/scan".into(), &nothing, "yes yes no no no no"),
        ("POST", "/v1/incidents".into(), &nothing, "yes yes no no no no"),
        ("POST", "/v1/incidents/inc_1/decisions".into(), &nothing, "yes yes no no no no"),
        ("POST", "/v1/incidents/inc_1/risk".into(), &nothing, "yes yes no no no no"),
        ("POST", "/v1/staff/mine-Packer/review".into(), &nothing, "yes no no no no no"),
        ("POST", "/v1/staff/nobody/end".into(), &nothing, "yes no no no no no"),
    ];
    for (method, address, body, row) in rows {
        for (role, cell) in Role::ALL.into_iter().zip(row.split(' ')) {
            let sub = format!("mine-{role:?}");
            let answer = match method {
                "GET" => stage.get(Some(&sub), &address).await,
                _ => stage.ask(&sub, &address, body).await,
            };
            let refused = code(&answer) == (403, "not_allowed");
            assert_eq!(refused, cell == "no", "{method} {address} {role:?}: {answer:?}");
        }
        for nobody in ["left", "unknown"] {
            let answer = match method {
                "GET" => stage.get(Some(nobody), &address).await,
                _ => stage.ask(nobody, &address, body).await,
            };
            assert_eq!(code(&answer), (403, "no_access"), "{address}");
        }
    }
}

#[tokio::test]
async fn requests_come_page_by_page_what_is_open_first() {
    let stage = Stage::set().await;
    let mut asked = Vec::new();
    for _ in 0..5 {
        let export = json!({"kind": "export", "orders": [order_id(1)]});
        let (_, view) = stage.ask(SEND, "/v1/requests", &export).await;
        asked.push(view["request"].as_str().unwrap().to_owned());
        stage.advance(3600);
    }
    for n in [0, 1] {
        let clock = format!("/v1/requests/{}/clock", asked[n]);
        assert_eq!(stage.ask(SEND, &clock, &json!({"action": "answered"})).await.0, 200);
        stage.advance(60);
    }
    let expected = [2, 3, 4, 1, 0].map(|n: usize| asked[n].clone());
    for (query, expected) in
        [("", &expected[..]), ("&status=open", &expected[..3]), ("&status=done", &expected[3..])]
    {
        for limit in 1..=6 {
            let (mut seen, mut cursor) = (Vec::new(), String::new());
            loop {
                let (status, page) = stage.mine(&format!("/v1/requests?limit={limit}{query}{cursor}")).await;
                assert_eq!(status, 200, "{page}");
                let all = page["requests"].as_array().unwrap();
                assert!(all.len() <= limit);
                seen.extend(all.iter().map(|one| one["request"].as_str().unwrap().to_owned()));
                let Some(next) = page["next"].as_str() else { break };
                cursor = format!("&cursor={next}");
            }
            assert_eq!(seen, expected, "{query}, {limit} at a time");
        }
    }
    for (query, expected) in [
        ("limit=0", "bad_limit"),
        ("limit=101", "bad_limit"),
        ("cursor=x", "bad_cursor"),
        ("status=lost", "bad_query"),
    ] {
        assert_eq!(code(&stage.mine(&format!("/v1/requests?{query}")).await), (400, expected), "{query}");
    }
}
