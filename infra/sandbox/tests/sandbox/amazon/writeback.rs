//! Confirming parcels, whatever happens on the way.

use http::Method;
use serde_json::{Value, json};
use waybill_channels::amazon::Seller;
use waybill_channels::amazon::packages::{State, build_shown, read_shown};
use waybill_channels::amazon::writeback::Talk;
use waybill_channels::feed::Found;
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_domain::service::Carrier;
use waybill_sandbox::{Call, Fault, FaultKind, Sandbox};

use super::{control, later, order, put, report, seller, send, spec, stamp, world};

fn sent(lines: &[(&str, u32)], parcel: u32) -> Sent {
    Sent {
        channel_id: "202-1-1".to_owned(),
        lines: lines.iter().map(|(line, n)| ((*line).to_owned(), *n)).collect(),
        order_lines: 2,
        completes: false,
        parcel,
        carrier: Carrier::RoyalMail,
        tracking: format!("TT00000000{parcel}GB"),
        at: "2026-11-23T08:30:00Z".parse().unwrap(),
        source: None,
    }
}

/// Talks to the end; `None` when a reply was lost on the way.
fn tell(sandbox: &Sandbox, seller: &Seller, sent: &Sent) -> Option<Result<Outcome, Broke>> {
    let mut talk = Talk::new(seller, sent.clone());
    let mut reply = None;
    loop {
        match talk.next(reply.as_ref(), &stamp(sandbox)) {
            Ok(Next::Send(request)) => reply = Some(send(sandbox, *request)?),
            Ok(Next::Over(outcome)) => return Some(Ok(outcome)),
            Err(error) => return Some(Err(error)),
        }
    }
}

fn shown(sandbox: &Sandbox) -> Value {
    control(sandbox, "GET", "/orders", &json!({}))[0].clone()
}

fn confirmations(sandbox: &Sandbox) -> Value {
    report(sandbox)["calls"]["confirmShipment"].clone()
}

#[test]
fn two_parcels_make_an_order_shipped_and_then_delivered() {
    let sandbox = world(&json!({}));
    put(&sandbox, &order("202-1-1"));
    let seller = seller(&sandbox);
    let (first, second) = (sent(&[("11", 1)], 1), sent(&[("11", 1), ("12", 1)], 2));
    assert_eq!(tell(&sandbox, &seller, &first), Some(Ok(Outcome::Applied)));
    assert_eq!(shown(&sandbox)["status"], "PARTIALLY_SHIPPED");
    assert_eq!(tell(&sandbox, &seller, &second), Some(Ok(Outcome::Applied)));
    assert_eq!(shown(&sandbox)["status"], "SHIPPED");
    let lines = json!([{"id": "11", "quantity": 1}, {"id": "12", "quantity": 1}]);
    assert_eq!(
        shown(&sandbox)["tracking"][1],
        json!({"number": "TT000000002GB", "carrier": "Royal Mail", "lines": lines})
    );
    // Told again, nothing is written.
    assert_eq!(tell(&sandbox, &seller, &first), Some(Ok(Outcome::Applied)));
    assert_eq!(confirmations(&sandbox), 2);
    let request = build_shown(&seller, "202-1-1", &stamp(&sandbox)).unwrap();
    let packages = read_shown(&send(&sandbox, request).unwrap()).unwrap().packages;
    assert!(packages.iter().all(|package| package.state == State::Shipped), "{packages:?}");
    let arrived = |seller: &Seller| match super::read(&sandbox, seller, "202-1-1") {
        Some(Found::Whole(order)) => order.incoming.arrived_at,
        _ => panic!("it is not read whole"),
    };
    assert_eq!(arrived(&seller), None);
    later(&sandbox, 86_400 - 60);
    control(&sandbox, "POST", "/tokens", &json!({}));
    control(&sandbox, "POST", "/orders/202-1-1/arrive", &json!({}));
    assert_eq!(arrived(&super::seller(&sandbox)), Some(sandbox.now()));
    let counts = report(&sandbox);
    assert_eq!((&counts["written_back"], &counts["written_twice"]), (&json!(1), &json!(0)));
}

#[test]
fn a_lost_reply_never_doubles_a_parcel() {
    for show_after in [0, 60] {
        let sandbox = world(&json!({"show_after_seconds": show_after}));
        put(&sandbox, &order("202-1-1"));
        let seller = seller(&sandbox);
        let lost = FaultKind::LoseReply { hold_seconds: 30 };
        sandbox.add_fault(Fault::new("amazon.confirmShipment", lost).times(1));
        let parcel = sent(&[("11", 1)], 1);
        assert!(tell(&sandbox, &seller, &parcel).is_none());
        let second = tell(&sandbox, &seller, &parcel).unwrap().unwrap();
        // While it does not show, the same parcel is told again under the same number, which edits it.
        let expected = if show_after == 0 { (Outcome::Applied, 1) } else { (Outcome::Pending, 2) };
        assert_eq!((second, confirmations(&sandbox)), (expected.0, json!(expected.1)));
        later(&sandbox, 61);
        assert_eq!(tell(&sandbox, &seller, &parcel), Some(Ok(Outcome::Applied)));
        assert_eq!(confirmations(&sandbox), expected.1);
        assert_eq!(shown(&sandbox)["tracking"].as_array().unwrap().len(), 1);
        assert_eq!(report(&sandbox)["written_twice"], 0);
        assert_eq!(sandbox.report()["refusals"], 0);
    }
}

#[test]
fn an_error_after_the_work_is_met_like_a_lost_reply() {
    let sandbox = world(&json!({}));
    put(&sandbox, &order("202-1-1"));
    let seller = seller(&sandbox);
    sandbox.add_fault(Fault::new("amazon.confirmShipment", FaultKind::ErrorAfterWork).times(1));
    let parcel = sent(&[("11", 2)], 1);
    let error = tell(&sandbox, &seller, &parcel).unwrap().unwrap_err();
    assert_eq!(error.advice(), waybill_domain::advice::Advice::Retry);
    assert_eq!(tell(&sandbox, &seller, &parcel), Some(Ok(Outcome::Applied)));
    assert_eq!(confirmations(&sandbox), 1);
}

#[test]
fn what_amazon_refuses_is_refused() {
    let sandbox = world(&json!({}));
    put(&sandbox, &order("202-1-1"));
    let seller = seller(&sandbox);
    let good = json!({"marketplaceId": "A1F83G8C2ARO7P", "packageDetail": {
        "packageReferenceId": "1", "carrierCode": "Royal Mail", "trackingNumber": "TT1", "shipDate": "2026-11-23T08:00:00Z",
        "orderItems": [{"orderItemId": "11", "quantity": 1}]}});
    let tell_raw = |body: &Value| {
        let path = "/amazon/finch/orders/v0/orders/202-1-1/shipmentConfirmation";
        let call =
            Call::new(Method::POST, path).header("x-amz-access-token", seller.access.expose()).json(body);
        sandbox.answer(&call)
    };
    let bad: [(&str, Value); 9] = [
        ("/packageDetail/shipDate", json!("02/21/2022")),
        ("/packageDetail/packageReferenceId", json!("P-1")),
        ("/packageDetail/packageReferenceId", json!("0")),
        ("/packageDetail/carrierCode", json!("Other")),
        ("/packageDetail/trackingNumber", json!(" ")),
        ("/packageDetail/orderItems", json!([])),
        ("/packageDetail/orderItems/0/quantity", json!(3)),
        ("/packageDetail/orderItems/0/orderItemId", json!("99")),
        ("/marketplaceId", json!("ATVPDKIKX0DER")),
    ];
    let schema = spec("ordersV0.json");
    for (pointer, value) in &bad {
        let mut body = good.clone();
        *body.pointer_mut(pointer).unwrap() = value.clone();
        let reply = tell_raw(&body);
        assert_eq!(reply.status, 400, "{pointer} {value}");
        if let Some(schema) = &schema {
            super::fits(schema, "ConfirmShipmentErrorResponse", &reply.value());
        }
    }
    assert_eq!(sandbox.report()["refusals"], bad.len());
    assert!(shown(&sandbox)["tracking"].as_array().unwrap().is_empty());
    let reply = tell_raw(&good);
    assert_eq!((reply.status, reply.body.len()), (204, 0));
    // The same reference edits: the pieces of before are given back first.
    let mut edited = good.clone();
    edited["packageDetail"]["orderItems"][0]["quantity"] = json!(2);
    assert_eq!(tell_raw(&edited).status, 204);
    assert_eq!(shown(&sandbox)["tracking"][0]["lines"], json!([{"id": "11", "quantity": 2}]));
    let mut twice = good;
    twice["packageDetail"]["packageReferenceId"] = json!("2");
    twice["packageDetail"]["orderItems"][0]["orderItemId"] = json!("12");
    assert_eq!(tell_raw(&twice).status, 204);
    assert_eq!(report(&sandbox)["written_twice"], 1);
}

#[test]
fn ship_plus_and_cancelled_orders_cannot_be_confirmed() {
    let sandbox = world(&json!({}));
    let mut plus = order("202-1-1");
    plus["programs"] = json!(["FBM_SHIP_PLUS"]);
    put(&sandbox, &plus);
    let seller = seller(&sandbox);
    let parcel = sent(&[("11", 1)], 1);
    assert_eq!(tell(&sandbox, &seller, &parcel), Some(Ok(Outcome::NotPossible("fbm_ship_plus"))));
    assert!(confirmations(&sandbox).is_null());
    put(&sandbox, &order("202-1-1"));
    control(&sandbox, "POST", "/orders/202-1-1/cancel", &json!({}));
    assert!(tell(&sandbox, &seller, &parcel).unwrap().is_err());
    assert_eq!(sandbox.report()["refusals"], 1);
}
