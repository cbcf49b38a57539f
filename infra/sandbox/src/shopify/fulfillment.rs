//! `fulfillmentCreate`, `fulfillmentEventCreate`, `fulfillmentTrackingInfoUpdate`.

use serde_json::{Map, Value, json};

use super::graphql::Selection;
use super::orders::{Fulfillment, StoredOrder};
use super::{Shop, graph, inputs, invalid_variable, number_of_gid, webhooks};
use crate::state::State;

/// Carrier names taken, exactly as spelled. Shopify takes any text and then builds no link; the sandbox is
/// stricter because a misspelled name is always a fault on our side.
pub const COMPANIES: &[&str] = &[
    "Royal Mail",
    "Parcelforce",
    "DPD UK",
    "DPD Local",
    "DPD",
    "Evri",
    "Yodel",
    "UPS",
    "FedEx",
    "DHL Express",
];

/// Fields of the input, and a sentence: a `userErrors` entry.
struct UserError(&'static [&'static str], String);

fn payload(name: &str, result: Result<Value, UserError>) -> Value {
    match result {
        Ok(value) => json!({ name: value, "userErrors": [] }),
        Err(UserError(field, message)) => {
            json!({ name: null, "userErrors": [{"field": field, "message": message}] })
        }
    }
}

fn checked(field: &Selection, arg: &str, kind: &str) -> Result<Value, Value> {
    let value = field.args.get(arg);
    inputs::check(kind, value, arg).map_err(|explanation| invalid_variable(field, &explanation))?;
    Ok(value.cloned().unwrap_or(Value::Null))
}

fn noted(state: &mut State, endpoint: &str, result: Result<Value, UserError>, name: &str) -> Value {
    if let Err(UserError(_, message)) = &result {
        state.refuse(endpoint, message.clone());
    }
    payload(name, result)
}

/// `fulfillmentCreate(fulfillment)`.
///
/// # Errors
/// A GraphQL error when the input does not fit its type; rule breaks come back as `userErrors`.
pub fn create(state: &mut State, domain: &str, field: &Selection) -> Result<Value, Value> {
    let input = checked(field, "fulfillment", "FulfillmentInput!")?;
    let result = try_create(state, domain, &input);
    if let Ok((order, _)) = &result {
        webhooks::announce(state, domain, "orders/updated", *order);
    }
    Ok(noted(state, "shopify.fulfillmentCreate", result.map(|(_, made)| made), "fulfillment"))
}

/// Which fulfillment order line takes how many units.
struct Take {
    order: usize,
    line: usize,
    units: i64,
}

fn try_create(state: &mut State, domain: &str, input: &Value) -> Result<(i64, Value), UserError> {
    const LINES: &[&str] = &["fulfillment", "lineItemsByFulfillmentOrder"];
    let tracking = tracking(&input["trackingInfo"])?;
    let id = state.fresh_id();
    let now = state.now();
    let missing = |what: &str| UserError(LINES, format!("{what} does not exist."));
    let shop = state.shops.get_mut(domain).ok_or_else(|| missing("Shop"))?;
    let parts = input["lineItemsByFulfillmentOrder"].as_array().map(Vec::as_slice).unwrap_or_default();
    let order = parts
        .first()
        .and_then(|part| find(shop, &part["fulfillmentOrderId"]))
        .ok_or_else(|| missing("Fulfillment order"))?;
    let stored = shop.orders.get_mut(&order).ok_or_else(|| missing("Order"))?;
    let mut takes = Vec::new();
    for part in parts {
        takes.extend(plan(stored, part)?);
    }
    let mut lines: Vec<(i64, i64)> = Vec::new();
    for take in &takes {
        let one = &mut stored.fulfillment_orders[take.order];
        one.lines[take.line].remaining -= take.units;
        lines.push((one.lines[take.line].line, take.units));
        let left: i64 = one.lines.iter().map(|line| line.remaining).sum();
        one.status = if left == 0 { "CLOSED" } else { "IN_PROGRESS" }.to_owned();
    }
    let made = Fulfillment {
        id,
        status: "SUCCESS".to_owned(),
        company: tracking.company,
        numbers: tracking.numbers,
        urls: tracking.urls,
        lines,
        created_at: now,
        events: Vec::new(),
        notify_customer: input["notifyCustomer"].as_bool().unwrap_or(false),
    };
    let shown = graph::fulfillment(&made);
    stored.fulfillments.push(made);
    stored.refresh_fulfillment(now);
    shop.owners.insert(id, order);
    Ok((order, shown))
}

fn find(shop: &Shop, gid: &Value) -> Option<i64> {
    let id = gid.as_str().and_then(|gid| number_of_gid(gid, "FulfillmentOrder"))?;
    shop.owners.get(&id).copied()
}

fn plan(stored: &StoredOrder, part: &Value) -> Result<Vec<Take>, UserError> {
    const LINES: &[&str] = &["fulfillment", "lineItemsByFulfillmentOrder"];
    const ITEMS: &[&str] = &["fulfillment", "lineItemsByFulfillmentOrder", "fulfillmentOrderLineItems"];
    let id = part["fulfillmentOrderId"].as_str().and_then(|gid| number_of_gid(gid, "FulfillmentOrder"));
    let order = stored.fulfillment_orders.iter().position(|one| Some(one.id) == id);
    let order = order.ok_or_else(|| {
        UserError(LINES, "All fulfillment orders must belong to the same order.".to_owned())
    })?;
    let one = &stored.fulfillment_orders[order];
    if !matches!(one.status.as_str(), "OPEN" | "IN_PROGRESS") {
        let status = one.status.to_lowercase();
        let message = format!("Fulfillment order {} has an unfulfillable status= {status}.", one.id);
        return Err(UserError(LINES, message));
    }
    let Some(items) = part["fulfillmentOrderLineItems"].as_array().filter(|items| !items.is_empty()) else {
        let all = one.lines.iter().enumerate().filter(|(_, line)| line.remaining > 0);
        return Ok(all.map(|(line, part)| Take { order, line, units: part.remaining }).collect());
    };
    let mut takes: Vec<Take> = Vec::new();
    for item in items {
        let gid = item["id"].as_str().unwrap_or_default();
        let number = number_of_gid(gid, "FulfillmentOrderLineItem");
        let line = one.lines.iter().position(|line| Some(line.id) == number);
        let line =
            line.ok_or_else(|| UserError(ITEMS, "Fulfillment order line item does not exist.".to_owned()))?;
        let units = item["quantity"].as_i64().unwrap_or(0);
        let taken: i64 = takes.iter().filter(|take| take.line == line).map(|take| take.units).sum();
        if units < 1 || taken + units > one.lines[line].remaining {
            return Err(UserError(
                ITEMS,
                "Invalid fulfillment order line item quantity requested.".to_owned(),
            ));
        }
        takes.push(Take { order, line, units });
    }
    Ok(takes)
}

struct Tracking {
    company: Option<String>,
    numbers: Vec<String>,
    urls: Vec<String>,
}

fn tracking(info: &Value) -> Result<Tracking, UserError> {
    const INFO: &[&str] = &["fulfillment", "trackingInfo"];
    let none = Map::new();
    let info = info.as_object().unwrap_or(&none);
    let given = |name: &str| info.get(name).is_some_and(|value| !value.is_null());
    let single = given("number") || given("url");
    if single && (given("numbers") || given("urls")) {
        let message = "Use number and url, or numbers and urls; they cannot be mixed.";
        return Err(UserError(INFO, message.to_owned()));
    }
    let company = info.get("company").and_then(Value::as_str);
    if company.is_some_and(|company| !COMPANIES.contains(&company)) {
        let message = "Tracking company is not spelled as in Shopify's list; capitals count.";
        return Err(UserError(&["fulfillment", "trackingInfo", "company"], message.to_owned()));
    }
    let texts = |one: &str, many: &str| -> Vec<String> {
        let many = info.get(many).and_then(Value::as_array).into_iter().flatten();
        info.get(one).into_iter().chain(many).filter_map(Value::as_str).map(str::to_owned).collect()
    };
    Ok(Tracking {
        company: company.map(str::to_owned),
        numbers: texts("number", "numbers"),
        urls: texts("url", "urls"),
    })
}

fn change(
    state: &mut State,
    domain: &str,
    gid: &Value,
    change: impl FnOnce(&mut Fulfillment),
) -> Result<(i64, Value), UserError> {
    let now = state.now();
    let number = gid.as_str().and_then(|gid| number_of_gid(gid, "Fulfillment"));
    let missing = || UserError(&["fulfillmentId"], "Fulfillment does not exist.".to_owned());
    let shop = state.shops.get_mut(domain).ok_or_else(missing)?;
    let owner = number.and_then(|number| shop.owners.get(&number)).ok_or_else(missing)?;
    let stored = shop.orders.get_mut(owner).ok_or_else(missing)?;
    let one = stored.fulfillments.iter_mut().find(|one| Some(one.id) == number).ok_or_else(missing)?;
    change(one);
    let shown = graph::fulfillment(one);
    stored.refresh_fulfillment(now);
    Ok((stored.id(), shown))
}

/// `fulfillmentTrackingInfoUpdate(fulfillmentId, trackingInfoInput, notifyCustomer)`.
///
/// # Errors
/// As [`create`].
pub fn update_tracking(state: &mut State, domain: &str, field: &Selection) -> Result<Value, Value> {
    let gid = checked(field, "fulfillmentId", "ID!")?;
    let input = checked(field, "trackingInfoInput", "FulfillmentTrackingInput!")?;
    checked(field, "notifyCustomer", "Boolean")?;
    let result = tracking(&input).and_then(|new| {
        change(state, domain, &gid, |one| {
            one.company = new.company;
            one.numbers = new.numbers;
            one.urls = new.urls;
        })
    });
    if let Ok((order, _)) = &result {
        webhooks::announce(state, domain, "orders/updated", *order);
    }
    let shown = result.map(|(_, shown)| shown);
    Ok(noted(state, "shopify.fulfillmentTrackingInfoUpdate", shown, "fulfillment"))
}

/// `fulfillmentEventCreate(fulfillmentEvent)`.
///
/// # Errors
/// As [`create`].
pub fn event(state: &mut State, domain: &str, field: &Selection) -> Result<Value, Value> {
    let input = checked(field, "fulfillmentEvent", "FulfillmentEventInput!")?;
    let status = input["status"].as_str().unwrap_or_default().to_owned();
    let id = state.fresh_id();
    let result = change(state, domain, &input["fulfillmentId"], |one| one.events.push(status.clone()));
    let shown = result.map(|_| {
        json!({"id": super::gid("FulfillmentEvent", id), "status": status, "happenedAt": input["happenedAt"]})
    });
    Ok(noted(state, "shopify.fulfillmentEventCreate", shown, "fulfillmentEvent"))
}
