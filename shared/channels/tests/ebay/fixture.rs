//! One invented order as `getOrder` shows it, and shortcuts.

use http::Response;
use serde_json::{Value, json};
use waybill_channels::ebay::Seller;
use waybill_channels::ebay::feed::{One, read_changed};
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Reading};
use waybill_channels::{Normalised, Stamp};
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;

pub const ORDER: &str = "12-12345-12345";

/// Personal values of the fixture that nothing may ever read.
pub const UNREAD: [&str; 9] = [
    "9 Elsewhere Street",
    "Far Town",
    "XX 99",
    "TAX-77",
    "For Ida with love",
    "ida@example.invalid",
    "Registered Road",
    "registered@example.invalid",
    "PAYREF1",
];

pub fn seller() -> Seller {
    Seller { base: "https://api.example.invalid".to_owned(), access: Secret::new("v^1.1#EXAMPLE".to_owned()) }
}

pub fn stamp() -> Stamp {
    Stamp { now: "2026-11-23T09:00:00Z".parse().unwrap(), nonce: "0".repeat(32) }
}

pub fn order() -> Value {
    json!({
        "orderId": ORDER,
        "legacyOrderId": "110011-0",
        "creationDate": "2026-11-20T09:15:00.000Z",
        "lastModifiedDate": "2026-11-20T10:15:00.250Z",
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "sellerId": "harbour_finch",
        "salesRecordReference": "77",
        "buyer": {
            "username": "buyer_zoe_71",
            "taxAddress": {"city": "Far Town", "postalCode": "XX 99", "countryCode": "GB"},
            "taxIdentifier": {"taxpayerId": "TAX-77", "taxIdentifierType": "CODICE_FISCALE"},
            "buyerRegistrationAddress": {
                "fullName": "Zoë Fern", "email": "registered@example.invalid",
                "contactAddress": {"addressLine1": "Registered Road"}
            }
        },
        "buyerCheckoutNotes": "Please wrap it",
        "pricingSummary": {"total": {"value": "32.5", "currency": "GBP"}},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "paymentSummary": {
            "refunds": [],
            "payments": [{"paymentMethod": "EBAY", "paymentReferenceId": "PAYREF1",
                "paymentHolds": [{"holdState": "HELD", "holdReason": "NEW_SELLER"}]}]
        },
        "fulfillmentStartInstructions": [{
            "fulfillmentInstructionsType": "SHIP_TO",
            "ebaySupportedFulfillment": false,
            "shippingStep": {
                "shippingServiceCode": "UK_RoyalMailTracked",
                "shipTo": {
                    "fullName": "Zoë Fern",
                    "companyName": "Fern & Daughters",
                    "contactAddress": {
                        "addressLine1": "12 Invented Crescent", "addressLine2": "Flat 3", "city": "Bristol",
                        "stateOrProvince": "Avon", "postalCode": "BS1 4ZZ", "countryCode": "gb"
                    },
                    "primaryPhone": {"phoneNumber": "01632 960123"},
                    "email": "zoe@example.invalid"
                }
            }
        }],
        "fulfillmentHrefs": [],
        "lineItems": [
            {
                "lineItemId": "10012345678902", "legacyItemId": "220022", "sku": "TEE-M", "title": "T-shirt",
                "lineItemCost": {"value": "25.0", "currency": "GBP"}, "quantity": 2,
                "lineItemFulfillmentStatus": "NOT_STARTED", "refunds": [],
                "giftDetails": {"message": "For Ida with love", "recipientEmail": "ida@example.invalid"},
                "linkedOrderLineItems": [{"orderId": "99-1-1", "lineItemId": "5", "title": "Fitting"}]
            },
            {
                "lineItemId": "9912345678901", "legacyItemId": "220023", "legacyVariationId": "5", "title": "Mug",
                "lineItemCost": {"value": "7.5", "currency": "GBP"}, "quantity": 1,
                "lineItemFulfillmentStatus": "NOT_STARTED", "refunds": []
            }
        ]
    })
}

/// The order with a value put at a pointer whose parent exists.
pub fn with(pointer: &str, value: Value) -> Value {
    let mut order = order();
    set(&mut order, pointer, value);
    order
}

pub fn set(into: &mut Value, pointer: &str, value: Value) {
    let (parent, name) = pointer.rsplit_once('/').unwrap();
    match into.pointer_mut(parent).unwrap() {
        Value::Array(list) => list[name.parse::<usize>().unwrap()] = value,
        parent => parent[name] = value,
    }
}

/// The order as an international programme shows it: to eBay's hub.
pub fn international() -> Value {
    let mut order = order();
    let instruction = &mut order["fulfillmentStartInstructions"][0];
    instruction["ebaySupportedFulfillment"] = json!(true);
    instruction["shippingStep"]["shipToReferenceId"] = json!("2219000111222333");
    instruction["finalDestinationAddress"] = json!({
        "addressLine1": "9 Elsewhere Street", "city": "Far Town", "postalCode": "XX 99", "countryCode": "US"
    });
    order
}

pub fn reply(status: u16, body: &Value) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.to_string().into_bytes()).unwrap()
}

pub fn page(orders: &[Value]) -> Response<Vec<u8>> {
    reply(200, &json!({"total": orders.len(), "limit": 200, "offset": 0, "orders": orders}))
}

/// The only row of a page.
pub fn row(order: &Value) -> Option<Found> {
    let mut found = read_changed(&page(std::slice::from_ref(order)), None).unwrap().found;
    assert!(found.len() < 2);
    found.pop()
}

/// A page's row that is the whole order.
pub fn take(order: &Value) -> Normalised {
    match row(order) {
        Some(Found::Whole(order)) => *order,
        _ => panic!("not a whole order"),
    }
}

/// An order read by itself; `fulfilments` is what a second reply shows.
pub fn fetch(order: &Value, fulfilments: Option<&Value>) -> Option<Found> {
    let mut one = One::new(&seller(), ORDER);
    assert!(matches!(one.next(None, &stamp()).unwrap(), Reading::Send(_)));
    match one.next(Some(&reply(200, order)), &stamp()).unwrap() {
        Reading::Over(found) => {
            assert!(fulfilments.is_none(), "one reply was enough");
            found
        }
        Reading::Send(request) => {
            assert!(request.uri().path().ends_with("/shipping_fulfillment"));
            match one.next(Some(&reply(200, fulfilments.unwrap())), &stamp()).unwrap() {
                Reading::Over(found) => found,
                Reading::Send(_) => panic!("a third call"),
            }
        }
    }
}

pub fn whole(found: Option<Found>) -> Normalised {
    match found {
        Some(Found::Whole(order)) => *order,
        _ => panic!("not a whole order"),
    }
}

pub fn error(found: Option<Found>) -> CannotRead {
    match found {
        Some(Found::Unreadable { error, .. }) => error,
        _ => panic!("it can be read"),
    }
}

pub fn text(value: &Option<Text>) -> Option<&str> {
    value.as_ref().map(|t| t.open(Purpose::Label).as_str())
}

pub fn texts(values: &[Text]) -> Vec<&str> {
    values.iter().map(|t| t.open(Purpose::Label).as_str()).collect()
}
