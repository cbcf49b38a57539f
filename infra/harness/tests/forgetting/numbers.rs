//! How long forgetting takes and what it costs.

use crate::stage::{Stage, number};
use rust_decimal::Decimal;
use std::time::Instant;
use waybill_domain::intake::{Delivery, Identity, Incoming, IncomingLine, Readiness};
use waybill_domain::money::Money;
use waybill_domain::order::{Channel, ChannelRef};
use waybill_domain::retention::Policy;
use waybill_domain::time::{after, days};
use waybill_privacy::{Recipient, Sensitive};
use waybill_store::ingest::{Arrival, ingest};

async fn store(stage: &Stage, n: usize) {
    let world = &stage.world;
    let channel_id = (1_000_000 + n).to_string();
    let order = world.index.order_id(&world.shop, &channel_id).unwrap();
    let incoming = Incoming {
        channel: Channel::Shopify,
        channel_ref: ChannelRef { id: channel_id, name: None },
        version: stage.now(),
        placed_at: stage.now(),
        cancelled_at: None,
        arrived_at: None,
        test: false,
        readiness: Readiness::Ready,
        delivery: Delivery::Ship,
        destination: None,
        lines: vec![IncomingLine {
            channel_line: n.to_string(),
            sku: Some("TEE-RED".into()),
            quantity: 1,
            sent: 0,
            ships: true,
            grams: 200,
            price: Decimal::ONE,
        }],
        total: Money { amount: Decimal::ONE, currency: "GBP".into() },
    };
    let who = Identity {
        merchant: world.merchant.id.clone(),
        connection: world.shop.clone(),
        lines: vec![world.index.line_id(&order, &n.to_string()).unwrap()],
        order,
        digest: "a".into(),
    };
    let someone = Recipient { name: Some(Sensitive::new("Zoë Ångström".into())), ..Recipient::default() };
    let arrival = Arrival {
        incoming: &incoming,
        who: &who,
        recipient: Some(&someone),
        buyer: Some("0123456789abcdef"),
        lot: None,
        policy: Policy::LONGEST,
        fresh: false,
        now: stage.now(),
    };
    ingest(&world.db, &world.kms, &arrival).await.unwrap();
}

#[tokio::test]
async fn all_orders_that_are_due_are_forgotten_in_one_run_and_the_price_of_each_is_known() {
    let stage = Stage::set().await;
    let due = number("WAYBILL_DUE_ORDERS", 500);
    for n in 0..due {
        store(&stage, n).await;
    }
    stage.world.set_now(after(stage.now(), days(91)));
    let before = stage.world.engine.capacity();
    let began = Instant::now();
    let mut forgotten = 0;
    // A run that is not through asks for the next; the message is left alone here, to be timed by itself.
    while !stage.world.engine.dump_index("keys", "purge").unwrap().is_empty() {
        let report = stage.retain().await;
        assert_eq!(report["failed"], 0);
        forgotten += report["forgotten"].as_u64().unwrap();
    }
    let took = began.elapsed();
    let after = stage.world.engine.capacity();
    let units: f64 =
        after.writes.iter().map(|(table, used)| used - before.writes.get(table).unwrap_or(&0.0)).sum();
    let each = units / due as f64;
    println!(
        "{due} due orders forgotten in {:.2} s, {:.2} ms and {each:.1} write units each",
        took.as_secs_f64(),
        took.as_secs_f64() * 1000.0 / due as f64
    );
    assert_eq!(forgotten, due as u64);
    assert!(stage.world.engine.dump_index("keys", "by-buyer").unwrap().is_empty());
    assert!(each < 20.0, "{each} write units for one order");
}
