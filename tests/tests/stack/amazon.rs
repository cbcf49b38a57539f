//! What Amazon tells of changes: on a whole stack, from asking it to tell until an order is read because it did.

use crate::support::{Own, Shop, Story, unique, until};
use serde_json::{Value, json};
use waybill_store::deliveries::Stand;
use waybill_store::registry::{Credentials, Kind};

pub static TELLS: Story = Story::new("Amazon tells", || Box::pin(tells()));

#[test]
#[ignore = "needs a running stack"]
fn an_order_is_read_because_amazon_told_of_it() {
    TELLS.told();
}

async fn tells() {
    let shop = Shop::open().await;
    let seller = format!("A{}", unique(13).to_uppercase());
    let credentials = Credentials::Amazon {
        client_id: "amzn1.application-oa2-client.sandbox".into(),
        client_secret: "amzn1.oa2-cs.v1.sandbox".into(),
        refresh_token: "Atzr|sandbox".into(),
        seller_id: seller.clone(),
        marketplace_id: "A1F83G8C2ARO7P".into(),
    };
    let own = Own::open_unhooked(&shop, Kind::Amazon, &credentials, json!({"seller_id": seller})).await;
    Own::poll(&shop).await;
    let listens = async || {
        let deliveries = shop.db.channel_deliveries(&own.connection).await.unwrap();
        (deliveries.stand == Some(Stand::On)).then_some(())
    };
    until("Amazon to be asked to tell changes", listens).await;
    let cursor = async || shop.db.cursor(&own.connection).await.unwrap().filter(|one| one.reading.is_none());
    let before = until("the first reading to be over", cursor).await;

    own.ask(&shop, "POST", "invent", json!({"seed": 7, "count": 9, "deliver": false})).await;
    let told = own.ask(&shop, "GET", "notifications", Value::Null).await;
    let to_send = |told: &&Value| {
        let summary = &told["Payload"]["OrderChangeNotification"]["Summary"];
        summary["FulfillmentType"] == "MFN" && summary["OrderStatus"] == "Unshipped"
    };
    let hint = told["notifications"].as_array().unwrap().iter().find(to_send).unwrap();
    let channel_id = hint["Payload"]["OrderChangeNotification"]["AmazonOrderId"].as_str().unwrap();
    let id = shop.index.order_id(&own.connection, channel_id).unwrap();
    assert!(shop.db.order(&id).await.unwrap().is_none());
    let queue = shop.stack.output("QueueAmazonChanges").unwrap();
    let send = json!({"QueueUrl": queue, "MessageBody": hint.to_string()});
    shop.aws().json("sqs", "AmazonSQS.SendMessage", &send).await.unwrap();
    let stored = async || shop.db.order(&id).await.unwrap();
    until("the order that Amazon told of", stored).await;
    assert_eq!(cursor().await.map(|now| now.until), Some(before.until), "no page was read meanwhile");
    own.close(&shop).await;
}
