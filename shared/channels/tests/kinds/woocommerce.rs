//! WooCommerce's.

use super::{Kinds, answer, kinds, level, ok, read, secret, sent, stamp, told, window};
use serde_json::json;
use waybill_channels::woocommerce::hooks::{Step, build_list, build_rotate, build_step};
use waybill_channels::woocommerce::{Shop, feed, stock, writeback};
use waybill_domain::service::Carrier;

pub fn all() -> Vec<Kinds> {
    let shop = Shop {
        base: "https://shop.example".to_owned(),
        key: secret("ck_EXAMPLE"),
        secret: secret("cs_EXAMPLE"),
    };
    let mut one = feed::One::new(&shop, "727");
    let refunded = ok(json!({"id": 727, "status": "processing", "refunds": [{"id": 7, "total": "-1.00"}]}));
    let mut requests = vec![feed::build_changed(&shop, &window(), None, &stamp()).unwrap()];
    requests.extend(read(|reply, stamp| one.next(reply, stamp), &[refunded]));
    let signed = secret("WooWebhookSecret1");
    let step =
        |step| build_step(&shop, &step, "https://waybill.example/webhooks/woocommerce", &signed).unwrap();
    let mut all = vec![
        kinds("woocommerce/feed", &["changed", "order", "refunds"], requests),
        kinds(
            "woocommerce/hooks",
            &["list webhooks", "create webhook", "enable webhook", "rotate webhook"],
            vec![
                build_list(&shop, 1).unwrap(),
                step(Step::Create("order.updated")),
                step(Step::Enable("7".to_owned())),
                build_rotate(&shop, "7", &signed).unwrap(),
            ],
        ),
    ];
    let order = ok(json!({"id": 727, "status": "processing"}));
    let off = answer(404, json!({"code": "rest_no_route"}));
    let plugins = |names: &[&str]| ok(json!({"namespaces": names}));
    let (none, made) = (ok(json!([])), answer(201, json!({"id": 1})));
    let ways = [
        (
            vec!["order status", "list fulfillments", "create fulfillment", "complete"],
            vec![order.clone(), none.clone(), made.clone()],
        ),
        (
            vec![
                "order status",
                "list fulfillments",
                "plugins",
                "list trackings",
                "create tracking",
                "complete",
            ],
            vec![
                order.clone(),
                off.clone(),
                plugins(&["wc-shipment-tracking/v3"]),
                none.clone(),
                made.clone(),
            ],
        ),
        (
            vec!["order status", "list fulfillments", "plugins", "list notes", "create note", "complete"],
            vec![order, off, plugins(&["wc/v3"]), none, made],
        ),
    ];
    for (names, answers) in ways {
        let mut talk = writeback::Talk::new(&shop, sent("727", "315", Carrier::RoyalMail));
        all.push(kinds(
            "woocommerce/writeback",
            &names,
            told(|reply, stamp| talk.next(reply, stamp), &answers),
        ));
    }
    for kind in ["simple", "variation"] {
        let found = json!([{"id": 9, "parent_id": 8, "type": kind, "sku": "MUG", "manage_stock": true, "stock_quantity": 1}]);
        let mut talk = stock::Talk::new(&shop, level("MUG"));
        let requests = told(|reply, stamp| talk.next(reply, stamp), &[ok(found)]);
        all.push(kinds("woocommerce/stock", &["find product", "set stock"], requests));
    }
    all
}
