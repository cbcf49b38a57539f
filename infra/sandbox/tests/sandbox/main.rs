//! The sandbox, driven the way its users drive it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod amazon;
mod contracts;
mod control;
mod dpd;
mod ebay;
mod invented;
mod magento;
mod misbehaviour;
mod pro_shipping;
mod royal_mail;
mod shopify;
mod webhooks;
mod woocommerce;

use serde_json::{Value, json};
use waybill_sandbox::invent::{self, Kind, Mix};
use waybill_sandbox::royal_mail::DEFAULT_KEY;
use waybill_sandbox::{Call, Reply, Sandbox};

/// The shop of these tests.
pub const SHOP: &str = "harbour-finch.myshopify.com";
/// Its token.
pub const TOKEN: &str = "shpat_test";

/// A world with one shop.
pub fn sandbox() -> Sandbox {
    let sandbox = Sandbox::new(7);
    let shop = json!({
        "domain": SHOP,
        "client_secret": "current",
        "previous_secret": "previous",
        "access_token": TOKEN,
        "webhook_url": "http://127.0.0.1:9/webhooks/shopify/con_0000000000000001",
    });
    assert_eq!(control(&sandbox, "PUT", "shops", &shop).status, 200);
    sandbox
}

/// One control request.
pub fn control(sandbox: &Sandbox, method: &str, path: &str, body: &Value) -> Reply {
    let call = Call::new(method.parse().unwrap(), &format!("/control/{path}")).json(body);
    sandbox.answer(&call)
}

/// Puts one invented order of this kind into the shop and returns its id and body.
pub fn put(sandbox: &Sandbox, kind: Kind) -> (i64, Value) {
    let mix = Mix::of(&[(kind, 1)]);
    let mut made = invent::orders(3, 1, &mix, invent::catalogue());
    let order = made.remove(0).order;
    assert_eq!(control(sandbox, "PUT", "orders", &json!({"shop": SHOP, "orders": [order]})).status, 200);
    (order["id"].as_i64().unwrap(), order)
}

/// One GraphQL request with the right token.
pub fn graphql(sandbox: &Sandbox, query: &str, variables: Value) -> Value {
    let path = format!("/shopify/{SHOP}/admin/api/2026-07/graphql.json");
    let call = Call::new(http::Method::POST, &path)
        .header("X-Shopify-Access-Token", TOKEN)
        .json(&json!({"query": query, "variables": variables}));
    let reply = sandbox.answer(&call);
    assert_eq!(reply.status, 200, "{}", reply.value());
    reply.value()
}

/// One Click & Drop request with the right key.
pub fn carrier(sandbox: &Sandbox, method: &str, path: &str, body: Option<&Value>) -> Reply {
    let call = Call::new(method.parse().unwrap(), &format!("/royal-mail/api/v1/{path}"))
        .header("authorization", &format!("Bearer {DEFAULT_KEY}"));
    sandbox.answer(&match body {
        Some(body) => call.json(body),
        None => call,
    })
}

/// A good booking.
pub fn booking(reference: &str) -> Value {
    json!({"items": [{
        "orderReference": reference,
        "recipient": {"address": {
            "fullName": "Zoë Łukasz-Ångström",
            "addressLine1": "10 Example Road",
            "addressLine2": "Flat 3",
            "city": "Bristol",
            "postcode": "BS1 4DJ",
            "countryCode": "GB",
        }},
        "packages": [{"weightInGrams": 600, "packageFormatIdentifier": "parcel"}],
        "postageDetails": {"serviceCode": "TPS48"},
        "orderDate": "2026-11-23T09:15:00Z",
        "subtotal": 0,
        "shippingCostCharged": 0,
        "total": 0,
        "currencyCode": "GBP",
    }]})
}

/// Books and returns the carrier's number.
pub fn book(sandbox: &Sandbox, reference: &str) -> i64 {
    let reply = carrier(sandbox, "POST", "orders", Some(&booking(reference)));
    assert_eq!(reply.status, 200);
    reply.value()["createdOrders"][0]["orderIdentifier"].as_i64().unwrap()
}

/// Path of the label of one order.
pub fn label_path(id: i64) -> String {
    format!("orders/{id}/label?documentType=postageLabel&includeReturnsLabel=false")
}
