//! What Amazon tells of changes: whose order is read because of it, and when.
#![allow(clippy::unwrap_used)]

use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use std::sync::Arc;
use waybill_domain::order::Channel;
use waybill_domain::time::after;
use waybill_harness::accounts::{ACCOUNT, connection_id};
use waybill_harness::world::{Setup, World};
use waybill_sandbox::Call;
use waybill_store::deliveries::Stand;
use waybill_store::memory::Calm;
use waybill_store::registry::ConnectionState;
use waybill_store::{Queue, Work};

fn control(world: &World, method: Method, what: &str, body: &Value) -> Value {
    world.sandbox.answer(&Call::new(method, &format!("/control/amazon/{ACCOUNT}/{what}")).json(body)).value()
}

/// Amazon's word of one new order that the merchant is to send, and its key.
fn bought(world: &World) -> (Value, String) {
    control(world, Method::POST, "invent", &json!({"seed": 7, "count": 9, "deliver": false}));
    let told = control(world, Method::GET, "notifications", &Value::Null)["notifications"].take();
    let to_send = |told: &&Value| {
        let summary = &told["Payload"]["OrderChangeNotification"]["Summary"];
        summary["FulfillmentType"] == "MFN" && summary["OrderStatus"] == "Unshipped"
    };
    let told = told.as_array().unwrap().iter().find(to_send).unwrap().clone();
    let id = told["Payload"]["OrderChangeNotification"]["AmazonOrderId"].as_str().unwrap().to_owned();
    (told, id)
}

async fn work(world: &World, work: Work) {
    assert!(world.functions.work(Queue::Poll, &[("one".to_owned(), work)]).await.unwrap().is_empty());
}

async fn told(world: &World, hints: &[Value]) -> Vec<Work> {
    world.queues.take();
    assert_eq!(world.functions.told_by_amazon(hints).await.unwrap(), Vec::<String>::new());
    world.queues.take().into_iter().map(|sent| sent.work).collect()
}

/// The first reading has asked Amazon to tell.
async fn listening() -> World {
    let setup = Setup { channels: vec![Channel::Amazon], ..Setup::default() };
    let world = World::new(&setup, Arc::new(Calm)).await.unwrap();
    let connection = connection_id(Channel::Amazon).unwrap();
    work(&world, Work::Poll { connection: connection.clone(), at: world.time.now() }).await;
    assert_eq!(world.db.channel_deliveries(&connection).await.unwrap().stand, Some(Stand::On));
    world
}

#[tokio::test]
async fn an_order_that_amazon_tells_of_is_read_before_the_next_page() {
    let world = listening().await;
    let (hint, order) = bought(&world);
    let stored = || {
        let rows = world.engine.dump("orders").unwrap();
        rows.iter().filter(|row| row["channel_ref"]["M"]["id"]["S"] == order.as_str()).count()
    };
    let sent = told(&world, std::slice::from_ref(&hint)).await;
    assert!(matches!(sent.as_slice(), [Work::Fetch { channel_id, .. }] if *channel_id == order), "{sent:?}");
    assert_eq!(stored(), 0);
    for one in sent {
        work(&world, one).await;
    }
    assert_eq!(stored(), 1);
    // Told again, late and twice, it is read again and nothing comes of it.
    for one in told(&world, &[hint.clone(), hint]).await {
        work(&world, one).await;
    }
    assert_eq!(stored(), 1);
}

#[tokio::test]
async fn of_others_and_of_what_cannot_be_read_nothing_is_asked() {
    let world = listening().await;
    let (hint, _) = bought(&world);
    let with = |place: &str, value: &str| {
        let mut hint = hint.clone();
        *hint.pointer_mut(&format!("/Payload/OrderChangeNotification/{place}")).unwrap() = json!(value);
        hint
    };
    let others = [
        with("SellerId", "A0SOMEBODYELSE"),
        with("Summary/MarketplaceId", "A1PA6795UKMFR9"),
        with("Summary/FulfillmentType", "AFN"),
        // Nothing is to be sent, so nobody is asked for.
        with("Summary/OrderStatus", "Pending"),
        with("Summary/OrderStatus", "Shipped"),
        with("Summary/OrderStatus", "Canceled"),
        json!({"NotificationType": "FEED_PROCESSING_FINISHED"}),
        json!("no notification"),
    ];
    let connection = connection_id(Channel::Amazon).unwrap();
    // It led to that seller once.
    world.db.save_seller("A0SOMEBODYELSE", &connection).await.unwrap();
    assert_eq!(told(&world, &others).await, []);
    world.db.set_connection_state(&connection, ConnectionState::Paused).await.unwrap();
    world.set_now(after(world.time.now(), SignedDuration::from_secs(61)));
    assert_eq!(told(&world, &[hint]).await, [], "a paused account is read when it is used again");
}
