//! Shipments: listed through their orders, and one by one.

use crate::ready::labelled;
use crate::stage::{Stage, code, long, order_id};
use serde_json::{Value, json};
use waybill_domain::order::Status;
use waybill_store::{Queue, Work};

async fn booked(n: u8) -> Stage {
    let stage = Stage::set().await;
    for n in 1..=n {
        stage.book(n).await;
        let mut order = stage.order(n).await;
        (order.status, order.shipments) = (Status::Booked, 1);
        stage.db.save_order(&mut order).await.unwrap();
    }
    stage
}

fn ids(page: &Value) -> Vec<String> {
    let all = page["shipments"].as_array().unwrap();
    all.iter().map(|one| one["order"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn shipments_are_listed_by_what_they_are_like_and_page_by_page() {
    let stage = booked(3).await;
    let (_, page) = stage.mine("/v1/shipments").await;
    assert_eq!(ids(&page), [3, 2, 1].map(order_id));
    for (query, expected) in [
        ("status=booked&transit=moving&carrier=royal_mail&booking=labelled&warehouse=wh_north", 3),
        ("status=dispatched", 0),
        ("transit=delivered", 0),
        ("carrier=dpd", 0),
        ("booking=voided", 0),
        ("warehouse=wh_south", 0),
        ("channel=ebay", 0),
    ] {
        assert_eq!(ids(&stage.mine(&format!("/v1/shipments?{query}")).await.1).len(), expected, "{query}");
    }
    let (_, first) = stage.mine("/v1/shipments?limit=2").await;
    let next = first["next"].as_str().unwrap();
    let (_, last) = stage.mine(&format!("/v1/shipments?limit=2&cursor={next}")).await;
    assert_eq!((ids(&first), ids(&last)), ([3, 2].map(order_id).to_vec(), vec![order_id(1)]));
    assert!(ids(&stage.get(Some("other-Owner"), "/v1/shipments").await.1).is_empty());
    assert_eq!(code(&stage.mine("/v1/shipments?carrier=pigeon").await), (400, "bad_filter"));
}

#[tokio::test]
async fn one_shows_its_parcels_and_whether_it_can_be_undone() {
    let stage = booked(1).await;
    let address = format!("/v1/shipments/shp_{:032x}-1", 1);
    let (status, one) = stage.mine(&address).await;
    assert_eq!((status, &one["void"]), (200, &json!("closed_by_scan")));
    assert_eq!(one["parcels"], json!([{"grams": 450, "tracking": "AA000000001GB"}]));
    assert_eq!(one["order"], order_id(1));
    let unknown = stage.mine("/v1/shipments/shp_00-1").await;
    assert_eq!(code(&unknown), (404, "not_found"));
    assert_eq!(stage.get(Some("other-Owner"), &address).await, unknown);
    stage.advance(long());
    stage.confirm().await;
    let (_, later) = stage.mine(&address).await;
    assert_eq!((&later["tracking"], &later["parcels"]), (&Value::Null, &json!([{"grams": 450}])));
}

#[tokio::test]
async fn a_label_that_was_not_handed_over_is_voided_once() {
    let stage = Stage::set().await;
    labelled(&stage, 1).await;
    let address = format!("/v1/shipments/shp_{:032x}-1", 1);
    assert_eq!(stage.mine(&address).await.1["void"], "open");
    let void = format!("{address}/void");
    for who in ["mine-Packer", "mine-Auditor"] {
        assert_eq!(code(&stage.call(Some(who), "POST", &void, None).await), (403, "not_allowed"), "{who}");
    }
    assert_eq!(code(&stage.call(Some("other-Owner"), "POST", &void, None).await), (404, "not_found"));
    assert!(stage.queues.take().is_empty());
    for _ in 0..2 {
        let (status, told) = stage.post(&void, Value::Null).await;
        assert_eq!(
            (status, &told["void"], &told["void_asked"]),
            (202, &json!("open"), &json!(true)),
            "{told}"
        );
        let booked = |sent: &waybill_store::memory::Sent| {
            sent.queue == Queue::Book
                && matches!(&sent.work, Work::Order { order, .. } if order.as_str() == order_id(1))
        };
        assert_eq!(
            stage.queues.take().iter().filter(|sent| booked(sent)).count(),
            1,
            "a repeat is sent on, too"
        );
    }
    let order = stage.order(1).await;
    assert_eq!(order.instructions.void.map(|id| id.to_string()), Some(format!("shp_{:032x}-1", 1)));
}

#[tokio::test]
async fn a_label_that_cannot_be_voided_says_why_and_changes_nothing() {
    let stage = booked(1).await;
    let void = format!("/v1/shipments/shp_{:032x}-1/void", 1);
    assert_eq!(code(&stage.post(&void, Value::Null).await), (409, "handed_over"), "it is scanned");
    labelled(&stage, 2).await;
    let mut order = stage.order(2).await;
    order.shipments = 2;
    stage.db.save_order(&mut order).await.unwrap();
    let void = format!("/v1/shipments/shp_{:032x}-1/void", 2);
    assert_eq!(code(&stage.post(&void, Value::Null).await), (409, "in_parts"));
    order.status = Status::Held;
    stage.db.save_order(&mut order).await.unwrap();
    assert_eq!(code(&stage.post(&void, Value::Null).await), (409, "no_label"));
    assert!(stage.queues.take().is_empty());
}
