//! Invented orders in eBay's shape: the same people and goods as [`crate::invent`] makes for every channel.

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::account::instant;
use crate::invent::{self, Kind, Mix};

/// One invented order.
pub struct Invented {
    /// What it is there to show.
    pub kind: String,
    /// The order.
    pub order: Value,
}

/// How often each kind comes: about one in ten has several lines.
fn mix() -> Mix {
    use Kind::{
        BeyondStock, DigitalOnly, Gift, NoAddress, NonAscii, Pickup, Plain, SeveralLines, TwoCurrencies,
    };
    Mix::of(&[
        (Plain, 64),
        (SeveralLines, 10),
        (NonAscii, 8),
        (TwoCurrencies, 4),
        (Gift, 4),
        (DigitalOnly, 3),
        (NoAddress, 2),
        (Pickup, 3),
        (BeyondStock, 2),
    ])
}

/// `count` orders of this seed, placed now, with ids that no other seed below 10,000,000 has.
pub fn orders(seed: u64, count: usize, now: Timestamp) -> Vec<Invented> {
    let mut rng = StdRng::seed_from_u64(seed ^ 0x0eba_7000);
    let all = invent::orders(seed, count, &mix(), invent::catalogue());
    let one = |(index, one): (usize, invent::InventedOrder)| {
        let id = format!("{:02}-{:05}-{:05}", seed / 100_000 % 100, seed % 100_000, index);
        let mut order = convert(&one.order, one.kind, &id, now);
        let kind = match (one.kind, rng.random_range(0..100)) {
            (Kind::Plain, 0..6) => international(&mut order, &mut rng),
            (Kind::Plain, 6..10) => unpaid(&mut order),
            (Kind::Plain, 10..13) => without_sku(&mut order),
            (kind, _) => json!(kind).as_str().unwrap_or_default().to_owned(),
        };
        Invented { kind, order }
    };
    all.into_iter().enumerate().map(one).collect()
}

/// Goes to eBay's hub, which sends it abroad.
fn international(order: &mut Value, rng: &mut StdRng) -> String {
    let instruction = &mut order["fulfillmentStartInstructions"][0];
    instruction["ebaySupportedFulfillment"] = json!(true);
    let step = &mut instruction["shippingStep"];
    step["shipToReferenceId"] =
        json!(rng.random_range(2_200_000_000_000_000_u64..2_300_000_000_000_000).to_string());
    step["shipTo"]["contactAddress"] = json!({
        "addressLine1": "1 Invented Hub Way",
        "addressLine2": "Unit 7",
        "city": "Lichfield",
        "stateOrProvince": "Staffordshire",
        "postalCode": "WS13 8ZZ",
        "countryCode": "GB",
    });
    instruction["finalDestinationAddress"] = json!({
        "addressLine1": "9 Elsewhere Street", "city": "Springfield", "stateOrProvince": "IL",
        "postalCode": "62799", "countryCode": "US",
    });
    "international".to_owned()
}

/// Not in any list until it is paid.
fn unpaid(order: &mut Value) -> String {
    order["orderPaymentStatus"] = json!("PENDING");
    "unpaid".to_owned()
}

/// A listing made without one.
fn without_sku(order: &mut Value) -> String {
    for line in order["lineItems"].as_array_mut().into_iter().flatten() {
        if let Some(line) = line.as_object_mut() {
            line.remove("sku");
        }
    }
    "without_sku".to_owned()
}

/// From the shape orders are invented in.
fn convert(body: &Value, kind: Kind, id: &str, now: Timestamp) -> Value {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let address = &body["shipping_address"];
    let customer = &body["customer"];
    let email = text(&body["email"]);
    let digits: String = id.chars().filter(char::is_ascii_digit).collect();
    let username = email.split('@').next().filter(|name| !name.is_empty());
    let username = username.map_or_else(|| format!("buyer_{digits}"), |name| name.replace('.', "_"));
    let now = instant(now);
    let lines: Vec<Value> = (1_u32..)
        .zip(body["line_items"].as_array().into_iter().flatten())
        .map(|(n, line)| line_of(line, &format!("{digits}{n:02}")))
        .collect();
    let mut order = json!({
        "orderId": id,
        "creationDate": now,
        "lastModifiedDate": now,
        "orderFulfillmentStatus": "NOT_STARTED",
        "orderPaymentStatus": "PAID",
        "sellerId": "harbour_finch",
        "salesRecordReference": text(&body["order_number"]),
        "buyer": {
            "username": username,
            "taxAddress": {"countryCode": "GB"},
            "buyerRegistrationAddress": {
                "fullName": format!("{} {}", text(&customer["first_name"]), text(&customer["last_name"])).trim(),
                "primaryPhone": {},
                "contactAddress": {"countryCode": "GB"},
            },
        },
        "pricingSummary": {"total": amount(&body["total_price_set"])},
        "cancelStatus": {"cancelState": "NONE_REQUESTED", "cancelRequests": []},
        "paymentSummary": {
            "totalDueSeller": amount(&body["total_price_set"]),
            "refunds": [],
            "payments": [{"paymentMethod": "EBAY", "paymentStatus": "PAID",
                "amount": amount(&body["total_price_set"])}],
        },
        "fulfillmentHrefs": [],
        "lineItems": lines,
    });
    if let Some(note) = body["note"].as_str() {
        order["buyerCheckoutNotes"] = json!(note);
    }
    let shipped = |to: Value| {
        json!([{
            "fulfillmentInstructionsType": "SHIP_TO",
            "ebaySupportedFulfillment": false,
            "shippingStep": {"shipTo": to, "shippingServiceCode": "UK_RoyalMailTracked"},
        }])
    };
    order["fulfillmentStartInstructions"] = match kind {
        Kind::Pickup => json!([{
            "fulfillmentInstructionsType": "PREPARE_FOR_PICKUP",
            "pickupStep": {"merchantLocationKey": "harbour-shop"},
        }]),
        Kind::DigitalOnly => json!([{"fulfillmentInstructionsType": "DIGITAL"}]),
        // As eBay shows an order that is older than 90 days.
        Kind::NoAddress => shipped(json!({
            "primaryPhone": {},
            "contactAddress": {"city": "Bristol", "postalCode": "BS1 4DJ", "countryCode": "GB"},
        })),
        _ => shipped(contact(address, &email)),
    };
    order
}

fn contact(address: &Value, email: &str) -> Value {
    let mut contact = json!({
        "fullName": address["name"],
        "contactAddress": {
            "addressLine1": address["address1"],
            "city": address["city"],
            "stateOrProvince": address["province"],
            "postalCode": address["zip"],
            "countryCode": "GB",
        },
        "primaryPhone": {"phoneNumber": address["phone"]},
        "email": email,
    });
    if address["company"].is_string() {
        contact["companyName"] = address["company"].clone();
    }
    if address["address2"].is_string() {
        contact["contactAddress"]["addressLine2"] = address["address2"].clone();
    }
    contact
}

fn line_of(line: &Value, id: &str) -> Value {
    let units = line["quantity"].as_u64().unwrap_or(1);
    let mut cost = amount(&line["price_set"]);
    for field in ["value", "convertedFromValue"] {
        if let Some(each) = cost[field].as_str().and_then(pence) {
            cost[field] = json!(format!("{}.{:02}", each * units / 100, each * units % 100));
        }
    }
    json!({
        "lineItemId": id,
        "legacyItemId": format!("1{id}"),
        "sku": line["sku"],
        "title": line["title"],
        "lineItemCost": cost,
        "total": cost,
        "quantity": units,
        "soldFormat": "FIXED_PRICE",
        "listingMarketplaceId": "EBAY_GB",
        "purchaseMarketplaceId": "EBAY_GB",
        "lineItemFulfillmentStatus": "NOT_STARTED",
        "refunds": [],
        "appliedPromotions": [],
        "taxes": [],
        "properties": {"buyerProtection": true},
    })
}

/// What the buyer saw, and beside it the seller's currency where that is another.
fn amount(set: &Value) -> Value {
    let (shop, shown) = (&set["shop_money"], &set["presentment_money"]);
    let mut amount = json!({"value": shown["amount"], "currency": shown["currency_code"]});
    if shop["currency_code"] != shown["currency_code"] {
        amount["convertedFromValue"] = shop["amount"].clone();
        amount["convertedFromCurrency"] = shop["currency_code"].clone();
    }
    amount
}

/// `12.50` in hundredths.
pub fn pence(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = format!("{part:0<2}");
    Some(whole.parse::<u64>().ok()? * 100 + part.get(..2)?.parse::<u64>().ok()?)
}

/// Every text field an order may have by the specification; those that are free to say anything say `x`.
const FIELDS: &str = include_str!("canary.json");

/// The `n`th canary order, placed now: every personal or free text holds a token of its own. Returns where they
/// are: JSON pointer and token. Mail, telephones and postcodes hold it as a part.
///
/// # Errors
/// Never in practice: the fields are part of this program.
pub fn canary(n: u64, now: Timestamp) -> Result<(Value, Vec<(String, String)>), String> {
    let mut order: Value = serde_json::from_str(FIELDS).map_err(|error| error.to_string())?;
    let mut rng = StdRng::seed_from_u64(0xca4a_77eb ^ n);
    let mut tokens = Vec::new();
    plant(&mut order, "", "", &mut rng, &mut tokens);
    order["orderId"] = json!(format!("99-{:05}-00001", n % 100_000));
    order["lineItems"][0]["lineItemId"] = json!(format!("99{:05}0000101", n % 100_000));
    for field in ["creationDate", "lastModifiedDate"] {
        order[field] = json!(instant(now));
    }
    Ok((order, tokens))
}

fn plant(value: &mut Value, name: &str, pointer: &str, rng: &mut StdRng, tokens: &mut Vec<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, inner) in object.iter_mut() {
                plant(inner, key, &format!("{pointer}/{key}"), rng, tokens);
            }
        }
        Value::Array(items) => {
            for (index, inner) in items.iter_mut().enumerate() {
                plant(inner, name, &format!("{pointer}/{index}"), rng, tokens);
            }
        }
        Value::String(text) if text == "x" => {
            let (written, token) = write(name, rng);
            *text = written;
            tokens.push((pointer.to_owned(), token));
        }
        _ => {}
    }
}

/// The text to stand there, and the token in it.
fn write(name: &str, rng: &mut StdRng) -> (String, String) {
    match name {
        "email" | "recipientEmail" => {
            let token = letters(rng, 14).to_lowercase();
            (format!("{token}@canary.invalid"), token)
        }
        "phoneNumber" => {
            let digit = |_| char::from_digit(rng.random_range(0..10), 10).unwrap_or('0');
            let token: String = (0..12).map(digit).collect();
            (format!("+447700900{token}"), token)
        }
        "postalCode" => {
            let token = crate::invent::canary_postcode(rng);
            (token.clone(), token)
        }
        _ => {
            let token = letters(rng, 14);
            (token.clone(), token)
        }
    }
}

/// Letters and digits that are not mistaken for one another; five bits each.
fn letters(rng: &mut StdRng, count: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    (0..count).map(|_| char::from(ALPHABET[rng.random_range(0..32)])).collect()
}
