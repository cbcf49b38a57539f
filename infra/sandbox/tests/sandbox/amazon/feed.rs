//! Pages, windows, poison, roles and limits.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use waybill_channels::amazon::feed::{build_changed, read_changed};
use waybill_channels::amazon::{OVERLAP, SETTLE, Seller};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Page, Window};
use waybill_domain::intake::{Delivery, Readiness};
use waybill_sandbox::Sandbox;
use waybill_sandbox::state::Limits;

use super::{control, later, order, put, read, report, seller, send, stamp, world};

fn key(found: &Found) -> String {
    match found {
        Found::Whole(order) => order.incoming.channel_ref.id.clone(),
        Found::Key(id) | Found::Erased(id) => id.clone(),
        Found::Unreadable { channel_id, .. } => channel_id.clone(),
    }
}

fn page(sandbox: &Sandbox, seller: &Seller, window: &Window, next: Option<&str>) -> Result<Page, CannotRead> {
    let request = build_changed(seller, window, next, &stamp(sandbox)).unwrap();
    read_changed(&send(sandbox, request).unwrap(), next)
}

/// The window that ends as late as it may.
fn window(sandbox: &Sandbox, from: Timestamp) -> Window {
    Window { from, to: sandbox.now() - SETTLE }
}

#[test]
fn rows_that_move_while_one_pages_are_found_in_the_next_window_and_no_other_is_lost() {
    let sandbox = world(&json!({}));
    let start = sandbox.now();
    for batch in 0..26 {
        let orders: Vec<Value> = (0..10).map(|n| order(&format!("202-{batch:02}-{n}"))).collect();
        control(&sandbox, "PUT", "/orders", &json!({"orders": orders}));
        later(&sandbox, 10);
    }
    later(&sandbox, 600);
    let seller = seller(&sandbox);
    let first = window(&sandbox, start);
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    let (mut next, mut pages) = (None, 0);
    loop {
        let page = page(&sandbox, &seller, &first, next.as_deref()).unwrap();
        page.found.iter().for_each(|f| *seen.entry(key(f)).or_default() += 1);
        pages += 1;
        if pages == 1 {
            // One that was read and one that was not change meanwhile.
            control(&sandbox, "POST", "/orders/202-00-0/cancel", &json!({}));
            control(&sandbox, "POST", "/orders/202-25-9/cancel", &json!({}));
        }
        later(&sandbox, 60);
        next = page.next;
        if next.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (3, 259));
    assert!(seen.values().all(|times| *times == 1) && !seen.contains_key("202-25-9"));
    later(&sandbox, 600);
    let second = Window { from: first.to - OVERLAP, to: sandbox.now() - SETTLE };
    let page = page(&sandbox, &seller, &second, None).unwrap();
    let whole = page.found.iter().filter(|f| matches!(f, Found::Whole(_))).map(key).collect::<Vec<_>>();
    assert_eq!(whole, ["202-00-0", "202-25-9"]);
    assert_eq!(sandbox.report()["refusals"], 0);
}

#[test]
fn a_token_is_bound_to_its_words_and_ends_after_a_day() {
    let sandbox = world(&json!({}));
    let start = sandbox.now();
    let orders: Vec<Value> = (0..150).map(|n| order(&format!("202-1-{n}"))).collect();
    control(&sandbox, "PUT", "/orders", &json!({"orders": orders}));
    later(&sandbox, 600);
    let window = window(&sandbox, start);
    let first = page(&sandbox, &seller(&sandbox), &window, None).unwrap();
    assert_eq!(first.found.len(), 100);
    let token = first.next.as_deref();
    let refused = CannotRead::Refused {
        code: "InvalidInput".into(),
        reason: waybill_domain::exception::Reason::Unreadable,
    };
    let other = Window { to: window.to - SignedDuration::from_secs(1), ..window };
    let said = page(&sandbox, &seller(&sandbox), &other, token).err();
    assert_eq!(said, Some(refused.clone()));
    // Also with the token of another hour.
    later(&sandbox, 7_200);
    assert_eq!(page(&sandbox, &seller(&sandbox), &window, token).unwrap().found.len(), 50);
    later(&sandbox, 86_400);
    assert_eq!(page(&sandbox, &seller(&sandbox), &window, token).err(), Some(refused));
}

#[test]
fn a_window_that_is_too_young_is_refused() {
    let sandbox = world(&json!({}));
    let now = sandbox.now();
    let young = Window { from: now - SignedDuration::from_hours(1), to: now - SignedDuration::from_secs(60) };
    assert!(page(&sandbox, &seller(&sandbox), &young, None).is_err());
    assert_eq!(sandbox.report()["refusals"], 1);
    assert!(page(&sandbox, &seller(&sandbox), &window(&sandbox, young.from), None).is_ok());
}

#[test]
fn poison_spoils_itself_and_a_page_names_nobody() {
    let sandbox = world(&json!({}));
    let mut poison = order("202-1-2");
    poison["orderItems"][0]["product"] = json!("odd");
    let mut collected = order("202-1-3");
    collected["programs"] = json!(["IN_STORE_PICK_UP"]);
    let mut pending = order("202-1-4");
    pending["fulfillment"] = json!({"fulfillmentStatus": "PENDING", "fulfilledBy": "MERCHANT"});
    let mut amazons = order("202-1-5");
    amazons["fulfillment"] = json!({"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "AMAZON"});
    let all = [order("202-1-1"), poison, collected, pending, amazons];
    all.iter().for_each(|order| put(&sandbox, order));
    let start = sandbox.now();
    later(&sandbox, 600);
    let seller = seller(&sandbox);
    let page = page(&sandbox, &seller, &window(&sandbox, start), None).unwrap();
    assert!(matches!(
        &page.found[..],
        [Found::Key(_), Found::Unreadable { .. }, Found::Whole(_), Found::Whole(_)]
    ));
    let Found::Whole(collected) = &page.found[2] else { panic!() };
    assert_eq!(collected.incoming.delivery, Delivery::Pickup);
    let Found::Whole(pending) = &page.found[3] else { panic!() };
    assert_eq!(pending.incoming.readiness, Readiness::AwaitingPayment);
    assert!(read(&sandbox, &seller, "202-1-5").is_none() && read(&sandbox, &seller, "202-1-9").is_none());
    sandbox.with_state(|state| {
        let asked: Vec<_> =
            state.meters.captured.iter().filter(|c| c.endpoint == "amazon.searchOrders").collect();
        assert!(
            !asked.is_empty()
                && asked.iter().all(|c| !c.url.contains("RECIPIENT") && !c.url.contains("BUYER"))
        );
    });
    control(&sandbox, "POST", "/orders/202-1-4/pay", &json!({}));
    let Some(Found::Whole(paid)) = read(&sandbox, &seller, "202-1-4") else { panic!() };
    assert_eq!(paid.incoming.readiness, Readiness::Ready);
    assert!(paid.recipient.is_some());
}

#[test]
fn without_the_restricted_role_there_is_no_recipient() {
    for (role, there) in [(true, true), (false, false)] {
        let sandbox = world(&json!({"restricted_role": role}));
        put(&sandbox, &order("202-1-1"));
        let Some(Found::Whole(got)) = read(&sandbox, &seller(&sandbox), "202-1-1") else { panic!() };
        assert_eq!((got.recipient.is_some(), got.incoming.destination.is_some()), (there, there));
        assert_eq!(got.incoming.lines.len(), 2);
    }
}

#[test]
fn cancelling_by_line_and_asking_to_cancel_are_seen() {
    let sandbox = world(&json!({}));
    put(&sandbox, &order("202-1-1"));
    let seller = seller(&sandbox);
    let lines = || {
        let Some(Found::Whole(got)) = read(&sandbox, &seller, "202-1-1") else { panic!() };
        let lines: Vec<u32> = got.incoming.lines.iter().map(|l| l.quantity).collect();
        (lines, got.incoming.cancelled_at.is_some())
    };
    control(&sandbox, "POST", "/orders/202-1-1/cancel", &json!({"requested": true}));
    assert_eq!(lines(), (vec![2, 1], false));
    control(&sandbox, "POST", "/orders/202-1-1/edit", &json!({"lines": {"TEA-EARL-100": 0}}));
    assert_eq!(lines(), (vec![2, 0], false));
    control(&sandbox, "POST", "/orders/202-1-1/refund", &json!({"lines": {"11": 1}}));
    assert_eq!(lines(), (vec![1, 0], false));
    control(&sandbox, "POST", "/orders/202-1-1/cancel", &json!({}));
    assert_eq!(lines(), (vec![0, 0], true));
    assert_eq!(report(&sandbox)["cancelled"], 1);
}

#[test]
fn the_usage_plan_is_counted_always_and_kept_when_asked() {
    let sandbox = world(&json!({}));
    let start = sandbox.now();
    later(&sandbox, 600);
    let (seller, window) = (seller(&sandbox), window(&sandbox, start));
    for _ in 0..20 {
        page(&sandbox, &seller, &window, None).unwrap();
    }
    assert_eq!(report(&sandbox)["over_limit"], 0);
    page(&sandbox, &seller, &window, None).unwrap();
    assert_eq!(report(&sandbox)["over_limit"], 1);
    sandbox.set_limits(Limits { amazon: true, ..Limits::default() });
    let wait = CannotRead::Throttled { seconds: 179 };
    assert_eq!(page(&sandbox, &seller, &window, None).err(), Some(wait));
    later(&sandbox, 179);
    page(&sandbox, &seller, &window, None).unwrap();
    assert_eq!(report(&sandbox)["calls"]["searchOrders"], 23);
}
