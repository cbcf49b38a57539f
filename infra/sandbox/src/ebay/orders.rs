//! Orders as eBay shows them: filters, pages, and what it hides.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::account::{Account, StoredOrder};
use super::{Done, error};
use crate::wire::{Call, Reply};

const DOMAIN: &str = "API_FULFILLMENT";

fn bad(id: u32, message: &str) -> Reply {
    error(400, id, DOMAIN, message)
}

/// The time in a field of an order.
pub fn time(body: &Value, field: &str) -> Timestamp {
    body[field].as_str().and_then(|text| text.parse().ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}

/// What a list is cut down to.
#[derive(Default)]
struct Filter {
    created: Option<(Timestamp, Timestamp)>,
    modified: Option<(Timestamp, Timestamp)>,
    statuses: Option<Vec<String>>,
}

impl Filter {
    fn fits(&self, body: &Value) -> bool {
        let within = |field: &str, (from, to): (Timestamp, Timestamp)| {
            let at = time(body, field);
            from <= at && at <= to
        };
        // Both given, only the creation date counts.
        let dated = match (self.created, self.modified) {
            (Some(span), _) => within("creationDate", span),
            (None, Some(span)) => within("lastModifiedDate", span),
            (None, None) => true,
        };
        let status = body["orderFulfillmentStatus"].as_str().unwrap_or_default();
        dated && self.statuses.as_ref().is_none_or(|all| all.iter().any(|one| one == status))
    }
}

fn filter(text: &str, now: Timestamp) -> Result<Filter, Reply> {
    let mut filter = Filter::default();
    for one in text.split(',').filter(|one| !one.trim().is_empty()) {
        let (name, value) = one.split_once(':').ok_or_else(|| bad(30800, "Invalid filter value"))?;
        match name.trim().to_ascii_lowercase().as_str() {
            "creationdate" => filter.created = Some(span(value, now)?),
            "lastmodifieddate" => filter.modified = Some(span(value, now)?),
            "orderfulfillmentstatus" => {
                let inner = value.strip_prefix('{').and_then(|value| value.strip_suffix('}'));
                let mut all: Vec<String> = inner
                    .ok_or_else(|| bad(30800, "Invalid filter value"))?
                    .split('|')
                    .map(str::to_owned)
                    .collect();
                all.sort();
                if all != ["IN_PROGRESS", "NOT_STARTED"] && all != ["FULFILLED", "IN_PROGRESS"] {
                    return Err(bad(30800, "Invalid filter value"));
                }
                filter.statuses = Some(all);
            }
            _ => return Err(bad(30700, "Invalid filter name")),
        }
    }
    if filter.created.is_none() && filter.modified.is_none() {
        filter.created = Some((before(now, 90), now));
    }
    Ok(filter)
}

fn before(now: Timestamp, days: i64) -> Timestamp {
    now.checked_sub(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MIN)
}

fn span(value: &str, now: Timestamp) -> Result<(Timestamp, Timestamp), Reply> {
    let inner = value.strip_prefix('[').and_then(|value| value.strip_suffix(']'));
    let (from, to) =
        inner.and_then(|inner| inner.split_once("..")).ok_or_else(|| bad(30800, "Invalid filter value"))?;
    let read = |text: &str| -> Result<Timestamp, Reply> {
        // `2026-11-23T09:00:00.000Z` and nothing else.
        let fits = text.len() == 24 && text.ends_with('Z') && text.as_bytes().get(19) == Some(&b'.');
        text.parse().ok().filter(|_| fits).ok_or_else(|| bad(30810, "Invalid date format"))
    };
    if from.is_empty() {
        return Err(bad(30820, "Start date is missing"));
    }
    let from = read(from)?;
    let to = if to.is_empty() { now } else { read(to)? };
    if from > now || to > now {
        return Err(bad(30850, "Start and end dates can't be in the future"));
    }
    if from > to {
        return Err(bad(30840, "Start date should be before end date"));
    }
    if from < before(now, 731) {
        return Err(bad(30830, "Time range between start date and end date must be within '2' years."));
    }
    Ok((from, to))
}

/// `getOrders`: oldest first, by offset; what is not paid is not there.
pub fn list(account: &Account, call: &Call, now: Timestamp) -> Done {
    if call.query.contains(['[', ']', '{', '}', '|']) {
        return Err(bad(30800, "Brackets, braces and bars must be percent-encoded"));
    }
    let known = ["filter", "limit", "offset", "orderIds", "fieldGroups"];
    let name = |pair: &str| pair.split('=').next().unwrap_or_default().to_owned();
    if call.query.split('&').any(|pair| !pair.is_empty() && !known.contains(&name(pair).as_str())) {
        return Err(bad(30700, "Invalid filter name"));
    }
    if let Some(ids) = call.param("orderIds") {
        let ids: Vec<&str> = ids.split(',').collect();
        if ids.len() > 50 {
            return Err(bad(30900, "Exceeded maximum number of order IDs (the current limit is 50)"));
        }
        let rows: Vec<Value> =
            ids.iter().filter_map(|id| account.orders.get(*id)).map(|order| row(order, now)).collect();
        return Ok(Reply::json(
            200,
            &json!({"total": rows.len(), "limit": rows.len(), "offset": 0, "orders": rows}),
        ));
    }
    let number = |name: &str, otherwise: usize| match call.param(name) {
        None => Ok(otherwise),
        Some(text) => text.parse::<usize>().map_err(|_| ()),
    };
    let limit = number("limit", 50).ok().filter(|limit| (1..=200).contains(limit));
    let limit = limit.ok_or_else(|| bad(31100, "Invalid limit"))?;
    let offset = number("offset", 0).map_err(|()| bad(31000, "Invalid offset"))?;
    let filter = filter(&call.param("filter").unwrap_or_default(), now)?;
    let paid = |order: &&StoredOrder| order.body["orderPaymentStatus"] != "PENDING";
    let mut fitting: Vec<&StoredOrder> =
        account.orders.values().filter(paid).filter(|order| filter.fits(&order.body)).collect();
    fitting.sort_by_key(|order| time(&order.body, "creationDate"));
    let rows: Vec<Value> = fitting.iter().skip(offset).take(limit).map(|order| row(order, now)).collect();
    let mut page = json!({
        "href": "/sell/fulfillment/v1/order",
        "total": fitting.len(),
        "limit": limit,
        "offset": offset,
        "orders": rows,
    });
    if offset + limit < fitting.len() {
        page["next"] = json!(format!("/sell/fulfillment/v1/order?limit={limit}&offset={}", offset + limit));
    }
    Ok(Reply::json(200, &page))
}

/// `getOrder`.
pub fn get(account: &Account, id: &str, now: Timestamp) -> Done {
    let order = account.orders.get(id).ok_or_else(|| error(404, 32100, DOMAIN, "Invalid order ID"))?;
    Ok(Reply::json(200, &aged(order, now)))
}

/// A row of the list: never the requests to cancel, nor the tax id.
fn row(order: &StoredOrder, now: Timestamp) -> Value {
    let mut body = aged(order, now);
    body["cancelStatus"]["cancelRequests"] = json!([]);
    if let Some(buyer) = body["buyer"].as_object_mut() {
        buyer.remove("taxIdentifier");
    }
    body
}

/// Without the mail address after 14 days, and without name, telephone and street after 90.
fn aged(order: &StoredOrder, now: Timestamp) -> Value {
    let mut body = order.body.clone();
    let created = time(&body, "creationDate");
    let contacts = ["/fulfillmentStartInstructions/0/shippingStep/shipTo", "/buyer/buyerRegistrationAddress"];
    for pointer in contacts {
        let Some(Value::Object(contact)) = body.pointer_mut(pointer) else { continue };
        if created < before(now, 14) {
            contact.remove("email");
        }
        if created < before(now, 90) {
            contact.remove("fullName");
            contact.insert("primaryPhone".to_owned(), json!({}));
            if let Some(Value::Object(address)) = contact.get_mut("contactAddress") {
                address.remove("addressLine1");
                address.remove("addressLine2");
            }
        }
    }
    body
}
