//! What happened so far, as JSON.

use serde_json::{Map, Value, json};

use crate::royal_mail::Status;
use crate::state::State;

/// Counts only: small however much happened.
pub fn brief(state: &State) -> Value {
    let all = state.royal_mail.orders.values();
    let live = all.filter(|order| order.status != Status::Deleted).count();
    let shops: Map<String, Value> = state
        .shops
        .iter()
        .map(|(domain, shop)| {
            let fulfillments: usize = shop.orders.values().map(|order| order.fulfillments.len()).sum();
            let twice =
                shop.orders.values().map(|order| repeated_numbers(order.fulfillments.iter())).sum::<usize>();
            (
                domain.clone(),
                json!({
                    "installed": shop.installed,
                    "orders": shop.orders.len(),
                    "fulfillments": fulfillments,
                    "fulfilled_twice": twice,
                    "stock_sets": shop.inventory.sets,
                    "over_limit": shop.over_limit(),
                }),
            )
        })
        .collect();
    json!({
        "now": state.now(),
        "endpoints": state.meters.endpoints,
        "webhooks": state.outbox.report(),
        "refusals": state.meters.refusals.len(),
        "contracts": state.meters.validation,
        "shops": shops,
        "royal_mail": {
            "orders": live,
            "deleted": state.royal_mail.orders.len() - live,
            "booked_twice": state.royal_mail.booked_twice(),
            "labels": state.royal_mail.labels,
            "label_documents": state.royal_mail.label_documents,
            "manifests": state.royal_mail.manifests.len(),
        },
        "woocommerce": crate::woocommerce::report(state),
        "magento": crate::magento::report(state),
        "amazon": crate::amazon::report(state),
        "ebay": crate::ebay::report(state),
        "pro_shipping": crate::pro_shipping::report(state),
        "dpd": crate::dpd::report(state),
        "faults": state.faults.list(),
    })
}

/// Tracking numbers that stand on more than one fulfillment of the same order.
fn repeated_numbers<'a>(
    fulfillments: impl Iterator<Item = &'a crate::shopify::orders::Fulfillment>,
) -> usize {
    let mut numbers: Vec<&String> = fulfillments.flat_map(|one| &one.numbers).collect();
    let all = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    all - numbers.len()
}

/// Everything: the counts, and every order, fulfillment, booking, parcel and refusal. No names or addresses.
pub fn report(state: &State) -> Value {
    let mut full = brief(state);
    for (domain, shop) in &state.shops {
        let orders: Vec<Value> = shop
            .orders
            .values()
            .map(|stored| {
                json!({
                    "id": stored.id(),
                    "name": stored.body["name"],
                    "updated_at": stored.body["updated_at"],
                    "cancelled": !stored.body["cancelled_at"].is_null(),
                    "fulfillment_orders": stored.fulfillment_orders,
                    "fulfillments": stored.fulfillments,
                })
            })
            .collect();
        full["shops"][domain]["order_list"] = Value::Array(orders);
        full["shops"][domain]["stock"] = json!(shop.inventory.items.values().collect::<Vec<_>>());
    }
    let now = state.now();
    let parcels: Map<String, Value> = state
        .royal_mail
        .parcels
        .iter()
        .map(|(number, parcel)| {
            let mut shown = json!(parcel);
            shown["category"] = json!(parcel.category(now));
            (number.clone(), shown)
        })
        .collect();
    full["royal_mail"]["order_list"] = json!(state.royal_mail.orders.values().collect::<Vec<_>>());
    full["royal_mail"]["parcels"] = Value::Object(parcels);
    full["refusal_list"] = json!(state.meters.refusals);
    full
}
