//! The first day of a merchant, and its settings afterwards.

use crate::ready::{CARRIER, ready};
use crate::stage::{MERCHANT, OTHER, Stage, code};
use serde_json::{Value, json};
use waybill_domain::access::Role;
use waybill_domain::time::{after, days};
use waybill_privacy::index::IndexKey;
use waybill_runtime::directory::index_key;
use waybill_store::registry::Kind;

const AT: &str = "/v1/merchant";
const NEW: &str = "mer_00000000000000cc";
const OWNER: Option<&str> = Some("mine-Owner");
const TO_MAKE: [(&str, &str); 1] = [("if-none-match", "*")];

/// What an administrator of the user pool has said of the first owner.
fn founder() -> Value {
    json!({"sub": "first", "custom:merchant": NEW, "cognito:groups": "[owner]"})
}

fn settings(id: &str) -> Value {
    json!({"id": id, "name": "Invented Traders", "warehouses": [
        {"id": "wh_north", "name": "North", "priority": 1, "near": ["M"]},
        {"id": "wh_south", "name": "South", "priority": 2},
    ]})
}

fn rule(connection: &str, carrier: &str, code: &str, format: &str) -> Value {
    json!({"up_to_grams": 2000, "connection": connection,
        "service": {"carrier": carrier, "code": code, "format": format}})
}

async fn as_new(
    stage: &Stage,
    claims: Value,
    method: &str,
    address: &str,
    body: Option<Value>,
    headers: &[(&str, &str)],
) -> (u16, Value) {
    let (status, _, got) = stage.send_as(Some(claims), method, address, body, headers).await;
    (status, serde_json::from_slice(&got).unwrap())
}

async fn make(stage: &Stage) -> (u16, Value) {
    as_new(stage, founder(), "PUT", AT, Some(settings(NEW)), &TO_MAKE).await
}

/// The settings with their tag, as the owner reads them.
async fn seen(stage: &Stage) -> (Value, String) {
    let (status, headers, got) = stage.send(OWNER, "GET", AT, None, &[]).await;
    assert_eq!(status, 200);
    (serde_json::from_slice(&got).unwrap(), headers["etag"].to_str().unwrap().to_owned())
}

/// The owner stores settings over what is there now.
async fn store(stage: &Stage, body: &Value) -> (u16, Value) {
    let (_, tag) = seen(stage).await;
    let (status, _, got) = stage.send(OWNER, "PUT", AT, Some(body.clone()), &[("if-match", &tag)]).await;
    (status, serde_json::from_slice(&got).unwrap())
}

#[tokio::test]
async fn a_first_owner_makes_the_merchant_once_and_runs_it() {
    let stage = Stage::set().await;
    for address in ["/v1/orders?status=received", AT, "/v1/connections", "/v1/stock/TEE-RED"] {
        let told = as_new(&stage, founder(), "GET", address, None, &[]).await;
        assert_eq!(code(&told), (409, "no_merchant"), "{address}");
    }
    let without = as_new(&stage, founder(), "PUT", AT, Some(settings(NEW)), &[]).await;
    assert_eq!(code(&without), (409, "no_merchant"), "nothing is made by chance");
    assert!(stage.db.merchant(&NEW.parse().unwrap()).await.unwrap().is_none());

    let (status, made) = make(&stage).await;
    assert_eq!((status, &made["name"]), (201, &json!("Invented Traders")), "{made}");
    // Days nobody stated are the longest there are.
    assert_eq!(made["retention"]["delivered_days"], 14);
    let (status, headers, got) = stage.send(Some("first"), "GET", AT, None, &[]).await;
    assert_eq!((status, serde_json::from_slice::<Value>(&got).unwrap()), (200, made), "what was stored");
    assert!(headers.contains_key("etag"));
    assert_eq!(code(&make(&stage).await), (412, "exists"));
    // From now on the registry says who it is, whatever a token says.
    assert_eq!(stage.get(Some("first"), "/v1/connections").await, (200, json!({"connections": []})));
    let merchants = stage.db.merchants().await.unwrap();
    assert!(merchants.iter().any(|id| id.as_str() == NEW), "the daily work finds it");
}

#[tokio::test]
async fn every_merchant_has_a_secret_key_of_its_own_that_stays() {
    let stage = Stage::set().await;
    assert_eq!(make(&stage).await.0, 201);
    let other =
        json!({"sub": "second", "custom:merchant": "mer_00000000000000dd", "cognito:groups": "[owner]"});
    let body = Some(settings("mer_00000000000000dd"));
    assert_eq!(as_new(&stage, other, "PUT", AT, body, &TO_MAKE).await.0, 201);
    let key = async |id: &str| -> IndexKey {
        let merchant = stage.db.merchant(&id.parse().unwrap()).await.unwrap().unwrap();
        index_key(&stage.kms, &merchant).await.unwrap()
    };
    let id = |key: &IndexKey| key.order_id(&CARRIER.parse().unwrap(), "1").unwrap();
    let (one, two) = (id(&key(NEW).await), id(&key("mer_00000000000000dd").await));
    let (zero, fixed) = (IndexKey::from_bytes(&[0; 32]).unwrap(), IndexKey::from_bytes(&[7; 32]).unwrap());
    assert!(one != two && one != id(&zero) && one != id(&fixed));
    let (_, headers, _) = stage.send(Some("first"), "GET", AT, None, &[]).await;
    let tag = headers["etag"].to_str().unwrap();
    let mut changed = settings(NEW);
    changed["name"] = json!("Invented Traders of Bristol");
    assert_eq!(stage.send(Some("first"), "PUT", AT, Some(changed), &[("if-match", tag)]).await.0, 200);
    assert_eq!(id(&key(NEW).await), one, "orders keep their ids");
}

#[tokio::test]
async fn nobody_else_makes_a_merchant() {
    let stage = Stage::set().await;
    for claims in [
        json!({"sub": "first"}),
        json!({"sub": "first", "custom:merchant": NEW}),
        json!({"sub": "first", "custom:merchant": NEW, "cognito:groups": "[manager packer]"}),
        json!({"sub": "first", "custom:merchant": NEW, "cognito:groups": "[no-owner]"}),
        json!({"sub": "first", "cognito:groups": "[owner]"}),
        json!({"sub": "first", "custom:merchant": "mer_short", "cognito:groups": "[owner]"}),
        json!({"sub": "first", "custom:merchant": "mer_00000000000000CC", "cognito:groups": "[owner]"}),
        // A merchant that is there is nobody's to make, and nobody's to enter either.
        json!({"sub": "first", "custom:merchant": MERCHANT, "cognito:groups": "[owner]"}),
    ] {
        let id = claims["custom:merchant"].as_str().unwrap_or(NEW).to_owned();
        let told = as_new(&stage, claims.clone(), "PUT", AT, Some(settings(&id)), &TO_MAKE).await;
        assert_eq!(code(&told), (403, "no_access"), "{claims}");
        assert_eq!(code(&as_new(&stage, claims, "GET", AT, None, &[]).await), (403, "no_access"));
    }
    // Who was cut off cannot begin anew, and a body cannot name another merchant than the sign-in.
    let left = json!({"sub": "left", "custom:merchant": NEW, "cognito:groups": "[owner]"});
    let told = as_new(&stage, left, "PUT", AT, Some(settings(NEW)), &TO_MAKE).await;
    assert_eq!(code(&told), (403, "no_access"));
    let told = as_new(&stage, founder(), "PUT", AT, Some(settings(OTHER)), &TO_MAKE).await;
    assert_eq!((code(&told), &told.1["pointer"]), ((422, "invalid_field"), &json!("/id")));
    assert_eq!(stage.db.merchants().await.unwrap().len(), 2, "nothing was made");
    // A list of several groups is one too.
    let both = json!({"sub": "first", "custom:merchant": NEW, "cognito:groups": "[packer owner]"});
    assert_eq!(as_new(&stage, both, "PUT", AT, Some(settings(NEW)), &TO_MAKE).await.0, 201);
}

#[tokio::test]
async fn an_owner_whose_merchant_is_not_there_makes_it_too() {
    let stage = Stage::set().await;
    stage.hire("hired", NEW, Role::Owner, true).await;
    stage.hire("helper", NEW, Role::Manager, true).await;
    assert_eq!(code(&stage.get(Some("hired"), AT).await), (409, "no_merchant"));
    let account = json!({"address": "https://shop.example.invalid", "credentials":
        {"kind": "woocommerce", "secrets": ["invented"], "key": "ck_invented", "secret": "cs_invented"}});
    assert_eq!(code(&stage.ask("hired", "/v1/connections", &account).await), (409, "no_merchant"));
    let put = async |sub: &str| stage.send(Some(sub), "PUT", AT, Some(settings(NEW)), &TO_MAKE).await.0;
    assert_eq!((put("helper").await, put("hired").await, put("hired").await), (403, 201, 412));
}

#[tokio::test]
async fn settings_change_only_for_who_has_seen_them() {
    let stage = ready().await;
    let (mut body, tag) = seen(&stage).await;
    body["part_ship"] = json!(true);
    let put = async |headers: &[(&str, &str)]| {
        let (status, _, got) = stage.send(OWNER, "PUT", AT, Some(body.clone()), headers).await;
        (status, serde_json::from_slice::<Value>(&got).unwrap())
    };
    assert_eq!(code(&put(&[]).await), (428, "changes_what"));
    assert_eq!(code(&put(&TO_MAKE).await), (412, "exists"));
    assert_eq!(code(&put(&[("if-match", "\"of yesterday\"")]).await), (412, "changed_meanwhile"));
    assert!(!seen(&stage).await.0["part_ship"].as_bool().unwrap());
    assert_eq!(put(&[("if-match", &tag)]).await, (200, body.clone()));
    assert_eq!(code(&put(&[("if-match", &tag)]).await), (412, "changed_meanwhile"));
    assert_eq!(seen(&stage).await.0, body);
    // Another merchant has its own.
    assert_eq!(stage.get(Some("other-Owner"), AT).await.1["id"], OTHER);
    let (_, _, got) = stage.send(Some("other-Owner"), "PUT", AT, Some(body), &[("if-match", "*")]).await;
    assert_eq!(serde_json::from_slice::<Value>(&got).unwrap()["pointer"], "/id");
}

#[tokio::test]
async fn what_is_wrong_is_told_by_its_place() {
    let stage = ready().await;
    let secrets = json!({"kind": "royal_mail", "key": "k", "tracking_id": "i", "tracking_secret": "s"});
    stage.connect("con_00000000000000ee", OTHER, Kind::RoyalMail, &secrets).await;
    let north = json!({"id": "wh_north", "name": "North", "priority": 1});
    let south = json!({"id": "wh_south", "name": "South", "priority": 2});
    let rules = |rule: Value| json!({"rules": [rule]});
    let cases = [
        ("/name", "name", json!(" ")),
        ("/warehouses", "warehouses", json!([])),
        ("/warehouses", "warehouses", json!([north])),
        ("/warehouses/2/id", "warehouses", json!([north, south, north])),
        (
            "/warehouses/1/near",
            "warehouses",
            json!([north, {"id": "wh_south", "name": "S", "priority": 2, "near": ["bs"]}]),
        ),
        ("/warehouses/1/name", "warehouses", json!([north, {"id": "wh_south", "name": "", "priority": 2}])),
        (
            "/retention/delivered_days",
            "retention",
            json!({"delivered_days": 15, "shipped_days": 25, "cancelled_days": 7, "nothing_to_ship_days": 7, "unfulfilled_days": 90}),
        ),
        (
            "/retention/unfulfilled_days",
            "retention",
            json!({"delivered_days": 14, "shipped_days": 25, "cancelled_days": 7, "nothing_to_ship_days": 7, "unfulfilled_days": 0}),
        ),
        (
            "/services/rules/0/connection",
            "services",
            rules(rule("con_00000000000000ff", "royal_mail", "TPS48", "parcel")),
        ),
        (
            "/services/rules/0/connection",
            "services",
            rules(rule("con_00000000000000ee", "royal_mail", "TPS48", "parcel")),
        ),
        (
            "/services/rules/0/connection",
            "services",
            rules(rule("con_00000000000000aa", "royal_mail", "TPS48", "parcel")),
        ),
        ("/services/rules/0/service/carrier", "services", rules(rule(CARRIER, "dpd", "11", "parcel"))),
        ("/services/rules/0/service/code", "services", rules(rule(CARRIER, "royal_mail", "", "parcel"))),
        ("/services/rules/0/service", "services", rules(rule(CARRIER, "royal_mail", "TOLP24", "parcel"))),
        ("/services/rules/0/service", "services", rules(rule(CARRIER, "royal_mail", "TPS48", "crate"))),
        ("/services/rules/0/service", "services", rules(rule(CARRIER, "parcelforce", "FE0", "letter"))),
        (
            "/services/products/0/only/connection",
            "services",
            json!({"products": [{"skus": ["CUP"], "only": {"connection": "con_00000000000000ff", "service": {"carrier": "royal_mail", "code": "TPS48", "format": "parcel"}}}]}),
        ),
        (
            "/services/rates/0/price",
            "services",
            json!({"rates": [{"up_to_grams": 1, "price": "-0.01", "connection": CARRIER, "service": {"carrier": "royal_mail", "code": "TPS48", "format": "parcel"}}]}),
        ),
    ];
    let returns = |change: &dyn Fn(&mut Value)| {
        let mut returns = returns();
        change(&mut returns);
        json!({"returns": returns})
    };
    let wrong_returns = [
        ("connection", returns(&|one| one["connection"] = json!("con_00000000000000aa"))),
        ("service", returns(&|one| one["service"] = json!("24 hours"))),
        ("to/company", returns(&|one| one["to"]["company"] = json!(""))),
        ("to/lines", returns(&|one| one["to"]["lines"] = json!([]))),
        ("to/city", returns(&|one| one["to"]["city"] = json!(" "))),
        ("to/postcode", returns(&|one| one["to"]["postcode"] = json!("10115"))),
    ];
    let (before, _) = seen(&stage).await;
    let wrong_returns =
        wrong_returns.into_iter().map(|(at, value)| (format!("/services/returns/{at}"), "services", value));
    let cases = cases.into_iter().map(|(at, field, value)| (at.to_owned(), field, value));
    for (pointer, field, value) in cases.chain(wrong_returns) {
        let mut body = before.clone();
        body[field] = value;
        let told = store(&stage, &body).await;
        assert_eq!(
            (code(&told), told.1["pointer"].as_str()),
            ((422, "invalid_field"), Some(pointer.as_str())),
            "{body}"
        );
    }
    let mut unknown = before.clone();
    unknown["retension"] = json!({});
    assert_eq!(code(&store(&stage, &unknown).await), (400, "bad_body"));
    assert_eq!(seen(&stage).await.0, before, "nothing was stored");
}

/// How goods come back.
fn returns() -> Value {
    json!({"connection": CARRIER, "service": "TSS", "to": {"company": "Harbour & Finch",
        "lines": ["Unit 4"], "city": "Bristol", "postcode": "BS1 4ZZ"}})
}

#[tokio::test]
async fn services_of_the_merchants_own_accounts_are_kept_as_they_are_sent() {
    let stage = ready().await;
    let (mut body, _) = seen(&stage).await;
    let way = json!({"carrier": "royal_mail", "code": "TPS48", "format": "parcel"});
    body["services"]["rules"] = json!([
        {"name": "heavy", "countries": ["GB"], "up_to_grams": 30000, "cut_off": "16:30:00", "currency": "GBP",
            "from_value": "25.50", "connection": CARRIER, "service": {"carrier": "parcelforce", "code": "FE0", "format": "parcel"}},
        {"countries": [], "up_to_grams": 2000, "connection": CARRIER, "service": way},
    ]);
    body["services"]["returns"] = returns();
    body["services"]["named"] =
        json!([{"method": "Express", "connection": CARRIER, "service": way, "parcel_grams": 5000}]);
    assert_eq!(store(&stage, &body).await, (200, body.clone()));
    assert_eq!(seen(&stage).await.0, body);
    let kept = stage.db.merchant(&MERCHANT.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!((kept.services.rules.len(), kept.services.named.len()), (2, 1));
    let mut vague = body.clone();
    vague["services"]["rules"][0].as_object_mut().unwrap().remove("currency");
    let told = store(&stage, &vague).await;
    assert_eq!(told.1["pointer"], "/services/rules/0/currency", "25.50 of what? {}", told.1);
    let mut told = body.clone();
    told["services"]["named"][0]["service"]["notify"] = json!("email");
    let refused = store(&stage, &told).await;
    assert_eq!(refused.1["pointer"], "/services/named/0/service/notify", "no e-mail is kept: {}", refused.1);
    told["needs"]["carrier_notifications"] = json!(true);
    assert_eq!(store(&stage, &told).await, (200, told));
    // An account that was given up carries nothing new.
    assert_eq!(stage.call(OWNER, "DELETE", &format!("/v1/connections/{CARRIER}"), None).await.0, 202);
    let told = store(&stage, &body).await;
    assert_eq!(told.1["pointer"], "/services/named/0/connection", "{}", told.1);
}

#[tokio::test]
async fn the_first_owner_hires_others_who_are_trained_and_confirmed_as_of_now() {
    let stage = Stage::set().await;
    assert_eq!(make(&stage).await.0, 201);
    let put = async |by: &str, sub: &str, body: Value| {
        stage.call(Some(by), "PUT", &format!("/v1/staff/{sub}"), Some(body)).await
    };
    let trained = after(stage.now(), days(-5));
    // Themself: their training, and nothing else.
    let (status, me) = put("first", "first", json!({"role": "owner", "trained_at": trained})).await;
    assert_eq!(
        (status, me["trained_until"].as_str()),
        (200, Some(after(trained, days(365)).to_string().as_str()))
    );
    assert_eq!(code(&put("first", "first", json!({"role": "manager"})).await), (409, "same_person"));
    let reviewed = stage.db.staff("first").await.unwrap().unwrap().reviewed_at;
    stage.advance(60);
    assert_eq!(put("first", "first", json!({"role": "owner"})).await.0, 200);
    let kept = stage.db.staff("first").await.unwrap().unwrap();
    assert_eq!(
        (kept.reviewed_at, kept.trained_until),
        (reviewed, after(trained, days(365))),
        "nobody confirms themself"
    );

    let (status, packer) = put("first", "packer-1", json!({"role": "packer"})).await;
    assert_eq!((status, &packer["active"]), (200, &json!(true)));
    assert_eq!(stage.get(Some("packer-1"), "/v1/picks").await.0, 200);
    assert_eq!(code(&stage.get(Some("packer-1"), AT).await), (403, "not_allowed"));
    assert_eq!(stage.ask("first", "/v1/staff/packer-1/end", &json!({})).await.0, 200);
    assert_eq!(code(&stage.get(Some("packer-1"), "/v1/picks").await), (403, "no_access"));
    assert_eq!(put("first", "packer-1", json!({"role": "manager"})).await.0, 200);
    assert_eq!(stage.get(Some("packer-1"), AT).await.0, 200, "hired again, as something else");

    let tomorrow = json!({"role": "packer", "trained_at": after(stage.now(), days(1))});
    assert_eq!(code(&put("first", "packer-2", tomorrow).await), (400, "bad_entry"));
    assert_eq!(code(&put("packer-1", "packer-2", json!({"role": "owner"})).await), (403, "not_allowed"));
    assert_eq!(code(&put("first", "mine-Owner", json!({"role": "packer"})).await), (404, "not_found"));
    assert_eq!(stage.db.staff("mine-Owner").await.unwrap().unwrap().role, Role::Owner);
    assert_eq!(code(&put("first", &"x".repeat(65), json!({"role": "packer"})).await), (404, "not_found"));
    assert_eq!(code(&put("first", "packer-2", json!({"role": "king"})).await), (400, "bad_body"));
}
