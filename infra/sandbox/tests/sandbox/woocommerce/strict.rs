//! What the shop refuses.

use super::*;

#[test]
fn keys_end_when_they_are_taken_away_and_never_stand_in_an_address() {
    let sandbox = sandbox(json!({}));
    let id = put(&sandbox, json!({}));
    let advice = |sandbox: &Sandbox, shop: &Shop| {
        let request = feed::build_changed(shop, &window(sandbox), None, &stamp(sandbox)).unwrap();
        feed::read_changed(&send(sandbox, &request).unwrap(), None).err().map(|e| e.advice())
    };
    let refused = Some(Advice::AskPerson(Reason::ConnectionRefused));
    let mut wrong = shop();
    wrong.secret = Secret::new("cs_other".to_owned());
    assert_eq!(advice(&sandbox, &wrong), refused);
    assert_eq!(advice(&sandbox, &shop()), None);
    tell(&sandbox, "POST", "tokens", json!({"expire": true}));
    assert_eq!(advice(&sandbox, &shop()), None, "keys do not end by themselves");
    tell(&sandbox, "POST", "tokens", json!({"revoke": true}));
    assert_eq!(advice(&sandbox, &shop()), refused);
    tell(&sandbox, "POST", "tokens", json!({"revoke": false}));
    let in_address = Call::new(
        Method::GET,
        &format!(
            "/woocommerce/{NAME}/wp-json/wc/v3/orders/{id}?consumer_key=ck_sandbox&consumer_secret=cs_sandbox"
        ),
    );
    assert_eq!(sandbox.answer(&in_address).status, 401);
}

#[test]
fn a_firewall_is_obeyed_when_one_is_set() {
    let sandbox = sandbox(json!({}));
    let request =
        |sandbox: &Sandbox| feed::build_changed(&shop(), &window(sandbox), None, &stamp(sandbox)).unwrap();
    control(&sandbox, "PUT", "limits", &json!({"woocommerce_per_second": 3}));
    let statuses: Vec<u16> =
        (0..5).map(|_| send(&sandbox, &request(&sandbox)).unwrap().status().as_u16()).collect();
    assert_eq!(statuses, [200, 200, 200, 429, 429]);
    let refused = send(&sandbox, &request(&sandbox)).unwrap();
    let error = feed::read_changed(&refused, None).err().unwrap();
    assert_eq!(error.advice(), Advice::Wait { seconds: 1 });
    assert_eq!(report(&sandbox)["over_limit"], json!(3));
    sandbox.set_now(sandbox.now() + SignedDuration::from_secs(1));
    assert_eq!(send(&sandbox, &request(&sandbox)).unwrap().status(), 200);
    assert_eq!(report(&sandbox)["calls"]["orders.list"], json!(7));
}

#[test]
fn what_the_real_shop_refuses_is_refused_and_noted() {
    let sandbox = sandbox(json!({"tracking": "fulfillments"}));
    let id = put(&sandbox, json!({}));
    let ask = |method: &str, path: &str, body: Option<Value>| {
        let call = Call::new(method.parse().unwrap(), &format!("/woocommerce/{NAME}/wp-json/{path}"))
            .header("authorization", "Basic Y2tfc2FuZGJveDpjc19zYW5kYm94");
        let reply = sandbox.answer(&match body {
            Some(body) => call.json(&body),
            None => call,
        });
        (reply.status, reply.value()["code"].as_str().unwrap_or_default().to_owned())
    };
    let orders = format!("wc/v3/orders/{id}");
    for (method, path, body, status, code) in [
        ("GET", "wc/v3/orders?per_page=101".to_owned(), None, 400, "rest_invalid_param"),
        ("GET", "wc/v3/orders?orderby=price".to_owned(), None, 400, "rest_invalid_param"),
        ("GET", "wc/v3/orders?modified_after=yesterday".to_owned(), None, 400, "rest_invalid_param"),
        ("GET", "wc/v3/orders?status=lost".to_owned(), None, 400, "rest_invalid_param"),
        ("GET", "wc/v3/orders/999999".to_owned(), None, 404, "woocommerce_rest_shop_order_invalid_id"),
        ("GET", "wc/v3/parcels".to_owned(), None, 404, "rest_no_route"),
        (
            "PUT",
            "wc/v3/orders/999999".to_owned(),
            Some(json!({"status": "completed"})),
            400,
            "woocommerce_rest_shop_order_invalid_id",
        ),
        ("PUT", orders.clone(), Some(json!({"status": "sent"})), 400, "rest_invalid_param"),
        (
            "POST",
            format!("{orders}/notes"),
            Some(json!({"customer_note": true})),
            400,
            "rest_missing_callback_param",
        ),
        ("POST", format!("{orders}/fulfillments"), Some(json!({"meta_data": []})), 400, "0"),
        (
            "POST",
            format!("{orders}/fulfillments"),
            Some(json!({"meta_data": [{"key": "_items", "value": [{"item_id": "9", "qty": 1}]}]})),
            400,
            "0",
        ),
        (
            "POST",
            format!("wc-ast/v3/orders/{id}/shipment-trackings"),
            Some(json!({"tracking_number": "T"})),
            404,
            "rest_no_route",
        ),
        (
            "PUT",
            "wc/v3/products/7".to_owned(),
            Some(json!({"stock_quantity": 1})),
            400,
            "woocommerce_rest_product_invalid_id",
        ),
        (
            "PUT",
            "wc/v3/products/110".to_owned(),
            Some(json!({"stock_quantity": "many"})),
            400,
            "rest_invalid_param",
        ),
        (
            "POST",
            "wc/v3/webhooks".to_owned(),
            Some(json!({"topic": "order.lost", "delivery_url": HOOK})),
            400,
            "woocommerce_rest_shop_webhook_invalid_topic",
        ),
        (
            "POST",
            "wc/v3/webhooks".to_owned(),
            Some(json!({"topic": "order.updated", "delivery_url": "mailto:x"})),
            400,
            "woocommerce_rest_shop_webhook_invalid_delivery_url",
        ),
        (
            "PUT",
            "wc/v3/webhooks/7".to_owned(),
            Some(json!({"status": "active"})),
            400,
            "woocommerce_rest_shop_webhook_invalid_id",
        ),
    ] {
        assert_eq!(ask(method, &path, body), (status, code.to_owned()), "{method} {path}");
    }
    assert_eq!(sandbox.report()["refusals"], json!(16), "all but the order that is not there");
    // A number that nobody keeps is taken and forgotten.
    let unkept = Call::new(Method::PUT, &format!("/woocommerce/{NAME}/wp-json/wc/v3/products/123"))
        .header("authorization", "Basic Y2tfc2FuZGJveDpjc19zYW5kYm94")
        .json(&json!({"stock_quantity": 5}));
    let shown = sandbox.answer(&unkept).value();
    assert_eq!((&shown["sku"], &shown["stock_quantity"]), (&json!("PATTERN-PDF"), &Value::Null));
    assert_eq!(report(&sandbox)["stock_sets"], json!(0));
    let html = sandbox.answer(&Call::new(Method::GET, "/woocommerce/nobody/wp-json/"));
    assert!(html.status == 404 && html.body.starts_with(b"<!DOCTYPE"));
}
