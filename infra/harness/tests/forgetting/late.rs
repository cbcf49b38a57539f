//! A person is asked for late: of Amazon's orders only those that the merchant is to send now (CONTROLS A4).

use crate::stage::Stage;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};
use waybill_domain::order::Channel;
use waybill_harness::accounts::ACCOUNT;
use waybill_harness::world::Setup;
use waybill_store::Queue;

/// Reads Amazon for half an hour and does nothing with what was read; gives how often a person was asked for.
async fn read(stage: &Stage) -> u64 {
    for _ in 0..6 {
        stage.world.functions.polls(stage.now()).await.unwrap();
        loop {
            let sent = stage.world.queues.take();
            let polls: Vec<_> = sent.into_iter().filter(|one| one.queue == Queue::Poll).collect();
            if polls.is_empty() {
                break;
            }
            for (n, one) in polls.into_iter().enumerate() {
                stage.advance(SignedDuration::from_secs(5));
                let failed =
                    stage.world.functions.work(Queue::Poll, &[(n.to_string(), one.work)]).await.unwrap();
                assert!(failed.is_empty(), "{}", stage.logged());
            }
        }
        stage.advance(SignedDuration::from_mins(5));
    }
    stage.world.sandbox.report()["amazon"][ACCOUNT]["calls"]["getOrder"].as_u64().unwrap_or(0)
}

/// Sixty orders of a seed, by what each is there to show.
fn invented(stage: &Stage, seed: u64) -> Vec<(String, String)> {
    let made = stage.control(Channel::Amazon, Method::POST, "invent", &json!({"seed": seed, "count": 60}));
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    made["orders"].as_array().unwrap().iter().map(|one| (text(&one["kind"]), text(&one["id"]))).collect()
}

/// Recipients that are kept, sealed.
fn kept(stage: &Stage) -> usize {
    let rows = stage.world.engine.dump("orders").unwrap();
    rows.iter().filter(|row| row["sk"]["S"] == "order" && !row["sealed"].is_null()).count()
}

#[tokio::test]
async fn amazon_is_asked_for_a_person_only_while_an_order_is_to_be_sent_by_the_merchant() {
    let stage = Stage::with(&Setup { channels: vec![Channel::Amazon], ..Setup::default() }).await;
    let others = ["pending", "fulfilled_by_amazon", "pickup"];
    let is_sent = |(kind, _): &&(String, String)| !others.contains(&kind.as_str());
    let cancel =
        |id: &str| stage.control(Channel::Amazon, Method::POST, &format!("orders/{id}/cancel"), &json!({}));
    let first = invented(&stage, 3);
    assert!(others.iter().all(|kind| first.iter().any(|(one, _)| one == kind)));
    for (_, id) in first.iter().filter(is_sent) {
        cancel(id);
    }
    assert_eq!((read(&stage).await, kept(&stage)), (0, 0), "pending, another's, collected or cancelled");
    assert!(stage.world.engine.dump("orders").unwrap().len() > 40, "they were read all the same");
    let second = invented(&stage, 4);
    let sent: Vec<_> = second.iter().filter(is_sent).collect();
    let nobody = sent.iter().filter(|(kind, _)| kind == "no_address").count();
    let asked = read(&stage).await;
    assert!(asked >= sent.len() as u64, "{asked} questions");
    assert_eq!(kept(&stage), sent.len() - nobody);
    for (_, id) in sent {
        cancel(id);
    }
    assert_eq!(read(&stage).await, asked, "nobody is asked for once an order is not to be sent any more");
}
