//! Inventory items and offers, and the one call that sets their numbers.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::account::{Account, Config, day};
use super::{Done, REVISIONS_A_DAY, error};
use crate::invent;
use crate::wire::{Call, Reply};

/// One SKU.
#[derive(Debug, Clone, Default)]
pub struct Item {
    /// What may be sent of it, over all offers.
    pub quantity: u64,
    /// The offer's own number: what is shown is the smaller of the two.
    pub available: u64,
    /// The offer's key.
    pub offer: String,
    /// The day of the last revision, and how many it had.
    pub revised: (String, u32),
}

fn bad(id: u32, message: &str) -> Reply {
    error(400, id, "API_INVENTORY", message)
}

/// Every article of the catalogue, with one published offer each; legacy listings have none.
pub fn catalogue(config: &Config) -> BTreeMap<String, Item> {
    let goods = invent::catalogue().iter().zip(0_u32..);
    let listed = goods.filter(|(one, _)| !config.legacy_skus.iter().any(|sku| sku == one.sku));
    listed
        .map(|(one, n)| {
            (
                one.sku.to_owned(),
                Item { offer: format!("{}", 36_445_435_000_u64 + u64::from(n)), ..Item::default() },
            )
        })
        .collect()
}

/// `getOffers` of one SKU.
pub fn offers(account: &Account, call: &Call) -> Done {
    let sku = call.param("sku").unwrap_or_default();
    if sku.is_empty() || sku.chars().count() > 50 {
        return Err(bad(25709, "Invalid value for sku."));
    }
    let missing = || error(404, 25713, "API_INVENTORY", "This Offer is not available.");
    let item = account.items.get(&sku).ok_or_else(missing)?;
    let offer = json!({
        "offerId": item.offer,
        "sku": sku,
        "marketplaceId": "EBAY_GB",
        "format": "FIXED_PRICE",
        "status": "PUBLISHED",
        "availableQuantity": item.available,
    });
    Ok(Reply::json(200, &json!({"total": 1, "size": 1, "limit": 100, "offers": [offer]})))
}

/// `bulkUpdatePriceQuantity`: one SKU, an answer for each entry, 207 when any of them is not 200.
pub fn update(account: &mut Account, call: &Call, now: Timestamp, enforced: bool) -> Done {
    if call.header_text("content-type") != Some("application/json") {
        return Err(bad(25709, "Invalid value for header Content-Type."));
    }
    let body: Value =
        serde_json::from_slice(&call.body).map_err(|_| bad(25709, "Invalid value for body."))?;
    let Some([request]) = body["requests"].as_array().map(Vec::as_slice) else {
        return Err(bad(25709, "Invalid value for requests."));
    };
    let sku = request["sku"].as_str().unwrap_or_default();
    let number = |value: &Value| match value {
        Value::Null => Ok(None),
        value => value.as_u64().map(Some).ok_or_else(|| bad(25709, "Invalid value for quantity.")),
    };
    let quantity = number(&request["shipToLocationAvailability"]["quantity"])?;
    let none = Vec::new();
    let offers = request["offers"].as_array().unwrap_or(&none);
    let keys: BTreeSet<&str> = offers.iter().filter_map(|one| one["offerId"].as_str()).collect();
    if offers.len() > 25 || keys.len() < offers.len() || (quantity.is_none() && offers.is_empty()) {
        return Err(bad(25002, "Any User error."));
    }
    let answer = |offer: Option<&str>, error: Option<(u16, u32)>| {
        let (status, errors) = match error {
            None => (200, json!([])),
            Some((status, id)) => (
                status,
                json!([{"errorId": id, "domain": "API_INVENTORY",
                "category": "REQUEST", "message": "A user error has occurred."}]),
            ),
        };
        let mut one = json!({"sku": sku, "statusCode": status, "warnings": [], "errors": errors});
        if let Some(offer) = offer {
            one["offerId"] = json!(offer);
        }
        one
    };
    let mut answers = Vec::new();
    let Some(item) = account.items.get_mut(sku) else {
        return Ok(Reply::json(207, &json!({"responses": [answer(None, Some((404, 25713)))]})));
    };
    let today = day(now);
    if item.revised.0 != today {
        item.revised = (today, 0);
    }
    item.revised.1 += 1;
    let spent = item.revised.1 > REVISIONS_A_DAY;
    account.over_limit += u64::from(spent);
    if spent && enforced {
        return Ok(Reply::json(207, &json!({"responses": [answer(Some(&item.offer), Some((400, 25002)))]})));
    }
    for one in offers {
        let key = one["offerId"].as_str().unwrap_or_default();
        match number(&one["availableQuantity"])? {
            Some(available) if key == item.offer => {
                item.available = available;
                answers.push(answer(Some(key), None));
            }
            Some(_) => answers.push(answer(Some(key), Some((400, 25713)))),
            None => answers.push(answer(Some(key), Some((400, 25709)))),
        }
    }
    if let Some(quantity) = quantity {
        item.quantity = quantity;
        if answers.is_empty() {
            answers.push(answer(None, None));
        }
    }
    let whole = answers.iter().all(|one| one["statusCode"] == 200);
    account.stock_sets += u64::from(whole);
    Ok(Reply::json(if whole { 200 } else { 207 }, &json!({"responses": answers})))
}

/// eBay lowers its own numbers when it sells.
pub fn sell(account: &mut Account, order: &Value) {
    for line in order["lineItems"].as_array().into_iter().flatten() {
        let units = line["quantity"].as_u64().unwrap_or(0);
        if let Some(item) = line["sku"].as_str().and_then(|sku| account.items.get_mut(sku)) {
            item.quantity = item.quantity.saturating_sub(units);
            item.available = item.available.saturating_sub(units);
        }
    }
}

/// What buyers see of each SKU.
pub fn levels(account: &Account) -> Value {
    let shown =
        account.items.iter().map(|(sku, item)| (sku.clone(), json!(item.quantity.min(item.available))));
    Value::Object(shown.collect())
}
