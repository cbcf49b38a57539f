//! Orders that change on their way: edited, cancelled before and after booking, deleted at the shop, held and cancelled
//! by the merchant's own people, whose label they have undone, and a shop that leaves.

use crate::support::{Shop, Story, until};
use crate::warehouse::{call, done};
use serde_json::json;
use waybill_domain::OrderId;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Order, Status};
use waybill_domain::shipment::Booking;
use waybill_domain::time::{after, days};
use waybill_harness::staff::{OWNER, sign_in};
use waybill_sandbox::invent::Kind;
use waybill_store::keys::KeyState;
use waybill_store::registry::ConnectionState;

pub static EDITED: Story = Story::new("edited", || Box::pin(edited()));
pub static CANCELLED_BEFORE: Story = Story::new("cancelled before booking", || Box::pin(cancelled_before()));
pub static CANCELLED_AFTER: Story = Story::new("cancelled after booking", || Box::pin(cancelled_after()));
pub static FOUND_CANCELLED: Story = Story::new("found cancelled", || Box::pin(found_cancelled()));
pub static DELETED: Story = Story::new("deleted", || Box::pin(deleted()));
pub static DIRECTED: Story = Story::new("directed", || Box::pin(directed()));
pub static UNDONE: Story = Story::new("label undone", || Box::pin(undone()));
pub static UNINSTALLED: Story = Story::new("uninstalled", || Box::pin(uninstalled()));

#[test]
#[ignore = "needs a running stack"]
fn an_edited_order_is_read_again_and_its_promises_follow() {
    EDITED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn an_order_cancelled_before_booking_gives_its_goods_back() {
    CANCELLED_BEFORE.told();
}

#[test]
#[ignore = "needs a running stack"]
fn an_order_cancelled_after_booking_is_voided_at_the_carrier_first() {
    CANCELLED_AFTER.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_cancellation_that_was_never_delivered_is_found_when_the_order_is_read() {
    FOUND_CANCELLED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn an_order_deleted_at_the_shop_is_not_sent() {
    DELETED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn an_order_is_held_released_and_cancelled_by_its_own_people() {
    DIRECTED.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_label_is_undone_after_the_shop_was_told_and_the_order_booked_again() {
    UNDONE.told();
}

#[test]
#[ignore = "needs a running stack"]
fn a_shop_that_uninstalls_gets_nothing_more_and_its_redaction_erases_all() {
    UNINSTALLED.told();
}

/// An order that has come as far as its queue lets it: `stopped` takes no messages meanwhile.
async fn stopped_at(shop: &Shop, stopped: &'static str, status: Status) -> (i64, OrderId, Order) {
    shop.listen(stopped, false).await;
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    let held = shop.stands(&id, status).await;
    (order, id, held)
}

fn first_line(order: &Order) -> (&str, i64) {
    let line = &order.lines[0];
    (line.sku.as_deref().unwrap(), i64::from(line.quantity))
}

async fn edited() {
    let shop = Shop::open().await;
    let (order, id, held) = stopped_at(&shop, "FunctionShipper", Status::Allocated).await;
    let (sku, pieces) = first_line(&held);
    let on_hand = shop.shelf(sku).await.0;
    assert_eq!(shop.shelf(sku).await, (on_hand, pieces));

    shop.change(order, "edit", &json!({"lines": {sku: pieces + 2}})).await;
    // The delivery carries differences only, so the order must be read from the shop.
    let reply = shop.deliver("orders/edited", &json!({"order_edit": {"id": 1, "order_id": order}})).await;
    assert_eq!(reply.status, 200);
    let grown = async || {
        let order = shop.db.order(&id).await.unwrap()?;
        (order.status == Status::Allocated && first_line(&order).1 == pieces + 2).then_some(())
    };
    until("the edited order to be allocated", grown).await;
    assert_eq!(shop.shelf(sku).await, (on_hand, pieces + 2), "promised is what is wanted now");

    shop.listen("FunctionShipper", true).await;
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(shop.shelf(sku).await, (on_hand - pieces - 2, 0));
    assert_eq!(shop.at_carrier(&id).await, (1, 0));
}

async fn cancelled_before() {
    let shop = Shop::open().await;
    let (order, id, held) = stopped_at(&shop, "FunctionShipper", Status::Allocated).await;
    let (sku, pieces) = first_line(&held);
    let on_hand = shop.shelf(sku).await.0;
    assert_eq!(shop.shelf(sku).await, (on_hand, pieces));

    shop.change(order, "cancel", &json!({"reason": "customer"})).await;
    shop.tell("orders/cancelled", order).await;
    given_back(&shop, &id, sku, on_hand).await;
    shop.listen("FunctionShipper", true).await;
    // The message to book it is still there and finds nothing to do.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(shop.at_carrier(&id).await, (0, 0), "nothing was ever booked");
    assert_eq!(shop.order(&id).await.status, Status::Cancelled);
}

async fn cancelled_after() {
    let shop = Shop::open().await;
    let (order, id, held) = stopped_at(&shop, "FunctionNotifier", Status::Booked).await;
    let (sku, pieces) = first_line(&held);
    let on_hand = shop.shelf(sku).await.0;
    assert_eq!(shop.shelf(sku).await, (on_hand, pieces));
    assert_eq!(shop.at_carrier(&id).await, (1, 0));

    shop.change(order, "cancel", &json!({"reason": "customer"})).await;
    shop.tell("orders/cancelled", order).await;
    given_back(&shop, &id, sku, on_hand).await;
    assert_eq!(shop.at_carrier(&id).await, (0, 1), "the booking is deleted at the carrier");
    let shipments = shop.db.shipments(&id).await.unwrap();
    assert!(shipments.iter().all(|shipment| shipment.booking == Booking::Voided));
    shop.listen("FunctionNotifier", true).await;
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    let path = format!("orders/{}/{order}", shop.domain);
    let there = shop.stack.control("GET", &path, &serde_json::Value::Null).await.unwrap();
    assert_eq!(there["fulfillments"], json!([]), "the shop was told a tracking number of a cancelled order");
}

async fn found_cancelled() {
    let shop = Shop::open().await;
    let (order, id, held) = stopped_at(&shop, "FunctionNotifier", Status::Booked).await;
    let (sku, pieces) = first_line(&held);
    let on_hand = shop.shelf(sku).await.0;
    assert_eq!(shop.shelf(sku).await, (on_hand, pieces));
    shop.change(order, "cancel", &json!({"reason": "customer"})).await;
    shop.deliver("refunds/create", &json!({"id": 1, "order_id": order})).await;
    given_back(&shop, &id, sku, on_hand).await;
    assert_eq!(shop.at_carrier(&id).await, (0, 1));
    shop.listen("FunctionNotifier", true).await;
}

async fn deleted() {
    let shop = Shop::open().await;
    let (order, id, held) = stopped_at(&shop, "FunctionShipper", Status::Allocated).await;
    let sku = first_line(&held).0;
    let on_hand = shop.shelf(sku).await.0;
    shop.change(order, "delete", &json!({})).await;
    assert_eq!(shop.deliver("orders/delete", &json!({"id": order})).await.status, 200);
    given_back(&shop, &id, sku, on_hand).await;
    shop.listen("FunctionShipper", true).await;
}

async fn directed() {
    let shop = Shop::demo().await;
    let owner = sign_in(&shop.stack, OWNER).await.unwrap();
    let (_, id, held) = stopped_at(&shop, "FunctionShipper", Status::Allocated).await;
    let say = async |what: &str| done(&shop, &owner, "POST", &format!("/v1/orders/{id}/{what}"), None).await;
    assert_eq!(say("fulfilment/hold").await["hold"], "merchant");
    assert_eq!(shop.order(&id).await.lines, held.lines, "its goods stay promised");
    shop.listen("FunctionShipper", true).await;
    // The message to book it is still there and finds that it waits.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;
    assert_eq!(shop.at_carrier(&id).await, (0, 0));
    shop.listen("FunctionShipper", false).await;
    say("fulfilment/release").await;
    assert_eq!(say("cancel").await["status"], "cancelled");
    let cancelled = shop.order(&id).await.milestones.cancelled.unwrap();
    let soon = async || match shop.db.recipient_key(&id).await.unwrap() {
        KeyState::Live { purge_at, .. } => (purge_at <= after(cancelled, days(7))).then_some(()),
        _ => None,
    };
    until("the buyer to be forgotten a week after", soon).await;
    let free = async || (!shop.order(&id).await.holds_stock()).then_some(());
    until("its goods to be given back", free).await;
    shop.listen("FunctionShipper", true).await;
}

async fn undone() {
    let shop = Shop::demo().await;
    let owner = sign_in(&shop.stack, OWNER).await.unwrap();
    let order = shop.bought(Kind::Plain).await;
    let id = shop.tell("orders/create", order).await;
    shop.stands(&id, Status::Dispatched).await;
    let settled = async || (!shop.order(&id).await.holds_stock()).then_some(());
    until("its goods to have left the shelf", settled).await;
    let sent = shop.order(&id).await;
    let sku = first_line(&sent).0;
    let on_hand = shop.shelf(sku).await.0;

    let shipment = shop.db.shipments(&id).await.unwrap().remove(0).id;
    let path = format!("/v1/shipments/{shipment}/void");
    let asked = call(&shop, &owner, "POST", &path, None).await;
    assert_eq!(asked.status, 202, "{}", asked.body);
    let open = async || {
        let order = shop.order(&id).await;
        order.exceptions.iter().any(|open| open.reason == Reason::LabelVoided).then_some(order)
    };
    assert_eq!(until("the label to be undone", open).await.status, Status::Held);
    assert_eq!(shop.at_carrier(&id).await, (0, 1));

    let again = json!({"reason": "label_voided", "remedy": "retry"});
    done(&shop, &owner, "POST", &format!("/v1/orders/{id}/settle"), Some(again)).await;
    shop.stands(&id, Status::Dispatched).await;
    assert_eq!(shop.at_carrier(&id).await, (1, 1));
    let labels = shop.db.shipments(&id).await.unwrap();
    assert_eq!(labels.iter().filter(|one| one.has_label()).count(), 1);
    assert_eq!(shop.shelf(sku).await.0, on_hand, "its goods left once");
}

async fn given_back(shop: &Shop, id: &OrderId, sku: &str, on_hand: i64) {
    let free = async || {
        let order = shop.db.order(id).await.unwrap()?;
        (order.status == Status::Cancelled && !order.holds_stock()).then_some(())
    };
    until("the cancelled order to give its goods back", free).await;
    assert_eq!(shop.shelf(sku).await, (on_hand, 0));
}

async fn uninstalled() {
    let shop = Shop::open().await;
    let ids = [shop.bought(Kind::Plain).await, shop.bought(Kind::SeveralLines).await];
    let mut orders = Vec::new();
    for order in ids {
        let id = shop.tell("orders/create", order).await;
        shop.stands(&id, Status::Dispatched).await;
        orders.push((order, id));
    }
    let body = json!({"id": 1, "domain": shop.domain, "myshopify_domain": shop.domain});
    assert_eq!(shop.deliver("app/uninstalled", &body).await.status, 200);
    assert_eq!(shop.connection_state(&shop.ids.shop).await, ConnectionState::Disconnected);
    assert_eq!(
        shop.connection_state(&shop.ids.royal_mail).await,
        ConnectionState::Active,
        "only the shop left"
    );

    // 48 hours later the channel asks for everything to be erased; the connection is still known and trusted.
    let body = json!({"shop_id": 1, "shop_domain": shop.domain});
    assert_eq!(shop.deliver("shop/redact", &body).await.status, 200);
    for (order, id) in &orders {
        super::erasure::erased(&shop, id).await;
        super::road::in_the_ledger(&shop, id, "req_", 1..=1).await;
        super::road::never_comes_back(&shop, *order, id).await;
    }
}
