//! One invented order as a webhook and as the answer to our query.

use http::StatusCode;
use serde_json::{Value, json};
use waybill_channels::Normalised;
use waybill_channels::error::CannotRead;
use waybill_channels::hint::Hint;
use waybill_channels::shopify::feed;
use waybill_channels::shopify::webhook::{Topic, read};
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Text;

/// Every personal value of the fixture: none may be seen where it does not belong.
pub const PERSONAL: [&str; 12] = [
    "Zoë Fern",
    "Zoë",
    "Fern & Daughters",
    "12 Invented Crescent",
    "Flat 3",
    "Bristol",
    "Avon",
    "BS1 4ZZ",
    "01632 960123",
    "zoe@example.invalid",
    "Happy birthday, Ida",
    "203.0.113.9",
];

pub fn webhook() -> Value {
    json!({
        "id": 820982911946154508_u64,
        "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
        "name": "#1001",
        "created_at": "2026-11-20T09:15:00+00:00",
        "updated_at": "2026-11-20T10:15:00+01:00",
        "cancelled_at": null,
        "test": false,
        "currency": "GBP",
        "browser_ip": "203.0.113.9",
        "email": "zoe@example.invalid",
        "contact_email": "zoe@example.invalid",
        "phone": null,
        "note": "Happy birthday, Ida",
        "total_price": "40.00",
        "current_total_price_set": {
            "shop_money": {"amount": "32.50", "currency_code": "GBP"},
            "presentment_money": {"amount": "37.10", "currency_code": "EUR"}
        },
        "total_price_set": {"shop_money": {"amount": "40.00", "currency_code": "GBP"}},
        "customer": {"first_name": "Zoë", "last_name": "Fern", "email": "zoe@example.invalid", "phone": null},
        "shipping_address": {
            "name": "Zoë Fern", "first_name": "Zoë", "last_name": "Fern", "company": "Fern & Daughters",
            "address1": "12 Invented Crescent", "address2": "Flat 3", "city": "Bristol", "province": "Avon",
            "zip": "BS1 4ZZ", "country": "United Kingdom", "country_code": "gb", "phone": "01632 960123"
        },
        "line_items": [
            {
                "id": 11, "admin_graphql_api_id": "gid://shopify/LineItem/11", "sku": "TEE-M", "quantity": 3,
                "current_quantity": 2, "requires_shipping": true, "grams": 200, "price": "12.50",
                "price_set": {"shop_money": {"amount": "12.50", "currency_code": "GBP"}},
                "properties": [{"name": "engraving", "value": "For Ida"}]
            },
            {
                "id": 9, "admin_graphql_api_id": "gid://shopify/LineItem/9", "sku": "", "quantity": 1,
                "current_quantity": 1, "requires_shipping": false, "grams": 0, "price": "7.50",
                "price_set": {"shop_money": {"amount": "7.50", "currency_code": "GBP"}}
            }
        ],
        "shipping_lines": [{"code": "Standard", "source": "shopify", "title": "Standard", "delivery_category": null}]
    })
}

/// The same order as our GraphQL query shows it: numbers spelled otherwise, times in UTC, weights in kilograms.
pub fn graph() -> Value {
    json!({ "data": { "order": {
        "admin_graphql_api_id": "gid://shopify/Order/820982911946154508",
        "name": "#1001",
        "created_at": "2026-11-20T09:15:00Z",
        "updated_at": "2026-11-20T09:15:00Z",
        "cancelled_at": null,
        "test": false,
        "email": "zoe@example.invalid",
        "phone": null,
        "note": "Happy birthday, Ida",
        "current_total_price_set": {"shop_money": {"amount": "32.500", "currency_code": "GBP"}},
        "customer": {"first_name": "Zoë", "last_name": "Fern"},
        "shipping_address": {
            "name": "Zoë Fern", "first_name": "Zoë", "last_name": "Fern", "company": "Fern & Daughters",
            "address1": "12 Invented Crescent", "address2": "Flat 3", "city": "Bristol", "province": "Avon",
            "zip": "BS1 4ZZ", "country_code": "GB", "phone": "01632 960123"
        },
        "shipping_lines": {"nodes": [{"code": "Standard", "source": "shopify", "delivery_category": null}]},
        "fulfillment_orders": {"nodes": [{"delivery_method": {"method_type": "SHIPPING"}}]},
        "line_items": {"pageInfo": {"hasNextPage": false}, "nodes": [
            {
                "admin_graphql_api_id": "gid://shopify/LineItem/9", "sku": null, "quantity": 1,
                "current_quantity": 1, "requires_shipping": false,
                "price_set": {"shop_money": {"amount": "7.5"}}, "variant": null
            },
            {
                "admin_graphql_api_id": "gid://shopify/LineItem/11", "sku": "TEE-M", "quantity": 3,
                "current_quantity": 2, "requires_shipping": true,
                "price_set": {"shop_money": {"amount": "12.5"}},
                "variant": {"inventory_item": {"measurement": {"weight": {"value": 0.2, "unit": "KILOGRAMS"}}}}
            }
        ]}
    }}})
}

pub fn take(body: &Value) -> Result<Normalised, CannotRead> {
    match read(&Topic::OrdersUpdated, body.to_string().as_bytes())? {
        Hint::Order(order) => Ok(*order),
        _ => panic!("not an order"),
    }
}

pub fn fetch(body: &Value) -> Result<Option<Normalised>, CannotRead> {
    feed::read_order(StatusCode::OK, body.to_string().as_bytes())
}

pub fn text(value: &Option<Text>) -> Option<&str> {
    value.as_ref().map(|t| t.open(Purpose::Label).as_str())
}
