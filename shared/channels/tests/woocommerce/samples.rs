//! Every official and recorded sample is read.

use crate::contracts::file;
use crate::fixture::{hint, ok, shop, stamp, take};
use serde_json::Value;
use waybill_channels::feed::Found;
use waybill_channels::hint::Hint;
use waybill_channels::woocommerce::writeback::Talk;
use waybill_channels::woocommerce::{feed, hooks};
use waybill_channels::writeback::{Next, Outcome, Sent};
use waybill_domain::intake::Readiness;
use waybill_domain::service::Carrier;

#[test]
fn orders() {
    let Some(created) = file("samples/order.create.response.json") else { return };
    let it = take(&created).unwrap().incoming;
    assert_eq!((it.channel_ref.id.as_str(), it.total.amount.to_string()), ("727", "29.35".to_owned()));
    assert_eq!(it.lines[0].price.to_string(), "3.00");
    let updated = take(&file("samples/order.update.response.json").unwrap()).unwrap().incoming;
    assert_eq!(updated.channel_ref.id, "727");
    let recorded = take(&file("recorded-samples/order.json").unwrap()["data"]).unwrap().incoming;
    assert_eq!((recorded.readiness, recorded.lines[1].quantity), (Readiness::Ready, 2));
    for (_, list) in file("samples/orders.batch.response.json").unwrap().as_object().unwrap() {
        for order in list.as_array().unwrap() {
            assert!(matches!(hint(order), Ok(Hint::Order(_) | Hint::Reread { .. })), "{}", order["id"]);
        }
    }
}

#[test]
fn a_page_of_orders() {
    let Some(list) = file("samples/orders.list.response.json") else { return };
    let page = feed::read_changed(&ok(&list), None).unwrap();
    assert!(matches!(&page.found[0], Found::Whole(o) if o.incoming.channel_ref.id == "727"));
    assert!(matches!(&page.found[1], Found::Key(id) if id == "723"));
}

#[test]
fn an_order_with_its_refunds() {
    let Some(list) = file("samples/orders.list.response.json") else { return };
    let mut one = feed::One::new(&shop(), "723");
    one.next(None, &stamp()).unwrap();
    one.next(Some(&ok(&list[1])), &stamp()).unwrap();
    let refunds = ok(&file("samples/order-refunds.list.response.json").unwrap());
    let waybill_channels::feed::Reading::Over(Some(Found::Whole(order))) =
        one.next(Some(&refunds), &stamp()).unwrap()
    else {
        panic!("not an order")
    };
    let left: Vec<_> = order.incoming.lines.iter().map(|l| (l.channel_line.as_str(), l.quantity)).collect();
    assert_eq!(left, [("311", 0), ("313", 1)]);
}

#[test]
fn webhooks() {
    let Some(created) = file("samples/webhook.create.response.json") else { return };
    let (list, more) = hooks::read_list(&ok(&Value::Array(vec![created])), 1).unwrap();
    assert_eq!((list[0].id.as_str(), list[0].status, more), ("142", hooks::Status::Active, false));
    let batch = file("samples/webhooks.batch.response.json").unwrap();
    for (_, list) in batch.as_object().unwrap() {
        let (read, _) = hooks::read_list(&ok(list), 1).unwrap();
        assert_eq!(read.len(), list.as_array().unwrap().len());
    }
}

/// A talk that has reached the plugin's tracking numbers, given those of the recorded shop.
fn told(tracking: &str) -> Next {
    let sent = Sent {
        channel_id: "198".to_owned(),
        lines: vec![("9".to_owned(), 1)],
        order_lines: 1,
        completes: false,
        parcel: 1,
        carrier: Carrier::RoyalMail,
        tracking: tracking.to_owned(),
        at: stamp().now,
        source: None,
    };
    let mut talk = Talk::new(&shop(), sent);
    talk.next(None, &stamp()).unwrap();
    talk.next(Some(&ok(&serde_json::json!({"status": "processing"}))), &stamp()).unwrap();
    talk.next(Some(&crate::fixture::refusal(404, "rest_no_route")), &stamp()).unwrap();
    let index = serde_json::json!({"namespaces": ["wp/v2", "wc/v3", "wc-shipment-tracking/v3"]});
    talk.next(Some(&ok(&index)), &stamp()).unwrap();
    let recorded = file("recorded-samples/shipment_tracking_single.json").unwrap();
    talk.next(Some(&ok(&recorded["data"])), &stamp()).unwrap()
}

#[test]
fn tracking_numbers_of_the_plugin() {
    if file("recorded-samples/shipment_tracking_single.json").is_none() {
        return;
    }
    assert!(matches!(told("456745674567"), Next::Over(Outcome::Applied)));
    assert!(matches!(told("AB123456789GB"), Next::Send(_)));
}

#[test]
fn the_plugin_knows_the_carriers_we_name() {
    let Some(list) = file("recorded-samples/shipment_tracking_providers.json") else { return };
    for name in ["Royal Mail", "ParcelForce", "DPD.co.uk"] {
        assert!(list["data"]["United Kingdom"][name].is_string(), "{name}");
    }
}

#[test]
fn refusals() {
    use waybill_channels::error::CannotRead;
    let Some(no_route) = file("samples/error.no-route.json") else { return };
    let gone = file("samples/error.not-found.json").unwrap();
    let answer = |body: &Value| crate::fixture::answer(404, &[], body.to_string());
    let error = feed::read_changed(&answer(&no_route), None).err();
    assert_eq!(error, Some(CannotRead::Connection { code: "rest_no_route".to_owned() }));
    let mut one = feed::One::new(&shop(), "1");
    one.next(None, &stamp()).unwrap();
    assert!(matches!(
        one.next(Some(&answer(&gone)), &stamp()),
        Ok(waybill_channels::feed::Reading::Over(None))
    ));
}
