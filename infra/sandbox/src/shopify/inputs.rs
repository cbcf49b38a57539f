//! Input types of the mutations the sandbox plays, Admin API 2026-07, and a strict check against them.

use serde_json::Value;

/// Input type name, and its fields with their GraphQL types.
pub const TYPES: &[(&str, &[(&str, &str)])] = &[
    (
        "FulfillmentInput",
        &[
            ("lineItemsByFulfillmentOrder", "[FulfillmentOrderLineItemsInput!]!"),
            ("trackingInfo", "FulfillmentTrackingInput"),
            ("notifyCustomer", "Boolean"),
            ("originAddress", "FulfillmentOriginAddressInput"),
        ],
    ),
    (
        "FulfillmentOrderLineItemsInput",
        &[("fulfillmentOrderId", "ID!"), ("fulfillmentOrderLineItems", "[FulfillmentOrderLineItemInput!]")],
    ),
    ("FulfillmentOrderLineItemInput", &[("id", "ID!"), ("quantity", "Int!")]),
    (
        "FulfillmentTrackingInput",
        &[
            ("company", "String"),
            ("number", "String"),
            ("numbers", "[String!]"),
            ("url", "URL"),
            ("urls", "[URL!]"),
        ],
    ),
    (
        "FulfillmentOriginAddressInput",
        &[
            ("address1", "String"),
            ("address2", "String"),
            ("city", "String"),
            ("countryCode", "String!"),
            ("provinceCode", "String"),
            ("zip", "String"),
        ],
    ),
    (
        "FulfillmentEventInput",
        &[
            ("fulfillmentId", "ID!"),
            ("status", "FulfillmentEventStatus!"),
            ("happenedAt", "DateTime"),
            ("estimatedDeliveryAt", "DateTime"),
            ("message", "String"),
            ("address1", "String"),
            ("city", "String"),
            ("province", "String"),
            ("zip", "String"),
            ("country", "String"),
            ("latitude", "Float"),
            ("longitude", "Float"),
        ],
    ),
    (
        "InventorySetQuantitiesInput",
        &[
            ("name", "String!"),
            ("quantities", "[InventoryQuantityInput!]!"),
            ("reason", "String!"),
            ("referenceDocumentUri", "String"),
        ],
    ),
    (
        "InventoryQuantityInput",
        &[
            ("inventoryItemId", "ID!"),
            ("locationId", "ID!"),
            ("quantity", "Int!"),
            ("changeFromQuantity", "Int"),
        ],
    ),
    (
        "WebhookSubscriptionInput",
        &[
            ("uri", "String"),
            ("format", "WebhookSubscriptionFormat"),
            ("filter", "String"),
            ("includeFields", "[String!]"),
            ("metafieldNamespaces", "[String!]"),
            ("name", "String"),
        ],
    ),
];

/// Values of `FulfillmentEventStatus`.
pub const EVENT_STATUSES: &[&str] = &[
    "ATTEMPTED_DELIVERY",
    "CARRIER_PICKED_UP",
    "CONFIRMED",
    "DELAYED",
    "DELIVERED",
    "FAILURE",
    "IN_TRANSIT",
    "LABEL_PRINTED",
    "LABEL_PURCHASED",
    "OUT_FOR_DELIVERY",
    "READY_FOR_PICKUP",
];

/// Checks `value` against a GraphQL type such as `[FulfillmentOrderLineItemsInput!]!`.
///
/// # Errors
/// Which field is wrong and why; never a value.
pub fn check(kind: &str, value: Option<&Value>, path: &str) -> Result<(), String> {
    let (kind, required) = match kind.strip_suffix('!') {
        Some(kind) => (kind, true),
        None => (kind, false),
    };
    let value = match value {
        Some(value) if !value.is_null() => value,
        _ if required => return Err(format!("{path} (Expected value to not be null)")),
        _ => return Ok(()),
    };
    let wrong = || Err(format!("{path} (Could not coerce value to {kind})"));
    if let Some(inner) = kind.strip_prefix('[').and_then(|kind| kind.strip_suffix(']')) {
        let Some(items) = value.as_array() else { return check(inner, Some(value), path) };
        for (index, item) in items.iter().enumerate() {
            check(inner, Some(item), &format!("{path}.{index}"))?;
        }
        return Ok(());
    }
    if let Some((_, fields)) = TYPES.iter().find(|(name, _)| *name == kind) {
        let Some(object) = value.as_object() else { return wrong() };
        for name in object.keys() {
            if !fields.iter().any(|(field, _)| field == name) {
                return Err(format!("{path}.{name} (Field is not defined on {kind})"));
            }
        }
        for (field, of) in *fields {
            check(of, object.get(*field), &format!("{path}.{field}"))?;
        }
        return Ok(());
    }
    let fits = match kind {
        "Int" => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
        "Float" => value.is_number(),
        "Boolean" => value.is_boolean(),
        "ID" => value.as_str().is_some_and(|id| id.starts_with("gid://shopify/")),
        "URL" => value.as_str().is_some_and(|url| url.starts_with("https://") || url.starts_with("http://")),
        "DateTime" => value.as_str().is_some_and(|at| crate::clock::read(at).is_some()),
        "FulfillmentEventStatus" => value.as_str().is_some_and(|status| EVENT_STATUSES.contains(&status)),
        _ => value.is_string(),
    };
    if fits { Ok(()) } else { wrong() }
}
