//! Orders in.

use super::*;

#[test]
fn every_order_is_read_once_and_a_page_tells_what_a_read_tells() {
    let world = world(json!({}));
    let ids = world.invent(230);
    let found = world.changed(&world.window(), |_| {});
    let keys: BTreeSet<String> = found.iter().map(key).collect();
    assert_eq!(keys, ids.into_iter().collect());
    let mut kinds = BTreeMap::new();
    for found in &found {
        let Found::Whole(order) = found else { panic!("{}", key(found)) };
        let again = world.order(&order.incoming.channel_ref.id);
        assert_eq!(order.incoming, again.incoming);
        assert!(order.recipient == again.recipient);
        *kinds.entry("pickup").or_insert(0) += i32::from(order.incoming.delivery == Delivery::Pickup);
        *kinds.entry("unpaid").or_insert(0) +=
            i32::from(order.incoming.readiness == Readiness::AwaitingPayment);
        *kinds.entry("digital").or_insert(0) +=
            i32::from(order.incoming.lines.iter().all(|line| !line.ships));
        *kinds.entry("lines").or_insert(0) += i32::from(order.incoming.lines.len() > 1);
    }
    assert!(kinds.values().all(|count| *count > 0), "{kinds:?}");
}

#[test]
fn orders_that_change_while_one_pages_hide_no_other() {
    let world = world(json!({}));
    for n in 0..260 {
        world.sandbox.set_now(format!("2026-11-23T09:{:02}:{:02}Z", n / 60, n % 60).parse().unwrap());
        world.control(
            "PUT",
            "/orders",
            &json!({"orders": [plain(100 + n, json!([row(1, "MUG-STONE", 1)]))]}),
        );
    }
    let window = world.window();
    let found = world.changed(&window, |turn| {
        world.sandbox.set_now("2026-11-23T10:00:00Z".parse().unwrap());
        for n in 0..40 {
            let id = 100 + turn as i64 * 40 + n;
            world.control("POST", &format!("/orders/{id}/address"), &json!({"city": "Leeds"}));
        }
    });
    assert_eq!(found.iter().map(key).collect::<BTreeSet<_>>().len(), 260);
    assert_eq!(world.report()["calls"]["orders"], 3);
}

#[test]
fn the_last_page_is_shown_for_ever() {
    let world = world(json!({"integration_as_bearer": true}));
    for n in 1..=5 {
        world.control("PUT", "/orders", &json!({"orders": [plain(n, json!([row(1, "MUG-STONE", 1)]))]}));
    }
    let page = |page: u32| {
        let path = format!(
            "/magento/harbour/rest/all/V1/orders?searchCriteria[pageSize]=2&searchCriteria[currentPage]={page}&fields=items[entity_id],total_count"
        );
        let call = Call::new(Method::GET, &path).header("authorization", "Bearer tk_sandbox");
        world.sandbox.answer(&call).value()
    };
    assert_eq!(page(3), json!({"items": [{"entity_id": 5}], "total_count": 5}));
    assert_eq!(page(4), page(3));
    assert_eq!(page(99), page(3));
}

#[test]
fn a_poison_order_is_unreadable_for_itself_only() {
    let world = world(json!({}));
    let mut poison = plain(2, json!([row(1, "MUG-STONE", 1)]));
    poison["grand_total"] = json!({"amount": 1});
    let good = |id| plain(id, json!([row(1, "MUG-STONE", 1)]));
    world.control("PUT", "/orders", &json!({"orders": [good(1), poison, good(3)]}));
    let found = world.changed(&world.window(), |_| {});
    assert_eq!(found.iter().map(key).collect::<Vec<_>>(), ["1", "!2", "3"]);
    assert!(matches!(world.one("2").unwrap(), Some(Found::Unreadable { .. })));
    assert!(world.one("4").unwrap().is_none());
}

#[test]
fn what_a_merchant_does_is_seen() {
    let world = world(json!({}));
    let mut unpaid = plain(7, json!([row(1, "MUG-STONE", 3)]));
    unpaid["state"] = json!("new");
    world.control("PUT", "/orders", &json!({"orders": [unpaid]}));
    let readiness = || world.order("7").incoming.readiness;
    assert_eq!(readiness(), Readiness::AwaitingPayment);
    let act = |what: &str, body: Value| world.control("POST", &format!("/orders/7/{what}"), &body);
    act("pay", json!({}));
    assert_eq!(readiness(), Readiness::Ready);
    act("hold", json!({}));
    assert_eq!(readiness(), Readiness::OnHold);
    let held = world.tell(&sent(&world.order("7"), "A"));
    assert_eq!(held, Some(Ok(Outcome::NotPossible("on_hold"))));
    act("release", json!({}));
    act("refund", json!({"lines": {"1": 1}}));
    assert_eq!((readiness(), world.order("7").incoming.lines[0].quantity), (Readiness::Ready, 2));
    act("refund", json!({"lines": {"1": 2}}));
    assert!(world.order("7").incoming.cancelled_at.is_some());
    act("erase", json!({}));
    assert_eq!(world.report()["erased"], 1);
}

#[test]
fn a_canary_holds_a_token_of_its_own_in_every_text() {
    let world = world(json!({}));
    let made = world.control("POST", "/canary", &json!({"number": 3}));
    let id = made["orders"][0].to_string();
    let order = world.control("GET", &format!("/orders/{id}"), &json!({}))["order"].clone();
    let tokens = made["tokens"].as_array().unwrap();
    let distinct: BTreeSet<&str> = tokens.iter().map(|one| one["token"].as_str().unwrap()).collect();
    assert!(tokens.len() > 90 && distinct.len() == tokens.len());
    for one in tokens {
        let text = order.pointer(one["pointer"].as_str().unwrap()).unwrap().as_str().unwrap();
        assert!(text.contains(one["token"].as_str().unwrap()));
    }
    // It reads, and of all its texts only the recipient's and the names of things come through.
    let shown = format!("{:?}", world.order(&id).incoming);
    let seen: Vec<&str> = tokens
        .iter()
        .filter(|one| shown.contains(one["token"].as_str().unwrap()))
        .map(|one| one["pointer"].as_str().unwrap())
        .collect();
    assert_eq!(seen, ["/increment_id"]);
    // And what is not asked for never leaves the shop.
    let request = build_changed(&world.shop, &world.window(), None, &world.stamp()).unwrap();
    let body = String::from_utf8(world.send(&request).unwrap().into_body()).unwrap();
    let left: Vec<&str> = tokens
        .iter()
        .filter(|one| body.contains(one["token"].as_str().unwrap()))
        .map(|one| one["pointer"].as_str().unwrap())
        .filter(|pointer| !pointer.starts_with("/extension_attributes/shipping_assignments/0/shipping/"))
        .collect();
    assert_eq!(left, ["/customer_email", "/increment_id"]);
}
