//! Connecting accounts: secrets go in and never come out, and nobody reaches another merchant's.

use crate::stage::{MERCHANT, Stage, code};
use serde_json::{Value, json};
use waybill_store::keyring::Vault;
use waybill_store::registry::{ConnectionState, Credentials, Kind};
use waybill_store::{Queue, Work};

const SECRETS: [&str; 4] = ["ck_1", "cs_1", "SigningOne", "SigningTwo"];

fn shop() -> Value {
    json!({
        "address": "https://shop.example.invalid",
        "credentials": {"kind": "woocommerce", "secrets": ["SigningOne"], "key": "ck_1", "secret": "cs_1"},
    })
}

async fn connected(stage: &Stage) -> String {
    let made = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(shop().clone())).await;
    assert_eq!(made.0, 201, "{}", made.1);
    made.1["id"].as_str().unwrap().to_owned()
}

fn shows_no_secret(answer: &Value) {
    let text = answer.to_string();
    assert!(SECRETS.iter().all(|secret| !text.contains(secret)), "{text}");
}

#[tokio::test]
async fn an_account_is_connected_listed_and_never_shows_its_secrets() {
    let stage = Stage::set().await;
    let id = connected(&stage).await;
    let all = stage.get(Some("mine-Auditor"), "/v1/connections").await;
    assert_eq!((all.0, all.1["connections"].as_array().map(Vec::len)), (200, Some(1)));
    assert_eq!(all.1["connections"][0]["webhook_path"], format!("/webhooks/woocommerce/{id}"));
    shows_no_secret(&all.1);
    let due = stage.db.polls_due(stage.now()).await.unwrap();
    assert_eq!(due.len(), 1, "a new channel is read at once");
}

#[tokio::test]
async fn only_an_owner_connects_and_only_their_own() {
    let stage = Stage::set().await;
    let id = connected(&stage).await;
    for role in ["Manager", "Packer", "Support", "Auditor", "Integrator"] {
        let sub = format!("mine-{role}");
        let refused = stage.call(Some(&sub), "POST", "/v1/connections", Some(shop().clone())).await;
        assert_eq!(code(&refused), (403, "not_allowed"), "{role}");
    }
    for (method, rest) in [
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/test"),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("GET", "/backfills"),
    ] {
        let address = format!("/v1/connections/{id}{rest}");
        let other = stage.call(Some("other-Owner"), method, &address, None).await;
        assert_eq!(code(&other), (404, "not_found"), "{method} {rest}");
    }
    let rotated = format!("/v1/connections/{id}/credentials");
    let other = stage.call(Some("other-Owner"), "PUT", &rotated, Some(shop()["credentials"].clone())).await;
    assert_eq!(code(&other), (404, "not_found"));
}

#[tokio::test]
async fn an_address_that_may_not_be_called_is_refused() {
    let stage = Stage::set().await;
    for address in [
        "http://shop.example.invalid",
        "https://127.0.0.1",
        "https://169.254.169.254",
        "https://db.internal",
        "https://shop.example.invalid/",
        "not an address",
    ] {
        let mut wanted = shop();
        wanted["address"] = json!(address);
        let refused = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(wanted.clone())).await;
        assert_eq!(code(&refused), (400, "bad_address"), "{address}");
    }
    let mut odd = shop();
    odd["more"] = json!(1);
    let refused = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(odd.clone())).await;
    assert_eq!(code(&refused), (400, "bad_body"));
}

#[tokio::test]
async fn a_rotated_secret_leaves_the_one_before_it_good() {
    let stage = Stage::set().await;
    let id = connected(&stage).await;
    let new = json!({"kind": "woocommerce", "secrets": ["SigningTwo"], "key": "ck_1", "secret": "cs_1"});
    let address = format!("/v1/connections/{id}/credentials");
    let done = stage.call(Some("mine-Owner"), "PUT", &address, Some(new.clone())).await;
    assert_eq!(done.0, 200, "{}", done.1);
    shows_no_secret(&done.1);
    let connection = stage.db.connection(&id.parse().unwrap()).await.unwrap().unwrap();
    let plain = stage.kms.open(&id, &connection.credentials).await.unwrap();
    let Credentials::WooCommerce { secrets, .. } = &serde_json::from_slice(&plain).unwrap() else { panic!() };
    assert_eq!(secrets, &["SigningTwo", "SigningOne"]);
    let other = json!({"kind": "royal_mail", "key": "k", "tracking_id": "i", "tracking_secret": "s"});
    let refused = stage.call(Some("mine-Owner"), "PUT", &address, Some(other.clone())).await;
    assert_eq!(code(&refused), (409, "other_kind"));
}

#[tokio::test]
async fn pausing_and_disconnecting_stop_the_work_and_the_second_erases() {
    let stage = Stage::set().await;
    let id = connected(&stage).await;
    let to = |what: &str| format!("/v1/connections/{id}{what}");
    let paused = stage.call(Some("mine-Owner"), "POST", &to("/pause"), None).await;
    assert_eq!(paused.1["state"], "paused");
    let resumed = stage.call(Some("mine-Owner"), "POST", &to("/resume"), None).await;
    assert_eq!(resumed.1["state"], "active");
    let tried = stage.call(Some("mine-Owner"), "POST", &to("/test"), None).await;
    assert_eq!((tried.0, &tried.1["works"]), (200, &json!(false)));
    let gone = stage.call(Some("mine-Owner"), "DELETE", &to(""), None).await;
    assert_eq!((gone.0, &gone.1["state"]), (202, &json!("disconnected")));
    let sent = stage.queues.take();
    assert!(sent.iter().any(|s| s.queue == Queue::Erase
        && matches!(&s.work, Work::Request { merchant, .. } if merchant.as_str() == MERCHANT)));
}

#[tokio::test]
async fn a_carrier_s_account_is_connected_and_tried() {
    let stage = Stage::set().await;
    for secrets in [
        json!({"kind": "royal_mail", "key": "ck_1", "tracking_id": "i", "tracking_secret": "cs_1"}),
        json!({"kind": "pro_shipping", "client_id": "i", "client_secret": "cs_1", "shipping_account": "a",
            "shipping_location": "l", "goods": "Clothing", "printer": "zpl300"}),
        json!({"kind": "dpd", "key": "ck_1", "secret": "cs_1", "local": false, "sender": {
            "organisation": "Harbour & Finch", "street": "1 Quay Road", "town": "Bristol", "postcode": "BS1 6XX",
            "contact": "Dispatch", "phone": "01632 960050", "email": "dispatch@harbour-finch.invalid"}}),
    ] {
        let wanted = json!({"address": "https://carrier.example.invalid", "credentials": secrets});
        let made = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(wanted)).await;
        assert_eq!((made.0, &made.1["kind"]), (201, &secrets["kind"]), "{}", made.1);
        shows_no_secret(&made.1);
        let test = format!("/v1/connections/{}/test", made.1["id"].as_str().unwrap());
        let tried = stage.call(Some("mine-Owner"), "POST", &test, None).await;
        assert_eq!((tried.0, &tried.1["works"]), (200, &json!(false)), "{}", tried.1);
        let reason = tried.1["reason"].as_str().unwrap();
        assert!(reason.starts_with("no answer from the other side"), "{reason}");
    }
}

#[tokio::test]
async fn a_backfill_is_one_however_often_it_is_asked_for() {
    let stage = Stage::set().await;
    let id = connected(&stage).await;
    let address = format!("/v1/connections/{id}/backfills");
    let span = json!({"from": "2026-11-01T00:00:00Z", "to": "2026-11-20T00:00:00Z"});
    let first = stage.call(Some("mine-Owner"), "POST", &address, Some(span.clone())).await;
    let second = stage.call(Some("mine-Owner"), "POST", &address, Some(span.clone())).await;
    assert_eq!((first.0, second.0), (202, 200));
    assert_eq!(first.1["id"], second.1["id"]);
    assert_eq!(stage.queues.take().iter().filter(|s| matches!(s.work, Work::Backfill { .. })).count(), 1);
    let shown = stage.get(Some("mine-Manager"), &address).await;
    assert_eq!(shown.1["backfills"][0]["percent"], 0);
    let turned = json!({"from": "2026-11-20T00:00:00Z", "to": "2026-11-01T00:00:00Z"});
    let refused = stage.call(Some("mine-Owner"), "POST", &address, Some(turned.clone())).await;
    assert_eq!(code(&refused), (400, "bad_span"));
}

#[tokio::test]
async fn a_way_back_is_good_once_in_time_and_only_where_it_was_begun() {
    let stage = Stage::set().await;
    let app = json!({
        "kind": "shopify", "address": "https://demo.example.invalid", "client_id": "id-1",
        "client_secret": "SigningOne", "redirect": "https://waybill.example.invalid/connect/shopify",
    });
    let begin = || stage.call(Some("mine-Owner"), "POST", "/v1/connections/authorise", Some(app.clone()));
    let away = begin().await;
    assert_eq!(away.0, 200, "{}", away.1);
    shows_no_secret(&away.1);
    let address = away.1["address"].as_str().unwrap().to_owned();
    assert!(address.starts_with("https://demo.example.invalid/admin/oauth/authorize?client_id=id-1&"));
    let state = address.split("state=").nth(1).unwrap().to_owned();
    let back = |state: &str| format!("/connect/shopify?code=c&state={state}&hmac=00&timestamp=1");
    let forged = stage.get(None, &back(&"0".repeat(64))).await;
    assert_eq!(code(&forged), (400, "bad_state"));
    // Ours, but not signed by the shop: the state is spent all the same.
    assert_eq!(code(&stage.get(None, &back(&state)).await), (403, "declined"));
    assert_eq!(code(&stage.get(None, &back(&state)).await), (400, "bad_state"));
    let late = begin().await.1["address"].as_str().unwrap().split("state=").nth(1).unwrap().to_owned();
    stage.advance(601);
    assert_eq!(code(&stage.get(None, &back(&late)).await), (400, "bad_state"));
}

#[tokio::test]
async fn an_account_is_connected_once_and_renewed_under_its_own_id() {
    let stage = Stage::set().await;
    let id = connected(&stage).await;
    let again = async |kind: &str, body: &Value| {
        let answer = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(body.clone())).await;
        assert_eq!((code(&answer), &answer.1["connection"]), ((409, "connected"), &json!(id)), "{kind}");
        assert!(answer.1["title"].as_str().unwrap().contains(&id));
    };
    let mut shouted = shop();
    shouted["address"] = json!("https://SHOP.example.invalid");
    shouted["credentials"]["key"] = json!("ck_2");
    again("active", &shouted).await;
    stage.call(Some("mine-Owner"), "POST", &format!("/v1/connections/{id}/pause"), None).await;
    again("paused", &shop()).await;
    // Another merchant's connection is neither told of nor in the way.
    let other = stage.call(Some("other-Owner"), "POST", "/v1/connections", Some(shop())).await;
    assert_eq!(other.0, 201, "{}", other.1);
    // A shop of another kind at the same address is another account.
    let magento = json!({"address": "https://shop.example.invalid", "credentials": {"kind": "magento",
        "consumer_key": "a", "consumer_secret": "b", "token": "c", "token_secret": "d"}});
    let other = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(magento)).await;
    assert_eq!(other.0, 201, "{}", other.1);

    let connection = id.parse().unwrap();
    for state in [ConnectionState::Refused, ConnectionState::Disconnected] {
        stage.db.set_connection_state(&connection, state).await.unwrap();
        let mut renewed = shop();
        renewed["credentials"]["secrets"] = json!(["SigningTwo"]);
        let answer = stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(renewed)).await;
        assert_eq!((answer.0, &answer.1["id"], &answer.1["state"]), (200, &json!(id), &json!("active")));
        let kept = stage.db.connection(&connection).await.unwrap().unwrap();
        assert_eq!(kept.state, ConnectionState::Active);
        assert_eq!(stage.db.connections(&MERCHANT.parse().unwrap()).await.unwrap().len(), 2);
    }
    let kept = stage.db.connection(&connection).await.unwrap().unwrap();
    let plain = stage.kms.open(&id, &kept.credentials).await.unwrap();
    let Credentials::WooCommerce { secrets, .. } = &serde_json::from_slice(&plain).unwrap() else { panic!() };
    assert_eq!(secrets.first().map(String::as_str), Some("SigningTwo"));
}

#[tokio::test]
async fn two_at_the_same_moment_make_one_connection() {
    let stage = Stage::set().await;
    let connect = || stage.call(Some("mine-Owner"), "POST", "/v1/connections", Some(shop()));
    let (one, two, three) = tokio::join!(connect(), connect(), connect());
    let made = [&one, &two, &three].into_iter().filter(|answer| answer.0 == 201).count();
    assert_eq!(made, 1, "{one:?} {two:?} {three:?}");
    assert_eq!(stage.db.connections(&MERCHANT.parse().unwrap()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn an_account_that_works_is_not_authorised_again_and_a_refused_one_is() {
    let stage = Stage::set().await;
    let shopify = json!({"secrets": ["SigningOne"], "token": "shpat_invented", "kind": "shopify"});
    let id = "con_00000000000000d1";
    stage.connect(id, MERCHANT, Kind::Shopify, &shopify).await;
    let app = json!({
        "kind": "shopify", "address": "https://shop.example.invalid", "client_id": "id-1",
        "client_secret": "SigningOne", "redirect": "https://waybill.example.invalid/connect/shopify",
    });
    let begin = || stage.call(Some("mine-Owner"), "POST", "/v1/connections/authorise", Some(app.clone()));
    let refused = begin().await;
    assert_eq!((code(&refused), &refused.1["connection"]), ((409, "connected"), &json!(id)));
    stage.db.set_connection_state(&id.parse().unwrap(), ConnectionState::Refused).await.unwrap();
    assert_eq!(begin().await.0, 200);
}

#[tokio::test]
async fn secrets_of_another_account_do_not_replace_an_accounts_own() {
    let stage = Stage::set().await;
    let secrets = |seller: &str, secret: &str| {
        json!({"kind": "amazon", "client_id": "c", "client_secret": secret, "refresh_token": "r",
            "seller_id": seller, "marketplace_id": "A1F83G8C2ARO7P"})
    };
    let id = "con_00000000000000d2";
    stage.connect(id, MERCHANT, Kind::Amazon, &secrets("SELLER1", "s")).await;
    let address = format!("/v1/connections/{id}/credentials");
    let put = |body: Value| stage.call(Some("mine-Owner"), "PUT", &address, Some(body));
    assert_eq!(code(&put(secrets("SELLER2", "s")).await), (409, "other_account"));
    assert_eq!(put(secrets("SELLER1", "t")).await.0, 200);
}

#[tokio::test]
async fn warehouses_are_mapped_to_places_of_channels_that_know_them() {
    let stage = Stage::set().await;
    stage.open_warehouses().await;
    let id = "con_00000000000000d3";
    let secrets = json!({"kind": "shopify", "secrets": ["SigningOne"], "token": "shpat_invented"});
    stage.connect(id, MERCHANT, Kind::Shopify, &secrets).await;
    let address = format!("/v1/connections/{id}/places");
    let put = |body: Value| stage.call(Some("mine-Owner"), "PUT", &address, Some(body));
    let map = json!({"wh_north": "gid://shopify/Location/1", "wh_south": "gid://shopify/Location/2"});
    stage.queues.take();
    let done = put(json!({"places": map})).await;
    assert_eq!((done.0, &done.1["places"]), (200, &map), "{}", done.1);
    let kept = stage.db.connection(&id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(json!(kept.places), map);
    assert_eq!(kept.state, ConnectionState::Active);
    assert!(
        stage.queues.take().iter().any(|sent| matches!(sent.work, Work::PushAll { .. })),
        "all is told anew"
    );
    for wrong in [json!({"wh_elsewhere": "1"}), json!({"wh_north": ""}), json!({"wh_north": "a\nb"})] {
        let refused = put(json!({"places": wrong})).await;
        assert_eq!(code(&refused), (422, "invalid_field"), "{wrong}");
    }
    let kept = stage.db.connection(&id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(json!(kept.places), map, "nothing that is wrong is stored");
    assert_eq!(put(json!({"places": {}})).await.1["places"], Value::Null);
    let shop = connected(&stage).await;
    let body = json!({"places": {"wh_north": "1"}});
    let refused = stage
        .call(Some("mine-Owner"), "PUT", &format!("/v1/connections/{shop}/places"), Some(body.clone()))
        .await;
    assert_eq!(code(&refused), (409, "no_places"));
    let other = stage.call(Some("other-Owner"), "PUT", &address, Some(body)).await;
    assert_eq!(code(&other), (404, "not_found"));
}
