//! `searchOrders`: pages of orders, each bound to the words the first was asked for with.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::orders::{Order, data, list, only};
use super::{Account, account, invalid};
use crate::clock;
use crate::state::State;
use crate::wire::{Call, Reply};

const PARAMETERS: [&str; 10] = [
    "createdAfter",
    "createdBefore",
    "lastUpdatedAfter",
    "lastUpdatedBefore",
    "fulfillmentStatuses",
    "marketplaceIds",
    "fulfilledBy",
    "maxResultsPerPage",
    "paginationToken",
    "includedData",
];

const STATUSES: [&str; 7] = [
    "PENDING_AVAILABILITY",
    "PENDING",
    "UNSHIPPED",
    "PARTIALLY_SHIPPED",
    "SHIPPED",
    "CANCELLED",
    "UNFULFILLABLE",
];

/// Where a page goes on: after this order, for these words, until then.
#[derive(Debug)]
pub struct Cursor {
    after: (Timestamp, String),
    words: Vec<Option<String>>,
    until: Timestamp,
}

/// What a search looks for.
struct Wanted {
    by_update: bool,
    from: Timestamp,
    to: Timestamp,
    statuses: Vec<String>,
    marketplaces: Vec<String>,
    by: Vec<String>,
}

impl Wanted {
    fn of(call: &Call, now: Timestamp) -> Result<Self, Reply> {
        let by_update = match (call.param("createdAfter"), call.param("lastUpdatedAfter")) {
            (Some(_), None) => false,
            (None, Some(_)) => true,
            _ => return Err(invalid("Exactly one of createdAfter and lastUpdatedAfter is required.")),
        };
        let (own, others) = if by_update { ("lastUpdated", "created") } else { ("created", "lastUpdated") };
        if call.param(&format!("{others}Before")).is_some() {
            return Err(invalid("The Before parameter does not belong to the After parameter."));
        }
        let time = |name: String| {
            let text = call.param(&name);
            let bad = || invalid(format!("{name} is no ISO 8601 time."));
            text.map(|text| clock::read(&text).ok_or_else(bad)).transpose()
        };
        let latest = now.checked_sub(SignedDuration::from_mins(2)).unwrap_or(Timestamp::MIN);
        let from = time(format!("{own}After"))?.unwrap_or(Timestamp::MIN);
        let to = time(format!("{own}Before"))?.unwrap_or(latest);
        if to > latest {
            return Err(invalid(format!("{own}Before must be at least two minutes before now.")));
        }
        if to < from {
            return Err(invalid(format!("{own}Before must not be before {own}After.")));
        }
        let wanted = Self {
            by_update,
            from,
            to,
            statuses: list(call, "fulfillmentStatuses"),
            marketplaces: list(call, "marketplaceIds"),
            by: list(call, "fulfilledBy"),
        };
        if wanted.statuses.iter().any(|status| !STATUSES.contains(&status.as_str())) {
            return Err(invalid("fulfillmentStatuses holds an unknown value."));
        }
        if wanted.by.iter().any(|by| by != "MERCHANT" && by != "AMAZON") {
            return Err(invalid("fulfilledBy holds an unknown value."));
        }
        if wanted.marketplaces.len() > 50 {
            return Err(invalid("marketplaceIds holds more than 50 values."));
        }
        Ok(wanted)
    }

    fn takes(&self, order: &Order) -> bool {
        let at = if self.by_update {
            order.updated()
        } else {
            order.body["createdTime"].as_str().and_then(clock::read).unwrap_or_default()
        };
        let among = |list: &[String], value: &Value| {
            list.is_empty() || list.iter().any(|one| Some(one.as_str()) == value.as_str())
        };
        at >= self.from
            && at <= self.to
            && among(&self.statuses, &order.body["fulfillment"]["fulfillmentStatus"])
            && among(&self.by, &order.body["fulfillment"]["fulfilledBy"])
            && among(&self.marketplaces, &order.body["salesChannel"]["marketplaceId"])
    }
}

/// Everything a token is bound to: all parameters but three.
fn words(call: &Call) -> Vec<Option<String>> {
    let bound = |name: &&&str| !matches!(**name, "maxResultsPerPage" | "includedData" | "paginationToken");
    PARAMETERS.iter().filter(bound).map(|name| call.param(name)).collect()
}

fn after(account: &Account, call: &Call, now: Timestamp) -> Result<Option<(Timestamp, String)>, Reply> {
    let Some(token) = call.param("paginationToken") else { return Ok(None) };
    let unknown = || invalid("paginationToken is unknown or ended.");
    let cursor = account.pages.get(&token).filter(|cursor| cursor.until > now).ok_or_else(unknown)?;
    if cursor.words != words(call) {
        return Err(invalid("paginationToken belongs to other parameters."));
    }
    Ok(Some(cursor.after.clone()))
}

/// Answers a search. Orders come by time of change; one that changes meanwhile leaves the window.
pub fn answer(state: &mut State, name: &str, call: &Call) -> Result<Reply, Reply> {
    let (now, token) = (state.now(), state.fresh_uuid());
    only(call, &PARAMETERS)?;
    let wanted = Wanted::of(call, now)?;
    let data = data(call)?;
    let most = call.param("maxResultsPerPage").map_or(Ok(100), |text| text.parse().map_err(|_| ()));
    let most = most.ok().filter(|most| (1..=100_usize).contains(most));
    let most = most.ok_or_else(|| invalid("maxResultsPerPage must be between 1 and 100."))?;
    let account = account(state, name)?;
    let after = after(account, call, now)?;
    let place = |order: &Order| (order.updated(), order.id().to_owned());
    let mut found: Vec<&Order> = account.orders.values().filter(|order| wanted.takes(order)).collect();
    found.sort_by_key(|order| place(order));
    found.retain(|order| after.as_ref().is_none_or(|after| place(order) > *after));
    let more = found.len() > most;
    found.truncate(most);
    let role = account.config.restricted_role;
    let orders: Vec<Value> = found.iter().map(|order| order.seen(&data, role, now)).collect();
    let before = if wanted.by_update { "lastUpdatedBefore" } else { "createdBefore" };
    let mut body = json!({"orders": orders, before: clock::utc(wanted.to)});
    if let Some(last) = found.last().filter(|_| more) {
        let until = now.checked_add(SignedDuration::from_hours(24)).unwrap_or(Timestamp::MAX);
        let cursor = Cursor { after: place(last), words: words(call), until };
        body["pagination"] = json!({"nextToken": token});
        account.pages.insert(token, cursor);
    }
    Ok(Reply::json(200, &body))
}
