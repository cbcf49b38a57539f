//! The GraphQL object graph of a shop, built from the REST bodies it keeps.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use super::orders::{Fulfillment, FulfillmentOrder, StoredOrder, id_of};
use super::project::{connection, error, page};
use super::{Shop, gid, number_of_gid};
use crate::clock;

/// `shop`.
pub fn shop(shop: &Shop) -> Value {
    json!({
        "__typename": "Shop",
        "id": gid("Shop", shop.id),
        "name": shop.config.domain.split('.').next(),
        "myshopifyDomain": shop.config.domain,
        "currencyCode": shop.config.currency,
        "ianaTimezone": "Europe/London",
    })
}

/// `orders(first, after, query, sortKey, reverse)`. The cursor names a place in the sort order, so rows can
/// move while a client pages, as they do in the real shop.
pub fn orders(shop: &Shop, args: &Map<String, Value>) -> Result<Value, Value> {
    let fail = |message: &str| error(message, "BAD_REQUEST", &["orders".to_owned()]);
    let first = args.get("first").and_then(Value::as_u64);
    let first = first.ok_or_else(|| fail("you must provide one of first or last"))?;
    let first = usize::try_from(first).ok().filter(|first| (1..=250).contains(first));
    let first = first.ok_or_else(|| fail("first must be between 1 and 250"))?;
    let query = args.get("query").and_then(Value::as_str).unwrap_or_default();
    let tests = terms(query).map_err(|term| fail(&format!("the sandbox cannot search for {term}")))?;
    let key = args.get("sortKey").and_then(Value::as_str).unwrap_or("PROCESSED_AT");
    let reverse = args.get("reverse").and_then(Value::as_bool).unwrap_or(false);
    let field = match key {
        "UPDATED_AT" => "updated_at",
        "CREATED_AT" | "PROCESSED_AT" => "created_at",
        "ID" => "id",
        other => return Err(fail(&format!("the sandbox cannot sort by {other}"))),
    };
    let after = match args.get("after").and_then(Value::as_str) {
        Some(cursor) => Some(read_cursor(cursor).ok_or_else(|| fail("invalid cursor"))?),
        None => None,
    };
    let mut rows: Vec<((i64, i64), &StoredOrder)> = shop
        .orders
        .values()
        .filter(|order| tests.iter().all(|test| test.passes(&order.body)))
        .map(|order| ((if field == "id" { 0 } else { seconds(&order.body[field]) }, order.id()), order))
        .collect();
    rows.sort_by_key(|(place, _)| *place);
    if reverse {
        rows.reverse();
    }
    let beyond = |place: &(i64, i64)| match after {
        Some(after) if reverse => *place < after,
        Some(after) => *place > after,
        None => true,
    };
    let mut left = rows.into_iter().filter(|(place, _)| beyond(place));
    let shown: Vec<Value> = left
        .by_ref()
        .take(first)
        .map(|((at, id), stored)| {
            json!({"cursor": STANDARD.encode(format!("{at}|{id}")), "node": order(shop, stored)})
        })
        .collect();
    Ok(page(shown, after.is_some(), left.next().is_some()))
}

fn read_cursor(cursor: &str) -> Option<(i64, i64)> {
    let text = String::from_utf8(STANDARD.decode(cursor).ok()?).ok()?;
    let (at, id) = text.split_once('|')?;
    Some((at.parse().ok()?, id.parse().ok()?))
}

fn seconds(value: &Value) -> i64 {
    value.as_str().and_then(clock::read).map_or(0, Timestamp::as_second)
}

struct Test {
    field: &'static str,
    relation: &'static str,
    wanted: i64,
}

impl Test {
    fn passes(&self, body: &Value) -> bool {
        let found = if self.field == "id" { id_of(body) } else { seconds(&body[self.field]) };
        match self.relation {
            ">=" => found >= self.wanted,
            "<=" => found <= self.wanted,
            ">" => found > self.wanted,
            "<" => found < self.wanted,
            _ => found == self.wanted,
        }
    }
}

/// `updated_at:>='...' created_at:<'...' id:5`, joined by a space or AND.
fn terms(query: &str) -> Result<Vec<Test>, String> {
    let words = query.split_whitespace().filter(|word| *word != "AND");
    words
        .map(|word| {
            let unknown = || word.to_owned();
            let (name, rest) = word.split_once(':').ok_or_else(unknown)?;
            let field = ["updated_at", "created_at", "id"].into_iter().find(|field| *field == name);
            let relation = [">=", "<=", ">", "<"].into_iter().find(|mark| rest.starts_with(mark));
            let value = rest.trim_start_matches(['>', '<', '=']).trim_matches(['\'', '"']);
            let wanted = match name {
                "id" => value.parse().ok(),
                _ => clock::read(value).map(Timestamp::as_second),
            };
            match (field, wanted) {
                (Some(field), Some(wanted)) => Ok(Test { field, relation: relation.unwrap_or("="), wanted }),
                _ => Err(unknown()),
            }
        })
        .collect()
}

/// `order(id)`; null when there is none.
pub fn order_by_id(shop: &Shop, args: &Map<String, Value>) -> Value {
    let id = args.get("id").and_then(Value::as_str).and_then(|id| number_of_gid(id, "Order"));
    id.and_then(|id| shop.orders.get(&id)).map_or(Value::Null, |stored| order(shop, stored))
}

/// `fulfillmentOrder(id)`; null when there is none.
pub fn fulfillment_order_by_id(shop: &Shop, args: &Map<String, Value>) -> Value {
    let id = args.get("id").and_then(Value::as_str).and_then(|id| number_of_gid(id, "FulfillmentOrder"));
    let stored = id.and_then(|id| shop.owners.get(&id)).and_then(|order| shop.orders.get(order));
    let all =
        stored.into_iter().flat_map(|stored| stored.fulfillment_orders.iter().map(move |one| (stored, one)));
    let mut fitting = all.filter(|(_, one)| Some(one.id) == id);
    let Some((stored, one)) = fitting.next() else { return Value::Null };
    let mut found = fulfillment_order(shop, stored, one);
    found["order"] = order(shop, stored);
    found
}

/// The whole graph of one order.
pub fn order(shop: &Shop, stored: &StoredOrder) -> Value {
    let kept = super::webhooks::visible(shop, &stored.body);
    let body = kept.as_ref().unwrap_or(&stored.body);
    let time = |name: &str| graph_time(&body[name]);
    let set = |name: &str| money(&body[name]);
    let orders = stored.fulfillment_orders.iter().map(|one| fulfillment_order(shop, stored, one)).collect();
    let fulfillments: Vec<Value> = stored.fulfillments.iter().map(fulfillment).collect();
    let lines: Vec<Value> =
        body["line_items"].as_array().into_iter().flatten().map(|one| line(shop, one)).collect();
    let ways: Vec<Value> =
        body["shipping_lines"].as_array().into_iter().flatten().map(shipping_line).collect();
    let tags: Vec<&str> =
        body["tags"].as_str().unwrap_or_default().split(", ").filter(|tag| !tag.is_empty()).collect();
    let mut graph = json!({
        "__typename": "Order",
        "id": gid("Order", stored.id()),
        "legacyResourceId": stored.id().to_string(),
        "name": body["name"],
        "number": body["number"],
        "createdAt": time("created_at"),
        "updatedAt": time("updated_at"),
        "processedAt": time("processed_at"),
        "cancelledAt": time("cancelled_at"),
        "closedAt": time("closed_at"),
        "closed": !body["closed_at"].is_null(),
        "confirmed": body["confirmed"],
        "cancelReason": upper(&body["cancel_reason"]),
        "test": body["test"],
        "displayFinancialStatus": upper(&body["financial_status"]),
        "displayFulfillmentStatus": match body["fulfillment_status"].as_str() {
            Some("fulfilled") => "FULFILLED",
            Some("partial") => "PARTIALLY_FULFILLED",
            _ => "UNFULFILLED",
        },
        "currencyCode": body["currency"],
        "presentmentCurrencyCode": body["presentment_currency"],
        "email": body["email"],
        "phone": body["phone"],
        "note": body["note"],
        "customAttributes": attributes(&body["note_attributes"]),
        "tags": tags,
        "poNumber": body["po_number"],
        "sourceName": body["source_name"],
        "customerLocale": body["customer_locale"],
        "clientIp": body["browser_ip"],
        "statusPageUrl": body["order_status_url"],
        "taxesIncluded": body["taxes_included"],
        "totalWeight": body["total_weight"],
        "requiresShipping": lines.iter().any(|line| line["requiresShipping"] == json!(true)),
        "customer": customer(&body["customer"]),
        "shippingAddress": address(&body["shipping_address"]),
        "billingAddress": address(&body["billing_address"]),
        "lineItems": connection(lines),
        "shippingLine": ways.first().cloned(),
        "shippingLines": connection(ways),
        "fulfillmentOrders": connection(orders),
        "fulfillments": fulfillments,
        "refunds": refunds(&body["refunds"]),
    });
    for (name, rest) in [
        ("totalPriceSet", "total_price_set"),
        ("subtotalPriceSet", "subtotal_price_set"),
        ("totalShippingPriceSet", "total_shipping_price_set"),
        ("totalTaxSet", "total_tax_set"),
        ("totalDiscountsSet", "total_discounts_set"),
        ("currentTotalPriceSet", "current_total_price_set"),
        ("currentSubtotalPriceSet", "current_subtotal_price_set"),
    ] {
        graph[name] = set(rest);
    }
    graph
}

fn line(shop: &Shop, one: &Value) -> Value {
    let sku = one["sku"].as_str().unwrap_or_default();
    let quantity = |name: &str| one[name].as_i64().unwrap_or(0);
    json!({
        "__typename": "LineItem",
        "id": gid("LineItem", id_of(one)),
        "sku": one["sku"],
        "name": one["name"],
        "title": one["title"],
        "variantTitle": one["variant_title"],
        "quantity": one["quantity"],
        "currentQuantity": one["current_quantity"],
        "unfulfilledQuantity": quantity("fulfillable_quantity"),
        "fulfillableQuantity": quantity("fulfillable_quantity"),
        "refundableQuantity": one["current_quantity"],
        "requiresShipping": one["requires_shipping"],
        "isGiftCard": one["gift_card"],
        "taxable": one["taxable"],
        "vendor": one["vendor"],
        "customAttributes": attributes(&one["properties"]),
        "originalUnitPriceSet": money(&one["price_set"]),
        "discountedUnitPriceSet": money(&one["price_set"]),
        "totalDiscountSet": money(&one["total_discount_set"]),
        "variant": shop.inventory.variant_of_sku(sku),
    })
}

fn shipping_line(one: &Value) -> Value {
    json!({
        "__typename": "ShippingLine",
        "id": gid("ShippingLine", id_of(one)),
        "title": one["title"],
        "code": one["code"],
        "source": one["source"],
        "carrierIdentifier": one["carrier_identifier"],
        "deliveryCategory": one.get("delivery_category").cloned().unwrap_or(Value::Null),
        "originalPriceSet": money(&one["price_set"]),
        "discountedPriceSet": money(&one["discounted_price_set"]),
    })
}

/// A fulfillment order with its lines.
pub fn fulfillment_order(shop: &Shop, stored: &StoredOrder, one: &FulfillmentOrder) -> Value {
    let lines = one
        .lines
        .iter()
        .map(|part| {
            let of = stored.lines().iter().find(|line| id_of(line) == part.line);
            json!({
                "__typename": "FulfillmentOrderLineItem",
                "id": gid("FulfillmentOrderLineItem", part.id),
                "totalQuantity": part.total,
                "remainingQuantity": part.remaining,
                "sku": of.map(|line| &line["sku"]),
                "requiresShipping": of.map(|line| &line["requires_shipping"]),
                "lineItem": of.map(|of| line(shop, of)),
            })
        })
        .collect();
    let holds: Vec<Value> =
        one.hold_reason.iter().map(|reason| json!({"reason": reason, "reasonNotes": null})).collect();
    let location = json!({"id": shop.inventory.location(), "name": "Warehouse"});
    json!({
        "__typename": "FulfillmentOrder",
        "id": gid("FulfillmentOrder", one.id),
        "status": one.status,
        "requestStatus": "UNSUBMITTED",
        "orderId": gid("Order", stored.id()),
        "fulfillmentHolds": holds,
        "deliveryMethod": {"methodType": one.method},
        "assignedLocation": {"name": "Warehouse", "location": location},
        "lineItems": connection(lines),
    })
}

/// A fulfillment.
pub fn fulfillment(one: &Fulfillment) -> Value {
    let tracking: Vec<Value> = one
        .numbers
        .iter()
        .enumerate()
        .map(|(index, number)| {
            let known = one.company.as_deref() == Some("Royal Mail");
            let built = known.then(|| format!("https://www.royalmail.com/track-your-item#/{number}"));
            json!({"company": one.company, "number": number, "url": one.urls.get(index).cloned().or(built)})
        })
        .collect();
    let events = one.events.iter().map(|status| json!({"status": status})).collect();
    json!({
        "__typename": "Fulfillment",
        "id": gid("Fulfillment", one.id),
        "status": one.status,
        "displayStatus": one.events.last().map_or("FULFILLED", String::as_str),
        "createdAt": clock::utc(one.created_at),
        "totalQuantity": one.lines.iter().map(|(_, units)| units).sum::<i64>(),
        "trackingInfo": tracking,
        "events": connection(events),
    })
}

fn customer(value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    let name = [&value["first_name"], &value["last_name"]];
    let name: Vec<&str> = name.into_iter().filter_map(Value::as_str).collect();
    json!({
        "__typename": "Customer",
        "id": gid("Customer", id_of(value)),
        "firstName": value["first_name"],
        "lastName": value["last_name"],
        "displayName": name.join(" "),
        "email": value["email"],
        "phone": value["phone"],
        "defaultAddress": address(&value["default_address"]),
    })
}

fn address(value: &Value) -> Value {
    if value.is_null() {
        return Value::Null;
    }
    json!({
        "__typename": "MailingAddress",
        "firstName": value["first_name"],
        "lastName": value["last_name"],
        "name": value["name"],
        "company": value["company"],
        "address1": value["address1"],
        "address2": value["address2"],
        "city": value["city"],
        "province": value["province"],
        "provinceCode": value["province_code"],
        "zip": value["zip"],
        "country": value["country"],
        "countryCodeV2": value["country_code"],
        "countryCode": value["country_code"],
        "phone": value["phone"],
        "latitude": value["latitude"],
        "longitude": value["longitude"],
    })
}

fn attributes(list: &Value) -> Vec<Value> {
    let pairs = list.as_array().into_iter().flatten();
    pairs.map(|pair| json!({"key": pair["name"], "value": pair["value"]})).collect()
}

fn refunds(list: &Value) -> Vec<Value> {
    let each = list.as_array().into_iter().flatten();
    each.map(|refund| {
        let lines = refund["refund_line_items"].as_array().into_iter().flatten().map(|line| {
            json!({
                "quantity": line["quantity"],
                "restockType": upper(&line["restock_type"]),
                "lineItem": {"id": gid("LineItem", line["line_item_id"].as_i64().unwrap_or(0))},
            })
        });
        json!({
            "id": gid("Refund", id_of(refund)),
            "createdAt": graph_time(&refund["created_at"]),
            "refundLineItems": connection(lines.collect()),
        })
    })
    .collect()
}

fn money(set: &Value) -> Value {
    if set.is_null() {
        return Value::Null;
    }
    let bag = |name: &str| json!({"amount": set[name]["amount"], "currencyCode": set[name]["currency_code"]});
    json!({"shopMoney": bag("shop_money"), "presentmentMoney": bag("presentment_money")})
}

fn graph_time(value: &Value) -> Value {
    value.as_str().and_then(clock::read).map_or(Value::Null, |at| Value::String(clock::utc(at)))
}

fn upper(value: &Value) -> Value {
    value.as_str().map_or(Value::Null, |text| Value::String(text.to_uppercase()))
}
