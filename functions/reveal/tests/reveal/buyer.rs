//! What a buyer asks by mail address, what they are given, and what a second person can open.

use crate::stage::{MERCHANT, ORDER, OTHER, PERSONAL, SHIPMENT, Stage, label_of, recipient_of, sub};
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_domain::access::Role;
use waybill_domain::hold::{HoldReason, LegalHold};
use waybill_domain::shipment::LabelFormat;
use waybill_domain::time::{after, days};
use waybill_domain::{MerchantId, OrderId, ShipmentId};
use waybill_privacy::Sensitive;
use waybill_privacy::index::IndexKey;
use waybill_store::audit::{Action, Event, Stream};
use waybill_store::glass::Glass;
use waybill_store::holds::Held;
use waybill_store::keyring::Vault;
use waybill_store::registry::{Connection, ConnectionState, Kind, Merchant};
use waybill_store::{Queue, Work};

const ASK: &str = "/v1/buyers/requests?purpose=request";
const MAIL: &str = "zoe@example.invalid";

/// The merchant with its index key and its shop, and the order under the blind index of its buyer.
pub async fn indexed() -> Stage {
    let stage = Stage::set().await;
    let db = stage.db();
    let merchant = Merchant {
        id: MERCHANT.parse().unwrap(),
        name: "Invented Goods".into(),
        index_key: stage.kms.seal(MERCHANT, &[7; 32]).await.unwrap(),
        needs: Default::default(),
        retention: Default::default(),
        part_ship: false,
        warehouses: Vec::new(),
        services: Vec::new().into(),
    };
    db.save_merchant(&merchant).await.unwrap();
    let shop = Connection {
        id: "con_00000000000000aa".parse().unwrap(),
        merchant: merchant.id.clone(),
        kind: Kind::Shopify,
        state: ConnectionState::Active,
        address: "https://shop.invalid".into(),
        tracking_address: None,
        token_address: None,
        keys_address: None,
        places: std::collections::BTreeMap::new(),
        credentials: Vec::new(),
    };
    db.save_connection(&shop).await.unwrap();
    let index = IndexKey::from_bytes(&[7; 32]).unwrap().buyer(&shop.id, &Sensitive::new(MAIL.into()));
    bought_by(&stage, ORDER, &index).await;
    stage
}

/// Puts an order under a blind index.
async fn bought_by(stage: &Stage, order: &str, index: &str) {
    let update = stage.db().client.update_item().table_name("keys");
    update
        .set_key(Some(waybill_store::db::key(order, "recipient")))
        .update_expression("SET buyer = :buyer")
        .expression_attribute_values(":buyer", waybill_store::db::s(index))
        .send()
        .await
        .unwrap();
}

async fn export(stage: &Stage) -> String {
    let asked =
        stage.post(Role::Support, ASK, &json!({"email": " Zoe@Example.invalid", "kind": "export"})).await;
    assert_eq!(asked.status, 200, "{:?}", asked.json());
    format!("/v1/requests/{}/export?purpose=request", asked.json()["request"].as_str().unwrap())
}

#[tokio::test]
async fn an_address_becomes_a_blind_index_and_is_stored_and_sent_nowhere() {
    let stage = indexed().await;
    let asked = stage.post(Role::Support, ASK, &json!({"email": MAIL, "kind": "erasure"})).await;
    assert_eq!(asked.status, 200);
    let sent = stage.queues.take();
    assert_eq!((sent.len(), sent[0].queue), (1, Queue::Erase));
    let Work::Request { merchant, request, .. } = &sent[0].work else { panic!("{:?}", sent[0].work) };
    assert_eq!((merchant.as_str(), request.as_str()), (MERCHANT, asked.json()["request"].as_str().unwrap()));
    let stored = stage.db().request(merchant, request).await.unwrap().unwrap();
    let waybill_store::requests::Scope::Buyer { indexes, .. } = &stored.scope else {
        panic!("{:?}", stored.scope)
    };
    let found = stage.db().orders_of_buyer(&indexes[0]).await.unwrap();
    assert_eq!(found, [ORDER.parse::<OrderId>().unwrap()]);
    let everything: String = ["orders", "keys", "registry", "audit"]
        .map(|table| format!("{:?}", stage.engine.dump(table).unwrap()))
        .concat();
    assert!(!everything.to_lowercase().contains(MAIL) && !format!("{sent:?}").contains(MAIL));
}

#[tokio::test]
async fn who_may_not_erase_or_does_not_say_what_is_told_so_and_nothing_is_stored() {
    let stage = indexed().await;
    let body = json!({"email": MAIL, "kind": "erasure"});
    for role in [Role::Packer, Role::Auditor, Role::Integrator] {
        assert_eq!(stage.post(role, ASK, &body).await.problem(), (403, "not_allowed".into()));
    }
    let without = stage.post(Role::Support, "/v1/buyers/requests", &body).await;
    assert_eq!(without.problem(), (400, "purpose_required".into()));
    for bad in [json!({"email": MAIL}), json!({"email": MAIL, "kind": "marketing"}), json!([MAIL])] {
        let answer = stage.post(Role::Support, ASK, &bad).await;
        assert!(!String::from_utf8_lossy(&answer.body).contains(MAIL));
        assert_eq!(answer.problem(), (400, "bad_body".into()));
    }
    assert!(stage.queues.take().is_empty());
}

#[tokio::test]
async fn an_export_holds_everything_of_that_buyer_with_sources_purposes_and_disclosures_and_leaves_a_record()
{
    let stage = indexed().await;
    let given = Event {
        at: stage.now(),
        action: Action::Disclose,
        actor: "shipper".into(),
        order: ORDER.parse().unwrap(),
        purpose: "label".into(),
        fields: vec!["name".into(), "postcode".into()],
    };
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    stage.db().append(&merchant, Stream::Disclosure, &[given]).await.unwrap();
    let address = export(&stage).await;
    let answer = stage.as_role(Role::Support, &address).await;
    let held = answer.json();
    assert_eq!((answer.status, held["orders"].as_array().unwrap().len()), (200, 1));
    let order = &held["orders"][0];
    assert_eq!(order["recipient"]["name"], "Zoë Ångström");
    assert_eq!(order["recipient"]["phone"], "07700 900001");
    assert_eq!(order["source"]["channel_order"]["name"], "#1001");
    assert_eq!(order["parcels"][0]["shipment"], SHIPMENT);
    assert_eq!(order["given_to_carriers"][0]["fields"], json!(["name", "postcode"]));
    assert_eq!(order["lines"][0]["sku"], "TEE-RED");
    assert!(order["kept_until"].is_string() && held["purposes"].as_array().unwrap().len() == 4);
    let records = stage.records().await;
    assert_eq!((records.len(), records[0].event.action), (1, Action::Export));
    assert_eq!(stage.kms.decrypts(), 1, "one record, one opening");
    let page = stage.as_role(Role::Support, &format!("{address}&format=page")).await;
    let text = String::from_utf8(page.body).unwrap();
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    for word in
        ["What Invented Goods holds about you", "Zoë Ångström", "given to carriers", "14 Invented Street"]
    {
        assert!(text.contains(word), "{word}");
    }
    assert!(!text.contains("sub-Support"), "who opened it is somebody's name too");
}

#[tokio::test]
async fn a_buyer_of_more_orders_than_may_be_opened_in_an_hour_is_told_all_of_them_in_parts() {
    let stage = indexed().await;
    let index = IndexKey::from_bytes(&[7; 32])
        .unwrap()
        .buyer(&"con_00000000000000aa".parse().unwrap(), &Sensitive::new(MAIL.into()));
    let mut all = BTreeSet::from([ORDER.to_owned()]);
    for n in 0..69 {
        let order = format!("ord_{n:032x}");
        stage.take_order(&order).await;
        bought_by(&stage, &order, &index).await;
        all.insert(order);
    }
    let address = export(&stage).await;
    let part = async |after: &Value| {
        let after = after.as_str().map_or_else(String::new, |order| format!("&after={order}"));
        let answer = stage.as_role(Role::Support, &format!("{address}{after}")).await;
        assert_eq!(answer.status, 200, "{:?}", answer.json());
        let told = answer.json();
        assert_eq!(told["orders_in_all"], 70);
        let orders = told["orders"].as_array().unwrap().iter();
        let opened = orders.map(|one| {
            assert_eq!(one["recipient"]["name"], "Zoë Ångström");
            one["order"].as_str().unwrap().to_owned()
        });
        (opened.collect::<Vec<_>>(), told["next"].clone())
    };
    let (mut told, next) = part(&Value::Null).await;
    assert_eq!((told.len(), next.as_str()), (50, Some(told[49].as_str())));
    let (second, next) = part(&next).await;
    assert_eq!((second.len(), next.as_str()), (10, Some(second[9].as_str())), "the hour ends at sixty");
    let refused = stage.as_role(Role::Support, &format!("{address}&after={}", second[9])).await;
    assert_eq!(refused.problem(), (429, "reveal_limit".into()));
    told.extend(second);
    stage.advance(3600);
    let (third, next) = part(&next).await;
    assert_eq!((third.len(), &next), (10, &Value::Null));
    told.extend(third);
    assert_eq!(told.len(), 70, "each once");
    assert_eq!(told.into_iter().collect::<BTreeSet<_>>(), all);
    assert_eq!(stage.kms.decrypts(), 70, "one opening each");
    let page = stage.as_role(Role::Support, &format!("{address}&format=page")).await;
    assert!(String::from_utf8(page.body).unwrap().contains("which is 70 orders in all"));
}

#[tokio::test]
async fn an_export_is_for_the_trained_of_that_merchant_and_only_of_that_buyer() {
    let stage = indexed().await;
    let address = export(&stage).await;
    let theirs = stage.get(Some("other-Owner"), &address).await;
    assert_eq!(theirs.problem(), (404, "not_found".into()), "{OTHER}");
    for role in [Role::Packer, Role::Auditor, Role::Integrator] {
        assert_eq!(stage.as_role(role, &address).await.problem(), (403, "not_allowed".into()));
    }
    let other =
        stage.post(Role::Support, ASK, &json!({"email": "bob@example.invalid", "kind": "export"})).await;
    let address =
        format!("/v1/requests/{}/export?purpose=request", other.json()["request"].as_str().unwrap());
    let answer = stage.as_role(Role::Support, &address).await;
    assert_eq!(answer.json()["orders"], json!([]));
    assert!(PERSONAL.iter().all(|word| !String::from_utf8_lossy(&answer.body).contains(word)));
    let erasure = stage.post(Role::Support, ASK, &json!({"email": MAIL, "kind": "erasure"})).await;
    let address =
        format!("/v1/requests/{}/export?purpose=request", erasure.json()["request"].as_str().unwrap());
    assert_eq!(stage.as_role(Role::Support, &address).await.problem(), (404, "not_found".into()));
}

#[tokio::test]
async fn beyond_a_role_one_order_opens_when_a_second_person_agreed_and_for_as_long_as_that_lasts() {
    let stage = Stage::set().await;
    let refused =
        async |role, purpose: &str| stage.as_role(role, &recipient_of(ORDER, purpose)).await.status == 403;
    assert!(refused(Role::Packer, "legal").await);
    let glass = Glass {
        sub: sub(Role::Packer),
        order: ORDER.parse().unwrap(),
        purpose: "legal".into(),
        asked_at: stage.now(),
        until: after(stage.now(), SignedDuration::from_hours(1)),
        agreed_by: None,
    };
    let merchant: MerchantId = MERCHANT.parse().unwrap();
    let save = async |glass: Glass| stage.db().save_glass(&merchant, &glass).await.unwrap();
    save(glass.clone()).await;
    assert!(refused(Role::Packer, "legal").await, "nobody agreed");
    save(Glass { agreed_by: Some(sub(Role::Packer)), ..glass.clone() }).await;
    assert!(refused(Role::Packer, "legal").await, "nobody else agreed");
    save(Glass { agreed_by: Some(sub(Role::Owner)), ..glass.clone() }).await;
    assert!(refused(Role::Support, "legal").await && refused(Role::Packer, "return").await);
    assert_eq!(stage.as_role(Role::Packer, &recipient_of(ORDER, "legal")).await.status, 200);
    assert_eq!(stage.records().await.last().unwrap().event.purpose, "legal");
    stage.advance(3600);
    assert!(refused(Role::Packer, "legal").await, "it is over");
}

#[tokio::test]
async fn what_a_second_person_agreed_to_opens_one_order_and_no_batch_of_others() {
    let stage = Stage::set().await;
    let other = "ord_fedcba9876543210fedcba9876543210";
    stage.take_order(other).await;
    let shipment = |order: &str, n| ShipmentId::of(&order.parse().unwrap(), n);
    for (order, n) in [(ORDER, 2), (ORDER, 3), (other, 1)] {
        stage.keep_label(shipment(order, n), b"^XA^XZ", LabelFormat::Zpl).await;
    }
    let glass = Glass {
        sub: sub(Role::Support),
        order: ORDER.parse().unwrap(),
        purpose: "label".into(),
        asked_at: stage.now(),
        until: after(stage.now(), SignedDuration::from_hours(1)),
        agreed_by: Some(sub(Role::Owner)),
    };
    stage.db().save_glass(&MERCHANT.parse().unwrap(), &glass).await.unwrap();
    let batch = async |of: &[(&str, usize)]| {
        let ids: Vec<String> = of.iter().map(|(order, n)| shipment(order, *n).to_string()).collect();
        stage.as_role(Role::Support, &format!("/v1/labels?purpose=label&shipments={}", ids.join(","))).await
    };
    assert_eq!(batch(&[(ORDER, 2), (ORDER, 3)]).await.status, 200);
    let before = stage.kms.decrypts();
    assert_eq!(batch(&[(ORDER, 2), (other, 1)]).await.problem(), (403, "not_allowed".into()));
    assert_eq!(batch(&[(other, 1)]).await.problem(), (403, "not_allowed".into()));
    assert_eq!(stage.kms.decrypts(), before);
    let last: Value = serde_json::to_value(stage.records().await.last().unwrap().event.action).unwrap();
    assert_eq!(last, "refused");
}

#[tokio::test]
async fn what_a_hold_keeps_past_its_time_opens_for_the_law_and_for_nothing_else() {
    let stage = Stage::set().await;
    let order: OrderId = ORDER.parse().unwrap();
    let until = after(stage.now(), days(120));
    let hold =
        LegalHold::ask(HoldReason::Claim, "a", until, stage.now()).unwrap().agree("b", stage.now()).unwrap();
    stage.db().save_hold(&MERCHANT.parse().unwrap(), &Held { order: order.clone(), hold }).await.unwrap();
    stage.advance(days(95).as_secs());
    stage.hire().await;
    let status = async |purpose| stage.as_role(Role::Owner, &recipient_of(ORDER, purpose)).await.status;
    assert_eq!(status("legal").await, 410, "on record and not in force on the key");
    stage.db().hold_key(&order, until, None).await.unwrap();
    assert_eq!(status("legal").await, 200);
    for purpose in ["pick", "label", "exception", "return", "request"] {
        assert_eq!(status(purpose).await, 410, "{purpose}");
    }
    stage.advance(days(25).as_secs());
    assert_eq!(status("legal").await, 410, "the hold is over");
}

#[tokio::test]
async fn a_warm_function_forgets_with_the_order_and_keeps_no_key() {
    let stage = Stage::set().await;
    for address in [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")] {
        assert_eq!(stage.as_role(Role::Owner, &address).await.status, 200);
        assert_eq!(stage.as_role(Role::Owner, &address).await.status, 200);
    }
    assert_eq!(stage.kms.decrypts(), 4, "each opening asks for the key anew");
    stage.db().shred(&ORDER.parse().unwrap(), stage.now()).await.unwrap();
    for address in [recipient_of(ORDER, "label"), label_of(SHIPMENT, "label")] {
        assert_eq!(stage.as_role(Role::Owner, &address).await.problem(), (410, "erased".into()));
    }
    assert_eq!(stage.kms.decrypts(), 4);
}

#[tokio::test]
async fn a_grant_nobody_confirmed_opens_nothing() {
    let stage = Stage::set().await;
    stage.advance(days(90).as_secs() - 1);
    assert_eq!(stage.as_role(Role::Owner, &recipient_of(ORDER, "legal")).await.status, 200);
    stage.advance(1);
    let answer = stage.as_role(Role::Owner, &recipient_of(ORDER, "legal")).await;
    assert_eq!(answer.problem(), (403, "not_confirmed".into()));
    let last: Value = serde_json::to_value(stage.records().await.last().unwrap().event.action).unwrap();
    assert_eq!(last, "refused");
}
