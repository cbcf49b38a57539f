//! Tracking and stock out, with replies that get lost.

use super::*;

#[test]
fn tracking_is_told_in_every_shops_own_way_and_never_twice() {
    for (tracking, create, carrier) in [
        ("none", "notes.create", "Royal Mail"),
        ("fulfillments", "fulfillments.create", "royal-mail"),
        ("shipment_tracking", "trackings.create", "Royal Mail"),
        ("ast", "trackings.create", "Royal Mail"),
    ] {
        let sandbox = sandbox(json!({"tracking": tracking}));
        let id = put(&sandbox, json!({}));
        let order = whole(one(&sandbox, &id));
        // The first parcel's reply is lost after the shop has taken it.
        let lose = FaultKind::LoseReply { hold_seconds: 30 };
        sandbox.add_fault(Fault::new(&format!("woocommerce.{create}"), lose.clone()).times(1));
        let first = parcel(&order, "TT000000001GB", false);
        assert_eq!(write_back(&sandbox, &first), Err(None), "{tracking}");
        assert_eq!(write_back(&sandbox, &first), Ok(Outcome::Applied));
        assert_eq!(write_back(&sandbox, &first), Ok(Outcome::Applied));
        let row = |sandbox: &Sandbox| tell(sandbox, "GET", "orders", json!({}))[0].clone();
        assert_eq!(row(&sandbox)["status"], "processing", "{tracking}: a part does not complete");
        // The last one completes the order, even when that reply is lost too.
        sandbox.add_fault(Fault::new("woocommerce.orders.update", lose).times(1));
        let last = parcel(&order, "TT000000002GB", true);
        assert_eq!(write_back(&sandbox, &last), Err(None));
        assert_eq!(write_back(&sandbox, &last), Ok(Outcome::Applied));
        let shown = row(&sandbox);
        assert_eq!(shown["status"], "completed", "{tracking}");
        let told = shown["tracking"].as_array().unwrap();
        let numbers: Vec<&str> = told.iter().map(|t| t["number"].as_str().unwrap()).collect();
        assert_eq!(numbers, ["TT000000001GB", "TT000000002GB"], "{tracking}");
        assert_eq!(told[0]["carrier"], carrier);
        if tracking == "fulfillments" {
            let line = &order.incoming.lines[0];
            assert_eq!(told[0]["lines"][0], json!({"id": line.channel_line, "quantity": line.quantity}));
        }
        let report = report(&sandbox);
        assert_eq!((&report["written_back"], &report["written_twice"]), (&json!(1), &json!(0)), "{tracking}");
        assert_eq!(
            sandbox.report()["refusals"],
            json!(0),
            "{tracking}: {}",
            sandbox.report()["refusal_list"]
        );
        let after = whole(one(&sandbox, &id)).incoming;
        assert!(after.lines.iter().all(|l| l.sent == l.quantity));
    }
}

#[test]
fn an_order_that_is_gone_cannot_be_told() {
    let sandbox = sandbox(json!({}));
    let order = whole(one(&sandbox, &put(&sandbox, json!({}))));
    let id = &order.incoming.channel_ref.id;
    tell(&sandbox, "POST", &format!("orders/{id}/delete"), json!({}));
    let outcome = write_back(&sandbox, &parcel(&order, "TT000000003GB", true));
    assert_eq!(outcome, Ok(Outcome::NotPossible("order_gone")));
}

fn set_stock(sandbox: &Sandbox, sku: &str, sellable: u32) -> Result<Outcome, Option<Broke>> {
    let level =
        Level { sku: sku.to_owned(), sellable, physical: sellable + 9, place: None, key: "k".to_owned() };
    let mut talk = stock::Talk::new(&shop(), level);
    play(sandbox, |answer| talk.next(answer, &stamp(sandbox)))
}

#[test]
fn stock_is_written_where_it_is_kept_and_sold_by_the_shop() {
    let sandbox = sandbox(json!({}));
    for (sku, units) in [("MUG-STONE", 12), ("TEE-RED-M", 5), ("TEE-BLU-M", 4), ("PATTERN-PDF", 1)] {
        assert_eq!(set_stock(&sandbox, sku, units), Ok(Outcome::Applied), "{sku}");
    }
    let levels = |sandbox: &Sandbox| tell(sandbox, "GET", "stock", json!({}))["levels"].clone();
    let shown = levels(&sandbox);
    assert_eq!(
        (&shown["MUG-STONE"], &shown["TEE-RED-M"], &shown["TEE-BLU-M"]),
        (&json!(12), &json!(5), &json!(4))
    );
    assert_eq!(shown["TEE-BLU-L"], json!(0), "its siblings do not share the number");
    assert_eq!(set_stock(&sandbox, "MUG-STONE", 12), Ok(Outcome::Applied));
    assert_eq!(report(&sandbox)["stock_sets"], json!(4), "the same number is not written again");
    // The shop takes off what it sells; the absolute number puts a drift right.
    put(&sandbox, json!({}));
    assert_eq!(levels(&sandbox)["MUG-STONE"], json!(9));
    assert_eq!(set_stock(&sandbox, "MUG-STONE", 8), Ok(Outcome::Applied));
    assert_eq!(levels(&sandbox)["MUG-STONE"], json!(8));
    assert_eq!(set_stock(&sandbox, "NOBODY-KNOWS", 1), Ok(Outcome::NotPossible("sku_unknown")));
    tell(&sandbox, "PUT", "stock", json!({"levels": {"MUG-STONE": 70, "NEW-SKU": 2}}));
    assert_eq!(levels(&sandbox)["NEW-SKU"], json!(2));
    let lose = FaultKind::LoseReply { hold_seconds: 30 };
    sandbox.add_fault(Fault::new("woocommerce.products.update", lose).times(1));
    assert_eq!(set_stock(&sandbox, "MUG-STONE", 6), Err(None));
    assert_eq!(set_stock(&sandbox, "MUG-STONE", 6), Ok(Outcome::Applied));
    assert_eq!(levels(&sandbox)["MUG-STONE"], json!(6));
}
