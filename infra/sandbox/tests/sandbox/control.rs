use serde_json::json;
use waybill_sandbox::invent::Kind;

use super::{SHOP, book, control, put, sandbox};

#[test]
fn captured_requests_hold_what_was_sent_and_can_be_forgotten() {
    let sandbox = sandbox();
    book(&sandbox, "SO-1");
    let captured = control(&sandbox, "GET", "captured?endpoint=royal-mail", &json!({})).value();
    let one = &captured["captured"][0];
    assert_eq!((&one["endpoint"], &one["method"]), (&json!("royal-mail.create"), &json!("POST")));
    assert!(one["body"].as_str().unwrap().contains("Ångström"));
    assert!(one["headers"]["authorization"].is_string());
    control(&sandbox, "DELETE", "captured", &json!({}));
    assert_eq!(control(&sandbox, "GET", "captured", &json!({})).value()["captured"], json!([]));
}

#[test]
fn reset_forgets_and_the_clock_stays() {
    let sandbox = sandbox();
    put(&sandbox, Kind::Plain);
    book(&sandbox, "SO-1");
    control(&sandbox, "PUT", "clock", &json!({"now": "2027-01-01T00:00:00Z"}));
    control(&sandbox, "POST", "reset", &json!({}));
    let report = sandbox.report();
    assert_eq!((&report["shops"], &report["royal_mail"]["orders"]), (&json!({}), &json!(0)));
    assert_eq!(report["now"], "2027-01-01T00:00:00Z");
}

#[test]
fn invented_and_canary_orders_arrive_with_their_webhooks() {
    let sandbox = sandbox();
    let asked = json!({"shop": SHOP, "seed": 4, "count": 20, "deliver": true});
    let made = control(&sandbox, "POST", "invent", &asked).value();
    assert_eq!(made["orders"].as_array().unwrap().len(), 20);
    let canary = control(&sandbox, "POST", "canary", &json!({"shop": SHOP, "number": 1})).value();
    assert!(canary["tokens"].as_array().unwrap().len() > 40);
    let brief = control(&sandbox, "GET", "state?brief=true", &json!({})).value();
    assert_eq!((&brief["shops"][SHOP]["orders"], &brief["webhooks"]["waiting"]), (&json!(21), &json!(20)));
}

#[test]
fn mistakes_are_explained() {
    let sandbox = sandbox();
    let wrong = control(&sandbox, "POST", "faults", &json!({"endpoint": "x", "kind": "gremlins"}));
    assert_eq!(wrong.status, 400);
    assert!(wrong.value()["error"].as_str().unwrap().contains("GET /control"));
    let nobody =
        control(&sandbox, "PUT", "orders", &json!({"shop": "no", "orders": [{"id": 1, "line_items": []}]}));
    assert!(nobody.value()["error"].as_str().unwrap().contains("PUT /control/shops"));
    let fault = json!({"endpoint": "royal-mail.label", "kind": "lose_reply", "times": 2});
    assert_eq!(control(&sandbox, "POST", "faults", &fault).status, 200);
    let list = control(&sandbox, "GET", "faults", &json!({})).value();
    assert_eq!(list["faults"][0]["hold_seconds"], 30);
}
