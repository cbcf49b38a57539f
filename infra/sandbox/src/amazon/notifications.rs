//! Destinations, subscriptions and ORDER_CHANGE bodies.

use rand::Rng;
use serde_json::{Value, json};

use super::orders::Order;
use super::{account, error, invalid};
use crate::clock;
use crate::faults::FaultKind;
use crate::state::State;
use crate::wire::{Call, Reply};

/// Answers what concerns destinations and subscriptions.
pub fn answer(
    state: &mut State,
    name: &str,
    operation: &str,
    rest: &[&str],
    call: &Call,
) -> Result<Reply, Reply> {
    let id = state.fresh_uuid();
    let account = account(state, name)?;
    let asked: Value = serde_json::from_slice(&call.body).unwrap_or(Value::Null);
    let good = |payload: Value| Ok(Reply::json(200, &json!({"payload": payload})));
    if operation.ends_with("Subscription") && rest.last() != Some(&"ORDER_CHANGE") {
        return Err(invalid("The sandbox knows the notification type ORDER_CHANGE only."));
    }
    match operation {
        "createDestination" => {
            let queue = &asked["resourceSpecification"]["sqs"]["arn"];
            let queue = queue.as_str().filter(|arn| arn.starts_with("arn:aws:sqs:"));
            let queue = queue.ok_or_else(|| invalid("resourceSpecification.sqs.arn is no queue."))?;
            let label = asked["name"].as_str().filter(|label| !label.is_empty());
            let label = label.ok_or_else(|| invalid("name is required."))?;
            let same = |known: &Value| known["resource"]["sqs"]["arn"] == *queue;
            if account.destinations.values().any(same) {
                return Err(error(409, "Conflict", "There is a destination for this queue already."));
            }
            let made = json!({"destinationId": id, "name": label, "resource": {"sqs": {"arn": queue}}});
            account.destinations.insert(id, made.clone());
            good(made)
        }
        "getDestinations" => good(account.destinations.values().cloned().collect()),
        "createSubscription" => {
            let to = asked["destinationId"].as_str().unwrap_or_default();
            if !account.destinations.contains_key(to) {
                return Err(invalid("destinationId is unknown."));
            }
            if asked["payloadVersion"] != "1.0" {
                return Err(invalid("payloadVersion must be 1.0."));
            }
            if account.subscription.is_some() {
                return Err(error(409, "Conflict", "There is a subscription of this type already."));
            }
            let made = json!({
                "subscriptionId": id, "payloadVersion": "1.0", "destinationId": to,
                "processingDirective": asked["processingDirective"],
            });
            account.subscription = Some(made.clone());
            account.config.subscribed = true;
            good(made)
        }
        _ => {
            let missing = || error(404, "NotFound", "There is no subscription of this type.");
            good(account.subscription.clone().ok_or_else(missing)?)
        }
    }
}

/// Puts a notification about an order into the queue, once and whole unless a fault says otherwise. Without
/// `asked` only a subscribed account gets one.
pub fn changed(state: &mut State, name: &str, id: &str, asked: bool) {
    let subscribed = state.amazon.accounts.get(name).is_some_and(|account| account.config.subscribed);
    if (asked || subscribed)
        && let Some(body) = body(state, name, id, None)
    {
        put(state, name, body);
    }
}

/// As [`changed`], through the faults at `amazon.notification`.
pub fn put(state: &mut State, name: &str, body: Value) {
    let wanted =
        |kind: &FaultKind| matches!(kind, FaultKind::Duplicate { .. } | FaultKind::Drop | FaultKind::Shuffle);
    let fault = state.take_fault("amazon.notification", wanted);
    let dice: usize = state.rng.random_range(0..1_000_000);
    let Some(account) = state.amazon.accounts.get_mut(name) else { return };
    let queue = &mut account.notifications;
    match fault {
        Some(FaultKind::Drop) => {}
        Some(FaultKind::Duplicate { copies }) => {
            queue.extend(std::iter::repeat_n(body, copies as usize + 1));
        }
        Some(FaultKind::Shuffle) => queue.insert(dice % (queue.len() + 1), body),
        _ => queue.push(body),
    }
}

/// The body of one notification; `seller` plays another seller's.
pub fn body(state: &mut State, name: &str, id: &str, seller: Option<&str>) -> Option<Value> {
    let (now, notification) = (clock::utc(state.now()), state.fresh_uuid());
    let account = state.amazon.accounts.get(name)?;
    let order = account.orders.get(id)?;
    let subscription =
        account.subscription.as_ref().map_or("none", |s| s["subscriptionId"].as_str().unwrap_or(""));
    Some(json!({
        "NotificationVersion": "1.0",
        "NotificationType": "ORDER_CHANGE",
        "PayloadVersion": "1.0",
        "EventTime": now,
        "Payload": {"OrderChangeNotification": {
            "NotificationLevel": "OrderLevel",
            "SellerId": seller.unwrap_or(&account.config.seller_id),
            "AmazonOrderId": id,
            "OrderChangeType": "OrderStatusChange",
            "OrderChangeTrigger": {"TimeOfOrderChange": order.body["lastUpdatedTime"], "ChangeReason": "OrderStatusChange"},
            "Summary": summary(order),
        }},
        "NotificationMetadata": {
            "ApplicationId": account.config.client_id,
            "SubscriptionId": subscription,
            "PublishTime": now,
            "NotificationId": notification,
        },
    }))
}

/// In v0's words.
fn summary(order: &Order) -> Value {
    let status = match order.status() {
        "CANCELLED" => "Canceled",
        "UNSHIPPED" => "Unshipped",
        "PARTIALLY_SHIPPED" => "PartiallyShipped",
        "SHIPPED" => "Shipped",
        _ => "Pending",
    };
    let sum = |name: &str| -> u64 {
        order.items().iter().filter_map(|item| item["fulfillment"][name].as_u64()).sum()
    };
    let item = |item: &Value| {
        json!({
            "OrderItemId": item["orderItemId"],
            "SellerSKU": item["product"]["sellerSku"],
            "SupplySourceId": null,
            "OrderItemStatus": if item["fulfillment"]["quantityUnfulfilled"] == 0 { "Shipped" } else { "Unshipped" },
            "Quantity": item["quantityOrdered"],
            "QuantityShipped": item["fulfillment"]["quantityFulfilled"],
            "IsBuyerRequestedCancel": !item["cancellation"]["cancellationRequest"].is_null(),
        })
    };
    json!({
        "MarketplaceId": order.body["salesChannel"]["marketplaceId"],
        "OrderStatus": status,
        "PurchaseDate": order.body["createdTime"],
        "DestinationPostalCode": order.body["recipient"]["deliveryAddress"]["postalCode"],
        "FulfillmentType": if order.body["fulfillment"]["fulfilledBy"] == "AMAZON" { "AFN" } else { "MFN" },
        "OrderType": "StandardOrder",
        "NumberOfItemsShipped": sum("quantityFulfilled"),
        "NumberOfItemsUnshipped": sum("quantityUnfulfilled"),
        "OrderPrograms": order.body["programs"],
        "ShippingPrograms": [],
        "OrderItems": order.items().iter().map(item).collect::<Vec<Value>>(),
    })
}
