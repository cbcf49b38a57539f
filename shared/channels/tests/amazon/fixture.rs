//! One invented order, and what the tests need to ask and answer.

use http::Response;
use serde_json::{Value, json};
use waybill_channels::amazon::Seller;
use waybill_channels::amazon::feed::One;
use waybill_channels::amazon::token::Application;
use waybill_channels::error::CannotRead;
use waybill_channels::feed::{Found, Reading};
use waybill_channels::writeback::Broke;
use waybill_channels::{Normalised, Stamp};
use waybill_privacy::Purpose;
use waybill_privacy::recipient::Text;
use waybill_privacy::secret::Secret;

/// The order's key.
pub const ID: &str = "202-1234567-7654321";

/// Every personal value of the fixture: none may be seen where it does not belong.
pub const PERSONAL: [&str; 14] = [
    "Zoë Fern",
    "Fern & Daughters",
    "12 Invented Crescent",
    "Flat 3",
    "Rear door",
    "Bristol",
    "Avon",
    "BS1 4ZZ",
    "01632 960123",
    "Happy birthday, Ida",
    "zoe@example.invalid",
    "For Ida",
    "blue gate",
    "Zoë",
];

pub fn seller() -> Seller {
    Seller {
        base: "https://sellingpartnerapi-eu.amazon.com".to_owned(),
        access: Secret::new("Atza|EXAMPLE".to_owned()),
        application: application(),
        seller_id: "A3TH9S8BH6GOGM".to_owned(),
        marketplace_id: "A1F83G8C2ARO7P".to_owned(),
    }
}

pub fn application() -> Application {
    Application {
        auth: "https://api.amazon.com".to_owned(),
        client_id: "client".to_owned(),
        client_secret: Secret::new("secret".to_owned()),
    }
}

pub fn stamp() -> Stamp {
    Stamp { now: "2026-11-23T09:00:00Z".parse().unwrap(), nonce: "0".repeat(32) }
}

pub fn order() -> Value {
    json!({
        "orderId": ID,
        "orderAliases": [{"aliasId": "FERN-7", "aliasType": "SELLER_ORDER_ID"}],
        "createdTime": "2026-11-20T09:15:00Z",
        "lastUpdatedTime": "2026-11-20T10:15:00.250Z",
        "programs": ["PRIME", "SOMETHING_NEW"],
        "salesChannel": {"channelName": "AMAZON", "marketplaceId": "A1F83G8C2ARO7P", "marketplaceName": "Amazon.co.uk"},
        "buyer": {"buyerName": "Zoë Fern", "buyerEmail": "zoe@example.invalid"},
        "recipient": {
            "deliveryAddress": {
                "name": "Zoë Fern", "companyName": "Fern & Daughters",
                "addressLine1": "12 Invented Crescent", "addressLine2": "Flat 3", "addressLine3": "Rear door",
                "city": "Bristol", "districtOrCounty": "Avon", "stateOrRegion": "", "municipality": "",
                "postalCode": "BS1 4ZZ", "countryCode": "GB", "phone": "01632 960123",
                "addressType": "RESIDENTIAL"
            },
            "deliveryPreference": {"dropOffLocation": "PORCH", "addressInstruction": "the blue gate"}
        },
        "proceeds": {"grandTotal": {"amount": "32.50", "currencyCode": "GBP"}},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT", "fulfillmentServiceLevel": "STANDARD"
        },
        "orderItems": [
            {
                "orderItemId": "20276543210987", "quantityOrdered": 2,
                "product": {
                    "asin": "B000000001", "title": "Mug", "sellerSku": "MUG/1 red",
                    "price": {"unitPrice": {"amount": "12.50", "currencyCode": "GBP"}},
                    "customization": {"customizedUrl": "https://custom.invalid/For Ida"}
                },
                "proceeds": {"proceedsTotal": {"amount": "25.00", "currencyCode": "GBP"}},
                "fulfillment": {
                    "quantityFulfilled": 0, "quantityUnfulfilled": 2,
                    "packing": {"giftOption": {"giftMessage": "Happy birthday, Ida", "giftWrapLevel": "STANDARD"}}
                }
            },
            {
                "orderItemId": "9876543210", "quantityOrdered": 1,
                "product": {"sellerSku": "TEA", "price": {"unitPrice": {"amount": "7.5", "currencyCode": "GBP"}}},
                "proceeds": {"proceedsTotal": {"amount": "7.50", "currencyCode": "GBP"}},
                "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": 1}
            }
        ],
        "packages": []
    })
}

/// The order with a change.
pub fn with(change: impl FnOnce(&mut Value)) -> Value {
    let mut order = order();
    change(&mut order);
    order
}

/// The order in this state, by the merchant.
pub fn standing(status: &str) -> Value {
    with(|o| o["fulfillment"]["fulfillmentStatus"] = json!(status))
}

pub fn reply(status: u16, body: impl ToString) -> Response<Vec<u8>> {
    Response::builder().status(status).body(body.to_string().into_bytes()).unwrap()
}

/// Amazon's way to refuse.
pub fn refusal(status: u16, code: &str) -> Response<Vec<u8>> {
    reply(status, json!({"errors": [{"code": code, "message": "Zoë Fern does not like it", "details": ""}]}))
}

/// What becomes of an order that is read by itself.
pub fn one(order: &Value) -> Result<Option<Found>, Broke> {
    read(order["orderId"].as_str().unwrap_or(ID), &reply(200, json!({"order": order})))
}

pub fn read(id: &str, reply: &Response<Vec<u8>>) -> Result<Option<Found>, Broke> {
    match One::new(&seller(), id).next(Some(reply), &stamp())? {
        Reading::Over(found) => Ok(found),
        Reading::Send(_) => panic!("it is told in one reply"),
    }
}

/// The order read by itself, which must be whole.
pub fn take(order: &Value) -> Normalised {
    match one(order).unwrap() {
        Some(Found::Whole(order)) => *order,
        _ => panic!("not whole"),
    }
}

/// Why the order cannot be read.
pub fn why(order: &Value) -> CannotRead {
    match one(order).unwrap() {
        Some(Found::Unreadable { channel_id, error }) => {
            assert_eq!(channel_id, ID);
            error
        }
        _ => panic!("it can be read"),
    }
}

pub fn text(value: &Option<Text>) -> Option<&str> {
    value.as_ref().map(|t| t.open(Purpose::Label).as_str())
}
