//! What fell between two steps is found by the clock.

use crate::support::{Shop, Story, now, tick};
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use waybill_domain::order::Status;
use waybill_domain::time::after;
use waybill_sandbox::invent::Kind;

pub static SWEPT: Story = Story::new("swept", || Box::pin(swept()));

#[test]
#[ignore = "needs a running stack"]
fn an_order_whose_message_was_lost_is_found_at_every_step() {
    SWEPT.told();
}

async fn swept() {
    let shop = Shop::open().await;
    let order = shop.bought(Kind::Plain).await;
    for function in STEPS.map(|(function, _, _)| function) {
        shop.listen(function, false).await;
    }
    let id = shop.tell("orders/create", order).await;
    for (function, queue, status) in STEPS {
        // The message is lost, nobody comes back to it, and only the order itself knows.
        lose(&shop, queue).await;
        shop.listen(function, true).await;
        tick(&shop, soon(&shop).await).await;
        shop.stands(&id, status).await;
    }
    assert_eq!(shop.at_carrier(&id).await, (1, 0), "found, and booked once");
}

const STEPS: [(&str, &str, Status); 3] = [
    ("FunctionAllocator", "QueueAllocate", Status::Allocated),
    ("FunctionShipper", "QueueBook", Status::Booked),
    ("FunctionNotifier", "QueueNotify", Status::Dispatched),
];

/// When the clock looks next: five minutes after an order came, a quarter of an hour after it was last put on a
/// queue in vain. Both clocks, ours and the sandbox's, may be behind that.
async fn soon(shop: &Shop) -> Timestamp {
    let ahead = json!({"advance_seconds": SignedDuration::from_mins(21).as_secs()});
    shop.stack.control("PUT", "clock", &ahead).await.unwrap();
    after(now(shop).await.max(Timestamp::now()), SignedDuration::from_mins(5))
}

async fn lose(shop: &Shop, queue: &str) {
    let url = shop.stack.output(queue).unwrap();
    shop.aws().json("sqs", "AmazonSQS.PurgeQueue", &json!({"QueueUrl": url})).await.unwrap();
}
