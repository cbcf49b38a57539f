//! Orders in: pages that drift, poison, refunds, erasure by canary.

use super::*;

#[test]
fn every_invented_order_is_read_and_their_kinds_are_what_they_say() {
    let sandbox = sandbox(json!({}));
    let listed = tell(&sandbox, "POST", "invent", json!({"seed": 8, "count": 250}));
    let (found, calls) = poll(&sandbox, &window(&sandbox), |_| ());
    assert_eq!(keys(&found).len(), 250);
    assert!(calls >= 4, "three pages and the trash");
    let mut kinds = BTreeSet::new();
    for row in listed["orders"].as_array().unwrap() {
        let (id, kind) = (row["id"].as_str().unwrap(), row["kind"].as_str().unwrap());
        kinds.insert(kind.to_owned());
        let it = whole(one(&sandbox, id));
        let ships = it.incoming.lines.iter().any(|l| l.ships);
        match kind {
            "unpaid" => assert_eq!(it.incoming.readiness, Readiness::AwaitingPayment),
            "on_hold" => assert_eq!(it.incoming.readiness, Readiness::OnHold),
            "pickup" => assert_eq!(it.incoming.delivery, Delivery::Pickup),
            "digital_only" => assert!(!ships && it.recipient.is_none()),
            "several_lines" => assert!(it.incoming.lines.len() > 1),
            _ => assert!(ships && it.recipient.is_some() && it.incoming.destination.is_some(), "{kind}"),
        }
        assert!(it.buyer.is_some());
    }
    for kind in ["plain", "several_lines", "non_ascii", "pickup", "digital_only", "unpaid", "on_hold"] {
        assert!(kinds.contains(kind), "{kind}");
    }
}

#[test]
fn nothing_is_missed_when_orders_change_while_one_pages() {
    for sorts in [true, false] {
        let sandbox = sandbox(json!({"sorts_by_change": sorts}));
        let mut ids = BTreeSet::new();
        for second in 0..350 {
            let start: Timestamp = "2026-11-23T09:00:00Z".parse().unwrap();
            sandbox.set_now(start + SignedDuration::from_secs(second / 2));
            ids.insert(put(&sandbox, json!({})));
        }
        let window = window(&sandbox);
        let later = window.to + SignedDuration::from_secs(90);
        let first: Vec<String> = ids.iter().take(60).cloned().collect();
        let (found, _) = poll(&sandbox, &window, |call| {
            // After each page twenty orders of the first page leave the window.
            sandbox.set_now(later);
            for id in first.iter().skip((call - 1) * 20).take(20) {
                tell(&sandbox, "POST", &format!("orders/{id}/hold"), json!({}));
            }
        });
        let missed: BTreeSet<_> = ids.difference(&keys(&found)).cloned().collect();
        let moved: BTreeSet<_> = first.into_iter().collect();
        assert!(missed.is_subset(&moved), "sorts {sorts}: missed {missed:?}");
        // Those that moved are in the next window.
        let next = Window {
            from: window.to - waybill_channels::woocommerce::OVERLAP,
            to: later + SignedDuration::from_secs(9),
        };
        let (again, _) = poll(&sandbox, &next, |_| ());
        assert!(missed.is_subset(&keys(&again)));
    }
}

#[test]
fn the_window_is_utc_in_a_shop_that_is_not() {
    let sandbox = sandbox(json!({"minutes_east": 600}));
    let id = put(&sandbox, json!({}));
    let (found, _) = poll(&sandbox, &window(&sandbox), |_| ());
    assert_eq!(keys(&found), BTreeSet::from([id.clone()]));
    assert_eq!(whole(one(&sandbox, &id)).incoming.version, sandbox.now());
}

#[test]
fn poison_spoils_one_row_and_the_trash_is_seen() {
    let sandbox = sandbox(json!({}));
    let good = put(&sandbox, json!({}));
    let bad = put(&sandbox, json!({"total": "a lot"}));
    put(&sandbox, json!({"status": "checkout-draft"}));
    let gone = put(&sandbox, json!({}));
    tell(&sandbox, "POST", &format!("orders/{gone}/trash"), json!({}));
    let (found, _) = poll(&sandbox, &window(&sandbox), |_| ());
    assert_eq!(keys(&found), BTreeSet::from([good, bad.clone(), gone.clone()]));
    assert!(found.iter().any(|f| matches!(f, Found::Unreadable { channel_id, .. } if *channel_id == bad)));
    assert!(whole(one(&sandbox, &gone)).incoming.cancelled_at.is_some());
    tell(&sandbox, "POST", &format!("orders/{gone}/restore"), json!({}));
    assert!(whole(one(&sandbox, &gone)).incoming.cancelled_at.is_none());
    tell(&sandbox, "POST", &format!("orders/{gone}/delete"), json!({}));
    assert!(one(&sandbox, &gone).is_none());
}

#[test]
fn refunds_and_edits_change_what_is_to_be_sent() {
    let sandbox = sandbox(json!({}));
    let id = put(&sandbox, json!({}));
    let path = format!("orders/{id}");
    tell(&sandbox, "POST", &format!("{path}/refund"), json!({"lines": {"MUG-STONE": 2}, "restock": true}));
    let (found, _) = poll(&sandbox, &window(&sandbox), |_| ());
    assert!(matches!(&found[0], Found::Key(key) if *key == id));
    let left = |sandbox: &Sandbox| -> Vec<(String, u32)> {
        let lines = whole(one(sandbox, &id)).incoming.lines;
        lines.into_iter().map(|l| (l.sku.unwrap(), l.quantity)).collect()
    };
    assert_eq!(left(&sandbox), [("MUG-STONE".to_owned(), 1), ("TEE-RED-M".to_owned(), 1)]);
    tell(&sandbox, "POST", &format!("{path}/edit"), json!({"lines": {"TEE-RED-M": 4}}));
    assert_eq!(left(&sandbox)[1], ("TEE-RED-M".to_owned(), 4));
    let too_many = control(
        &sandbox,
        "POST",
        &format!("woocommerce/{NAME}/{path}/refund"),
        &json!({"lines": {"MUG-STONE": 2}}),
    );
    assert_eq!(too_many.status, 400);
    tell(&sandbox, "POST", &format!("{path}/cancel"), json!({}));
    assert!(whole(one(&sandbox, &id)).incoming.cancelled_at.is_some());
    let row = &tell(&sandbox, "GET", "orders", json!({}))[0];
    assert_eq!((&row["cancelled"], &row["status"]), (&json!(true), &json!("cancelled")));
    assert_eq!(row["lines"][0]["quantity"], 1);
}

#[test]
fn a_canary_is_one_order_with_a_token_in_every_text() {
    let sandbox = sandbox(json!({}));
    let made = tell(&sandbox, "POST", "canary", json!({"number": 3}));
    let tokens: Vec<&str> =
        made["tokens"].as_array().unwrap().iter().map(|t| t["token"].as_str().unwrap()).collect();
    assert!(tokens.len() > 50, "{}", tokens.len());
    assert_eq!(tokens.iter().collect::<BTreeSet<_>>().len(), tokens.len());
    let id = made["order"].as_str().unwrap();
    let stored = tell(&sandbox, "GET", &format!("orders/{id}"), json!({}))["order"].clone();
    for token in made["tokens"].as_array().unwrap() {
        let text = stored.pointer(token["pointer"].as_str().unwrap()).and_then(Value::as_str).unwrap();
        assert!(text.contains(token["token"].as_str().unwrap()));
    }
    // What is read of it: the recipient. Everything else in the order names nobody.
    let order = whole(one(&sandbox, id));
    assert_eq!(
        order.recipient.unwrap().field_names(),
        ["name", "company", "lines", "city", "region", "postcode", "country", "phone", "email", "gift_note"]
    );
    let open = format!("{:?}", order.incoming);
    let seen: Vec<&&str> = tokens.iter().filter(|t| open.contains(**t)).collect();
    assert_eq!(seen.len(), 1, "only the order's own number: {seen:?}");
}

#[test]
fn the_same_seed_makes_the_same_orders() {
    let made = || {
        let sandbox = sandbox(json!({}));
        made(&sandbox, 30);
        tell(&sandbox, "GET", "orders", json!({}))
    };
    assert_eq!(made(), made());
}
