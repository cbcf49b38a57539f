//! From eBay's order to ours: every trap of the contract's section 5.

use crate::fixture::{
    ORDER, UNREAD, error, fetch, international, order, row, set, take, text, texts, whole, with,
};
use serde_json::{Value, json};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::Found;
use waybill_domain::intake::{Delivery, Readiness};
use waybill_domain::order::Channel;

#[test]
fn an_order_is_read_whole_and_only_what_is_needed() {
    let got = take(&order());
    let incoming = &got.incoming;
    assert_eq!(incoming.channel, Channel::Ebay);
    assert_eq!(
        (incoming.channel_ref.id.as_str(), incoming.channel_ref.name.as_deref()),
        (ORDER, Some(ORDER))
    );
    assert_eq!(incoming.version.to_string(), "2026-11-20T10:15:00.25Z");
    assert_eq!(incoming.placed_at.to_string(), "2026-11-20T09:15:00Z");
    assert_eq!((incoming.cancelled_at, incoming.test), (None, false));
    assert_eq!((incoming.readiness, incoming.delivery), (Readiness::Ready, Delivery::Ship));
    let destination = incoming.destination.as_ref().unwrap();
    assert_eq!((destination.country.as_str(), destination.postcode_area.as_deref()), ("GB", Some("BS")));
    assert_eq!(
        (incoming.total.amount.to_string().as_str(), incoming.total.currency.as_str()),
        ("32.50", "GBP")
    );
    let lines: Vec<_> = incoming
        .lines
        .iter()
        .map(|l| {
            (l.channel_line.as_str(), l.sku.as_deref(), l.quantity, l.sent, l.ships, l.price.to_string())
        })
        .collect();
    assert_eq!(
        lines,
        [
            ("9912345678901", None, 1, 0, true, "7.50".to_owned()),
            ("10012345678902", Some("TEE-M"), 2, 0, true, "12.50".to_owned()),
        ]
    );
    assert_eq!(text(&got.buyer), Some("buyer_zoe_71"));
    let who = got.recipient.unwrap();
    assert_eq!(text(&who.name), Some("Zoë Fern"));
    assert_eq!(text(&who.company), Some("Fern & Daughters"));
    assert_eq!(texts(&who.lines), ["12 Invented Crescent", "Flat 3"]);
    assert_eq!((text(&who.city), text(&who.region)), (Some("Bristol"), Some("Avon")));
    assert_eq!((text(&who.postcode), who.country.as_deref()), (Some("BS1 4ZZ"), Some("GB")));
    assert_eq!((text(&who.phone), text(&who.email)), (Some("01632 960123"), Some("zoe@example.invalid")));
    assert_eq!(text(&who.gift_note), Some("Please wrap it"));
}

#[test]
fn it_is_the_same_whichever_way_it_came() {
    let (a, b) = (take(&order()), whole(fetch(&order(), None)));
    assert_eq!(a.incoming, b.incoming);
    assert!(a.recipient == b.recipient && a.buyer == b.buyer);
    let mut turned = order();
    turned["lineItems"].as_array_mut().unwrap().reverse();
    assert_eq!(take(&turned).incoming, a.incoming);
}

#[test]
fn an_international_order_goes_to_the_hub_with_its_reference_above_the_street() {
    let got = take(&international());
    let who = got.recipient.unwrap();
    assert_eq!(texts(&who.lines), ["Reference #2219000111222333", "12 Invented Crescent", "Flat 3"]);
    assert_eq!(got.incoming.destination.unwrap().country, "GB");
    let all = [&who.name, &who.company, &who.city, &who.region, &who.postcode, &who.phone, &who.email];
    let read: Vec<&str> = all.into_iter().filter_map(text).chain(texts(&who.lines)).collect();
    for personal in UNREAD {
        assert!(!read.iter().any(|value| value.contains(personal)), "{personal}");
    }
    // Without an address of the hub nothing else is taken for one.
    let mut nowhere = international();
    nowhere["fulfillmentStartInstructions"][0]["shippingStep"]["shipTo"] = json!({});
    let got = take(&nowhere);
    assert!(got.incoming.destination.is_none() && got.recipient.is_none());
}

#[test]
fn the_kind_of_fulfilment_says_how_it_travels() {
    let kind = "/fulfillmentStartInstructions/0/fulfillmentInstructionsType";
    let mut pickup = with(kind, json!("PREPARE_FOR_PICKUP"));
    pickup["fulfillmentStartInstructions"][0]["pickupStep"] = json!({"merchantLocationKey": "shop-1"});
    pickup["fulfillmentStartInstructions"][0].as_object_mut().unwrap().remove("shippingStep");
    let got = take(&pickup);
    assert_eq!(got.incoming.delivery, Delivery::Pickup);
    assert!(got.incoming.destination.is_none());
    assert_eq!(got.recipient.as_ref().unwrap().field_names(), ["name"]);

    let got = take(&with(kind, json!("DIGITAL")));
    assert!(got.incoming.lines.iter().all(|line| !line.ships));
    assert!(got.recipient.is_none() && got.incoming.destination.is_none());

    assert!(row(&with(kind, json!("FULFILLED_BY_EBAY"))).is_none());
    assert!(fetch(&with(kind, json!("FULFILLED_BY_EBAY")), None).is_none());
    assert!(row(&with("/program", json!({"fulfillmentProgram": {"fulfilledBy": "EBAY"}}))).is_none());

    for kind_of in ["SELLER_DEFINED", "SOMETHING_NEW"] {
        let got = take(&with(kind, json!(kind_of)));
        assert!(got.incoming.delivery == Delivery::Ship && got.recipient.is_some());
    }
    let label = with("/program", json!({"ebayShipping": {"shippingLabelProvidedBy": "EBAY"}}));
    assert_eq!(take(&label).incoming.readiness, Readiness::OnHold);
}

#[test]
fn what_aged_out_is_no_address() {
    let contact = "/fulfillmentStartInstructions/0/shippingStep/shipTo";
    let mut old = with(
        contact,
        json!({
            "contactAddress": {"city": "Bristol", "postalCode": "BS1 4ZZ", "countryCode": "GB"},
            "primaryPhone": {}
        }),
    );
    let got = take(&old);
    assert!(got.incoming.destination.is_none() && got.recipient.is_none());
    set(&mut old, &format!("{contact}/contactAddress/addressLine1"), json!("12 Invented Crescent"));
    let who = take(&old).recipient.unwrap();
    assert_eq!((text(&who.phone), text(&who.email), text(&who.name)), (None, None, None));
    let bare = json!({
        "orderId": ORDER, "creationDate": "2026-11-20T09:15:00.000Z", "lastModifiedDate": "2026-11-20T09:15:00Z",
        "pricingSummary": {"total": {"value": 1, "currency": "gbp"}}, "buyer": null, "program": null,
        "lineItems": [{"lineItemId": 7, "quantity": "1", "lineItemCost": {"value": 1.0, "currency": "GBP"}}]
    });
    let got = take(&bare);
    assert!(got.buyer.is_none() && got.recipient.is_none());
    // Not known to be paid.
    assert_eq!(got.incoming.readiness, Readiness::AwaitingPayment);
}

#[test]
fn the_cancel_state_comes_before_everything_else() {
    let mut cancelled = with("/cancelStatus/cancelState", json!("CANCELED"));
    set(&mut cancelled, "/cancelStatus/cancelledDate", json!("2026-11-21T08:00:00.000Z"));
    set(&mut cancelled, "/orderFulfillmentStatus", json!("FULFILLED"));
    set(&mut cancelled, "/orderPaymentStatus", json!("FULLY_REFUNDED"));
    set(&mut cancelled, "/lineItems/0/lineItemFulfillmentStatus", json!("FULFILLED"));
    assert!(matches!(row(&cancelled), Some(Found::Key(key)) if key == ORDER));
    let got = whole(fetch(&cancelled, None)).incoming;
    assert_eq!(got.cancelled_at, Some("2026-11-21T08:00:00Z".parse().unwrap()));
    assert!(got.lines.iter().all(|line| line.sent == 0 && line.quantity > 0));

    cancelled["cancelStatus"].as_object_mut().unwrap().remove("cancelledDate");
    let requests =
        json!([{"cancelRequestState": "COMPLETED", "cancelCompletedDate": "2026-11-21T07:00:00Z"}]);
    set(&mut cancelled, "/cancelStatus/cancelRequests", requests);
    let at = |order: &Value| whole(fetch(order, None)).incoming.cancelled_at;
    assert_eq!(at(&cancelled), Some("2026-11-21T07:00:00Z".parse().unwrap()));
    set(&mut cancelled, "/cancelStatus/cancelRequests", json!([]));
    assert_eq!(at(&cancelled), Some("2026-11-20T10:15:00.25Z".parse().unwrap()));
}

#[test]
fn an_open_request_to_cancel_holds_the_order() {
    for state in ["IN_PROGRESS", "CANCEL_SOMETHING_NEW"] {
        let asked = with("/cancelStatus/cancelState", json!(state));
        assert!(matches!(row(&asked), Some(Found::Key(_))));
        let got = whole(fetch(&asked, None)).incoming;
        assert_eq!((got.readiness, got.cancelled_at), (Readiness::OnHold, None));
    }
    // Only getOrder shows the requests, and they may be ahead of the state.
    let asked = with("/cancelStatus/cancelRequests", json!([{"cancelRequestState": "REQUESTED"}]));
    assert_eq!(whole(fetch(&asked, None)).incoming.readiness, Readiness::OnHold);
    let declined = with("/cancelStatus/cancelRequests", json!([{"cancelRequestState": "REJECTED"}]));
    assert_eq!(whole(fetch(&declined, None)).incoming.readiness, Readiness::Ready);
}

#[test]
fn what_is_not_known_to_be_paid_waits() {
    for (status, readiness) in [
        ("PAID", Readiness::Ready),
        ("PENDING", Readiness::AwaitingPayment),
        ("FAILED", Readiness::AwaitingPayment),
        ("SOMETHING_NEW", Readiness::AwaitingPayment),
    ] {
        assert_eq!(
            take(&with("/orderPaymentStatus", json!(status))).incoming.readiness,
            readiness,
            "{status}"
        );
    }
}

#[test]
fn refunds_take_whole_lines_away_and_nothing_else() {
    let refund = |value: &str| json!([{"amount": {"value": value, "currency": "GBP"}, "refundId": "1"}]);
    let quantities = |order: &Value| {
        assert!(matches!(row(order), Some(Found::Key(_))), "the list does not tell");
        let lines = whole(fetch(order, None)).incoming.lines;
        lines.iter().map(|line| (line.quantity, line.sent)).collect::<Vec<_>>()
    };
    // The T-shirts, two for 25.00, are the second line.
    assert_eq!(quantities(&with("/lineItems/0/refunds", refund("25.00"))), [(1, 0), (0, 0)]);
    assert_eq!(quantities(&with("/lineItems/0/refunds", refund("12.50"))), [(1, 0), (2, 0)]);
    assert_eq!(quantities(&with("/lineItems/0/refunds", json!([{"refundId": "1"}]))), [(1, 0), (2, 0)]);
    let mut discounted = with("/lineItems/0/refunds", refund("20.00"));
    set(&mut discounted, "/lineItems/0/discountedLineItemCost", json!({"value": "20.0", "currency": "GBP"}));
    assert_eq!(quantities(&discounted), [(1, 0), (0, 0)]);
    let mut euros = with("/lineItems/0/refunds", refund("30.00"));
    set(&mut euros, "/lineItems/0/refunds/0/amount/currency", json!("EUR"));
    assert_eq!(quantities(&euros), [(1, 0), (2, 0)]);
    let paid = json!([{"refundStatus": "REFUNDED", "amount": {"value": "5", "currency": "GBP"}}]);
    assert_eq!(quantities(&with("/paymentSummary/refunds", paid)), [(1, 0), (2, 0)]);
    assert_eq!(quantities(&with("/orderPaymentStatus", json!("PARTIALLY_REFUNDED"))), [(1, 0), (2, 0)]);
    // What had left stays sent.
    let mut all = with("/orderPaymentStatus", json!("FULLY_REFUNDED"));
    set(&mut all, "/lineItems/1/lineItemFulfillmentStatus", json!("FULFILLED"));
    assert_eq!(quantities(&all), [(1, 1), (0, 0)]);
}

#[test]
fn what_left_already_is_counted() {
    let done = take(&with("/lineItems/0/lineItemFulfillmentStatus", json!("FULFILLED"))).incoming;
    assert_eq!(done.lines.iter().map(|line| line.sent).collect::<Vec<_>>(), [0, 2]);
    let begun = with("/lineItems/0/lineItemFulfillmentStatus", json!("IN_PROGRESS"));
    assert!(matches!(row(&begun), Some(Found::Key(_))));
    let parcel =
        |quantity: u32| json!({"lineItems": [{"lineItemId": "10012345678902", "quantity": quantity}]});
    let sent = |parcels: Value| {
        let shown = json!({"total": parcels.as_array().unwrap().len(), "fulfillments": parcels});
        whole(fetch(&begun, Some(&shown))).incoming.lines[1].sent
    };
    assert_eq!(sent(json!([parcel(1)])), 1);
    assert_eq!(sent(json!([])), 0);
    assert_eq!(sent(json!([parcel(1), parcel(4)])), 2, "never more than were bought");
}

#[test]
fn amounts_are_those_before_conversion() {
    let mut dollars = order();
    let both = |value: &str, original: &str| json!({"value": value, "currency": "USD", "convertedFromValue": original, "convertedFromCurrency": "GBP"});
    set(&mut dollars, "/pricingSummary/total", both("41.11", "32.50"));
    set(&mut dollars, "/lineItems/0/lineItemCost", both("31.63", "25.00"));
    assert_eq!(take(&dollars).incoming, take(&order()).incoming);
    // The line must be in the order's currency, whichever of the two that is.
    let shown = with(
        "/lineItems/0/lineItemCost",
        json!({
            "value": "25", "currency": "GBP", "convertedFromValue": "29", "convertedFromCurrency": "EUR"
        }),
    );
    assert_eq!(take(&shown).incoming, take(&order()).incoming);
    let mixed = with("/lineItems/0/lineItemCost", json!({"value": "25", "currency": "EUR"}));
    assert_eq!(error(row(&mixed)), CannotRead::Field { field: "lineItemCost" });
    // A third of ten.
    let mut third = with("/lineItems/0/lineItemCost/value", json!("10.00"));
    set(&mut third, "/lineItems/0/quantity", json!(3));
    assert_eq!(take(&third).incoming.lines[1].price.to_string(), "3.3333");
}

#[test]
fn what_cannot_be_trusted_is_not_read() {
    for (pointer, value) in [
        ("/lineItems/0/quantity", json!(0)),
        ("/lineItems/0/quantity", json!(-1)),
        ("/lineItems/0/lineItemId", json!("../x")),
        ("/lineItems/0/lineItemId", json!("9912345678901")),
        ("/lineItems", Value::Null),
        ("/orderId", json!("1/2")),
        ("/creationDate", json!("yesterday")),
        ("/lastModifiedDate", Value::Null),
        ("/pricingSummary", json!({})),
        ("/pricingSummary/total/value", json!("NaN")),
        ("/fulfillmentStartInstructions/0/shippingStep/shipTo/fullName", json!({"a": 1})),
        ("/buyer/username", json!([])),
    ] {
        let error = error(row(&with(pointer, value)));
        assert!(!error.to_string().contains("Zoë"), "{error}");
        assert!(matches!(error, CannotRead::Field { .. }), "{pointer}: {error:?}");
    }
    let many: Vec<Value> =
        (0..501).map(|n| json!({"lineItemId": n + 1, "quantity": 1, "lineItemCost": {}})).collect();
    assert_eq!(error(row(&with("/lineItems", json!(many)))), CannotRead::TooMany { field: "lineItems" });
}
