//! Erasure on request: the orders named and those of the buyer, and nobody else's.

use crate::support::{Shop, Story, until};
use serde_json::json;
use waybill_domain::OrderId;
use waybill_domain::order::{PersonalData, Status};
use waybill_domain::request::{Asker, Kind as Asking};
use waybill_sandbox::invent::Kind;
use waybill_store::keys::KeyState;

pub static REDACTED: Story = Story::new("redacted", || Box::pin(redacted()));
pub static ASKED_FOR: Story = Story::new("asked for", || Box::pin(asked_for()));

#[test]
#[ignore = "needs a running stack"]
fn a_redacted_buyer_is_erased_and_the_next_one_is_not() {
    REDACTED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_request_for_data_is_recorded_with_its_deadline_and_no_name() {
    ASKED_FOR.told();
}

/// Waits until an order is erased to the end.
pub async fn erased(shop: &Shop, id: &OrderId) {
    let gone = async || (shop.order(id).await.personal == PersonalData::Erased).then_some(());
    until(format!("{id} to be erased").as_str(), gone).await;
    let closed = async || {
        let item = shop.db.get(&shop.db.tables.keys, id.as_str(), "recipient").await.unwrap()?;
        (!item.contains_key("purge_shard") && !item.contains_key("wrapped")).then_some(())
    };
    until("the erasure to be complete", closed).await;
}

async fn redacted() {
    let shop = Shop::open().await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = shop.bought(Kind::Plain).await;
        let id = shop.tell("orders/create", order).await;
        orders.push((order, id.clone()));
        shop.stands(&id, Status::Dispatched).await;
    }
    // The same buyer orders again, and the channel names only the first order.
    let again = shop.bought(Kind::Plain).await;
    let email = shop.body(orders[0].0).await["email"].clone();
    shop.change(again, "patch", &json!({"email": email.as_str().unwrap().to_uppercase()})).await;
    let again = (again, shop.tell("orders/create", again).await);
    shop.stands(&again.1, Status::Dispatched).await;

    let (named, id) = &orders[0];
    let body = json!({"shop_id": 1, "shop_domain": shop.domain, "customer": {"id": 1, "email": email}, "orders_to_redact": [named]});
    assert_eq!(shop.deliver("customers/redact", &body).await.status, 200);
    erased(&shop, id).await;
    erased(&shop, &again.1).await;
    super::road::in_the_ledger(&shop, id, "req_", 1..=2).await;
    super::road::in_the_ledger(&shop, &again.1, "req_", 1..=2).await;
    super::road::never_comes_back(&shop, *named, id).await;
    let other = &orders[1].1;
    assert_eq!(shop.order(other).await.personal, PersonalData::Live, "somebody else was erased");
    assert!(matches!(shop.db.recipient_key(other).await.unwrap(), KeyState::Live { .. }));
}

async fn asked_for() {
    let shop = Shop::open().await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    let email = shop.body(order).await["email"].as_str().unwrap().to_owned();
    let body = json!({"shop_id": 1, "shop_domain": shop.domain, "customer": {"id": 1, "email": email},
        "orders_requested": [order], "data_request": {"id": 77}});
    assert_eq!(shop.deliver("customers/data_request", &body).await.status, 200);
    let asked = shop.db.requests(&shop.ids.merchant).await.unwrap().into_iter();
    let asked: Vec<_> = asked.filter(|request| request.clock.kind == Asking::Export).collect();
    assert_eq!((asked.len(), asked[0].clock.asker), (1, Asker::Platform), "the request is on record");
    let item = format!("{asked:?}");
    assert!(item.contains(id.as_str()));
    assert!(!item.contains(&email));
    shop.stands(&id, Status::Dispatched).await;
}
