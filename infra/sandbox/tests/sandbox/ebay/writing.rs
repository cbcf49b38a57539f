//! Tracking and stock.

use super::{advance, control, one, order_of, seller, send, stamp, whole, world};
use serde_json::{Value, json};
use waybill_channels::ebay::{stock, writeback};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::Found;
use waybill_channels::stock::Level;
use waybill_channels::writeback::{Broke, Next, Outcome, Sent};
use waybill_domain::service::Carrier;
use waybill_sandbox::state::Limits;
use waybill_sandbox::{Fault, FaultKind, Sandbox};

fn parcel(sandbox: &Sandbox, order: &str, lines: Vec<(String, u32)>, tracking: &str) -> Sent {
    Sent {
        channel_id: order.to_owned(),
        order_lines: lines.len(),
        lines,
        completes: true,
        parcel: 1,
        carrier: Carrier::RoyalMail,
        tracking: tracking.to_owned(),
        at: sandbox.now(),
        source: None,
    }
}

fn tell(sandbox: &Sandbox, sent: &Sent) -> Result<Outcome, Broke> {
    let (seller, stamp) = (seller(sandbox), stamp(sandbox));
    let (mut talk, mut reply) = (writeback::Talk::new(&seller, sent.clone()), None);
    loop {
        match talk.next(reply.as_ref(), &stamp)? {
            Next::Send(request) => reply = Some(send(sandbox, &request)),
            Next::Over(outcome) => return Ok(outcome),
        }
    }
}

fn lines(sandbox: &Sandbox, order: &str) -> Vec<(String, u32)> {
    let lines = whole(one(sandbox, order)).incoming.lines;
    lines.into_iter().map(|line| (line.channel_line, line.quantity)).collect()
}

fn report(sandbox: &Sandbox) -> Value {
    sandbox.report()["ebay"]["seller"].clone()
}

#[test]
fn a_lost_reply_never_doubles_a_parcel() {
    for kind in [FaultKind::LoseReply { hold_seconds: 30 }, FaultKind::ErrorAfterWork] {
        let sandbox = world();
        let order = order_of(&sandbox, "several_lines");
        let sent = parcel(&sandbox, &order, lines(&sandbox, &order), "AB 123456789 GB");
        sandbox.add_fault(Fault::new("ebay.createShippingFulfillment", kind).times(1));
        assert!(tell(&sandbox, &sent).is_err());
        assert_eq!(tell(&sandbox, &sent), Ok(Outcome::Applied));
        assert_eq!(tell(&sandbox, &sent), Ok(Outcome::Applied));
        let report = report(&sandbox);
        assert_eq!((&report["written_back"], &report["written_twice"]), (&json!(1), &json!(0)));
        assert_eq!(report["calls"]["createShippingFulfillment"], 1);
        let shown = control(&sandbox, "GET", &format!("orders/{order}"), json!({}));
        assert_eq!(shown["status"], "FULFILLED");
        assert_eq!(shown["tracking"][0]["number"], "AB123456789GB");
        assert_eq!(shown["tracking"][0]["carrier"], "RoyalMail");
        let sent: Vec<(u32, u32)> =
            whole(one(&sandbox, &order)).incoming.lines.iter().map(|l| (l.quantity, l.sent)).collect();
        assert!(sent.iter().all(|(quantity, sent)| quantity == sent));
    }
}

#[test]
fn a_number_told_twice_is_counted() {
    let sandbox = world();
    let order = order_of(&sandbox, "plain");
    let sent = parcel(&sandbox, &order, lines(&sandbox, &order), "AB1");
    tell(&sandbox, &sent).unwrap();
    // Straight past the connector, which would look first.
    let mut talk = writeback::Talk::new(&seller(&sandbox), sent);
    talk.next(None, &stamp(&sandbox)).unwrap();
    let none = http::Response::new(br#"{"total":0,"fulfillments":[]}"#.to_vec());
    let Ok(Next::Send(create)) = talk.next(Some(&none), &stamp(&sandbox)) else { panic!("no call") };
    assert_eq!(send(&sandbox, &create).status(), 201);
    assert_eq!(report(&sandbox)["written_twice"], 1);
}

#[test]
fn parcels_of_one_order_are_told_one_by_one() {
    let sandbox = world();
    let order = order_of(&sandbox, "several_lines");
    let lines = lines(&sandbox, &order);
    let first = parcel(&sandbox, &order, vec![lines[0].clone()], "P1");
    assert_eq!(tell(&sandbox, &first), Ok(Outcome::Applied));
    let shown = control(&sandbox, "GET", &format!("orders/{order}"), json!({}));
    assert_eq!(shown["status"], "IN_PROGRESS");
    assert_eq!(whole(one(&sandbox, &order)).incoming.lines[0].sent, lines[0].1);
    let rest = parcel(&sandbox, &order, lines[1..].to_vec(), "P2");
    assert_eq!(tell(&sandbox, &rest), Ok(Outcome::Applied));
    let more = parcel(&sandbox, &order, vec![lines[0].clone()], "P3");
    let code = |outcome| match outcome {
        Err(Broke::Read(CannotRead::Refused { code, .. })) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(tell(&sandbox, &more)), "32600", "more than was bought");
    let line = vec![("1".to_owned(), 1)];
    assert_eq!(code(tell(&sandbox, &parcel(&sandbox, &order, line, "P4"))), "32200");
    assert_eq!(code(tell(&sandbox, &parcel(&sandbox, "1-1", lines, "P5"))), "order_not_found");
}

#[test]
fn a_line_sent_in_part_is_read_with_its_fulfilments() {
    let sandbox = world();
    let order = order_of(&sandbox, "beyond_stock");
    let (line, quantity) = lines(&sandbox, &order)[0].clone();
    tell(&sandbox, &parcel(&sandbox, &order, vec![(line, 3)], "P1")).unwrap();
    let Some(Found::Whole(read)) = one(&sandbox, &order) else { panic!("not whole") };
    assert_eq!((read.incoming.lines[0].sent, read.incoming.lines[0].quantity), (3, quantity));
    assert!(quantity > 3);
}

#[test]
fn too_many_numbers_cannot_be_told() {
    let sandbox = world();
    control(&sandbox, "PUT", "", json!({"most_tracking_numbers": 1}));
    let order = order_of(&sandbox, "several_lines");
    let lines = lines(&sandbox, &order);
    tell(&sandbox, &parcel(&sandbox, &order, vec![lines[0].clone()], "P1")).unwrap();
    let second = tell(&sandbox, &parcel(&sandbox, &order, vec![lines[1].clone()], "P2"));
    assert_eq!(second, Ok(Outcome::NotPossible("too_many_tracking_numbers")));
}

fn set(sandbox: &Sandbox, sku: &str, sellable: u32) -> Result<Outcome, Broke> {
    let level = Level { sku: sku.to_owned(), sellable, physical: 99, place: None, key: "k".to_owned() };
    let (seller, stamp) = (seller(sandbox), stamp(sandbox));
    let (mut talk, mut reply) = (stock::Talk::new(&seller, level), None);
    loop {
        match talk.next(reply.as_ref(), &stamp)? {
            Next::Send(request) => reply = Some(send(sandbox, &request)),
            Next::Over(outcome) => return Ok(outcome),
        }
    }
}

fn shown(sandbox: &Sandbox, sku: &str) -> Value {
    control(sandbox, "GET", "stock", json!({}))["levels"][sku].clone()
}

#[test]
fn stock_is_what_may_be_sold_and_sales_lower_it() {
    let sandbox = world();
    assert_eq!(set(&sandbox, "TEE-RED-M", 7), Ok(Outcome::Applied));
    assert_eq!(shown(&sandbox, "TEE-RED-M"), 7);
    let order =
        json!({"orderId": "1-1", "lineItems": [{"lineItemId": "1", "sku": "TEE-RED-M", "quantity": 2}]});
    control(&sandbox, "PUT", "orders", json!({"orders": [order]}));
    assert_eq!(shown(&sandbox, "TEE-RED-M"), 5);
    control(&sandbox, "PUT", "stock", json!({"levels": {"TEE-RED-M": 9}}));
    assert_eq!(shown(&sandbox, "TEE-RED-M"), 9);
    let elsewhere = Ok(Outcome::NotPossible("not_an_inventory_api_listing"));
    assert_eq!(set(&sandbox, "LAMP-BRASS", 1), elsewhere);
    assert_eq!(set(&sandbox, "NEVER-LISTED", 1), elsewhere);
    assert_eq!(report(&sandbox)["stock_sets"], 1);
}

#[test]
fn a_listing_is_locked_after_its_revisions_of_the_day() {
    let sandbox = world();
    for n in 0..250 {
        assert_eq!(set(&sandbox, "SCARF-GRN", n), Ok(Outcome::Applied));
    }
    assert_eq!(report(&sandbox)["over_limit"], 0);
    assert_eq!(set(&sandbox, "SCARF-GRN", 1), Ok(Outcome::Applied));
    assert_eq!(report(&sandbox)["over_limit"], 1, "counted though limits are off");
    sandbox.set_limits(Limits { ebay: true, ..Limits::default() });
    assert!(matches!(set(&sandbox, "SCARF-GRN", 2), Err(Broke::Read(CannotRead::Refused { .. }))));
    assert_eq!(set(&sandbox, "MUG-STONE", 2), Ok(Outcome::Applied));
    advance(&sandbox, 86_400);
    assert_eq!(set(&sandbox, "SCARF-GRN", 2), Ok(Outcome::Applied));
}
