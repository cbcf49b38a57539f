//! Tracking and stock out.

use super::*;

#[test]
fn every_shippable_order_is_written_back_once_line_for_line() {
    let world = world(json!({}));
    let ids = world.invent(120);
    let mut told = 0;
    for id in &ids {
        let order = world.order(id);
        if order.recipient.is_none() || order.incoming.delivery == Delivery::Pickup {
            continue;
        }
        let sent = sent(&order, &format!("TT{id}GB"));
        assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)), "{id}");
        assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)), "{id}");
        let after = world.order(id).incoming;
        assert!(
            after.lines.iter().all(|line| !line.ships || line.sent == line.quantity),
            "{id}: {:?}",
            after.lines
        );
        let shown = world.shown(id);
        let tracked: BTreeMap<String, u64> = shown["tracking"][0]["lines"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["id"].as_str().unwrap().to_owned(), line["quantity"].as_u64().unwrap()))
            .collect();
        let wanted: BTreeMap<String, u64> =
            sent.lines.iter().map(|(id, n)| (id.clone(), u64::from(*n))).collect();
        assert_eq!(tracked, wanted, "{id}");
        assert_eq!(shown["tracking"][0]["carrier"], "Royal Mail");
        told += 1;
    }
    let report = world.report();
    assert!(told > 60 && report["calls"]["products"].as_u64().unwrap() > 5, "{report}");
    assert_eq!((&report["written_back"], &report["written_twice"]), (&json!(told), &json!(0)));
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 0);
}

#[test]
fn a_lost_reply_never_tells_twice() {
    for endpoint in ["magento.ship", "magento.order", "magento.shipments"] {
        for kind in [FaultKind::LoseReply { hold_seconds: 1 }, FaultKind::ErrorAfterWork] {
            let world = world(json!({}));
            let order = plain(7, json!([row(1, "MUG-STONE", 2), row(2, "CANDLE-FIG", 1)]));
            world.control("PUT", "/orders", &json!({"orders": [order]}));
            world.sandbox.add_fault(Fault::new(endpoint, kind).times(1));
            let sent = sent(&world.order_again("7"), "AB123456789GB");
            assert!(!matches!(world.tell(&sent), Some(Ok(_))));
            assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)));
            let report = world.report();
            assert_eq!(
                (&report["written_back"], &report["written_twice"], &report["shipments"]),
                (&json!(1), &json!(0), &json!(1))
            );
        }
    }
}

#[test]
fn parts_ship_apart_and_the_order_is_complete_with_the_last() {
    let world = world(json!({}));
    let order = plain(7, json!([row(1, "MUG-STONE", 3), row(2, "CANDLE-FIG", 1)]));
    world.control("PUT", "/orders", &json!({"orders": [order]}));
    let whole = sent(&world.order("7"), "A");
    let part = |lines: &[(&str, u32)], tracking: &str| Sent {
        lines: lines.iter().map(|(id, n)| ((*id).to_owned(), *n)).collect(),
        tracking: tracking.to_owned(),
        ..whole.clone()
    };
    assert_eq!(world.tell(&part(&[("1", 2)], "A")), Some(Ok(Outcome::Applied)));
    assert_eq!(world.shown("7")["status"], "processing");
    let too_many = world.tell(&part(&[("1", 2)], "B"));
    assert_eq!(too_many, Some(Ok(Outcome::NotPossible("not_enough_remaining"))));
    assert_eq!(world.tell(&part(&[("1", 1), ("2", 1)], "B")), Some(Ok(Outcome::Applied)));
    assert_eq!(world.shown("7")["status"], "complete");
    assert_eq!(world.shown("7")["tracking"].as_array().unwrap().len(), 2);
    // The merchant's hold and the shop's own checks are met before anything is written.
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 0);
}

#[test]
fn a_bundle_in_two_parcels_is_one_shipment_with_two_numbers() {
    let world = world(json!({}));
    let mut set = row(1, "SET", 1);
    set["product_type"] = json!("bundle");
    let (mut mug, mut tea) = (row(2, "MUG-STONE", 1), row(3, "TEA-MINT-60", 2));
    for child in [&mut mug, &mut tea] {
        child["parent_item_id"] = json!(1);
    }
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([set, mug, tea]))]}));
    let whole = sent(&world.order("7"), "A");
    assert_eq!(whole.lines, [("2".to_owned(), 1), ("3".to_owned(), 2)]);
    let first = Sent { lines: vec![whole.lines[0].clone()], completes: false, ..whole.clone() };
    let second = Sent { lines: vec![whole.lines[1].clone()], tracking: "B".to_owned(), ..whole };
    for sent in [&first, &second, &first, &second] {
        assert_eq!(world.tell(sent), Some(Ok(Outcome::Applied)));
    }
    let report = world.report();
    assert_eq!((&report["shipments"], &report["written_twice"]), (&json!(1), &json!(0)));
    assert_eq!(world.shown("7")["tracking"].as_array().unwrap().len(), 2);
}

#[test]
fn stock_is_physical_and_the_shop_takes_open_orders_off_itself() {
    let world = world(json!({"sources": ["default", "east"]}));
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 3)]))]}));
    assert_eq!(world.level("MUG-STONE", 10, None), Ok(Outcome::Applied));
    assert_eq!(world.salable("MUG-STONE"), 7);
    assert_eq!(world.level("MUG-STONE", 10, None), Ok(Outcome::Applied));
    assert_eq!(world.salable("MUG-STONE"), 7);
    assert_eq!(world.level("MUG-STONE", 5, Some("east")), Ok(Outcome::Applied));
    assert_eq!(world.salable("MUG-STONE"), 12);
    // Shipping lowers the source by itself and ends the promise: what can be sold stays.
    let sent = sent(&world.order("7"), "A");
    assert_eq!(world.tell(&sent), Some(Ok(Outcome::Applied)));
    assert_eq!(world.salable("MUG-STONE"), 12);
    assert_eq!(world.control("GET", "/stock", &json!({}))["levels"]["MUG-STONE"], 12);
    let refused = Ok(Outcome::NotPossible("source_item_refused"));
    assert_eq!(
        (world.level("NO-SUCH", 1, None), world.level("MUG-STONE", 1, Some("west"))),
        (refused.clone(), refused)
    );
    assert_eq!(world.report()["stock_sets"], 3);
}

#[test]
fn a_cancelled_order_frees_its_goods_and_an_edited_one_counts_once() {
    let world = world(json!({}));
    world.level("MUG-STONE", 10, None).unwrap();
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 3)]))]}));
    world.sandbox.set_now("2026-11-23T09:30:00Z".parse().unwrap());
    let new =
        world.control("POST", "/orders/7/edit", &json!({"lines": {"MUG-STONE": 2}}))["order"].to_string();
    assert_eq!(world.salable("MUG-STONE"), 8);
    let (old, fresh) = (world.order("7").incoming, world.order(&new).incoming);
    assert!(old.cancelled_at.is_some() && old.lines[0].quantity == 0);
    assert_eq!((fresh.cancelled_at, fresh.lines[0].quantity), (None, 2));
    assert_eq!(fresh.channel_ref.name.as_deref(), Some("000000007-1"));
    world.control("POST", &format!("/orders/{new}/cancel"), &json!({}));
    assert_eq!(world.salable("MUG-STONE"), 10);
    assert!(world.order(&new).incoming.cancelled_at.is_some());
    assert_eq!(world.report()["cancelled"], 2);
    let late = world.tell(&Sent { lines: vec![("1".to_owned(), 1)], ..sent(&world.order("7"), "A") });
    assert_eq!(late, Some(Ok(Outcome::NotPossible("cancelled"))));
}

#[test]
fn the_shop_refuses_what_magento_refuses() {
    let world = world(json!({"integration_as_bearer": true, "check_source": true}));
    let mut digital = row(2, "PATTERN-PDF", 1);
    digital["is_virtual"] = json!(1);
    world.control("PUT", "/orders", &json!({"orders": [plain(7, json!([row(1, "MUG-STONE", 1), digital]))]}));
    let ship = |body: Value| {
        let call = Call::new(Method::POST, "/magento/harbour/rest/V1/order/7/ship")
            .header("authorization", "Bearer tk_sandbox")
            .json(&body);
        world.sandbox.answer(&call).status
    };
    let track = json!([{"track_number": "A", "title": "Royal Mail", "carrier_code": "custom"}]);
    let items = |id: i64, qty: i64| json!([{"order_item_id": id, "qty": qty}]);
    assert_eq!(ship(json!({"items": items(1, 2), "tracks": track})), 400);
    assert_eq!(ship(json!({"items": items(2, 1), "tracks": track})), 400);
    assert_eq!(ship(json!({"items": items(9, 1), "tracks": track})), 400);
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": [{"track_number": "A"}]})), 400);
    let unknown = json!([{"track_number": "A", "title": "x", "carrier_code": "royalmail"}]);
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": unknown})), 400);
    // Nothing of it stands at the source.
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": track})), 400);
    world.control("PUT", "/stock", &json!({"levels": {"MUG-STONE": 1}}));
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": track})), 200);
    assert_eq!(ship(json!({"items": items(1, 1), "tracks": track})), 400);
    assert_eq!(world.sandbox.with_state(|state| state.meters.refusals.len()), 7);
}
