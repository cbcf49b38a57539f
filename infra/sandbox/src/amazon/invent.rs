//! Invented orders in Amazon's shape, made from the same people and goods as every other shop's.

use jiff::{SignedDuration, Timestamp};
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::clock;
use crate::invent::{self, Kind, Mix};

/// Amazon sells no downloads of a merchant's and takes one currency a marketplace; it has no test orders.
fn mix() -> Mix {
    use Kind::{BeyondStock, Gift, NoAddress, NonAscii, Pickup, Plain, SeveralLines};
    Mix::of(&[
        (Plain, 50),
        (SeveralLines, 20),
        (NonAscii, 10),
        (Gift, 8),
        (NoAddress, 3),
        (Pickup, 3),
        (BeyondStock, 2),
    ])
}

/// `count` orders of this seed, each with the word for what it is there to show.
pub fn orders(seed: u64, count: usize, now: Timestamp) -> Vec<(String, Value)> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x616d_617a_6f6e);
    let made = invent::orders(seed, count, &mix(), invent::catalogue());
    let turned = made.into_iter().enumerate().map(|(index, one)| {
        let mut kind = serde_json::to_value(one.kind).ok().and_then(|k| k.as_str().map(str::to_owned));
        let mut body = turn(&one.order, seed, index, one.kind, now);
        let dice = rng.random_range(0..40_u32);
        if one.kind == Kind::Plain
            && let Some(special) = vary(&mut body, dice)
        {
            kind = Some(special.to_owned());
        }
        (kind.unwrap_or_default(), body)
    });
    turned.collect()
}

/// Makes some plain orders into what only Amazon has.
fn vary(body: &mut Value, dice: u32) -> Option<&'static str> {
    let merchant = &mut body["fulfillment"];
    match dice {
        0..=3 => {
            merchant["fulfillmentStatus"] = json!("PENDING");
            Some("pending")
        }
        4 | 5 => {
            merchant["fulfilledBy"] = json!("AMAZON");
            Some("fulfilled_by_amazon")
        }
        6 | 7 => {
            body["recipient"]["deliveryAddress"]["addressType"] = json!("PICKUP_POINT");
            Some("pickup_point")
        }
        8 => {
            body["programs"] = json!(["FBM_SHIP_PLUS"]);
            Some("fbm_ship_plus")
        }
        9..=15 => {
            body["programs"] = json!(["PRIME"]);
            None
        }
        16 | 17 => {
            body["programs"] = json!(["AMAZON_BUSINESS"]);
            body["recipient"]["deliveryAddress"]["addressType"] = json!("COMMERCIAL");
            None
        }
        _ => None,
    }
}

fn money(pence: u64) -> Value {
    json!({"amount": format!("{}.{:02}", pence / 100, pence % 100), "currencyCode": "GBP"})
}

/// An order in the shape of another shop, turned into Amazon's.
pub fn turn(from: &Value, seed: u64, index: usize, kind: Kind, now: Timestamp) -> Value {
    let day = |days: i64| {
        let at = now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(now);
        json!(clock::utc(at))
    };
    let lines = from["line_items"].as_array().cloned().unwrap_or_default();
    let lines = lines.iter().filter(|line| line["requires_shipping"] != false).enumerate();
    let mut total = 0;
    let items: Vec<Value> = lines
        .map(|(number, line)| {
            let units = line["quantity"].as_u64().unwrap_or(1);
            let price = line["price"].as_str().unwrap_or_default().replace('.', "");
            let pence: u64 = price.parse().unwrap_or(0);
            total += pence * units;
            let mut item = json!({
                "orderItemId": format!("{:014}", 20_000_000_000_000 + (seed % 100_000) * 100_000_000
                    + (index as u64 % 1_000_000) * 100 + number as u64),
                "quantityOrdered": units,
                "product": {
                    "asin": format!("B{:09}", pence),
                    "title": line["name"],
                    "sellerSku": line["sku"],
                    "condition": {"conditionType": "NEW", "conditionSubtype": "NEW"},
                    "price": {"unitPrice": money(pence)},
                },
                "proceeds": {"proceedsTotal": money(pence * units)},
                "fulfillment": {"quantityFulfilled": 0, "quantityUnfulfilled": units},
            });
            if kind == Kind::Gift {
                item["fulfillment"]["packing"] = json!({"giftOption": {
                    "giftMessage": "Happy birthday! It is a surprise.", "giftWrapLevel": "STANDARD"}});
            }
            item
        })
        .collect();
    let address = &from["shipping_address"];
    let recipient = if kind == Kind::NoAddress {
        Value::Null
    } else if kind == Kind::Pickup {
        json!({"deliveryAddress": {
            "name": "Harbour & Finch", "companyName": "Harbour & Finch", "addressLine1": "1 Example Wharf",
            "city": "Bristol", "postalCode": "BS1 4ZZ", "countryCode": "GB", "addressType": "COMMERCIAL"}})
    } else {
        json!({"deliveryAddress": {
            "name": address["name"],
            "companyName": address["company"].as_str().unwrap_or_default(),
            "addressLine1": address["address1"],
            "addressLine2": address["address2"].as_str().unwrap_or_default(),
            "addressLine3": "",
            "city": address["city"],
            "districtOrCounty": "",
            "stateOrRegion": address["province"],
            "municipality": "",
            "postalCode": address["zip"],
            "countryCode": "GB",
            "phone": address["phone"],
            "addressType": "RESIDENTIAL",
        }})
    };
    let mut order = json!({
        "orderId": format!("202-{:07}-{:07}", seed % 10_000_000, index % 10_000_000),
        "createdTime": clock::utc(now),
        "lastUpdatedTime": clock::utc(now),
        "programs": if kind == Kind::Pickup { json!(["IN_STORE_PICK_UP"]) } else { json!([]) },
        "buyer": {"buyerEmail": format!("{:07}-{:07}@marketplace.invalid", seed % 10_000_000, index)},
        "proceeds": {"grandTotal": money(total)},
        "fulfillment": {
            "fulfillmentStatus": "UNSHIPPED",
            "fulfilledBy": "MERCHANT",
            "fulfillmentServiceLevel": "STANDARD",
            "shipByWindow": {"earliestDateTime": clock::utc(now), "latestDateTime": day(2)},
            "deliverByWindow": {"earliestDateTime": day(2), "latestDateTime": day(5)},
        },
        "orderItems": items,
        "packages": [],
    });
    if !recipient.is_null() {
        order["recipient"] = recipient;
    }
    order
}
