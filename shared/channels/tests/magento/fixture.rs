//! One invented order as a shop shows it, with more than we ask for: a shop may not trim.

use http::Response;
use serde_json::{Value, json};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Reading};
use waybill_channels::magento::feed::One;
use waybill_channels::magento::{Access, Shop, WeightUnit};
use waybill_channels::{Normalised, Stamp};
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;

/// Every personal value of the fixture: none may be seen where it does not belong.
pub const PERSONAL: [&str; 18] = [
    "Zoë",
    "Grace",
    "Fern",
    "Fern & Daughters",
    "12 Invented Crescent",
    "Flat 3",
    "Bristol",
    "Avon",
    "BS1 4ZZ",
    "01632 960123",
    "zoe@example.invalid",
    "203.0.113.9",
    "1971-02-03",
    "GB999000999",
    "Happy birthday",
    "Leave with the neighbour",
    "4242",
    "99 Billing Lane",
];

pub fn shop() -> Shop {
    let secret = |text: &str| Secret::new(text.to_owned());
    Shop {
        base: "https://shop.example/rest/default".to_owned(),
        access: Access::OAuth1 {
            consumer_key: "ck_abc".to_owned(),
            consumer_secret: secret("cs_secret/+="),
            token: secret("tk_def"),
            token_secret: secret("ts secret"),
        },
        weight: WeightUnit::Kilograms,
    }
}

pub fn stamp() -> Stamp {
    Stamp {
        now: "2026-11-23T09:00:00Z".parse().unwrap(),
        nonce: "0123456789abcdef0123456789abcdef".to_owned(),
    }
}

pub fn reply(status: u16, body: &Value) -> Response<Vec<u8>> {
    raw(status, body.to_string().as_bytes())
}

pub fn raw(status: u16, body: &[u8]) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.to_vec()).unwrap()
}

/// An error as Magento words it.
pub fn refusal(status: u16, message: &str) -> Response<Vec<u8>> {
    reply(status, &json!({"message": message, "parameters": {"fieldName": "Zoë"}}))
}

/// A row; `more` is laid over it.
pub fn item(id: u64, sku: &str, more: Value) -> Value {
    let mut item = json!({
        "item_id": id, "order_id": 7, "product_id": 1000 + id, "product_type": "simple", "sku": sku, "name": "x",
        "is_virtual": 0, "weight": 0.2, "price": 10.0, "price_incl_tax": 12.0, "qty_ordered": 1, "qty_canceled": 0,
        "qty_invoiced": 1, "qty_refunded": 0, "qty_shipped": 0,
    });
    for (name, value) in more.as_object().unwrap() {
        item[name] = value.clone();
    }
    item
}

pub fn order() -> Value {
    json!({
        "entity_id": 7,
        "increment_id": "000000007",
        "state": "processing",
        "status": "picked_by_ida",
        "created_at": "2026-11-20 09:15:00",
        "updated_at": "2026-11-20 10:15:00",
        "order_currency_code": "GBP",
        "base_currency_code": "EUR",
        "grand_total": 32.5,
        "base_grand_total": 37.1,
        "customer_email": "zoe@example.invalid",
        "customer_firstname": "Zoë",
        "customer_dob": "1971-02-03",
        "customer_gender": 2,
        "customer_taxvat": "GB999000999",
        "customer_note": "Leave with the neighbour",
        "remote_ip": "203.0.113.9",
        "x_forwarded_for": "203.0.113.9",
        "billing_address": {"street": ["99 Billing Lane"], "country_id": "GB", "firstname": "Zoë"},
        "payment": {"additional_information": ["4242"], "cc_last4": "4242"},
        "status_histories": [{"comment": "Leave with the neighbour"}],
        "items": [
            item(12, "TEE-M", json!({"qty_ordered": 3, "qty_canceled": 1, "weight": 0.2})),
            item(9, "EBOOK", json!({"product_type": "downloadable", "is_virtual": 1, "weight": null})),
        ],
        "extension_attributes": {
            "gift_message": {"message": "Happy birthday"},
            "shipping_assignments": [{
                "shipping": {
                    "method": "flatrate_flatrate",
                    "address": {
                        "prefix": "Ms", "firstname": "Zoë", "middlename": "Grace", "lastname": "Fern",
                        "company": "Fern & Daughters", "street": ["12 Invented Crescent", "Flat 3"],
                        "city": "Bristol", "region": "Avon", "region_code": "AVN", "postcode": "BS1 4ZZ",
                        "country_id": "gb", "telephone": "01632 960123", "email": "zoe@example.invalid",
                        "vat_id": "GB999000999"
                    }
                },
                "items": [item(12, "TEE-M", json!({"qty_ordered": 3}))]
            }]
        }
    })
}

/// The order with a change.
pub fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = order();
    change(&mut order);
    order
}

/// The shipping address of an order.
pub fn address(order: &mut Value) -> &mut Value {
    &mut order["extension_attributes"]["shipping_assignments"][0]["shipping"]["address"]
}

/// Reads one order as the shop answers for it.
pub fn fetch(order: &Value) -> Result<Normalised, CannotRead> {
    fetch_from(&shop(), order)
}

pub fn fetch_from(shop: &Shop, order: &Value) -> Result<Normalised, CannotRead> {
    let id = match &order["entity_id"] {
        Value::String(id) => id.clone(),
        other => other.to_string(),
    };
    match One::new(shop, &id).next(Some(&reply(200, order)), &stamp()) {
        Ok(Reading::Over(Some(Found::Whole(order)))) => Ok(*order),
        Ok(Reading::Over(Some(Found::Unreadable { error, .. }))) => Err(error),
        Err(waybill_channels::writeback::Broke::Read(error)) => Err(error),
        _ => panic!("neither read nor refused"),
    }
}

pub fn text(value: &Option<Text>) -> Option<&str> {
    value.as_ref().map(|t| t.open(Purpose::Label).as_str())
}

/// The parameters of a request's query, decoded.
pub fn query(request: &http::Request<Vec<u8>>) -> Vec<(String, String)> {
    let decode = |text: &str| {
        let bytes = text.as_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            if bytes[at] == b'%' {
                out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
                at += 3;
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        String::from_utf8(out).unwrap()
    };
    let query = request.uri().query().unwrap_or_default();
    query.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (decode(k), decode(v))).collect()
}

pub fn body(request: &http::Request<Vec<u8>>) -> Value {
    serde_json::from_slice(request.body()).unwrap()
}
