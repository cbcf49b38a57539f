//! Shipments: listed through their orders, and one by one.

use crate::stage::{Stage, code, long, order_id};
use serde_json::{Value, json};
use waybill_domain::order::Status;

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
