//! Tokens, pages and single orders.

use super::{
    BASE, advance, all, application, control, invent, one, order_of, own, refresh, seller, send, stamp,
    whole, window, world,
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use waybill_channels::ebay::Seller;
use waybill_channels::ebay::feed::{build_changed, read_changed};
use waybill_channels::ebay::token::{build_exchange, consent_address, read_callback, read_grant};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Window};
use waybill_domain::intake::{Delivery, Readiness};
use waybill_sandbox::state::Limits;

#[test]
fn a_seller_agrees_and_the_tokens_end_when_they_should() {
    let sandbox = world();
    let ask = http::Request::get(consent_address(&application(), "s 1")).body(Vec::new()).unwrap();
    let back = send(&sandbox, &ask);
    let back = back.headers()["location"].to_str().unwrap();
    let code = read_callback(back.split_once('?').unwrap().1, "s 1").unwrap();
    let exchange = build_exchange(&application(), &code).unwrap();
    let grant = read_grant(&send(&sandbox, &exchange), &stamp(&sandbox)).unwrap();
    assert!(grant.refresh_until.unwrap() > sandbox.now() + jiff::SignedDuration::from_hours(24 * 500));
    let refused = Some(CannotRead::Connection { code: "invalid_grant".to_owned() });
    assert_eq!(
        read_grant(&send(&sandbox, &exchange), &stamp(&sandbox)).err(),
        refused,
        "a code is good once"
    );

    let kept = grant.token.refresh.unwrap();
    let again = refresh(&sandbox, kept.expose()).unwrap();
    assert!(again.token.refresh.is_none(), "refreshing gives no new refresh token");
    let seller = Seller { base: BASE.to_owned(), access: again.token.access };
    let works = |seller: &Seller| {
        let request = build_changed(seller, &window(&sandbox), None, &stamp(&sandbox)).unwrap();
        read_changed(&send(&sandbox, &request), None).map(|_| ())
    };
    assert_eq!(works(&seller), Ok(()));
    advance(&sandbox, 7_200);
    assert_eq!(works(&seller), Err(CannotRead::Connection { code: "1001".to_owned() }));
    let app = Seller { base: BASE.to_owned(), access: own(&sandbox) };
    assert_eq!(works(&app), Err(CannotRead::Connection { code: "1100".to_owned() }));
    control(&sandbox, "POST", "tokens", json!({"revoke": true}));
    assert_eq!(refresh(&sandbox, kept.expose()).err(), refused);
}

#[test]
fn nothing_is_lost_while_orders_change_under_the_paging() {
    let sandbox = world();
    let made = invent(&sandbox, 3, 450);
    let poison = json!({"orderId": "77-00000-00001", "orderPaymentStatus": "PAID", "lineItems": [{"sku": 1}],
        "creationDate": "2026-11-23T09:00:00.000Z", "lastModifiedDate": "2026-11-23T09:00:00.000Z"});
    control(&sandbox, "PUT", "orders", json!({"orders": [poison]}));
    advance(&sandbox, 60);
    let window = window(&sandbox);
    // After every page three of the orders about there change and leave the window, read or not.
    let first = all(&sandbox, &window, |page| {
        advance(&sandbox, 1);
        for (id, _) in made.iter().skip(page * 150).filter(|(_, kind)| kind == "plain").take(3) {
            let path = format!("orders/{id}/address");
            control(&sandbox, "POST", &path, json!({"addressLine2": "Moved Room"}));
        }
    });
    advance(&sandbox, 60);
    let next = Window { from: window.to, to: sandbox.now() - waybill_channels::ebay::SETTLE };
    let second = all(&sandbox, &next, |_| {});
    assert!(second.len() >= 9, "what changed is in the next window: {}", second.len());
    let (mut seen, mut unreadable) = (BTreeSet::new(), BTreeSet::new());
    for found in first.into_iter().chain(second) {
        match found {
            Found::Whole(order) => seen.insert(order.incoming.channel_ref.id),
            Found::Unreadable { channel_id, .. } => unreadable.insert(channel_id),
            Found::Key(id) | Found::Erased(id) => panic!("{id}"),
        };
    }
    let listed: BTreeSet<String> =
        made.iter().filter(|(_, kind)| kind != "unpaid").map(|(id, _)| id.clone()).collect();
    assert!(listed.len() > 400 && listed.len() < 450);
    let lost: Vec<&String> = listed.difference(&seen).collect();
    assert!(lost.is_empty() && seen.len() == listed.len(), "lost: {lost:?}");
    assert_eq!(unreadable.into_iter().collect::<Vec<_>>(), ["77-00000-00001"]);
}

#[test]
fn invented_orders_are_varied_and_the_same_for_the_same_seed() {
    let sandbox = world();
    let made = invent(&sandbox, 5, 600);
    assert_eq!(made, invent(&world(), 5, 600));
    let kinds: BTreeSet<&str> = made.iter().map(|(_, kind)| kind.as_str()).collect();
    let read = |kind: &str| {
        let (id, _) =
            made.iter().find(|(_, is)| is == kind).unwrap_or_else(|| panic!("no {kind} in {kinds:?}"));
        whole(one(&sandbox, id))
    };
    assert_eq!(read("pickup").incoming.delivery, Delivery::Pickup);
    assert_eq!(read("pickup").recipient.unwrap().field_names(), ["name"]);
    assert!(read("digital_only").incoming.lines.iter().all(|line| !line.ships));
    assert!(read("no_address").incoming.destination.is_none());
    assert_eq!(read("unpaid").incoming.readiness, Readiness::AwaitingPayment);
    assert!(read("without_sku").incoming.lines.iter().all(|line| line.sku.is_none()));
    assert_eq!(read("two_currencies").incoming.total.currency, "GBP");
    assert_eq!(read("international").incoming.destination.unwrap().country, "GB");
    assert_eq!(read("international").recipient.unwrap().lines.len(), 3);
    assert!(read("several_lines").incoming.lines.len() > 1);
    assert!(read("gift").recipient.unwrap().gift_note.is_some());
    assert!(one(&sandbox, "00-00000-99999").is_none());
}

#[test]
fn pay_cancel_refund_and_age_are_seen() {
    let sandbox = world();
    let unpaid = order_of(&sandbox, "unpaid");
    control(&sandbox, "POST", &format!("orders/{unpaid}/pay"), json!({}));
    assert_eq!(whole(one(&sandbox, &unpaid)).incoming.readiness, Readiness::Ready);
    let id = order_of(&sandbox, "several_lines");
    let change = |what: &str, body: Value| control(&sandbox, "POST", &format!("orders/{id}/{what}"), body);
    change("cancel", json!({"state": "requested"}));
    assert_eq!(whole(one(&sandbox, &id)).incoming.readiness, Readiness::OnHold);
    change("cancel", json!({"state": "declined"}));
    assert_eq!(whole(one(&sandbox, &id)).incoming.readiness, Readiness::Ready);
    let line = whole(one(&sandbox, &id)).incoming.lines[0].clone();
    change("refund", json!({"lines": {line.channel_line.as_str(): line.quantity}}));
    assert_eq!(whole(one(&sandbox, &id)).incoming.lines[0].quantity, 0);
    change("cancel", json!({}));
    assert!(whole(one(&sandbox, &id)).incoming.cancelled_at.is_some());
    assert_eq!(control(&sandbox, "GET", &format!("orders/{id}"), json!({}))["cancelled"], true);

    let old = order_of(&sandbox, "gift");
    assert!(whole(one(&sandbox, &old)).recipient.unwrap().email.is_some());
    advance(&sandbox, 15 * 86_400);
    let who = whole(one(&sandbox, &old)).recipient.unwrap();
    assert!(who.email.is_none() && who.phone.is_some());
    advance(&sandbox, 76 * 86_400);
    assert!(whole(one(&sandbox, &old)).recipient.is_none());
    let refused = super::try_control(&sandbox, "POST", &format!("orders/{old}/edit"), json!({}));
    assert_eq!(refused.status, 400);
}

#[test]
fn what_ebay_refuses_is_refused() {
    let sandbox = world();
    let seller = seller(&sandbox);
    let now = sandbox.now();
    let says = |from: i64, to: i64| {
        let at = |seconds| now + jiff::SignedDuration::from_secs(seconds);
        let window = Window { from: at(from), to: at(to) };
        let request = build_changed(&seller, &window, None, &stamp(&sandbox)).unwrap();
        read_changed(&send(&sandbox, &request), None).err()
    };
    assert_eq!(says(-60, -30), None);
    assert_eq!(says(-60, 1), Some(CannotRead::Throttled { seconds: 30 }));
    let code = |error| match error {
        Some(CannotRead::Refused { code, .. }) => code,
        other => panic!("{other:?}"),
    };
    assert_eq!(code(says(-30, -60)), "30840");
    assert_eq!(code(says(-800 * 86_400, -30)), "30830");
    let raw = |query: &str| {
        let path = format!("/ebay/seller/sell/fulfillment/v1/order?{query}");
        let token = format!("Bearer {}", seller.access.expose());
        let call = waybill_sandbox::Call::new(http::Method::GET, &path).header("authorization", &token);
        sandbox.answer(&call).value()["errors"][0]["errorId"].as_u64()
    };
    assert_eq!(raw("filter=lastmodifieddate:[2026-11-23T08:00:00.000Z..]"), Some(30800));
    assert_eq!(raw("filter=lastmodifieddate:%5B2026-11-23T08:00:00Z..%5D"), Some(30810));
    assert_eq!(raw("filter=lastmodifieddate:%5B..%5D"), Some(30820));
    assert_eq!(raw("filter=colour:%5B1..%5D"), Some(30700));
    assert_eq!(raw("filter=orderfulfillmentstatus:%7BFULFILLED%7D"), Some(30800));
    assert_eq!((raw("limit=201"), raw("limit=0"), raw("offset=-1")), (Some(31100), Some(31100), Some(31000)));
    assert_eq!(raw("filter=orderfulfillmentstatus:%7BNOT_STARTED%7CIN_PROGRESS%7D"), None);
    assert!(sandbox.report()["refusals"].as_u64().unwrap() >= 10);
}

#[test]
fn calls_beyond_the_day_s_are_counted_and_refused_when_limits_are_kept() {
    let sandbox = world();
    let seller = seller(&sandbox);
    let call = || {
        let request = build_changed(&seller, &window(&sandbox), None, &stamp(&sandbox)).unwrap();
        read_changed(&send(&sandbox, &request), None).err()
    };
    for _ in 0..waybill_sandbox::ebay::FULFILMENT_A_DAY {
        sandbox.with_state(|state| {
            let path = "/ebay/seller/sell/fulfillment/v1/order/1-1";
            let asked = waybill_sandbox::Call::new(http::Method::GET, path);
            let rest = ["seller", "sell", "fulfillment", "v1", "order", "1-1"];
            waybill_sandbox::ebay::answer(state, &asked, &rest);
            state.meters.refusals.clear();
        });
    }
    assert_eq!(call(), None);
    assert_eq!(sandbox.report()["ebay"]["seller"]["over_limit"], 1);
    sandbox.set_limits(Limits { ebay: true, ..Limits::default() });
    assert!(matches!(call(), Some(CannotRead::Throttled { .. })));
    advance(&sandbox, 86_400);
    // A new day, and the token has ended.
    assert!(matches!(call(), Some(CannotRead::Connection { .. })));
}
