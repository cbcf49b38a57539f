//! From Amazon's order to ours.

use crate::contracts;
use crate::fixture::{ID, PERSONAL, one, order, standing, take, text, why, with};
use rust_decimal::Decimal;
use serde_json::{Value, json};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::Found;
use waybill_domain::advice::Advice;
use waybill_domain::exception::Reason;
use waybill_domain::intake::{Delivery, Readiness};
use waybill_domain::order::Channel;

fn field(order: &Value) -> &'static str {
    match why(order) {
        CannotRead::Field { field } | CannotRead::TooMany { field } => field,
        other => panic!("{other:?}"),
    }
}

/// Pieces wanted and sent of each line.
fn pieces(order: &Value) -> Vec<(u32, u32)> {
    take(order).incoming.lines.iter().map(|l| (l.quantity, l.sent)).collect()
}

#[test]
fn everything_we_keep_is_there() {
    let got = take(&order());
    let order = &got.incoming;
    assert_eq!(order.channel, Channel::Amazon);
    assert_eq!((order.channel_ref.id.as_str(), order.channel_ref.name.as_deref()), (ID, Some(ID)));
    assert_eq!(order.placed_at.to_string(), "2026-11-20T09:15:00Z");
    assert_eq!(order.version.to_string(), "2026-11-20T10:15:00.25Z");
    assert_eq!((order.delivery, order.readiness), (Delivery::Ship, Readiness::Ready));
    assert!(order.cancelled_at.is_none() && !order.test);
    assert_eq!((order.total.amount, order.total.currency.as_str()), (Decimal::new(3250, 2), "GBP"));
    let to = order.destination.as_ref().unwrap();
    assert_eq!((to.country.as_str(), to.postcode_area.as_deref()), ("GB", Some("BS")));
    let lines: Vec<_> = order
        .lines
        .iter()
        .map(|l| (l.channel_line.as_str(), l.sku.as_deref(), l.quantity, l.sent, l.ships, l.grams))
        .collect();
    let expected =
        [("9876543210", Some("TEA"), 1, 0, true, 0), ("20276543210987", Some("MUG/1 red"), 2, 0, true, 0)];
    assert_eq!(lines, expected);
    assert_eq!(order.lines[0].price.to_string(), "7.50");
    let who = got.recipient.unwrap();
    assert_eq!(text(&who.name), Some("Zoë Fern"));
    assert_eq!(text(&who.company), Some("Fern & Daughters"));
    let street: Vec<_> = who.lines.iter().map(|l| text(&Some(l.clone())).unwrap().to_owned()).collect();
    assert_eq!(street, ["12 Invented Crescent", "Flat 3", "Rear door"]);
    assert_eq!(text(&who.city), Some("Bristol"));
    assert_eq!(text(&who.region), Some("Avon"));
    assert_eq!(text(&who.postcode), Some("BS1 4ZZ"));
    assert_eq!(who.country.as_deref(), Some("GB"));
    assert_eq!(text(&who.phone), Some("01632 960123"));
    assert_eq!(text(&who.gift_note), Some("Happy birthday, Ida"));
    // Neither is asked for, so neither is read where it is given.
    assert!(who.email.is_none() && got.buyer.is_none());
}

#[test]
fn what_names_nobody_names_nobody() {
    let shown = format!("{:?}", take(&order()).incoming);
    assert!(!PERSONAL.iter().any(|p| shown.contains(p)), "{shown}");
    assert!(!shown.contains("FERN-7"));
}

#[test]
fn only_what_must_be_there_must_be_there() {
    let least = json!({
        "orderId": ID, "createdTime": "2026-11-20T09:15:00Z", "lastUpdatedTime": "2026-11-20T09:15:00Z",
        "salesChannel": {"channelName": "AMAZON"},
        "orderItems": [{"orderItemId": "1", "quantityOrdered": 3, "product": {}}]
    });
    let got = take(&least).incoming;
    // A state that is not told is waited for.
    assert_eq!(got.readiness, Readiness::OnHold);
    assert_eq!((got.lines[0].quantity, got.lines[0].sent, got.lines[0].sku.as_deref()), (3, 0, None));
    assert_eq!((got.total.amount.to_string().as_str(), got.total.currency.as_str()), ("0.00", "XXX"));
    for name in ["orderId", "createdTime", "lastUpdatedTime", "orderItems"] {
        let mut damaged = least.clone();
        damaged[name] = Value::Null;
        match one(&damaged) {
            Ok(Some(Found::Unreadable { error, .. })) => assert_eq!(error, CannotRead::Field { field: name }),
            // An order that does not say which it is, is not the one that was asked for.
            other => assert!(name == "orderId" && other.is_err(), "{name}"),
        }
    }
}

#[test]
fn pending_orders_keep_goods_and_name_nobody() {
    for status in ["PENDING", "PENDING_AVAILABILITY"] {
        let got = take(&standing(status));
        assert_eq!(got.incoming.readiness, Readiness::AwaitingPayment);
        assert!(got.recipient.is_none() && got.incoming.destination.is_none());
        assert_eq!(got.incoming.lines[1].quantity, 2);
    }
}

#[test]
fn a_state_nobody_knows_is_waited_for() {
    let got = take(&standing("UNFORESEEN"));
    assert_eq!(got.incoming.readiness, Readiness::OnHold);
    assert!(got.recipient.is_none());
}

#[test]
fn what_is_sent_or_cancelled_names_nobody() {
    let shipped = take(&standing("SHIPPED"));
    assert!(shipped.recipient.is_none() && shipped.incoming.destination.is_none());
    assert_eq!(shipped.incoming.readiness, Readiness::Ready);
    let cancelled = take(&standing("CANCELLED"));
    assert!(cancelled.recipient.is_none());
    assert_eq!(cancelled.incoming.cancelled_at, Some(cancelled.incoming.version));
    assert!(cancelled.incoming.lines.iter().all(|l| l.sent == 0));
}

#[test]
fn pieces_sent_are_counted_and_pieces_cancelled_are_not() {
    let of = |fulfillment: Value, ordered: u32| {
        let changed = with(|o| {
            o["orderItems"][0]["quantityOrdered"] = json!(ordered);
            o["orderItems"][0]["fulfillment"] = fulfillment;
            o["fulfillment"]["fulfillmentStatus"] = json!("PARTIALLY_SHIPPED");
        });
        pieces(&changed)[1]
    };
    assert_eq!(of(json!({"quantityFulfilled": 2, "quantityUnfulfilled": 3}), 5), (5, 2));
    assert_eq!(of(json!({"quantityFulfilled": "2", "quantityUnfulfilled": "1"}), 5), (3, 2));
    assert_eq!(of(json!({"quantityFulfilled": 2}), 5), (5, 2));
    assert_eq!(of(json!({}), 5), (5, 0));
    assert_eq!(of(Value::Null, 5), (5, 0));
    assert_eq!(of(json!({"quantityFulfilled": 9, "quantityUnfulfilled": 9}), 5), (5, 5));
    let shipped = with(|o| {
        o["fulfillment"]["fulfillmentStatus"] = json!("SHIPPED");
        o["orderItems"][0]["fulfillment"] = Value::Null;
        o["orderItems"][1]["fulfillment"] = json!({"quantityFulfilled": 1, "quantityUnfulfilled": 0});
    });
    assert_eq!(pieces(&shipped), [(1, 1), (2, 2)]);
    let negative = with(|o| o["orderItems"][0]["fulfillment"]["quantityFulfilled"] = json!(-1));
    assert_eq!(field(&negative), "orderItems.fulfillment.quantityFulfilled");
}

#[test]
fn asking_to_cancel_is_no_cancellation() {
    let asked =
        json!({"cancellationRequest": {"requester": "BUYER", "cancelReason": "Zoë Fern changed her mind"}});
    let got = with(|o| o["orderItems"][0]["cancellation"] = asked.clone());
    assert_eq!(pieces(&got), [(1, 0), (2, 0)]);
    let done = json!({"cancellationExecution": {"cancelledBy": "MERCHANT"}});
    let one_line = with(|o| o["orderItems"][0]["cancellation"] = done.clone());
    assert_eq!(pieces(&one_line), [(1, 0), (0, 0)]);
    let got = take(&one_line);
    assert!(got.incoming.cancelled_at.is_none());
    // The message was for the line that is gone.
    assert!(got.recipient.unwrap().gift_note.is_none());
    let every_line = with(|o| {
        o["orderItems"][0]["cancellation"] = done.clone();
        o["orderItems"][1]["cancellation"] = done.clone();
    });
    let got = take(&every_line);
    assert!(got.incoming.cancelled_at.is_some() && got.recipient.is_none());
    let late = with(|o| {
        for line in [0, 1] {
            o["orderItems"][line]["cancellation"] = done.clone();
        }
        o["orderItems"][0]["fulfillment"] = json!({"quantityFulfilled": 1, "quantityUnfulfilled": 0});
    });
    assert_eq!(pieces(&late), [(0, 0), (1, 1)]);
    assert!(take(&late).incoming.cancelled_at.is_none());
}

#[test]
fn collected_orders_are_not_sent_and_a_pickup_point_is_an_address() {
    let collected = with(|o| o["programs"] = json!(["IN_STORE_PICK_UP"]));
    let got = take(&collected);
    assert_eq!(got.incoming.delivery, Delivery::Pickup);
    // The address is the shop's own.
    assert!(got.recipient.is_none() && got.incoming.destination.is_none());
    let locker = with(|o| o["recipient"]["deliveryAddress"]["addressType"] = json!("PICKUP_POINT"));
    let got = take(&locker);
    assert_eq!(got.incoming.delivery, Delivery::Ship);
    assert_eq!(text(&got.recipient.unwrap().name), Some("Zoë Fern"));
}

#[test]
fn without_its_role_an_app_gets_no_address() {
    for recipient in
        [Value::Null, json!({}), json!({"deliveryAddress": {"countryCode": "GB", "city": "Bristol"}})]
    {
        let got = take(&with(|o| o["recipient"] = recipient));
        assert_eq!(got.incoming.readiness, Readiness::Ready);
        assert!(got.recipient.is_none() && got.incoming.destination.is_none());
    }
}

#[test]
fn towns_and_counties_are_found_where_they_are() {
    let odd = with(|o| {
        let address = &mut o["recipient"]["deliveryAddress"];
        address["city"] = json!("");
        address["municipality"] = json!("Bristol");
        address["stateOrRegion"] = json!("England");
        address["countryCode"] = json!("ie");
        address["postalCode"] = json!(40003);
    });
    let got = take(&odd);
    let who = got.recipient.unwrap();
    assert_eq!((text(&who.city), text(&who.region)), (Some("Bristol"), Some("England")));
    assert_eq!(text(&who.postcode), Some("40003"));
    assert_eq!(got.incoming.destination.unwrap().postcode_area, None);
}

#[test]
fn gift_messages_are_kept_once_in_the_order_of_the_lines() {
    let gift = |message: &str| json!({"packing": {"giftOption": {"giftMessage": message}}});
    let got = |a: &str, b: &str| {
        let order = with(|o| {
            o["orderItems"][0]["fulfillment"] = gift(a);
            o["orderItems"][1]["fulfillment"] = gift(b);
        });
        text(&take(&order).recipient.unwrap().gift_note).map(str::to_owned)
    };
    assert_eq!(got("To Ida", "To Ida").as_deref(), Some("To Ida"));
    assert_eq!(got("To Ida", "To Ben").as_deref(), Some("To Ben\nTo Ida"));
    assert_eq!(got(" ", ""), None);
}

#[test]
fn the_total_is_found_once_or_summed_in_one_currency() {
    let total = |order: &Value| {
        let total = take(order).incoming.total;
        (total.amount.to_string(), total.currency)
    };
    let of = |amount: &str, currency: &str| (amount.to_owned(), currency.to_owned());
    let untold = |change: fn(&mut Value)| {
        with(|o| {
            o["proceeds"] = Value::Null;
            change(o);
        })
    };
    assert_eq!(total(&untold(|_| {})), of("32.50", "GBP"));
    let priced = untold(|o| {
        o["orderItems"][0]["proceeds"] = Value::Null;
        o["orderItems"][1]["proceeds"] = json!({});
    });
    assert_eq!(total(&priced), of("32.50", "GBP"));
    let mixed = untold(|o| o["orderItems"][0]["proceeds"]["proceedsTotal"]["currencyCode"] = json!("EUR"));
    assert_eq!(total(&mixed), of("0.00", "XXX"));
    let yen = with(|o| o["proceeds"]["grandTotal"] = json!({"amount": "19940", "currencyCode": "jpy"}));
    assert_eq!(total(&yen), of("19940.00", "JPY"));
    let number = with(|o| o["proceeds"]["grandTotal"]["amount"] = json!(32.5));
    assert_eq!(total(&number), of("32.50", "GBP"));
    let absurd = with(|o| o["proceeds"]["grandTotal"]["amount"] = json!("lots"));
    assert_eq!(field(&absurd), "proceeds.grandTotal");
}

#[test]
fn lines_are_the_same_whichever_way_they_lie() {
    let turned = with(|o| o["orderItems"].as_array_mut().unwrap().reverse());
    assert_eq!(take(&turned).incoming, take(&order()).incoming);
}

#[test]
fn absurd_fields_are_named_and_nothing_of_them_is_shown() {
    let long = "Zoë Fern ".repeat(200);
    let error = why(&with(|o| o["recipient"]["deliveryAddress"]["name"] = json!(long)));
    assert_eq!(error, CannotRead::Field { field: "name" });
    assert_eq!(error.advice(), Advice::AskPerson(Reason::Unreadable));
    assert!(!format!("{error} {error:?}").contains("Fern"));
    let many = vec![json!({"orderItemId": "1", "quantityOrdered": 1}); 501];
    assert_eq!(field(&with(|o| o["orderItems"] = json!(many))), "orderItems");
    assert_eq!(
        field(&with(|o| o["orderItems"][0]["quantityOrdered"] = json!("some"))),
        "orderItems.quantityOrdered"
    );
    assert!(matches!(why(&with(|o| o["programs"] = json!("PRIME"))), CannotRead::Shape { .. }));
}

#[test]
fn every_sample_of_one_order_is_read() {
    let expected = [
        ("1", "UNSHIPPED", Some("BR"), Delivery::Ship, vec![(1, 0)], "299.90"),
        ("2", "SHIPPED", None, Delivery::Ship, vec![(2, 2)], "125.00"),
        ("3", "UNSHIPPED", None, Delivery::Pickup, vec![(1, 0)], "49.99"),
    ];
    for (n, status, country, delivery, lines, total) in expected {
        let Some(sample) = contracts::file(&format!("samples/orders-2026-01-01.getOrder.{n}.json")) else {
            return;
        };
        let mut order = sample["response"]["order"].clone();
        assert_eq!(order["fulfillment"]["fulfillmentStatus"], status);
        order["salesChannel"]["marketplaceId"] = json!("A1F83G8C2ARO7P");
        let got = take(&order);
        assert_eq!(got.incoming.destination.map(|d| d.country).as_deref(), country, "{n}");
        assert_eq!(got.recipient.is_some(), country.is_some(), "{n}");
        assert_eq!(got.incoming.delivery, delivery, "{n}");
        assert_eq!(pieces(&order), lines, "{n}");
        assert_eq!(got.incoming.total.amount.to_string(), total, "{n}");
    }
}

#[test]
fn it_arrived_when_all_was_sent_and_every_parcel_did() {
    let parcel = |status: &str| json!({"packageReferenceId": "1", "packageStatus": {"status": status}});
    let arrived = |standing_at: &str, packages: &[&str]| {
        let packages: Vec<Value> = packages.iter().map(|status| parcel(status)).collect();
        let mut order = standing(standing_at);
        order["packages"] = json!(packages);
        take(&order).incoming.arrived_at.map(|at| at.to_string())
    };
    let at = Some("2026-11-20T10:15:00.25Z".to_owned());
    assert_eq!(arrived("SHIPPED", &["DELIVERED"]), at);
    assert_eq!(arrived("SHIPPED", &["DELIVERED", "CANCELLED"]), at);
    assert_eq!(arrived("SHIPPED", &["DELIVERED", "IN_TRANSIT"]), None);
    assert_eq!(arrived("SHIPPED", &["DELIVERED", "LOST_AT_SEA"]), None);
    assert_eq!(arrived("SHIPPED", &["CANCELLED"]), None);
    assert_eq!(arrived("SHIPPED", &[]), None);
    assert_eq!(arrived("PARTIALLY_SHIPPED", &["DELIVERED"]), None);
}
