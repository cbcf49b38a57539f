//! The care every request gets: keys of callers, ids of requests, tags, and errors of one form.

use crate::ready::ready;
use crate::stage::{Stage, order_id};
use aws_lc_rs::digest::{Context, SHA256};
use serde_json::{Value, json};
use waybill_http::MOST;
use waybill_store::db::{Item, s};

const OWNER: Option<&str> = Some("mine-Owner");

fn suspicion(high_risk: bool) -> Value {
    json!({"suspicion": {"from": "2026-11-20T00:00:00Z", "until": "2026-11-21T00:00:00Z"}, "high_risk": high_risk})
}

/// Status, whether it was a replay, and the answer.
async fn under(
    stage: &Stage,
    key: &str,
    sub: Option<&str>,
    address: &str,
    body: Value,
) -> (u16, bool, Value) {
    let sent = stage.send(sub, "POST", address, Some(body), &[("idempotency-key", key)]).await;
    (sent.0, sent.1.contains_key("idempotent-replayed"), serde_json::from_slice(&sent.2).unwrap())
}

async fn incidents(stage: &Stage) -> usize {
    stage.get(OWNER, "/v1/incidents").await.1.as_array().unwrap().len()
}

/// What is kept under a key of the owner.
async fn kept(stage: &Stage, key: &str) -> Item {
    let mut hash = Context::new(&SHA256);
    for part in ["mine-Owner", key] {
        hash.update(&(part.len() as u64).to_be_bytes());
        hash.update(part.as_bytes());
    }
    let pk = format!("once#{}", hex::encode(hash.finish().as_ref()));
    stage.db.get(&stage.db.tables.registry, &pk, "once").await.unwrap().unwrap()
}

#[tokio::test]
async fn the_same_key_and_body_get_the_same_answer_and_do_nothing_twice() {
    let stage = Stage::set().await;
    let first = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(true)).await;
    assert_eq!((first.0, first.1), (200, false), "{}", first.2);
    stage.advance(3600);
    let again = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(true)).await;
    assert_eq!(again, (200, true, first.2));
    assert_eq!(incidents(&stage).await, 1);
    let other = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(false)).await;
    assert_eq!((other.0, other.2["code"].as_str()), (409, Some("other_request")));
    let elsewhere = under(&stage, "k-1", OWNER, "/v1/requests", suspicion(true)).await;
    assert_eq!((elsewhere.0, elsewhere.2["code"].as_str()), (409, Some("other_request")));
    // A key is its owner's: somebody else's is another one.
    let colleague = under(&stage, "k-1", Some("mine-Manager"), "/v1/incidents", suspicion(true)).await;
    assert_eq!((colleague.0, colleague.1), (200, false));
    assert_eq!(incidents(&stage).await, 2);
    // Who may do nothing any more gets no old answers either.
    assert_eq!(stage.call(OWNER, "POST", "/v1/staff/mine-Manager/end", None).await.0, 200);
    let ended = under(&stage, "k-1", Some("mine-Manager"), "/v1/incidents", suspicion(true)).await;
    assert_eq!((ended.0, ended.2["code"].as_str()), (403, Some("no_access")));
    // After a day it is forgotten.
    stage.advance(24 * 3600);
    let later = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(false)).await;
    assert_eq!((later.0, later.1), (200, false), "{}", later.2);
    assert_eq!(incidents(&stage).await, 3);
}

#[tokio::test]
async fn who_died_before_answering_is_taken_over_and_nothing_is_made_twice() {
    let stage = Stage::set().await;
    let first = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(true)).await;
    // As if the function had died after the work and before its answer was kept.
    let mut item = kept(&stage, "k-1").await;
    assert!(item.contains_key("body"));
    item.insert("state".into(), s("begun"));
    item.remove("body");
    let table = &stage.db.tables.registry;
    stage.db.client.put_item().table_name(table).set_item(Some(item)).send().await.unwrap();
    let soon = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(true)).await;
    assert_eq!((soon.0, soon.2["code"].as_str()), (409, Some("still_at_it")));
    stage.advance(61);
    let (status, replay, view) = under(&stage, "k-1", OWNER, "/v1/incidents", suspicion(true)).await;
    assert_eq!((status, replay, &view["incident"]["id"]), (200, false, &first.2["incident"]["id"]));
    assert_eq!(incidents(&stage).await, 1);
}

#[tokio::test]
async fn what_is_kept_of_a_request_cannot_be_tried_out_by_who_does_not_know_its_key() {
    let stage = Stage::set().await;
    let mut digests = Vec::new();
    for key in ["k-1", "k-2"] {
        assert_eq!(under(&stage, key, OWNER, "/v1/incidents", suspicion(true)).await.0, 200);
        digests.push(kept(&stage, key).await["request"].clone());
    }
    assert_ne!(digests[0], digests[1]);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_may_go_well_later() {
    let stage = Stage::set().await;
    let address = format!("/v1/orders/{}/hold/agree", order_id(1));
    let early = under(&stage, "k-2", OWNER, &address, json!({})).await;
    assert_eq!((early.0, early.1), (404, false));
    let ask = format!("/v1/orders/{}/hold", order_id(1));
    let until = json!({"reason": "claim", "until": "2027-01-31T00:00:00Z"});
    assert_eq!(stage.ask("mine-Manager", &ask, &until).await.0, 200);
    assert_eq!(under(&stage, "k-2", OWNER, &address, json!({})).await.0, 200);
    assert!(under(&stage, "k-2", OWNER, &address, json!({})).await.1);
}

#[tokio::test]
async fn what_is_good_once_is_kept_nowhere_and_a_key_must_be_one() {
    let stage = Stage::set().await;
    let shop = json!({
        "kind": "shopify", "address": "https://shop.example.invalid", "client_id": "invented",
        "client_secret": "invented", "redirect": "https://api.example.invalid/connect/shopify",
    });
    let away = under(&stage, "k-3", OWNER, "/v1/connections/authorise", shop).await;
    assert_eq!(away.0, 200);
    let kept = kept(&stage, "k-3").await;
    assert!(!kept.contains_key("body"), "{kept:?}");
    for key in ["", "two words", &"k".repeat(129)] {
        let (status, _, told) = under(&stage, key, OWNER, "/v1/incidents", suspicion(true)).await;
        assert_eq!((status, told["code"].as_str()), (400, Some("bad_idempotency_key")), "{key}");
    }
    assert_eq!(incidents(&stage).await, 0);
}

#[tokio::test]
async fn every_answer_says_which_request_it_belongs_to_and_no_caller_chooses_that() {
    let stage = Stage::set().await;
    let mut seen = Vec::new();
    for (method, address) in [
        ("GET", "/v1/orders?status=held"),
        ("GET", "/v1/nothing"),
        ("DELETE", "/v1/orders"),
        ("GET", "/v1/orders?status=lost"),
    ] {
        let (_, headers, _) = stage.send(OWNER, method, address, None, &[("x-request-id", "mine")]).await;
        seen.push(headers["x-request-id"].to_str().unwrap().to_owned());
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), 4);
    assert!(!seen.contains(&"mine".to_owned()));
}

#[tokio::test]
async fn whatever_goes_wrong_is_a_problem_with_a_code() {
    let stage = Stage::set().await;
    for (method, address, status, code) in [
        ("GET", "/v1/nothing", 404, "not_found"),
        ("GET", "/", 404, "not_found"),
        ("DELETE", "/v1/orders", 405, "wrong_method"),
        ("GET", "/v1/connections/%FF", 400, "bad_request"),
        ("GET", "/v1/orders?status=lost", 400, "status_required"),
    ] {
        let (got, headers, body) = stage.send(OWNER, method, address, None, &[]).await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((got, body["code"].as_str()), (status, Some(code)), "{method} {address}");
        assert_eq!(headers["content-type"], "application/problem+json", "{method} {address}");
    }
}

#[tokio::test]
async fn a_body_that_cannot_be_read_says_where_and_repeats_nothing() {
    let stage = ready().await;
    let body = |parcels: Value| json!({"warehouse": "wh_north", "parcels": parcels});
    let address = format!("/v1/orders/{}/packing", order_id(3));
    for (sent, pointer) in [
        (json!({"warehouse": 1}), "/warehouse"),
        (body(json!([{"TEE-RED": 1}, {"Zoë": "one"}])), "/parcels/1"),
        (json!([]), ""),
    ] {
        let (status, told) = stage.post(&address, sent).await;
        assert_eq!(
            (status, told["code"].as_str(), told["pointer"].as_str()),
            (400, Some("bad_body"), Some(pointer))
        );
    }
    let (status, told) = stage.put("/v1/skus/CUP", json!({"sku": "CUP", "origin": "gb"})).await;
    assert_eq!((status, told["pointer"].as_str()), (422, Some("/origin")));
}

#[tokio::test]
async fn who_has_an_answer_already_gets_no_second_copy() {
    let stage = ready().await;
    let ask = async |known: &[(&str, &str)]| stage.send(OWNER, "GET", "/v1/skus/TEE-RED", None, known).await;
    let (status, headers, _) = ask(&[]).await;
    let tag = headers["etag"].to_str().unwrap().to_owned();
    assert_eq!(status, 200);
    let (status, _, body) = ask(&[("if-none-match", &tag)]).await;
    assert_eq!((status, body.len()), (304, 0));
    stage.put("/v1/skus/TEE-RED", json!({"sku": "TEE-RED", "grams": 201})).await;
    assert_eq!(ask(&[("if-none-match", &tag)]).await.0, 200);
}

fn warehouse(id: &str, priority: u32) -> Value {
    json!({"id": id, "name": "Another", "priority": priority, "active": true})
}

#[tokio::test]
async fn an_update_of_what_was_seen_changes_nothing_else() {
    let stage = ready().await;
    let put = async |address: &str, body: Value, seen: &str| {
        let (status, _, body) = stage.send(OWNER, "PUT", address, Some(body), &[("if-match", seen)]).await;
        let body: Value = serde_json::from_slice(&body).unwrap();
        (status, body["code"].as_str().unwrap_or_default().to_owned())
    };
    let changed = (412, "changed_meanwhile".to_owned());
    let cases = [
        (
            "/v1/skus/TEE-RED",
            json!({"sku": "TEE-RED", "grams": 201}),
            json!({"sku": "TEE-RED", "grams": 202}),
        ),
        ("/v1/policy", json!({"unpaid_hours": 1}), json!({"unpaid_hours": 2})),
        ("/v1/warehouses/wh_north", warehouse("wh_north", 7), warehouse("wh_north", 8)),
        (
            "/v1/warehouses/wh_north/bins/A-01",
            json!({"id": "A-01", "zone": "a", "walk": 7}),
            json!({"id": "A-01", "zone": "a", "walk": 8}),
        ),
        ("/v1/staff/colleague", json!({"role": "support"}), json!({"role": "manager"})),
    ];
    for (address, one, two) in cases {
        let (_, headers, _) = stage.send(OWNER, "GET", address, None, &[]).await;
        let seen = headers["etag"].to_str().unwrap();
        assert_eq!(put(address, one.clone(), seen).await.0, 200, "{address}");
        assert_eq!(put(address, two.clone(), seen).await, changed, "{address}");
        assert_eq!(put(address, two.clone(), "*").await.0, 200, "{address}");
    }
    for (address, new) in [
        ("/v1/skus/NEW", json!({"sku": "NEW"})),
        ("/v1/warehouses/wh_new", warehouse("wh_new", 1)),
        ("/v1/warehouses/wh_north/bins/N-01", json!({"id": "N-01", "zone": "n", "walk": 1})),
        ("/v1/staff/newcomer", json!({"role": "packer"})),
    ] {
        assert_eq!(put(address, new, "*").await, changed, "nobody can have seen {address}");
        assert_eq!(stage.get(OWNER, address).await.0, 404, "{address}");
    }
}

#[tokio::test]
async fn who_asks_too_fast_is_told_when_to_ask_again_and_nobody_else_waits() {
    let stage = Stage::set().await;
    let ask = async |sub: &str| stage.send(Some(sub), "GET", "/v1/nothing", None, &[]).await;
    let left = |headers: &http::HeaderMap| headers["ratelimit-remaining"].to_str().unwrap().to_owned();
    for n in 1..=MOST {
        let (status, headers, _) = ask("mine-Owner").await;
        assert_eq!((status, left(&headers)), (404, (MOST - n).to_string()));
    }
    let (status, headers, body) = ask("mine-Owner").await;
    let told: Value = serde_json::from_slice(&body).unwrap();
    assert_eq!((status, &told["code"]), (429, &json!("too_fast")));
    let wait: i64 = headers["retry-after"].to_str().unwrap().parse().unwrap();
    assert_eq!(ask("mine-Manager").await.0, 404);
    stage.advance(wait - 1);
    assert_eq!(ask("mine-Owner").await.0, 429);
    stage.advance(1);
    assert_eq!(ask("mine-Owner").await.0, 404);
    assert!(stage.send(None, "GET", "/v1/openapi.json", None, &[]).await.1.get("ratelimit-limit").is_none());
}
