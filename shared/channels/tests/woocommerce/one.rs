//! Reading one order.

use crate::fixture::{answer, line, ok, order, refund, refusal, shop, stamp, with};
use serde_json::{Value, json};
use waybill_channels::Normalised;
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Reading};
use waybill_channels::woocommerce::feed::One;
use waybill_channels::writeback::Broke;

fn sent(reading: Reading) -> String {
    match reading {
        Reading::Send(request) => line(&request),
        Reading::Over(_) => panic!("it is over"),
    }
}

fn whole(reading: Reading) -> Box<Normalised> {
    match reading {
        Reading::Over(Some(Found::Whole(order))) => order,
        _ => panic!("not an order"),
    }
}

#[test]
fn an_order_without_refunds_takes_one_call_and_equals_the_webhook() {
    let mut one = One::new(&shop(), "727");
    let url = sent(one.next(None, &stamp()).unwrap());
    assert!(url.starts_with("GET /wc/v3/orders/727?_fields=id,number,"), "{url}");
    let read = whole(one.next(Some(&ok(&order())), &stamp()).unwrap());
    assert_eq!(read.incoming, crate::fixture::take(&order()).unwrap().incoming);
}

#[test]
fn refunds_take_pieces_off_their_lines() {
    let body = with(json!({"refunds": [{"id": 800, "total": "-12.50"}]}));
    let mut one = One::new(&shop(), "727");
    one.next(None, &stamp()).unwrap();
    let url = sent(one.next(Some(&ok(&body)), &stamp()).unwrap());
    assert_eq!(url, "GET /wc/v3/orders/727/refunds?per_page=100&page=1&_fields=id,line_items");
    let amount_only = json!({"id": 801, "amount": "1.00", "line_items": []});
    let refunds = json!([refund(json!("9"), json!(-1)), refund(json!(9), json!("-1")), amount_only]);
    let paged = answer(200, &[("x-wp-totalpages", "2")], refunds.to_string());
    let url = sent(one.next(Some(&paged), &stamp()).unwrap());
    assert!(url.contains("page=2"), "{url}");
    let more = json!([refund(json!("11"), json!(-7))]);
    let last = answer(200, &[("x-wp-totalpages", "2")], more.to_string());
    let read = whole(one.next(Some(&last), &stamp()).unwrap());
    let left: Vec<_> = read.incoming.lines.iter().map(|l| (l.channel_line.as_str(), l.quantity)).collect();
    assert_eq!(left, [("9", 1), ("11", 0)]);
}

#[test]
fn endless_refunds_are_an_error() {
    let mut one = One::new(&shop(), "727");
    one.next(None, &stamp()).unwrap();
    one.next(Some(&ok(&with(json!({"refunds": [{"id": 1}]})))), &stamp()).unwrap();
    let paged =
        answer(200, &[("x-wp-totalpages", "1000000")], json!([refund(json!(1), json!(-1))]).to_string());
    let error = (0..100).find_map(|_| one.next(Some(&paged), &stamp()).err());
    assert_eq!(error, Some(Broke::Read(CannotRead::TooMany { field: "refunds" })));
}

#[test]
fn what_is_gone_is_none_and_what_was_erased_says_so() {
    let read = |reply| {
        let mut one = One::new(&shop(), "727");
        one.next(None, &stamp()).unwrap();
        one.next(Some(&reply), &stamp())
    };
    assert!(matches!(read(refusal(404, "woocommerce_rest_shop_order_invalid_id")), Ok(Reading::Over(None))));
    assert!(matches!(read(ok(&with(json!({"status": "checkout-draft"})))), Ok(Reading::Over(None))));
    let erased = with(json!({"billing": {"email": "deleted@site.invalid"}}));
    assert!(matches!(read(ok(&erased)), Ok(Reading::Over(Some(Found::Erased(id)))) if id == "727"));
    let trashed = whole(read(ok(&with(json!({"status": "trash"})))).unwrap());
    assert!(trashed.incoming.cancelled_at.is_some());
    assert!(matches!(
        read(ok(&with(json!({"total": "much"})))),
        Ok(Reading::Over(Some(Found::Unreadable { channel_id, .. }))) if channel_id == "727"
    ));
    assert!(read(refusal(404, "rest_no_route")).is_err(), "a shop without the API has not lost its orders");
    assert!(
        read(ok(&Value::from("<html>")))
            .is_ok_and(|r| matches!(r, Reading::Over(Some(Found::Unreadable { .. }))))
    );
    assert!(read(answer(200, &[], "<html>")).is_err());
}

#[test]
fn what_is_no_number_is_no_order() {
    for bad in ["", "unknown", "1/notes", "-1", "123456789012345678901"] {
        assert!(One::new(&shop(), bad).next(None, &stamp()).is_err(), "{bad}");
    }
}

#[test]
fn a_lost_reply_begins_again() {
    let mut one = One::new(&shop(), "727");
    one.next(None, &stamp()).unwrap();
    one.next(Some(&ok(&with(json!({"refunds": [{"id": 1}]})))), &stamp()).unwrap();
    let url = sent(one.next(None, &stamp()).unwrap());
    assert!(url.starts_with("GET /wc/v3/orders/727?"), "{url}");
    assert_eq!(whole(one.next(Some(&ok(&order())), &stamp()).unwrap()).incoming.lines[0].quantity, 3);
}
