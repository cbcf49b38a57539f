//! A shop that gave up sending is asked to send again, once a day.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use std::sync::Arc;
use waybill_domain::order::Channel;
use waybill_domain::time::after;
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::world::{Setup, World};
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
    world.set_now(at);
    let connection = connection_id(Channel::WooCommerce).unwrap();
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
}
