//! A shop that gave up sending is asked to send again, once a day.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_channels::shopify::hooks::TOPICS;
use waybill_domain::ConnectionId;
use waybill_domain::order::Channel;
use waybill_domain::time::after;
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::world::{SHOP, Setup, World};
use waybill_store::deliveries::{Deliveries, Stand};
use waybill_store::memory::Calm;
use waybill_store::registry::ConnectionState;
use waybill_store::{Queue, Work};

fn set(world: &World, statuses: &[&str]) {
    world.sandbox.with_state(|state| {
        let hooks = &mut state.woocommerce.accounts.get_mut(ACCOUNT).unwrap().hooks;
        for (hook, status) in hooks.iter_mut().zip(statuses) {
            (*status).clone_into(&mut hook.status);
        }
    });
}

fn statuses(world: &World) -> Vec<String> {
    world.sandbox.with_state(|state| {
        let hooks = &state.woocommerce.accounts[ACCOUNT].hooks;
        hooks.iter().map(|hook| hook.status.clone()).collect()
    })
}

async fn read(world: &World, at: Timestamp) {
    read_from(world, Channel::WooCommerce, at).await;
}

async fn read_from(world: &World, channel: Channel, at: Timestamp) {
    world.set_now(at);
    let connection = connection_id(channel).unwrap();
    let mut all = vec![Work::Poll { connection, at }];
    while let Some(work) = all.pop() {
        assert!(world.functions.work(Queue::Poll, &[("one".to_owned(), work)]).await.unwrap().is_empty());
        let polls = world.queues.take().into_iter().filter(|sent| sent.queue == Queue::Poll);
        all.extend(polls.map(|sent| sent.work));
    }
}

#[tokio::test]
async fn a_shop_that_gave_up_sending_is_asked_to_send_again_once_a_day() {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await.unwrap();
    let off = ["disabled", "paused", "active", "disabled"];
    set(&world, &off);
    let start = world.time.now();
    read(&world, start).await;
    let on = ["active", "paused", "active", "active"];
    assert_eq!(statuses(&world), on, "what a person paused stays so");
    set(&world, &off);
    read(&world, after(start, SignedDuration::from_mins(5))).await;
    assert_eq!(statuses(&world), off, "once a day is enough");
    read(&world, after(start, SignedDuration::from_hours(24))).await;
    assert_eq!(statuses(&world), on);
    let id = connection_id(Channel::WooCommerce).unwrap();
    let deliveries = world.db.channel_deliveries(&id).await.unwrap();
    assert_eq!((deliveries.stand, deliveries.looked_at), (Some(Stand::Paused), deliveries.mended_at));
}

async fn told_where(world: &World, channel: Channel) -> ConnectionId {
    let id = connection_id(channel).unwrap();
    let service = Some("https://orders.waybill.invalid".to_owned());
    let deliveries = Deliveries { service, ..Deliveries::default() };
    world.db.save_deliveries(&id, &deliveries).await.unwrap();
    id
}

#[tokio::test]
async fn a_shop_that_is_told_where_is_asked_to_send_and_asked_again_when_it_dropped_that() {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await.unwrap();
    let id = told_where(&world, Channel::WooCommerce).await;
    world.sandbox.with_state(|state| state.woocommerce.accounts.get_mut(ACCOUNT).unwrap().hooks.clear());
    let start = world.time.now();
    read(&world, start).await;
    assert_eq!(statuses(&world), ["active"; 4]);
    let (url, secret) = world.sandbox.with_state(|state| {
        let account = &state.woocommerce.accounts[ACCOUNT];
        (account.hooks[0].url.clone(), account.hooks[0].secret == account.config.webhook_secret)
    });
    assert_eq!(url, format!("https://orders.waybill.invalid/webhooks/woocommerce/{id}"));
    assert!(secret, "signed with the connection's own secret");
    assert_eq!(world.db.channel_deliveries(&id).await.unwrap().stand, Some(Stand::On));

    let id = told_where(&world, Channel::Shopify).await;
    read_from(&world, Channel::Shopify, start).await;
    let topics = |world: &World| {
        world.sandbox.with_state(|state| {
            let all = &state.shops[SHOP].subscriptions;
            assert!(all.iter().all(|one| one.uri.ends_with(&format!("/webhooks/shopify/{id}"))));
            all.iter().map(|one| one.topic.clone()).collect::<Vec<_>>()
        })
    };
    assert_eq!(topics(&world), TOPICS);
    let made = world.db.channel_deliveries(&id).await.unwrap();
    assert_eq!((made.stand, made.mended_at), (Some(Stand::On), Some(start)));
    // Shopify deletes what it could not deliver; the next day it is there again, once.
    world.sandbox.with_state(|state| drop(state.shops.get_mut(SHOP).unwrap().subscriptions.drain(2..5)));
    read_from(&world, Channel::Shopify, after(start, SignedDuration::from_mins(15))).await;
    assert_eq!(topics(&world).len(), 13, "once a day is enough");
    read_from(&world, Channel::Shopify, after(start, SignedDuration::from_hours(24))).await;
    assert_eq!(topics(&world).len(), 16);
}

#[tokio::test]
async fn a_shop_that_is_told_nothing_says_that_nothing_is_registered() {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await.unwrap();
    read_from(&world, Channel::Shopify, world.time.now()).await;
    let id = connection_id(Channel::Shopify).unwrap();
    assert_eq!(world.db.channel_deliveries(&id).await.unwrap().stand, Some(Stand::Missing));
}

#[tokio::test]
async fn a_shop_whose_webhooks_cannot_be_looked_at_is_read_all_the_same() {
    let world = World::new(&Setup::default(), Arc::new(Calm)).await.unwrap();
    let fault =
        serde_json::json!({"endpoint": "woocommerce.webhooks.list", "kind": "server_error", "times": 5});
    let call = waybill_sandbox::Call::new(http::Method::POST, "/control/faults").json(&fault);
    assert_eq!(world.sandbox.answer(&call).status, 200);
    read(&world, world.time.now()).await;
    let id = connection_id(Channel::WooCommerce).unwrap();
    assert_eq!(world.db.connection(&id).await.unwrap().unwrap().state, ConnectionState::Active);
    assert!(world.db.cursor(&id).await.unwrap().is_some(), "orders were read");
    assert_eq!(world.db.channel_deliveries(&id).await.unwrap().stand, Some(Stand::Unknown));
}
