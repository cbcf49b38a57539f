//! Every request of orders, shipments and stock against the official specification, and every sample's shape.

use crate::contracts::{file, fits, is_of, samples};
use crate::fixture::{ID, order, reply, seller, stamp};
use crate::{stock, writeback};
use serde_json::{Value, json};
use waybill_channels::amazon::feed::{One, build_changed};
use waybill_channels::amazon::packages::build_shown;
use waybill_channels::amazon::writeback::Talk;
use waybill_channels::feed::{Reading, Window};
use waybill_channels::writeback::{Next, Sent};
use waybill_domain::service::Carrier;

#[test]
fn reads_are_of_the_specification() {
    let Some(spec) = file("specs/orders_2026-01-01.json") else { return };
    let window =
        Window { from: "2026-11-23T08:00:00Z".parse().unwrap(), to: "2026-11-23T08:57:30Z".parse().unwrap() };
    for next in [None, Some("2YgYW55IGNhcm5hbCBwbGVhc3VyZS4")] {
        let request = build_changed(&seller(), &window, next, &stamp()).unwrap();
        is_of(&spec, "/orders/2026-01-01/orders", &request);
    }
    let Reading::Send(request) = One::new(&seller(), ID).next(None, &stamp()).unwrap() else { panic!() };
    is_of(&spec, "/orders/2026-01-01/orders/{orderId}", &request);
    is_of(&spec, "/orders/2026-01-01/orders/{orderId}", &build_shown(&seller(), ID, &stamp()).unwrap());
}

#[test]
fn confirmations_are_of_the_specification() {
    let Some(spec) = file("specs/ordersV0.json") else { return };
    let look = reply(200, json!({"order": {"lastUpdatedTime": "2026-11-23T08:00:00Z"}}));
    for carrier in Carrier::ALL {
        let mut talk = Talk::new(&seller(), Sent { carrier, ..writeback::sent() });
        let Next::Send(_) = talk.next(None, &stamp()).unwrap() else { panic!() };
        let Next::Send(request) = talk.next(Some(&look), &stamp()).unwrap() else { panic!() };
        is_of(&spec, "/orders/v0/orders/{orderId}/shipmentConfirmation", &request);
        let body: Value = serde_json::from_slice(request.body()).unwrap();
        // Required by the text of the specification, not by its schema.
        assert!(body["packageDetail"]["carrierName"].is_string());
        let number = body["packageDetail"]["packageReferenceId"].as_str().unwrap();
        assert!(number.parse::<u32>().unwrap() > 0);
    }
}

#[test]
fn stock_is_of_the_specification() {
    let Some(spec) = file("specs/listingsItems_2021-08-01.json") else { return };
    for sku in ["MUG", "SKU/1 red#2"] {
        is_of(&spec, "/listings/2021-08-01/items/{sellerId}/{sku}", &stock::request(sku).unwrap());
    }
}

#[test]
fn the_fixture_and_the_samples_are_of_the_specification() {
    let Some(spec) = file("specs/orders_2026-01-01.json") else { return };
    fits(&spec, "Order", &order());
    for (name, sample) in samples().unwrap() {
        if name.contains("searchOrders") {
            fits(&spec, "SearchOrdersResponse", &sample["response"]);
        } else if name.contains("getOrder") {
            fits(&spec, "GetOrderResponse", &sample["response"]);
        }
    }
    let notification = file("specs/notifications/OrderChangeNotification.json").unwrap();
    let sample = file("samples/ORDER_CHANGE.notification.1.json").unwrap();
    assert!(jsonschema::validator_for(&notification).unwrap().is_valid(&sample));
}
