//! Lists: by status, page by page, one merchant's only.

use crate::stage::{Stage, code, order_id};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use waybill_domain::access::Role;
use waybill_domain::exception::Reason;
use waybill_domain::order::{Hold, Status};

fn ids(page: &serde_json::Value) -> Vec<String> {
    page["orders"].as_array().unwrap().iter().map(|o| o["order"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn pages_follow_each_other_newest_first_and_end() {
    let stage = Stage::set().await;
    let mut seen = Vec::new();
    let mut address = "/v1/orders?status=received&limit=2".to_owned();
    for _ in 0..4 {
        let (status, page) = stage.mine(&address).await;
        assert_eq!(status, 200, "{page}");
        seen.extend(ids(&page));
        let Some(next) = page["next"].as_str() else { break };
        address = format!("/v1/orders?status=received&limit=2&cursor={next}");
    }
    assert_eq!(seen, [5, 4, 3, 2, 1].map(order_id));
    let (_, page) = stage.mine("/v1/orders?status=received").await;
    let first = &page["orders"][0];
    assert_eq!((first["pieces"].as_u64(), first["lines"].as_u64()), (Some(2), Some(1)));
    assert_eq!(first["total"], serde_json::json!({"amount": "25.00", "currency": "GBP"}));
    assert_eq!(first["personal_data"], "live");
    assert!(first.get("channel_ref").is_none() && first.get("destination").is_none());
    assert_eq!(stage.mine("/v1/orders?status=booked").await, (200, serde_json::json!({"orders": []})));
}

#[tokio::test]
async fn without_a_status_all_are_listed_by_time_whatever_they_are() {
    let stage = Stage::set().await;
    for (n, status) in [(2, Status::Booked), (4, Status::Booked), (5, Status::Cancelled)] {
        let mut order = stage.order(n).await;
        order.status = status;
        stage.db.save_order(&mut order).await.unwrap();
    }
    for limit in 1..=6 {
        let mut seen = Vec::new();
        let mut cursor = String::new();
        loop {
            let (status, page) = stage.mine(&format!("/v1/orders?limit={limit}{cursor}")).await;
            assert_eq!(status, 200, "{page}");
            assert!(ids(&page).len() <= limit);
            seen.extend(ids(&page));
            let Some(next) = page["next"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        assert_eq!(seen, [5, 4, 3, 2, 1].map(order_id), "{limit} at a time");
    }
}

#[tokio::test]
async fn filters_take_what_fits_and_only_that() {
    let stage = Stage::set().await;
    let mut held = stage.order(3).await;
    held.raise(Reason::ParcelStuck, None, stage.now());
    stage.db.save_order(&mut held).await.unwrap();
    let all = [5, 4, 3, 2, 1].map(order_id).to_vec();
    let at = stage.order(3).await.placed_at;
    let almost = jiff::SignedDuration::from_millis(500);
    let (just_before, just_after) = (at - almost, at + almost);
    for (query, expected) in [
        ("connection=con_00000000000000aa".to_owned(), all.clone()),
        ("connection=con_00000000000000ab".into(), vec![]),
        ("channel=shopify&status=received".into(), all.clone()),
        ("channel=ebay".into(), vec![]),
        ("sku=TEE-RED".into(), all.clone()),
        ("sku=TEE-BLUE".into(), vec![]),
        ("reason=parcel_stuck&limit=1".into(), vec![order_id(3)]),
        ("reason=no_service".into(), vec![]),
        (format!("placed_from={at}"), all[..3].to_vec()),
        (format!("placed_before={at}"), all[3..].to_vec()),
        (format!("placed_from={just_before}&placed_before={just_after}"), vec![order_id(3)]),
        (format!("placed_from={just_after}"), all[..2].to_vec()),
        (format!("placed_from={at}&placed_before={at}"), vec![]),
    ] {
        let (status, page) = stage.mine(&format!("/v1/orders?{query}")).await;
        assert_eq!((status, ids(&page)), (200, expected), "{query}");
    }
    // A place outside of the time asked for is no place in that list.
    let (_, page) = stage.mine("/v1/orders?limit=1").await;
    let (span, next) = (format!("placed_before={at}"), page["next"].as_str().unwrap());
    let answer = stage.mine(&format!("/v1/orders?limit=1&{span}&cursor={next}")).await;
    assert_eq!(code(&answer), (400, "bad_cursor"));
}

#[tokio::test]
async fn of_each_order_only_the_fields_are_shown_that_are_wanted() {
    let stage = Stage::set().await;
    let (_, whole) = stage.mine("/v1/orders?limit=2").await;
    let (status, page) = stage.mine("/v1/orders?limit=2&fields=order,total").await;
    assert_eq!(status, 200, "{page}");
    for (part, whole) in page["orders"].as_array().unwrap().iter().zip(whole["orders"].as_array().unwrap()) {
        assert_eq!(*part, serde_json::json!({"order": whole["order"], "total": whole["total"]}));
    }
    assert_eq!(page["next"], whole["next"]);
    let one = format!("/v1/orders/{}", order_id(1));
    let (_, whole) = stage.mine(&one).await;
    let part = stage.mine(&format!("{one}?fields=lines,instructions")).await;
    assert_eq!(
        part,
        (200, serde_json::json!({"lines": whole["lines"], "instructions": whole["instructions"]}))
    );
    for address in [
        format!("{one}?fields=lines,person"),
        "/v1/orders?fields=lines,person".into(),
        "/v1/orders?fields=".into(),
    ] {
        assert_eq!(code(&stage.mine(&address).await), (400, "bad_fields"), "{address}");
    }
    let theirs = stage.get(Some("other-Owner"), &format!("{one}?fields=lines")).await;
    assert_eq!(code(&theirs), (404, "not_found"));
}

#[tokio::test]
async fn what_cannot_be_a_list_is_refused_with_a_reason() {
    let stage = Stage::set().await;
    for (query, expected) in [
        ("?status=", "status_required"),
        ("?status=lost", "status_required"),
        ("?status=received&limit=0", "bad_limit"),
        ("?status=received&limit=101", "bad_limit"),
        ("?status=received&limit=x", "bad_limit"),
        ("?status=received&cursor=x", "bad_cursor"),
        ("?status=received&status=held", "bad_query"),
        ("?channel=post", "bad_filter"),
        ("?reason=tired", "bad_filter"),
        ("?connection=ord_1", "bad_filter"),
        ("?placed_from=yesterday", "bad_filter"),
    ] {
        let answer = stage.mine(&format!("/v1/orders{query}")).await;
        assert_eq!(code(&answer), (400, expected), "{query}");
    }
}

#[tokio::test]
async fn a_cursor_of_another_tenant_or_list_is_refused() {
    let stage = Stage::set().await;
    let (_, page) = stage.mine("/v1/orders?status=received&limit=1").await;
    let cursor = page["next"].as_str().unwrap();
    let theirs = stage.get(Some("other-Owner"), &format!("/v1/orders?status=received&cursor={cursor}")).await;
    assert_eq!(code(&theirs), (400, "bad_cursor"));
    let elsewhere = stage.mine(&format!("/v1/orders?status=held&cursor={cursor}")).await;
    assert_eq!(code(&elsewhere), (400, "bad_cursor"));
    // A forged place in one's own list leads nowhere but into that list.
    let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).unwrap()).unwrap();
    let forged = URL_SAFE_NO_PAD.encode(text.replace(&order_id(5), &order_id(200)));
    let (status, page) = stage.mine(&format!("/v1/orders?status=received&cursor={forged}")).await;
    assert_eq!(status, 200);
    assert!(!ids(&page).contains(&order_id(200)));
}

#[tokio::test]
async fn every_role_lists_its_own_merchants_orders_and_whoever_has_no_access_none() {
    let stage = Stage::set().await;
    for role in Role::ALL {
        let (_, mine) = stage.get(Some(&format!("mine-{role:?}")), "/v1/orders?status=received").await;
        assert_eq!(ids(&mine).len(), 5);
        let (_, theirs) = stage.get(Some(&format!("other-{role:?}")), "/v1/orders?status=received").await;
        assert_eq!(ids(&theirs), [order_id(200)]);
    }
    for sub in [None, Some(""), Some("nobody"), Some("left")] {
        for address in
            ["/v1/orders?status=received", "/v1/exceptions", "/v1/orders/ord_1", "/v1/stock/TEE-RED"]
        {
            assert_eq!(code(&stage.get(sub, address).await), (403, "no_access"), "{sub:?} {address}");
        }
    }
}

#[tokio::test]
async fn exceptions_come_with_advice_the_held_ones_by_themselves_and_others_by_status() {
    let stage = Stage::set().await;
    let mut held = stage.order(1).await;
    held.status = Status::Held;
    held.hold = Some(Hold::Exception);
    held.raise(Reason::MissingAddress, Some("shipping_address".into()), stage.now());
    stage.db.save_order(&mut held).await.unwrap();
    let mut pickup = stage.order(2).await;
    pickup.status = Status::Held;
    pickup.hold = Some(Hold::Pickup);
    stage.db.save_order(&mut pickup).await.unwrap();
    let mut booked = stage.order(3).await;
    booked.status = Status::Booked;
    booked.raise(Reason::WriteBackRefused, None, stage.now());
    stage.db.save_order(&mut booked).await.unwrap();

    let (_, page) = stage.mine("/v1/exceptions").await;
    assert_eq!(ids(&page), [order_id(1)]);
    let matter = &page["orders"][0]["exceptions"][0];
    assert_eq!(
        (matter["reason"].as_str(), matter["detail"].as_str()),
        (Some("missing_address"), Some("shipping_address"))
    );
    assert_eq!(matter["advice"], Reason::MissingAddress.advice());
    assert_eq!(ids(&stage.mine("/v1/exceptions?status=booked").await.1), [order_id(3)]);
    assert!(ids(&stage.get(Some("other-Owner"), "/v1/exceptions").await.1).is_empty());
    assert_eq!(code(&stage.mine("/v1/exceptions?status=lost").await), (400, "status_required"));
}
