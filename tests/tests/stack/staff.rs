//! What staff can see: orders without people, and people one at a time, for a purpose, with a trace.

use crate::support::{Reply, Shop, Story, deliver_everything, until};
use serde_json::Value;
use waybill_domain::OrderId;
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::time::{after, days};
use waybill_harness::canary::{events, personal_tokens};
use waybill_harness::staff::{AUDITOR, PACKER, SUPPORT, sign_in};
use waybill_sandbox::invent::Kind;
use waybill_store::audit::{Action, Record, Stream, first_break};
use waybill_store::keyring::OpenKeys;
use waybill_store::keys::KeyState;

pub static STAFF: Story = Story::new("staff", || Box::pin(staff()));

#[test]
#[ignore = "needs a running stack"]
fn a_person_is_shown_for_a_purpose_with_one_record_and_one_decrypt_or_not_at_all() {
    STAFF.told();
}

async fn get(shop: &Shop, path: &str, token: Option<&str>) -> Reply {
    let request = reqwest::Client::new().get(format!("{}{path}", shop.stack.api_url));
    let request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
    let reply = request.send().await.unwrap();
    let status = reply.status().as_u16();
    Reply { status, body: String::from_utf8_lossy(&reply.bytes().await.unwrap()).into_owned() }
}

async fn access(shop: &Shop, order: &OrderId) -> Vec<Record> {
    let records = shop.db.records(&shop.ids.merchant, Stream::Access).await.unwrap();
    assert_eq!(first_break(&records).unwrap(), None, "the chain is broken");
    records.into_iter().filter(|record| record.event.order == *order).collect()
}

/// How often the data key of an order was opened.
async fn decrypts(shop: &Shop, order: &OrderId) -> usize {
    let recipients = shop.stack.output("KeyRecipients").unwrap();
    let mut count = 0;
    events(&shop.aws(), |event| {
        let call = event["CloudTrailEvent"].as_str().unwrap_or_default();
        let ours =
            event["EventName"] == "Decrypt" && call.contains(recipients) && call.contains(order.as_str());
        count += usize::from(ours);
    })
    .await
    .unwrap();
    count
}

async fn staff() {
    let shop = Shop::demo().await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    without_people(&shop, order, &id).await;
    one_person(&shop, order, &id).await;
    one_label(&shop, &id).await;
    gone(&shop, &id).await;
    past_our_code().await;
}

/// The daily audit matches each opening with CloudTrail's record, and finds one that was made past our code.
async fn past_our_code() {
    let shop = Shop::open().await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let merchant = &shop.ids.merchant;
    // The day that is compared ends an hour before the run.
    let soon = || after(jiff::Timestamp::now(), jiff::SignedDuration::from_hours(2));
    shop.stack.run_at("FunctionAuditor", soon()).await.unwrap();
    let day = shop.db.openings_compared(merchant).await.unwrap().unwrap();
    assert!(day.opened > 0 && day.opened == day.recorded && day.holds(), "{day:?}");
    let by_right = day.opened;
    let KeyState::Live { wrapped, .. } = shop.db.recipient_key(&id).await.unwrap() else { panic!() };
    OpenKeys::open(&shop.stack.kms().unwrap(), merchant, &id, &wrapped).await.unwrap();
    let report = shop.stack.run_at("FunctionAuditor", soon()).await.unwrap();
    let day = shop.db.openings_compared(merchant).await.unwrap().unwrap();
    assert_eq!((day.opened, day.recorded), (by_right + 1, by_right));
    assert_eq!((day.unrecorded, day.unopened), (vec![id.clone()], vec![]));
    let name = format!("openings/{merchant}");
    let check = report["checks"].as_array().unwrap().iter().find(|check| check["name"] == name).unwrap();
    assert_eq!(check["ok"], false);
    assert!(check["detail"].as_str().unwrap().contains(id.as_str()), "{check}");
}

/// The API shows orders and stock, and nobody's name.
async fn without_people(shop: &Shop, order: i64, id: &OrderId) {
    let token = sign_in(&shop.stack, SUPPORT).await.unwrap();
    let sku = shop.body(order).await["line_items"][0]["sku"].as_str().unwrap().to_owned();
    let personal = personal_tokens(&shop.body(order).await);
    assert!(personal.len() >= 3);
    let paths = [
        "/v1/orders?status=dispatched".to_owned(),
        format!("/v1/orders/{id}"),
        "/v1/exceptions".into(),
        format!("/v1/stock/{sku}"),
    ];
    for path in &paths {
        assert_eq!(get(shop, path, None).await.status, 401, "{path} without a token");
        assert_eq!(get(shop, path, Some("x.y.z")).await.status, 401, "{path} with a token of nobody");
        let reply = get(shop, path, Some(&token)).await;
        assert_eq!(reply.status, 200, "{path}: {}", reply.body);
        assert!(personal.iter().all(|token| !reply.body.contains(&token.value)), "{path} shows a person");
    }
    assert!(get(shop, &paths[1], Some(&token)).await.body.contains("\"dispatched\""));
    let other = Shop::open().await;
    let theirs = other.bought(Kind::Plain).await;
    let theirs = other.tell("orders/create", theirs).await;
    other.stands(&theirs, Status::Dispatched).await;
    let unknown = "ord_00000000000000000000000000000000";
    let (of_other, of_nobody) = (
        get(shop, &format!("/v1/orders/{theirs}"), Some(&token)).await,
        get(shop, &format!("/v1/orders/{unknown}"), Some(&token)).await,
    );
    assert_eq!(of_other.status, 404);
    assert_eq!(of_other, of_nobody, "another merchant's order can be told from an unknown one");
    let path = format!("/v1/orders/{theirs}/recipient?purpose=return");
    assert_eq!(get(shop, &path, Some(&token)).await.status, 404);
}

/// One recipient: one record, one Decrypt.
async fn one_person(shop: &Shop, order: i64, id: &OrderId) {
    let path = format!("/v1/orders/{id}/recipient");
    let support = sign_in(&shop.stack, SUPPORT).await.unwrap();
    let auditor = sign_in(&shop.stack, AUDITOR).await.unwrap();
    assert_eq!(get(shop, &format!("{path}?purpose=return"), None).await.status, 401);
    for wrong in ["", "?purpose=", "?purpose=marketing", "?purpose=return&purpose=pick"] {
        let reply = get(shop, &format!("{path}{wrong}"), Some(&support)).await;
        assert_eq!((reply.status, reply.body.contains("purpose")), (400, true), "{wrong}");
    }
    let reply = get(shop, &format!("{path}?purpose=return"), Some(&auditor)).await;
    assert_eq!(reply.status, 403, "an auditor reads the trail and never a customer");

    let (records, opened) = (access(shop, id).await.len(), decrypts(shop, id).await);
    let reply = get(shop, &format!("{path}?purpose=return"), Some(&support)).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    let shown: Value = serde_json::from_str(&reply.body).unwrap();
    let wanted = &shop.body(order).await["shipping_address"];
    assert_eq!(shown["recipient"]["name"], wanted["name"]);
    assert_eq!(shown["recipient"]["postcode"], wanted["zip"]);
    assert_eq!(shown["recipient"].get("gift_note"), None);
    let after = access(shop, id).await;
    assert_eq!(after.len(), records + 1, "one opening, one record");
    let event = &after.last().unwrap().event;
    assert_eq!((event.action, event.purpose.as_str()), (Action::Reveal, "return"));
    assert!(event.fields.iter().any(|field| field == "name"));
    assert!(!serde_json::to_string(event).unwrap().contains(wanted["name"].as_str().unwrap()));
    assert_eq!(decrypts(shop, id).await, opened + 1, "one opening, one Decrypt");
}

async fn one_label(shop: &Shop, id: &OrderId) {
    let shipment = shop.db.shipments(id).await.unwrap().remove(0).id;
    let packer = sign_in(&shop.stack, PACKER).await.unwrap();
    let path = format!("/v1/shipments/{shipment}/label?purpose=label");
    let records = access(shop, id).await.len();
    let reply = get(shop, &path, Some(&packer)).await;
    assert_eq!((reply.status, reply.body.starts_with("%PDF")), (200, true));
    let after = access(shop, id).await;
    assert_eq!((after.len(), after.last().unwrap().event.action), (records + 1, Action::Label));
}

/// After the purge there is nothing to show, and that is said.
async fn gone(shop: &Shop, id: &OrderId) {
    let support = sign_in(&shop.stack, SUPPORT).await.unwrap();
    let packer = sign_in(&shop.stack, PACKER).await.unwrap();
    let shipment = shop.db.shipments(id).await.unwrap().remove(0).id;
    let at = after(deliver_everything(shop).await, days(60));
    let erased = async || {
        shop.stack.run_at("FunctionRetention", at).await.unwrap();
        (shop.order(id).await.personal == PersonalData::Erased).then_some(())
    };
    until("the order to be forgotten", erased).await;
    let opened = decrypts(shop, id).await;
    let reply = get(shop, &format!("/v1/orders/{id}/recipient?purpose=return"), Some(&support)).await;
    assert_eq!(reply.status, 410, "{}", reply.body);
    assert_eq!(
        get(shop, &format!("/v1/shipments/{shipment}/label?purpose=label"), Some(&packer)).await.status,
        410
    );
    assert_eq!(decrypts(shop, id).await, opened, "a key of someone forgotten was asked for");
    let view: Value =
        serde_json::from_str(&get(shop, &format!("/v1/orders/{id}"), Some(&support)).await.body).unwrap();
    assert_eq!(view["summary"]["personal_data"], "erased");
    assert_eq!((view.get("channel_order"), view.get("destination")), (None, None));
}
