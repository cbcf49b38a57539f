//! The contract's samples and the official specifications.

use crate::contracts::{faults, file, operation};
use crate::fixture::{ORDER, order, reply, seller, stamp};
use crate::stock::{offers, told as stock_told};
use crate::writeback::{send, sent, told};
use http::Response;
use jiff::Timestamp;
use serde_json::{Value, json};
use waybill_channels::ebay::feed::{One, build_changed, read_changed};
use waybill_channels::ebay::stock::Talk as Stock;
use waybill_channels::ebay::webhook::{build_key, read};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Reading, Window};
use waybill_channels::hint::Hint;
use waybill_channels::stock::{Level, Next, Outcome};
use waybill_channels::writeback::{Broke, Sent};
use waybill_privacy::secret::Secret;

#[test]
fn the_sample_page_parses() {
    let Some(sample) = file("samples/getOrders.masked.response.json") else { return };
    let page = read_changed(&reply(200, &sample), Some("10/261")).unwrap();
    assert_eq!(page.found.len(), sample["orders"].as_array().unwrap().len());
    for (found, row) in page.found.iter().zip(sample["orders"].as_array().unwrap()) {
        let Found::Whole(order) = found else { panic!("{}", row["orderId"]) };
        let lines = row["lineItems"].as_array().unwrap();
        let named = |count: usize| lines.iter().filter(|line| line["sku"].is_string()).count() == count;
        assert_eq!(order.incoming.lines.len(), lines.len());
        assert!(named(order.incoming.lines.iter().filter(|line| line.sku.is_some()).count()));
        let street = "/fulfillmentStartInstructions/0/shippingStep/shipTo/contactAddress/addressLine1";
        assert_eq!(order.recipient.is_some(), row.pointer(street).is_some());
        assert!(order.buyer.is_some());
        assert_eq!(order.incoming.total.currency, "USD");
    }
    assert_eq!(page.next, Some(format!("{}/261", 10 + page.found.len())));
}

#[test]
fn the_sample_fulfilment_is_what_we_send() {
    let Some(sample) = file("samples/createShippingFulfillment.json") else { return };
    let parcel = Sent { tracking: "AB123456789GB".to_owned(), ..sent() };
    let request = told(parcel.clone(), &[]);
    assert_eq!(request.method().as_str(), sample["method"]);
    assert_eq!(request.uri().path(), sample["path"]);
    assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), sample["body"]);
    let mut talk = waybill_channels::ebay::writeback::Talk::new(&seller(), parcel);
    send(talk.next(None, &stamp()));
    send(talk.next(Some(&reply(200, &json!({"total": 0, "fulfillments": []}))), &stamp()));
    let location = sample["response"]["headers"]["Location"].as_str().unwrap();
    let status = u16::try_from(sample["response"]["status"].as_u64().unwrap()).unwrap();
    let created = Response::builder().status(status).header("location", location).body(Vec::new()).unwrap();
    let over = talk.next(Some(&created), &stamp());
    assert!(matches!(over, Ok(waybill_channels::writeback::Next::Over(Outcome::Applied))));
}

#[test]
fn the_sample_stock_update_is_what_we_send() {
    let Some(sample) = file("samples/bulkUpdatePriceQuantity.json") else { return };
    let outcomes: Vec<_> = sample["responses"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| {
            let (mut talk, request) = stock_told(&offers());
            assert_eq!(request.uri().path(), sample["path"]);
            assert_eq!(serde_json::from_slice::<Value>(request.body()).unwrap(), sample["body"]);
            let status = u16::try_from(one["status"].as_u64().unwrap()).unwrap();
            talk.next(Some(&reply(status, &one["body"])), &stamp())
        })
        .collect();
    assert!(matches!(outcomes[0], Ok(Next::Over(Outcome::Applied))));
    assert!(matches!(&outcomes[1], Err(Broke::Read(CannotRead::Refused { code, .. })) if code == "25002"));
}

#[test]
fn the_sample_deletion_is_read() {
    let Some(sample) = file("samples/account-deletion.notification.json") else { return };
    let told = read(sample.to_string().as_bytes()).unwrap();
    assert_eq!(told.id, sample["notification"]["notificationId"].as_str().unwrap());
    assert!(matches!(told.hint, Hint::EraseOrders { buyers, .. } if buyers.len() == 2));
}

#[test]
fn every_request_is_one_of_the_specification() {
    let Some(fulfilment) = file("specs/sell_fulfillment_v1_oas3.json") else { return };
    let Some(inventory) = file("specs/sell_inventory_v1_oas3.json") else { return };
    let Some(notification) = file("specs/commerce_notification_v1_oas3.json") else { return };
    let base = "/sell/fulfillment/v1";
    let window = Window { from: Timestamp::UNIX_EPOCH, to: stamp().now };
    let list = build_changed(&seller(), &window, Some("200/201"), &stamp()).unwrap();
    assert_eq!(operation(&fulfilment, base, &list)["operationId"], "getOrders");
    let mut one = One::new(&seller(), ORDER);
    let Ok(Reading::Send(get)) = one.next(None, &stamp()) else { panic!("no call") };
    assert_eq!(operation(&fulfilment, base, &get)["operationId"], "getOrder");
    let mut begun = order();
    begun["lineItems"][0]["lineItemFulfillmentStatus"] = json!("IN_PROGRESS");
    let Ok(Reading::Send(get)) = one.next(Some(&reply(200, &begun)), &stamp()) else { panic!("no call") };
    assert_eq!(operation(&fulfilment, base, &get)["operationId"], "getShippingFulfillments");
    let create = told(sent(), &[]);
    assert_eq!(operation(&fulfilment, base, &create)["operationId"], "createShippingFulfillment");
    assert_eq!(create.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(create.body()).unwrap();
    assert_eq!(faults(&fulfilment, "ShippingFulfillmentDetails", &body), [""; 0]);

    let base = "/sell/inventory/v1";
    let level = Level { sku: "A".into(), sellable: 1, physical: 1, place: None, key: "k".into() };
    let ask = send(Stock::new(&seller(), level).next(None, &stamp()));
    assert_eq!(operation(&inventory, base, &ask)["operationId"], "getOffers");
    let (_, set) = stock_told(&offers());
    assert_eq!(operation(&inventory, base, &set)["operationId"], "bulkUpdatePriceQuantity");
    let body: Value = serde_json::from_slice(set.body()).unwrap();
    assert_eq!(faults(&inventory, "BulkPriceQuantity", &body), [""; 0]);
    // The check can fail.
    assert!(!faults(&inventory, "BulkPriceQuantity", &json!({"requests": [{"quantity": 1}]})).is_empty());

    let key = build_key("https://api.example.invalid", &Secret::new("t".to_owned()), "a-1").unwrap();
    let base = "/commerce/notification/v1";
    assert_eq!(operation(&notification, base, &key)["operationId"], "getPublicKey");
    // And our fixtures are orders and offers of the specification.
    let mut fixture = order();
    fixture.as_object_mut().unwrap().remove("legacyOrderId");
    assert_eq!(faults(&fulfilment, "Order", &fixture), [""; 0]);
    assert_eq!(faults(&inventory, "Offers", &offers()), [""; 0]);
}

#[test]
fn every_scope_is_one_of_ebay_s() {
    let Some(scopes) = file("specs/oauth-scopes.production.json") else { return };
    let known: Vec<&str> = scopes.as_array().unwrap().iter().filter_map(|s| s["Scope"].as_str()).collect();
    for ours in waybill_channels::ebay::token::SCOPES {
        assert!(known.contains(&ours), "{ours}");
    }
}
