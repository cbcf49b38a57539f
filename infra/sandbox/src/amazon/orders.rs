//! Orders as Amazon keeps them, and what a caller sees of one.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{account, error, invalid};
use crate::clock;
use crate::state::State;
use crate::wire::{Call, Reply};

/// What a caller can ask for besides the bare order.
pub const DATA: [&str; 11] = [
    "BUYER",
    "RECIPIENT",
    "PROCEEDS",
    "EXPENSE",
    "PROMOTION",
    "CANCELLATION",
    "FULFILLMENT",
    "PACKAGES",
    "TAX",
    "PAYMENT",
    "FULFILLMENT_ORDERS",
];

/// The blocks of an order and of its items, by what they are asked for with.
const BLOCKS: [(&str, &str); 11] = [
    ("BUYER", "buyer"),
    ("RECIPIENT", "recipient"),
    ("PROCEEDS", "proceeds"),
    ("EXPENSE", "expense"),
    ("PROMOTION", "promotion"),
    ("CANCELLATION", "cancellation"),
    ("FULFILLMENT", "fulfillment"),
    ("PACKAGES", "packages"),
    ("TAX", "tax"),
    ("PAYMENT", "payment"),
    ("FULFILLMENT_ORDERS", "fulfillmentOrders"),
];

/// An order with every block.
#[derive(Debug, Clone)]
pub struct Order {
    /// As in the specification, nothing left out.
    pub body: Value,
    /// When each parcel begins to show, by its reference.
    pub shown_from: Vec<(String, Timestamp)>,
}

impl Order {
    /// Takes an order in; what it lacks is filled in, its parcels show at once.
    ///
    /// # Errors
    /// Says what it must have.
    pub fn new(mut body: Value, marketplace: &str, now: Timestamp) -> Result<Self, String> {
        let id = body["orderId"].as_str().unwrap_or_default();
        if id.is_empty() || id.bytes().any(|b| !b.is_ascii_alphanumeric() && b != b'-') {
            return Err("an order needs an orderId of letters, digits and hyphens".to_owned());
        }
        if body["orderItems"].as_array().is_none_or(Vec::is_empty) {
            return Err("an order needs orderItems".to_owned());
        }
        let now = json!(clock::utc(now));
        for (name, value) in [
            ("createdTime", now.clone()),
            ("lastUpdatedTime", now),
            ("salesChannel", json!({"channelName": "AMAZON", "marketplaceId": marketplace})),
            ("fulfillment", json!({"fulfillmentStatus": "UNSHIPPED", "fulfilledBy": "MERCHANT"})),
            ("programs", json!([])),
            ("packages", json!([])),
        ] {
            if body[name].is_null() {
                body[name] = value;
            }
        }
        for item in body["orderItems"].as_array_mut().into_iter().flatten() {
            let ordered = item["quantityOrdered"].as_u64().ok_or("an item needs quantityOrdered")?;
            if item["orderItemId"].as_str().is_none() {
                return Err("an item needs an orderItemId".to_owned());
            }
            if item["fulfillment"]["quantityFulfilled"].is_null() {
                item["fulfillment"]["quantityFulfilled"] = json!(0);
                item["fulfillment"]["quantityUnfulfilled"] = json!(ordered);
            }
        }
        Ok(Self { body, shown_from: Vec::new() })
    }

    /// Amazon's key.
    pub fn id(&self) -> &str {
        self.body["orderId"].as_str().unwrap_or_default()
    }

    /// `UNSHIPPED` and so on.
    pub fn status(&self) -> &str {
        self.body["fulfillment"]["fulfillmentStatus"].as_str().unwrap_or_default()
    }

    /// When it last changed.
    pub fn updated(&self) -> Timestamp {
        self.body["lastUpdatedTime"].as_str().and_then(clock::read).unwrap_or_default()
    }

    /// True when nothing of it is wanted.
    pub fn is_cancelled(&self) -> bool {
        self.status() == "CANCELLED"
    }

    /// Its items.
    pub fn items(&self) -> &[Value] {
        self.body["orderItems"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Its parcels.
    pub fn packages(&self) -> &[Value] {
        self.body["packages"].as_array().map_or(&[], Vec::as_slice)
    }

    /// The tracking numbers of its parcels.
    pub fn numbers(&self) -> Vec<&str> {
        self.packages().iter().filter_map(|package| package["trackingNumber"].as_str()).collect()
    }

    /// Tracking numbers that stand on it more than once.
    pub fn repeated(&self) -> usize {
        let mut numbers = self.numbers();
        let all = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        all - numbers.len()
    }

    /// The item of that id or SKU.
    pub fn item(&mut self, name: &str) -> Option<&mut Value> {
        let items = self.body["orderItems"].as_array_mut()?;
        let is = |item: &&mut Value| item["orderItemId"] == *name || item["product"]["sellerSku"] == *name;
        items.iter_mut().find(is)
    }

    /// Sets state and time after a change.
    pub fn changed(&mut self, now: Timestamp) {
        let of = |item: &Value, name: &str| item["fulfillment"][name].as_u64().unwrap_or(0);
        let done: u64 = self.items().iter().map(|item| of(item, "quantityFulfilled")).sum();
        let left: u64 = self.items().iter().map(|item| of(item, "quantityUnfulfilled")).sum();
        let status = match (self.status(), done, left) {
            ("PENDING" | "PENDING_AVAILABILITY", _, 1..) => None,
            (_, 0, 0) => Some("CANCELLED"),
            (_, _, 0) => Some("SHIPPED"),
            (_, 0, _) => Some("UNSHIPPED"),
            (_, _, _) => Some("PARTIALLY_SHIPPED"),
        };
        if let Some(status) = status {
            self.body["fulfillment"]["fulfillmentStatus"] = json!(status);
        }
        self.body["lastUpdatedTime"] = json!(clock::utc(now));
    }

    /// What a caller sees: only the blocks asked for, without what the app's roles keep back.
    pub fn seen(&self, data: &[String], restricted_role: bool, now: Timestamp) -> Value {
        let mut body = self.body.clone();
        let pending = self.status().starts_with("PENDING");
        let hidden = |name: &str| {
            let not_asked = !data.iter().any(|asked| asked == name);
            let not_allowed = name == "RECIPIENT" && (!restricted_role || pending);
            not_asked || not_allowed || (name == "PROCEEDS" && pending)
        };
        for (name, block) in BLOCKS {
            if hidden(name) {
                remove(&mut body, block);
                for item in body["orderItems"].as_array_mut().into_iter().flatten() {
                    remove(item, block);
                }
            }
        }
        for item in body["orderItems"].as_array_mut().into_iter().flatten() {
            if !restricted_role {
                remove(&mut item["product"], "customization");
                if let Some(packing) = item.pointer_mut("/fulfillment/packing") {
                    remove(packing, "giftOption");
                }
            }
            if pending {
                remove(&mut item["product"], "price");
            }
        }
        let until =
            self.body["fulfillment"]["deliverByWindow"]["latestDateTime"].as_str().and_then(clock::read);
        if self.status() == "SHIPPED"
            && until.is_some_and(|until| until < now)
            && let Some(address) = body.pointer_mut("/recipient/deliveryAddress")
        {
            remove(address, "phone");
        }
        if let Some(packages) = body.get_mut("packages").and_then(Value::as_array_mut) {
            packages.retain(|package| {
                let late = |(reference, from): &(String, Timestamp)| {
                    package["packageReferenceId"] == **reference && *from > now
                };
                !self.shown_from.iter().any(late)
            });
        }
        body
    }
}

fn remove(from: &mut Value, name: &str) {
    if let Some(object) = from.as_object_mut() {
        object.remove(name);
    }
}

/// The blocks a call asks for.
pub fn data(call: &Call) -> Result<Vec<String>, Reply> {
    let asked = list(call, "includedData");
    match asked.iter().find(|name| !DATA.contains(&name.as_str())) {
        Some(_) => Err(invalid("includedData holds an unknown value.")),
        None => Ok(asked),
    }
}

/// A parameter that is a list joined with commas.
pub fn list(call: &Call, name: &str) -> Vec<String> {
    let text = call.param(name).unwrap_or_default();
    text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Refuses parameters that are not documented.
pub fn only(call: &Call, known: &[&str]) -> Result<(), Reply> {
    let mut names = call.query.split('&').filter(|p| !p.is_empty()).map(|p| p.split('=').next().unwrap_or(p));
    match names.find(|name| !known.contains(name)) {
        Some(name) => Err(invalid(format!("{name} is no parameter of this operation."))),
        None => Ok(()),
    }
}

/// `getOrder`.
pub fn answer(state: &mut State, name: &str, id: &str, call: &Call) -> Result<Reply, Reply> {
    let now = state.now();
    only(call, &["includedData"])?;
    let data = data(call)?;
    let account = account(state, name)?;
    let missing = || error(404, "NotFound", "The order was not found.");
    let order = account.orders.get(id).ok_or_else(missing)?;
    Ok(Reply::json(200, &json!({"order": order.seen(&data, account.config.restricted_role, now)})))
}
