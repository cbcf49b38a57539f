//! An invented order as a shop tells it, and short ways to read it.

use http::{Request, Response, StatusCode};
use serde_json::{Value, json};
use waybill_channels::error::CannotRead;
use waybill_channels::hint::Hint;
use waybill_channels::woocommerce::Shop;
use waybill_channels::woocommerce::webhook::{Topic, read};
use waybill_channels::{Normalised, Stamp};
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;

pub fn order() -> Value {
    json!({
        "id": 727, "parent_id": 0, "number": "WEB-0727", "order_key": "wc_order_x", "status": "processing",
        "currency": "gbp", "prices_include_tax": false,
        "date_created": "2026-11-20T10:15:00", "date_created_gmt": "2026-11-20T09:15:00",
        "date_modified": "2026-11-20T10:16:30", "date_modified_gmt": "2026-11-20T09:16:30",
        "total": "32.500", "total_tax": "0.00", "customer_id": 0,
        "customer_ip_address": "203.0.113.7", "customer_user_agent": "Browser/1", "transaction_id": "t",
        "customer_note": "Happy birthday, Ida",
        "billing": {
            "first_name": "Wren", "last_name": "Bill", "company": "", "address_1": "1 Payer Street",
            "address_2": "", "city": "Leeds", "state": "", "postcode": "LS1 1ZZ", "country": "GB",
            "email": "zoe@example.invalid", "phone": "01632 960123"
        },
        "shipping": {
            "first_name": "Zoë", "last_name": "Fern", "company": "Fern & Daughters",
            "address_1": "12 Invented Crescent", "address_2": "Flat 3", "city": "Bristol", "state": "Avon",
            "postcode": "BS1 4ZZ", "country": "gb", "phone": ""
        },
        "line_items": [
            {"id": 11, "name": "Mug", "product_id": 94, "variation_id": 0, "quantity": 1, "sku": "",
             "subtotal": "7.50", "subtotal_tax": "1.50", "total": "7.50", "total_tax": "1.50",
             "meta_data": [], "price": 7.5},
            {"id": 9, "name": "Shirt", "product_id": 93, "variation_id": 95, "quantity": 3, "sku": "TEE-M",
             "subtotal": "37.50", "subtotal_tax": "7.50", "total": "25.00", "total_tax": "5.00",
             "meta_data": [{"id": 1, "key": "pa_size", "value": "M"}], "price": 8.333333333333334}
        ],
        "shipping_lines": [{"id": 3, "method_title": "Standard", "method_id": "flat_rate", "total": "3.00"}],
        "refunds": [],
        "meta_data": [{"id": 5, "key": "_gift_from", "value": {"name": "Uncle"}}, {"id": 6, "key": "x", "value": null}]
    })
}

/// The order with some of its fields replaced.
pub fn with(changes: Value) -> Value {
    let mut order = order();
    for (name, value) in changes.as_object().unwrap() {
        order[name] = value.clone();
    }
    order
}

/// A refund of one line.
pub fn refund(line: Value, quantity: Value) -> Value {
    json!({"id": 800, "amount": "12.50", "line_items": [{
        "id": 900, "quantity": quantity, "total": "-12.50",
        "meta_data": [{"id": 1, "key": "_refunded_item_id", "value": line}]
    }]})
}

pub fn hint(body: &Value) -> Result<Hint, CannotRead> {
    read(Topic::Order, body.to_string().as_bytes())
}

pub fn take(body: &Value) -> Result<Normalised, CannotRead> {
    match hint(body)? {
        Hint::Order(order) => Ok(*order),
        _ => panic!("not an order"),
    }
}

pub fn shop() -> Shop {
    Shop {
        base: "https://shop.example".to_owned(),
        key: Secret::new("ck_EXAMPLE".to_owned()),
        secret: Secret::new("cs_EXAMPLE".to_owned()),
    }
}

pub fn stamp() -> Stamp {
    Stamp {
        now: "2026-11-23T09:00:00Z".parse().unwrap(),
        nonce: "00112233445566778899aabbccddeeff".to_owned(),
    }
}

/// A reply with these headers.
pub fn answer(status: u16, headers: &[(&str, &str)], body: impl Into<Vec<u8>>) -> Response<Vec<u8>> {
    let mut reply = Response::builder().status(StatusCode::from_u16(status).unwrap());
    for (name, value) in headers {
        reply = reply.header(*name, *value);
    }
    reply.body(body.into()).unwrap()
}

pub fn ok(body: &Value) -> Response<Vec<u8>> {
    answer(200, &[], body.to_string())
}

pub fn refusal(status: u16, code: &str) -> Response<Vec<u8>> {
    let body = json!({"code": code, "message": "Sorry, Zoë.", "data": {"status": status}});
    answer(status, &[("content-type", "application/json")], body.to_string())
}

/// Method and address below `/wp-json`.
pub fn line(request: &Request<Vec<u8>>) -> String {
    let uri = request.uri().to_string();
    format!("{} {}", request.method(), uri.strip_prefix("https://shop.example/wp-json").unwrap())
}

pub fn body(request: &Request<Vec<u8>>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}

pub fn text(value: &Option<Text>) -> Option<&str> {
    value.as_ref().map(|t| t.open(Purpose::Label).as_str())
}
