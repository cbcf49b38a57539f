//! Reading a channel goes on whatever stands in its way: pages it forgot, replies that fail, messages that are lost, and
//! news that are not about us.
#![allow(clippy::unwrap_used)]

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use std::sync::Arc;
use waybill_domain::exception::Reason;
use waybill_domain::order::Channel;
use waybill_domain::polling::{Backfill, Cursor};
use waybill_domain::time::after;
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::world::{Setup, World};
use waybill_sandbox::{Call, Fault, FaultKind};
use waybill_store::memory::Calm;
use waybill_store::registry::ConnectionState;
use waybill_store::{Queue, Work};

async fn world() -> World {
    World::new(&Setup::default(), Arc::new(Calm)).await.unwrap()
}

/// One message worked on, which may not fail; gives what it put on the queue of reading, with its delays.
async fn work(world: &World, work: Work) -> Vec<(Work, u32)> {
    world.set_now(work.at().max(world.time.now()));
    assert!(world.functions.work(Queue::Poll, &[("one".to_owned(), work)]).await.unwrap().is_empty());
    let sent = world.queues.take().into_iter().filter(|sent| sent.queue == Queue::Poll);
    sent.map(|sent| (sent.work, sent.delay)).collect()
}

fn control(world: &World, path: &str, body: &Value) {
    let reply = world.sandbox.answer(&Call::new(http::Method::POST, path).json(body));
    assert_eq!(reply.status, 200, "{}", reply.value());
}

#[tokio::test]
async fn a_page_the_channel_forgot_has_its_window_read_again() {
    let world = world().await;
    let (id, now) = (world.shop.clone(), world.time.now());
    let mut cursor = Cursor::starting(after(now, -SignedDuration::from_hours(1)));
    cursor.page(SignedDuration::ZERO, SignedDuration::ZERO, now);
    cursor.read(Some("a cursor of yesterday".to_owned()));
    world.db.save_cursor(&id, &mut cursor).await.unwrap();
    let poll = || Work::Poll { connection: id.clone(), at: now };
    let again = work(&world, poll()).await;
    let held = world.db.cursor(&id).await.unwrap().unwrap();
    assert_eq!(held.reading.unwrap().next, None);
    assert!(held.refused.is_some(), "it can be seen that the channel refused");
    assert_eq!(again, [(poll(), 0)]);
    work(&world, poll()).await;
    let held = world.db.cursor(&id).await.unwrap().unwrap();
    assert!(held.reading.is_none() && held.refused.is_none() && held.until > cursor.until);
}

#[tokio::test]
async fn an_order_a_page_named_is_asked_for_until_a_person_is_told() {
    let world = world().await;
    let (id, now) = (world.shop.clone(), world.time.now());
    world.sandbox.add_fault(Fault::new("shopify.order", FaultKind::ServerError));
    let fetch = Work::Fetch { connection: id.clone(), channel_id: "1001".to_owned(), at: now };
    let mut delays = Vec::new();
    for minutes in [0, 10, 60, 600] {
        world.set_now(after(now, SignedDuration::from_mins(minutes)));
        let again = work(&world, fetch.clone()).await;
        assert_eq!(again.len(), 1);
        assert_eq!(again[0].0, fetch, "nothing of it is lost");
        delays.push(again[0].1);
    }
    assert_eq!(delays, [15, 150, 900, 900]);
    world.set_now(after(now, SignedDuration::from_hours(24)));
    assert!(work(&world, fetch).await.is_empty());
    let told = world.index.order_id(&id, "unreadable 1001").unwrap();
    let order = world.db.order(&told).await.unwrap().unwrap();
    assert_eq!(order.exceptions[0].reason, Reason::Unreadable);
}

#[tokio::test]
async fn a_backfill_whose_message_was_lost_goes_on() {
    let world = world().await;
    let (id, now) = (world.shop.clone(), world.time.now());
    let from = after(now, -SignedDuration::from_hours(2));
    let mut job = Backfill::new("past".to_owned(), from, now, now);
    world.db.save_backfill(&id, &mut job).await.unwrap();
    let swept = async |at: Timestamp| {
        world.set_now(at);
        world.functions.polls(at).await.unwrap();
        let sent = world.queues.take();
        sent.into_iter().find(|sent| matches!(&sent.work, Work::Backfill { .. })).map(|sent| sent.work)
    };
    assert_eq!(swept(now).await, None, "its own message may still come");
    let later = after(now, SignedDuration::from_mins(31));
    let found = swept(later).await.unwrap();
    assert_eq!(swept(after(later, SignedDuration::from_mins(16))).await, None, "one at a time");
    let mut next = vec![found];
    while let Some(one) = next.pop() {
        next.extend(work(&world, one).await.into_iter().map(|(work, _)| work));
    }
    assert!(world.db.backfill(&id, "past").await.unwrap().unwrap().done_at.is_some());
}

/// Everything eBay has to tell is delivered.
async fn hear(world: &World) {
    for delivery in world.sandbox.take_webhooks(usize::MAX) {
        let status = world.functions.deliver(&delivery.webhook).await;
        assert!(status < 300, "answered {status}");
    }
}

#[tokio::test]
async fn a_grant_is_gone_when_ebay_says_so_to_us_and_not_when_somebody_is_told() {
    let world = world().await;
    let id = connection_id(Channel::Ebay).unwrap();
    let poll = |world: &World| Work::Poll { connection: id.clone(), at: world.time.now() };
    let state = async || world.db.connection(&id).await.unwrap().unwrap().state;
    work(&world, poll(&world)).await;
    let tell = format!("/control/ebay/{ACCOUNT}/deliver");
    control(&world, &tell, &json!({"what": "authorization_revocation"}));
    world.set_now(after(world.time.now(), SignedDuration::from_mins(5)));
    hear(&world).await;
    let asked = world.queues.take();
    assert!(asked.iter().any(|sent| sent.work == poll(&world)), "eBay is asked at once");
    work(&world, poll(&world)).await;
    assert_eq!(state().await, ConnectionState::Active, "another seller's, as far as eBay says");
    control(&world, &format!("/control/ebay/{ACCOUNT}/tokens"), &json!({"revoke": true, "deliver": true}));
    world.set_now(after(world.time.now(), SignedDuration::from_mins(5)));
    hear(&world).await;
    work(&world, poll(&world)).await;
    assert_eq!(state().await, ConnectionState::Refused);
}
