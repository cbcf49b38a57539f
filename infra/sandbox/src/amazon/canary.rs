//! An order in which every text of Amazon's schema that is no code, number or time holds a token of its own.

use jiff::Timestamp;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::invent::turn;
use crate::invent::{self, Kind, Mix};

/// Texts that are codes, amounts, times or keys, not personal and not free.
const STRUCTURED: &[&str] = &[
    "addressType",
    "amount",
    "asin",
    "cancelledBy",
    "channelName",
    "conditionSubtype",
    "conditionType",
    "countryCode",
    "createdTime",
    "currencyCode",
    "earliestDateTime",
    "entityType",
    "fulfilledBy",
    "fulfillmentServiceLevel",
    "fulfillmentStatus",
    "lastUpdatedTime",
    "latestDateTime",
    "marketplaceId",
    "orderId",
    "orderItemId",
    "programs",
    "requester",
    "sellerSku",
    "taxRegistrationType",
    "aliasType",
];

/// The `n`th canary order (one line of a stocked article, to be sent within the United Kingdom) and where its
/// tokens are: JSON pointer and token. The whole text at a pointer is the token, except for mail
/// (`token@canary.invalid`), telephones (`+447700900` and digits) and web addresses, where the token is part of it.
pub fn order(n: u64, now: Timestamp) -> (Value, Vec<(String, String)>) {
    let seed = 900_000 + n % 100_000;
    let mut rng = StdRng::seed_from_u64(seed ^ 0xa3a2_7700);
    let plain = invent::orders(seed, 1, &Mix::of(&[(Kind::Gift, 1)]), invent::catalogue());
    let mut body = plain.first().map_or(Value::Null, |one| turn(&one.order, seed, 0, Kind::Gift, now));
    fill(&mut body);
    let mut tokens = Vec::new();
    plant(&mut body, "", "", &mut rng, &mut tokens);
    (body, tokens)
}

/// Puts a text wherever the schema allows one.
fn fill(body: &mut Value) {
    let x = || json!("x");
    body["orderAliases"] = json!([{"aliasId": "x", "aliasType": "SELLER_ORDER_ID"}]);
    body["salesChannel"] =
        json!({"channelName": "AMAZON", "marketplaceId": "A1F83G8C2ARO7P", "marketplaceName": "x"});
    body["buyer"] = json!({
        "buyerName": "x", "buyerEmail": "x", "buyerCompanyName": "x", "buyerPurchaseOrderNumber": "x"});
    let address = &mut body["recipient"]["deliveryAddress"];
    for name in ["companyName", "addressLine2", "addressLine3", "districtOrCounty", "municipality"] {
        address[name] = x();
    }
    address["extendedFields"] =
        json!({"streetName": "x", "streetNumber": "x", "complement": "x", "neighborhood": "x"});
    body["recipient"]["deliveryPreference"] = json!({"dropOffLocation": "x", "addressInstruction": "x"});
    body["tax"] = json!({
        "taxRegistrations": [{
            "entityType": "BUYER", "taxRegistrationType": "VAT", "taxRegistrationNumber": "x", "legalName": "x",
            "taxRegistrationAddress": {
                "name": "x", "companyName": "x", "addressLine1": "x", "city": "x", "postalCode": "x",
                "phone": "x", "countryCode": "GB"},
        }],
    });
    body["payment"] = json!({"paymentExecutions": [{
        "paymentMethod": "x", "acquirerId": "x", "cardBrand": "x", "authorizationCode": "x",
        "paymentAmount": {"amount": "1.00", "currencyCode": "GBP"}}]});
    let item = &mut body["orderItems"][0];
    item["quantityOrdered"] = json!(1);
    item["fulfillment"]["quantityUnfulfilled"] = json!(1);
    item["fulfillment"]["packing"]["giftOption"]["giftWrapLevel"] = x();
    item["product"]["condition"]["conditionNote"] = x();
    item["product"]["customization"] = json!({"customizedUrl": "https://x"});
    item["product"]["serialNumbers"] = json!(["x"]);
    item["promotion"] = json!({"breakdowns": [{"promotionId": "x"}]});
    item["cancellation"] = json!({"cancellationRequest": {"requester": "BUYER", "cancelReason": "x"}});
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
        Value::String(text) if !STRUCTURED.contains(&name) => {
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
        "buyerEmail" => {
            let token = letters(rng).to_lowercase();
            (format!("{token}@canary.invalid"), token)
        }
        "phone" => {
            let token: String = (0..12).map(|_| char::from(b'0' + rng.random_range(0..10_u8))).collect();
            (format!("+447700900{token}"), token)
        }
        "postalCode" => {
            let token = crate::invent::canary_postcode(rng);
            (token.clone(), token)
        }
        "customizedUrl" => {
            let token = letters(rng);
            (format!("https://canary.invalid/{token}"), token)
        }
        _ => {
            let token = letters(rng);
            (token.clone(), token)
        }
    }
}

/// Letters and digits that are not mistaken for one another; five bits each.
fn letters(rng: &mut StdRng) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    (0..14).map(|_| char::from(ALPHABET[rng.random_range(0..32)])).collect()
}
