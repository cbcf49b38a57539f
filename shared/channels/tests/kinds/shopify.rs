//! Shopify's.

use super::{Kinds, kinds, level, ok, secret, sent, told, window};
use serde_json::json;
use waybill_channels::shopify::token::{Application, build_exchange, build_refresh};
use waybill_channels::shopify::{Shop, feed, hooks, stock, writeback};
use waybill_domain::service::Carrier;

pub fn all() -> Vec<Kinds> {
    let shop =
        Shop { base: "https://harbour-finch.myshopify.com".to_owned(), token: secret("shpat_EXAMPLE") };
    let app = Application {
        base: shop.base.clone(),
        client_id: "client-EXAMPLE".to_owned(),
        client_secret: secret("client-secret-EXAMPLE"),
    };
    let mut all = vec![
        kinds(
            "shopify/feed",
            &["changed", "changed", "order", "order by fulfillment order"],
            vec![
                feed::build_changed(&shop, &window(), None).unwrap(),
                feed::build_changed(&shop, &window(), Some("eyJsYXN0X2lkIjo3fQ==")).unwrap(),
                feed::build_read_order(&shop, "820982911946154508").unwrap(),
                feed::build_read_order(&shop, "FulfillmentOrder/1046000778").unwrap(),
            ],
        ),
        kinds(
            "shopify/token",
            &["exchange", "refresh"],
            vec![
                build_exchange(&app, "code-EXAMPLE").unwrap(),
                build_refresh(&app, &secret("refresh-EXAMPLE")).unwrap(),
            ],
        ),
    ];
    all.push(kinds(
        "shopify/hooks",
        &["list subscriptions", "make subscriptions"],
        vec![
            hooks::build_list(&shop).unwrap(),
            hooks::build_make(&shop, &hooks::TOPICS, "https://in.waybill.example/shopify/con_1").unwrap(),
        ],
    ));
    let open = ok(json!({"data": {"order": {
        "fulfillmentOrders": {"nodes": [{
            "id": "gid://shopify/FulfillmentOrder/1", "status": "OPEN",
            "assignedLocation": {"location": {"id": "gid://shopify/Location/1"}},
            "lineItems": {"nodes": [{"id": "gid://shopify/FulfillmentOrderLineItem/1", "remainingQuantity": 2,
                "lineItem": {"id": "gid://shopify/LineItem/11"}}], "pageInfo": {"hasNextPage": false}},
        }], "pageInfo": {"hasNextPage": false}},
        "fulfillments": [],
    }}}));
    for carrier in Carrier::ALL {
        let mut talk = writeback::Talk::new(&shop, sent("820982911946154508", "11", carrier));
        all.push(kinds(
            "shopify/writeback",
            &["read fulfilment", "create fulfillment"],
            told(|reply, stamp| talk.next(reply, stamp), std::slice::from_ref(&open)),
        ));
    }
    let variants = ok(json!({"data": {"productVariants": {"nodes": [{"sku": "MUG", "inventoryItem": {
        "id": "gid://shopify/InventoryItem/1", "tracked": true,
        "inventoryLevels": {"nodes": [{"location": {"id": "east"}, "quantities": [{"name": "available", "quantity": 9}]}]},
    }}]}}}));
    let mut talk = stock::Talk::new(&shop, level("MUG"));
    all.push(kinds(
        "shopify/stock",
        &["find item", "set stock"],
        told(|reply, stamp| talk.next(reply, stamp), &[variants]),
    ));
    all
}
